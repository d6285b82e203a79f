"""Cutdowns: one timeline rendered in the aspect ratios that are due."""

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from video_assets.editorial.captions import social_chunks
from video_assets.finishing import formats, segments, sound
from video_assets.finishing.brand import BrandKit
from video_assets.finishing.join import joined
from video_assets.finishing.overlays import Spoken, ass_for, marks
from video_assets.finishing.poster import poster
from video_assets.finishing.reframe import crop_for, rendition, visible
from video_assets.finishing.typography import undrawable
from video_assets.foundation import media
from video_assets.foundation.buckets import Root
from video_assets.foundation.errors import RenderError
from video_assets.foundation.progress import track
from video_assets.foundation.records import FootageRow, Timeline
from video_assets.foundation.store import Project, Workspace, sweep
from video_assets.foundation.workers import cores

if TYPE_CHECKING:
    from video_assets.editorial.brief import Brief

MEMORY_EACH = 2 * 2**30
"""Bytes to have for every ffmpeg that runs at the same time."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One cutdown as it was made."""

    aspect: str
    file: Path
    poster: Path
    width: int
    height: int
    upscale: float
    """Enlargement of the worst shown cut; 1.0 none, above 1.9 is a finding."""
    frames: int
    loudness: float
    """LUFS of the encoded sound; -70.0 silence."""
    peak: float
    """dBTP of the encoded sound."""
    silent: bool
    music_below: float
    """LU between the lines and the music under them; 0.0 without both."""
    rendered: int
    """Segments that were encoded for this file."""
    reused: int
    """Segments that were there already."""
    digests: tuple[str, ...]
    """Of its segments, in order."""
    notes: tuple[str, ...] = ()
    """For people: silence, letters that the font cannot draw."""

    @property
    def rendition(self) -> str:
        """Such as `1080-class`."""
        return f"{min(self.width, self.height)}-class"


def render_cutdowns(
    project: Project,
    workspace: Workspace,
    timeline: Timeline,
    rows: Iterable[FootageRow],
    aspects: Sequence[str],
    brand: BrandKit,
    brief: "Brief | None",
    draft_path: Path,
) -> dict[str, Rendered]:
    """Writes `<aspect>.mp4` and its poster `<aspect>.jpg` into `draft_path`, aspect by aspect.

    Segments and sound that exist already are used as they are. Nothing of `brief` but its
    `captions: off` is looked at: everything else is in the timeline.
    """
    by_path = {row.path: row for row in rows}
    _check(timeline, by_path, aspects)
    chunks = burned_captions(timeline, brief)
    pieces = pieces_of(timeline, by_path, aspects, brand, chunks)
    sweep(workspace.segments)
    fresh = _make_missing(workspace, project.footage_root, timeline, pieces)
    music = project.path(timeline.music.path) if timeline.music else None
    with track(f"{timeline.cut_id} sound", 1) as progress:
        mixed = sound.mix(workspace, project.footage_root, timeline, by_path, music)
        progress.advance()
    draft_path.mkdir(parents=True, exist_ok=True)
    notes = _notes(timeline, brand, mixed.silent)
    found: dict[str, Rendered] = {}
    for aspect in aspects:
        own = [p for p in pieces if p.aspect == aspect]
        file, still = draft_path / f"{aspect}.mp4", draft_path / f"{aspect}.jpg"
        files = [segments.folder(workspace, p) / segments.PICTURE for p in own]
        joined(files, mixed.file, timeline.fps, timeline.frames, file)
        still.write_bytes(poster(file, timeline.fps, timeline.frames))
        width, height, upscale = rendition(timeline, by_path, aspect)
        made = sum(p.digest in fresh for p in own)
        found[aspect] = Rendered(
            aspect,
            file,
            still,
            width,
            height,
            upscale,
            timeline.frames,
            mixed.level.loudness,
            mixed.level.peak,
            mixed.silent,
            mixed.music_below,
            made,
            len(own) - made,
            tuple(p.digest for p in own),
            notes,
        )
    return found


