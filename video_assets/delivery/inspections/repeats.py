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
ENOUGH = 0.3
"""Share of a fingerprint that must be free of writing in both."""
MOST = 1500
"""Fingerprints to compare; longer cuts are sampled."""


def no_picture_comes_back(case: Case) -> Outcome:
    """No stretch shows the moving pictures of another one (CRAFT 8 row 4, by perceptual hash).

    Fingerprints of all frames (luma, 24 pixels long, writing left out) are compared across
    stretches; runs that agree frame by frame count where they move, and where the footage that is
    cited for them is not itself the same clip repeating itself.
    """
    import numpy as np

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
        same = away < SAME
        if int(same.sum()) < least:
            continue
        run = _longest(same, least)
        if run is None:
            continue
        first, second, length = run
        spans = (slice(first, first + length), slice(second, second + length))
        clear = left_clear[spans[0]].all(axis=0) & right_clear[spans[1]].all(axis=0)
        if not _moves_alike(left[spans[0]][:, clear], right[spans[1]][:, clear]):
            continue
        one, two = stretches[a], stretches[b]
        if one.shown.cut.clip_id == two.shown.cut.clip_id:
            cited = [_fingerprint(luma(s.source[s.cited()[::step]])) for s in (one, two)]
            apart = cited[0][spans[0]][:, clear] - cited[1][spans[1]][:, clear]
            if float(np.sqrt(np.mean(apart**2))) < 1.5 * SAME:
                continue  # this clip does the same twice
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


def _longest(same: Any, least: int) -> tuple[int, int, int] | None:
    """(row, column, length) of the longest diagonal run in a bool matrix, None below `least`."""
    import numpy as np

    best: tuple[int, int, int] | None = None
    rows, columns = same.shape
    for lag in range(least - rows, columns - least + 1):
        line = np.diagonal(same, lag)
        if best is not None and len(line) <= best[2]:
            continue
        edges = np.flatnonzero(np.diff(np.concatenate(([0], line.astype(np.int8), [0]))))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            if end - start >= least and (best is None or end - start > best[2]):
                best = (int(start + max(0, -lag)), int(start + max(0, lag)), int(end - start))
    return best


def _moves_alike(a: Any, b: Any) -> bool:
    """Whether two runs of fingerprints move, and in the same way."""
    import numpy as np

    if a.shape[1] < 16:
        return False
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    varied = (a**2).mean(axis=0)
    lively = varied >= np.quantile(varied, 0.9)
    if float(varied[lively].mean()) ** 0.5 < LIVELY:
        return False
    a, b = a[:, lively], b[:, lively]
    both = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return both > 0 and float((a * b).sum()) / both >= ALIKE
