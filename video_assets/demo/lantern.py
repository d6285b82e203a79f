"""The Wickfield lantern: a turned body of painted metal, brass and frosted glass."""

# numpy expressions are Any to mypy, and arrays change dtype on purpose between steps.
# mypy: disable-error-code="no-any-return,assignment,arg-type"

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.interpolate import PchipInterpolator

from video_assets.demo.drawing import blurred, clouds, light, smooth

# The outline: (height, radius, material), height 0 at the foot and about 1 at the knob.
_PARTS = (
    ("foot", [(0.0, 0.262), (0.012, 0.275), (0.035, 0.278)], "brass"),
    ("body", [(0.035, 0.268), (0.06, 0.27), (0.13, 0.262), (0.165, 0.255)], "paint"),
    ("dial", [(0.165, 0.262), (0.172, 0.272), (0.222, 0.272), (0.23, 0.262)], "brass"),
    ("seat", [(0.23, 0.235), (0.25, 0.228)], "paint"),
    ("glass", [(0.25, 0.208), (0.3, 0.222), (0.45, 0.232), (0.6, 0.22), (0.66, 0.2)], "glass"),
    ("ring", [(0.66, 0.222), (0.668, 0.234), (0.695, 0.234), (0.703, 0.226)], "brass"),
    ("cap", [(0.703, 0.25), (0.72, 0.262), (0.76, 0.22), (0.81, 0.12), (0.83, 0.085)], "paint"),
    ("neck", [(0.83, 0.07), (0.85, 0.06), (0.87, 0.062)], "brass"),
    ("knob", [(0.87, 0.06), (0.895, 0.078), (0.92, 0.06), (0.935, 0.012)], "brass"),
)
TALL = 1.36  # the sprite's height in lantern heights, handle included
WIDE = 1.0
FOOT = 0.08  # room under the foot


@dataclass(frozen=True, slots=True)
class Studio:
    """Soft lights round the lantern: (azimuth in radians, spread, height of centre, colour)."""

    boxes: tuple[tuple[float, float, float, np.ndarray], ...]
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True, slots=True)
class Sprite:
    """`base` is premultiplied RGBA without the lamp; `lamp` is RGB light to add at full glow."""

    base: np.ndarray
    lamp: np.ndarray
    unit: float  # pixels a lantern height

    def at_glow(self, glow: float) -> np.ndarray:
        """The lantern with its lamp at `glow` (0 off, 1 full)."""
        out = self.base.copy()
        out[..., :3] += self.lamp * np.float32(glow)
        return out


DUSK = Studio(
    (
        (-1.25, 0.30, 0.2, light("#8fb2e6") * 1.5),
        (1.15, 0.16, 0.3, light("#ffd9a0") * 1.6),
        (0.25, 0.5, 0.9, light("#52688c") * 0.5),
    ),
    light("#0c0f14"),
    light("#22344c"),
)


def _reflected(
    nx: np.ndarray, ny: np.ndarray, nz: np.ndarray, studio: Studio, rough: float
) -> np.ndarray:
    rx, ry, rz = 2 * nz * nx, 2 * nz * ny, 2 * nz * nz - 1
    azimuth = np.arctan2(rx, rz)
    up = ry[..., None] * 0.5 + 0.5
    out = studio.low * (1 - up) + studio.high * up
    for centre, spread, height, colour in studio.boxes:
        wide = np.hypot(spread, rough)
        fall = np.exp(-(((azimuth - centre) / wide) ** 2)) * (spread / wide)
        fall = fall * np.exp(-(((ry - height) / (0.75 + rough)) ** 2))
        out = out + fall[..., None] * colour
    return out


