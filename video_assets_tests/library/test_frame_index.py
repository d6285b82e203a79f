"""The LanceDB table: one row a still, one project's rows at a time, the same digest for the same stills."""

from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest

from video_assets.foundation.errors import FootageError, LeaseError, ProjectError
from video_assets.foundation.records import Shot
from video_assets.foundation.store import Workspace
from video_assets.library import frame_index
from video_assets.library.frame_index import (
    every_shot_represented,
    index_frames,
    normalised,
    similar,
    table_name,
    tables_of,
    vectors_of,
)
from video_assets.models.embedders import default_embedder

LOOK = default_embedder()
PAINT = {"red": (200, 30, 30), "green": (40, 160, 60), "blue": (30, 60, 200)}


def still(workspace: Workspace, name: str, colour: tuple[int, int, int]) -> str:
    """A small JPEG of one colour below the data folder."""
    import cv2

    path = workspace.root / "clips" / f"{name}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = np.full((36, 64, 3), colour[::-1], np.uint8)
    picture[:, :8] //= 2
    assert cv2.imwrite(str(path), picture)
    return f"clips/{name}.jpg"


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace(tmp_path / "data")


@pytest.fixture
def shots(workspace) -> list[Shot]:
    return [
        Shot(
            f"{'c' * 12}-{i:04d}", "c" * 32, i, F(i), F(i + 1),
            stills=(still(workspace, name, colour), still(workspace, f"{name}2", colour)),
            still_times=(F(i) + F(1, 3), F(i) + F(2, 3)),
        )
        for i, (name, colour) in enumerate(PAINT.items())
    ]  # fmt: skip


def test_every_still_has_a_row_and_likeness_finds_it(workspace, shots):
    rows, digest = index_frames(workspace, "spring", shots, LOOK)
    assert rows == 6 and len(digest) == 64
    assert every_shot_represented(workspace, "spring", shots, LOOK.name) == []
    assert normalised(workspace, "spring", LOOK.name) == []
    found = similar(workspace, "spring", LOOK.text("blue"), 2)
    assert found[0][0].endswith("-0002") and len(found) == 2
    itself = similar(
        workspace, "spring", vectors_of(workspace, "spring", LOOK.name)[shots[1].shot_id][0], 5
    )
    assert itself[0] == (shots[1].shot_id, pytest.approx(1.0, abs=1e-4)) and len(itself) == 3
    assert similar(workspace, "spring", LOOK.text("blue"), 0) == []


def test_the_same_stills_give_the_same_digest_and_no_new_version(workspace, shots):
    first = index_frames(workspace, "spring", shots, LOOK)
    folder = workspace.index / f"{table_name(LOOK.name)}.lance"
    before = {p: p.stat().st_mtime_ns for p in sorted(folder.rglob("*"))}
    assert index_frames(workspace, "spring", list(reversed(shots)), LOOK) == first
    assert {p: p.stat().st_mtime_ns for p in sorted(folder.rglob("*"))} == before
    other = Workspace(workspace.root.parent / "data")
    assert index_frames(other, "spring", shots, LOOK) == first


def test_a_write_replaces_one_projects_rows_only(workspace, shots):
    _, before = index_frames(workspace, "spring", shots, LOOK)
    index_frames(workspace, "autumn", shots[:2], LOOK)
    rows, after = index_frames(workspace, "spring", shots[1:], LOOK)
    assert rows == 4 and after != before
    assert set(vectors_of(workspace, "spring", LOOK.name)) == {s.shot_id for s in shots[1:]}
    assert set(vectors_of(workspace, "autumn", LOOK.name)) == {s.shot_id for s in shots[:2]}
    assert index_frames(workspace, "spring", [], LOOK)[0] == 0
    assert vectors_of(workspace, "spring", LOOK.name) == {}
    assert len(vectors_of(workspace, "autumn", LOOK.name)) == 2


