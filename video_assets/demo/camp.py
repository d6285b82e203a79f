"""B-roll of a tent glowing under the stars."""

# numpy expressions are Any to mypy, and arrays change dtype on purpose between steps.
# mypy: disable-error-code="no-any-return,assignment,arg-type"

import cv2
import numpy as np

from video_assets.demo.drawing import (
    Picture,
    add_glow,
    bloom,
    clouds,
    eased,
    grid,
    light,
    moved,
    over,
    ramp,
    smooth,
    solid,
)
from video_assets.demo.land import fog_sheet, ridge, slid
from video_assets.demo.rooms import WIDE_SIZE


def tent(duration: float, size: tuple[int, int] = WIDE_SIZE) -> Picture:
    """A tent glowing from within under a sky of stars, firs around it, fireflies in the grass."""
    wide = (2160, 1215)
    sky = ramp(
        wide,
        [
            (0, light("#071128")),
            (0.4, light("#12284a")),
            (0.62, light("#2b4a68") * 0.9),
            (0.75, light("#3d5f6c") * 0.7),
            (1, light("#152420")),
        ],
    )
    x, y = grid(wide)
    across = (y - 640 + 0.55 * (x - 900)) / 240
    milky = (
        np.exp(-(across**2))
        * (0.35 + clouds(wide, (220, 160), 5, 100))
        * smooth(0.62, 0.3, y / wide[1])
    )
    sky += milky[..., None] * light("#7f93c4") * 0.16
    rng = np.random.default_rng(101)
    stars = [
        (
            rng.uniform(0, wide[0]),
            rng.uniform(0, 760),
            rng.pareto(2.4) * 0.5 + 0.18,
            rng.uniform(0, 6.28),
            rng.uniform(1.2, 3.4),
        )
        for _ in range(520)
    ]
    far_trees = solid(light("#16303a") * 0.75, ridge(wide, 0.70, 0.02, 102, 190))
    mid_trees = solid(light("#0c1f24") * 0.7, ridge(wide, 0.755, 0.015, 103, 330) * 1.0)
    grass = _grass(wide)
    shelter, glow = _shelter(wide)
    fog = fog_sheet((wide[0], 260), 104)
    fade = np.sin(np.linspace(0.01, 3.13, 260, dtype=np.float32))[:, None] ** 1.4
    flies = rng.uniform(0, 1, (26, 6))

    def frame(moment: float) -> np.ndarray:
        part = eased(moment / duration)
        shift = 55 - 110 * part
        picture = moved(sky, WIDE_SIZE, 1.0, (shift * 0.12, 20))
        for sx, sy, mag, phase, speed in stars:
            px, py = sx - 120 + shift * 0.12, sy - 47
            wink = 0.72 + 0.28 * np.sin(moment * speed + phase)
            add_glow(
                picture,
                (px, py),
                0.75 + 0.28 * min(mag, 2.5),
                light("#dbe6ff") * min(2.2, mag * 1.2) * wink,
            )
        over(picture, moved(far_trees, WIDE_SIZE, 1.0, (shift * 0.3, 20)))
        sheet = slid(fog, 1920, 260 + 26 * moment) * fade
        view = picture[640:900]
        view += (sheet * 0.34)[..., None] * (light("#7f98a6") * 0.34 - view)
        over(picture, moved(mid_trees, WIDE_SIZE, 1.0, (shift * 0.55, 20)))
        flicker = 1 + 0.05 * np.sin(moment * 3.3) + 0.03 * np.sin(moment * 7.1 + 1)
        add_glow(picture, (985 + shift, 830), 300, light("#ff9f45") * 0.20 * flicker)
        over(picture, moved(grass, WIDE_SIZE, 1.0, (shift, 20)))
        add_glow(picture, (985 + shift, 948), 330, light("#ff9f45") * 0.16 * flicker, 0.2)
        layer = moved(shelter, WIDE_SIZE, 1.0, (shift, 20))
        layer[..., :3] += moved(
            glow, WIDE_SIZE, 1.0, (shift, 20), edge=cv2.BORDER_CONSTANT
        ) * np.float32(flicker)
        over(picture, layer)
        for fx, fy, fz, a, b, c in flies:
            px = (
                fx * 2000 + 60 * np.sin(moment * (0.5 + a) + 6 * b) + 22 * moment * (a - 0.5)
            ) + shift * (1 + fz)
            py = 800 + fy * 240 + 26 * np.sin(moment * (0.7 + b) + 6 * c)
            pulse = max(0.0, np.sin(moment * (1.3 + c) + 6.28 * a)) ** 2
            add_glow(picture, (px, py), 2.2 + 3 * fz, light("#d8f06a") * 2.4 * pulse)
        sheet = slid(fog, 1920, 900 - 44 * moment) * fade
        view = picture[800:1060]
        view += (sheet * 0.16)[..., None] * (light("#93a9a8") * 0.3 - view)
        picture = bloom(picture, 0.24)
        return (
            picture
            if size == WIDE_SIZE
            else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        )

    return frame


