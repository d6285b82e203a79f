"""What each platform accepts: ratios, lengths, file limits, as data with its date and sources."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from video_assets.finishing import formats
from video_assets.foundation.errors import BriefError

FILE = Path(__file__).parent / "platforms.yaml"


@dataclass(frozen=True, slots=True)
class Platform:
    """One row: a placement on a platform."""

    name: str
    aspects: tuple[str, ...]
    """Keys such as `9x16`."""
    shortest: float
    """Seconds; 0 where nothing is said."""
    longest: float
    """Seconds; infinite where nothing is said."""
    audio_kbps: int
    gop_s: float
    """Seconds from keyframe to keyframe at most."""
    edit_list: str
    """default, or none where the platform asks for files without one."""
    checked_on: date
    sources: tuple[str, ...]
    file: Mapping[str, Any]
    """Further limits, as written."""

    def takes(self, aspect: str, seconds: float) -> bool:
        """Whether a cutdown of this ratio and length may go there."""
        return aspect in self.aspects and self.shortest <= seconds <= self.longest


@cache
def platforms(file: Path = FILE) -> dict[str, Platform]:
    """All rows by name. BriefError names what does not hold."""
    import yaml

    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
        base = found["defaults"]
        rows = {}
        for name, own in found["platforms"].items():
            seconds = own.get("duration_s", {})
            aspects = tuple(ratio.replace(":", "x") for ratio in own["ratios"])
            unknown = set(aspects) - set(formats.ASPECTS)
            if unknown:
                raise BriefError(f"{file.name}: {name}: {sorted(unknown)} is no ratio we render")
            rows[name] = Platform(
                name,
                aspects,
                float(seconds.get("min", 0)),
                float(seconds.get("max", float("inf"))),
                int(own.get("audio_kbps", base["audio_kbps"])),
                float(own.get("gop_s", base["gop_s"])),
                str(own.get("edit_list", base["edit_list"])),
                own.get("checked_on", base["checked_on"]),
                tuple(own.get("sources", ())),
                own.get("file", {}),
            )
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise BriefError(f"{file} does not hold rows of platforms: {error}") from error
    return rows


def fitting(aspect: str, seconds: float) -> list[str]:
    """The platforms that take a cutdown of this ratio and length, by name."""
    return sorted(p.name for p in platforms().values() if p.takes(aspect, seconds))
