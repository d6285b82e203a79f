"""The demo's music bed and the ambience under its B-roll, synthesised from nothing."""

# numpy expressions are Any to mypy, and arrays change dtype on purpose between steps.
# mypy: disable-error-code="no-any-return,assignment,arg-type"

import numpy as np
from scipy import signal

RATE = 48_000
TEMPO = 96  # beats a minute
BEAT = 60 / TEMPO  # seconds
BAR = 4 * BEAT

# Dadd9, Bm7, Gmaj7, Asus: semitones as MIDI notes, bass first.
_CHORDS = {
    "D": (38, (57, 62, 64, 66, 69)),
    "Bm": (35, (57, 59, 62, 66, 69)),
    "G": (31, (55, 59, 62, 66, 69)),
    "A": (33, (57, 59, 62, 64, 69)),
    "Em": (40, (55, 59, 62, 64, 71)),
}
_BARS = ("D", "Bm", "G", "A", "D", "Bm", "Em", "A", "Bm", "G", "D", "A", "D")
_PATTERN = (0, 2, 4, 3, 1, 3, 4, 2)


def _hertz(note: float) -> float:
    return 440.0 * 2 ** ((note - 69) / 12)


def _lowpass(x: np.ndarray, cutoff: float, order: int = 2) -> np.ndarray:
    sos = signal.butter(order, cutoff, "lowpass", fs=RATE, output="sos")
    return signal.sosfilt(sos, x, axis=0)


def _bandpass(x: np.ndarray, low: float, high: float, order: int = 1) -> np.ndarray:
    sos = signal.butter(order, [low, high], "bandpass", fs=RATE, output="sos")
    return signal.sosfilt(sos, x, axis=0)


def _add(bed: np.ndarray, at: float, sound: np.ndarray, pan: float = 0.0) -> None:
    start = round(at * RATE)
    sound = sound[: max(0, len(bed) - start)]
    left, right = np.cos((pan + 1) * np.pi / 4), np.sin((pan + 1) * np.pi / 4)
    bed[start : start + len(sound), 0] += sound * left
    bed[start : start + len(sound), 1] += sound * right


def _pad(notes: tuple[int, ...], seconds: float, rng: np.random.Generator) -> np.ndarray:
    """A slow swelling chord, (frames, 2)."""
    time = np.arange(int(seconds * RATE)) / RATE
    out = np.zeros((len(time), 2))
    for note in notes:
        for side in (0, 1):
            for detune in (-0.05, 0.045):
                f = _hertz(note + detune + rng.uniform(-0.015, 0.015))
                phase = rng.uniform(0, 2 * np.pi)
                drift = 1 + 0.0007 * np.sin(2 * np.pi * rng.uniform(0.1, 0.3) * time + phase)
                angle = 2 * np.pi * np.cumsum(f * drift) / RATE + phase
                for k, gain in ((1, 1.0), (2, 0.32), (3, 0.13), (4, 0.05)):
                    out[:, side] += gain * np.sin(k * angle)
    attack = np.clip(time / 0.9, 0, 1)
    release = np.clip((seconds - time) / 1.1, 0, 1)
    shape = (np.sin(attack * np.pi / 2) * np.sin(release * np.pi / 2)) ** 1.3
    return out * shape[:, None] / len(notes)


def _pluck(note: int, seconds: float = 1.8) -> np.ndarray:
    """A soft kalimba-like note."""
    time = np.arange(int(seconds * RATE)) / RATE
    f = _hertz(note)
    body = np.sin(2 * np.pi * f * time + 0.6 * np.exp(-time * 9) * np.sin(4 * np.pi * f * time))
    tine = 0.16 * np.sin(2 * np.pi * f * 5.4 * time) * np.exp(-time * 22)
    shape = np.exp(-time * 3.1) * np.clip(time / 0.004, 0, 1)
    return (body + tine) * shape


def _kick() -> np.ndarray:
    time = np.arange(int(0.35 * RATE)) / RATE
    f = 48 + 62 * np.exp(-time * 38)
    return (
        np.sin(2 * np.pi * np.cumsum(f) / RATE) * np.exp(-time * 11) * np.clip(time / 0.002, 0, 1)
    )


