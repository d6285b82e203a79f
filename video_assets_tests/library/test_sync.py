"""Recorders and cameras: found where they belong together, to the millisecond; else refused."""

import json
import os
import random
import shutil
import tracemalloc
import wave
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from video_assets.foundation.errors import FootageError
from video_assets.foundation.records import (
    FootageRow,
    Soundtrack,
    Word,
    read_records,
    write_records,
)
from video_assets.foundation.records import SyncedSound as Synced
from video_assets.library.alignment import Alignment, aligned
from video_assets.library.envelopes import Place, Sound, envelope
from video_assets.library.sync import better_sound, on_clip, on_recorder, synced, words_on_clip
from video_assets_tests.truth import scenes
from video_assets_tests.truth.scenes import RATE


class Set:
    """A data folder into which clips and recorder files are put as the analysis leaves them."""

    def __init__(self, root):
        self.root = root
        self.rows, self.tracks = [], []

    def add(self, name, role, sound, speech=((0, 10_000),)):
        wav = f"clips/{name}/analysis-1/sound.wav"
        scenes.write(self.root / wav, sound)
        self.rows.append(FootageRow(f"{name}.x", role, 1, 1, clip_id=name))
        spans = tuple((Fraction(a), Fraction(b)) for a, b in speech)
        length = Fraction(len(sound), RATE)
        self.tracks.append(Soundtrack(name, length, Fraction(0), wav, -23.0, -3.0, 20.0, spans))

    def synced(self):
        return synced(self.root, self.rows, self.tracks)


@pytest.fixture
def stage(tmp_path):
    return Set(tmp_path)


def part(sound, start, end):
    """A stretch of it, seconds; silence before its beginning."""
    before = np.zeros(max(0, round(-start * RATE)), np.float32)
    return np.concatenate([before, sound[max(0, round(start * RATE)) : round(end * RATE)]])


def recorded_at(pair, time):
    """Seconds on the recorder's clock for a time of the clip."""
    return float(pair.offset + Fraction(time) * (1 + Fraction(pair.drift) / 1_000_000))


def off(pair, start, length, ppm=0.0, late=0.0):
    """By how many milliseconds the pair is off at worst: the clip shows `start` onward of a scene
    that the recorder, `late` seconds in, took with a clock `ppm` fast."""
    wanted = [(start + t - late) * (1 + ppm * 1e-6) for t in (0, length / 2, length)]
    return 1000 * max(
        abs(recorded_at(pair, t) - w)
        for t, w in zip((0, length / 2, length), wanted, strict=True)
        if pair.start <= t <= pair.end
    )


def test_one_recorder_file_covers_clips_of_two_cameras(stage):
    rng = np.random.default_rng(1)
    scene = scenes.talk(rng, 80, 0)
    stage.add("r", "sound", scenes.lavalier(rng, scene, 40))
    stage.add("long", "clip", scenes.camera(rng, part(scene, 15, 65), 0))
    stage.add("short", "clip", scenes.camera(rng, part(scene, 60, 72), 10))
    stage.add("other", "clip", scenes.camera(rng, scenes.talk(rng, 30, 1), 20))
    found = {pair.clip_id: pair for pair in stage.synced()}
    assert sorted(found) == ["long", "short"]
    assert off(found["long"], 15, 50, 40) < 5 and off(found["short"], 60, 12, 40) < 5
    assert found["long"].drift == pytest.approx(40, abs=2) and found["long"].drift_error <= 2
    assert found["short"].drift == 0 and found["short"].drift_error > 2  # too short to tell
    for pair in found.values():
        assert pair.z >= 15 and pair.second < 0.7 and 8 <= pair.anchors <= 16
        assert pair.start == 0 and pair.recorder_id == "r"
    assert found["long"].end == 50


def test_a_recorder_that_starts_within_a_clip_and_a_second_one(stage):
    rng = np.random.default_rng(2)
    scene = scenes.talk(rng, 92, 0)
    stage.add("clip", "clip", scenes.camera(rng, part(scene, 0, 60), 5))
    stage.add("lav", "sound", -scenes.lavalier(rng, part(scene, 28, 92)))  # wired wrongly
    stage.add("boom", "sound", scenes.camera(rng, part(scene, -3, 40), 20, 6))
    boom, lav = stage.synced()
    assert (boom.recorder_id, lav.recorder_id) == ("boom", "lav")
    assert off(lav, 0, 60, late=28) < 5 and off(boom, 0, 60, late=-3) < 5
    assert abs(lav.start - 28) < Fraction(1, 100) and lav.end == 60
    assert boom.start == 0 and abs(boom.end - 40) < Fraction(1, 100)


