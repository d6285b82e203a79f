"""A speaking head-and-shoulders figure: face, hair, neck and clothes on one moving body.

The head is drawn once and re-posed each frame; turning and the jaw are a small warp by the face's
own relief, so that the nose leads and the ears follow.
"""

# numpy expressions are Any to mypy, and arrays change dtype on purpose between steps.
# mypy: disable-error-code="no-any-return,assignment,arg-type"

from dataclasses import dataclass, field

import cv2
import numpy as np
from scipy.interpolate import PchipInterpolator

from video_assets.demo.drawing import blurred, clouds, over, smooth
from video_assets.demo.face import (
    LEFT,
    SCALE,
    TOP,
    Face,
    Light,
    Looks,
    Pose,
    half_width,
    shade,
)
from video_assets.demo.hair import LONG_BACK, LONG_FALL, LONG_SWEEP, SHORT_BACK, SHORT_FRONT, hair
from video_assets.demo.mouth import Performance

_BODY = (-3.9, 0.6, 3.9, 5.4)  # left, top, right, bottom in face units
_LIFT = 0.17  # the shoulders sit this much higher than the body's own plane, in face units
_BODY_SCALE = 180


@dataclass(frozen=True, slots=True)
class Wardrobe:
    """Clothes: linear colours of the outer garment and of what shows at the neck, and the cut."""

    colour: np.ndarray
    inner: np.ndarray
    cut: str  # "jumper", "shirt" or "jacket"
    long_hair: bool


def _rimmed(
    layer: np.ndarray, lamp: Light, reach: float, gain: float, alpha: np.ndarray | None = None
) -> None:
    """Adds light where the layer meets the edge of the silhouette `alpha` that faces `lamp`."""
    alpha = layer[..., 3] if alpha is None else alpha
    dx, dy = np.array(lamp.towards[:2]) / (np.hypot(*lamp.towards[:2]) + 1e-6) * reach
    matrix = np.array([[1, 0, -dx], [0, 1, -dy]], np.float32)
    behind = cv2.warpAffine(blurred(alpha, reach * 0.7), matrix, alpha.shape[::-1])
    edge = np.clip(alpha - behind, 0, 1) ** 1.5 * layer[..., 3]
    layer[..., :3] += (edge * gain)[..., None] * lamp.colour


