"""Absent is not deleted: OFFLINE, a first miss, a second one, moves, and what is forgotten."""

import os
import shutil
import time
from dataclasses import replace
from fractions import Fraction

import pytest

from video_assets.foundation.errors import FootageError, ProjectError
from video_assets.foundation.records import FootageRow
from video_assets.foundation.store import Project, Workspace
from video_assets.library import absence
from video_assets.library.intake import Found, digest_of_found, look, still

NOW = 1_000_000.0


def rows_of(root) -> list[FootageRow]:
    """A clip for every file below a folder, as if it had been read."""
    return [
        FootageRow(
            f.path, "clip", f.size, f.mtime_ns, f.inode, f"id-{f.path}", duration=Fraction(2)
        )
        for f in look(root)
    ]


@pytest.fixture
def project(tmp_path) -> Project:
    made = Project(Workspace(tmp_path / "data"), "p")
    (made.root / "footage").mkdir(parents=True)
    for number in range(10):
        (made.root / "footage" / f"{number}.mp4").write_bytes(bytes([number]) * (number + 1))
    return made


def see(project, rows, now=NOW, **more):
    seen = absence.look_at(project, rows, now=now, **more)
    with project.leased():
        absence.note(project, seen)
    return seen


def test_a_missing_or_empty_root_is_offline(project):
    rows = rows_of(project.footage_root)
    aside = project.root / "aside"
    project.footage_root.rename(aside)
    seen = see(project, rows)
    assert seen.offline.startswith(f"OFFLINE: {project.footage_root} is not there")
    assert "mount" in seen.offline and not seen.gone and not absence.misses_of(project)
    project.footage_root.mkdir()
    assert "is empty" in see(project, rows).offline
    (project.footage_root / "other.mp4").write_bytes(b"other")  # another disk is mounted there
    assert "lacks 10 of 10 clips" in see(project, rows).offline
    shutil.rmtree(project.footage_root)
    aside.rename(project.footage_root)
    back = see(project, rows)
    assert not back.offline and back.listing() == digest_of_found(look(project.footage_root))


def test_a_root_that_nothing_is_known_of_has_to_be_there(project):
    shutil.rmtree(project.footage_root)
    with pytest.raises(ProjectError, match="mount"):
        absence.look_at(project, [], now=NOW)


@pytest.mark.parametrize(("gone", "offline"), [(2, False), (3, True), (4, True)])
def test_more_than_a_fifth_in_one_look_is_a_disk(project, gone, offline):
    rows = rows_of(project.footage_root)
    for number in range(gone):
        (project.footage_root / f"{number}.mp4").unlink()
    for later in (0, 60, 86_400):
        seen = see(project, rows, NOW + later)
        assert bool(seen.offline) == offline
        assert bool(seen.gone) == (not offline and later > 0)


def test_a_clip_that_is_missing_twice_goes(project):
    rows = rows_of(project.footage_root)
    before = see(project, rows).listing()
    (project.footage_root / "3.mp4").unlink()
    seen = see(project, rows)
    assert [row.path for row in seen.kept] == ["3.mp4"] and seen.listing() == before
    assert see(project, rows, NOW + 29).listing() == before
    seen = see(project, rows, NOW + 31)
    assert seen.gone == ("3.mp4",) and not seen.kept and seen.listing() != before


def test_a_clip_that_came_back_in_between_is_missed_anew(project):
    rows = rows_of(project.footage_root)
    file, aside = project.footage_root / "3.mp4", project.root / "3.mp4"
    file.rename(aside)
    see(project, rows)
    aside.rename(file)
    see(project, rows, NOW + 20)
    assert absence.misses_of(project) == {}
    file.rename(aside)
    assert see(project, rows, NOW + 40).kept and see(project, rows, NOW + 69).kept
    assert see(project, rows, NOW + 71).gone == ("3.mp4",)


def test_a_miss_does_not_count_while_the_disk_is_away(project):
    rows = rows_of(project.footage_root)
    (project.footage_root / "3.mp4").unlink()
    see(project, rows)
    aside = project.root / "aside"
    project.footage_root.rename(aside)
    assert see(project, rows, NOW + 100).offline
    assert absence.misses_of(project) == {"3.mp4": NOW}
    aside.rename(project.footage_root)
    assert see(project, rows, NOW + 200).gone == ("3.mp4",)


def test_what_moved_or_was_copied_is_not_missing(project):
    root = project.footage_root
    rows = rows_of(root)
    (root / "day 1").mkdir()
    for number in range(5):
        (root / f"{number}.mp4").rename(root / "day 1" / f"take {number}.mp4")
    for number in (5, 6):
        shutil.copy2(root / f"{number}.mp4", root / "day 1")
        (root / f"{number}.mp4").unlink()
    seen = see(project, rows)
    assert not seen.offline and not seen.kept and not seen.gone and not seen.misses


