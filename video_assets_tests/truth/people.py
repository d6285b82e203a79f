"""The people of the library: the demo's drawn faces as small sprites with a few mouths and lids.

A head is drawn once a pose and moved by cheap transforms. Sprites are display-referred RGB with a
fourth channel of coverage, premultiplied, float32 0..255 and 0..1.
"""

# numpy expressions are Any to mypy, and arrays change dtype on purpose between steps.
# mypy: disable-error-code="no-any-return,assignment,arg-type"

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

OPENINGS = (0.0, 0.22, 0.5)
WIDTHS = (-0.6, 0.2)
LIDS = (0.06, 1.0)
BODY = (-3.9, 0.6, 3.9, 5.4)
"""Left, top, right, bottom of the body in face units, as the demo draws it."""
LIFT = 0.17
TOP = -1.95
"""Crown of the hair, face units above the bridge of the nose."""
SHOULDER = 2.7
"""Half the width of the shoulders, face units."""

CLOTHES = {
    "red": "#a8322c", "green": "#35664a", "blue": "#34506b", "ochre": "#b5812f",
    "grey": "#7d868b", "plum": "#6b3f62",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """What a person looks like, as colours and the names of hair and cut."""

    skin: str
    lips: str
    iris: str
    hair: str
    long_hair: bool
    cut: str
    jaw: float = 0.0
    stubble: float = 0.0
    brow: float = 0.055
    lash: float = 1.0


LOOKS = {
    "Ada": Look("#e2b090", "#b8524e", "#6a4b2c", "#301c13", True, "jumper"),
    "Bruno": Look(
        "#c79470", "#97564a", "#4a5a6c", "#3a2a1e", False, "jacket", 0.5, 0.42, 0.07, 0.5
    ),
    "Cleo": Look("#b07a56", "#9a4a44", "#3c2818", "#17110e", True, "shirt", 0.1),
}


@dataclass(frozen=True, slots=True)
class Person:
    """Sprites of one person in one light. Keys of `heads`: indices of opening, width, lid."""

    heads: dict[tuple[int, int, int], np.ndarray]
    back: np.ndarray
    body: np.ndarray


def displayed(layer: np.ndarray) -> np.ndarray:
    """Linear premultiplied light as display values 0..255, still premultiplied."""
    cover = layer[..., 3:4]
    light = layer[..., :3] / np.maximum(cover, 1e-3)
    curve = 255 * np.clip(1 - np.exp(-1.55 * np.maximum(light, 0)), 0, 1) ** (1 / 2.1)
    return np.dstack([curve * cover, cover]).astype(np.float32)


def _shrunk(layer: np.ndarray, scale: float) -> np.ndarray:
    import cv2

    size = (round(layer.shape[1] * scale), round(layer.shape[0] * scale))
    return cv2.resize(layer, size, interpolation=cv2.INTER_AREA)


def _lights(side: str) -> tuple[list[Any], np.ndarray, Any]:
    from video_assets.demo.drawing import light
    from video_assets.demo.face import Light

    sign = -1.0 if side == "left" else 1.0
    key = Light((0.62 * sign, -0.42, 1.0), light("#ffe2c0") * 1.15)
    fill = Light((-0.9 * sign, -0.1, 0.5), light("#9ab4da") * 0.3)
    rim = Light((-0.8 * sign, -0.6, -0.3), light("#ffd9a8") * 1.2)
    return [key, fill], light("#76727c") * 0.45, rim


@lru_cache(maxsize=6)
def _head(
    name: str, side: str, unit: int
) -> tuple[dict[tuple[int, int, int], np.ndarray], np.ndarray]:
    """Head sprites by pose, and the hair behind them. Eyes look away from the lit side's edge."""
    from video_assets.demo import hair as strands
    from video_assets.demo.drawing import blurred, light, over
    from video_assets.demo.face import SCALE, Face, Looks, Pose

    look = LOOKS[name]
    lamps, ambient, rim = _lights(side)
    looks = Looks(
        light(look.skin), light(look.lips), light(look.iris), light(look.hair),
        brow=look.brow, jaw=look.jaw, stubble=look.stubble, lash=look.lash,
    )  # fmt: skip
    face = Face(looks, lamps, ambient)
    lit = (looks.hair, [*lamps, rim], ambient)
    # Fewer and thicker strands than the demo's: the sprite is a third of its size.
    if look.long_hair:
        back = strands.hair(strands.LONG_BACK, *lit, 420, 1, 6)
        back[..., :3] *= 0.55
        front = strands.hair(strands.LONG_FALL, *lit, 420, 3, 5)
        sweep = strands.hair(strands.LONG_SWEEP, *lit, 480, 2, 5)
        over(front[..., :3], sweep)
        front[..., 3] = np.maximum(front[..., 3], sweep[..., 3])
    else:
        back = strands.hair(strands.SHORT_BACK, *lit, 420, 1, 6)
        front = strands.hair(strands.SHORT_FRONT, *lit, 560, 2, 6)
    shadow = np.roll(blurred(front[..., 3], 0.07 * SCALE), round(0.05 * SCALE), 0)
    face.sprite[..., :3] *= (1 - 0.5 * shadow)[..., None]
    front = _shrunk(front, unit / SCALE)
    heads = {}
    gaze = (0.45 if side == "left" else -0.45, 0.0)
    for o, opened in enumerate(OPENINGS):
        for w, wide in enumerate(WIDTHS):
            for b, lid in enumerate(LIDS):
                pose = Pose(lid, gaze, opened, wide, 0.3 if opened else 0.0)
                sprite = _shrunk(face.posed(pose), unit / SCALE)
                over(sprite[..., :3], front)
                sprite[..., 3] = np.maximum(sprite[..., 3], front[..., 3])
                heads[o, w, b] = displayed(sprite)
    return heads, displayed(_shrunk(back, unit / SCALE))


@lru_cache(maxsize=16)
def person(name: str, clothes: str, side: str, unit: int) -> Person:
    """`name` in clothes of a colour of `CLOTHES`, lit from the `side` left or right.

    `unit`: pixels of a face unit (half a face's width) in the sprites. Who is lit from the left
    looks to the right.
    """
    from video_assets.demo import figure
    from video_assets.demo.drawing import light
    from video_assets.demo.face import Looks

    look = LOOKS[name]
    lamps, ambient, rim = _lights(side)
    looks = Looks(
        light(look.skin), light(look.lips), light(look.iris), light(look.hair), jaw=look.jaw
    )
    inner = light("#c9c0b0") if look.cut == "jacket" else looks.skin
    wear = figure.Wardrobe(light(CLOTHES[clothes]), inner, look.cut, look.long_hair)
    body = figure._body(wear, looks, lamps, ambient)
    figure._rimmed(body, rim, 9, 0.55)
    heads, back = _head(name, side, unit)
    return Person(heads, back, displayed(_shrunk(body, unit / figure._BODY_SCALE)))
