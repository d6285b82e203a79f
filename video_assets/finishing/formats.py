"""The six aspect ratios: sizes, safe zones, and the one encode profile (CRAFT.md 1.1, 1.3, 1.4)."""

from dataclasses import dataclass
from fractions import Fraction

ASPECTS = ("9x16", "4x5", "3x4", "2x3", "1x1", "16x9")
"""Keys of the aspect ratios, as in file names and asset keys."""

RATIOS = {
    "9x16": Fraction(9, 16),
    "4x5": Fraction(4, 5),
    "3x4": Fraction(3, 4),
    "2x3": Fraction(2, 3),
    "1x1": Fraction(1),
    "16x9": Fraction(16, 9),
}
"""Width over height."""

CLASSES = (1080, 720, 540)
"""Rendition classes by the short side in pixels, largest first."""

MAX_UPSCALE = 1.9
"""The largest enlargement of a source that a rendition class allows."""

FREE_PUNCH_IN = 1.25
"""A punch-in up to this scale does not count as enlargement."""

BURNED = frozenset(ASPECTS) - {"16x9"}
"""Where captions and the hook title are drawn into the picture; 16:9 stays clean (sidecar)."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the finished picture; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Pixels."""
        return self.bottom - self.top


def shown(aspect: str) -> str:
    """The ratio for people: `9:16`."""
    return aspect.replace("x", ":")


def size(aspect: str, class_: int) -> tuple[int, int]:
    """(width, height) in pixels of a rendition class; both even."""
    ratio = RATIOS[aspect]
    if ratio > 1:
        return _even(class_ * ratio), class_
    return class_, _even(class_ / ratio)


def _even(value: Fraction) -> int:
    return round(value / 2 + Fraction(1, 1000)) * 2  # halves go up: 540x675 becomes 540x676


def safe_zone(aspect: str, width: int, height: int) -> Box:
    """Where platforms never lay buttons over the picture: all text must lie in here."""
    if aspect == "9x16":  # the union of Meta's, TikTok's and Shorts' zones
        return Box(
            -(-65 * width // 1080),
            -(-270 * height // 1920),
            930 * width // 1080,
            1248 * height // 1920,
        )
    bottom = 88 if aspect == "16x9" else 90
    return Box(
        -(-5 * width // 100),
        -(-5 * height // 100),
        95 * width // 100,
        bottom * height // 100,
    )


def caption_box(aspect: str, width: int, height: int) -> Box:
    """Where captions and titles are laid out: 780 of 1080 wide, centred, inside the safe zone."""
    safe = safe_zone(aspect, width, height)
    side = 150 * width // 1080
    if aspect == "9x16":
        return Box(side, safe.top, width - side, 1240 * height // 1920)
    return Box(side, safe.top, width - side, safe.bottom - height // 100)


PRESET = "veryfast"
CRF = 18
MAX_RATE = "12M"
BUFFER = "24M"
GOP_SECONDS = Fraction(1, 2)
B_FRAMES = 2
ENCODER_THREADS = 1
"""Threads a picture encoder: one and two give different bytes, and six encoders run at once."""

AUDIO_RATE = 48_000
"""Hz, stereo."""
AUDIO_KBPS = 192
TARGET_LOUDNESS = -14.0
"""LUFS, integrated."""
LOUDNESS_TOLERANCE = 0.5
MAX_PEAK = -1.0
"""dBTP, measured on the encoded file."""


def ticks(fps: Fraction) -> tuple[int, int]:
    """(track timescale, ticks a frame): every frame lies on a whole tick."""
    if fps.denominator == 1:
        return int(fps) * 512, 512
    return fps.numerator, fps.denominator


def gop(fps: Fraction) -> int:
    """Frames from keyframe to keyframe at most."""
    return max(1, int(fps * GOP_SECONDS + Fraction(1, 4)))
