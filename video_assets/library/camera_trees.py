"""What cameras put on their cards: small copies, notes, flight data, and takes in several files.

A take that the camera cut into several files (FAT32 ends at 4 GB) is a chain: its files stay clips
of their own, and each says which is the first and which place it has.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

from video_assets.foundation.records import FootageRow
from video_assets.foundation.smpte import frames_of

_NOTES = "xml cpi mpl mpls bdm bdmv tdt tid ppn smi bim cpf cif sif miu xmp moi modd bup ifo"
NOTES = frozenset(_NOTES.split())
"""Endings of what cameras write about their clips: indexes, playlists, settings."""
MOST_NOTES = 512 * 2**10
"""Bytes of a camera's notes that are looked at; Sony's have some 3 kB."""
FULL = (2 * 2**30, 2 * 10**9, 4 * 2**30, 4 * 10**9)
"""Bytes at which cameras begin a new file: what FAT32 holds, or half of it."""
NEARLY = 0.93
"""Share of that from which a file counts as full: the last group of pictures did not fit."""
LATE = Fraction(2)
"""Seconds by which the time of recording of a file's sequel may be off: it is whole seconds."""

_SMALL = frozenset(("sub", "proxy", "proxies"))
_COPY_OF = re.compile(r"^(.+?)(?:[Ss]\d\d|_[Pp]roxy)?$")
_FLIGHT = re.compile(
    rb"FrameCnt\s*:\s*\d|SrtCnt\s*:\s*\d|\b(?:GPS|HOME)\s*\(\s*-?\d+\.\d+\s*,"
    rb"|\[\s*(?:latitude|iso|shutter|fnum)\s*:\s*[-\d]|\bF/\d[\d.]*,\s*SS\s+\d"
)
_CHAPTERS = (
    re.compile(r"^(?P<take>G[HXSLM])(?P<number>\d\d)(?P<same>\d{4})$", re.IGNORECASE),
    re.compile(r"^(?P<take>GP)(?P<number>\d\d)(?P<same>\d{4})$", re.IGNORECASE),
)
"""Names that say which part of a take a file is: GoPro, new and old."""
_CANON_XF = re.compile(r"^(?P<take>[A-Z]{2}\d{4})(?P<number>\d\d)$")
"""The same of Canon XF, in a folder that bears the take's name: AA0001/AA000102.MXF."""
_GOPRO_FIRST = re.compile(r"^GOPR(\d{4})$", re.IGNORECASE)
_COUNTED = re.compile(r"^(?P<take>.*?)(?P<number>\d{2,6})(?P<same>\D{0,3})$")
_REEL = re.compile(r"^([A-Z]\d{3})_?C\d{3}(?:_|$)")

_LTC = re.compile(rb'<LtcChange\s+frameCount="0"\s+value="(\d{8})"')
_TITLE = re.compile(rb'<Title\s[^>]*usAscii="([^"<>]{1,80})"')
_P2 = {
    "original": re.compile(rb"<(?:User)?ClipName>([^<]{1,80})</(?:User)?ClipName>"),
    "timecode": re.compile(rb"<StartTimecode>(\d\d:\d\d:\d\d[:;.]\d\d)</StartTimecode>"),
    "drop": re.compile(rb"<DropFrameFlag>(true|false)</DropFrameFlag>"),
}


def small_copies(paths: Iterable[str]) -> dict[str, str]:
    """The clip that each small copy is one of, for clips in folders named Sub or Proxy.

    `paths`: of everything that may be a clip. A copy without its clip is a clip itself.
    """
    known: dict[tuple[str, str], str] = {}
    copies = []
    for path in sorted(paths):
        pure = PurePosixPath(path)
        if pure.parent.name.lower() in _SMALL:
            copies.append(pure)
        else:
            known.setdefault((str(pure.parent), pure.stem.lower()), path)
            known.setdefault((str(pure.parent.parent), pure.stem.lower()), path)
    found = {}
    for pure in copies:
        name = _COPY_OF.match(pure.stem)
        stems = [pure.stem.lower(), name[1].lower() if name else ""]
        of = [known[key] for s in stems if (key := (str(pure.parent.parent), s)) in known]
        if of:
            found[str(pure)] = of[0]
    return found


def is_flight_data(data: bytes) -> bool:
    """Whether an SRT holds what a drone measured, not what somebody said."""
    return bool(_FLIGHT.search(data[:4096]))


def notes_on(path: str, clips: Mapping[str, str]) -> str:
    """Path of the clip that a camera's notes speak of, empty where none does.

    `clips`: path by path without its ending. Sony's C0001M01.XML lies beside C0001.MP4; P2's
    CLIP/0001AB.XML speaks of VIDEO/0001AB.MXF.
    """
    pure = PurePosixPath(path)
    if pure.suffix.lower() != ".xml":
        return ""
    sony = re.sub(r"M\d\d$", "", pure.stem, flags=re.IGNORECASE)
    for stem in (pure.with_name(pure.stem), pure.with_name(sony)):
        if str(stem) in clips:
            return clips[str(stem)]
    if pure.parent.name.upper() == "CLIP":
        return clips.get(str(pure.parent.parent / "VIDEO" / pure.stem), "")
    return ""


