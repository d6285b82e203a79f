"""What spoils a span of a take inside an otherwise good shot: focus, shake, light, clipped sound.

Measured on the cited footage itself (small pictures that other measures have decoded already, the
sound as the file has it), in windows of a second. A boom that hangs into the picture is not looked
for; noise is told, not judged.
"""

import weakref
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from video_assets.delivery.inspections.beside import looked, source_start
from video_assets.delivery.inspections.case import Case, Shown, Tables
from video_assets.delivery.inspections.sources import LOOKED_AT, RATE, Seen, Sources
from video_assets.foundation.errors import FootageError
from video_assets.foundation.records import Shot, SoundCut

WINDOW = 1.0
"""Seconds that are judged at once; every half of that a new window begins."""
FEWEST = 10
"""Pictures below which a stretch is too short to be judged."""
LOOKS = 5
"""Pictures a second of which focus and exposure are measured (CRAFT 3.1)."""

BLURRED = -0.35
"""Finest detail against that of the octave below (natural log) in the sharpest tenth of the
picture, below which nothing is in focus. Measured: sharp made and real footage -0.02 to 2.2, out of
focus by 1 % of the height -0.9 to -0.57 (CRAFT 3.1 ranks inside a set-up: a small picture of
natural detail has a floor of its own)."""
TEXTURE = 4.0
"""Variance (levels) of coarse detail from which a part of a picture can be judged for focus."""
SHAKEN = 0.006
"""RMS of the camera's path minus its 1 s trend, share of the width (CRAFT 3.1: > 0.6 % is bad)."""
JERKY = 0.61
"""Part of that swing that must be quicker than 0.2 s: a hand, a step or a car moves the camera as
far, but smoothly (measured: real footage that moves by so much up to 0.60, shaken 0.63 to 0.85)."""
STEADY = 0.5
"""Median against RMS of that quick part: lower where a single jump (such as a cut) makes it."""
SLOW = 20.0
"""Pictures a second below which a quick move cannot be told from a slow one."""
HOLD = 0.5
"""Peak of the phase correlation of most pictures, below which there is nothing to hold on to."""
WHITE = 235
"""Level (of 255) from which a pixel is blown out (CRAFT 3.1)."""
BLOWN = 0.08
"""Share of blown pixels that is bad (CRAFT 3.1), where the same view has far fewer elsewhere."""
BLOWN_LIT = 0.02
"""The same where that view is darker as a whole: light that was opened up too far, in a dark place
with little that could turn white (proposed; a planted one had 0.07, black pixels among them)."""
LIT = 1.35
"""Times as bright (mean luma) from which a view is darker as a whole elsewhere: half a stop of what
coded values of BT.709 make of it."""
RAMP = 0.05
"""Share by which the brightness of four pictures in a row differs in a fade: 0.1 and more in one of
two seconds. In the middle of 23 real clips it is 0.0 to 0.02, of a fire 0.08."""
BESIDE = Fraction(1, 5)
"""Seconds from a span, or from a change of light, at which its view is looked at first."""
SAME_VIEW = 0.5
"""Correlation of two pictures' edges from which they show the same view."""
BLOWN_ALONE = 0.3
"""Share of blown pixels from which no other picture is asked."""
FLICKERS = 0.02
"""RMS by which the light of all parts of the picture swings together, share of itself: a tenth of a
stop peak to peak (proposed; planted 0.08 to 0.12, footage below 0.003 but for moves and cuts)."""
TOGETHER = 0.35
"""Of that swing: what the parts of the picture may differ in; a subject that moves differs in 1."""
SWINGS = 5.0
"""Changes of direction a second from which a swing is a flicker: 2.5 Hz."""
FULL = 0.999
"""Of full scale: three samples there are a run (CRAFT 3.1)."""
FULL_RUNS = 2
"""Runs in a piece of sound that may happen: a coder's overshoot (CRAFT 3.1 wants none)."""
FLAT = 0.98
"""Of the peak of 10 ms: samples above it are its top."""
TOP = 12.0
"""Samples (of 480, median of the loud 10 ms) in the top from which a wave is flat: cut off, and
perhaps turned down afterwards. Measured: speech 1 to 14, clipped speech 13 to 255."""
STEEP = 0.32
"""Share of the samples above four fifths of the peak that lie in the top: a pure tone has 0.31,
speech up to 0.33 (then with a narrow top), clipped speech 0.33 to 0.89 (one of 48 pieces 0.18)."""

