"""A silent fault in a real run: some gate catches it, and nothing defective is published."""

import json
import os
import shutil
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from random import Random

import pytest

import video_assets.demo
from video_assets.delivery.inspections.verdict import GATES, VERDICT_VERSION
from video_assets.finishing.formats import BURNED
from video_assets.foundation.errors import VideoAssetsError
from video_assets.foundation.store import Project, Workspace, write_atomic
from video_assets.orchestration import publishing, runs
from video_assets.orchestration.assets.delivery import artefact, make_cutdowns
from video_assets.orchestration.assets.editorial import timelines_of
from video_assets.orchestration.projects import add_project
from video_assets_tests.finishing import making
from video_assets_tests.orchestration.escapes import FAULTS, OF_CAPTIONS

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
DEMO = Path(video_assets.demo.__file__).parent
SIX = ("9x16", "4x5", "3x4", "2x3", "1x1", "16x9")
SPOKEN = [f"interviews/presenter_{name}" for name in ("window", "kitchen_a", "kitchen_b")]
SEEN = ["product/hand_switch", "product/desk_evening", "product/lantern_closeup_4k"]
SEEN += ["places/balcony_city", "places/tent_night", "places/lake_dusk_4k"]
CALLS = ["Find your light", "Wickfield", "A slower light at wickfield.example"]
LIBRARIES = 8
"""Different projects that the soak plants its faults in."""


def clips_for(number: int) -> tuple[str, ...]:
    """One spoken clip and two others of the demo."""
    chance = Random(number)
    return (SPOKEN[number % len(SPOKEN)], *chance.sample(SEEN, 2))


def ready(folder: Path, aspects: tuple[str, ...], number: int = 0) -> Path:
    """A project of some of the demo's clips, made up to its timeline. Returns its data folder."""
    for clip in clips_for(number):
        for file in DEMO.joinpath("footage").glob(f"{clip}*"):
            copy = folder / "footage" / file.parent.name / file.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            if file.suffix == ".mp4":  # small, so that nine renders take seconds
                small = ("-vf", "scale=640:-2", "-c:v", "libx264", "-preset", "veryfast")
                making.ffmpeg("-i", str(file), *small, "-c:a", "copy", str(copy))
            else:
                shutil.copy(file, copy)
    (folder / "brief.yaml").write_text(
        f"title: Wickfield\ndurations: [6]\ntier: draft\nmusic: none\naspects: [{', '.join(aspects)}]\n"
        f"call_to_action: {CALLS[number % len(CALLS)]}\n"
        "glossary: [{word: Wickfield, instead_of: [Wakefield]}]\n"
    )
    workspace = Workspace(folder / "data")
    add_project(workspace, "a", folder / "footage", folder / "brief.yaml", "Wickfield")
    outcome = runs.run_project(workspace, workspace.project("a"), "timelines", (), "")
    assert not outcome.stopped, outcome.failed
    return folder / "data"


def make(project: Project, aspects: Sequence[str], fault: str = "", chance: Random = Random(0)):
    """Makes cutdowns while something goes silently wrong ("" for nothing)."""
    (timeline,) = timelines_of(project)
    with pytest.MonkeyPatch.context() as patch, project.leased():
        planted = FAULTS[fault](patch, timeline, chance) if fault else nullcontext()
        with planted:
            problems = make_cutdowns(project, aspects)
    if problems:
        raise VideoAssetsError("; ".join(problems))


def shut(project: Project, aspect: str) -> dict[str, str]:
    """The gates that are shut on the only cut's aspect, with the first thing that each says."""
    verdict = publishing.verdict_of(project, "r1-01", aspect)
    return {name: found[0]["what"] for name, found in verdict["gates"].items() if found}


def digest(project: Project, aspect: str) -> str:
    return str(publishing.verdict_of(project, "r1-01", aspect)["sha256"])


class Library:
    """A project with the cutdowns of an undisturbed run, to be copied and spoiled."""

    def __init__(self, data: Path, aspects: tuple[str, ...]) -> None:
        self.data, self.aspects = data, aspects
        project = self._project(data)
        make(project, aspects)
        self.clean = {a: digest(project, a) for a in aspects}
        self.alarms = {a: found for a in aspects if (found := shut(project, a))}
        shutil.rmtree(project.workspace.segments)  # a fault may lie in how they are made

    @staticmethod
    def _project(data: Path) -> Project:
        return Workspace(data).project("a")

    def run(self, fault: str, aspect: str, folder: Path, number: int) -> dict:
        """Makes one aspect again with a fault, publishes all; what was wrong, caught and sent."""
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was stopped
        shutil.copytree(self.data, folder)
        project = self._project(folder)
        with project.leased():
            project.forget(artefact("r1-01", aspect))
        found = {"number": number, "fault": fault, "aspect": aspect, "loud": "", "gates": {}}
        try:
            make(project, (aspect,), fault, Random(number))
        except VideoAssetsError as error:
            found["loud"] = str(error)
        else:
            found["gates"] = shut(project, aspect)
            found["bad"] = digest(project, aspect) != self.clean[aspect]
        sent = {row.aspect for row in publishing.publish_project(project, by="Ada").sent}
        found["sent"] = sorted(sent)
        found["escaped"] = bool(found.get("bad")) and aspect in sent
        shutil.rmtree(folder)
        return found


