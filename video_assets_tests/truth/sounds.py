"""What is heard: voices in a room through each device's own clock, air, loudness, a music bed.

Sound is float64 at 48 kHz. Loudness is our own ITU-R BS.1770-4 meter (K weighting, 400 ms blocks,
gates at -70 LUFS and 10 LU under the mean), so that ffmpeg's can check it.
"""

# numpy expressions are Any to mypy, and arrays change dtype on purpose between steps.
# mypy: disable-error-code="no-any-return,assignment,arg-type"

import numpy as np

from video_assets_tests.truth.plans import Broll, Device, Moment, Take
from video_assets_tests.truth.seeds import seed_of
from video_assets_tests.truth.voices import RATE as BANK_RATE
from video_assets_tests.truth.voices import bank

RATE = 48_000
LEAD = 3.0
"""Seconds of a moment's sound before its time 0: a recorder may roll earlier."""
NOISE_DB = -11.0
"""Of the disturbance under a noisy take, against the voice."""
OVERLOAD_DB = 9.0
"""By how much the peak of a clipped take passes full scale."""


def loudness(sound: np.ndarray) -> float:
    """Integrated loudness in LUFS of (frames,) or (frames, channels) at 48 kHz."""
    from scipy import signal

    shelf = ([1.53512485958697, -2.69169618940638, 1.19839281085285],
             [1.0, -1.69065929318241, 0.73248077421585])  # fmt: skip
    high = ([1.0, -2.0, 1.0], [1.0, -1.99004745483398, 0.99007225036621])
    heard = sound.reshape(len(sound), -1)
    for b, a in (shelf, high):
        heard = signal.lfilter(b, a, heard, axis=0)
    power = np.concatenate([[0.0], np.cumsum((heard**2).sum(axis=1))])
    starts = np.arange(0, len(heard) - 19200 + 1, 4800)
    blocks = (power[starts + 19200] - power[starts]) / 19200
    levels = -0.691 + 10 * np.log10(np.maximum(blocks, 1e-12))
    kept = blocks[levels > -70]
    if not len(kept):
        return -70.0
    gate = -0.691 + 10 * np.log10(kept.mean()) - 10
    kept = blocks[(levels > -70) & (levels > gate)]
    return float(-0.691 + 10 * np.log10(kept.mean()))


def at_loudness(sound: np.ndarray, level: float) -> np.ndarray:
    """The sound amplified to `level` LUFS."""
    return sound * 10 ** ((level - loudness(sound)) / 20)


