"""What a measure is given, and what it answers.

A measure is a pure function of a `Case`: the rendered file as it decodes, the timeline and the
texts that go out with it, the library's own tables and sources, and what the brief asks for. Scores
and plans are not in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from video_assets.delivery.inspections.measures import Measures, measure
from video_assets.delivery.inspections.sources import Sources
from video_assets.editorial.brief import Brief
from video_assets.finishing.brand import BrandKit
from video_assets.finishing.overlays import Spoken
from video_assets.foundation.records import (
    Finding,
    FootageRow,
    Idea,
    Line,
    PictureCut,
    Shot,
    Timeline,
    Word,
)


@dataclass(frozen=True, slots=True)
class Tables:
    """The library's own tables, keyed as measures ask for them."""

    rows: Mapping[str, FootageRow]
    """By path."""
    words: Mapping[str, Sequence[Word]] = field(default_factory=dict)
    """By clip_id, in the order of time."""
    lines: Mapping[str, Line] = field(default_factory=dict)
    """By line_id."""
    shots: Mapping[str, Shot] = field(default_factory=dict)
    """By shot_id."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The files that go out beside the picture, as they are written."""

    srt: str = ""
    vtt: str = ""
    otio: str = ""
    burned: Sequence[Spoken] = ()
    """Captions that the picture was rendered with; empty where it is clean."""


@dataclass(frozen=True)
class Case:
    """One cutdown before its judges."""

    file: Path
    timeline: Timeline
    aspect: str
    size: tuple[int, int]
    """Pixels that were asked for."""
    crops: Mapping[int, tuple[float, float, float, float]]
    """What each cut (index in `timeline.picture`) shows: x, y, width, height as shares of the
    displayed frame of its source."""
    tables: Tables
    sources: Sources
    brief: Brief
    brand: BrandKit
    texts: Texts = Texts()
    idea: Idea | None = None
    silent: bool = False
    """Whether the renderer made no sound, by its own word: the timeline says what is silent."""
    upscale: float = 1.0
    music: Path | None = None
    """The bed's file."""
    downgrades: Sequence[str] = ()

    @cached_property
    def film(self) -> Measures:
        """The rendered file, decoded once."""
        return measure(self.file)

    @property
    def decodes(self) -> bool:
        """Whether there are pictures to look at."""
        return not self.film.problem and self.film.small is not None and self.film.frames > 0

    @cached_property
    def shown(self) -> tuple["Shown", ...]:
        """What the timeline lets people see, stretch by stretch; V2 covers V1."""
        return shown_of(self.timeline)


@dataclass(frozen=True, slots=True)
class Shown:
    """Consecutive frames of a timeline that show one cut."""

    number: int
    """Index in `timeline.picture`."""
    cut: PictureCut
    start: int
    end: int
    """Exclusive."""


def shown_of(timeline: Timeline) -> tuple[Shown, ...]:
    """What a timeline lets people see, stretch by stretch; V2 covers V1."""
    cuts = timeline.picture
    last = timeline.frames
    edges = {0, last}
    edges |= {min(last, max(0, e)) for c in cuts for e in (c.start, c.end)}
    found: list[Shown] = []
    for start, end in pairwise(sorted(edges)):
        over = [n for n, c in enumerate(cuts) if c.start <= start and c.end >= end]
        if not over:
            continue
        top = max(over, key=lambda n: (cuts[n].track, cuts[n].start))
        if found and found[-1].number == top and found[-1].end == start:
            found[-1] = Shown(top, cuts[top], found[-1].start, end)
        else:
            found.append(Shown(top, cuts[top], start, end))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one measure says of one cutdown."""

    figures: Mapping[str, float] = field(default_factory=dict)
    """Name with its unit (`residual_ms`) to figure; also where nothing is wrong."""
    findings: tuple[Finding, ...] = ()
    """Empty: it holds."""
    note: str = ""
    """What people should know of it, such as why there was nothing to measure: `nobody speaks`."""
    measured: bool = True
    """False where there was nothing to measure: then it says nothing of the cutdown."""
