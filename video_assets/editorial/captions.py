"""Captions from one list of words: short chunks burned into the picture, cues beside it.

Limits are CRAFT 1.6: `social` chunks of at most 3 words or 18 characters, `sidecar` cues of two
lines of 42 characters.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import inf

from video_assets.foundation.records import CaptionWord, Timeline

CAPTIONS_VERSION = "2"
"""Raised whenever the same words give other chunks, cues or files: cutdowns are then made again."""
CHUNK_WORDS = 3
CHUNK_CHARACTERS = 18
CHUNK_SHORTEST = Fraction(1, 4)
"""Seconds; shorter chunks join a neighbour."""
MOST_WORDS = 8
"""Words of a chunk whatever they last: more are quicker than anybody speaks."""
PAUSE = Fraction(7, 10)
"""Seconds of silence that end a chunk or a cue."""
LINE = 42
LINES = 2
CUE_SHORTEST = Fraction(5, 6)
CUE_LONGEST = Fraction(7)
CUE_GAP = 2
"""Frames between cues."""
CLOSED = Fraction(1, 2)
"""Seconds of a gap between cues that is closed down to `CUE_GAP`."""
CHARACTERS_A_SECOND = 20
NEAR_CUT = 2
"""Frames: an edge nearer than this to a cut moves onto it."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Words shown together. Timeline seconds, exact."""

    text: str
    start: Fraction
    end: Fraction


def social_chunks(timeline: Timeline) -> list[Chunk]:
    """What is burned in: a few words at a time as they are heard, touching while speech goes on.

    Of all ways to part the words the one that breaks the fewest limits, then the one with the
    fewest chunks; a word too short to be seen joins a neighbour.
    """
    words = timeline.words
    if not words:
        return []
    edges = _changes(timeline)
    near = NEAR_CUT / timeline.fps
    starts = [_on_cut(w.start, edges, near) for w in words]

    def end_of(first: int, last: int) -> Fraction:
        """When a chunk goes: with the next one, or where a pause begins."""
        end = words[last].end
        after = starts[last + 1] if last + 1 < len(words) else timeline.duration
        if last + 1 < len(words) and words[last + 1].start - end < PAUSE:
            return after
        return min(_on_cut(max(end, starts[first] + CHUNK_SHORTEST), edges, near), after)

    def cost(first: int, last: int) -> float:
        run = words[first : last + 1]
        letters = len(" ".join(w.text for w in run))
        many, wide = len(run) > CHUNK_WORDS, letters > CHUNK_CHARACTERS and len(run) > 1
        length = end_of(first, last) - starts[first]
        found = 1.0 + 30 * (many and wide) + 10 * (many or wide)
        found += 1000 * (length <= 0) + 100 * (length < CHUNK_SHORTEST)
        for one, two in pairwise(run):
            found += 40 * one.ends_line + 60 * (two.start - one.end >= PAUSE)
            found += 5 * (one.text[-1:] in ".?!,;:")
        return found

    done: list[Chunk] = []
    for first, last in _parted(len(words), MOST_WORDS, cost):
        text = " ".join(w.text for w in words[first : last + 1])
        start, end = starts[first], end_of(first, last)
        if end <= start and done:  # two words on one cut: nothing is left of the first but its text
            before = done.pop()
            text, start = f"{before.text} {text}", before.start
        done.append(Chunk(text, start, max(end, start + near)))
    return done


def _changes(timeline: Timeline) -> list[Fraction]:
    """When the visible picture changes, begins and ends, timeline seconds, rising."""
    frames = {0, timeline.frames}
    frames |= {min(timeline.frames, max(0, f)) for c in timeline.picture for f in (c.start, c.end)}
    found: list[int] = []
    before: object = None
    for frame in sorted(frames):
        over = [c for c in timeline.picture if c.start <= frame < c.end]
        top = max(over, key=lambda c: (c.track, c.start), default=None)
        if top is not before or frame in (0, timeline.frames):
            found.append(frame)
        before = top
    return [frame / timeline.fps for frame in found]


def _on_cut(at: Fraction, edges: Sequence[Fraction], near: Fraction) -> Fraction:
    """The time, or the cut that it lies beside without lying on it."""
    edge = min(edges, key=lambda e: (abs(e - at), e), default=at)
    return edge if abs(edge - at) < near else at


def _off_cut(
    at: Fraction, edges: Sequence[Fraction], near: Fraction, first: Fraction, last: Fraction
) -> Fraction:
    """A time beside a cut moved onto it, or as far off as it must be, within `first` and `last`."""
    edge = min(edges, key=lambda e: (abs(e - at), e), default=at)
    if not 0 < abs(edge - at) < near:
        return at
    ways = (w for w in (edge, edge - near, edge + near) if first <= w <= last)
    return next(ways, at)


