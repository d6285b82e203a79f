"""Are words heard when their captions are read.

Steps of energy are looked for in the finished file where captions stand. What a source's word times
are off by themselves is told apart (CRAFT 7): a word's onset in the source, measured in the same
way, says how far.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from video_assets.delivery.inspections import sounding
from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.delivery.inspections.cues import cues_of
from video_assets.delivery.inspections.sources import RATE
from video_assets.foundation.records import CaptionWord, Finding, SoundCut, Word

P95, MOST = 80.0, 125.0
"""ms between a caption and the onset of its word (CRAFT 7: p95 and largest)."""
MEASURABLE = 0.8
"""Share of the words after a pause whose onset must be there (CRAFT 7)."""
WINDOW = 0.12
"""Seconds around a word's start in which its onset is looked for (CRAFT 7)."""
PAUSE = Fraction(1, 10)
"""Seconds before a word that make its onset a step."""
RISE = 8.0
"""dB from the 40 ms before to the 40 ms after: a step."""
HOP = 0.005
"""Seconds between levels, each of 10 ms."""
SHIFT_REACH = 0.4
"""Seconds either way in which all captions together are looked for."""
BETTER = 4.0
"""dB by which another place must fit better than this one."""
FEWEST = 3
"""Steps from which a common shift can be told."""
NEAR_CUT = 2
"""Frames that a caption may be moved to lie on a picture cut (CRAFT 1.6)."""
AS_QUIET = 6.0
"""dB above the quietest 10 ms before a word at which its sound begins."""


