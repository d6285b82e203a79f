"""Does the file show the very footage that its timeline cites: clip, time and crop."""

from dataclasses import dataclass
from typing import Any

from video_assets.delivery.inspections import movement
from video_assets.delivery.inspections.beside import REACH, Beside, beside, cropped, luma, soft
from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.delivery.inspections.once import once, runs
from video_assets.delivery.inspections.planned import part_off
from video_assets.foundation.records import Finding, FootageRow

TRACED = 0.95
"""Share of a stretch's frames that must be traced to their footage (CRAFT 8 row 14)."""
TRACED_COVERED = 0.5
"""The same of the frames below an end card's panel: so dim that codecs blur single frames, while
of another clip hardly any are traced."""
STRAY = 2
"""Frames of a stretch that may be others all the same: rates that vary put one beside a cut."""
FEW = 0.2
"""Share of a stretch's frames that may show something else without making all of it another."""
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
SHIFT = 2
"""Timeline frames by which moving pictures may not be early or late."""
SHIFT_SAME_RATE = 1
"""The same where the footage has a picture for each frame: one frame more or less is plain."""
SAME_RATE = 0.01
"""How far, as a share, the footage's rate may be from the timeline's or a multiple of it."""
COLOURED = 5.0
"""Levels (root mean square of both colour differences) from which footage has colours."""
PALE = 0.5
"""Share of the footage's colours that must be left."""
TURNED = 40.0
"""Degrees by which colours may be turned. Right ones lie below 2, tone-mapped HDR below 15."""
PLAIN_COLOUR = 20.0
"""Levels of colour from which footage of one colour only has a hue that a grade does not turn."""
WRONG_COLOURS = 3
"""Consecutive frames from which wrong colours are seen."""
CROP_SHIFT = 0.025
"""Share of the picture's width or height by which a crop may be off."""


def shows_what_it_cites(case: Case) -> Outcome:
    """At least 95 % of each stretch's frames show the cited clip, time and crop (CRAFT 8 row 14).

    Frames are compared by the correlation of their luma with the footage's, captions left out, so
    a grade changes nothing; where pictures move, by what changes in them as well, which tells takes
    of one set-up apart and gives the time to parts of a frame. Flat pictures: by colour. Footage
    with colours keeps them: half of them at least, of about the same hues.
    """
    name = "shows_what_it_cites"
    found: list[Finding] = []
    measured = traced = moving = miscoloured = 0
    residual, worst = 0.0, 1.0
    for one, trace in traces(case):
        measured += int(trace.measured.sum())
        traced += int((trace.measured & trace.traced).sum())
        if trace.measured.any():
            worst = min(worst, float(trace.likeness[trace.measured].min()))
        path, where = one.shown.cut.path, f"frame {one.shown.start}"
        since = f"{path} from {float(one.starts):.2f} s"
        row, crop = case.tables.rows.get(path), case.crops[one.shown.number]
        wrong = part_off(one.shown.cut, row, case.aspect, crop) if row else ""
        if wrong:
            what = f"another part of {since} is cropped than the timeline says: {wrong}"
            found.append(Finding(name, what, "", "", where))
        if trace.moves_alike is not None:
            moving += 1
        open_share, stray = trace.share(~one.covered)
        under_share, hidden = trace.share(one.covered)
        lost = open_share < TRACED and stray > STRAY
        if lost or (under_share < TRACED_COVERED and hidden > STRAY):
            share, limit = (open_share, TRACED) if lost else (under_share, TRACED_COVERED)
            found.append(
                Finding(
                    name,
                    f"the picture is not what the timeline cites ({since}): "
                    f"{share:.0%} of its frames were found there; render the cut again",
                    f"{share:.3f}",
                    f">= {limit}",
                    where,
                )
            )
            continue
        if trace.shift is not None:
            residual = max(residual, abs(trace.shift))
            allowed = SHIFT_SAME_RATE if trace.plainly and same_rate(case, row) else SHIFT
            if abs(trace.shift) >= allowed - 0.25:
                way = "late" if trace.shift < 0 else "early"
                least = "at least " if abs(trace.shift) >= REACH else ""
                found.append(
                    Finding(
                        name,
                        f"the picture of {since} comes {least}{abs(trace.shift):.1f} frames "
                        f"too {way}",
                        f"{abs(trace.shift):.2f} frames",
                        f"< {allowed}",
                        where,
                    )
                )
        for start, end, what in _miscoloured(one):
            miscoloured += end - start
            told = f"the colours of {since} {what} in {end - start} frames; render the cut again"
            at = f"frame {one.shown.start + start}"
            found.append(Finding(name, told, f"{end - start} frames", f"< {WRONG_COLOURS}", at))
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
        "miscoloured_frames": float(miscoloured),
        "picture_residual_frames": residual,
        "picture_residual_ms": 1000 * residual / float(case.timeline.fps),
    }
    note = "" if measured else "no picture is free enough of writing to be compared"
    return Outcome(figures, tuple(found), note, measured=not note)


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
    """Timeline frames by which the file shows later footage than cited; None as above. REACH at
    most, which stands for as many or more."""
    plainly: bool = False
    """Whether the shift fits so much better than none that even a single frame is sure."""

    def share(self, among: Any) -> tuple[float, int]:
        """Of the measured frames `among` (bool, shape (n,)): the share traced, 0..1; the others."""
        asked = self.measured & among
        count, traced = int(asked.sum()), int((asked & self.traced).sum())
        return (traced / count if count else 1.0), count - traced


