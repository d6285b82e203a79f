"""B-roll of a hand that turns the lantern's dial and the light that answers."""

# numpy expressions are Any to mypy, and arrays change dtype on purpose between steps.
# mypy: disable-error-code="no-any-return,assignment,arg-type"

import itertools

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
from video_assets.demo.face import Light, shade
from video_assets.demo.props import city_lights
from video_assets.demo.rooms import WIDE_SIZE

_SKIN = light("#d9a483")
_SIZE = (1500, 900)
# Three fingers and the back of the hand as chains of (x, y, radius), drawn in order; tips left.
_CHAINS = (
    ((900, 585, 80), (640, 610, 62), (400, 545, 56), (318, 500, 48)),
    ((880, 470, 84), (640, 468, 66), (390, 420, 58), (268, 415, 48)),
    ((860, 380, 86), (620, 320, 70), (380, 300, 60), (238, 345, 50)),
    ((1300, 590, 180), (1080, 545, 165), (930, 460, 135)),
)


def _chain(points: tuple[tuple[int, int, int], ...]) -> tuple[np.ndarray, np.ndarray]:
    """Height and distance outside (pixels) of a chain of round, tapering links."""
    x, y = grid(_SIZE)
    high = np.full((_SIZE[1], _SIZE[0]), -1e3, np.float32)
    out = np.full_like(high, 1e4)
    for (ax, ay, ar), (bx, by, br) in itertools.pairwise(points):
        dx, dy = bx - ax, by - ay
        along = np.clip(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy), 0, 1)
        radius = ar + (br - ar) * along
        far = np.hypot(x - ax - dx * along, y - ay - dy * along)
        out = np.minimum(out, far - radius)
        high = np.maximum(high, np.sqrt(np.clip(radius**2 - far**2, 0, None)))
    return high, out


def _hand() -> tuple[np.ndarray, np.ndarray]:
    """The hand by dusk (premultiplied) and the light the lamp adds to it."""
    cool = [Light((-0.2, -1.0, 0.7), light("#86a9e6") * 0.55)]
    warm = [Light((-0.75, -0.75, 0.5), light("#ffb055") * 1.5)]
    base = np.zeros((_SIZE[1], _SIZE[0], 4), np.float32)
    lamp = np.zeros((_SIZE[1], _SIZE[0], 3), np.float32)
    fleck = clouds(_SIZE, (16, 16), 3, 150) - 0.5
    x, y = grid(_SIZE)
    for number, chain in enumerate(_CHAINS):
        high, out = _chain(chain)
        cover = smooth(1.3, -1.3, out) if number < 3 else smooth(26, -26, out)
        # Creases at the joints, a nail at the tip.
        skin = _SKIN * (1 + 0.10 * fleck[..., None])
        finger = number < 3
        if finger:
            for jx, jy, jr in chain[1:-1]:
                for k in (-0.16, 0.0, 0.17):
                    line = np.exp(-(((x - jx - k * jr - 0.12 * (y - jy)) / 3.0) ** 2)) * smooth(
                        jr, 0, np.abs(y - jy)
                    )
                    skin = skin * (1 - 0.22 * line[..., None])
                knuckle = np.exp(-((x - jx) ** 2 + (y - jy) ** 2) / (2 * (0.8 * jr) ** 2))
                skin = skin * (1 - knuckle[..., None] * np.array([0.0, 0.10, 0.12], np.float32))
            tx, ty, tr = chain[-1]
            tip = np.exp(-((x - tx) ** 2 + (y - ty) ** 2) / (2 * (1.1 * tr) ** 2))
            skin = skin * (1 - tip[..., None] * np.array([0.0, 0.10, 0.10], np.float32))
            nail = np.hypot((x - tx - 2) / (0.66 * tr), (y - ty + 0.42 * tr) / (0.36 * tr))
            nail = smooth(1.06, 0.94, nail)
            skin = skin + (nail[..., None] * 0.5) * (light("#e9b9a6") - skin)
            high = high + nail * 3
        relief = blurred(high.astype(np.float32), 2.5 if finger else 9) / 100
        gloss = 0.10 if finger else 0.05
        cold_lit = shade(relief, skin, cool, light("#33445f") * 0.22, 100, soft=0.25, gloss=gloss)
        warm_lit = shade(relief, skin, warm, np.zeros(3, np.float32), 100, soft=0.35, gloss=gloss)
        reach = 1 / (1 + ((x - 180) / 430) ** 2 + ((y - 200) / 520) ** 2) ** 1.2
        warm_lit = warm_lit * (1.5 * reach)[..., None]
        # Each finger shades the one behind it.
        if number:
            shadow = blurred(cover.astype(np.float32), 16) * 0.55
            shadow = np.roll(shadow, (18, 10), (0, 1))
            base[..., :3] *= (1 - shadow * base[..., 3])[..., None]
            lamp *= (1 - shadow)[..., None]
        keep = (1 - cover)[..., None]
        base[..., :3] = base[..., :3] * keep + cold_lit * cover[..., None]
        base[..., 3] = np.maximum(base[..., 3], cover)
        lamp = lamp * keep + warm_lit * cover[..., None]
    # The cuff of a knitted sleeve.
    high, out = _chain(((1490, 640, 265), (1180, 575, 200)))
    cover = smooth(1.5, -1.5, out) * smooth(1065, 1072, x - 0.2 * (y - 560))
    rib = high / 100 + 0.07 * np.sin((y - 0.25 * x) * 0.19)
    cloth = np.broadcast_to(light("#35564a"), (*high.shape, 3)).copy()
    cold_lit = shade(rib.astype(np.float32), cloth, cool, light("#33445f") * 0.25, 100, gloss=0.01)
    warm_lit = shade(rib.astype(np.float32), cloth, warm, np.zeros(3, np.float32), 100, gloss=0.01)
    keep = (1 - cover)[..., None]
    base[..., :3] = base[..., :3] * keep + cold_lit * cover[..., None]
    base[..., 3] = np.maximum(base[..., 3], cover)
    lamp = lamp * keep + warm_lit * (cover * 0.4)[..., None]
    return base, lamp.astype(np.float32)


