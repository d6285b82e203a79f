"""Where people sit: four places painted once a set-up, wider than a frame, full of detail.

A place is an RGB picture, uint8, (1.3 h, 2 w, 3) for a frame of w x h: camera A looks at its left
half, camera B closer at its right half.
"""

# numpy expressions are Any to mypy, and arrays change dtype on purpose between steps.
# mypy: disable-error-code="no-any-return,assignment,arg-type"

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np

from video_assets_tests.truth.seeds import seed_of

Rgb = tuple[int, int, int]
SHADES: tuple[Rgb, ...] = (
    (196, 138, 78), (109, 138, 99), (206, 190, 158), (138, 78, 54), (84, 112, 124), (178, 158, 120),
    (150, 60, 52), (70, 84, 104),
)  # fmt: skip


def noise(size: tuple[int, int], cell: float, rng: np.random.Generator) -> np.ndarray:
    """Soft noise 0..1, (height, width), with blobs of `cell` pixels."""
    width, height = size
    knots = rng.random((round(height / cell) + 3, round(width / cell) + 3), dtype=np.float32)
    return np.clip(cv2.resize(knots, size, interpolation=cv2.INTER_CUBIC), 0, 1)


def textured(picture: np.ndarray, rng: np.random.Generator, amount: float = 0.16) -> np.ndarray:
    """The picture with blotches, grain of its material and fine specks."""
    size = (picture.shape[1], picture.shape[0])
    scale = size[1] / 468
    mixed = 0.5 * noise(size, 90 * scale, rng) + 0.3 * noise(size, 14 * scale, rng)
    mixed += 0.2 * noise(size, 3 * scale, rng)
    gain = 1 + amount * 2 * (mixed - 0.5)
    return np.clip(picture * gain[..., None], 0, 255).astype(np.uint8)


def gradient(size: tuple[int, int], top: Rgb, bottom: Rgb) -> np.ndarray:
    """A vertical blend, uint8."""
    part = np.linspace(0, 1, size[1], dtype=np.float32)[:, None, None]
    column = np.array(top, np.float32) * (1 - part) + np.array(bottom, np.float32) * part
    return np.repeat(column, size[0], axis=1).astype(np.uint8)


def shaded(colour: Rgb, gain: float) -> Rgb:
    """The colour made darker or lighter."""
    r, g, b = (int(min(255, max(0, c * gain))) for c in colour)
    return r, g, b


