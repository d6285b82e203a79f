"""Both ways, from files alone: where a clip is used, what a cut is made of."""

import json
import shutil
from dataclasses import replace

import pytest

from video_assets.editorial.timeline import to_otio
from video_assets.foundation.errors import ProjectError
from video_assets.foundation.store import Workspace
from video_assets.orchestration import provenance, runs
from video_assets.orchestration.assets.editorial import timelines_of
from video_assets.orchestration.assets.library import footage_before
from video_assets.orchestration.projects import add_project
from video_assets.orchestration.provenance import trace
from video_assets.orchestration.publishing import candidates_of
from video_assets.orchestration.shown import show_status, show_trace
from video_assets.orchestration.standing import State
from video_assets.orchestration.status import status_of

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(scope="module")
def project(tmp_path_factory, small_library, small_clips):
    tmp_path = tmp_path_factory.mktemp("provenance")
    footage = tmp_path / "footage"
    shutil.copytree(small_library, footage)
    shutil.copy(footage / "red_door.mp4", footage / "copy of door.mp4")
    workspace = Workspace(tmp_path / "data")
    small_clips(workspace.root)
    add_project(workspace, "a", footage, None, "")
    project = workspace.project("a")
    project.path("brief.yaml").write_text("title: Lake\ndurations: [6]\naspects: ['9:16']\n")
    outcome = runs.run_project(workspace, project, None, [], "")
    assert not outcome.stopped, outcome.failed
    shutil.rmtree(footage)  # whoever asks may have unplugged the drive
    return project


def test_both_ways_agree_and_need_no_footage(project, capsys):
    (line,) = timelines_of(project)
    whole = trace(project, line.cut_id)
    assert whole.kind == "cut" and len(whole.uses) == len(line.picture) + len(line.sound)
    assert {r.clip_id for r in whole.paths} == {c.clip_id for c in line.picture}
    (made,) = trace(project, f"{line.cut_id} 9:16").cutdowns
    verdict = json.loads(project.path(f"delivery/{line.cut_id}/9x16.verdict.json").read_text())
    assert (made.aspect, made.sha256) == ("9x16", verdict["sha256"])
    assert (made.state is State.PUBLISHABLE) == verdict["passed"]
    for cut in line.picture:
        for name in (cut.path, cut.clip_id[:8], cut.path.rpartition("/")[2]):
            found = trace(project, name)
            assert found.kind == "clip" and found.cutdowns == (made,)
            stretches = {(u.track, u.start * line.fps) for u in found.uses}
            assert (cut.track, cut.start) in stretches
    show_trace(whole)
    assert line.picture[0].path in capsys.readouterr().out


def test_a_cutdown_that_lies_there_speaks_for_itself(project, monkeypatch):
    """Today's timeline shows other clips: the file that was made, and may be out, shows these."""
    (line,) = timelines_of(project)
    last = line.picture[-1]
    assert last.clip_id != line.picture[0].clip_id
    today = replace(line, picture=line.picture[:1], sound=())
    text = to_otio(today, footage_before(project), project.footage_root)
    monkeypatch.setattr(provenance, "_today", lambda project: {line.cut_id: text})
    found = trace(project, last.path)
    assert (last.track, last.path) in {(u.track, u.path) for u in found.uses}
    (made,) = found.cutdowns
    assert made.state is State.OUTDATED and "its timeline has changed" in made.why
    assert len(trace(project, f"{line.cut_id} 9x16").uses) == len(line.picture) + len(line.sound)
    assert len(trace(project, line.cut_id).uses) == 1


@pytest.mark.parametrize(
    ("spoil", "state", "told"),
    [
        (lambda f: f.unlink(), State.MISSING, "9x16.mp4 is not there"),
        (lambda f: f.write_bytes(b""), State.DAMAGED, "9x16.mp4 is not the file that was made"),
    ],
)
def test_what_became_of_a_cutdown_is_said_everywhere(project, spoil, state, told, capsys):
    (line,) = timelines_of(project)
    file = project.path(f"delivery/{line.cut_id}/9x16.mp4")
    was = file.read_bytes()
    try:
        spoil(file)
        (made,) = trace(project, line.cut_id).cutdowns
        found = status_of(project)
        show_status(found, False)
        (candidate,) = candidates_of(project)
    finally:
        file.write_bytes(was)
    assert made.state is state and told in made.why
    (one,) = found["cutdowns"]
    assert (one["state"], one["passed"]) == (state.value, False)
    assert f"9x16 {state.value}: delivery/{line.cut_id}/{told}" in capsys.readouterr().out
    assert [o for o in candidate.obstacles if told in o]


def test_copies_speak_for_the_clip_and_what_is_not_used_says_so(project, capsys):
    one, two = trace(project, "red_door.mp4"), trace(project, "copy of door.mp4")
    assert trace(project, str(project.footage_root / "red_door.mp4")) == replace(
        one, asked=str(project.footage_root / "red_door.mp4")
    )
    assert one.uses == two.uses and one.paths == two.paths
    assert [r.role for r in one.paths] == ["clip", "duplicate"]
    unused = trace(project, "broken.mp4")
    assert unused.uses == () and unused.cutdowns == ()
    show_trace(unused)
    assert "no timeline uses it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("nothing", "neither a clip nor a cut called 'nothing'"),
        ("r1-01 16x9", "has no cutdown '16x9'; there are 9x16"),
        ("", "neither a clip nor a cut"),
    ],
)
def test_what_is_not_there_is_said(project, asked, told):
    with pytest.raises(ProjectError, match=told):
        trace(project, asked)
