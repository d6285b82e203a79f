"""Who said what, when: words with times, lines, and which lines are tries of the same one.

What somebody wrote beside the clip wins; else the first engine of the plan that is here listens to
the stretches where somebody seems to speak.
"""

import hashlib
import importlib.metadata
import os
import wave
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from video_assets.foundation.buckets import Bucket, Root
from video_assets.foundation.errors import Code, FootageError, ModelUnavailable
from video_assets.foundation.progress import track
from video_assets.foundation.records import DeadLetter, FootageRow, Line, Soundtrack, Word
from video_assets.foundation.store import Workspace, digest_of, kept, kept_facts
from video_assets.foundation.workers import in_workers
from video_assets.library.failures import is_away, is_there, went_away
from video_assets.library.intake import as_found
from video_assets.library.retakes import grouped
from video_assets.library.sentences import flagged, lines_of, mended
from video_assets.library.sidecars import SUFFIXES, read_sidecar
from video_assets.library.staging import on_disk
from video_assets.models.transcribers import LONGEST, RATE, HeardWord, PocketSphinx

TRANSCRIPTS_VERSION = "1"
MARGIN = Fraction(1, 5)
"""Seconds that are listened to on either side of speech."""
JOIN = Fraction(1, 2)
"""Seconds of quiet below which two stretches are heard in one piece: context helps."""
_TICK = Fraction(1, 1000)

Heard = tuple[str, Fraction, Fraction, float]
"""Text, start, end, confidence."""


def transcribe(
    workspace: Workspace,
    root: Root,
    rows: Sequence[FootageRow],
    soundtracks: Sequence[Soundtrack],
    language: str,
    glossary: Sequence[tuple[str, Sequence[str]]],
    plan_engines: Sequence[str],
) -> tuple[list[Word], list[Line], list[DeadLetter]]:
    """Words, lines and what could not be read, by clip path and time.

    `root`: the footage folder. `glossary`: (right word, what is heard instead). `plan_engines`: in
    the plan's order, of sidecar, whisperx and pocketsphinx; a bad sidecar falls back to the next.
    Every word says its engine in `source`.
    """
    clips = sorted((r for r in rows if r.role in ("clip", "sound")), key=lambda r: r.path)
    sounds = {s.clip_id: s for s in soundtracks}
    written, dead = _read_sidecars(workspace, root, rows, clips, sounds, language)
    if "sidecar" not in plan_engines:
        written = {}
    waiting = [
        (row, sounds[row.clip_id])
        for row in clips
        if row.clip_id not in written and row.clip_id in sounds and sounds[row.clip_id].speech
    ]
    heard, unheard = _listen(workspace, waiting, language, plan_engines)
    dead += unheard
    words: list[Word] = []
    lines: list[Line] = []
    for row in clips:
        found = written.get(row.clip_id) or heard.get(row.clip_id)
        if not found:
            continue
        end = row.duration or sounds[row.clip_id].duration
        tidy = mended(in_order(found, end), glossary)
        tidy = [flagged(w) for w in tidy]
        words += tidy
        lines += lines_of(tidy)
    paths = {row.clip_id: row.path for row in clips}
    return words, grouped(lines, paths), sorted(dead, key=lambda d: (d.path, d.code))


def in_order(words: Sequence[Word], duration: Fraction) -> list[Word]:
    """The words by time, none beyond the clip's end, none before the one before has ended.

    `duration`: seconds of the clip; 0 where it is not known. Words that begin later are left out.
    """
    out: list[Word] = []
    for word in sorted(words, key=lambda w: (w.start, w.end)):
        start = max(word.start, Fraction(0))
        end = min(word.end, duration) if duration > 0 else word.end
        if out and start < out[-1].end:
            before = out[-1]
            start = max(start, before.start + _TICK)
            out[-1] = replace(before, end=min(before.end, start))
        if end - start < _TICK:
            continue
        out.append(replace(word, start=start, end=end, number=len(out)))
    return out


