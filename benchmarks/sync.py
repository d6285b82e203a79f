"""Dual-system sound: are pairs found, how exactly, and is what does not belong together refused?

`python -m benchmarks.sync [--recorders 24] [--clips 12] [--minutes 4] [--long 1] [--seed 1]
[--folder DIR]` prints one JSON line. Every recorder takes a scene of its own with a clock that
drifts by 0 to 100 ppm; clips of 10 s to 20 min are taken of it across a room (RT60 0.5 s) by other
microphones, at SNRs of 20 down to -10 dB; some begin before the recorder does. All clips are held
against all recorders, beside planted traps. With `VIDEO_ASSETS_CORPUS` the voices are recordings.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cost import commit, machine
from video_assets.foundation.records import FootageRow, Soundtrack, SyncedSound
from video_assets.library import sync
from video_assets.library.envelopes import Search, Sound, envelope_of
from video_assets.library.soundtracks import LevelMeter, speech_spans
from video_assets_tests.truth import scenes
from video_assets_tests.truth.scenes import RATE

DRIFTS = (0, 5, -5, 20, -20, 40, -40, 100, -100)
"""ppm."""
SNRS = (20, 10, 5, 0, -5, -10)
"""dB, at the camera."""
LENGTHS = (10, 15, 20, 30, 45, 60, 90, 120)
"""Seconds of clips."""
LONG = (300, 1200)
"""Seconds of clips taken of recorder files of an hour, beside the others."""
BEFORE = 4.0
"""Seconds that some clips begin before their recorder."""


@dataclass(frozen=True)
class Take:
    """What is true of a clip."""

    recorder: str
    start: float
    """Seconds of the scene at which it begins; the recorder begins at 0."""
    length: float
    snr: float
    ppm: float


@dataclass
class Library:
    """A made library and its truth."""

    root: Path
    rows: list[FootageRow] = field(default_factory=list)
    tracks: list[Soundtrack] = field(default_factory=list)
    takes: dict[str, Take] = field(default_factory=dict)
    traps: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Kind and recorder of clips that no recorder belongs to."""
    hours: float = 0.0
    """Of recorders."""

    def add(self, name: str, role: str, sound: np.ndarray) -> None:
        """As the analysis leaves it."""
        wav = f"clips/{name}/analysis-1/sound.wav"
        scenes.write(self.root / wav, sound)
        meter = LevelMeter()
        with Sound(self.root / wav) as file:
            for first in range(0, file.length, 60 * RATE):
                count = min(60 * RATE, file.length - first)
                meter.hear(file.samples(first, count).astype(np.int16))
        spoken = speech_spans(meter.finish())
        length = Fraction(len(sound), RATE)
        self.rows.append(FootageRow(f"{name}.x", role, 1, 1, clip_id=name))
        self.tracks.append(Soundtrack(name, length, Fraction(0), wav, -23, -3, 20, spoken))
        if role == "sound":
            self.hours += float(length) / 3600


