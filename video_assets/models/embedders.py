"""Pictures to vectors without any download: colour, layout and texture, and a few visual words.

What `Look` can do: find frames that look alike in palette, light, composition and grain, and frames
that answer to words for colour and light ("dark blue", "warm", "busy"). What it cannot do: know
what a thing *is*. A red car and a red wall are both red to it; names of things are for tags, speech
and open_clip.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np

from video_assets.foundation.errors import ModelUnavailable


class Embedder(Protocol):
    """Pictures, and perhaps words, to unit vectors in one space."""

    @property
    def name(self) -> str:
        """With version: vectors of different names never share a table."""

    @property
    def size(self) -> int:
        """Length of a vector."""

    def images(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """`pictures`: uint8 (height, width, 3) RGB. Returns float32 (n, size), each of length 1."""

    def text(self, text: str) -> np.ndarray | None:
        """A float32 (size,) query of length 1; None where no word of `text` means a look."""


SIDE = 64
"""Pixels, width and height, that a picture is measured at."""

COLOURS = (
    "red", "orange", "yellow", "green", "cyan", "blue",
    "purple", "pink", "brown", "black", "grey", "white",
)  # fmt: skip
_ALIASES = {
    "gray": "grey", "violet": "purple", "magenta": "pink", "turquoise": "cyan", "teal": "cyan",
    "golden": "orange", "gold": "orange", "navy": "blue", "beige": "brown", "silver": "grey",
    "crimson": "red", "scarlet": "red", "lime": "green",
    "sunny": "bright", "light": "bright", "day": "bright", "daylight": "bright", "airy": "bright",
    "night": "dark", "dim": "dark", "gloomy": "dark",
    "evening": "dark", "moody": "dark", "shadowy": "dark",
    "cozy": "warm", "cosy": "warm", "cold": "cool", "icy": "cool", "chilly": "cool",
    "colorful": "colourful", "vivid": "colourful", "vibrant": "colourful", "saturated": "colourful",
    "dull": "muted", "pale": "muted", "desaturated": "muted", "faded": "muted",
    "crowded": "busy", "detailed": "busy", "cluttered": "busy",
    "calm": "plain", "minimal": "plain", "empty": "plain", "clean": "plain", "simple": "plain",
    "smooth": "plain", "contrasty": "contrast",
}  # fmt: skip
_LIGHT = (
    "dark",
    "bright",
    "warm",
    "cool",
    "muted",
    "colourful",
    "plain",
    "busy",
    "flat",
    "contrast",
)
WORDS = frozenset(COLOURS) | frozenset(_LIGHT) | frozenset(_ALIASES)
"""Every word that `Look.text` understands."""

# Where each part of a vector lies. Words answer to the first 22 numbers alone.
_PARTS = (
    ("colours", 12, 1.0),
    ("light", 10, 0.9),
    ("layout", 96, 0.9),
    ("edges", 128, 0.7),
    ("bias", 10, 0.35),
)
_SLICES: dict[str, slice] = {}
_start = 0
for _name, _width, _ in _PARTS:
    _SLICES[_name] = slice(_start, _start + _width)
    _start += _width
SIZE = _start


class Look:
    """The embedded default: named colours, measures of light, a 4x4 layout, edge directions."""

    name = "look-1"
    size = SIZE

    def images(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """`pictures`: uint8 (height, width, 3) RGB. Returns float32 (n, 256), each of length 1."""
        if not len(pictures):
            return np.zeros((0, SIZE), np.float32)
        return np.stack([self._image(p) for p in pictures])

    def text(self, text: str) -> np.ndarray | None:
        """The look that words ask for; None where none of them is in `WORDS`."""
        wanted = np.zeros(SIZE, np.float32)
        for word in visual_words(text):
            if word in COLOURS:
                wanted[_SLICES["colours"].start + COLOURS.index(word)] += 1.0
            else:
                at = _LIGHT.index(word)
                wanted[_SLICES["light"].start + at] += 1.0
                wanted[_SLICES["light"].start + (at ^ 1)] -= 0.5  # pairs of opposites
        length = float(np.linalg.norm(wanted))
        return wanted / np.float32(length) if length else None

    def _image(self, picture: np.ndarray) -> np.ndarray:
        import cv2

        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise ValueError(
                f"a picture is uint8 (height, width, 3), not {picture.dtype} {picture.shape}"
            )
        small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        lab = cv2.cvtColor(small.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
        parts = {
            "colours": np.sqrt(_named(small)),
            "layout": _layout(lab),
            "edges": _edges(lab[:, :, 0]),
            "light": _light(small, lab),
            "bias": np.full(10, 1.0),
        }
        vector = np.zeros(SIZE, np.float64)
        for name, _, weight in _PARTS:
            part = parts[name].astype(np.float64)
            length = float(np.linalg.norm(part))
            vector[_SLICES[name]] = part * (weight / length) if length > 1e-9 else 0.0
        return np.asarray(vector / np.linalg.norm(vector), np.float32)


def visual_words(text: str) -> list[str]:
    """The words of a text that mean a look, by their main names, each once, in order."""
    import re

    found = []
    for word in re.findall(r"[a-z]+", text.lower()):
        known = _ALIASES.get(word, word)
        if known in COLOURS or known in _LIGHT:
            found.append(known)
    return list(dict.fromkeys(found))


def fits(vectors: np.ndarray, words: Sequence[str]) -> np.ndarray:
    """How well each `Look` vector answers to all of `words` (see `visual_words`), (n,), 0..1.

    A colour fits wholly from three tenths of the picture on; a word for light from the middle of
    its scale (0) to the end. What a query vector cannot say: 1 here means as dark as it gets.
    """
    out = np.ones(len(vectors))
    colours = np.square(vectors[:, _SLICES["colours"]].astype(np.float64))
    share = colours / np.maximum(colours.sum(axis=1, keepdims=True), 1e-12)
    light = vectors[:, _SLICES["light"]].astype(np.float64)
    for word in words:
        if word in COLOURS:
            out = np.minimum(out, np.minimum(1.0, share[:, COLOURS.index(word)] / 0.3))
        else:
            at = _LIGHT.index(word)
            part = light[:, at] / np.maximum(light[:, at] + light[:, at ^ 1], 1e-12)
            out = np.minimum(out, np.maximum(0.0, 2 * part - 1))
    return out


def describe_look(vector: np.ndarray) -> list[str]:
    """The visual words that a `Look` vector answers to most, such as `["blue", "dark"]`."""
    colours, light = vector[_SLICES["colours"]], vector[_SLICES["light"]]
    if not float(np.linalg.norm(colours)):
        return []
    share = np.square(colours) / float(np.square(colours).sum())
    said = [COLOURS[i] for i in np.argsort(-share, kind="stable")[:2] if share[i] >= 0.25]
    relative = light / max(float(np.linalg.norm(light)), 1e-9)
    pairs = [(relative[i] - relative[i + 1], i) for i in range(0, len(_LIGHT), 2)]
    gap, at = max(pairs, key=lambda p: (abs(p[0]), -p[1]))
    if abs(gap) >= 0.25:
        said.append(_LIGHT[at if gap > 0 else at + 1])
    return said


def _named(small: np.ndarray) -> np.ndarray:
    """Share of each of `COLOURS`, (12,), summing to 1."""
    import cv2

    hsv = cv2.cvtColor(small, cv2.COLOR_RGB2HSV_FULL).reshape(-1, 3).astype(np.float64)
    hue, sat, val = hsv[:, 0] * 360 / 256, hsv[:, 1] / 255, hsv[:, 2] / 255
    kind = np.full(len(hue), COLOURS.index("red"))
    for colour, (low, high) in _HUES.items():
        kind[(hue >= low) & (hue < high)] = COLOURS.index(colour)
    kind[(hue >= 10) & (hue < 45) & (val < 0.65) & (sat > 0.3)] = COLOURS.index("brown")
    kind[(hue >= 340) & (sat < 0.55) & (val > 0.6)] = COLOURS.index("pink")
    pale = (sat < 0.14) | (sat * val < 0.07)
    kind[pale] = COLOURS.index("grey")
    kind[pale & (val > 0.82)] = COLOURS.index("white")
    kind[val < 0.16] = COLOURS.index("black")
    return np.bincount(kind, minlength=len(COLOURS)) / len(kind)


_HUES = {
    "red": (0, 15), "orange": (15, 40), "yellow": (40, 70), "green": (70, 160),
    "cyan": (160, 200), "blue": (200, 255), "purple": (255, 290), "pink": (290, 340),
}  # fmt: skip
"""Degrees; from 340 it is red again."""


def _layout(lab: np.ndarray) -> np.ndarray:
    """Mean light and colour of a 4x4 grid, each against the picture's middle greys, both signs."""
    cells = lab.reshape(4, SIDE // 4, 4, SIDE // 4, 3).mean(axis=(1, 3)).reshape(16, 3)
    signed = (cells - np.array([50.0, 0.0, 0.0])) / np.array([50.0, 60.0, 60.0])
    return np.concatenate([np.maximum(signed, 0), np.maximum(-signed, 0)]).ravel()


def _edges(luma: np.ndarray) -> np.ndarray:
    """Directions of edges, 8 of them, on a 4x4 grid, (128,); noise counts little."""
    down, across = np.gradient(luma.astype(np.float64))
    strength = np.maximum(np.hypot(down, across) - 1.0, 0)
    direction = np.floor((np.arctan2(down, across) % np.pi) / np.pi * 8).astype(int) % 8
    cell = np.arange(SIDE) // (SIDE // 4)
    index = (cell[:, None] * 4 + cell[None, :]) * 8 + direction
    return np.sqrt(np.bincount(index.ravel(), strength.ravel(), minlength=128))


def _light(small: np.ndarray, lab: np.ndarray) -> np.ndarray:
    """How much each word of `_LIGHT` fits, 0..1, as pairs of opposites that sum to 1."""
    luma, a, b = (lab[:, :, i].astype(np.float64) for i in range(3))
    bright = _ramp(float(luma.mean()), 20, 80)
    cool = _ramp(float((-b - 0.8 * a).mean()), -30, 30)
    vivid = _ramp(float(np.hypot(a, b).mean()), 4, 45)
    down, across = np.gradient(luma)
    busy = _ramp(float(np.hypot(down, across).mean()), 0.5, 9)
    contrast = _ramp(float(luma.std()), 4, 30)
    pairs = [(1 - x, x) for x in (bright, cool, vivid, busy, contrast)]
    return np.array(pairs).ravel()


def _ramp(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))


def default_embedder() -> Embedder:
    """The embedder that needs no download."""
    return embedder(Look.name)


@lru_cache(maxsize=4)
def embedder(name: str) -> Embedder:
    """An embedder by its name: `look-1`, or `open_clip:MODEL:WEIGHTS`.

    Raises ModelUnavailable for a name nobody knows, or where packages or weights are missing.
    """
    if name == Look.name:
        return Look()
    if name == "open_clip" or name.startswith("open_clip:"):
        from video_assets.models.open_clip_engine import OpenClip

        return OpenClip(*name.split(":", 2)[1:])
    raise ModelUnavailable(
        f"no embedder is called {name!r}; use {Look.name} or open_clip:MODEL:WEIGHTS"
    )
