"""Clips that kill or block their worker, or go away while they are read; and another try."""

import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from video_assets.cli import app
from video_assets.foundation.errors import RETRIED, Code, FootageError, ProjectError
from video_assets.foundation.records import DeadLetter, FootageRow, Soundtrack
from video_assets.foundation.store import Options, Workspace
from video_assets.library import analysing, analysis, intake
from video_assets.library.failures import failure_of
from video_assets.library.intake import read_footage
from video_assets.library.letters import counted, warning_of
from video_assets.orchestration import runs
from video_assets.orchestration.assets.library import (
    FOOTAGE,
    SOUNDTRACKS,
    dead_letters,
    footage_before,
)
from video_assets.orchestration.projects import add_project
from video_assets.orchestration.resources import Library

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def seen(root, path):
    """How often a worker began with a clip, by what it left beside the footage."""
    return len(list(Path(root).parent.glob(f"{path}.*.begun")))


def _begin(root, path):
    Path(root).parent.joinpath(f"{Path(path).name}.{os.getpid()}.begun").touch()


def kills_once(data, root, plain, again=False):
    """The red clip kills its first worker."""
    _begin(root, plain["path"])
    if plain["path"] == "red_door.mp4" and seen(root, "red_door.mp4") == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return ANALYSE(data, root, plain, again)


def kills_always(data, root, plain, again=False):
    """The red clip kills every worker."""
    _begin(root, plain["path"])
    if plain["path"] == "red_door.mp4":
        os.kill(os.getpid(), signal.SIGKILL)
    return ANALYSE(data, root, plain, again)


def pulls_the_plug(data, root, plain, again=False):
    """The disk goes away while the red clip is read."""
    if plain["path"] == "red_door.mp4":
        Path(root).rename(Path(root).with_name("unplugged"))
        raise FootageError("cannot be opened", Code.DECODE)
    return ANALYSE(data, root, plain, again)


def unplugged(path, digest=""):
    """The disk goes away while the red clip's digest is made."""
    file = Path(path)
    if file.name == "red_door.mp4":
        file.parent.rename(file.parent.with_name("unplugged"))
        raise OSError(5, "Input/output error")
    return EXAMINE(path, digest)


ANALYSE, EXAMINE = analysis.analyse, intake.examine


def other_clip(library):
    """A clip that nothing happens to."""
    return next(f.relative_to(library).as_posix() for f in sorted(library.glob("lake/*.mp4")))


@pytest.fixture
def project(tmp_path, small_library):
    """A small library that nobody has looked at."""
    footage = tmp_path / "footage"
    (footage / "lake").mkdir(parents=True)
    for name in ("red_door.mp4", "broken.mp4", other_clip(small_library)):
        shutil.copy(small_library / name, footage / name)
    workspace = Workspace(tmp_path / "data")
    add_project(workspace, "a", footage, None, "")
    return workspace.project("a")


def analysed(project, **options):
    """Rows, shots and letters, in a run of its own."""
    workspace = Workspace(project.workspace.root, Options(**options))
    rows, _ = read_footage(project, [])
    shots, _, letters = analysing.analyse_clips(workspace, project.footage_root, rows)
    return rows, shots, letters


def test_a_worker_that_is_killed_once_costs_nothing(project, monkeypatch):
    monkeypatch.setattr(analysis, "analyse", kills_once)
    _, shots, letters = analysed(project)
    assert seen(project.footage_root, "red_door.mp4") == 2
    monkeypatch.undo()
    other = Workspace(project.workspace.root.with_name("other"))
    rows, _ = read_footage(project, [])
    undisturbed = analysing.analyse_clips(other, project.footage_root, rows)
    assert [replace(s, stills=()) for s in shots] == [replace(s, stills=()) for s in undisturbed[0]]
    assert letters == undisturbed[2] and not [d for d in letters if d.family == "TRANSIENT"]


def test_a_clip_that_kills_every_worker_is_set_aside_until_it_is_asked_for(project, monkeypatch):
    monkeypatch.setattr(analysis, "analyse", kills_always)
    rows, shots, letters = analysed(project)
    red = next(r for r in rows if r.path == "red_door.mp4")
    (lost,) = [d for d in letters if d.path == red.path]
    assert (lost.code, lost.attempts, lost.retryable) == (Code.WORKER_LOST, 2, True)
    others = {r.clip_id for r in rows if r.role == "clip"} - {red.clip_id}
    assert others and {s.clip_id for s in shots} == others
    assert analysed(project)[2] == letters  # the next run tries nothing
    assert seen(project.footage_root, red.path) == 2
    assert analysed(project, retry=frozenset({"LIMIT"}))[2] == letters
    (lost,) = [d for d in analysed(project, retry=frozenset({"TRANSIENT"}))[2] if d.retryable]
    assert lost.attempts == 4
    monkeypatch.undo()
    _, shots, letters = analysed(project, retry=frozenset({"TRANSIENT"}))
    assert red.clip_id in {s.clip_id for s in shots}
    assert not [d for d in letters if d.path == red.path]
    assert failure_of(analysis.folder_of(project.workspace, red)) is None