def _body(wardrobe: Wardrobe, looks: Looks, lights: list[Light], ambient: np.ndarray) -> np.ndarray:
    left, top, right, bottom = _BODY
    width, height = round((right - left) * _BODY_SCALE), round((bottom - top) * _BODY_SCALE)
    u = (left + (np.arange(width, dtype=np.float32) + 0.5) / _BODY_SCALE)[None, :]
    v = (top + (np.arange(height, dtype=np.float32) + 0.5) / _BODY_SCALE)[:, None]
    au = np.abs(u)
    px = 1.2 / _BODY_SCALE
    # Neck: a column that widens into the shoulders.
    neck_at = 0.56 + 0.05 * looks.jaw * 4 + 0.5 * smooth(1.6, 2.35, v) ** 2
    neck = np.sqrt(np.clip(1 - (au / neck_at) ** 2, 0, 1)) * 0.6
    cord = 0.03 * np.exp(-(((au - 0.28 + 0.1 * (v - 1.5)) / 0.06) ** 2)) * smooth(1.6, 2.0, v)
    hollow = 0.06 * np.exp(-((u / 0.12) ** 2) - ((v - 2.28) / 0.1) ** 2)
    skin_lit = shade(
        neck + cord - hollow,
        np.broadcast_to(looks.skin, (height, width, 3)).copy(),
        lights,
        ambient,
        _BODY_SCALE,
    )
    # The chin's shadow on the neck, deepest right under the jaw.
    chin = smooth(2.05, 1.42, v + 0.25 * au**2)
    skin_lit *= (1 - 0.72 * chin)[..., None] * np.array([1.0, 0.96, 0.95], np.float32)
    neck_cover = smooth(px, -px, au - neck_at) * smooth(2.7, 2.5, v)
    # Shoulders: trapezius, deltoid, arm.
    at = [0.0, 0.5, 0.75, 1.2, 1.8, 2.25, 2.55, 2.75, 2.9, 3.4]
    line = [2.0, 2.0, 2.06, 2.24, 2.42, 2.62, 2.9, 3.3, 4.2, 6.5]
    shoulder = PchipInterpolator(at, line)(np.clip(au, 0, 3.4)).astype(np.float32)
    below = v - shoulder
    cloth_cover = smooth(-px, px, below)
    dome = 1.0 * (1 - np.exp(-np.maximum(below, 0) / 0.42)) + 0.3 * np.sqrt(
        np.clip(1 - (au / 3.0) ** 2, 0, 1)
    )
    crease_map = clouds((width, height), (200, 420), 3, 17) - 0.5
    folds = 0.16 * blurred(crease_map, 6) * smooth(0.2, 1.2, below)
    arm = -0.13 * np.exp(-(((au - 1.95 - 0.1 * (v - 3.4)) / 0.09) ** 2)) * smooth(3.0, 3.6, v)
    z = dome + folds + arm
    if wardrobe.cut == "jumper":
        z = z + 0.0045 * np.sin((au - 0.12 * v) * 88) * (0.6 + 0.4 * np.sin(v * 78))
        collar_at = 2.30 - 0.42 * np.minimum(au, 1.0) ** 2 * (au < 1.2)
    else:
        collar_at = (
            np.where(au < 0.8, 3.05 - 1.35 * au, 2.0)
            if wardrobe.cut == "jacket"
            else (2.72 - 0.92 * np.minimum(au, 0.9))
        )
    base = np.broadcast_to(wardrobe.colour, (height, width, 3)).copy()
    weave = clouds((width, height), (5, 5), 2, 23) - 0.5
    base *= 1 + (0.16 if wardrobe.cut != "shirt" else 0.08) * weave[..., None]
    gloss = 0.012 if wardrobe.cut == "jumper" else 0.025
    cloth = shade(z, base, lights, ambient, _BODY_SCALE, soft=0.2, gloss=gloss)
    opening = smooth(px, -px, v - collar_at) * smooth(1.05, 0.9, au)
    if wardrobe.cut == "jumper":
        rib = (v - collar_at) / 0.17
        band = smooth(-0.05, 0.05, rib) * smooth(1.05, 0.92, rib) * smooth(0.98, 0.9, au)
        roll = 0.75 + 0.6 * np.sin(np.pi * np.clip(rib, 0, 1)) + 0.1 * np.sin(u * 90)
        cloth *= (1 - band * (1 - roll))[..., None]
        cloth *= (1 - 0.35 * np.exp(-(((rib - 1.12) / 0.1) ** 2)) * smooth(0.98, 0.9, au))[
            ..., None
        ]
    if wardrobe.cut == "shirt":
        inner_edge = collar_at + 0.30 - 0.12 * au
        flap = (
            smooth(-px, px, v - collar_at)
            * smooth(px, -px, v - inner_edge)
            * smooth(0.95, 0.88, au)
        )
        cloth *= (1 + 0.22 * flap)[..., None]
        cloth *= (1 - 0.4 * np.exp(-(((v - inner_edge) / 0.03) ** 2)) * smooth(0.95, 0.7, au))[
            ..., None
        ]
        placket = np.exp(-(((au - 0.14) / 0.012) ** 2)) * smooth(2.9, 3.0, v)
        cloth *= (1 - 0.22 * placket)[..., None]
        for button in (3.3, 3.95, 4.6):
            spot = smooth(0.05, 0.035, np.hypot(u, v - button))
            cloth *= (1 - 0.35 * spot)[..., None]
    if wardrobe.cut == "jacket":
        tee_lit = shade(
            dome + 0.4 * folds,
            np.broadcast_to(wardrobe.inner, cloth.shape).copy(),
            lights,
            ambient,
            _BODY_SCALE,
            soft=0.2,
            gloss=0.01,
        )
        round_neck = 2.32 - 0.40 * np.minimum(au, 1.0) ** 2
        gap = smooth(px * 2, -px * 2, au - 0.26 - 0.34 * smooth(4.6, 2.1, v))
        cloth += (gap * smooth(-px, px, v - round_neck))[..., None] * (tee_lit - cloth)
        opening = smooth(px, -px, v - round_neck) * gap
        lapel = np.exp(-(((au - 0.27 - 0.34 * smooth(4.6, 2.1, v)) / 0.05) ** 2))
        cloth *= (1 - 0.45 * lapel * (1 - gap))[..., None]
    cover = np.clip(cloth_cover * (1 - opening), 0, 1)
    alpha = np.maximum(neck_cover, cover)
    # Cloth lies over skin and throws a soft line of shadow on it.
    skin_lit *= (1 - 0.55 * blurred(cover.astype(np.float32), 9))[..., None]
    mixed = skin_lit * (1 - cover[..., None]) + cloth * cover[..., None]
    layer = np.dstack([mixed * alpha[..., None], alpha]).astype(np.float32)
    layer[..., :3] *= (1 - 0.25 * smooth(3.6, 5.4, v))[..., None]
    return layer


