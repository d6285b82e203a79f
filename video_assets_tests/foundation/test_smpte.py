"""Timecode to frames and back."""

from fractions import Fraction

import pytest

from video_assets.foundation.smpte import frames_of, is_drop, timecode_of

NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("fps", "drop"),
    [(NTSC, True), (2 * NTSC, True), (NTSC, False), (Fraction(25), False), (Fraction(120), False)],
)
def test_every_frame_of_a_day_has_one_timecode(fps, drop):
    day = frames_of("23:59:59;29" if drop else "23:59:59:00", fps)
    assert day is not None
    edges = [n for at in (1800, 17982, 35964, 107892, day) for n in range(at - 4, at + 1)]
    for number in [*range(0, day, 9973), *edges]:
        text = timecode_of(number, fps, drop)
        assert is_drop(text) == drop and frames_of(text, fps) == number


def test_drop_frame_keeps_with_the_clock():
    assert timecode_of(1799, NTSC, True) == "00:00:59;29"
    assert timecode_of(1800, NTSC, True) == "00:01:00;02"
    assert timecode_of(17982, NTSC, True) == "00:10:00;00"
    assert frames_of("01:00:00;00", NTSC) == 107892
    assert timecode_of(107892 * 24, NTSC, True) == "00:00:00;00"
    assert frames_of("01:00:00:00", NTSC) == 108000


def test_what_is_no_timecode_of_that_rate():
    for text in ("", "soon", "00:01:00;00", "00:00:00:30", "24:00:00:00", "00:60:00:00"):
        assert frames_of(text, NTSC) is None
    assert frames_of("00:00:10;00", Fraction(25)) is None  # drop frame is of 29.97 and 59.94
    assert frames_of("00:00:10:00", Fraction(0)) is None
