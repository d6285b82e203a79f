"""Things on a table: kettles, mugs, bread, apples as lit reliefs; a bicycle as lines.

A sprite is display-referred RGB 0..255 premultiplied with coverage 0..1, float32 (h, w, 4).
"""

# numpy expressions are Any to mypy, and arrays change dtype on purpose between steps.
# mypy: disable-error-code="no-any-return,assignment,arg-type"

from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np

from video_assets_tests.truth.people import displayed

Points = tuple[tuple[float, float, float], ...]


class Relief:
    """Heights towards the camera and colours, built from parts; (-1.6..1.6)^2 in thing units."""

    def __init__(self, unit: int) -> None:
        self.unit = unit
        side = round(3.2 * unit)
        axis = (np.arange(side, dtype=np.float32) + 0.5) / unit - 1.6
        self.u, self.v = axis[None, :], axis[:, None]
        self.z = np.zeros((side, side), np.float32)
        self.cover = np.zeros((side, side), np.float32)
        self.colour = np.zeros((side, side, 3), np.float32)

    def add(self, high: np.ndarray, inside: np.ndarray, colour: np.ndarray, lift: float) -> None:
        """Lays a part over what is there; `inside`: distance into it in units, soft edge."""
        cover = np.clip(0.5 + inside * self.unit / 1.5, 0, 1)
        self.z += cover * (high + lift - self.z)
        self.colour += cover[..., None] * (colour - self.colour)
        self.cover = np.maximum(self.cover, cover)

    def turned(
        self, profile: list[tuple[float, float]], colour: np.ndarray, lift: float = 0
    ) -> None:
        """A body of revolution: `profile` of (height v, radius)."""
        at, wide = zip(*profile, strict=True)
        radius = np.interp(self.v, at, wide).astype(np.float32)
        high = np.sqrt(np.clip(radius**2 - self.u**2, 0, None))
        inside = np.minimum(radius - np.abs(self.u), np.minimum(self.v - at[0], at[-1] - self.v))
        self.add(high, inside, colour, lift)

    def tube(self, points: Points, colour: np.ndarray, lift: float = 0) -> None:
        """A bent tube through (u, v, radius)."""
        high, inside = np.zeros_like(self.z), np.full_like(self.z, -9.0)
        for (ax, ay, ar), (bx, by, br) in pairwise(points):
            dx, dy = bx - ax, by - ay
            along = ((self.u - ax) * dx + (self.v - ay) * dy) / (dx * dx + dy * dy + 1e-9)
            along = np.clip(along, 0, 1)
            radius = ar + (br - ar) * along
            far = np.hypot(self.u - ax - dx * along, self.v - ay - dy * along)
            inside = np.maximum(inside, radius - far)
            high = np.maximum(high, np.sqrt(np.clip(radius**2 - far**2, 0, None)))
        self.add(high, inside, colour, lift)

    def lit(self, side: float, gloss: float) -> np.ndarray:
        """The sprite under a warm lamp from `side` (-1 left, 1 right)."""
        from video_assets.demo.drawing import blurred, light
        from video_assets.demo.face import Light, shade

        lamps = [
            Light((0.7 * side, -0.7, 0.9), light("#fff0dc") * 1.25),
            Light((-0.9 * side, 0.0, 0.4), light("#9ab4da") * 0.45),
        ]
        z = blurred(self.z, 0.02 * self.unit)
        seen = shade(z, self.colour, lamps, light("#8a8a90") * 0.5, self.unit, 0.15, gloss)
        return displayed(np.dstack([seen * self.cover[..., None], self.cover]))


def _arc(cx: float, cy: float, rx: float, ry: float, a: float, b: float, r: float) -> Points:
    turns = np.linspace(np.radians(a), np.radians(b), 14)
    return tuple((cx + rx * float(np.cos(t)), cy + ry * float(np.sin(t)), r) for t in turns)


def _linear(code: str) -> np.ndarray:
    from video_assets.demo.drawing import light

    return light(code)


@lru_cache(maxsize=8)
def kettle(unit: int, paint: str, side: float) -> np.ndarray:
    """The product: a round kettle with a spout to the right and a big wooden handle."""
    r = Relief(unit)
    wood, steel = _linear("#8a5a34"), _linear("#c9c6bd")
    r.tube(_arc(-0.05, -0.35, 0.78, 0.95, 188, 352, 0.1), wood)
    r.tube(((0.55, 0.35, 0.26), (0.95, -0.05, 0.17), (1.22, -0.42, 0.11)), _linear(paint), 0.1)
    r.turned(
        [(-0.42, 0.42), (-0.3, 0.66), (0.0, 0.9), (0.35, 1.0), (0.7, 0.92), (0.86, 0.8)],
        _linear(paint), 0.2,
    )  # fmt: skip
    r.turned([(0.78, 0.86), (0.9, 0.84)], steel, 0.2)
    r.turned([(-0.62, 0.1), (-0.56, 0.36), (-0.42, 0.46)], steel, 0.3)
    r.turned([(-0.84, 0.05), (-0.76, 0.13), (-0.66, 0.1), (-0.6, 0.06)], wood, 0.4)
    return r.lit(side, 0.16)


