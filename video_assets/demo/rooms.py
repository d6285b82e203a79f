"""Where people speak: a warm kitchen at dusk, a bright window, a balcony over the city."""

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
    defocused,
    eased,
    grid,
    light,
    moved,
    over,
    ramp,
    smooth,
)
from video_assets.demo.figure import Figure, Light, Looks, Wardrobe, face_box
from video_assets.demo.mouth import Performance
from video_assets.demo.props import box, city_lights, disc, leaves, twinkle

WIDE_SIZE = (1920, 1080)
TALL_SIZE = (1080, 1920)
NORA_AT, NORA_UNIT = (1120.0, 362.0), 146.0
WINDOW_AT, WINDOW_UNIT = (860.0, 366.0), 150.0
THEO_AT, THEO_UNIT = (550.0, 765.0), 224.0

# Where each interview's face rests: left, top, width, height in pixels; it sways by a few.
FACES = {
    "interviews/presenter_kitchen_a.mp4": face_box(NORA_AT, NORA_UNIT),
    "interviews/presenter_kitchen_b.mp4": face_box(NORA_AT, NORA_UNIT),
    "interviews/presenter_window.mp4": face_box(WINDOW_AT, WINDOW_UNIT),
    "interviews/customer_balcony.mp4": face_box(THEO_AT, THEO_UNIT),
}

_NORA = {
    "skin": light("#e2b090"),
    "lips": light("#b8524e"),
    "iris": light("#6a4b2c"),
    "hair": light("#301c13"),
}


def _kitchen_wall() -> np.ndarray:
    size = (2240, 1260)
    wall = ramp(
        size, [(0, light("#2a1c16") * 0.9), (0.5, light("#6b4630") * 0.75), (1, light("#3a2419"))]
    )
    wall *= 0.85 + 0.3 * clouds(size, (500, 400), 3, 9)[..., None]
    # Window with the last blue of the day.
    sky = ramp(
        size,
        [
            (0.05, light("#24436e") * 1.1),
            (0.3, light("#6f8fb8")),
            (0.5, light("#e3a27a") * 0.9),
            (0.6, light("#33475a")),
        ],
    )
    for left, right in ((1560, 1780), (1805, 2025)):
        part = np.zeros(size[::-1], np.float32)[..., None].repeat(3, 2)
        box(part, (left, 130, right, 690), np.ones(3, np.float32))
        wall += part * (sky - wall)
    for left, top, right, bottom in (
        (1535, 105, 2050, 130),
        (1535, 690, 2050, 725),
        (1780, 130, 1805, 690),
        (1535, 105, 1560, 700),
        (2025, 105, 2050, 700),
        (1560, 400, 2025, 414),
    ):
        box(wall, (left, top, right, bottom), light("#c9b79a") * 0.35)
    # Shelves with jars, tiles behind the worktop, cupboards below.
    tiles = light("#8d6a4c") * 0.55
    box(wall, (0, 620, 1500, 880), tiles)
    for row in range(4):
        box(wall, (0, 620 + row * 65, 1500, 624 + row * 65), tiles * 0.55)
    for column in range(0, 1500, 92):
        box(wall, (column, 620, column + 4, 880), tiles * 0.6)
    for shelf in (250, 470):
        box(wall, (90, shelf, 1010, shelf + 22), light("#7a5233") * 0.5)
    rng = np.random.default_rng(4)
    x = 130.0
    shades = ["#c98a4b", "#6d8a63", "#d8c7a4", "#8a4b32", "#50707a", "#b9a37a"]
    for shelf in (250, 470):
        x = 130.0
        while x < 960:
            wide, tall = rng.uniform(46, 88), rng.uniform(80, 150)
            colour = light(shades[int(rng.integers(len(shades)))]) * rng.uniform(0.14, 0.36)
            box(wall, (x, shelf - tall, x + wide, shelf), colour)
            box(
                wall, (x + wide * 0.15, shelf - tall * 0.9, x + wide * 0.3, shelf - 8), colour * 1.5
            )
            x += wide + rng.uniform(12, 46)
    box(wall, (0, 880, 2240, 925), light("#a87b50") * 0.75)
    box(wall, (0, 925, 2240, 1260), light("#1f3a36") * 0.5)
    for column in range(0, 2240, 320):
        box(wall, (column, 940, column + 6, 1260), light("#0d1d1b"))
    leaves(wall, (1480, 880), 200, 21, light("#3f6b3c") * 0.55)
    box(wall, (1430, 800, 1530, 885), light("#b9653b") * 0.5)
    # Pendant lamps and a string of small lights: the bokeh.
    for px, py in ((420, 96), (840, 70)):
        disc(wall, (px, py), 26, light("#ffdca2") * 16)
        add_glow(wall, (px, py + 40), 210, light("#ffb668") * 0.4)
    for k in range(17):
        px = 1090 + k * 68
        py = 120 + 70 * np.sin(k * 0.55) ** 2 + 18 * (k % 3)
        disc(wall, (px, py), 9, light("#ffc070") * 15)
    for _ in range(26):
        px, py = rng.uniform(60, 1500), rng.uniform(640, 880)
        # None behind the lantern or beside her: pairs of lights in a frame read as eyes.
        if px > 330:
            continue
        disc(wall, (px, py), rng.uniform(3, 6), light("#ffcf8a") * rng.uniform(2, 7))
    return wall


