"""Segments: exact frames from every kind of clip, and the same bytes however they are asked for."""

from fractions import Fraction

import numpy as np
import pytest

from video_assets.finishing import formats, segments
from video_assets.finishing.brand import BrandKit
from video_assets.finishing.render import pieces_of
from video_assets.foundation.store import Workspace, sha256_file
from video_assets_tests.finishing.making import (
    counted,
    ffmpeg,
    lumas,
    number_of,
    picture,
    row_of,
    timeline,
)

BRAND = BrandKit("Test")


def shown(tmp_path, clip, row, fps, frames, source_start, aspects=("1x1",)):
    """The frame numbers that come out of a counted clip."""
    workspace = Workspace(tmp_path / "data")
    line = timeline(fps, [picture(row, 0, frames, source_start)])
    pieces = pieces_of(line, {row.path: row}, aspects, BRAND, ())
    segments.make(workspace, clip.parent, pieces)
    file = segments.folder(workspace, pieces[0]) / segments.PICTURE
    return [number_of(v) for v in lumas(file)]


@pytest.mark.parametrize(
    ("rate", "start", "fps", "expected"),
    [
        pytest.param("25", Fraction(20, 25), 25, range(20, 32), id="same rate"),
        pytest.param(
            "50", Fraction(20, 50), 25, range(20, 44, 2), id="50 on 25 keeps every second"
        ),
        pytest.param(
            "10",
            Fraction(5, 10),
            25,
            [5 + n * 10 // 25 + (n % 5 in (2,) and 0) for n in range(12)],
            id="10 on 25 holds",
        ),
        pytest.param(
            "30000/1001",
            Fraction(20 * 1001, 30000),
            Fraction(30000, 1001),
            range(20, 32),
            id="29.97",
        ),
        pytest.param(
            "24000/1001",
            Fraction(20 * 1001, 24000),
            Fraction(24000, 1001),
            range(20, 32),
            id="23.976",
        ),
    ],
)
def test_frames_are_exact(tmp_path, rate, start, fps, expected):
    clip = counted(tmp_path / "a.mp4", rate, 2)
    found = shown(tmp_path, clip, row_of(clip), fps, 12, start)
    if rate == "10":
        # Each frame is held 2 or 3 times, in order, none early by more than a quarter frame.
        for n, number in enumerate(found):
            late = Fraction(n, 25) - (Fraction(number, 10) - Fraction(5, 10))
            assert Fraction(-1, 100) <= late <= Fraction(1, 10)
    else:
        assert found == list(expected)


def test_29_97_on_25_is_never_late_by_more_than_a_frame(tmp_path):
    clip = counted(tmp_path / "a.mp4", "30000/1001", 2)
    found = shown(tmp_path, clip, row_of(clip), 25, 20, Fraction(10 * 1001, 30000))
    for n, number in enumerate(found):
        late = Fraction(n, 25) - Fraction((number - 10) * 1001, 30000)
        assert Fraction(-1, 100) <= late < Fraction(1001, 30000)
    assert found == sorted(set(found))


def test_variable_rate_goes_by_time_stamps(tmp_path):
    clip = tmp_path / "vfr.mp4"
    # Frames 0..9 at 25 a second, then 10..19 at 10 a second.
    counted(
        clip,
        "25",
        0.8,
        "-c:v",
        "libx264",
        "-qp",
        "4",
        "-fps_mode",
        "passthrough",
        "-enc_time_base",
        "1/600",
        "-video_track_timescale",
        "600",
        vf="settb=1/600,setpts='if(lt(N,10),N*0.04,0.4+(N-10)*0.1)/TB'",
    )
    found = shown(tmp_path, clip, row_of(clip), 25, 20, Fraction(8, 25))
    times = [
        Fraction(n, 25) if n < 10 else Fraction(4, 10) + Fraction(n - 10, 10) for n in range(20)
    ]
    for n, number in enumerate(found):
        at = Fraction(8, 25) + Fraction(n, 25) + Fraction(1, 100)
        assert number == max(k for k, t in enumerate(times) if t <= at)


def test_matroska_milliseconds_and_a_picture_that_starts_late(tmp_path):
    inner = counted(tmp_path / "inner.mp4", "30", 2)
    clip = tmp_path / "late.mkv"
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "sine=d=3",
        "-itsoffset",
        "0.5",
        "-i",
        str(inner),
        "-map",
        "0:a",
        "-map",
        "1:v",
        "-c:v",
        "copy",
        "-c:a",
        "aac",
        str(clip),
    )
    row = row_of(clip)
    assert abs(row.video_start - Fraction(1, 2)) < Fraction(1, 20)
    found = shown(tmp_path, clip, row, 30, 15, row.video_start + Fraction(20, 30))
    assert found == list(range(20, 35))


def test_the_last_frame_is_held_and_the_count_is_kept(tmp_path):
    clip = counted(tmp_path / "a.mp4", "25", 1)
    assert shown(tmp_path, clip, row_of(clip), 25, 10, Fraction(20, 25)) == [
        20,
        21,
        22,
        23,
        24,
        24,
        24,
        24,
        24,
        24,
    ]


