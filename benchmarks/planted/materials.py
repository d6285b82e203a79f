"""A library with known truth, a cutdown made of it, and the case that the gates are given.

Nothing here measures. Of the gates' room only the records come in that a case is built of: Case,
Tables, Texts and Sources are what every gate takes, Truth is what the library's makers declared.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from video_assets.delivery.inspections.case import Case, Tables, Texts
from video_assets.delivery.inspections.sources import Sources
from video_assets.delivery.inspections.truth import TrueClip, Truth, read_truth
from video_assets.editorial.brief import Brief, load_brief
from video_assets.editorial.captions import Chunk, sidecar_cues, social_chunks, srt, vtt
from video_assets.editorial.timeline import to_otio
from video_assets.finishing import formats
from video_assets.finishing.brand import BrandKit, load_brand
from video_assets.finishing.reframe import crop_for, rendition
from video_assets.finishing.render import render_cutdowns
from video_assets.foundation import media
from video_assets.foundation.records import FootageRow, Idea, Line, Shot, Timeline, Word
from video_assets.foundation.store import Project, Workspace
from video_assets.orchestration import runs
from video_assets.orchestration.assets import library as tables_of
from video_assets.orchestration.projects import add_project

SLUG = "truth"
RATE = 48_000
"""Hz at which sound is read."""


@dataclass(frozen=True)
class Library:
    """A library with known truth that the product has taken in."""

    truth: Truth
    project: Project
    tables: Tables
    brief: Brief
    brand: BrandKit

    @cached_property
    def sources(self) -> Sources:
        """Its pictures and sounds, for the gates."""
        return Sources(self.project.footage_root, self.tables.rows)

    def forget(self) -> None:
        """Lets go of what the gates have read of the footage: other cutdowns cite other spans."""
        self.__dict__.pop("sources", None)

    @cached_property
    def kept(self) -> dict[str, Any]:
        """What is worked out once for a library, by name."""
        return {}

    @property
    def banned(self) -> frozenset[str]:
        """Tags that must not be shown."""
        return frozenset(str(t) for t in self.truth.brief.get("must_not", ()))

    def shot_at(self, path: str, start: Fraction, end: Fraction) -> Shot | None:
        """The shot that holds a span of a clip whole; None where a cut lies inside."""
        row = self.tables.rows[path]
        for shot in self.tables.shots.values():
            if shot.clip_id == row.clip_id and shot.start <= start and shot.end >= end:
                return shot
        return None

    def line_at(self, path: str, start: float) -> Line | None:
        """The library's own line that begins there (seconds, within 50 ms)."""
        clip = self.tables.rows[path].clip_id
        for line in self.tables.lines.values():
            if line.clip_id == clip and abs(float(line.start) - start) < 0.05:
                return line
        return None

    def clips(self) -> Iterator[TrueClip]:
        """The truth's clips that the product took in."""
        return (c for c in self.truth.clips if c.path in self.tables.rows)

    def heard(self, path: str) -> Any:
        """All sound of a clip, mono float32 at 48 kHz; sample 0 is second 0 of the clip's clock."""
        row = self.tables.rows[path]
        root = self.project.footage_root
        assert isinstance(root, Path)  # libraries with a known truth lie in folders
        return heard(root / path, row.start)


@lru_cache(maxsize=4)
def heard(file: Path, zero: Fraction) -> Any:
    """All sound of a file, mono float32 at 48 kHz, read with PyAV alone; sample 0 is at `zero` s.

    The gates read sound with an ffmpeg graph of their own: a fault of one is not one of the other.
    """
    import av

    blocks: list[tuple[int, Any]] = []
    with media.open_container(file) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler("flt", "stereo", RATE)
        for frame in (*container.decode(stream), None):  # None: what the resampler still holds
            for part in resampler.resample(frame):
                if part.pts is not None and part.time_base is not None:
                    at = round((part.pts * part.time_base - zero) * RATE)
                    blocks.append((at, part.to_ndarray().reshape(-1, 2).mean(axis=1)))
    length = max((at + len(block) for at, block in blocks), default=0)
    found = np.zeros(max(0, length), np.float32)
    for at, block in blocks:
        first = max(0, -at)
        found[at + first : at + len(block)] = block[first:]
    return found


