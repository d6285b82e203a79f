"""What every small picture of a file should look like, and where it does not.

Each frame is put together anew in small: the footage that is cited for it, graded as the file
grades it, and over that whatever should be written there. All frames are compared, the middle of an
end card as well as places where nothing should be drawn. Single letters are too small for this.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from video_assets.delivery.inspections.beside import Beside, levels, soft
from video_assets.delivery.inspections.case import Case
from video_assets.delivery.inspections.letters import Writing
from video_assets.delivery.inspections.once import runs
from video_assets.delivery.inspections.tracing import TRACED, Trace, traces
from video_assets.finishing import formats

FRAMES = 3
"""Consecutive frames from which something is seen; shorter ones are looked for as flash frames."""
AREA = 0.003
"""Share of the picture from which something counts."""
OFF = 34.0
"""Levels (of 255) beyond the footage a pixel may be. Noise, motion and coding leave less than 20 on
real footage of all rates."""
OFF_WRITTEN = 20.0
"""The same where writing hides the picture, so that less is unknown; between them by its share."""
FADING = 32
"""Levels by which white letters over a bright picture go below both ends of a fade, as the dark
panel behind them comes as fast as they do: from 215 over 185 to 255, say."""
DRAWN = 12
"""Levels by which writing changes a small pixel that belongs to it."""
BEST = 0.8
"""Share of the pixels that the grade is taken from: the rest may be what nobody planned."""
SAMPLES = 20
"""Pictures of a stretch that its grade is taken from."""


@dataclass(frozen=True, slots=True)
class Surprise:
    """Something that is seen and should not be, or should be and is not."""

    start: int
    """Timeline frame."""
    end: int
    """Exclusive."""
    writing: Writing | None
    """In the place of which it is; None: where nothing is to be drawn."""
    share: float
    """Of the picture, 0..1, at most."""
    box: formats.Box
    """Where it is, pixels of the file."""


def surprises(case: Case, written: Sequence[Writing]) -> list[Surprise]:
    """All of a file. `written`: what should be drawn, with its small pictures."""
    found = []
    for one, trace in traces(case):
        wrong, own = _wrong(one, trace, written)
        found += _seen(case, one, wrong, own)
    return found


def _wrong(one: Beside, trace: Trace, written: Sequence[Writing]) -> tuple[Any, list[Any]]:
    """(bool, shape (n, height, width): which pixels cannot be so, [(writing, its pixels)])."""
    import cv2
    import numpy as np

    file, source = soft(levels(one.file)), soft(levels(one.source))
    source = graded(one, file, source)
    least = np.stack(
        [cv2.erode(p, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE) for p in source]
    )
    most = np.stack(
        [cv2.dilate(p, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE) for p in source]
    )
    near = {numbers.tobytes(): numbers for numbers in one.near()}  # some are the same
    first_near, *others = near.values()
    low, high = least[first_near], most[first_near]
    for numbers in others:
        np.minimum(low, least[numbers], out=low)
        np.maximum(high, most[numbers], out=high)
    limit = np.full(low.shape, round(OFF), np.uint8)
    begin, end = one.shown.start, one.shown.start + len(file)
    own: list[Any] = []
    for writing in written:
        first, last = max(writing.start, begin) - begin, min(writing.end, end) - begin
        if writing.small is None or first >= last:
            continue
        over, under = soft(writing.small).astype(np.float32)
        through = np.maximum(under - over, 0) / 255
        changed = np.maximum(over, 255 - under) > DRAWN
        own.append((writing, changed, first, last))
        whole = slice(first, last)
        covered_low, covered_high = over + through * low[whole], over + through * high[whole]
        for n in range(first, last):
            k = n - first
            if not writing.full[0] <= n + begin <= writing.full[1]:
                # fades: anything between, and a little beyond, as letters and panel come at once
                beyond = FADING * changed
                covered_low[k] = np.minimum(covered_low[k], low[n]) - beyond
                covered_high[k] = np.maximum(covered_high[k], high[n]) + beyond
        low[whole] = np.rint(np.maximum(covered_low, 0))
        high[whole] = np.rint(np.minimum(covered_high, 255))
        lower = np.rint(OFF_WRITTEN + (OFF - OFF_WRITTEN) * through).astype(np.uint8)
        limit[whole] = np.minimum(limit[whole], lower)
    # OpenCV's differences stop at 0
    wrong = np.maximum(cv2.subtract(low, file), cv2.subtract(file, high)) > limit
    if trace.share(~one.covered)[0] < TRACED:  # another picture: shows_what_it_cites says so
        wrong[~one.covered] = False
    return wrong, own


def _seen(case: Case, one: Beside, wrong: Any, own: Sequence[Any]) -> list[Surprise]:
    """What of the wrong pixels is large and long enough."""
    import cv2
    import numpy as np

    count, height, width = wrong.shape
    if count < FRAMES:
        return []
    lasting = wrong[: count - FRAMES + 1].copy()
    for n in range(1, FRAMES):
        lasting &= wrong[n : n + len(lasting)]
    least = AREA * height * width
    busy = np.flatnonzero(lasting.sum(axis=(1, 2)) >= least)
    if not len(busy):
        return []
    found = []
    places: dict[int | None, Any] = {}
    for n in (int(b) for b in busy):
        rest = lasting[n].copy()
        for number, (_, changed, first, last) in enumerate(own):
            if first <= n < last:
                here = rest & changed
                rest &= ~changed
                if here.sum() >= least:
                    places.setdefault(number, np.zeros_like(lasting))[n] = here
        labels, marked, stats, _ = cv2.connectedComponentsWithStats(rest.astype(np.uint8))
        for label in range(1, labels):
            if stats[label, cv2.CC_STAT_AREA] >= least:
                places.setdefault(None, np.zeros_like(lasting))[n] |= marked == label
    full = (case.film.picture.width / width, case.film.picture.height / height)
    for whose, place in places.items():
        for first, last in runs(place.any(axis=(1, 2))):
            where = place[first:last].any(axis=0)
            rows, columns = np.flatnonzero(where.any(1)), np.flatnonzero(where.any(0))
            box = formats.Box(
                round(columns[0] * full[0]),
                round(rows[0] * full[1]),
                round((columns[-1] + 1) * full[0]),
                round((rows[-1] + 1) * full[1]),
            )
            begin = one.shown.start
            share = float(place[first:last].mean(axis=(1, 2)).max())
            writing = None if whose is None else own[whose][0]
            end = begin + last + FRAMES - 1
            found.append(Surprise(begin + first, end, writing, share, box))
    return found


def graded(one: Beside, file: Any, source: Any) -> Any:
    """The footage's luma (uint8) as the file grades it: a cubic that most pixels agree on."""
    import numpy as np

    open_frames = np.flatnonzero(~one.covered)
    if not len(open_frames):
        return source
    some = open_frames[:: max(1, len(open_frames) // SAMPLES)]
    clear = one.clear[some][:, ::2, ::2]
    x = source[one.cited()[some]][:, ::2, ::2][clear] / 255
    y = file[some][:, ::2, ::2][clear] / 255
    if len(x) < 64:
        return source
    powers = np.stack([np.ones_like(x), x, x * x, x * x * x], axis=1).astype(np.float64)
    off, keep = y - x, np.ones(len(x), bool)
    curve = np.zeros(4)
    for _ in range(4):
        own = powers[keep]
        # drawn towards the footage itself: plain pictures say little of other tones
        square = own.T @ own + 1e-3 * len(own) * np.eye(4)
        curve = np.linalg.solve(square, own.T @ off[keep])
        left = np.abs(off - powers @ curve)
        keep = left <= np.quantile(left, BEST)
    value = np.arange(256) / 255
    change = curve[0] + value * (curve[1] + value * (curve[2] + value * curve[3]))
    return np.rint(np.clip(value + change, 0, 1) * 255).astype(np.uint8)[source]
