"""Is every letter where no button covers it, does it read as written, and only while it should.

What should be drawn comes from the timeline, the captions and the brand; what is there, from the
file's own pixels.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from video_assets.delivery.inspections import planned
from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.delivery.inspections.expected import Surprise, surprises
from video_assets.delivery.inspections.letters import Agreement, Writing, drawn, writings
from video_assets.delivery.inspections.measures import SMALL, pictures_at
from video_assets.delivery.inspections.once import once
from video_assets.finishing import formats
from video_assets.foundation.records import Finding

READS = 0.85
"""Agreement that every window of a line must reach. Clean files have 0.97 and more; another letter
in a word leaves less than 0.8."""
THERE = 0.5
"""Agreement of all its letters from which something is in the picture; where it is not, more pixels
are wrong than it has letters."""
BETTER = 0.2
"""By which the writing that is planned for a frame must agree with it better than one that is not
for the frame to show the former: short words share most of their box with long ones."""
SEARCH = 12
"""Frames on either side in which a caption is looked for that does not come or go on time."""
PIECE = 6
"""Frames of one cut below a title from which it is looked at there too."""
EXPLAINED = 3
"""Captions that are searched for at most: one shift moves them all."""


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that should be drawn, and how the frames at its edges agree with it."""

    writing: Writing
    """Its full-size pixels are let go again."""
    at: dict[int, Agreement] = field(default_factory=dict)
    """By frame. Missing: the file has no such frame."""
    empty: bool = False
    """Nothing of it was drawn at all."""

    @property
    def worst(self) -> Agreement:
        """That of the frames that should show it in full. Where it is missing on the first or last
        of them only, that one is left to captions_come_and_go_on_time."""
        first, last = self.writing.full
        own = {n: a for n, a in self.at.items() if first <= n <= last}
        kept = [a for n, a in own.items() if a.whole >= THERE or first < n < last]
        if not any(a.whole >= THERE for a in kept):
            kept = list(own.values())
        return min(kept, key=lambda a: (a.worst, a.whole), default=Agreement(0.0, 0.0))


@once
def looks(case: Case) -> list[Look]:
    """Everything that should be drawn, looked at once for the measures of one case."""
    found = []
    asked: dict[int, list[tuple[Look, Writing]]] = defaultdict(list)
    for one in drawn(writings(case), _size(case), case.aspect):
        empty = one.letters is None or not one.letters.any()
        look = Look(_light(one), {}, empty)
        found.append(look)
        for frame in () if empty else {*_edges(one), *_middles(case, one)}:
            asked[frame].append((look, one))
    # a picture at a time: a long cutdown's would fill the memory
    for frame, picture in pictures_at(case.film.file, asked):
        for look, one in asked.pop(frame):
            look.at[frame] = one.agrees(picture)
    return found


def _size(case: Case) -> tuple[int, int]:
    return case.film.picture.width, case.film.picture.height


def _edges(one: Writing) -> list[int]:
    """The frames that say whether it reads, comes and goes: before, first, last, after."""
    return [one.start - 1, *one.full, one.end]


