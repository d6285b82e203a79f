"""The fan-out: plan, shards and commit under both executors, and what a lost process costs."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest

from video_assets.definitions import build_defs
from video_assets.foundation import lease
from video_assets.foundation.errors import LeaseError
from video_assets.foundation.store import Workspace
from video_assets.library import shards
from video_assets.orchestration.assets import fanout
from video_assets.orchestration.assets.analysis import STEPS, pending
from video_assets.orchestration.assets.library import SHOTS, SOUNDTRACKS
from video_assets.orchestration.executors import SETTING
from video_assets.orchestration.projects import add_project
from video_assets.orchestration.resources import Library
from video_assets.orchestration.runs import instance_of, know, run_project, unrecorded_steps

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Dagster's SQLite handles
NAMES = [step.name for step in STEPS]


def made(folder, library, names):
    """A project over copies of these clips."""
    footage = folder / "footage"
    footage.mkdir(parents=True)
    for name in names:
        shutil.copy(library / name, footage / Path(name).name)
    workspace = Workspace(folder / "data")
    add_project(workspace, "a", footage, None, "")
    return workspace, workspace.project("a")


def table(project):
    """The bytes of both tables."""
    return [project.path(name).read_bytes() for name in (SHOTS, SOUNDTRACKS)]


CLIPS = ("red_door.mp4", "night.mp4")


@pytest.fixture(scope="module")
def whole(tmp_path_factory, small_library):
    """The tables of two clips in one shard."""
    workspace, project = made(tmp_path_factory.mktemp("whole"), small_library, CLIPS)
    for name in NAMES:
        assert run_project(workspace, project, name, (), "").failed == ()
    return table(project)


def test_more_clips_than_a_run_takes_are_made_in_several(
    tmp_path, small_library, whole, monkeypatch
):
    monkeypatch.setattr(shards, "MOST_CLIPS", 1)
    monkeypatch.setattr(shards, "MOST_SHARDS", 1)
    workspace, project = made(tmp_path, small_library, CLIPS)
    with instance_of(workspace.root) as instance:
        know(instance, "a")
        defs = build_defs(Library(data=str(workspace.root)))
        first = defs.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance,
            partition_key="a",
            raise_on_error=False,
            asset_selection=[dg.AssetKey(n) for n in ("footage", *NAMES)],
        )
        steps = [e.step_key for e in first.all_events if e.is_step_success]
        assert sum(s.startswith("analysis.analyse[shard_") for s in steps) == 1
        (shut,) = (c for c in first.get_asset_check_evaluations() if not c.passed)
        told = shut.metadata["problems"].value
        assert "1 of 2 clips wait" in told and "one run takes no more" in told
    assert pending(project) == 1
    for name in NAMES:
        assert run_project(workspace, project, name, (), "").failed == ()
    assert pending(project) == 0
    assert table(project) == whole
    assert not project.path(fanout.WORK).exists()
    with instance_of(workspace.root) as instance:
        assert unrecorded_steps(instance, project, NAMES) == []


def test_what_stops_every_shard_is_said_once(tmp_path, small_library, monkeypatch):
    monkeypatch.setattr(shards, "MOST_CLIPS", 1)
    workspace, project = made(tmp_path, small_library, CLIPS)
    planned = fanout.plan_shards

    def unplugged(*given):
        found = planned(*given)
        project.footage_root.rename(tmp_path / "unplugged")
        return found

    monkeypatch.setattr(fanout, "plan_shards", unplugged)
    outcome = run_project(workspace, project, "shot_index", (), "")
    (told,) = outcome.failed
    assert told[0] == "analysis" and told[1].startswith("OFFLINE")
    assert not list(workspace.root.glob("clips/*/failed-*"))


def test_two_runs_never_do_the_same_work(tmp_path, small_library, monkeypatch):
    workspace, project = made(tmp_path, small_library, ["night.mp4"])
    file = workspace.analysis_lease_file("a")
    monkeypatch.setattr(fanout, "LEASE_WAIT", 0.2)
    with lease.held(file, 0), pytest.raises(LeaseError, match="is being made by process"):
        fanout.plan_shards(project, "run-2", lease.owner(1))
    # the process that drives a run takes over what it held in a run before that failed
    first, keys = fanout.plan_shards(project, "run-1", lease.owner())
    second, same = fanout.plan_shards(project, "run-2", lease.owner())
    assert keys == same and second["token"] > first["token"]
    assert [p.name for p in project.path(fanout.WORK).iterdir()] == ["run-2"]
    with pytest.raises(Exception, match="another run of this project has begun"):
        fanout.process_shard(project, first, 1, keys[0])


@pytest.mark.live
@pytest.mark.timeout(600)
@pytest.mark.parametrize("killed", [False, True])
def test_steps_in_processes_of_their_own_find_the_same(tmp_path, small_library, whole, killed):
    workspace, project = made(tmp_path, small_library, CLIPS)
    home = workspace.root / ".dagster"
    with instance_of(workspace.root) as instance:
        know(instance, "a")
    log = tmp_path / "log"
    with open(log, "wb") as out:
        run = subprocess.Popen(
            [
                *(str(Path(sys.executable).with_name("dagster")), "job", "execute"),
                *("-m", "video_assets.definitions", "-j", "library"),
                *("--tags", json.dumps({"dagster/partition": "a"})),
            ],
            env={
                **os.environ,
                SETTING: "multiprocess",
                "VIDEO_ASSETS_DATA": str(workspace.root),
                "DAGSTER_HOME": str(home),
            },
            stdout=out,
            stderr=out,
        )
        if killed:
            os.kill(_step_at_work(workspace.root, run), signal.SIGKILL)
        assert run.wait(timeout=500) == 0, log.read_text()[-3000:]
    assert table(project) == whole
    assert not list(workspace.root.glob("clips/*/[af][ta][ti]*-*.json"))
    assert not list(workspace.root.glob("clips/*/failed-*"))
    with instance_of(workspace.root) as instance:
        (record,) = instance.get_run_records()
        tried = instance.get_records_for_run(
            record.dagster_run.run_id, of_type=dg.DagsterEventType.STEP_UP_FOR_RETRY
        ).records
    assert len(tried) == int(killed)


def _step_at_work(data, run):
    """The process that analyses a shard, once it has begun with a clip."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and run.poll() is None:
        for marker in data.glob("clips/*/attempt-*.json"):
            try:
                return int(json.loads(marker.read_text())["owner"].split("/")[1])
            except (OSError, ValueError, KeyError):
                continue  # over, or being written
        time.sleep(0.01)
    raise AssertionError("no clip was begun")