@once
def traces(case: Case) -> list[tuple[Beside, Trace]]:
    """Every visible stretch and how it agrees with its footage, found once for a case."""
    return [(one, _traced(one)) for one in beside(case)]


def _traced(one: Beside) -> Trace:
    """The frames of a stretch, each traced or not."""
    import numpy as np

    file, source = soft(luma(one.file)), soft(luma(one.source))
    weight = one.clear.astype(np.float32)
    near = one.near()
    likeness, traced = _plainly_alike(file, source[near[0]], weight, one.covered)
    for k in np.flatnonzero(~traced):
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
    measured = one.clear.mean(axis=(1, 2)) >= movement.ENOUGH
    # below a panel only pictures with contrast leave something to see
    spread = source[near[0]].std(axis=(1, 2))
    measured &= ~one.covered | (spread >= 16)
    stray = measured & ~traced
    if stray.mean() <= FEW:  # a flash frame says nothing of when the others are
        weight = weight * ~stray[:, None, None]
    alike, shift, plainly = movement.moves(one, file, source, weight)
    if alike is not None and alike < movement.ALIKE:
        traced &= one.covered
    return Trace(likeness, traced, measured, alike, shift, plainly)


def _plainly_alike(file: Any, cited: Any, weight: Any, covered: Any) -> tuple[Any, Any]:
    """(correlation, whether they show the same) of all frames and what is cited for them at once.

    Only what leaves no doubt; -1.0 and False elsewhere, where `_alike` looks closer.
    """
    import numpy as np

    count = np.maximum(weight.sum(axis=(1, 2)), 1)

    def centred(pictures: Any) -> tuple[Any, Any]:
        mean = np.einsum("nhw,nhw->n", pictures, weight) / count
        off = (pictures - mean[:, None, None]) * weight
        return off, np.sqrt(np.einsum("nhw,nhw->n", off, off) / count)

    mine, spread = centred(file)
    theirs, other = centred(cited)
    both = np.maximum(spread * other, 1e-6)
    like = np.einsum("nhw,nhw->n", mine, theirs) / count / both
    within = (spread > 0.4 * other) & (spread < 2.5 * other) & (other >= FLAT)
    same = np.where(covered, like >= LIKE_COVERED, within & (like >= LIKE))
    same &= (count >= 16) & (np.minimum(spread, other) >= 1e-3)
    return np.where(same, like, -1.0).astype(np.float64), same


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


def same_rate(case: Case, row: FootageRow | None) -> bool:
    """Whether the footage has as many pictures as the timeline, or a whole multiple."""
    if row is None or row.vfr or row.fps <= 0:
        return False
    ratio = float(row.fps / case.timeline.fps)
    return round(ratio) >= 1 and abs(ratio / round(ratio) - 1) <= SAME_RATE


def _miscoloured(one: Beside) -> list[tuple[int, int, str]]:
    """Stretches (first, exclusive last, what is wrong) whose colours are not the footage's."""
    import numpy as np

    rare = np.s_[:, ::2, ::2]
    mine, theirs = _chroma(one.file[rare]), _chroma(one.source[rare])[one.cited()]
    weight = (one.clear[rare] & ~one.covered[:, None, None]).astype(np.float32)
    enough = weight.mean(axis=(1, 2)) >= movement.ENOUGH

    def mean(values: Any) -> Any:
        return (values * weight).sum(axis=(1, 2)) / np.maximum(weight.sum(axis=(1, 2)), 1)

    power, own = mean(np.abs(theirs) ** 2), mean(np.abs(mine) ** 2)
    pale = (power >= COLOURED**2) & (own < PALE**2 * power)
    both = mean(mine * theirs.conj())
    middle = mean(theirs)
    spread = power - np.abs(middle) ** 2
    # colours that differ tell hues apart whatever tint a grade adds to all of them
    varied = spread >= COLOURED**2
    turn = np.where(varied, both - mean(mine) * middle.conj(), both)
    known = varied | (power >= PLAIN_COLOUR**2)
    strong = np.abs(turn) >= PALE**2 * np.where(varied, spread, power)
    turned = known & strong & (np.abs(np.degrees(np.angle(turn))) > TURNED)
    found = [
        (start, end, what)
        for flags, what in ((pale, "are lost"), (turned & ~pale, "are others"))
        for start, end in runs(flags & enough)
        if end - start >= WRONG_COLOURS
    ]
    return sorted(found)


def _chroma(pictures: Any) -> Any:
    """Both colour differences of uint8 RGB pictures (Rec. 709, levels), as complex numbers."""
    import numpy as np

    light = luma(pictures)
    blue, red = pictures[..., 2] - light, pictures[..., 0] - light
    return (blue / 1.8556 + 1j * (red / 1.5748)).astype(np.complex64)


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
    mine = soft(luma(one.file[frame : frame + 1]))[0][clear]
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
                theirs = soft(luma(cropped(picture, tried, size)))[0][clear]
                like = float(np.corrcoef(mine, theirs)[0, 1]) if theirs.std() > 1e-3 else 0.0
                off = max(abs(across), abs(down), abs(scale - 1) / 2)
                if off == 0.0:
                    cited = like
                best = max(best, (like, off))
    if best[0] > 0.95 and 1 - best[0] < (1 - cited) / 3 and best[0] - cited > 0.02:
        return best[1]
    return 0.0
