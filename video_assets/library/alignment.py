"""Whether a recorder heard what a camera heard, and exactly when: GCC-PHAT on the samples.

A cross-correlation in which every frequency counts the same: one peak, a sample wide, at the lag of
the two clocks, whatever the microphones and the room did to the sound. A dozen such lags along the
clip give the offset and the drift of the clocks. What repeats, and what only the loudspeaker of the
set has in common, is refused: a wrong pair is worse than none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from video_assets.library.agreement import shared_events
from video_assets.library.envelopes import PER_SECOND, RATE, Place, Sound, activity

MIN_COVER = 5.0
"""Seconds that a recorder must cover of a clip; of less a peak is no proof."""
MIN_Z = 15.0
"""Standard deviations of the peak over all lags within `MARGIN` (CRAFT.md 6)."""
MAX_SECOND = 0.7
"""Of the next peak's height to the first's (CRAFT.md 6): more is music that repeats."""
MIN_ANCHORS = 8
ANCHORS = 16
"""Lags that are taken along the clip."""
ANCHOR_Z = 7.0
"""An anchor is looked for within milliseconds, among lags of 0.5 s: no accident there."""
MARGIN = 3.0
"""Seconds of lag around the place, in which other peaks are looked for."""
NEAR = 0.05
"""Seconds around the peak that are its own: the first reflections of a room."""
PLACE_ERROR = 0.3
"""Seconds by which a place of the envelopes may be off, drift over the clip included."""
MOST_DRIFT = 200.0
"""ppm: twice what the worst camera and recorder have between them."""
OUTLIER = 0.0025
"""Seconds off the line at which an anchor does not count."""
MIN_SHARED = 0.45
"""See `shared_events`; the reciprocal of the root of the number of frames is added to it."""
KNOWN_DRIFT = 2.0
"""ppm: a drift that is surer than that is known."""
COSTLY_DRIFT = 0.001
"""Seconds at the ends of a clip: a drift that costs more is not left out, however rough."""
_LEAST_SPREAD = 0.00003
"""Seconds: anchors are not better than half a sample."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """How the recorder's clock runs beside the clip's: recorder = offset + clip * (1 + drift)."""

    offset: float
    """Seconds on the recorder's clock at the clip's 0."""
    drift: float
    """ppm; 0.0 where it is not known and does not matter."""
    drift_error: float
    """ppm, two standard errors."""
    z: float
    second: float
    anchors: int
    spread: float
    """Seconds, root mean square, by which the anchors leave the line."""
    shared: float
    """See `shared_events`."""
    start: float
    """Clip's clock: from where the recorder covers the clip."""
    end: float


@dataclass(frozen=True, slots=True)
class Peak:
    """The best lag of one window."""

    time: float
    """Middle of the window, clip's clock."""
    length: float
    """Seconds of the window."""
    lag: float
    """Recorder's clock minus clip's clock there, seconds."""
    z: float
    height: float
    second: float


@dataclass(frozen=True, slots=True)
class Line:
    """lag = offset + clip's time * ppm / 1,000,000."""

    offset: float
    ppm: float
    error: float
    spread: float
    used: tuple[Peak, ...]