def _read_sidecars(
    workspace: Workspace,
    root: Root,
    rows: Sequence[FootageRow],
    clips: Sequence[FootageRow],
    sounds: Mapping[str, Soundtrack],
    language: str,
) -> tuple[dict[str, list[Word]], list[DeadLetter]]:
    """Words by clip_id of the clips that have a good sidecar, the best of several."""
    by_path = {row.path: row for row in clips}
    speaks_for = {row.path: row for row in rows if row.role == "duplicate"}
    by_id = {row.clip_id: row for row in clips}
    written: dict[str, list[Word]] = {}
    dead: list[DeadLetter] = []
    sidecars = [r for r in rows if r.role == "sidecar" and _suffix(r) in SUFFIXES]
    for row in sorted(sidecars, key=lambda r: (SUFFIXES.index(_suffix(r)), r.path)):
        clip = by_path.get(row.of)
        if clip is None and row.of in speaks_for:
            clip = by_id.get(speaks_for[row.of].clip_id)
        if clip is None or clip.clip_id in written or _other_language(row, language):
            continue
        try:
            file = _text_of(workspace, root, row)
            written[clip.clip_id] = _written(file, clip, sounds.get(clip.clip_id))
        except FootageError as error:
            if is_away(root) or (isinstance(root, Bucket) and not is_there(root, row)):
                raise went_away(root, [row]) from error  # its words stay as they are
            dead.append(_dead(row.path, error, clip.clip_id))
        except OSError as error:
            if is_away(root):
                raise went_away(root, [row]) from error
            gone = FootageError(
                f"cannot be read ({error.strerror})", Code.SCHEMA, "check its rights and the disk"
            )
            dead.append(_dead(row.path, gone, clip.clip_id))
    return written, dead


def _text_of(workspace: Workspace, root: Root, row: FootageRow) -> Path:
    """A sidecar's file; where it is missing, the copy that was kept when it was read first.

    A missing file keeps its row until a second look, and its words with it: else its clip would be
    transcribed by ear meanwhile.
    """
    place = workspace.clip(row.clip_id) / "text"
    copy = place / f"sidecar{_suffix(row)}"
    there = bool(row.clip_id) and kept_facts(place) is not None and copy.is_file()
    if isinstance(root, Bucket):
        if not there:
            with on_disk(root, row) as fetched:
                _keep(copy, fetched.read_bytes())
        return copy
    file = _on_disk(root, row.path)
    try:
        data = file.read_bytes()
    except OSError:
        return copy if there else file
    if row.clip_id and hashlib.sha256(data).hexdigest().startswith(row.clip_id):
        _keep(copy, data)
    return file


def _keep(copy: Path, data: bytes) -> None:
    def write(draft: Path) -> dict[str, int]:
        (draft / copy.name).write_bytes(data)
        return {"size": len(data)}

    kept(copy.parent, write)


def _on_disk(root: Path, path: str) -> Path:
    """Where a path of a row lies; names that are no UTF-8 are shown with escapes there."""
    return root / os.fsdecode(as_found(path))


def _suffix(row: FootageRow) -> str:
    return PurePosixPath(row.path).suffix.lower()


