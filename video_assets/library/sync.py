"""Dual-system sound: which recorder heard which camera's clip, and how their clocks lie.

Every recorder's file is held against every clip: roughly on envelopes first (a millisecond for an
hour of recorder), exactly where those see something. Names, dates and timecode are not asked, they
lie too often. A lavalier and a boom may both belong to a clip, and one long file to many clips.
Music that repeats, or that was played in two takes, makes no pair; nor does sound in which the
recorder hears nobody speak, because nothing could be gained by it.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from video_assets.foundation.progress import track as progress
from video_assets.foundation.records import FootageRow, Soundtrack, SyncedSound, Word
from video_assets.foundation.store import digest_of, kept, kept_facts
from video_assets.library.alignment import Alignment, aligned
from video_assets.library.envelopes import (
    ENVELOPE_VERSION,
    LEVEL,
    PER_SECOND,
    Place,
    Query,
    Search,
    Sound,
    best_places,
    envelope_of,
    queries,
    spectrum_of,
)

SYNC_VERSION = "1"
"""Goes up when the same two files may give another answer: every pair is then tried again."""
AT_ONCE = 128
"""Clips whose envelopes are looked for while one recorder's is in memory."""
HEARD = Fraction(4, 5)
"""Share of the seconds spoken in a span of a clip in which the recorder must hear speech, too."""
AROUND = 30
"""Seconds before and after a span in which its noise is looked for."""
Pairs = dict[str, dict[str, Any] | str]
"""What became of a recorder's pairs, by `_key` of the clip: an alignment, or why there is none."""


def synced(
    workspace_root: Path, rows: Sequence[FootageRow], tracks: Sequence[Soundtrack]
) -> list[SyncedSound]:
    """All pairs of a camera's clip and a recorder's file with the same sound, by both ids.

    `rows`: roles tell cameras (clip) from recorders (sound). `tracks`: their soundtracks; what has
    none is passed over. What became of a pair is kept with the recorder, below the data folder: a
    new clip costs its own pairs only. Raises FootageError where a WAV is gone or damaged.
    """
    roles = {row.clip_id: row.role for row in rows if row.role in ("clip", "sound")}
    mine = sorted((t for t in tracks if t.clip_id in roles), key=lambda t: t.clip_id)
    cameras = [t for t in mine if roles[t.clip_id] == "clip"]
    recorders = [t for t in mine if roles[t.clip_id] == "sound"]
    found = []
    with progress("matching recorders", float(len(cameras) * len(recorders))) as told:
        for first in range(0, len(cameras), AT_ONCE):
            some = cameras[first : first + AT_ONCE]
            wanted: dict[str, _Wanted] = {}
            for recorder in recorders:
                pairs = _pairs(workspace_root, recorder, some, wanted)
                for camera in some:
                    pair = pairs[_key(camera)]
                    if not isinstance(pair, str):
                        found.append(_record(camera, recorder, Alignment(**pair)))
                told.advance(len(some), recorder.clip_id)
    return sorted(found, key=lambda s: (s.clip_id, s.recorder_id))


def _record(camera: Soundtrack, recorder: Soundtrack, pair: Alignment) -> SyncedSound:
    def exact(seconds: float) -> Fraction:
        return Fraction(round(seconds * 1_000_000), 1_000_000)

    return SyncedSound(
        clip_id=camera.clip_id,
        recorder_id=recorder.clip_id,
        offset=exact(pair.offset),
        drift=round(pair.drift, 3),
        drift_error=round(pair.drift_error, 3),
        z=round(pair.z, 1),
        second=round(pair.second, 3),
        anchors=pair.anchors,
        spread=round(pair.spread * 1000, 3),
        start=exact(pair.start),
        end=exact(pair.end),
    )


@dataclass(frozen=True)
class _Wanted:
    """A clip's envelope as it is looked for."""

    length: int
    queries: list[tuple[Query, np.ndarray]]


def _wanted(table: np.ndarray) -> _Wanted:
    return _Wanted(len(table), [(query, spectrum_of(query)) for query in queries(table)])


def _pairs(
    root: Path, recorder: Soundtrack, cameras: Sequence[Soundtrack], wanted: dict[str, _Wanted]
) -> Pairs:
    """What is kept of a recorder, with these cameras in it; `wanted` fills with their queries."""
    pairs, old = _kept_pairs(root, recorder)
    missing = [camera for camera in cameras if _key(camera) not in pairs]
    if not missing:
        return pairs
    table = envelope_of(root, recorder.wav)
    search, own = Search(table), _wanted(table)
    for camera in missing:
        if camera.clip_id not in wanted:
            wanted[camera.clip_id] = _wanted(envelope_of(root, camera.wav))
        clip = wanted[camera.clip_id]
        if clip.length <= own.length:
            places = _places(search, clip)
        else:  # the shorter one is looked for in the longer one
            there = _places(Search(envelope_of(root, camera.wav)), own)
            places = [Place(-place.lag, place.score) for place in there]
        pairs[_key(camera)] = _judged(root, camera, recorder, table, places)
    _keep(root, recorder, pairs, old)
    return pairs


def _places(search: Search, wanted: _Wanted) -> list[Place]:
    def every() -> Iterator[Place]:
        for query, spectrum in wanted.queries:
            yield from search.places(query, spectrum)

    return best_places(list(every()))


def _judged(
    root: Path,
    camera: Soundtrack,
    recorder: Soundtrack,
    table: np.ndarray,
    places: Sequence[Place],
) -> dict[str, Any] | str:
    if not places:
        return ""
    with Sound(root / camera.wav) as clip, Sound(root / recorder.wav) as other:
        tables = (envelope_of(root, camera.wav), table)
        found = aligned(clip, other, tables, places)
    if isinstance(found, str):
        return found
    spoken = sum(
        max(
            0.0, min(float(b) - found.offset, found.end) - max(float(a) - found.offset, found.start)
        )
        for a, b in recorder.speech
    )
    if spoken < min(2.0, (found.end - found.start) / 5):
        return "the recorder hears nobody speak"
    return {name: getattr(found, name) for name in Alignment.__slots__}


