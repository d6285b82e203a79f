"""A face as a lit relief: skin, eyes that blink, a mouth that speaks.

Face coordinates (u, v): u to the right, v downwards, eyes on v = 0, cheekbones at u = ±1, chin at
v = 1.5, crown at v = -1.5. A `Face` is drawn once on a sprite of `SCALE` pixels a unit; `posed`
repaints only the eyes and the mouth.
"""

# numpy expressions are Any to mypy, and arrays change dtype on purpose between steps.
# mypy: disable-error-code="no-any-return,assignment,arg-type"

from dataclasses import dataclass, field

import cv2
import numpy as np
from scipy.interpolate import PchipInterpolator

from video_assets.demo.drawing import blurred, clouds, smooth

SCALE = 240
LEFT, TOP, RIGHT, BOTTOM = -2.2, -2.15, 2.2, 2.7


@dataclass(frozen=True, slots=True)
class Light:
    """A light on a face: direction towards it (x right, y down, z to the camera) and colour."""

    towards: tuple[float, float, float]
    colour: np.ndarray


@dataclass(frozen=True, slots=True)
class Looks:
    """What makes one face differ from another; colours are linear RGB."""

    skin: np.ndarray
    lips: np.ndarray
    iris: np.ndarray
    hair: np.ndarray
    brow: float = 0.055
    jaw: float = 0.0
    stubble: float = 0.0
    lash: float = 1.0
    blush: float = 1.0


@dataclass(frozen=True, slots=True)
class Pose:
    """One frame's expression: `blink` 0..1, `gaze` in iris radii, mouth `open`, `wide`, `teeth`."""

    blink: float = 0.0
    gaze: tuple[float, float] = (0.0, 0.0)
    open: float = 0.0
    wide: float = 0.0
    teeth: float = 0.0
    brow: float = 0.0


def _bump(
    u: np.ndarray, v: np.ndarray, at: tuple[float, float], wide: float, tall: float
) -> np.ndarray:
    return np.exp(-(((u - at[0]) / wide) ** 2 + ((v - at[1]) / tall) ** 2) / 2)


def plane() -> tuple[np.ndarray, np.ndarray]:
    """The sprite's u (1, width) and v (height, 1)."""
    width, height = round((RIGHT - LEFT) * SCALE), round((BOTTOM - TOP) * SCALE)
    u = LEFT + (np.arange(width, dtype=np.float32) + 0.5) / SCALE
    v = TOP + (np.arange(height, dtype=np.float32) + 0.5) / SCALE
    return u[None, :], v[:, None]


def half_width(v: np.ndarray, jaw: float) -> np.ndarray:
    """Half the face's width at height v; `jaw` squares the lower face."""
    at = [-1.56, -1.54, -1.48, -1.3, -1.0, -0.5, 0.0, 0.4, 0.8, 1.1, 1.3, 1.42, 1.48, 1.51, 1.52]
    wide = [0.0, 0.2, 0.42, 0.72, 0.9, 0.97, 0.97, 0.92, 0.8, 0.64, 0.47, 0.32, 0.2, 0.09, 0.0]
    wide = [
        w + jaw * max(0.0, 1 - abs(y - 1.1) / 0.7) * 0.16 for y, w in zip(at, wide, strict=True)
    ]
    wide[-1] = 0.0
    return np.maximum(PchipInterpolator(at, wide)(np.clip(v, -1.56, 1.52)), 0).astype(np.float32)


