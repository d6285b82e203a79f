"""Damaged media from a seed: each mutation says which classes are right, by how it was made.

What a mutated clip shows is compared with the pictures of the file it was made from, never with
what the product says of it.
"""

import random
import struct
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from video_assets.foundation.errors import Code
from video_assets.foundation.media import ffmpeg_path

RATE = 25
CUT = frozenset({Code.TRUNCATED})
MALFORMED = frozenset({c for c in Code if c.family == "MALFORMED"})
LIMITED = frozenset({c for c in Code if c.family == "LIMIT"})
THUMB = (64, 36)
"""Width and height of the pictures that are compared."""
LIKE = 4.0
"""Mean difference of two such pictures, of 255, up to which they show the same."""
HOLE = Fraction(1, 5)
"""Seconds without a picture from which a viewer sees that some are missing."""
_BOXES = (
    b"moov trak mdia minf stbl stsd stts stsc stsz stco mdat ftyp mvhd tkhd mdhd edts ctts".split()
)
_CHUNKS = [b"RIFF", b"LIST", b"hdrl", b"strh", b"strf", b"movi", b"fmt ", b"data", b"00dc", b"idx1"]
_ELEMENTS = [
    b"\x1a\x45\xdf\xa3",
    b"\x18\x53\x80\x67",
    b"\x16\x54\xae\x6b",
    b"\x1f\x43\xb6\x75",
    b"\xa3",
]


@dataclass(frozen=True)
class Base:
    """A good file."""

    name: str
    """Its container, and what is special: `mp4-front` has its index in front."""
    data: bytes
    seconds: int

    @property
    def ending(self) -> str:
        return self.name.split("-")[0]

    @property
    def file(self) -> str:
        return f"{self.name}.{self.ending}"

    @property
    def is_mov(self) -> bool:
        return self.ending in ("mp4", "mov")


@dataclass(frozen=True)
class Mutation:
    """A damaged file and what may be said of it."""

    name: str
    """Unique file name with its ending."""
    kind: str
    base: Base
    data: bytes
    codes: frozenset[Code]
    """Dead letters that are right, whether the file is used in part or not at all."""
    used: bool = True
    """Whether it may be used, as far as its pictures are the base's."""
    silent: bool = True
    """Whether it may be used without a letter."""
    dead: bool = True
    """Whether it may be set aside."""
    tellable: bool = True
    """Whether a reader without a checksum can know what is damaged."""


