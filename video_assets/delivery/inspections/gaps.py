"""Is speech cut where it pauses: looked for in the source, never in the file."""

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction

from video_assets.delivery.inspections import sounding
from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.delivery.inspections.cues import goes_on
from video_assets.delivery.inspections.sources import RATE
from video_assets.foundation.records import Finding, SoundCut, Word

HOP = 0.005
"""Seconds between levels, each of 10 ms."""
GAP = 40.0
"""ms between a cut in speech and the quietest point of its pause (CRAFT 8 row 1)."""
IN_GAPS = 0.98
"""Share of all edges (CRAFT 8 row 1)."""
AS_QUIET = 6.0
"""dB above the quietest 10 ms that count as quietest: the levels of noise scatter so far."""
LONGEST_GAP = Fraction(1)
"""Seconds of a pause, next to its word, in which the quietest point is looked for."""


def cuts_lie_in_gaps(case: Case) -> Outcome:
    """Speech is cut at the quietest point of a pause: 98 % of the edges within 40 ms of one
    (CRAFT 8 row 1)."""
    name = "cuts_lie_in_gaps"
    off: list[tuple[float, SoundCut, Fraction]] = []
    cuts = [c for c in case.timeline.sound if c.track == "A1"]
    for cut in cuts:
        words = sorted(case.tables.words.get(cut.clip_id, ()), key=lambda w: (w.start, w.end))
        if not words:
            continue
        end = cut.source_start + cut.duration
        if not any(goes_on(other, cut) for other in cuts):
            away = _from_gap(case, cut, words, cut.source_start, into=True)
            off.append((away, cut, cut.start))
        if not any(goes_on(cut, other) for other in cuts):
            away = _from_gap(case, cut, words, end, into=False)
            off.append((away, cut, cut.start + cut.duration))
    figures = {"edges": float(len(off)), "share_in_gaps": 1.0, "farthest_ms": 0.0}
    if not off:
        return Outcome(figures, note="no words around the cuts", measured=False)
    bad = [one for one in off if one[0] > GAP]
    share = 1 - len(bad) / len(off)
    figures |= {"share_in_gaps": share, "farthest_ms": max(one[0] for one in off)}
    if share >= IN_GAPS:
        return Outcome(figures)
    found = tuple(
        Finding(
            name,
            f"{cut.path} is cut {away:.0f} ms from the quietest point of the pause there, at most "
            f"{GAP:.0f} ms are wanted; move the cut",
            f"{away:.0f}",
            f"{GAP:.0f} ms",
            f"{float(at):.2f} s",
        )
        for away, cut, at in bad
    )
    return Outcome(figures, found)


def _from_gap(
    case: Case, cut: SoundCut, words: Sequence[Word], edge: Fraction, into: bool
) -> float:
    """ms from an edge to the nearest of the quietest points of the pause it belongs to.

    `into`: the edge leads into a word, else out of one.
    """
    import numpy as np

    number = bisect_right([(w.start + w.end) / 2 for w in words], edge)
    before = words[number - 1] if number else None
    after = words[number] if number < len(words) else None
    row = case.tables.rows.get(cut.path)
    first = before.end if before else Fraction(0)
    last = after.start if after else (row.duration if row else edge + LONGEST_GAP)
    if last - first < Fraction(1, 50):  # words that touch: between them is the only place
        return 1000 * abs(float((first + last) / 2 - edge))
    if into:
        first = max(first, min(edge, last - LONGEST_GAP))
    else:
        last = min(last, max(edge, first + LONGEST_GAP))
    sound = sounding.middle(case.sources.sound(cut.path, first, last - first))
    levels = sounding.decibels(sounding.powers(sound, RATE // 100, RATE // 200))
    quiet = max(float(levels.min()) + AS_QUIET, sounding.QUIET)
    times = float(first) + np.flatnonzero(levels <= quiet) * HOP + HOP
    return float(np.abs(times - float(edge)).min() * 1000)