def kitchen(acting: Performance, duration: float, start: float = 0.0) -> Picture:
    """Set-up 1; `start` picks where the slow drift of the camera begins."""
    lights = [
        Light((-0.62, -0.42, 1.0), light("#ffd3a0") * 1.22),
        Light((0.9, -0.1, 0.5), light("#86a6da") * 0.3),
    ]
    looks = Looks(**_NORA)
    wardrobe = Wardrobe(light("#35564a"), looks.skin, "jumper", True)
    rim = Light((0.8, -0.6, -0.3), light("#ffbf78") * 1.5)
    nora = Figure(looks, wardrobe, lights, light("#6a6470") * 0.42, rim)
    wall = defocused(_kitchen_wall(), 19)
    wall = np.ascontiguousarray(
        (wall * np.array([0.70, 0.74, 0.80], np.float32)) + 0.008 * light("#ffbf88")
    )
    unit = 330
    lamp = lantern.render(unit)
    soft = cv2.GaussianBlur(lamp.at_glow(0.85), (0, 0), 5.5)
    counter_x = 380.0

    def frame(moment: float) -> np.ndarray:
        drift = np.sin(2 * np.pi * (moment + start) / 46) * 16
        zoom = 1.0 + 0.022 * eased(min(1, moment / duration))
        picture = moved(wall, WIDE_SIZE, zoom, (-drift * 1.6, 6))
        flicker = 1 + 0.03 * np.sin(moment * 5.1) + 0.02 * np.sin(moment * 8.7 + 1)
        foot = (counter_x - drift * 1.9, 925.0)
        add_glow(picture, lantern.lamp_centre(foot, unit), 250, light("#ffa848") * 0.24 * flicker)
        add_glow(picture, (foot[0], foot[1] + 6), 120, light("#ffb45c") * 0.5 * flicker, 0.16)
        over(picture, soft, lantern.corner(foot, unit))
        for k in range(5):
            spot = (930 + 210 * k - drift * 1.2, 215 + 34 * (k % 3))
            add_glow(picture, spot, 30, light("#ffb968") * 0.09 * twinkle(moment, k))
        at = (NORA_AT[0] - drift * 0.35, NORA_AT[1])
        nora.draw(
            picture, at, NORA_UNIT * (1 + 0.012 * eased(min(1, moment / duration))), moment, acting
        )
        return bloom(picture, 0.22)

    return frame