def aligned(
    clip: Sound,
    recorder: Sound,
    tables: tuple[np.ndarray, np.ndarray],
    places: Sequence[Place],
) -> Alignment | str:
    """How two files lie to each other, or in a few words why they do not belong together.

    `tables`: envelopes of clip and recorder. `places`: where the clip may begin on the recorder.
    """
    tried = [(p, t) for p in places if (t := _trial(clip, recorder, tables, p.lag)) is not None]
    if not tried:
        return "no place in common"
    place, first = max(tried, key=lambda pair: pair[1].z)
    if first.z < MIN_Z:
        return "no peak"
    length = min(10.0, _covered(clip, recorder, first.lag)[1])
    second = first.second
    for other in places:
        if other is not place:
            there = _peak(clip, recorder, first.time, length, other.lag, PLACE_ERROR)
            second = max(second, there.height / first.height)
    if second >= MAX_SECOND:
        return "sound that repeats"
    anchors = _anchors(clip, recorder, tables, first.time, first.lag, 0.0, MOST_DRIFT)
    line = _line(anchors)
    if line is None:
        return "no common clock"
    if abs(line.ppm) > 5:  # smeared peaks: take them again from a recorder that runs alike
        line = _line(_anchors(clip, recorder, tables, 0.0, line.offset, line.ppm, 0.0)) or line
    # of all windows, not of those alone that agree: a message in both makes no pair
    spans = [(p.time - p.length / 2, p.time + p.length / 2) for p in anchors]
    shared, frames = shared_events(clip, recorder, spans, line.offset, line.ppm)
    if shared < MIN_SHARED + frames**-0.5:
        return "only a part in common, such as music"
    at_ends = abs(line.ppm) * 1e-6 * _covered(clip, recorder, line.offset)[1] / 2
    known = line.error <= KNOWN_DRIFT or (abs(line.ppm) > 2 * line.error and at_ends > COSTLY_DRIFT)
    drift = line.ppm if known else 0.0
    offset = line.offset
    if not known:
        offset = float(np.mean([peak.lag for peak in line.used]))
    pace = 1 + drift * 1e-6
    return Alignment(
        offset,
        drift,
        line.error,
        first.z,
        second,
        len(line.used),
        line.spread,
        shared,
        max(0.0, -offset / pace),
        min(clip.length / RATE, (recorder.length / RATE - offset) / pace),
    )


def _covered(clip: Sound, recorder: Sound, lag: float) -> tuple[float, float]:
    """Start on the clip's clock and length of what the recorder covers, seconds."""
    start = max(0.0, -lag)
    return start, min(clip.length / RATE, recorder.length / RATE - lag) - start


def _trial(
    clip: Sound, recorder: Sound, tables: tuple[np.ndarray, np.ndarray], lag: float
) -> Peak | None:
    """The best of three windows; None where there is too little in common to judge."""
    start, cover = _covered(clip, recorder, lag)
    if cover < MIN_COVER:
        return None
    length = min(10.0, cover)
    spots = _spots(tables, lag, start, cover, length, 3)
    peaks = [_peak(clip, recorder, t, length, lag, PLACE_ERROR) for t in spots]
    return max(peaks, key=lambda peak: peak.z)


def _spots(
    tables: tuple[np.ndarray, np.ndarray],
    lag: float,
    start: float,
    cover: float,
    length: float,
    count: int,
) -> list[float]:
    """Middles of the liveliest window of each of `count` sections of a span, clip's clock."""
    mine, other = (activity(t) for t in tables)
    first, size = round(start * PER_SECOND), round(cover * PER_SECOND)
    at = np.arange(first, first + size)
    there = at + round(lag * PER_SECOND)
    both = np.zeros(size)
    good = (at < len(mine)) & (there >= 0) & (there < len(other))
    both[good] = np.minimum(mine[at[good]], other[there[good]])
    window = min(size, round(length * PER_SECOND))
    sums = np.concatenate([[0.0], np.cumsum(both)])
    sums = sums[window:] - sums[:-window]
    edges = np.linspace(0, len(sums), count + 1).astype(int)
    found = []
    for low, high in pairwise(edges):
        best = int(low) + int(np.argmax(sums[low:high])) if high > low else int(low)
        found.append(start + best / PER_SECOND + length / 2)
    return sorted(set(found))


