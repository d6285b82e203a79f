"""The sound of a clip for listening machines: 16 kHz mono on the clip's clock, and what is in it.

Loudness and true peak are libavfilter's ebur128, fed from the same decode that writes the WAV.
Voice activity is judged without a model: speech is voiced, its loudness swings at the pace of
syllables (2 to 8 times a second), its spectrum keeps changing and its level never holds. Tones,
steady noise and silence do not pass; music with a voice-like lead may.
"""

import math
import wave
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

RATE = 16000
"""Hz of the WAV."""
HOP = 320
"""Samples (20 ms) from one measured frame to the next."""
BLOCK = 512
"""Samples of a measured frame."""
JUMP = Fraction(1, 20)
"""Seconds by which timestamps may leave the sample count before a gap or overlap is real."""
LOWEST = -90.0
"""dB that stand for digital silence."""
MIN_SILENCE = 0.2
"""Seconds."""
LEAST_LOST = Fraction(1, 10)
"""Seconds of lost sound that are told: some muxers leave less behind the first frame of a good
file."""
LONGEST_GAP = 3600
"""Seconds of silence that are filled in; a longer gap is a damaged timestamp."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What `SoundMeter` found. Times in seconds on the clip's clock: the WAV begins at its 0."""

    start: Fraction
    duration: Fraction
    """Seconds of decoded sound, without filled gaps."""
    loudness: float
    peak: float
    snr: float
    speech: tuple[tuple[Fraction, Fraction], ...]
    silences: tuple[tuple[Fraction, Fraction], ...]


