"""The faults of `test_faults` in their full sizes. 0 of n bounds the rate at 3/n (95 %)."""

import random
from dataclasses import replace

import pytest

from video_assets_tests.orchestration.disturbances import (
    AWAY,
    Disk,
    Drive,
    crowds_end_as_one,
    killed_and_compared,
    points_of,
    points_of_a_clip,
    points_of_a_segment,
    told_in_one_line,
)
from video_assets_tests.orchestration.trial import Trial, partial, taken

pytestmark = [pytest.mark.soak, pytest.mark.timeout(4 * 3600)]


@pytest.mark.parametrize(("kind", "kills"), [("trial", 120), ("whole_trial", 80)])
def test_killed_two_hundred_times(kind: str, kills: int, request: pytest.FixtureRequest) -> None:
    """Up to the analysis, and up to cutdowns."""
    trial: Trial = request.getfixturevalue(kind)
    chance = random.Random(11)
    moments = (chance.uniform(0, 0.3) * trial.seconds() for _ in range(kills * 5 // 4))
    killed, compared = killed_and_compared(trial, moments, spell=10)
    assert killed >= kills and compared >= kills // 10


def test_killed_at_the_named_points_of_six_assets(whole_trial: Trial) -> None:
    named = [
        *points_of("footage", "library/footage.parquet"),
        *points_of_a_clip(),
        *points_of("soundtracks", "library/soundtracks.parquet"),
        *points_of("transcripts", "library/words.parquet"),
        *points_of("frame_index", "library/frames.json"),
        *points_of("timelines", "editorial/timelines/"),
        *points_of_a_segment(),
        *points_of("cutdowns/1x1", "delivery/.assets/1x1.json"),
    ]
    kills, _ = killed_and_compared(whole_trial, named)
    assert kills == len(named)


def test_full_at_twenty_places(whole_trial: Trial, disk: Disk) -> None:
    """From 3 to 98 % of what all needs, up to cutdowns: four times five, each on a new disk. What
    is finished there can still be looked at."""
    whole = whole_trial.reference()
    need = whole_trial.size()
    full = replace(whole_trial, data=disk.folder / "data")
    for first in (0.03, 0.08, 0.13, 0.18):
        disk.free()
        full.afresh()
        for place in range(5):
            share = first + 0.2 * place
            disk.leave(round(share * need) - taken(full.data))
            done = full.run()
            assert told_in_one_line(done, "full"), f"{share}: {done.code} {done.said}"
            assert partial(full.found(), whole) == [], f"{share}"
            seen = full.stage.run("status", "a", "--data", full.data)
            assert seen.code == 0 and "Traceback" not in seen.said, f"{share}: {seen.said}"
        disk.free()
        done = full.run()
        assert done.code == 0, f"{share}: {done.said}"
        assert full.faults() == [], f"{share}"


def test_pulled_while_it_renders(whole_trial: Trial) -> None:
    drive = Drive(whole_trial.footage)
    whole = whole_trial.reference()
    whole_trial.afresh()
    for nth in (1, 2, 3):
        done = whole_trial.run(drive.pulled("tempfile.mkdtemp", "/segments/", nth))
        assert told_in_one_line(done, *AWAY), done.said
        assert partial(whole_trial.found(), whole) == []
        drive.plug()
    done = whole_trial.run()
    assert done.code == 0, done.said
    assert whole_trial.faults() == []


def test_eight_at_once_fifty_times(trial: Trial) -> None:
    """Up to the tables of what was found, with the rows of the frame index."""
    further = replace(trial, arguments=("--to", "shot_tags"), data=trial.data.with_name("crowd"))
    crowds_end_as_one(further, [8] * 50)