def test_many_writes_do_not_leave_many_pieces(workspace, shots, monkeypatch):
    monkeypatch.setattr(frame_index, "MAX_FRAGMENTS", 3)
    for n in range(8):
        index_frames(workspace, f"p{n}", shots, LOOK)
    table = frame_index._table(workspace, LOOK.name, 0, create=False)
    assert frame_index._fragments(table) <= 4
    assert all(len(vectors_of(workspace, f"p{n}", LOOK.name)) == 3 for n in range(8))


def test_gates_see_missing_gone_and_unscaled_rows(workspace, shots):
    class Long:
        name, size = LOOK.name, LOOK.size

        def images(self, pictures):
            return LOOK.images(pictures) * np.float32(2)

        def text(self, text):
            return None

    index_frames(workspace, "spring", shots[:2], Long())
    problems = every_shot_represented(workspace, "spring", shots[1:], LOOK.name)
    assert len(problems) == 2
    assert shots[2].shot_id in problems[0] and "no frame" in problems[0]
    assert shots[0].shot_id in problems[1] and "gone" in problems[1]
    long = normalised(workspace, "spring", LOOK.name)
    assert len(long) == 4 and "length 2.0" in long[0]


def test_nothing_indexed_is_no_error(workspace, shots):
    assert similar(workspace, "spring", LOOK.text("blue"), 5) == []
    assert index_frames(workspace, "spring", [], LOOK)[0] == 0
    assert not workspace.index.exists()
    assert len(every_shot_represented(workspace, "spring", shots, LOOK.name)) == 3
    assert normalised(workspace, "spring", LOOK.name) == []


def test_a_lost_still_is_named(workspace, shots):
    gone = replace(shots[0], stills=("clips/none.jpg", shots[0].stills[1]))
    with pytest.raises(FootageError, match=r"none\.jpg"):
        index_frames(workspace, "spring", [gone], LOOK)
    (workspace.root / "clips/bad.jpg").write_bytes(b"no picture")
    with pytest.raises(FootageError, match=r"bad\.jpg is no picture"):
        frame_index.read_picture(workspace.root / "clips/bad.jpg")


def test_names_that_would_break_a_query_are_refused(workspace, shots):
    for name in ("a'b", "..", ""):
        with pytest.raises(ProjectError):
            index_frames(workspace, name, shots, LOOK)


def test_models_never_share_a_table():
    names = [
        "look-1",
        "open_clip:ViT-B-32:a",
        "open_clip:ViT-B-32:b",
        "open_clip/ViT-B-32/a",
        "x" * 99,
        "x" * 98,
    ]
    assert len({table_name(n) for n in names}) == len(names)
    assert all(len(table_name(n)) < 64 for n in names)


def test_who_lost_the_lease_changes_no_row(workspace, shots):
    index_frames(workspace, "spring", shots[:1], LOOK)
    (workspace.root / "projects" / "spring").mkdir(parents=True)
    (workspace.root / "projects" / "spring" / "project.yaml").write_text("footage: nowhere\n")
    project = workspace.project("spring")
    with project.leased():
        workspace.lease_file("spring").unlink()
        with pytest.raises(LeaseError):
            index_frames(workspace, "spring", shots, LOOK, project.guarded)
    assert every_shot_represented(workspace, "spring", shots[:1], LOOK.name) == []
    with project.leased():
        index_frames(workspace, "spring", shots, LOOK, project.guarded)
    assert every_shot_represented(workspace, "spring", shots, LOOK.name) == []


def test_a_table_that_was_killed_before_its_first_version_is_made_anew(workspace, shots):
    half = workspace.index / f"{table_name(LOOK.name)}.lance"
    for folder in ("_versions", "_transactions"):
        (half / folder).mkdir(parents=True)
    assert vectors_of(workspace, "spring", LOOK.name) == {} and tables_of(workspace) == {}
    assert index_frames(workspace, "spring", shots, LOOK)[0] == 6
    assert len(vectors_of(workspace, "spring", LOOK.name)) == 3
