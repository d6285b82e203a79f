"""B-roll shots: a painted plate under a moving camera, a thing on it, steam, rain, water.

Plates are RGB uint8, 1.4 times the frame; all of a shot is a function of its time and its seed.
"""

# numpy expressions are Any to mypy, and arrays change dtype on purpose between steps.
# mypy: disable-error-code="no-any-return,assignment,arg-type"

from collections.abc import Callable

import cv2
import numpy as np

from video_assets_tests.truth import places, things
from video_assets_tests.truth.moving import Box, Shot, stamp
from video_assets_tests.truth.places import Canvas, Rgb, gradient, shaded, textured
from video_assets_tests.truth.seeds import seed_of

MARGIN = 1.4


class _Kit:
    """What a painter of shots needs: sizes, chance, and the parts that move."""

    def __init__(self, size: tuple[int, int], rng: np.random.Generator) -> None:
        self.size, self.rng = size, rng
        self.plate_size = (round(size[0] * MARGIN), round(size[1] * MARGIN))
        self.scale = self.plate_size[1] / 468
        self.side = float(rng.choice([-1.0, 1.0]))

    def path(self, closer: float = 0.1) -> tuple[tuple[float, float, float], ...]:
        """A slow move across, ending a little closer or wider."""
        r = self.rng
        across = float(r.uniform(0.05, 0.1)) * float(r.choice([-1, 1]))
        down = float(r.uniform(-0.03, 0.03))
        zoom = 1.0 + float(r.uniform(0.02, closer))
        ends = ((0.5 - across, 0.5 - down, 1.02), (0.5 + across, 0.5 + down, 1.02 * zoom))
        return ends if r.random() < 0.6 else (ends[1], ends[0])

    def table(self, wall: Rgb, wood: Rgb) -> Canvas:
        """A wall with things on it, out of focus, and a table in front."""
        c = Canvas(gradient(self.plate_size, shaded(wall, 0.6), wall))
        c.picture = textured(c.picture, self.rng, 0.2)
        for _ in range(int(self.rng.integers(5, 9))):
            x, y = float(self.rng.uniform(0, c.wide)), float(self.rng.uniform(30, 230))
            tone = places.SHADES[int(self.rng.integers(len(places.SHADES)))]
            c.box(x, y, float(self.rng.uniform(24, 90)), float(self.rng.uniform(30, 90)), tone)
        for _ in range(7):
            x, y = float(self.rng.uniform(0, c.wide)), float(self.rng.uniform(20, 200))
            c.glow(x, y, float(self.rng.uniform(12, 26)), (255, 206, 140), 0.8)
        c.picture = cv2.GaussianBlur(c.picture, (0, 0), 5 * self.scale)
        c.box(0, 296, c.wide, 180, wood)
        for _ in range(70):
            x, y = float(self.rng.uniform(-80, c.wide)), float(self.rng.uniform(300, 466))
            tone = shaded(wood, float(self.rng.uniform(0.75, 1.15)))
            c.line([(x, y), (x + 60, y + 2), (x + 150, y)], 1.5, tone)
        c.box(0, 294, c.wide, 5, shaded(wood, 1.25))
        c.picture = textured(c.picture, self.rng, 0.1)
        return c

    def stand(self, c: Canvas, sprite: np.ndarray, x: float, foot: float) -> Box:
        """Paints a thing on the table, foot at `foot` (468 units), with its shadow; its box."""
        width = sprite.shape[1]
        rows = np.flatnonzero(sprite[..., 3].max(axis=1) > 0.1)
        cols = np.flatnonzero(sprite[..., 3].max(axis=0) > 0.1)
        left, top = x * self.scale - width / 2, foot * self.scale - rows[-1]
        shade = np.zeros(c.picture.shape[:2], np.float32)
        centre = (left + cols.mean() - 20 * self.side * self.scale, foot * self.scale)
        axes = ((cols[-1] - cols[0]) * 1.15, 34 * self.scale)
        cv2.ellipse(shade, (centre, axes, 0.0), 1.0, -1, cv2.LINE_AA)
        shade = cv2.GaussianBlur(shade, (0, 0), 7 * self.scale)
        c.picture = (c.picture * (1 - 0.55 * shade[..., None])).astype(np.uint8)
        stamp(c.picture, sprite, np.array([[1.0, 0, left], [0, 1, top]]))
        return (
            (left + cols[0]) / self.plate_size[0], (top + rows[0]) / self.plate_size[1],
            (cols[-1] - cols[0]) / self.plate_size[0], (rows[-1] - rows[0]) / self.plate_size[1],
        )  # fmt: skip

    def steam(self, x: float, y: float, gain: float = 0.5) -> Callable[..., None]:
        """Wisps that rise from a point of the plate."""
        wide, tall = round(90 * self.scale), round(170 * self.scale)
        wisp = places.noise((wide, 3 * tall), 22 * self.scale, self.rng)
        across = np.exp(-(((np.arange(wide) / wide - 0.5) / 0.2) ** 2))[None, :]
        up = np.sin(np.linspace(0.05, 3.1, tall))[:, None] ** 1.3
        mask = (across * up * gain).astype(np.float32)

        def effect(frame: np.ndarray, camera: np.ndarray, t: float) -> None:
            start = round(t * 60 * self.scale) % (2 * tall)
            cover = mask * np.clip(wisp[start : start + tall] * 1.8 - 0.5, 0, 1)
            light = cover * np.float32(235)
            layer = np.dstack([light, light, light, cover])
            move = np.array(
                [[1, 0, x * self.scale - wide / 2], [0, 1, y * self.scale - tall], [0, 0, 1]]
            )
            stamp(frame, layer.astype(np.float32), camera @ move)

        return effect

    def shot(self, seconds: float, c: Canvas, **more: object) -> Shot:
        """The shot of a finished plate."""
        return Shot(self.size, seconds, c.picture, self.path(), **more)  # type: ignore[arg-type]

    def unit(self, share: float) -> int:
        """Pixels of a thing's unit, a share of the plate's height."""
        return max(8, round(self.plate_size[1] * share))


