"""B-roll of a desk on a rainy evening: lantern, book, mug, drops on the window."""

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
from video_assets.demo.products import mirrored, pool_of_light, wood
from video_assets.demo.props import box, city_lights
from video_assets.demo.rooms import WIDE_SIZE


def _stand(frame: np.ndarray, sprite: np.ndarray, foot: tuple[float, float], unit: float) -> None:
    x = foot[0] - lantern.WIDE * unit / 2
    y = foot[1] - (lantern.TALL - lantern.FOOT) * unit
    fx, fy = x - np.floor(x), y - np.floor(y)
    matrix = np.array([[1, 0, fx], [0, 1, fy]], np.float32)
    over(
        frame,
        cv2.warpAffine(sprite, matrix, sprite.shape[1::-1]),
        (int(np.floor(x)), int(np.floor(y))),
    )


def desk(duration: float) -> Picture:
    """The lantern on a desk beside an open book, rain running down the window behind."""
    size = (2160, 1215)
    night = ramp(
        size,
        [
            (0, light("#0d1c33")),
            (0.5, light("#27496e") * 0.75),
            (0.72, light("#1a2c42")),
            (1, light("#0c141e")),
        ],
    )
    night *= (0.8 + 0.4 * clouds(size, (500, 300), 3, 70))[..., None]
    night = night + city_lights(size, 130, 26, 301, 0.24) * 0.8
    horizon = 0.66
    table = wood(size, horizon, "#6a5540", 73, 4.0)
    cover = np.repeat(
        smooth(horizon - 0.004, horizon + 0.006, grid(size)[1] / size[1]), size[0], axis=1
    )
    unit, foot0 = 520, (730.0, 985.0)
    pool = pool_of_light(size, foot0, unit * 1.25)
    warm = light("#ffb053")
    lit = table * (pool * warm * 2.0 + light("#31496a") * 0.30)
    ground = np.dstack([lit * cover[..., None], cover]).astype(np.float32)
    book = _book(size)
    lamp = lantern.render(unit)
    drops, runs = _drops(74)

    def frame(moment: float) -> np.ndarray:
        part = eased(moment / duration)
        shift = 46 - 92 * part
        zoom = 1.0 + 0.025 * part
        picture = moved(night, WIDE_SIZE, 1.0, (shift * 0.4, 30))
        _rain_on(picture, drops, runs, moment, shift * 0.75)
        for bar in (600.0, 1420.0):
            box(
                picture,
                (bar + shift * 0.8 - 13, 0, bar + shift * 0.8 + 13, 760),
                light("#2a3138") * 0.25,
                2.5,
            )
        box(picture, (-20, 725, 1940, 800), light("#3a3530") * 0.22, 4)
        over(picture, moved(ground, WIDE_SIZE, zoom, (shift, 0)))
        foot = (
            WIDE_SIZE[0] / 2 + (foot0[0] - size[0] / 2) * zoom + shift,
            WIDE_SIZE[1] / 2 + (foot0[1] - size[1] / 2) * zoom,
        )
        flicker = 1 + 0.03 * np.sin(moment * 4.9) + 0.02 * np.sin(moment * 9.3)
        add_glow(picture, lantern.lamp_centre(foot, unit), 250, warm * 0.22 * flicker)
        over(picture, moved(book, WIDE_SIZE, zoom, (shift * 1.06, 0)))
        sprite = lamp.at_glow(0.92 * flicker)
        mirrored(picture, sprite, foot, unit, 0.06)
        _stand(picture, sprite, foot, unit)
        _steam(picture, (1588 + shift * 1.06, 640.0), moment)
        return bloom(picture, 0.24)

    return frame


