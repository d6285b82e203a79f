"""The mix: sample-exact, levelled, ducked, and right on the encoded file."""

import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from video_assets.finishing import formats, sound
from video_assets.finishing.loudness import integrated, measured
from video_assets.foundation.records import MusicCue
from video_assets.foundation.store import Workspace, sha256_file
from video_assets_tests.finishing.making import ffmpeg, picture, row_of, spoken, timeline

RATE = 48_000


def clicks(path: Path, rate: int, *more: str) -> Path:
    """One click at 1.5 s of 3 s of silence."""
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        f"aevalsrc='if(eq(n,{rate * 3 // 2}),0.9,0)':s={rate}:d=3",
        *more,
        str(path),
    )
    return path


@pytest.mark.parametrize("rate", [48_000, 44_100, 16_000])
def test_samples_lie_where_their_time_says(tmp_path, rate):
    clip = clicks(tmp_path / "click.wav", rate)
    found = sound.decoded(clip, 0, Fraction(0), Fraction(14, 10), 12_000)
    assert found.shape == (2, 12_000)
    assert abs(int(np.abs(found[0]).argmax()) - 4_800) <= 1


def test_sound_that_starts_late_and_a_span_beyond_the_end_are_silence(tmp_path):
    clip = tmp_path / "late.mkv"
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "color=s=64x64:r=25:d=3",
        "-itsoffset",
        "1",
        "-f",
        "lavfi",
        "-i",
        "sine=440:d=1:r=48000",
        "-c:v",
        "libx264",
        "-c:a",
        "pcm_s16le",
        str(clip),
    )
    row = row_of(clip)
    found = sound.decoded(clip, row.audio_stream, row.start, Fraction(1, 2), 2 * RATE)
    assert not found[:, : RATE // 2 - 96].any()
    assert np.abs(found[0, RATE // 2 + 480 : RATE]).max() > 0.05
    assert not found[:, RATE * 3 // 2 + 96 :].any()


def test_our_loudness_agrees_with_ffmpegs(tmp_path):
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "anoisesrc=d=6:a=0.2:seed=7:r=48000",
        "-af",
        "highpass=200,volume='if(lt(t,3),1,0.2)':eval=frame",
        "-ac",
        "2",
        str(tmp_path / "n.wav"),
    )
    found = sound.decoded(tmp_path / "n.wav", 0, Fraction(0), Fraction(0), 6 * RATE)
    assert abs(integrated(found) - measured(tmp_path / "n.wav").loudness) <= 0.1


def test_music_gives_way_before_speech_and_comes_back_after():
    found = sound.activity([(1.0, 2.0), (2.3, 3.0)], 5 * RATE)
    assert found[int(0.79 * RATE)] == 0
    assert (
        found[int(0.925 * RATE)]
        == found[int(1.0 * RATE)]
        == found[int(2.15 * RATE)]
        == found[int(2.99 * RATE)]
        == 1
    )
    assert 0 < found[int(0.85 * RATE)] < 1 and 0 < found[int(3.25 * RATE)] < 1
    assert found[int(3.51 * RATE)] == 0


@pytest.fixture
def voices(tmp_path):
    """Two lines, the second 10 dB quieter, a bed, and a clip without sound."""
    speech = "anoisesrc=d=4:a=0.5:seed=3:r=48000,bandpass=f=900:t=h:w=600,tremolo=f=5:d=0.9"
    ffmpeg("-f", "lavfi", "-i", speech, "-ac", "2", str(tmp_path / "a.wav"))
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        speech + ",volume=-10dB",
        "-ac",
        "1",
        "-ar",
        "44100",
        str(tmp_path / "b.wav"),
    )
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "sine=220:d=2,volume=0.4",
        "-ac",
        "2",
        "-ar",
        "44100",
        str(tmp_path / "bed.wav"),
    )
    ffmpeg(
        "-f", "lavfi", "-i", "color=s=64x64:r=25:d=6", "-c:v", "libx264", str(tmp_path / "mute.mp4")
    )
    return tmp_path


def a_mix(folder, name, music=True):
    rows = {r.path: r for r in (row_of(folder / n) for n in ("a.wav", "b.wav", "mute.mp4"))}
    lines = (
        spoken(rows["a.wav"], Fraction(1, 2), 2, 1),
        spoken(rows["b.wav"], Fraction(7, 2), 2, 1),
        spoken(rows["mute.mp4"], 6, 1, 1, "A3"),
    )
    cue = MusicCue("music/bed.wav", "x") if music else None
    line = timeline(25, [picture(rows["mute.mp4"], 0, 200, 0)], sound=lines, music=cue)
    bed = folder / "bed.wav" if music else None
    return sound.mix(Workspace(folder / name), folder, line, rows, bed), line, rows


def test_the_encoded_file_is_at_its_target_and_the_same_twice(voices):
    first, line, rows = a_mix(voices, "one")
    again, _, _ = a_mix(voices, "two")
    assert sha256_file(first.file) == sha256_file(again.file)
    level = measured(first.file)
    assert abs(level.loudness - formats.TARGET_LOUDNESS) <= 0.2
    assert level.peak <= formats.MAX_PEAK
    assert not first.silent
    assert 15 <= first.music_below <= 20
    decoded = sound.decoded(first.file, 0, Fraction(0), Fraction(0), 8 * RATE)
    lines = [
        integrated(decoded[:, int(a * RATE) : int(b * RATE)]) for a, b in ((0.6, 2.4), (3.6, 5.4))
    ]
    assert abs(lines[0] - lines[1]) < 1.0
    bed = integrated(decoded[:, int(6.1 * RATE) : int(6.7 * RATE)])
    assert 4 < lines[0] - bed < 9
    assert integrated(decoded[:, int(7.95 * RATE) :]) < bed - 15
    mixture, _ = sound.mixed_down(voices, line, rows, None)
    assert mixture.shape == (2, 8 * RATE)


def test_edges_are_faded_and_nothing_sounds_outside_the_cut(voices):
    _, line, rows = a_mix(voices, "x", music=False)
    mixture, below = sound.mixed_down(voices, line, rows, None)
    start = RATE // 2
    assert below == 0
    assert not mixture[:, :start].any() and not mixture[:, start + 2 * RATE : RATE * 7 // 2].any()
    assert np.abs(mixture[:, start : start + 48]).max() < 0.15 * np.abs(mixture).max()


def test_no_sound_at_all_gives_a_silent_track(tmp_path):
    ffmpeg(
        "-f", "lavfi", "-i", "color=s=64x64:r=25:d=1", "-c:v", "libx264", str(tmp_path / "mute.mp4")
    )
    row = row_of(tmp_path / "mute.mp4")
    line = timeline(25, [picture(row, 0, 25, 0)])
    mixed = sound.mix(Workspace(tmp_path / "d"), tmp_path, line, {row.path: row}, None)
    assert mixed.silent
    assert measured(mixed.file).loudness == -70.0


@pytest.mark.skipif("VIDEO_ASSETS_CORPUS" not in os.environ, reason="corpus is absent")
def test_real_speech_reaches_the_target(tmp_path):
    folder = Path(os.environ["VIDEO_ASSETS_CORPUS"]) / "footage"
    row = row_of(folder / "example.mp4")
    line = timeline(30, [picture(row, 0, 150, 2)], sound=(spoken(row, 0, 5, 2),))
    mixed = sound.mix(Workspace(tmp_path / "d"), folder, line, {row.path: row}, None)
    assert abs(measured(mixed.file).loudness + 14) <= 0.2
    assert mixed.level.peak <= -1.0
