"""Single frames of a cutdown for people, small enough to lie inside a page."""

import io
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from video_assets.foundation import media
from video_assets.foundation.errors import Code, FootageError

LONGEST = 300
"""Pixels of a still's longer side."""
QUALITY = 72
"""JPEG quality, 0..100."""

_SECONDS = re.compile(r"^\s*([0-9]+(?:\.[0-9]+)?)\s*s\b")
_FRAME = re.compile(r"^\s*frames?\s+([0-9]+)")

ROUNDED = 0.006
"""Seconds that a finding's time may lie before its frame: it is told to a hundredth."""


@dataclass(frozen=True, slots=True)
class Still:
    """One frame."""

    at: float
    """Seconds from the cutdown's beginning."""
    measure: str
    """Whose finding it shows; empty: the poster."""
    what: str
    """The finding, for people."""
    jpeg: bytes


def when(at: str, fps: Fraction) -> float | None:
    """Seconds of a finding's `at` (`1.24 s`, `frame 30`); None where it names no time."""
    if found := _SECONDS.match(at):
        return float(found[1])
    if found := _FRAME.match(at):
        return float(int(found[1]) / fps)
    return None


def still(file: Path, at: float, measure: str = "", what: str = "") -> Still:
    """The frame on screen at `at` seconds, or the last one before the end.

    Raises FootageError where no picture comes out.
    """
    import av.error

    chosen = None
    with media.open_container(file) as container:
        if not container.streams.video:
            raise FootageError(f"{file.name} has no picture", Code.NO_STREAMS)
        stream = container.streams.video[0]
        base = stream.time_base or Fraction(1, 1000)
        try:
            container.seek(max(0, int(at / base)), stream=stream, backward=True)
            for frame in container.decode(stream):
                late = frame.time is not None and frame.time > at + ROUNDED
                if chosen is not None and late:
                    break
                chosen = frame
        except (av.error.FFmpegError, OSError) as error:
            if chosen is None:
                raise FootageError(f"{file.name} cannot be looked at", Code.DECODE) from error
        if chosen is None:
            raise FootageError(f"{file.name} has no frame at {at:.2f} s", Code.DECODE)
        picture: Any = chosen  # its methods bear no types
        image = picture.to_image()
    image.thumbnail((LONGEST, LONGEST))
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=QUALITY)
    return Still(round(at, 3), measure, what, out.getvalue())