_THREE = {"eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "ita": "it"}
_THREE |= {
    "por": "pt",
    "nld": "nl",
    "dut": "nl",
    "pol": "pl",
    "swe": "sv",
    "jpn": "ja",
    "zho": "zh",
}


def _other_language(row: FootageRow, language: str) -> bool:
    """`clip.fr.srt` is French, a translation perhaps; without a mark it speaks as the clip does."""
    stem = PurePosixPath(row.path).with_suffix("")
    if str(stem) == row.of:
        return False  # clip.ts.srt: the clip's own ending, no mark
    mark = stem.suffix[1:].lower().split("-")[0]
    mark = _THREE.get(mark, mark)
    return len(mark) == 2 and mark.isalpha() and mark != language.lower().split("-")[0]


def _written(path: Path, clip: FootageRow, sound: Soundtrack | None) -> list[Word]:
    found = read_sidecar(path, sound.speech if sound else ())
    if clip.duration > 0 and all(w.start >= clip.duration for w in found):
        raise FootageError(
            f"its first word is at {float(found[0].start):.2f} s, but the clip ends at "
            f"{float(clip.duration):.2f} s",
            Code.SCHEMA,
            "it belongs to another clip, or does not count from the clip's start",
        )
    return [
        Word(
            clip.clip_id,
            number,
            w.text,
            w.start,
            w.end,
            speaker=w.speaker,
            source="sidecar",
            flags="spread" if w.spread else "",
        )
        for number, w in enumerate(found)
    ]


def _dead(path: str, error: FootageError, clip_id: str) -> DeadLetter:
    return DeadLetter(
        path=path,
        step="transcripts",
        code=int(error.code),
        family=error.code.family,
        what=error.what,
        do=error.do,
        clip_id=clip_id,
        retryable=error.code.retryable,
        stderr_tail=error.stderr_tail,
    )


def _listen(
    workspace: Workspace,
    waiting: Sequence[tuple[FootageRow, Soundtrack]],
    language: str,
    plan_engines: Sequence[str],
) -> tuple[dict[str, list[Word]], list[DeadLetter]]:
    """Words by clip_id, from the first engine of the plan that is here."""
    english = language.lower().split("-")[0] == "en"
    missing: list[str] = []
    for engine in plan_engines:
        if not waiting or engine == "sidecar":
            continue
        if engine == "pocketsphinx" and not english:
            missing.append(f"pocketsphinx hears English only, not {language!r}")
        elif engine == "pocketsphinx":
            return _heard_by_sphinx(workspace, waiting)
        elif engine == "whisperx":
            try:
                return _heard_by_whisperx(workspace, waiting, language)
            except ModelUnavailable as error:
                missing.append(str(error))
        else:
            missing.append(f"{engine} is no engine that listens")
    reason = "; ".join(missing) or "the plan names no engine that listens"
    nobody = FootageError(
        f"somebody speaks, but nobody writes it down: {reason}",
        Code.LANGUAGE,
        "put a sidecar (.srt, .vtt, .json) with its words beside the clip, or install an engine",
    )
    return {}, [_dead(row.path, nobody, row.clip_id) for row, _ in waiting]


def _as_words(clip_id: str, facts: Iterable[Sequence[Any]], source: str) -> list[Word]:
    return [
        Word(clip_id, n, text, Fraction(start), Fraction(end), confidence=sure, source=source)
        for n, (text, start, end, sure) in enumerate(facts)
    ]


def _heard_by_sphinx(
    workspace: Workspace, waiting: Sequence[tuple[FootageRow, Soundtrack]]
) -> tuple[dict[str, list[Word]], list[DeadLetter]]:
    version = importlib.metadata.version("pocketsphinx")
    heard: dict[str, list[Word]] = {}
    dead: list[DeadLetter] = []
    todo: list[tuple[FootageRow, Soundtrack, Path]] = []
    for row, sound in waiting:
        digest = digest_of([TRANSCRIPTS_VERSION, version, sound.speech, sound.wav])
        folder = workspace.clip(row.clip_id) / f"words-{digest[:16]}"
        facts = kept_facts(folder)
        if facts is None:
            todo.append((row, sound, folder))
        else:
            heard[row.clip_id] = _as_words(row.clip_id, facts[0], "pocketsphinx")
    seconds = [float(sum(b - a for a, b in sound.speech)) for _, sound, _ in todo]
    tasks = [(workspace.root / sound.wav, sound.speech) for _, sound, _ in todo]
    limits = [120 + 20 * s for s in seconds]  # 0.25 of real time alone, far more on a busy machine
    with track("listening", sum(seconds)) as progress:
        for number, result in in_workers(hear, tasks, limits):
            row, _, folder = todo[number]
            if isinstance(result, FootageError):
                dead.append(_dead(row.path, result, row.clip_id))
            elif isinstance(result, Exception):
                raise result
            else:
                facts = kept(folder, partial(_as_is, result))
                heard[row.clip_id] = _as_words(row.clip_id, facts, "pocketsphinx")
            progress.advance(seconds[number], row.path)
    return heard, dead


def _as_is(found: list[Heard], _: Path) -> list[Heard]:
    return found


def _heard_by_whisperx(
    workspace: Workspace, waiting: Sequence[tuple[FootageRow, Soundtrack]], language: str
) -> tuple[dict[str, list[Word]], list[DeadLetter]]:
    from video_assets.models.whisperx_engine import WhisperX

    engine = WhisperX(language=language.lower().split("-")[0])
    heard: dict[str, list[Word]] = {}
    with track("listening", len(waiting)) as progress:
        for row, sound in waiting:
            digest = digest_of([TRANSCRIPTS_VERSION, engine.version, sound.wav])

            def write(_: Path, sound: Soundtrack = sound) -> list[Heard]:
                return _plain(engine.words(samples_of(workspace.root / sound.wav)), Fraction(0))

            facts = kept(workspace.clip(row.clip_id) / f"words-{digest[:16]}", write)
            heard[row.clip_id] = _as_words(row.clip_id, facts, "whisperx")
            progress.advance(1, row.path)
    return heard, []


def _plain(words: Iterable[HeardWord], offset: Fraction) -> list[Heard]:
    return [(w.text, w.start + offset, w.end + offset, w.confidence) for w in words]


def samples_of(wav: Path) -> np.ndarray:
    """float32 mono samples, -1..1, of a 16 kHz 16-bit WAV; sample 0 is the clip's second 0."""
    with wave.open(str(wav), "rb") as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE, 1, 2):
            raise FootageError(
                f"{wav.name} is no 16 kHz mono 16-bit WAV",
                Code.SCHEMA,
                "run again; it is made anew",
            )
        data = file.readframes(file.getnframes())
    return np.frombuffer(data, "<i2").astype(np.float32) / 32768.0


