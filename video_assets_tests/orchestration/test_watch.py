"""Who has to move, and why: the disk against what was recorded, with an injected clock."""

import dataclasses
import json
import shutil
import time
from pathlib import Path

import pytest

from video_assets.foundation.errors import ProjectError
from video_assets.foundation.records import FootageRow
from video_assets.foundation.store import Options, Project, Workspace
from video_assets.library import absence
from video_assets.orchestration import changes, watch
from video_assets.orchestration.assets.library import FOOTAGE, every_path_has_one_row
from video_assets.orchestration.graph import BY_NAME
from video_assets.orchestration.steps import version_of

BRIEF = "title: Lake\ndurations: [6]\n"


@pytest.fixture(scope="module")
def clip(tmp_path_factory, film) -> Path:
    """A second of moving picture."""
    folder = tmp_path_factory.mktemp("clip")
    return film("-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=1", folder / "a.mp4")


class Watched:
    """A workspace that is looked at by a clock of its own, and what Dagster would know of it."""

    def __init__(self, root: Path) -> None:
        self.workspace = Workspace(root)
        self.now = time.time() + 100
        self.cursor: str | None = None
        self.known = watch.Known(ended_well=lambda slug: False)  # nothing is asked twice
        self.event = 0
        self.said: list[str] = []

    def project(self, slug: str, clip: Path, names=("a.mp4",)) -> Project:
        """A project folder as somebody copies it into the data folder."""
        project = Project(self.workspace, slug)
        (project.root / "footage").mkdir(parents=True)
        (project.root / "project.yaml").write_text("footage: footage\n")
        (project.root / "brief.yaml").write_text(BRIEF)
        for number, name in enumerate(names):
            (project.root / "footage" / name).write_bytes(clip.read_bytes() + bytes(8 + number))
        return project

    def tick(self, later: float = 15.0, look=changes.look_at_inputs) -> watch.Tick:
        self.now += later
        found = watch.tick(self.workspace, self.known, self.cursor, look, self.now)
        self.cursor, self.said = found.cursor, found.said
        self.known = dataclasses.replace(self.known, projects=self.known.projects | set(found.adds))
        for report in found.reports:
            self.tell(report.project, report.asset, report.version)
        return found

    def asked(self, later: float = 15.0) -> list[tuple[str, tuple[str, ...]]]:
        return [(ask.project, ask.assets) for ask in self.tick(later).asks]

    def tell(self, slug: str, asset: str, version: str) -> None:
        """A materialisation."""
        self.event += 1
        versions = {a: dict(v) for a, v in self.known.versions.items()}
        events = {a: dict(v) for a, v in self.known.events.items()}
        versions.setdefault(asset, {})[slug] = version
        events.setdefault(asset, {})[slug] = self.event
        self.known = dataclasses.replace(self.known, versions=versions, events=events)

    def make(self, slug: str, *assets: str, settle_s: float = 0.0) -> None:
        """The run that was asked for."""
        workspace = Workspace(self.workspace.root, Options(settle_s=settle_s))
        for asset in assets:
            made = BY_NAME[asset].run(workspace.project(slug))
            self.tell(slug, asset, made.manifest.data_version)

    def busy(self, *slugs: str) -> None:
        self.known = dataclasses.replace(self.known, busy=frozenset(slugs))


@pytest.fixture
def watched(tmp_path) -> Watched:
    return Watched(tmp_path / "data")


def touched(path: Path, data: bytes) -> None:
    """Writes a file in place."""
    with open(path, "ab") as file:
        file.write(data)


def test_a_new_project_is_asked_for_once(watched, clip):
    watched.project("lake", clip)
    assert watched.asked() == []  # seen; it has to be the same at the next look
    found = watched.tick()
    assert [(a.project, a.assets) for a in found.asks] == [("lake", ("footage", "brief"))]
    assert found.adds == ["lake"]
    watched.busy("lake")
    assert watched.asked() == []
    watched.busy()
    watched.make("lake", "footage", "brief")
    assert [watched.asked() for _ in range(3)] == [[], [], []]


