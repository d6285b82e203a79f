"""A disk that goes away in the middle of a file looks like the file's end: what was read up to there
is never kept for the whole."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from video_assets.finishing import segments, sound
from video_assets.finishing.brand import BrandKit
from video_assets.finishing.render import pieces_of
from video_assets.foundation import media
from video_assets.foundation.errors import Code, FootageError
from video_assets.foundation.records import FootageRow, to_plain
from video_assets.foundation.store import Workspace
from video_assets.library import analysis, intake
from video_assets.library.staging import is_there
from video_assets_tests.finishing.making import ffmpeg, picture, row_of, spoken, timeline


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Eight seconds in a container that has no end of its own."""
    (tmp_path / "footage").mkdir()
    file = tmp_path / "footage" / "a.ts"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=160x96:r=25:d=8", "-f", "lavfi", "-i", "sine=f=300:d=8",
        "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p", "-c:a", "aac",
        str(file),
    )  # fmt: skip
    return file


@pytest.fixture
def row(clip: Path) -> FootageRow:
    """As intake lists it."""
    return replace(row_of(clip), mtime_ns=clip.stat().st_mtime_ns, coded_width=160, coded_height=96)


def harmed(clip: Path, harm: str) -> None:
    """The disk goes away: nothing there, an empty mount point, or a file that ends early."""
    if harm == "pulled":
        clip.parent.rename(clip.parent.with_name("aside"))
        clip.parent.mkdir()
    else:
        os.truncate(clip, clip.stat().st_size // 2)


def harming(does: Callable[..., Any], clip: Path, harm: str) -> Callable[..., Any]:
    """Does it after the disk went away."""

    def after(*arguments: Any) -> Any:
        harmed(clip, harm)
        return does(*arguments)

    return after


@pytest.mark.parametrize("harm", ["pulled", "cut short"])
def test_what_was_read_of_a_file_that_went_away_is_not_kept(
    harm: str, clip: Path, row: FootageRow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, workspace = clip.parent, Workspace(tmp_path / "data")
    whole = tmp_path / "whole"
    shutil.copytree(root, whole)

    def mended() -> None:
        shutil.rmtree(root)
        shutil.rmtree(root.with_name("aside"), ignore_errors=True)
        shutil.copytree(whole, root)

    @contextmanager
    def opened(path: Path) -> Iterator[Any]:
        with media.open_container(path) as container:
            harmed(clip, harm)
            yield container

    line = timeline(25, [picture(row, 0, 150, 1)], sound=(spoken(row, 0, 6, 1),))
    pieces = pieces_of(line, {row.path: row}, ("1x1",), BrandKit("Test"), ())
    lost = pytest.raises(FootageError, match="went away or changed while it was read")
    with monkeypatch.context() as patch, lost:
        patch.setattr(analysis, "open_container", opened)
        analysis.analyse(str(workspace.root), root, to_plain(row))
    assert not is_there(root, row)
    mended()
    with monkeypatch.context() as patch, lost:
        patch.setattr(segments.media, "run", harming(media.run, clip, harm))
        segments.make(workspace, root, pieces)
    mended()
    with monkeypatch.context() as patch, lost:
        patch.setattr(sound, "decoded", harming(sound.decoded, clip, harm))
        sound.mix(workspace, root, line, {row.path: row}, None)
    mended()
    left = [p for p in workspace.root.rglob("*") if p.is_file()]
    assert left == []
    found = analysis.analyse(str(workspace.root), root, to_plain(row))
    assert found["shots"] and not found["letters"]
    segments.make(workspace, root, pieces)
    assert segments.made(workspace, pieces[0])


def test_damage_is_the_files_own_only_where_its_bytes_are_those_that_were_listed(
    clip: Path, row: FootageRow, tmp_path: Path
) -> None:
    data = bytearray(clip.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 20_000] = bytes(20_000)
    clip.write_bytes(data)
    os.utime(clip, ns=(row.mtime_ns, row.mtime_ns))  # a disk that fails gives other bytes
    with pytest.raises(FootageError, match="could not be read to its end") as raised:
        analysis.analyse(str(tmp_path / "data"), clip.parent, to_plain(row))
    assert raised.value.code is Code.STORE_TIMEOUT and raised.value.code.retryable
    damaged = replace(row_of(clip), coded_width=160, coded_height=96, duration=row.duration)
    found = analysis.analyse(str(tmp_path / "data"), clip.parent, to_plain(damaged))
    assert found["letters"] and Fraction(found["shots"][0]["start"]) < 4


def test_a_folder_that_goes_away_while_it_is_listed_says_so(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir
    (clip.parent / "day 1").mkdir()
    (clip.parent / "day 1" / "b.ts").touch()
    assert [found.path for found in intake.look(clip.parent)] == ["a.ts", "day 1/b.ts"]

    def pulled(folder: Any) -> Any:
        if os.fsdecode(folder).endswith("day 1"):
            harmed(clip, "pulled")
        return real(folder)

    monkeypatch.setattr(intake.os, "scandir", pulled)
    with pytest.raises(intake.ProjectError, match="went away while it was listed"):
        intake.look(clip.parent)
