"""Clicks: what is sharp in the file and in none of its sources.

All is looked at in second differences, in which a click of one sample stands out and what people
hear otherwise hardly counts. Two looks, as one sees what the other does not:

- the file less its sources, as they best explain it quarter second by quarter second: what is left
  of a click is all of it, what is left of a sharp consonant is little. How far it stands above its
  surroundings is told after linear prediction (Vaseghi, Advanced Digital Signal Processing and
  Noise Reduction, on impulsive noise): what a coder adds is coloured, a click is not;
- the file beside the sharpest that its sources have there: where they do not explain it, for a bed
  that is looped, or a sound that was worked over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from video_assets.delivery.inspections import sounding
from video_assets.delivery.inspections.case import Case
from video_assets.delivery.inspections.sounding import Layer
from video_assets.delivery.inspections.sources import RATE

CLICK = 4.0
"""How far a click's second difference stands above the sharpest of its sources within 4 ms, as they
are heard; clean cuts of real footage reach 3.0, with 3 dB more treble 3.5."""
LEFT = 8.0
"""How far what is left in both channels stands above its sources, to the power of 1.5, times how
far it stands above its surroundings. Told (the exponent too) on 302 drawn clicks: five are below;
what is left of 32 clean mixes of three libraries reaches 5, of 45 of real footage 4."""
LEAST_LEFT = 1.6
"""How far it must stand above its sources at least; ffmpeg's AAC encoder, where it fails at 10 ms,
leaves 1.4."""
LEFT_ONE = 3.5
"""The same for one channel alone, in which that encoder leaves small clicks of up to 2.5 (it does,
in the demo's speech)."""
ALONE_LEFT, MOST_ALONE = 1.5, 6.0
"""How far above its surroundings at least, and from where on more says nothing: a coder smears a
click over the 20 ms around it."""
ORDER = 24
"""Coefficients of the prediction: 0.5 ms."""
WINDOW = RATE // 16
"""Samples either way from which it is made, and in which it predicts."""
ALONE = 2.0
"""How far it must stand above all of its surroundings (3 to 20 ms either way)."""
ALONE_UNKNOWN = 10.0
"""The same where a bed goes on after its file's end, and nothing says with what."""
DUCKED = 0.25
"""Share that a source has at least of what it has elsewhere: 12 dB less under speech (CRAFT 6)."""
ALL_LEFT = 0.5
"""Share of a click that is left at least when the sources explain the 9 ms around it alone: where
they are turned down quickly, a quarter second has no one gain."""
EXPLAINED = 0.5
"""Share of a quarter second's energy that its sources must explain."""
SPARED = 0.05
"""Share of its milliseconds that need not be explained: clicks are in them."""
BLOCK = RATE // 1000
"""Samples: clicks are looked for in single milliseconds."""
SPAN = RATE // 4
"""Samples that are explained with one gain for each source; whole blocks."""
NEAR = 4
"""Milliseconds either way in which a source may have it: a coder's short block is 2.7 ms long."""
EASED = RATE // 100
"""Samples over which every stretch is faded (CRAFT 6): a hard edge would be a click."""
FLOOR = 0.006
"""Second difference (full scale 1.0) that is no click whatever the sources have: -44 dBFS."""


@dataclass(frozen=True, slots=True)
class Click:
    """A click that no source has."""

    at: int
    """Sample, to a millisecond."""
    apart: float
    """How far it stands out: above its sources, or above these and its surroundings together."""
    limit: float
    """From which that is a click: both looks have their own."""


@dataclass(frozen=True, slots=True)
class _Bent:
    """A layer's second differences."""

    at: int
    samples: Any
    """float32, shape (2, n + 2): one more on either side, for sources that lie between samples."""
    sharp: Any
    """The largest in every millisecond."""


def clicks_in(
    case: Case, cited: list[Layer], file: Any, gains: Mapping[int, float | None]
) -> list[Click]:
    """Every click that no layer has. `gains`: by id of a layer the factor that it is heard with."""
    import numpy as np
    from scipy.ndimage import maximum_filter1d

    bent = _bend(file)
    peak = _sharpness(bent)
    count = len(peak)
    if not count:
        return []
    layers = [_bent(one) for one in cited if one.count > 2 * EASED]
    expected = np.full(count, FLOOR)
    for layer, one in zip((o for o in cited if o.count > 2 * EASED), layers, strict=True):
        gain = gains.get(id(layer)) or _own_gain(case, layer, file)
        first = max(0, one.at // BLOCK - NEAR)
        sharp = np.pad(one.sharp * gain, NEAR)[max(0, NEAR - one.at // BLOCK) :]
        sharp = maximum_filter1d(sharp, 2 * NEAR + 1)[: count - first]
        expected[first : first + len(sharp)] += sharp
    alone = np.full(count, ALONE)
    known = np.ones(count, bool)
    if case.timeline.music is not None:
        end = max((one.end for one in cited if one.track == "A2"), default=0) // BLOCK
        alone[end:] = ALONE_UNKNOWN
        known[end:] = False
    rest, own, explained = _left_of(bent, layers)
    left = _sharpest(rest)
    own = maximum_filter1d(own, 2 * NEAR + 1)
    sharp = peak / np.maximum(expected, own + FLOOR)  # gains may be unknown
    found = {int(n): (float(sharp[n]), CLICK) for n in _standing(sharp, CLICK, peak, alone)}
    least = np.maximum(own, DUCKED * expected) + FLOOR
    one, both = (side / least for side in (left.max(axis=0), left.min(axis=0)))
    # what cannot become either kind, however far it stands out, is not worth predicting
    likely = (one >= LEFT_ONE) | ((both >= LEAST_LEFT) & (both**1.5 * MOST_ALONE >= LEFT))
    for n in np.flatnonzero(explained & known & likely):
        if int(n) in found:
            continue
        stands = _stands(rest, int(n))
        apart = float(both[n]) ** 1.5 * min(stands, MOST_ALONE)
        if stands >= ALONE_LEFT:
            if both[n] >= LEAST_LEFT and apart >= LEFT:
                found[int(n)] = (apart, LEFT)
            elif one[n] >= LEFT_ONE:
                found[int(n)] = (float(one[n]), LEFT_ONE)
    found = {n: one for n, one in found.items() if not _is_cited(bent, layers, n)}
    clicks: list[Click] = []
    for block in sorted(found):
        if not clicks or block * BLOCK - clicks[-1].at > 5 * BLOCK:
            clicks.append(Click(block * BLOCK, *found[block]))
    return clicks


def _standing(over: Any, limit: float, peak: Any, alone: Any) -> Any:
    """Milliseconds in which something is that far over its sources and above its surroundings."""
    import numpy as np
    from scipy.ndimage import maximum_filter1d

    count = len(peak)
    wide = maximum_filter1d(np.pad(peak, 20), 18)
    around = np.maximum(wide[8 : 8 + count], wide[32 : 32 + count])
    return np.flatnonzero((over >= limit) & (peak >= alone * around))


def _stands(rest: Any, block: int) -> float:
    """How far a millisecond stands above its surroundings (3 to 20 ms either way) when all that is
    predicted from the samples before is taken away.

    `rest`: float32, shape (2, n), second differences that the sources leave.
    """
    import numpy as np
    from scipy.linalg import solve_toeplitz
    from scipy.signal import lfilter

    here = block * BLOCK
    first = max(0, here - WINDOW)
    window = rest[:, first : here + WINDOW].astype(np.float64)
    power = np.abs(np.fft.rfft(window, 2 * window.shape[1])) ** 2
    alike = np.fft.irfft(power.sum(axis=0))[: ORDER + 1]
    alike[0] = alike[0] * 1.0001 + 1e-9
    predicts = solve_toeplitz(alike[:ORDER], alike[1:])
    window = lfilter(np.concatenate([[1.0], -predicts]), 1.0, window, axis=1)
    count = window.shape[1] // BLOCK
    energy = (window[:, : count * BLOCK] ** 2).sum(axis=0).reshape(count, BLOCK).sum(axis=1)
    at = (here - first) // BLOCK
    before, after = energy[max(0, at - 20) : max(0, at - 2)], energy[at + 3 : at + 21]
    around = max(before.max(initial=0.0), after.max(initial=0.0))
    return float((energy[max(0, at - 1) : at + 2].max() / max(around, 1e-12)) ** 0.5)


def _bend(samples: Any) -> Any:
    """Second differences: float32, as many as samples."""
    import numpy as np

    out = np.zeros(samples.shape, np.float32)
    out[:, 1:-1] = samples[:, 2:] - 2 * samples[:, 1:-1] + samples[:, :-2]
    return out


def _sharpness(bent: Any) -> Any:
    """The largest second difference of either channel in every whole millisecond."""
    return _sharpest(bent).max(axis=0)


def _sharpest(bent: Any) -> Any:
    """The largest second difference of every channel, shape (2, milliseconds)."""
    import numpy as np

    count = bent.shape[1] // BLOCK
    blocks = bent[:, : count * BLOCK].reshape(2, count, BLOCK)
    return np.maximum(blocks.max(axis=2), -blocks.min(axis=2))


def _bent(layer: Layer) -> _Bent:
    import numpy as np

    ramp = np.sin(np.linspace(0, np.pi / 2, EASED, dtype=np.float32))
    out = np.zeros((2, layer.count + 2), np.float32)
    out[:, 1:-1] = layer.source
    out[:, 1 : EASED + 1] *= ramp
    out[:, -EASED - 1 : -1] *= ramp[::-1]
    out = _bend(out)
    return _Bent(layer.at, out, _sharpness(out[:, 1:-1]))


def _left_of(bent: Any, layers: list[_Bent]) -> tuple[Any, Any, Any]:
    """(Second differences that are left of the file without its sources: float32, shape (2, n), of
    whole milliseconds; the sharpest of its sources as the file has them and whether they explain
    it, by millisecond).

    Each source may be moved by a sample either way, which makes up for fractions of one and for
    more or less treble.
    """
    import numpy as np

    length = bent.shape[1]
    count = length // BLOCK
    left, own = np.zeros((2, count * BLOCK), np.float32), np.zeros(count, np.float32)
    explained = np.zeros(count, bool)
    for start in range(0, count * BLOCK, SPAN):
        end = min(start + SPAN, count * BLOCK)
        have = bent[:, start:end]
        here = [one for one in layers if one.at < end and one.at + one.samples.shape[1] - 2 > start]
        parts = np.zeros((3 * len(here), *have.shape), np.float32)
        for number, one in enumerate(here):
            first = max(start, one.at)
            last = min(end, one.at + one.samples.shape[1] - 2)
            for tap in range(3):
                piece = one.samples[:, first - one.at + tap : last - one.at + tap]
                parts[3 * number + tap, :, first - start : last - start] = piece
        rest = have
        blocks = slice(start // BLOCK, end // BLOCK)
        if here:
            matrix = parts.reshape(len(parts), -1)
            gram = (matrix @ matrix.T).astype(np.float64)
            ridge = np.eye(len(gram)) * (1e-5 * np.diag(gram).max() + 1e-12)
            weights = np.linalg.solve(gram + ridge, matrix @ have.ravel()).astype(np.float32)
            rest = have.copy()
            for number in range(0, len(parts), 3):
                three = slice(number, number + 3)
                part = (weights[three] @ matrix[three]).reshape(have.shape)
                own[blocks] += _sharpness(part)
                rest -= part
        left[:, start:end] = rest
        explained[blocks] = _is_explained(have, rest)
    return left, own, explained


def _is_cited(bent: Any, layers: list[_Bent], block: int) -> bool:
    """Whether what is sharp there is a source's after all: with a gain for these 9 ms alone."""

    start = max(0, (block - NEAR) * BLOCK)
    here = bent[:, start : (block + NEAR + 1) * BLOCK]
    near = [_Bent(one.at - start, one.samples, one.sharp) for one in layers]
    rest, _, _ = _left_of(here, near)
    at = slice(block - start // BLOCK, block - start // BLOCK + 1)
    return bool(_sharpness(rest)[at] < ALL_LEFT * _sharpness(here)[at])


def _is_explained(have: Any, rest: Any) -> bool:
    """Whether little enough is left of a stretch, but for the milliseconds with most of it."""
    import numpy as np

    count = have.shape[1] // BLOCK
    before, after = (
        np.einsum("cnk,cnk->n", p.reshape(2, count, BLOCK), p.reshape(2, count, BLOCK))
        for p in (have, rest)
    )
    kept = np.argsort(after)[: count - int(np.ceil(SPARED * count))]
    return bool(after[kept].sum() <= (1 - EXPLAINED) * before[kept].sum())


def _own_gain(case: Case, layer: Layer, file: Any) -> float:
    """The factor that makes a layer as loud as the file where nobody speaks; 0 where all of it lies
    under speech."""
    spans = sounding.clear_of_speech(case, (layer.at, layer.end))
    have = sum(float((file[:, a:b] ** 2).sum()) for a, b in spans)
    own = sum(float((layer.source[:, a - layer.at : b - layer.at] ** 2).sum()) for a, b in spans)
    return float((have / own) ** 0.5) if own > 1e-6 else 0.0
