"""Words and panels over the picture, as ASS: captions, hook title, end card.

Text lives in ASS files only and never in a filter graph. Everything is placed by absolute
coordinates from the font's own widths, so a layout is the same on every machine.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Protocol

from video_assets.finishing import formats
from video_assets.finishing.brand import BrandKit, text_on
from video_assets.finishing.typography import (
    FAMILY,
    Setting,
    fitted,
    font_size,
    metrics,
)
from video_assets.foundation.records import Timeline, Title
from video_assets.foundation.timecode import to_frames

SAFE_INSET = 2
"""Pixels kept free along the safe zone for outlines and soft edges."""


class Spoken(Protocol):
    """What a caption needs: `editorial.captions` makes it. Times are timeline seconds."""

    @property
    def text(self) -> str: ...

    @property
    def start(self) -> Fraction: ...

    @property
    def end(self) -> Fraction: ...


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing drawn over the picture, for a stretch of frames."""

    kind: str
    """caption, hook, end_card or panel (full frame: no text, may leave the safe zone)."""
    start: int
    """First frame on the timeline."""
    end: int
    """Exclusive."""
    body: str
    """ASS override tags and text, without times."""
    layer: int = 0
    fade_in: int = 0
    """Milliseconds."""
    fade_out: int = 0
    text: str = ""
    """The words, as a person wrote them."""
    box: formats.Box = field(default_factory=lambda: formats.Box(0, 0, 0, 0))
    """Where layout expects it."""


def escaped(text: str) -> str:
    """Text that ASS shows as it is: no tags, no line breaks, no control characters."""
    flat = " ".join(text.split())
    kept = "".join(c for c in flat if unicodedata.category(c) not in ("Cc", "Cs", "Cn"))
    # A word joiner after a backslash keeps libass from reading `\N` or `\h`; it draws nothing.
    return kept.replace("\\", "\\\u2060").replace("{", "\\{").replace("}", "\\}")


def marks(
    timeline: Timeline,
    chunks: Sequence[Spoken],
    aspect: str,
    size: tuple[int, int],
    brand: BrandKit,
) -> list[Mark]:
    """Everything that is drawn over this timeline in one aspect ratio, by first frame."""
    found: list[Mark] = []
    cards = [t for t in timeline.titles if t.kind == "end_card"]
    if aspect in formats.BURNED:
        first_card = min((t.start for t in cards), default=timeline.frames)
        for chunk in chunks:
            found += _caption(chunk, timeline, aspect, size, first_card)
        for title in timeline.titles:
            if title.kind == "hook":
                found += _hook(title, aspect, size, brand)
    for title in cards:
        found += _end_card(title, aspect, size, brand)
    return sorted(found, key=lambda m: (m.start, m.layer, m.end, m.body))


def ass_for(
    drawn: Sequence[Mark],
    size: tuple[int, int],
    fps: Fraction,
    start: int,
    frames: int,
    panels: bool = True,
) -> str:
    """The ASS file for `frames` frames from timeline frame `start`, its times counted from there.

    Empty where nothing is drawn. `panels=False` leaves out the full-frame panels: the text alone.
    """
    lines = []
    for mark in drawn:
        if (
            mark.end <= start
            or mark.start >= start + frames
            or (mark.kind == "panel" and not panels)
        ):
            continue
        begin = _clock(mark.start - start, fps) if mark.start > start else "0:00:00.00"
        end = _clock(min(mark.end - start, frames + 1), fps)
        fade = _fade(mark, max(start, mark.start), fps)
        lines.append(f"Dialogue: {mark.layer},{begin},{end},T,,0,0,0,,{fade}{mark.body}")
    if not lines:
        return ""
    return _HEAD.format(width=size[0], height=size[1]) + "\n".join(lines) + "\n"


_STYLE = (
    ("Name", "T"),
    ("Fontname", FAMILY),
    ("Fontsize", "40"),
    ("PrimaryColour", "&H00FFFFFF"),
    ("SecondaryColour", "&H00FFFFFF"),
    ("OutlineColour", "&H00000000"),
    ("BackColour", "&H00000000"),
    ("Bold", "-1"),
    ("BorderStyle", "1"),
    ("Outline", "0"),
    ("Shadow", "0"),
    ("Alignment", "5"),
    ("Encoding", "1"),
)

