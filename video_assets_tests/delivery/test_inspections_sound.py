"""What is heard is what was cited, when it was, and stands over the music."""

import re
import subprocess
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from scipy.signal import correlate, correlation_lags

from video_assets.delivery.inspections import (
    balance,
    gaps,
    hearing,
    onsets,
    sounding,
    sync,
)
from video_assets.delivery.inspections.sources import RATE
from video_assets.delivery.inspections.truth import TrueClip, Truth
from video_assets.foundation.media import ffmpeg_path
from video_assets_tests.delivery.listening import case_of, heard_after, spoiled, told
from video_assets_tests.finishing import making

MEASURES = (
    sync.sound_is_in_sync,
    hearing.nothing_clicks_or_drops_out,
    balance.speech_stands_over_music,
    onsets.captions_meet_their_words,
    gaps.cuts_lie_in_gaps,
)


@pytest.mark.parametrize("one", MEASURES)
def test_clean_speech_passes(over_music, plain, one):
    for cutdown in (over_music, plain):
        found = one(case_of(cutdown))
        assert found.findings == (), found
        assert all(np.isfinite(v) for v in found.figures.values())


@pytest.mark.parametrize("cutdown", ["over_music", "plain"])
@pytest.mark.parametrize(
    "sound",
    [
        pytest.param("volume=-8dB,afade=t=in:d=0.3", id="gain"),
        pytest.param("highshelf=f=4000:g=3", id="brighter"),
        pytest.param("adelay=12:all=1", id="within the limit"),
    ],
)
def test_what_mastering_does_is_no_defect(cutdown, sound, request):
    bad = spoiled(request.getfixturevalue(cutdown), sound)
    assert not bad.says(sync.sound_is_in_sync)
    assert not bad.says(hearing.nothing_clicks_or_drops_out)
    assert not bad.says(onsets.captions_meet_their_words)


@pytest.mark.parametrize("cutdown", ["over_music", "plain"])
def test_sound_that_lies_elsewhere_is_found(cutdown, request):
    cutdown = request.getfixturevalue(cutdown)
    at_rest = sync.sound_is_in_sync(case_of(cutdown)).figures["residual_ms"]
    late = spoiled(cutdown, "adelay=25:all=1,atrim=end=8")
    assert "ms late" in late.says(sync.sound_is_in_sync)
    figures = sync.sound_is_in_sync(late.case).figures
    assert figures["residual_ms"] == pytest.approx(at_rest + 25, abs=0.1)
    assert figures["drift_ms"] < 0.1
    early = spoiled(cutdown, "atrim=start=0.025,asetpts=PTS-STARTPTS,apad=pad_dur=0.025")
    assert "ms early" in early.says(sync.sound_is_in_sync)


def test_sound_that_slips_is_found(plain):
    slip = (
        "[0:a]asplit[a][b];[a]atrim=end=4,apad=pad_dur=0.03[a1];"
        "[b]atrim=start=4,asetpts=PTS-STARTPTS[b1];[a1][b1]concat=v=0:a=1,atrim=end=8[o]"
    )
    found = sync.sound_is_in_sync(heard_after(plain, "-filter_complex", slip, "-map", "[o]"))
    assert found.figures["drift_ms"] == pytest.approx(30, abs=0.5)
    assert any("drifts" in f.what for f in found.findings)


def test_the_wrong_line_under_a_name_is_found(over_music, plain):
    for cutdown in (over_music, plain):
        first, second, third = cutdown.timeline.sound
        wrong = replace(second, source_start=Fraction(15), duration=Fraction(3))
        line = replace(cutdown.timeline, sound=(first, wrong, third))
        (found,) = sync.sound_is_in_sync(case_of(cutdown, timeline=line)).findings
        assert "another sound" in found.what and found.at == "1.84 s"


def test_lags_are_those_of_scipy(plain):
    """Foreign oracle: scipy's own correlation of the samples, to a sample at 16 kHz."""
    case = case_of(plain)
    cut = case.timeline.sound[0]
    heard = case.film.samples[0, : int(cut.duration * RATE)].astype(float)
    cited = case.sources.sound(cut.path, cut.source_start, cut.duration)[0].astype(float)
    curve = correlate(heard, cited, method="fft")
    lag = correlation_lags(len(heard), len(cited))[int(curve.argmax())]
    (anchor, *_) = sync.anchors(case)
    assert anchor.residual == pytest.approx(lag * 1000 / RATE, abs=0.1)
    assert anchor.correlation > 0.9


