"""Files: MP4 with a timecode from frames and sound, WAV with a Broadcast Wave time reference.

One x264 thread and bit-exact muxing, so that the same frames give the same bytes anywhere.
"""

# numpy expressions are Any to mypy.
# mypy: disable-error-code="no-any-return"

import struct
import subprocess
import tempfile
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np

from video_assets.foundation.media import ffmpeg_path

RATE = 48_000


def timecode(seconds: int, frames: int, fps: Fraction) -> str:
    """Non-drop timecode of a second of the day plus some frames (which may be negative)."""
    base = round(fps)
    total = seconds * base + frames
    s, f = divmod(total, base)
    return f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}:{f:02d}"


def _pcm(sound: np.ndarray) -> bytes:
    return np.clip(np.rint(sound * 32767), -32768, 32767).astype("<i2").tobytes()


def write_wave(path: Path, sound: np.ndarray, reference: int | None = None) -> None:
    """A 16-bit WAV of (frames, channels); `reference`: samples since midnight, in a bext chunk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    channels = sound.shape[1]
    data = _pcm(sound)
    chunks = [(b"fmt ", struct.pack("<HHIIHH", 1, channels, RATE, RATE * channels * 2,
                                    channels * 2, 16))]  # fmt: skip
    if reference is not None:  # EBU Tech 3285: 338 bytes to TimeReference, then version and rest
        head = b"Recorder".ljust(256, b"\0") + b"".ljust(64, b"\0") + b"2026-01-05" + b"08:00:00"
        chunks.append((b"bext", head + struct.pack("<Q", reference) + struct.pack("<H", 1)
                       + bytes(64 + 190)))  # fmt: skip
    chunks.append((b"data", data))
    body = b"".join(name + struct.pack("<I", len(part)) + part for name, part in chunks)
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body)


def write_film(
    path: Path,
    frames: Iterable[np.ndarray],
    size: tuple[int, int],
    fps: Fraction,
    sound: np.ndarray,
    start: str,
) -> None:
    """An MP4 of RGB frames (height, width, 3) and sound (frames, 2), tagged BT.709."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        track = Path(folder) / "sound.wav"
        write_wave(track, sound)
        command = [
            ffmpeg_path(), "-v", "error", "-y",
            "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", str(fps),
            "-i", "-", "-i", str(track),
            "-vf", "scale=in_range=pc:out_range=tv:out_color_matrix=bt709:"
            "flags=bilinear+accurate_rnd+bitexact,format=yuv420p,"
            "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709",
            "-c:v", "libx264", "-preset", "ultrafast", "-crf", "22", "-threads", "1",
            "-profile:v", "high", "-bf", "2", "-g", str(2 * round(fps)),
            "-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709",
            "-c:a", "aac", "-b:a", "192k", "-timecode", start, "-map_metadata", "-1",
            "-fflags", "+bitexact", "-flags:v", "+bitexact+cgop", "-flags:a", "+bitexact",
            "-movflags", "+faststart", str(path),
        ]  # fmt: skip
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
            assert process.stdin is not None
            for frame in frames:
                process.stdin.write(np.ascontiguousarray(frame).data)
            process.stdin.close()
            failed = process.wait()
        if failed:
            raise RuntimeError(f"ffmpeg could not write {path}")


def heard(path: Path) -> np.ndarray:
    """The sound of a film as a player hears it after its codec: float64 (frames, channels)."""
    import av

    with av.open(str(path)) as file:
        parts = [frame.to_ndarray() for frame in file.decode(audio=0)]
    return np.concatenate(parts, axis=1).T.astype(np.float64)