def taken_in(made: Path, data: Path) -> Library:
    """A made library (footage/, brief.yaml, truth.json ...) as a project in `data`."""
    workspace = Workspace(data)
    truth = read_truth(made / "truth.json")
    if SLUG not in workspace.projects():  # else: a benchmark that was interrupted goes on
        named = str(truth.brief.get("brand", ""))
        add_project(workspace, SLUG, made / "footage", made / "brief.yaml", named)
    project = workspace.project(SLUG)
    for name in ("brand", "music"):
        if (made / name).is_dir():
            shutil.copytree(made / name, project.path(name), dirs_exist_ok=True)
    outcome = runs.run_project(workspace, project, "shot_tags", (), "")
    if outcome.stopped:
        raise SystemExit(f"the library was not taken in: {outcome.failed}")
    return read_library(made, data)


def read_library(made: Path, data: Path) -> Library:
    """A library that was taken in, as its tables say."""
    truth = read_truth(made / "truth.json")
    project = Workspace(data).project(SLUG)
    rows = {r.path: r for r in project.read(tables_of.FOOTAGE, FootageRow)}
    words: dict[str, list[Word]] = {}
    for word in project.read(tables_of.WORDS, Word):
        words.setdefault(word.clip_id, []).append(word)
    lines = {one.line_id: one for one in project.read(tables_of.LINES, Line)}
    shots = {one.shot_id: one for one in project.read(tables_of.SHOTS, Shot)}
    brief = load_brief(project.path("brief.yaml"))
    brand = load_brand(project.path("brand"), str(truth.brief.get("brand", "")) or brief.title)
    return Library(truth, project, Tables(rows, words, lines, shots), brief, brand)


@dataclass(frozen=True)
class Cut:
    """A timeline with its rendered file, and all that a case of it needs."""

    library: Library
    timeline: Timeline
    aspect: str
    file: Path
    silent: bool
    burned: tuple[Chunk, ...]
    idea: Idea | None
    brief: Brief

    def case(
        self,
        file: Path | None = None,
        timeline: Timeline | None = None,
        texts: dict[str, Any] | None = None,
        **changes: Any,
    ) -> Case:
        """The cutdown before its judges; what is given replaces what is right."""
        lib, line = self.library, timeline or self.timeline
        crops = {}
        for number, cut in enumerate(line.picture):
            row = lib.tables.rows[cut.path]
            crop = crop_for(cut, row, self.aspect)
            share = (crop.x / row.width, crop.y / row.height)
            crops[number] = (*share, crop.width / row.width, crop.height / row.height)
        width, height, upscale = rendition(line, lib.tables.rows, self.aspect)
        cues = sidecar_cues(line) if line.words else []
        rows = list(lib.tables.rows.values())
        said = {
            "srt": srt(cues),
            "vtt": vtt(cues, line.words),
            "otio": to_otio(line, rows, lib.project.footage_root, self.aspect, crops),
            "burned": self.burned if self.aspect in formats.BURNED else (),
        } | (texts or {})
        given: dict[str, Any] = {
            "file": file or self.file,
            "timeline": line,
            "aspect": self.aspect,
            "size": (width, height),
            "crops": crops,
            "tables": lib.tables,
            "sources": lib.sources,
            "brief": self.brief,
            "brand": lib.brand,
            "texts": Texts(**said),
            "idea": self.idea,
            "silent": self.silent,
            "upscale": upscale,
            "music": lib.project.path(line.music.path) if line.music else None,
        }
        return Case(**given | changes)


def rendered(
    lib: Library,
    timeline: Timeline,
    aspect: str,
    out: Path,
    segments: Path,
    idea: Idea | None,
    brief: Brief,
) -> Cut:
    """A timeline's cutdown in one aspect, by the product's renderer.

    `segments`: where pieces and sound are kept; it is deleted with the cut.
    """
    burned = tuple(social_chunks(timeline)) if timeline.words else ()
    made = render_cutdowns(
        lib.project,
        Workspace(segments),
        timeline,
        lib.tables.rows.values(),
        [aspect],
        lib.brand,
        brief,
        out,
    )[aspect]
    return Cut(lib, timeline, aspect, made.file, made.silent, burned, idea, brief)
