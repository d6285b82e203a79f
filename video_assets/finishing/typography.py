"""The bundled font: how wide its letters are, and how text is set in lines that fit.

Widths come from the font file itself (tables cmap and hmtx), so that layout needs no system font
and no drawing library; kerning is left out, it only makes lines narrower.
"""

import struct
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FONTS = Path(__file__).parent / "fonts"
"""The folder that ffmpeg's `fontsdir` names; it holds one font."""
FONT_FILE = FONTS / "Inter-Bold.otf"
FAMILY = "Inter"


@dataclass(frozen=True, slots=True)
class Metrics:
    """A font's measures in shares of its em."""

    widths: dict[int, float]
    """Advance by code point; what is missing here the font cannot draw."""
    ascent: float
    """What libass takes as a line's height above the baseline."""
    descent: float
    """What libass takes as a line's height below the baseline, positive."""


@cache
def metrics() -> Metrics:
    """The bundled font's measures."""
    data = FONT_FILE.read_bytes()
    count = struct.unpack_from(">H", data, 4)[0]
    tables = {}
    for n in range(count):
        tag, _, offset, _ = struct.unpack_from(">4sIII", data, 12 + 16 * n)
        tables[tag] = offset
    em = struct.unpack_from(">H", data, tables[b"head"] + 18)[0]
    long_count = struct.unpack_from(">H", data, tables[b"hhea"] + 34)[0]
    ascent, descent = struct.unpack_from(">HH", data, tables[b"OS/2"] + 74)
    advances = [
        struct.unpack_from(">H", data, tables[b"hmtx"] + 4 * n)[0] for n in range(long_count)
    ]
    widths = {
        code: advances[min(glyph, long_count - 1)] / em
        for code, glyph in _characters(data, tables[b"cmap"]).items()
    }
    return Metrics(widths, ascent / em, descent / em)


def _characters(data: bytes, cmap: int) -> dict[int, int]:
    """Glyph by code point, from the segmented subtables (formats 4 and 12)."""
    found: dict[int, int] = {}
    for n in range(struct.unpack_from(">H", data, cmap + 2)[0]):
        at = cmap + struct.unpack_from(">I", data, cmap + 4 + 8 * n + 4)[0]
        kind = struct.unpack_from(">H", data, at)[0]
        if kind == 12:
            for group in range(struct.unpack_from(">I", data, at + 12)[0]):
                first, last, glyph = struct.unpack_from(">III", data, at + 16 + 12 * group)
                found.update((c, glyph + c - first) for c in range(first, last + 1))
        elif kind == 4:
            double = struct.unpack_from(">H", data, at + 6)[0]
            for s in range(0, double, 2):
                last = struct.unpack_from(">H", data, at + 14 + s)[0]
                first, delta = (
                    struct.unpack_from(">H", data, at + 16 + k * double + s)[0] for k in (1, 2)
                )
                slot = at + 16 + 3 * double + s
                offset = struct.unpack_from(">H", data, slot)[0]
                for c in range(first, min(last, 0xFFFE) + 1):
                    glyph = c
                    if offset:
                        glyph = struct.unpack_from(">H", data, slot + offset + 2 * (c - first))[0]
                    if glyph:
                        found.setdefault(c, (glyph + delta) & 0xFFFF)
    return {c: glyph for c, glyph in found.items() if glyph}


def font_size(em: float) -> int:
    """The ASS font size (libass: ascent plus descent in pixels) for an em in pixels."""
    return max(1, round(em * (metrics().ascent + metrics().descent)))


def width(text: str, em: float) -> float:
    """Pixels that a line takes at an em of so many pixels; unknown letters count as one em."""
    known = metrics().widths
    return em * sum(known.get(ord(c), 1.0) for c in text)


def undrawable(text: str) -> list[str]:
    """Characters that the bundled font has no picture for, each once, in order."""
    known = metrics().widths
    bad = (c for c in text if not c.isspace() and ord(c) not in known)
    return list(dict.fromkeys(c for c in bad if unicodedata.category(c) not in ("Cf", "Cc", "Mn")))


@dataclass(frozen=True, slots=True)
class Setting:
    """Text set in lines."""

    lines: tuple[str, ...]
    em: float
    """Pixels."""

    @property
    def width(self) -> float:
        """Pixels of the longest line."""
        return max((width(line, self.em) for line in self.lines), default=0.0)


def fitted(text: str, room: float, ems: Sequence[float], most_lines: int) -> Setting:
    """Text in balanced lines of at most `room` pixels, in the largest of `ems` that fits.

    Where none does, the smallest em is made smaller still until the words fit: nothing is cut off.
    """
    words = text.split()
    if not words:
        return Setting((), ems[0])
    em = ems[-1]
    sizes = list(ems)
    while em > ems[-1] * 0.35:
        em *= 0.94
        sizes.append(em)
    for em in sizes:
        for count in range(1, most_lines + 1):
            lines = _balanced(words, count, em)
            if lines is not None and all(width(line, em) <= room for line in lines):
                return Setting(tuple(lines), em)
    return Setting(tuple(_broken(text, room, em, most_lines)), em)


def _balanced(words: Sequence[str], count: int, em: float) -> list[str] | None:
    """The split into `count` lines whose longest line is shortest."""
    if count > len(words):
        return None
    if count == 1:
        return [" ".join(words)]
    best: list[str] | None = None
    for n in range(1, len(words) - count + 2):
        rest = _balanced(words[n:], count - 1, em)
        if rest is None:
            continue
        lines = [" ".join(words[:n]), *rest]
        if best is None or max(width(t, em) for t in lines) < max(width(t, em) for t in best):
            best = lines
    return best


def _broken(text: str, room: float, em: float, most_lines: int) -> list[str]:
    """Lines broken inside words, the last resort; what does not fit ends in an ellipsis."""
    lines = [""]
    for c in " ".join(text.split()):
        if width(lines[-1] + c, em) > room:
            if len(lines) == most_lines:
                while lines[-1] and width(lines[-1] + "…", em) > room:
                    lines[-1] = lines[-1][:-1]
                lines[-1] += "…"
                break
            lines.append("")
        lines[-1] += c
    return [line.strip() for line in lines]