@dataclass(slots=True)
class Figure:
    """A person under given lights; `rim` edges them against the background."""

    looks: Looks
    wardrobe: Wardrobe
    lights: list[Light]
    ambient: np.ndarray
    rim: Light
    _face: Face = field(init=False)
    _front: np.ndarray = field(init=False)
    _back: np.ndarray = field(init=False)
    _body: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self._face = Face(self.looks, self.lights, self.ambient)
        args = (self.looks.hair, [*self.lights, self.rim], self.ambient)
        if self.wardrobe.long_hair:
            self._back = hair(LONG_BACK, *args, 1500, 1, 5)
            self._back[..., :3] *= 0.55
            sweep = hair(LONG_SWEEP, *args, 1500, 2, 2)
            fall = hair(LONG_FALL, *args, 1300, 3, 2)
            over(fall[..., :3], sweep)
            fall[..., 3] = np.maximum(fall[..., 3], sweep[..., 3])
            self._front = fall
        else:
            self._back = hair(SHORT_BACK, *args, 1400, 1, 5)
            self._front = hair(SHORT_FRONT, *args, 1700, 2, 3)
        # Hair shades the skin beside it.
        shadow = blurred(self._front[..., 3], 0.07 * SCALE)
        drop = np.roll(shadow, round(0.05 * SCALE), 0)
        self._face.sprite[..., :3] *= (1 - 0.5 * drop)[..., None]
        whole = np.maximum(
            self._back[..., 3], np.maximum(self._front[..., 3], self._face.sprite[..., 3])
        )
        _rimmed(self._face.sprite, self.rim, 8, 0.8, whole)
        _rimmed(self._front, self.rim, 14, 0.5, whole)
        _rimmed(self._back, self.rim, 14, 0.5, whole)
        self._body = _body(self.wardrobe, self.looks, self.lights, self.ambient)
        _rimmed(self._body, self.rim, 9, 0.55)

    def draw(
        self,
        frame: np.ndarray,
        at: tuple[float, float],
        unit: float,
        moment: float,
        acting: Performance,
    ) -> None:
        """Draws the figure in place; `at` is where the bridge of the nose rests, `unit` pixels."""
        turn, nod, tilt, sway = acting.motion(moment)
        height, width = frame.shape[:2]
        breath = 0.012 * np.sin(2 * np.pi * moment / 3.7)
        zoom = unit / _BODY_SCALE
        left, top, _, _ = _BODY
        bx, by = at[0] + unit * (0.45 * sway), at[1] + unit * breath
        matrix = np.array(
            [[zoom, 0, bx + left * unit], [0, zoom, by + (top - _LIFT) * unit]], np.float32
        )
        body = cv2.warpAffine(self._body, matrix, (width, height), flags=cv2.INTER_LINEAR)
        head, back, corner = self._warped(
            (height, width), at, unit, acting.pose(moment), (turn, nod, tilt, sway)
        )
        over(frame, back, corner)
        over(frame, body)
        over(frame, head, corner)

    def _warped(
        self,
        shape: tuple[int, int],
        at: tuple[float, float],
        unit: float,
        pose: Pose,
        motion: tuple[float, float, float, float],
    ) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
        height, width = shape
        turn, nod, tilt, sway = motion
        sprite = self._face.posed(pose)
        over(sprite[..., :3], self._front)
        sprite[..., 3] = np.maximum(sprite[..., 3], self._front[..., 3])
        # Frame pixels back to face units, about the pivot at the base of the neck.
        x0, x1 = max(0, int(at[0] - 1.75 * unit)), min(width, int(at[0] + 1.75 * unit))
        y0, y1 = max(0, int(at[1] - 2.2 * unit)), min(height, int(at[1] + 2.5 * unit))
        x = (np.arange(x0, x1, dtype=np.float32)[None, :] + 0.5 - at[0] - unit * sway) / unit
        y = (np.arange(y0, y1, dtype=np.float32)[:, None] + 0.5 - at[1]) / unit
        c, s = np.cos(tilt), np.sin(tilt)
        u = c * x + s * (y - 1.9)
        v = -s * x + c * (y - 1.9) + 1.9
        depth = (
            0.9
            * np.sqrt(np.clip(1 - (u / 1.25) ** 2, 0, 1))
            * smooth(-2.1, -0.9, v)
            * smooth(1.9, 1.1, v)
        )
        nose = 0.28 * np.exp(-((u / 0.16) ** 2) - ((v - 0.5) / 0.3) ** 2)
        lift = depth + nose - 0.45
        jaw = (
            0.075
            * pose.open
            * smooth(1.08, 1.42, v)
            * smooth(1.75, 1.5, v)
            * smooth(1.0, 0.55, np.abs(u))
        )
        su, sv = u - turn * lift, v - nod * lift - jaw
        maps = [
            ((su - LEFT) * SCALE - 0.5).astype(np.float32),
            ((sv - TOP) * SCALE - 0.5).astype(np.float32),
        ]
        head = self._sampled(sprite, maps, unit)
        lag = [
            ((u + 0.35 * turn - LEFT) * SCALE - 0.5).astype(np.float32),
            ((v + 0.2 * nod - TOP) * SCALE - 0.5).astype(np.float32),
        ]
        return head, self._sampled(self._back, lag, unit), (x0, y0)

    @staticmethod
    def _sampled(sprite: np.ndarray, maps: list[np.ndarray], unit: float) -> np.ndarray:
        # Sampling a sprite drawn larger than shown would shimmer; a hint of blur first prevents it.
        ratio = SCALE / unit
        if ratio > 1.15:
            sprite = cv2.GaussianBlur(sprite, (0, 0), 0.36 * ratio)
        across, down = maps
        return cv2.remap(sprite, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


def face_box(at: tuple[float, float], unit: float) -> tuple[int, int, int, int]:
    """Left, top, width, height in pixels of the face (brow to chin) for a figure drawn at rest."""
    wide = float(half_width(np.array([0.0]), 0.0)[0])
    return (
        round(at[0] - wide * unit),
        round(at[1] - 0.75 * unit),
        round(2 * wide * unit),
        round(2.2 * unit),
    )


__all__ = ["Figure", "Light", "Looks", "Wardrobe", "face_box"]