@lru_cache(maxsize=8)
def urn(unit: int, side: float) -> np.ndarray:
    """The rival: a tall grey electric jug with a black handle and a blue lamp."""
    r = Relief(unit)
    r.tube(((-0.6, -0.6, 0.09), (-1.0, -0.5, 0.1), (-1.0, 0.45, 0.1), (-0.6, 0.6, 0.09)),
           _linear("#1c1d20"))  # fmt: skip
    r.turned([(-1.0, 0.5), (-0.2, 0.62), (0.86, 0.72)], _linear("#8d9298"), 0.2)
    r.turned([(0.8, 0.8), (1.0, 0.8)], _linear("#1c1d20"), 0.2)
    r.turned([(-1.14, 0.36), (-1.0, 0.5)], _linear("#1c1d20"), 0.3)
    r.tube(((0.0, 0.62, 0.05), (0.02, 0.62, 0.05)), _linear("#4aa0ff"), 0.9)
    return r.lit(side, 0.2)


@lru_cache(maxsize=8)
def mug(unit: int, glaze: str, side: float) -> np.ndarray:
    """A mug, its handle to the left."""
    r = Relief(unit)
    r.tube(_arc(-0.62, 0.1, 0.42, 0.42, 70, 290, 0.1), _linear(glaze))
    r.turned([(-0.62, 0.66), (0.5, 0.64), (0.8, 0.52)], _linear(glaze), 0.2)
    r.tube(((-0.5, -0.6, 0.09), (0.5, -0.6, 0.09)), _linear("#3a2417"), 0.6)
    return r.lit(side, 0.12)


@lru_cache(maxsize=4)
def loaf(unit: int, side: float) -> np.ndarray:
    """A loaf of bread with three cuts across its crust."""
    r = Relief(unit)
    crust, crumb = _linear("#a8652c"), _linear("#e6c790")
    r.tube(((-0.85, 0.35, 0.5), (0.0, 0.25, 0.62), (0.85, 0.35, 0.5)), crust)
    for x in (-0.6, 0.0, 0.6):
        r.tube(((x - 0.16, 0.1, 0.07), (x + 0.2, -0.2, 0.05)), crumb, 0.5)
    fleck = np.random.default_rng(4).random(r.z.shape, dtype=np.float32)
    r.colour *= (0.75 + 0.5 * cv2.GaussianBlur(fleck, (0, 0), unit / 30))[..., None]
    return r.lit(side, 0.03)


@lru_cache(maxsize=4)
def apples(unit: int, side: float) -> np.ndarray:
    """Three apples."""
    r = Relief(unit)
    for x, y, code in ((0.1, -0.05, "#6f9a3a"), (-0.6, 0.4, "#b02c26"), (0.65, 0.42, "#c24a2e")):
        r.tube(((x - 0.08, y, 0.46), (x + 0.08, y, 0.46)), _linear(code), 0.1)
        r.tube(((x, y - 0.46, 0.035), (x + 0.08, y - 0.62, 0.03)), _linear("#4a3320"), 0.5)
    return r.lit(side, 0.12)


@lru_cache(maxsize=4)
def bicycle(unit: int, paint: str) -> np.ndarray:
    """A bicycle seen from its side, riding to the right; 3.2 by 2.2 units."""
    height, width = round(2.2 * unit), round(3.2 * unit)
    picture = np.zeros((height, width, 4), np.uint8)

    def at(x: float, y: float) -> tuple[int, int]:
        return round((x + 1.6) * unit), round((y + 1.1) * unit)

    rgb = tuple(int(paint[i : i + 2], 16) for i in (1, 3, 5))
    thick = max(2, unit // 14)
    for x in (-0.95, 0.95):
        cv2.circle(picture, at(x, 0.45), round(0.6 * unit), (26, 26, 28, 255), thick, cv2.LINE_AA)
        for k in range(12):
            t = k * np.pi / 6
            rim = at(x + 0.58 * float(np.cos(t)), 0.45 + 0.58 * float(np.sin(t)))
            cv2.line(picture, at(x, 0.45), rim, (150, 152, 156, 160), 1, cv2.LINE_AA)
    for a, b in (
        ((-0.95, 0.45), (-0.35, -0.4)), ((-0.35, -0.4), (0.55, -0.42)), ((0.55, -0.42), (0.0, 0.45)),
        ((0.0, 0.45), (-0.35, -0.4)), ((0.0, 0.45), (-0.95, 0.45)), ((0.5, -0.6), (0.95, 0.45)),
    ):  # fmt: skip
        cv2.line(picture, at(*a), at(*b), (*rgb, 255), thick, cv2.LINE_AA)
    cv2.line(picture, at(-0.58, -0.6), at(-0.16, -0.62), (50, 32, 24, 255), 2 * thick, cv2.LINE_AA)
    cv2.line(picture, at(-0.35, -0.4), at(-0.38, -0.6), (90, 92, 96, 255), thick, cv2.LINE_AA)
    cv2.line(picture, at(0.5, -0.6), at(0.3, -0.74), (40, 40, 42, 255), thick, cv2.LINE_AA)
    basket = np.array([at(0.62, -0.72), at(1.1, -0.72), at(1.02, -0.32), at(0.68, -0.32)])
    cv2.fillPoly(picture, [basket], (168, 126, 78, 255), cv2.LINE_AA)
    layer = picture.astype(np.float32)
    layer[..., 3] /= 255
    layer[..., :3] *= layer[..., 3:4]
    return layer
