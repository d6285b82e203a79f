"""A real daemon process, no web server: footage goes in, cutdowns come out, kills change nothing."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path

import dagster as dg
import pytest

from video_assets.foundation.files import sha256_file
from video_assets.foundation.records import FootageRow
from video_assets.foundation.store import Workspace
from video_assets.orchestration import publishing
from video_assets.orchestration.automation import ROOTS
from video_assets.orchestration.graph import BY_NAME
from video_assets.orchestration.projects import add_project
from video_assets.orchestration.rounds import rounds_of
from video_assets.orchestration.runs import SETTINGS, instance_of
from video_assets.orchestration.status import cutdowns_of
from video_assets.performance.inbox import import_files

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
# Dagster leaves its SQLite handles to the collector

STAGES = ("TICK_CREATED", "TICK_HELD", "RUN_CREATED", "RUN_LAUNCHED")
MADE = ("9x16", "16x9")
"""What the brief of the live test asks for."""
QUICK = 2
"""Seconds between two looks here, and that a file has to be still."""

LOCATION = f"""
import dagster as dg
from video_assets import definitions
from video_assets.orchestration import sensors, watch

watch.SETTLE_S = {QUICK}.0
if not AUTOMATED:
    watch.BACK_OFF_S = 1e6  # nobody makes what is made from the roots, however long it takes

def quick():
    whole = definitions.build_defs()
    found = sensors.watching({QUICK})[: 2 if AUTOMATED else 1]
    if AUTOMATED:
        found.append(dg.AutomationConditionSensorDefinition(
            "automation", target=dg.AssetSelection.all(), minimum_interval_seconds=5,
            default_status=dg.DefaultSensorStatus.RUNNING))
    return dg.Definitions(
        assets=whole.assets, asset_checks=whole.asset_checks, resources=whole.resources,
        executor=whole.executor, sensors=found)

defs = quick()
"""
"""The project's own definitions with shorter pauses."""

DAEMON = """
import os, signal, sys
from dagster._daemon import sensor
from dagster._daemon.cli import main

sensor.MIN_INTERVAL_LOOP_TIME = 0.5
plain = sensor.check_for_debug_crash

def killed(flags, stage):
    # once: the name of the stage lies in a file that this takes away
    try:
        with open(os.environ["KILL_AT"]) as file:
            wanted = file.read().strip()
    except OSError:
        return
    if stage == wanted:
        os.unlink(os.environ["KILL_AT"])
        os.kill(os.getpid(), signal.SIGKILL)

sensor.check_for_debug_crash = killed
sys.argv = ["dagster-daemon", "run", "-w", sys.argv[1]]
main()
"""


class Home:
    """A data folder with its Dagster instance, and the daemon that works on it."""

    def __init__(self, folder: Path, automated: bool) -> None:
        self.folder, self.data = folder, folder / "data"
        home = self.data / ".dagster"
        home.mkdir(parents=True)
        (home / "dagster.yaml").write_text(SETTINGS.format(home=home))
        location = folder / "location.py"
        location.write_text(LOCATION.replace("AUTOMATED", str(automated)))
        (folder / "workspace.yaml").write_text(f"load_from:\n  - python_file: {location}\n")
        (folder / "daemon.py").write_text(DAEMON)
        self.kill_at = folder / "kill_at"
        self.workspace = Workspace(self.data)

    def add(self, slug: str, footage: Path, brief: str) -> None:
        """What `video-assets project add` does, on a folder that is still to be filled."""
        footage.mkdir(exist_ok=True)
        (footage / ".keep").touch()
        text = self.folder / f"{slug}.yaml"
        text.write_text(brief)
        add_project(self.workspace, slug, footage, text, "")

    def start(self) -> subprocess.Popen:
        """A daemon in a session of its own."""
        with open(self.folder / "daemon.log", "a") as log:
            return subprocess.Popen(
                [sys.executable, self.folder / "daemon.py", self.folder / "workspace.yaml"],
                cwd=self.folder,
                env={
                    **os.environ,
                    "DAGSTER_HOME": str(self.data / ".dagster"),
                    "VIDEO_ASSETS_DATA": str(self.data),
                    "KILL_AT": str(self.kill_at),
                },
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @contextmanager
    def daemon(self):
        process = self.start()
        try:
            yield process
        finally:
            end(process)

    def wait(self, what: str, true, process=None, seconds: float = 150.0) -> None:
        """Waits until `true()`; says what was waited for, and what the daemon said last."""
        deadline = time.monotonic() + seconds
        while not true():
            said = (self.folder / "daemon.log").read_text()[-3000:]
            assert process is None or process.poll() is None, f"the daemon ended: {said}"
            assert "Error loading repository" not in said, said
            assert time.monotonic() < deadline, f"{what} did not happen: {said}"
            time.sleep(0.5)

    def events(self, instance, asset: str, slug: str) -> list:
        found = instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset.split("/")), asset_partitions=[slug]),
            limit=1000,
        )
        return [record.asset_materialization for record in found.records]

    def asked(self, instance, slug: str) -> list:
        """The runs that the inputs sensor asked for, the last one first."""
        tags = {"dagster/sensor_name": "inputs", "dagster/partition": slug}
        return list(instance.get_runs(filters=dg.RunsFilter(tags=tags)))

    def rows(self, slug: str) -> list[FootageRow]:
        project = self.workspace.project(slug)
        rows = project.read("library/footage.parquet", FootageRow)
        return [row for row in rows if not row.path.startswith(".")]