def _book(size: tuple[int, int]) -> np.ndarray:
    """An open book lying to the right of the lamp, and a mug behind it; premultiplied."""
    width, height = size
    left, right, back, front = 1060.0, 1760.0, 905.0, 1115.0
    flat_w, flat_h = 900, 520
    page = np.full((flat_h, flat_w, 3), 1.0, np.float32) * light("#efe3cb")
    x, y = grid((flat_w, flat_h))
    fold = np.abs(x / flat_w - 0.5)
    page *= (0.38 + 0.62 * smooth(0.0, 0.16, fold) - 0.12 * smooth(0.3, 0.5, fold))[..., None]
    rng = np.random.default_rng(75)
    for side in (0, 1):
        for line in range(19):
            end = 380 if rng.random() < 0.84 else rng.uniform(160, 330)
            at = 34 + side * 452
            while at < 34 + side * 452 + end - 20:
                word = rng.uniform(12, 42)
                box(
                    page,
                    (at, 40 + line * 23, min(at + word, 34 + side * 452 + end), 46 + line * 23),
                    light("#4a3f33") * 0.8,
                    1.6,
                    0.55,
                )
                at += word + 8
    source = np.array([[0, 0], [flat_w, 0], [flat_w, flat_h], [0, flat_h]], np.float32)
    goal = np.array(
        [[left + 60, back], [right - 130, back - 6], [right + 30, front], [left - 90, front + 10]],
        np.float32,
    )
    matrix = cv2.getPerspectiveTransform(source, goal)
    sheet = np.dstack([page, np.ones((flat_h, flat_w), np.float32)])
    laid = cv2.warpPerspective(sheet, matrix, size, flags=cv2.INTER_AREA)
    # Each page swells between fold and edge: rows are lifted by the height there.
    x, y = grid(size)
    inverse = np.linalg.inv(matrix).astype(np.float32)
    across = (
        (inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2])
        / (inverse[2, 0] * x + inverse[2, 1] * y + inverse[2, 2])
        / flat_w
    )
    swell = np.sin(np.pi * np.clip(np.abs(across - 0.5) * 2, 0, 1) ** 0.62) * 30 - 6
    map_x = np.broadcast_to(x - 0.5, laid.shape[:2]).astype(np.float32)
    laid = cv2.remap(laid, map_x, (y - 0.5 + swell).astype(np.float32), cv2.INTER_LINEAR)
    tilt = np.clip((across - 0.5) * 2, -1, 1)
    facing = 1 + 0.22 * np.sign(tilt) * np.cos(np.pi * np.abs(tilt) ** 0.62)
    laid[..., :3] *= facing[..., None].astype(np.float32)
    near = 1.25 / (1 + ((x - 730) / 620) ** 2 + ((y - 985) / 420) ** 2) ** 1.3
    laid[..., :3] *= light("#ffb86a") * near[..., None] * 1.2 + light("#31496a") * 0.35
    # The block of pages and the cover beneath show as a thin dark edge at the front.
    block = np.clip(np.roll(laid[..., 3], 16, 0) - laid[..., 3], 0, 1)
    paper = light("#b59b74") * (0.5 + 0.3 * np.sin(y * 1.9))[..., None] * near[..., None] * 0.8
    laid[..., :3] += block[..., None] * paper
    laid[..., 3] = np.maximum(laid[..., 3], block)
    shadow = blurred(np.roll(laid[..., 3], (12, 14), (0, 1)), 9) * 0.55
    out = np.zeros((height, width, 4), np.float32)
    out[..., 3] = shadow
    over(out[..., :3], laid)
    out[..., 3] = np.maximum(out[..., 3], laid[..., 3])
    # The mug: a short glazed cylinder.
    cx, rim_y, base_y, radius = 1790.0, 735.0, 905.0, 82.0
    sx = np.clip((x - cx) / radius, -1, 1)
    body = smooth(1.01, 0.99, np.abs((x - cx) / radius)) * smooth(rim_y - 1, rim_y + 1, y + 0 * x)
    body = body * smooth(base_y + 18, base_y + 15, y - 16 * np.sqrt(1 - sx**2) + 16)
    lit = np.clip(-0.75 * sx + 0.3, 0, 1) ** 1.2
    glaze = light("#3c6470") * (0.10 + 0.9 * lit)[..., None] * light("#ffc080")
    glaze = glaze + (np.exp(-(((sx + 0.6) / 0.09) ** 2)) * 0.35)[..., None] * light("#ffd9a0")
    glaze = glaze + (np.exp(-(((sx - 0.85) / 0.12) ** 2)) * 0.10)[..., None] * light("#8fb4ff")
    ring = np.hypot((x - cx) / radius, (y - rim_y) / 17)
    for mask, colour in (
        (body, glaze),
        (smooth(1.02, 0.99, ring), light("#5d8c98") * 0.35),
        (smooth(0.9, 0.87, ring), light("#2a1608") * 0.4),
    ):
        out[..., :3] += mask[..., None] * (colour - out[..., :3])
        out[..., 3] = np.maximum(out[..., 3], mask)
    return out