def _relief(u: np.ndarray, v: np.ndarray, looks: Looks) -> np.ndarray:
    """Height towards the camera over the face."""
    # A little wider than the outline: the very edge would be a hard dark line.
    wide = half_width(np.where(v > 0, v * 0.975, v), looks.jaw) * 1.035 + 0.03
    across = np.clip(np.abs(u) / wide, 0, 0.999)
    dome = np.sqrt(1 - across**2.3)
    at = [-1.7, -1.5, -1.1, -0.6, -0.2, 0.3, 0.8, 1.2, 1.4, 1.52, 1.7]
    deep = [0.1, 0.35, 0.72, 0.9, 0.95, 0.95, 0.93, 0.85, 0.7, 0.42, 0.1]
    z = 0.95 * dome * PchipInterpolator(at, deep)(np.clip(v, -1.7, 1.7)).astype(np.float32)
    au = np.abs(u)
    z = z - 0.115 * _bump(au, v, (0.42, -0.01), 0.2, 0.13)
    z = z + 0.05 * _bump(au, v, (0.4, -0.27), 0.28, 0.09)
    z = z + 0.075 * _bump(au, v, (0.52, 0.40), 0.24, 0.2)
    z = z + 0.07 * _bump(u, v, (0, 0.98), 0.34, 0.2)
    z = z + 0.08 * _bump(u, v, (0, 1.33), 0.2, 0.11)
    z = z - 0.035 * _bump(u, v, (0, 1.16), 0.2, 0.05)
    z = z - 0.05 * _bump(au, v, (0.62, 0.92), 0.16, 0.25)
    z = z - 0.05 * _bump(au, v, (0.86, -0.45), 0.13, 0.28)
    ridge = 0.03 + 0.19 * smooth(-0.25, 0.55, v)
    side = 0.105 + 0.055 * smooth(0.1, 0.6, v)
    z = z + ridge * np.exp(-((u / side) ** 2) / 2) * smooth(-0.42, -0.02, v) * smooth(0.76, 0.6, v)
    z = z + 0.10 * _bump(u, v, (0, 0.56), 0.105, 0.095)
    z = z + 0.085 * _bump(au, v, (0.165, 0.62), 0.06, 0.06)
    z = z - 0.018 * _bump(u, v, (0, 0.8), 0.035, 0.06)
    fold = 0.24 + 0.2 * smooth(0.6, 1.0, v)
    crease = np.exp(-(((au - fold) / 0.035) ** 2) / 2) * smooth(0.6, 0.7, v) * smooth(1.0, 0.85, v)
    return z - 0.018 * crease


def shade(
    z: np.ndarray,
    skin: np.ndarray,
    lights: list[Light],
    ambient: np.ndarray,
    unit: float,
    soft: float = 0.3,
    gloss: float = 0.06,
) -> np.ndarray:
    """A relief lit as skin or cloth: wrapped light that reddens as it fades, a broad sheen."""
    gy, gx = np.gradient(z, 1.0 / unit)
    norm = 1 / np.sqrt(gx**2 + gy**2 + 1)
    nx, ny, nz = -gx * norm, -gy * norm, norm
    occluded = np.ones_like(z)
    for sigma, gain in ((0.06, 1.6), (0.18, 0.7)):
        occluded *= np.exp(-gain * np.maximum(0, blurred(z, sigma * unit) - z) / sigma)
    out = skin * (ambient * (0.65 - 0.35 * ny + 0.2 * nz)[..., None]) * occluded[..., None]
    wrap = np.array([soft * 1.25, soft * 0.75, soft * 0.6], np.float32)
    for lamp in lights:
        lx, ly, lz = np.array(lamp.towards) / np.linalg.norm(lamp.towards)
        facing = (nx * lx + ny * ly + nz * lz)[..., None]
        body = np.clip((facing + wrap) / (1 + wrap), 0, 1) ** 1.15
        half = np.array([lx, ly, lz + 1]) / np.linalg.norm([lx, ly, lz + 1])
        shine = np.clip(nx * half[0] + ny * half[1] + nz * half[2], 0, 1)[..., None]
        glance = (1 - np.clip(nz, 0, 1))[..., None] ** 3
        sheen = gloss * (shine**22 + 0.5 * shine**6) * (0.6 + 2 * glance)
        shadow = (0.45 + 0.55 * occluded)[..., None]
        out = out + lamp.colour * (skin * body * shadow + sheen * np.clip(facing + 0.1, 0, 1))
    return out.astype(np.float32)


