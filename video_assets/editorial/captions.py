"""Captions from one list of words: short chunks burned into the picture, cues beside it.

Limits are CRAFT 1.6: `social` chunks of at most 3 words or 18 characters, `sidecar` cues of two
lines of 42 characters.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from video_assets.foundation.records import CaptionWord, Timeline

CHUNK_WORDS = 3
CHUNK_CHARACTERS = 18
CHUNK_SHORTEST = Fraction(1, 4)
"""Seconds; shorter chunks join the next."""
PAUSE = Fraction(7, 10)
"""Seconds of silence that end a chunk or a cue."""
LINE = 42
LINES = 2
CUE_SHORTEST = Fraction(5, 6)
CUE_LONGEST = Fraction(7)
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
    """What is burned in: a few words at a time as they are heard, touching while speech goes on."""
    runs: list[list[CaptionWord]] = []
    for word in timeline.words:
        run = runs[-1] if runs else []
        longer = " ".join([w.text for w in run] + [word.text])
        new = (
            not run
            or run[-1].ends_line
            or word.start - run[-1].end >= PAUSE
            or len(run) >= CHUNK_WORDS
            or len(longer) > CHUNK_CHARACTERS
            or run[-1].text[-1:] in ".?!,;:"
        )
        if new:
            runs.append([word])
        else:
            run.append(word)
    runs = _long_enough(runs)
    chunks = [Chunk(" ".join(w.text for w in r), r[0].start, r[-1].end) for r in runs]
    return _off_cuts(_closed(chunks, PAUSE, Fraction(0)), timeline)


def _long_enough(runs: list[list[CaptionWord]]) -> list[list[CaptionWord]]:
    """Runs shorter than a quarter of a second join a neighbour of the same line."""
    done: list[list[CaptionWord]] = []
    for run in runs:
        before = done[-1] if done else None
        short = run[-1].end - run[0].start < CHUNK_SHORTEST
        was_short = before is not None and before[-1].end - before[0].start < CHUNK_SHORTEST
        same = before is not None and not before[-1].ends_line
        if before is not None and same and (short or was_short):
            before.extend(run)
        else:
            done.append(list(run))
    return done


def _closed(chunks: Sequence[Chunk], most: Fraction, keep: Fraction) -> list[Chunk]:
    """Gaps shorter than `most` closed to `keep` seconds, by letting the earlier one stay."""
    done = []
    for number, chunk in enumerate(chunks):
        end = chunk.end
        if number + 1 < len(chunks):
            after = chunks[number + 1].start
            if after - end < most:
                end = max(chunk.start, after - keep)
        done.append(replace(chunk, end=end))
    return done


def _off_cuts(chunks: Sequence[Chunk], timeline: Timeline) -> list[Chunk]:
    """No edge that lies within two frames of a cut but not on it; a moved edge never crosses."""
    edges = sorted({Fraction(c.start) / timeline.fps for c in timeline.picture})
    near = NEAR_CUT / timeline.fps

    def moved(at: Fraction) -> Fraction:
        for edge in edges:
            if abs(edge - at) < near:
                return edge
        return at

    done: list[Chunk] = []
    for chunk in chunks:
        start, end = moved(chunk.start), min(moved(chunk.end), timeline.duration)
        if done and start < done[-1].end:
            start = done[-1].end
        if end <= start:
            start, end = chunk.start, max(chunk.end, chunk.start + near)
        done.append(Chunk(chunk.text, start, end))
    return done


def sidecar_cues(timeline: Timeline) -> list[Chunk]:
    """Cues of at most two lines of 42 characters, long enough to read where speech allows."""
    runs: list[list[CaptionWord]] = []
    for word in timeline.words:
        run = runs[-1] if runs else []
        fits = bool(run) and _wrapped(" ".join([w.text for w in run] + [word.text])) is not None
        if (
            not fits
            or run[-1].ends_line
            or word.start - run[-1].end >= PAUSE
            or word.end - run[0].start > CUE_LONGEST
        ):
            runs.append([word])
        else:
            run.append(word)
    cues = []
    for number, run in enumerate(runs):
        text = " ".join(w.text for w in run)
        start, end = run[0].start, run[-1].end
        wished = max(CUE_SHORTEST, Fraction(len(text), CHARACTERS_A_SECOND))
        limit = runs[number + 1][0].start if number + 1 < len(runs) else timeline.duration
        end = max(end, min(start + wished, limit - 2 / timeline.fps))
        cues.append(Chunk(_wrapped(text) or text, start, min(end, timeline.duration)))
    return _closed(cues, Fraction(1, 2), 2 / timeline.fps)


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
    """WebVTT text; with `words`, each later word of a cue carries its own time."""
    blocks = ["WEBVTT\n"]
    for cue in cues:
        own = [w for w in words if cue.start <= w.start < cue.end]
        lines = []
        place = 0
        for line in cue.text.splitlines():
            parts = []
            for text in line.split():
                timed = own[place] if place < len(own) and own[place].text == text else None
                stamp = f"<{_stamp(timed.start, '.')}>" if timed and timed.start > cue.start else ""
                parts.append(stamp + _escaped(text))
                place += timed is not None
            lines.append(" ".join(parts))
        body = "\n".join(line for line in lines if line)  # an empty line would end the cue
        blocks.append(f"{_stamp(cue.start, '.')} --> {_stamp(cue.end, '.')}\n{body}\n")
    return "\n".join(blocks)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