def _window_wall() -> np.ndarray:
    size = (2240, 1260)
    wall = ramp(
        size,
        [(0, light("#9fb0bd") * 0.62), (0.7, light("#b8c1c4") * 0.6), (1, light("#7d868b") * 0.5)],
    )
    wall *= 0.9 + 0.2 * clouds(size, (600, 500), 2, 30)[..., None]
    view = ramp(
        size,
        [
            (0, light("#dfeefb") * 1.5),
            (0.45, light("#c8dcea") * 1.2),
            (0.62, light("#7d9b86") * 0.8),
            (1, light("#41604c") * 0.6),
        ],
    )
    leaf = clouds(size, (170, 150), 4, 34)
    y = grid(size)[1] / size[1]
    tree = smooth(0.50, 0.62, leaf + 0.42 * (y - 0.45))
    view += (tree * 0.6)[..., None] * (
        light("#5d8059") * (0.4 + 1.1 * clouds(size, (60, 60), 3, 33))[..., None] - view
    )
    rng = np.random.default_rng(8)
    for _ in range(26):
        disc(
            view,
            (rng.uniform(1000, 2200), rng.uniform(250, 900)),
            rng.uniform(4, 9),
            light("#eaf6ff") * rng.uniform(1.5, 4),
        )
    frame_at = (1130, 70, 2170, 990)
    part = np.zeros((size[1], size[0], 3), np.float32)
    box(part, frame_at, np.ones(3, np.float32))
    wall += part * (view - wall)
    wood = light("#e8edf0") * 0.7
    left, top, right, bottom = frame_at
    for area in (
        (left - 26, top - 26, right + 26, top),
        (left - 40, bottom, right + 40, bottom + 46),
        (left - 26, top, left, bottom),
        (right, top, right + 26, bottom),
        (1640, top, 1668, bottom),
        (left, 470, right, 488),
    ):
        box(wall, area, wood)
    # A sheer curtain, falling in folds.
    x, yy = grid(size)
    fold = 0.5 + 0.5 * np.sin(x * 0.075 + 1.6 * np.sin(x * 0.011) + 0.25 * np.sin(yy * 0.006))
    hang = smooth(930, 960, x) * smooth(1235, 1195, x) * 0.86
    sheer = (
        light("#f1f6fa")
        * (0.5 + 0.55 * fold)[..., None]
        * (0.75 + 0.45 * smooth(1000, 1200, x))[..., None]
    )
    wall += hang[..., None] * (sheer - wall)
    # A shelf with books and a plant on the left.
    box(wall, (80, 560, 800, 584), light("#8b7a66") * 0.55)
    at = 130.0
    for shade in ("#56707f", "#a9b4b8", "#7d8f86", "#c7b79f", "#47606f", "#93a7b3", "#6a7c74"):
        wide = rng.uniform(26, 46)
        box(wall, (at, 560 - rng.uniform(130, 190), at + wide, 560), light(shade) * 0.55)
        at += wide + 4
    box(wall, (560, 470, 680, 560), light("#d9d2c6") * 0.6)
    leaves(wall, (620, 470), 230, 40, light("#5f8a66") * 0.6)
    box(wall, (90, 180, 480, 330), light("#dde4e8") * 0.5)
    box(wall, (110, 198, 460, 312), light("#7f9bb0") * 0.55)
    return wall


def window(acting: Performance, duration: float) -> Picture:
    """Set-up 2: daylight from a window on the right, cooler white balance."""
    lights = [
        Light((0.62, -0.40, 1.0), light("#e6efff") * 1.18),
        Light((-0.9, -0.1, 0.5), light("#ffd9b8") * 0.25),
    ]
    looks = Looks(**_NORA)
    wardrobe = Wardrobe(light("#8497a3"), looks.skin, "shirt", True)
    nora = Figure(
        looks,
        wardrobe,
        lights,
        light("#8a98aa") * 0.55,
        Light((0.9, -0.4, -0.3), light("#dcecff") * 1.1),
    )
    wall = defocused(_window_wall(), 17)
    unit = 290
    day = lantern.Studio(
        ((1.2, 0.3, 0.2, light("#e9f4ff") * 2.2), (-1.2, 0.3, 0.2, light("#cfd9e0") * 0.7)),
        light("#4b545a"),
        light("#aebfca"),
    )
    lamp = lantern.render(unit, day)
    soft = cv2.GaussianBlur(lamp.at_glow(0.35), (0, 0), 5)

    def frame(moment: float) -> np.ndarray:
        drift = 20 * np.cos(2 * np.pi * moment / 40)
        picture = moved(
            wall, WIDE_SIZE, 1.02 + 0.02 * eased(min(1, moment / duration)), (-drift * 1.5, 0)
        )
        foot = (1560 - drift * 1.7, 930.0)
        over(picture, soft, lantern.corner(foot, unit))
        nora.draw(picture, (WINDOW_AT[0] - drift * 0.35, WINDOW_AT[1]), WINDOW_UNIT, moment, acting)
        # Daylight hangs in the air on the window's side.
        breath = 1 + 0.05 * np.sin(moment * 0.7)
        add_glow(picture, (1960, 330), 520, light("#dcebff") * 0.11 * breath)
        return bloom(picture, 0.16) * np.array([0.97, 1.0, 1.05], np.float32)

    return frame


