"""Does the sound go on as its sources do: no click, no hole, no lost channel, no flattened top.

Everything is held against the cited sound at the same place: what a source does itself is no
defect of the cut.
"""

from dataclasses import dataclass
from statistics import median
from typing import Any

from video_assets.delivery.inspections import sounding
from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.delivery.inspections.clicks import clicks_in
from video_assets.delivery.inspections.once import runs
from video_assets.delivery.inspections.sounding import Layer, decibels, powers, stamp
from video_assets.delivery.inspections.sources import RATE
from video_assets.delivery.inspections.sync import anchors
from video_assets.foundation.records import Finding

HOLE = 40.0
"""ms (CRAFT 8 row 12): longer silence inside what sounds is a hole."""
FRAME, HOP = 480, 240
"""Samples: levels are those of 10 ms every 5 ms."""
DROP, BED_DROP = 15.0, 20.0
"""dB below what the sources let expect: that is a hole. A limiter turns music down, and other sound
over it. Clean speech and natural sound never fall by 8, music by 15 for 25 ms."""
NEAR_TOP = 12.0
"""dB below a stretch's loud parts down to which its gain is taken: other sound is far below."""
GAIN_AT = 90
"""Percentile of that gain over a whole stretch: nine tenths of it may be lost."""
ALIKE, PIECE = 0.7, RATE // 4
"""Correlation with the file from which a piece of music is what is heard there, and its samples:
one such piece tells the gain of all of it, where nine tenths are lost too."""
LOST = 20.0
"""dB below the other lines (or natural sounds) from which all of one is lost."""
MOST_GAINED = 6.0
"""dB below the greatest gain within which a quiet source has got all the gain there is."""
ENDING = 2 * RATE
"""Samples at the end of a timeline in which music may be faded out."""
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
    sounds = sounding.sounds(case)
    if case.film.samples is None and sounds:
        what = "the file has no sound, the timeline has; make its sound again"
        return Outcome(
            {"longest_hole_ms": float(case.timeline.duration * 1000)},
            (Finding("nothing_clicks_or_drops_out", what, "none", "sound"),),
        )
    if not sounds:
        figures = dict.fromkeys(
            ("longest_hole_ms", "clicks", "lost_channel_s", "clipped_runs"), 0.0
        )
        return Outcome(figures, note="nothing that sounds is cited", measured=False)
    file = sounding.moved(sounding.played(case), -_late(case))
    hints = _expected(case, cited, file)
    holes = _holes(case, cited, file, hints)
    clicks = clicks_in(case, cited, file, {id(h.layer): _gain(h) for h in hints})
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
    for click in clicks[:MOST_SHOWN]:
        what = "a click that no source has there; make the sound again"
        found.append(_finding(what, f"{click.apart:.1f}", f"{click.limit}", click.at))
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
    """What every layer lets expect: one gain for all of it, so that no hole explains itself."""
    import numpy as np

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
        loud = inside & (level > top - NEAR_TOP)
        if loud.any():
            apart = (have[first : first + len(level)] - level)[loud]
            gain[inside] = np.percentile(apart, GAIN_AT)
            if layer.track == "A2":
                gain[inside] = np.maximum(gain[inside], _best_heard(case, layer, file, top))
        hints.append(_Hint(layer, first, gain, level))
    return hints


