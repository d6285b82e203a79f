"""Whole cutdowns: exact frames, reuse, the same bytes, clean refusals."""

from dataclasses import replace
from fractions import Fraction

import av
import pytest

from video_assets.finishing import formats, segments
from video_assets.finishing.brand import BrandKit
from video_assets.finishing.render import render_cutdowns
from video_assets.foundation.errors import RenderError, VideoAssetsError
from video_assets.foundation.records import Title
from video_assets.foundation.store import sha256_file
from video_assets_tests.finishing.making import (
    counted,
    ffmpeg,
    lumas,
    number_of,
    picture,
    project,
    row_of,
    spoken,
    timeline,
)

BRAND = BrandKit("Test")


@pytest.fixture
def footage(tmp_path):
    folder = tmp_path / "footage"
    folder.mkdir()
    counted(folder / "one.mp4", "24000/1001", 2)
    counted(folder / "two.mp4", "50", 1, size="180x320")
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "sine=300:d=3:r=48000,volume=0.3",
        "-ac",
        "2",
        str(folder / "voice.wav"),
    )
    return folder


def a_cut(footage, fps=Fraction(24000, 1001)):
    rows = [row_of(p) for p in sorted(footage.iterdir())]
    one, two, voice = rows
    line = timeline(
        fps,
        [
            picture(one, 0, 25, Fraction(4) / fps),
            picture(two, 25, 12, Fraction(1, 5)),
            picture(one, 10, 5, Fraction(38) / fps, "V2"),
        ],
        sound=(spoken(voice, Fraction(1, 4), 1, Fraction(1, 2)),),
    )
    return rows, line


def render(tmp_path, footage, name, rows, line, aspects, brand=BRAND):
    workspace, own = project(tmp_path / name, footage)
    return workspace, render_cutdowns(
        own, workspace, line, rows, aspects, brand, None, tmp_path / name / "out"
    )


def test_every_frame_is_there_once_on_its_exact_tick(tmp_path, footage):
    rows, line = a_cut(footage)
    workspace, made = render(tmp_path, footage, "a", rows, line, ["9x16", "16x9"])
    for aspect, found in made.items():
        assert (found.width, found.height) == formats.size(aspect, 540)
        with av.open(str(found.file)) as container:
            video = container.streams.video[0]
            assert video.time_base == Fraction(1, 24000)
            assert video.codec_context.profile == "High"
            frames = list(container.decode(video))
            assert [f.pts for f in frames] == [n * 1001 for n in range(37)]
            assert {f.pict_type for f in frames} >= {
                av.video.frame.PictureType.I,
                av.video.frame.PictureType.B,
            }
        with av.open(str(found.file)) as container:
            samples = sum(f.samples for f in container.decode(audio=0))
            assert abs(samples - round(line.duration * 48_000)) <= 1024
        assert found.poster.read_bytes()[:2] == b"\xff\xd8"
        assert (found.rendered, found.reused) == (4, 0)
    numbers = [number_of(v) for v in lumas(made["16x9"].file)]
    assert numbers[:25] == [*range(4, 14), *range(38, 43), *range(19, 29)]
    leftovers = [p.name for p in workspace.segments.iterdir() if p.name.startswith(".")]
    assert leftovers == []


def test_a_second_run_encodes_nothing_and_one_aspect_alone_is_the_same(tmp_path, footage):
    rows, line = a_cut(footage)
    workspace, made = render(tmp_path, footage, "a", rows, line, formats.ASPECTS)
    before = {a: (sha256_file(m.file), sha256_file(m.poster)) for a, m in made.items()}
    _, again = render(tmp_path, footage, "a", rows, line, ["1x1"])
    assert (again["1x1"].rendered, again["1x1"].reused) == (0, 4)
    assert (sha256_file(again["1x1"].file), sha256_file(again["1x1"].poster)) == before["1x1"]
    _, alone = render(tmp_path, footage, "b", rows, line, ["1x1"])
    assert sha256_file(alone["1x1"].file) == before["1x1"][0]
    moved = replace(line, titles=(Title("hook", "Hello", 0, 8),))
    _, titled = render(tmp_path, footage, "a", rows, moved, ["1x1", "16x9"])
    assert (titled["1x1"].rendered, titled["1x1"].reused) == (1, 3)
    assert titled["16x9"].rendered == 0
    folder = segments.folder(workspace, segments_of(rows, line)[0])
    (folder / segments.PICTURE).unlink()
    _, healed = render(tmp_path, footage, "a", rows, line, ["9x16"])
    assert healed["9x16"].rendered == 1
    assert sha256_file(healed["9x16"].file) == before["9x16"][0]


def segments_of(rows, line):
    from video_assets.finishing.render import pieces_of

    return pieces_of(line, {r.path: r for r in rows}, ["9x16"], BRAND, ())


def test_what_cannot_be_rendered_is_refused_with_its_reason(tmp_path, footage):
    rows, line = a_cut(footage)
    with pytest.raises(RenderError, match=r"one\.mp4, which is not in the footage"):
        render(tmp_path, footage, "a", rows[1:], line, ["1x1"])
    with pytest.raises(RenderError, match="shows nothing from frame 25"):
        render(
            tmp_path,
            footage,
            "a",
            rows,
            replace(line, frames=40, picture=line.picture[:1]),
            ["1x1"],
        )
    with pytest.raises(RenderError, match="no aspect ratio"):
        render(tmp_path, footage, "a", rows, line, ["5x5"])
    (footage / "two.mp4").write_bytes(b"not a film" * 100)
    with pytest.raises(VideoAssetsError, match=r"two\.mp4"):
        render(tmp_path, footage, "b", rows, line, ["1x1"])
    assert not list((tmp_path / "b").rglob("*.mp4")) or all(
        "segments" in str(p) for p in (tmp_path / "b").rglob("*.mp4")
    )


def test_silence_and_letters_without_a_picture_are_said(tmp_path, footage):
    rows, line = a_cut(footage)
    quiet = replace(line, sound=(), titles=(Title("end_card", "漢字", 30, 7),))
    _, made = render(tmp_path, footage, "a", rows, quiet, ["16x9"])
    assert made["16x9"].silent
    assert any("silent" in n for n in made["16x9"].notes)
    assert any("漢 字" in n for n in made["16x9"].notes)
