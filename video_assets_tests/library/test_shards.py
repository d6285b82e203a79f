"""Shards: how clips are dealt out, and what becomes of a clip that takes a whole process with it."""

import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from video_assets.foundation.lease import owner
from video_assets.foundation.records import FootageRow
from video_assets.foundation.store import Options, Workspace
from video_assets.library import analysing, analysis
from video_assets.library.analysing import analyse_shard, gathered, planned
from video_assets.library.failures import (
    Attempt,
    attempt_of,
    forget_failure,
    mark_attempt,
    starved,
)
from video_assets.library.intake import read_footage
from video_assets.library.shards import (
    LONGEST,
    MOST_CLIPS,
    MOST_SHARDS,
    Shard,
    dealt,
    shard_of,
)
from video_assets.orchestration.projects import add_project

ANALYSE = analysis.analyse


def clip(number, seconds):
    """A row as long as that."""
    row = FootageRow(f"day/{number:05d}.mp4", "clip", 1, 1, clip_id=f"{number:032x}")
    return replace(row, duration=Fraction(seconds))


@pytest.mark.parametrize(
    ("lengths", "shards"),
    [
        ([], 0),
        ([20] * 7, 1),
        ([20] * 101, 2),  # 51 and 50, not 100 and 1
        ([1800] * 3, 3),
        ([7200, 10, 10], 2),
        ([1000] * 4, 4),  # two do not fit into half an hour
        ([20] * 10_000, 112),  # 55.6 hours
    ],
)
def test_a_shard_is_never_too_large(lengths, shards):
    rows = [clip(n, s) for n, s in enumerate(lengths)]
    found = dealt(rows)
    assert len(found) == shards
    assert sorted(r.path for s in found for r in s.rows) == [r.path for r in rows]
    for shard in found:
        assert len(shard.rows) <= MOST_CLIPS
        assert shard.seconds <= LONGEST or len(shard.rows) == 1


def test_shards_are_balanced_and_the_same_whatever_the_order_of_their_making():
    rng = random.Random(5)
    rows = [clip(n, rng.randint(2, 400)) for n in range(600)]
    found = dealt(rows)
    loads = [float(s.seconds) for s in found]
    assert max(loads) - min(loads) <= 0.02 * max(loads)
    assert dealt(rows) == found
    assert len({s.key for s in found}) == len(found)
    again = dealt(rows, frozenset({rows[3].clip_id}))
    assert sum(len(s.again) for s in again) == 1
    assert {s.key for s in again} != {s.key for s in found}
    for shard in again:
        assert shard_of(json.loads(json.dumps(shard.plain()))) == shard


def test_a_run_takes_two_hundred_shards_and_the_first_clips():
    rows = [clip(n, 3600) for n in range(230)]
    found = dealt(rows)
    assert [r for s in found for r in s.rows] == rows[:MOST_SHARDS]
    small = [clip(n, 200) for n in range(3000)]
    found = dealt(small)
    assert 0.9 * MOST_SHARDS <= len(found) <= MOST_SHARDS
    taken = {r.path for s in found for r in s.rows}
    assert taken == {r.path for r in small[: len(taken)]}


# a clip that takes down even the process that watches its worker


