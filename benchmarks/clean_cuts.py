"""Cutdowns that are right by construction, from a library whose truth is known.

They are laid out here from the truth alone, apart from the product's own editing: whole sentences
without a flaw, cuts at the quietest moment of a pause, every join covered, nothing shown twice. So
whatever a measure finds in one of them is a false alarm, and a defect planted into one is the only
defect that it has.
"""

import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, floor
from pathlib import Path
from typing import Any

import numpy as np

from video_assets.delivery.inspections.case import Case, Tables, Texts
from video_assets.delivery.inspections.sources import Sources
from video_assets.delivery.inspections.truth import TrueClip, TrueLine, Truth, read_truth
from video_assets.editorial.brief import Brief, load_brief
from video_assets.editorial.captions import Chunk, sidecar_cues, social_chunks, srt, vtt
from video_assets.editorial.timeline import to_otio
from video_assets.finishing import formats
from video_assets.finishing.brand import BrandKit, load_brand
from video_assets.finishing.reframe import crop_for, rendition
from video_assets.finishing.render import render_cutdowns
from video_assets.foundation.records import (
    CaptionWord,
    FootageRow,
    Line,
    MusicCue,
    PictureCut,
    Shot,
    SoundCut,
    Timeline,
    Title,
    Word,
)
from video_assets.foundation.store import Project, Workspace, sha256_file
from video_assets.orchestration import runs
from video_assets.orchestration.assets import library as tables_of
from video_assets.orchestration.projects import add_project

COVER = Fraction(7, 10)
"""Seconds that a picture covers on either side of a join of two lines."""
CARD = 2
"""Seconds of the end card."""
PAUSE = 0.12
"""Seconds of silence a line needs on both sides to be cut there."""
SLUG = "truth"


@dataclass(frozen=True)
class Library:
    """A library with known truth that the product has taken in."""

    truth: Truth
    project: Project
    tables: Tables
    brief: Brief
    brand: BrandKit

    @property
    def rows(self) -> dict[str, FootageRow]:
        """By path."""
        return dict(self.tables.rows)

    @cached_property
    def sources(self) -> Sources:
        """Its pictures and sounds."""
        return Sources(self.project.footage_root, self.tables.rows)

    def shot_at(self, path: str, start: Fraction, end: Fraction) -> Shot | None:
        """The shot that holds a span of a clip whole; None where a cut lies inside."""
        row = self.tables.rows[path]
        for shot in self.tables.shots.values():
            if shot.clip_id == row.clip_id and shot.start <= start and shot.end >= end:
                return shot
        return None


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
            "brief": lib.brief,
            "brand": lib.brand,
            "texts": Texts(**said),
            "silent": self.silent,
            "upscale": upscale,
            "music": lib.project.path(line.music.path) if line.music else None,
        }
        return Case(**given | changes)


def rendered(
    lib: Library, timeline: Timeline, aspect: str, out: Path, brief: Brief | None = None
) -> Cut:
    """A timeline's cutdown in one aspect, by the product's renderer."""
    burned = tuple(social_chunks(timeline)) if timeline.words else ()
    made = render_cutdowns(
        lib.project,
        lib.project.workspace,
        timeline,
        lib.tables.rows.values(),
        [aspect],
        lib.brand,
        brief or lib.brief,
        out,
    )[aspect]
    return Cut(lib, timeline, aspect, made.file, made.silent, burned)


# laying out


@dataclass(frozen=True, slots=True)
class Spoken:
    """A whole sentence of a clip with the span that is cut, seconds of the clip."""

    clip: TrueClip
    line: TrueLine
    start: Fraction
    end: Fraction


def rate_of(lib: Library) -> Fraction:
    """The rate that most clips have: timelines keep it, so that every frame is a source frame."""
    rates = [c.fps for c in lib.truth.clips if c.kind != "recorder"]
    return Fraction(max(set(rates), key=rates.count))


