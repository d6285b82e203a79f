"""Is every sound where the timeline says, and is it the sound that it cites.

Cited and heard sound are cross-correlated in pieces of at most two seconds, both equalised with the
inverse of the cited piece's smoothed spectrum, so that the peak is sharp and no loud band decides.
"""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from video_assets.delivery.inspections import sounding
from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.delivery.inspections.once import once
from video_assets.delivery.inspections.sounding import Layer, stamp
from video_assets.delivery.inspections.sources import RATE
from video_assets.delivery.inspections.truth import TrueClip, Truth
from video_assets.foundation.records import Finding

LIMIT = 20.0
"""ms (CRAFT 8 row 9), for every piece and for the drift from the first to the last."""
LOW = 16_000
"""Hz at which sounds are compared: 0.06 ms a sample."""
RUMBLE = 100.0
"""Hz below which rumble and hum are, and nothing is compared."""
PIECE = 2.0
"""Seconds; two such pieces with a slip between them show it."""
REACH = 0.5
"""Seconds either way in which a piece is looked for."""
CONTAINED = 0.2
"""Correlation from which a piece is there: the cited sound is 14 dB below the rest. Unrelated
speech of one speaker reaches 0.12 (largest of 150 pieces of the demo)."""
CLEAR = 12.0
"""Standard deviations by which a weaker peak must stand out to count as measured."""
SURE = 0.5
"""Correlation from which music and natural sound, which repeat themselves, may be said to lie
elsewhere."""
AS_HIGH = 0.97
"""Share of the highest peak at which a peak nearer to zero is taken: tones repeat themselves."""
STEADY, NEARLY = 0.8, 0.3
"""Correlation with itself beyond the limit from which a sound repeats itself (tones, hums), and the
share of the highest peak from which a peak within the limit is then taken: such a sound says little
of its place."""
ONE_MOMENT = 15.0
"""The same for two recordings of one moment (CRAFT 6, z)."""
MOST_PAIRS = 4
"""Pairs of files that are listened to for it: each is read once more."""
LATE = round(LIMIT * LOW / 1000)
"""Samples of the limit."""
SHORTEST = 0.2
"""Seconds; shorter pieces are not compared."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """One piece of cited sound, found or not in the file."""

    layer: Layer
    at: int
    """First sample on the timeline, 48 kHz."""
    end: int
    """Exclusive sample on the timeline."""
    residual: float
    """ms that it lies later than the timeline says."""
    correlation: float
    """0..1, of the best place."""
    clear: bool
    """Whether the place can be trusted."""


def lag_of(wanted: Any, found: Any, before: int) -> tuple[float, float, float]:
    """(samples that `wanted` lies later in `found` than at `before`, correlation 0..1 there, how
    many standard deviations the peak stands out).

    Both mono at one rate; `found` is longer by the reach to both sides.
    """
    import numpy as np
    from scipy.fft import irfft, next_fast_len, rfft
    from scipy.ndimage import uniform_filter1d

    size = next_fast_len(len(found), real=True)  # what wraps round lies beyond the lags of interest
    cited, have = rfft(wanted, size), rfft(found, size)
    steady = _repeats(cited, len(wanted), size, before)
    share = len(cited) / (LOW / 2)  # bins a Hz
    level = np.sqrt(uniform_filter1d(np.abs(cited) ** 2, max(1, round(200 * share))))
    shape = 1 / np.maximum(level, level.max() * 0.01 + 1e-12)
    shape[: round(RUMBLE * share)] = 0.0
    cited, have = cited * shape, have * shape
    lags = len(found) - len(wanted) + 1
    product = irfft(cited.conj() * have, size)[:lags]
    energy = np.cumsum(np.concatenate([[0.0], irfft(have, size)[: len(found)] ** 2]))
    own = float((irfft(cited, size)[: len(wanted)] ** 2).sum())
    there = energy[len(wanted) :][:lags] - energy[:lags]
    scale = np.sqrt(np.maximum(own * there, own * energy[-1] * 1e-4) + 1e-20)
    curve = product / scale
    best = float(curve.max())
    spread = float(np.sqrt(np.mean(curve**2))) or 1.0
    inner = curve[1:-1]
    high = AS_HIGH
    if steady:
        near = slice(max(0, before - 1 - LATE), before + LATE)
        high = min(AS_HIGH, max(NEARLY, float(inner[near].max(initial=0.0)) / (best or 1.0)))
    tops = np.flatnonzero((inner >= high * best) & (inner >= curve[:-2]) & (inner >= curve[2:]))
    if best <= 0 or not tops.size:
        return 0.0, 0.0, 0.0
    top = int(tops[np.argmin(np.abs(tops + 1 - before))]) + 1
    left, right = curve[top - 1], curve[top + 1]
    bend = left - 2 * curve[top] + right
    shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return float(top + shift - before), min(1.0, float(curve[top])), best / spread


def _repeats(spectrum: Any, length: int, size: int, reach: int) -> bool:
    """Whether a sound of so many samples is nearly the same again beyond the limit: a tone, a hum.

    `spectrum`: of `size` samples, at least `reach` more than it has.
    """
    import numpy as np
    from scipy.fft import irfft

    itself = irfft(np.abs(spectrum) ** 2, size)[: min(reach, length // 2) + 1]
    itself = itself / np.arange(length, length - len(itself), -1)
    beyond = itself[LATE:]
    return bool(beyond.size and beyond.max() >= STEADY * itself[0] > 0)


def _without_rumble(samples: Any) -> Any:
    """One channel at LOW without what lies below RUMBLE: taken away before a piece is cut out of
    it, as the cut edge of a rumble sounds at all frequencies."""
    from scipy.signal import butter, resample_poly, sosfiltfilt

    low = resample_poly(samples, 1, RATE // LOW)
    high_pass = butter(4, RUMBLE, "high", fs=LOW, output="sos")
    return sosfiltfilt(high_pass, low) if len(low) > 30 else low


def _low(known: dict[bool, Any], one: bool, samples: Any, pad: int = 0) -> Any:
    """The mean of both channels, or `one` of them, without rumble at LOW; worked out once."""
    import numpy as np

    if one not in known:
        channel = samples[0] if one else sounding.middle(samples)
        known[one] = np.pad(_without_rumble(channel), pad)
    return known[one]


@once
def anchors(case: Case) -> list[Anchor]:
    """Every audible piece of dialogue, music and natural sound, looked for in the file."""
    import numpy as np

    step = RATE // LOW
    reach = round(REACH * LOW)
    file = sounding.played(case)
    lows: dict[bool, Any] = {}
    found = []
    for layer in sounding.layers(case):
        spans = [(layer.at, layer.end)]
        if layer.track != "A1":
            spans = sounding.clear_of_speech(case, spans[0])
        if not spans or layer.count < SHORTEST * RATE:
            continue
        own_lows: dict[bool, Any] = {}
        for start, end in spans:
            count = max(1, round((end - start) / RATE / PIECE))
            edges = np.linspace(start, end, count + 1).astype(int)
            for first, last in pairwise(edges):
                piece = layer.source[:, first - layer.at : last - layer.at]
                if last - first < SHORTEST * RATE or _level(piece) < sounding.QUIET:
                    continue
                one = sounding.cancels(piece)  # in the mean: then one channel is heard
                have = _low(lows, one, file, reach)
                source = _low(own_lows, one, layer.source)
                own = (first - layer.at) // step
                wanted = source[own : (last - layer.at) // step]
                where, rest = divmod(layer.at + own * step, step)
                window = have[where : where + len(wanted) + 2 * reach]
                window = np.pad(window, (0, len(wanted) + 2 * reach - len(window)))
                lag, alike, apart = lag_of(wanted, window, reach)
                late = (lag - rest / step) * 1000 / LOW
                clear = alike >= CONTAINED or apart >= CLEAR
                clear &= layer.track == "A1" or alike >= SURE or abs(late) <= LIMIT
                found.append(Anchor(layer, int(first), int(last), late, alike, clear))
    return found


ENOUGH = 0.5
"""Seconds of music or natural sound, all pieces together, that say whether it is the right one."""
ENDING = Fraction(1, 2)
"""Seconds at the end of a timeline in which little is left of a bed that is faded out."""


def _level(samples: Any) -> float:
    return (
        float(sounding.decibels((samples.astype("float64") ** 2).mean()))
        if samples.size
        else -120.0
    )


def sound_is_in_sync(case: Case) -> Outcome:
    """Dialogue, music and natural sound lie within 20 ms of where the timeline has them, do not
    drift apart, and are the ones it cites (CRAFT 8 row 9). Natural sound below music is not told
    apart from other sound."""
    name = "sound_is_in_sync"
    found = anchors(case)
    measured = [a for a in found if a.clear]
    spoken = [a for a in measured if a.layer.track == "A1"]
    drift = spoken[-1].residual - spoken[0].residual if len(spoken) > 1 else 0.0
    figures = {
        "residual_ms": float(max((abs(a.residual) for a in measured), default=0.0)),
        "drift_ms": float(abs(drift)),
        "measured": float(len(measured)),
        "not_measurable": float(len(found) - len(measured)),
    }
    if not found:
        return Outcome(figures, note="nothing that sounds is cited", measured=False)
    problems = []
    late = [a for a in measured if abs(a.residual) > LIMIT + 1000 / LOW]  # a sample either way
    late = [a for a in late if _compared(_piece(a)) > sounding.QUIET]
    for layer in _layers(late):
        worst = max((a for a in late if a.layer is layer), key=lambda a: abs(a.residual))
        side = "late" if worst.residual > 0 else "early"
        what = (
            f"{layer.name} is heard {abs(worst.residual):.0f} ms {side}, at most {LIMIT:.0f} ms "
            "is allowed; make its sound again"
        )
        problems.append(
            Finding(name, what, f"{worst.residual:.1f}", f"{LIMIT:.0f} ms", stamp(worst.at))
        )
    if abs(drift) > LIMIT:
        what = f"sound drifts by {drift:.0f} ms from the first line to the last"
        problems.append(Finding(name, what, f"{drift:.1f}", f"{LIMIT:.0f} ms", "end"))
    music = case.timeline.music is not None
    for layer in _layers([a for a in found if a.layer.track != "A3" or not music]):
        own = [a for a in found if a.layer is layer]
        loud = [a for a in own if _level(_piece(a)) > _level(layer.source) - 15]
        loud = [a for a in loud if a.clear or _compared(_piece(a)) > sounding.QUIET]
        lost = [a for a in loud if not a.clear]
        if layer.track != "A1" and _asked(case, layer, loud) < ENOUGH:
            continue  # the last of a bed that fades away below something else
        whole = len(lost) == len(loud)
        # a single piece of what repeats itself or is noise may look like another
        if layer.track != "A1" and not whole:
            lost = [a for one in pairwise(loud) if not any(b.clear for b in one) for a in one]
        if lost:
            best = max(a.correlation for a in lost)
            part = "" if whole else "all of "
            what = (
                f"{part}{layer.name} should be heard here and is not: another sound lies in its "
                "place; make the sound again"
            )
            problems.append(Finding(name, what, f"{best:.2f}", f"{CONTAINED}", stamp(lost[0].at)))
    beside = beside_cameras(case)
    figures["camera_ms"] = float(max((abs(apart) for apart, *_ in beside), default=0.0))
    for apart, camera, recorder, at in beside:
        if abs(apart) > LIMIT:
            side = "late" if apart > 0 else "early"
            what = (
                f"{recorder} is heard {abs(apart):.0f} ms {side} for {camera}, at most {LIMIT:.0f} "
                "ms is allowed; both recorded one moment"
            )
            problems.append(Finding(name, what, f"{apart:.1f}", f"{LIMIT:.0f} ms", stamp(at)))
    return Outcome(figures, tuple(problems))


def beside_cameras(case: Case) -> list[tuple[float, str, str, int]]:
    """(ms that a sound is late for its picture, picture's file, sound's file, sample of the
    timeline) of every line that another machine recorded than the one that is seen.

    A camera's own sound is looked for in the recorder's, within half a second: both are of one
    moment where it is found. At most two seconds of each of the first pairs are listened to.
    """
    import numpy as np
    from scipy.signal import resample_poly

    found: list[tuple[float, str, str, int]] = []
    reach = Fraction(REACH)
    fps = case.timeline.fps
    known: set[tuple[str, str]] = set()
    for stretch in case.shown:
        camera = stretch.cut
        row = case.tables.rows.get(camera.path)
        if camera.track != "V1" or row is None or row.audio_stream < 0:
            continue
        for cut in case.timeline.sound:
            first = max(stretch.start / fps, cut.start)
            last = min(stretch.end / fps, cut.start + cut.duration, first + Fraction(PIECE))
            pair = (camera.path, cut.path)
            if cut.track != "A1" or cut.path == camera.path or pair in known or last - first < 1:
                continue
            if len(known) >= MOST_PAIRS:
                return found
            known.add(pair)
            seen = camera.source_start + first - camera.start / fps
            said = cut.source_start + first - cut.start
            own = case.sources.sound(camera.path, seen, last - first)
            other = case.sources.sound(cut.path, said - reach, last - first + 2 * reach)
            if min(_level(own), _level(other)) < sounding.QUIET:
                continue
            wanted, around = (
                resample_poly(sounding.middle(one), 1, RATE // LOW) for one in (own, other)
            )
            late, alike, apart = lag_of(wanted, np.asarray(around), round(REACH * LOW))
            if apart >= ONE_MOMENT and alike >= CONTAINED:
                # what the camera heard lies later in the recorder's: that is heard too late
                found.append((late * 1000 / LOW, camera.path, cut.path, round(first * RATE)))
    return found


def _layers(found: list[Anchor]) -> list[Layer]:
    """The layers of anchors, each once, in order."""
    return list({id(a.layer): a.layer for a in found}.values())


def _compared(samples: Any) -> float:
    """dBFS of what is compared of a sound: without rumble, which may be nearly all of it."""
    import numpy as np
    from scipy.fft import rfft

    mono = sounding.middle(samples)
    power = np.abs(rfft(mono)) ** 2
    rumble = power[: round(RUMBLE * len(mono) / RATE)].sum()
    share = 1 - float(rumble / max(float(power.sum()), 1e-20))
    return _level(mono) + float(sounding.decibels(share))


def _asked(case: Case, layer: Layer, found: list[Anchor]) -> float:
    """Seconds of all pieces together; of music without the timeline's last, where it is faded."""
    ending = ENDING if layer.track == "A2" else 0
    last = round((case.timeline.duration - ending) * RATE)
    return sum(max(0, min(a.end, last) - a.at) for a in found) / RATE


