"""What a timeline says can be heard, beside what the file lets people hear: shared by the measures
of the sound.

The cited sound is read from the footage and from the bed's file, never from the mix.
"""

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

from video_assets.delivery.inspections.case import Case
from video_assets.delivery.inspections.once import once
from video_assets.delivery.inspections.sources import RATE, Sources
from video_assets.foundation import media
from video_assets.foundation.records import FootageRow, SoundCut

QUIET = -60.0
"""dBFS (RMS) below which cited sound counts as silent: nothing can be asked of it."""
INAUDIBLE = (-63.0, -59.0)
"""LUFS of cited sound: below the first nothing is to be heard of it, above the second something is;
between them both are right."""
NEAR_SPEECH = Fraction(7, 10)
"""Seconds around dialogue in which other sound may be turned down: a release of 500 ms and an
attack of 120 ms (CRAFT 6)."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A stretch of cited sound on the timeline."""

    track: str
    """A1 dialogue, A2 music, A3 natural sound."""
    name: str
    """The file, for people."""
    at: int
    """First sample on the timeline, 48 kHz."""
    source: Any
    """float32, shape (2, n), 48 kHz: what the file has there, before gains and fades."""
    cut: SoundCut | None = None
    """None for music."""

    @property
    def count(self) -> int:
        """Samples."""
        return int(self.source.shape[1])

    @property
    def end(self) -> int:
        """Exclusive sample on the timeline."""
        return self.at + self.count


@once
def played(case: Case) -> Any:
    """The file's sound as long as its timeline: float32, shape (2, n) at 48 kHz.

    What the file lacks is silence.
    """
    import numpy as np

    length = round(case.timeline.duration * RATE)
    out = np.zeros((2, length), np.float32)
    if case.film.samples is not None:
        have = case.film.samples[:, :length]
        out[:, : have.shape[1]] = have
    return out


def layers(case: Case, tracks: Sequence[str] = ("A1", "A2", "A3")) -> list[Layer]:
    """The cited sound of these tracks, in the order of time.

    Music ends with its file: how a bed is looped is not on the timeline.
    """
    found = []
    total = case.timeline.duration
    for cut in case.timeline.sound:
        seconds = min(cut.duration, total - cut.start)
        if cut.track in tracks and seconds > 0:
            source = case.sources.sound(cut.path, cut.source_start, seconds)
            found.append(Layer(cut.track, cut.path, round(cut.start * RATE), source, cut))
    cue = case.timeline.music
    if "A2" in tracks and cue is not None and case.music is not None:
        seen = case.music.stat()
        bed = _bed(case.music, seen.st_mtime_ns, seen.st_size, cue.source_start, total)
        found.append(Layer("A2", cue.path, 0, bed))
    return sorted(found, key=lambda one: (one.at, one.track, one.name))


@lru_cache(maxsize=2)
def _bed(music: Path, mtime_ns: int, size: int, start: Fraction, longest: Fraction) -> Any:
    """The music from `start` to its end, at most `longest` seconds. Kept for the other aspects."""
    with media.open_container(music) as container:
        zero = Fraction(container.start_time or 0, 1_000_000)
        length = Fraction(container.duration or 0, 1_000_000)
        stream = container.streams.audio[0].index if container.streams.audio else -1
    row = FootageRow(music.name, "sound", size, mtime_ns, audio_stream=stream, start=zero)
    seconds = max(Fraction(0), min(longest, length - start))
    return Sources(music.parent, {music.name: row}).sound(music.name, start, seconds)


@once
def sounds(case: Case) -> bool | None:
    """Whether a timeline lets anything be heard, by its sources alone; None: hardly anything.

    The loudest layer decides, and one that is heard is enough.
    """
    most = -70.0
    for layer in layers(case):
        most = max(most, loudness_of(layer))
        if most > INAUDIBLE[1]:
            return True
    return None if most >= INAUDIBLE[0] else False


_HEARD: dict[int, tuple["weakref.ref[Any]", float]] = {}


def loudness_of(layer: Layer) -> float:
    """A layer's `loudness`, once for as long as its samples are kept: for the other aspects."""
    key = id(layer.source)
    known = _HEARD.get(key)
    if known is not None and known[0]() is layer.source:
        return known[1]
    found = loudness(layer.source)
    _HEARD[key] = (weakref.ref(layer.source, lambda _: _HEARD.pop(key, None)), found)
    return found


