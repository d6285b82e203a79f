"""Do people see the same moving pictures twice, whatever the timeline says."""

from itertools import combinations
from typing import Any

from video_assets.delivery.inspections.beside import Beside, beside, luma
from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.foundation.records import Finding

SIDE = 24
"""Pixels of a fingerprint's longer side."""
SAME = 4.0
"""Levels (of 255): fingerprints that differ less (RMS) show the same."""
RUN = 0.3
"""Seconds that must come back in one piece."""
LIVELY = 4.0
"""Levels by which the livelier tenth of a run's pixels must vary: what stands still comes back
whenever its shot does."""
ALIKE = 0.9
"""Correlation of what changes in the two runs."""
CALM = 0.7
"""Levels by which the livelier twentieth must vary where a run comes back to the very picture: of
a calm speaker only the mouth moves."""
REST = 0.4
"""Of those levels: what two runs of the very same pictures may differ by there (RMS). Measured on
speakers: 0.01 to 0.22 for the same pictures, from 1.36 for other moments of one clip."""
PART = 1.0
"""Seconds of a calm speaker's run that are looked for on their own: mouths that move as far for a
shorter time are alike by chance."""
PART_REST = 0.2
"""As REST for these: the same pictures up to 0.13, made mouths that differ by chance from 0.25."""
GROWS = 1.5
"""How many times further apart than its best PART the rest of a return may be."""
ENOUGH = 0.3
"""Share of a fingerprint that must be free of writing in both."""
MOST = 1500
"""Fingerprints to compare; longer cuts are sampled."""


Run = tuple[int, int, int]
"""First frame of one stretch, first frame of the other, length."""