class Canvas:
    """Drawing in units of a 468 pixel high picture, so that every size looks alike."""

    def __init__(self, picture: np.ndarray) -> None:
        self.picture = picture
        self.scale = picture.shape[0] / 468
        self.wide = picture.shape[1] / self.scale

    def _at(self, *points: tuple[float, float]) -> list[tuple[int, int]]:
        return [(round(x * self.scale * 16), round(y * self.scale * 16)) for x, y in points]

    def box(self, x: float, y: float, wide: float, tall: float, colour: Rgb) -> None:
        """A filled rectangle."""
        a, b = self._at((x, y), (x + wide, y + tall))
        cv2.rectangle(self.picture, a, b, colour, -1, cv2.LINE_AA, 4)

    def disc(self, x: float, y: float, rx: float, ry: float, colour: Rgb, turn: float = 0) -> None:
        """A filled ellipse."""
        (centre,) = self._at((x, y))
        axes = (round(rx * self.scale * 16), round(ry * self.scale * 16))
        cv2.ellipse(self.picture, centre, axes, turn, 0, 360, colour, -1, cv2.LINE_AA, 4)

    def line(self, points: list[tuple[float, float]], thick: float, colour: Rgb) -> None:
        """An open line through points."""
        found = np.array(self._at(*points), np.int32).reshape(-1, 1, 2)
        width = max(1, round(thick * self.scale))
        cv2.polylines(self.picture, [found], False, colour, width, cv2.LINE_AA, 4)

    def shape(self, points: list[tuple[float, float]], colour: Rgb) -> None:
        """A filled polygon."""
        cv2.fillPoly(self.picture, [np.array(self._at(*points), np.int32)], colour, cv2.LINE_AA, 4)

    def leaves(
        self, x: float, y: float, wide: float, tall: float, count: int, colour: Rgb,
        rng: np.random.Generator,
    ) -> None:  # fmt: skip
        """A bush of leaves, an ellipse inside a box."""
        for _ in range(count):
            tone = shaded(colour, float(rng.uniform(0.5, 1.5)))
            size, angle = float(rng.uniform(5, 11)), float(rng.uniform(0, 2 * np.pi))
            far = 0.5 * float(rng.random()) ** 0.5 if wide < 4 * tall else 0.5
            across = np.cos(angle) * far if wide < 4 * tall else float(rng.uniform(-0.5, 0.5))
            down = np.sin(angle) * far if wide < 4 * tall else float(rng.uniform(-0.5, 0.5))
            self.disc(
                x + wide * (0.5 + across), y + tall * (0.5 + down),
                size, size * 0.42, tone, float(rng.uniform(0, 180)),
            )  # fmt: skip

    def glow(self, x: float, y: float, radius: float, colour: Rgb, gain: float = 1.0) -> None:
        """Light added around a point."""
        height, width = self.picture.shape[:2]
        cx, cy, reach = x * self.scale, y * self.scale, radius * self.scale
        x0, x1 = max(0, int(cx - 3 * reach)), min(width, int(cx + 3 * reach))
        y0, y1 = max(0, int(cy - 3 * reach)), min(height, int(cy + 3 * reach))
        if x0 >= x1 or y0 >= y1:
            return
        far = ((np.arange(x0, x1) - cx) / reach)[None, :] ** 2
        far = far + ((np.arange(y0, y1) - cy) / reach)[:, None] ** 2
        view = self.picture[y0:y1, x0:x1]
        added = view + gain * np.exp(-far * 1.4)[..., None] * np.array(colour)
        view[:] = np.clip(added, 0, 255).astype(np.uint8)


def _shelf(c: Canvas, x: float, y: float, wide: float, rng: np.random.Generator) -> None:
    """A board with jars or books."""
    at = x + 6
    books = rng.random() < 0.5
    while at < x + wide - 20:
        w = float(rng.uniform(6, 12) if books else rng.uniform(16, 28))
        h = float(rng.uniform(34, 54) if books else rng.uniform(24, 44))
        colour = shaded(SHADES[int(rng.integers(len(SHADES)))], float(rng.uniform(0.45, 0.95)))
        c.box(at, y - h, w, h, colour)
        c.box(at + w * 0.15, y - h * 0.9, w * 0.16, h * 0.75, shaded(colour, 1.35))
        if not books:
            c.box(at - 1, y - h - 4, w + 2, 5, shaded(colour, 0.6))
        at += w + float(rng.uniform(1, 3) if books else rng.uniform(4, 14))
    c.box(x, y, wide, 7, (104, 74, 48))
    c.box(x, y + 7, wide, 3, (52, 36, 24))


def _window(
    c: Canvas, x: float, y: float, wide: float, tall: float, day: float, rng: np.random.Generator
) -> None:
    """A window with panes and something green outside."""
    c.box(x - 9, y - 9, wide + 18, tall + 18, (186, 176, 156))
    step = 6
    for row in range(0, int(tall), step):
        part = row / tall
        sky = (int(150 + 60 * part), int(178 + 40 * part), int(206 + 20 * part))
        c.box(x, y + row, wide, step, shaded(sky, day))
    c.leaves(x, y + tall * 0.5, wide, tall * 0.5, 120, shaded((92, 128, 84), day), rng)
    c.box(x + wide / 2 - 3, y, 6, tall, (176, 166, 148))
    c.box(x, y + tall * 0.42, wide, 5, (176, 166, 148))
    c.box(x - 14, y + tall + 8, wide + 28, 10, (160, 148, 128))


