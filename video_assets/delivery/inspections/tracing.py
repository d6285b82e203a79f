"""Does the file show the very footage that its timeline cites: clip, time and crop."""

import weakref
from dataclasses import dataclass
from typing import Any

from video_assets.delivery.inspections.beside import REACH, Beside, beside, cropped, luma
from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.foundation.records import Finding

TRACED = 0.95
"""Share of a stretch's frames that must be traced to their footage (CRAFT 8 row 14)."""
STRAY = 2
"""Frames of a stretch that may be others all the same: rates that vary put one beside a cut."""
LIKE = 0.9
"""Correlation from which a frame and a picture of its footage show the same. Right ones lie above
0.95 on real footage (tone-mapped HDR; else 0.98), other clips mostly below 0.6. Other takes of one
set-up reach 0.98 as well: what moves tells those apart."""
LIKE_COVERED = 0.75
"""The same below an end card, which leaves a sixth of the contrast."""
FLAT = 4.0
"""Levels (of 255): pictures that vary less have no structure to compare, only a colour."""
COLOUR = 40.0
"""Levels that the mean colour of a flat picture may be away: a grade may do that."""
MOVING = 3.0
"""Levels by which the livelier tenth of the pixels must vary over a stretch for its time to be
measured."""
MOVES_ALIKE = 0.7
"""Correlation of what changes in the file with what changes in its footage. Right ones lie above
0.96 on real footage, other times of one clip and other takes between -0.5 and 0.4."""
SHIFT = 2
"""Timeline frames by which moving pictures may not be early or late."""
ENOUGH = 0.15
"""Share of the picture that must be free of writing to be compared."""
CROP_SHIFT = 0.025
"""Share of the picture's width or height by which a crop may be off."""


def shows_what_it_cites(case: Case) -> Outcome:
    """At least 95 % of each stretch's frames show the cited clip, time and crop (CRAFT 8 row 14).

    Frames are compared by the correlation of their luma with the footage's, captions left out, so
    a grade changes nothing; where pictures move, by what changes in them as well, which tells takes
    of one set-up apart and gives the time to parts of a frame. Flat pictures: by colour.
    """
    name = "shows_what_it_cites"
    found: list[Finding] = []
    measured = traced = moving = 0
    residual, worst = 0.0, 1.0
    for one, trace in traces(case):
        measured += int(trace.measured.sum())
        traced += int((trace.measured & trace.traced).sum())
        if trace.measured.any():
            worst = min(worst, float(trace.likeness[trace.measured].min()))
        path, where = one.shown.cut.path, f"frame {one.shown.start}"
        since = f"{path} from {float(one.starts):.2f} s"
        if trace.moves_alike is not None:
            moving += 1
        share = trace.share
        if share < TRACED and (trace.measured & ~trace.traced).sum() > STRAY:
            found.append(
                Finding(
                    name,
                    f"the picture is not what the timeline cites ({since}): "
                    f"{share:.0%} of its frames were found there; render the cut again",
                    f"{share:.3f}",
                    f">= {TRACED}",
                    where,
                )
            )
            continue
        if trace.shift is not None:
            residual = max(residual, abs(trace.shift))
            if abs(trace.shift) >= SHIFT - 0.25:
                way = "late" if trace.shift < 0 else "early"
                found.append(
                    Finding(
                        name,
                        f"the picture of {since} comes {abs(trace.shift):.1f} frames too {way}",
                        f"{abs(trace.shift):.2f} frames",
                        f"< {SHIFT}",
                        where,
                    )
                )
        off = _crop_off(case, one, trace)
        if off > CROP_SHIFT:
            found.append(
                Finding(
                    name,
                    f"another part of {since} is shown than the timeline says",
                    f"{off:.3f} of the width",
                    f"<= {CROP_SHIFT}",
                    where,
                )
            )
    figures = {
        "traced_share": traced / measured if measured else 1.0,
        "frames_compared": float(measured),
        "worst_likeness": worst,
        "stretches_moving": float(moving),
        "picture_residual_frames": residual,
        "picture_residual_ms": 1000 * residual / float(case.timeline.fps),
    }
    note = "" if measured else "no picture is free enough of writing to be compared"
    return Outcome(figures, tuple(found), note)


