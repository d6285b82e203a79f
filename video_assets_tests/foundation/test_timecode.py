"""Rates and spans are exact."""

from fractions import Fraction

import pytest

from video_assets.foundation.timecode import Span, clock, timeline_rate, to_frames


@pytest.mark.parametrize(
    ("source", "rate"),
    [
        (Fraction(24000, 1001), Fraction(24000, 1001)),
        (Fraction(24), Fraction(24)),
        (Fraction(25), Fraction(25)),
        (Fraction(30000, 1001), Fraction(30000, 1001)),
        (Fraction(30), Fraction(30)),
        (Fraction(50), Fraction(25)),
        (Fraction(60000, 1001), Fraction(30000, 1001)),
        (Fraction(60), Fraction(30)),
        (Fraction(25, 2), Fraction(25)),
        (Fraction(15), Fraction(30)),
        (Fraction("29.83"), Fraction(30000, 1001)),
        (Fraction(120), Fraction(30)),
        (Fraction(0), Fraction(25)),
    ],
)
def test_timeline_rate(source, rate):
    assert timeline_rate(source) == rate


def test_spans_grow_to_whole_frames():
    fps = Fraction(30000, 1001)
    span = Span(Fraction(1, 10), Fraction(2, 10)).on_frames(fps)
    assert (span.start * fps).denominator == 1 and (span.end * fps).denominator == 1
    assert span.start <= Fraction(1, 10) and span.end >= Fraction(2, 10)
    assert span.duration < Fraction(1, 10) + 2 / fps


def test_overlap_is_more_than_an_edge():
    one = Span(Fraction(0), Fraction(1))
    assert not one.overlaps(Span(Fraction(1), Fraction(2)))
    assert one.overlaps(Span(Fraction(1, 2), Fraction(2)))


def test_frames_and_clock():
    assert to_frames(Fraction(1, 2), Fraction(25)) == 13
    assert clock(Fraction(125, 2)) == "1:02.50"
