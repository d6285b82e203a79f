"""One row a path, whatever lies there."""

import dataclasses
import os
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from video_assets.foundation.errors import Code, ProjectError
from video_assets.foundation.media import ffmpeg_path
from video_assets.foundation.records import DeadLetter, FootageRow, read_records, write_records
from video_assets.foundation.store import Project, Workspace
from video_assets.library import intake


@pytest.fixture(scope="module")
def bits(tmp_path_factory) -> Path:
    """A clip, another and a sound, to be copied from."""
    folder = tmp_path_factory.mktemp("bits")
    for name, source in (
        ("a.mp4", "testsrc2=s=160x90:r=25:d=1"),
        ("b.mkv", "testsrc=s=160x90:r=25:d=1"),
        ("c.wav", "sine=d=1"),
    ):
        subprocess.run(
            [ffmpeg_path(), "-v", "error", "-f", "lavfi", "-i", source, folder / name], check=True
        )
    return folder


def project_of(tmp_path: Path) -> tuple[Project, Path]:
    workspace = Workspace(tmp_path / "data")
    project = Project(workspace, "p")
    footage = project.root / "footage"
    footage.mkdir(parents=True)
    return project, footage


def test_every_path_has_one_row_and_its_role(bits, tmp_path):
    project, root = project_of(tmp_path)
    (root / "day 1").mkdir()
    odd = ["-dash.mp4", 'a "quote" & co.mp4', "new\nline.mp4", "emoji 🎬.mp4", "-x\\y.mp4"]
    for number, name in enumerate(odd):
        data = (bits / "a.mp4").read_bytes()
        (root / name).write_bytes(data + bytes(8 + number))
    shutil.copy(bits / "b.mkv", root / "day 1" / "b.mkv")
    shutil.copy(bits / "b.mkv", root / "day 1" / "z again.mkv")
    shutil.copy(bits / "c.wav", root / "song.wav")
    (root / "day 1" / "b.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    (root / "day 1" / "b.json").write_text('{"version": 1, "words": []}')
    (root / "day 1" / "b.en.vtt").write_text("WEBVTT\n")
    (root / "song.json").write_text('{"some": "settings"}')
    (root / "alone.srt").write_text("1\n")
    (root / ".DS_Store").write_bytes(b"x")
    (root / "Thumbs.db").write_bytes(b"x")
    (root / "notes.pdf").write_bytes(b"%PDF-")
    (root / "photo.jpg").write_bytes(b"\xff\xd8")
    (root / "link.mp4").symlink_to(bits / "a.mp4")
    (root / "loop").symlink_to(root)
    (root / "empty.mov").write_bytes(b"")
    (root / "broken.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(100))
    with open(os.fsencode(root) + b"/caf\xe9.mp4", "wb") as file:
        file.write((bits / "a.mp4").read_bytes())
    rows, letters = intake.read_footage(project, [])
    roles = {row.path: row.role for row in rows}
    assert (
        len(rows)
        == len(roles)
        == sum(
            len(files) + sum(os.path.islink(os.path.join(at, d)) for d in folders)
            for at, folders, files in os.walk(os.fsencode(root))
        )
    )
    assert all(roles[name] == "clip" for name in odd)
    assert roles["day 1/b.mkv"] == "clip" and roles["song.wav"] == "sound"
    assert roles["day 1/z again.mkv"] == "duplicate"
    of = {row.path: row.of for row in rows if row.of}
    assert of == dict.fromkeys(
        ["day 1/z again.mkv", "day 1/b.srt", "day 1/b.json", "day 1/b.en.vtt"], "day 1/b.mkv"
    )
    ignored = [
        "song.json",
        "alone.srt",
        ".DS_Store",
        "Thumbs.db",
        "notes.pdf",
        "photo.jpg",
        "link.mp4",
        "loop",
    ]
    assert all(roles[name] == "ignored" for name in ignored)
    assert all(row.note for row in rows if row.role in ("ignored", "dead"))
    assert {letter.path: letter.code for letter in letters} == {
        "empty.mov": Code.ZERO_BYTE,
        "broken.mp4": Code.TRUNCATED,
        "caf\\xE9.mp4": Code.PATH,
    }
    assert all(letter.do and letter.family for letter in letters)
    assert intake.as_found("caf\\xE9.mp4") == b"caf\xe9.mp4" and intake.as_found("a\\b") == b"a\\b"
    write_records(tmp_path / "rows.parquet", FootageRow, rows)
    assert read_records(tmp_path / "rows.parquet", FootageRow) == rows
    write_records(tmp_path / "dead.parquet", DeadLetter, letters)
    clip = next(row for row in rows if row.path == "day 1/b.mkv")
    assert (clip.width, clip.height, clip.fps, clip.duration) == (
        160,
        90,
        Fraction(25),
        Fraction(1),
    )


def test_what_did_not_change_is_not_read_again(bits, tmp_path, monkeypatch):
    project, root = project_of(tmp_path)
    shutil.copy(bits / "a.mp4", root / "a.mp4")
    shutil.copy(bits / "a.mp4", root / "copy.mp4")
    (root / "dead.mp4").write_bytes(b"nothing")
    before = intake.read_footage(project, [])
    read: list[str] = []

    def spy(root, files, _):
        read.extend(found.path for found in files)
        return {}

    monkeypatch.setattr(intake, "_read", spy)
    assert intake.read_footage(project, before[0]) == before and read == []
    (root / "a.mp4").unlink()
    rows, _ = intake.read_footage(project, before[0])
    assert [(row.path, row.role, row.of) for row in rows if row.role == "clip"] == [
        ("copy.mp4", "clip", "")
    ]
    shutil.copy(bits / "b.mkv", root / "a.mp4")
    intake.read_footage(project, before[0])
    assert read == ["a.mp4"]


def test_files_that_were_moved_or_mounted_anew_are_not_read_again(bits, tmp_path, monkeypatch):
    project, root = project_of(tmp_path)
    for name in ("a.mp4", "b.mkv", "c.wav"):
        shutil.copy2(bits / name, root / name)
    before = intake.read_footage(project, [])[0]
    monkeypatch.setattr(intake, "_read", lambda root, files, _: {f.path: 1 / 0 for f in files})
    (root / "card").mkdir()
    (root / "a.mp4").rename(root / "card/renamed.mp4")
    rows, letters = intake.read_footage(project, before)
    was = {row.clip_id: row for row in before}
    assert [r.path for r in rows] == ["b.mkv", "c.wav", "card/renamed.mp4"] and not letters
    assert rows[2] == dataclasses.replace(was[rows[2].clip_id], path="card/renamed.mp4")

    def replaced(name):
        """Another inode with the size and time of the old one, which is not free for reuse."""
        os.link(root / name, tmp_path / f"{len(list(tmp_path.iterdir()))}.old")
        shutil.copy2(root / name, tmp_path / "copy")
        (tmp_path / "copy").rename(root / name)

    for name in ("b.mkv", "c.wav", "card/renamed.mp4"):
        replaced(name)
    mounted, _ = intake.read_footage(project, rows)
    assert [dataclasses.replace(r, inode=0) for r in mounted] == [
        dataclasses.replace(r, inode=0) for r in rows
    ]
    assert {r.inode for r in mounted}.isdisjoint({r.inode for r in rows})
    replaced("b.mkv")  # one of three: who knows by what
    with pytest.raises(ZeroDivisionError):
        intake.read_footage(project, mounted)


def test_two_files_that_took_each_others_names_are_read_again(bits, tmp_path):
    project, root = project_of(tmp_path)
    track = (bits / "c.wav").read_bytes()
    for name, last in (("1.wav", b"\1"), ("2.wav", b"\2")):
        (root / name).write_bytes(track[:-1] + last)
        os.utime(root / name, (1, 1))
    before = intake.read_footage(project, [])[0]
    (root / "1.wav").rename(tmp_path / "aside")
    (root / "2.wav").rename(root / "1.wav")
    (tmp_path / "aside").rename(root / "2.wav")
    swapped, _ = intake.read_footage(project, before)
    assert [row.clip_id for row in swapped] == [row.clip_id for row in reversed(before)]


def test_names_that_are_shown_alike_have_one_row_that_says_so(bits, tmp_path):
    project, root = project_of(tmp_path)
    shutil.copy(bits / "c.wav", root / "a\\xFF.wav")
    shutil.copy(bits / "c.wav", os.fsencode(root) + b"/a\xff.wav")
    (row,), (letter,) = intake.read_footage(project, [])
    assert (row.path, row.role) == ("a\\xFF.wav", "dead") and "two files" in letter.what


def test_the_listing_digest_follows_the_folder(tmp_path):
    (tmp_path / "one").write_bytes(b"1")
    first = intake.listing_digest(tmp_path)
    assert intake.listing_digest(tmp_path) == first
    os.utime(tmp_path / "one", ns=(5, 5))
    assert intake.listing_digest(tmp_path) != first
    with pytest.raises(ProjectError, match="mount"):
        intake.listing_digest(tmp_path / "gone")


def test_an_empty_folder_has_no_rows(tmp_path):
    project, _ = project_of(tmp_path)
    assert intake.read_footage(project, []) == ([], [])
