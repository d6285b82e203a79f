"""The words that somebody wrote down beside a clip: SRT, WebVTT (with word times or without), JSON.

The text of a sidecar is taken as said. Where it times only whole cues, its words are spread over
the cue by their length, inside the stretches where somebody speaks, and marked `spread`.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from video_assets.foundation.errors import Code, FootageError
from video_assets.foundation.timecode import Span, exact

SUFFIXES = (".json", ".vtt", ".srt")
"""What is read as words, best first: JSON times every word."""
MAX_BYTES = 20 * 2**20
MOST_WORDS = 300_000
"""A day of speech at 200 words a minute."""
MOST_SAID = 20_000
"""Characters of one cue: half an hour of speech."""
MOST_ENTRIES = 1_000_000
"""Lists and objects in a JSON file, three or four a word at most; an empty one takes 60 bytes."""

# none of these looks twice at a character, however the text was made up
_TIMING = re.compile(
    r"^\s*((?:\d{1,4}:)?\d{1,2}:\d{2}[.,]\d{1,3})\s*-->\s*"
    r"((?:\d{1,4}:)?\d{1,2}:\d{2}[.,]\d{1,3})(?:\s.*)?$"
)
_STAMP = re.compile(r"<((?:\d{1,4}:)?\d{2}:\d{2}[.,]\d{3})>")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s+([^<>]+)>")
_TAG = re.compile(r"<[^<>]*>|\{[^{}]*\}")
_SOUND = re.compile(r"\[[^][]*\]|\([^()]*\)|[♪♫#][^♪♫#]*[♪♫#]|[♪♫]")
_SECONDS = re.compile(r"\d{1,9}(\.\d{1,9})?")
_CALLED = re.compile(r"^-?\s*([A-Z][A-Z .'-]{1,30}):\s+")
_DO = 'write it as SRT, WebVTT or {"version": 1, "words": [{"text", "start", "end"}]}, or remove it'


@dataclass(frozen=True, slots=True)
class WrittenWord:
    """A word of a sidecar, on the clip's clock."""

    text: str
    start: Fraction
    end: Fraction
    speaker: str = ""
    spread: bool = False
    """Whether its times were estimated from a cue's."""


@dataclass(frozen=True, slots=True)
class _Cue:
    span: Span
    lines: tuple[str, ...]


def read_sidecar(path: Path, speech: Sequence[tuple[Fraction, Fraction]] = ()) -> list[WrittenWord]:
    """The words of a sidecar in the order of the file.

    `speech`: where somebody speaks, clip's clock; words of a cue are put there. Raises FootageError
    (SCHEMA) that says which line or entry is wrong.
    """
    text = _text(path)
    if path.suffix.lower() == ".json":
        words = _from_json(text, speech)
    else:
        words = _from_cues(text, path.suffix.lower() == ".vtt", speech)
    if not words:
        raise _wrong("holds no words")
    if len(words) > MOST_WORDS:
        raise _wrong(f"holds {len(words)} words, more than can be said in a day")
    return words


def _wrong(what: str) -> FootageError:
    return FootageError(what, Code.SCHEMA, _DO)


def too_long(size: int) -> FootageError:
    """The refusal of a sidecar of so many bytes."""
    mb, most = size / 2**20, MAX_BYTES >> 20
    return FootageError(
        f"has {mb:.0f} MB; a sidecar has at most {most}", Code.MEMORY, "split it, or remove it"
    )


def _text(path: Path) -> str:
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise too_long(size)
    data = path.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig"] if path.suffix.lower() != ".srt" else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _wrong("is not text in UTF-8")


def is_transcript(data: bytes) -> bool:
    """Whether a JSON file holds words: other programs leave settings beside clips."""
    try:
        found = _loaded(data)
    except FootageError:
        return False
    return isinstance(found, dict) and any(
        isinstance(found.get(key), list) for key in ("words", "segments")
    )


def _loaded(text: str | bytes) -> Any:
    data = text.encode() if isinstance(text, str) else text
    if data.count(b"{") + data.count(b"[") > MOST_ENTRIES:
        raise _wrong("holds far more entries than words can have")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _wrong(f"is not JSON: {error}") from error


def _from_json(text: str, speech: Sequence[tuple[Fraction, Fraction]]) -> list[WrittenWord]:
    plain = _loaded(text)
    if not isinstance(plain, dict):
        raise _wrong("is a JSON file without an object in it")
    if plain.get("version", 1) != 1:
        raise _wrong(f"has version {plain['version']!r}; version 1 is read")
    speaker = plain.get("speaker", "")
    if isinstance(plain.get("words"), list):
        return [_word(e, f"words[{n}]", speaker) for n, e in enumerate(plain["words"])]
    if not isinstance(plain.get("segments"), list):
        raise _wrong('has no list "words"')
    words = []
    for number, segment in enumerate(plain["segments"]):  # as Whisper and its kin write them
        where = f"segments[{number}]"
        if isinstance(segment, dict) and isinstance(segment.get("words"), list):
            who = segment.get("speaker", speaker)
            words += [_word(e, f"{where}.words[{n}]", who) for n, e in enumerate(segment["words"])]
        else:
            said = _word(segment, where, speaker)
            words += _spoken(said.text, Span(said.start, said.end), said.speaker, speech)
    return words