def test_a_project_added_by_the_command_line_is_told_to_dagster(watched, clip):
    watched.project("lake", clip)
    BY_NAME["footage"].run(watched.workspace.project("lake"))  # as `project add` does
    watched.tick()
    assert watched.asked() == [("lake", ("footage", "brief"))]


@pytest.mark.parametrize("lacks", ["footage", "brief.yaml"])
def test_an_unfinished_project_waits(watched, clip, lacks):
    project = watched.project("lake", clip)
    path = project.path(lacks)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    if lacks == "footage":
        path.mkdir()
    assert [watched.asked() for _ in range(3)] == [[], [], []]
    assert any("lake: waits for" in text and lacks in text for text in watched.said)


def aged(monkeypatch, seconds: dict[str, float]) -> None:
    """The change time of files, by name: nothing else can set it."""
    plain = changes.look

    def look(root):
        return [
            dataclasses.replace(
                f, ctime_ns=f.ctime_ns - int(seconds.get(Path(f.path).name, 0) * 1e9)
            )
            for f in plain(root)
        ]

    monkeypatch.setattr(changes, "look", look)
    monkeypatch.setattr(absence, "look", look)


def test_what_is_still_is_read_and_what_grows_is_not(watched, clip, monkeypatch):
    project = watched.project("lake", clip, ("a.mp4", "b.mp4"))
    late = project.path("footage/late.mp4")
    ages = {"a.mp4": 100.0, "b.mp4": 100.0}
    aged(monkeypatch, ages)
    asked = []
    for _ in range(3):
        touched(late, clip.read_bytes()[:2000])
        ages["late.mp4"] = time.time() - (watched.now + 15)  # it changed a moment ago
        asked.append(watched.asked())
        assert watched.said == ["lake: 1 files are still being copied"]
    assert asked == [[], [("lake", ("footage", "brief"))], []]
    watched.make("lake", "footage", "brief", settle_s=10)
    assert {row.path for row in project.read(FOOTAGE, FootageRow)} == {"a.mp4", "b.mp4"}
    careful = Workspace(watched.workspace.root, Options(settle_s=10)).project("lake")
    assert every_path_has_one_row(careful) == [] == every_path_has_one_row(project)
    late.write_bytes(clip.read_bytes())
    ages["late.mp4"] = 0.0  # it is whole now
    assert watched.asked() == []
    assert watched.asked() == [("lake", ("footage",))]
    watched.make("lake", "footage")
    rows = project.read(FOOTAGE, FootageRow)
    assert {r.path for r in rows} == {"a.mp4", "b.mp4", "late.mp4"}
    assert all(r.role in ("clip", "duplicate") for r in rows)
    assert watched.asked() == []


def test_a_file_server_behind_us_cannot_pass_a_growing_file_off_as_still(
    watched, clip, monkeypatch
):
    project = watched.project("lake", clip)
    aged(monkeypatch, {"a.mp4": 3600.0})
    file = project.path("footage/a.mp4")
    for _ in range(5):
        touched(file, b"more")
        assert watched.asked() == []
    assert watched.asked() == [("lake", ("footage", "brief"))]


def test_a_file_server_ahead_of_us_waits(watched, clip, monkeypatch):
    watched.project("lake", clip)
    aged(monkeypatch, {"a.mp4": -1000.0})
    assert [watched.asked() for _ in range(3)] == [[], [], []]
    watched.now += 1000
    watched.asked()
    assert watched.asked() == [("lake", ("footage", "brief"))]


def test_our_own_clock_that_jumps_back_only_waits(watched, clip):
    watched.project("lake", clip)
    watched.asked()
    watched.now -= 50
    assert watched.asked() == []
    assert watched.asked() == [("lake", ("footage", "brief"))]


def test_what_failed_is_asked_again_later_and_later(watched, clip):
    watched.project("lake", clip)
    watched.tick()
    keys = [watched.tick().asks[0].key]
    waits = []
    for _ in range(3):
        seconds = 0
        while True:
            seconds += 15
            found = watched.tick()
            if found.asks:
                break
        waits.append(seconds)
        keys.append(found.asks[0].key)
    assert waits == [60, 120, 240] and len(set(keys)) == 4


