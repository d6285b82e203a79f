"""Does the cut itself hold: words whole, no footage twice."""

from fractions import Fraction

from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.foundation.records import Finding

WORD_SLACK = Fraction(1, 50)
"""Seconds a cut may lie inside a word's edge: word times are no finer."""


def no_word_is_cut(case: Case) -> Outcome:
    """No dialogue begins or ends inside a word of its clip."""
    timeline, by_clip = case.timeline, case.tables.words
    found = []
    cuts = sorted((c for c in timeline.sound if c.track == "A1"), key=lambda c: c.start)
    for cut in cuts:
        edges = (cut.source_start, cut.source_start + cut.duration)
        touching = [
            any(
                o is not cut
                and o.clip_id == cut.clip_id
                and (o.source_start + o.duration == edge if n == 0 else o.source_start == edge)
                for o in cuts
            )
            for n, edge in enumerate(edges)
        ]
        for edge, whole in zip(edges, touching, strict=True):
            for word in by_clip.get(cut.clip_id, ()):
                inside = word.start + WORD_SLACK < edge < word.end - WORD_SLACK
                if inside and not whole:
                    at = cut.start + (edge - cut.source_start)
                    found.append(
                        Finding(
                            "no_word_is_cut",
                            f"{cut.path}: the word {word.text!r} "
                            f"({float(word.start):.2f}..{float(word.end):.2f} s) is cut at "
                            f"{float(edge):.2f} s",
                            f"{float(edge):.3f}",
                            "0 words",
                            f"{float(at):.2f} s",
                        )
                    )
    return Outcome({"words_cut": len(found)}, tuple(found))


def nothing_is_shown_twice(case: Case) -> Outcome:
    """No span of a source is visible twice. A frame held by rate conversion is none.

    Spans shorter than a frame of the source do not count as an overlap.
    """
    timeline, rows = case.timeline, case.tables.rows
    spans = []
    for stretch in case.shown:
        cut = stretch.cut
        start = cut.source_start + Fraction(stretch.start - cut.start) / timeline.fps
        spans.append(
            (
                cut.clip_id,
                start,
                start + Fraction(stretch.end - stretch.start) / timeline.fps,
                stretch,
            )
        )
    spans.sort(key=lambda s: (s[0], s[1], s[2], s[3].start))
    found = []
    for n, (clip, start, end, stretch) in enumerate(spans):
        row = rows.get(stretch.cut.path)
        held = 1 / max(timeline.fps, row.fps) if row and row.fps > 0 else 1 / timeline.fps
        for other_clip, other_start, other_end, other in spans[n + 1 :]:
            if other_clip != clip or other_start >= end:
                break
            shared = min(end, other_end) - max(start, other_start)
            if shared >= held:
                found.append(
                    Finding(
                        "nothing_is_shown_twice",
                        f"{stretch.cut.path}: {float(shared):.2f} s from "
                        f"{float(max(start, other_start)):.2f} s are shown at frame "
                        f"{stretch.start} and again at frame {other.start}",
                        f"{float(shared):.3f}",
                        "0 s",
                        f"frame {other.start}",
                    )
                )
    return Outcome({"spans_twice": len(found)}, tuple(found))