def voice(take: Take) -> np.ndarray:
    """The take's sound from the bank at 48 kHz; its first word begins 3 ms in."""
    from scipy import signal

    return signal.resample_poly(bank()[take.line, take.variant].samples, RATE // BANK_RATE, 1)


def moment_sound(moment: Moment, seed: int) -> np.ndarray:
    """What happens in the room, dry and mono, from `LEAD` seconds before the moment's time 0."""
    from scipy import signal

    rng = np.random.default_rng([seed, seed_of(moment.key), 1])
    sound = np.zeros(round((moment.seconds + 2 * LEAD) * RATE))
    for take in moment.takes:
        spoken = voice(take)
        at = round((take.start - 0.003 + LEAD) * RATE)
        sound[at : at + len(spoken)] += spoken
        if take.noisy:  # a fan starts, and something is dragged over the floor
            a, b = at - RATE // 5, at + len(spoken) + RATE // 5
            time = np.arange(b - a) / RATE
            hiss = signal.sosfilt(
                signal.butter(2, [180, 3400], "bandpass", fs=RATE, output="sos"),
                rng.standard_normal(b - a),
            )
            hiss *= 1 + 0.5 * np.sin(2 * np.pi * 2.3 * time)
            fan = hiss / hiss.std() + 0.8 * np.sin(2 * np.pi * 118 * time)
            fan *= 10 ** ((-20.0 + NOISE_DB) / 20) * np.clip(time / 0.1, 0, 1)
            sound[a:b] += fan * np.clip((time[-1] - time) / 0.1, 0, 1)
    return sound


_ROOM = {"A": (0.10, -66.0), "B": (0.18, -65.0), "R": (0.0, -74.0)}
"""Device to the share of the room's echo and its own noise in dBFS."""


def recorded(moment: Moment, device: Device, dry: np.ndarray, seed: int) -> np.ndarray:
    """What the device writes: (frames, 2) of a camera, (frames, 1) of the recorder."""
    from scipy import signal

    rng = np.random.default_rng([seed, seed_of(device.path), 2])
    count = device.frames * RATE // 25
    times = device.offset + np.arange(count) / RATE * device.rate
    heard = np.interp((times + LEAD) * RATE, np.arange(len(dry)), dry)
    echo, air_db = _ROOM[device.camera]
    channels = 1 if device.camera == "R" else 2
    out = np.repeat(heard[:, None], channels, axis=1)
    if echo:
        tail = np.arange(round(0.22 * RATE)) / RATE
        for side in range(channels):
            room = rng.standard_normal(len(tail)) * np.exp(-tail / 0.06)
            room[: round(0.011 * RATE)] = 0
            room /= np.sqrt((room**2).sum())
            out[:, side] += echo * signal.oaconvolve(heard, room)[:count]
    out = at_loudness(out, device.level)
    air = signal.sosfilt(
        signal.butter(1, [70, 2500], "bandpass", fs=RATE, output="sos"),
        rng.standard_normal((count, channels)), axis=0,
    )  # fmt: skip
    out += air * (10 ** (air_db / 20) / air.std())
    peak = float(np.abs(out).max())
    if peak > 0.84:  # nothing but a planted overload may clip
        out *= 0.84 / peak
    for flaw in device.defects:
        if flaw.kind == "clipping":
            clock = np.arange(count) / RATE
            inside = np.clip(np.minimum(clock - flaw.start, flaw.end - clock) / 0.02, 0, 1)
            peak = float(np.abs(out[inside > 0]).max())
            out *= ((10 ** (OVERLOAD_DB / 20) / peak) ** inside)[:, None]
    return np.clip(out, -1.0, 1.0)


def air(clip: Broll, seed: int) -> np.ndarray:
    """The sound of a place without people, (frames, 2), after what is shown first."""
    from video_assets.demo import score

    rng = np.random.default_rng([seed, seed_of(clip.path), 3])
    count = round(clip.frames / clip.fps * RATE)
    named = {
        "lake": [score.water, score.wind], "rain": [score.rain], "hills": [score.wind],
        "street": [score.city, score.wind], "bicycle": [score.city], "garden": [score.wind],
        "stove": [score.crackle], "kettle": [score.crackle, score.wind],
    }  # fmt: skip
    makers = named.get(clip.parts[0].tag, [score.wind, score.city])
    mixed = score.ambience([make(count, rng) for make in makers], -30.0)
    return np.clip(at_loudness(mixed.astype(np.float64), clip.level), -0.9, 0.9)


def music(bpm: float, seconds: float, seed: int) -> tuple[np.ndarray, list[float]]:
    """A bed (frames, 2) at -16 LUFS, and its beats: the attacks of its drum, seconds."""
    from scipy import signal

    rng = np.random.default_rng([seed, 4])
    count = round(seconds * RATE)
    time = np.arange(count) / RATE
    beats = [round(k * 60 / bpm * RATE) / RATE for k in range(int((seconds - 0.4) * bpm / 60) + 1)]
    out = np.zeros((count, 2))
    roots = [(45, 52, 57, 61), (42, 49, 54, 57), (38, 45, 50, 54), (40, 47, 52, 56)]
    order = rng.permutation(4)
    drum = np.arange(round(0.3 * RATE)) / RATE
    kick = np.sin(2 * np.pi * (52 * drum + 5 * (1 - np.exp(-drum * 30)))) * np.exp(-drum * 14)
    tick = rng.standard_normal(round(0.05 * RATE)) * np.exp(-np.arange(round(0.05 * RATE)) / 500)
    for number, beat in enumerate(beats):
        at = round(beat * RATE)
        for sound, gain in ((kick, 0.8 if number % 2 == 0 else 0.55), (tick, 0.12)):
            end = min(count, at + len(sound))
            out[at:end] += gain * sound[: end - at, None]
        chord = roots[order[number // 4 % 4]]
        note = 440 * 2 ** ((chord[number % 4] + 12 - 69) / 12)
        pluck = np.arange(min(count - at, round(0.9 * RATE))) / RATE
        tone = np.sin(2 * np.pi * note * pluck) + 0.4 * np.sin(4 * np.pi * note * pluck)
        tone *= np.exp(-pluck * 5) * np.clip(pluck / 0.004, 0, 1) * 0.22
        out[at : at + len(tone), number % 2] += tone
        out[at : at + len(tone), 1 - number % 2] += 0.5 * tone
        if number % 4 == 0:
            length = min(count - at, round(4 * 60 / bpm * RATE))
            pad = time[:length]
            shape = np.clip(pad / 0.3, 0, 1) * np.clip((pad[-1] - pad) / 0.3, 0, 1) * 0.05
            for midi in chord:
                hertz = 440 * 2 ** ((midi - 69) / 12)
                out[at : at + length] += (shape * np.sin(2 * np.pi * hertz * pad))[:, None]
    out = signal.sosfilt(signal.butter(2, 34, "highpass", fs=RATE, output="sos"), out, axis=0)
    out *= np.clip((time[-1] - time) / 0.8, 0, 1)[:, None]
    out = at_loudness(out, -16.0)
    return 0.95 * np.tanh(out / 0.95), beats


def phones(moment: Moment) -> list[tuple[str, float, float]]:
    """Speech sounds of a moment: (name, start, end) in moment time."""
    found = []
    for take in moment.takes:
        zero = take.start - 0.003
        spoken = bank()[take.line, take.variant].phones
        found += [(name, a + zero, b + zero) for name, a, b in spoken]
    return found
