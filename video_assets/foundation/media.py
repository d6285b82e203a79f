"""The only way to ffmpeg and to containers: local files, known formats, limits, no shell.

Graphs are built with ffmpeg-python; this module adds what every call must have and runs it.
"""

import contextlib
import math
import os
import signal
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from video_assets.foundation.errors import Code, FootageError, RenderError, StorageError

if TYPE_CHECKING:
    import av.container

FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mxf,wav,mp3,flac,aac,ogg"
"""Demuxers that may open a source: real containers, none that refers to other files (RELIABILITY
M7, M8: playlists named .mp4 are read by default)."""

MAX_PIXELS = 8192 * 8192
MAX_STREAMS = 64

INPUT_LIMITS = {
    "protocol_whitelist": "file",
    "format_whitelist": FORMATS,
    "max_pixels": MAX_PIXELS,
}
"""Options before every `-i`."""

BITEXACT = {
    "fflags": "+bitexact",
    "flags:v": "+bitexact",
    "flags:a": "+bitexact",
    "map_metadata": -1,
}
"""Options of every output that is kept: no dates, no build names in the file."""


@cache
def ffmpeg_path() -> str:
    """The ffmpeg in use: VIDEO_ASSETS_FFMPEG, else the one in imageio-ffmpeg's wheel."""
    named = os.environ.get("VIDEO_ASSETS_FFMPEG")
    if named:
        if not (os.path.isfile(named) and os.access(named, os.X_OK)):
            raise RenderError(
                f"VIDEO_ASSETS_FFMPEG names {named}, which is no program; mend or unset it"
            )
        return named
    import imageio_ffmpeg

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise RenderError(f"no ffmpeg found: {error}; set VIDEO_ASSETS_FFMPEG to one") from error


@cache
def ffmpeg_version() -> str:
    """Such as `n9.0.2-17-g2a571b6068-20260930`: part of every digest of rendered bytes."""
    out = subprocess.run([ffmpeg_path(), "-version"], capture_output=True, text=True, timeout=60)
    words = out.stdout.split()
    if len(words) < 3 or words[0] != "ffmpeg":
        raise RenderError(
            f"{ffmpeg_path()} does not answer like ffmpeg; set VIDEO_ASSETS_FFMPEG to one"
        )
    return words[2]


def source_url(path: Path) -> str:
    """How a local file is named to ffmpeg: never mistaken for an option or another protocol."""
    return f"file:{path.absolute()}"


def source(path: Path, **options: Any) -> Any:
    """An ffmpeg-python input node for a source file, with whitelists and limits."""
    import ffmpeg

    return ffmpeg.input(source_url(path), **{**INPUT_LIMITS, **options})


def run(
    graph: Any, cwd: Path, timeout: float, what: str, stdin: bytes | None = None
) -> tuple[bytes, str]:
    """Runs an ffmpeg-python graph; see `run_arguments`."""
    import ffmpeg

    return run_arguments(ffmpeg.get_args(graph), cwd, timeout, what, stdin)


_RUNNING: set["subprocess.Popen[bytes]"] = set()


def end_all() -> None:
    """Ends every ffmpeg that this process started: for callers whose threads wait for one.

    An interrupt reaches the main thread only; without this the others would render on.
    """
    for process in list(_RUNNING):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def run_arguments(
    arguments: list[str], cwd: Path, timeout: float, what: str, stdin: bytes | None = None
) -> tuple[bytes, str]:
    """Runs ffmpeg in `cwd` with an argument list; returns its standard output and its messages.

    `timeout` is wall-clock seconds. The whole process group is ended when the time is up or when
    the caller is interrupted. Raises RenderError with the last lines, `what` naming the work.
    """
    command = [ffmpeg_path(), "-hide_banner", "-nostdin", "-y", *arguments]
    if stdin is not None:
        command.remove("-nostdin")
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "FONTCONFIG_FILE": os.devnull},
        stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    _RUNNING.add(process)
    try:
        out, err = process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise RenderError(f"{what}: ffmpeg was stopped after {timeout:.0f} s") from error
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        _RUNNING.discard(process)
    messages = err.decode(errors="replace")
    if process.returncode:
        tail = "\n".join(messages.strip().splitlines()[-6:])
        if "No space left on device" in messages:
            raise StorageError(
                f"{what}: the disk with {cwd} is full: free some space, then run again"
            )
        raise RenderError(f"{what}: ffmpeg refused (exit {process.returncode}):\n{tail}")
    if "Input/output error" in messages:  # it takes that for the end of the file
        raise RenderError(f"{what}: a file could not be read to its end: check the disk")
    return out, messages