def _word(entry: Any, where: str, speaker: Any) -> WrittenWord:
    if not isinstance(entry, dict):
        raise _wrong(f"{where} is {type(entry).__name__}, not an object")
    said = entry.get("text", entry.get("word"))
    if not isinstance(said, str) or not said.strip():
        raise _wrong(f"{where} has no text")
    start, end = _second(entry, "start", where), _second(entry, "end", where)
    if end <= start:
        raise _wrong(f"{where} {said[:30]!r} ends at {end}, not after its start {start}")
    who = str(entry.get("speaker", speaker) or "")
    return WrittenWord(" ".join(said.split()), start, end, who)


def _second(entry: dict[str, Any], key: str, where: str) -> Fraction:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _wrong(f"{where}.{key} is {value!r}; a number of seconds was expected")
    if isinstance(value, str) and not _SECONDS.fullmatch(value.strip()):
        raise _wrong(f"{where}.{key} is {value[:40]!r}; a number of seconds was expected")
    try:
        found = exact(value) if isinstance(value, float) else Fraction(value)
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        raise _wrong(f"{where}.{key} is {value!r}; a number of seconds was expected") from error
    if not 0 <= found < 10**7:
        raise _wrong(f"{where}.{key} is {value}; seconds from the clip's start were expected")
    return found


def _clock(text: str) -> Fraction:
    whole, rest = re.split("[.,]", text)
    seconds = Fraction(0)
    for part in whole.split(":"):
        seconds = seconds * 60 + int(part)
    return seconds + Fraction(int(rest), 10 ** len(rest))


def _cues(text: str, vtt: bool) -> list[_Cue]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if vtt and not lines[0].startswith("WEBVTT"):
        raise _wrong("does not begin with WEBVTT")
    cues: list[_Cue] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if "-->" not in line:
            continue
        match = _TIMING.match(line)
        if not match:
            raise _wrong(f"line {number} is no cue timing: {line.strip()[:60]!r}")
        span = Span(_clock(match[1]), _clock(match[2]))
        if span.duration <= 0:
            raise _wrong(f"line {number}: the cue ends before it starts")
        said = []
        while number < len(lines) and lines[number].strip() and "-->" not in lines[number]:
            said.append(lines[number])
            number += 1
        cues.append(_Cue(span, tuple(said)))
    return cues


def _from_cues(
    text: str, vtt: bool, speech: Sequence[tuple[Fraction, Fraction]]
) -> list[WrittenWord]:
    cues = _cues(text, vtt)
    rolling = any(_STAMP.search(line) for cue in cues for line in cue.lines)
    words: list[WrittenWord] = []
    shown: list[str] = []
    for cue in cues:
        speaker, kept = "", []
        for line in cue.lines:
            plain = _said(line)
            if rolling and not _STAMP.search(line) and plain in shown[-2:]:
                continue  # machine captions roll: the old line stands above the new one
            if voice := _VOICE.search(line):
                speaker = voice[1].strip()
            called = _CALLED.match(_TAG.sub("", line))
            if called and not speaker:
                speaker = called[1].strip().title()
            kept.append(line)
            shown.append(plain)
        words += _spoken(" ".join(kept), cue.span, speaker, speech)
    return words


def _said(marked: str) -> str:
    plain = _SOUND.sub(" ", _TAG.sub("", marked))
    return " ".join(_CALLED.sub("", plain).split())


def _spoken(
    marked: str, span: Span, speaker: str, speech: Sequence[tuple[Fraction, Fraction]]
) -> list[WrittenWord]:
    """The words of one cue: from stamp to stamp, spread in between."""
    if len(marked) > MOST_SAID:
        raise _wrong(f"the cue at {float(span.start):.3f} s holds {len(marked)} characters")
    parts = _STAMP.split(marked)
    stamps = [
        span.start,
        *(min(max(_clock(s), span.start), span.end) for s in parts[1::2]),
        span.end,
    ]
    words = []
    for number, part in enumerate(parts[::2]):
        tokens = _said(part).split()
        piece = Span(stamps[number], stamps[number + 1])
        if tokens and piece.duration <= 0:
            raise _wrong(f"the cue at {float(span.start):.3f} s has word times that run backwards")
        timed = len(parts) > 1 and len(tokens) == 1
        spans = [piece] if timed else spread([len(t) for t in tokens], piece, speech)
        words += [
            WrittenWord(t, s.start, s.end, speaker, spread=not timed)
            for t, s in zip(tokens, spans, strict=True)
        ]
    return words


def spread(
    lengths: Sequence[int], cue: Span, speech: Sequence[tuple[Fraction, Fraction]]
) -> list[Span]:
    """A span for each word of a cue, by the number of its letters, inside the speech of the cue.

    Where the voice activity covers less than three tenths of the cue, it is not believed, and the
    whole cue is used. Spans do not overlap and lie in the cue.
    """
    heard = [
        Span(max(Fraction(a), cue.start), min(Fraction(b), cue.end))
        for a, b in sorted(speech)
        if a < cue.end and b > cue.start
    ]
    if sum((s.duration for s in heard), Fraction(0)) * 10 < cue.duration * 3:
        heard = [cue]
    total = sum((s.duration for s in heard), Fraction(0))
    letters = sum(lengths) + len(lengths)  # a word costs a letter more than it has
    spans, done = [], Fraction(0)
    for length in lengths:
        share = total * (length + 1) / letters
        spans.append(Span(_at(heard, done, late=True), _at(heard, done + share, late=False)))
        done += share
    return spans


def _at(heard: Sequence[Span], offset: Fraction, late: bool) -> Fraction:
    """Where `offset` seconds of speech have passed; at a gap its end (`late`) or its beginning."""
    for span in heard:
        if offset < span.duration or (offset == span.duration and not late):
            return span.start + offset
        offset -= span.duration
    return heard[-1].end