class SoundMeter:
    """Takes decoded sound, writes the WAV, and measures; memory is some 20 bytes a 20 ms frame."""

    def __init__(self, wav: Path) -> None:
        self._file = wave.open(str(wav), "wb")  # noqa: SIM115 (finish and abandon close it)
        self._file.setnchannels(1)
        self._file.setsampwidth(2)
        self._file.setframerate(RATE)
        self._written = 0
        self._first: Fraction | None = None
        self._expected = Fraction(0)
        self._decoded = Fraction(0)
        self._doubted = False
        self._begins: Fraction | None = None
        self._ends = Fraction(0)
        self._gap = Fraction(0)
        self._gap_from = Fraction(0)
        self._resampler: Any = None
        self._form: tuple[int, str, str] | None = None
        self._r128 = _R128()
        self._levels = LevelMeter()

    def hear(self, frame: Any, time: Fraction) -> None:
        """Adds a decoded PyAV audio frame whose first sample lies at `time` on the clip's clock."""
        import av

        length = Fraction(frame.samples, frame.sample_rate)
        if self._first is None:
            if self._begins is not None and time > self._begins:
                self._expected = self._begins
                self._miss(time - self._begins)
            self._first, self._expected = max(time, Fraction(0)), time
            self._fill(time)
        away = time - self._expected
        if away < -JUMP:
            return  # overlaps what is there already
        if JUMP < away < LONGEST_GAP:
            self._flush()
            self._fill(time)
            if self._doubted:
                self._miss(away)
            self._expected = time
        self._doubted = False
        self._expected += length
        self._decoded += length
        form = (frame.sample_rate, frame.layout.name, frame.format.name)
        if form != self._form:
            self._flush()
            self._form = form
        if self._resampler is None:
            self._resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        frame.pts = None  # the sample count is the clock inside a stretch
        self._r128.hear(frame)
        for out in self._resampler.resample(frame):
            self._write(out.to_ndarray().reshape(-1))

    def doubt(self, start: Fraction | None = None, end: Fraction = Fraction(0)) -> None:
        """Remembers that what comes before the next frame is damaged, from `start` to `end` or
        more, where that is known."""
        self._doubted = True
        self._ends = max(self._ends, end)
        if self._first is None and start is not None:
            self._begins = start if self._begins is None else min(start, self._begins)

    def lost(self) -> tuple[Fraction, Fraction] | None:
        """(seconds of sound that damage took, where the first of them are), or None. Gaps without
        damage are how a file was recorded, and no loss."""
        if self._first is not None and self._doubted and self._ends - self._expected > JUMP:
            self._miss(self._ends - self._expected)
            self._doubted = False
        return (self._gap, self._gap_from) if self._gap >= LEAST_LOST else None

    def _miss(self, seconds: Fraction) -> None:
        if not self._gap:
            self._gap_from = self._expected
        self._gap += seconds

    def finish(self) -> Heard:
        """Closes the WAV and says what was heard."""
        self._flush()
        self._file.close()
        loudness, peak = self._r128.finish()
        table = self._levels.finish()[: -(-self._written // HOP)]
        return Heard(
            self._first or Fraction(0),
            self._decoded,
            loudness,
            peak,
            snr_of(table),
            speech_spans(table),
            silence_spans(table),
        )

    def abandon(self) -> None:
        """Closes the file without measuring."""
        self._file.close()

    def _fill(self, until: Fraction) -> None:
        missing = round(until * RATE) - self._written
        while missing > 0:
            self._write(np.zeros(min(missing, RATE), np.int16))
            missing -= RATE

    def _flush(self) -> None:
        if self._resampler is not None:
            for out in self._resampler.resample(None):
                self._write(out.to_ndarray().reshape(-1))
            self._resampler = None

    def _write(self, samples: np.ndarray) -> None:
        self._file.writeframesraw(samples.astype("<i2").tobytes())
        self._written += len(samples)
        self._levels.hear(samples)


class _R128:
    """Integrated loudness and true peak of a stream, by libavfilter's ebur128."""

    def __init__(self) -> None:
        self._graph: Any = None
        self._source: Any = None
        self._sink: Any = None
        self._form: tuple[Any, ...] = ()
        self._done: list[tuple[float, float, Fraction]] = []
        self._facts: dict[str, str] = {}
        self._seconds = Fraction(0)
        self._resampler: Any = None

    def hear(self, frame: Any) -> None:
        """Adds a frame."""
        import av

        form = (frame.sample_rate, frame.layout.name, frame.format.name)
        if form != self._form:
            self._close()
            self._form = form
            layout = frame.layout.name if frame.layout.nb_channels <= 8 else "stereo"
            self._resampler = av.AudioResampler(format="flt", layout=layout, rate=48000)
            self._graph = av.filter.Graph()
            self._source = self._graph.add_abuffer(
                sample_rate=48000, format="flt", layout=layout, time_base=Fraction(1, 48000)
            )
            meter = self._graph.add("ebur128", "peak=true:metadata=1")
            self._sink = self._graph.add("abuffersink")
            self._source.link_to(meter)
            meter.link_to(self._sink)
            self._graph.configure()
        self._seconds += Fraction(frame.samples, frame.sample_rate)
        for out in self._resampler.resample(frame):
            self._push(out)

    def finish(self) -> tuple[float, float]:
        """(LUFS, -70.0 for silence; dBTP, -99.0 for silence)."""
        self._close()
        power = sum(10 ** (i / 10) * float(s) for i, _, s in self._done if i > -70)
        seconds = sum(float(s) for i, _, s in self._done if i > -70)
        loudness = 10 * math.log10(power / seconds) if power > 0 and seconds > 0 else -70.0
        peak = max((p for _, p, _ in self._done), default=0.0)
        return round(max(loudness, -70.0), 2), round(
            20 * math.log10(peak), 2
        ) if peak > 0 else -99.0

    def _push(self, frame: Any) -> None:
        frame.pts = None
        self._source.push(frame)
        self._pull()

    def _pull(self) -> None:
        import av.error

        while True:
            try:
                self._facts = dict(self._sink.pull().metadata) or self._facts
            except (av.error.BlockingIOError, av.error.EOFError):
                return

    def _close(self) -> None:
        if self._graph is None:
            return
        for out in self._resampler.resample(None):
            self._push(out)
        if self._seconds < Fraction(1, 2):  # one gating block needs 0.4 s: pad with silence
            self._silence()
        self._source.push(None)
        self._pull()
        loudness = float(self._facts.get("lavfi.r128.I", -70.0))
        peak = float(self._facts.get("lavfi.r128.true_peak", 0.0))
        self._done.append((loudness, peak, self._seconds))
        self._graph, self._facts, self._seconds = None, {}, Fraction(0)

    def _silence(self) -> None:
        import av

        channels = av.AudioLayout(self._form[1]).nb_channels if self._form else 1
        layout = self._form[1] if channels <= 8 else "stereo"
        channels = channels if channels <= 8 else 2
        quiet = np.zeros((1, 24000 * channels), np.float32)
        frame = av.AudioFrame.from_ndarray(quiet, format="flt", layout=layout)
        frame.sample_rate = 48000
        self._push(frame)


class LevelMeter:
    """Features of every 20 ms of 16 kHz mono sound, in bounded memory."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, np.int16)
        self._tables: list[np.ndarray] = []
        self._profile: np.ndarray | None = None
        hz = np.fft.rfftfreq(BLOCK, 1 / RATE)
        self._speech_band = (hz >= 200) & (hz <= 4000)
        edges = np.geomspace(150, 6000, 17)
        self._bands = np.array([(hz >= a) & (hz < b) for a, b in pairwise(edges)], np.float32)
        self._bands = self._bands[self._bands.sum(axis=1) > 0]
        self._window = np.hanning(BLOCK).astype(np.float32)

    def hear(self, samples: np.ndarray) -> None:
        """Adds int16 samples."""
        self._rest = np.concatenate([self._rest, samples])
        if len(self._rest) >= 10 * RATE:
            self._measure()

    def finish(self) -> np.ndarray:
        """float32 (frames, 4): level dB, speech-band level dB, voicing 0..1, spectral change dB."""
        if len(self._rest):
            self._rest = np.concatenate([self._rest, np.zeros(BLOCK, np.int16)])
        self._measure()
        return np.concatenate(self._tables) if self._tables else np.zeros((0, 4), np.float32)

    def _measure(self) -> None:
        count = (len(self._rest) - BLOCK) // HOP + 1 if len(self._rest) >= BLOCK else 0
        if count <= 0:
            return
        sound = self._rest.astype(np.float32) / 32768
        frames = np.lib.stride_tricks.sliding_window_view(sound, BLOCK)[: count * HOP : HOP]
        level = _db((frames[:, :HOP] ** 2).mean(axis=1))
        spectrum = np.abs(np.fft.rfft(frames * self._window, axis=1)).astype(np.float32) ** 2
        norm = float((self._window**2).sum()) * BLOCK / 2
        band = _db(spectrum[:, self._speech_band].sum(axis=1) / norm)
        power = np.where(self._speech_band, spectrum, 0)
        lags = np.fft.irfft(power, axis=1)
        pitch = lags[:, RATE // 400 : RATE // 70].max(axis=1)
        voicing = np.clip(pitch / np.maximum(lags[:, 0], 1e-12), 0, 1)
        shape = _db(spectrum @ self._bands.T / norm)
        shape -= shape.mean(axis=1, keepdims=True)
        before = shape[:1] if self._profile is None else self._profile
        change = np.abs(np.diff(np.concatenate([before, shape]), axis=0)).mean(axis=1)
        self._profile = shape[-1:]
        self._tables.append(np.stack([level, band, voicing, change], axis=1).astype(np.float32))
        self._rest = self._rest[count * HOP :]


def _db(power: np.ndarray) -> np.ndarray:
    found: np.ndarray = 10 * np.log10(np.maximum(power, 10 ** (LOWEST / 10)))
    return found


def snr_of(table: np.ndarray) -> float:
    """dB between the 95th and the 10th percentile of the speech-band levels; 0 without sound."""
    if len(table) == 0:
        return 0.0
    loud, quiet = np.percentile(table[:, 1], [95, 10])
    return round(float(loud - quiet), 2)


def silence_spans(table: np.ndarray) -> tuple[tuple[Fraction, Fraction], ...]:
    """Stretches of at least 0.2 s below the noise threshold.

    The threshold lies 6 dB above the quietest tenth, at most 15 dB below the loud parts, and never
    below -60 dBFS: in a clip of one even loudness nothing is silent.
    """
    if len(table) == 0:
        return ()
    quiet, loud = np.percentile(table[:, 0], [10, 95])
    threshold = max(-60.0, min(float(quiet) + 6, float(loud) - 15))
    return _spans(table[:, 0] < threshold, 0, MIN_SILENCE)


def speech_spans(table: np.ndarray) -> tuple[tuple[Fraction, Fraction], ...]:
    """Stretches in which somebody seems to speak."""
    from scipy.ndimage import gaussian_filter1d, uniform_filter1d

    if len(table) < 15:
        return ()
    band, voicing, change = (table[:, i].astype(np.float64) for i in (1, 2, 3))
    floor = float(np.percentile(band, 10))
    loud = float(np.percentile(band, 95))
    active = band > max(-55.0, min(floor + 8, loud - 18), loud - 35)
    # Syllables: the level's swings between 2 and 8 Hz, as a standard deviation over 0.8 s.
    clipped = np.maximum(band, max(floor, loud - 40))
    swing = gaussian_filter1d(clipped, 1.2) - gaussian_filter1d(clipped, 8)
    depth = np.sqrt(np.maximum(uniform_filter1d(swing**2, 41), 0))
    weight = np.maximum(uniform_filter1d(active.astype(np.float64), 41), 1e-6)
    voiced = uniform_filter1d(np.where(active & (voicing > 0.45), 1.0, 0.0), 41) / weight
    moving = uniform_filter1d(np.where(active, change, 0.0), 41) / weight
    # Machines hold a level, voices do not: share of frames within 0.3 dB of the one before.
    held = active & (np.abs(np.diff(band, prepend=band[:1])) < 0.3)
    steady = uniform_filter1d(held.astype(np.float64), 41) / weight
    speech = (depth > 2.2) & (voiced > 0.3) & (moving > 2.5) & (weight > 0.15) & (steady < 0.35)
    # A word begins and ends with consonants: grow into the active frames around, then 0.1 s.
    near = uniform_filter1d(speech.astype(np.float64), 31) > 0
    grown = uniform_filter1d((active & near).astype(np.float64), 11) > 1e-9
    return _spans(grown, 0.35, 0.3)


def _spans(flags: np.ndarray, join: float, least: float) -> tuple[tuple[Fraction, Fraction], ...]:
    """Runs of true frames as seconds; gaps shorter than `join` close, runs under `least` go."""
    padded = np.concatenate([[False], flags, [False]]).astype(np.int8)
    steps = np.diff(padded)
    runs: list[list[int]] = []
    for start, end in zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True):
        if runs and (start - runs[-1][1]) * HOP / RATE < join:
            runs[-1][1] = int(end)
        else:
            runs.append([int(start), int(end)])
    frame = Fraction(HOP, RATE)
    return tuple((a * frame, b * frame) for a, b in runs if (b - a) * HOP / RATE >= least)
