"""What a media file is: size, rate, start times, rotation and colour, measured, not believed.

A file counts as usable only when a picture or a tenth of a second of sound came out of its decoder.
Headers lie: lengths are checked against the packets, and the sample tables of MP4 and MOV against
the size of the file.
"""

import contextlib
import math
import struct
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from video_assets.foundation.errors import Code, FootageError
from video_assets.foundation.media import MAX_PIXELS, open_container, pixels_of_png, too_large
from video_assets.foundation.workers import hold_at_most
from video_assets.library.letters import warning_of
from video_assets.library.timing import measured_end, rate, stamp_of

if TYPE_CHECKING:
    import av.container

COVER_CODECS = {"png", "mjpeg", "bmp", "gif", "webp", "tiff", "jpegls", "ppm"}
"""Still-picture codecs: one packet of these beside sound is cover art, not a clip."""
PROBE_VERSION = "2"
"""Goes up when a probe finds other things in the same file: all clips are then probed again."""
LONGEST = 24 * 3600
"""Seconds; what claims to last longer is refused."""

_PRIMARIES = {1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film"}
_PRIMARIES |= {9: "bt2020", 10: "smpte428", 11: "smpte431", 12: "smpte432", 22: "ebu3213"}
_TRANSFERS = {1: "bt709", 4: "gamma22", 5: "gamma28", 6: "smpte170m", 7: "smpte240m", 8: "linear"}
_TRANSFERS |= {11: "iec61966-2-4", 13: "iec61966-2-1", 14: "bt2020-10", 15: "bt2020-12"}
_TRANSFERS |= {16: "smpte2084", 17: "smpte428", 18: "arib-std-b67"}
_MATRICES = {0: "gbr", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m"}
_REEL = ("reel_name", "com.apple.proapps.reel", "com.arri.camera.ReelName", "REEL_NAME")
_ORIGINAL = (
    "com.apple.proapps.clipFileName",
    "com.arri.camera.ClipName",
    "com.apple.quicktime.originalfilename",
    "original_filename",
    "material_package_name",
)
_FIELDS = {2: "tff", 3: "bff", 4: "bff", 5: "tff"}
"""ffmpeg's field orders by the field that is shown first."""
_PQ = 16
_MASTERED = struct.Struct("=72xii4xi")
"""Of ffmpeg's mastering display: brightest light (a fraction), and whether it is said."""
_MATRICES |= {8: "ycgco", 9: "bt2020nc", 10: "bt2020c", 14: "ictcp"}


def probe(path: Path) -> dict[str, Any]:
    """The fields of a FootageRow that do not depend on where the file lies, `role` among them.

    `role` is clip (a picture that moves, or may) or sound. Raises FootageError for what is neither.
    """
    with open_container(path) as container:
        if "mov" in container.format.name:
            _check_index(_index_of(path))
        picture, frame, refused = _first_picture(container, path)
        sound, samples, deaf = _first_sound(container, path)
        if picture is None and sound is None:
            raise (
                refused
                or deaf
                or FootageError(
                    "has neither a picture nor sound that can be decoded",
                    Code.NO_STREAMS,
                    "check that it plays; export it again",
                )
            )
        used = [stream for stream in (picture, sound) if stream is not None]
        start = _container_start(container, used)
        end, notes = measured_end(container, path, used, start)
        fields: dict[str, Any] = {
            "role": "clip" if picture is not None else "sound",
            "container": container.format.name,
            "start": start,
            "timecode": _tag(container, "timecode"),
            "reel": _tag(container, *_REEL),
            "original": _tag(container, *_ORIGINAL),
            "recorded": _recorded(container),
        }
        if picture is not None:
            fields |= _picture_fields(container, path, picture, frame, start, notes)
        elif refused is not None:
            notes.append(_left_out(f"its picture cannot be used ({refused.what})", refused))
        if sound is not None:
            context = sound.codec_context
            fields |= {
                "audio_stream": sound.index,
                "audio_codec": context.name,
                "audio_rate": context.sample_rate,
                "audio_channels": context.layout.nb_channels,
                "audio_start": _time_of(samples, sound) - start,
            }
            if (since := _tag(container, "time_reference")).isdecimal() and len(since) < 16:
                fields["time_reference"] = int(since)
        elif deaf is not None:
            notes.append(_left_out(f"its sound cannot be used ({deaf.what})", deaf))
        if end <= 0:
            end = Fraction(1) / fields["fps"] if fields.get("fps") else Fraction(1, 10)
        if end > LONGEST:
            raise FootageError(
                f"claims to last {float(end) / 3600:.0f} hours",
                Code.DURATION,
                "its timestamps are damaged, or it must be cut into parts; export it again",
            )
        return fields | {"duration": end, "note": "\n".join(notes)}


def _left_out(what: str, why: FootageError) -> str:
    """The note on a part of a file that is not used: a letter where damage is the reason."""
    if why.code.family != "MALFORMED":
        return what
    return warning_of(FootageError(what, why.code, why.do))


def displayed(width: int, height: int, sar: Fraction, rotation: int) -> tuple[int, int]:
    """Width and height in square pixels after turning; one side is stretched, none shrunk."""
    if sar > 1:
        width = round(width * sar)
    elif sar < 1:
        height = round(height / sar)
    return (height, width) if rotation in (90, 270) else (width, height)


def turn_of(matrix: Any) -> tuple[int, bool] | None:
    """(degrees clockwise, mirrored) of a 3x3 display matrix; None where it is no quarter turn.

    The coded picture is turned clockwise first and then, where mirrored, flipped left to right:
    what ffmpeg's autorotate does.
    """
    a, b = float(matrix[0][0]), float(matrix[0][1])
    c, d = float(matrix[1][0]), float(matrix[1][1])
    mirrored = a * d - b * c < 0
    if mirrored:
        a, c = -a, -c
    size = math.hypot(a, b)
    if size == 0 or abs(a - d) > 0.01 * size or abs(b + c) > 0.01 * size:
        return None
    degrees = math.degrees(math.atan2(b, a)) % 360
    quarter = round(degrees / 90) * 90
    return (quarter % 360, mirrored) if abs(degrees - quarter) < 1 else None


def _check_index(moov: bytes) -> None:
    """Refuses an MP4 or MOV whose media lie in another file, or are protected (cenc, cbcs ...)."""
    if _refers_elsewhere(moov):
        raise FootageError(
            "refers to media in other files",
            Code.REFERENCE,
            "bring the media itself, or export it self-contained; references are never opened",
        )
    protected = b"encv" in moov or b"enca" in moov
    if protected and b"sinf" in moov and b"schm" in moov:
        raise FootageError(
            "is encrypted",
            Code.ENCRYPTED,
            "bring a copy without copy protection; keys are not supported",
        )


def _refers_elsewhere(moov: bytes) -> bool:
    """Whether a data reference names another place and not, as flag 1 says, this very file."""
    at = -1
    while (at := moov.find(b"dref", at + 1)) >= 0:
        size, _, _, count = struct.unpack_from(">I4sII", moov.ljust(at + 12, b"\0"), at - 4)
        entry = at + 12
        for _ in range(min(count, 64)):
            if entry + 12 > min(at - 4 + size, len(moov)):
                break
            length, flags = struct.unpack_from(">I4xI", moov, entry)
            if length > 12 and not flags & 1:
                return True
            entry += max(length, 12)
    return False


def _index_of(path: Path) -> bytes:
    """The `moov` box of an MP4 or MOV, of which no more than 32 MB are needed; empty without."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        at = 0
        while at + 8 <= size:
            file.seek(at)
            head = file.read(16)
            length = int.from_bytes(head[:4], "big")
            if length == 1 and len(head) == 16:
                length = int.from_bytes(head[8:16], "big")
            if head[4:8] == b"moov":
                file.seek(at)
                return file.read(min(length or size, 32 * 2**20))
            if length < 8:
                break
            at += length
    return b""


def _is_cover(stream: Any) -> bool:
    import av.stream

    context = stream.codec_context
    return bool(stream.disposition & av.stream.Disposition.attached_pic) or (
        context.name in COVER_CODECS and stream.frames <= 1
    )


def _weight(stream: Any) -> tuple[bool, bool, int, int, int]:
    import av.stream

    context = stream.codec_context
    area = int(context.width or 0) * int(context.height or 0)
    default = bool(stream.disposition & av.stream.Disposition.default)
    moves = (stream.average_rate or 0) >= 5  # phones add a track of one or two large stills
    return (not moves, not default, -area, -int(stream.frames or 0), stream.index)


def _first_picture(
    container: "av.container.InputContainer", path: Path
) -> tuple[Any, Any, FootageError | None]:
    """(stream, first decoded frame, why not): the largest default picture that can be decoded."""
    found: list[Any] = [s for s in container.streams if s.type == "video"]
    refused: FootageError | None = None
    for stream in found:
        if stream.codec_context is None:
            refused = FootageError(
                "is coded in a way that is not known here",
                Code.CODEC,
                "export it as H.264, HEVC or ProRes",
            )
    able = [s for s in found if s.codec_context is not None]
    for stream in sorted(able, key=_weight):
        context = stream.codec_context
        pixels = int(context.width or 0) * int(context.height or 0) or _claimed(path, stream)
        if pixels > MAX_PIXELS:
            refused = too_large(pixels)
        if pixels > MAX_PIXELS or _is_cover(stream):
            continue
        hold_at_most(pixels)
        frame, why = _first_frame(path, stream.index, "picture")
        if frame is not None:
            return stream, frame, None
        refused = refused or why
    return None, None, refused


def _claimed(path: Path, stream: Any) -> int:
    """Pixels of a PNG whose size ffmpeg does not tell, since it is beyond the limit."""
    import av.error

    if stream.codec_context.name != "png":
        return 0
    with open_container(path) as container, contextlib.suppress(av.error.FFmpegError):
        for packet in container.demux(container.streams[stream.index]):
            return pixels_of_png(bytes(packet)[:24])
    return 0


def _first_sound(
    container: "av.container.InputContainer", path: Path
) -> tuple[Any, Any, FootageError | None]:
    """(stream, first decoded frame, why not): the first default sound that can be decoded."""
    import av.stream

    deaf: FootageError | None = None
    heard: list[Any] = [s for s in container.streams if s.type == "audio"]
    able = [s for s in heard if s.codec_context is not None and s.codec_context.sample_rate]
    able.sort(
        key=lambda s: (
            not s.disposition & av.stream.Disposition.default,
            -s.codec_context.layout.nb_channels,
            -s.codec_context.sample_rate,
            s.index,
        )
    )
    for stream in able:
        frame, why = _first_frame(path, stream.index, "sound")
        if frame is not None:
            return stream, frame, None
        deaf = deaf or why
    return None, None, deaf


def _first_frame(path: Path, index: int, kind: str) -> tuple[Any, FootageError | None]:
    """The first frame that the decoder gives of a stream; sound must last a tenth of a second."""
    import av.error

    errors = 0
    last = ""
    first, seconds = None, 0.0
    with open_container(path) as container:
        stream = container.streams[index]
        stream.codec_context.thread_count = 1
        claims = bool(stream.duration or container.duration or len(stream.index_entries))
        packets = 0
        try:
            for packet in container.demux(stream):
                packets += packet.size > 0
                try:
                    frames = packet.decode()
                except av.error.FFmpegError as error:
                    errors, last = errors + 1, str(error)
                    if errors > 100:
                        break
                    continue
                frame: Any
                for frame in frames:
                    if kind == "picture":
                        if frame.width * frame.height > 0:
                            return frame, None
                        continue
                    first = first or frame
                    seconds += frame.samples / frame.sample_rate
                    if seconds >= 0.1:
                        return first, None
        except (av.error.FFmpegError, ValueError) as error:
            errors, last = errors + 1, str(error)
    if kind == "sound" and first is not None and not errors:
        return first, None  # a very short sound, whole
    if packets == 0 and not errors and claims:
        why = FootageError(
            f"is cut short: its head is here, its {kind} is not",
            Code.TRUNCATED,
            "copy it again from the card",
        )
    elif packets == 0 and not errors:
        why = FootageError(
            f"has a header but no {kind}",
            Code.NO_STREAMS,
            "copy it again from the card; only its head is here",
        )
    else:
        why = FootageError(
            f"holds no {kind} that can be decoded",
            Code.DECODE,
            "copy or export it again",
            last,
        )
    return None, why


def _time_of(frame: Any, stream: Any) -> Fraction:
    stamp = stamp_of(frame, stream.container.format.name)
    if stamp is None:
        return Fraction((stream.start_time or 0) * stream.time_base)
    return Fraction(stamp * frame.time_base)


def _container_start(container: "av.container.InputContainer", used: list[Any]) -> Fraction:
    """The container's start time: exact where a stream gives it, else in microseconds."""
    if container.start_time is None:
        starts = [s.start_time * s.time_base for s in used if s.start_time is not None]
        return Fraction(min(starts, default=0))
    rough = Fraction(container.start_time, 1_000_000)
    for stream in container.streams:
        if stream.start_time is not None and stream.time_base:
            exact = Fraction(stream.start_time) * stream.time_base
            if abs(exact - rough) < Fraction(2, 1_000_000):
                return exact
    return rough


def _tag(container: "av.container.InputContainer", *names: str) -> str:
    """The first of these entries that is filled, of the file or of one of its streams."""
    for name in names:
        for holder in (container, *container.streams):
            if value := holder.metadata.get(name):
                return "".join(c for c in str(value) if c.isprintable())[:64]
    return ""


def _recorded(container: "av.container.InputContainer") -> str:
    found = _tag(container, "creation_time")
    return found if found >= "1990" else ""  # clocks that were never set begin in 1904 or 1970


def _picture_fields(
    container: "av.container.InputContainer",
    path: Path,
    stream: Any,
    frame: Any,
    start: Fraction,
    notes: list[str],
) -> dict[str, Any]:
    context = stream.codec_context
    rotation, mirrored = _turn(frame, notes)
    sar = Fraction(stream.sample_aspect_ratio or context.sample_aspect_ratio or 1)
    if not Fraction(1, 8) <= sar <= 8:
        notes.append(f"its pixel shape {sar} cannot be right; square pixels are assumed")
        sar = Fraction(1)
    width, height = displayed(frame.width, frame.height, sar, rotation)
    fps, vfr = rate(path, stream)
    notes += _colour_notes(frame)
    fields = _FIELDS.get(int(context.field_order or 0), "")
    return {
        "video_stream": stream.index,
        "video_codec": context.name,
        "width": width,
        "height": height,
        "coded_width": frame.width,
        "coded_height": frame.height,
        "sar": sar,
        "rotation": rotation,
        "mirrored": mirrored,
        "fps": fps,
        "vfr": vfr,
        "video_start": _time_of(frame, stream) - start,
        "pix_fmt": frame.format.name,
        "color": "/".join(
            names.get(int(value), "unknown")
            for names, value in (
                (_PRIMARIES, frame.color_primaries),
                (_TRANSFERS, frame.color_trc),
                (_MATRICES, frame.colorspace),
            )
        ),
        "interlaced": bool(frame.interlaced_frame or fields),
        "first_field": "" if frame.interlaced_frame else fields,
        "peak": _peak(frame) if int(frame.color_trc) == _PQ else 0,
    }


def _colour_notes(frame: Any) -> list[str]:
    """What of its colours cannot be shown right."""
    wide = 9 in (int(frame.color_primaries), int(frame.colorspace))
    curve = _TRANSFERS.get(int(frame.color_trc), "unknown")
    if curve == "unknown" and wide:
        return ["it has BT.2020's colours, but does not say by which curve; it is taken as SDR"]
    if int(frame.color_primaries) == 9 and curve not in ("smpte2084", "arib-std-b67"):
        return ["its wide colours (BT.2020) are shown as BT.709's, which makes them paler"]
    return []


def _peak(frame: Any) -> int:
    """Cd/m2 of the screen that a PQ picture was mastered on; 0 where it does not say so."""
    from av.sidedata.sidedata import Type

    try:
        mastered = frame.side_data.get(Type.MASTERING_DISPLAY_METADATA)
    except ValueError:  # side data of a kind that PyAV cannot name
        return 0
    data = bytes(mastered) if mastered is not None else b""
    if len(data) < _MASTERED.size:
        return 0
    most, parts, known = _MASTERED.unpack_from(data)
    light = most / parts if known and parts > 0 else 0
    return round(light) if 100 <= light <= 10000 else 0


def _turn(frame: Any, notes: list[str]) -> tuple[int, bool]:
    """(degrees clockwise, mirrored) as the first frame's display matrix says."""
    from av.sidedata.sidedata import Type

    try:
        matrix = frame.side_data.get(Type.DISPLAYMATRIX)
    except ValueError:  # side data of a kind that PyAV cannot name (EXIF): no matrix, angle only
        if frame.rotation % 90:
            notes.append("its display matrix is no quarter turn and is not followed")
            return 0, False
        return -frame.rotation % 360, False
    if matrix is None:
        return 0, False
    turn = turn_of(np.frombuffer(bytes(matrix), "<i4")[:9].reshape(3, 3))
    if turn is None:
        notes.append("its display matrix is no quarter turn and is not followed")
    return turn or (0, False)