@contextlib.contextmanager
def open_container(path: Path) -> Iterator["av.container.InputContainer"]:
    """A source opened by PyAV with whitelists and limits.

    Raises FootageError with the code of what is wrong.
    """
    import av
    import av.error

    try:
        container = av.open(
            source_url(path),
            options={name: str(value) for name, value in INPUT_LIMITS.items()},
            metadata_errors="replace",
        )
    except (av.error.InvalidDataError, av.error.EOFError) as error:
        raise _refused(path, error) from error
    except (av.error.FFmpegError, ValueError, OSError) as error:
        raise _refused(path, error) from error
    with container:
        if len(container.streams) > MAX_STREAMS:
            raise FootageError(
                f"has {len(container.streams)} streams; at most {MAX_STREAMS} are read",
                Code.STREAMS,
                "export it with only the streams you need",
            )
        for stream in container.streams:
            if stream.codec_context is not None:  # what the header says is no promise
                stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        yield container


def too_large(pixels: int) -> FootageError:
    """The refusal of a picture with so many pixels."""
    return FootageError(
        f"has {pixels} pixels, more than {MAX_PIXELS}", Code.PIXELS, "export it at 8K or less"
    )


def pixels_of_png(head: bytes) -> int:
    """What the header of a PNG claims; 0 for anything else."""
    sides = (int.from_bytes(head[at : at + 4], "big") for at in (16, 20))
    return math.prod(sides) if head.startswith(_PNG) else 0


_LISTS = (b"#EXTM3U", b"ffconcat", b"v=0", b"RTSPtext", b"[playlist]", b"[Reference]")
_PLAYLISTS = (*_LISTS, b"<?xml", b"<MPD", b"<asx", b"<ASX", b"<smil")
"""First characters of files that point to others."""
_PNG = b"\x89PNG\r\n\x1a\n"
_ARCHIVES = (b"PK\x03\x04", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"\xfd7zXZ", b"BZh")
_UNREAD = (
    b"FLV",
    b"0&\xb2u",
    b".RMF",
    b"YUV4MPEG2",
    _PNG,
    b"\xff\xd8\xff",
    b"GIF8",
    b"\0\0\1\xba",
    *_ARCHIVES,
)
"""First bytes of containers that are not in FORMATS: Flash, ASF, RealMedia, raw, pictures, zip."""


def _refused(path: Path, error: Exception) -> FootageError:
    size = path.stat().st_size if path.exists() else 0
    if size == 0:
        return FootageError("is empty (0 bytes)", Code.ZERO_BYTE, "copy it again from the card")
    with open(path, "rb") as file:
        head = file.read(512)
    text = head.lstrip(b"\xef\xbb\xbf \r\n\t")
    if text.startswith(_PLAYLISTS):
        return FootageError(
            "is a playlist or reference file, not media",
            Code.SECURITY_FORMAT,
            "bring the media itself; files that point to others are never opened",
        )
    if isinstance(error, MemoryError):
        return FootageError(
            "needs more memory than a worker may use: its index claims too much",
            Code.MEMORY,
            "check what it is; export it again",
        )
    if (pixels := pixels_of_png(head)) > MAX_PIXELS:
        return too_large(pixels)
    not_listed = "whitelist" in str(error).lower() or isinstance(error, PermissionError)
    if head.startswith(_UNREAD) or not_listed:
        return FootageError(
            "is in a container that is not read",
            Code.CONTAINER,
            "re-wrap it as MP4, MOV or MKV",
        )
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return FootageError(
            "is a damaged MKV or WebM: its head cannot be read",
            Code.DECODE,
            "copy it again from the card, or export it again",
            str(error),
        )
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"wide"):
        return FootageError(
            "is cut short or damaged: its index cannot be read",
            Code.TRUNCATED,
            "copy it again from the card",
            str(error),
        )
    return FootageError(
        "cannot be read as video or sound",
        Code.DECODE,
        "check that it plays; copy or export it again",
        str(error),
    )