@dataclass(frozen=True, slots=True)
class Trace:
    """How the n frames of one stretch agree with their footage."""

    likeness: Any
    """float, shape (n,): correlation with the cited picture or one a frame beside it."""
    traced: Any
    """bool, shape (n,)."""
    measured: Any
    """bool, shape (n,): whether there was enough to compare."""
    moves_alike: float | None
    """Correlation of what changes; None where nothing moves enough."""
    shift: float | None
    """Timeline frames by which the file shows later footage than cited; None as above."""

    @property
    def share(self) -> float:
        """Of the measured frames that were traced, 0..1."""
        count = int(self.measured.sum())
        return float((self.measured & self.traced).sum()) / count if count else 1.0


_last: list[tuple["weakref.ref[Case]", list[tuple[Beside, Trace]]]] = []


def traces(case: Case) -> list[tuple[Beside, Trace]]:
    """Every visible stretch and how it agrees with its footage, found once for a case."""
    if _last and _last[0][0]() is case:
        return _last[0][1]
    found = [(one, _traced(one)) for one in beside(case)]
    _last[:] = [(weakref.ref(case), found)]
    return found


def _traced(one: Beside) -> Trace:
    """The frames of a stretch, each traced or not."""
    import numpy as np

    file, source = _soft(luma(one.file)), _soft(luma(one.source))
    weight = one.clear.astype(np.float32)
    count = len(file)
    likeness = np.full(count, -1.0)
    traced = np.zeros(count, bool)
    near = [one.cited(shift) for shift in (0, -1, 1)]
    for k in range(count):
        clear = one.clear[k]
        for n in dict.fromkeys(int(chosen[k]) for chosen in near):
            like, same = _alike(
                file[k][clear],
                source[n][clear],
                one.file[k][clear],
                one.source[n][clear],
                bool(one.covered[k]),
            )
            if like > likeness[k]:
                likeness[k] = like
            traced[k] |= same
            if same:
                break
    measured = one.clear.mean(axis=(1, 2)) >= ENOUGH
    # below a panel only pictures with contrast leave something to see
    spread = source[near[0]].std(axis=(1, 2))
    measured &= ~one.covered | (spread >= 16)
    alike, shift = _moves(one, file, source, weight)
    if alike is not None and alike < MOVES_ALIKE:
        traced &= one.covered
    return Trace(likeness, traced, measured, alike, shift)


def _soft(pictures: Any) -> Any:
    """The same pictures a little softer: resampling differs most in the finest detail."""
    import cv2
    import numpy as np

    return np.stack([cv2.blur(p, (3, 3), borderType=cv2.BORDER_REPLICATE) for p in pictures])


def _alike(a: Any, b: Any, a_rgb: Any, b_rgb: Any, covered: bool) -> tuple[float, bool]:
    """(correlation, whether they show the same) of two pictures' clear pixels."""
    import numpy as np

    if len(a) < 16:
        return 0.0, False
    spread, other = float(a.std()), float(b.std())
    if not covered and other < FLAT:
        colours = np.abs(a_rgb.mean(axis=0) - b_rgb.mean(axis=0)).max()
        return 1.0, bool(spread < 2 * FLAT and colours < COLOUR)
    if spread < 1e-3 or other < 1e-3:
        return 0.0, False
    like = float(np.mean((a - a.mean()) * (b - b.mean()))) / (spread * other)
    if covered:
        return like, like >= LIKE_COVERED
    if not 0.4 < spread / other < 2.5:
        return min(like, 0.0), False
    # codecs leave a level or two, which weighs more the flatter the picture is
    left = spread * max(0.0, 1 - like * like) ** 0.5
    if like < LIKE and left > 2.0 and like > 0.6:
        like = max(like, _ranked(a, b))  # a grade or tone curve keeps the order of tones
    return like, bool(like >= LIKE or (left <= 2.0 and like > 0.6))


