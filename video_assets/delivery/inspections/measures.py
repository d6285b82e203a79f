"""What a rendered file is, measured by decoding it once from its first to its last frame."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from video_assets.finishing.loudness import Level, parse_level
from video_assets.foundation import media
from video_assets.foundation.errors import FootageError, RenderError
from video_assets.foundation.store import sha256_file

SMALL = 96
"""Pixels of the longer side of the small pictures that most measures look at."""
RATE = 48_000
"""Hz of the samples that measures listen to."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A file's picture stream as it is tagged."""

    width: int = 0
    height: int = 0
    sar: Fraction = Fraction(1)
    """1 where pixels are square or nothing is said."""
    codec: str = ""
    profile: str = ""
    pix_fmt: str = ""
    fps: Fraction = Fraction(0)
    color: tuple[str, str, str, str] = ("", "", "", "")
    """Range, primaries, transfer, matrix, in ffmpeg's words."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A file's sound stream as it is tagged."""

    codec: str = ""
    rate: int = 0
    """Hz."""
    channels: int = 0
    start: Fraction = Fraction(0)
    """Seconds of the first sample."""


@dataclass(frozen=True, slots=True)
class Measures:
    """A finished file as it decodes."""

    file: Path
    sha256: str
    picture: Picture
    sound: Sound
    index_first: bool
    """Whether the index lies before the media (fast start)."""
    seconds: Fraction
    """Of the longest stream."""
    times: tuple[Fraction, ...]
    """When each decoded frame is shown, seconds."""
    problem: str
    """What the decoder complained about; empty where all of it decodes."""
    loudness: float
    """LUFS; -70.0 silence."""
    peak: float
    """dBTP; -99.0 silence."""
    small: Any = field(default=None, compare=False, repr=False)
    """Every picture in small: uint8 RGB, shape (frames, height, width, 3); None: not decoded."""
    samples: Any = field(default=None, compare=False, repr=False)
    """The sound: float32, shape (2, n) at 48 kHz, full scale 1.0; None without sound."""

    @property
    def frames(self) -> int:
        """Decoded pictures."""
        return len(self.times)


_RANGES = {0: "unknown", 1: "tv", 2: "pc"}
_BT709 = {1: "bt709", 2: "unknown"}


def measure(file: Path) -> Measures:
    """Decodes all of a finished file, with ffmpeg stopping at the first error."""
    problem = ""
    picture = Picture()
    sound = Sound()
    seconds = Fraction(0)
    try:
        with media.open_container(file) as container:
            seconds = Fraction(container.duration or 0, 1_000_000)
            if container.streams.video:
                picture = _picture(container.streams.video[0])
            if container.streams.audio:
                sound = _sound(container.streams.audio[0])
    except FootageError as error:
        problem = f"{error.what} {error.stderr_tail}".strip()
    decoded = _Decoded()
    if not problem:
        try:
            decoded = _decode(file, picture, bool(sound.codec))
        except RenderError as error:
            problem = str(error)
    return Measures(
        file,
        sha256_file(file),
        picture,
        sound,
        _index_first(file),
        seconds,
        decoded.times,
        problem,
        decoded.level.loudness,
        decoded.level.peak,
        decoded.small,
        decoded.samples,
    )


_SILENT = Level(-70.0, -99.0)


@dataclass(frozen=True, slots=True)
class _Decoded:
    times: tuple[Fraction, ...] = ()
    level: Level = _SILENT
    small: Any = None
    samples: Any = None


def _picture(stream: Any) -> Picture:
    context = stream.codec_context
    return Picture(
        context.width,
        context.height,
        Fraction(stream.sample_aspect_ratio or 1),
        context.name,
        str(context.profile),
        str(context.pix_fmt),
        Fraction(stream.average_rate or 0),
        (
            _RANGES.get(int(context.color_range), "other"),
            _BT709.get(int(context.color_primaries), "other"),
            _BT709.get(int(context.color_trc), "other"),
            _BT709.get(int(context.colorspace), "other"),
        ),
    )


def _sound(stream: Any) -> Sound:
    context = stream.codec_context
    start = Fraction(stream.start_time or 0) * Fraction(stream.time_base or 1)
    return Sound(context.name, context.sample_rate, context.layout.nb_channels, start)


def small_size(width: int, height: int) -> tuple[int, int]:
    """(width, height) of a picture whose longer side is SMALL pixels; both at least 2."""
    share = SMALL / max(width, height)
    return max(2, round(width * share)), max(2, round(height * share))


