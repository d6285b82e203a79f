"""Clips made by the test itself, and the rows that describe them."""

import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from video_assets.finishing.reframe import visible
from video_assets.foundation.media import ffmpeg_path, open_container
from video_assets.foundation.records import FootageRow, PictureCut, SoundCut, Timeline
from video_assets.foundation.store import Workspace, sha256_file

# The luma of frame n of a counted clip: 16 + 5 * (n % 44), so that a frame can be told apart.
COUNTED = "geq=lum='16+5*mod(N,44)':cb=128:cr=128"


def ffmpeg(*arguments: str) -> None:
    subprocess.run([ffmpeg_path(), "-v", "error", "-y", *arguments], check=True)


def counted(
    path: Path, rate: str, seconds: float, *more: str, size: str = "320x180", vf: str = ""
) -> Path:
    """A clip whose frame number can be read from its luma."""
    graph = f"color=black:s={size}:r={rate}:d={seconds},{COUNTED},format=yuv420p" + (
        f",{vf}" if vf else ""
    )
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        graph,
        *(more or ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "4", "-bf", "2", "-g", "24")),
        str(path),
    )
    return path


def number_of(luma: float) -> int:
    return round((luma - 15) / 5)


def row_of(path: Path, **more: Any) -> FootageRow:
    with open_container(path) as container:
        zero = Fraction(container.start_time or 0, 1_000_000)
        video = container.streams.video[0] if container.streams.video else None
        sound = container.streams.audio[0] if container.streams.audio else None
        facts: dict[str, Any] = {
            "container": container.format.name,
            "start": zero,
            "duration": Fraction(container.duration or 0, 1_000_000),
            "color": "unknown/unknown/unknown",
            "audio_stream": sound.index if sound else -1,
            "video_stream": video.index if video else -1,
        }
        if video:
            facts |= {
                "width": video.codec_context.width,
                "height": video.codec_context.height,
                "fps": Fraction(video.average_rate or 0),
                "video_start": video.start_time * video.time_base - zero,
            }
    return FootageRow(
        path=path.name,
        role="clip",
        size=path.stat().st_size,
        mtime_ns=0,
        clip_id=sha256_file(path)[:32],
        **facts | more,
    )


def picture(
    row: FootageRow,
    start: int,
    frames: int,
    source_start: Fraction | int,
    track: str = "V1",
    **more: Any,
) -> PictureCut:
    return PictureCut(
        track,
        start,
        frames,
        row.clip_id,
        f"{row.clip_id[:12]}-0001",
        row.path,
        Fraction(source_start),
        **more,
    )


def spoken(
    row: FootageRow,
    start: Fraction | int,
    seconds: Fraction | int,
    source_start: Fraction | int,
    track: str = "A1",
) -> SoundCut:
    return SoundCut(
        track, Fraction(start), Fraction(seconds), row.clip_id, row.path, Fraction(source_start)
    )


def timeline(fps: Fraction | int, cuts: list[PictureCut], **more: Any) -> Timeline:
    return Timeline("r1-01", "A test", Fraction(fps), max(c.end for c in cuts), tuple(cuts), **more)


def project(tmp_path: Path, footage: Path) -> tuple[Workspace, Any]:
    workspace = Workspace(tmp_path / "data")
    root = workspace.root / "projects" / "test"
    (root / "music").mkdir(parents=True, exist_ok=True)
    (root / "project.yaml").write_text(f"footage: {footage}\n")
    return workspace, workspace.project("test")


def lumas(file: Path) -> list[float]:
    """Mean luma of the centre of every frame, in order of display."""
    found = []
    with open_container(file) as container:
        for frame in container.decode(container.streams.video[0]):
            grey = np.asarray(frame.to_ndarray())[: frame.height, : frame.width]
            found.append(
                float(
                    grey[
                        frame.height // 2 - 8 : frame.height // 2 + 8,
                        frame.width // 2 - 8 : frame.width // 2 + 8,
                    ].mean()
                )
            )
    return found


__all__ = [
    "counted",
    "ffmpeg",
    "lumas",
    "number_of",
    "picture",
    "project",
    "row_of",
    "spoken",
    "timeline",
    "visible",
]