def test_an_index_that_leads_past_the_last_picture(tmp_path):
    inner = counted(tmp_path / "inner.mp4", "25", 0.2)
    clip = tmp_path / "short.webm"
    ffmpeg(
        "-i",
        str(inner),
        "-f",
        "lavfi",
        "-i",
        "sine=d=3",
        "-c:v",
        "libvpx",
        "-crf",
        "4",
        "-b:v",
        "2M",
        "-c:a",
        "libvorbis",
        str(clip),
    )
    assert shown(tmp_path, clip, row_of(clip), 25, 6, 2) == [4] * 6


def test_a_turned_phone_clip_stands_upright(tmp_path):
    flat, clip = tmp_path / "flat.mp4", tmp_path / "phone.mp4"
    # Left half white: turned a quarter clockwise it becomes the top half.
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "color=black:s=320x180:r=25:d=1,drawbox=0:0:160:180:white:fill",
        "-c:v",
        "libx264",
        "-qp",
        "4",
        str(flat),
    )
    ffmpeg("-display_rotation", "-90", "-i", str(flat), "-c", "copy", str(clip))
    row = row_of(clip, width=180, height=320, rotation=90)
    workspace = Workspace(tmp_path / "data")
    (piece,) = pieces_of(
        timeline(25, [picture(row, 0, 5, 0)]), {row.path: row}, ["9x16"], BRAND, ()
    )
    segments.make(workspace, tmp_path, [piece])
    import av

    with av.open(str(segments.folder(workspace, piece) / segments.PICTURE)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="gray")
    assert frame.shape == (960, 540)
    assert frame[:400].mean() > 200 and frame[560:].mean() < 40


def test_anamorphic_pixels_become_square(tmp_path):
    clip = tmp_path / "wide.mp4"
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "color=black:s=160x180:r=25:d=1,drawbox=70:80:20:20:white:fill,setsar=2",
        "-c:v",
        "libx264",
        "-qp",
        "4",
        str(clip),
    )
    row = row_of(clip, width=320, height=180, sar=Fraction(2))
    workspace = Workspace(tmp_path / "data")
    (piece,) = pieces_of(
        timeline(25, [picture(row, 0, 3, 0)]), {row.path: row}, ["16x9"], BRAND, ()
    )
    segments.make(workspace, tmp_path, [piece])
    import av

    with av.open(str(segments.folder(workspace, piece) / segments.PICTURE)) as container:
        assert container.streams.video[0].sample_aspect_ratio in (None, 1)
        lit = next(container.decode(video=0)).to_ndarray(format="gray") > 128
    rows, columns = np.nonzero(lit)
    assert abs((columns.max() - columns.min()) / (rows.max() - rows.min()) - 2) < 0.1


def test_full_range_and_old_matrices_become_bt709(tmp_path):
    clip = tmp_path / "full.mp4"
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "color=0xC02020:s=320x180:r=25:d=1,scale=out_color_matrix=bt601:out_range=pc,format=yuvj420p",
        "-c:v",
        "libx264",
        "-qp",
        "1",
        "-colorspace",
        "smpte170m",
        "-color_range",
        "pc",
        str(clip),
    )
    row = row_of(clip, color="unknown/unknown/smpte170m")
    workspace = Workspace(tmp_path / "data")
    (piece,) = pieces_of(timeline(25, [picture(row, 0, 3, 0)]), {row.path: row}, ["1x1"], BRAND, ())
    segments.make(workspace, tmp_path, [piece])
    import av

    with av.open(str(segments.folder(workspace, piece) / segments.PICTURE)) as container:
        frame = next(container.decode(video=0))
        y, cb, cr = (
            np.asarray(p).reshape(p.height, p.line_size)[p.height // 2, 64] for p in frame.planes
        )
    red, green, blue = 0xC0 / 255, 0x20 / 255, 0x20 / 255
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    expected = (
        16 + 219 * luma,
        128 + 224 * (blue - luma) / 1.8556,
        128 + 224 * (red - luma) / 1.5748,
    )
    assert np.allclose((y, cb, cr), expected, atol=3)


def test_one_aspect_alone_has_the_same_bytes_as_all_six(tmp_path):
    clip = tmp_path / "a.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=1", "-c:v", "libx264", str(clip))
    row = row_of(clip)
    line = timeline(25, [picture(row, 0, 15, Fraction(1, 5))])
    together, alone = Workspace(tmp_path / "six"), Workspace(tmp_path / "one")
    pieces = pieces_of(line, {row.path: row}, formats.ASPECTS, BRAND, ())
    segments.make(together, tmp_path, pieces)
    segments.make(alone, tmp_path, [pieces[2]])
    one, six = (segments.folder(w, pieces[2]) / segments.PICTURE for w in (alone, together))
    assert sha256_file(one) == sha256_file(six)
    assert len({p.digest for p in pieces}) == 6
    assert all(segments.made(together, p) for p in pieces)
    assert sorted(p.name for p in alone.segments.iterdir()) == [
        segments.folder(alone, pieces[2]).name
    ]
