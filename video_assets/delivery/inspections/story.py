"""Does the cut itself hold: words whole, no footage twice, no jumps.

Everything is read from the timeline and the library's own tables; scores are not looked at.
"""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import combinations

from video_assets.delivery.inspections.case import Case, Outcome, Shown, shown_of
from video_assets.delivery.inspections.cues import goes_on
from video_assets.foundation.records import Finding, Timeline

WORD_SLACK = Fraction(1, 50)
"""Seconds a cut may lie inside a word's edge: word times are no finer."""
SCALE_CHANGE = 1.2
"""Ratio of scales that hides a jump: 20 % (CRAFT 3.4, 8 row 5)."""
ROUNDED = 2.0
"""Pixels of the source by which the side of a crop may be rounded."""
COVER = Fraction(4, 5)
"""Seconds that a picture between two pieces of one set-up must last (CRAFT 3.4)."""


def no_word_is_cut(case: Case) -> Outcome:
    """No dialogue begins or ends inside a word of its clip (CRAFT 8 row 1: 0)."""
    timeline, by_clip = case.timeline, case.tables.words
    found = []
    cuts = sorted((c for c in timeline.sound if c.track == "A1"), key=lambda c: c.start)
    for cut in cuts:
        edges = (cut.source_start, cut.source_start + cut.duration)
        others = [o for o in cuts if o is not cut]
        touching = [any(goes_on(o, cut) for o in others), any(goes_on(cut, o) for o in others)]
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
    """No span of a source is visible twice (CRAFT 8 row 4: 0).

    A frame held by rate conversion is none: spans shorter than a frame of the source do not count
    as an overlap.
    """
    timeline, rows = case.timeline, case.tables.rows
    spans = []
    for stretch in case.shown:
        start, end = source_of(stretch, timeline)
        spans.append((stretch.cut.clip_id, start, end, stretch))
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


def source_of(stretch: Shown, timeline: Timeline) -> tuple[Fraction, Fraction]:
    """What a stretch shows of its clip, clip's clock."""
    start = stretch.cut.source_start + Fraction(stretch.start - stretch.cut.start) / timeline.fps
    return start, start + Fraction(stretch.end - stretch.start) / timeline.fps


def jump_cuts_are_covered(case: Case) -> Outcome:
    """Where one set-up follows itself, it goes on in the source, or the scale changes by 20 %.

    The scale is that of the crops which the pictures show, whatever the timeline calls it. CRAFT 8
    row 5: 0 uncovered jump cuts. Another picture between two pieces of a set-up covers the jump
    where it lasts 0.8 s (3.4).
    """
    return jumps("jump_cuts_are_covered", case, lambda one, two: _same_setup(case, one, two))


def jumps(name: str, case: Case, same: Callable[[Shown, Shown], bool]) -> Outcome:
    """The jump cuts between stretches of which `same` says that they are of one set-up."""
    timeline = case.timeline
    found = []
    joins = 0
    shown = case.shown
    for n, one in enumerate(shown):
        covered = Fraction(0)
        for two in shown[n + 1 :]:
            if two.start != one.end and covered == 0:
                break
            if same(one, two):
                joins += 1
                change, wanted = _scale_change(case, one, two)
                if not _goes_on(case, one, two, covered) and change < wanted:
                    found.append(_jump(name, one, two, covered, change))
                break
            covered += Fraction(two.end - two.start) / timeline.fps
            if covered >= COVER:
                break
    return Outcome({"jump_cuts": len(found), "joins_in_a_setup": joins}, tuple(found))


def _jump(name: str, one: Shown, two: Shown, covered: Fraction, ratio: float) -> Finding:
    between = f", {float(covered):.2f} s of another picture between" if covered else ""
    change = (ratio - 1) * 100
    return Finding(
        name,
        f"{one.cut.path} jumps to {two.cut.path} of the same set-up at {change:.0f} % other "
        f"scale{between}: cover it for 0.8 s or change the scale",
        f"{change:.0f} %",
        ">= 20 %",
        f"frame {two.start}",
    )


def _same_setup(case: Case, one: Shown, two: Shown) -> bool:
    a, b = (case.tables.shots.get(s.cut.shot_id) for s in (one, two))
    if a is None or b is None or not a.setup:
        return one.cut.clip_id == two.cut.clip_id
    return a.setup == b.setup or one.cut.shot_id == two.cut.shot_id


def _goes_on(case: Case, one: Shown, two: Shown, covered: Fraction) -> bool:
    """Whether the second continues the first in its source, as far as a frame can tell."""
    if one.cut.clip_id != two.cut.clip_id:
        return False
    row = case.tables.rows.get(one.cut.path)
    frame = 1 / min(case.timeline.fps, row.fps) if row and row.fps > 0 else 1 / case.timeline.fps
    end, start = source_of(one, case.timeline)[1], source_of(two, case.timeline)[0]
    # while another picture covers it, the source may simply have run on
    return abs(start - end) <= frame or (covered > 0 and abs(start - end - covered) <= frame)


def _scale_change(case: Case, one: Shown, two: Shown) -> tuple[float, float]:
    """(ratio of the scales at which both are shown, the one that hides a jump).

    The second is SCALE_CHANGE less what rounding to pixels of the source takes away.
    """
    crops = [case.crops.get(s.number) for s in (one, two)]
    rows = [case.tables.rows.get(s.cut.path) for s in (one, two)]
    best = (1.0, SCALE_CHANGE)
    for side in (2, 3):  # width, height
        sizes = [crop[side] for crop in crops if crop is not None and crop[side] > 0]
        pixels = [(r.width, r.height)[side - 2] for r in rows if r is not None]
        if len(sizes) < 2 or len(pixels) < 2:
            continue
        least = min(size * many for size, many in zip(sizes, pixels, strict=True))
        wanted = SCALE_CHANGE * (1 - ROUNDED / max(least, 2 * ROUNDED)) - 1e-9
        ratio = max(sizes) / min(sizes)
        if ratio / wanted > best[0] / best[1]:
            best = ratio, wanted
    return best


def footage_shared(timelines: Iterable[Timeline]) -> float:
    """The largest share of footage that two of several cuts have in common, 0..1.

    CRAFT 8 row 18: at most 0.5. Seconds of source picture that both show, of the shorter one's;
    0.0 for fewer than two cuts. Pictures that others cover do not count.
    """
    spans = [_visible_spans(t) for t in timelines]
    worst = 0.0
    for one, two in combinations(spans, 2):
        shorter = min(_length(one), _length(two))
        shared = sum(
            max(Fraction(0), min(b, d) - max(a, c))
            for clip, a, b in one
            for other, c, d in two
            if clip == other
        )
        if shorter > 0:
            worst = max(worst, float(shared / shorter))
    return min(1.0, worst)


Span = tuple[str, Fraction, Fraction]
"""clip_id, start, end: clip's clock."""


def _length(spans: Sequence[Span]) -> Fraction:
    return sum((b - a for _, a, b in spans), Fraction(0))


def _visible_spans(timeline: Timeline) -> list[Span]:
    """What a timeline shows, clip by clip, no source frame counted twice."""
    found: dict[str, list[tuple[Fraction, Fraction]]] = {}
    for stretch in shown_of(timeline):
        found.setdefault(stretch.cut.clip_id, []).append(source_of(stretch, timeline))
    spans: list[Span] = []
    for clip, own in found.items():
        own.sort()
        joined = [own[0]]
        for at, last in own[1:]:
            if at <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
            else:
                joined.append((at, last))
        spans += [(clip, a, b) for a, b in joined]
    return spans
