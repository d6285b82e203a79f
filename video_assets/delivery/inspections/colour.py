"""Do neighbouring shots of one set-up look as if one camera had taken them, and is the rest left
as it was."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from video_assets.delivery.inspections.beside import Beside, beside, cropped, luma
from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.delivery.inspections.difference import ciede2000, lab
from video_assets.delivery.inspections.story import source_of
from video_assets.delivery.inspections.truth import TrueClip, Truth
from video_assets.foundation.records import Finding

MEAN, MOST = 3.0, 5.0
"""dE00 across cuts inside a set-up: mean and largest (CRAFT 5 and CRAFT 8 row 10)."""
WORSE = 0.5
"""dE00 by which the file may differ more than the footage before it counts as worse: what coding
and measuring in small leave."""
HARM = 0.5
"""dE00 by which pictures that have nothing to match may be changed (CRAFT 8 row 10)."""
ABOUT = 0.5
"""dE00 that coding and measuring in small leave between a file and footage that nobody graded."""
FRAMES = 5
"""On either side of a cut that are looked at."""
GRID = (10, 6)
"""Places across and down that are compared one by one."""
PLACE = 4
"""Pixels of a place's side."""
WRONG = 12.0
"""dE00 from which even a match is no match but another picture: a strong grade leaves some 8."""
SAME_PLACE = 0.55
"""Correlation of two pictures' edges from which they show the same places."""


@dataclass(frozen=True, slots=True)
class Join:
    """The colours across one cut inside a set-up, dE00."""

    one: Beside
    two: Beside
    after: float
    """In the file."""
    before: float
    """In the footage."""
    alike: bool = True
    """Whether both sides can be compared at all: a camera that moves sees other things."""


def colour_holds_across_cuts(case: Case) -> Outcome:
    """Inside a set-up, colours differ across cuts by dE00 <= 3 on average, 5 at most, never more
    than in the footage; what has nothing to match is changed by at most 0.5 (CRAFT 8 row 10).

    Set-ups are those of the library's shots. They share their framing, so that places of the
    set-up are compared with themselves, and the median place counts: people may move.
    """

    def setup(one: Beside) -> str:
        shot = case.tables.shots.get(one.shown.cut.shot_id)
        return shot.setup if shot else ""

    return _judged("colour_holds_across_cuts", case, setup, lambda one, two: True)


def colour_holds_in_true_setups(case: Case, truth: Truth) -> Outcome:
    """The same with the set-ups that are known: also across cameras with a grade of their own.

    Two cameras see different places, so there the mean colours of what both show are compared.
    """

    def shot(one: Beside) -> TrueClip | None:
        clip = truth.by_path.get(one.shown.cut.path)
        return clip.at(float(sum(source_of(one.shown, case.timeline)) / 2)) if clip else None

    def setup(one: Beside) -> str:
        seen = shot(one)
        return (seen.moment or seen.setup) if seen else ""

    def placed(one: Beside, two: Beside) -> bool:
        left, right = shot(one), shot(two)
        if left is None or right is None:
            return False
        return (left.setup, left.camera) == (right.setup, right.camera)

    return _judged("colour_holds_in_true_setups", case, setup, placed)


