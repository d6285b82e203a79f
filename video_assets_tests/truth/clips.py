"""Makes the files of a plan, clip by clip, and notes where the subject was in each."""

# numpy expressions are Any to mypy.
# mypy: disable-error-code="no-any-return,arg-type"

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from video_assets_tests.truth import broll, encoding, people, pictures, places, sounds
from video_assets_tests.truth.moving import Box, Shot
from video_assets_tests.truth.plans import Broll, Device, Moment, Plan
from video_assets_tests.truth.seeds import seed_of
from video_assets_tests.truth.voices import bank

if TYPE_CHECKING:
    from video_assets.demo.mouth import Performance

FPS = 25
STEP = 0.5
"""Seconds that a subject box stands for."""
NO_FACE: Box = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a clip's subject was: seconds on the clip's clock, boxes as shares of the frame."""

    start: float
    end: float
    box: Box
    face: Box


@dataclass(frozen=True, slots=True)
class Made:
    """What only the making tells of a clip."""

    loudness: float
    seen: tuple[Seen, ...]
    directions: tuple[int, ...] = ()
    """Of each shot: -1 left, 1 right, 0 none."""


def _acting(moment: Moment, seed: int) -> "Performance":
    from video_assets.demo.mouth import Performance
    from video_assets.demo.voice import RATE, Phone, Speech

    found = tuple(Phone(*p) for p in sounds.phones(moment))
    silent = np.zeros((round((moment.seconds + 2) * RATE), 0), np.float32)
    return Performance(Speech(silent, (), found), seed)


def film_moment(plan: Plan, moment: Moment, folder: Path) -> dict[str, Made]:
    """Writes every device's file of a moment below `folder`; facts by path."""
    dry = sounds.moment_sound(moment, plan.seed)
    made: dict[str, Made] = {}
    for device in moment.devices:
        sound = sounds.recorded(moment, device, dry, plan.seed)
        start = round(device.offset * FPS)
        if device.camera == "R":
            reference = (moment.start_second * FPS + start) * encoding.RATE // FPS
            encoding.write_wave(folder / device.path, sound, reference)
            made[device.path] = Made(sounds.loudness(sound), ())
            continue
        frames, seen = _interview(plan, moment, device)
        code = encoding.timecode(moment.start_second, start, Fraction(FPS))
        encoding.write_film(folder / device.path, frames, plan.picture, Fraction(FPS), sound, code)
        level = sounds.loudness(encoding.heard(folder / device.path))
        made[device.path] = Made(level, seen, (moment.direction,))
    return made


def _interview(
    plan: Plan, moment: Moment, device: Device
) -> tuple[Iterator[np.ndarray], tuple[Seen, ...]]:
    seed = seed_of(plan.seed, device.path)
    unit = 84 if plan.picture[1] <= 360 else 150
    who = people.person(moment.person, moment.clothes, moment.light, unit)
    view = pictures.view(device.camera, moment.direction > 0)
    scene = pictures.Interview(
        plan.picture,
        places.place(moment.place, plan.picture, moment.place_seed),
        who, unit, view, _acting(moment, seed_of(plan.seed, moment.key)), seed,
    )  # fmt: skip
    camera = pictures.Camera(
        plan.picture, FPS, device.grade, device.defects, device.flashes,
        0.5 + 0.16 * moment.direction, seed,
    )  # fmt: skip

    def frames() -> Iterator[np.ndarray]:
        for number in range(device.frames):
            at = device.offset + number / FPS * device.rate
            yield camera.take(scene.frame(at), number)

    def where(t: float) -> tuple[Box, Box]:
        return scene.boxes(device.offset + t * device.rate)

    return frames(), _seen(0.0, device.frames / FPS, where)


def _seen(start: float, end: float, where: Callable[[float], tuple[Box, Box]]) -> tuple[Seen, ...]:
    """Boxes second by second, each as in the middle of its second."""
    found = []
    while start < end - 1e-9:
        stop = min(end, start + STEP)
        if end - stop < STEP / 2:
            stop = end
        box, face = where((start + stop) / 2)
        found.append(Seen(start, stop, box, face))
        start = stop
    return tuple(found)


def film_broll(plan: Plan, clip: Broll, folder: Path) -> Made:
    """Writes a B-roll clip below `folder`."""
    import cv2

    ends = [part.start for part in clip.parts[1:]] + [clip.frames]
    tails = [*clip.dissolves, 0]
    shots = [
        broll.shot(part.tag, plan.picture, float((end + tail - part.start) / clip.fps), part.seed)
        for part, end, tail in zip(clip.parts, ends, tails, strict=True)
    ]
    seed = seed_of(plan.seed, clip.path)
    camera = pictures.Camera(
        plan.picture, float(clip.fps), clip.grade, clip.defects, clip.flashes, 0.5, seed
    )

    def frames() -> Iterator[np.ndarray]:
        for number in range(clip.frames):
            k = max(i for i, part in enumerate(clip.parts) if part.start <= number)
            picture = shots[k].frame(float((number - clip.parts[k].start) / clip.fps))
            length = clip.dissolves[k - 1] if k else 0
            into = number - clip.parts[k].start
            if into < length:  # the part's first frames still show the one before
                before = shots[k - 1].frame(float((number - clip.parts[k - 1].start) / clip.fps))
                share = (into + 1) / (length + 1)
                picture = cv2.addWeighted(picture, share, before, 1 - share, 0)
            yield camera.take(picture, number)

    sound = sounds.air(clip, plan.seed)
    code = encoding.timecode(clip.start_second, 0, clip.fps)
    encoding.write_film(folder / clip.path, frames(), plan.picture, clip.fps, sound, code)
    seen: list[Seen] = []
    for shot, part, end in zip(shots, clip.parts, ends, strict=True):
        first, last = float(part.start / clip.fps), float(end / clip.fps)

        def where(t: float, shot: Shot = shot, first: float = first) -> tuple[Box, Box]:
            return shot.box(t - first), NO_FACE

        seen += _seen(first, last, where)
    level = sounds.loudness(encoding.heard(folder / clip.path))
    return Made(level, tuple(seen), tuple(broll.direction(shot) for shot in shots))


def film_music(plan: Plan, folder: Path) -> list[float]:
    """Writes `folder`/bed.wav; its beats."""
    sound, beats = sounds.music(plan.bpm, plan.music_seconds, plan.seed)
    encoding.write_wave(folder / "bed.wav", sound)
    return beats


@lru_cache(maxsize=256)
def said(line: str, variant: str) -> str:
    """What is said in a variant, slips included."""
    return bank()[line, variant].text