def test_footage_that_goes_back_to_what_it_was_is_another_request(watched, clip):
    project = watched.project("lake", clip, ("a.mp4", "b.mp4", "c.mp4", "d.mp4", "e.mp4", "f.mp4"))
    watched.tick()
    keys = [watched.tick().asks[0].key]
    watched.make("lake", "footage", "brief")
    extra, aside = project.path("footage/x.pdf"), project.root / "x.pdf"
    extra.write_bytes(b"%PDF")
    for move in (None, (extra, aside), (aside, extra)):
        if move:
            move[0].rename(move[1])
        watched.tick(30)
        (ask,) = watched.tick(30).asks
        assert ask.assets == ("footage",)
        keys.append(ask.key)
        watched.make("lake", "footage")
    assert len(set(keys)) == 4


def test_a_wrong_brief_fails_once_and_is_named(watched, clip):
    project = watched.project("lake", clip)
    project.path("brief.yaml").write_text("durations: [7]\n")
    watched.tick()
    assert watched.asked() == [("lake", ("footage", "brief"))]
    watched.make("lake", "footage")
    for _ in range(10):
        assert watched.asked(600) == []
        assert any("brief.yaml" in text for text in watched.said)
    project.path("brief.yaml").write_text(BRIEF)
    watched.now = time.time() + 100
    watched.tick()
    assert watched.asked() == [("lake", ("brief",))]


def test_references_and_people_belong_to_the_brief(watched, clip):
    project = watched.project("lake", clip)
    watched.make("lake", "footage", "brief")
    (project.root / "references").mkdir()
    for path in ("references/look.txt", "people.yaml", "rights.yaml"):
        (project.root / path).write_text("{}\n")
        watched.tick()
        assert watched.asked() == [("lake", ("brief",))]
        watched.make("lake", "brief")
        assert watched.asked() == []


def test_outside_files_are_reported_once_each(watched, clip):
    project = watched.project("lake", clip)
    watched.make("lake", "footage", "brief")
    watched.known = dataclasses.replace(watched.known, projects=frozenset({"lake"}))
    for folder in ("music", "brand"):
        (project.root / folder).mkdir()
    assert [watched.tick().reports for _ in range(3)] == [[], [], []]  # nothing lies there
    for asset, name in (
        ("music", "music/song.wav"),
        ("edits", "edits.yaml"),
        ("brand_kit", "brand/brand.yaml"),
    ):
        (project.root / name).write_text("x\n")
        watched.tick()
        assert watched.tick().reports == [watch.Report("lake", asset, version_of(project, asset))]
        assert [watched.tick().reports for _ in range(3)] == [[], [], []]
    (project.root / "project.yaml").write_text("footage: footage\nbrand: acme\n")
    watched.tick()
    assert [r.asset for r in watched.tick().reports] == ["brand_kit"]
    (project.root / "music" / "song.wav").unlink()
    watched.tick()
    assert [r.asset for r in watched.tick().reports] == ["music"]


def test_music_of_a_new_project_is_reported_with_its_first_run(watched, clip):
    project = watched.project("lake", clip)
    (project.root / "music").mkdir()
    (project.root / "music" / "song.wav").write_text("x\n")
    watched.tick()
    found = watched.tick()
    assert [a.assets for a in found.asks] == [("footage", "brief")]
    assert [r.asset for r in found.reports] == ["music"]


def recorded(project: Project, asset: str, **inputs: str) -> None:
    """A step that was made from these versions."""
    project.make(asset, "1", inputs, lambda draft: draft.text(f"{asset}.txt", "x"))


