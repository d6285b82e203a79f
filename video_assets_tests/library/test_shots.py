"""Cuts on exact frames."""

import json
import os
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from video_assets.foundation.errors import Code
from video_assets.foundation.media import ffmpeg_path
from video_assets.foundation.records import FootageRow, Shot
from video_assets.library.analysis import _decode, _Picture
from video_assets.library.probe import probe
from video_assets.library.shots import MIN_SHOT, CutFinder, places, spans, with_setups

CORPUS = os.environ.get("VIDEO_ASSETS_CORPUS")


def frames(*scenes: tuple[int, int]):
    """(seed, number of frames) per scene: textured pictures that move a pixel a frame."""
    for seed, count in scenes:
        picture = np.random.default_rng(seed).integers(0, 255, (9, 16, 3), np.uint8)
        picture = picture.repeat(16, axis=0).repeat(16, axis=1)
        for number in range(count):
            yield np.roll(picture, number, axis=1)


def cuts(pictures, times) -> list[Fraction]:
    finder = CutFinder()
    return [
        cut
        for picture, time in zip(pictures, times, strict=False)
        if (cut := finder.show(picture, time)) is not None
    ]


def test_cuts_lie_on_the_first_frame_of_the_new_shot():
    at = [Fraction(n, 25) for n in range(75)]
    assert cuts(frames((1, 25), (2, 25), (3, 25)), at) == [Fraction(1), Fraction(2)]


def test_variable_rate_counts_in_time_not_in_frames():
    at = [Fraction(n, 30) for n in range(30)] + [1 + Fraction(n, 7) for n in range(30)]
    assert cuts(frames((1, 40), (2, 20)), at) == [at[40]]


def test_a_flash_is_no_shot():
    at = [Fraction(n, 25) for n in range(60)]
    assert len(cuts(frames((1, 30), (2, 3), (1, 27)), at)) <= 1


def test_spans_tile_exactly():
    found = spans(Fraction(1, 10), [Fraction(2), Fraction(3)], Fraction(4))
    assert [(s.start, s.end) for s in found] == [(Fraction(1, 10), 2), (2, 3), (3, 4)]
    short = spans(Fraction(0), [Fraction(2)], 2 + MIN_SHOT / 2)
    assert len(short) == 1 and short[0].end == 2 + MIN_SHOT / 2


def looked(picture):
    """What with_setups is given of a picture, drawn as uint8 BGR places."""
    return places(np.kron(picture, np.ones((20, 20, 1), np.uint8)))[None]


def test_set_ups_by_the_colours_of_places_and_size():
    rng = np.random.default_rng(3)
    room = rng.integers(40, 220, (8, 12, 3)).astype(np.uint8)
    person = room.copy()
    person[2:, 3:8] = (20, 60, 200)  # somebody in front of it: a third of the picture
    mirrored = room[:, ::-1].copy()  # the same colours in other places
    shots = [Shot(f"c-{n}", "c", n, Fraction(n), Fraction(n + 1)) for n in range(4)]
    size = (640, 360)
    found = with_setups(
        [(s, size, looked(p)) for s, p in zip(shots, (room, mirrored, person, room), strict=True)]
    )
    first, other, third, last = (s.setup for s in found)
    assert first == third == last != other
    turned = with_setups([(shots[0], size, looked(room)), (shots[1], (360, 640), looked(room))])
    assert turned[0].setup != turned[1].setup
    blind = with_setups([(s, size, looked(room)[:0]) for s in shots[:2]])  # no still could be read
    assert blind[0].setup and blind[0].setup != blind[1].setup


def test_fades_and_flashes_are_no_common_place_of_two_shots():
    rng = np.random.default_rng(5)
    one, two = rng.integers(40, 220, (2, 8, 12, 3)).astype(np.uint8)
    shots = [Shot(f"c-{n}", "c", n, Fraction(n), Fraction(n + 1)) for n in range(3)]
    for light in (0, 255):
        blank = looked(np.full((8, 12, 3), light, np.uint8))
        looks = [np.concatenate([blank, looked(p)]) for p in (one, two, one)]
        found = with_setups([(s, (640, 360), k) for s, k in zip(shots, looks, strict=True)])
        assert found[0].setup == found[2].setup != found[1].setup
    dark = looked(np.zeros((8, 12, 3), np.uint8))
    night = with_setups([(s, (640, 360), dark) for s in shots[:2]])  # nothing is known of either
    assert night[0].setup != night[1].setup


def test_bars_beside_a_narrow_picture_are_no_common_place():
    rng = np.random.default_rng(4)
    one, two = np.zeros((2, 8, 12, 3), np.uint8)
    one[:, 4:8], two[:, 4:8] = rng.integers(40, 220, (2, 8, 4, 3))
    shots = [Shot(f"c-{n}", "c", n, Fraction(n), Fraction(n + 1)) for n in range(4)]
    found = with_setups(
        [(s, (640, 360), looked(p)) for s, p in zip(shots, (one, two, one), strict=False)]
    )
    assert found[0].setup == found[2].setup != found[1].setup


@pytest.mark.skipif(not CORPUS, reason="corpus is absent")
@pytest.mark.parametrize("name", ["footage/bikes.mp4", "footage/googlework_short.mp4"])
def test_real_cuts_as_a_person_saw_them(name):
    path = Path(CORPUS, name)
    row = FootageRow(path.name, size=0, mtime_ns=0, **{**probe(path), "audio_stream": -1})
    picture = _Picture(row)
    assert _decode(path, row, picture, None) is None
    found = [span for span, _ in picture.finish()]
    seen = json.loads(Path(CORPUS, "_truth/shots.json").read_text())[name]["cuts_s"]
    assert [float(span.start) for span in found[1:]] == pytest.approx(seen, abs=0.021)
    assert found[-1].end <= row.duration


def test_shots_end_where_the_decoder_had_to_make_pictures_up(tmp_path):
    path = tmp_path / "holed.mkv"
    subprocess.run(
        [
            ffmpeg_path(),
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=s=320x180:r=25:d=4",
            "-g",
            "12",
            path,
        ],
        check=True,
    )
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) * 6 // 10] = bytes(len(data) // 10)
    path.write_bytes(data)
    row = FootageRow(path.name, size=0, mtime_ns=0, **probe(path))
    picture = _Picture(row)
    error = _decode(path, row, picture, None)
    assert error is not None and error.code == Code.DECODE
    spans_found = [span for span, _ in picture.finish()]
    assert 1 < spans_found[-1].end < 3
