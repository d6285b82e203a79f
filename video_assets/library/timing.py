"""How long a file really is and how fast its pictures come: from packets and sample tables."""

import contextlib
import os
import statistics
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from video_assets.foundation.errors import Code, FootageError
from video_assets.foundation.media import open_container
from video_assets.library.letters import warning_of

RATE_PACKETS = 300
"""Packets whose distances say whether the frame rate varies."""
REORDERED = 16
"""Frames that a coder may move; so many of the last timestamps read are not final."""
WHOLE_DEMUX = 32 * 2**20
"""Bytes up to which every packet of a file is looked at; of larger files, the last ones."""
MIN_GOOD = Fraction(5, 4)
"""Seconds that must be left of a damaged clip for it to be used: a quarter more than the analysis
asks for, which leaves out the last pictures where they rest on some that are gone."""
PADDING = 64
"""Bytes by which writers of RIFF get the size of their own header wrong."""
UNSIZED = 0x7FFFFFFF
"""From here on a 32-bit size says that the writer did not know it."""


def stamp_of(frame: Any, container: str) -> int | None:
    """A decoded frame's time in ticks of its clock; None where it has none.

    `container`: the demuxer's name. AVI writes no times: the order of its packets is its clock, and
    what a decoder that reorders makes up runs backwards.
    """
    found = frame.dts if container == "avi" else frame.pts
    return None if found is None else int(found)


def rate(path: Path, stream: Any) -> tuple[Fraction, bool]:
    """(average frames a second, whether the distances vary), from the first packets' timestamps."""
    import av.error

    stamps: list[int] = []
    with open_container(path) as container, contextlib.suppress(av.error.FFmpegError):
        for packet in container.demux(container.streams[stream.index]):
            if packet.size and (packet.pts is not None or packet.dts is not None):
                stamps.append(int(packet.pts if packet.pts is not None else packet.dts))
            if len(stamps) >= RATE_PACKETS:
                break
    whole = len(stamps) < RATE_PACKETS
    times = sorted(set(stamps))
    if not whole:
        times = times[:-REORDERED]
    steps = [b - a for a, b in pairwise(times)]
    if steps:  # VP9's hidden pictures have packets of their own, next to a shown one
        floor = statistics.median(steps) / 5
        kept = times[:1]
        for time in times[1:]:
            if time - kept[-1] > floor:
                kept.append(time)
        times = kept
        steps = [b - a for a, b in pairwise(times)]
    tagged = Fraction(stream.average_rate or stream.guessed_rate or 0)
    if not steps:
        return (tagged if 1 <= tagged <= 240 else Fraction(25)), False
    middle = statistics.median(steps)
    tick = 1 if Fraction(stream.time_base) >= Fraction(1, 1000) else 0
    off = sum(abs(step - middle) > 0.1 * middle + tick for step in steps)
    vfr = off > max(1, len(steps) / 50)
    seen = Fraction(len(steps)) / (Fraction(times[-1] - times[0]) * stream.time_base)
    off_tag = whole and len(steps) > 4 and abs(tagged / seen - 1) > Fraction(1, 20)
    fields = abs(seen / 2 - tagged) < tagged / 20  # packets of interlaced fields
    if not Fraction(1, 10) <= tagged <= 240 or (off_tag and not fields):
        tagged = seen.limit_denominator(1001)
    return tagged, vfr