LIMITS = (
    ("shake_of_width", SHAKEN, "the camera shakes by {:.1%} of the width"),
    ("blown_share", BLOWN, "{:.0%} of the picture are blown out"),
    ("flicker_share", FLICKERS, "the light flickers by {:.0%}"),
)


@dataclass(frozen=True, slots=True)
class Flaw:
    """A flaw of a cited span."""

    what: str
    """For people: what it is and how far it goes."""
    figure: str
    limit: str
    after: float
    """Seconds from the beginning of the stretch."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a span was measured as."""

    figures: dict[str, float]
    """Name with its unit: the worst of all windows."""
    flaws: tuple[Flaw, ...] = ()


_known: "weakref.WeakKeyDictionary[Sources, dict[Any, Looked]]" = weakref.WeakKeyDictionary()


def seen_flaws(case: Case, shown: Shown) -> Looked:
    """The flaws of the pictures that a stretch cites; kept for the other aspects of the cut.

    Figures: focus_log, shake_of_width, blown_share, flicker_share; missing where there are too few
    pictures. Raises FootageError where the clip has none.
    """
    begin = source_start(case, shown)
    key = (shown.cut.path, begin, shown.end - shown.start, case.timeline.fps, shown.cut.shot_id)
    kept = _known.setdefault(case.sources, {})
    if key not in kept:
        kept[key] = _looked(case, shown, begin)
    return kept[key]


def heard_flaws(case: Case, cut: SoundCut) -> Looked:
    """The flaws of the sound that a cut cites; kept for the other aspects of the cut.

    Figures: full_scale_runs, flat_top_samples, snr_db (95th minus 10th percentile of 20 ms RMS,
    200 to 4000 Hz, CRAFT 3.1; told, not judged). Raises FootageError where it cannot be read.
    """
    seconds = min(cut.duration, case.timeline.duration - cut.start)
    key = (cut.path, cut.source_start, seconds)
    kept = _known.setdefault(case.sources, {})
    if key not in kept:
        kept[key] = listened(case.sources.sound(*key)) if seconds > 0 else Looked({})
    return kept[key]


def _looked(case: Case, shown: Shown, begin: Fraction) -> Looked:
    import cv2
    import numpy as np

    row = case.tables.rows[shown.cut.path]
    seen = looked(case, shown)
    length = Fraction(shown.end - shown.start) / case.timeline.fps
    here = [n for n, t in enumerate(seen.times) if begin <= t < begin + length]
    if len(here) < FEWEST:
        return Looked({})
    grey = np.stack(
        [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in seen.small[here[0] : here[-1] + 1]]
    )
    times = np.array([float(seen.times[n] - begin) for n in here])
    flaws: list[Flaw] = []
    picks = np.unique(np.searchsorted(times, np.arange(times[0], times[-1], 1 / LOOKS)))
    windows = _windows(times)
    sharp = np.array([focus(grey[n]) for n in picks])
    white = np.array([float((grey[n] >= WHITE).mean()) for n in picks])
    moves, parts = steps(grey), _parts(grey)
    worst: dict[str, tuple[float, float]] = {}

    def note(name: str, value: float, at: float) -> None:
        if name not in worst or value > worst[name][0]:
            worst[name] = (value, at)

    for first, last in windows:
        inside = (picks >= first) & (picks < last)
        at = float(times[first])
        fps = (last - first - 1) / max(1e-6, float(times[last - 1] - times[first]))
        judged = sharp[inside][~np.isnan(sharp[inside])]
        if len(judged) * 2 > inside.sum() and max(row.width, row.height) >= LOOKED_AT:
            note("focus_log", -float(np.median(judged)), at)
        if inside.any():
            note("blown_share", float(np.median(white[inside])), at)
        swing, jerk = shake(moves[first + 1 : last], fps)
        # a smooth move is told as its quick part, which stays within the limit
        note("shake_of_width", swing if jerk >= JERKY else min(swing * jerk, SHAKEN), at)
        note("flicker_share", flicker(parts[first:last], fps), at)
    figures = {name: value for name, (value, _) in worst.items()}
    if "focus_log" in worst:
        value, at = worst["focus_log"]
        figures["focus_log"] = -value
        if -value < BLURRED:
            flaws.append(Flaw("out of focus", f"{-value:.2f}", f">= {BLURRED}", at))
    for name, limit, what in LIMITS:
        value, at = worst.get(name, (0.0, 0.0))
        if name == "blown_share":
            limit = _blown(case, shown, seen, value)
        if value > limit:
            flaws.append(Flaw(what.format(value), f"{value:.1%}", f"<= {limit:.1%}", at))
    return Looked(figures, tuple(flaws))


