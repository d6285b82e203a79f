"""A shut gate stays shut, however often one runs; two commands never make one project at once."""

import dataclasses
import json
import shutil

import pytest

from video_assets import definitions
from video_assets.foundation import store
from video_assets.foundation.errors import BriefError, ProjectError
from video_assets.foundation.records import Word
from video_assets.foundation.store import Workspace, kept
from video_assets.orchestration import runs
from video_assets.orchestration.assets import editorial, library
from video_assets.orchestration.graph import BY_NAME, STEPS
from video_assets.orchestration.projects import add_project
from video_assets.orchestration.status import status_of


@pytest.fixture
def project(tmp_path, small_library):
    footage = tmp_path / "footage"
    shutil.copytree(small_library, footage)
    workspace = Workspace(tmp_path / "data")
    add_project(workspace, "a", footage, None, "")
    (workspace.project("a").root / "brief.yaml").write_text("title: Lake\ndurations: [6]\n")
    return workspace.project("a")


def run(project, to="timelines"):
    return runs.run_project(project.workspace, project, to, [], "")


@pytest.mark.filterwarnings(
    "ignore::ResourceWarning"
)  # Dagster leaves its SQLite handles to the collector
def test_a_shut_gate_stays_shut_until_it_is_mended(project, small_clips, monkeypatch):
    small_clips(project.workspace.root)
    problems = ["planted"]

    def fails(project):
        """Fails while the test wants it."""
        return problems

    planted = dataclasses.replace(BY_NAME["shot_tags"], gates=(fails,))
    monkeypatch.setitem(BY_NAME, "shot_tags", planted)
    monkeypatch.setattr(
        definitions, "STEPS", tuple(planted if s.name == "shot_tags" else s for s in STEPS)
    )
    for _ in range(2):
        outcome = run(project)
        assert outcome.stopped and any("planted" in why for _, why in outcome.failed)
        assert project.manifest("ideas") is None
    assert any("planted" in s for s in status_of(project)["shut_gates"])
    problems.clear()
    outcome = run(project)
    assert not outcome.stopped and project.manifest("timelines") is not None
    assert run(project).made == ()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_damaged_table_is_made_again(project):
    run(project, "footage")
    path = project.path(library.FOOTAGE)
    path.write_bytes(b"PAR1 not a table")
    assert "footage" in status_of(project)["stale"]
    assert "footage" not in run(project, "footage").failed
    assert project.read(library.FOOTAGE, library.FootageRow)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_an_empty_mount_point_changes_nothing(project):
    run(project, "footage")
    before = project.path(library.FOOTAGE).read_bytes()
    root = project.footage_root
    shutil.rmtree(root)
    root.mkdir()
    outcome = run(project, "footage")
    assert outcome.stopped and "mount or reconnect" in outcome.failed[0][1]
    assert project.path(library.FOOTAGE).read_bytes() == before


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_what_comes_due_while_the_disk_is_away_waits_for_it(project, small_clips):
    """Sidecars that cannot be read are no clips without words: what was read stays."""
    small_clips(project.workspace.root)
    first = sorted(project.footage_root.glob("lake/*.mp4"))[0]
    words = [{"text": "Kwikset", "start": 0.5, "end": 1.0}]
    first.with_suffix(".json").write_text(json.dumps({"words": words}))
    assert not run(project, "transcripts").stopped

    def heard():
        return [(w.text, w.source) for w in project.read(library.WORDS, Word)]

    assert heard() == [("Kwikset", "sidecar")]
    away = project.footage_root.rename(project.footage_root.with_name("away"))
    brief = project.path("brief.yaml")
    brief.write_text(f"{brief.read_text()}glossary: [{{word: Quickset, instead_of: [Kwikset]}}]\n")
    outcome = run(project, "transcripts")
    assert outcome.stopped and any("OFFLINE" in why for _, why in outcome.failed), outcome
    assert heard() == [("Kwikset", "sidecar")]
    away.rename(project.footage_root)
    BY_NAME["transcripts"].run(project)
    assert heard() == [("Quickset", "sidecar")]


def test_a_second_command_waits_and_then_says_who_is_at_work(project, monkeypatch):
    monkeypatch.setattr(store, "LEASE_WAIT", 0.2)
    other = Workspace(project.workspace.root).project("a")
    with other.leased():
        outcome = run(project, "footage")
    assert outcome.stopped and "is being made by process" in outcome.failed[0][1]
    assert not run(project, "footage").stopped


def test_footage_and_data_lie_apart(tmp_path, small_library):
    with pytest.raises(ProjectError, match="must lie apart"):
        add_project(Workspace(small_library / "data"), "a", small_library, None, "")
    with pytest.raises(ProjectError, match="must lie apart"):
        add_project(Workspace(small_library.parent), "a", small_library, None, "")
    assert not (small_library / "data").exists()


def test_music_is_a_file_that_people_see(project):
    folder = project.path("music")
    (folder / "._theme.wav").write_bytes(b"\0")
    (folder / "b.wav").mkdir()
    assert editorial.music_of(project) is None
    (folder / "theme.wav").write_bytes(b"x")
    cue = editorial.music_of(project)
    assert cue is not None and cue.path == "music/theme.wav"
    project.path("brief.yaml").write_text("title: x\nmusic: other.wav\n")
    with pytest.raises(BriefError, match=r"other\.wav"):
        editorial.music_of(project)


@pytest.mark.parametrize(
    ("text", "good"),
    [("title: x\n", True), ("title: x\ntier: draft\n", True), ("{title: Hello}\n", False)],
)
def test_the_tier_is_written_only_where_the_brief_stays_whole(project, text, good):
    path = project.path("brief.yaml")
    path.write_text(text)
    if good:
        editorial.set_tier(project, "delivery")
        assert editorial.brief_of(project).tier == "delivery"
    else:
        with pytest.raises(BriefError, match="yourself"):
            editorial.set_tier(project, "draft")
        assert path.read_text() == text


def test_what_a_killed_worker_left_is_swept(tmp_path):
    orphan = tmp_path / "k" / ".999999999-abc"
    orphan.mkdir(parents=True)
    (orphan / "sound.wav").write_bytes(b"x")
    kept(tmp_path / "k" / "analysis-1", lambda draft: {})
    assert not orphan.exists()