def test_a_disk_that_goes_away_is_no_clips_fault(project, monkeypatch):
    root = project.footage_root
    monkeypatch.setattr(analysis, "analyse", pulls_the_plug)
    with pytest.raises(ProjectError, match="went away while they were read"):
        analysed(project)
    root.with_name("unplugged").rename(root)
    monkeypatch.undo()
    rows, shots, letters = analysed(project)
    assert {s.clip_id for s in shots} == {r.clip_id for r in rows if r.role == "clip"}
    assert not [d for d in letters if d.path == "red_door.mp4"]
    monkeypatch.setattr(intake, "examine", unplugged)
    with pytest.raises(ProjectError, match="mount the disk again"):
        read_footage(project, [])


def test_tries_are_counted_for_the_same_bytes_and_reason():
    one = DeadLetter("a.mp4", "footage", 1003, "TRANSIENT", "lost", "", "c1", True)
    two = DeadLetter("b.mp4", "footage", 4001, "LIMIT", "large", "", "c2")
    before = [replace(one, attempts=3), replace(two, attempts=2)]
    assert [d.attempts for d in counted([one, two], [], Options())] == [1, 1]
    assert [d.attempts for d in counted([one, two], before, Options())] == [4, 2]
    asked = Options(retry=frozenset({"LIMIT"}))
    assert [d.attempts for d in counted([one, two], before, asked)] == [4, 3]
    strange = DeadLetter("c.mp4", "footage", 3002, "UNSUPPORTED", "codec", "", "c4")
    assert [d.attempts for d in counted([strange], [strange], Options())] == [1]
    assert [d.attempts for d in counted([strange], [strange], Options(), newer=True)] == [2]
    new = replace(two, clip_id="c3")
    assert [d.attempts for d in counted([new], before, asked)] == [1]


def test_newer_tools_read_again_what_the_old_ones_did_not_know(project, monkeypatch):
    def typed():
        return runs.run_project(project.workspace, project, "footage", [], "")

    assert not typed().stopped
    rows = footage_before(project)
    good = next(r for r in rows if r.role == "clip")
    unknown = FootageError("an unknown codec", Code.CODEC, "convert it")
    with project.leased():  # as tools left it that could not read this clip
        manifest = project.manifest("footage")
        odd = replace(good, role="dead", note=warning_of(unknown))
        table = [odd if r.path == good.path else r for r in rows]
        project.make(
            "footage", manifest.version, manifest.inputs,
            lambda draft: draft.records(FOOTAGE, FootageRow, table), again=True,
        )  # fmt: skip
    assert typed().made == ()
    assert next(r for r in footage_before(project) if r.path == good.path).role == "dead"
    monkeypatch.setattr(intake, "tools", lambda: "others")
    assert typed().made == ("footage",)
    assert footage_before(project) == rows


def test_retry_tries_what_may_pass_and_says_what_came_of_it(project, monkeypatch):
    def typed(*words):
        data = str(project.workspace.root)
        return CliRunner().invoke(app, [*words, "--data", data], env={"COLUMNS": "200"})

    monkeypatch.setattr(analysis, "analyse", kills_always)
    outcome = runs.run_project(project.workspace, project, "shot_tags", [], "")
    assert not outcome.stopped, outcome.failed
    before = dead_letters(project)
    assert {d.family for d in before} == {"TRANSIENT", "MALFORMED"}
    done = typed("retry", "a")
    assert done.exit_code == 0 and "still set aside" in done.stdout
    assert "not tried again" in done.stdout and "good now" not in done.stdout
    monkeypatch.undo()
    done = typed("retry", "a")
    assert done.exit_code == 0, done.output
    assert "good now: red_door.mp4" in done.stdout
    assert "next: video-assets run a" in done.stdout
    red = next(r for r in footage_before(project) if r.path == "red_door.mp4")
    assert red.clip_id in {t.clip_id for t in project.read(SOUNDTRACKS, Soundtrack)}
    assert {d.family for d in dead_letters(project)} == {"MALFORMED"}
    manifest = project.manifest("shot_index")
    done = typed("retry", "a", "--all")
    assert done.exit_code == 0 and "nothing was set aside that another try" in done.stdout
    assert project.manifest("shot_index") == manifest


def test_what_cannot_be_retried_is_refused():
    assert Library(retry=[" limit", "TRANSIENT"]).options.retry == {"LIMIT", "TRANSIENT"}
    for family in ("MALFORMED", "SECURITY", "nonsense"):
        with pytest.raises(ProjectError, match=", ".join(RETRIED)):
            Library(retry=[family]).options.retry  # noqa: B018


def test_newer_tools_probe_clips_again_without_reading_them_whole(project, monkeypatch):
    rows, _ = read_footage(project, [])
    old = [replace(r, fps=0, timecode="") if r.role == "clip" else r for r in rows]
    assert read_footage(project, old)[0] == old
    asked = []

    def probing(work, tasks, limits):
        asked.extend(tasks)
        return ((n, EXAMINE(*task)) for n, task in enumerate(tasks))

    monkeypatch.setattr(intake, "in_workers", probing)
    again, _ = read_footage(project, old, newer=True)
    assert again == rows
    clips = {str(project.footage_root / r.path): r.clip_id for r in rows if r.role == "clip"}
    assert {path: digest for path, digest in asked if digest} == clips
