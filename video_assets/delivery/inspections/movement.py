"""When is what a stretch shows: its time by what stands where in it, and by what changes in it."""

from typing import Any

from video_assets.delivery.inspections.beside import REACH, Beside

LIVELY = 0.02
"""Share of the pixels that tell the time, those that change most: of a calm speaker little more
than the mouth moves."""
QUICK = 0.6
"""Levels by which they must vary about the mean of AROUND frames for that to tell the time. Coding
alone leaves 0.3; quick changes tell frames apart where a speaker's sway looks alike for seconds."""
PLAINLY_QUICK = 1.5
"""The same from which quick changes that agree with nothing are another time; below it may be
grain that coding took away (a lantern filmed in 4K: 0.67 levels, correlation 0.7), and only a
time that fits clearly better is told."""
AROUND = 9
"""Frames about whose mean quick changes are seen."""
MOVING = 1.0
"""Levels by which they must vary over the whole stretch where nothing changes quickly."""
ALIKE = 0.8
"""Correlation of what changes in the file with what changes in its footage. Right ones lie above
0.9 on real footage, HDR and calm speakers; other times of one clip and other takes between -0.5
and 0.6 in quick changes. In slow ones these reach 0.95: a sway alone does not tell takes apart."""
APART = (-REACH, 3 - REACH, REACH - 3, REACH)
"""Shifts at which another time must fit less well: each has pictures of its own to choose from."""
PLAINLY = 2.0
"""How many times more what is cited must differ than the best fit to be sure of a frame."""
FEWEST = 6
"""Frames from which changes tell the time."""
ELSEWHERE = 1.15
"""Times by which pictures must be less alike at the cited time than at another for that to be
theirs. Measured on 82 stretches of real and made footage, some below panels, on which it was chosen
too: right ones 1.00; 6 frames off 1.05 to 1,600; 16 and 20 off 1.00 to 2.5, as other pictures may
look alike anywhere: what changes tells most of those."""
LEAST_GAIN = 3e-5
"""By which their correlation must be higher there: what rounding leaves is less."""
NEIGHBOURS = 2
"""Frames, and pictures of the footage, within which another time is not told by likeness alone."""
ENOUGH = 0.15
"""Share of the picture that must be free of writing to be compared."""


