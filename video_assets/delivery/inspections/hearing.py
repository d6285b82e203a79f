"""Does the sound go on as its sources do: no click, no hole, no lost channel, no flattened top.

Everything is held against the cited sound at the same place: what a source does itself is no
defect of the cut.
"""

from dataclasses import dataclass
from statistics import median
from typing import Any

from video_assets.delivery.inspections import sounding
from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.delivery.inspections.sounding import Layer, decibels, powers, stamp
from video_assets.delivery.inspections.sources import RATE
from video_assets.delivery.inspections.sync import anchors
from video_assets.foundation.records import Finding

HOLE = 40.0
"""ms (CRAFT 8 row 12): longer silence inside what sounds is a hole."""
FRAME, HOP = 480, 240
"""Samples: levels are those of 10 ms every 5 ms."""
DROP = 15.0
"""dB below what the sources let expect: that is a hole. Music under speech is as far down."""
LOUD = 25.0
"""dB below a stretch's loud parts down to which it must be heard; noise between words may go."""
FAINT = -55.0
"""dBFS below which nothing is expected."""
DIGITAL = -75.0
"""dBFS: nothing at all is in the file."""
SIDES = 12.0
"""dB that one channel may lie further below the other than in the sources."""
SIDE_SPAN = RATE // 2
"""Samples over which channels are weighed."""
MOST_SHOWN = 5
"""Findings of one kind that are listed."""


def nothing_clicks_or_drops_out(case: Case) -> Outcome:
    """No click, no hole over 40 ms, no lost channel, no clipping that the sources do not have
    there (CRAFT 8 row 12)."""
    cited = sounding.layers(case)
    if case.film.samples is None and any(_audible(one) for one in cited):
        what = "the file has no sound, the timeline has; make its sound again"
        return Outcome(
            {"longest_hole_ms": float(case.timeline.duration * 1000)},
            (Finding("nothing_clicks_or_drops_out", what, "none", "sound"),),
        )
    if not any(_audible(one) for one in cited):
        figures = dict.fromkeys(
            ("longest_hole_ms", "clicks", "lost_channel_s", "clipped_runs"), 0.0
        )
        return Outcome(figures, note="nothing that sounds is cited")
    file = sounding.moved(sounding.heard(case), -_late(case))
    hints = _expected(case, cited, file)
    holes = _holes(case, cited, file, hints)
    clicks = _clicks(case, cited, file, hints)
    lost = _lost_sides(cited, file, hints)
    flat = _flat_tops(cited, file, hints)
    figures = {
        "longest_hole_ms": max((length for _, length in holes), default=0.0),
        "clicks": float(len(clicks)),
        "lost_channel_s": len(lost) * SIDE_SPAN / RATE,
        "clipped_runs": float(len(flat)),
    }
    found = []
    for at, length in holes[:MOST_SHOWN]:
        what = f"{length:.0f} ms of silence where the timeline sounds; make the sound again"
        found.append(_finding(what, f"{length:.0f}", f"{HOLE:.0f} ms", at))
    for at, apart in clicks[:MOST_SHOWN]:
        what = "a click that no source has there; make the sound again"
        found.append(_finding(what, f"{apart:.1f}", f"{CLICK}", at))
    if lost:
        at, side, apart = lost[0]
        what = (
            f"the {('left', 'right')[side]} channel is {apart:.0f} dB below the other for "
            f"{len(lost) * SIDE_SPAN / RATE:.1f} s; the sources have both"
        )
        found.append(_finding(what, f"{apart:.0f}", f"{SIDES:.0f} dB", at))
    if flat:
        what = f"clipped {len(flat)} times where the sources are not; lower the gain"
        found.append(_finding(what, str(len(flat)), "0", flat[0]))
    return Outcome(figures, tuple(found))


def _finding(what: str, figure: str, limit: str, at: int) -> Finding:
    return Finding("nothing_clicks_or_drops_out", what, figure, limit, stamp(at))


def _late(case: Case) -> int:
    """Samples that the file's sound is late as a whole, so that it lies beside its sources.

    0 from 40 ms on: that much silence would be a hole, and `sound_is_in_sync` has found it.
    """
    late = [one.residual for one in anchors(case) if one.clear]
    middle = median(late) if late else 0.0
    return round(middle * RATE / 1000) if abs(middle) < HOLE else 0


def _audible(layer: Layer) -> bool:
    return bool(layer.count) and float(decibels((layer.source**2).mean())) > sounding.QUIET


@dataclass(frozen=True, slots=True)
class _Hint:
    """What a layer lets expect of the file."""

    layer: Layer
    first: int
    """Frame of the timeline."""
    gain: Any
    """dB by frame that the file is louder than the source; nan where nothing is expected."""
    level: Any
    """dBFS by frame of the source."""