def balcony_portrait(acting: Performance, duration: float) -> Picture:
    """The customer on his balcony at night, upright."""
    _width, _height = TALL_SIZE
    size = (1320, 2100)
    sky = ramp(
        size,
        [
            (0, light("#0d1a33")),
            (0.28, light("#22406b") * 0.9),
            (0.43, light("#7a6a86") * 0.8),
            (0.5, light("#d98a5c") * 0.62),
            (0.56, light("#1b2a3d") * 0.8),
            (1, light("#0c131d")),
        ],
    )
    haze = clouds(size, (900, 130), 3, 50)
    sky *= (0.82 + 0.36 * haze)[..., None]
    back = np.maximum(sky + city_lights(size, 210, 30, 51, 0.5), 0)
    _x, _y = grid(size)
    plant = np.zeros((size[1], size[0], 3), np.float32)
    leaves(plant, (170, 1700), 520, 52, light("#27503c") * 0.5)
    cover = blurred((plant.max(axis=2) > 0.001).astype(np.float32), 14)
    plant = blurred(plant, 14)
    lights = [
        Light((-0.55, 0.10, 1.0), light("#ffc489") * 1.12),
        Light((0.9, -0.2, 0.5), light("#7f9fe0") * 0.4),
    ]
    looks = Looks(
        light("#c08a66"),
        light("#97564a"),
        light("#4a301c"),
        light("#1d1512"),
        brow=0.07,
        jaw=0.5,
        stubble=0.42,
        lash=0.5,
        blush=0.6,
    )
    wardrobe = Wardrobe(light("#34506b"), light("#c9c0b0"), "jacket", False)
    theo = Figure(
        looks,
        wardrobe,
        lights,
        light("#56648c") * 0.55,
        Light((0.8, -0.6, -0.3), light("#8fb4ff") * 1.9),
    )
    bulbs = [
        (60 + k * 118.0, 300 + 120 * np.sin((k + 0.4) * 0.33) + 10 * (k % 2)) for k in range(10)
    ]

    def frame(moment: float) -> np.ndarray:
        part = eased(min(1, moment / duration))
        drift = 26 * (part - 0.5)
        picture = moved(back, TALL_SIZE, 1.0, (-drift * 1.4, 10))
        for k, (bx, by) in enumerate(bulbs):
            swing = 9 * np.sin(moment * 0.9 + k * 0.5)
            where = (bx - drift * 1.8 + swing, by + 0.3 * swing)
            add_glow(picture, where, 20, light("#ffc777") * 1.3 * twinkle(moment, k))
            add_glow(picture, where, 70, light("#ffac54") * 0.12)
        leaf = moved(
            np.dstack([plant, cover]), TALL_SIZE, 1.0, (-drift * 2.6 - 60 + 5 * np.sin(moment), 0)
        )
        over(picture, leaf)
        theo.draw(
            picture,
            (THEO_AT[0] - drift * 0.4, THEO_AT[1]),
            THEO_UNIT * (1 + 0.015 * part),
            moment,
            acting,
        )
        flicker = 1 + 0.03 * np.sin(moment * 5.3) + 0.02 * np.sin(moment * 9.1)
        add_glow(picture, (120.0, 1860.0), 420, light("#ff9c40") * 0.2 * flicker)
        return bloom(picture, 0.24)

    return frame