def no_picture_comes_back(case: Case) -> Outcome:
    """No stretch shows the moving pictures of another one (CRAFT 8 row 4, by perceptual hash).

    Fingerprints of all frames (luma, 24 pixels long, writing left out) are compared across
    stretches; runs that agree frame by frame count where they move alike, or hardly move and are
    the very same pictures, and where the footage that is cited for them is not itself the same
    clip repeating itself.
    """
    step = max(1, -(-case.film.frames // MOST))
    stretches = beside(case)
    prints = [_prints(one, step) for one in stretches]
    least = max(6, round(RUN * float(case.timeline.fps) / step))
    found: list[Finding] = []
    longest = 0
    for a, b in combinations(range(len(stretches)), 2):
        (left, left_clear), (right, right_clear) = prints[a], prints[b]
        if min(len(left), len(right)) < least:
            continue
        away = _apart(left, left_clear, right, right_clear)
        if int((away < SAME).sum()) < least:
            continue
        runs = _runs(away, least, max(least, round(PART * float(case.timeline.fps) / step)))
        if not runs:
            continue
        one, two = stretches[a], stretches[b]
        cited: list[Any] = []
        if one.shown.cut.clip_id == two.shown.cut.clip_id:
            cited = [_fingerprint(luma(s.source[s.cited()[::step]])) for s in (one, two)]
        run = _returned(runs, prints[a], prints[b], cited)
        if run is None:
            continue
        first, second, length = run
        longest = max(longest, length)
        found.append(
            Finding(
                "no_picture_comes_back",
                f"{two.shown.cut.path} at {two.at(second * step)} shows the pictures that were "
                f"seen at {one.at(first * step)} ({one.shown.cut.path}) once more; take one out "
                "or, where both files hold the same footage, keep one of them",
                f"{length * step / float(case.timeline.fps):.2f} s",
                f"< {RUN} s",
                two.at(second * step),
            )
        )
    figures = {
        "longest_return_s": longest * step / float(case.timeline.fps),
        "stretches_compared": float(len(stretches)),
    }
    note = "" if len(stretches) > 1 else "one stretch only"
    return Outcome(figures, tuple(found), note, measured=not note)


def _fingerprint(pictures: Any) -> Any:
    """float32 (n, pixels): luma pictures in very small."""
    import cv2
    import numpy as np

    height, width = pictures.shape[1:]
    share = SIDE / max(height, width)
    size = (max(2, round(width * share)), max(2, round(height * share)))
    return np.stack([cv2.resize(p, size, interpolation=cv2.INTER_AREA).ravel() for p in pictures])


def _prints(one: Beside, step: int) -> tuple[Any, Any]:
    """(fingerprints, where they are free of writing); frames below panels count as written."""
    import numpy as np

    clear = one.clear[::step] & ~one.covered[::step, None, None]
    free = _fingerprint(clear.astype(np.float32)) > 0.99
    return _fingerprint(luma(one.file[::step])), free


def _apart(a: Any, a_clear: Any, b: Any, b_clear: Any) -> Any:
    """RMS difference of every fingerprint of `a` from every one of `b`, where both are free.

    255 where too little of them is. float32, shape (len(a), len(b)).
    """
    import cv2
    import numpy as np

    def times(x: Any, y: Any) -> Any:
        # OpenCV's product runs in this thread: numpy's own are slow on busy machines
        none = np.zeros((len(x), len(y)), np.float32)
        return cv2.gemm(x, y, 1.0, none, 0.0, flags=cv2.GEMM_2_T)

    v, w = a_clear.astype(np.float32), b_clear.astype(np.float32)
    count = times(v, w)
    square = times(a * a * v, w) + times(v, b * b * w) - 2 * times(a * v, b * w)
    far = np.sqrt(np.maximum(square, 0) / np.maximum(count, 1))
    return np.where(count >= ENOUGH * a.shape[1], far, np.float32(255))


def _runs(away: Any, least: int, part: int) -> list[tuple[Run, float]]:
    """The runs of at least `least` that may be a return, and by what rest they are one.

    The longest diagonal below SAME, and what fits best of all diagonals and of their pieces of
    `part`: of a calm speaker all pictures are alike, and the longest run is any.
    """
    import numpy as np

    runs, fits = [], []
    best: tuple[float, Run] | None = None
    rows, columns = away.shape
    for lag in range(least - rows, columns - least + 1):
        line = np.diagonal(away, lag)
        same = (line < SAME).astype(np.int8)
        edges = np.flatnonzero(np.diff(np.concatenate(([0], same, [0]))))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            if end - start < least:
                continue
            across, down = int(start + max(0, -lag)), int(start + max(0, lag))
            runs.append((across, down, int(end - start)))
            fits.append(float(line[start:end].mean()))
            if end - start > part:
                sums = np.cumsum(np.concatenate(([0.0], line[start:end])))
                means = (sums[part:] - sums[:-part]) / part
                n = int(means.argmin())
                if best is None or means[n] < best[0]:
                    first, last = _grown(line[start:end], n, n + part, float(means[n]))
                    best = (float(means[n]), (across + first, down + first, last - first))
    if not runs:
        return []
    found = [max(runs, key=lambda run: run[2]), runs[fits.index(min(fits))]]
    whole = [(r, REST if r[2] > part else PART_REST) for r in dict.fromkeys(found)]
    return [*whole, (best[1], PART_REST)] if best else whole


def _grown(line: Any, first: int, last: int, mean: float) -> tuple[int, int]:
    """A stretch of distances, longer by its neighbours that fit about as well."""
    limit = GROWS * mean + 0.1  # two codings of one picture differ by as much
    while first > 0 and line[first - 1] <= limit:
        first -= 1
    while last < len(line) and line[last] <= limit:
        last += 1
    return first, last


def _returned(
    runs: list[tuple[Run, float]], one: tuple[Any, Any], two: tuple[Any, Any], cited: list[Any]
) -> Run | None:
    """The first of two stretches' runs (the longest goes first) in which people see the same twice.

    `one`, `two`: prints and where they are free. `cited`: the prints of the footage that is cited
    for both, where it is one clip: a clip that does the same twice is no fault of the cut.
    """
    import numpy as np

    for number, (run, rest) in enumerate(runs):
        first, second, length = run
        spans = (slice(first, first + length), slice(second, second + length))
        clear = one[1][spans[0]].all(axis=0) & two[1][spans[1]].all(axis=0)
        a, b = one[0][spans[0]][:, clear], two[0][spans[1]][:, clear]
        if a.shape[1] < 16:
            continue
        own = [c[s][:, clear] for c, s in zip(cited, spans, strict=False)]
        if _rest(a, b) <= rest:
            if not own or _rest(*own) > 1.5 * REST:
                return run
            continue
        # of many short runs the best one moves alike by chance: only the longest is asked
        apart = float(np.sqrt(np.mean((own[0] - own[1]) ** 2))) if own else 255.0
        if number == 0 and apart >= 1.5 * SAME and _moves_alike(a, b):
            return run
    return None


def _rest(a: Any, b: Any) -> float:
    """What two runs of fingerprints differ by, as a share of what their livelier pixels vary by.

    The same brightness everywhere is no difference; 255 where hardly anything moves.
    """
    import numpy as np

    varied = ((a - a.mean(axis=0)) ** 2).mean(axis=0)
    lively = varied >= np.quantile(varied, 0.95)
    level = float(np.sqrt(varied[lively].mean()))
    if level < CALM:
        return 255.0
    apart = (a - b) - np.median(a - b)
    return float(np.sqrt(np.mean(apart[:, lively] ** 2))) / level


def _moves_alike(a: Any, b: Any) -> bool:
    """Whether two runs of fingerprints move, and in the same way."""
    import numpy as np

    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    varied = (a**2).mean(axis=0)
    lively = varied >= np.quantile(varied, 0.9)
    if float(varied[lively].mean()) ** 0.5 < LIVELY:
        return False
    a, b = a[:, lively], b[:, lively]
    both = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return both > 0 and float((a * b).sum()) / both >= ALIKE
