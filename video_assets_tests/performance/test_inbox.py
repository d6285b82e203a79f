"""Bringing report files to the projects they are about."""

import pytest

from video_assets.foundation.errors import ProjectError
from video_assets.foundation.store import Workspace
from video_assets.performance.inbox import (
    ReportError,
    files_in,
    import_files,
)
from video_assets.performance.reported import read_reports
from video_assets_tests.performance.made_numbers import project, publication

HEAD = "platform,post_id,window_start,source_time,views\n"


def row(post, value=5):
    return f"tiktok,{post},2026-11-02,2026-11-09,{value}\n"


@pytest.fixture
def two(tmp_path):
    """Projects a and b, with the posts a1, a2 and b1; and x1, which both have published."""
    for slug, posts in (("a", ("a1", "a2", "x1")), ("b", ("b1", "x1"))):
        made = [
            publication(f"r1-0{n}", project=slug, platform="tiktok", remote_id=post)
            for n, post in enumerate(posts)
        ]
        project(tmp_path, slug, published=made)
    return Workspace(tmp_path)


def write(folder, text, name="week.csv"):
    path = folder / name
    path.write_text(text)
    return path


def inbox(workspace, slug):
    return {name: path.read_text() for name, path in files_in(workspace.project(slug)).items()}


def test_a_file_comes_under_its_content_and_once(two, tmp_path):
    file = write(tmp_path, HEAD + row("a1"), "My week (1).csv")
    (name,) = import_files(two, [file], "a").files["a"]
    assert name.startswith("My-week-1-")
    again = files_in(two.project("a"))[name]
    assert import_files(two, [file, again], "a").files["a"] == [name, name]
    assert list(inbox(two, "a")) == [name]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (HEAD, "it holds no rows"),
        (HEAD + row("a1", "x"), "line 2: views is no number: 'x'"),
        ("hello\n", "no column platform"),
        ("", "it is empty"),
    ],
)
def test_a_file_without_a_good_row_is_refused_with_the_reason(two, tmp_path, text, why):
    with pytest.raises(ReportError, match=r"week\.csv") as refused:
        import_files(two, [write(tmp_path, text)], "a")
    assert why in str(refused.value)
    assert inbox(two, "a") == {}
    with pytest.raises(ReportError, match="is no file"):
        import_files(two, [tmp_path / "absent.csv"], "a")


def test_a_file_about_one_project_goes_there_as_it_is(two, tmp_path):
    text = HEAD + row("a1") + row("a2", "x") + row("c1")
    done = import_files(two, [write(tmp_path, text)], None)
    assert list(done.files) == ["a"]
    assert done.rows == {"a": 1}
    assert list(inbox(two, "a").values()) == [text]
    assert inbox(two, "b") == {}
    assert done.set_aside[0].startswith("week.csv, line 3: views is no number: 'x'")
    assert "no project published tiktok post c1" in done.set_aside[1]
    again = import_files(two, [write(tmp_path, text)], None)
    assert again.files == done.files
    assert len(inbox(two, "a")) == 1


def test_a_file_about_two_projects_is_parted(two, tmp_path):
    text = HEAD + row("a1", -3) + row("b1", 7.25) + row("c1") + row("x1") + row("a2")
    done = import_files(two, [write(tmp_path, text)], None)
    assert done.rows == {"a": 2, "b": 1}
    for slug, expected in (("a", [("a1", -3.0), ("a2", 5.0)]), ("b", [("b1", 7.25)])):
        ((name, path),) = files_in(two.project(slug)).items()
        good, dead = read_reports([path])
        assert name.startswith("week-")
        assert dead.empty
        assert [*zip(good["post_id"], good["value"], strict=True)] == expected
        whole, _ = read_reports([tmp_path / "week.csv"])
        same = whole[whole["post_id"].isin(dict(expected))].reset_index(drop=True)
        assert good.equals(same)
    (left,) = done.set_aside
    assert "no project published tiktok post c1" in left
    assert "projects a, b all published tiktok post x1; name one with --project" in left


def test_rows_of_a_named_project_all_go_there(two, tmp_path):
    text = HEAD + row("x1") + row("c1") + row("b1")
    done = import_files(two, [write(tmp_path, text)], "a")
    assert done.rows == {"a": 1}
    assert list(inbox(two, "a").values()) == [text]
    assert inbox(two, "b") == {}
    assert "project a has not published tiktok post b1, tiktok post c1" in done.set_aside[0]
    with pytest.raises(ProjectError, match="no project 'c'"):
        import_files(two, [write(tmp_path, text)], "c")


def test_what_nobody_published_goes_nowhere(two, tmp_path):
    posts = "".join(row(f"c{n}") for n in range(30))
    with pytest.raises(ReportError, match="and 20 more; publish first") as refused:
        import_files(two, [write(tmp_path, HEAD + posts)], None)
    assert "tiktok post c0" in str(refused.value)
    with pytest.raises(ReportError, match="projects a, b all published"):
        import_files(two, [write(tmp_path, HEAD + row("x1"))], None)
    assert inbox(two, "a") == inbox(two, "b") == {}


def test_one_bad_file_does_not_keep_the_others(two, tmp_path):
    bad, good = write(tmp_path, "x", "bad.csv"), write(tmp_path, HEAD + row("b1"))
    done = import_files(two, [bad, good], None)
    assert list(done.files) == ["b"]
    assert "bad.csv: no column platform" in done.set_aside[0]


def test_one_damaged_outbox_does_not_keep_the_others(two, tmp_path):
    (two.project("a").root / "delivery/outbox.sqlite").write_bytes(b"no database" * 400)
    done = import_files(two, [write(tmp_path, HEAD + row("b1"))], None)
    assert done.rows == {"b": 1}
    assert "project a was left out" in done.set_aside[0]
