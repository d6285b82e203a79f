"""What a rendered file is, measured by decoding it once from its first to its last frame."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from video_assets.finishing.loudness import parse_level
from video_assets.foundation import media
from video_assets.foundation.errors import FootageError, RenderError
from video_assets.foundation.store import sha256_file


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
    times: tuple[Fraction, ...] = ()
    loudness, peak = -70.0, -99.0
    if not problem:
        times, loudness, peak, problem = _decode(file, bool(sound.codec))
    return Measures(
        file,
        sha256_file(file),
        picture,
        sound,
        _index_first(file),
        seconds,
        times,
        problem,
        loudness,
        peak,
    )


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


def _decode(file: Path, heard: bool) -> tuple[tuple[Fraction, ...], float, float, str]:
    """Frame times by ffmpeg's framecrc, loudness, and the decoder's complaint."""
    import ffmpeg

    scratch = Path(tempfile.mkdtemp(prefix="video-assets-"))
    try:
        source: Any = media.source(file, xerror=None, err_detect="explode")
        pictures = source.video.output("frames.crc", format="framecrc", fps_mode="passthrough")
        graph = pictures
        if heard:
            meter = source.audio.filter("ebur128", peak="true", framelog="quiet")
            graph = ffmpeg.merge_outputs(pictures, meter.output("-", format="null"))
        try:
            graph = graph.global_args("-nostats", "-v", "info")
            _, messages = media.run(graph, scratch, 600, f"decoding {file.name}")
        except RenderError as error:
            return (), -70.0, -99.0, str(error)
        times = _times((scratch / "frames.crc").read_text())
        if not heard:
            return times, -70.0, -99.0, ""
        level = parse_level(messages)
        return times, level.loudness, level.peak, ""
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _times(text: str) -> tuple[Fraction, ...]:
    base, found = Fraction(1), []
    for line in text.splitlines():
        if line.startswith("#tb 0:"):
            base = Fraction(line.split(":", 1)[1].strip())
        elif line and not line.startswith("#"):
            found.append(int(line.split(",")[2]) * base)
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


def pictures_at(file: Path, numbers: Sequence[int]) -> dict[int, Any]:
    """The luma (uint8, height x width) of some frames of a file, by frame number from 0."""
    wanted = set(numbers)
    found: dict[int, Any] = {}
    if not wanted:
        return found
    with media.open_container(file) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for number, frame in enumerate(container.decode(stream)):
            if number in wanted:
                found[number] = frame.to_ndarray(format="gray")
            if number >= max(wanted):
                break
    return found
