"""B-roll of a balcony over a city at night."""

# numpy expressions are Any to mypy, and arrays change dtype on purpose between steps.
# mypy: disable-error-code="no-any-return,assignment,arg-type"

import cv2
import numpy as np

from video_assets.demo import lantern
from video_assets.demo.drawing import (
    Picture,
    add_glow,
    bloom,
    blurred,
    clouds,
    eased,
    grid,
    light,
    moved,
    over,
    ramp,
    smooth,
)
from video_assets.demo.props import city_lights
from video_assets.demo.rooms import WIDE_SIZE


def balcony(duration: float) -> Picture:
    """The lantern on a balcony's rail, a city of soft lights behind, a camera that slides past."""
    size = (2300, 1215)
    sky = ramp(
        size,
        [
            (0, light("#0b1730")),
            (0.3, light("#203c66") * 0.9),
            (0.45, light("#5d5f86") * 0.75),
            (0.53, light("#c97f5e") * 0.55),
            (0.6, light("#1a2636")),
            (1, light("#0a1018")),
        ],
    )
    sky *= (0.8 + 0.4 * clouds(size, (900, 120), 4, 140))[..., None]
    far_city = city_lights(size, 300, 20, 304, 0.50)
    near_city = city_lights(size, 90, 44, 404, 0.58)
    towers = np.zeros((size[1], size[0]), np.float32)
    rng = np.random.default_rng(143)
    x, y = grid(size)
    for _ in range(22):
        left, wide, top = rng.uniform(-40, size[0]), rng.uniform(60, 150), rng.uniform(0.40, 0.54)
        towers = np.maximum(
            towers,
            smooth(-2, 2, x - left)
            * smooth(-2, 2, left + wide - x)
            * smooth(top, top + 0.003, y / size[1]),
        )
    towers = blurred(towers.astype(np.float32), 9) * 0.8
    sky = sky * (1 - towers[..., None]) + light("#16223a") * 0.5 * towers[..., None]
    unit = 560.0
    lamp = lantern.render(unit)
    cars = rng.uniform(0, 1, (26, 4))
    rail_y = 905.0
    warm = light("#ffae52")
    bulbs = [(-40 + k * 150.0, 70 + 95 * np.sin((k + 0.3) * 0.42) ** 2) for k in range(15)]

    def frame(moment: float) -> np.ndarray:
        part = eased(moment / duration)
        shift = 80 - 160 * part
        picture = moved(sky, WIDE_SIZE, 1.0, (shift * 0.25, 0))
        picture += moved(far_city, WIDE_SIZE, 1.0, (shift * 0.45, 0))
        for cx, lane, speed, tone in cars:
            way = 1 if lane > 0.5 else -1
            px = ((cx + way * moment * (0.018 + 0.02 * speed)) % 1.1 - 0.05) * 1920 + shift * 0.5
            py = 700 + lane * 90
            hue = light("#ffe6c4") if way > 0 else light("#ff5a3c")
            add_glow(picture, (px, py), 13 + 8 * tone, hue * 0.34)
        picture += moved(near_city, WIDE_SIZE, 1.0, (shift * 0.7, 0)) * 0.7
        for k, (bx, by) in enumerate(bulbs):
            swing = 6 * np.sin(moment * 1.1 + k * 0.6)
            wink = 1 + 0.14 * np.sin(moment * 1.7 + k * 2.1)
            add_glow(picture, (bx + shift * 0.85 + swing, by), 15, light("#ffc777") * 1.0 * wink)
        flicker = 1 + 0.03 * np.sin(moment * 4.9) + 0.02 * np.sin(moment * 9.3)
        foot = (1190 + shift, rail_y + 22)
        add_glow(picture, lantern.lamp_centre(foot, unit), 260, warm * 0.22 * flicker)
        _rail(picture, shift, rail_y, foot[0], warm * flicker)
        sprite = lamp.at_glow(0.95 * flicker)
        x0, y0 = foot[0] - lantern.WIDE * unit / 2, foot[1] - (lantern.TALL - lantern.FOOT) * unit
        sub = np.array([[1, 0, x0 - np.floor(x0)], [0, 1, y0 - np.floor(y0)]], np.float32)
        over(
            picture,
            cv2.warpAffine(sprite, sub, sprite.shape[1::-1]),
            (int(np.floor(x0)), int(np.floor(y0))),
        )
        return bloom(picture, 0.24)

    return frame


def _rail(frame: np.ndarray, shift: float, top: float, lamp_x: float, warm: np.ndarray) -> None:
    """A broad wooden rail on dark balusters, lit by the lamp; in place."""
    height, width = frame.shape[:2]
    x = np.arange(width, dtype=np.float32)[None, :] + 0.5
    y = np.arange(int(top) - 8, height, dtype=np.float32)[:, None] + 0.5
    view = frame[int(top) - 8 :]
    near = 1 / (1 + ((x - lamp_x) / 300) ** 2) ** 1.3
    for k in range(-2, 24):
        cx = k * 96 + shift * 1.02
        far = (x - cx) / 11
        bar = smooth(1.04, 0.96, np.abs(far)) * smooth(top + 60, top + 64, y)
        tone = light("#10161c") * (0.5 + 0.5 * np.sqrt(np.clip(1 - far**2, 0, 1)))[..., None]
        tone = (
            tone + (np.clip(np.sign(lamp_x - cx) * far, 0, 1) ** 2 * near * 0.10)[..., None] * warm
        )
        view += bar[..., None] * (tone - view)
    grain = 0.85 + 0.15 * np.sin(
        (x - shift) * 0.011 + 2.2 * np.sin(y * 0.33 + 0.6 * np.sin((x - shift) * 0.004))
    )
    flat = smooth(top - 1, top + 1, y) * smooth(top + 45, top + 43, y)
    lit = near * (1 - 0.75 * np.exp(-(((x - lamp_x) / 150) ** 2 + ((y - top - 22) / 13) ** 2)))
    tone = (
        light("#6d5a48")
        * grain[..., None]
        * (lit[..., None] * warm * 1.9 + light("#4a5f8c") * 0.35)
    )
    view += flat[..., None] * (tone - view)
    front = smooth(top + 43, top + 45, y) * smooth(top + 66, top + 63, y)
    tone = (
        light("#5b3c26")
        * grain[..., None]
        * (near[..., None] * warm * 0.30 + light("#4a5f8c") * 0.14)
    )
    view += front[..., None] * (tone - view)
