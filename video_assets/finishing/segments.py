"""The picture of a timeline in content-addressed pieces: one decode, all the ratios that are due.

A stretch is decoded once by one ffmpeg process that crops, scales, draws and encodes every wanted
aspect ratio. Each encoder runs in one thread of its own, so one ratio made alone has the very same
bytes as when all six are made together.
"""

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from video_assets.finishing import formats
from video_assets.finishing.reframe import Crop, Stretch
from video_assets.finishing.typography import FONT_FILE, FONTS
from video_assets.foundation import media
from video_assets.foundation.buckets import Root
from video_assets.foundation.errors import RenderError
from video_assets.foundation.files import maker
from video_assets.foundation.records import FootageRow
from video_assets.foundation.store import (
    Workspace,
    digest_of,
    kept,
    kept_facts,
    sha256_file,
)
from video_assets.library import fields, tone
from video_assets.library.absence import source_of
from video_assets.library.staging import on_disk

SEGMENTS_VERSION = "2"
"""Part of every segment's name; raised when the way a segment is made changes."""

PICTURE = "picture.mp4"

_LATE = Fraction(1, 4)
"""Of a timeline frame. An output frame shows the newest source frame that is at most this much
late: rates that divide evenly (50 on 25) keep every second frame, and clocks that jitter by
milliseconds (Matroska) cause no doubles."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One stretch in one aspect ratio."""

    stretch: Stretch
    row: FootageRow
    fps: Fraction
    aspect: str
    crop: Crop
    size: tuple[int, int]
    """Pixels of the finished picture."""
    ass: str
    """What is drawn over it; empty for nothing."""

    @property
    def source_start(self) -> Fraction:
        """Seconds on the clip's clock of the first frame."""
        cut = self.stretch.cut
        return cut.source_start + Fraction(self.stretch.start - cut.start) / self.fps

    @property
    def digest(self) -> str:
        """Names the segment: everything that its bytes depend on."""
        row = self.row
        return digest_of(
            {
                "version": SEGMENTS_VERSION,
                "clip": row.clip_id,
                "stream": [
                    row.video_stream,
                    row.start,
                    row.width,
                    row.height,
                    row.color,
                ],
                "turned": [row.rotation, row.mirrored, row.sar, row.interlaced],
                "start": self.source_start,
                "frames": self.stretch.frames,
                "fps": self.fps,
                "crop": self.crop,
                "size": list(self.size),
                "ass": self.ass,
                "font": _font_digest() if self.ass else "",
                "encode": _encode(self.fps),
                "ffmpeg": media.ffmpeg_version(),
                **tone.named(row),
                **fields.named(row),
                **({"clock": 2} if fields.is_coarse(row) else {}),
            }
        )


_FONT: list[str] = []


def _font_digest() -> str:
    if not _FONT:
        _FONT.append(sha256_file(FONT_FILE))
    return _FONT[0]


def folder(workspace: Workspace, piece: Piece) -> Path:
    """Where a piece lies once it is made."""
    return workspace.segments / piece.digest[:40]


def made(workspace: Workspace, piece: Piece) -> bool:
    """Whether a piece lies there whole."""
    return kept_facts(folder(workspace, piece)) is not None


def make(workspace: Workspace, footage_root: Root, pieces: Sequence[Piece]) -> None:
    """Makes pieces of one stretch, all in one ffmpeg process that decodes it once."""
    first = pieces[0]
    workspace.segments.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{maker()}-", dir=workspace.segments))
    try:
        os.symlink(FONTS, scratch / "fonts")
        if tone.is_hdr(first.row):
            (scratch / tone.CUBE).write_text(tone.cube(tone.curve_of(first.row)), encoding="ascii")
        for piece in pieces:
            if piece.ass:
                (scratch / f"{piece.aspect}.ass").write_text(piece.ass, encoding="utf-8")
        what = f"{first.row.path} at {float(first.source_start):.2f} s"
        frames = first.stretch.frames
        limit = 300 + 4.0 * frames * len(pieces)
        with on_disk(footage_root, first.row, source_of) as source:
            media.run(_graph(source, pieces, seek=True), scratch, limit, f"rendering {what}")
            if _count(scratch / f"{first.aspect}.mp4") != frames:
                # An index that leads past the last picture: decode from the beginning.
                media.run(_graph(source, pieces, seek=False), scratch, limit, f"rendering {what}")
        for piece in pieces:
            file = scratch / f"{piece.aspect}.mp4"
            found = _count(file)
            if found != frames:
                raise RenderError(
                    f"rendering {what}: {found} frames came out in {piece.aspect}, {frames} were "
                    "asked for; check that the clip decodes there"
                )

            def keep(draft: Path, file: Path = file, piece: Piece = piece) -> dict[str, Any]:
                os.rename(file, draft / PICTURE)
                return {
                    "clip": piece.row.clip_id,
                    "frames": frames,
                    "size": list(piece.size),
                }

            kept(folder(workspace, piece), keep)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _count(file: Path) -> int:
    with media.open_container(file) as container:
        if not container.streams.video:
            return 0
        return sum(1 for p in container.demux(container.streams.video[0]) if p.size)