def _middles(case: Case, one: Writing) -> list[int]:
    """A frame of each piece of a title or end card: every cut below it is rendered alone."""
    first, last = one.full
    if one.kind == "caption":  # so short that its edges lie in the pieces it has
        return []
    found = []
    for shown in case.shown:
        start, end = max(first, shown.start), min(last + 1, shown.end)
        if end - start >= PIECE:
            found.append((start + end) // 2)
    return found


def _light(one: Writing) -> Writing:
    return replace(one, low=None, high=None, letters=None)


def text_is_clear_of_buttons(case: Case) -> Outcome:
    """No drawn pixel outside the safe zone (CRAFT 8 row 7: 0 pixels; zones of CRAFT 1.4).

    By layout to the pixel, and by what the file shows: nothing is seen there that neither the
    footage has nor anybody wrote.
    """
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
    found += [
        _unplanned(case, "text_is_clear_of_buttons", one)
        for one in _foreign(case)
        if not _within(case, one.box)
    ]
    outside = sum(one.writing.outside for one in seen)
    figures = {"outside_px": outside, "written": len(seen), "unplanned": len(_foreign(case))}
    return Outcome(figures, tuple(found), _nothing(seen), bool(seen))


def text_reads_as_written(case: Case) -> Outcome:
    """Every caption, title and end card is in the file, letter by letter.

    CRAFT 8 rows 6 and 7: text as the word list and the brand spell it. Read on the first and the
    last frame that show it in full and once in every cut below a title; in small, all frames are
    looked at, and also for what nobody wrote.
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
        agreement = one.worst
        if agreement.worst >= READS:
            found += _gaps(case, one.writing)
            continue
        gone = agreement.whole < THERE
        what = f"{_named(one.writing)} " + (
            "is not in the picture" if gone else "does not read as written"
        )
        at = _when(case, one.writing.full[0])
        found.append(Finding(name, what, f"{agreement.worst:.2f}", f">= {READS}", at))
    found += [_unplanned(case, name, one) for one in _foreign(case) if _within(case, one.box)]
    worst = min((one.worst.worst for one in seen if not one.empty), default=1.0)
    return Outcome(
        {"agreement_min": worst, "written": len(seen)},
        tuple(found),
        _nothing(seen),
        bool(seen),
    )


@once
def _unlike(case: Case) -> list[Surprise]:
    """Where the small pictures are not as they should be."""
    return surprises(case, [one.writing for one in looks(case)])


def _gaps(case: Case, writing: Writing) -> list[Finding]:
    """Where something that should be written is not in every frame of its time."""
    own = [s for s in _unlike(case) if s.writing is writing]
    if not own:
        return []
    what = f"{_named(writing)} is not in all its pictures as it should be"
    frames = sum(s.end - s.start for s in own)
    at = _when(case, own[0].start)
    return [Finding("text_reads_as_written", what, f"{frames} frames", "0 frames", at)]


def _foreign(case: Case) -> list[Surprise]:
    """What is seen where nothing is to be drawn, without such as goes on in the next cut."""
    own = [s for s in _unlike(case) if s.writing is None]
    ends = {s.end for s in own}
    return [s for s in own if s.start not in ends]


def _unplanned(case: Case, name: str, one: Surprise) -> Finding:
    box = one.box
    what = (
        "something is in the picture that neither the footage has nor anybody wrote "
        f"({box.left}..{box.right} x {box.top}..{box.bottom}, {one.end - one.start} frames)"
    )
    return Finding(name, what, f"{one.share:.1%} of the picture", "0", _when(case, one.start))


def _within(case: Case, box: formats.Box) -> bool:
    """Whether something that was seen in small lies in the safe zone, as far as that can tell."""
    size = _size(case)
    safe = formats.safe_zone(case.aspect, *size)
    reach = 2 * max(size) / SMALL  # two small pixels: one of rounding, one of softness
    return (
        safe.left - reach <= box.left
        and safe.top - reach <= box.top
        and box.right <= safe.right + reach
        and box.bottom <= safe.bottom + reach
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
        if all(a.whole < THERE for a in one.at.values()):
            continue  # not there at all: text_reads_as_written says so
        writing = one.writing
        first, last = writing.full
        beside = {o.writing.text for o in seen if o is not one and _touch(o.writing, writing)}
        same = writing.text in beside
        if (one.at.get(first) or _NONE).whole < THERE:
            off.append((one, "comes", first, True))
        elif not same and _still(one, writing.start - 1, seen):
            off.append((one, "comes", writing.start - 1, False))
        if (one.at.get(last) or _NONE).whole < THERE:
            off.append((one, "goes", last, False))
        elif not same and _still(one, writing.end, seen):
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
    spelt = [(one.writing, planned.letters(_written(one.writing))) for one in seen]
    for asked in planned.wanted(case):
        wrong = planned.out_of_time(asked, spelt, case.timeline.frames)
        if wrong:
            what, by, frame = wrong
            way = "late" if by > 0 else "early"
            far = f"the {asked.kind} {asked.text!r} {what} {abs(by)} frames {way}"
            found.append(Finding(name, f"{far}: it is drawn so", str(by), "0", f"frame {frame}"))
    figures = {
        "edges_off": len(found),
        "edges": 2 * len(seen),
        "shift_frames": max(shifts, default=0),
    }
    return Outcome(figures, tuple(found), _nothing(seen), bool(seen))


_NONE = Agreement(-1.0, -1.0)


def _still(one: Look, frame: int, seen: Sequence[Look]) -> bool:
    """Whether a frame outside of its time shows it, and not what is planned there instead."""
    whole = (one.at.get(frame) or _NONE).whole
    planned_there = [
        o.at[frame].whole
        for o in seen
        if o is not one and frame in o.at and o.writing.full[0] <= frame <= o.writing.full[1]
        and _meet(o.writing.box, one.writing.box)
    ]  # fmt: skip
    return whole >= THERE and whole + BETTER > max(planned_there, default=-1.0)


def _meet(one: formats.Box, other: formats.Box) -> bool:
    across = one.left < other.right and other.left < one.right
    return across and one.top < other.bottom and other.top < one.bottom


def _shifts(case: Case, off: Sequence[tuple[Look, str, int, bool]]) -> list[int]:
    """How many frames each edge is away from where it should be; 0 where it is not found."""
    found = []
    for one, what, _, late in off:
        writing = one.writing
        edge = writing.full[0] if what == "comes" else writing.full[1]
        step = 1 if late else -1
        frames = [edge + step * n for n in range(SEARCH + 1)]
        pictures = dict(pictures_at(case.film.file, [f for f in frames if f >= 0]))
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
    told = [(one.writing, planned.letters(_written(one.writing))) for one in seen if not one.empty]
    missing = []
    for one in planned.wanted(case):
        near = [said for w, said in told if w.start <= one.end and w.end >= one.start]
        if not any(planned.letters(one.text) <= said for said in near):
            missing.append((one.text, _when(case, round(one.start))))
    return missing


def _written(one: Writing) -> str:
    """What its drawing instructions really write; lines in any order."""
    return " ".join(re.sub(r"\{\\[^}]*\}", "", m.body) for m in one.marks if m.text)


def _touch(one: Writing, other: Writing) -> bool:
    return one.start - 1 <= other.end and other.start - 1 <= one.end


def _named(one: Writing) -> str:
    kinds = {"hook": "the title", "end_card": "the end card", "caption": "the caption"}
    return f"{kinds.get(one.kind, one.kind)} {one.text!r}"


def _nothing(seen: Sequence[Any]) -> str:
    return "" if seen else "nothing is written over the picture"


def _when(case: Case, frame: int) -> str:
    return f"{float(frame / case.timeline.fps):.2f} s"