def _windows(times: Any) -> list[tuple[int, int]]:
    """Numbers (first, exclusive last) of the pictures of every window; one where all is short."""
    import numpy as np

    end = max(0.0, float(times[-1]) - WINDOW)
    starts = [*np.arange(0.0, end, WINDOW / 2), end]
    spans = [np.searchsorted(times, (s - 1e-6, s + WINDOW + 1e-6)) for s in starts]
    return [(int(a), int(b)) for a, b in spans if b - a >= FEWEST]


def focus(grey: Any) -> float:
    """How fine the detail of the sharpest tenth of a small picture is; NaN where it has none.

    Natural log of the energy below one pixel against that of one to two pixels (differences of
    Gaussians) in each part of an eighth of the picture: contrast and content cancel out, focus
    stays, and a soft background does not matter.
    """
    import cv2
    import numpy as np

    picture = grey.astype(np.float32)
    soft = [cv2.GaussianBlur(picture, (0, 0), sigma) for sigma in (1.0, 2.0, 4.0)]
    size = max(2, max(picture.shape) // 8)
    bands = ((picture, soft[0]), (soft[0], soft[1]), (soft[1], soft[2]))
    fine, middle, coarse = (
        cv2.blur((a - b) ** 2, (size, size))[size // 2 :: size // 2, size // 2 :: size // 2]
        for a, b in bands
    )
    enough = coarse >= TEXTURE
    if enough.sum() < 4:
        return float("nan")
    return float(np.percentile(np.log((fine[enough] + 0.05) / (middle[enough] + 0.2)), 90))


def steps(grey: Any) -> Any:
    """The camera's step to each picture: (n, 3), x and y as shares of the width, and the peak."""
    import cv2
    import numpy as np

    height, width = grey.shape[1:]
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    found = np.zeros((len(grey), 3))
    before = grey[0].astype(np.float32)
    for n in range(1, len(grey)):
        now = grey[n].astype(np.float32)
        (x, y), peak = cv2.phaseCorrelate(before, now, window)
        found[n] = (x / width, y / width, peak)
        before = now
    return np.nan_to_num(found)


def shake(moves: Any, fps: float) -> tuple[float, float]:
    """RMS of the path minus its 1 s trend (share of the width), and how much of it is quick, 0..1.

    (0, 0) where the pictures give nothing to hold on to or are too few.
    """
    import numpy as np
    from scipy.signal import savgol_filter

    too_few = len(moves) < FEWEST - 1 or fps < SLOW - 0.1
    if too_few or np.percentile(moves[:, 2], 10) < HOLD:
        return 0.0, 0.0
    path = np.cumsum(moves[:, :2], axis=0)
    sizes = []
    for seconds, order in ((WINDOW, 2), (0.2, 1)):
        span = min(max(5, round(seconds * fps) | 1), (len(path) - 1) | 1)
        span -= 2 * (span > len(path))
        rest = path - savgol_filter(path, span, order, axis=0)
        far = np.sqrt((rest**2).sum(axis=1))
        sizes.append(float(np.sqrt((far**2).mean())))
    if np.median(far) < STEADY * sizes[1]:
        return sizes[0], 0.0
    return sizes[0], min(1.0, sizes[1] / max(sizes[0], 1e-9))


def _parts(grey: Any) -> Any:
    """Mean luma of 16 parts of each picture: float32, shape (n, 16)."""
    import cv2
    import numpy as np

    return np.stack([cv2.resize(g, (4, 4), interpolation=cv2.INTER_AREA).ravel() for g in grey])


def flicker(parts: Any, fps: float) -> float:
    """RMS of a swing of the light that all parts share, share of itself; 0 where there is none.

    `parts`: mean luma (0..255), shape (pictures, parts).
    """
    import numpy as np
    from scipy.signal import savgol_filter

    light = np.log(np.maximum(parts.astype(np.float64), 4.0))
    span = min(max(5, round(fps / 2) | 1), (len(light) - 1) | 1)
    light = light - savgol_filter(light, span, 2, axis=0)
    common = np.median(light, axis=1)
    size = float(np.sqrt((common**2).mean()))
    apart = float(np.sqrt(((light - common[:, None]) ** 2).mean()))
    if size < 1e-3 or apart > TOGETHER * size or np.median(np.abs(common)) < size / 3:
        return 0.0  # moving things; or a lone flash, a cut
    away = common[np.abs(common) > 0.3 * size]
    changes = int((np.diff(np.sign(away)) != 0).sum())
    return size if changes >= SWINGS * len(parts) / fps else 0.0


def _blown(case: Case, shown: Shown, seen: Seen, share: float) -> float:
    """Share of white pixels from which that is a fault here; 1 where nothing says that it is one.

    White walls, skies and pages are white at all times: the same view must have far fewer at
    another time of the clip. A picture that is blown out to a third is at fault unless two other
    shots of its set-up are like it: then it is a style.
    """
    import cv2
    import numpy as np

    shots = case.tables.shots
    own = shots.get(shown.cut.shot_id)
    if share <= BLOWN_LIT:
        return 1.0
    if own is None or share > BLOWN_ALONE:
        return BLOWN_ALONE if own is None or blown_like(case.tables, own) < 2 else 1.0
    begin = source_start(case, shown)
    end = begin + Fraction(shown.end - shown.start) / case.timeline.fps
    cited = [n for n, t in enumerate(seen.times) if begin <= t < end]
    for time in _elsewhere(own, shots.values(), begin, end):
        near = min(cited, key=lambda n: abs(seen.times[n] - time))  # what moves has moved least
        here = cv2.cvtColor(seen.small[near], cv2.COLOR_RGB2GRAY)
        try:
            other = case.sources.pictures(shown.cut.path, time, time)
        except FootageError:
            continue
        light = other.small.mean(axis=(1, 2, 3))  # of this picture and its neighbours
        if np.ptp(light) > RAMP * light.mean():
            continue  # in the middle of a fade nothing looks as it usually does
        there = cv2.cvtColor(other.small[other.at(time)], cv2.COLOR_RGB2GRAY)
        usual = float((there >= WHITE).mean())
        more = BLOWN_LIT if here.mean() >= LIT * there.mean() else BLOWN
        # the picture that is compared must be white itself: what a pan or a fade comes to is not
        white = min(share, float((here >= WHITE).mean()))
        if white > max(usual + more, 2 * usual) and _alike(here, there) >= SAME_VIEW:
            return more
    return 1.0


def blown_like(tables: Tables, own: Shot) -> int:
    """How many shots of other clips of its set-up are blown out to a third as well."""
    rest = (s for s in tables.shots.values() if s.setup and s.setup == own.setup)
    return sum(s.clipped > BLOWN_ALONE and s.clip_id != own.clip_id for s in rest)


def _elsewhere(own: Shot, shots: Any, begin: Fraction, end: Fraction) -> list[Fraction]:
    """Times outside of a span: just beside it, and in the middle of what its shot and the shots
    that touch it have on either side."""
    before, after = [(own.start, begin)], [(end, own.end)]
    for other in shots:
        if other.clip_id == own.clip_id:
            before += [(other.start, other.end)] if other.end == own.start else []
            after += [(other.start, other.end)] if other.start == own.end else []
    long = Fraction(2, 5)
    times = [b - BESIDE for a, b in before if b - a >= long]
    times += [a + BESIDE for a, b in after if b - a >= long]
    return times + [(a + b) / 2 for a, b in before + after if b - a >= long]


def _alike(here: Any, there: Any) -> float:
    """Correlation of the edges of two small pictures where neither is blown out, -1..1."""
    import cv2
    import numpy as np

    clear = cv2.erode(((here < WHITE) & (there < WHITE)).astype(np.uint8), np.ones((5, 5))) > 0
    if clear.mean() < 0.1:
        return 0.0
    edges = []
    for soft in (cv2.GaussianBlur(p.astype(np.float32), (0, 0), 1.0) for p in (here, there)):
        edges += [
            cv2.Sobel(soft, cv2.CV_32F, 1, 0)[clear],
            cv2.Sobel(soft, cv2.CV_32F, 0, 1)[clear],
        ]
    one, two = np.concatenate(edges[:2]), np.concatenate(edges[2:])
    scale = float(np.sqrt((one**2).sum() * (two**2).sum()))
    return float((one * two).sum() / scale) if scale > 0 else 0.0


def listened(samples: Any) -> Looked:
    """The flaws of a piece of sound: float32, shape (2, n) at 48 kHz, full scale 1.0."""
    import numpy as np

    figures = {"full_scale_runs": 0.0, "flat_top_samples": 0.0}
    if samples.shape[1] < RATE // 5:
        return Looked(figures)
    high = np.abs(samples) >= FULL
    three = high[:, :-2] & high[:, 1:-1] & high[:, 2:]
    starts = three & ~np.pad(three, ((0, 0), (1, 0)))[:, :-1]
    runs = int(starts.sum(axis=1).max())
    figures["full_scale_runs"] = float(runs)
    figures["snr_db"] = _snr(samples.mean(axis=0))
    flaws = []
    side = samples[int(np.argmax(np.abs(samples).max(axis=1)))]
    count = len(side) // 480
    blocks = np.abs(side[: count * 480]).reshape(count, 480)
    peaks = blocks.max(axis=1)
    top = (blocks >= FLAT * peaks[:, None]).sum(axis=1)
    steep = top / np.maximum(1, (blocks >= 0.8 * peaks[:, None]).sum(axis=1))
    usual = float(np.percentile(peaks, 98))
    width, at = 0.0, 0.0
    for first in range(0, max(1, count - 50), 50):
        part = slice(first, first + 100)
        loud = np.flatnonzero(peaks[part] >= max(0.02, 0.7 * usual)) + first
        if len(loud) >= 8 and float(np.median(steep[loud])) >= STEEP:
            found = float(np.median(top[loud]))
            if found > width:
                width, at = found, first / 100
    figures["flat_top_samples"] = width
    if runs > FULL_RUNS:
        where = float(np.flatnonzero(starts.any(axis=0))[0]) / RATE
        what = f"the sound is clipped ({runs} runs at full scale)"
        flaws.append(Flaw(what, f"{runs} runs", f"<= {FULL_RUNS}", where))
    elif width >= TOP:
        what = "the sound is clipped (its loud waves are flat)"
        flaws.append(Flaw(what, f"{width:.0f} samples", f"< {TOP:.0f}", at))
    return Looked(figures, tuple(flaws))


def _snr(mono: Any) -> float:
    """dB between the 95th and the 10th percentile of 20 ms RMS, 200 to 4000 Hz (CRAFT 3.1)."""
    import numpy as np
    from scipy.signal import butter, sosfilt

    band = sosfilt(butter(2, (200, 4000), "bandpass", fs=RATE, output="sos"), mono)
    count = len(band) // 960
    level = np.sqrt((band[: count * 960].reshape(count, 960) ** 2).mean(axis=1))
    loud, quiet = np.percentile(level, 95), np.percentile(level, 10)
    return float(20 * np.log10(max(loud, 1e-6) / max(quiet, 1e-6)))