def _peak(
    clip: Sound,
    recorder: Sound,
    time: float,
    length: float,
    lag: float,
    reach: float,
    ppm: float = 0.0,
    margin_s: float = MARGIN,
) -> Peak:
    """The highest peak within `reach` seconds of `lag`, for a window of the clip around `time`.

    With `ppm` the recorder's samples are taken at the clip's pace.
    """
    count, margin = round(length * RATE), round(margin_s * RATE)
    begin = round((time - length / 2) * RATE)
    x = clip.samples(begin, count)
    size = count + 2 * margin
    middle = begin + lag * RATE - margin  # of the recorder, in its samples, where y begins
    if ppm:
        at = np.arange(size) * (1 + ppm * 1e-6)
        at += middle - ppm * 1e-6 * (count / 2 + margin) - (whole := int(np.floor(middle)) - 8)
        y = np.interp(at, np.arange(size + 16), recorder.samples(whole, size + 16))
        y, early = y.astype(np.float32), 0.0
    else:
        y = recorder.samples(round(middle), size)
        early = round(middle) - middle
    found = np.abs(phat(x, y))[: 2 * margin]
    spread = float(np.sqrt(np.mean(found**2)))
    near = max(2, round(reach * RATE))
    low = margin - near
    best = low + int(np.argmax(found[low : margin + near + 1]))
    height = float(found[best])
    if spread <= 0 or height <= 0:
        return Peak(time, length, lag, 0.0, 0.0, 1.0)
    rest = found.copy()
    own = round(NEAR * RATE)
    rest[max(0, best - own) : best + own + 1] = 0
    a, b, c = found[best - 1 : best + 2]
    bend = a - 2 * b + c
    part = 0.5 * (a - c) / bend if bend < 0 else 0.0
    exact = lag + (best - margin + part + early) / RATE
    return Peak(time, length, exact, height / spread, height, float(rest.max()) / height)


def phat(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Cross-correlation of samples with equal weight for every frequency from 100 to 7000 Hz.

    Value i is that of `x` beginning with sample i of `y`, the longer one.
    """
    from scipy import fft
    from scipy.signal.windows import tukey

    size = fft.next_fast_len(len(y), real=True)
    # tapered, or the skirts of a loud hum would drown the rest of the spectrum
    one = fft.rfft(x * tukey(len(x), 0.1).astype(np.float32), size)
    two = fft.rfft(y * tukey(len(y), 0.1).astype(np.float32), size)
    cross = two * np.conj(one)
    weight = np.abs(cross)
    hz = np.arange(len(cross)) * (RATE / size)
    cross[(hz < 100) | (hz > 7000) | (weight <= 0)] = 0
    cross /= np.maximum(weight, 1e-12)
    found: np.ndarray = fft.irfft(cross, size)[: len(y)]
    return found


def _anchors(
    clip: Sound,
    recorder: Sound,
    tables: tuple[np.ndarray, np.ndarray],
    time: float,
    lag: float,
    ppm: float,
    reach: float,
) -> list[Peak]:
    """Peaks along the clip, near the line through (`time`, `lag`) with slope `ppm`.

    `reach`: ppm by which the slope may differ from that.
    """
    start, cover = _covered(clip, recorder, lag)
    length = max(2.0, min(5.0, cover / 4))
    found = []
    for spot in _spots(tables, lag, start, cover, length, ANCHORS):
        there = lag + (spot - time) * ppm * 1e-6
        width = 0.005 + abs(spot - time) * reach * 1e-6
        margin = max(0.5, 2 * width)
        found.append(_peak(clip, recorder, spot, length, there, width, ppm, margin))
    return found


def _line(peaks: Sequence[Peak]) -> Line | None:
    """The line that most clear anchors lie on; None where too few agree."""
    peaks = [peak for peak in peaks if peak.z >= ANCHOR_Z]
    if len(peaks) < MIN_ANCHORS:
        return None
    time = np.array([p.time for p in peaks])
    lag = np.array([p.lag for p in peaks])
    i, j = np.triu_indices(len(time), 1)
    far = np.abs(time[i] - time[j]) >= 0.2 * np.ptp(time)
    slope = float(np.median((lag[j] - lag[i])[far] / (time[j] - time[i])[far]))
    rest = lag - slope * time
    good = np.abs(rest - np.median(rest)) <= OUTLIER
    if good.sum() < MIN_ANCHORS or good.mean() < 0.5:
        return None
    t, y = time[good], lag[good]
    middle = t.mean()
    square = float(((t - middle) ** 2).sum())
    slope = float(((t - middle) * y).sum() / square)
    offset = float(y.mean() - slope * middle)
    spread = float(np.sqrt(np.mean((y - offset - slope * t) ** 2)))
    # windows that overlap err together: they count as many as would fit side by side
    aside = min(1.0, (np.ptp(t) / 5.0 + 1) / len(t))
    error = 2 * max(spread, _LEAST_SPREAD) / np.sqrt(square * aside)
    used = tuple(p for p, ok in zip(peaks, good, strict=True) if ok)
    return Line(offset, slope * 1e6, float(error) * 1e6, spread, used)