def end(process: subprocess.Popen) -> None:
    """Ends a daemon as a person does, and what a killed one left behind."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def idle(instance) -> bool:
    """Whether no run is under way."""
    over = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED
    return all(run.status in over for run in instance.get_runs())


@pytest.fixture(scope="module")
def clips(tmp_path_factory, film) -> list[Path]:
    """Five moving pictures of 2 s with a tone, 320x180."""
    folder = tmp_path_factory.mktemp("clips")
    looks = ["testsrc2", "testsrc2=hue", "mandelbrot", "gradients", "testsrc"]
    made = []
    for number, look in enumerate(looks):
        source = look.split("=")[0]
        hue = f"hue=h={70 * number}"
        made.append(
            film(
                "-f", "lavfi", "-i", f"{source}=s=320x180:r=25", "-f", "lavfi",
                "-i", f"sine=f={200 + 90 * number}", "-vf", hue, "-t", "2", "-c:v", "libx264",
                "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac",
                folder / f"clip_{number}.mp4",
            )
        )  # fmt: skip
    return made


def tree(folder: Path) -> dict[str, str]:
    """Digest of every file that was made or put there."""
    return {
        path.relative_to(folder).as_posix(): sha256_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def published_and_measured(home: Home, instance, daemon, slug: str, others: list[str]) -> None:
    """A person publishes, numbers come back, and the next round is made; nothing else moves."""
    project = home.workspace.project(slug)
    posts = publishing.publish_project(project, by="Ada").sent
    assert len(posts) == len(MADE)
    live = tree(project.path("delivery/r1-01")) | tree(project.path("delivery/published"))
    made = {
        other: {name: len(home.events(instance, name, other)) for name in BY_NAME}
        for other in (slug, *others)
    }
    before = {other: tree(home.workspace.project(other).root) for other in others}
    rows = ["platform,post_id,window_start,source_time,views"]
    rows += [
        f"folder,{p.remote_id},2026-11-09,2026-11-16,{100 + 200 * n}" for n, p in enumerate(posts)
    ]
    week = home.folder / "week.csv"
    week.write_text("\n".join(rows) + "\n")
    import_files(home.workspace, [week], None)
    second = [f"delivery/r2-01/{aspect}.mp4" for aspect in MADE]
    home.wait(
        "the next round",
        lambda: all(project.path(name).is_file() for name in second) and idle(instance),
        daemon,
    )
    assert {e["round"] for e in rounds_of(project)} == {"r1", "r2"}
    assert tree(project.path("delivery/r1-01")) | tree(project.path("delivery/published")) == live
    assert {other: tree(home.workspace.project(other).root) for other in others} == before
    moved = {"performance_metrics", "learnings", "ideas", "selected_takes", "timelines"}
    moved |= {f"cutdowns/{aspect}" for aspect in MADE}  # 11 without the brief's `aspects`
    for other in (slug, *others):
        counted = {name: len(home.events(instance, name, other)) for name in BY_NAME}
        more = {name for name, count in counted.items() if count > made[other][name]}
        assert more == (moved if other == slug else set())


@pytest.mark.live
def test_footage_becomes_cutdowns_and_numbers_the_next_round(tmp_path, clips):
    home = Home(tmp_path, automated=True)
    sources = {slug: tmp_path / f"footage_{slug}" for slug in ("lake", "town")}
    brief = f"title: Lake\ndurations: [6]\naspects: [{', '.join(MADE)}]\n"
    home.add("lake", sources["lake"], brief)
    with open(home.workspace.project("lake").path("project.yaml"), "a") as settings:
        settings.write("learnings: {samples: 1, cuts: 1}\n")  # six posts of one cut are few
    home.add("town", sources["town"], "title: Town\n")
    home.workspace.project("town").path("brief.yaml").write_text("durations: [7]\n")  # wrong
    with instance_of(home.data) as instance, home.daemon() as daemon:
        home.wait("the first tick", lambda: instance.all_instigator_state(), daemon)
        for number, clip in enumerate(clips):
            for slug, folder in sources.items():
                if (number, slug) != (4, "town"):
                    shutil.copy(clip, folder / clip.name)
        whole, grown, began = clips[4].read_bytes(), 0, time.monotonic()
        town = home.workspace.project("town")
        with open(sources["town"] / "late.mp4", "wb") as growing:
            # it grows for 15 s at least, and until the others were read without it
            while time.monotonic() - began < 15 or not home.rows("town"):
                growing.write(whole[grown : grown + 200])
                growing.flush()
                grown = min(grown + 200, len(whole) - 1)
                assert daemon.poll() is None and time.monotonic() - began < 150
                time.sleep(0.5)
            assert "late.mp4" not in {row.path for row in home.rows("town")}
            growing.seek(0)
            growing.write(whole)
        home.wait(
            "the late clip", lambda: "late.mp4" in {r.path for r in home.rows("town")}, daemon
        )
        lake = home.workspace.project("lake")
        home.wait(
            "cutdowns", lambda: len(cutdowns_of(lake)) == len(MADE) and idle(instance), daemon
        )
        for slug, last in (("lake", clips[4].name), ("town", "late.mp4")):
            rows = home.rows(slug)
            names = [*(c.name for c in clips[:4]), last]
            assert Counter(row.path for row in rows) == Counter(names)
            assert {row.role for row in rows} == {"clip"}
            first = home.asked(instance, slug)[-1]
            assert first.asset_selection == {dg.AssetKey(name) for name in ROOTS}
        read = {slug: home.events(instance, "footage", slug) for slug in sources}
        assert [e.metadata["unchanged"].value for e in read["lake"]] == [False]
        assert [e.metadata["unchanged"].value for e in read["town"]] == [False, False]
        assert [len(home.asked(instance, slug)) for slug in ("lake", "town")] == [1, 2]
        assert all(c["there"] for c in cutdowns_of(lake))
        assert town.manifest("brief") is None  # and its run said why, once
        published_and_measured(home, instance, daemon, "lake", ["town"])


def killed_at_every_stage(tmp_path: Path, clips: list[Path], rounds: int) -> None:
    """A new project each, the daemon killed while it is asked for: one run, one reading."""
    home = Home(tmp_path, automated=False)
    begun = []
    with instance_of(home.data) as instance:
        try:
            process = home.start()
            begun.append(process)
            for number, stage in enumerate(STAGES * rounds):
                slug = f"p{number:03}"
                home.wait("a tick", lambda: instance.all_instigator_state(), process)
                shutil.copytree(clips[0].parent, tmp_path / slug)
                home.add(slug, tmp_path / slug, "title: Lake\ndurations: [6]\n")
                home.kill_at.write_text(stage)
                home.wait(f"the kill at {stage}", lambda: process.poll() is not None)  # noqa: B023  # this round's
                assert process.returncode == -signal.SIGKILL and not home.kill_at.exists()
                process = home.start()
                begun.append(process)
                home.wait(
                    f"the run after {stage}",
                    lambda: home.events(instance, "footage", slug) and idle(instance),  # noqa: B023  # this round's
                    process,
                )
                time.sleep(2 * QUICK)  # whatever would be asked twice is asked by now
                home.wait("an end", lambda: idle(instance), process)
            for number in range(len(STAGES) * rounds):
                slug = f"p{number:03}"
                stage = STAGES[number % len(STAGES)]
                (run,) = home.asked(instance, slug)
                assert run.status == dg.DagsterRunStatus.SUCCESS, stage
                assert run.asset_selection == {dg.AssetKey(name) for name in ROOTS}, stage
                assert [len(home.events(instance, root, slug)) for root in ROOTS] == [1, 1], stage
                names = Counter(row.path for row in home.rows(slug))
                assert names == Counter(clip.name for clip in clips), stage
            assert len(instance.get_runs()) == len(STAGES) * rounds
        finally:
            for process in begun:
                end(process)


def test_killed_at_every_stage_of_a_tick(tmp_path, clips):
    killed_at_every_stage(tmp_path, clips, rounds=1)


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
def test_killed_fifty_times_at_every_stage(tmp_path, clips):
    killed_at_every_stage(tmp_path, clips, rounds=int(os.environ.get("KILLS", "50")))
