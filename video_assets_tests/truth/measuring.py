"""Foreign tools on a library's files: scenedetect, ffmpeg, PyAV, scipy, OpenCV against truth.json.

Each measurement lists what differs from the declaration, so that a test shows all of it. Nothing of
the generator is used here but its `truth.json` and its files.
"""

# numpy expressions are Any to mypy.
# mypy: disable-error-code="no-any-return,attr-defined"

import json
import re
import subprocess
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from scipy import signal

from video_assets.foundation.media import ffmpeg_path

RATE = 48_000
KINDS = ("interview", "broll")
"""Clips with a picture."""
LONG = 100.0
"""Seconds from the first take to the last over which drift is measured."""
LOOK = 20.0
"""Code values by which the mean colours of two clips of one set-up differ at most."""


def declared(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "truth.json").read_text(encoding="utf-8"))["clips"]


def pictures_of(folder: Path) -> list[dict[str, Any]]:
    return [clip for clip in declared(folder) if clip["shots"]]


@lru_cache(maxsize=16)
def grey(path: Path) -> np.ndarray:
    """Every frame in grey at half the size: (frames, height, width)."""
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        stream.thread_type = "AUTO"
        small = (stream.width // 2, stream.height // 2)
        frames = [
            cv2.resize(f.to_ndarray(format="gray"), small, interpolation=cv2.INTER_AREA)
            for f in file.decode(stream)
        ]
    return np.stack(frames)


@lru_cache(maxsize=16)
def sound(path: Path) -> np.ndarray:
    """The first channel, float, at 48 kHz from time 0 of the clip."""
    with av.open(str(path)) as file:
        assert file.streams.audio[0].rate == RATE
        frames = list(file.decode(audio=0))
        first = round(float(frames[0].time or 0) * RATE)
        parts = [f.to_ndarray() for f in frames]
        if frames[0].format.is_packed:
            parts = [p.reshape(-1, frames[0].layout.nb_channels).T for p in parts]
    whole = np.concatenate([p[0] for p in parts])
    if whole.dtype == np.int16:
        whole = whole / 32768.0
    return np.concatenate([np.zeros(max(0, first)), whole[max(0, -first) :]])


def level_curve(samples: np.ndarray) -> np.ndarray:
    """dB of a 5 ms window, one value a millisecond."""
    power = np.convolve(samples**2, np.ones(240) / 240, "same")[::48]
    return 10 * np.log10(np.maximum(power, 1e-12))


def wrong_frames(folder: Path) -> list[str]:
    wrong = []
    for clip in declared(folder):
        with av.open(str(folder / "footage" / clip["path"])) as file:
            if clip["kind"] == "recorded":
                heard = sum(f.samples for f in file.decode(audio=0)) / file.streams.audio[0].rate
                if abs(heard - clip["duration"]) > 1e-3:
                    wrong.append(f"{clip['path']}: {heard} s, declared {clip['duration']}")
                continue
            if clip["kind"] == "recorder":
                count = sum(f.samples for f in file.decode(audio=0))
                told = round(clip["duration"] * RATE)
                reference = int(file.metadata["time_reference"])
                h, m, s, f = map(int, clip["timecode"].split(":"))
                if reference != ((h * 60 + m) * 60 + s) * RATE + f * RATE // 25:
                    wrong.append(f"{clip['path']}: time reference {reference}")
            else:
                stream = file.streams.video[0]
                code = file.metadata.get("timecode") or stream.metadata["timecode"]
                facts = (str(stream.average_rate), [stream.width, stream.height], code)
                rate = clip["fps"].removesuffix("/1")
                if facts != (rate, clip["size"], clip["timecode"]):
                    wrong.append(f"{clip['path']}: {facts}")
                count = sum(1 for _ in file.decode(stream))
                told = clip["frames"]
                if abs(clip["duration"] - told / Fraction(clip["fps"])) > 1e-4:
                    wrong.append(f"{clip['path']}: lasts {clip['duration']}")
            if count != told:
                wrong.append(f"{clip['path']}: {count} frames, declared {told}")
    return wrong


def wrong_cuts(folder: Path, kinds: Sequence[str] = KINDS) -> tuple[int, list[str]]:
    """Hard cuts by scenedetect: (how many were declared, what differs)."""
    from scenedetect import ContentDetector, detect

    total, wrong = 0, []
    for clip in (c for c in pictures_of(folder) if c["kind"] in kinds):
        fps = Fraction(clip["fps"])
        path = folder / "footage" / clip["path"]
        found = [
            scene[0].frame_num
            for scene in detect(str(path), ContentDetector(min_scene_len=5), backend="pyav")[1:]
        ]
        hard = [round(c["at"] * fps) for c in clip["cuts"] if c["kind"] == "hard"]
        soft = [round(f * fps + k) for f in clip["flashes"] for k in range(-1, 5)]
        for cut in clip["cuts"]:
            if cut["kind"] == "dissolve":
                first = round(cut["at"] * fps)
                soft += range(first - 1, first + round(cut["length"] * fps) + 2)
        for flaw in clip["defects"]:  # light that jumps looks like a cut
            if flaw["kind"] == "overexposed":
                edges = (round(flaw["start"] * fps), round(flaw["end"] * fps))
                soft += [edge + k for edge in edges for k in (-1, 0, 1)]
            if flaw["kind"] == "shake":  # and so may a picture that jumps
                soft += range(round(flaw["start"] * fps) - 1, round(flaw["end"] * fps) + 2)
        total += len(hard)
        wrong += [
            f"{clip['path']}: no cut at {h}, found {found}"
            for h in hard
            if not any(abs(f - h) <= 1 for f in found)
        ]
        wrong += [
            f"{clip['path']}: a cut at {f}, declared {hard}"
            for f in found
            if f not in soft and not any(abs(f - h) <= 1 for h in hard)
        ]
    return total, wrong


def wrong_onsets(folder: Path) -> tuple[int, list[str]]:
    """Energy onsets of words after at least 0.3 s without words, of takes without a disturbance."""
    total, wrong = 0, []
    for clip in declared(folder):
        if not clip["words"]:
            continue
        levels = level_curve(sound(folder / "footage" / clip["path"]))
        spoiled = {
            (x["line"], x["take"]) for x in clip["lines"] if {"noise", "clipping"} & {*x["flaws"]}
        }
        last = 0.0
        for word in clip["words"]:
            rests, last = word["start"] - last, word["end"]
            if rests < 0.3 or (word["line"], word["take"]) in spoiled:
                continue
            at = round(word["start"] * 1000)
            active = 10 * np.log10(np.mean(10 ** (levels[at : at + 1500] / 10)))
            before = levels[at - 200 : at - 30].max()
            near = np.flatnonzero(levels[at - 150 : at + 150] > max(active - 28, before + 4)) - 150
            total += 1
            if not len(near) or abs(near[0]) > 10:
                wrong.append(
                    f"{clip['path']}: {word['text']} at {word['start']}: {near[:1]} ms off"
                )
    return total, wrong


def wrong_offsets(folder: Path) -> tuple[int, list[str]]:
    """Cross-correlation of every take between the devices of a moment, within a millisecond."""
    total, wrong = 0, []
    clips = [c for c in declared(folder) if c["moment"]]
    for moment in sorted({c["moment"] for c in clips}):
        first, *others = [c for c in clips if c["moment"] == moment]
        for line in first["lines"]:
            for other in others:
                here = sound(folder / "footage" / first["path"])
                there = sound(folder / "footage" / other["path"])
                a = round(line["start"] * RATE)
                piece = here[a : a + 2 * RATE]
                rate = 1 + first["drift_ppm"] * 1e-6
                when = first["offset"] + line["start"] * rate
                told = (when - other["offset"]) / (1 + other["drift_ppm"] * 1e-6)
                b = round(told * RATE)
                reach = RATE // 20
                found = signal.correlate(there[b - reach : b + 2 * RATE + reach], piece, "valid")
                lag = int(np.argmax(np.abs(found))) - reach
                total += 1
                if abs(lag + b - told * RATE) > RATE / 1000:
                    wrong.append(f"{other['path']} to {first['path']}: {lag / 48:.2f} ms off")
    return total, wrong


def wrong_drift(folder: Path) -> tuple[int, list[str]]:
    """The slope of matching times from the first to the last take of long clips, within 2 ppm.

    Pairs of devices of a moment: (how many were fitted, what differs).
    """
    total, wrong = 0, []
    clips = [c for c in declared(folder) if c["moment"] and c["lines"]]
    for moment in sorted({c["moment"] for c in clips}):
        first, *others = [c for c in clips if c["moment"] == moment]
        starts = [line["start"] for line in first["lines"]]
        if starts[-1] - starts[0] < LONG:
            continue
        here = sound(folder / "footage" / first["path"])
        for other in others:
            there = sound(folder / "footage" / other["path"])
            shift = first["offset"] - other["offset"]
            meets = [match(here, there, at, at + shift) for at in starts]
            ppm = (np.polyfit(starts, meets, 1)[0] - 1) * 1e6
            total += 1
            if abs(ppm - (first["drift_ppm"] - other["drift_ppm"])) > 2:
                wrong.append(f"{other['path']} to {first['path']}: {ppm:.1f} ppm")
    return total, wrong


def match(here: np.ndarray, there: np.ndarray, at: float, near: float) -> float:
    """Seconds of `there` that sound as 2 s of `here` from `at` on; finer than a sample."""
    a, b, reach = round(at * RATE), round(near * RATE), RATE // 20
    found = signal.correlate(
        there[b - reach : b + 2 * RATE + reach], here[a : a + 2 * RATE], "valid"
    )
    top = int(np.argmax(found))
    low, high, after = found[top - 1 : top + 2]
    part = 0.5 * (low - after) / (low - 2 * high + after)
    return float((b - reach + top + part + at * RATE - a) / RATE)


def wrong_looks(folder: Path) -> tuple[int, list[str]]:
    """Clips of one set-up have about the same mean colour: (how many pairs, what differs)."""
    total, wrong = 0, []
    means: dict[str, tuple[str, np.ndarray]] = {}
    for clip in pictures_of(folder):
        path = folder / "footage" / clip["path"]
        for shot in clip["shots"]:
            with av.open(str(path)) as file:
                number = round((shot["start"] + 0.3) * Fraction(clip["fps"]))
                frame = next(f for n, f in enumerate(file.decode(video=0)) if n == number)
            mean = frame.to_ndarray(format="rgb24").reshape(-1, 3).mean(axis=0)
            where, known = means.setdefault(shot["setup"], (clip["path"], mean))
            total += where != clip["path"]
            if np.abs(mean - known).max() > LOOK:
                wrong.append(f"{clip['path']} and {where}, set-up {shot['setup']}: other colours")
    return total, wrong


def wrong_loudness(folder: Path) -> list[str]:
    """Integrated loudness by ffmpeg's ebur128, within 0.1 LU."""
    wrong = []
    for clip in declared(folder):
        command = [
            ffmpeg_path(), "-v", "error", "-i", str(folder / "footage" / clip["path"]), "-vn",
            "-af", "ebur128=metadata=1,ametadata=mode=print:key=lavfi.r128.I:file=-",
            "-f", "null", "-",
        ]  # fmt: skip
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        heard = float(re.findall(r"lavfi\.r128\.I=(-?[\d.]+)", done.stdout)[-1])
        if abs(heard - clip["loudness"]) > 0.1:
            wrong.append(f"{clip['path']}: {heard} LUFS, declared {clip['loudness']}")
    return wrong


def wrong_faces(folder: Path) -> tuple[int, list[str]]:
    """Faces by OpenCV's frontal cascade in every thirtieth frame of every interview."""
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    total, wrong = 0, []
    for clip in pictures_of(folder):
        if not clip["people"]:
            continue
        total += 1
        fps = Fraction(clip["fps"])
        bad = [(d["start"], d["end"]) for d in clip["defects"] if d["kind"] != "clipping"]
        frames = grey(folder / "footage" / clip["path"])
        height, width = frames[0].shape
        looks = good = 0
        for number in range(0, len(frames), 30):
            t = float(number / fps)
            if any(a <= t < b for a, b in bad):
                continue
            face = next(s["face"] for s in clip["subject"] if s["start"] <= t < s["end"])
            told = (face[0] * width, face[1] * height, face[2] * width, face[3] * height)
            looks += 1
            wide = cv2.resize(frames[number], None, fx=1.5, fy=1.5)
            found = cascade.detectMultiScale(wide, 1.15, 3, minSize=(54, 54))
            good += any(overlap([v / 1.5 for v in box], told) >= 0.4 for box in found)
        if good < 0.85 * looks:
            wrong.append(f"{clip['path']}: {good} of {looks}")
    return total, wrong


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    tall = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(0.0, wide) * max(0.0, tall)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def wrong_defects(folder: Path) -> tuple[Counter[str], list[str]]:
    """Plain measures inside and outside every planted flaw: (how many of each kind, what fails)."""
    kinds: Counter[str] = Counter()
    wrong = []
    for clip in declared(folder):
        path = folder / "footage" / clip["path"]
        for flaw in clip["defects"]:
            kind = flaw["kind"]
            kinds[kind] += 1
            if kind == "clipping":
                found = runs_at_full_scale(sound(path))
                inside = [t for t in found if flaw["start"] <= t / RATE < flaw["end"]]
                held = len(inside) >= 20 and not [
                    t
                    for t in found
                    if not any(
                        d["start"] <= t / RATE < d["end"]
                        for d in clip["defects"]
                        if d["kind"] == kind
                    )
                ]
            else:
                fps = Fraction(clip["fps"])
                a, b = round(flaw["start"] * fps), round(flaw["end"] * fps)
                frames = grey(path)
                held = shows(kind, frames[max(0, a) : b], clean_of(clip, frames, fps))
            if not held:
                wrong.append(f"{clip['path']}: {kind} {flaw['start']}-{flaw['end']} is not seen")
    return kinds, wrong


def runs_at_full_scale(samples: np.ndarray) -> list[int]:
    """Where three samples or more in a row reach 0.999."""
    full = np.abs(samples) >= 0.999
    return [int(n) for n in np.flatnonzero(full[:-2] & full[1:-1] & full[2:])]


def clean_of(clip: dict[str, Any], frames: np.ndarray, fps: Fraction) -> np.ndarray:
    """The frames in no planted flaw and no flash; empty where all are flawed."""
    kept = np.ones(len(frames), bool)
    for flaw in clip["defects"]:
        if flaw["kind"] != "clipping":
            kept[max(0, round(flaw["start"] * fps)) : round(flaw["end"] * fps)] = False
    for flash in clip["flashes"]:
        kept[round(flash * fps) : round(flash * fps) + 3] = False
    return frames[kept]


def shows(kind: str, flawed: np.ndarray, clean: np.ndarray) -> bool:
    """Whether a plain measure tells the flawed frames from clean ones of the same clip."""
    means = flawed.mean(axis=(1, 2))
    if kind == "flicker":
        steps = np.abs(np.diff(means)).mean()
        return bool(steps > 2.0)
    if kind == "overexposed":
        return bool((flawed >= 235).mean() > 0.08)
    if kind == "blur":
        sharp = np.mean([cv2.Laplacian(f, cv2.CV_64F).var() for f in flawed[::5]])
        usual = (
            np.mean([cv2.Laplacian(f, cv2.CV_64F).var() for f in clean[::5]]) if len(clean) else 0
        )
        return bool(sharp < 0.5 * usual) if len(clean) else bool(sharp < 90)
    if kind == "shake":
        return path_roughness(flawed) > 0.004
    if kind == "boom":  # something hangs into the upper part that is not there otherwise
        top = flawed.shape[1] // 3
        change = np.abs(flawed[5:-5, :top].mean(0) - clean[:, :top].mean(0))
        return bool((change > 12).mean() > 0.02)
    raise AssertionError(kind)


def path_roughness(frames: np.ndarray) -> float:
    """RMS of the camera's steps that change from frame to frame, share of the width."""
    steps = [
        cv2.phaseCorrelate(a.astype(np.float32), b.astype(np.float32))[0]
        for a, b in pairwise(frames)
    ]
    jumps = np.diff(np.array(steps), axis=0)
    return float(np.sqrt((jumps**2).sum(axis=1).mean()) / frames.shape[2])


def wrong_flashes(folder: Path) -> tuple[int, list[str]]:
    """A flash is brighter than the frames before it, and declared at its first bright frame."""
    total, wrong = 0, []
    for clip in pictures_of(folder):
        for flash in clip["flashes"]:
            total += 1
            means = grey(folder / "footage" / clip["path"]).mean(axis=(1, 2))
            jumps = np.diff(means)
            if abs(int(np.argmax(jumps)) + 1 - round(flash * Fraction(clip["fps"]))) > 0:
                wrong.append(f"{clip['path']}: the flash is at frame {int(np.argmax(jumps)) + 1}")
    return total, wrong