def _best_heard(case: Case, layer: Layer, file: Any, top: float) -> float:
    """dB of the greatest gain of a quarter second of music, clear of speech, in which it alone is
    heard; -120 where there is none. `top`: dBFS of its loud parts."""
    import numpy as np

    best = -120.0
    for start, end in sounding.clear_of_speech(case, (layer.at, layer.end)):
        for at in range(start, end - PIECE + 1, PIECE // 2):
            own = layer.source[:, at - layer.at : at - layer.at + PIECE].astype(np.float64)
            have = file[:, at : at + PIECE].astype(np.float64)
            both, power = float((own * have).sum()), float((own**2).sum())
            if decibels(power / own.size) <= max(top - NEAR_TOP, sounding.QUIET):
                continue
            if both > ALIKE * (power * float((have**2).sum())) ** 0.5:
                best = max(best, float(20 * np.log10(both / power)))
    return best


def _holes(
    case: Case, cited: list[Layer], file: Any, hints: list[_Hint]
) -> list[tuple[int, float]]:
    """(first sample, ms) of every stretch of over 40 ms that should sound and does not."""
    import numpy as np
    from scipy.ndimage import minimum_filter1d

    have = decibels(powers(file, FRAME, HOP).mean(axis=0))
    silent = np.zeros(len(have), bool)
    ending = (file.shape[1] - ENDING) // HOP
    lost = {id(one) for one in _lost(file, have, hints)}
    for hint in hints:
        wanted = np.where(np.isnan(hint.gain), -120.0, hint.level + np.nan_to_num(hint.gain))
        wanted = minimum_filter1d(wanted, 5)  # 10 ms either way: sync has its own measure
        span = slice(hint.first, hint.first + len(wanted))
        drop = BED_DROP if hint.layer.track == "A2" else DROP
        missing = (have[span] < wanted - drop) & (wanted > FAINT)
        if id(hint) in lost:
            missing = ~np.isnan(hint.gain)
        if hint.layer.track == "A2":
            missing = _but_the_ending(missing, ending - hint.first)
        silent[span] |= missing
    music = any(one.track == "A2" for one in cited)
    for layer in cited:
        if (layer.track == "A3" and music) or layer.count <= FRAME:
            continue
        first = -(-layer.at // HOP)
        level = decibels(powers(layer.source[:, first * HOP - layer.at :], FRAME, HOP))
        level = minimum_filter1d(level.max(axis=0), 5)[: max(0, len(have) - first)]
        spans = [(layer.at, layer.end)]
        if layer.track == "A3":
            spans = sounding.clear_of_speech(case, spans[0])
        for start, end in spans:
            inner = slice(-(-start // HOP) - first, max(0, min(len(level), end // HOP - first)))
            span = slice(first + inner.start, first + inner.stop)
            nothing = (have[span] < DIGITAL) & (level[inner] > -45.0)
            if layer.track == "A2":
                nothing = _but_the_ending(nothing, ending - span.start)
            silent[span] |= nothing
    found = []
    for start, end in runs(silent):
        # A frame is silent only where all of it is: the hole is a frame longer than its steps.
        length = ((end - start - 1) * HOP + FRAME) * 1000 / RATE
        if length > HOLE:
            found.append((start * HOP, length))
    return found


def _but_the_ending(missing: Any, ending: int) -> Any:
    """Flags without the last run, where it begins at `ending` or later and goes on to their end."""
    last = next(reversed(runs(missing)), None)
    if last and last[0] >= ending and last[1] >= len(missing) - 6:  # nothing is wanted of the last
        missing[last[0] :] = False
    return missing


def _lost(file: Any, have: Any, hints: list[_Hint]) -> list[_Hint]:
    """Lines, or natural sounds, all of which lie far below the others though there is gain left.

    Their own gain says nothing: it is as low as they are.
    """
    found = []
    for track in ("A1", "A3"):
        own = [h for h in hints if h.layer.track == track and _gain(h) is not None]
        low = _far_below(own, have)
        if low:  # rumble is in no ear, but in these levels
            ears = decibels(powers(sounding.weighted(file), FRAME, HOP).mean(axis=0))
            still = {id(one) for one in _far_below(own, ears)}
            found += [one for one in low if id(one) in still]
    return found


def _far_below(hints: list[_Hint], have: Any) -> list[_Hint]:
    """Those whose level in the file lies far below the others' middle, and that others are turned
    up more than."""
    import numpy as np

    levels = []
    for hint in hints:
        inside = np.flatnonzero(~np.isnan(hint.gain)) + hint.first
        asked = hint.layer.cut.gain if hint.layer.cut else 0.0
        gain = float(np.nanmedian(hint.gain)) - asked
        own = 10 ** (hint.level / 10)
        # what is heard of it may be its quiet end, after a loud part below speech
        quieter = float(decibels(own.mean()) - decibels(own[inside - hint.first].mean()))
        heard = float(decibels((10 ** (have[inside] / 10)).mean())) + max(0.0, quieter)
        levels.append((heard - asked, gain))
    found = []
    for number, (level, gain) in enumerate(levels):
        others = levels[:number] + levels[number + 1 :]
        if (
            others
            and level < median(one[0] for one in others) - LOST
            and gain < max(one[1] for one in others) - MOST_GAINED
        ):
            found.append(hints[number])
    return found


def _gain(hint: _Hint) -> float | None:
    """The factor that a layer is heard with; None where it cannot be told."""
    import numpy as np

    return None if np.isnan(hint.gain).all() else float(10 ** (np.nanmedian(hint.gain) / 20))


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
HIGHEST = 0.93
"""Of the top from which 10 ms are among the highest: clipped ones pile up there."""
FEWEST_HIGH = 8
"""Of those within a second from which their crests tell something."""
CREST_LOST = 0.7
"""dB by which peak against RMS must be below the source's in the middle one of them. Measured on
16 mixes, 4 to 9 dB too loud into -3 dBFS: 0.95 to 4; untouched 0.0 to 0.3; 9 limited: up to 0.6."""
FLAT_HIGH = 0.15
"""Of them that must be flat as well: 0.25 in hiss-like music, where a coder hides the tops."""


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
    crest = np.full(count, np.nan)
    for number in loud:
        at = int(number) * window + int(tops[number].argmax())
        for hint in hints:
            place = at - hint.layer.at
            frame = at // HOP - hint.first
            if not 0 <= frame < len(hint.gain) or np.isnan(hint.gain[frame]):
                continue
            around = hint.layer.source[channel, max(0, place - 240) : place + 240]
            if not len(around):
                break
            flat = _width(file[channel], at)
            found[number] = flat >= 1.5 * _width(around, int(np.abs(around).argmax())) + 3
            crest[number] = _crest(around) - _crest(file[channel, max(0, at - 240) : at + 240])
            break
    high = (peaks >= HIGHEST * top) & ~np.isnan(crest)
    kept = []
    for number in np.flatnonzero(found):
        first, last = max(0, int(number) - near), int(number) + near
        second = slice(first, last)
        flat = int(found[second].sum())
        whole = int(((loud >= first) & (loud < last)).sum())
        highest = high[second]
        cut_off = (
            highest.sum() >= FEWEST_HIGH
            and found[second][highest].mean() >= FLAT_HIGH
            and np.median(crest[second][highest]) >= CREST_LOST
        )
        if cut_off or (flat >= FLAT_RUNS and flat >= FLAT_SHARE * whole):
            kept.append(int(number) * window)
    return kept


def _crest(samples: Any) -> float:
    """dB of the peak above the RMS; 0 for silence."""
    import numpy as np

    power = float(np.mean(samples.astype(np.float64) ** 2))
    return float(20 * np.log10(np.abs(samples).max() / power**0.5)) if power > 1e-12 else 0.0


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