PAINTS = ("#2f6f6a", "#a8322c", "#c08a2e", "#3d5a80")


def _tabled(
    kit: _Kit, seconds: float, sprite: np.ndarray, steam: tuple[float, float] | None
) -> Shot:
    wall = places.SHADES[int(kit.rng.integers(len(places.SHADES)))]
    wood = ((124, 88, 56), (156, 120, 84), (92, 66, 50))[int(kit.rng.integers(3))]
    c = kit.table(wall, wood)
    x = c.wide * float(kit.rng.uniform(0.44, 0.56))
    box = kit.stand(c, sprite, x, 352)
    effects = [kit.steam(x + steam[0], 352 + steam[1])] if steam else []
    return kit.shot(seconds, c, subject=box, effects=effects)


def kettle(kit: _Kit, seconds: float) -> Shot:
    """The product on a table, steam from its spout."""
    paint = PAINTS[int(kit.rng.integers(len(PAINTS)))]
    sprite = things.kettle(kit.unit(0.16), paint, kit.side)
    return _tabled(kit, seconds, sprite, (98.0, -104.0))


def rival(kit: _Kit, seconds: float) -> Shot:
    """Somebody else's electric jug."""
    return _tabled(kit, seconds, things.urn(kit.unit(0.15), kit.side), None)


def mug(kit: _Kit, seconds: float) -> Shot:
    """A mug that steams."""
    glaze = ("#b0452e", "#e0d6c2", "#4a6a8a", "#6a7f4a")[int(kit.rng.integers(4))]
    return _tabled(kit, seconds, things.mug(kit.unit(0.17), glaze, kit.side), (0.0, -102.0))


def bread(kit: _Kit, seconds: float) -> Shot:
    """A loaf, just baked."""
    return _tabled(kit, seconds, things.loaf(kit.unit(0.17), kit.side), (0.0, -80.0))


def apples(kit: _Kit, seconds: float) -> Shot:
    """Apples."""
    return _tabled(kit, seconds, things.apples(kit.unit(0.18), kit.side), None)


def stove(kit: _Kit, seconds: float) -> Shot:
    """Blue flames under a kettle."""
    c = kit.table((86, 92, 98), (40, 42, 46))
    x = c.wide / 2
    paint = PAINTS[int(kit.rng.integers(len(PAINTS)))]
    box = kit.stand(c, things.kettle(kit.unit(0.15), paint, kit.side), x, 316)
    c.box(x - 120, 316, 240, 8, (26, 26, 28))
    for leg in (-104, 96):
        c.box(x + leg, 316, 8, 40, (26, 26, 28))
    c.disc(x, 358, 74, 12, (60, 62, 66))
    phases = kit.rng.uniform(0, 6.28, 15)

    def flames(frame: np.ndarray, camera: np.ndarray, t: float) -> None:
        zoom = camera[0, 0] * kit.scale
        for n, phase in enumerate(phases):
            fx = (x - 70 + 10 * n) * kit.scale * camera[0, 0] + camera[0, 2]
            fy = 354 * kit.scale * camera[1, 1] + camera[1, 2]
            tall = zoom * (20 + 7 * np.sin(9 * t + phase) + 4 * np.sin(23 * t + 2 * phase))
            for share, colour in ((1.0, (70, 110, 240)), (0.55, (170, 206, 255))):
                tip = (round(fx * 16), round((fy - tall * share) * 16))
                w = 4.5 * zoom * share
                foot = [(round((fx + s * w) * 16), round(fy * 16)) for s in (-1, 1)]
                cv2.fillPoly(frame, [np.array([*foot, tip], np.int32)], colour, cv2.LINE_AA, 4)

    effects = [kit.steam(x + 92, 218), flames]
    return kit.shot(seconds, c, subject=box, effects=effects)


