"""Is the picture there and does it go on: no black, nothing frozen, nothing that flashes."""

from fractions import Fraction
from itertools import pairwise
from typing import Any

from video_assets.delivery.inspections.beside import Beside, beside, luma
from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.delivery.inspections.difference import linear
from video_assets.delivery.inspections.once import runs
from video_assets.delivery.inspections.tracing import traces
from video_assets.foundation.records import Finding, FootageRow

DARK = 25.0
"""Level (of 255) up to which a pixel is black: a tenth of the range, as ffmpeg's blackdetect."""
BLACK = 0.98
"""Share of dark pixels that makes a picture black, as blackdetect."""
BLACK_SOURCE = 0.9
"""Share of dark pixels from which footage counts as dark itself: black there is its own."""
DARKER = 6.0
"""Levels by which dark footage must still be lighter than a black picture of the file."""
BLACK_FRAMES = 2
"""Consecutive frames: from here on black is seen (CRAFT 8 row 12 allows none)."""
FREEZE = 0.4
"""Seconds without a change, from where on a standing picture is seen as a fault."""
CHANGES = 2.5
"""Levels by which the liveliest twentieth of the footage's pixels must vary meanwhile."""
STANDS = 0.2
"""Share of the footage's variation below which the file stands still."""
HELD = 0.5
"""Seconds for which a clip's last (or first) picture may stand where the clip has no more."""
VARYING = Fraction(1, 10)
"""Seconds for which the last picture of a clip stands whose distances vary."""

FLASHES = 3
"""Flashes in any second that are allowed (WCAG 2.3.1, ITU-R BT.1702)."""
STEP = 0.1
"""Change of relative luminance (0..1) that counts, where the darker side is below 0.8 (WCAG)."""
AREA = 0.25
"""Share of the picture that must flash together (WCAG, BT.1702)."""
RED_STEP = 20 / 320
"""Change of saturated red, in linear light, that counts towards a red flash (WCAG 2.1's working
definition)."""
BLOCK = 8
"""Small pixels of a block's side: detail below that is no flash, as WCAG excepts fine patterns."""
STRAY = 2
"""Frames up to which a foreign picture is a flash frame; longer ones are traced elsewhere."""


def nothing_is_black_or_frozen(case: Case) -> Outcome:
    """No black and no standing picture that the footage does not have there (CRAFT 8 row 12).

    Pictures that rate conversion holds, dark and still footage and end cards are none.
    """
    name = "nothing_is_black_or_frozen"
    found: list[Finding] = []
    fps = float(case.timeline.fps)
    black, longest = 0, 0.0
    for one in beside(case):
        dark = _black(one)
        for start, end in runs(dark):
            if end - start >= BLACK_FRAMES:
                black += end - start
                found.append(
                    Finding(
                        name,
                        f"{end - start} frames are black where {one.shown.cut.path} is not; "
                        "render the cut again",
                        f"{end - start} frames",
                        f"< {BLACK_FRAMES}",
                        one.at(start),
                    )
                )
        for start, end in _frozen(one, fps, dark):
            longest = max(longest, (end - start) / fps)
            found.append(
                Finding(
                    name,
                    f"the picture stands still for {(end - start) / fps:.2f} s while "
                    f"{one.shown.cut.path} goes on; render the cut again",
                    f"{(end - start) / fps:.2f} s",
                    f"< {FREEZE} s",
                    one.at(start),
                )
            )
        row = case.tables.rows.get(one.shown.cut.path)
        for start, end, what in _without_footage(one, row):
            longest = max(longest, (end - start) / fps)
            found.append(
                Finding(
                    name,
                    f"{one.shown.cut.path} {what}: one picture stands for "
                    f"{(end - start) / fps:.2f} s; cite a span that the clip has",
                    f"{(end - start) / fps:.2f} s",
                    f"<= {HELD} s",
                    one.at(start),
                )
            )
    return Outcome({"black_frames": float(black), "longest_freeze_s": longest}, tuple(found))


def _black(one: Beside) -> Any:
    """Which frames (bool, n) are black without their footage being dark."""
    import numpy as np

    file, source = luma(one.file), luma(one.source)
    theirs, light = (source <= DARK).mean(axis=(1, 2)), source.mean(axis=(1, 2))
    near = one.near()
    area = np.maximum(one.clear.sum(axis=(1, 2)), 1)
    mine = ((file <= DARK) & one.clear).sum(axis=(1, 2)) / area
    darker = np.min([light[n] for n in near], axis=0) - (file * one.clear).sum(axis=(1, 2)) / area
    dark_itself = np.max([theirs[n] for n in near], axis=0) >= BLACK_SOURCE
    return (mine >= BLACK) & (~dark_itself | (darker > DARKER)) & ~one.covered


