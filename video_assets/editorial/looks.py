"""What a viewer sees when: where pictures cover the speakers, and the scale of every look.

The tracks are planned from the visible sequence, so that no flash shorter than `SHORTEST` and no
jump cut stays, wherever lines, breathers and the end card happen to lie.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil

from video_assets.foundation.records import PictureCut, Shot

PUNCH_IN = 1.22
"""Scale where one set-up follows itself: 20 to 25 % hides the jump (CRAFT 3.4)."""

Cover = tuple[int, int, int]
"""(start, end, beat): frames in which pictures cover the speakers."""


def settled(covers: Sequence[Cover], lines: Sequence[Cover], least: int, total: int) -> list[Cover]:
    """The covers, grown until every cover and every look between them lasts `least` frames.

    `lines`: (start, end, beat) of the speakers. Covers only grow or join, so this ends. A line
    shorter than `least` that no cover touches is left alone: its speaker is seen as long as heard.
    """
    found = _joined(covers, least, total)
    while True:
        grown = _grown(found, lines, least)
        if grown == found:
            return _as_one(found)
        found = _joined(grown, least, total)


def _as_one(covers: Sequence[Cover]) -> list[Cover]:
    """Touching covers of one beat as one, so that a picture need not change where a line ends."""
    done: list[Cover] = []
    for start, end, beat in covers:
        if done and done[-1][1] == start and done[-1][2] == beat:
            done[-1] = (done[-1][0], end, beat)
        else:
            done.append((start, end, beat))
    return done


def _joined(covers: Sequence[Cover], least: int, total: int) -> list[Cover]:
    """Covers in order, none overlapping, none shorter than `least`."""
    done: list[Cover] = []
    for start, end, beat in sorted(covers):
        if end <= start:
            continue
        if end - start < least:  # too short alone: begins earlier, or lasts longer
            start = max(0, end - least)
            end = min(total, max(end, start + least))
        touches = bool(done) and start <= done[-1][1]
        if touches and (start < done[-1][1] or end - start <= least):
            first, last, its = done[-1]
            done[-1] = (min(first, start), max(last, end), its)
        else:
            done.append((start, end, beat))
    return done


def _grown(covers: Sequence[Cover], lines: Sequence[Cover], least: int) -> list[Cover]:
    """The covers with the first look that is too short taken in by its neighbour."""
    for start, end, _ in looks(covers, lines):
        if end - start >= least:
            continue
        for number, (first, last, beat) in enumerate(covers):
            if last == start:
                return [*covers[:number], (first, end, beat), *covers[number + 1 :]]
        for number, (first, last, beat) in enumerate(covers):
            if first == end:
                return [*covers[:number], (start, last, beat), *covers[number + 1 :]]
    return list(covers)


def looks(covers: Sequence[Cover], lines: Sequence[Cover]) -> list[Cover]:
    """Where speakers are seen: the lines without what is covered."""
    found = list(lines)
    for first, last, _ in covers:
        rest = []
        for start, end, beat in found:
            rest += [(start, min(end, first), beat), (max(start, last), end, beat)]
        found = [look for look in rest if look[1] > look[0]]
    return sorted(set(found))


def divided(length: int, longest: int) -> list[int]:
    """Edges that part `length` frames evenly into looks of `longest` or at most a quarter more."""
    parts = max(1, ceil(Fraction(length * 4, max(1, longest) * 5)))
    return [length * n // parts for n in range(parts + 1)]


def without_jumps(
    cuts: Sequence[PictureCut],
    shots: Mapping[str, Shot],
    hidden: Callable[[PictureCut], bool] = lambda cut: False,
) -> list[PictureCut]:
    """The cuts in order of time; one that follows its own set-up differs from it in scale.

    Cuts that are `hidden` under others go on at the scale of their line.
    """
    done: list[PictureCut] = []
    before: PictureCut | None = None
    story: PictureCut | None = None
    for cut in sorted(cuts, key=lambda c: (c.start, c.track)):
        if hidden(cut):
            goes_on = story is not None and story.line_id == cut.line_id
            story = replace(cut, scale=story.scale) if story and goes_on else cut
            done.append(story)
            continue
        same = before is not None and shots[before.shot_id].setup == shots[cut.shot_id].setup
        # a set-up is a guess: two pieces of one clip always count as the same
        same = same or (before is not None and before.shot_id == cut.shot_id)
        scale = PUNCH_IN if same and before is not None and before.scale == 1.0 else 1.0
        before = replace(cut, scale=scale)
        story = before if cut.line_id else story
        done.append(before)
    return done


def one_piece(cuts: Sequence[PictureCut], fps: Fraction) -> list[PictureCut]:
    """Neighbours of one line that go on in the source at the same scale, as one cut again."""
    done: list[PictureCut] = []
    for cut in cuts:
        last = done[-1] if done else None
        if (
            last is not None
            and (last.track, last.line_id, last.scale) == (cut.track, cut.line_id, cut.scale)
            and cut.line_id
            and last.end == cut.start
            and last.source_start + last.frames / fps == cut.source_start
        ):
            done[-1] = replace(last, frames=last.frames + cut.frames)
        else:
            done.append(cut)
    return done