def render(unit: float, studio: Studio = DUSK, paint: str = "#1f4a43", turn: float = 0.0) -> Sprite:
    """The lantern `unit` pixels tall, from a little above; `turn` rotates its dial (radians)."""
    # Large sprites are edged well enough by `px`; twice the size would only cost memory.
    fine = 2 if unit < 700 else 1
    scale = unit * fine
    width, height = round(WIDE * scale), round(TALL * scale)
    x = ((np.arange(width, dtype=np.float32) + 0.5) / scale - WIDE / 2)[None, :]
    y = (TALL - FOOT - (np.arange(height, dtype=np.float32) + 0.5) / scale)[:, None]
    x, y = np.broadcast_arrays(x, y)
    rgb = np.zeros((height, width, 3), np.float32)
    lamp = np.zeros_like(rgb)
    alpha = np.zeros((height, width), np.float32)
    px = 0.9 / scale
    glow = light("#ffb04a")
    paint_rgb, brass = light(paint), np.array([0.83, 0.55, 0.22], np.float32)
    speck = clouds((width, height), (5, 5), 2, 41) - 0.5
    brush = clouds((width, height), (400, 3), 2, 42) - 0.5
    for name, outline, material in _PARTS:
        at = np.array([p[0] for p in outline])
        radius = PchipInterpolator(at, [p[1] for p in outline])
        low, high = at[0], at[-1]
        # Seen from a little above: the front of each ring sits lower than its edges.
        lean = 0.075
        rise = y.astype(np.float32)
        for _ in range(3):
            r = radius(np.clip(rise, low, high)).astype(np.float32)
            rise = y + lean * np.sqrt(np.clip(r**2 - x**2, 0, None))
        r = radius(np.clip(rise, low, high)).astype(np.float32)
        cover = (
            smooth(px, -px, np.abs(x) - r)
            * smooth(-px, px, rise - low)
            * smooth(px, -px, rise - high)
        )
        # The visible top face of each part is a thin ellipse.
        top_r = float(radius(high))
        lid = smooth(1 + px / 0.02, 1 - px / 0.02, np.hypot(x / top_r, (y - high) / (lean * top_r)))
        slope = radius.derivative()(np.clip(rise, low, high)).astype(np.float32)
        sx = np.clip(x / np.maximum(r, 1e-3), -0.999, 0.999)
        sz = np.sqrt(1 - sx**2)
        norm = 1 / np.sqrt(1 + slope**2)
        nx, ny, nz = sx * norm, -slope * norm + lean * sz, sz * norm
        if name == "dial":
            ridge = np.sin((np.arcsin(sx) + turn) * 46)
            nx = nx + 0.33 * ridge * np.abs(sz) ** 0.5
            nz = np.sqrt(np.clip(1 - nx**2 - ny**2, 0.02, 1))
        edge = 1 - np.clip(nz, 0, 1)
        below = np.exp(-((np.clip(0.25 - rise, 0, 1) / 0.10) ** 1.2)) * smooth(0.34, 0.2, rise)
        above = np.exp(-((np.clip(rise - 0.66, 0, 1) / 0.05) ** 1.2)) * smooth(0.6, 0.68, rise)
        near = (0.5 * below + 0.7 * above) * (0.45 + 0.55 * sz)
        if material == "brass":
            tint = brass * (1 + 0.18 * brush[..., None])
            shade = tint * (_reflected(nx, ny, nz, studio, 0.16) * (1 + edge[..., None] ** 4))
            own = tint * glow * near[..., None] * 1.0
        elif material == "paint":
            mirror = _reflected(nx, ny, nz, studio, 0.05)
            soft = _reflected(nx, ny, nz, studio, 0.9)
            fresnel = (0.05 + 0.75 * edge**5)[..., None]
            shade = paint_rgb * soft * (1.25 + 0.3 * speck[..., None]) + mirror * fresnel * (
                1 + 0.1 * speck[..., None]
            )
            own = (paint_rgb * 1.2 + 0.035) * glow * near[..., None] * 0.9
        else:
            mirror = _reflected(nx, ny, nz, studio, 0.12)
            fresnel = (0.045 + 0.6 * edge**4)[..., None]
            shade = (
                np.array([0.05, 0.06, 0.065], np.float32) * _reflected(nx, ny, nz, studio, 1.0)
                + mirror * fresnel
            )
            core = np.exp(-((x / 0.062) ** 2) - ((rise - 0.41) / 0.12) ** 2)
            halo = np.exp(-((x / 0.16) ** 2) - ((rise - 0.42) / 0.2) ** 2)
            fill = 0.35 + 0.65 * sz
            lower = np.exp(-(((rise - 0.25) / 0.06) ** 2)) * 0.35
            frost = (1 + 0.10 * speck)[..., None]
            own = (
                light("#ffdca0") * (4.6 * core)[..., None]
                + light("#ffb552") * (1.7 * halo)[..., None]
                + light("#f09a34") * (0.62 * fill + lower)[..., None]
            ) * frost
            own = own * (1 - 0.5 * edge[..., None] ** 3)
        body = cover[..., None]
        rgb = rgb * (1 - body) + shade * body
        lamp = lamp * (1 - body) + own * body
        alpha = np.maximum(alpha, cover)
        if name not in ("glass", "seat", "knob"):
            up = _reflected(
                np.zeros_like(x), np.full_like(x, 0.8), np.full_like(x, 0.6), studio, 0.4
            )
            tint = brass if material == "brass" else paint_rgb
            lid_rgb = tint * up * 1.3
            only = (lid * (1 - cover))[..., None]
            rgb = rgb * (1 - only) + lid_rgb * only
            strength = 1.6 if name in ("dial", "body") else 0.2
            lamp = lamp * (1 - only) + (tint + 0.03) * glow * strength * only
            alpha = np.maximum(alpha, lid)
    # Rods that guard the glass: thin brass before it, dark against the lamp.
    for angle in (-1.05, -0.35, 0.35, 1.05):
        rod_x = 0.245 * np.sin(angle + 0.15 * np.sin(turn))
        front = 0.245 * np.cos(angle) * 0.075
        across = (x - rod_x) / 0.0085
        rod = smooth(1 + px / 0.008, 1 - px / 0.008, np.abs(across))
        rod = rod * smooth(0.225 - front, 0.232 - front, y) * smooth(0.70 - front, 0.69 - front, y)
        sz = np.sqrt(np.clip(1 - across**2, 0, 1))
        shade = brass * _reflected(
            np.clip(across, -1, 1) * 0.99, np.zeros_like(x), sz, studio, 0.25
        )
        cover = rod[..., None]
        rgb = rgb * (1 - cover) + shade * cover
        rim = (np.abs(across) ** 3)[..., None]
        lamp = lamp * (1 - cover) + brass * glow * (0.12 + 0.5 * rim) * cover
        alpha = np.maximum(alpha, rod)
    handle = _handle(width, height, scale)
    relief = blurred(handle, 0.006 * scale)
    gy, gx = np.gradient(relief)
    facing = np.clip(-0.7 * gx - 0.7 * gy, -1, 1) * 0.006 * scale
    tone = (0.35 + 1.6 * np.clip(facing, 0, 1) + 0.4 * np.clip(-facing, 0, 1))[..., None]
    ring = handle[..., None] * brass * (studio.high * 1.6 + light("#ffd9a0") * 0.03) * tone
    behind = (1 - alpha)[..., None]
    rgb = rgb * alpha[..., None] + ring * behind
    lamp = lamp * alpha[..., None] + handle[..., None] * behind * brass * glow * 0.09
    alpha = alpha + handle * (1 - alpha)
    # The painted cap and the glass throw a breath of their own haze.
    full = np.dstack([rgb, alpha])
    small = (round(width / fine), round(height / fine))
    base = cv2.resize(full, small, interpolation=cv2.INTER_AREA)
    lit = cv2.resize(lamp, small, interpolation=cv2.INTER_AREA)
    return Sprite(np.ascontiguousarray(base), np.ascontiguousarray(lit), unit)