def moves(
    one: Beside, file: Any, source: Any, weight: Any
) -> tuple[float | None, float | None, bool]:
    """(correlation of what changes, shift in frames, whether that is plain); None where nothing
    moves enough.

    Quick changes are compared where there are any, else how pictures differ from the stretch's
    mean; where these find nothing wrong, pictures that plainly look like another time are of that
    (a correlation of 0 where it may lie anywhere beyond REACH, else 1). Frames below a panel count
    only where there are no FEWEST others. `file` and `source`: softened luma of both, levels,
    float32 (n or m, height, width); `weight`: 1 where a picture of the file is clear, else 0. REACH
    stands for that shift or more.
    """
    import numpy as np

    keep = frames_told_by(one)
    if keep.sum() < FEWEST:
        return None, None, False

    def halved(pictures: Any) -> Any:
        n, height, width = pictures.shape
        even = pictures[:, : height // 2 * 2, : width // 2 * 2]
        return even.reshape(n, height // 2, 2, width // 2, 2).mean(axis=(2, 4)).reshape(n, -1)

    a, all_b = halved(file[keep]), halved(source)
    w = (halved(weight[keep]) > 0.99).astype(np.float32)
    total = w.sum(axis=0)
    lasting = total >= 0.5 * keep.sum()
    if lasting.mean() < ENOUGH:
        return None, None, False
    a, all_b, w = a[:, lasting], all_b[:, lasting], w[:, lasting]
    found: tuple[float | None, float | None, bool] = None, None, False
    if not one.covered[keep].any():  # changes are too faint below a panel
        found = _changed(one, keep, a, all_b, w)
    alike, shift, _ = found
    if alike is None or (alike >= ALIKE and shift is not None and abs(shift) < NEIGHBOURS):
        placed = _placed(one, keep, a, all_b, w)
        if placed:
            return (0.0 if abs(placed) >= REACH else 1.0), float(placed), False
    return found


def _changed(
    one: Beside, keep: Any, a: Any, all_b: Any, w: Any
) -> tuple[float | None, float | None, bool]:
    """As `moves`, by what changes, of pixels that are clear: float32, shape (n or m, pixels)."""
    import numpy as np

    total = w.sum(axis=0)
    chosen = all_b[one.cited()[keep]]
    for around, level in ((AROUND, QUICK), (2 * len(w), MOVING)):
        varied = (_changes(chosen, w, around) ** 2).sum(axis=0) / total
        share = max(LIVELY, min(1.0, 8 / len(varied)))  # fewer than 8 pixels are chance
        lively = varied >= np.quantile(varied, 1 - share)
        size = float(varied[lively].mean()) ** 0.5
        if size < level:
            continue
        found = _timed(one, keep, a[:, lively], all_b[:, lively], w[:, lively], around)
        alike, shift, _ = found
        faint = around == AROUND and size < PLAINLY_QUICK
        if not (faint and (alike < ALIKE or shift is None)):  # else grain that coding took away
            return found
    return None, None, False


def frames_told_by(one: Beside) -> Any:
    """Which frames of a stretch `moves` looks at, bool: those clear of panels, where there are
    enough of them, else those below one."""
    clear = ~one.covered
    return clear if clear.sum() >= FEWEST else one.covered


def _placed(one: Beside, keep: Any, a: Any, all_b: Any, w: Any) -> int:
    """Frames by which pictures look like another time than the cited one; 0 where they do not.

    By the mean correlation of whole pictures: what stands where, however slowly it moves. Takes
    float32 arrays of shape (n or m, pixels).
    """
    import numpy as np

    count = np.maximum(w.sum(axis=1), 1)

    def centred(pictures: Any) -> tuple[Any, Any]:
        off = (pictures - ((pictures * w).sum(axis=1) / count)[:, None]) * w
        return off, np.sqrt(np.einsum("np,np->n", off, off))

    mine, size = centred(a)

    def unlike(cited: Any) -> float:
        theirs, other = centred(all_b[cited])
        both = np.maximum(size * other, 1.0)
        return 1 - float((np.einsum("np,np->n", mine, theirs) / both).mean())

    own = one.cited()[keep]
    apart = [unlike(one.cited(shift)[keep]) for shift in range(-REACH, REACH + 1)]
    best = int(np.argmin(apart))
    shift = best - REACH
    pictures = abs(float(np.median(one.cited(shift)[keep] - own)))
    here = min(apart[REACH - 1 : REACH + 2])
    if min(abs(shift), pictures) < NEIGHBOURS or here - apart[best] < LEAST_GAIN:
        return 0
    return shift if here > ELSEWHERE * apart[best] else 0


def _timed(
    one: Beside, keep: Any, a: Any, all_b: Any, w: Any, around: int
) -> tuple[float, float | None, bool]:
    """As `moves`, of the pixels that tell the time: float32, shape (n or m, pixels)."""
    import numpy as np

    mine = _changes(a, w, around)
    energy = float((mine**2).sum())

    def alike(cited: Any) -> float:
        theirs = _changes(all_b[cited], w, around)
        both = (energy * float((theirs**2).sum())) ** 0.5
        return float((mine * theirs).sum()) / both if both > 0 else 0.0

    def freely(shift: int) -> float:
        """The same where each frame may show what is cited or a picture beside it."""
        own, last = one.cited(shift)[keep], len(all_b) - 1
        beside = np.stack([own, np.maximum(own - 1, 0), np.minimum(own + 1, last)])
        off = [(((a - all_b[n]) * w) ** 2).sum(axis=1) for n in beside]
        return alike(beside[np.argmin(off, axis=0), np.arange(len(a))])

    like = [alike(one.cited(shift)[keep]) for shift in range(-REACH, REACH + 1)]
    best = int(np.argmax(like))
    near = max(like[REACH - 1 : REACH + 2])
    if like[best] - near < max(0.003, 0.5 * (1 - near)):  # none is clearly better than the cited
        best = REACH - 1 + int(np.argmax(like[REACH - 1 : REACH + 2]))
        if near < ALIKE:
            # other rates: where little but a quick dissolve moves, a picture earlier is all of it
            free = freely(0)
            others = max(freely(shift) for shift in APART)
            sure = free >= ALIKE and 1 - free <= 0.5 * (1 - others)
            return (free if sure else near), (0.0 if sure else None), False
        plain = 1 - like[REACH] > PLAINLY * (1 - like[best]) + 0.003
        return near, _peak(like, best) if like[best] - min(like) > 0.1 else 0.0, plain
    if like[best] < ALIKE:
        return near, None, False
    return like[best], _peak(like, best), True


def _changes(pictures: Any, weight: Any, around: int) -> Any:
    """How each of n pictures differs from the mean of the `around` pictures about it.

    float32, shape (n, pixels), as `weight`, which is 0 for what does not count.
    """
    import numpy as np

    at, half = np.arange(len(pictures)), around // 2
    first, last = np.maximum(at - half, 0), np.minimum(at + half + 1, len(pictures))

    def within(values: Any) -> Any:
        sums = np.cumsum(np.concatenate([values[:1] * 0, values]), axis=0, dtype=np.float64)
        return sums[last] - sums[first]

    middle = within(pictures * weight) / np.maximum(within(weight), 1e-9)
    return ((pictures - middle) * weight).astype(np.float32)


def _peak(like: list[float], best: int) -> float:
    """Where a parabola through the best value and its neighbours is highest, in frames from 0."""
    if not 0 < best < len(like) - 1:
        return float(best - REACH)
    before, at, after = like[best - 1 : best + 2]
    bend = before - 2 * at + after
    part = 0.5 * (before - after) / bend if bend < -1e-9 else 0.0
    return best - REACH + max(-0.5, min(0.5, part))
