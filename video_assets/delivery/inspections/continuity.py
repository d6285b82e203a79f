"""Do neighbouring shots of one scene belong together. Only what is known to be true can say so."""

from fractions import Fraction
from itertools import pairwise
from typing import Any

from video_assets.delivery.inspections.case import Case, Outcome, Shown
from video_assets.delivery.inspections.measures import RATE
from video_assets.delivery.inspections.story import source_of
from video_assets.delivery.inspections.truth import TrueClip, Truth
from video_assets.foundation.records import Finding, SoundCut

JUMPS = 0.05
"""Share of joins inside a scene that may jump (CRAFT 8 row 19: 1 in 20)."""
TONE = 6.0
"""dB by which the room between the words may change across a join."""
NEAR = 1.5
"""Seconds on either side of a join in which the room is listened to."""
PAUSE = 0.05
"""Seconds kept from spoken words: they swell and ring."""
QUIET = 0.1
"""Seconds of room that there must be on each side."""


def scenes_hold_together(case: Case, truth: Truth) -> Outcome:
    """Light, wardrobe, screen direction, people and room tone hold across the joins of a scene.

    At most 1 join in 20 jumps (CRAFT 8 row 19). A scene is what one moment or one set-up recorded.
    Room tone is heard in the file, where nobody speaks; only without music.
    """
    name = "scenes_hold_together"
    found: list[Finding] = []
    joins = jumps = heard = 0
    for one, two in pairwise(case.shown):
        if not {one.cut.path, two.cut.path} <= truth.by_path.keys():
            continue
        half = 1 / (2 * case.timeline.fps)
        left = truth.by_path[one.cut.path].at(float(source_of(one, case.timeline)[1] - half))
        right = truth.by_path[two.cut.path].at(float(source_of(two, case.timeline)[0] + half))
        if not same_scene(left, right):
            continue
        joins += 1
        said = jumps_between(left, right)
        tone = _room_jump(case, truth, one, two)
        if tone is not None:
            heard += 1
            if abs(tone) > TONE:
                said.append(f"the room is {abs(tone):.0f} dB {'louder' if tone > 0 else 'softer'}")
        jumps += bool(said)
        found += [
            Finding(
                name,
                f"from {left.path} to {right.path}, one scene: {what}; take another shot",
                what,
                f"<= {JUMPS:.0%} of joins",
                f"{float(two.start / case.timeline.fps):.2f} s",
            )
            for what in said
        ]
    share = jumps / joins if joins else 0.0
    figures = {
        "joins_in_scenes": float(joins),
        "joins_that_jump": float(jumps),
        "jumping_share": share,
        "joins_heard": float(heard),
    }
    note = "" if joins else "no two neighbouring shots are of one scene"
    return Outcome(figures, tuple(found) if share > JUMPS else (), note, bool(joins))


def same_scene(one: TrueClip, two: TrueClip) -> bool:
    """Whether two clips show one moment or one set-up."""
    return bool((one.moment and one.moment == two.moment) or (one.setup and one.setup == two.setup))


def jumps_between(one: TrueClip, two: TrueClip) -> list[str]:
    """What changes between two clips of a scene and should not, for people."""
    said = []
    if one.light != two.light and "none" not in (one.light, two.light):
        said.append(f"the light comes from the {two.light}, before from the {one.light}")
    if one.wardrobe and two.wardrobe and one.wardrobe != two.wardrobe:
        said.append(f"the wardrobe is {two.wardrobe}, before {one.wardrobe}")
    if one.direction * two.direction < 0:
        said.append("the screen direction turns round")
    # reverse angles of a talk are set-ups of their own: only one framing shows the same people
    if one.setup == two.setup and one.people and two.people and set(one.people) != set(two.people):
        said.append(f"{', '.join(two.people)} is there, before {', '.join(one.people)}")
    return said


def _room_jump(case: Case, truth: Truth, one: Shown, two: Shown) -> float | None:
    """dB by which the room gets louder across a join; None where it cannot be heard."""
    samples = case.film.samples
    if samples is None or case.timeline.music is not None or case.silent:
        return None
    at = Fraction(two.start) / case.timeline.fps
    cuts = [c for c in case.timeline.sound if c.track == "A1"]
    before = _room(samples, truth, cuts, one.cut.path, float(at) - NEAR, float(at))
    after = _room(samples, truth, cuts, two.cut.path, float(at), float(at) + NEAR)
    return None if before is None or after is None else after - before


def _room(
    samples: Any, truth: Truth, cuts: list[SoundCut], path: str, start: float, end: float
) -> float | None:
    """dB of a clip's sound in a span of the file where none of its words is spoken."""
    import numpy as np

    parts = []
    words = truth.by_path[path].words
    for cut in cuts:
        if cut.path != path:
            continue
        first = max(start, float(cut.start))
        last = min(end, float(cut.start + cut.duration))
        if last <= first:
            continue
        spoken = np.zeros(round(last * RATE) - round(first * RATE), bool)
        for word in words:
            begins = word.start - float(cut.source_start) + float(cut.start) - first - PAUSE
            ends = word.end - float(cut.source_start) + float(cut.start) - first + PAUSE
            spoken[max(0, round(begins * RATE)) : max(0, round(ends * RATE))] = True
        heard = samples[:, round(first * RATE) : round(last * RATE)].mean(axis=0)
        parts.append(heard[~spoken[: len(heard)]])
    quiet = np.concatenate(parts) if parts else np.zeros(0)
    if len(quiet) < QUIET * RATE:
        return None
    blocks = quiet[: len(quiet) // 960 * 960].reshape(-1, 960)  # 20 ms
    level = float(np.median(np.sqrt(np.mean(blocks.astype(np.float64) ** 2, axis=1))))
    return 20 * float(np.log10(max(level, 1e-6)))