def switch(duration: float) -> Picture:
    """Dusk, an unlit lantern, fingers on the dial; the glow ramps up and the hand draws back."""
    size = (2160, 1215)
    back = ramp(
        size,
        [
            (0, light("#13243c") * 0.8),
            (0.5, light("#24425f") * 0.6),
            (0.8, light("#2b3440") * 0.5),
            (1, light("#10161d")),
        ],
    )
    back *= (0.75 + 0.5 * clouds(size, (420, 300), 3, 151))[..., None]
    back = back + city_lights(size, 60, 40, 300, 0.2) * 0.35
    unit = 1330.0
    count = 5
    sprites = []
    studio = lantern.Studio(
        ((-1.25, 0.30, 0.2, light("#8fb2e6") * 1.9), (1.15, 0.16, 0.3, light("#a9b8d6") * 0.8),
         (0.25, 0.5, 0.9, light("#52688c") * 0.5)), light("#0c0f14"), light("#22344c"))  # fmt: skip
    # The dial's ridges repeat 46 times round: a few renderings within one ridge make any turn.
    for step in range(count):
        whole = lantern.render(unit, studio, turn=2 * np.pi / 46 * step / count)
        rows = slice(round(0.42 * unit), None)
        sprites.append((whole.base[rows].copy(), whole.lamp[rows].copy()))
    top = round(0.42 * unit)
    base, lamp = _hand()
    warm = light("#ffae50")
    _x, _y = grid(WIDE_SIZE)

    def frame(moment: float) -> np.ndarray:
        part = eased(moment / duration)
        glow = float(smooth(1.35, 3.6, moment)) ** 1.6 * (1 + 0.02 * np.sin(moment * 5))
        shift = 34 - 68 * part
        picture = moved(back, WIDE_SIZE, 1.0 + 0.03 * part, (shift * 0.5, 0))
        foot = (860 + shift, 1150 - 26 * part)
        core = (foot[0], foot[1] - 0.42 * unit)
        picture *= 1 + 0.6 * glow
        add_glow(picture, core, 520, warm * 0.20 * glow)
        twist = float(smooth(0.5, 2.7, moment))
        ridges = twist * 6.0 * count
        sheet, shine = sprites[int(ridges) % count]
        sprite = sheet.copy()
        sprite[..., :3] += shine * np.float32(0.95 * glow)
        left = foot[0] - lantern.WIDE * unit / 2
        high = foot[1] - (lantern.TALL - lantern.FOOT) * unit + top
        sub = np.array([[1, 0, left - np.floor(left)], [0, 1, high - np.floor(high)]], np.float32)
        moved_sprite = cv2.warpAffine(sprite, sub, sprite.shape[1::-1])
        over(picture, moved_sprite, (int(np.floor(left)), int(np.floor(high))))
        # Fingers ride the dial round, then let go and draw away to the right.
        gone = float(smooth(2.9, duration + 0.6, moment))
        hx = foot[0] - 50 - 78 * (twist - 0.5) + 620 * gone
        hy = foot[1] - 0.2 * unit - 395 + 9 * np.sin(twist * np.pi) + 120 * gone
        layer = base.copy()
        layer[..., :3] += lamp * np.float32(glow)
        matrix = cv2.getRotationMatrix2D((1400, 620), 2.5 * (twist - 0.5) - 3 * gone, 1.0)
        matrix[0, 2] += hx
        matrix[1, 2] += hy
        over(picture, cv2.warpAffine(layer, matrix, WIDE_SIZE, borderMode=cv2.BORDER_CONSTANT))
        return bloom(picture, 0.12 + 0.14 * glow)

    return frame
