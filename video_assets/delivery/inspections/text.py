"""Is every letter where no button covers it, does it read as written, and only while it should.

What should be drawn comes from the timeline, the captions and the brand; what is there, from the
file's own pixels.
"""

import re
import weakref
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.delivery.inspections.letters import Agreement, Writing, drawn, writings
from video_assets.delivery.inspections.measures import pictures_at
from video_assets.finishing import formats
from video_assets.foundation.records import Finding

READS = 0.85
"""Agreement that every window of a line must reach. Clean files have 0.97 and more; another letter
in a word leaves less than 0.8."""
THERE = 0.5
"""Agreement of all its letters from which something is in the picture; where it is not, more pixels
are wrong than it has letters."""
SEARCH = 12
"""Frames on either side in which a caption is looked for that does not come or go on time."""
EXPLAINED = 3
"""Captions that are searched for at most: one shift moves them all."""


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that should be drawn, and how the frames at its edges agree with it."""

    writing: Writing
    """Its pixels are let go again."""
    at: dict[int, Agreement] = field(default_factory=dict)
    """By frame. Missing: the file has no such frame."""
    empty: bool = False
    """Nothing of it was drawn at all."""

    @property
    def best(self) -> Agreement:
        """That of the frames in which it is fully there."""
        own = [a for n, a in self.at.items() if self.writing.full[0] <= n <= self.writing.full[1]]
        return max(own, key=lambda a: (a.worst, a.whole), default=Agreement(0.0, 0.0))


_last: list[tuple["weakref.ref[Case]", list[Look]]] = []


def looks(case: Case) -> list[Look]:
    """Everything that should be drawn, looked at once for the measures of one case."""
    if _last and _last[0][0]() is case:
        return _last[0][1]
    found = _looks(case)
    _last[:] = [(weakref.ref(case), found)]
    return found


def _looks(case: Case) -> list[Look]:
    wanted = writings(case)
    frames: set[int] = set()
    for one in wanted:
        frames.update(_edges(one))
    pictures = pictures_at(case.film.file, sorted(frames))
    found = []
    for one in drawn(wanted, _size(case), case.aspect):
        if one.letters is None or not one.letters.any():
            found.append(Look(_light(one), {}, True))
            continue
        at = {n: one.agrees(pictures[n]) for n in _edges(one) if n in pictures}
        found.append(Look(_light(one), at))
    return found


def _size(case: Case) -> tuple[int, int]:
    return case.film.picture.width, case.film.picture.height


def _edges(one: Writing) -> list[int]:
    """The frames that say whether it reads, comes and goes: before, first, last, after."""
    return [one.start - 1, *one.full, one.end]


def _light(one: Writing) -> Writing:
    return replace(one, low=None, high=None, letters=None)


def text_is_clear_of_buttons(case: Case) -> Outcome:
    """No drawn pixel outside the safe zone (CRAFT 8 row 7: 0 pixels; zones of CRAFT 1.4)."""
    safe = formats.safe_zone(case.aspect, *_size(case))
    seen = looks(case)
    found = [
        Finding(
            "text_is_clear_of_buttons",
            f"{one.writing.outside} pixels of {one.writing.text!r} lie outside the safe zone "
            f"({safe.left}..{safe.right} x {safe.top}..{safe.bottom})",
            str(one.writing.outside),
            "0",
            _when(case, one.writing.start),
        )
        for one in seen
        if one.writing.outside
    ]
    outside = sum(one.writing.outside for one in seen)
    return Outcome({"outside_px": outside, "written": len(seen)}, tuple(found), _nothing(seen))


def text_reads_as_written(case: Case) -> Outcome:
    """Every caption, title and end card is in the file, letter by letter.

    CRAFT 8 rows 6 and 7: text as the word list and the brand spell it. Looked at on the first and
    the last frame that show it in full.
    """
    name = "text_reads_as_written"
    seen = looks(case)
    found = []
    for text, at in _left_out(case, seen):
        what = f"{text!r} is to be written over the picture and is not drawn"
        found.append(Finding(name, what, "0", ">= 1", at))
    for one in seen:
        if one.empty:
            continue
        agreement = one.best
        if agreement.worst >= READS:
            continue
        gone = agreement.whole < THERE
        what = f"{_named(one.writing)} " + (
            "is not in the picture" if gone else "does not read as written"
        )
        at = _when(case, one.writing.full[0])
        found.append(Finding(name, what, f"{agreement.worst:.2f}", f">= {READS}", at))
    worst = min((one.best.worst for one in seen if not one.empty), default=1.0)
    return Outcome(
        {"agreement_min": worst, "written": len(seen)},
        tuple(found),
        _nothing(seen),
    )


def captions_come_and_go_on_time(case: Case) -> Outcome:
    """Captions and titles are in the picture from their first to their last frame, not beyond.

    CRAFT 8 row 6: captions are on the nearest frame to the word's onset (0.5 frame); in the file a
    caption that comes or goes a frame beside the planned one is a finding.
    """
    name = "captions_come_and_go_on_time"
    seen = [one for one in looks(case) if not one.empty]
    off: list[tuple[Look, str, int, bool]] = []
    for one in seen:
        if one.best.whole < THERE:  # not there at all: text_reads_as_written says so
            continue
        writing = one.writing
        first, last = writing.full
        beside = {o.writing.text for o in seen if o is not one and _touch(o.writing, writing)}
        same = writing.text in beside
        if (one.at.get(first) or _NONE).whole < THERE:
            off.append((one, "comes", first, True))
        elif not same and (one.at.get(writing.start - 1) or _NONE).whole >= THERE:
            off.append((one, "comes", writing.start - 1, False))
        if (one.at.get(last) or _NONE).whole < THERE:
            off.append((one, "goes", last, False))
        elif not same and (one.at.get(writing.end) or _NONE).whole >= THERE:
            off.append((one, "goes", writing.end, True))
    # captions come and go at once: they say best how far all is shifted
    off.sort(key=lambda o: o[0].writing.kind != "caption")
    shifts = _shifts(case, off[:EXPLAINED])
    found = []
    for n, (one, what, frame, late) in enumerate(off):
        by = shifts[n] if n < len(shifts) else 0
        far = f"{by} frames" if by else "a frame or more"
        told = f"{_named(one.writing)} {what} {far} {'late' if late else 'early'}"
        found.append(Finding(name, told, str(by or ">= 1"), "0 frames", f"frame {frame}"))
    figures = {
        "edges_off": len(off),
        "edges": 2 * len(seen),
        "shift_frames": max(shifts, default=0),
    }
    return Outcome(figures, tuple(found), _nothing(seen))


_NONE = Agreement(-1.0, -1.0)


def _shifts(case: Case, off: Sequence[tuple[Look, str, int, bool]]) -> list[int]:
    """How many frames each edge is away from where it should be; 0 where it is not found."""
    found = []
    for one, what, _, late in off:
        writing = one.writing
        edge = writing.full[0] if what == "comes" else writing.full[1]
        step = 1 if late else -1
        frames = [edge + step * n for n in range(SEARCH + 1)]
        pictures = pictures_at(case.film.file, [f for f in frames if f >= 0])
        (again,) = drawn([writing], _size(case), case.aspect)
        there = [f in pictures and again.agrees(pictures[f]).whole >= THERE for f in frames]
        # coming late or going early it is looked for; else it is followed until it is gone
        wanted = (what == "comes") == late
        found.append(next((n for n, is_there in enumerate(there) if is_there == wanted and n), 0))
        if not wanted and found[-1]:
            found[-1] -= 1
    return found


def _left_out(case: Case, seen: Sequence[Look]) -> list[tuple[str, str]]:
    """(text, when) of what the timeline wants written and nothing drawn says."""
    timeline = case.timeline
    told = [(one.writing, _letters(_written(one.writing))) for one in seen if not one.empty]
    wanted: list[tuple[str, int, int]] = []
    cards = [t for t in timeline.titles if t.kind == "end_card" and t.frames > 0]
    first_card = min((t.start for t in cards), default=timeline.frames)
    if case.aspect in formats.BURNED:
        for chunk in case.texts.burned:
            # the end card says the last words itself: captions give way to it
            if chunk.start * timeline.fps < first_card - 1:
                start, end = (round(t * timeline.fps) for t in (chunk.start, chunk.end))
                wanted.append((chunk.text, start, end))
        hooks = [t for t in timeline.titles if t.kind == "hook" and t.frames > 0]
        wanted += [(t.text, t.start, t.start + t.frames) for t in hooks]
    for card in cards:
        texts = (case.brand.name, card.text, card.sub or case.brand.tagline)
        wanted += [(t, card.start, card.start + card.frames) for t in texts]
    missing = []
    for text, start, end in wanted:
        near = [said for w, said in told if w.start <= end and w.end >= start]
        if not any(_letters(text) <= said for said in near):
            missing.append((text, _when(case, start)))
    return missing


def _written(one: Writing) -> str:
    """What its drawing instructions really write; lines in any order."""
    return " ".join(re.sub(r"\{\\[^}]*\}", "", m.body) for m in one.marks if m.text)


def _letters(text: str) -> Counter[str]:
    """How often each letter and digit is there, escapes, joiners and line breaks aside."""
    return Counter(c for c in text.casefold() if c.isalnum())


def _touch(one: Writing, other: Writing) -> bool:
    return one.start - 1 <= other.end and other.start - 1 <= one.end


def _named(one: Writing) -> str:
    kinds = {"hook": "the title", "end_card": "the end card", "caption": "the caption"}
    return f"{kinds.get(one.kind, one.kind)} {one.text!r}"


def _nothing(seen: Sequence[Any]) -> str:
    return "" if seen else "nothing is written over the picture"


def _when(case: Case, frame: int) -> str:
    return f"{float(frame / case.timeline.fps):.2f} s"