def _decode(file: Path, picture: Picture, heard: bool) -> _Decoded:
    """One decode: frame times (ffmpeg's framecrc), small pictures, samples, loudness.

    Raises RenderError with the decoder's complaint.
    """
    import ffmpeg
    import numpy as np

    scratch = Path(tempfile.mkdtemp(prefix="video-assets-"))
    try:
        source: Any = media.source(file, xerror=None, err_detect="explode")
        width, height = small_size(picture.width or 16, picture.height or 16)
        seen = (
            source.video.filter("scale", width, height, flags="area+accurate_rnd+full_chroma_int")
            .filter("format", "rgb24")
            .filter_multi_output("split", 2)
        )
        outputs = [
            # of the small pictures: only their times count, and large ones are slow to add up
            seen[0].output("frames.crc", format="framecrc", fps_mode="passthrough"),
            seen[1].output("small", format="rawvideo", fps_mode="passthrough"),
        ]
        if heard:
            # before the meter: it hands on 64-bit samples at another rate
            both = source.audio.filter_multi_output("asplit", 2)
            meter = both[0].filter("ebur128", peak="true", framelog="quiet")
            outputs += [
                meter.output("-", format="null"),
                both[1]
                .filter("aresample", RATE, first_pts=0)  # the first sample is second 0
                .output("sound", format="f32le", acodec="pcm_f32le", ac=2),
            ]
        graph = ffmpeg.merge_outputs(*outputs).global_args("-nostats", "-v", "info")
        _, messages = media.run(graph, scratch, 600, f"decoding {file.name}")
        times = times_in((scratch / "frames.crc").read_text())
        shown = np.fromfile(scratch / "small", np.uint8).reshape(-1, height, width, 3)
        if not heard:
            return _Decoded(times, small=shown)
        samples = np.ascontiguousarray(np.fromfile(scratch / "sound", np.float32).reshape(-1, 2).T)
        return _Decoded(times, parse_level(messages), shown, samples)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def times_in(text: str, zero: Fraction = Fraction(0)) -> tuple[Fraction, ...]:
    """Presentation times in ffmpeg's framecrc, seconds after `zero`."""
    base, found = Fraction(1), []
    for line in text.splitlines():
        if line.startswith("#tb 0:"):
            base = Fraction(line.split(":", 1)[1].strip())
        elif line and not line.startswith("#"):
            found.append(int(line.split(",")[2]) * base - zero)
    return tuple(found)


def _index_first(file: Path) -> bool:
    """Whether `moov` comes before `mdat`."""
    order: list[bytes] = []
    with open(file, "rb") as data:
        at = 0
        while len(head := data.read(16)) >= 8:
            size = int.from_bytes(head[:4], "big")
            if size == 1 and len(head) == 16:
                size = int.from_bytes(head[8:], "big")
            order.append(head[4:8])
            if size < 8:
                break
            at += size
            data.seek(at)
    boxes = [b for b in order if b in (b"moov", b"mdat")]
    return bool(boxes) and boxes[0] == b"moov"


def pictures_at(file: Path, numbers: Iterable[int]) -> Iterator[tuple[int, Any]]:
    """(number from 0, luma: uint8, TV range, height x width) of some frames of a file, one by one.

    Only what these frames need is decoded: their groups of pictures, without the pictures in them
    that no other one refers to. Numbers that the file does not have are left out.
    """
    wanted = set(numbers)
    if not wanted:
        return
    with media.open_container(file) as container:
        stream = container.streams.video[0]
        stamps = sorted(
            p.pts for p in container.demux(stream) if p.pts is not None and not p.is_discard
        )
    due = {stamps[n]: n for n in wanted if 0 <= n < len(stamps)}
    for sparing in (True, False):  # again in full: pictures that refer beyond their group
        for stamp, luma in _decoded_at(file, frozenset(due), sparing) if due else ():
            if stamp in due:
                yield due.pop(stamp), luma


def _decoded_at(file: Path, due: Set[int], sparing: bool) -> Iterator[tuple[int, Any]]:
    """Luma by timestamp, of those in `due`."""
    import av.error

    def decode(group: Sequence[Any]) -> Iterator[Any]:
        """One group of pictures, up to the last one that is wanted."""
        last = max((n for n, p in enumerate(group) if p.pts in due), default=-1)
        for packet in group[: last + 1]:
            context.skip_frame = "DEFAULT" if packet.pts in due or not sparing else "NONREF"
            yield from context.decode(packet)
        if last >= 0 and sparing:
            yield from context.decode(None)
            context.flush_buffers()

    def groups() -> Iterator[list[Any]]:
        group: list[Any] = []
        for packet in container.demux(stream):
            if packet.is_keyframe and sparing:
                yield group
                group = []
            if packet.size:
                group.append(packet)
        yield group

    with media.open_container(file) as container, contextlib.suppress(av.error.FFmpegError):
        stream = container.streams.video[0]
        stream.thread_type = "NONE"  # which picture may be skipped is said packet by packet
        context = stream.codec_context
        for group in groups():
            for frame in decode(group):
                if frame.pts is not None and frame.pts in due:
                    yield frame.pts, _luma(frame)
        if not sparing:
            for frame in context.decode(None):
                if frame.pts is not None and frame.pts in due:
                    yield frame.pts, _luma(frame)


def _luma(frame: Any) -> Any:
    if frame.format.name != "yuv420p":
        frame = frame.reformat(format="yuv420p")
    return first_plane(frame).copy()


def first_plane(frame: Any) -> Any:
    """The first plane of a decoded picture of 8 bits: uint8, (height, width), not copied."""
    import numpy as np

    plane = frame.planes[0]
    lines = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return lines[: frame.height, : frame.width]
