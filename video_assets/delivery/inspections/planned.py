"""What a timeline asks for, by the gates' own arithmetic: when texts are seen, which part is shown.

The renderer and the gates share the code that draws letters and the crops that it was given. A
mistake there would be the same on both sides; here it is not.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple, Protocol

from video_assets.delivery.inspections.case import Case
from video_assets.finishing import formats
from video_assets.foundation.records import FootageRow, PictureCut

FACE_REACH = 0.06
"""Share of the frame's height by which a crop may lie higher or lower than the face's box asks."""
CROP_REACH = 0.01
"""Share of the frame by which a crop may be off: whole even pixels of small footage."""


class Wanted(NamedTuple):
    """A text that should be seen. Times in frames, not rounded."""

    kind: str
    """caption, hook or end_card."""
    text: str
    start: Fraction
    end: Fraction


class Written(Protocol):
    """What is drawn: texts that come and go together."""

    @property
    def kind(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


def wanted(case: Case) -> Iterator[Wanted]:
    """Every text that the timeline, its captions and the brand ask for."""
    line = case.timeline
    cards = [t for t in line.titles if t.kind == "end_card" and t.frames > 0]
    card_at = Fraction(min((t.start for t in cards), default=line.frames))
    if case.aspect in formats.BURNED:
        for chunk in case.texts.burned:
            # the end card says the last words itself: captions give way to it
            if chunk.start * line.fps < card_at - 1:
                end = min(chunk.end * line.fps, card_at)
                yield Wanted("caption", chunk.text, chunk.start * line.fps, end)
        for title in line.titles:
            if title.kind == "hook" and title.frames > 0:
                end = Fraction(title.start + title.frames)
                yield Wanted("hook", title.text, Fraction(title.start), end)
    for card in cards:
        for text in (case.brand.name, card.text, card.sub or case.brand.tagline):
            yield Wanted("end_card", text, Fraction(card.start), Fraction(line.frames))


def letters(text: str) -> Counter[str]:
    """How often each letter and digit is there, escapes, joiners and line breaks aside."""
    return Counter(c for c in text.casefold() if c.isalnum())


def out_of_time(
    asked: Wanted, drawn: Sequence[tuple[Written, Counter[str]]], frames: int
) -> tuple[str, int, int] | None:
    """(comes or goes, by how many frames late, frame) of a text that is drawn at other times.

    None where it is on the nearest frames, or drawn nowhere (which another measure says).
    """
    own = [w for w, said in drawn if w.kind == asked.kind and letters(asked.text) <= said]
    if not own:
        return None
    one = min(own, key=lambda w: abs(w.start - asked.start) + abs(w.end - asked.end))
    half = Fraction(1, 2)
    if abs(one.start - asked.start) > half:
        return "comes", round(one.start - asked.start), one.start
    end = min(asked.end, Fraction(frames))
    if abs(one.end - end) > half:
        return "goes", round(one.end - end), one.end
    return None


def part_off(
    cut: PictureCut, row: FootageRow, aspect: str, crop: tuple[float, float, float, float]
) -> str:
    """What is wrong with a crop (shares of the frame: x, y, width, height); empty: nothing.

    As large as the ratio allows and the punch-in asks, inside the frame, and about the face, else
    about the focus.
    """
    across, down = (int(n) for n in aspect.split("x"))
    ratio = across / down
    high = min(row.height, row.width / ratio) / cut.scale
    wide = high * ratio
    x, y, width, height = crop
    odd = (3 / row.width, 3 / row.height)
    if abs(width - wide / row.width) > odd[0] or abs(height - high / row.height) > odd[1]:
        return f"{width:.3f} x {height:.3f} of the frame is not a punch-in of {cut.scale:g}"
    if min(x, y) < -1e-6 or x + width > 1 + 1e-6 or y + height > 1 + 1e-6:
        return "it reaches beyond the frame"
    left, top, face_wide, face_high = cut.face
    faced = face_wide > 0 and face_high > 0
    centre = (left + face_wide / 2, top + face_high / 2) if faced else cut.focus
    for name, begins, length, at, off in (
        ("left or right", x, width, centre[0], odd[0]),
        ("high or low", y, height, centre[1], odd[1]),
    ):
        near = min(max(at - length / 2, 0.0), 1 - length)
        reach = CROP_REACH + off
        if faced and name == "high or low":
            # a face stands in the upper half, its hair and chin inside where there is room
            if top >= begins - FACE_REACH and top + face_high <= begins + length + FACE_REACH:
                continue
            if face_high > length:
                continue
        if abs(begins - near) > reach:
            about = "face" if faced else "focus"
            return f"it lies {abs(begins - near):.0%} of the frame too far {name} of the {about}"
    return ""