def test_a_silent_fault_is_caught_and_nothing_defective_goes_out(tmp_path):
    """One of the picture, the sound, the cache, and of the code that render and gates share."""
    library = Library(ready(tmp_path / "library", ("9x16",)), ("9x16",))
    assert library.alarms == {}
    for number, fault in enumerate(("wrong crop", "late sound", "stale segment", "late drawing")):
        run = library.run(fault, "9x16", tmp_path / "run", number)
        assert run["bad"] and not run["loud"], f"{fault} changed nothing, or was told: {run}"
        assert run["gates"] and run["sent"] == [], run


def test_what_escapes_is_counted(tmp_path):
    """The soak's own arithmetic, and what a stopped soak leaves behind."""
    log = Log(tmp_path / "runs.jsonl")
    caught = {"fault": "a", "loud": "", "gates": {"g": "x"}, "bad": True, "sent": ["1x1"]}
    log.add({"number": 0, **caught, "escaped": False})
    log.add({"number": 1, **caught, "gates": {}, "sent": ["1x1", "9x16"], "escaped": True})
    log.add({"number": 2, **caught, "gates": {}, "bad": False, "escaped": False})
    with log.file.open("a") as file:
        file.write('{"number": 3, "fau')  # killed while it wrote
    again = Log(log.file)
    assert [run["number"] for run in again.runs] == [0, 1, 2]
    again.add({"number": 3, **caught, "escaped": False})
    found = Log(log.file).summary()
    assert (found["runs"], found["published"], found["defective"]) == (4, 5, 3)
    assert (found["escaped"], found["unchanged"], found["loud"]) == (1, 1, 0)
    assert found["caught"] == {"a": {"g": 2}}
    log.file.write_text('{"gates": ["another"]}\n')
    with pytest.raises(ValueError, match="another version"):
        Log(log.file)


class Log:
    """Runs, a line each, that outlive the process; only those of this version's gates count."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.runs: list[dict] = []
        first = {"verdict": VERDICT_VERSION, "gates": list(GATES), "faults": list(FAULTS)}
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = file.read_text().splitlines() if file.exists() else []
        whole = []
        for line in lines:
            with suppress(ValueError):
                whole.append(json.loads(line))
        if whole and whole[0] != first:
            raise ValueError(f"{file} holds runs of another version; name another folder")
        self.runs = whole[1:]
        write_atomic(file, "".join(json.dumps(one) + "\n" for one in (first, *self.runs)))

    def add(self, run: dict) -> None:
        self.runs.append(run)
        with self.file.open("a") as file:
            file.write(json.dumps(run) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def summary(self) -> dict:
        """Counts, and the gates that caught each fault."""
        caught: dict[str, dict[str, int]] = {}
        for run in self.runs:
            gates = caught.setdefault(run["fault"], {})
            for gate in run["gates"]:
                gates[gate] = gates.get(gate, 0) + 1
        defective = [run for run in self.runs if run.get("bad")]
        escaped = [run for run in defective if run["escaped"]]
        return {
            "runs": len(self.runs),
            "published": sum(len(run["sent"]) for run in self.runs),
            "defective": len(defective),
            "escaped": len(escaped),
            "unchanged": sum(run.get("bad") is False for run in self.runs),
            "loud": sum(bool(run["loud"]) for run in self.runs),
            "escapes": [[run["number"], run["fault"], run.get("aspect")] for run in escaped],
            "caught": caught,
        }


@pytest.mark.soak
@pytest.mark.timeout(6 * 3600)
def test_three_hundred_runs_let_nothing_defective_out(tmp_path):
    """`ESCAPES` says how many runs (or from:to), `ESCAPES_FOLDER` where a stopped one goes on.

    Each run makes a fault in one aspect of six and publishes all six.
    """
    first, _, last = os.environ.get("ESCAPES", "300").rpartition(":")
    folder = Path(os.environ.get("ESCAPES_FOLDER", tmp_path))
    log = Log(folder / f"runs-{first or 0}-{last}.jsonl")
    known = {run["number"] for run in log.runs}
    libraries: dict[int, Library] = {}
    alarms = {}
    for number in range(int(first or 0), int(last)):
        if number in known:
            continue
        fault = list(FAULTS)[number % len(FAULTS)]
        which = number // len(FAULTS) % LIBRARIES
        if which not in libraries:
            place = folder / f"library{which}-{first or 0}"
            shutil.rmtree(place, ignore_errors=True)
            libraries[which] = Library(ready(place, SIX, which), SIX)
            alarms.update({f"{which} {a}": g for a, g in libraries[which].alarms.items()})
            print(f"library {which}, alarms {libraries[which].alarms}", flush=True)
        library = libraries[which]
        able = BURNED if fault in OF_CAPTIONS else SIX
        able = [a for a in able if a not in library.alarms]
        aspect = Random(f"aspect {number}").choice(able)
        run = library.run(fault, aspect, folder / f"run-{first or 0}", number)
        log.add({**run, "library": which})
        print(number, fault, aspect, list(run["gates"]), run["sent"], flush=True)
    summary = log.summary()
    print(json.dumps({**summary, "alarms": alarms}))
    assert alarms == {}, "gates call an undisturbed cutdown bad"
    assert summary["unchanged"] == 0, "a fault that changes nothing tests nothing"
    assert summary["escaped"] <= 0.001 * summary["published"]