_HEAD = f"""[Script Info]
ScriptType: v4.00+
PlayResX: {{width}}
PlayResY: {{height}}
WrapStyle: 2
ScaledBorderAndShadow: yes
YCbCr Matrix: None

[V4+ Styles]
Format: {", ".join(k for k, _ in _STYLE)}
Style: {",".join(v for _, v in _STYLE)}

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def _clock(frame: int, fps: Fraction) -> str:
    """ASS time half a frame before `frame`: hundredths are coarse, frame edges must not be."""
    hundredths = max(0, floor((Fraction(frame) - Fraction(1, 2)) / fps * 100 + Fraction(1, 2)))
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest // 100:02d}.{rest % 100:02d}"


def _fade(mark: Mark, shown_from: int, fps: Fraction) -> str:
    if not mark.fade_in and not mark.fade_out:
        return ""
    before = floor(Fraction(shown_from - mark.start) / fps * 1000)
    length = floor(Fraction(mark.end - mark.start) / fps * 1000)
    times = (
        -before,
        mark.fade_in - before,
        length - mark.fade_out - before,
        length - before,
    )
    first, last = (255 if mark.fade_in else 0), (255 if mark.fade_out else 0)
    return f"{{\\fade({first},0,{last},{','.join(map(str, times))})}}"


def _colour(colour: str) -> str:
    return f"&H{colour[5:7]}{colour[3:5]}{colour[1:3]}&".upper()


def _line(text: str, x: float, middle: float, em: float, tags: str) -> str:
    """One line of text whose capitals are centred on height `middle`."""
    measures = metrics()
    # libass centres ascent + descent; capitals (0.727 em in Inter) sit higher than that.
    shift = (measures.ascent - measures.descent) / 2 - 0.727 / 2
    at = f"\\an5\\pos({x:.1f},{middle - shift * em:.1f})"
    return f"{{{at}\\fs{font_size(em)}{tags}}}{escaped(text)}"


def _caption(
    chunk: Spoken, timeline: Timeline, aspect: str, size: tuple[int, int], last: int
) -> list[Mark]:
    fps = timeline.fps
    start, end = to_frames(chunk.start, fps), min(to_frames(chunk.end, fps), last)
    if end <= start:
        return []
    width, height = size
    box = formats.caption_box(aspect, width, height)
    base = min(width, height)
    outline = max(2.0, base * 0.0045)
    edge = base * 0.022
    setting = fitted(chunk.text, box.width - 2 * edge, [base * s for s in (0.068, 0.06, 0.052)], 2)
    pitch = setting.em * 1.16
    tags = f"\\bord{outline:.1f}\\3c&H101014&\\3a&H18&\\blur{outline * 0.3:.1f}\\shad0"
    found: list[Mark] = []
    bottom = box.bottom - edge * 0.5 - setting.em * 0.24
    count = len(setting.lines)
    area = formats.Box(
        floor(box.left + (box.width - setting.width) / 2 - edge),
        floor(bottom - pitch * (count - 1) - setting.em * 0.86 - edge * 0.5),
        floor(box.left + (box.width + setting.width) / 2 + edge),
        box.bottom,
    )
    # A soft dark plate below the letters: an outline alone is lost over white and busy pictures.
    plate = _shape(area, "#101014", 0x84, base * 0.014)
    found.append(Mark("caption", start, end, plate, layer=3, box=area))
    for n, line in enumerate(setting.lines):
        middle = bottom - setting.em * 0.727 / 2 - pitch * (count - 1 - n)
        body = _line(line, width / 2, middle, setting.em, tags)
        found.append(Mark("caption", start, end, body, layer=4, text=chunk.text, box=area))
    return found


def _rounded(box: formats.Box, radius: float) -> str:
    """An ASS drawing of a rounded rectangle, corner curves by Bezier."""
    left, top, right, bottom = box.left, box.top, box.right, box.bottom
    q = min(radius, box.width / 2, box.height / 2)
    k = q * 0.4477
    a, b, c, d = left + q, left + k, right - q, right - k
    e, f, g, h = top + q, top + k, bottom - q, bottom - k
    return (
        f"m {a:.1f} {top} l {c:.1f} {top} b {d:.1f} {top} {right} {f:.1f} {right} {e:.1f} "
        f"l {right} {g:.1f} b {right} {h:.1f} {d:.1f} {bottom} {c:.1f} {bottom} "
        f"l {a:.1f} {bottom} b {b:.1f} {bottom} {left} {h:.1f} {left} {g:.1f} "
        f"l {left} {e:.1f} b {left} {f:.1f} {b:.1f} {top} {a:.1f} {top}"
    )


def _shape(box: formats.Box, colour: str, alpha: int, radius: float) -> str:
    tags = f"\\an7\\pos(0,0)\\p1\\bord0\\shad0\\1c{_colour(colour)}\\1a&H{alpha:02X}&"
    return f"{{{tags}}}{_rounded(box, radius)}{{\\p0}}"


def _block(
    setting: Setting, width: int, top: float, pad: float, pitch: float
) -> tuple[formats.Box, list[float]]:
    """The box around centred lines and the middle of each line."""
    height = setting.em * 0.727 + pitch * (len(setting.lines) - 1) + 2 * pad
    half = setting.width / 2 + pad * 1.15
    box = formats.Box(
        floor(width / 2 - half),
        floor(top),
        floor(width / 2 + half),
        floor(top + height),
    )
    middles = [top + pad + setting.em * 0.727 / 2 + pitch * n for n in range(len(setting.lines))]
    return box, middles


def _hook(title: Title, aspect: str, size: tuple[int, int], brand: BrandKit) -> list[Mark]:
    width, height = size
    room = formats.caption_box(aspect, width, height)
    base = min(width, height)
    pad = base * 0.03
    space = room.width - 2.4 * pad
    # Two lines wherever they are legible: a third one reaches down to foreheads.
    setting = fitted(title.text, space, [base * s for s in (0.06, 0.056, 0.052, 0.048)], 2)
    if setting.em < base * 0.048:
        setting = fitted(title.text, space, [base * s for s in (0.052, 0.048)], 3)
    if not setting.lines or title.frames <= 0:
        return []
    top = room.top + max(SAFE_INSET, height * 0.012)
    box, middles = _block(setting, width, top, pad, setting.em * 1.22)
    bar = formats.Box(box.left, box.bottom - max(3, round(base * 0.007)), box.right, box.bottom)
    end = title.start + title.frames
    shared = {"fade_in": 160, "fade_out": 160, "text": title.text, "box": box}

    def mark(body: str, layer: int) -> Mark:
        return Mark("hook", title.start, end, body, layer=layer, **shared)  # type: ignore[arg-type] # one dict for three kinds of value

    tags = f"\\bord0\\shad0\\1c{_colour(brand.text)}"
    return [
        mark(_shape(box, brand.ink, 0x1C, base * 0.012), 1),
        mark(_shape(bar, brand.primary, 0x00, 0), 2),
        *(
            mark(_line(line, width / 2, middle, setting.em, tags), 3)
            for line, middle in zip(setting.lines, middles, strict=True)
        ),
    ]


def _end_card(title: Title, aspect: str, size: tuple[int, int], brand: BrandKit) -> list[Mark]:
    width, height = size
    if title.frames <= 0:
        return []
    safe = formats.safe_zone(aspect, width, height)
    room = formats.caption_box(aspect, width, height).width
    base = min(width, height)
    end = title.start + title.frames
    ink = _colour(brand.text)
    name = fitted(brand.name, room, [base * s for s in (0.105, 0.09, 0.075)], 2)
    pad = base * 0.03
    same = title.text.strip().casefold() == brand.name.strip().casefold()
    call = fitted(
        "" if same else title.text,
        room - 2.4 * pad,
        [base * s for s in (0.056, 0.05, 0.045)],
        2,
    )
    below = title.sub or brand.tagline
    tag = fitted(below, room, [base * s for s in (0.04, 0.036)], 2)
    gap = base * 0.05
    rule = max(3, round(base * 0.007))
    heights = [name.em * (0.727 + 1.15 * max(0, len(name.lines) - 1)), rule]
    if call.lines:
        heights.append(call.em * (0.727 + 1.2 * (len(call.lines) - 1)) + 2 * pad)
    if tag.lines:
        heights.append(tag.em * (0.727 + 1.3 * (len(tag.lines) - 1)))
    total = sum(heights) + gap * (len(heights) - 1)
    # The optical middle is a little above the true one.
    y = safe.top + max(0.0, (safe.height - total) * 0.46)
    found = [_mark(title, end, _panel(size, brand), "panel", 5, "")]

    def write(setting: Setting, top: float, pitch: float, tags: str) -> None:
        for n, line in enumerate(setting.lines):
            middle = top + setting.em * (0.727 / 2 + pitch * n)
            body = _line(line, width / 2, middle, setting.em, f"\\bord0\\shad0{tags}")
            found.append(_mark(title, end, body, "end_card", 7, line))

    write(name, y, 1.15, f"\\1c{ink}")
    y += heights[0] + gap
    line = formats.Box(
        floor(width / 2 - base * 0.06),
        floor(y),
        floor(width / 2 + base * 0.06),
        floor(y) + rule,
    )
    found.append(_mark(title, end, _shape(line, brand.primary, 0, rule / 2), "end_card", 6, ""))
    y += rule + gap
    if call.lines:
        box, _ = _block(call, width, y, pad, call.em * 1.2)
        found.append(
            _mark(
                title,
                end,
                _shape(box, brand.primary, 0, call.em * 0.8),
                "end_card",
                6,
                "",
            )
        )
        write(call, y + pad, 1.2, f"\\1c{_colour(text_on(brand.primary))}")
        y += box.height + gap
    write(tag, y, 1.3, f"\\1c{ink}\\1a&H28&")
    return found


def _panel(size: tuple[int, int], brand: BrandKit) -> str:
    return _shape(formats.Box(0, 0, *size), brand.ink, 0x26, 0)


def _mark(title: Title, end: int, body: str, kind: str, layer: int, text: str) -> Mark:
    return Mark(kind, title.start, end, body, layer=layer, fade_in=280, text=text)
