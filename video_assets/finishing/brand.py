"""What a brand looks like: its name, its words, its colours."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from video_assets.foundation.errors import BriefError

_HEX = re.compile(r"#[0-9a-fA-F]{6}")
KEYS = ("name", "tagline", "colors")
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

    Keys: name, tagline, colors (primary, ink, paper). BriefError names what else stands there.
    """
    import yaml

    path = folder / "brand.yaml"
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        return BrandKit(name)
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise BriefError(f"{path} cannot be read as YAML: {error}") from error
    if not isinstance(found, dict):
        raise BriefError(f"{path} must hold keys and values: {', '.join(KEYS)}")
    if "colours" in found and "colors" not in found:
        found["colors"] = found.pop("colours")
    _only(path, found, KEYS)
    colours = found.get("colors") or {}
    if not isinstance(colours, dict):
        raise BriefError(
            f"{path}: colors: must hold {', '.join(COLOURS)}, such as `ink: '#14202B'`"
        )
    _only(path, colours, COLOURS)
    for key in ("name", "tagline"):
        if not isinstance(found.get(key) or "", str):
            raise BriefError(f"{path}: {key}: {found[key]!r} is no text; put it in quotes")
    chosen = {k: _long_form(v) for k in COLOURS if (v := colours.get(k)) is not None}
    try:
        return BrandKit(
            name=found.get("name") or name, tagline=found.get("tagline") or "", **chosen
        )
    except BriefError as error:
        raise BriefError(f"{path}: {error}") from error


def _only(path: Path, found: dict[str, Any], known: Sequence[str]) -> None:
    strange = sorted(str(k) for k in found if k not in known)
    if strange:
        raise BriefError(f"{path}: unknown key {strange[0]!r}; known keys: {', '.join(known)}")


def _long_form(colour: Any) -> str:
    """`#fa3` as `#ffaa33`; anything else as it is."""
    text = str(colour)
    if re.fullmatch(r"#[0-9a-fA-F]{3}", text):
        return "#" + "".join(c + c for c in text[1:])
    return text
