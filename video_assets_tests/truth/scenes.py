"""Sound of a set with its truth: voices that never repeat, rooms, microphones, clocks, a playback.

With the corpus (`VIDEO_ASSETS_CORPUS`/speech) the voices are real recordings, cut into pieces that
are played at ever other speeds; without it they are drawn: vowels and hisses at the pace of speech.
"""

import os
import wave
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.signal import butter, lfilter, oaconvolve, resample_poly

RATE = 16000
SPEAKERS = (
    ("jfk.flac", "audio_2.opus", "diarization_test.wav", "test_fr.wav"),
    ("jfk_1961_0109_cityuponahill-excerpt.flac", "commercial_mono.wav", "test.wav", "test_de.wav"),
    ("test_es.wav", "new-home-in-the-stars-16k.wav"),
)
"""Groups of the corpus's files in which nobody speaks who speaks in another group."""


@lru_cache
def _spoken(name: str) -> np.ndarray:
    """A file of the corpus at 16 kHz, mono, -22 dBFS."""
    import av

    path = Path(os.environ["VIDEO_ASSETS_CORPUS"]) / "speech" / name
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    with av.open(str(path)) as container:
        found = np.concatenate([
            out.to_ndarray().reshape(-1)
            for frame in container.decode(audio=0)
            for out in resampler.resample(frame)
        ])  # fmt: skip
    return _at(found, 0.08)


def _at(sound: np.ndarray, level: float) -> np.ndarray:
    """`sound` at a root mean square of `level`."""
    return (sound * (level / max(1e-9, float(np.sqrt(np.mean(sound**2)))))).astype(np.float32)


def _drawn(rng: np.random.Generator) -> np.ndarray:
    """Some seconds of vowels and hisses: pulses and breath under two formants, noise between."""
    pieces = []
    tune = rng.uniform(90, 220)
    for _ in range(rng.integers(6, 16)):
        count = int(rng.uniform(0.08, 0.3) * RATE)
        tone = tune * rng.uniform(0.8, 1.25)
        pulses = np.diff(
            np.floor(np.cumsum(np.linspace(1, rng.uniform(0.7, 1.3), count)) * tone / RATE),
            prepend=0.0,
        )
        vowel = pulses + 0.03 * rng.standard_normal(count)
        for formant in (rng.uniform(300, 900), rng.uniform(1000, 2600)):
            turn, near = 2 * np.pi * formant / RATE, np.exp(-np.pi * 200 / RATE)
            vowel = lfilter([1, -0.3], [1, -2 * near * np.cos(turn), near**2], vowel)
        hiss = np.diff(rng.standard_normal(int(rng.uniform(0.02, 0.12) * RATE)), prepend=0.0)
        pieces += [_at(vowel, 1) * np.hanning(count), 0.3 * hiss * np.hanning(len(hiss))]
        pieces.append(np.zeros(int(rng.uniform(0.0, 0.06) * RATE)))
    return _at(np.concatenate(pieces), 0.08)


def talk(rng: np.random.Generator, seconds: float, speakers: int | None = None) -> np.ndarray:
    """People who speak with pauses; no stretch comes twice. `speakers`: only this group."""
    out = np.zeros(round(seconds * RATE), np.float32)
    real = bool(os.environ.get("VIDEO_ASSETS_CORPUS"))
    names = SPEAKERS[speakers] if speakers is not None else sum(SPEAKERS, ())
    at = 0
    while at < len(out):
        if real:
            whole = _spoken(names[rng.integers(len(names))])
            length = int(rng.uniform(2, 6) * RATE)
            first = int(rng.integers(0, max(1, len(whole) - length)))
            piece = whole[first : first + length]
        else:
            piece = _drawn(rng)
        # the speed glides: of two pieces of one sentence not even a second is the same
        pace = np.linspace(rng.uniform(0.85, 1.18), rng.uniform(0.85, 1.18), 2 * len(piece))
        steps = np.cumsum(pace)
        steps = steps[steps < len(piece) - 1]
        piece = np.interp(steps, np.arange(len(piece)), piece) * rng.uniform(0.6, 1.3)
        count = min(len(piece), len(out) - at)
        out[at : at + count] += piece[:count].astype(np.float32)
        at += count + int(rng.exponential(0.5) * RATE)
    return out