def lake(kit: _Kit, seconds: float) -> Shot:
    """Water under hills, with ripples that run."""
    c = Canvas(gradient(kit.plate_size, (120, 160, 204), (232, 206, 178)))
    c.picture = textured(c.picture, kit.rng, 0.06)
    _ridges(c, kit.rng, 236, (96, 116, 138), 4)
    top = round(236 * kit.scale)
    mirror = c.picture[:top][::-1][: kit.plate_size[1] - top]
    c.picture[top : top + len(mirror)] = (mirror * 0.72 + np.array([16, 30, 40])).astype(np.uint8)
    for _ in range(260):
        y = float(kit.rng.uniform(240, 466))
        x, w = float(kit.rng.uniform(0, c.wide)), float(kit.rng.uniform(8, 70)) * (y - 220) / 150
        c.line([(x, y), (x + w, y)], 1.2, (176, 196, 206))
    for _ in range(90):
        x = float(kit.rng.uniform(0, c.wide * 0.3))
        c.line([(x, 470), (x + float(kit.rng.uniform(-14, 14)), float(kit.rng.uniform(330, 420)))],
               2, (52, 66, 44))  # fmt: skip
    rows = np.arange(kit.size[1], dtype=np.float32)[:, None]
    columns = np.arange(kit.size[0], dtype=np.float32)[None, :]

    def ripples(frame: np.ndarray, camera: np.ndarray, t: float) -> None:
        edge = int(np.clip(top * camera[1, 1] + camera[1, 2], 0, frame.shape[0] - 2))
        y = rows[edge:]
        deep = (y - edge) / frame.shape[0]
        shift = kit.scale * (1 + 9 * deep) * np.sin(y / (3 + 20 * deep) / kit.scale - 3.4 * t)
        across = (columns + shift).astype(np.float32)
        down = np.broadcast_to(y + kit.scale * 2 * deep * np.sin(across / 31 + 2 * t), across.shape)
        frame[edge:] = cv2.remap(
            frame, across, down.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )

    return kit.shot(seconds, c, subject=(0.2, 0.5, 0.6, 0.4), effects=[ripples])


def _ridges(c: Canvas, rng: np.random.Generator, base: float, colour: Rgb, count: int) -> None:
    for n in range(count):
        part = n / max(1, count - 1)
        tone = shaded(colour, 1.25 - 0.75 * part)
        x = np.linspace(0, c.wide, 60)
        high = np.zeros(60)
        for k in range(1, 6):
            high += np.sin(x / c.wide * 6.28 * k * (0.6 + 0.3 * n) + rng.uniform(0, 6.28)) / k
        top = base - 60 * (1 - part) - 22 - 26 * high * (1 - 0.4 * part)
        line = [(float(a), float(min(b, base))) for a, b in zip(x, top, strict=True)]
        c.shape([*line, (c.wide, base), (0, base)], tone)


def hills(kit: _Kit, seconds: float) -> Shot:
    """Ridge behind ridge, a path, clouds that drift."""
    c = Canvas(gradient(kit.plate_size, (116, 156, 206), (236, 222, 196)))
    _ridges(c, kit.rng, 330, (104, 132, 126), 5)
    c.box(0, 326, c.wide, 150, (88, 112, 66))
    c.leaves(0, 330, c.wide, 140, 700, (96, 122, 66), kit.rng)
    c.shape([(c.wide * 0.45, 326), (c.wide * 0.47, 326), (c.wide * 0.7, 470), (c.wide * 0.4, 470)],
            (186, 166, 128))  # fmt: skip
    c.picture = textured(c.picture, kit.rng, 0.1)
    wide, tall = kit.plate_size[0] * 2, round(150 * kit.scale)
    cover = np.clip(places.noise((wide, tall), 46 * kit.scale, kit.rng) * 2.4 - 1.25, 0, 0.8)
    cover *= np.sin(np.linspace(0.05, 3.1, tall, dtype=np.float32))[:, None]
    cloud = np.dstack([cover * 244, cover * 242, cover * 240, cover]).astype(np.float32)

    def drift(frame: np.ndarray, camera: np.ndarray, t: float) -> None:
        move = np.array(
            [[1, 0, -kit.plate_size[0] * 0.5 + 16 * kit.scale * t], [0, 1, 0], [0, 0, 1]]
        )
        stamp(frame, cloud, camera @ move)

    return kit.shot(seconds, c, subject=(0.15, 0.35, 0.7, 0.45), effects=[drift])