def _judged(
    name: str,
    case: Case,
    setup: Callable[[Beside], str],
    placed: Callable[[Beside, Beside], bool],
) -> Outcome:
    import numpy as np

    stretches = [one for one in beside(case) if not one.covered.all()]
    joins, matched = [], set()
    for n, (one, two) in enumerate(pairwise(stretches)):
        if setup(one) and setup(one) == setup(two) and one.shown.end == two.shown.start:
            join = joined(case, one, two, placed(one, two))
            if join is not None:
                joins.append(join)
                matched |= {n, n + 1}
    alike = [j for j in joins if j.alike]
    found = [_finding(name, join) for join in alike if join.after > MOST]
    found += [
        Finding(
            name,
            f"{j.one.shown.cut.path} and {j.two.shown.cut.path} differ more in colour than their "
            f"footage does ({j.after:.1f} after, {j.before:.1f} before); take the match back",
            f"{j.after - j.before:.1f}",
            f"<= {WORSE}",
            j.two.at(0),
        )
        for j in joins
        if j.after > j.before + WORSE
    ]
    mean = float(np.mean([j.after for j in alike])) if alike else 0.0
    if mean > MEAN and not any(j.after > MOST for j in alike):
        worst = max(alike, key=lambda j: j.after)
        found.append(_finding(name, worst, f"on average by {mean:.1f}, here "))
    harms = []
    for n, one in enumerate(stretches):
        harm, frame = _changed(case, one)
        if n not in matched:
            harms.append(harm)
        limit = WRONG if n in matched else HARM + ABOUT
        if harm > limit:
            why = "is not shown in its own colours"
            why = f"was matched and {why}" if n in matched else f"has nothing to match and {why}"
            what = f"{one.shown.cut.path} {why}: dE00 {harm:.1f} from the footage"
            found.append(Finding(name, what, f"{harm:.2f}", f"<= {limit}", one.at(frame)))
    figures = {
        "after_mean_de00": mean,
        "after_max_de00": max((j.after for j in alike), default=0.0),
        "before_mean_de00": float(np.mean([j.before for j in alike])) if alike else 0.0,
        "before_max_de00": max((j.before for j in alike), default=0.0),
        "joins_in_setups": float(len(joins)),
        "harm_max_de00": max(harms, default=0.0),
    }
    note = "" if joins else "no cut lies inside a set-up"
    return Outcome(figures, tuple(found), note, bool(joins))


def _finding(name: str, join: Join, mean: str = "") -> Finding:
    return Finding(
        name,
        f"colours jump inside a set-up, {mean}from {join.one.shown.cut.path} to "
        f"{join.two.shown.cut.path}: dE00 {join.after:.1f} ({join.before:.1f} in the footage); "
        "match them",
        f"{join.after:.2f}",
        f"mean <= {MEAN}, max <= {MOST}",
        join.two.at(0),
    )


def joined(case: Case, one: Beside, two: Beside, placed: bool) -> Join | None:
    """The colours across a cut; None where too little of both sides is free of writing.

    `placed`: both sides show the same places of a set-up, else only their mean colours compare.
    """
    ends = [_last(one), _first(two)]
    if not all(len(e) for e in ends):
        return None
    sides = [(one, ends[0]), (two, ends[1])]
    crops = [case.crops[s.shown.number] for s, _ in sides]
    common = _overlap(*crops) if placed else None
    alike = True
    if common is not None:
        inner = [_within(common, crop) for crop in crops]
        theirs = [
            _shrunk(s.source[s.cited()[e]], i) for (s, e), i in zip(sides, inner, strict=True)
        ]
        alike = _edges_alike(*theirs)
    if common is None or not alike:
        files = [_mean_colour(s.file[e], s.clear[e]) for s, e in sides]
        theirs = [_mean_colour(s.source[s.cited()[e]], s.clear[e]) for s, e in sides]
        if any(c is None for c in (*files, *theirs)):
            return None
        after, before = (float(ciede2000(lab(p[0]), lab(p[1]))) for p in (files, theirs))
        return Join(one, two, after, before, alike)
    found = []
    free = []
    for (side, end), part, own in zip(sides, inner, theirs, strict=True):
        found.append((_places(_shrunk(side.file[end], part)), _places(own)))
        clear = side.clear[end].all(axis=0)[None, ..., None].repeat(3, axis=3)
        free.append(_places(_shrunk(clear.astype("uint8") * 255, part))[:, 0] > 250)
    usable = free[0] & free[1]
    if usable.sum() < 8:
        return None
    after, before = (_apart(found[0][n][usable], found[1][n][usable]) for n in (0, 1))
    return Join(one, two, after, before)