def _parted(count: int, most: int, cost: Callable[[int, int], float]) -> list[tuple[int, int]]:
    """The cheapest way to part `count` words into runs (first, last) of at most `most`.

    Of equally good ways the one with the longer run first. `cost` is infinite for runs of several
    words that cannot be, and then for all longer ones.
    """
    best: list[tuple[float, int]] = [(0.0, count)] * (count + 1)
    for first in range(count - 1, -1, -1):
        ways = []
        for last in range(first, min(count, first + most)):
            own = cost(first, last)
            if own == inf:  # nor does anything longer fit
                break
            ways.append((own + best[last + 1][0], -last))
        value, last = min(ways)
        best[first] = value, -last
    runs, at = [], 0
    while at < count:
        runs.append((at, best[at][1]))
        at = best[at][1] + 1
    return runs


def sidecar_cues(timeline: Timeline) -> list[Chunk]:
    """Cues of at most two lines of 42 characters, long and slow enough to read where speech allows.

    Of all ways to part the words the one that breaks the fewest limits, then the one that breaks
    lines the least. An edge beside a picture cut moves onto it.
    """
    words = timeline.words
    gap = CUE_GAP / timeline.fps
    edges = _changes(timeline)
    near = NEAR_CUT / timeline.fps
    starts = [_on_cut(w.start, edges, near) for w in words]

    def room(first: int, last: int) -> Fraction:
        """Until when a cue may stay."""
        if last + 1 == len(words):
            return timeline.duration
        return starts[last + 1] - gap

    def cost(first: int, last: int) -> float:
        run = words[first : last + 1]
        text = " ".join(w.text for w in run)
        if len(run) > 1 and (_wrapped(text) is None or _lasts(run) > CUE_LONGEST):
            return inf
        length = min(room(first, last) - starts[first], CUE_LONGEST)
        found = 1.0
        found += 1000 * (length <= 0) + 100 * (length < CUE_SHORTEST)
        found += 100 * (length <= 0 or len(text) > CHARACTERS_A_SECOND * length)
        for one, two in pairwise(run):
            found += 10 * one.ends_line + 40 * (two.start - one.end >= PAUSE)
        found += 0 if run[-1].ends_line else 1 if run[-1].text[-1:] in ".?!,;:" else 2
        return found

    cues = []
    for first, last in _parted(len(words), LINE, cost):
        run = words[first : last + 1]
        text = " ".join(w.text for w in run)
        start, end, limit = starts[first], run[-1].end, room(first, last)
        wished = max(CUE_SHORTEST, Fraction(len(text), CHARACTERS_A_SECOND))
        end = max(min(end, limit), min(start + wished, limit))
        least = min(start + wished, limit)
        if 0 < limit - end <= CLOSED and last + 1 < len(words):
            end = min(limit, max(end, start + CUE_LONGEST))
        end = _off_cut(end, edges, near, least, min(limit, start + CUE_LONGEST))
        end = min(end, timeline.duration)
        cues.append(Chunk(_wrapped(text) or text, start, max(end, start + gap / 2)))
    return cues


def _lasts(run: Sequence[CaptionWord]) -> Fraction:
    return run[-1].end - run[0].start


def _wrapped(text: str) -> str | None:
    """The text on one or two lines of at most 42 characters, balanced; None if it does not fit."""
    if len(text) <= LINE:
        return text
    words = text.split()
    best: tuple[int, str] | None = None
    for at in range(1, len(words)):
        first, second = " ".join(words[:at]), " ".join(words[at:])
        longest = max(len(first), len(second))
        if longest <= LINE and (best is None or longest < best[0]):
            best = longest, f"{first}\n{second}"
    return best[1] if best else None


def _stamp(seconds: Fraction, mark: str) -> str:
    ms = int(seconds * 1000 + Fraction(1, 2))
    hours, rest = divmod(ms, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}{mark}{rest % 1000:03d}"


def srt(cues: Sequence[Chunk]) -> str:
    """SubRip text, UTF-8 with LF."""
    blocks = []
    for number, cue in enumerate(cues, 1):
        text = "\n".join(
            line for line in cue.text.replace("-->", "->").splitlines() if line.strip()
        )
        blocks.append(f"{number}\n{_stamp(cue.start, ',')} --> {_stamp(cue.end, ',')}\n{text}\n")
    return "\n".join(blocks)


def vtt(cues: Sequence[Chunk], words: Sequence[CaptionWord] = ()) -> str:
    """WebVTT text; with `words`, those of all cues, each later word of a cue carries its time."""
    blocks = ["WEBVTT\n"]
    spoken = [(text, w.start) for w in words for text in w.text.split()]
    place = 0
    for cue in cues:
        lines = []
        for number, line in enumerate(cue.text.splitlines()):
            parts: list[str] = []
            for text in line.split():
                timed = place < len(spoken) and spoken[place][0] == text
                start = spoken[place][1] if timed else cue.start
                later = cue.start < start < cue.end and (number > 0 or bool(parts))
                parts.append((f"<{_stamp(start, '.')}>" if later else "") + _escaped(text))
                place += timed
            lines.append(" ".join(parts))
        body = "\n".join(line for line in lines if line)  # an empty line would end the cue
        blocks.append(f"{_stamp(cue.start, '.')} --> {_stamp(cue.end, '.')}\n{body}\n")
    return "\n".join(blocks)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
