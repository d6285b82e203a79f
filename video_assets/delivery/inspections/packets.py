"""A file as it is packed: its coded pictures and sound by size and place. Nothing is decoded."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from video_assets.foundation import media

_INSIDE = {b"moov", b"trak", b"edts"}
"""Boxes of an MP4 file that hold others on the way to edit lists."""


@dataclass(frozen=True, slots=True)
class Packed:
    """What a file's packets and boxes say."""

    size: int
    """Bytes of the file."""
    picture_bytes: int
    sound_bytes: int
    sound_profile: str
    """Such as `LC`; empty without sound."""
    keyframe_distance: int
    """Frames from a keyframe to the next one, or to the end, at most."""
    open_groups: int
    """Keyframes after which pictures come that are shown before them: they need the group before
    (ITU-T H.264 3.30: an IDR picture lets nothing refer back)."""
    broken: int
    """Coded H.264 pictures that no encoder writes: lengths that do not add up, or bytes that may
    not stand inside a unit (ITU-T H.264 7.4.1: 00 00 00, 00 00 01 and 00 00 02). A decoder often
    makes something of them and complains of nothing."""
    edits: tuple[tuple["Edit", ...], ...]
    """The edit list of each track that has one."""
    starts: tuple[Fraction, ...]
    """When picture and sound begin after their edit lists, seconds."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One entry of an edit list (ISO/IEC 14496-12, 8.6.6)."""

    media_time: int
    """Where it begins in the track's own ticks; -1: nothing is shown."""
    rate: Fraction

    @property
    def plain(self) -> bool:
        """Whether it plays media at its own speed."""
        return self.media_time >= 0 and self.rate == 1


def packed(file: Path) -> Packed:
    """Reads a file once without decoding it. FootageError: it cannot be opened."""
    import av.error

    sizes = {"video": 0, "audio": 0}
    keys: list[int] = []
    frames = opened = broken = 0
    key: int | None = None
    leads = False
    with media.open_container(file) as container:
        streams = [container.streams.video[:1], container.streams.audio[:1]]
        kept = [s for some in streams for s in some]
        profile = str(streams[1][0].codec_context.profile) if streams[1] else ""
        starts = tuple(Fraction(s.start_time or 0) * Fraction(s.time_base or 1) for s in kept)
        counted = _length_bytes(streams[0][0].codec_context) if streams[0] else 0
        with contextlib.suppress(av.error.FFmpegError):  # what is damaged is another's finding
            for packet in container.demux(kept) if kept else ():
                sizes[packet.stream.type] += packet.size
                if packet.stream.type != "video" or not packet.size:
                    continue
                broken += counted > 0 and _is_broken(bytes(packet), counted)
                if packet.is_keyframe:
                    keys.append(frames)
                    key, leads = packet.pts, False
                elif key is not None and packet.pts is not None and packet.pts < key and not leads:
                    opened, leads = opened + 1, True
                frames += 1
    ends = [*keys[1:], frames]
    distance = max((b - a for a, b in zip(keys, ends, strict=True)), default=frames)
    return Packed(
        file.stat().st_size,
        sizes["video"],
        sizes["audio"],
        profile,
        distance,
        opened,
        broken,
        tuple(_edits(file)),
        starts,
    )


_NEVER = (b"\0\0\0", b"\0\0\1", b"\0\0\2")
"""What stands in no unit: 03 is put between (ITU-T H.264 7.3.1)."""


def _length_bytes(codec: Any) -> int:
    """Bytes in which an H.264 track of an MP4 file says how long a unit is; 0 for other tracks.

    ISO/IEC 14496-15, 5.3.3.1.2 (AVCDecoderConfigurationRecord).
    """
    told = bytes(codec.extradata or b"")
    return (told[4] & 3) + 1 if codec.name == "h264" and len(told) > 4 and told[0] == 1 else 0


def _is_broken(unit: bytes, counted: int) -> bool:
    """Whether a coded picture is not a row of units, each with its length in `counted` bytes."""
    at = 0
    while at + counted <= len(unit):
        length = int.from_bytes(unit[at : at + counted], "big")
        at += counted
        if not 0 < length <= len(unit) - at:
            return True
        if any(unit.find(never, at, at + length) >= 0 for never in _NEVER):
            return True
        at += length
    return at != len(unit)


def _edits(file: Path) -> Iterator[tuple[Edit, ...]]:
    """The edit lists of an MP4 file, track by track; none of another container."""
    end = file.stat().st_size
    at = 0
    with open(file, "rb") as data:
        while at + 8 <= end:
            data.seek(at)
            head = data.read(16)
            size = int.from_bytes(head[:4], "big")
            long = size == 1 and len(head) == 16
            size = int.from_bytes(head[8:], "big") if long else size or end - at
            if head[4:8] == b"moov":
                data.seek(at + (16 if long else 8))
                yield from _lists(data.read(size))
                return
            if size < 8:
                return
            at += size


def _lists(body: bytes) -> Iterator[tuple[Edit, ...]]:
    at = 0
    while at + 8 <= len(body):
        size = int.from_bytes(body[at : at + 4], "big")
        kind = body[at + 4 : at + 8]
        if size < 8:
            return
        inside = body[at + 8 : at + size]
        if kind in _INSIDE:
            yield from _lists(inside)
        elif kind == b"elst" and len(inside) >= 8:
            wide = inside[0] == 1
            step, half = (20, 8) if wide else (12, 4)
            count = min(int.from_bytes(inside[4:8], "big"), (len(inside) - 8) // step)
            rows = (inside[8 + n * step : 8 + (n + 1) * step] for n in range(count))
            yield tuple(
                Edit(
                    int.from_bytes(row[half : 2 * half], "big", signed=True),
                    Fraction(int.from_bytes(row[2 * half : 2 * half + 4], "big", signed=True))
                    / 65536,
                )
                for row in rows
            )
        at += size