def bases(folder: Path, size: str = "320x180", seconds: int = 4) -> list[Base]:
    """Good files in every container that is read, of `seconds` s at 25 pictures a second."""
    h264 = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-g",
        "25",
        "-bf",
        "2",
        "-pix_fmt",
        "yuv420p",
    ]
    mpeg = ["-c:v", "mpeg2video", "-b:v", "900k", "-g", "12"]
    kinds = {
        "mp4-front": [*h264, "-c:a", "aac", "-movflags", "+faststart"],
        "mp4-end": [*h264, "-c:a", "aac"],
        "mp4-pieces": [*h264, "-c:a", "aac", "-movflags", "+frag_keyframe+empty_moov"],
        "mov": ["-c:v", "mpeg4", "-q:v", "4", "-c:a", "pcm_s16le"],
        "mkv": [*h264, "-c:a", "libmp3lame"],
        "ts": [*mpeg, "-c:a", "mp2"],
        "ts-h264": [*h264, "-c:a", "aac"],
        "avi": ["-c:v", "mpeg4", "-q:v", "4", "-c:a", "libmp3lame"],
        "mxf": [*mpeg, "-c:a", "pcm_s16le", "-ar", "48000"],
        "wav": ["-vn", "-c:a", "pcm_s16le"],
    }
    made = []
    for name, how in kinds.items():
        file = folder / Base(name, b"", 0).file
        subprocess.run(
            [ffmpeg_path(), "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=s={size}:r={RATE}",
             "-f", "lavfi", "-i", "sine=f=500:r=48000", "-t", str(seconds), *how, file],
            check=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        made.append(Base(name, file.read_bytes(), seconds))
    return made


def mutations(made: Sequence[Base], count: int, seed: int = 7) -> Iterator[Mutation]:
    """`count` damaged files: every kind on every base in turn, places and sizes by the seed."""
    rng = random.Random(seed)
    number = 0
    while number < count:
        for kind in KINDS:
            for base in rng.sample(list(made), len(made) if count > 200 else 5):
                found = KINDS[kind](rng, base)
                if found is None or number >= count:
                    continue
                data, codes, more = found
                ending = more.pop("ending", base.ending)
                name = f"{number:03d} {base.name} {kind}.{ending}"
                yield Mutation(name, kind, base, data, codes, **more)
                number += 1


Made = tuple[bytes, frozenset[Code], dict] | None


def _cut(rng: random.Random, base: Base) -> Made:
    """The end is missing, as after a copy that was broken off."""
    share = rng.choice([0, 1, 10, 25, 50, 75, 95, 99])
    data = base.data[: len(base.data) * share // 100]
    if not data:
        return data, frozenset({Code.ZERO_BYTE}), {"used": False}
    if base.name in ("mp4-end", "mov"):  # the index is gone, and with it everything
        return data, CUT, {"used": False}
    head = share < 25  # less than a second is left, or not even the whole header
    said = "ts" not in base.name  # a transport stream does not say how long it should be
    codes = MALFORMED if head or not said else CUT
    pieces = base.name == "mp4-pieces"  # cut inside the table of a piece, it cannot be opened
    return data, codes, {"silent": not said, "dead": share * base.seconds < 160 or pieces}


def _zeroed(rng: random.Random, base: Base) -> Made:
    """A stretch of zeros in the middle, as from a dying card."""
    begin = rng.randrange(len(base.data) * 3 // 10, len(base.data) * 6 // 10)
    length = max(3000, len(base.data) // rng.randrange(8, 20))
    data = base.data[:begin] + bytes(length) + base.data[begin + length :]
    whole = base.name == "wav"  # zeros are samples like any other
    return data, MALFORMED, {"silent": whole, "dead": not whole}


def _flipped(rng: random.Random, base: Base) -> Made:
    """Single bits are wrong, anywhere behind the first tenth."""
    data = bytearray(base.data)
    for _ in range(rng.choice([1, 4, 32])):
        data[rng.randrange(len(data) // 10, len(data))] ^= 1 << rng.randrange(8)
    return bytes(data), MALFORMED | {Code.ENCRYPTED, Code.CODEC}, {}


def _beheaded(rng: random.Random, base: Base) -> Made:
    """The beginning is missing."""
    data = base.data[len(base.data) * rng.choice([1, 10, 30]) // 100 :]
    return data, MALFORMED, {"used": base.name not in ("mp4-front", "wav")}


def _swapped(rng: random.Random, base: Base) -> Made:
    """Two boxes of an MP4, or two blocks of another file, have changed places."""
    data = base.data
    if base.is_mov:
        boxes = list(_top_boxes(data))
        one, two = sorted(rng.sample(range(len(boxes)), 2))
        boxes[one], boxes[two] = boxes[two], boxes[one]
        return b"".join(boxes), MALFORMED, {}
    size = 4096
    a = rng.randrange(size, len(data) // 2 - size)
    b = rng.randrange(len(data) // 2, len(data) - size)
    parts = data[:a], data[b : b + size], data[a + size : b], data[a : a + size], data[b + size :]
    # an AVI has no times: a whole coded picture in another's place is as good as the right one
    return b"".join(parts), MALFORMED, {"tellable": base.name != "avi"}


def _absurd(rng: random.Random, base: Base) -> Made:
    """A size or count in a header is far too large, or nothing."""
    data = bytearray(base.data)
    number = rng.choice([0, 1, 7, 0x7FFFFFFF, 0xFFFFFFFF, 0x00FFFFFF])
    if base.is_mov:
        box = rng.choice([b for b in _BOXES if b in base.data])
        at = base.data.find(box)
        counts = box in (b"stts", b"stsc", b"stsz", b"stco", b"stsd", b"ctts")
        at += (12 if box == b"stsz" else 8) if counts and rng.random() < 0.7 else -4
        data[at : at + 4] = struct.pack(">I", number)
    elif base.ending in ("avi", "wav"):
        chunk = rng.choice([c for c in _CHUNKS if c in base.data])
        at = base.data.find(chunk) + 4
        data[at : at + 4] = struct.pack("<I", number)
    elif base.ending == "mkv":
        element = rng.choice([e for e in _ELEMENTS if e in base.data])
        at = base.data.find(element) + len(element)
        data[at : at + 2] = rng.choice([b"\x01\xff", b"\x08\x00", b"\x40\x01", b"\xff\xff"])
    else:
        at = rng.randrange(0, 4096)
        data[at : at + 4] = struct.pack(">I", number)
    return bytes(data), MALFORMED | LIMITED | {Code.CONTAINER, Code.CODEC}, {}


def _remuxed(base: Base, *how: str) -> bytes:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, f"a.{base.ending}"), Path(folder, f"b.{base.ending}")
        before.write_bytes(base.data)
        subprocess.run(
            [ffmpeg_path(), "-v", "error", "-i", before, "-c", "copy", *how, after],
            check=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return after.read_bytes()


def _negative(rng: random.Random, base: Base) -> Made:
    """Time begins before nought. Of Matroska's pictures, those before it may lose their time."""
    if base.name not in ("mp4-front", "mov", "mkv", "ts", "avi"):
        return None
    shift = [
        "-output_ts_offset",
        f"-{rng.choice([1, base.seconds - 1])}",
        "-avoid_negative_ts",
        "disabled",
    ]
    usable = {} if base.name == "mkv" else {"dead": False}
    return _remuxed(base, *shift), frozenset({Code.BAD_TIMESTAMPS}), usable


def _rateless(rng: random.Random, base: Base) -> Made:
    """No pictures a second, says the header."""
    data = bytearray(base.data)
    if base.name in ("mp4-front", "mp4-end", "mov"):
        at = base.data.find(b"stts")
        (count,) = struct.unpack(">I", data[at + 8 : at + 12])
        for entry in range(count):
            data[at + 16 + 8 * entry : at + 20 + 8 * entry] = bytes(4)
    elif base.name == "avi":
        at = base.data.find(b"vids")
        data[at + 20 : at + 28] = bytes(8)  # scale and rate
        at = base.data.find(b"avih")
        data[at + 8 : at + 12] = bytes(4)
    else:
        return None
    return bytes(data), MALFORMED, {}


def _endless(rng: random.Random, base: Base) -> Made:
    """It says that it lasts days."""
    data = bytearray(base.data)
    if base.name in ("mp4-front", "mp4-end", "mov"):
        for box, place in ((b"mvhd", 20), (b"mdhd", 20), (b"tkhd", 24)):
            at = -1
            while (at := base.data.find(box, at + 1)) >= 0:
                data[at + place : at + place + 4] = struct.pack(">I", 0x7FFFFFF0)
    elif base.name == "mkv":
        at = base.data.find(b"\x44\x89\x88")
        data[at + 3 : at + 11] = struct.pack(">d", 30 * 3600 * 1000.0)
    elif base.name == "avi":
        at = base.data.find(b"vids")
        data[at + 32 : at + 36] = struct.pack("<I", 30 * 3600 * RATE)
        at = base.data.find(b"avih")
        data[at + 24 : at + 28] = struct.pack("<I", 30 * 3600 * RATE)
    else:
        return None
    return bytes(data), MALFORMED | {Code.DURATION}, {}


def _misnamed(rng: random.Random, base: Base) -> Made:
    """A good file under the name of another kind."""
    ending = rng.choice([e for e in ("mp4", "mkv", "avi", "wav", "mts", "MXF") if e != base.ending])
    return base.data + bytes(rng.randrange(1, 9)), frozenset(), {"ending": ending, "dead": False}


def _text(rng: random.Random, base: Base) -> Made:
    """Words, or numbers by chance, under the name of a clip."""
    words = " ".join(rng.choice(["once", "upon", "a", "time", "<a>", "0"]) for _ in range(400))
    noise = rng.randbytes(rng.randrange(1, 40_000))
    data = rng.choice([words.encode(), noise, b"\n" * 100, b"\0" * 5000])
    return data, MALFORMED | {Code.CONTAINER}, {"used": False}


KINDS: dict[str, Callable[[random.Random, Base], Made]] = {
    "cut": _cut,
    "zeroed": _zeroed,
    "flipped": _flipped,
    "beheaded": _beheaded,
    "swapped": _swapped,
    "absurd": _absurd,
    "negative": _negative,
    "rateless": _rateless,
    "endless": _endless,
    "misnamed": _misnamed,
    "text": _text,
}


def _top_boxes(data: bytes) -> Iterator[bytes]:
    at = 0
    while at + 8 <= len(data):
        length = struct.unpack(">I", data[at : at + 4])[0]
        if length == 1:
            length = struct.unpack(">Q", data[at + 8 : at + 16])[0]
        yield data[at : at + length]
        at += length


def good_copy(base: Base, number: int) -> bytes:
    """The base with other bytes and all that it holds."""
    filler = bytes(number + 100)
    free = struct.pack(">I", 8 + len(filler)) + b"free"
    return base.data + (free if base.is_mov else b"") + filler


def misjudged(mutation: Mutation, codes: Sequence[int], used: bool) -> str:
    """What is wrong with the letters of a mutation, and with whether it is used; else ''."""
    if len(codes) > 1:
        return "more than one letter"
    if codes and codes[0] not in mutation.codes:
        return "another class"
    if not used and not codes:
        return "no row says why"
    if used and not mutation.used:
        return "used"
    if not used and not mutation.dead:
        return "set aside"
    return "silently used" if used and not codes and not mutation.silent else ""


def pictures(path: str, stream: int = -1) -> list[tuple[Fraction, bytes]]:
    """(seconds in the container, small grey picture) of all that can be decoded, shown order."""
    import av
    import av.error

    seen: dict[Fraction, bytes] = {}
    with av.open(path) as container:
        video = container.streams[stream] if stream >= 0 else container.streams.video[0]
        video.codec_context.thread_count = 1
        try:
            for packet in container.demux(video):
                try:
                    frames = packet.decode()
                except av.error.FFmpegError:
                    continue
                for frame in frames:
                    if frame.pts is not None:
                        small = frame.reformat(*THUMB, "gray", interpolation="AREA")
                        time = Fraction(frame.pts) * frame.time_base
                        seen[time] = np.ascontiguousarray(small.to_ndarray()).tobytes()
        except av.error.FFmpegError:
            pass
    return sorted(seen.items())


def wrong_pictures(
    good: Sequence[bytes],
    shown: Sequence[tuple[Fraction, bytes]],
    start: Fraction,
    end: Fraction,
    timed: bool = True,
) -> str:
    """What is not as in the good file in a stretch of a damaged one (container time); else ''.

    Its pictures must be the good file's without holes, and where they are `timed` each at its time.
    """
    used = [(t, p) for t, p in shown if start <= t < end]
    if not used:
        return "nothing is shown there"
    table = np.frombuffer(b"".join(good), np.uint8).reshape(len(good), -1).astype(np.int16)
    apart = [
        np.abs(table - np.frombuffer(p, np.uint8).astype(np.int16)).mean(axis=1) for _, p in used
    ]
    nearest = [int(one.argmin()) for one in apart]
    shift = int(np.median([n - round(t * RATE) for n, (t, _) in zip(nearest, used, strict=True)]))
    last = start
    for (time, _), off, found in zip(used, apart, nearest, strict=True):
        if time - last > HOLE:
            return f"a hole from {float(last):.2f} to {float(time):.2f} s"
        last = time
        place = round(time * RATE) + shift if timed else found
        if off[max(0, place - 1) : place + 2].min(initial=255) > LIKE:
            return f"another picture at {float(time):.2f} s: {off[found]:.1f} off no. {found}"
    if end - last > HOLE:
        return f"nothing from {float(last):.2f} to {float(end):.2f} s"
    return ""