def kills_the_shard(data, root, plain, again=False):
    """The red clip ends the process that analyses the shard, as a full memory would."""
    if plain["path"] == "red_door.mp4":
        os.kill(multiprocessing.parent_process().pid, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    return ANALYSE(data, root, plain, again)


RUN = """
import json, sys
from pathlib import Path
from video_assets.foundation.store import Workspace
from video_assets.library import analysing, analysis
from video_assets.library.shards import shard_of
from video_assets_tests.library.test_shards import kills_the_shard
if __name__ == "__main__":
    analysis.analyse = kills_the_shard
    data, root, plain = sys.argv[1:]
    shard = shard_of(json.loads(Path(plain).read_text()))
    print(analysing.analyse_shard(Workspace(Path(data)), Path(root), shard, "one run"))
"""


@pytest.fixture
def project(tmp_path, small_library):
    """Two clips that nobody has looked at."""
    footage = tmp_path / "footage"
    footage.mkdir()
    for name in ("red_door.mp4", "night.mp4"):
        shutil.copy(small_library / name, footage / name)
    workspace = Workspace(tmp_path / "data")
    add_project(workspace, "a", footage, None, "")
    return workspace.project("a")


def test_a_clip_that_kills_the_whole_process_is_set_aside_at_the_third_try(project, tmp_path):
    workspace, root = project.workspace, project.footage_root
    rows, _ = read_footage(project, [])
    (shard,) = planned(workspace, rows)
    file, script = tmp_path / "shard.json", tmp_path / "run.py"
    file.write_text(json.dumps(shard.plain()))
    script.write_text(RUN)
    red = next(r for r in rows if r.path == "red_door.mp4")
    alone = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, str(script), str(workspace.root), str(root), str(file)],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == -signal.SIGKILL, done.stderr
        alone.append(attempt_of(analysis.folder_of(workspace, red)).alone)
    assert alone == [False, True]
    third = subprocess.run(
        [sys.executable, str(script), str(workspace.root), str(root), str(file)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (third.returncode, third.stdout.strip()) == (0, "1"), third.stderr
    found = gathered(workspace, rows)
    assert {s.clip_id for s in found.shots} == {r.clip_id for r in rows} - {red.clip_id}
    (letter,) = found.letters
    assert (letter.path, letter.code, letter.attempts) == ("red_door.mp4", 1003, 2)
    assert found.waiting == 0 and not list(workspace.root.glob("clips/*/attempt-*"))
    # asked for, and with nothing wrong any more, it is as if nothing had been
    asked = Workspace(workspace.root, Options(retry=frozenset({"TRANSIENT"})))
    (shard,) = planned(asked, rows)
    assert shard.again == {red.clip_id}
    assert analyse_shard(asked, root, shard) == 0
    assert not gathered(workspace, rows).letters


def test_a_kill_costs_a_clip_nothing_but_its_place(project, monkeypatch):
    workspace, root = project.workspace, project.footage_root
    rows, _ = read_footage(project, [])
    (shard,) = planned(workspace, rows)
    red = next(r for r in rows if r.path == "red_door.mp4")
    folder = analysis.folder_of(workspace, red)
    script = "from video_assets.foundation.lease import owner; print(owner())"
    gone = subprocess.check_output([sys.executable, "-c", script], text=True).strip()
    # a person ended that run, and so no clip is to blame, though this one was alone
    mark_attempt(folder, Attempt(gone, "a run before", alone=True, starved=starved()))
    assert analyse_shard(workspace, root, shard) == 0
    assert attempt_of(folder) is None and not gathered(workspace, rows).letters
    # the machine did, for want of memory
    shutil.rmtree(folder)
    mark_attempt(folder, Attempt(gone, "a run before", alone=True, starved=4))
    with monkeypatch.context() as patched:
        patched.setattr(analysing, "starved", lambda: 5)
        assert analyse_shard(workspace, root, Shard((red,))) == 1
    forget_failure(folder)
    assert analyse_shard(workspace, root, Shard((red,))) == 0
    # one that another project works on just now is no suspect
    shutil.rmtree(folder)
    mark_attempt(folder, Attempt(owner(1), "another run", alone=True))
    assert analyse_shard(workspace, root, Shard((red,))) == 0
    assert len(gathered(workspace, rows).shots) == 2
    # but what another attempt at this very shard has left is one, wherever that was
    shutil.rmtree(folder)
    mark_attempt(folder, Attempt("pod-7/1/2/other", "this run", alone=True, tries=2))
    assert analyse_shard(workspace, root, Shard((red,)), "this run") == 1
    # asked for again, too: else it would take this shard with it at every attempt
    mark_attempt(folder, Attempt("pod-7/1/2/other", "this run", alone=True, tries=2))
    asked = Shard((red,), frozenset({red.clip_id}))
    assert analyse_shard(workspace, root, asked, "this run") == 1
