"""What a camera sees: somebody who speaks in a place, then the flaws, the camera's grade, grain."""

# numpy expressions are Any to mypy, and arrays change dtype on purpose between steps.
# mypy: disable-error-code="no-any-return,assignment,arg-type"

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np

from video_assets_tests.truth import people
from video_assets_tests.truth.moving import Box, stamp
from video_assets_tests.truth.plans import Defect

GRADES = {
    "neutral": ((1.0, 1.0, 1.0), 1.0, 0.0),
    "warm": ((1.06, 1.0, 0.88), 1.0, 0.0),
    "cool": ((0.9, 1.0, 1.08), 1.0, 0.0),
    "faded": ((0.97, 0.98, 0.95), 0.93, 14.0),
    "dense": ((1.02, 1.0, 0.99), 1.16, -3.0),
}
"""Grade to (gains of R, G, B; gamma; lift of the code values): what a camera puts on a scene."""
FLICKER_HZ, FLICKER_DEPTH = 6.0, 0.16
SHAKE = 0.012
"""RMS of a shaken camera's path, share of the frame's width."""
BLUR = 0.011
"""Sigma of a blur, share of the frame's height."""
OVEREXPOSED = 2.1
FLASH_FRAMES = 2


@lru_cache(maxsize=8)
def grade_table(name: str) -> np.ndarray:
    """uint8 (256, 1, 3): what the grade makes of every code value of R, G, B."""
    gains, gamma, lift = GRADES[name]
    x = np.arange(256)[:, None] / 255
    table = 255 * np.clip(x * np.array(gains), 0, 1) ** gamma * (1 - lift / 255) + lift
    return np.clip(np.rint(table), 0, 255).astype(np.uint8)[:, None, :]


@dataclass(frozen=True, slots=True)
class View:
    """Where a camera stands: what of the place it sees and where it puts the person."""

    centre: tuple[float, float]
    """Of the place's picture, shares."""
    zoom: float
    at: tuple[float, float]
    """Bridge of the nose, shares of the frame."""
    unit: float
    """Half a face's width, share of the frame's height."""


def view(camera: str, looks_right: bool) -> View:
    """Camera A sees a third of a person, B closer from another place on the same side."""
    x = 0.37 if looks_right else 0.63
    if camera == "A":
        return View((0.27, 0.47), 1.0, (x, 0.385), 0.13)
    return View((0.7, 0.45), 1.12, (x + (0.04 if looks_right else -0.04), 0.41), 0.176)


