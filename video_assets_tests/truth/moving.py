"""A shot that moves: a plate under a camera that goes from one place to another, things on it."""

# numpy expressions are Any to mypy, and arrays change dtype on purpose between steps.
# mypy: disable-error-code="no-any-return,assignment,arg-type"

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

Box = tuple[float, float, float, float]


def stamp(frame: np.ndarray, layer: np.ndarray, matrix: np.ndarray) -> None:
    """Lays a premultiplied layer on an 8-bit frame in place, moved by a 2 x 3 affine matrix."""
    height, width = layer.shape[:2]
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]]) @ matrix.T
    x0, y0 = np.floor(corners.min(axis=0)).astype(int)
    x1, y1 = np.ceil(corners.max(axis=0)).astype(int) + 1
    x0, y0 = max(0, x0), max(0, y0)
    x1, y1 = min(frame.shape[1], x1), min(frame.shape[0], y1)
    if x1 <= x0 or y1 <= y0:
        return
    shifted = matrix.astype(np.float64).copy()
    shifted[:, 2] -= (x0, y0)
    part = cv2.warpAffine(layer, shifted, (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR)
    view = frame[y0:y1, x0:x1]
    clear = 1 - cv2.merge([part[..., 3]] * 3)
    kept = cv2.multiply(view, clear, dtype=cv2.CV_32F)
    view[:] = cv2.add(kept, cv2.cvtColor(part, cv2.COLOR_BGRA2BGR), dtype=cv2.CV_8U)


@dataclass(slots=True)
class Shot:
    """One shot: what is painted, what moves, and how the camera goes over it in `seconds`."""

    size: tuple[int, int]
    seconds: float
    plate: np.ndarray
    path: tuple[tuple[float, float, float], tuple[float, float, float]]
    """Camera at start and end: centre as shares of the plate, zoom (1.0 shows 1 / 1.4 of it)."""
    subject: Box = (0.0, 0.0, 1.0, 1.0)
    """What the shot is about, shares of the plate, at time 0."""
    things: list[tuple[np.ndarray, float, float, float]] = field(default_factory=list)
    """(sprite, left, top, speed to the right), plate pixels and pixels a second."""
    speed: float = 0.0
    """Of the subject, shares of the plate's width a second."""
    effects: list[Callable[[np.ndarray, np.ndarray, float], None]] = field(default_factory=list)
    """Each changes the frame in place, given the camera's matrix and the time."""

    def camera(self, t: float) -> np.ndarray:
        """2 x 3 matrix from plate to frame pixels."""
        part = min(max(t / self.seconds, 0.0), 1.0)
        part = 0.4 * part * part * (3 - 2 * part) + 0.6 * part
        a, b = self.path
        x, y, zoom = (p + (q - p) * part for p, q in zip(a, b, strict=True))
        height, width = self.plate.shape[:2]
        return np.array(
            [
                [zoom, 0, self.size[0] / 2 - zoom * x * width],
                [0, zoom, self.size[1] / 2 - zoom * y * height],
            ]
        )

    def frame(self, t: float) -> np.ndarray:
        """The picture at `t` seconds, RGB uint8."""
        camera = self.camera(t)
        picture = cv2.warpAffine(
            self.plate, camera, self.size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
        for sprite, left, top, speed in self.things:
            move = np.array([[1, 0, left + speed * t], [0, 1, top], [0, 0, 1]])
            stamp(picture, sprite, camera @ move)
        for effect in self.effects:
            effect(picture, camera, t)
        return picture

    def box(self, t: float) -> Box:
        """The subject's box at `t`, shares of the frame, clipped to it."""
        camera = self.camera(t)
        height, width = self.plate.shape[:2]
        x, y, w, h = self.subject
        x += self.speed * t
        ends = []
        for axis, low, high, whole in ((0, x * width, (x + w) * width, self.size[0]),
                                       (1, y * height, (y + h) * height, self.size[1])):  # fmt: skip
            zoom, shift = camera[axis, axis], camera[axis, 2]
            ends.append([min(max((v * zoom + shift) / whole, 0.0), 1.0) for v in (low, high)])
        (left, right), (top, bottom) = ends
        return left, top, right - left, bottom - top
