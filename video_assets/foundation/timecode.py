"""Exact time: spans in rational seconds, and the five rates a timeline may have.

One zero for picture, sound and words: container time minus the container's start time.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

TIMELINE_RATES = (
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(30),
)


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open stretch of a clip or a timeline, in exact seconds."""

    start: Fraction
    end: Fraction
    """Exclusive: the first instant after the span."""

    @property
    def duration(self) -> Fraction:
        """Exact seconds."""
        return self.end - self.start

    def overlaps(self, other: "Span") -> bool:
        """Whether the two share more than an edge."""
        return self.start < other.end and other.start < self.end

    def on_frames(self, fps: Fraction) -> "Span":
        """The smallest span of whole frames that contains this one."""
        return Span(
            Fraction(floor(self.start * fps)) / fps,
            Fraction(ceil(self.end * fps)) / fps,
        )


def timeline_rate(source: Fraction) -> Fraction:
    """The timeline rate for a source rate in frames a second: the nearest of the five.

    50, 59.94 and 60 halve, 12.5 and 15 double; unknown (0) counts as 25.
    """
    if source <= 0:
        return Fraction(25)
    while source > 40:
        source /= 2
    while source < 18:
        source *= 2
    return min(TIMELINE_RATES, key=lambda rate: (abs(rate - source), rate))


def to_frames(seconds: Fraction, fps: Fraction) -> int:
    """The nearest whole frame; halves go up."""
    return floor(seconds * fps + Fraction(1, 2))


def exact(seconds: float | str, denominator: int = 1_000_000) -> Fraction:
    """A fraction from a measured float: microseconds are finer than any clock we meet."""
    return Fraction(seconds).limit_denominator(denominator)


def clock(seconds: Fraction | float, decimals: int = 2) -> str:
    """For people: `1:02.50`."""
    whole = round(float(seconds), decimals)
    minutes, rest = divmod(whole, 60)
    return f"{int(minutes)}:{rest:0{3 + decimals}.{decimals}f}"