def measured_end(
    container: Any, path: Path, used: list[Any], start: Fraction
) -> tuple[Fraction, list[str]]:
    """(seconds from the container's start to the end of what is there, notes)."""
    size = os.path.getsize(path)
    claimed = [
        Fraction((s.start_time or 0) + s.duration) * s.time_base - start
        for s in used
        if s.duration is not None
    ]
    claim = max(claimed, default=Fraction(0))
    if not claim and container.duration:
        claim = Fraction(container.duration, 1_000_000)
    cut_off = _table_end(used, size, start) if "mov" in container.format.name else None
    if cut_off is not None:
        short = FootageError(
            f"is cut short: {float(cut_off):.1f} of {float(claim):.1f} s are there",
            Code.TRUNCATED,
            "copy it again from the card",
        )
        if cut_off < MIN_GOOD:
            raise short
        return cut_off, [warning_of(short)]
    tables = "mov" in container.format.name and all(len(s.index_entries) > 0 for s in used)
    if tables and claim and not _fragmented(container, used, claim):
        return claim, []
    near = claim - 2 if claim > 4 and size > WHOLE_DEMUX else None
    end = _packets_end(path, used, start, near)
    if near is not None and end < claim - 1:
        end = _packets_end(path, used, start, None)
    notes = []
    declared = declared_size(path)
    if declared > size and (end < claim or declared - size > PADDING):
        short = FootageError(
            f"is cut short: {size} of {declared} bytes are there, {float(end):.1f} s",
            Code.TRUNCATED,
            "copy it again from the card",
        )
        if end < MIN_GOOD:
            raise short
        notes.append(warning_of(short))
    elif claim and end < claim - max(Fraction(1), claim / 20):
        short = FootageError(
            f"says it lasts {float(claim):.1f} s, but only {float(end):.1f} s are in it",
            Code.TRUNCATED,
            "copy it again from the card if some of it is missing",
        )
        if end < MIN_GOOD:
            raise short
        notes.append(warning_of(short))
    return end, notes


def _fragmented(container: Any, used: list[Any], claim: Fraction) -> bool:
    """Whether the sample tables do not account for the claimed length, as in fragmented files."""
    for stream in used:
        entries = stream.index_entries
        last = Fraction(entries[len(entries) - 1].timestamp) * stream.time_base
        if last > claim / 2:
            return False
    return True


def _table_end(used: list[Any], size: int, start: Fraction) -> Fraction | None:
    """Where the material ends if a sample table points past the end of the file, else None."""
    ends = []
    for stream in used:
        entries = stream.index_entries
        first_missing = None
        for number in range(len(entries)):
            entry = entries[number]
            if entry.pos + entry.size > size:
                first_missing = entry.timestamp
                break
        if first_missing is not None:
            ends.append(Fraction(first_missing) * stream.time_base - start)
    return max(Fraction(0), min(ends)) if ends else None


def _packets_end(path: Path, used: list[Any], start: Fraction, near: Fraction | None) -> Fraction:
    """The last packet's end on the clip's clock, of all packets, or of those from `near` on."""
    import av.error

    end = Fraction(0)
    length: Any
    with open_container(path) as container, contextlib.suppress(av.error.FFmpegError):
        streams = [container.streams[s.index] for s in used]
        if near is not None:
            container.seek(int((near + start) * 1_000_000))
        for packet in container.demux(streams):
            stamp = packet.pts if packet.pts is not None else packet.dts
            if packet.size and stamp is not None:
                length = packet.duration or 0
                if not length and packet.stream.type == "video" and packet.stream.average_rate:
                    length = 1 / (packet.stream.average_rate * packet.time_base)
                end = max(end, (Fraction(stamp) + Fraction(length)) * packet.time_base - start)
    return end


def declared_size(path: Path) -> int:
    """Bytes that an AVI, WAV, MXF or Matroska file says it has; 0 where it does not say.

    Of an MXF it is where its last partition begins: so much at least must be there.
    """
    with open(path, "rb") as file:
        head = file.read(4096)
    if head.startswith((b"RIFF", b"RF64", b"BW64")) and head[8:12] in (b"AVI ", b"WAVE"):
        wide = head[:4] != b"RIFF" and head[12:16] == b"ds64"
        riff = int.from_bytes(head[20:28] if wide else head[4:8], "little")
        return riff + 8 if wide or riff < UNSIZED else 0
    if head.startswith(b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02"):
        length = head[16] & 0x7F if head[16] & 0x80 else 0  # BER; then versions, grid, this, before
        footer = int.from_bytes(head[17 + length + 24 : 17 + length + 32], "big")
        return footer + 1 if footer else 0
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return 0
    length, at = _vint(head, 4)
    at += length
    if head[at : at + 4] != b"\x18\x53\x80\x67":
        return 0
    length, at = _vint(head, at + 4)
    return at + length if length else 0


def _vint(data: bytes, at: int) -> tuple[int, int]:
    """(value, where the next byte is) of an EBML number; 0 for `unknown`."""
    if at >= len(data) or data[at] == 0:
        return 0, at
    width = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)
    unknown = value == (1 << 7 * width) - 1
    return 0 if unknown else value, at + width
