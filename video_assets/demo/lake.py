"""B-roll of a lake at dusk, in 4K."""

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
    solid,
)
from video_assets.demo.land import fog_sheet, ridge, slid
from video_assets.demo.products import LARGE_SIZE, wood


def lake(duration: float) -> Picture:
    """A lake at dusk in 4K: hills in mist, a jetty with a lantern, its light on moving water."""
    width, height = LARGE_SIZE
    half = (2080, 1080)  # the soft far parts are painted at half size, wider for the move
    water_line = 0.53
    sky = ramp(
        half,
        [
            (0, light("#10203f")),
            (0.2, light("#27466f")),
            (0.36, light("#6d7391")),
            (0.46, light("#d08f78")),
            (0.53, light("#f2b886")),
            (1, light("#f2b886")),
        ],
    )
    cloud = clouds(half, (900, 70), 5, 80)
    band = smooth(0.5, 0.85, cloud) * smooth(0.5, 0.3, grid(half)[1] / half[1])
    sky += (band * 0.5)[..., None] * (light("#b9788a") * 0.8 - sky)
    rng = np.random.default_rng(81)
    for _ in range(90):
        x, y = rng.uniform(0, half[0]), rng.uniform(0, half[1] * 0.26)
        cv2.circle(
            sky,
            (int(x * 8), int(y * 8)),
            6,
            tuple(float(c) for c in light("#cfdcff") * rng.uniform(0.15, 0.7)),
            -1,
            cv2.LINE_AA,
            3,
        )
    tones = (
        ("#6a6f8e", 0.47, 0.035, 0),
        ("#465a78", 0.50, 0.024, 0),
        ("#22405a", 0.522, 0.012, 34),
        ("#12283a", 0.53, 0.006, 62),
    )
    layers = [
        solid(
            light(tone),
            ridge(half, level, rough, 82 + n, trees)
            * smooth(0.536, 0.532, grid(half)[1] / half[1]),
        )
        for n, (tone, level, rough, trees) in enumerate(tones)
    ]
    fogs = [fog_sheet((half[0], 220), 86 + n) for n in range(3)]
    fade = np.sin(np.linspace(0.01, 3.13, 220, dtype=np.float32))[:, None] ** 1.5
    jetty, foot0 = _jetty()
    unit = 360.0
    lamp = lantern.render(unit)
    reeds = _reeds()
    y_rows = np.arange(height, dtype=np.float32)[:, None]
    columns = np.arange(width, dtype=np.float32)[None, :]
    first = int(height * water_line)
    ripple_tex = [clouds((1400, 700), (170, 26), 4, 90 + n) - 0.5 for n in range(2)]

    def frame(moment: float) -> np.ndarray:
        part = eased(moment / duration)
        shift = 70 - 140 * part
        far = moved(sky, (1920, 1080), 1.0 + 0.01 * part, (shift * 0.12, 0))
        for n, layer in enumerate(layers):
            over(far, moved(layer, (1920, 1080), 1.0 + 0.01 * part, (shift * (0.2 + 0.1 * n), 0)))
            if n < 3:
                sheet = slid(fogs[n], 1920, 200 + (18 + 12 * n) * moment)
                y = int(1080 * (0.44 + 0.032 * n))
                mist = (sheet * fade * (0.42 - 0.06 * n))[..., None]
                view = far[y : y + 220]
                view += mist * (light("#d9b3a4") * 0.62 - view)
        top = cv2.resize(far, LARGE_SIZE, interpolation=cv2.INTER_CUBIC)
        picture = top
        # Water: the view upside down, stretched, broken by waves that grow towards us.
        depth = (y_rows[first:] - first) / (height - first)
        row = 22 / (depth + 0.02)
        wave = np.zeros((height - first, width), np.float32)
        for n, tex in enumerate(ripple_tex):
            map_x = (
                (columns - width / 2) * (0.10 + 0.5 * (1 - depth) ** 3) * (1 + 0.4 * n)
                + 700
                + moment * (34 - 52 * n)
            )
            map_y = np.broadcast_to((row * 1.7 + moment * (16 + 9 * n)), map_x.shape)
            wave += cv2.remap(
                tex,
                np.mod(map_x, 1390).astype(np.float32),
                np.mod(map_y, 690).astype(np.float32),
                cv2.INTER_LINEAR,
            )
        bend = wave * (10 + 190 * depth)
        map_y = np.clip(first - (y_rows[first:] - first) * 0.86 + bend * 0.9 - 4, 0, first - 1)
        map_x = columns + bend * 0.22
        mirror = cv2.remap(
            top,
            map_x.astype(np.float32),
            map_y.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        )
        fresnel = (0.82 - 0.42 * depth)[..., None]
        water = mirror * fresnel * np.array([0.86, 0.94, 1.0], np.float32) + light("#0a1b2a") * 0.5
        water += (np.maximum(wave, 0) ** 2 * 0.10 * (1 - depth))[..., None] * light("#ffd0a4")
        picture[first:] = water
        near = shift * 1.25
        foot = (foot0[0] + near, foot0[1])
        flicker = 1 + 0.03 * np.sin(moment * 4.7) + 0.02 * np.sin(moment * 9.7)
        # The lantern's own light lies on the water as a broken column.
        below = y_rows[first:] - foot[1]
        column = (
            np.exp(-(((columns - foot[0] + 330) / (60 + 0.16 * np.abs(below))) ** 2))
            * smooth(-140, 60, below)
            * np.exp(-np.maximum(below, 0) / 520)
        )
        sparkle = np.clip(0.25 + 3.2 * wave, 0, 2)
        picture[first:] += (column * sparkle * 0.9 * flicker)[..., None] * light("#ffab4c")
        add_glow(picture, lantern.lamp_centre(foot, unit), 330, light("#ffa94c") * 0.30 * flicker)
        over(picture, moved(jetty, LARGE_SIZE, 1.0, (near, 0)))
        sprite = lamp.at_glow(0.95 * flicker)
        x, y = foot[0] - lantern.WIDE * unit / 2, foot[1] - (lantern.TALL - lantern.FOOT) * unit
        sub = np.array([[1, 0, x - np.floor(x)], [0, 1, y - np.floor(y)]], np.float32)
        over(
            picture,
            cv2.warpAffine(sprite, sub, sprite.shape[1::-1]),
            (int(np.floor(x)), int(np.floor(y))),
        )
        low = cv2.resize(
            slid(fogs[1], 1920, 500 + 40 * moment) * fade,
            (width, 520),
            interpolation=cv2.INTER_LINEAR,
        )
        view = picture[first - 190 : first + 330]
        view += (low * 0.36)[..., None] * (light("#c9a9a6") * 0.55 - view)
        sway = 7 * np.sin(moment * 1.1)
        matrix = np.array([[1, -sway / 900, shift * 2.3 - 60 + sway], [0, 1, 0]], np.float32)
        over(
            picture,
            cv2.warpAffine(reeds, matrix, (reeds.shape[1], reeds.shape[0])),
            (0, height - reeds.shape[0]),
        )
        return bloom(picture, 0.2)

    return frame


