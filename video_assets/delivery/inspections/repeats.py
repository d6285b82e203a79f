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
ENOUGH = 0.3
"""Share of a fingerprint that must be free of writing in both."""
MOST = 1500
"""Fingerprints to compare; longer cuts are sampled."""


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
        runs = _runs(away, least)
        if not runs:
            continue
        one, two = stretches[a], stretches[b]
        cited: list[Any] = []
        if one.shown.cut.clip_id == two.shown.cut.clip_id:
            cited = [_fingerprint(luma(s.source[s.cited()[::step]])) for s in (one, two)]
        run = next((r for r in runs if _returns(r, prints[a], prints[b], cited)), None)
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


def _runs(away: Any, least: int) -> list[tuple[int, int, int]]:
    """(row, column, length) of the runs of at least `least` that may be a return.

    The longest diagonal below SAME, and the one that fits best: of a calm speaker all pictures are
    alike, and the longest one is any.
    """
    import numpy as np

    found = []
    rows, columns = away.shape
    for lag in range(least - rows, columns - least + 1):
        line = np.diagonal(away, lag)
        same = (line < SAME).astype(np.int8)
        edges = np.flatnonzero(np.diff(np.concatenate(([0], same, [0]))))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            if end - start >= least:
                run = (int(start + max(0, -lag)), int(start + max(0, lag)), int(end - start))
                found.append((float(line[start:end].mean()), run))
    if not found:
        return []
    longest = min(found, key=lambda one: (-one[1][2], one[0]))[1]
    return list(dict.fromkeys((longest, min(found)[1])))


def _returns(
    run: tuple[int, int, int], one: tuple[Any, Any], two: tuple[Any, Any], cited: list[Any]
) -> bool:
    """Whether people see the same pictures twice in a run of two stretches' prints.

    `cited`: the prints of the footage that is cited for both, where it is one clip.
    """
    import numpy as np

    first, second, length = run
    spans = (slice(first, first + length), slice(second, second + length))
    clear = one[1][spans[0]].all(axis=0) & two[1][spans[1]].all(axis=0)
    a, b = one[0][spans[0]][:, clear], two[0][spans[1]][:, clear]
    if a.shape[1] < 16:
        return False
    own = [c[s][:, clear] for c, s in zip(cited, spans, strict=False)]
    # a clip that does the same twice is no fault of the cut
    if _rest(a, b) <= REST:
        return not own or _rest(*own) > 1.5 * REST
    apart = float(np.sqrt(np.mean((own[0] - own[1]) ** 2))) if own else 255.0
    return apart >= 1.5 * SAME and _moves_alike(a, b)


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