def _expected(case: Case, cited: list[Layer], file: Any) -> list[_Hint]:
    import numpy as np
    from scipy.ndimage import percentile_filter

    have = decibels(powers(file, FRAME, HOP).mean(axis=0))
    music = any(one.track == "A2" for one in cited)
    hints = []
    for layer in cited:
        if layer.count < 2 * FRAME or (layer.track == "A3" and music):
            continue  # natural sound below music is not told apart from it
        first = -(-layer.at // HOP)
        skip = first * HOP - layer.at
        level = decibels(powers(layer.source[:, skip:], FRAME, HOP).mean(axis=0))
        level = level[: max(0, len(have) - first)]
        if not len(level):
            continue
        inside = np.ones(len(level), bool)
        if layer.track != "A1":
            inside[:] = False
            for start, end in sounding.clear_of_speech(case, (layer.at, layer.end)):
                inside[max(0, -(-start // HOP) - first) : end // HOP - first - 1] = True
        top = np.percentile(level[inside], 95) if inside.any() else -120.0
        inside &= (level > top - LOUD) & (level > sounding.QUIET)
        gain = np.full(len(level), np.nan)
        if inside.any():
            apart = (have[first : first + len(level)] - level)[inside]
            # The lower quarter: whatever else sounds makes the file louder, never quieter.
            if layer.track == "A1":
                gain[inside] = np.percentile(apart, 25)
            else:
                gain[inside] = percentile_filter(apart, 25, size=301, mode="nearest")
        hints.append(_Hint(layer, first, gain, level))
    return hints


def _holes(
    case: Case, cited: list[Layer], file: Any, hints: list[_Hint]
) -> list[tuple[int, float]]:
    """(first sample, ms) of every stretch of over 40 ms that should sound and does not."""
    import numpy as np
    from scipy.ndimage import minimum_filter1d

    have = decibels(powers(file, FRAME, HOP).mean(axis=0))
    silent = np.zeros(len(have), bool)
    for hint in hints:
        wanted = np.where(np.isnan(hint.gain), -120.0, hint.level + np.nan_to_num(hint.gain))
        wanted = minimum_filter1d(wanted, 5)  # 10 ms either way: sync has its own measure
        span = slice(hint.first, hint.first + len(wanted))
        missing = (have[span] < wanted - DROP) & (wanted > FAINT)
        if hint.layer.track == "A2" and missing.any() and missing[-1]:
            missing[np.flatnonzero(~missing)[-1] + 1 if not missing.all() else 0 :] = False
        silent[span] |= missing
    for layer in cited:
        if layer.track != "A3" and layer.count > FRAME:
            first = -(-layer.at // HOP)
            level = decibels(powers(layer.source[:, first * HOP - layer.at :], FRAME, HOP))
            level = minimum_filter1d(level.max(axis=0), 5)[: max(0, len(have) - first)]
            span = slice(first, first + len(level))
            silent[span] |= (have[span] < DIGITAL) & (level > -45.0)
    found = []
    for start, end in _runs(silent):
        # A frame is silent only where all of it is: the hole is a frame longer than its steps.
        length = ((end - start - 1) * HOP + FRAME) * 1000 / RATE
        if length > HOLE:
            found.append((start * HOP, length))
    return found


def _runs(flags: Any) -> list[tuple[int, int]]:
    """(start, exclusive end) of every run of true."""
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


CLICK = 4.0
"""How far a click's second difference stands above the sharpest of its sources within 4 ms, as they
are heard; clean cuts of real footage reach 3.0, with 3 dB more treble 3.5."""
ALONE = 2.0
"""How far it must stand above all of its surroundings (3 to 20 ms either way)."""
ALONE_UNKNOWN = 10.0
"""The same where a bed goes on after its file's end, and nothing says with what."""
BLOCK = RATE // 1000
"""Samples: clicks are looked for in single milliseconds."""
NEAR = 4
"""Milliseconds either way in which a source may have it: a coder's short block is 2.7 ms long."""
CLICK_FLOOR = 0.006
"""Second difference (full scale 1.0) that is no click whatever the sources have: -44 dBFS."""


def _sharpness(samples: Any) -> Any:
    """The largest second difference of either channel in every millisecond."""
    import numpy as np

    bend = np.abs(np.diff(samples, 2, axis=-1, prepend=0.0, append=0.0))[:, :-1].max(axis=0)
    count = len(bend) // BLOCK
    return bend[: count * BLOCK].reshape(count, BLOCK).max(axis=1)


def _clicks(
    case: Case, cited: list[Layer], file: Any, hints: list[_Hint]
) -> list[tuple[int, float]]:
    """(sample, how far it stands above the sources) of every click that none of them has."""
    import numpy as np
    from scipy.ndimage import maximum_filter1d

    gains = {id(hint.layer): _gain(hint) for hint in hints}
    peak = _sharpness(file)
    count = len(peak)
    if not count:
        return []
    expected = np.full(count, CLICK_FLOOR)
    for layer in cited:
        gain = gains.get(id(layer)) or _own_gain(case, layer, file)
        first = max(0, layer.at // BLOCK - NEAR)
        sharp = np.pad(_sharpness(layer.source) * gain, NEAR)[max(0, NEAR - layer.at // BLOCK) :]
        sharp = maximum_filter1d(sharp, 2 * NEAR + 1)[: count - first]
        expected[first : first + len(sharp)] += sharp
    wide = maximum_filter1d(np.pad(peak, 20), 18)
    around = np.maximum(wide[8 : 8 + count], wide[32 : 32 + count])
    alone = np.full(count, ALONE)
    bed = [one for one in cited if one.track == "A2"]
    if case.timeline.music is not None:
        alone[max((one.end for one in bed), default=0) // BLOCK :] = ALONE_UNKNOWN
    found: list[tuple[int, float]] = []
    for block in np.flatnonzero((peak >= CLICK * expected) & (peak >= alone * around)):
        at = int(block) * BLOCK
        if not found or at - found[-1][0] > 5 * BLOCK:
            found.append((at, float(peak[block] / expected[block])))
    return found


def _gain(hint: _Hint) -> float | None:
    """The factor that a layer is heard with; None where it cannot be told."""
    import numpy as np

    return None if np.isnan(hint.gain).all() else float(10 ** (np.nanmedian(hint.gain) / 20))


def _own_gain(case: Case, layer: Layer, file: Any) -> float:
    """The factor that makes a layer as loud as the file where nobody speaks; 0 where all of it lies
    under speech."""
    spans = sounding.clear_of_speech(case, (layer.at, layer.end))
    have = sum(float((file[:, a:b] ** 2).sum()) for a, b in spans)
    own = sum(float((layer.source[:, a - layer.at : b - layer.at] ** 2).sum()) for a, b in spans)
    return float((have / own) ** 0.5) if own > 1e-6 else 0.0


def _lost_sides(cited: list[Layer], file: Any, hints: list[_Hint]) -> list[tuple[int, int, float]]:
    """(sample, channel, dB below the other) of every half second in which a channel is lost."""
    import numpy as np

    found = []
    for start in range(0, file.shape[1] - SIDE_SPAN + 1, SIDE_SPAN):
        have = decibels((file[:, start : start + SIDE_SPAN] ** 2).mean(axis=1))
        side = int(np.argmin(have))
        apart = float(have.max() - have.min())
        if have.max() < FAINT or apart < SIDES:
            continue
        wanted = np.zeros(2)
        for hint in hints:
            first = start // HOP - hint.first
            gains = hint.gain[max(0, first) : max(0, first + SIDE_SPAN // HOP)]
            if not len(gains) or np.isnan(gains).all():
                continue
            place = start - hint.layer.at
            piece = hint.layer.source[:, max(0, place) : max(0, place + SIDE_SPAN)]
            wanted += (piece**2).sum(axis=1) * 10 ** (np.nanmean(gains) / 10)
        if not wanted.any():
            continue
        if apart - max(0.0, float(decibels(wanted)[1 - side] - decibels(wanted)[side])) >= SIDES:
            found.append((start, side, apart))
    return found


FLAT = 0.06
"""Share of a peak within which samples count as flat: a coder's ripple is that large."""
FLAT_RUNS = 8
"""Flat tops within a second from which a file is clipped: single ones happen."""
FLAT_SHARE = 0.5
"""Of the loud 10 ms of that second; a limiter that works hard reaches 0.4."""


def _flat_tops(cited: list[Layer], file: Any, hints: list[_Hint]) -> list[int]:
    """Samples where the file is flat at its loudest, and the source that sounds there is not.

    Only those of seconds in which there are many.
    """
    import numpy as np

    window = FRAME
    count = file.shape[1] // window
    if not count:
        return []
    found = np.zeros(count, bool)
    channel = int(np.argmax(np.abs(file).max(axis=1)))
    size = np.abs(file[channel])
    tops = size[: count * window].reshape(count, window)
    peaks = tops.max(axis=1)
    top = float(np.percentile(peaks, 95))  # the largest ones may be a coder's overshoot
    loud = np.flatnonzero(peaks >= max(0.1, 0.7 * top))
    near = RATE // window // 2
    for number in loud:
        at = int(number) * window + int(tops[number].argmax())
        for hint in hints:
            place = at - hint.layer.at
            frame = at // HOP - hint.first
            if not 0 <= frame < len(hint.gain) or np.isnan(hint.gain[frame]):
                continue
            flat = _width(file[channel], at)
            around = hint.layer.source[channel, max(0, place - 240) : place + 240]
            own = _width(around, int(np.abs(around).argmax())) if len(around) else 0
            if flat >= 1.5 * own + 3:
                found[number] = True
            break
    kept = []
    for number in np.flatnonzero(found):
        flat = int(found[max(0, number - near) : number + near].sum())
        whole = int(((loud >= number - near) & (loud < number + near)).sum())
        if flat >= FLAT_RUNS and flat >= FLAT_SHARE * whole:
            kept.append(int(number) * window)
    return kept


def _width(samples: Any, at: int) -> int:
    """Samples around `at` that stay within 6 % of it."""
    import numpy as np

    low = (1 - FLAT) * abs(float(samples[at]))
    piece = samples[max(0, at - 240) : at + 240] * (1 if samples[at] > 0 else -1)
    below = np.flatnonzero(piece < low)
    here = at - max(0, at - 240)
    right = below[below > here]
    left = below[below < here]
    return int((right[0] if right.size else len(piece)) - (left[-1] if left.size else -1) - 1)