def quietest(sound: Any, begin: Fraction, low: float, high: float) -> float:
    """The middle of the quietest 10 ms between `low` and `high`, by RMS; `sound` from `begin`."""
    step = 480
    first = max(0, round((low - float(begin)) * 48_000) // step)
    last = max(first + 1, round((high - float(begin)) * 48_000) // step)
    mono = sound.mean(axis=0)[: (sound.shape[1] // step) * step].reshape(-1, step)
    power = (mono[first:last] ** 2).mean(axis=1)
    return float(begin) + (first + int(np.argmin(power)) + 0.5) * step / 48_000


def sentences(lib: Library) -> list[Spoken]:
    """Every flawless best sentence of a camera's clip, with its cut points on frames in pauses."""
    fps = rate_of(lib)
    found = []
    for clip in lib.truth.clips:
        row = lib.tables.rows.get(clip.path)
        if clip.kind != "interview" or row is None or Fraction(clip.fps) != fps:
            continue
        for line in clip.lines:
            if not (line.best and line.complete) or line.flaws:
                continue
            if any(d.start < line.end and d.end > line.start for d in clip.defects):
                continue
            before = max((w.end for w in clip.words if w.end <= line.start), default=0.0)
            after = min((w.start for w in clip.words if w.start >= line.end), default=clip.duration)
            low, high = max(before, line.start - 0.35), min(after, line.end + 0.35)
            if line.start - low < PAUSE or high - line.end < PAUSE:
                continue
            begin = Fraction(floor(max(0.0, low) * 10), 10)
            sound = lib.sources.sound(clip.path, begin, Fraction(ceil((high - begin) * 10), 10))
            # the quietest moment, on the nearest frame that still lies in the pause
            edges = []
            for a, b in ((low + 0.02, line.start - 0.03), (line.end + 0.03, high - 0.02)):
                at = Fraction(round(quietest(sound, begin, a, b) * fps)) / fps
                edges.append(at)
            start, end = edges
            if start >= line.start or end <= line.end or end > row.duration - 2 / fps:
                continue
            if lib.shot_at(clip.path, start, end):
                found.append(Spoken(clip, line, start, end))
    return found


def covers(lib: Library) -> list[TrueClip]:
    """Pictures without a flaw at the timeline's rate."""
    fps = rate_of(lib)
    return [
        c
        for c in lib.truth.clips
        if c.kind == "broll"
        and Fraction(c.fps) == fps
        and not (c.defects or c.cuts or c.flashes)
        and c.path in lib.tables.rows
        and c.duration > CARD + 0.5
    ]


def _seen(
    lib: Library, track: str, start: int, frames: int, clip: TrueClip, at: Fraction, fps: Fraction
) -> PictureCut:
    row = lib.tables.rows[clip.path]
    shot = lib.shot_at(clip.path, at, at + frames / fps)
    if shot is None:
        raise ValueError(f"{clip.path}: no shot holds {float(at):.2f} s")
    return PictureCut(
        track, start, frames, row.clip_id, shot.shot_id, clip.path, at, focus=shot.focus,
        face=shot.face,
    )  # fmt: skip


def laid_out(lib: Library, said: Sequence[Spoken], rng: random.Random, name: str) -> Timeline:
    """A timeline of these sentences, with a picture over every join and an end card."""
    fps = rate_of(lib)
    pool = covers(lib)
    rng.shuffle(pool)
    picture, sound, words = [], [], []
    at, joins = 0, []
    for number, one in enumerate(said):
        frames = int((one.end - one.start) * fps)
        row = lib.tables.rows[one.clip.path]
        picture.append(_seen(lib, "V1", at, frames, one.clip, one.start, fps))
        line_id = next(
            (
                n.line_id
                for n in lib.tables.lines.values()
                if n.clip_id == row.clip_id and abs(float(n.start) - one.line.start) < 0.05
            ),
            "",
        )
        sound.append(
            SoundCut("A1", at / fps, frames / fps, row.clip_id, one.clip.path, one.start, line_id)
        )
        spoken = [
            w for w in lib.tables.words[row.clip_id] if one.start <= w.start and w.end <= one.end
        ]
        words += [
            CaptionWord(
                w.text,
                at / fps + w.start - one.start,
                at / fps + w.end - one.start,
                ends_line=w is spoken[-1],
            )
            for w in spoken
        ]
        at += frames
        if number + 1 < len(said):
            joins.append(at)
    half = ceil(COVER * fps)
    for join in joins:
        clip = pool.pop()
        where = Fraction(round(Fraction(1, 4) * fps)) / fps
        picture.append(_seen(lib, "V2", join - half, 2 * half, clip, where, fps))
    card = int(CARD * fps)
    clip = pool.pop()
    picture.append(_seen(lib, "V1", at, card, clip, Fraction(round(fps / 4)) / fps, fps))
    titles = (Title("end_card", lib.brief.call_to_action, at, card),)
    music = None
    beds = sorted((lib.project.root / "music").glob("*.*"))
    if beds and rng.random() < 0.5:
        music = MusicCue(f"music/{beds[0].name}", sha256_file(beds[0]))
    return Timeline(
        name, name, fps, at + card,
        tuple(sorted(picture, key=lambda c: (c.track, c.start))), tuple(sound), tuple(words),
        titles=titles, music=music,
    )  # fmt: skip


def clean_timelines(lib: Library, seed: int, shortest: float = 2.5) -> Iterator[Timeline]:
    """Timelines without end, each of one to three different sentences, `shortest` s of speech."""
    rng = random.Random(seed)
    pool = sentences(lib)
    if not pool:
        raise ValueError("the library has no flawless sentence between two pauses")
    number = 0
    while True:
        number += 1
        said: list[Spoken] = []
        for one in rng.sample(pool, len(pool)):
            if all(one.line.line != other.line.line for other in said):
                said.append(one)
            long = sum(float(s.end - s.start) for s in said)
            if len(said) == 3 or (long >= shortest and rng.random() < 0.6):
                break
        yield laid_out(lib, said, rng, f"c{number:03}")
