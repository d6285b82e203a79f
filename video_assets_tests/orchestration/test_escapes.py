"""A silent fault in a real run: some gate catches it, and nothing defective is published."""

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

import video_assets.demo
from video_assets.foundation.store import Project, Workspace
from video_assets.orchestration import publishing, runs
from video_assets.orchestration.assets.delivery import make_cutdowns
from video_assets.orchestration.assets.editorial import timelines_of
from video_assets.orchestration.projects import add_project
from video_assets_tests.finishing import making
from video_assets_tests.orchestration.escapes import FAULTS, seen_names

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
DEMO = Path(video_assets.demo.__file__).parent
CLIPS = ("interviews/presenter_window", "product/hand_switch", "places/balcony_city")
BRIEF = (
    "title: Wickfield\ndurations: [6]\ntier: draft\ncall_to_action: Find your light\nmusic: none\n"
)
BRIEF += "glossary: [{word: Wickfield, instead_of: [Wakefield]}]\n"


def ready(folder: Path, aspects: tuple[str, ...], clips: tuple[str, ...] = CLIPS) -> Path:
    """A project of some of the demo's clips, made up to its timeline. Returns its data folder."""
    for clip in clips:
        for file in DEMO.joinpath("footage").glob(f"{clip}*"):
            copy = folder / "footage" / file.parent.name / file.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            if file.suffix == ".mp4":  # small, so that nine renders take seconds
                small = ("-vf", "scale=640:-2", "-c:v", "libx264", "-preset", "veryfast")
                making.ffmpeg("-i", str(file), *small, "-c:a", "copy", str(copy))
            else:
                shutil.copy(file, copy)
    (folder / "brief.yaml").write_text(BRIEF + f"aspects: [{', '.join(aspects)}]\n")
    workspace = Workspace(folder / "data")
    add_project(workspace, "a", folder / "footage", folder / "brief.yaml", "Wickfield")
    outcome = runs.run_project(workspace, workspace.project("a"), "timelines", (), "")
    assert not outcome.stopped, outcome.failed
    return folder / "data"


def made_with(data: Path, folder: Path, fault: str, aspects: tuple[str, ...]) -> Project:
    """The project's cutdowns, made while something goes silently wrong ("" for nothing)."""
    shutil.copytree(data, folder)
    project = Workspace(folder).project("a")
    (timeline,) = timelines_of(project)
    with pytest.MonkeyPatch.context() as patch, project.leased():
        if fault:
            with FAULTS[fault](patch, seen_names(timeline)):
                assert make_cutdowns(project, aspects) == []
        else:
            assert make_cutdowns(project, aspects) == []
    return project


def shut(project: Project, aspect: str) -> dict[str, str]:
    """The gates that are shut on the only cut's aspect, with the first thing that each says."""
    verdict = publishing.verdict_of(project, "r1-01", aspect)
    return {name: found[0]["what"] for name, found in verdict["gates"].items() if found}


def digests(project: Project, aspects: tuple[str, ...]) -> dict[str, str]:
    return {a: publishing.verdict_of(project, "r1-01", a)["sha256"] for a in aspects}


def sent(project: Project) -> set[str]:
    """The aspects that publishing sends."""
    return {row.aspect for row in publishing.publish_project(project, by="Ada").sent}


class Trial:
    """What planted faults did: caught by which gate, published all the same."""

    def __init__(self, data: Path, folder: Path, aspects: tuple[str, ...]) -> None:
        self.data, self.folder, self.aspects = data, folder, aspects
        clean = made_with(data, folder / "clean", "", aspects)
        self.clean = digests(clean, aspects)
        alarms = {a: shut(clean, a) for a in aspects}
        assert not any(alarms.values()), alarms
        assert sent(clean) == set(aspects)
        self.caught: Counter[tuple[str, str]] = Counter()
        self.published = len(aspects)
        self.escaped: list[tuple[str, str]] = []

    def take(self, fault: str, name: str) -> None:
        """One run with a fault, and its publication."""
        project = made_with(self.data, self.folder / name, fault, self.aspects)
        now = digests(project, self.aspects)
        bad = {a for a in self.aspects if now[a] != self.clean[a]}
        assert bad, f"{fault} changed nothing"
        for aspect in bad:
            for gate in shut(project, aspect):
                self.caught[fault, gate] += 1
        out = sent(project)
        self.published += len(out)
        self.escaped += [(fault, a) for a in sorted(out & bad)]
        shutil.rmtree(self.folder / name)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return ready(tmp_path_factory.mktemp("escapes"), ("9x16",))


def test_every_silent_fault_is_caught_and_nothing_defective_goes_out(data, tmp_path):
    trial = Trial(data, tmp_path, ("9x16",))
    for number, fault in enumerate(FAULTS):
        trial.take(fault, f"t{number}")
    assert trial.escaped == []
    assert {fault for fault, _ in trial.caught} == set(FAULTS)


@pytest.mark.soak
@pytest.mark.timeout(6 * 3600)
def test_three_hundred_runs_let_nothing_defective_out(tmp_path):
    aspects = ("9x16", "4x5", "3x4", "2x3", "1x1", "16x9")
    trial = Trial(ready(tmp_path, aspects), tmp_path, aspects)
    faults = list(FAULTS)
    for number in range(int(os.environ.get("ESCAPES", "300"))):
        trial.take(faults[number % len(faults)], f"t{number}")
        print(number, faults[number % len(faults)], trial.published, trial.escaped, flush=True)
    print(sorted(trial.caught.items()))
    assert len(trial.escaped) / trial.published <= 0.001