def _within(part: Sequence[float], crop: Sequence[float]) -> tuple[float, float, float, float]:
    """A part of the frame as shares of a crop."""
    return (
        (part[0] - crop[0]) / crop[2],
        (part[1] - crop[1]) / crop[3],
        part[2] / crop[2],
        part[3] / crop[3],
    )


def _edges_alike(one: Any, two: Any) -> bool:
    """Whether two pictures have their edges in the same places; so where one has none."""
    import cv2
    import numpy as np

    def edges(picture: Any) -> Any:
        light = luma(picture)
        across, down = (cv2.Sobel(light, cv2.CV_32F, *d) for d in ((1, 0), (0, 1)))
        return cv2.blur(np.hypot(across, down), (3, 3))

    a, b = edges(one), edges(two)
    if min(a.std(), b.std()) < 1.0:
        return True
    return bool(np.corrcoef(a.ravel(), b.ravel())[0, 1] >= SAME_PLACE)


def _last(one: Beside) -> Any:
    """Numbers of the last frames that no panel covers."""
    import numpy as np

    return np.flatnonzero(~one.covered)[-FRAMES:] if not one.covered[-1] else np.array([], int)


def _first(one: Beside) -> Any:
    import numpy as np

    return np.flatnonzero(~one.covered)[:FRAMES] if not one.covered[0] else np.array([], int)


def _overlap(a: Sequence[float], b: Sequence[float]) -> tuple[float, float, float, float] | None:
    """What two crops have in common (x, y, width, height); None where that is too little."""
    left, top = max(a[0], b[0]), max(a[1], b[1])
    right, bottom = min(a[0] + a[2], b[0] + b[2]), min(a[1] + a[3], b[1] + b[3])
    width, height = right - left, bottom - top
    if width <= 0 or height <= 0 or width * height < 0.25 * min(a[2] * a[3], b[2] * b[3]):
        return None
    return left, top, width, height


def _shrunk(pictures: Any, crop: tuple[float, float, float, float]) -> Any:
    """The mean of pictures, cropped, in the size of the grid: uint8 RGB."""
    import numpy as np

    mean = np.rint(pictures.mean(axis=0)).astype(np.uint8)[None]
    return cropped(mean, crop, (GRID[0] * PLACE, GRID[1] * PLACE))[0]


def _places(picture: Any) -> Any:
    """Mean colours of a grid of places: float64 RGB 0..255, shape (places, 3)."""
    import numpy as np

    across, down = GRID
    grid = picture.astype(np.float64).reshape(down, PLACE, across, PLACE, 3)
    return grid.mean(axis=(1, 3)).reshape(-1, 3)


def _apart(a: Any, b: Any) -> float:
    """Median dE00 of places' colours."""
    import numpy as np

    return float(np.median(ciede2000(lab(a), lab(b))))


def _mean_colour(pictures: Any, clear: Any) -> Any:
    """Mean RGB of the pixels that are free of writing; None where too few are."""
    if clear.mean() < 0.15:
        return None
    return pictures[clear].mean(axis=0)


def _changed(case: Case, one: Beside) -> tuple[float, int]:
    """(median dE00 between a stretch and its footage, frame) where that is most.

    At its beginning, in its middle and at its end.
    """
    import numpy as np

    seen = np.flatnonzero(~one.covered)
    middle = max(0, (len(seen) - FRAMES) // 2)
    full = (0.0, 0.0, 1.0, 1.0)
    cited = one.cited()
    found = [(0.0, 0)]
    for keep in (seen[:FRAMES], seen[middle : middle + FRAMES], seen[-FRAMES:]):
        if not len(keep):
            continue
        clear = one.clear[keep].all(axis=0)[None, ..., None].repeat(3, axis=3)
        free = _places(_shrunk(clear.astype("uint8") * 255, full))[:, 0] > 250
        if free.sum() >= 8:
            theirs = _places(_shrunk(one.source[cited[keep]], full))[free]
            mine = _places(_shrunk(one.file[keep], full))[free]
            found.append((_apart(mine, theirs), int(keep[0])))
    return max(found)