def _piece(anchor: Anchor) -> Any:
    """What an anchor's layer has there: float32, shape (2, n), 48 kHz."""
    begins = anchor.layer.at
    return anchor.layer.source[:, anchor.at - begins : anchor.end - begins]


def sound_is_where_it_was(case: Case, truth: Truth) -> Outcome:
    """A speaker is heard within 20 ms of when the picture shows them, by the truth's offsets and
    drift (CRAFT 8 row 9): two clips of one moment show and sound the same instant of it.

    Pictures over other sound (V2, other moments) are none. What the file's sound is off by itself
    counts too.
    """
    name = "sound_is_where_it_was"
    own: dict[int, float] = {}
    for anchor in anchors(case):
        if anchor.clear and anchor.layer.cut is not None:
            own.setdefault(id(anchor.layer.cut), anchor.residual)
    found = []
    worst, pairs = 0.0, 0
    for stretch in case.shown:
        seen = truth.by_path.get(stretch.cut.path)
        if seen is None or stretch.cut.track != "V1":
            continue
        first = stretch.start / case.timeline.fps
        last = stretch.end / case.timeline.fps
        for cut in case.timeline.sound:
            heard = truth.by_path.get(cut.path)
            start, end = max(first, cut.start), min(last, cut.start + cut.duration)
            if heard is None or start >= end or not _one_moment(seen, heard):
                continue
            pairs += 1
            late = own.get(id(cut), 0.0)
            for at in (start, end):
                picture = stretch.cut.source_start + at - stretch.cut.start / case.timeline.fps
                sound = cut.source_start + at - cut.start
                apart = 1000 * (_moment(seen, float(picture)) - _moment(heard, float(sound))) + late
                worst = max(worst, abs(apart))
                if abs(apart) > LIMIT:
                    side = "late" if apart > 0 else "early"
                    what = (
                        f"{cut.path} is heard {abs(apart):.0f} ms {side} for {stretch.cut.path}, "
                        f"at most {LIMIT:.0f} ms is allowed"
                    )
                    found.append(
                        Finding(name, what, f"{apart:.1f}", f"{LIMIT:.0f} ms", f"{float(at):.2f} s")
                    )
                    break
    note = "" if pairs else "no sound of the moment that is seen"
    return Outcome({"offset_ms": worst, "pairs": float(pairs)}, tuple(found), note, bool(pairs))


def _one_moment(one: TrueClip, other: TrueClip) -> bool:
    return one.path == other.path or (bool(one.moment) and one.moment == other.moment)


def _moment(clip: TrueClip, at: float) -> float:
    """Seconds of the moment at a clip's time."""
    return clip.offset + at * (1 + clip.drift_ppm * 1e-6)