def song(rng: np.random.Generator, seconds: float) -> np.ndarray:
    """Drums, chords and a sung lead; the same for the same generator state."""
    count = round(seconds * RATE)
    t, out = np.arange(count) / RATE, np.zeros(count)
    hit = np.arange(RATE // 4) / RATE
    kick = 3 * np.sin(2 * np.pi * (50 * hit + 1 - np.exp(-30 * hit))) * np.exp(-15 * hit)
    beat = 30 / rng.uniform(90, 130)
    for k in range(int((seconds - 0.25) / beat)):
        first = int(k * beat * RATE)
        drum = rng.standard_normal(len(hit)) * np.exp(-hit * (25 if k % 4 == 2 else 60))
        out[first : first + len(hit)] += drum + (kick if k % 4 == 0 else 0)
    for k in range(int(seconds)):
        part = slice(k * RATE, (k + 1) * RATE)
        root = 110 * 2 ** (rng.choice([0, 3, 5, 7]) / 12)
        for tone in (root, root * 1.26, root * 1.5):
            out[part] += 0.3 * sum(np.sin(2 * np.pi * tone * h * t[part]) / h for h in range(1, 5))
        tone = 220 * 2 ** (rng.choice([0, 2, 4, 5, 7, 9]) / 12)
        phase = 2 * np.pi * tone * t[part] + 2 * np.sin(2 * np.pi * 5.5 * t[part])
        formant = rng.uniform(500, 1500)
        lead = sum(
            np.sin(h * phase) * np.exp(-(((h * tone - formant) / 300) ** 2)) for h in range(1, 14)
        )
        out[part] += 0.8 * lead * np.hanning(RATE) ** 0.3
    return _at(out, 0.08)


def room(rng: np.random.Generator, sound: np.ndarray, decay: float, direct: float) -> np.ndarray:
    """`sound` across a room: reverberation that falls by 60 dB in `decay` seconds, with the direct
    sound `direct` dB above all of it."""
    t = np.arange(int(1.2 * decay * RATE)) / RATE
    echo = rng.standard_normal(len(t)) * 10 ** (-3 * t / decay)
    echo[: int(0.003 * RATE)] = 0
    echo *= 10 ** (-direct / 20) / np.sqrt((echo**2).sum())
    echo[0] = 1
    found: np.ndarray = oaconvolve(sound, echo)[: len(sound)].astype(np.float32)
    return found


def microphone(rng: np.random.Generator, sound: np.ndarray) -> np.ndarray:
    """`sound` through a microphone of its own colour: 60-250 Hz to 3.5-7.5 kHz, tilted."""
    edges = [rng.uniform(60, 250) / (RATE / 2), rng.uniform(3500, 7500) / (RATE / 2)]
    b, a = butter(1, edges, "band")
    found: np.ndarray = lfilter([1, rng.uniform(-0.5, 0.5)], [1], lfilter(b, a, sound))
    return found.astype(np.float32)


def noisy(rng: np.random.Generator, sound: np.ndarray, snr: float) -> np.ndarray:
    """`sound` with low-pitched noise `snr` dB below the whole's power."""
    noise = lfilter([1], [1, -0.95], rng.standard_normal(len(sound)))
    level = float(np.sqrt(np.mean(sound**2))) * 10 ** (-snr / 20)
    found: np.ndarray = sound + _at(noise, level)
    return found


def clocked(sound: np.ndarray, ppm: float) -> np.ndarray:
    """What a device makes of `sound` whose clock runs `ppm` fast: so many more samples."""
    if not ppm:
        return sound
    out = np.zeros(int(len(sound) * (1 + ppm * 1e-6)), np.float32)
    for first in range(0, len(out), 60 * RATE):  # piece by piece: four times the samples are many
        at = np.arange(first, min(len(out), first + 60 * RATE)) / (1 + ppm * 1e-6)
        low = max(0, int(at[0]) - 50)
        fine = resample_poly(sound[low : int(at[-1]) + 50], 4, 1)
        out[first : first + len(at)] = np.interp((at - low) * 4, np.arange(len(fine)), fine)
    return out


def write(path: Path, sound: np.ndarray) -> Path:
    """A 16 kHz mono 16-bit WAV, 0.4 dB below full scale at its loudest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scaled = np.round(sound * (32767 / max(1e-3, 1.05 * float(np.abs(sound).max()))))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(scaled.astype("<i2").tobytes())
    return path


def camera(
    rng: np.random.Generator, sound: np.ndarray, snr: float, direct: float = 0.0
) -> np.ndarray:
    """As a camera across a room (RT60 0.5 s) hears it."""
    return microphone(rng, noisy(rng, room(rng, sound, 0.5, direct), snr))


def lavalier(rng: np.random.Generator, sound: np.ndarray, ppm: float = 0.0) -> np.ndarray:
    """As a recorder near the voice takes it, its clock `ppm` fast."""
    return microphone(rng, clocked(noisy(rng, room(rng, sound, 0.5, 12), 30), ppm))