def _jetty() -> tuple[np.ndarray, tuple[float, float]]:
    """The jetty, premultiplied at 4K plus a margin, and where the lantern stands on it."""
    size = (LARGE_SIZE[0] + 260, LARGE_SIZE[1])
    width, height = size
    planks = wood((size[0] // 2, size[1] // 2), 0.40, "#5a4f46", 95, 9.0)
    planks = cv2.resize(planks, size, interpolation=cv2.INTER_CUBIC)
    x, y = grid(size)
    # Boards run across; their gaps crowd towards the far end.
    deep = 1 / np.maximum(y / height - 0.50, 1e-3)
    gap = smooth(0.08, 0.0, (deep * 1.05) % 1.0)
    left = width * (0.60 - 0.46 * (y / height - 0.66) / 0.34)
    right = width * (0.74 + 0.52 * (y / height - 0.66) / 0.34)
    cover = (
        smooth(-1.5, 1.5, x - left)
        * smooth(-1.5, 1.5, right - x)
        * smooth(0.659, 0.661, y / height)
    )
    foot = (width * 0.655 - 130, height * 0.735)
    dx, dy = (x - foot[0] - 130) / 620, (y - foot[1]) / 210
    lamp = 1.25 / (1 + dx**2 + dy**2) ** 1.6 * (1 - 0.6 * np.exp(-(dx**2 + dy**2) / 0.02))
    lit = planks * (lamp[..., None] * light("#ffae55") * 2.4 + light("#5b6d94") * 0.42)
    lit *= (1 - 0.75 * gap)[..., None]
    layer = np.dstack([lit * cover[..., None], cover]).astype(np.float32)
    for px, top, wide in ((0.598, 0.60, 26), (0.742, 0.60, 26), (0.47, 0.70, 46), (0.90, 0.71, 46)):
        cx = width * px
        far = np.abs(x - cx) / wide
        post = smooth(1.02, 0.97, far) * smooth(height * top - 2, height * top + 2, y)
        post = post * (smooth(height * (top + 0.20), height * (top + 0.12), y))
        side = np.sign(foot[0] + 130 - cx)
        facing = np.clip(0.35 + 0.65 * side * (x - cx) / wide, 0, 1)
        warm = 0.9 / (1 + ((cx - foot[0] - 130) / 520) ** 2)
        colour = light("#4a3a2e") * (
            facing[..., None] * light("#ffae55") * warm * 1.6 + light("#5b6d94") * 0.4
        )
        keep = 1 - post[..., None]
        layer[..., :3] = layer[..., :3] * keep + colour * post[..., None]
        layer[..., 3] = np.maximum(layer[..., 3], post)
    return layer, foot


def _reeds() -> np.ndarray:
    """Dark reeds out of focus at the lower left, premultiplied."""
    width, height = LARGE_SIZE[0], 1250
    mask = np.zeros((height, width), np.uint8)
    rng = np.random.default_rng(96)
    for _ in range(95):
        x = rng.gamma(2.0, 210)
        tall = rng.uniform(420, 1150) * np.exp(-x / 1500)
        lean = rng.normal(60, 130)
        t = np.linspace(0, 1, 18)
        points = np.stack([x + lean * t**2, height - tall * t], 1)
        for a, b, s in zip(points[:-1], points[1:], t, strict=False):
            cv2.line(
                mask,
                tuple(np.rint(a * 8).astype(int).tolist()),
                tuple(np.rint(b * 8).astype(int).tolist()),
                255,
                max(2, int(15 * (1 - s) + 3)),
                cv2.LINE_AA,
                3,
            )
        if rng.random() < 0.3:
            tip = points[-3]
            cv2.ellipse(
                mask,
                ((float(tip[0]), float(tip[1])), (30.0, 150.0), lean * 0.08),
                255,
                -1,
                cv2.LINE_AA,
            )
    cover = blurred(mask.astype(np.float32) / 255, 7)
    return solid(light("#0b1a22") * 0.8, cover * 0.97)