def test_a_swallowed_event_is_reported_again(watched, clip):
    project = watched.project("lake", clip)
    watched.known = watch.Known(ended_well=lambda slug: True)
    watched.make("lake", "footage", "brief")
    watched.known = dataclasses.replace(watched.known, projects=frozenset({"lake"}))
    recorded(project, "timelines", music="other", brief=version_of(project, "brief"))
    (project.root / "music").mkdir()
    (project.root / "music" / "song.wav").write_text("x\n")
    watched.tick()
    assert [r.asset for r in watched.tick().reports] == ["music"]
    times = [i * 15 for i in range(1, 40) if watched.tick().reports]
    assert times[:3] == [60, 180, 420]
    watched.known = dataclasses.replace(watched.known, ended_well=lambda slug: False)
    assert not any(watched.tick(3600).reports for _ in range(3))  # what failed waits for a person
    watched.known = dataclasses.replace(watched.known, ended_well=lambda slug: True)
    recorded(project, "timelines", music=version_of(project, "music"))
    assert not any(watched.tick(3600).reports for _ in range(3))


def test_a_root_whose_news_reached_nobody_is_made_again(watched, clip):
    watched.known = watch.Known(ended_well=lambda slug: True)
    watched.project("lake", clip)
    watched.tick()
    watched.tick()
    watched.make("lake", "footage", "brief")
    times = [i * 15 for i in range(1, 30) if watched.asked()]
    assert times[:2] == [75, 195]  # a minute for automation after it was seen, then two


def test_metrics_are_reported_and_again_while_they_are_not_read(watched, clip):
    project = watched.project("lake", clip)
    watched.known = watch.Known(projects=frozenset({"lake"}), ended_well=lambda slug: True)
    (project.root / "performance/inbox").mkdir(parents=True)

    def reports(later=15.0):
        return [r.asset for r in watched.tick(later, changes.look_at_metrics).reports]

    assert reports() == reports() == []
    (project.root / "performance/inbox/week.csv").write_text("platform\n")
    assert reports() == []
    assert reports() == ["published_metrics"]
    recorded(project, "performance_metrics", published_metrics="before")
    times = [i * 15 for i in range(1, 16) if reports()]
    assert times == [60, 180]


def test_offline_asks_nothing_and_says_so(watched, clip):
    names = tuple(f"{n}.mp4" for n in range(4))
    project = watched.project("lake", clip, names)
    watched.make("lake", "footage", "brief")
    listing = project.manifest("footage").inputs
    (project.path("footage") / "0.mp4").unlink()  # a quarter
    for _ in range(3):
        assert watched.asked(60) == []
        assert "OFFLINE" in watched.said[0] and "mount" in watched.said[0]
    assert BY_NAME["footage"].is_current(project)
    assert BY_NAME["footage"].all_inputs(project) == listing
    shutil.rmtree(project.path("footage"))
    assert watched.asked(60) == [] and "OFFLINE" in watched.said[0]
    with pytest.raises(ProjectError, match=r"OFFLINE: .*mount or reconnect"):
        BY_NAME["footage"].run(project)
    assert len(project.read(FOOTAGE, FootageRow)) == 4
    project.path("brief.yaml").write_text(BRIEF.replace("Lake", "Sea"))
    watched.tick()
    assert watched.asked() == [("lake", ("brief",))]  # a brief needs no disk


def test_a_clip_that_stays_away_is_dropped_by_one_run(watched, clip):
    names = tuple(f"{n}.mp4" for n in range(6))
    project = watched.project("lake", clip, names)
    watched.make("lake", "footage", "brief")
    (project.path("footage") / "0.mp4").unlink()
    watched.tick()
    assert BY_NAME["footage"].is_current(project)
    watched.tick()
    misses = absence.misses_of(project)
    assert set(misses) == {"0.mp4"}
    stored = {path: when - 500 for path, when in misses.items()}  # for the run's own clock
    project.path(absence.ABSENT).write_text(json.dumps(stored))
    watched.tick()
    assert watched.asked() == [("lake", ("footage",))]
    watched.make("lake", "footage")
    assert {r.path for r in project.read(FOOTAGE, FootageRow)} == set(names[1:])
    assert watched.asked() == [] and absence.misses_of(project) == {}