def rain(kit: _Kit, seconds: float) -> Shot:
    """Drops that run down a pane; lights of a street behind it."""
    c = Canvas(gradient(kit.plate_size, (40, 52, 70), (70, 76, 84)))
    for _ in range(46):
        tone = ((255, 200, 130), (220, 90, 70), (160, 200, 240))[int(kit.rng.integers(3))]
        at = (float(kit.rng.uniform(0, c.wide)), float(kit.rng.uniform(60, 420)))
        r = float(kit.rng.uniform(7, 18))
        c.disc(*at, r, r, shaded(tone, float(kit.rng.uniform(0.4, 0.9))))
    c.picture = cv2.GaussianBlur(c.picture, (0, 0), 3 * kit.scale)
    for _ in range(420):
        x, y = float(kit.rng.uniform(0, c.wide)), float(kit.rng.uniform(0, 468))
        r = float(kit.rng.uniform(1.2, 4.2))
        c.disc(x, y, r, r * 1.25, (150, 166, 184))
        c.disc(x, y + r * 0.4, r * 0.7, r * 0.7, (70, 84, 100))
    c.box(c.wide * 0.62, 0, 16, 470, (30, 26, 24))
    c.box(0, 440, c.wide, 30, (46, 40, 36))
    drops = kit.rng.uniform(0, 1, (40, 4))

    def fall(frame: np.ndarray, camera: np.ndarray, t: float) -> None:
        height, width = frame.shape[:2]
        for x, y, speed, size in drops:
            at = (y + t * (0.18 + 0.5 * speed)) % 1.15
            px = x * width + 3 * np.sin(17 * at + 9 * x)
            r = kit.scale * (1.6 + 2.4 * size)
            tail = (round(px * 16), round((at - 0.09 * (0.4 + speed)) * height * 16))
            head = (round(px * 16), round(at * height * 16))
            cv2.line(frame, tail, head, (120, 138, 158), max(1, round(r * 0.7)), cv2.LINE_AA, 4)
            cv2.circle(frame, head, round(r * 16), (196, 210, 222), -1, cv2.LINE_AA, 4)

    return kit.shot(seconds, c, subject=(0.2, 0.15, 0.6, 0.7), effects=[fall])


def _facade(kit: _Kit) -> Canvas:
    c = Canvas(gradient(kit.plate_size, (170, 188, 206), (206, 204, 196)))
    x = 0.0
    while x < c.wide:
        w = float(kit.rng.uniform(90, 150))
        wall = shaded(places.SHADES[int(kit.rng.integers(len(places.SHADES)))], 0.95)
        top = float(kit.rng.uniform(20, 90))
        c.box(x, top, w, 360 - top, wall)
        c.shape([(x - 4, top), (x + w / 2, top - 30), (x + w + 4, top)], (120, 70, 56))
        for wx in range(int(x) + 12, int(x + w) - 24, 34):
            for wy in range(int(top) + 16, 280, 54):
                c.box(wx - 3, wy - 3, 26, 38, (222, 216, 204))
                c.box(wx, wy, 20, 32, (70, 86, 100))
        c.box(x + w / 2 - 12, 300, 26, 60, (84, 52, 40))
        x += w
    c.box(0, 356, c.wide, 20, (168, 162, 152))
    c.box(0, 376, c.wide, 100, (96, 96, 98))
    c.picture = textured(c.picture, kit.rng, 0.14)
    return c


def street(kit: _Kit, seconds: float) -> Shot:
    """Houses along a street."""
    return kit.shot(seconds, _facade(kit), subject=(0.1, 0.1, 0.8, 0.7))