def _frozen(one: Beside, fps: float, black: Any) -> list[tuple[int, int]]:
    """Stretches in which the file does not change though its footage does."""
    import cv2
    import numpy as np

    length = max(6, round(FREEZE * fps))
    count = len(one.file)
    if count < length:
        return []

    def small(pictures: Any) -> Any:
        size = (pictures.shape[2] // 3, pictures.shape[1] // 3)
        return np.stack(
            [cv2.resize(p, size, interpolation=cv2.INTER_AREA).ravel() for p in pictures]
        ).astype(np.float64)

    clear = small(one.clear.astype(np.float32)) > 0.99
    mine = small(luma(one.file))
    theirs = small(luma(one.source))[one.cited()]

    def spread(pictures: Any) -> Any:
        """Variance of each pixel over every window of `length` frames."""
        sums = np.cumsum(np.vstack([np.zeros(pictures.shape[1]), pictures]), axis=0)
        squares = np.cumsum(np.vstack([np.zeros(pictures.shape[1]), pictures**2]), axis=0)
        mean = (sums[length:] - sums[:-length]) / length
        return np.maximum((squares[length:] - squares[:-length]) / length - mean**2, 0)

    free = np.cumsum(np.vstack([np.zeros(clear.shape[1]), clear]), axis=0)
    usable = (free[length:] - free[:-length]) >= length - 0.5
    here, there = spread(mine), np.where(usable, spread(theirs), -1.0)
    keep = max(8, round(0.05 * there.shape[1]))
    liveliest = np.argpartition(there, -keep, axis=1)[:, -keep:]
    moved = np.take_along_axis(there, liveliest, axis=1)
    stood = np.take_along_axis(here, liveliest, axis=1)
    enough = (moved >= 0).all(axis=1)
    changed = np.sqrt(np.maximum(moved.mean(axis=1), 0))
    still = np.sqrt(stood.mean(axis=1))
    frozen = enough & (changed >= CHANGES) & (still < STANDS * changed)
    flags = np.zeros(count, bool)
    for n in np.flatnonzero(frozen):
        if not (one.covered[n : n + length].any() or black[n : n + length].any()):
            flags[n : n + length] = True
    return runs(flags)


def _without_footage(one: Beside, row: FootageRow | None) -> list[tuple[int, int, str]]:
    """Stretches before the clip's first or after its last picture, longer than is passed over."""
    times = one.seen.times
    gap = min((b - a for a, b in pairwise(times) if b > a), default=Fraction(0))
    last = times[-1] + gap
    if row and row.vfr:
        # a picture may stand for long and nothing is missing: the clip's own end counts
        last = max(times[-1] + max(gap, VARYING), row.duration)
    count, found = len(one.file), []
    held = HELD * float(one.fps)
    before = min(count, max(0, round((times[0] - one.starts) * one.fps)))
    after = min(count, max(0, round((last - one.starts) * one.fps)))
    if before > held:
        found.append((0, before, "has no picture yet"))
    if count - after > held:
        found.append((after, count, "has no more pictures"))
    return [(start, end, what) for start, end, what in found if not one.covered[start:end].all()]


def nothing_flashes(case: Case) -> Outcome:
    """At most three flashes in any second, and no stray frame of other pictures (CRAFT 8 row 12).

    A flash is a pair of opposing changes of at least 10 % relative luminance, the darker side below
    0.8, of the same places, which make up a quarter of the picture (WCAG 2.3.1). It is one also
    where the footage itself flashes: it is what people see. A stray frame belongs neither to the
    footage that is cited for it nor to what is beside it.
    """
    import numpy as np

    name = "nothing_flashes"
    fps = float(case.timeline.fps)
    found: list[Finding] = []
    stretches = beside(case)
    worst, at = flashes(case.film.small, fps)
    if worst > FLASHES:
        origin = "the way it is cut"
        for one in stretches:
            if one.shown.start < at + fps and one.shown.end > at:
                theirs, _ = flashes(one.source[one.cited()], fps)
                if theirs >= worst / 2:
                    path = one.shown.cut.path
                    origin = f"{path} itself, from {float(one.starts):.2f} s; take another stretch"
        found.append(
            Finding(
                name,
                f"a quarter of the picture flashes {worst:.1f} times in a second, from {origin}",
                f"{worst:.1f}",
                f"<= {FLASHES}",
                f"{at / fps:.2f} s",
            )
        )
    strays = 0
    for one, trace in traces(case):
        wrong = trace.measured & ~trace.traced & ~one.covered
        brief = [r for r in runs(wrong) if r[1] - r[0] <= STRAY]
        for start, end in brief if float(wrong.mean()) < 0.5 else ():
            strays += 1
            found.append(_stray(name, one, start, end, "is not of the footage"))
        for start, end in _slivers(one):
            if not wrong[start:end].any():
                strays += 1
                what = "belongs to another shot of the footage; move the cut past it"
                found.append(_stray(name, one, start, end, what))
    return Outcome(
        {"flashes_in_a_second": float(np.round(worst, 1)), "stray_frames": float(strays)},
        tuple(found),
    )


def _stray(name: str, one: Beside, start: int, end: int, what: str) -> Finding:
    return Finding(
        name,
        f"a flash frame: {one.shown.cut.path} {what}",
        f"{end - start} frames",
        "0",
        f"frame {one.shown.start + start}",
    )


def flashes(pictures: Any, fps: float) -> tuple[float, int]:
    """(most flashes in any second, frame where that second begins) of uint8 RGB pictures.

    Counted per block of 8 small pixels, by its mean relative luminance (changes of at least STEP,
    the darker side below 0.8) and by its mean of saturated red (R - G - B in linear light, changes
    of at least RED_STEP, one side with R / (R + G + B) of at least 0.8: WCAG 2.1). Changes from the
    last turning point in alternating directions; two make a flash. The figure is what AREA of the
    blocks reach together.
    """
    import numpy as np

    count = len(pictures)
    parts = [_light_and_red(pictures[n : n + 256]) for n in range(0, count, 256)]
    light, red, pure = (np.concatenate(part) for part in zip(*parts, strict=True))
    turns = _turns(light, STEP, light < 0.8, higher=False)
    turns = np.maximum(turns, _turns(red, RED_STEP, pure, higher=True))
    second = max(1, round(fps))
    total = np.cumsum(np.vstack([np.zeros(turns.shape[1], np.int64), turns]), axis=0)
    ends = np.minimum(np.arange(count) + second, count)
    within = total[ends] - total[np.arange(count)]
    reached = np.quantile(within, 1 - AREA, axis=1, method="lower") / 2
    worst = int(np.argmax(reached))
    return float(reached[worst]), worst


def _light_and_red(pictures: Any) -> tuple[Any, Any, Any]:
    """Blocks (frames, blocks) of relative luminance, of saturated red, and whether they are red."""
    import numpy as np

    light = linear(np.arange(256)).astype(np.float32)[pictures]
    red, others = light[..., 0], light[..., 1] + light[..., 2]
    pure = (red >= 4 * others) & (red > 0)
    return (
        _blocks(0.2126 * light[..., 0] + 0.7152 * light[..., 1] + 0.0722 * light[..., 2]),
        _blocks(np.maximum(red - others, 0)),
        _blocks(pure.astype(np.float32)) >= 0.5,
    )


def _blocks(values: Any) -> Any:
    """Means (frames, blocks) over squares of BLOCK small pixels of (frames, height, width)."""
    import numpy as np

    sums, sizes = values, []
    for axis in (1, 2):
        length = values.shape[axis]
        parts = np.array_split(np.arange(length), max(1, length // BLOCK))
        sums = np.add.reduceat(sums, [part[0] for part in parts], axis=axis)
        sizes.append([len(part) for part in parts])
    means = sums / np.outer(sizes[0], sizes[1]).astype(np.float32)
    return means.reshape(len(values), -1)


def _turns(values: Any, step: float, able: Any, higher: bool) -> Any:
    """Where (bool, frames x blocks) a value has gone `step` from its last turning point.

    `able`: which states allow it; asked of the higher or of the lower end of the change.
    """
    import numpy as np

    low, high = values[0].copy(), values[0].copy()
    low_able, high_able = able[0].copy(), able[0].copy()
    way = np.zeros(values.shape[1], np.int8)
    turns = np.zeros(values.shape, bool)
    for n in range(1, len(values)):
        now, can = values[n], able[n]
        rises = (way <= 0) & (now - low >= step) & (can if higher else low_able)
        falls = (way >= 0) & (high - now >= step) & (high_able if higher else can) & ~rises
        turns[n] = turned = rises | falls
        way[rises], way[falls] = 1, -1
        lower, upper = turned | (now < low), turned | (now > high)
        low, low_able = np.where(lower, now, low), np.where(lower, can, low_able)
        high, high_able = np.where(upper, now, high), np.where(upper, can, high_able)
    return turns


def _slivers(one: Beside) -> list[tuple[int, int]]:
    """One or two frames at an edge of a stretch that a cut inside the footage has left there."""
    import numpy as np

    pictures = luma(one.file)
    count = len(pictures)
    if count < 4 * STRAY + 4 or one.covered.any():
        return []

    def unlike(a: int, b: int) -> bool:
        """Whether two frames show different scenes."""
        clear = one.clear[a] & one.clear[b]
        if clear.mean() < 0.15:
            return False
        x, y = pictures[a][clear], pictures[b][clear]
        if min(x.std(), y.std()) < 4.0:
            return False
        return bool(np.corrcoef(x, y)[0, 1] < 0.4 and np.abs(x - y).mean() > 24)

    found = []
    for n in range(1, STRAY + 1):
        if unlike(n - 1, n) and not unlike(n, n + 2):
            found.append((0, n))
        if unlike(count - n - 1, count - n) and not unlike(count - n - 3, count - n - 1):
            found.append((count - n, count))
    return found
