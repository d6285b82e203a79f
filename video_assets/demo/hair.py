"""Hair: strands between guide curves, each lit along its own direction."""

# numpy expressions are Any to mypy, and arrays change dtype on purpose between steps.
# mypy: disable-error-code="no-any-return,assignment,arg-type"

import cv2
import numpy as np
from scipy.interpolate import PchipInterpolator

from video_assets.demo.drawing import (
    blurred,
    smooth,
)
from video_assets.demo.face import BOTTOM, LEFT, RIGHT, SCALE, TOP, Light


def _strand(
    picture: np.ndarray, cover: np.ndarray, points: np.ndarray, colours: np.ndarray, thick: int
) -> None:
    pixels = np.rint(((points - (LEFT, TOP)) * SCALE - 0.5) * 16).astype(np.int32)
    for a, b, colour in zip(pixels[:-1], pixels[1:], colours, strict=False):
        ends = (int(a[0]), int(a[1])), (int(b[0]), int(b[1]))
        cv2.line(picture, *ends, tuple(float(c) for c in colour), thick, cv2.LINE_AA, 4)
        cv2.line(cover, *ends, 255, thick, cv2.LINE_AA, 4)


def _along(guide: list[tuple[float, float]], count: int = 26) -> np.ndarray:
    knots = np.array(guide)
    at = np.linspace(0, 1, len(knots))
    fine = np.linspace(0, 1, count)
    return np.stack([PchipInterpolator(at, knots[:, k])(fine) for k in (0, 1)], 1)


def hair(
    guides: list[list[tuple[float, float]]],
    colour: np.ndarray,
    lights: list[Light],
    ambient: np.ndarray,
    strands: int,
    seed: int,
    thick: int = 3,
) -> np.ndarray:
    """A premultiplied layer of strands between guide curves, lit along their direction."""
    rng = np.random.default_rng(seed)
    width, height = round((RIGHT - LEFT) * SCALE), round((BOTTOM - TOP) * SCALE)
    picture = np.zeros((height, width, 3), np.uint8)
    cover = np.zeros((height, width), np.uint8)
    curves = [_along(guide) for guide in guides]
    order = np.sort(rng.random(strands)) * (len(curves) - 1)
    rng.shuffle(order)
    for number, position in enumerate(order):
        k = min(int(position), len(curves) - 2)
        part = position - k
        points = curves[k] * (1 - part) + curves[k + 1] * part
        wave = np.linspace(0, 1, len(points))
        wobble = 0.012 * np.sin(wave * rng.uniform(6, 11) + rng.uniform(0, 6)) * wave
        stray = rng.normal(0, 0.03) * wave**2
        # Locks wave together; only the free ends swing.
        curl = 0.045 * np.sin(points[:, 1] * 4.6 + 1.1 * np.sign(points[:, 0]) + 0.5 * k)
        stray = stray + (curl * smooth(-0.3, 0.9, points[:, 1]) if thick != 3 else 0.0)
        tangent = np.gradient(points, axis=0)
        tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-6
        normal = np.stack([-tangent[:, 1], tangent[:, 0]], 1)
        points = points + normal * (wobble + stray)[:, None]
        # The last strands lie on top: lighter, so that locks read as depth.
        depth = 0.35 + 0.75 * number / strands * rng.uniform(0.7, 1.25)
        lit = np.broadcast_to(ambient * 0.8, (len(points), 3)).copy()
        for lamp in lights:
            direction = np.array(lamp.towards) / np.linalg.norm(lamp.towards)
            # A strand shines where it runs across the light and bulges towards it.
            along = tangent @ direction[:2]
            out = points / (np.linalg.norm(points, axis=1, keepdims=True) + 1e-6)
            side = np.clip(0.45 + 0.6 * (out @ direction[:2]) + 0.2 * direction[2], 0, 1.3)
            gloss = np.sqrt(np.clip(1 - along**2, 0, 1)) ** 7
            lit += lamp.colour * (0.55 * side[:, None] + 1.3 * (gloss * side)[:, None])
        lit = colour * lit * depth
        shown = (np.clip(lit, 0, 1) ** (1 / 2.2) * 255)[:, ::1]
        end = len(points) if rng.random() < 0.35 else int(len(points) * rng.uniform(0.78, 1))
        _strand(picture, cover, points[:end], shown[:end], thick)
    alpha = blurred(cover.astype(np.float32) / 255, 1.0)
    linear = (picture.astype(np.float32) / 255) ** 2.2
    linear = blurred(linear, 0.8)
    return np.dstack([linear * smooth(0, 0.8, alpha)[..., None], alpha]).astype(np.float32)