@dataclass(slots=True)
class Face:
    """A face under given lights, ready to be posed. `sprite` is premultiplied linear RGBA."""

    looks: Looks
    lights: list[Light]
    ambient: np.ndarray
    sprite: np.ndarray = field(init=False)
    relief: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        u, v = plane()
        looks = self.looks
        z = _relief(u, v, looks)
        self.relief = z.astype(np.float32)
        skin = np.broadcast_to(looks.skin, (*z.shape, 3)).copy()
        au = np.abs(u)
        red = np.array([1.04, 0.78, 0.74], np.float32)
        rosy = looks.blush * (
            0.75 * _bump(au, v, (0.55, 0.5), 0.24, 0.17)
            + 0.5 * _bump(u, v, (0, 0.6), 0.13, 0.1)
            + 0.25 * _bump(u, v, (0, 1.33), 0.2, 0.1)
        )
        skin *= 1 + np.clip(rosy, 0, 1)[..., None] * (red - 1)
        lid = _bump(au, v, (0.42, -0.07), 0.2, 0.075) + 0.5 * _bump(au, v, (0.4, 0.13), 0.17, 0.05)
        skin *= 1 - (0.24 * np.clip(lid, 0, 1))[..., None] * np.array([0.7, 1.0, 0.9], np.float32)
        fleck = clouds((z.shape[1], z.shape[0]), (14, 14), 3, 5) - 0.5
        skin *= 1 + 0.07 * fleck[..., None]
        if looks.stubble:
            beard = smooth(0.5, 0.95, v) * (1 - 0.85 * _bump(u, v, (0, 0.98), 0.3, 0.07))
            beard = beard * (1 - 0.9 * smooth(0.55, 0.35, au) * smooth(0.78, 0.6, v))
            beard = np.maximum(beard, 0.8 * smooth(0.62, 0.82, au) * smooth(0.15, 0.5, v))
            beard = blurred(np.clip(beard, 0, 1).astype(np.float32), 0.05 * SCALE)
            speck = np.random.default_rng(3).random(z.shape, dtype=np.float32)
            beard = np.clip(beard * looks.stubble * (0.65 + 0.7 * blurred(speck, 0.8)), 0, 1)
            skin = skin * (1 - beard[..., None]) + looks.hair * beard[..., None]
        lit = shade(z, skin, self.lights, self.ambient, SCALE)
        # Nostrils and the nose's own shadow, away from the key light.
        hole = _bump(au, v, (0.085, 0.695), 0.042, 0.02)
        away = -float(np.sign(self.lights[0].towards[0]))
        under = _bump(u, v, (0.06 * away, 0.765), 0.12, 0.045)
        lit *= (1 - 0.8 * hole - 0.22 * under * (1 - hole))[..., None]
        self._brows(lit, u, v)
        outline = self._outline(u, v)
        lit *= outline[..., None]
        self.sprite = np.dstack([lit, outline]).astype(np.float32)

    def _outline(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        at = np.concatenate([np.linspace(-1.56, 1.4, 160), np.linspace(1.4, 1.52, 60)])
        wide = half_width(at, self.looks.jaw)
        points = np.concatenate([np.stack([wide, at], 1), np.stack([-wide, at], 1)[::-1]])
        pixels = (points - (LEFT, TOP)) * SCALE - 0.5
        mask = np.zeros((v.shape[0], u.shape[1]), np.uint8)
        cv2.fillPoly(mask, [np.rint(pixels * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        # Ears, half hidden by hair.
        for side in (-1, 1):
            at_px = ((side * 0.985 - LEFT) * SCALE, (0.2 - TOP) * SCALE)
            axes = (0.11 * SCALE, 0.27 * SCALE)
            cv2.ellipse(mask, (at_px, (2 * axes[0], 2 * axes[1]), side * 8.0), 255, -1, cv2.LINE_AA)
        return blurred(mask.astype(np.float32) / 255, 1.3)

    def _brows(self, lit: np.ndarray, u: np.ndarray, v: np.ndarray) -> None:
        rng = np.random.default_rng(11)
        layer = np.zeros((*lit.shape[:2],), np.uint8)
        for side in (-1, 1):
            for _ in range(420):
                s = rng.random()
                x = 0.17 + 0.52 * s
                arch = -0.275 - 0.10 * np.sin(np.pi * min(1, s * 0.95) ** 1.25) + 0.07 * s**3
                thick = self.looks.brow * (1 - 0.75 * s**1.6) * (0.55 + 0.45 * min(1, s * 6))
                y = arch + rng.uniform(-1, 1) * thick
                length = 0.06 * rng.uniform(0.7, 1.3)
                angle = -1.05 + 1.25 * s + rng.normal(0, 0.10)
                a = ((side * x - LEFT) * SCALE, (y - TOP) * SCALE)
                b = ((side * (x + length * np.cos(angle)) - LEFT) * SCALE,
                     (y + length * np.sin(angle) - TOP) * SCALE)  # fmt: skip
                ends = [tuple(round(c * 16) for c in p) for p in (a, b)]
                cv2.line(layer, ends[0], ends[1], 255, 2, cv2.LINE_AA, 4)
        cover = np.clip(blurred(layer.astype(np.float32) / 255, 3.2) * 0.85, 0, 0.8)[..., None]
        lit *= 1 - cover
        lit += cover * self.looks.hair * (self.ambient + 0.35 * self.lights[0].colour) * 0.45

    def posed(self, pose: Pose) -> np.ndarray:
        """The sprite with this expression, premultiplied linear RGBA."""
        sprite = self.sprite.copy()
        for side in (-1, 1):
            self._eye(sprite, side, pose)
        self._mouth(sprite, pose)
        return sprite

    def _patch(
        self, sprite: np.ndarray, box: tuple[float, float, float, float]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x0, y0 = round((box[0] - LEFT) * SCALE), round((box[1] - TOP) * SCALE)
        x1, y1 = round((box[2] - LEFT) * SCALE), round((box[3] - TOP) * SCALE)
        u = LEFT + (np.arange(x0, x1, dtype=np.float32) + 0.5) / SCALE
        v = TOP + (np.arange(y0, y1, dtype=np.float32) + 0.5) / SCALE
        return sprite[y0:y1, x0:x1, :3], u[None, :], v[:, None]

    def _eye(self, sprite: np.ndarray, side: int, pose: Pose) -> None:
        cx, cy, half = side * 0.42, 0.0, 0.235
        view, u, v = self._patch(sprite, (cx - 0.34, -0.24, cx + 0.34, 0.2))
        e = side * (u - cx) / half  # -1 at the nose, 1 at the temple
        inside = np.clip(1 - e**2, 0, 1)
        tilt = cy - 0.022 * e
        upper_open = tilt - 0.125 * inside**0.62 * (1 + 0.12 * e)
        lower = tilt + 0.062 * inside**0.7
        upper = upper_open + pose.blink * (lower - upper_open + 0.006)
        px = 1.6 / SCALE
        span = smooth(1.03, 0.97, np.abs(e))
        gap = smooth(-px, px, v - upper) * smooth(-px, px, lower - v) * span
        key = self.lights[0].colour + self.ambient
        glow = (
            sum(lamp.colour * max(0.15, lamp.towards[2]) for lamp in self.lights) * 0.5
            + self.ambient
        )
        # Eyeball: darker at the corners and beneath the upper lid.
        white = np.array([0.72, 0.68, 0.64], np.float32) * glow
        depth = (0.35 + 0.65 * smooth(1.05, 0.3, np.abs(e))) * (
            0.3 + 0.7 * smooth(0, 0.085, v - upper)
        )
        ball = white * depth[..., None]
        radius = 0.120
        ix, iy = cx + pose.gaze[0] * radius, cy - 0.012 + pose.gaze[1] * radius
        far = np.hypot(u - ix, v - iy) / radius
        ring = np.arctan2(v - iy, u - ix)
        fibre = 0.8 + 0.2 * np.sin(ring * 23 + 3 * np.sin(ring * 7)) * smooth(0.3, 0.7, far)
        lower_lit = 0.55 + 0.75 * smooth(-0.5, 0.9, (v - iy) / radius)
        iris = (
            self.looks.iris
            * glow
            * (fibre * lower_lit * (0.35 + 0.65 * smooth(1.0, 0.72, far)))[..., None]
        )
        iris = iris * smooth(0.36, 0.46, far)[..., None] + 0.004
        cover = smooth(1 + 0.08, 1 - 0.08, far)[..., None]
        shade_top = (0.35 + 0.65 * smooth(0, 0.07, v - upper))[..., None]
        ball = ball * (1 - cover) + iris * cover * shade_top
        lamp_x = 0.36 * float(np.sign(self.lights[0].towards[0]))
        spark = smooth(0.24, 0.12, np.hypot((u - ix) / radius - lamp_x, (v - iy) / radius + 0.36))
        ball = ball + spark[..., None] * key * 1.1
        small = smooth(
            0.14, 0.05, np.hypot((u - ix) / radius + lamp_x * 1.1, (v - iy) / radius - 0.4)
        )
        ball = ball + small[..., None] * key * 0.25
        # A closing lid is skin sliding down over the eye.
        lid = smooth(-px, px, v - upper_open) * smooth(px, -px, v - upper) * span
        sample = self.sprite[round((-0.15 - TOP) * SCALE), round((cx - LEFT) * SCALE), :3]
        skin = sample * (0.85 + 0.25 * smooth(-0.12, 0.03, v))[..., None]
        view += (
            lid[..., None]
            * pose.blink
            * (skin * (1 - 0.35 * smooth(0.06, 0, upper - v))[..., None] - view)
        )
        view += gap[..., None] * (ball - view)
        ink = self.looks.hair * 0.15 * (self.ambient + 0.15)
        wing = 0.55 + 0.45 * smooth(-1, 0.8, e)
        thick = 0.021 * self.looks.lash * wing
        lash = np.exp(
            -((np.minimum(v - upper, 0) / thick) ** 2) - (np.maximum(v - upper, 0) / 0.013) ** 2
        )
        lash = np.clip(lash * 1.15, 0, 1) * smooth(1.1, 0.98, np.abs(e)) * 0.95
        view += lash[..., None] * (ink - view)
        crease_at = upper_open - 0.062 - 0.01 * e + 0.03 * pose.blink
        crease = np.exp(-(((v - crease_at) / 0.014) ** 2)) * smooth(1.05, 0.7, np.abs(e)) * 0.45
        view *= 1 - crease[..., None] * np.array([0.6, 0.85, 0.9], np.float32)
        below = np.exp(-(((v - lower - 0.004) / 0.009) ** 2)) * smooth(1.0, 0.85, np.abs(e)) * 0.4
        view *= 1 - below[..., None]
        corner = (
            smooth(0.1, 0.02, np.hypot((e + 0.99) * half, v - tilt))[..., None] * gap[..., None]
        )
        view += 0.5 * corner * (self.looks.lips * key * 0.35 - view)

    def _mouth(self, sprite: np.ndarray, pose: Pose) -> None:
        view, u, v = self._patch(sprite, (-0.62, 0.76, 0.62, 1.42))
        half = 0.335 * (1 + 0.17 * pose.wide) * (1 - 0.08 * pose.open)
        m = u / half
        inside = np.clip(1 - m**2, 0, 1)
        pucker = max(0.0, -pose.wide)
        line = 0.99 - 0.046 * m**2 * (1 - pucker) + 0.006 * np.cos(m * 3)
        drop = 0.20 * pose.open
        lift = 0.035 * pose.open + 0.012 * pose.teeth
        top_in = line - lift * inside**0.6
        low_in = line + drop * inside**0.55
        bow = (
            1
            - 0.22 * np.exp(-((m / 0.16) ** 2))
            + 0.08 * np.exp(-(((np.abs(m) - 0.33) / 0.2) ** 2))
        )
        top = top_in - (0.074 + 0.02 * pucker) * inside**0.85 * bow
        low = low_in + (0.098 + 0.018 * pucker) * inside**0.62 * (1 - 0.1 * pose.open)
        px = 2.4 / SCALE
        span = smooth(1.04, 0.96, np.abs(m))
        key = (
            self.lights[0].colour * 0.62
            + sum(lamp.colour for lamp in self.lights[1:]) * 0.2
            + self.ambient
        )
        # Upper lip faces down and is darker; the lower one catches the light.
        thick_up = np.maximum(top_in - top, 1e-3)
        up = np.clip((v - top) / thick_up, 0, 1)
        upper = self.looks.lips * key * (0.78 - 0.42 * up)[..., None]
        thick_low = np.maximum(low - low_in, 1e-3)
        dn = np.clip((v - low_in) / thick_low, 0, 1)
        lower = self.looks.lips * key * (0.62 + 0.48 * np.sin(np.pi * (0.1 + 0.8 * dn)))[..., None]
        gleam = np.exp(-(((dn - 0.36) / 0.16) ** 2)) * np.exp(-(((m + 0.12) / 0.4) ** 2))
        lower = lower + 0.10 * gleam[..., None] * key
        ridges = 1 - 0.07 * np.sin(m * 46 + 2 * np.sin(m * 9)) ** 2
        upper, lower = upper * ridges[..., None], lower * ridges[..., None]
        lip_soft = 0.016
        up_cover = smooth(-lip_soft, lip_soft, v - top) * smooth(px, -px, v - top_in) * span
        low_cover = smooth(-px, px, v - low_in) * smooth(lip_soft, -lip_soft, v - low) * span
        # A soft shadow under the lower lip keeps it on the face.
        shadow = np.exp(-(((v - low - 0.035) / 0.03) ** 2)) * smooth(1.0, 0.3, np.abs(m)) * 0.26
        view *= 1 - shadow[..., None]
        view += (up_cover * 0.86)[..., None] * (upper - view)
        view += (low_cover * 0.86)[..., None] * (lower - view)
        hollow = smooth(-px, px, v - top_in) * smooth(-px, px, low_in - v) * span
        dark = np.array([0.028, 0.008, 0.008], np.float32) * (key + 0.2)
        deep = np.broadcast_to(dark, view.shape).copy()
        tongue = (
            smooth(0.16, 0.02, low_in - v) * smooth(0.75, 0.3, np.abs(m)) * min(1, pose.open * 2)
        )
        deep += tongue[..., None] * (self.looks.lips * key * 0.3 - deep)
        edge = top_in + 0.012 + 0.058 * inside**0.4
        row = smooth(px, -px, v - edge) * smooth(0.93, 0.72, np.abs(m))
        gaps = 1 - 0.1 * np.exp(-(((((m * 4.3) % 1) - 0.5) / 0.07) ** 2))
        enamel = np.array([0.62, 0.57, 0.5], np.float32) * key * (0.55 + 0.45 * inside[..., None])
        teeth = row * min(1.0, pose.open * 5 + pose.teeth * 2)
        deep += teeth[..., None] * (enamel * gaps[..., None] - deep)
        view += hollow[..., None] * (deep - view)
        # The line between closed lips, and the corners.
        closed = np.exp(-(((v - line) / 0.011) ** 2)) * span * max(0.0, 1 - pose.open * 5) * 0.75
        view *= 1 - closed[..., None] * np.array([0.75, 0.9, 0.9], np.float32)
        corner = np.exp(-(((np.abs(m) - 1.0) / 0.07) ** 2) - ((v - line) / 0.022) ** 2) * 0.5
        view *= 1 - corner[..., None]