def _key(camera: Soundtrack) -> str:
    """A clip in what is kept: its WAV's name holds the digests of its bytes and its analysis."""
    return digest_of(camera.wav)[:20]


def _folder(root: Path, recorder: Soundtrack) -> Path:
    """Where a recorder's pairs are kept, without the digest of which they are."""
    made_by = [SYNC_VERSION, ENVELOPE_VERSION, *(version(name) for name in ("numpy", "scipy"))]
    digest = digest_of([made_by, recorder.wav])
    return (root / recorder.wav).parent.with_name(f"sync-{digest[:16]}")


def _kept_pairs(root: Path, recorder: Soundtrack) -> tuple[Pairs, list[Path]]:
    """What is known of a recorder's pairs, and the folders that say so."""
    base = _folder(root, recorder)
    folders = sorted(base.parent.glob(f"{base.name}-*"))
    pairs: Pairs = {}
    for folder in folders:
        facts = kept_facts(folder)
        pairs.update(facts[0] if facts else {})
    return pairs, folders


def _keep(root: Path, recorder: Soundtrack, pairs: Pairs, old: Sequence[Path]) -> None:
    """One folder, named by which pairs it holds, in the place of those before it.

    One for each pair would be millions of files in a large library.
    """
    base = _folder(root, recorder)
    folder = base.with_name(f"{base.name}-{digest_of(sorted(pairs))[:16]}")
    kept(folder, lambda draft: pairs)
    for other in old:
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class SoundSource:
    """The file that a span's sound is taken from, and where in it."""

    clip_id: str
    """The recorder's, or the clip itself."""
    start: Fraction
    """Seconds on that file's clock at the start of the span."""
    pace: Fraction
    """Seconds of that file in a second of the clip: 1 and the drift."""
    snr: float
    """dB by which the span's sound stands above the quiet around it, 150-5000 Hz."""


def better_sound(
    workspace_root: Path,
    clip_id: str,
    start: Fraction,
    end: Fraction,
    pairs: Sequence[SyncedSound],
    tracks: Sequence[Soundtrack],
) -> SoundSource:
    """Where the sound of a span of a clip is best taken from.

    A recorder that covers the whole span, hears what is spoken in it and stands further above its
    noise than the clip itself; the best of several; the clip where there is none. `pairs`: what
    `synced` found. Raises ValueError where the clip has no soundtrack or the span no length.
    """
    of = {track.clip_id: track for track in tracks}
    if clip_id not in of:
        raise ValueError(f"clip {clip_id} has no soundtrack")
    if end <= start:
        raise ValueError(f"a span needs a length, not {start} to {end} s")
    own = of[clip_id]
    found = SoundSource(clip_id, start, Fraction(1), _snr(workspace_root, own, start, end))
    spoken = _overlap(own.speech, start, end)
    for pair in sorted(pairs, key=lambda p: p.recorder_id):
        covers = pair.clip_id == clip_id and pair.start <= start and end <= pair.end
        if not covers or pair.recorder_id not in of:
            continue
        recorder = of[pair.recorder_id]
        first, last = on_recorder(pair, start), on_recorder(pair, end)
        heard = _overlap(recorder.speech, first, last)
        if heard <= 0 or heard < spoken * HEARD:
            continue
        snr = _snr(workspace_root, recorder, first, last)
        if snr > found.snr:
            found = SoundSource(recorder.clip_id, first, _pace(pair), snr)
    return found


def _pace(pair: SyncedSound) -> Fraction:
    return 1 + Fraction(round(pair.drift * 1000), 1_000_000_000)


def on_recorder(pair: SyncedSound, time: Fraction) -> Fraction:
    """Seconds on the recorder's clock for a time on the clip's clock."""
    return pair.offset + time * _pace(pair)


def on_clip(pair: SyncedSound, time: Fraction) -> Fraction:
    """Seconds on the clip's clock for a time on the recorder's: of a word that it heard, say."""
    return (time - pair.offset) / _pace(pair)


def words_on_clip(pair: SyncedSound, words: Sequence[Word]) -> list[Word]:
    """What a recorder heard while a clip ran, as the clip's words, on its clock.

    `words`: of the recorder's file. A word that is not wholly within the span that the recorder
    covers is left out.
    """
    found: list[Word] = []
    for word in words:
        start, end = on_clip(pair, word.start), on_clip(pair, word.end)
        if word.clip_id == pair.recorder_id and pair.start <= start and end <= pair.end:
            found.append(
                replace(word, clip_id=pair.clip_id, number=len(found), start=start, end=end)
            )
    return found


def _overlap(
    spans: Sequence[tuple[Fraction, Fraction]], start: Fraction, end: Fraction
) -> Fraction:
    """Seconds of `spans` that lie between `start` and `end`."""
    inside = (min(b, end) - max(a, start) for a, b in spans)
    return sum((length for length in inside if length > 0), Fraction(0))


def _snr(root: Path, track: Soundtrack, start: Fraction, end: Fraction) -> float:
    level = envelope_of(root, track.wav)[:, LEVEL].astype(np.float32)
    first, last = (round(float(time) * PER_SECOND) for time in (start, end))
    around = level[max(0, first - AROUND * PER_SECOND) : last + AROUND * PER_SECOND]
    inside = level[max(0, first) : max(first + 1, last)]
    if not len(inside):
        return 0.0
    return round(float(np.percentile(inside, 90) - np.percentile(around, 10)), 1)