def kitchen(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Plaster, tiles, shelves with jars, a worktop with a hob."""
    wall = SHADES[int(rng.choice([2, 5, 1]))]
    c = Canvas(gradient(size, shaded(wall, 0.62), shaded(wall, 0.86)))
    c.picture = textured(c.picture, rng)
    for y in range(230, 330, 25):
        for x in range(0, int(c.wide), 38):
            tone = shaded((168, 150, 126), float(rng.uniform(0.72, 0.95)))
            c.box(x + (19 if (y // 25) % 2 else 0), y, 36, 23, tone)
    for x, y in ((40, 100), (40, 180), (700, 96), (800, 180)):
        _shelf(c, x, y, 240, rng)
    _window(c, 400, 36, 180, 160, 0.9, rng)
    _window(c, 1040, 30, 170, 110, 0.8, rng)
    c.box(0, 330, c.wide, 16, (150, 110, 74))
    c.box(0, 346, c.wide, 130, (48, 66, 62))
    for x in range(0, int(c.wide), 118):
        c.box(x, 352, 4, 120, (30, 42, 40))
        c.disc(x + 100, 372, 4, 4, (190, 170, 120))
    for x in (150, 640, 900, 1160):
        c.line([(x, 0), (x, 40)], 2, (30, 28, 26))
        c.shape([(x - 16, 58), (x - 7, 38), (x + 7, 38), (x + 16, 58)], (40, 46, 50))
        c.glow(x, 64, 46, (255, 196, 120), 0.75)
    c.leaves(600, 268, 60, 62, 60, (82, 120, 70), rng)
    c.box(612, 306, 36, 26, (160, 92, 62))
    return c.picture


def workshop(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Planks, tools on hooks, a bench, a lamp."""
    c = Canvas(np.zeros((size[1], size[0], 3), np.uint8))
    for x in range(0, int(c.wide) + 60, 44):
        tone = shaded((150, 112, 76), float(rng.uniform(0.62, 0.9)))
        c.box(x, 0, 43, 470, tone)
        for _ in range(5):
            y = float(rng.uniform(0, 460))
            c.line([(x + 6, y), (x + 10, y + 60), (x + 7, y + 120)], 1, shaded(tone, 0.8))
    c.picture = textured(c.picture, rng, 0.2)
    for x in range(60, int(c.wide) - 60, 52):
        if 380 < x < 560 or 1020 < x < 1150:
            continue
        y, kind = float(rng.uniform(60, 190)), int(rng.integers(3))
        steel = shaded((150, 154, 158), float(rng.uniform(0.6, 1.1)))
        c.disc(x, y - 6, 3, 3, (24, 22, 20))
        if kind == 0:
            c.line([(x, y), (x, y + 60)], 7, (126, 70, 44))
            c.box(x - 16, y - 4, 34, 14, steel)
        elif kind == 1:
            c.shape([(x - 5, y), (x + 5, y), (x + 3, y + 90), (x - 1, y + 90)], steel)
            c.box(x - 7, y - 24, 14, 30, (92, 54, 38))
        else:
            c.shape([(x, y), (x + 36, y + 60), (x + 30, y + 66), (x - 6, y + 10)], steel)
            c.disc(x, y + 4, 12, 9, (140, 90, 52))
    _window(c, 400, 44, 150, 130, 1.0, rng)
    c.box(0, 336, c.wide, 20, (124, 88, 56))
    c.box(0, 356, c.wide, 120, (62, 44, 32))
    for x in range(20, int(c.wide), 90):
        h = float(rng.uniform(14, 46))
        c.box(x, 336 - h, float(rng.uniform(20, 60)), h, SHADES[int(rng.integers(len(SHADES)))])
    for x in (300, 860, 1090):
        c.line([(x, 0), (x + 20, 60)], 3, (40, 40, 42))
        c.glow(x + 24, 70, 52, (255, 214, 150), 0.8)
    return c.picture


def garden(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Sky, a hedge, a fence, flowers."""
    c = Canvas(gradient(size, (150, 186, 214), (206, 214, 204)))
    for _ in range(26):
        x, y = float(rng.uniform(0, c.wide)), float(rng.uniform(10, 110))
        c.disc(x, y, float(rng.uniform(20, 60)), float(rng.uniform(6, 14)), (226, 230, 232))
    c.picture = cv2.GaussianBlur(c.picture, (0, 0), 4 * c.scale)
    for x in range(40, int(c.wide), 230):
        c.box(x, 60, 20, 260, (84, 66, 52))
        c.leaves(x - 90, -20, 200, 170, 380, (78, 116, 66), rng)
    c.leaves(0, 150, c.wide, 130, 1300, (70, 106, 58), rng)
    for x in range(0, int(c.wide), 30):
        tone = shaded((186, 176, 158), float(rng.uniform(0.75, 1.0)))
        c.shape([(x, 262), (x + 11, 250), (x + 22, 262), (x + 22, 400), (x, 400)], tone)
    c.box(0, 290, c.wide, 10, (168, 158, 140))
    c.leaves(0, 360, c.wide, 110, 1200, (86, 128, 66), rng)
    for _ in range(150):
        petal = ((206, 74, 66), (226, 186, 74), (190, 110, 170), (240, 236, 226))[
            int(rng.integers(4))
        ]
        c.disc(float(rng.uniform(0, c.wide)), float(rng.uniform(350, 460)), 5, 5, petal)
    c.picture = textured(c.picture, rng, 0.12)
    return c.picture


def library(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A living room: books, pictures on a wall, a plant, a standing lamp."""
    wall = ((104, 122, 130), (134, 106, 92), (110, 124, 102))[int(rng.integers(3))]
    c = Canvas(gradient(size, shaded(wall, 0.8), shaded(wall, 1.05)))
    c.picture = textured(c.picture, rng)
    for left in (30, 760):
        c.box(left - 10, 20, 290, 330, (66, 46, 34))
        for y in (92, 164, 236, 308):
            _shelf(c, left, y, 270, rng)
    for x, y, w, h in ((390, 60, 110, 80), (540, 40, 80, 110), (1110, 60, 120, 90)):
        c.box(x - 6, y - 6, w + 12, h + 12, (188, 174, 146))
        c.box(x, y, w, h, SHADES[int(rng.integers(len(SHADES)))])
        for _ in range(10):
            c.disc(
                x + float(rng.uniform(14, w - 14)), y + float(rng.uniform(14, h - 14)),
                float(rng.uniform(4, 13)), float(rng.uniform(3, 9)),
                SHADES[int(rng.integers(len(SHADES)))],
            )  # fmt: skip
    c.box(0, 350, c.wide, 120, (96, 70, 52))
    for x in range(0, int(c.wide), 84):
        c.box(x, 350, 2, 120, (70, 50, 38))
    for x in (680, 360):
        c.leaves(x - 45, 180, 100, 140, 130, (70, 112, 72), rng)
        c.box(x - 18, 304, 44, 48, (176, 128, 92))
    c.line([(1080, 350), (1080, 150)], 4, (40, 36, 34))
    c.shape([(1050, 150), (1066, 104), (1096, 104), (1110, 150)], (226, 200, 150))
    c.glow(1080, 134, 66, (255, 206, 130), 0.7)
    return c.picture


PLACES: dict[str, Callable[[tuple[int, int], np.random.Generator], np.ndarray]] = {
    "kitchen": kitchen, "workshop": workshop, "garden": garden, "library": library,
}  # fmt: skip


@lru_cache(maxsize=8)
def place(name: str, size: tuple[int, int], seed: int) -> np.ndarray:
    """The place behind people, a little out of focus. `size`: the frame's width and height."""
    rng = np.random.default_rng([seed, seed_of(name)])
    canvas = (2 * size[0], round(1.3 * size[1]))
    picture = PLACES[name](canvas, rng)
    soft = cv2.GaussianBlur(picture, (0, 0), 1.1 * size[1] / 360)
    soft.setflags(write=False)
    return soft