def apart(rng, kind):
    """What a camera hears, and what a recorder hears that does not belong to it."""
    one, two = scenes.talk(rng, 30, 0), scenes.talk(rng, 40, 1)
    if kind == "hum":
        t = np.arange(40 * RATE) / RATE
        hum = sum(np.sin(2 * np.pi * 50 * k * t) / k for k in range(1, 16)).astype(np.float32)
        hiss = rng.standard_normal((2, len(t))).astype(np.float32) * 0.01
        return (hum + hiss[0])[: 30 * RATE], hum + hiss[1]
    if kind == "loop":
        bar = np.tile(scenes.song(rng, 2), 20)
        return part(bar, 4.3, 34.3), bar
    if kind == "silence":
        return np.zeros(30 * RATE, np.float32), np.zeros(40 * RATE, np.float32)
    if kind == "played twice":
        return part(one, 0, 12), np.concatenate([one, one])
    return one, two


@pytest.mark.parametrize(("kind", "why"), [
    ("another scene", ""),
    ("hum", ""),
    ("silence", ""),
    ("loop", ""),
    ("played twice", "sound that repeats"),
])  # fmt: skip
def test_what_does_not_belong_together_is_refused(kind, why, stage):
    rng = np.random.default_rng(3)
    heard, taken = apart(rng, kind)
    if kind != "silence":
        heard, taken = scenes.camera(rng, heard, 20), scenes.lavalier(rng, taken)
    stage.add("clip", "clip", heard)
    stage.add("rec", "sound", taken)
    assert stage.synced() == []
    ((folder,),) = [list(stage.root.glob("clips/rec/sync-*"))]
    assert list(json.loads((folder / "manifest.json").read_text())["facts"].values()) == [why]


@pytest.mark.parametrize("case", ["the same take", "two takes", "song alone", "a message in both"])
def test_what_is_played_on_the_set_makes_no_pair(case, stage):
    rng = np.random.default_rng(7)
    one, two, song = scenes.talk(rng, 15, 0), scenes.talk(rng, 15, 1), scenes.song(rng, 15) / 2
    if case == "a message in both":
        heard, song = two, 0 * song
        heard[4 * RATE : 9 * RATE] = one[4 * RATE : 9 * RATE]
    else:
        heard = {"the same take": one + song, "two takes": two + song, "song alone": song}[case]
    stage.add("clip", "clip", scenes.camera(rng, one + song, 20))
    stage.add("rec", "sound", scenes.lavalier(rng, heard))
    clip, recorder = (Sound(stage.root / t.wav) for t in stage.tracks)
    with clip, recorder:
        tables = envelope(clip), envelope(recorder)
        found = aligned(clip, recorder, tables, [Place(0.0, 20.0)])
    if case == "the same take":
        assert isinstance(found, Alignment) and abs(found.offset) < 0.005
    else:
        assert found == "only a part in common, such as music"


def test_a_recorder_that_hears_nobody_speak_is_no_gain(stage):
    rng = np.random.default_rng(4)
    scene = scenes.talk(rng, 25, 0)
    stage.add("clip", "clip", scenes.camera(rng, part(scene, 5, 20), 15))
    stage.add("rec", "sound", scenes.lavalier(rng, scene), speech=((0, 4), (22, 25)))
    assert stage.synced() == []


def test_the_same_whatever_the_order_and_what_is_known_is_not_read_again(stage, tmp_path):
    rng = np.random.default_rng(5)
    scene = scenes.talk(rng, 40, 0)
    stage.add("b", "sound", scenes.lavalier(rng, scene))
    stage.add("a", "sound", scenes.camera(rng, scene, 20, 6))
    stage.add("d", "clip", scenes.camera(rng, part(scene, 5, 17), 10))
    first = stage.synced()
    assert [(p.clip_id, p.recorder_id) for p in first] == [("d", "a"), ("d", "b")]
    (tmp_path / "clips/d/analysis-1/sound.wav").unlink()  # who reads it again fails
    shutil.rmtree(next(tmp_path.glob("clips/d/envelope-*")))
    stage.add("c", "clip", scenes.camera(rng, part(scene, 20, 32), 10))
    both = stage.synced()
    assert [p for p in both if p.clip_id == "d"] == first
    assert [(p.clip_id, p.recorder_id) for p in both if p.clip_id == "c"] == [
        ("c", "a"),
        ("c", "b"),
    ]
    rng2 = random.Random(1)
    rng2.shuffle(stage.rows)
    rng2.shuffle(stage.tracks)
    assert stage.synced() == both
    assert len(list(tmp_path.glob("clips/*/sync-*"))) == 2, "one folder a recorder"
    write_records(tmp_path / "sync.parquet", Synced, both)
    assert read_records(tmp_path / "sync.parquet", Synced) == both


