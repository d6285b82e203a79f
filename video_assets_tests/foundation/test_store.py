"""Whole or not at all, and not again where nothing differs."""

import errno
import os
import shutil

import pytest

from video_assets.foundation.errors import ProjectError, StorageError
from video_assets.foundation.files import is_alive, maker, write_atomic
from video_assets.foundation.store import (
    Workspace,
    check_slug,
    disk_errors,
    kept,
    kept_facts,
    sweep,
)


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "projects" / "spring"
    root.mkdir(parents=True)
    (root / "project.yaml").write_text("footage: footage\n")
    return Workspace(tmp_path).project("spring")


def write_two(draft):
    draft.text("library/a.txt", "a")
    draft.text("library/b.txt", "b")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("started: 2026-02-30\n", "not YAML: day"),
        ("footage: [\n", "not YAML"),
        ("[" * 5000, "not YAML: maximum recursion"),
        (None, "cannot be read: Is a directory"),
    ],
)
def test_wrong_settings_are_named_with_their_file(project, text, why):
    path = project.root / "project.yaml"
    path.unlink()
    path.mkdir() if text is None else path.write_text(text)
    with pytest.raises(ProjectError, match=f"project.yaml.* {why}"):
        _ = project.settings


def test_made_once(project):
    first = project.make("thing", "1", {"x": "1"}, write_two)
    again = project.make("thing", "1", {"x": "1"}, lambda d: pytest.fail("made again"))
    assert first.fresh and not again.fresh
    assert again.manifest == first.manifest


@pytest.mark.parametrize(("version", "inputs"), [("2", {"x": "1"}), ("1", {"x": "2"})])
def test_other_inputs_make_it_again_and_same_bytes_are_left_alone(project, version, inputs):
    first = project.make("thing", "1", {"x": "1"}, write_two)
    before = project.path("library/a.txt").stat().st_mtime_ns
    again = project.make("thing", version, inputs, write_two)
    assert again.fresh
    assert again.manifest.data_version == first.manifest.data_version
    assert project.path("library/a.txt").stat().st_mtime_ns == before


@pytest.mark.parametrize("harm", ["delete", "change"])
def test_a_damaged_file_is_made_again(project, harm):
    project.make("thing", "1", {}, write_two)
    path = project.path("library/a.txt")
    path.unlink() if harm == "delete" else path.write_text("z")
    assert not project.is_current("thing", "1", {})
    assert project.make("thing", "1", {}, write_two).fresh
    assert path.read_text() == "a"


def test_files_that_are_no_longer_part_of_it_go(project):
    project.make("thing", "1", {}, write_two)
    project.make("thing", "2", {}, lambda d: d.text("library/a.txt", "a"))
    assert not project.path("library/b.txt").exists()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_what_was_there(project, error):
    project.make("thing", "1", {}, write_two)

    def fail(draft):
        draft.text("library/a.txt", "half")
        raise error

    with pytest.raises(error):
        project.make("thing", "2", {}, fail)
    assert project.path("library/a.txt").read_text() == "a"
    assert project.is_current("thing", "1", {})
    assert not list(project.root.rglob("*.part")) and not (project.root / ".drafts").exists()


def test_a_full_disk_says_so(project):
    def full(draft):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(StorageError, match="full: free some space"):
        project.make("thing", "1", {}, full)
    assert project.manifest("thing") is None


def test_other_disk_errors_pass(tmp_path):
    with pytest.raises(FileNotFoundError), disk_errors(tmp_path):
        (tmp_path / "absent").read_text()


def test_a_draft_of_a_dead_process_is_swept(project):
    orphan = project.root / ".drafts" / "999999999-thing-x"
    orphan.mkdir(parents=True)
    project.make("thing", "1", {}, write_two)
    assert not orphan.exists()


def test_kept_is_made_once_and_again_when_cut_short(tmp_path):
    folder = tmp_path / "clips" / "k" / "analysis-1"
    calls = []

    def write(draft):
        calls.append(1)
        (draft / "a.bin").write_bytes(b"12345")
        return {"n": len(calls)}

    assert kept(folder, write) == {"n": 1}
    assert kept(folder, write) == {"n": 1}
    (folder / "a.bin").write_bytes(b"12")
    assert kept_facts(folder) is None
    assert kept(folder, write) == {"n": 2}
    assert (folder / "a.bin").read_bytes() == b"12345"
    assert [p.name for p in folder.parent.iterdir()] == ["analysis-1"]


@pytest.mark.parametrize("slug", ["a", "spring-2026", "0_x", "a" * 63])
def test_good_slugs(slug):
    assert check_slug(slug) == slug


@pytest.mark.parametrize(
    "slug",
    [
        "",
        "..",
        ".",
        "a/b",
        "a|b",
        "a" * 64,
        "a" * 300,
        "A",
        "-a",
        "_a",
        "a b",
        "a\0b",
        "é",
        "con",
        "a\n",
        "com1",
    ],
)
def test_bad_slugs(slug):
    with pytest.raises(ProjectError, match="cannot name a project"):
        check_slug(slug)


def test_a_project_never_reaches_outside_its_folder(project):
    with pytest.raises(ProjectError, match="outside"):
        project.path("../other/brief.yaml")
    with pytest.raises(ProjectError, match="outside"):
        project.path("/etc/passwd")


def test_an_unknown_project_names_the_known_ones(project):
    with pytest.raises(ProjectError, match=r"projects: spring"):
        project.workspace.project("autumn")


def test_who_was_killed_is_not_alive_even_while_nobody_asked_how_it_ended():
    dead = os.fork()
    if dead == 0:
        os._exit(0)
    os.waitid(os.P_PID, dead, os.WEXITED | os.WNOWAIT)  # it is a zombie now
    assert not is_alive(dead) and is_alive(os.getpid())
    os.waitpid(dead, 0)
    assert not is_alive(dead)


def test_what_a_killed_writer_left_beside_a_file_goes(tmp_path):
    left, others = tmp_path / ".a.json.999999999-x.part", tmp_path / f".a.json.{os.getpid()}-x.part"
    for part in (left, others):
        part.write_text("half")
    write_atomic(tmp_path / "a.json", "{}")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([others.name, "a.json"])


def test_drafts_of_another_container_stay_until_they_are_old(tmp_path):
    drafts = tmp_path / ".drafts"
    mine, gone, old = "999999999-" + maker().partition("-")[2], "1-0badcafe", "2-0badcafe"
    for name in (mine, gone, old):
        (drafts / f"{name}-footage-x").mkdir(parents=True)
    os.utime(drafts / f"{old}-footage-x", (1, 1))
    sweep(drafts)
    assert [p.name for p in drafts.iterdir()] == [f"{gone}-footage-x"]


def test_nobody_who_waited_writes_into_a_project_that_is_gone(project):
    shutil.rmtree(project.root)
    with project.leased(), pytest.raises(ProjectError, match="meanwhile"), project.guarded():
        pytest.fail("it writes")
    assert not project.root.exists()