def test_one_that_cannot_be_read_stops_nobody(watched, clip):
    for slug in ("bad", "good", "worse"):
        watched.project(slug, clip)
    (watched.workspace.root / "projects/bad/project.yaml").write_text("footage: [\n")
    (watched.workspace.root / "projects/worse/project.yaml").write_text("footage: s3:///x\n")
    watched.tick()
    assert watched.asked() == [("good", ("footage", "brief"))]
    assert [text.split(":")[0] for text in watched.said] == ["bad", "worse"]


def test_a_bug_in_one_look_stops_nobody(watched, clip):
    for slug in ("bad", "good"):
        watched.project(slug, clip)

    def look(project, known, memory, now):
        if project.slug == "bad":
            raise ZeroDivisionError("clip \udcff")
        return changes.look_at_inputs(project, known, memory, now)

    watched.tick(look=look)
    found = watched.tick(look=look)
    assert [ask.project for ask in found.asks] == ["good"]
    assert found.said == ["bad: cannot be read: ZeroDivisionError: clip ?"]


def test_the_back_off_stays_within_an_hour_for_ever():
    memory = watch.Memory(asked={"footage": ["x", 5000, 0.0]})
    assert memory.due("footage", "x", watch.BACK_OFF_MOST_S - 1) is None
    assert memory.due("footage", "x", watch.BACK_OFF_MOST_S) == 5001


def test_a_slow_project_does_not_starve_those_behind_it(watched, clip):
    slugs = ["a", "b", "slow", "x", "y"]
    for slug in slugs:
        watched.project(slug, clip)
    clock, looked, cursor = [0.0], [], None

    def look(project, known, memory, now):
        looked.append(project.slug)
        clock[0] += watch.BUDGET_S if project.slug == "slow" else 1.0
        return watch.Tick()

    for expected in (slugs[:3], ["x", "y", "a", "b", "slow"], slugs[:3]):
        found = watch.tick(watched.workspace, watched.known, cursor, look, 0.0, lambda: clock[0])
        cursor = found.cursor
        assert looked == expected
        looked.clear()


def test_two_hundred_a_tick_and_the_rest_with_the_next(watched, monkeypatch):
    for number in range(450):
        Path(watched.workspace.root / f"projects/p{number:03}").mkdir(parents=True)
        (watched.workspace.root / f"projects/p{number:03}/project.yaml").touch()
    done: set[str] = set()

    def one(project, known, memory, now):
        if project.slug in done:
            return watch.Tick()
        return watch.Tick(asks=[watch.Ask(project.slug, ("footage",), "k")])

    counts = []
    for _ in range(4):
        found = watched.tick(look=one)
        done |= {ask.project for ask in found.asks}
        counts.append(len(found.asks))
    assert max(counts) <= 200 and sum(counts) == 450 == len(done) and counts[-1] < 200


@pytest.mark.parametrize(
    "text", [None, "", "nonsense", "[]", '{"start": 1}', '{"start":"","projects":{"a":1}}']
)
def test_a_lost_cursor_loses_nothing(watched, clip, text):
    watched.project("lake", clip)
    watched.tick()
    watched.cursor = text
    assert watched.asked() == []
    assert watched.asked() == [("lake", ("footage", "brief"))]


def test_a_table_that_was_deleted_and_a_newer_version_are_made_again(watched, clip, monkeypatch):
    project = watched.project("lake", clip)
    watched.make("lake", "footage", "brief")
    project.path(FOOTAGE).unlink()
    assert watched.asked() == [("lake", ("footage",))]
    watched.make("lake", "footage")
    assert watched.asked() == []
    newer = dataclasses.replace(BY_NAME["brief"], version="99")
    monkeypatch.setitem(changes.BY_NAME, "brief", newer)
    assert watched.asked() == [("lake", ("brief",))]


def test_an_aspect_that_nobody_asks_for_is_not_waited_for(watched, clip):
    project = watched.project("lake", clip)
    project.path("brief.yaml").write_text(BRIEF + "aspects: [1x1]\n")
    names = {s.name for s in changes._consumers(project, "footage")}
    assert "cutdowns/1x1" in names and "cutdowns/9x16" not in names and "shot_index" in names
