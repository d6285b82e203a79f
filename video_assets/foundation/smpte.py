"""SMPTE 12M timecode: text to frames and back, drop frame and not.

`01:00:00;02` and `01:00:00.02` are drop frame, `01:00:00:02` is not: as cameras, ffmpeg and editing
programs write it.
"""

import re
from fractions import Fraction
from math import floor

_TEXT = re.compile(r"^(\d{1,2}):(\d{2}):(\d{2})([:;.,])(\d{1,3})$")
DAY = 24 * 3600
"""Seconds; timecode begins again at midnight."""


def is_drop(timecode: str) -> bool:
    """Whether a timecode leaves out numbers (two a minute at 29.97) to keep with the clock."""
    found = _TEXT.match(timecode)
    return bool(found and found[4] != ":")


def frames_of(timecode: str, fps: Fraction) -> int | None:
    """Frames since 00:00:00:00; None where it is no timecode of `fps` frames a second."""
    found = _TEXT.match(timecode)
    whole = _whole(fps)
    if found is None or whole == 0:
        return None
    hours, minutes, seconds, frames = (int(found[n]) for n in (1, 2, 3, 5))
    if hours > 23 or minutes > 59 or seconds > 59 or frames >= whole:
        return None
    number = ((hours * 60 + minutes) * 60 + seconds) * whole + frames
    if is_drop(timecode):
        if whole % 30:
            return None
        passed = hours * 60 + minutes
        left_out = 2 * (whole // 30)
        if minutes % 10 and seconds == 0 and frames < left_out:
            return None  # a number that drop frame leaves out
        number -= left_out * (passed - passed // 10)
    return number


def timecode_of(frames: int, fps: Fraction, drop: bool = False) -> str:
    """The timecode of a frame counted from 00:00:00:00; after midnight it begins again."""
    whole = _whole(fps)
    if drop:
        left_out = 2 * (whole // 30)
        ten_minutes = 600 * whole - 9 * left_out
        tens, rest = divmod(frames % (144 * ten_minutes), ten_minutes)
        minute = 60 * whole - left_out
        passed = 0 if rest < 60 * whole else 1 + (rest - 60 * whole) // minute
        frames = frames % (144 * ten_minutes) + left_out * (9 * tens + passed)
    else:
        frames %= DAY * whole
    seconds, frame = divmod(frames, whole)
    digits = len(str(whole - 1))
    colon = ";" if drop else ":"
    return (
        f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        f"{colon}{frame:0{max(2, digits)}d}"
    )


def _whole(fps: Fraction) -> int:
    """The whole rate that timecode counts at: 30 for 29.97."""
    return floor(fps + Fraction(1, 2))