def pieces_of(
    timeline: Timeline,
    rows: Mapping[str, FootageRow],
    aspects: Sequence[str],
    brand: BrandKit,
    chunks: Sequence[Spoken],
) -> list[segments.Piece]:
    """The segments that a timeline needs, stretch by stretch. `rows` by path."""
    plans = {}
    for aspect in aspects:
        width, height, _ = rendition(timeline, rows, aspect)
        size = (width, height)
        plans[aspect] = size, marks(timeline, chunks, aspect, size, brand)
    return [
        segments.Piece(
            stretch,
            rows[stretch.cut.path],
            timeline.fps,
            aspect,
            crop_for(stretch.cut, rows[stretch.cut.path], aspect),
            size,
            ass_for(drawn, size, timeline.fps, stretch.start, stretch.frames),
        )
        for stretch in visible(timeline)
        for aspect, (size, drawn) in plans.items()
    ]


def burned_captions(timeline: Timeline, brief: "Brief | None") -> list[Spoken]:
    """The captions that are drawn into the picture; none where the brief or doubt says so."""
    if not timeline.words or timeline.captions_note:
        return []
    if brief is not None and brief.captions == "off":
        return []
    return list(social_chunks(timeline))


def _check(timeline: Timeline, rows: Mapping[str, FootageRow], aspects: Sequence[str]) -> None:
    unknown = [a for a in aspects if a not in formats.ASPECTS]
    if unknown:
        raise RenderError(f"{', '.join(unknown)} is no aspect ratio; there are {formats.ASPECTS}")
    for path in sorted({c.path for c in timeline.picture} | {c.path for c in timeline.sound}):
        if path not in rows:
            raise RenderError(
                f"{timeline.cut_id} uses {path}, which is not in the footage; "
                "bring it back or run again so that the cut is made without it"
            )
    seen = visible(timeline)
    at = 0
    for stretch in seen:
        if stretch.start != at:
            break
        at = stretch.end
    if at != timeline.frames:
        raise RenderError(f"{timeline.cut_id} shows nothing from frame {at} on; it was cut badly")


def _make_missing(
    workspace: Workspace,
    footage_root: Root,
    timeline: Timeline,
    pieces: Sequence[segments.Piece],
) -> set[str]:
    """Encodes what is not there yet, longest stretches first; returns the digests it made."""
    due: dict[tuple[int, str], list[segments.Piece]] = {}
    seen: set[str] = set()
    for piece in pieces:
        if piece.digest in seen or segments.made(workspace, piece):
            continue
        seen.add(piece.digest)
        due.setdefault((piece.stretch.start, piece.row.clip_id), []).append(piece)
    jobs = sorted(due.values(), key=lambda j: -j[0].stretch.frames * len(j))
    total = sum(j[0].stretch.frames * len(j) for j in jobs)
    if not jobs:
        return seen
    sweep(workspace.segments)  # what a killed run left behind
    with (
        track(f"{timeline.cut_id} picture", total) as progress,
        ThreadPoolExecutor(_at_once()) as pool,
    ):

        def work(job: list[segments.Piece]) -> None:
            segments.make(workspace, footage_root, job)
            progress.advance(job[0].stretch.frames * len(job), job[0].row.path)

        running = [pool.submit(work, job) for job in jobs]
        try:
            done, _ = wait(running, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            media.end_all()  # an interrupt reaches this thread only; the others wait for ffmpeg
            raise
    return seen


def _at_once() -> int:
    """How many ffmpeg processes may run together: as cores and memory allow."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(cores(), memory // MEMORY_EACH, 8))


def _notes(timeline: Timeline, brand: BrandKit, silent: bool) -> tuple[str, ...]:
    notes = []
    if silent:
        notes.append("no usable sound: the sound track is silent")
    written = " ".join(
        [brand.name, brand.tagline, *(f"{t.text} {t.sub}" for t in timeline.titles)]
        + [w.text for w in timeline.words]
    )
    missing = undrawable(written)
    if missing:
        notes.append(f"the bundled font cannot draw {' '.join(missing[:20])}")
    return tuple(notes)