def test_the_better_sound_of_a_span(stage):
    rng = np.random.default_rng(8)
    scene = scenes.talk(rng, 30, 0)
    stage.add("clip", "clip", scenes.noisy(rng, scene, 5))
    stage.add("boom", "sound", scenes.noisy(rng, part(scene, -2, 30), 15))
    stage.add("lav", "sound", scenes.noisy(rng, part(scene, 10, 20), 30))
    stage.add("poor", "sound", scenes.noisy(rng, scene, -5))
    stage.add("deaf", "sound", scenes.noisy(rng, scene, 40), speech=((0, 1),))
    one = Synced(
        "clip", "lav", Fraction(-10), 50.0, 1.0, 99.0, 0.1, 16, 0.01, Fraction(10), Fraction(20)
    )
    pairs = [
        replace(
            one,
            recorder_id="boom",
            offset=Fraction(2),
            drift=0.0,
            start=Fraction(0),
            end=Fraction(30),
        ),
        one,
        replace(one, recorder_id="poor", offset=Fraction(0), start=Fraction(0), end=Fraction(30)),
        replace(one, recorder_id="deaf", offset=Fraction(0), start=Fraction(0), end=Fraction(30)),
        replace(one, recorder_id="boom", clip_id="another"),
    ]

    def best(start, end, known=pairs):
        return better_sound(stage.root, "clip", Fraction(start), Fraction(end), known, stage.tracks)

    within = best(11, 19)
    assert within.clip_id == "lav" and within.snr > best(11, 19, []).snr
    assert within.pace == 1 + Fraction(50, 1_000_000)
    assert within.start == 1 + Fraction(11 * 50, 1_000_000)
    assert on_clip(one, on_recorder(one, Fraction(37, 3))) == Fraction(37, 3)
    across = best(5, 15)  # the lavalier does not cover it
    assert (across.clip_id, across.start, across.pace) == ("boom", 7, 1)
    assert best(5, 15, pairs[2:]).clip_id == "clip" and best(5, 15, []).start == 5
    assert best(0, 4).clip_id == "boom", "the cleanest recorder hears a quarter of what is spoken"
    with pytest.raises(ValueError, match="a span needs a length"):
        best(3, 3)
    with pytest.raises(ValueError, match="clip lost has no soundtrack"):
        better_sound(stage.root, "lost", Fraction(0), Fraction(1), pairs, stage.tracks)


def test_words_of_a_recorder_on_the_clock_of_a_clip():
    pair = Synced(
        "clip", "lav", Fraction(-10), 50.0, 1.0, 99.0, 0.1, 16, 0.01, Fraction(10), Fraction(20)
    )
    heard = [
        Word(
            "lav",
            n,
            text,
            on_recorder(pair, Fraction(a)),
            on_recorder(pair, Fraction(b)),
            source="x",
        )
        for n, (text, a, b) in enumerate([("cut", 9, 11), ("whole", 11, 12), ("late", 19, 21)], 4)
    ]
    other = replace(heard[1], clip_id="boom")
    assert words_on_clip(pair, [*heard, other]) == [
        Word("clip", 0, "whole", Fraction(11), Fraction(12), source="x")
    ]


def test_a_wav_that_is_gone_is_named(stage, tmp_path):
    rng = np.random.default_rng(6)
    stage.add("clip", "clip", scenes.talk(rng, 6, 0))
    stage.add("rec", "sound", scenes.talk(rng, 6, 0))
    stage.tracks.append(replace(stage.tracks[0], clip_id="ignored"))  # no row: no matter
    wav = tmp_path / stage.tracks[1].wav
    wav.write_bytes(wav.read_bytes()[:20])
    with pytest.raises(FootageError, match=r"clips/rec/analysis-1/sound[.]wav cannot be read"):
        stage.synced()


@pytest.mark.soak
@pytest.mark.skipif(not os.environ.get("VIDEO_ASSETS_CORPUS"), reason="corpus is absent")
def test_sweep_of_drift_noise_and_length(tmp_path):
    """The figures of issue 5; `python -m benchmarks.sync` prints more of them."""
    from benchmarks.sync import costs, judged, made

    library = made(tmp_path, recorders=18, clips=12, minutes=4, long=1, seed=11)
    found, _ = costs(library)
    told = judged(library, found)
    assert told["wrong_accepted"] == [] and told["wrong_pairs"] > 7_000
    for snr in ("20", "10", "5", "0"):
        row = told["by_snr_db"][snr]
        assert row["found"] == row["pairs"] > 30, snr
        assert row["worst_off_ms"] <= 5 and row["worst_drift_off_ppm"] <= 2, snr
    every_minute = told["drift_known_by_length_s"]
    assert all(
        every_minute[s].split()[0] == every_minute[s].split()[2] for s in ("60", "120", "1200")
    )


@pytest.mark.soak
def test_memory_does_not_grow_with_the_file(tmp_path):
    rng = np.random.default_rng(9)
    scene = scenes.talk(rng, 60, 0)
    peaks = []
    for minutes in (5, 120):
        with wave.open(str(tmp_path / "long.wav"), "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            for _ in range(minutes):
                file.writeframes((scene * 20_000).astype("<i2").tobytes())
        tracemalloc.start()
        with Sound(tmp_path / "long.wav") as sound:
            assert len(envelope(sound)) > minutes * 60 * 25 - 3
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 115 * 60 * 3_000, "3 kB a second of sound, a tenth of the samples"
