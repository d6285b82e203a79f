"""Small things that scenes are built from: boxes, discs, leaves, far lights."""

# numpy expressions are Any to mypy, and arrays change dtype on purpose between steps.
# mypy: disable-error-code="no-any-return,assignment,arg-type"

import cv2
import numpy as np

from video_assets.demo.drawing import (
    defocused,
    grid,
    light,
    smooth,
)


def box(
    picture: np.ndarray,
    area: tuple[float, float, float, float],
    colour: np.ndarray,
    soft: float = 1.5,
    cover: float = 1.0,
) -> None:
    """Paints a rectangle (left, top, right, bottom in pixels) in place."""
    x, y = grid((picture.shape[1], picture.shape[0]))
    inside = smooth(-soft, soft, x - area[0]) * smooth(-soft, soft, area[2] - x)
    inside = inside * smooth(-soft, soft, y - area[1]) * smooth(-soft, soft, area[3] - y)
    picture += (inside * cover)[..., None] * (colour - picture)


def disc(
    picture: np.ndarray,
    at: tuple[float, float],
    radius: float,
    colour: np.ndarray,
    squash: float = 1.0,
) -> None:
    """Paints an ellipse in place."""
    x, y = grid((picture.shape[1], picture.shape[0]))
    far = np.hypot(x - at[0], (y - at[1]) / squash)
    picture += smooth(radius + 1.5, radius - 1.5, far)[..., None] * (colour - picture)


def leaves(
    picture: np.ndarray, at: tuple[float, float], reach: float, seed: int, colour: np.ndarray
) -> None:
    """Paints a bush of leaves in place: root at `at`, leaves out to `reach` pixels."""
    rng = np.random.default_rng(seed)
    for _ in range(46):
        angle = rng.uniform(-np.pi * 1.02, 0.02)
        far = reach * rng.uniform(0.35, 1.0)
        centre = (at[0] + far * np.cos(angle) * 0.8, at[1] + far * np.sin(angle))
        mask = np.zeros(picture.shape[:2], np.uint8)
        size = (reach * rng.uniform(0.25, 0.4), reach * rng.uniform(0.09, 0.15))
        cv2.ellipse(
            mask, (centre, size, np.degrees(angle) + rng.normal(0, 18)), 255, -1, cv2.LINE_AA
        )
        tone = colour * rng.uniform(0.45, 1.5)
        picture += (mask[..., None].astype(np.float32) / 255) * (tone - picture)


def twinkle(moment: float, seed: int) -> float:
    """A slow shimmer about 1; every `seed` has its own time."""
    return 1 + 0.16 * np.sin(2 * np.pi * moment * (0.23 + 0.05 * (seed % 5)) + seed * 1.7)


def city_lights(
    size: tuple[int, int], count: int, radius: float, seed: int, horizon: float
) -> np.ndarray:
    """Defocused lights of a city below `horizon` (0..1 of the height), on black."""
    rng = np.random.default_rng(seed)
    width, height = size
    sheet = np.zeros((height, width, 3), np.float32)
    shades = ["#ffb45e", "#ffc987", "#ff9a4a", "#ffe2b8", "#9fc4ff", "#6fd0c8", "#ff7a5a"]
    chance = np.array([6, 6, 4, 4, 2, 1, 1.5]) / 24.5
    for _ in range(count):
        depth = rng.random() ** 1.6
        x, y = (
            rng.uniform(0, width),
            height * (horizon + (1 - horizon) * depth * 0.85) + rng.normal(0, 6),
        )
        colour = light(shades[int(rng.choice(len(shades), p=chance))])
        size_px = radius * (0.07 + 0.13 * depth)
        cv2.circle(
            sheet,
            (round(x * 8), round(y * 8)),
            max(8, round(size_px * 8)),
            tuple(float(c) for c in colour * rng.uniform(2, 14)),
            -1,
            cv2.LINE_AA,
            3,
        )
    return defocused(sheet, radius)