LONG_BACK = [
    [(0.1, -1.79), (-0.6, -1.66), (-1.04, -1.1), (-1.22, -0.1), (-1.22, 0.95), (-1.04, 1.8)],
    [(0.0, -1.70), (-0.6, -1.45), (-0.9, -0.7), (-1.0, 0.3), (-0.98, 1.1), (-0.82, 1.88)],
    [(0.0, -1.6), (-0.3, -1.3), (-0.45, -0.4), (-0.5, 0.5), (-0.55, 1.2), (-0.5, 1.7)],
    [(0.0, -1.6), (0.3, -1.3), (0.45, -0.4), (0.5, 0.5), (0.55, 1.2), (0.5, 1.7)],
    [(0.1, -1.70), (0.6, -1.45), (0.9, -0.7), (1.0, 0.3), (0.98, 1.1), (0.82, 1.88)],
    [(0.2, -1.79), (0.72, -1.64), (1.08, -1.1), (1.22, -0.1), (1.22, 0.95), (1.04, 1.8)],
]
# Parted on her left (x > 0): one broad sweep across the brow, one short fall.
LONG_SWEEP = [
    [(0.26, -1.24), (-0.06, -1.08), (-0.5, -0.8), (-0.82, -0.4), (-0.96, 0.1), (-1.0, 0.6)],
    [(0.28, -1.42), (-0.22, -1.34), (-0.74, -1.0), (-1.0, -0.38), (-1.06, 0.45), (-0.96, 1.3)],
    [(0.26, -1.62), (-0.28, -1.58), (-0.8, -1.22), (-1.1, -0.42), (-1.17, 0.6), (-1.02, 1.55)],
    [(0.24, -1.80), (-0.3, -1.77), (-0.86, -1.38), (-1.17, -0.5), (-1.25, 0.6), (-1.1, 1.72)],
]
LONG_FALL = [
    [(0.26, -1.24), (0.5, -1.04), (0.76, -0.72), (0.92, -0.3), (1.0, 0.2), (1.0, 0.7)],
    [(0.28, -1.42), (0.62, -1.28), (0.92, -0.86), (1.03, -0.24), (1.06, 0.5), (0.97, 1.3)],
    [(0.26, -1.62), (0.64, -1.54), (0.98, -1.12), (1.13, -0.34), (1.17, 0.6), (1.02, 1.55)],
    [(0.24, -1.80), (0.66, -1.72), (1.02, -1.3), (1.19, -0.4), (1.25, 0.6), (1.1, 1.72)],
]
SHORT_BACK = [
    [(-0.93, -0.1), (-1.0, -0.4), (-1.04, -0.8), (-0.98, -1.15)],
    [(-0.8, -0.9), (-0.9, -1.2), (-0.84, -1.5), (-0.6, -1.72)],
    [(-0.3, -1.2), (-0.35, -1.5), (-0.2, -1.72), (0.1, -1.84)],
    [(0.3, -1.2), (0.36, -1.5), (0.42, -1.7), (0.6, -1.76)],
    [(0.8, -0.9), (0.93, -1.2), (0.95, -1.42), (0.84, -1.55)],
    [(0.93, -0.1), (1.0, -0.4), (1.04, -0.8), (0.98, -1.15)],
]
SHORT_FRONT = [
    [(-0.9, -0.3), (-0.95, -0.62), (-0.93, -0.95), (-0.8, -1.2)],
    [(-0.8, -0.78), (-0.86, -1.05), (-0.76, -1.32), (-0.5, -1.5)],
    [(-0.62, -1.0), (-0.62, -1.28), (-0.44, -1.54), (-0.1, -1.66)],
    [(-0.2, -1.08), (-0.16, -1.4), (0.06, -1.64), (0.38, -1.72)],
    [(0.3, -1.06), (0.36, -1.36), (0.52, -1.56), (0.74, -1.58)],
    [(0.68, -0.92), (0.76, -1.16), (0.86, -1.32), (0.94, -1.34)],
    [(0.84, -0.62), (0.9, -0.86), (0.96, -1.02), (0.99, -1.08)],
    [(0.9, -0.3), (0.95, -0.55), (0.99, -0.75), (1.0, -0.9)],
]