def _encode(fps: Fraction) -> dict[str, Any]:
    return {
        "c:v": "libx264",
        "profile:v": "high",
        "preset": formats.PRESET,
        "crf": formats.CRF,
        "maxrate": formats.MAX_RATE,
        "bufsize": formats.BUFFER,
        "g": formats.gop(fps),
        "bf": formats.B_FRAMES,
        "flags": "+cgop+bitexact",
        "x264-params": "stitchable=1",  # headers must not depend on the content: pieces are joined
        "pix_fmt": "yuv420p",
        "color_range": "tv",
        "colorspace": "bt709",
        "color_primaries": "bt709",
        "color_trc": "bt709",
        "threads": formats.ENCODER_THREADS,
        "video_track_timescale": formats.ticks(fps)[0],
        "fps_mode": "passthrough",
        "an": None,
        "fflags": "+bitexact",
        "map_metadata": -1,
        "map_chapters": -1,
    }


def _graph(source: Path, pieces: Sequence[Piece], seek: bool) -> Any:
    import ffmpeg

    first = pieces[0]
    row, fps = first.row, first.fps
    frames = first.stretch.frames
    shown = row.start + first.source_start  # raw container time of the first frame
    options: dict[str, Any] = {"threads": 2}
    # Containers with an index land on the keyframe before; others may land late, so start earlier.
    indexed = "mp4" in row.container or "matroska" in row.container
    early = shown - row.start - max(Fraction(12) / fps, Fraction(0) if indexed else Fraction(4))
    if seek and early > 0:
        options |= {
            "noaccurate_seek": None,
            "seek_timestamp": 1,
            "ss": f"{float(row.start + early):.6f}",
        }
    picture = fields.decoded(source, row, **options)
    if fields.is_coarse(row):
        picture = picture.filter("settb", "intb/64")
    if not seek:  # the stretch may begin after the last picture, which is then held
        picture = picture.filter("tpad", stop=-1, stop_mode="clone")
    picture = (
        picture.filter(
            "fps",
            fps=_ratio(fps),
            start_time=f"{float(shown - _LATE / fps):.9f}",
            round="near",
        )
        .filter("setpts", "N")
        .filter("tpad", stop=-1, stop_mode="clone")
        .filter("trim", end_frame=frames)
    )
    picture = _to_bt709(picture, row)
    split = picture.filter_multi_output("split", len(pieces))
    outputs = []
    for n, piece in enumerate(pieces):
        crop, (width, height) = piece.crop, piece.size
        out = split[n]
        whole = (crop.x, crop.y, crop.width, crop.height) == (0, 0, row.width, row.height)
        if not whole and min(crop.width, crop.height) > 0:  # a picture of one pixel has no crop
            out = out.filter("crop", crop.width, crop.height, crop.x, crop.y, exact=1)
        out = (
            out.filter("scale", width, height, flags="bicubic+accurate_rnd")
            .filter("setsar", 1)
            .filter("format", "yuv420p")
            .filter(
                "setparams",
                range="tv",
                color_primaries="bt709",
                color_trc="bt709",
                colorspace="bt709",
                field_mode="prog",
            )
        )
        if piece.ass:
            out = out.filter("ass", f"{piece.aspect}.ass", fontsdir="fonts")
        outputs.append(ffmpeg.output(out, f"{piece.aspect}.mp4", **_encode(fps)))
    merged = ffmpeg.merge_outputs(*outputs) if len(outputs) > 1 else outputs[0]
    return merged.global_args("-copyts", "-filter_complex_threads", "1", "-v", "error")


def _to_bt709(picture: Any, row: FootageRow) -> Any:
    """Upright square pixels as BT.709 in TV range. Rotation is ffmpeg's own doing."""
    guess = {"in_color_matrix": matrix} if (matrix := tone.matrix_of(row)) else {}
    flags = "bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
    if tone.is_hdr(row):
        picture = picture.filter("scale", row.width, row.height, flags=flags, **guess)
        return (
            tone.toned(picture)
            .filter("scale", flags=flags, out_color_matrix="bt709", out_range="tv")
            .filter("setsar", 1)
            .filter("format", "yuv420p")
        )
    return (
        picture.filter(
            "scale",
            row.width,
            row.height,
            flags=flags,
            out_color_matrix="bt709",
            out_range="tv",
            **guess,
        )
        .filter("setsar", 1)
        .filter("format", "yuv420p")
    )


def _ratio(fps: Fraction) -> str:
    return f"{fps.numerator}/{fps.denominator}"