def _handle(width: int, height: int, scale: float) -> np.ndarray:
    """Cover of the wire bail, from the cap's sides up over the knob."""
    angle = np.linspace(-0.08, np.pi + 0.08, 120)
    px = (WIDE / 2 + 0.262 * np.cos(angle)) * scale
    py = (TALL - FOOT - 0.72 - 0.42 * np.clip(np.sin(angle), 0, 1) ** 0.9) * scale
    points = np.rint(np.stack([px, py], 1) * 16).astype(np.int32)
    mask = np.zeros((height, width), np.uint8)
    cv2.polylines(mask, [points], False, 255, max(1, round(0.016 * scale)), cv2.LINE_AA, 4)
    grip = points[38:83]
    cv2.polylines(mask, [grip], False, 255, max(1, round(0.036 * scale)), cv2.LINE_AA, 4)
    return blurred(mask.astype(np.float32) / 255, 1.0)


def corner(foot: tuple[float, float], unit: float) -> tuple[int, int]:
    """Where the sprite's corner goes so that the foot's centre stands at `foot` (pixels)."""
    return round(foot[0] - WIDE * unit / 2), round(foot[1] - (TALL - FOOT) * unit)


def lamp_centre(foot: tuple[float, float], unit: float) -> tuple[float, float]:
    """Where the lamp's bright core lies for a lantern standing at `foot` (pixels)."""
    return foot[0], foot[1] - 0.42 * unit