def _ranked(a: Any, b: Any) -> float:
    """Spearman's correlation of two pictures' pixels."""
    import numpy as np

    ranks = [np.argsort(np.argsort(x, kind="stable"), kind="stable") for x in (a, b)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _moves(one: Beside, file: Any, source: Any, weight: Any) -> tuple[float | None, float | None]:
    """(correlation of what changes, shift in frames); None where nothing moves enough."""
    import numpy as np

    keep = ~one.covered
    if keep.sum() < 6:
        return None, None

    def halved(pictures: Any) -> Any:
        n, height, width = pictures.shape
        even = pictures[:, : height // 2 * 2, : width // 2 * 2]
        return even.reshape(n, height // 2, 2, width // 2, 2).mean(axis=(2, 4)).reshape(n, -1)

    a, all_b = halved(file[keep]), halved(source)
    w = (halved(weight[keep]) > 0.99).astype(np.float32)
    total = w.sum(axis=0)
    lasting = total >= 0.5 * keep.sum()
    if lasting.mean() < ENOUGH:
        return None, None
    a, all_b, w, total = a[:, lasting], all_b[:, lasting], w[:, lasting], total[lasting]

    def changes(pictures: Any) -> Any:
        return (pictures - (pictures * w).sum(axis=0) / total) * w

    chosen = one.cited()[keep]
    still = changes(all_b[chosen])
    varied = (still**2).sum(axis=0) / total
    lively = varied >= np.quantile(varied, 0.9)
    if float(varied[lively].mean()) ** 0.5 < MOVING:
        return None, None
    a, all_b, w, total = a[:, lively], all_b[:, lively], w[:, lively], total[lively]
    mine = changes(a)
    energy = float((mine**2).sum())
    like = []
    for shift in range(-REACH, REACH + 1):
        theirs = changes(all_b[one.cited(shift)[keep]])
        both = (energy * float((theirs**2).sum())) ** 0.5
        like.append(float((mine * theirs).sum()) / both if both > 0 else 0.0)
    best = int(np.argmax(like))
    near = max(like[REACH - 1 : REACH + 2])
    if like[best] - near < max(0.003, 0.5 * (1 - near)):  # none is clearly better than the cited
        best = REACH - 1 + int(np.argmax(like[REACH - 1 : REACH + 2]))
        return near, _peak(like, best) if like[best] - min(like) > 0.1 else 0.0
    if like[best] < MOVES_ALIKE or abs(best - REACH) == REACH:
        return near, None
    return like[best], _peak(like, best)


def _peak(like: list[float], best: int) -> float:
    """Where a parabola through the best value and its neighbours is highest, in frames from 0."""
    if not 0 < best < len(like) - 1:
        return float(best - REACH)
    before, at, after = like[best - 1 : best + 2]
    bend = before - 2 * at + after
    part = 0.5 * (before - after) / bend if bend < -1e-9 else 0.0
    return best - REACH + max(-0.5, min(0.5, part))


def _crop_off(case: Case, one: Beside, trace: Trace) -> float:
    """How far the crop is off, share of the crop's width; 0.0 where the cited one fits as well.

    Other crops (moved by up to a tenth, 10 % smaller or larger) are tried on the frame that fits
    worst, and count where they leave less than a third of the difference.
    """
    import numpy as np

    usable = trace.measured & ~one.covered & (trace.likeness > 0)
    if not usable.any():
        return 0.0
    order = np.flatnonzero(usable)
    frame = int(order[np.argmin(trace.likeness[order])])
    if trace.likeness[frame] > 0.985:
        return 0.0
    clear = one.clear[frame]
    size = (one.file.shape[2], one.file.shape[1])
    mine = _soft(luma(one.file[frame : frame + 1]))[0][clear]
    x, y, width, height = case.crops[one.shown.number]
    picture = one.seen.small[int(one.cited()[frame])][None]
    if mine.std() < 2 * FLAT:
        return 0.0
    cited, best = 0.0, (-1.0, 0.0)
    for scale in (1.0, 0.8, 0.9, 1.1, 1.25):
        for across in (0.0, -0.1, -0.05, 0.05, 0.1):
            for down in (0.0, -0.1, -0.05, 0.05, 0.1):
                tried = (
                    x + width * (across + (1 - scale) / 2),
                    y + height * (down + (1 - scale) / 2),
                    width * scale,
                    height * scale,
                )
                theirs = _soft(luma(cropped(picture, tried, size)))[0][clear]
                like = float(np.corrcoef(mine, theirs)[0, 1]) if theirs.std() > 1e-3 else 0.0
                off = max(abs(across), abs(down), abs(scale - 1) / 2)
                if off == 0.0:
                    cited = like
                best = max(best, (like, off))
    if best[0] > 0.95 and 1 - best[0] < (1 - cited) / 3 and best[0] - cited > 0.02:
        return best[1]
    return 0.0
