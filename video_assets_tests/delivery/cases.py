"""A small real cutdown, and cases that put it, or a spoiled copy of it, before the measures."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from video_assets.delivery.inspections.case import Case, Tables, Texts
from video_assets.delivery.inspections.sources import Sources
from video_assets.editorial.brief import Brief
from video_assets.editorial.captions import Chunk, sidecar_cues, srt, vtt
from video_assets.editorial.timeline import to_otio
from video_assets.finishing import formats, render
from video_assets.finishing.brand import BrandKit
from video_assets.finishing.reframe import crop_for, rendition
from video_assets.foundation.records import FootageRow, Timeline
from video_assets_tests.finishing import making


@dataclass(frozen=True)
class Made:
    """A rendered timeline and everything that a case of it needs."""

    folder: Path
    """Holds footage/, out/ and whatever a test spoils."""
    timeline: Timeline
    rows: dict[str, FootageRow]
    brief: Brief
    brand: BrandKit
    burned: tuple[Chunk, ...]
    files: dict[str, Path]
    silent: bool
    tables: Tables
    music: Path | None = None

    def case(self, aspect: str, file: Path | None = None, **changes: Any) -> Case:
        """The cutdown of an aspect, or another file in its place, with fields replaced."""
        line = changes.pop("timeline", self.timeline)
        crops = {}
        for number, cut in enumerate(line.picture):
            row = self.rows[cut.path]
            crop = crop_for(cut, row, aspect)
            crops[number] = (
                crop.x / row.width,
                crop.y / row.height,
                crop.width / row.width,
                crop.height / row.height,
            )
        width, height, upscale = rendition(line, self.rows, aspect)
        cues = sidecar_cues(line) if line.words else []
        otio = to_otio(line, list(self.rows.values()), self.folder / "footage", aspect, crops)
        burned = self.burned if aspect in formats.BURNED else ()
        return replace(
            Case(
                file or self.files[aspect],
                line,
                aspect,
                (width, height),
                crops,
                self.tables,
                Sources(self.folder / "footage", self.rows),
                self.brief,
                self.brand,
                Texts(srt(cues), vtt(cues, line.words), otio, burned),
                None,
                self.silent,
                upscale,
                self.music,
            ),
            **changes,
        )

    def spoiled(self, name: str, *arguments: str, aspect: str = "9x16") -> Path:
        """A copy of a cutdown that went through ffmpeg once more, with these arguments."""
        out = self.folder / name
        making.ffmpeg("-i", str(self.files[aspect]), *arguments, str(out))
        return out


def made(
    folder: Path,
    timeline: Timeline,
    rows: list[FootageRow],
    aspects: tuple[str, ...],
    burned: tuple[Chunk, ...] = (),
    brief: Brief | None = None,
    brand: BrandKit | None = None,
    tables: Tables | None = None,
) -> Made:
    """Renders a timeline whose footage lies in `folder/footage`, with `burned` as its captions."""
    brief, brand = brief or Brief(title="Test"), brand or BrandKit("Test")
    workspace, project = making.project(folder, folder / "footage")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "burned_captions", lambda timeline, brief: list(burned))
        rendered = render.render_cutdowns(
            project, workspace, timeline, rows, aspects, brand, brief, folder / "out"
        )
    by_path = {row.path: row for row in rows}
    return Made(
        folder,
        timeline,
        by_path,
        brief,
        brand,
        burned,
        {aspect: one.file for aspect, one in rendered.items()},
        any(one.silent for one in rendered.values()),
        tables or Tables(by_path),
        project.path(timeline.music.path) if timeline.music else None,
    )


CAPTION = Chunk("so soft", Fraction(2, 5), Fraction(6, 5))
