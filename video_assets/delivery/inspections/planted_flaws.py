"""Against a library whose truth is known: is a span used that was spoiled on purpose."""

from collections.abc import Iterator
from fractions import Fraction

from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.delivery.inspections.cues import at_second
from video_assets.delivery.inspections.story import source_of
from video_assets.delivery.inspections.truth import Defect, Truth
from video_assets.foundation.records import Finding

HEARD = frozenset({"clipping"})
"""Kinds of defect that spoil the sound; all others spoil the picture."""
SEEN = 0.2
"""Seconds of a spoiled span that are used by it: edges of a defect are known to a few frames."""


def no_flawed_span_is_used(case: Case, truth: Truth) -> Outcome:
    """No picture and no dialogue lies in a span with a planted defect (CRAFT 8 row 2: 0).

    Blur, shake, flicker, overexposure and a boom count where they are seen, clipping where it is
    heard as dialogue.
    """
    name = "no_flawed_span_is_used"
    found = []
    seconds = 0.0
    known = 0
    for path, at, start, end, heard in _used(case):
        clip = truth.by_path.get(path)
        if clip is None:
            continue
        known += 1
        for defect in clip.defects:
            if (defect.kind in HEARD) != heard:
                continue
            shared = _overlap(defect, start, end)
            if shared < SEEN:
                continue
            seconds += shared
            where = at + Fraction(max(0.0, defect.start - float(start)))
            what = (
                f"{path} is used for {shared:.2f} s of its {defect.kind} "
                f"({defect.start:.2f} to {defect.end:.2f} s); take another span"
            )
            found.append(Finding(name, what, f"{shared:.2f} s", "0 s", at_second(where)))
    figures = {"flawed_s": seconds, "flawed_spans": float(len(found)), "spans": float(known)}
    note = "" if known else "no clip of the truth is used"
    return Outcome(figures, tuple(found), note, bool(known))


def _used(case: Case) -> Iterator[tuple[str, Fraction, Fraction, Fraction, bool]]:
    """Path, timeline seconds, span on the clip's clock, and whether it is heard (else seen)."""
    for one in case.shown:
        yield one.cut.path, one.start / case.timeline.fps, *source_of(one, case.timeline), False
    for cut in case.timeline.sound:
        if cut.track == "A1":
            end = cut.source_start + cut.duration
            yield cut.path, cut.start, cut.source_start, end, True


def _overlap(defect: Defect, start: Fraction, end: Fraction) -> float:
    return max(0.0, min(defect.end, float(end)) - max(defect.start, float(start)))
