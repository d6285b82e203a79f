"""B-roll of the lantern close up in 4K, and the table it stands on."""

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

LARGE_SIZE = (3840, 2160)


def wood(
    size: tuple[int, int], horizon: float, tone: str, seed: int, planks: float = 5.0
) -> np.ndarray:
    """A table top in perspective below `horizon` (0..1 of the height): colour without light."""
    width, height = size
    rng = np.random.default_rng(seed)
    flat_w, flat_h = 1600, 1600
    grain = 0.55 * clouds((flat_w, flat_h), (9, 700), 4, seed) + 0.45 * clouds(
        (flat_w, flat_h), (60, 900), 3, seed + 1
    )
    rings = 0.5 + 0.5 * np.sin(grain * 26)
    plank = np.floor(np.arange(flat_w) / flat_w * planks).astype(int)
    shades = rng.uniform(0.72, 1.15, int(planks) + 1)[plank][None, :]
    seam = (np.arange(flat_w) / flat_w * planks) % 1
    groove = 1 - 0.8 * (smooth(0.012, 0.0, seam) + smooth(0.988, 1.0, seam))[None, :]
    flat = (
        light(tone) * ((0.55 + 0.35 * grain + 0.22 * rings) * shades * groove)[..., None]
    ).astype(np.float32)
    x, y = grid(size)
    below = np.maximum(y / height - horizon, 1e-3)
    deep = 0.16 / below
    across = (x / width - 0.5) * deep * 1.9 + 0.5
    map_x = (across % 1.0) * (flat_w - 1)
    map_y = np.broadcast_to((deep * 0.62 % 1.0) * (flat_h - 1), map_x.shape)
    top = cv2.remap(flat, map_x.astype(np.float32), map_y.astype(np.float32), cv2.INTER_LINEAR)
    return top * smooth(horizon, horizon + 0.015, y / height)[..., None]


def pool_of_light(size: tuple[int, int], foot: tuple[float, float], unit: float) -> np.ndarray:
    """How much of the lamp's light a table gets around the lantern's foot, (height, width, 1)."""
    x, y = grid(size)
    dx, dy = (x - foot[0]) / unit, (y - foot[1] + 0.03 * unit) / unit * 3.4
    far = dx**2 + dy**2
    lit = 1.25 / (1 + 2.4 * far) ** 1.6
    # The foot itself keeps the light off the wood right under it.
    return (lit * (1 - 0.75 * np.exp(-far / 0.10)))[..., None].astype(np.float32)