def test_one_of_two_copies_may_go_at_once(project):
    root = project.footage_root
    rows = rows_of(root)
    rows[1] = FootageRow(
        "1.mp4", "duplicate", rows[1].size, rows[1].mtime_ns, rows[1].inode, "id-0.mp4", of="0.mp4"
    )
    (root / "0.mp4").unlink()
    seen = see(project, rows)
    assert not seen.kept and not seen.misses


def test_sidecars_stay_with_their_clip_and_notes_go_at_once(project):
    root = project.footage_root
    rows = rows_of(root)
    note = FootageRow("notes.pdf", "ignored", 3, 5)
    words = FootageRow("3.srt", "sidecar", 3, 5, 0, "w", of="3.mp4")
    other = FootageRow("4.srt", "sidecar", 3, 5, 0, "v", of="4.mp4")
    (root / "3.mp4").unlink()
    seen = see(project, [*rows, note, words, other])
    assert {row.path for row in seen.kept} == {"3.mp4", "3.srt"}


def test_forgotten_clips_go_at_once_and_do_not_make_a_disk(project):
    root = project.footage_root
    (root / "sub").mkdir()
    for number in range(3):
        (root / f"{number}.mp4").rename(root / "sub" / f"{number}.mp4")
    rows = rows_of(root)
    with pytest.raises(ProjectError, match="still there"):
        absence.forget(project, rows, ["3.mp4"])
    with pytest.raises(ProjectError, match="knows no footage"):
        absence.forget(project, rows, ["x.mp4"])
    shutil.rmtree(root / "sub")
    assert see(project, rows).offline
    assert absence.forget(project, rows, ["sub"]) == ["sub/0.mp4", "sub/1.mp4", "sub/2.mp4"]
    seen = see(project, rows)
    assert not seen.offline and seen.gone == ("sub/0.mp4", "sub/1.mp4", "sub/2.mp4")


def test_another_folder_in_project_yaml_is_a_decision(project, tmp_path):
    rows = rows_of(project.footage_root)
    other = tmp_path / "other"
    other.mkdir()
    (project.root / "project.yaml").write_text(f"footage: {other}\n")
    assert "is empty" in absence.look_at(project, rows, same_root=False, now=NOW).offline
    (other / "new.mp4").write_bytes(b"new")
    seen = absence.look_at(project, rows, same_root=False, now=NOW)
    assert not seen.offline and [f.path for f in seen.found] == ["new.mp4"] and not seen.kept


def test_still_means_that_nothing_changed_for_a_while(tmp_path):
    file = tmp_path / "a.mp4"
    file.write_bytes(b"x")
    os.utime(file, ns=(0, 0))  # what copy tools do; the change time stays
    now = time.time()
    assert still(look(tmp_path), 10, now) == []
    assert still(look(tmp_path), 10, now + 11) == look(tmp_path) == still(look(tmp_path), 0, now)
    ahead = Found("b", 1, 0, 0, "file", int((now + 600) * 1e9))
    nonsense = Found("c", 1, 0, 0, "file", int((now + 7200) * 1e9))
    assert still([ahead, nonsense], 10, now) == [nonsense]


def test_a_source_that_is_away_names_its_disk(project):
    root = project.footage_root
    assert absence.source_of(root, "1.mp4") == root / "1.mp4"
    (root / "1.mp4").unlink()
    with pytest.raises(FootageError, match=r"1\.mp4 is missing: mount or reconnect"):
        absence.source_of(root, "1.mp4")
    shutil.rmtree(root)
    with pytest.raises(FootageError, match="not there at all"):
        absence.source_of(root, "1.mp4")


def test_other_rights_make_no_known_clip_a_growing_one(project):
    rows = rows_of(project.footage_root)
    for file in project.footage_root.iterdir():
        file.chmod(0o600)
    (project.footage_root / "new.mp4").write_bytes(b"new")
    seen = see(project, rows, time.time(), settle_s=60)
    assert [one.path for one in seen.settled] == [row.path for row in rows]


def test_what_cannot_be_looked_at_is_missing_and_never_dropped(project):
    rows = rows_of(project.footage_root)
    rows = [replace(r, path=f"card/{r.path}") if r.path == "3.mp4" else r for r in rows]
    found = [one for one in look(project.footage_root) if one.path not in ("3.mp4", "7.mp4")]
    found += [Found("7.mp4", 0, 0, 0, "closed"), Found("card", 0, 0, 0, "closed")]
    misses = {}
    for later in (0, 86_400):
        seen = absence.sight(project.footage_root, found, rows, misses, NOW + later)
        misses = seen.misses
        assert not seen.gone and not seen.offline
        assert sorted(row.path for row in seen.kept) == ["7.mp4", "card/3.mp4"]
        assert [one.path for one in seen.settled if one.kind == "closed"] == ["card"]
