"""Killed, unplugged, out of space, eight at once: a run ends as if nothing had been, or says why not.

Small sizes; `test_faults_soak` has the large ones, up to cutdowns.
"""

import random
import shutil
from dataclasses import replace
from pathlib import Path

from video_assets_tests.orchestration.disturbances import (
    AWAY,
    Disk,
    Drive,
    crowds_end_as_one,
    killed_and_compared,
    points_of,
    points_of_a_clip,
    told_in_one_line,
)
from video_assets_tests.orchestration.stage import Fault
from video_assets_tests.orchestration.trial import Trial, partial, taken


def test_killed_at_named_points_and_at_twenty_random_moments(trial: Trial) -> None:
    """The named points lie between a temporary file, its rename, the manifest and Dagster's row."""
    chance = random.Random(7)
    ends: list[Fault | float] = []
    for point in (*points_of_a_clip(), *points_of("shot_index", "library/shots.parquet")):
        ends += [point, *(chance.uniform(0, trial.seconds() / 8) for _ in range(2))]
    kills, compared = killed_and_compared(trial, ends, spell=10)
    assert kills >= 25 and compared >= 3


def test_pulled_while_it_is_read_analysed_and_listed(trial: Trial) -> None:
    drive = Drive(trial.footage)
    whole = trial.reference()
    trial.afresh()
    for event, path in (("open", "/lake.mp4"), ("tempfile.mkdtemp", "/clips/")):
        done = trial.run(drive.pulled(event, path))
        assert told_in_one_line(done, *AWAY), f"{path}: {done.said}"
        assert partial(trial.found(), whole) == []
        assert not [name for name in trial.found()[0] if "/failed-" in name]
        drive.plug()
    assert trial.run().code == 0 and trial.faults() == []
    for nth in (1, 2):
        done = trial.run(drive.pulled("os.scandir", "/drive", nth))
        assert done.code == 0 and "OFFLINE" in done.said, done.said
        assert trial.faults() == []
        drive.plug()


def test_full_at_three_places(trial: Trial, disk: Disk) -> None:
    whole = trial.reference()
    need = trial.size()
    full = replace(trial, data=disk.folder / "data")
    full.afresh()
    for share in (0.02, 0.3, 0.9):  # each goes on from where the one before ended
        disk.leave(round(share * need) - taken(full.data))
        done = full.run()
        assert told_in_one_line(done, "full"), f"{share}: {done.code} {done.said}"
        assert partial(full.found(), whole) == []
    disk.free()
    done = full.run()
    assert done.code == 0, done.said
    assert full.faults() == []


def test_eight_at_once_five_times(trial: Trial, tmp_path: Path) -> None:
    one = tmp_path / "footage"
    one.mkdir()
    shutil.copy(trial.footage / "lake.mp4", one)
    crowds_end_as_one(Trial(trial.stage, tmp_path / "data", one, ("--to", "footage")), [8] * 5)


def test_a_share_that_was_mounted_anew_is_not_read_again(trial: Trial) -> None:
    """Its files have other numbers: whoever opened one for that would not survive it."""
    trial.afresh()
    assert trial.run().code == 0
    drive = Drive(trial.footage)
    drive.pull()
    drive.plug(anew=True)
    done = trial.run(Fault("kill", "open", "/drive/lake.mp4"))
    assert done.code == 0 and "analysing" not in done.said
    numbers = ("library/footage.parquet", ".manifests/")
    assert [f for f in trial.faults() if not any(name in f for name in numbers)] == []