def spoken_spans(case: Case) -> list[tuple[int, int]]:
    """Where the timeline has dialogue: samples (start, exclusive end), merged, in order."""
    spans: list[tuple[int, int]] = []
    cuts = sorted((c for c in case.timeline.sound if c.track == "A1"), key=lambda c: c.start)
    for cut in cuts:
        start, end = round(cut.start * RATE), round((cut.start + cut.duration) * RATE)
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end))
        else:
            spans.append((start, end))
    return spans


def free_of(span: tuple[int, int], others: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """What is left of a span of samples without the others (which are sorted and apart)."""
    left, at = [], span[0]
    for start, end in others:
        if end <= at or start >= span[1]:
            continue
        if start > at:
            left.append((at, start))
        at = max(at, end)
    if at < span[1]:
        left.append((at, span[1]))
    return left


def clear_of_speech(case: Case, span: tuple[int, int]) -> list[tuple[int, int]]:
    """What is left of a span of samples where nothing gives way to dialogue."""
    near = round(NEAR_SPEECH * RATE)
    wide: list[tuple[int, int]] = []
    for start, end in spoken_spans(case):
        if wide and start - near <= wide[-1][1]:
            wide[-1] = (wide[-1][0], end + near)
        else:
            wide.append((start - near, end + near))
    return free_of(span, wide)


def middle(samples: Any) -> Any:
    """One channel of stereo, shape (n,): the mean, or the left one where the mean cancels."""
    return samples[0] if cancels(samples) else samples.mean(axis=0)


def cancels(samples: Any) -> bool:
    """Whether little is left of stereo in the mean of its channels: they are each other's
    opposite, or something else is in the right one alone."""
    return bool((samples.mean(axis=0) ** 2).sum() < 0.1 * (samples[0] ** 2).sum())


def moved(samples: Any, lag: int) -> Any:
    """Samples that come `lag` samples later, silence before or after them."""
    import numpy as np

    out = np.zeros_like(samples)
    if lag >= 0:
        out[:, lag:] = samples[:, : samples.shape[1] - lag]
    else:
        out[:, :lag] = samples[:, -lag:]
    return out


def decibels(power: Any) -> Any:
    """dB of mean squares (full scale 1.0), at least -120."""
    import numpy as np

    return 10 * np.log10(np.maximum(power, 1e-12))


def powers(samples: Any, size: int, hop: int) -> Any:
    """Mean squares of frames of `size` samples every `hop`; shape (..., frames).

    Frame n covers samples n * hop to n * hop + size; the last ones are whole.
    """
    import numpy as np

    total = np.cumsum(samples.astype(np.float64) ** 2, axis=-1)
    total = np.concatenate([np.zeros((*total.shape[:-1], 1)), total], axis=-1)
    starts = np.arange(0, max(0, samples.shape[-1] - size) + 1, hop)
    ends = np.minimum(starts + size, samples.shape[-1])
    return np.maximum(total[..., ends] - total[..., starts], 0.0) / size


def weighted(samples: Any) -> Any:
    """K-weighted samples (ITU-R BS.1770-4, annex 1, table 1 and 2) at 48 kHz, along the last
    axis: the head's shelf, then the high pass."""
    from scipy.signal import sosfilt

    # The mix is levelled by coefficients of its own: who judges it must not share its mistakes.
    shelf = (
        1.53512485958697, -2.69169618940638, 1.19839281085285,
        1.0, -1.69065929318241, 0.73248077421585,
    )  # fmt: skip
    high = (1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621)
    return sosfilt([shelf, high], samples, axis=-1)


def loudness(samples: Any) -> float:
    """LUFS of stereo at 48 kHz, gated (BS.1770-4); -70.0 for silence. At least 0.4 s counts as
    whole blocks, less as one."""
    size = min(2 * RATE // 5, samples.shape[1])
    if not size:
        return -70.0
    blocks = powers(weighted(samples), size, RATE // 10).sum(axis=0)
    loud = blocks[decibels(blocks) - 0.691 > -70.0]
    if not loud.size:
        return -70.0
    return float(decibels(loud[loud > 0.1 * loud.mean()].mean())) - 0.691


def stamp(sample: float) -> str:
    """A sample's time for people, such as `1.24 s`."""
    return f"{sample / RATE:.2f} s"