class Interview:
    """A person who speaks in a place, as one camera sees it; a function of the moment's time."""

    def __init__(
        self,
        size: tuple[int, int],
        place: np.ndarray,
        who: people.Person,
        unit: int,
        seen: View,
        acting: object,
        seed: int,
    ) -> None:
        self.size, self.place, self.seen, self.acting = size, place, seen, acting
        self._unit = seen.unit * size[1]
        scale = self._unit / unit
        self._heads = {key: _trimmed(_scaled(x, scale)) for key, x in who.heads.items()}
        self._back = _trimmed(_scaled(who.back, scale))
        self._body = _trimmed(_scaled(who.body, scale))
        self._phase = float(np.random.default_rng(seed).uniform(0, 6.28))

    def _drift(self, moment: float) -> tuple[float, float]:
        """Of the camera, pixels: a slow breath, as on a fluid head."""
        reach = 0.006 * self.size[0]
        return (
            reach * float(np.sin(0.31 * moment + self._phase)),
            0.4 * reach * float(np.sin(0.23 * moment + 2 * self._phase)),
        )

    def frame(self, moment: float) -> np.ndarray:
        """The picture at a time of the moment, RGB uint8."""
        width, height = self.size
        dx, dy = self._drift(moment)
        tall, wide = self.place.shape[:2]
        zoom = self.seen.zoom
        camera = np.array(
            [
                [zoom, 0, width / 2 - zoom * self.seen.centre[0] * wide + 0.6 * dx],
                [0, zoom, height / 2 - zoom * self.seen.centre[1] * tall + 0.6 * dy],
            ]
        )
        picture = cv2.warpAffine(
            self.place, camera, self.size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
        turn, nod, tilt, sway = self.acting.motion(moment)  # type: ignore[attr-defined]
        x, y, unit = self._nose(moment), self.seen.at[1] * height + dy, self._unit
        breath = 0.012 * float(np.sin(2 * np.pi * moment / 3.7))
        left, top = people.BODY[:2]
        body = _shift(x - 0.55 * sway * unit + left * unit, y + (top - people.LIFT + breath) * unit)
        head = _turned(x + 0.6 * turn * unit, y + 0.8 * nod * unit, tilt, unit)
        lag = _turned(x + 0.3 * turn * unit, y + 0.5 * nod * unit, tilt, unit)
        layers = (self._back, lag), (self._body, body), (self._heads[self._pose(moment)], head)
        for (layer, corner), matrix in layers:
            moved = matrix.copy()
            moved[:, 2] += matrix[:, :2] @ corner
            stamp(picture, layer, moved)
        return picture

    def _nose(self, moment: float) -> float:
        sway = self.acting.motion(moment)[3]  # type: ignore[attr-defined]
        return self.seen.at[0] * self.size[0] + self._drift(moment)[0] + sway * self._unit

    def _pose(self, moment: float) -> tuple[int, int, int]:
        pose = self.acting.pose(moment)  # type: ignore[attr-defined]
        opened = int(np.argmin([abs(pose.open - o) for o in people.OPENINGS]))
        wide = int(np.argmin([abs(pose.wide - w) for w in people.WIDTHS]))
        return opened, wide, int(pose.blink > 0.5)

    def boxes(self, moment: float) -> tuple[Box, Box]:
        """The person's and the face's box, shares of the frame."""
        width, height = self.size
        x = self._nose(moment) / width
        y = self.seen.at[1] + self._drift(moment)[1] / height
        across, down = self._unit / width, self._unit / height
        left = max(0.0, x - people.SHOULDER * across)
        right = min(1.0, x + people.SHOULDER * across)
        top = max(0.0, y + people.TOP * down)
        face = (x - 0.97 * across, y - 0.75 * down, 1.94 * across, 2.2 * down)
        return (left, top, right - left, 1 - top), face


def _scaled(layer: np.ndarray, scale: float) -> np.ndarray:
    size = (round(layer.shape[1] * scale), round(layer.shape[0] * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(layer, size, interpolation=way)


def _trimmed(layer: np.ndarray) -> tuple[np.ndarray, tuple[int, int]]:
    """A sprite without its empty edges, and where its corner (left, top) was."""
    seen = layer[..., 3] > 0
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    top, left = max(0, rows[0] - 1), max(0, columns[0] - 1)  # an empty pixel is left to fade into
    whole = layer[top : rows[-1] + 2, left : columns[-1] + 2]
    return np.ascontiguousarray(whole), (int(left), int(top))


def _shift(x: float, y: float) -> np.ndarray:
    return np.array([[1.0, 0, x], [0, 1, y]])


def _turned(x: float, y: float, tilt: float, unit: float) -> np.ndarray:
    """Sprite to frame: the head's bridge of the nose at (x, y), tilted about the neck's base."""
    c, s = float(np.cos(tilt)), float(np.sin(tilt))
    px, py = 2.2 * unit, (2.15 + 1.9) * unit  # the pivot in the sprite
    ax, ay = x, y + 1.9 * unit
    return np.array([[c, -s, ax - c * px + s * py], [s, c, ay - s * px - c * py]])


@dataclass(slots=True)
class Camera:
    """What happens between the scene and the file: flaws in spans, flashes, grade, grain."""

    size: tuple[int, int]
    fps: float
    grade: str
    defects: Sequence[Defect]
    flashes: Sequence[float]
    boom_at: float
    """Where a boom would hang, share of the width."""
    seed: int
    _grain: np.ndarray = field(init=False)
    _path: np.ndarray = field(init=False)
    _boom: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng([self.seed, 5])
        width, height = self.size
        fine = rng.normal(0, 1.5, (height + 64, width + 64))
        self._grain = np.repeat(np.rint(fine).astype(np.int16)[..., None], 3, axis=2)
        steps = rng.standard_normal((4000, 2))
        steps = np.stack([np.convolve(steps[:, k], [0.25, 0.5, 0.25], "same") for k in (0, 1)], 1)
        self._path = steps / steps.std() * SHAKE / 2**0.5 * width
        self._boom = _boom(round(0.34 * height), rng)

    def take(self, scene: np.ndarray, number: int) -> np.ndarray:
        """The frame of this number as the file holds it, RGB uint8."""
        t = number / self.fps
        now = {d.kind for d in self.defects if d.start <= t < d.end}
        picture = scene
        if "boom" in now:
            picture = self._with_boom(picture.copy(), t)
        if "shake" in now:
            dx, dy = self._path[number % len(self._path)]
            picture = cv2.warpAffine(
                picture, _shift(dx, dy), self.size, flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REFLECT,
            )  # fmt: skip
        if "blur" in now:
            picture = cv2.GaussianBlur(picture, (0, 0), BLUR * self.size[1])
        gain = OVEREXPOSED if "overexposed" in now else 1.0
        if "flicker" in now:
            gain *= 1 + FLICKER_DEPTH * float(np.sin(2 * np.pi * FLICKER_HZ * t))
        lift = 0.0
        for flash in self.flashes:
            since = round((t - flash) * self.fps)
            if 0 <= since < FLASH_FRAMES:
                gain, lift = 1.6, 90.0 - 30 * since
        if gain != 1.0 or lift:
            picture = cv2.convertScaleAbs(picture, alpha=gain, beta=lift)
        picture = cv2.LUT(picture, grade_table(self.grade))
        x, y = np.random.default_rng([self.seed, number]).integers(0, 64, 2)
        plate = self._grain[y : y + self.size[1], x : x + self.size[0]]
        return cv2.add(picture, plate, dtype=cv2.CV_8U)

    def _with_boom(self, picture: np.ndarray, t: float) -> np.ndarray:
        span = next(d for d in self.defects if d.kind == "boom" and d.start <= t < d.end)
        down = min(1.0, 4 * (t - span.start) + 0.4, 4 * (span.end - t) + 0.4)
        sway = 0.01 * self.size[0] * float(np.sin(1.7 * t))
        height, width = self._boom.shape[:2]
        x = self.boom_at * self.size[0] - width / 2 + sway
        stamp(picture, self._boom, _shift(x, (down - 1) * height - 0.06 * height))
        return picture


def _boom(tall: int, rng: np.random.Generator) -> np.ndarray:
    """A furry microphone that hangs from its pole, premultiplied."""
    wide = round(tall * 0.9)
    cover = np.zeros((tall, wide), np.float32)
    light = np.zeros((tall, wide), np.float32)
    cv2.line(light, (0, 0), (wide // 2, tall // 2), 40.0, max(2, tall // 22), cv2.LINE_AA)
    cv2.line(cover, (0, 0), (wide // 2, tall // 2), 1.0, max(2, tall // 22), cv2.LINE_AA)
    centre, axes = (wide / 2, tall * 0.6), (tall * 0.26, tall * 0.66)
    for _ in range(900):
        angle, far = float(rng.uniform(0, 6.28)), float(rng.random()) ** 0.5
        x = centre[0] + far * axes[0] / 2 * np.cos(angle)
        y = centre[1] + far * axes[1] / 2 * np.sin(angle)
        end = (
            x + float(rng.uniform(-0.04, 0.04)) * tall,
            y + float(rng.uniform(0.01, 0.07)) * tall,
        )
        ends = (round(x * 8), round(y * 8)), (round(end[0] * 8), round(end[1] * 8))
        cv2.line(light, *ends, float(rng.uniform(30, 84)), 2, cv2.LINE_AA, 3)
        cv2.line(cover, *ends, 1.0, 2, cv2.LINE_AA, 3)
    cover = np.clip(cover, 0, 1)
    return np.dstack([light * cover] * 3 + [cover]).astype(np.float32)