def told(row: FootageRow, notes: bytes) -> FootageRow:
    """The row with what its camera's notes say of it, where the file itself does not.

    Only a few known entries of Sony's and P2's XML are looked for; nothing in it is followed.
    """
    text = notes[:MOST_NOTES]
    found: dict[str, Any] = {}
    if code := _LTC.search(text):  # frames, seconds, minutes, hours, as SMPTE 12M packs them
        frames, seconds, minutes, hours = (int(code[1][n : n + 2], 16) for n in (0, 2, 4, 6))
        sign = ";" if frames & 0x40 else ":"
        found["timecode"] = f"{hours:02x}:{minutes:02x}:{seconds:02x}{sign}{frames & 0x3F:02x}"
    elif code := _P2["timecode"].search(text):
        drop = _P2["drop"].search(text)
        whole = code[1].decode()
        found["timecode"] = f"{whole[:8]}{';' if drop and drop[1] == b'true' else ':'}{whole[9:]}"
    if name := _TITLE.search(text) or _P2["original"].search(text):
        shown = name[1].decode(errors="replace").strip()
        found["original"] = "".join(c for c in shown if c.isprintable())
    if "timecode" in found and frames_of(found["timecode"], row.fps) is None:
        del found["timecode"]
    return replace(row, **{k: v for k, v in found.items() if v and not getattr(row, k)})


def reel_of(path: str) -> str:
    """The reel that a file's name gives, as cinema cameras name them: A001 of A001C003_x.mov."""
    found = _REEL.match(PurePosixPath(path).stem)
    return found[1] if found else ""


def chained(rows: Mapping[str, FootageRow]) -> dict[str, FootageRow]:
    """The rows with `chain` and `chain_number` as they are now, by path."""
    found = {
        path: replace(row, chain="", chain_number=0) if row.chain else row
        for path, row in rows.items()
    }
    takes: dict[Any, list[tuple[int, str]]] = {}
    for path, row in rows.items():
        part = _part(path) if row.role in ("clip", "sound") else None
        if part is not None:
            take, number, sure = part
            takes.setdefault((take, sure, _kind(row)), []).append((number, path))
    for (_, sure, _), parts in takes.items():
        parts.sort()
        for (number, path), (next_number, next_path) in pairwise(parts):
            one, other = found[path], found[next_path]
            if next_number == number + 1 and _follows(one, other, sure):
                first = replace(one, chain=one.chain or path, chain_number=one.chain_number or 1)
                found[path] = first
                found[next_path] = replace(
                    other, chain=first.chain, chain_number=first.chain_number + 1
                )
    return found


def _part(path: str) -> tuple[str, int, bool] | None:
    """(what all parts of a take share, number of this part, whether the name alone says so)."""
    pure = PurePosixPath(path)
    where, ending = str(pure.parent), pure.suffix.lower()
    first = _GOPRO_FIRST.match(pure.stem)
    if first:
        return f"{where}/GP{first[1]}{ending}", 0, True
    for pattern in _CHAPTERS:
        if part := pattern.match(pure.stem):
            name = f"{where}/{part['take']}{part['same']}{ending}"
            return name, int(part["number"]), True
    part = _CANON_XF.match(pure.stem)
    if part and pure.parent.name == part["take"]:
        return f"{where}/{part['take']}{ending}", int(part["number"]), True
    if part := _COUNTED.match(pure.stem):
        name = f"{where}/{part['take']}#{len(part['number'])}{part['same']}{ending}"
        return name, int(part["number"]), False
    return None


def _kind(row: FootageRow) -> tuple[Any, ...]:
    """What all parts of a take have in common."""
    picture = (row.video_codec, row.coded_width, row.coded_height, row.pix_fmt, row.color)
    sound = (row.audio_codec, row.audio_rate, row.audio_channels)
    return row.role, picture, sound, row.rotation, row.interlaced


def _follows(one: FootageRow, other: FootageRow, sure: bool) -> bool:
    """Whether a file goes on where another ends.

    Names that say so are believed unless timecode says otherwise. Files that are only counted must
    have one clock, or the first must be as full as a file can be and the clocks must agree:
    timecode alone is no proof, because a camera that counts while it records goes on from take to
    take.
    """
    timecode = _after(one, other)
    if sure:
        return timecode is not False
    if one.video_stream >= 0 and abs(one.fps - other.fps) > one.fps / 50:
        return False
    frame = 1 / one.fps if one.fps else Fraction(1, 25)
    if one.start > 0 and abs(one.start + one.duration - other.start) <= 2 * frame:
        return timecode is not False  # one clock of the container runs through, as in AVCHD
    if not any(NEARLY * size <= one.size <= size for size in FULL):
        return False
    return timecode if timecode is not None else _recorded_after(one, other)


def _after(one: FootageRow, other: FootageRow) -> bool | None:
    """Whether a timecode goes on where the other ends, within a frame; None where one has none."""
    answers = []
    for fps in (one.fps, one.fps / 2):
        first, second = frames_of(one.timecode, fps), frames_of(other.timecode, fps)
        if first is not None and second is not None and fps > 0:
            answers.append(abs(first + one.duration * fps - second) <= Fraction(3, 2))
    return any(answers) if answers else None


def _recorded_after(one: FootageRow, other: FootageRow) -> bool:
    try:
        gap = datetime.fromisoformat(other.recorded) - datetime.fromisoformat(one.recorded)
    except (ValueError, TypeError):
        return False
    return abs(Fraction(gap.total_seconds()) - one.duration) <= LATE
