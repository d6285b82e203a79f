"""What a brand looks like: its name, its words, its colours."""

import re
from dataclasses import dataclass
from pathlib import Path

from video_assets.foundation.errors import BriefError

_HEX = re.compile(r"#[0-9a-fA-F]{6}")
COLOURS = ("primary", "ink", "paper")
READABLE = 4.5
"""WCAG contrast that text must have on its ground."""


@dataclass(frozen=True, slots=True)
class BrandKit:
    """A brand's name and look. Colours are `#rrggbb`."""

    name: str
    tagline: str = ""
    primary: str = "#f2a541"
    """Rules and the call to action."""
    ink: str = "#16213e"
    """Panels and title boxes."""
    paper: str = "#ffffff"
    """Text on ink, where it can be read there."""

    def __post_init__(self) -> None:
        for key in COLOURS:
            if not _HEX.fullmatch(getattr(self, key)):
                raise BriefError(
                    f"brand {self.name}: {key} is {getattr(self, key)!r}; "
                    "write a colour as '#rrggbb'"
                )

    @property
    def text(self) -> str:
        """The colour of text on ink: paper, else white or near-black, whichever reads."""
        return self.paper if contrast(self.paper, self.ink) >= READABLE else text_on(self.ink)


def text_on(colour: str) -> str:
    """White or near-black, whichever reads better on a `#rrggbb` colour."""
    return max(("#ffffff", "#11131a"), key=lambda text: contrast(text, colour))


def contrast(first: str, second: str) -> float:
    """WCAG contrast of two `#rrggbb` colours, 1 to 21."""
    a, b = sorted((luminance(first), luminance(second)))
    return (b + 0.05) / (a + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of a `#rrggbb` colour, 0 black to 1 white."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def load_brand(folder: Path, name: str) -> BrandKit:
    """The kit in `folder/brand.yaml`; a quiet default called `name` where there is none.

    Keys: name, tagline, colors (primary, ink, paper). Others are left to people.
    """
    import yaml

    path = folder / "brand.yaml"
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        return BrandKit(name)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BriefError(f"{path} is not YAML: {error}") from error
    colours = found.get("colors") or {} if isinstance(found, dict) else None
    if not isinstance(colours, dict):
        raise BriefError(
            f"{path} must hold keys and values: name, tagline, colors (primary, ink, paper)"
        )
    words = {"name": str(found.get("name") or name), "tagline": str(found.get("tagline") or "")}
    try:
        return BrandKit(**words, **{k: str(colours[k]) for k in COLOURS if colours.get(k)})
    except BriefError as error:
        raise BriefError(f"{path}: {error}") from error