def _shelter(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A ridge tent: its dusk-lit cloth (premultiplied) and its inner glow."""
    x, y = grid(size)
    cx, top, foot = 1105.0, 640.0, 965.0
    fall = np.clip((y - top) / (foot - top), 0, 1)
    # The walls sag a little between ridge and peg.
    half = 330 * (fall**1.12) + 10
    cover = (
        smooth(1.5, -1.5, np.abs(x - cx) - half)
        * smooth(top - 2, top + 2, y)
        * smooth(foot + 2, foot - 2, y + 0.00004 * (x - cx) ** 2)
    )
    s = np.clip((x - cx) / np.maximum(half, 1), -1, 1)
    weave = clouds(size, (70, 240), 4, 110)
    seam = np.exp(-((np.abs(np.abs(s) - 0.46) / 0.012) ** 2)) + 0.8 * np.exp(
        -((np.abs(s) / 0.010) ** 2)
    )
    door = smooth(0.30, 0.24, np.abs(s) + 0.10 * (1 - fall)) * smooth(0.30, 0.42, fall)
    cloth = light("#3d5548") * (0.20 + 0.12 * (1 - np.abs(s)))[..., None]
    lamp = np.exp(-(((x - cx) / 170) ** 2 + ((y - 880) / 120) ** 2))
    spread = 0.34 + 0.66 * np.exp(-((s / 0.75) ** 2)) * (0.35 + 0.65 * fall)
    shine = light("#f7a24a") * (0.62 * spread * (0.75 + 0.5 * weave))[..., None]
    shine = shine + light("#ffcf8a") * (1.15 * lamp)[..., None]
    shine = shine * (1 - 0.55 * np.clip(seam, 0, 1))[..., None]
    # Through the half-open door: the lantern itself, small and bright.
    inside = (
        light("#ffc277")
        * (0.7 + 1.6 * np.exp(-(((x - cx) / 60) ** 2 + ((y - 905) / 70) ** 2)))[..., None]
    )
    shine = shine * (1 - 0.55 * door[..., None]) + inside * (0.55 * door)[..., None]
    body = np.exp(-(((x - cx) / 17) ** 4 + ((y - 915) / 30) ** 4))
    shine = shine + light("#fff0cc") * (5.0 * body)[..., None]
    for fy, thick in ((878, 5), (952, 12)):
        dark = np.exp(-(((x - cx) / 24) ** 6 + ((y - fy) / thick) ** 4))
        shine = shine * (1 - 0.9 * dark)[..., None]
    edge = np.exp(-((np.abs(np.abs(x - cx) - half) / 4.0) ** 2)) * 0.4
    shine = shine * (1 - edge)[..., None]
    shelter = np.dstack([cloth * cover[..., None], cover]).astype(np.float32)
    lines = np.zeros(size[::-1], np.uint8)
    for side in (-1, 1):
        cv2.line(
            lines, (int(cx), int(top)), (int(cx + side * 520), int(foot + 18)), 255, 2, cv2.LINE_AA
        )
    rope = (lines.astype(np.float32) / 255 * 0.5) * (1 - cover)
    shelter[..., :3] += rope[..., None] * light("#c99a6a") * 0.3
    shelter[..., 3] = np.maximum(shelter[..., 3], rope)
    return shelter, (shine * cover[..., None]).astype(np.float32)


def _grass(size: tuple[int, int]) -> np.ndarray:
    """The clearing: dark ground, blades that catch the tent's light."""
    x, y = grid(size)
    width, height = size
    ground = light("#16281f") * (0.4 + 0.5 * clouds(size, (120, 40), 4, 120))[..., None]
    cover = np.repeat(smooth(0.775, 0.79, y / height), width, axis=1)
    far = np.hypot((x - 1105) / 520, (y - 985) / 130)
    warm = (0.9 / (1 + far**2) ** 1.5)[..., None]
    ground = ground * (1 + warm * light("#ffae5a") * 9)
    rng = np.random.default_rng(121)
    blades = np.zeros((height, width, 3), np.float32)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(5200):
        depth = rng.random() ** 0.7
        px, py = rng.uniform(0, width), height * (0.785 + 0.24 * depth)
        tall = 10 + 42 * depth**2
        lean = rng.normal(0, 0.35) * tall
        near = 1.1 / (1 + ((px - 1105) / 520) ** 2 + ((py - 985) / 130) ** 2) ** 1.4
        tone = light("#22402c") * rng.uniform(0.25, 0.8) + light("#c98a3a") * near * rng.uniform(
            0.05, 0.4
        )
        ends = (int(px * 8), int(py * 8)), (int((px + lean) * 8), int((py - tall) * 8))
        cv2.line(blades, *ends, tuple(float(c) for c in tone), 1 + int(depth * 2), cv2.LINE_AA, 3)
        cv2.line(mask, *ends, 255, 1 + int(depth * 2), cv2.LINE_AA, 3)
    blade = mask.astype(np.float32) / 255
    mixed = ground * cover[..., None] * (1 - blade[..., None]) + blades
    return np.dstack([mixed, np.maximum(cover, blade)]).astype(np.float32)