def test_music_that_is_too_loud_under_speech_is_found(over_music):
    at_rest = balance.speech_stands_over_music(case_of(over_music)).figures
    assert 15 <= at_rest["speech_over_music_lu"] < 30
    more = "[1:a]volume=-12dB[m];[0:a][m]amix=inputs=2:normalize=0:duration=first[o]"
    loud = heard_after(
        over_music, "-ss", "4", "-i", str(over_music.music), "-filter_complex", more, "-map", "[o]"
    )
    found = balance.speech_stands_over_music(loud)
    assert found.figures["speech_over_music_lu"] < at_rest["speech_over_music_lu"] - 3
    assert any("turn the music down" in f.what for f in found.findings)


def test_loudness_is_weighted_as_ffmpeg_weights_it(tmp_path):
    """Foreign oracle: ebur128 of pink noise, whose level never changes."""
    file = tmp_path / "noise.wav"
    making.ffmpeg(
        "-f", "lavfi", "-i", "anoisesrc=c=pink:r=48000:d=6:a=0.3:s=1", "-ac", "2",
        "-c:a", "pcm_f32le", str(file),
    )  # fmt: skip
    raw = subprocess.run(
        [ffmpeg_path(), "-v", "error", "-i", str(file), "-f", "f32le", "-"],
        capture_output=True,
        check=True,
    ).stdout
    samples = np.frombuffer(raw, np.float32).reshape(-1, 2).T
    own = -0.691 + 10 * np.log10((sounding.weighted(samples) ** 2).mean(axis=1).sum())
    summary = told(file, "ebur128").rpartition("Summary:")[2]
    loudness = float(re.search(r"I:\s+(\S+) LUFS", summary)[1])
    assert own == pytest.approx(loudness, abs=0.15)
    assert sounding.loudness(samples) == pytest.approx(loudness, abs=0.1)
    assert sounding.loudness(samples[:, :0]) == sounding.loudness(0 * samples) == -70.0


@pytest.mark.parametrize("ms", [0, 30, -30])
def test_a_recorder_beside_its_camera_is_found(plain, ms):
    """The camera hears the recorder's line, far away in a noisy room, so many ms later."""
    recorder, camera = plain.timeline.sound[0], plain.timeline.picture[0]
    own = case_of(plain)

    class Scratch:
        def sound(self, path, start, seconds):
            if path != camera.path:
                return own.sources.sound(path, start, seconds)
            at = start - camera.source_start + recorder.source_start - Fraction(ms, 1000)
            near = own.sources.sound(recorder.path, at, seconds)
            noise = np.random.default_rng(1).normal(0, 0.3 * near.std(), near.shape)
            echo = np.roll(near, 700, axis=1)
            return (0.1 * (near + 0.5 * echo + noise)).astype(np.float32)

    line = replace(plain.timeline, sound=(recorder,))
    case = case_of(plain, timeline=line, sources=Scratch())
    ((apart, *_),) = sync.beside_cameras(case)
    assert apart == pytest.approx(-ms, abs=1)
    found = [f for f in sync.sound_is_in_sync(case).findings if "one moment" in f.what]
    assert bool(found) is bool(ms)
    assert sync.beside_cameras(own) == []  # the other clip's sound is of another moment


def truth_of(cutdown, offset, ppm=0.0):
    first, last = (c.path for c in (cutdown.timeline.sound[0], cutdown.timeline.picture[0]))
    # the picture's clip at 2 s shows what the sound's clip has at 3.64 s
    return Truth(
        1,
        "tiny",
        [
            TrueClip(first, "recorder", "R", "s", "m01", 22.0),
            TrueClip(last, "interview", "A", "s", "m01", 22.0, 1.64 + offset, ppm),
        ],
        {},
    )


def test_sound_of_another_instant_of_the_moment_is_found(plain):
    line = replace(plain.timeline, sound=plain.timeline.sound[:1])
    case = case_of(plain, timeline=line)
    good = sync.sound_is_where_it_was(case, truth_of(plain, 0.0))
    assert good.findings == () and good.figures["pairs"] == 1
    assert good.figures["offset_ms"] < 5
    late = sync.sound_is_where_it_was(case, truth_of(plain, 0.03))
    assert "late" in late.findings[0].what
    assert late.figures["offset_ms"] == pytest.approx(30 + good.figures["offset_ms"], abs=1)
    drifting = sync.sound_is_where_it_was(case, truth_of(plain, 0.0, 8000.0))
    assert drifting.findings  # 8 ms a second, 2 to 3.84 s into the clip
    alone = sync.sound_is_where_it_was(case, Truth(1, "tiny", [], {}))
    assert alone.note and not alone.findings


def test_a_cutdown_without_sound_words_or_music_has_nothing_to_measure(plain):
    line = replace(plain.timeline, sound=(), words=(), music=None)
    case = case_of(plain, timeline=line)
    for one in MEASURES:
        found = one(case)
        assert found.findings == () and found.note, one