def made(root: Path, recorders: int, clips: int, minutes: float, long: int, seed: int) -> Library:
    """Recorders, the clips of each, and the traps."""
    library = Library(root)
    for i in range(recorders):
        rng = np.random.default_rng([seed, i])
        seconds, ppm = (3600.0 if i < long else minutes * 60), DRIFTS[(i * 2 + 7) % len(DRIFTS)]
        scene = scenes.talk(rng, seconds)
        library.add(f"r{i:03}", "sound", scenes.lavalier(rng, scene, ppm))
        for j in range(clips + (len(LONG) if i < long else 0)):
            length = float(LONG[j - clips] if j >= clips else LENGTHS[j % len(LENGTHS)])
            snr = SNRS[(i + j) % len(SNRS)]
            start = -BEFORE if j == clips - 1 else rng.uniform(0, seconds - length)
            at, until = round(max(0, start) * RATE), round((start + length) * RATE)
            ahead = scenes.talk(rng, -start) if start < 0 else np.zeros(0, np.float32)
            heard = np.concatenate([ahead, scene[at:until]])
            start = -len(ahead) / RATE if start < 0 else at / RATE
            name = f"c{i:03}-{j:02}"
            library.add(name, "clip", scenes.camera(rng, heard, snr, (3, 0, -3)[j % 3]))
            library.takes[name] = Take(f"r{i:03}", start, length, snr, ppm)
    for k in range(max(1, recorders // 6)):
        _traps(library, np.random.default_rng([seed, 10_000 + k]), k)
    return library


def _traps(library: Library, rng: np.random.Generator, k: int) -> None:
    """Pairs of a clip and a recorder that have something in common and do not belong together."""
    one, two = scenes.talk(rng, 60, 0), scenes.talk(rng, 60, 1)
    song, t = scenes.song(rng, 60), np.arange(60 * RATE) / RATE
    hum = np.zeros(len(t), np.float32)
    for h in range(1, 60):
        hum += 0.1 * np.sin(2 * np.pi * 50 * h * t).astype(np.float32) / h
    bar = np.tile(scenes.song(rng, 2), 30)
    message = one[40 * RATE : 45 * RATE]
    kinds = {
        "two cameras, two scenes": (one, two),
        "hum": (one + hum, two + hum),
        "only hum": (hum, hum),
        "loop": (one / 4 + bar, two / 4 + bar),
        "spoken twice": (one[: 20 * RATE], np.concatenate([one, one])),
        "silence": (np.zeros_like(one), two),
        "a message in both": (_with(one[: 15 * RATE], message), _with(two, message)),
        "song below two takes": (one + song / 2, two + song / 2),
        "song in two takes": (one + song, two + song),
        "song above two takes": (one + 2 * song, two + 2 * song),
        "song, recorder hears nobody": (one + song / 2, song),
        "loud song, recorder hears nobody": (one + song, song),
    }
    for n, (kind, (heard, taken)) in enumerate(kinds.items()):
        clip, recorder = f"x{k:02}-{n:02}", f"y{k:02}-{n:02}"
        library.add(clip, "clip", scenes.camera(rng, heard, 25) if heard.any() else heard)
        library.add(recorder, "sound", scenes.lavalier(rng, taken))
        library.traps[clip] = (kind, recorder)


def _with(sound: np.ndarray, message: np.ndarray) -> np.ndarray:
    """A message played over the fourth to ninth second of it."""
    first = 4 * RATE
    return np.concatenate([sound[:first], message, sound[first + len(message) :]])


def off_ms(pair: SyncedSound, take: Take) -> float:
    """How far the recorder's sound lies from the clip's, at worst, at start, middle and end."""
    drift = 1 + pair.drift * 1e-6
    first, last = float(pair.start), float(pair.end)
    return max(
        abs(float(pair.offset) + t * drift - (take.start + t) * (1 + take.ppm * 1e-6)) * 1000
        for t in (first, (first + last) / 2, last)
    )


def judged(library: Library, found: Sequence[SyncedSound]) -> dict[str, Any]:
    """The figures."""
    true = {p.clip_id: p for p in found if _right(library, p)}
    wrong = [p for p in found if not _right(library, p)]
    recorders = sum(row.role == "sound" for row in library.rows)
    pairs = (len(library.takes) + len(library.traps)) * recorders - len(library.takes)
    of_snr: dict[str, dict[str, Any]] = {}
    of_kind: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for clip, (kind, recorder) in library.traps.items():
        of_kind[kind][1] += 1
        of_kind[kind][0] += any((p.clip_id, p.recorder_id) == (clip, recorder) for p in wrong)
    for snr in SNRS:
        names = [name for name, take in library.takes.items() if take.snr == snr]
        got = [(true[name], library.takes[name]) for name in names if name in true]
        sure = [(p, t) for p, t in got if p.drift_error <= 2]
        of_snr[str(snr)] = {
            "pairs": len(names),
            "found": len(got),
            "worst_off_ms": round(max((off_ms(p, t) for p, t in got), default=0.0), 3),
            "drift_known": len(sure),
            "worst_drift_off_ppm": round(
                max((abs(p.drift - t.ppm) for p, t in sure), default=0), 3
            ),
            "least_z": min((p.z for p, _ in got), default=0.0),
            "most_second": max((p.second for p, _ in got), default=0.0),
        }
    known = defaultdict(list)
    for name, pair in true.items():
        known[library.takes[name].length].append(pair.drift_error <= 2)
    return {
        "by_snr_db": of_snr,
        "drift_known_by_length_s": {
            f"{length:.0f}": f"{sum(k)} of {len(k)}" for length, k in sorted(known.items())
        },
        "missed": [
            f"{name}: {t.length:.0f} s, {t.snr} dB, {t.ppm} ppm"
            for name, t in library.takes.items()
            if name not in true
        ],
        "wrong_pairs": pairs,
        "wrong_accepted": [f"{p.clip_id} {p.recorder_id} z {p.z}" for p in wrong],
        "wrong_accepted_at_most": round(3 / pairs, 6) if not wrong else None,
        "traps_accepted": {kind: f"{a} of {b}" for kind, (a, b) in of_kind.items()},
    }


def _right(library: Library, pair: SyncedSound) -> bool:
    take = library.takes.get(pair.clip_id)
    return take is not None and take.recorder == pair.recorder_id


def costs(library: Library) -> tuple[list[SyncedSound], dict[str, Any]]:
    """What is found, and what it costs: envelopes, search, and the exact look at the rest."""
    began = time.process_time()
    tables = {t.clip_id: envelope_of(library.root, t.wav) for t in library.tracks}
    envelopes = time.process_time() - began
    hours = sum(float(t.duration) for t in library.tracks) / 3600
    search, looked = 0.0, 0.0
    recorders = [row.clip_id for row in library.rows if row.role == "sound"]
    pairs = len(recorders) * (len(library.rows) - len(recorders))
    some = [sync._wanted(tables[name]) for name in list(library.takes)[:100]]
    for name in recorders[:10]:
        began = time.process_time()
        ready = Search(tables[name])
        for wanted in some:
            sync._places(ready, wanted)
        search += time.process_time() - began
        looked += len(some) * len(tables[name]) / 25 / 3600
    began = time.process_time()
    found = sync.synced(library.root, library.rows, library.tracks)
    every = time.process_time() - began
    began = time.process_time()
    again = sync.synced(library.root, library.rows, library.tracks)
    return found, {
        "envelope_cpu_s_an_hour_of_sound": round(envelopes / hours, 3),
        "search_cpu_ms_a_clip_and_hour_of_recorder": round(1000 * search / looked, 3),
        "all_cpu_s": round(every, 2),
        "cpu_ms_a_pair": round(1000 * every / pairs, 3),
        "cpu_s_an_hour_of_recorder": round(every / library.hours, 2),
        "again_cpu_s": round(time.process_time() - began, 3),
        "again_the_same": found == again,
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }  # fmt: skip


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.sync", description=__doc__)
    parser.add_argument("--recorders", type=int, default=24, help="recorder files (24)")
    parser.add_argument("--clips", type=int, default=12, help="clips of each (12)")
    parser.add_argument("--minutes", type=float, default=4, help="length of a recorder file (4)")
    parser.add_argument("--long", type=int, default=1, help="of them an hour long (1)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where to make it (a temporary one)")
    given = parser.parse_args()
    if min(given.recorders, given.clips) < 1 or given.minutes * 60 <= max(LENGTHS):
        parser.error(f"a recorder, a clip, and more than {max(LENGTHS)} s of each are needed")
    with tempfile.TemporaryDirectory() as scratch:
        root = given.folder or Path(scratch)
        library = made(root, given.recorders, given.clips, given.minutes, given.long, given.seed)
        found, cost = costs(library)
        figures = judged(library, found)
    print(json.dumps({
        "benchmark": "sync",
        **figures,
        "cost": cost,
        "recorders": sum(row.role == "sound" for row in library.rows),
        "recorder_hours": round(library.hours, 3),
        "clips": sum(row.role == "clip" for row in library.rows),
        "voices": "recorded" if os.environ.get("VIDEO_ASSETS_CORPUS") else "drawn",
        "seed": given.seed,
        "commit": commit(Path(__file__).parents[1]),
        "machine": machine(),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
