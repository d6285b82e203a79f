"""Where a defect is planted, and the list of all defects."""

import math
import random
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from benchmarks.clean_cuts import Laid
from benchmarks.planted.materials import Cut, Library, rendered
from video_assets.delivery.inspections.case import Case
from video_assets.finishing import formats
from video_assets.foundation import media
from video_assets.foundation.records import Timeline

LEAST, MOST = 1.2, 4.0
"""Times a gate's limit between which a defect's size is drawn."""


@dataclass
class Note:
    """What is told of a defect beside its case."""

    size: str = ""
    """For people."""
    times: float | None = None
    """How many times the limit it is; None where it has no size."""
    asked: float | None = None
    """Seconds that the cutdown should have lasted; None: as long as its timeline."""
    under: Callable[[], AbstractContextManager[Any]] = nullcontext
    """What must hold while it is judged."""


@dataclass(frozen=True)
class Bench:
    """Where a defect is planted."""

    library: Library
    laid: Laid
    clean: Cut
    folder: Path
    rng: random.Random
    note: Note = field(default_factory=Note)

    @property
    def line(self) -> Timeline:
        """The clean timeline."""
        return self.clean.timeline

    @property
    def fps(self) -> Fraction:
        """Of the timeline."""
        return self.line.fps

    def times(self, least: float = LEAST, most: float = MOST) -> float:
        """How many times its limit a defect shall be: half of them are below the middle."""
        return self.told(math.exp(self.rng.uniform(math.log(least), math.log(most))))

    def told(self, times: float, size: str = "") -> float:
        """Notes a size, for people and in times the limit; returns the latter."""
        self.note.times, self.note.size = round(times, 3), size or f"{times:.1f} times the limit"
        return times

    def sized(self, limit: float, unit: str, least: float = LEAST, most: float = MOST) -> float:
        """A size of `least` to `most` times a gate's limit, noted with its unit."""
        times = self.times(least, most)
        self.told(times, f"{limit * times:.3g} {unit}, the limit is {limit:g}")
        return limit * times

    def again(self, video: str = "", sound: str = "", *more: str) -> Path:
        """The file once more through ffmpeg and the same encode profile, with these filters."""
        out = self.folder / "again.mp4"
        fps = self.fps
        ticks = formats.ticks(fps)[0]
        picture = ["-c:v", "copy"]
        if video:
            picture = [
                "-vf", f"{video},setparams=range=tv:color_primaries=bt709:color_trc=bt709"
                ":colorspace=bt709,format=yuv420p",
                "-fps_mode", "passthrough", "-c:v", "libx264", "-profile:v", "high",
                "-preset", "veryfast", "-crf", "18", "-g", str(formats.gop(fps)), "-bf", "2",
                "-flags", "+cgop", "-color_range", "tv", "-colorspace", "bt709",
                "-color_primaries", "bt709", "-color_trc", "bt709", "-pix_fmt", "yuv420p",
                "-threads", "2",
            ]  # fmt: skip
        heard = ["-c:a", "copy"]
        if sound:
            heard = ["-af", sound, "-c:a", "aac", "-b:a", "192k", "-ar", "48000", "-ac", "2"]
        media.run_arguments(
            ["-i", str(self.clean.file), *picture, *heard, "-movflags", "+faststart",
             "-video_track_timescale", str(ticks), *more, str(out)],
            self.folder, 300, "planting a defect",
        )  # fmt: skip
        return out

    def redone(self, timeline: Timeline, **changes: Any) -> Case:
        """Another timeline, rendered: what is wrong is in the cut itself."""
        out, kept = self.folder / "redone", self.folder.parent / "segments"
        cut = rendered(self.library, timeline, self.clean.aspect, out, kept, None, self.clean.brief)
        changes = {"idea": self.clean.idea} | changes
        return replace(cut, burned=changes.pop("burned", cut.burned)).case(**changes)

    def other_file(
        self, timeline: Timeline, under: AbstractContextManager[Any] = nullcontext()
    ) -> Case:
        """The clean cutdown's case with the file of another timeline, rendered under a fault."""
        out, kept = self.folder / "other", self.folder / "segments"
        with under:
            made = rendered(
                self.library, timeline, self.clean.aspect, out, kept, None, self.clean.brief
            )
        return self.clean.case(made.file)

    def free(self) -> int:
        """Frames from the beginning over which nothing lies yet."""
        over = [c.start for c in self.line.picture if c.track == "V2"]
        return min([self.line.picture[0].frames, *over])

    def open_span(self, seconds: float) -> float | None:
        """A second from which on so many of the picture are under no end card; None: too short."""
        card = min([t.start for t in self.line.titles if t.kind == "end_card"], default=0)
        last = float(card / self.fps) - seconds - 0.15
        return self.rng.uniform(0.15, last) if last > 0.15 else None

    def middle(self) -> float:
        """A second well inside the speech; of the whole where nobody speaks."""
        cuts = [c for c in self.line.sound if c.track == "A1"]
        if not cuts:
            return float(self.line.duration) * self.rng.uniform(0.3, 0.5)
        cut = self.rng.choice(cuts)
        return float(cut.start + cut.duration * Fraction(self.rng.uniform(0.4, 0.6)))


Plant = Callable[[Bench], Case | None]
"""Returns None where the cutdown has nothing that could be spoiled so (no music, one sentence)."""


@dataclass(frozen=True, slots=True)
class Defect:
    """A kind of defect."""

    row: int
    """Of CRAFT.md 8."""
    must: tuple[str, ...]
    """The measures of which one must find it; empty: there is none for it, so it is missed."""
    needs: frozenset[str]
    """What a cutdown must have for it: see `clean_cut`; burned and narrow are aspects."""
    plant: Plant


DEFECTS: dict[str, Defect] = {}
"""By name."""


def plants(row: int, *must: str, needs: str = "") -> Callable[[Plant], Plant]:
    """Enters a defect under its function's name. `needs`: words, parted by spaces."""

    def enter(plant: Plant) -> Plant:
        DEFECTS[plant.__name__] = Defect(row, must, frozenset(needs.split()), plant)
        return plant

    return enter
