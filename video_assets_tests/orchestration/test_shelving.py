"""Projects are put away, brought back, renamed and removed: whole, or not at all."""

import shutil
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from video_assets.cli import app
from video_assets.foundation.errors import LeaseError, ProjectError
from video_assets.foundation.store import Workspace, sha256_file
from video_assets.library.frame_index import vectors_of
from video_assets.orchestration import runs
from video_assets.orchestration.projects import add_project
from video_assets.orchestration.rounds import outbox_of
from video_assets.orchestration.shelving import archive, archived, remove, rename, restore

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
MODEL = "look-1"
HOLDS = """
import sys, time
from pathlib import Path
from video_assets.foundation.store import Workspace
with Workspace(Path(sys.argv[1])).project("a").leased():
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory, small_library, small_clips):
    """Two projects of one library, one of them made and published."""
    folder = tmp_path_factory.mktemp("shelf")
    shutil.copytree(small_library, folder / "footage")
    workspace = Workspace(folder / "data")
    small_clips(workspace.root)
    for slug in ("a", "b"):
        add_project(workspace, slug, folder / "footage", None, "")
        workspace.project(slug).path("brief.yaml").write_text(
            "title: Lake\ndurations: [6]\naspects: ['9:16']\n"
        )
    outcome = runs.run_project(workspace, workspace.project("a"), None, [], "")
    assert not outcome.stopped, outcome.failed
    runs.run_project(workspace, workspace.project("b"), "frame_index", [], "")
    done = typed(workspace, "publish", "a")
    assert done.exit_code == 0, done.output
    assert [row.state for row in outbox_of(workspace.project("a")).rows()] == ["live"]
    return folder


@pytest.fixture
def workspace(made, tmp_path):
    """A copy of them, with the footage where it was."""
    shutil.copytree(made / "data", tmp_path / "data")
    return Workspace(tmp_path / "data")


def typed(workspace, *words):
    arguments = [*words, "--data", str(workspace.root)]
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})


def files(root):
    return {f.relative_to(root): sha256_file(f) for f in sorted(root.rglob("*")) if f.is_file()}


def partitions(workspace):
    with runs.instance_of(workspace.root) as instance:
        return set(instance.get_dynamic_partitions("project"))


def test_what_was_put_away_comes_back_as_it_was(workspace):
    # publishing froze a round: what that changes is made first
    runs.run_project(workspace, workspace.project("a"), None, [], "")
    before = files(workspace.project("a").root)
    assert "restore a" in typed(workspace, "project", "archive", "a").stdout
    assert (workspace.projects(), archived(workspace)) == (["b"], ["a"])
    assert "a" not in partitions(workspace)
    assert typed(workspace, "project", "list").stdout == "b\na (archived)\n"
    done = typed(workspace, "run", "a")
    assert done.exit_code == 1 and "there is no project 'a'" in done.stderr
    with pytest.raises(ProjectError, match=r"no project 'b' in the archive \(there: a\)"):
        restore(workspace, "b")
    assert typed(workspace, "project", "restore", "a").exit_code == 0
    assert files(workspace.project("a").root) == before
    assert "a" in partitions(workspace) and archived(workspace) == []
    outcome = runs.run_project(workspace, workspace.project("a"), None, [], "")
    assert outcome.made == () and not outcome.failed


def test_names_that_are_taken_are_refused(workspace):
    archive(workspace, "a")
    shutil.copytree(workspace.root / "archive/a", workspace.root / "projects/a")
    with pytest.raises(ProjectError, match="in the archive already"):
        archive(workspace, "a")
    with pytest.raises(ProjectError, match="already; rename it first"):
        restore(workspace, "a")
    for taken in ("a", "b"):
        with pytest.raises(ProjectError, match="already, here or in the archive"):
            rename(workspace, "b", taken)
    with pytest.raises(ProjectError, match="cannot name a project"):
        rename(workspace, "b", "../c")


@pytest.mark.parametrize("act", [archive, lambda w, s: rename(w, s, "c"), remove])
def test_while_somebody_writes_nothing_moves(workspace, act, monkeypatch):
    monkeypatch.setattr("video_assets.orchestration.shelving.PATIENCE", 0.2)
    outbox_of(workspace.project("a")).path.unlink()
    before = files(workspace.project("a").root)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(workspace.root)], stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(LeaseError):
            act(workspace, "a")
    finally:
        holder.kill()
        holder.wait()
    assert files(workspace.project("a").root) == before
    act(workspace, "a")  # its lease died with it
    assert "a" not in workspace.projects()


def test_while_a_run_is_going_on_nothing_moves(workspace):
    (workspace.root / "projects/b/brief.yaml").write_text(
        "title: River\ndurations: [6]\naspects: ['9:16']\n"
    )
    command = [sys.executable, "-m", "video_assets.cli", "run", "b", "--data", str(workspace.root)]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    refused = 0
    while run.poll() is None:
        with runs.instance_of(workspace.root) as instance:
            going = instance.get_runs_count()
        try:
            if going > GOING_BEFORE and not workspace.project("b").path("delivery").exists():
                archive(workspace, "b")
        except LeaseError as error:
            assert "b is going on" in str(error) or "wait until it is done" in str(error)
            refused += 1
        time.sleep(0.5)
    told = run.communicate()[0].decode()
    assert refused and run.returncode == 0, told
    archive(workspace, "b")
    assert (workspace.root / "archive/b/delivery/r1-01/9x16.mp4").is_file()


GOING_BEFORE = 3
"""Runs that the fixture made."""


def test_a_renamed_project_sends_nothing_twice(workspace):
    (row,) = outbox_of(workspace.project("a")).rows()
    before = files(workspace.project("a").root)
    assert typed(workspace, "project", "rename", "a", "lake").exit_code == 0
    assert workspace.projects() == ["b", "lake"]
    assert partitions(workspace) >= {"lake"} and "a" not in partitions(workspace)
    project = workspace.project("lake")
    assert (project.slug, project.published_as) == ("lake", "a")
    after = files(project.root)
    assert {k for k in before if before[k] != after.get(k)} == {
        (project.root / "project.yaml").relative_to(project.root)
    }
    outcome = runs.run_project(workspace, project, None, [], "")
    assert not outcome.stopped, outcome.failed
    assert not [name for name in outcome.made if name.startswith(("cutdowns", "timelines"))]
    assert vectors_of(workspace, "lake", MODEL) and not vectors_of(workspace, "a", MODEL)
    assert typed(workspace, "publish", "lake").exit_code == 0
    assert outbox_of(project).rows() == [row]
    rename(workspace, "lake", "again")
    assert workspace.project("again").published_as == "a"


def test_what_is_removed_is_gone_and_nothing_else(workspace, made):
    footage, clips = files(made / "footage"), files(workspace.root / "clips")
    other, rows = files(workspace.project("b").root), vectors_of(workspace, "b", MODEL)
    done = typed(workspace, "project", "remove", "a")
    assert done.exit_code == 1 and "would be deleted for ever; say --yes" in done.stderr
    done = typed(workspace, "project", "remove", "a", "--yes")
    assert done.exit_code == 1 and "has 1 publications" in done.stderr
    archive(workspace, "a")
    with pytest.raises(ProjectError, match="has 1 publications"):
        remove(workspace, "a")
    restore(workspace, "a")
    assert "a" in workspace.projects()
    done = typed(workspace, "project", "remove", "a", "--yes", "--even-published")
    assert done.exit_code == 0, done.output
    assert workspace.projects() == ["b"] and "a" not in partitions(workspace)
    assert not list(workspace.root.rglob("*a*/project.yaml"))
    assert not (workspace.root / ".removed").exists()
    assert not vectors_of(workspace, "a", MODEL)
    assert vectors_of(workspace, "b", MODEL).keys() == rows.keys() and rows
    assert files(workspace.project("b").root) == other
    assert files(workspace.root / "clips") == clips and files(made / "footage") == footage


def test_footage_inside_a_project_is_not_deleted(workspace):
    inside = workspace.project("b").path("footage/clip.mp4")
    inside.parent.mkdir()
    inside.write_bytes(b"mine")
    with pytest.raises(ProjectError, match="1 files of footage lie in"):
        remove(workspace, "b")
    archive(workspace, "b")
    with pytest.raises(ProjectError, match="move them elsewhere first"):
        remove(workspace, "b")
    (workspace.root / "archive/b/footage/clip.mp4").unlink()
    remove(workspace, "b")
    assert archived(workspace) == []