def _levels(samples: Any) -> Any:
    """dBFS of 10 ms every 5 ms of one channel; nothing lower than 35 dB below the loudest."""
    import numpy as np

    found = sounding.decibels(sounding.powers(samples, RATE // 100, RATE // 200))
    return np.maximum(found, found.max() - 35.0) if len(found) else found


def _steps(levels: Any) -> Any:
    """dB by which every 5 ms parts the 40 ms after it from the 40 ms before it."""
    import numpy as np

    width = 8
    padded = np.concatenate([np.full(width, levels[0]), levels, np.full(width, levels[-1])])
    total = np.concatenate([[0.0], np.cumsum(padded)])
    at = np.arange(len(levels)) + width
    return (total[at + width] - 2 * total[at] + total[at - width]) / width


def _onset(steps: Any, at: float, near: float | None = None) -> float | None:
    """Seconds of the highest step of energy around `at`; with `near` of the one closest to that,
    as a note of the music may be a higher one. None where there is none."""
    import numpy as np

    # A level belongs to the middle of its 10 ms.
    first = max(1, round((at - WINDOW) / HOP) - 1)
    last = min(len(steps) - 1, round((at + WINDOW) / HOP))
    if last - first < 2:
        return None
    own = steps[first:last]
    tops = (own >= steps[first - 1 : last - 1]) & (own >= steps[first + 1 : last + 1])
    least = RISE if near is not None else max(RISE, own.max())
    places = np.flatnonzero(tops & (own >= least))
    if not len(places):
        return None
    times = (places + first) * HOP + HOP / 2
    return float(times[np.argmin(np.abs(times - (at if near is None else near)))])


def _begins(levels: Any, onset: float) -> float:
    """Seconds at which the sound that steps up at `onset` first stands 6 dB above what was before:
    a soft consonant comes before the step."""
    place = min(len(levels) - 1, round(onset / HOP))
    quiet = float(levels[max(0, place - 30) : place + 1].min()) + AS_QUIET
    while place > 0 and levels[place - 1] > quiet:
        place -= 1
    return place * HOP + HOP


@dataclass(frozen=True, slots=True)
class _Heard:
    """A caption's word, in the source and in the file."""

    word: CaptionWord
    moved: float
    """ms that the caption begins after its word in the source, at the place the timeline gives it;
    0.0 where the library does not have the word."""
    step: bool
    """Whether it follows a pause, so that its onset is a step."""
    own: float | None
    """Seconds that the onset lies after the word's start in the source; None: not measurable."""
    onset: float | None
    """Timeline seconds in the file."""


def captions_meet_their_words(case: Case) -> Outcome:
    """Captions stand where the file's words begin: p95 80 ms, at most 125 ms (CRAFT 7)."""
    import numpy as np

    name = "captions_meet_their_words"
    words = case.timeline.words
    figures = {
        "p95_ms": 0.0,
        "max_ms": 0.0,
        "raw_p95_ms": 0.0,
        "edit_p95_ms": 0.0,
        "edit_max_ms": 0.0,
        "cue_max_ms": 0.0,
        "shift_ms": 0.0,
        "measurable_share": 1.0,
        "words": 0.0,
    }
    if not words:
        return Outcome(figures, note="no captions", measured=False)
    levels = _levels(sounding.middle(sounding.played(case)))
    steps = _steps(levels)
    spoken = _heard(case, steps)
    heard = [h for h in spoken if h.step and h.own is not None]
    there = [h for h in heard if h.onset is not None]
    added = [1000 * (h.onset - float(h.word.start) - h.own) for h in there]  # type: ignore[operator]
    raw = [1000 * (_begins(levels, h.onset) - float(h.word.start)) for h in there]  # type: ignore[arg-type]
    shift = _shift(case, steps)
    cues = _cues_off(case)
    figures |= {"words": float(len(heard)), "shift_ms": shift}
    if heard:
        figures["measurable_share"] = len(there) / len(heard)
    if there:
        figures |= {
            "p95_ms": float(np.percentile(np.abs(added), 95)),
            "max_ms": float(np.abs(added).max()),
            "raw_p95_ms": float(np.percentile(np.abs(raw), 95)),
        }
    figures["cue_max_ms"] = max((abs(late) for late, _ in cues), default=0.0)
    found = []
    if shift:
        side = "late" if shift < 0 else "early"
        what = f"all captions are {abs(shift):.0f} ms {side} for what is said; make them again"
        found.append(Finding(name, what, f"{shift:.0f}", f"{P95:.0f} ms"))
    if figures["p95_ms"] > P95 or figures["max_ms"] > MOST:
        worst = int(np.argmax(np.abs(added)))
        word = there[worst].word
        what = (
            f"{word.text!r} is heard {abs(added[worst]):.0f} ms from its caption (95 of 100 words "
            f"within {figures['p95_ms']:.0f} ms); time its line again"
        )
        limit = f"{P95:.0f} ms, at most {MOST:.0f} ms"
        found.append(
            Finding(name, what, f"{added[worst]:.0f}", limit, f"{float(word.start):.2f} s")
        )
    moved = max(spoken, key=lambda h: abs(h.moved))
    figures["edit_max_ms"] = abs(moved.moved)
    figures["edit_p95_ms"] = float(np.percentile([abs(h.moved) for h in spoken], 95))
    if figures["edit_p95_ms"] > P95 or abs(moved.moved) > MOST:
        what = (
            f"{moved.word.text!r} is said {abs(moved.moved):.0f} ms from its caption (95 of 100 "
            f"words within {figures['edit_p95_ms']:.0f} ms); make the captions again"
        )
        at = f"{float(moved.word.start):.2f} s"
        limit = f"{P95:.0f} ms, at most {MOST:.0f} ms"
        found.append(Finding(name, what, f"{moved.moved:.0f}", limit, at))
    # one word may be lost below music or noise
    if len(heard) - len(there) > 1 and figures["measurable_share"] < MEASURABLE:
        lost = next(h for h in heard if h.onset is None)
        what = (
            f"{len(heard) - len(there)} of {len(heard)} words are not heard where their captions "
            f"stand, such as {lost.word.text!r}; time the captions again"
        )
        share = f"{figures['measurable_share']:.2f}"
        at = f"{float(lost.word.start):.2f} s"
        found.append(Finding(name, what, share, f"{MEASURABLE}", at))
    if figures["cue_max_ms"] > MOST:
        late, seconds = max(cues, key=lambda c: abs(c[0]))
        what = f"a caption is shown {abs(late):.0f} ms from its word; make the captions again"
        found.append(Finding(name, what, f"{late:.0f}", f"{MOST:.0f} ms", f"{seconds:.2f} s"))
    note = "" if heard or shift else "no word after a pause: nothing to measure"
    return Outcome(figures, tuple(found), note, measured=not note)


def _heard(case: Case, steps: Any) -> list[_Heard]:
    """Every caption's word, with the onset of those after a pause."""
    cuts = sorted((c for c in case.timeline.sound if c.track == "A1"), key=lambda c: c.start)
    known: dict[int, Any] = {}
    in_order: dict[str, list[Word]] = {}

    def own_words(cut: SoundCut) -> list[Word]:
        if cut.clip_id not in in_order:
            every = case.tables.words.get(cut.clip_id, ())
            in_order[cut.clip_id] = sorted(every, key=lambda w: w.start)
        return in_order[cut.clip_id]

    found = []
    last: Fraction | None = None
    for word in case.timeline.words:
        after = last is None or word.start - last >= PAUSE
        last = word.end
        # beside an edge it may belong to either cut
        near_by = [c for c in cuts if c.start - PAUSE <= word.start < c.start + c.duration + PAUSE]
        pairs = [(c, w) for c in near_by if (w := _said(own_words(c), c, word)) is not None]
        cut, said = min(pairs, key=lambda p: abs(_moved(word, *p)), default=(None, None))
        own: float | None = 0.0
        moved = 0.0
        if cut is not None and said is not None:
            moved = _moved(word, cut, said)
        if after and cut is not None and said is not None:
            number = cuts.index(cut)
            if number not in known:
                source = case.sources.sound(cut.path, cut.source_start, cut.duration)
                known[number] = _steps(_levels(sounding.middle(source)))
            at = float(said.start - cut.source_start)
            place = _onset(known[number], at)
            own = None if place is None else place - at
        start = float(word.start)
        onset = _onset(steps, start, start + (own or 0.0)) if after else None
        found.append(_Heard(word, moved, after, own, onset))
    return found


def _said(words: Sequence[Word], cut: SoundCut, word: CaptionWord) -> Word | None:
    """The word of a clip (in the order of time) that a caption shows; None where none of those
    that are cut is of that text."""
    at = cut.source_start + (word.start - cut.start)
    first = bisect_left(words, cut.source_start - PAUSE, key=lambda w: w.start)
    last = bisect_left(words, cut.source_start + cut.duration, key=lambda w: w.start)
    text = _plain(word.text)
    same = [w for w in words[first:last] if _plain(w.text) == text]
    return min(same, key=lambda w: abs(w.start - at), default=None)


def _moved(word: CaptionWord, cut: SoundCut, said: Word) -> float:
    """ms that a caption begins after its word, as a cut places it."""
    return 1000 * float(word.start - cut.start - said.start + cut.source_start)


def _plain(text: str) -> str:
    return re.sub(r"\W", "", text.lower())


def _shift(case: Case, steps: Any) -> float:
    """ms by which all words are heard later than captions stand; 0.0 where they meet.

    Energy rises where a word follows a pause and falls where one goes before it: the shift at which
    the captions' own pauses find the most of it.
    """
    import numpy as np

    words = case.timeline.words
    edges: list[tuple[float, int]] = []
    for number, word in enumerate(words):
        before = words[number - 1].end if number else None
        if before is None or word.start - before >= PAUSE:
            edges.append((float(word.start), 1))
            if before is not None:
                edges.append((float(before), -1))
    edges.append((float(words[-1].end), -1))
    end = len(steps) * HOP
    edges = [(at, way) for at, way in edges if 0.0 < at < end]
    if len(edges) < FEWEST:
        return 0.0
    reach = round(SHIFT_REACH / HOP)
    padded = np.pad(np.clip(steps, -20.0, 20.0), reach)
    curve = np.zeros(2 * reach + 1)
    for at, way in edges:
        place = round(at / HOP)
        curve += way * padded[place : place + 2 * reach + 1]
    curve /= len(edges)
    here = round(P95 / 1000 / HOP)
    best = int(curve.argmax()) - reach
    if abs(best) <= here or curve.max() < curve[reach - here : reach + here + 1].max() + BETTER:
        return 0.0
    return best * HOP * 1000


def _cues_off(case: Case) -> list[tuple[float, float]]:
    """(ms after its first word, seconds) of every caption that is burned in or lies beside the
    file. Where it was moved onto a picture cut near it, 0 ms."""
    shown = [(float(c.start), c.text) for c in case.texts.burned]
    for text in (case.texts.srt, case.texts.vtt):
        shown += [(float(cue.start), " ".join(cue.words)) for cue in cues_of(text)]
    fps = case.timeline.fps
    edges = [float(c.start / fps) for c in case.timeline.picture]
    near = float(NEAR_CUT / fps) + 0.001
    found = []
    for start, text in shown:
        first = _plain(text.split()[0]) if text.split() else ""
        same = [float(w.start) for w in case.timeline.words if _plain(w.text) == first]
        if not same:
            continue
        off = start - min(same, key=lambda at: abs(at - start))
        moved = abs(off) <= near and any(abs(start - edge) < 0.001 for edge in edges)
        found.append((0.0 if moved else 1000 * off, start))
    return found