def mirrored(
    frame: np.ndarray, sprite: np.ndarray, foot: tuple[float, float], unit: float, gain: float
) -> None:
    """Adds a blurred reflection of the lantern in a polished table, in place."""
    flipped = cv2.resize(sprite[::-1], None, fx=1, fy=0.75, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(flipped, (0, 0), sigmaX=unit * 0.012, sigmaY=unit * 0.035)
    fade = np.linspace(1, 0, soft.shape[0], dtype=np.float32)[:, None, None] ** 3
    x = round(foot[0] - lantern.WIDE * unit / 2)
    y = round(foot[1] - lantern.FOOT * 0.75 * unit - 0.015 * unit)
    rows = min(soft.shape[0], frame.shape[0] - y)
    if rows > 0:
        x0, x1 = max(0, x), min(frame.shape[1], x + soft.shape[1])
        part = (soft * fade * gain)[:rows, x0 - x : x1 - x, :3]
        frame[y : y + rows, x0:x1] += part


def _motes(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 1, (count, 6))


def _drift_motes(frame: np.ndarray, motes: np.ndarray, moment: float, colour: np.ndarray) -> None:
    height, width = frame.shape[:2]
    for x, y, z, a, b, c in motes:
        px = (x + 0.03 * np.sin(moment * (0.3 + a * 0.4) + 6 * b) + 0.012 * moment * (a - 0.4)) % 1
        py = (y - 0.02 * moment * (0.4 + b) + 0.015 * np.sin(moment * 0.5 + 6 * c)) % 1
        wink = 0.55 + 0.45 * np.sin(moment * (0.8 + a) + 6.28 * c)
        size = (1.2 + 3.4 * z**3) * height / 1080
        add_glow(frame, (px * width, py * height), size, colour * (0.5 * wink / (0.4 + 2 * z)))


def closeup(duration: float) -> Picture:
    """The lantern close up in 4K: a slow push-in, a rim of dusk, motes in the warm air."""
    k = 2.0
    size = (int(1920 * k * 1.16), int(1080 * k * 1.16))
    small = (size[0] // 4, size[1] // 4)
    back = ramp(
        small,
        [
            (0, light("#0a1a26")),
            (0.45, light("#143246") * 0.8),
            (0.62, light("#3a3a3a") * 0.5),
            (0.7, light("#10161b")),
            (1, light("#0a0d10")),
        ],
    )
    back *= (0.7 + 0.6 * clouds(small, (260, 180), 3, 60))[..., None]
    back += (
        city_lights(small, 70, 17, 61, 0.18)
        * smooth(0.72, 0.5, grid(small)[1] / small[1])[..., None]
        * 0.55
    )
    back = cv2.resize(np.ascontiguousarray(back), size, interpolation=cv2.INTER_CUBIC)
    horizon = 0.60
    table = wood(size, horizon, "#6a5540", 62)
    table_cover = np.repeat(
        smooth(horizon - 0.003, horizon + 0.012, grid(size)[1] / size[1]), size[0], axis=1
    )
    unit = 1480.0
    foot0 = (size[0] * 0.5, size[1] * 0.795)
    pool = pool_of_light(size, foot0, unit)
    blur_far = smooth(0.78, 0.63, grid(size)[1] / size[1])[..., None]
    table = table * (1 - blur_far) + blurred(table, 14) * blur_far
    warm = light("#ffae50")
    lit_table = table * (pool * warm * 2.2 + light("#28405c") * 0.35)
    ground = np.dstack([lit_table * table_cover[..., None], table_cover]).astype(np.float32)
    sides = []
    for azimuth in (-1.45, -1.15, -0.85):
        boxes = (
            (azimuth, 0.22, 0.2, light("#9cc0f5") * 2.2),
            (1.25, 0.13, 0.3, light("#ffd29a") * 1.5),
            (0.25, 0.5, 0.9, light("#52688c") * 0.45),
        )
        sides.append(
            lantern.render(unit, lantern.Studio(boxes, light("#0a0d12"), light("#20334c")))
        )
    motes = _motes(46, 63)

    def frame(moment: float) -> np.ndarray:
        part = eased(moment / duration)
        zoom = 0.90 + 0.12 * part
        shift_x = 90 - 120 * part
        picture = moved(
            back, LARGE_SIZE, 0.5 * (zoom + 1.0), (shift_x * 0.45, 40), edge=cv2.BORDER_REFLECT
        )
        centre = (foot0[0], foot0[1] - unit * 0.47)
        over(picture, moved(ground, LARGE_SIZE, zoom, (shift_x, 0), centre))
        foot = (LARGE_SIZE[0] / 2 + shift_x, LARGE_SIZE[1] / 2 + unit * 0.47 * zoom)
        flicker = 1 + 0.025 * np.sin(moment * 4.7) + 0.018 * np.sin(moment * 8.9 + 1)
        add_glow(picture, lantern.lamp_centre(foot, unit * zoom), 640 * zoom, warm * 0.16 * flicker)
        # The cool light travels round the metal: neighbours of three renderings are mixed.
        at = part * 1.999
        low = int(at)
        mix = np.float32(at - low)
        base = sides[low].base * (1 - mix) + sides[low + 1].base * mix
        base[..., :3] += sides[0].lamp * np.float32(0.92 * flicker)
        whole = cv2.resize(
            base,
            None,
            fx=zoom,
            fy=zoom,
            interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR,
        )
        mirrored(picture, whole, foot, unit * zoom, 0.07)
        x = foot[0] - lantern.WIDE * unit * zoom / 2
        y = foot[1] - (lantern.TALL - lantern.FOOT) * unit * zoom
        # A sprite may only land on whole pixels; the rest of the move is a sub-pixel warp.
        fx, fy = x - np.floor(x), y - np.floor(y)
        shifted = cv2.warpAffine(
            whole, np.array([[1, 0, fx], [0, 1, fy]], np.float32), whole.shape[1::-1]
        )
        over(picture, shifted, (int(np.floor(x)), int(np.floor(y))))
        _drift_motes(picture, motes, moment, light("#ffce8a"))
        return bloom(picture, 0.26)

    return frame