def bicycle(kit: _Kit, seconds: float) -> Shot:
    """A bicycle rides through the street; `direction` tells which way."""
    c = _facade(kit)
    paint = PAINTS[int(kit.rng.integers(len(PAINTS)))]
    sprite = things.bicycle(kit.unit(0.12), paint)
    left_to_right = kit.side > 0
    if not left_to_right:
        sprite = np.ascontiguousarray(sprite[:, ::-1])
    wide = kit.plate_size[0]
    start = 0.22 * wide if left_to_right else 0.78 * wide - sprite.shape[1]
    pace = (0.56 * wide - sprite.shape[1]) / seconds * (1 if left_to_right else -1)
    top = 384 * kit.scale - sprite.shape[0]
    box = (start / wide, top / kit.plate_size[1], sprite.shape[1] / wide,
           sprite.shape[0] / kit.plate_size[1])  # fmt: skip
    shot = kit.shot(seconds, c, things=[(sprite, start, top, pace)], subject=box)
    shot.speed = pace / wide
    return shot


def garden(kit: _Kit, seconds: float) -> Shot:
    """Flowers and hedges."""
    whole = places.garden((2 * kit.plate_size[0], kit.plate_size[1]), kit.rng)
    x = int(kit.rng.integers(0, kit.plate_size[0]))
    c = Canvas(np.ascontiguousarray(whole[:, x : x + kit.plate_size[0]]))
    return kit.shot(seconds, c, subject=(0.1, 0.5, 0.8, 0.45))


def chart(kit: _Kit, seconds: float) -> Shot:
    """A walking map with contour lines, a path and a compass."""
    c = Canvas(gradient(kit.plate_size, (222, 214, 186), (206, 200, 170)))
    land = places.noise(kit.plate_size, 120 * kit.scale, kit.rng)
    c.picture[land > 0.62] = (186, 204, 160)
    c.picture[land < 0.3] = (160, 190, 208)
    for level in np.arange(0.1, 0.95, 0.06):
        found, _ = cv2.findContours(
            (land > level).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
        )
        cv2.drawContours(c.picture, found, -1, (170, 130, 92), 1, cv2.LINE_AA)
    walk = [(c.wide * k / 9, 234 + float(kit.rng.uniform(-120, 120))) for k in range(10)]
    c.line(walk, 4, (176, 52, 44))
    for x in np.arange(40.0, c.wide, 80.0):
        c.line([(x, 0), (x, 468)], 1, (176, 178, 176))
    for y in np.arange(30.0, 468.0, 80.0):
        c.line([(0, y), (c.wide, y)], 1, (176, 178, 176))
    c.disc(c.wide * 0.55, 250, 52, 52, (60, 50, 40))
    c.disc(c.wide * 0.55, 250, 44, 44, (236, 230, 214))
    c.picture = textured(c.picture, kit.rng, 0.12)

    def needle(frame: np.ndarray, camera: np.ndarray, t: float) -> None:
        cx = c.wide * 0.55 * kit.scale * camera[0, 0] + camera[0, 2]
        cy = 250 * kit.scale * camera[1, 1] + camera[1, 2]
        turn = 0.5 + 0.4 * np.sin(1.9 * t)
        reach = 38 * kit.scale * camera[0, 0]
        for sign, colour in ((1, (190, 44, 36)), (-1, (50, 54, 60))):
            dx, dy = sign * reach * np.sin(turn), -sign * reach * np.cos(turn)
            points = [(cx + dx, cy + dy), (cx - dy * 0.13, cy + dx * 0.13),
                      (cx + dy * 0.13, cy - dx * 0.13)]  # fmt: skip
            found = np.rint(np.array(points) * 16).astype(np.int32)
            cv2.fillPoly(frame, [found], colour, cv2.LINE_AA, 4)

    return kit.shot(seconds, c, subject=(0.4, 0.35, 0.3, 0.35), effects=[needle])


SHOTS: dict[str, Callable[[_Kit, float], Shot]] = {
    "kettle": kettle, "stove": stove, "mug": mug, "bread": bread, "apples": apples, "lake": lake,
    "hills": hills, "rain": rain, "street": street, "bicycle": bicycle, "garden": garden,
    "map": chart, "rival": rival,
}  # fmt: skip
"""Tag to painter."""


def shot(tag: str, size: tuple[int, int], seconds: float, seed: int) -> Shot:
    """The shot of a tag of `SHOTS`; another seed moves, paints and frames it otherwise."""
    rng = np.random.default_rng([seed, seed_of(tag)])
    return SHOTS[tag](_Kit(size, rng), seconds)


def direction(found: Shot) -> int:
    """Which way the subject moves on the plate: -1 left, 1 right, 0 not at all."""
    return int(np.sign(found.speed))
