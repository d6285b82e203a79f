"""Cue files as they are read back, and the words that a timeline really plays."""

import re
from dataclasses import dataclass
from fractions import Fraction

from video_assets.delivery.inspections.case import Case
from video_assets.foundation.records import SoundCut, Word


@dataclass(frozen=True, slots=True)
class Cue:
    """A block of a cue file, seconds."""

    start: Fraction
    end: Fraction
    lines: tuple[str, ...]
    words: tuple[str, ...]
    stamps: tuple[Fraction, ...] = ()
    """For each word the time that stands before it, else the cue's start."""

    @property
    def text(self) -> str:
        """All lines as one."""
        return " ".join(self.lines)


_TIME = re.compile(r"(?:(\d+):)?(\d\d):(\d\d)[.,](\d{3})")
_STAMP = re.compile(r"<((?:\d+:)?\d\d:\d\d\.\d{3})>")


def _seconds(text: str) -> Fraction:
    found = _TIME.search(text)
    if not found:
        raise ValueError(f"{text!r} is no time")
    hours, minutes, seconds, milliseconds = (int(p or 0) for p in found.groups())
    return Fraction(3600 * hours + 60 * minutes + seconds) + Fraction(milliseconds, 1000)


def cues_of(text: str) -> list[Cue]:
    """The cues of an SRT or WebVTT text, in the order of the file.

    Raises ValueError where a time cannot be read.
    """
    web = text.lstrip("\ufeff").startswith("WEBVTT")
    found = []
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip()):
        lines = block.split("\n")
        at = next((n for n, line in enumerate(lines) if "-->" in line), None)
        if at is None:
            continue
        start, end = (_seconds(part) for part in lines[at].split("-->", 1))
        words: list[str] = []
        stamps: list[Fraction] = []
        plain = []
        for line in lines[at + 1 :]:
            own = []
            for piece in line.split():
                stamp = _STAMP.match(piece) if web else None
                word = _unescaped(_STAMP.sub("", piece)) if web else piece
                own.append(word)
                stamps.append(_seconds(stamp[1]) if stamp else start)
            words += own
            plain.append(" ".join(own))
        found.append(Cue(start, end, tuple(plain), tuple(words), tuple(stamps)))
    return found


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


@dataclass(frozen=True, slots=True)
class Heard:
    """A word of the library as the timeline plays it, timeline seconds."""

    word: Word
    start: Fraction
    end: Fraction
    cut: SoundCut


def heard(case: Case, tracks: str = "A1") -> list[Heard]:
    """The library's words below a track's cuts: those of which more than half is played."""
    found = []
    cuts = [c for c in case.timeline.sound if c.track in tracks.split()]
    for cut in sorted(cuts, key=lambda c: c.start):
        shift = cut.start - cut.source_start
        last = cut.source_start + cut.duration
        for word in sorted(case.tables.words.get(cut.clip_id, ()), key=lambda w: w.start):
            if cut.source_start <= (word.start + word.end) / 2 < last:
                end = min(word.end, last) + shift
                found.append(Heard(word, word.start + shift, end, cut))
    return found


def goes_on(one: SoundCut, two: SoundCut) -> bool:
    """Whether the second begins in the source where the first ends: nothing is cut between."""
    return one.clip_id == two.clip_id and one.source_start + one.duration == two.source_start


def edges_of(case: Case) -> set[Fraction]:
    """Where the picture changes, and where it begins and ends: timeline seconds."""
    fps = case.timeline.fps
    frames = {0, case.timeline.frames} | {s.start for s in case.shown}
    return {frame / fps for frame in frames}


def at_second(seconds: Fraction) -> str:
    """A place in a cut, for people."""
    return f"{float(seconds):.2f} s"
