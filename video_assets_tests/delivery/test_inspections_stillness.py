"""Nothing is black, frozen or flashing but what the footage has so."""

import subprocess
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from video_assets.delivery.inspections import (
    beside,
    sources,
    stillness,
)
from video_assets.delivery.inspections.sources import Seen, Sources
from video_assets.foundation.errors import Code, FootageError
from video_assets.foundation.media import ffmpeg_path
from video_assets_tests.delivery.seeing import cited, moved, spoiled


def seen_by(file, graph, key):
    """Values that an ffmpeg filter says of a file."""
    command = [ffmpeg_path(), "-v", "error", "-i", str(file)]
    command += ["-vf", f"{graph},metadata=print:file=-", "-f", "null", "-"]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(part.split("=")[1]) for part in out.stdout.splitlines() if key in part]


def test_black_and_frozen_pictures_are_found(clean, nine):
    graph = (
        "drawbox=color=black:t=fill:enable='between(n,53,55)',split[a][b];"
        "[a][b]freezeframes=first=3:last=16:replace=3"
    )
    case = spoiled(clean, nine, "stands.mp4", graph)
    found = stillness.nothing_is_black_or_frozen(case)
    black = [(f.at, f.figure) for f in found.findings if "black" in f.what]
    assert black == [("2.12 s", "3 frames")]
    (frozen,) = [f for f in found.findings if "stands still" in f.what]
    assert frozen.at == "0.12 s"
    assert found.figures["longest_freeze_s"] == pytest.approx(0.56, abs=0.09)
    # foreign oracles see the same in the spoiled file, and no black in the clean one
    blackness = "blackdetect=d=0.08:pix_th=0.1"
    assert seen_by(case.file, blackness, "black_start") == [pytest.approx(2.12)]
    assert seen_by(nine.file, blackness, "black_start") == []
    still = seen_by(case.file, "freezedetect=n=-45dB:d=0.4", "freeze_start")
    assert still[0] == pytest.approx(0.12, abs=0.041)


def test_footage_that_is_black_or_still_itself_is_no_fault_but_its_end_is(oddly):
    assert seen_by(oddly.file, "blackdetect=d=0.08:pix_th=0.1", "black_start")  # the fade
    found = stillness.nothing_is_black_or_frozen(oddly).findings
    assert [(f.at, "no more pictures" in f.what) for f in found] == [("5.08 s", True)]


def test_the_end_of_a_clip_whose_rate_varies_is_found(nine):
    rows = {k: replace(row, vfr=True) for k, row in nine.tables.rows.items()}
    past = moved(nine, 4, source_start=nine.tables.rows["b.mp4"].duration - Fraction(1, 10))
    past = cited(past, tables=replace(nine.tables, rows=rows))
    found = stillness.nothing_is_black_or_frozen(past).findings
    assert ["no more pictures" in f.what for f in found] == [True]
    # a picture that stands for seconds inside the clip is its own
    (one,) = [o for o in beside.beside(nine) if o.shown.number == 2]
    stands = replace(one, seen=replace(one.seen, times=(Fraction(0), Fraction(1, 25))))
    assert stillness._without_footage(stands, rows["b.mp4"]) == []
    assert stillness._without_footage(stands, nine.tables.rows["b.mp4"]) != []


def test_no_more_of_a_clip_is_read_than_is_cited(nine, monkeypatch):
    """A stretch cited past the end of an hour asks for its last second."""
    asked = []

    class Long(Sources):
        def _read(self, file, path, start, end):
            asked.append((start, end))
            if start > 3600:
                raise FootageError("no picture", Code.DECODE, "")
            return Seen((start,), np.zeros((1, 108, 192, 3), np.uint8))

    row = replace(nine.tables.rows["b.mp4"], duration=Fraction(3600))
    case = moved(nine, 4, source_start=Fraction(3700))
    long = Long(nine.sources.root, {"b.mp4": row})
    beside.looked(cited(case, sources=long), case.shown[-1])
    assert [end - start <= 2 for start, end in asked] == [True, True] and asked[1][0] == 3599
    monkeypatch.setattr(sources, "KEEP", 3 * 108 * 192 * 3)
    for n in range(6):
        long.pictures("b.mp4", Fraction(n), Fraction(n + 1))
    assert len(long._seen) == 3


def test_flashes_are_found_and_where_they_come_from(clean, nine, oddly):
    strobe = "drawbox=color=white:t=fill:enable='between(n,0,24)*lt(mod(n,4),2)'"
    case = spoiled(clean, nine, "strobe.mp4", strobe)
    found = stillness.nothing_flashes(case)
    assert "the way it is cut" in found.findings[0].what
    assert found.figures["flashes_in_a_second"] >= 5
    own = [f for f in stillness.nothing_flashes(oddly).findings if "itself" in f.what]
    assert len(own) == 1 and "strobe.mp4" in own[0].what
    # ffmpeg's own filter for photosensitive people agrees
    badness = "photosensitivity=f=25:bypass=1"
    spoilt, plain = (max(seen_by(c.file, badness, "badness")) for c in (case, nine))
    assert spoilt > 2 * plain


@pytest.mark.parametrize(("times", "expected"), [(3, 3.0), (4, 4.0)])
def test_flashes_are_counted_as_pairs_of_changes(times, expected):
    light = np.full((60, 96, 54, 3), 90, np.uint8)
    for n in range(times):
        light[10 + 6 * n : 12 + 6 * n] = 200
    assert stillness.flashes(light, 25)[0] == expected
    light[:, :, 9:] = 90  # a sixth of the picture
    assert stillness.flashes(light, 25)[0] == 0


@pytest.mark.parametrize(
    ("other", "expected"),
    [((127, 127, 127), 7.0), ((255, 0, 0), 0.0), ((250, 20, 20), 0.0)],
)
def test_red_that_flashes_is_found_where_its_brightness_stays(other, expected):
    """(255, 0, 0) and (127, 127, 127) have the same luminance; equal or similar reds do nothing."""
    pictures = np.zeros((30, 32, 32, 3), np.uint8)
    pictures[:] = (255, 0, 0)
    pictures[np.arange(30) // 2 % 2 == 1] = other
    assert stillness.flashes(pictures, 30.0)[0] == pytest.approx(expected)


def test_a_flash_frame_is_found(clean, nine, oddly):
    case = spoiled(clean, nine, "stray.mp4", "drawbox=color=0x8090A0:t=fill:enable='eq(n,45)'")
    found = stillness.nothing_flashes(case)
    assert [f.at for f in found.findings] == ["frame 45"]
    assert found.figures["stray_frames"] == 1
    # a cut inside the footage, one frame before the end of its stretch
    slivers = [f for f in stillness.nothing_flashes(oddly).findings if "another shot" in f.what]
    assert [f.at for f in slivers] == ["frame 119"]