def _drops(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    drops = np.stack(
        [rng.uniform(0, 1920, 330), rng.uniform(0, 760, 330), rng.gamma(2.2, 2.4, 330) + 2], 1
    )
    runs = np.stack(
        [
            rng.uniform(0, 1920, 20),
            rng.uniform(-0.2, 1.0, 20),
            rng.uniform(0.07, 0.26, 20),
            rng.uniform(4, 8, 20),
            rng.uniform(0, 6, 20),
        ],
        1,
    )
    return drops, runs


def _bead(
    frame: np.ndarray, source: np.ndarray, at: tuple[float, float], radius: float, tall: float
) -> None:
    """One drop: the view behind it, upside down and small, with a glint."""
    height, width = frame.shape[:2]
    reach = int(np.ceil(radius * max(1, tall))) + 2
    x0, x1 = max(0, int(at[0]) - reach), min(width, int(at[0]) + reach)
    y0, y1 = max(0, int(at[1]) - reach), min(min(height, 760), int(at[1]) + reach)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    x = ((np.arange(x0, x1, dtype=np.float32) + 0.5 - at[0]) / radius)[None, :]
    y = ((np.arange(y0, y1, dtype=np.float32) + 0.5 - at[1]) / (radius * tall))[:, None]
    far = np.sqrt(x**2 + y**2)
    cover = smooth(1.05, 0.85, far)[..., None]
    sh, sw = source.shape[:2]
    map_x = np.clip((at[0] - x * 210) / 4, 0, sw - 1) + 0 * y
    map_y = np.clip((at[1] - y * 260 + 40) / 4, 0, sh - 1) + 0 * x
    seen = cv2.remap(source, map_x.astype(np.float32), map_y.astype(np.float32), cv2.INTER_LINEAR)
    seen = seen * (1.15 - 0.6 * far[..., None] ** 3)
    glint = np.exp(-(((x + 0.35) / 0.22) ** 2 + ((y + 0.4) / 0.2) ** 2))[..., None]
    view = frame[y0:y1, x0:x1]
    view += cover * (seen + glint * light("#cfe0ff") * 0.35 - view)


def _rain_on(
    frame: np.ndarray, drops: np.ndarray, runs: np.ndarray, moment: float, shift: float
) -> None:
    source = cv2.resize(frame, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    for number, (x, y, radius) in enumerate(drops):
        age = (moment * 0.11 + number * 0.618) % 1
        grow = min(1.0, age * 6) * (1 - smooth(0.93, 1.0, age))
        if grow > 0.15:
            _bead(frame, source, (x + shift, y), radius * float(grow), 1.15)
    for x, y, speed, radius, phase in runs:
        # Drops stick, then slip.
        progress = moment * speed + 0.05 * np.sin(moment * 2.1 + phase)
        head = ((y + progress) % 1.25 - 0.12) * 800
        wander = 7 * np.sin(head * 0.018 + phase)
        for back in range(1, 14):
            at = head - back * 13
            if at > 0:
                _bead(
                    frame,
                    source,
                    (x + shift + 7 * np.sin(at * 0.018 + phase), at),
                    radius * (0.5 - 0.028 * back),
                    1.6,
                )
        _bead(frame, source, (x + shift + wander, head), radius, 1.4)


def _steam(frame: np.ndarray, at: tuple[float, float], moment: float) -> None:
    for k in range(11):
        age = (moment * 0.27 + k / 11) % 1
        x = at[0] + 85 + 30 * np.sin(age * 5 + k * 0.7 + moment * 0.5) * age
        y = at[1] + 25 - 210 * age
        add_glow(
            frame, (x, y), 15 + 26 * age, light("#ffd9b0") * (0.022 * np.sin(np.pi * age)), 1.4
        )