def _brush(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = int(seconds * RATE)
    time = np.arange(count) / RATE
    noise = _bandpass(rng.standard_normal(count), 2500, 7500)
    return noise * np.clip(time / 0.012, 0, 1) * np.exp(-time * 6 / seconds)


def _reverb(bed: np.ndarray, rng: np.random.Generator, seconds: float) -> np.ndarray:
    time = np.arange(int(seconds * RATE)) / RATE
    tail = rng.standard_normal((len(time), 2)) * np.exp(-6.9 * time / seconds)[:, None]
    tail = _lowpass(tail, 3800, 1)
    tail /= np.sqrt((tail**2).sum(axis=0))
    return signal.oaconvolve(bed, tail, axes=0)[: len(bed)]


def theme(seed: int = 96) -> np.ndarray:
    """The bed: 13 bars at 96 beats a minute with a swell in and a real ending; (frames, 2)."""
    rng = np.random.default_rng(seed)
    total = len(_BARS) * BAR + 1.9
    count = int(total * RATE)
    pads = np.zeros((count, 2))
    keys = np.zeros((count, 2))
    low = np.zeros((count, 2))
    drums = np.zeros((count, 2))
    last = len(_BARS) - 1
    for bar, name in enumerate(_BARS):
        bass, notes = _CHORDS[name]
        at = bar * BAR
        seconds = BAR + 1.0 if bar < last else BAR + 1.9
        pad = _pad(notes[:4], seconds, rng)
        start = round(at * RATE)
        pads[start : start + len(pad)] += pad[: count - start]
        if bar == last:
            # The ending is a rolled chord that rings out.
            for step, note in enumerate((50, 57, 62, 66, 69, 74)):
                _add(keys, at + 0.055 * step, 0.8 * _pluck(note, 3.8), -0.4 + 0.16 * step)
            time = np.arange(int(3.6 * RATE)) / RATE
            _add(low, at, np.sin(2 * np.pi * _hertz(bass) * time) * np.exp(-time * 1.1))
            _add(drums, at, 0.55 * _kick())
            continue
        for eighth, step in enumerate(_PATTERN):
            if bar == 0 and eighth < 4:
                continue
            note = notes[step] + (12 if (bar >= 4 and eighth in (2, 6)) else 0)
            accent = 1.0 if eighth % 4 == 0 else 0.72
            level = (0.55 if bar < 2 else 0.85) * accent * rng.uniform(0.9, 1.05)
            late = 0.012 if eighth % 2 else 0.0
            _add(keys, at + eighth * BEAT / 2 + late, level * _pluck(note), 0.45 * (-1) ** eighth)
        if bar >= 2:
            for beat, length in ((0, 1.4), (2.5, 0.8)):
                time = np.arange(int(length * BEAT * RATE * 1.4)) / RATE
                shape = np.clip(time / 0.012, 0, 1) * np.exp(-time * 1.9)
                shape *= np.clip((time[-1] - time) / 0.05, 0, 1)
                f = _hertz(bass if bass >= 33 else bass + 12)
                tone = np.sin(2 * np.pi * f * time) + 0.25 * np.sin(4 * np.pi * f * time)
                _add(low, at + beat * BEAT, tone * shape)
        if bar >= 3:
            for beat in (0, 2) if bar < 8 else (0, 2, 3.5):
                _add(drums, at + beat * BEAT, _kick() * (0.9 if beat != 3.5 else 0.5))
            for beat in (1, 3):
                _add(drums, at + beat * BEAT, 0.34 * _brush(rng, 0.26), 0.1)
            for eighth in range(8):
                _add(drums, at + eighth * BEAT / 2, 0.09 * _brush(rng, 0.1), -0.3)
    # The kick makes room for itself in the pads: a slow, shallow duck.
    pads = _lowpass(pads, 1500, 1)
    dry = 0.30 * pads + 0.23 * keys + 0.26 * low + 0.36 * drums
    wet = _reverb(0.30 * pads + 0.34 * keys + 0.05 * drums, rng, 2.2)
    bed = dry + 0.42 * wet
    bed = signal.sosfilt(signal.butter(2, 32, "highpass", fs=RATE, output="sos"), bed, axis=0)
    time = np.arange(count) / RATE
    fade = np.clip((total - time) / 2.2, 0, 1) ** 1.5 * np.clip(time / 0.25, 0, 1)
    bed *= fade[:, None]
    # Scaled so that the encoded file measures about -16 LUFS; tanh only touches rare peaks.
    bed *= 0.125 / np.sqrt((bed**2).mean())
    return (0.84 * np.tanh(bed / 0.84)).astype(np.float32)


def _noise(count: int, rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((count, 2))


def _slow(count: int, rng: np.random.Generator, hertz: float) -> np.ndarray:
    """A slowly wandering 0..1 curve, (count, 1)."""
    steps = max(4, int(count / RATE * hertz) + 4)
    knots = rng.uniform(0, 1, steps)
    at = np.linspace(0, steps - 1, count)
    whole = np.minimum(at.astype(int), steps - 2)
    part = at - whole
    part = part * part * (3 - 2 * part)
    return (knots[whole] * (1 - part) + knots[whole + 1] * part)[:, None]


def wind(count: int, rng: np.random.Generator) -> np.ndarray:
    """Air in trees or round a railing."""
    return _bandpass(_noise(count, rng), 90, 520) * (0.35 + _slow(count, rng, 0.6))


def water(count: int, rng: np.random.Generator) -> np.ndarray:
    """Small waves against wood."""
    lap = _bandpass(_noise(count, rng), 250, 1400) * _slow(count, rng, 1.6) ** 3
    return 0.9 * lap + 0.35 * _bandpass(_noise(count, rng), 90, 350)


def insects(count: int, rng: np.random.Generator) -> np.ndarray:
    """Crickets, far away: chirps of a few pulses each."""
    out = np.zeros((count, 2))
    time = np.arange(int(0.22 * RATE)) / RATE
    for pitch, period, pan in ((3900, 0.83, -0.6), (4300, 1.07, 0.5), (3600, 1.31, 0.1)):
        pulse = np.sin(2 * np.pi * pitch * time) * np.clip(np.sin(2 * np.pi * 22 * time), 0, 1) ** 2
        pulse *= np.sin(np.pi * time / time[-1])
        at = rng.uniform(0, period)
        while at < count / RATE:
            _add(out, at, pulse * rng.uniform(0.5, 1.0), pan)
            at += period * rng.uniform(0.92, 1.1)
    return out


def crackle(count: int, rng: np.random.Generator) -> np.ndarray:
    """A few embers: short ticks over a low breath."""
    out = 0.25 * _bandpass(_noise(count, rng), 80, 300)
    for at in np.sort(rng.uniform(0, count / RATE, int(count / RATE * 7))):
        length = int(rng.uniform(0.002, 0.009) * RATE)
        tick = rng.standard_normal(length) * np.exp(-np.arange(length) / (length / 4))
        _add(out, float(at), tick * rng.uniform(0.2, 1.2) ** 2, rng.uniform(-0.5, 0.5))
    return _lowpass(out, 5200, 1)


def rain(count: int, rng: np.random.Generator) -> np.ndarray:
    """Rain on a window pane: a soft hiss and single drops."""
    out = 0.3 * _bandpass(_noise(count, rng), 700, 5000) * (0.8 + 0.3 * _slow(count, rng, 0.8))
    time = np.arange(int(0.03 * RATE)) / RATE
    for at in rng.uniform(0, count / RATE, int(count / RATE * 22)):
        drop = np.sin(2 * np.pi * rng.uniform(700, 2200) * time) * np.exp(-time * 180)
        _add(out, float(at), drop * rng.uniform(0.1, 0.8), rng.uniform(-0.8, 0.8))
    return out


def city(count: int, rng: np.random.Generator) -> np.ndarray:
    """A city far below: a low hum with slow swells."""
    hum = _bandpass(_noise(count, rng), 60, 260) * (0.6 + 0.6 * _slow(count, rng, 0.5))
    return hum + 0.2 * _bandpass(_noise(count, rng), 500, 1500) * _slow(count, rng, 0.9)


def click(count: int, rng: np.random.Generator, at: float) -> np.ndarray:
    """One small metal click at `at` seconds, with a quiet detent before it."""
    out = np.zeros((count, 2))
    time = np.arange(int(0.05 * RATE)) / RATE
    for moment, gain in ((at - 0.16, 0.35), (at, 1.0)):
        ring = sum(np.sin(2 * np.pi * f * time) for f in (1850, 2930, 4410))
        _add(
            out,
            moment,
            gain * (ring / 3 + 0.4 * rng.standard_normal(len(time))) * np.exp(-time * 150),
        )
    return out


def ambience(parts: list[np.ndarray], level: float) -> np.ndarray:
    """Layers mixed as given to `level` dBFS RMS, with short fades at both ends; (frames, 2)."""
    mixed = np.sum([part / np.sqrt((part**2).mean()) for part in parts], axis=0)
    mixed *= 10 ** (level / 20) / np.sqrt((mixed**2).mean())
    ramp = np.linspace(0, 1, int(0.06 * RATE))[:, None]
    mixed[: len(ramp)] *= ramp
    mixed[-len(ramp) :] *= ramp[::-1]
    return (0.7 * np.tanh(mixed / 0.7)).astype(np.float32)
