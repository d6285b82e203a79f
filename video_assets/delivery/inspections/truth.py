"""What is true of a library that was made for measuring: `truth.json` beside its footage folder.

Only the yardstick reads it; nothing on the write path does.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from video_assets.foundation.errors import VideoAssetsError
from video_assets.foundation.records import from_plain

TRUTH_VERSION = 2


@dataclass(frozen=True, slots=True)
class TrueWord:
    """A spoken word, seconds on the clip's clock."""

    text: str
    start: float
    end: float
    kind: str
    """word, filler or false_start."""
    line: str
    take: int


@dataclass(frozen=True, slots=True)
class TrueLine:
    """One recording of a line, seconds on the clip's clock."""

    line: str
    """What is said: all takes of it share this."""
    take: int
    start: float
    end: float
    text: str
    speaker: str
    complete: bool
    best: bool
    """Of all takes of its line exactly one is."""
    flaws: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Defect:
    """A planted flaw of the material."""

    kind: str
    """blur, shake, clipping, overexposed, flicker or boom."""
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Subject:
    """Where the subject is in a span; boxes x, y, width, height as shares of the picture."""

    start: float
    end: float
    box: tuple[float, float, float, float]
    face: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    """Zeros without a face."""


@dataclass(frozen=True, slots=True)
class TrueCut:
    """A cut inside a clip."""

    at: float
    kind: str
    """hard or dissolve."""
    length: float = 0.0


@dataclass(frozen=True, slots=True)
class TrueShot:
    """What is seen in a span of a clip; two overlap where one dissolves into the other."""

    start: float
    end: float
    tags: tuple[str, ...] = ()
    setup: str = ""
    direction: int = 0
    """Of gaze or motion: -1 left, 1 right, 0 none."""


@dataclass(frozen=True, slots=True)
class TrueClip:
    """One file of the footage."""

    path: str
    kind: str
    """interview, broll, recorder, or recorded: somebody's sound, whose words bear no times."""
    camera: str
    setup: str
    """Of a clip that is one shot; empty where there are several."""
    moment: str
    """Clips of one moment share it; empty where nothing else saw it."""
    duration: float
    offset: float = 0.0
    """Clip time t is moment time `offset + t * (1 + drift_ppm * 1e-6)`."""
    drift_ppm: float = 0.0
    fps: str = ""
    frames: int = 0
    timecode: str = ""
    grade: str = "neutral"
    cuts: tuple[TrueCut, ...] = ()
    shots: tuple[TrueShot, ...] = ()
    """Empty: the whole clip is one shot, and `tags`, `setup` and `direction` are its own."""
    flashes: tuple[float, ...] = ()
    words: tuple[TrueWord, ...] = ()
    lines: tuple[TrueLine, ...] = ()
    defects: tuple[Defect, ...] = ()
    subject: tuple[Subject, ...] = ()
    people: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    """Of all its shots."""
    text: str = ""
    """What is said in a recorded clip."""
    loudness: float = -70.0
    """LUFS."""
    noise: float = -120.0
    """dBFS of a recorded clip's quietest tenth."""
    direction: int = 0
    """Of gaze or motion: -1 left, 1 right, 0 none, or there are several shots."""
    light: str = "none"
    wardrobe: str = ""

    def at(self, time: float) -> "TrueClip":
        """The clip as what is seen at a time of it: that shot's tags, set-up and direction.

        Where two shots dissolve into one another, the one whose middle is nearer.
        """
        there = [s for s in self.shots if s.start <= time <= s.end]
        if not there:
            return self
        shot = min(there, key=lambda s: abs(time - (s.start + s.end) / 2) / (s.end - s.start))
        return replace(self, tags=shot.tags, setup=shot.setup, direction=shot.direction)

    def seen(self, start: float, end: float) -> dict[str, float]:
        """Tag to the seconds for which it is visible between two times of the clip."""
        found: dict[str, float] = {}
        for shot in self.shots or (TrueShot(0.0, self.duration, self.tags),):
            length = min(end, shot.end) - max(start, shot.start)
            for tag in shot.tags if length > 0 else ():
                found[tag] = found.get(tag, 0.0) + length
        return found


@dataclass(frozen=True)
class Truth:
    """A whole library's."""

    seed: int
    size: str
    clips: Sequence[TrueClip]
    brief: Mapping[str, Any]
    """must_say (lines), must_show and must_not (tags), brand, glossary."""
    beats: Sequence[float] = ()
    """Of the music bed, seconds."""
    recorded: Sequence[str] = ()
    """Paths of the recorded clips; with and without them a seed's libraries are different ones."""

    @cached_property
    def by_path(self) -> dict[str, TrueClip]:
        """Clips by their path below the footage folder."""
        return {c.path: c for c in self.clips}


def read_truth(path: Path) -> Truth:
    """The truth in a file. Raises VideoAssetsError where it is none of this version."""
    if not path.is_file():
        raise VideoAssetsError(f"{path} is no file; --truth takes the truth.json of a library")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or "version" not in found:
            raise ValueError("it says no version")
        if found["version"] != TRUTH_VERSION:
            raise ValueError(f"version {found['version']}, expected {TRUTH_VERSION}")
        clips = [from_plain(TrueClip, c) for c in found["clips"]]
        beats = (found.get("music") or {}).get("beats", ())
        others = [one["path"] for one in found.get("recorded", ())]
        return Truth(found["seed"], found["size"], clips, found.get("brief", {}), beats, others)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise VideoAssetsError(
            f"{path} is no truth.json of a library that was made for measuring, or of another "
            f"version: {error}; make the library again"
        ) from error