_SPHINX: list[PocketSphinx] = []


def hear(wav: Path, speech: Sequence[tuple[Fraction, Fraction]]) -> list[Heard]:
    """The words of one clip in a worker process; the model stays loaded for the next clip."""
    if not _SPHINX:
        _SPHINX.append(PocketSphinx())
    samples = samples_of(wav)
    out: list[Heard] = []
    for first, last in pieces(samples, speech):
        out += _plain(_SPHINX[0].words(samples[first:last]), Fraction(first, RATE))
    return out


def pieces(
    samples: np.ndarray, speech: Sequence[tuple[Fraction, Fraction]]
) -> list[tuple[int, int]]:
    """Sample spans to listen to: the speech with its margins, each at most 30 s.

    Longer stretches are parted where it is quietest in their second half.
    """
    merged: list[list[Fraction]] = []
    length = Fraction(len(samples), RATE)
    for start, end in sorted(speech):
        a, b = max(Fraction(0), start - MARGIN), min(length, end + MARGIN)
        if b <= a:
            continue
        if merged and a - merged[-1][1] < JOIN:
            merged[-1][1] = max(merged[-1][1], b)
        else:
            merged.append([a, b])
    out = []
    for a, b in merged:
        first, last = int(a * RATE), int(b * RATE)
        while last - first > LONGEST * RATE:
            cut = _quietest(samples, first + LONGEST * RATE // 2, first + LONGEST * RATE)
            out.append((first, cut))
            first = cut
        out.append((first, last))
    return out


def _quietest(samples: np.ndarray, first: int, last: int) -> int:
    """The middle of the quietest 0.2 s between two samples."""
    width = RATE // 5
    power = np.cumsum(np.square(samples[first:last].astype(np.float64)))
    return first + int(np.argmin(power[width:] - power[:-width])) + width // 2
