"""Clicks, holes, lost channels and cut-off waves are found; what mastering does is none."""

import re
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from video_assets.delivery.inspections import (
    balance,
    clicks,
    hearing,
    levels,
    onsets,
    sounding,
    sync,
)
from video_assets.delivery.inspections.sources import RATE
from video_assets_tests.delivery.listening import case_of, spoiled, told


@pytest.mark.parametrize("cutdown", ["over_music", "plain"])
@pytest.mark.parametrize(
    ("sound", "word"),
    [
        pytest.param("{0}+0.3*eq(n\\,80000)", "a click", id="click"),
        pytest.param("{0}*(1-between(t\\,2.3\\,2.37))", "ms of silence", id="hole"),
        pytest.param("max(-0.2\\,min(0.2\\,{0}))", "clipped", id="clipped"),
    ],
)
def test_what_nobody_recorded_is_found(cutdown, sound, word, request):
    both = "|".join(sound.format(f"val({n})") for n in (0, 1))
    bad = spoiled(request.getfixturevalue(cutdown), f"aeval={both}:c=same")
    said = bad.says(hearing.nothing_clicks_or_drops_out)
    assert word in said


@pytest.mark.parametrize("cutdown", ["over_music", "plain"])
def test_loud_parts_that_are_cut_off_a_little_are_found_and_a_limiter_is_not(cutdown, request):
    made = request.getfixturevalue(cutdown)
    heard = np.abs(case_of(made).film.samples).max(axis=0)
    high = heard[: len(heard) // 480 * 480].reshape(-1, 480).max(axis=1)
    usual, loudest = float(np.percentile(high, 95)), float(high.max())
    for lost in (2.0, 3.0):
        at = usual * 10 ** (-lost / 20)
        cut_off = f"aeval='clip(val(ch),-{at:.4f},{at:.4f})':c=same"
        assert "clipped" in spoiled(made, cut_off).says(hearing.nothing_clicks_or_drops_out), lost
    for gain in (3, 6):
        limited = f"volume={gain}dB,alimiter=limit={loudest:.4f}:attack=2:release=60:level=false"
        assert not spoiled(made, limited).says(hearing.nothing_clicks_or_drops_out), gain


def test_a_hole_is_where_silencedetect_hears_it(plain):
    quiet = "aeval=val(0)*(1-between(t\\,2.3\\,2.4))|val(1)*(1-between(t\\,2.3\\,2.4)):c=same"
    bad = spoiled(plain, quiet)
    (found,) = [
        f for f in hearing.nothing_clicks_or_drops_out(bad.case).findings if "silence" in f.what
    ]
    heard = told(bad.case.file, "silencedetect=noise=-60dB:d=0.06")
    starts = [float(v) for v in re.findall(r"silence_start: ([\d.]+)", heard)]
    lengths = [float(v) for v in re.findall(r"silence_duration: ([\d.]+)", heard)]
    near = [(s, d) for s, d in zip(starts, lengths, strict=True) if abs(s - 2.3) < 0.05]
    assert len(near) == 1
    assert float(found.at.split()[0]) == pytest.approx(near[0][0], abs=0.02)
    assert float(found.figure) / 1000 == pytest.approx(near[0][1], abs=0.02)


@pytest.mark.parametrize("cutdown", ["over_music", "plain"])
def test_a_lost_channel_is_found(cutdown, request):
    cutdown = request.getfixturevalue(cutdown)
    bad = spoiled(cutdown, "pan=stereo|c0=c0|c1=0*c1")
    assert "the right channel" in bad.says(hearing.nothing_clicks_or_drops_out)
    levels = re.findall(r"RMS level dB: (\S+)", told(bad.case.file, "astats=measure_overall=none"))
    left, right = (float(v) for v in levels)
    assert left > -30 and right < left - 60  # ffmpeg's own meter agrees
    figures = hearing.nothing_clicks_or_drops_out(bad.case).figures
    assert figures["lost_channel_s"] >= 4


def test_a_source_with_one_channel_alone_is_no_lost_channel(plain):
    """What the source does itself is no defect: its left channel alone, as a clip-on records it."""
    bad = spoiled(plain, "pan=stereo|c0=c0|c1=0*c1")
    sources = bad.case.sources
    real = sources.sound

    class OneSided:
        def sound(self, path, start, seconds):
            both = real(path, start, seconds).copy()
            both[1] = 0
            return both

    case = case_of(plain, bad.case.file, sources=OneSided())
    assert hearing.nothing_clicks_or_drops_out(case).findings == ()


def test_silence_under_a_timeline_that_sounds_is_found(over_music):
    mute = case_of(over_music)
    mute.__dict__["film"] = replace(mute.film, samples=None)
    for case in (mute, spoiled(over_music, "volume=0").case):
        assert hearing.nothing_clicks_or_drops_out(case).findings
        assert sync.sound_is_in_sync(case).findings
        assert balance.speech_stands_over_music(case).figures["lines"] == 0
        assert onsets.captions_meet_their_words(case).findings


def with_samples(case, change):
    """The case with other samples, as `change` makes them of a copy."""
    new, samples = replace(case), case.film.samples.copy()
    change(samples)
    new.__dict__["film"] = replace(case.film, samples=samples)
    return new


def turned_down(start, end, by):
    """`by` dB between two seconds, with ramps of 10 ms that do not click."""

    def change(samples):
        at = np.arange(samples.shape[1]) / RATE
        share = np.clip(np.minimum(at - start, end - at) / 0.01, 0, 1)
        samples *= (1 - share * (1 - 10 ** (by / 20))).astype(np.float32)

    return change


def alone(over_music, plain, track):
    """A case in which only music (A2), natural sound (A3) or speech (A1) sounds."""
    if track == "A1":
        return case_of(plain)
    if track == "A3":
        cuts = tuple(replace(cut, track="A3") for cut in plain.timeline.sound)
        return case_of(plain, timeline=replace(plain.timeline, sound=cuts, words=()))
    case = case_of(over_music, timeline=replace(over_music.timeline, sound=(), words=()))
    (bed,) = sounding.layers(case, ("A2",))

    def only(samples):
        samples[:] = 0
        samples[:, : bed.count] = bed.source[:, : samples.shape[1]]

    return with_samples(case, only)


SILENCE = -400.0
"""dB: nothing is left."""


@pytest.mark.parametrize(
    ("track", "start", "end", "by"),
    [
        ("A1", 2.6, 3.6, -40),
        ("A1", 2.6, 4.2, -30),
        ("A1", 1.84, 5.24, -40),  # all of a line: its own gain says nothing
        ("A2", 3, 4, -30),
        ("A2", 3, 6, -50),
        ("A2", 4, 8, -50),  # no fade at the end is that long
        ("A3", 2.6, 3.6, SILENCE),
        ("A3", 0.3, 7.5, SILENCE),
        ("A3", 2.6, 3.6, -30),
    ],
)
def test_a_long_hole_does_not_explain_itself(over_music, plain, track, start, end, by):
    case = alone(over_music, plain, track)
    assert hearing.nothing_clicks_or_drops_out(case).findings == ()
    found = hearing.nothing_clicks_or_drops_out(with_samples(case, turned_down(start, end, by)))
    assert any("ms of silence" in f.what for f in found.findings)
    # words have pauses: not all of a hole in them is one
    assert found.figures["longest_hole_ms"] > 100


def test_music_may_end_gently(over_music, plain):
    case = alone(over_music, plain, "A2")

    def faded(samples):
        samples[:, -RATE:] *= np.linspace(1, 0, RATE, dtype=np.float32) ** 2

    assert hearing.nothing_clicks_or_drops_out(with_samples(case, faded)).findings == ()


@pytest.mark.parametrize("track", ["A2", "A3"])
def test_other_music_and_natural_sound_is_found(over_music, plain, track):
    case = alone(over_music, plain, track)
    assert sync.sound_is_in_sync(case).findings == ()
    half = 4 * RATE

    def backwards(samples):
        samples[:, half:] = samples[:, half:][:, ::-1]

    def noise(samples):
        samples[:] = np.random.default_rng(1).normal(0, 0.05, samples.shape)

    for other in (backwards, noise):
        found = sync.sound_is_in_sync(with_samples(case, other)).findings
        assert any("another sound" in f.what for f in found), other


def test_a_bed_that_is_missing_under_speech_is_found(over_music, plain):
    without = case_of(over_music)
    assert not any(
        "not heard" in f.what for f in balance.speech_stands_over_music(without).findings
    )
    lost = replace(without)
    lost.__dict__["film"] = case_of(plain).film
    found = balance.speech_stands_over_music(lost)
    assert found.figures["speech_over_music_lu"] > 30
    assert any("is not heard under the lines" in f.what for f in found.findings)


def test_silence_is_planned_by_the_timeline_alone(over_music, plain):
    """Whatever the renderer says of it."""

    def muted(case):
        new = replace(case, silent=True)
        nothing = np.zeros_like(case.film.samples)
        new.__dict__["film"] = replace(case.film, samples=nothing, loudness=-70.0, peak=-99.0)
        return new

    for track in ("A1", "A2", "A3"):
        case = muted(alone(over_music, plain, track))
        assert sounding.sounds(case)
        assert levels.is_as_loud_as_planned(case).findings
        assert hearing.nothing_clicks_or_drops_out(case).findings
        assert sync.sound_is_in_sync(case).findings
    nothing = replace(plain.timeline, sound=(), words=())
    assert sounding.sounds(case_of(plain, timeline=nothing)) is False
    assert levels.is_as_loud_as_planned(muted(case_of(plain, timeline=nothing))).note
    loud = levels.is_as_loud_as_planned(case_of(plain, timeline=nothing, silent=True))
    assert "planned was silence" in loud.findings[0].what


def test_what_hardly_sounds_may_be_silent_or_not(plain):
    whisper = Whisper(plain, -61.0)
    case = case_of(plain, sources=whisper)
    assert sounding.sounds(case) is None
    for level, sounds in ((-64.0, False), (-58.0, True)):
        assert sounding.sounds(case_of(plain, sources=Whisper(plain, level))) is sounds


class Whisper:
    """The sources, each at so many LUFS."""

    def __init__(self, cutdown, level):
        self.real, self.level = case_of(cutdown).sources, level

    def sound(self, path, start, seconds):
        found = self.real.sound(path, start, seconds)
        return found * np.float32(10 ** ((self.level - sounding.loudness(found)) / 20))


@pytest.mark.parametrize("cutdown", ["over_music", "plain"])
@pytest.mark.parametrize(("size", "least"), [(0.05, 6), (0.1, 10), (0.15, 11)])
def test_clicks_in_speech_are_found(cutdown, size, least, request):
    """Twelve samples at random places, among them loud ones: no more than these are found. The
    sharpest of the sources alone would tell 4, 8 and 10."""
    case = case_of(request.getfixturevalue(cutdown))
    rng = np.random.default_rng(7)
    places = np.sort(rng.choice(np.arange(10, 780), 12, replace=False) * 480)

    def clicking(samples):
        samples[:, places] += size

    file = sounding.played(with_samples(case, clicking))
    cited = sounding.layers(case)
    gains = {id(h.layer): hearing._gain(h) for h in hearing._expected(case, cited, file)}
    found = np.array([c.at for c in clicks.clicks_in(case, cited, file, gains)])
    near = [bool((np.abs(found - place) < 300).any()) for place in places]
    assert sum(near) >= least
    assert len(found) == sum(near)


def test_channels_that_cancel_are_not_missed(plain):
    """Beside speech that does not cancel."""
    cuts = plain.timeline.sound
    wild = replace(cuts[2], track="A3", start=Fraction(5), duration=Fraction(3))
    noise = np.random.default_rng(1).normal(0, 0.05, 3 * RATE)
    heard = np.stack([noise, -noise]).astype(np.float32)
    own = case_of(plain)

    class Strange:
        def sound(self, path, start, seconds):
            if path == wild.path:
                return heard[:, : round(seconds * RATE)]
            return own.sources.sound(path, start, seconds)

    def mixed(samples):
        rest = samples[:, 5 * RATE : 8 * RATE]
        rest[:] = np.random.default_rng(2).normal(0, 1e-4, rest.shape)
        rest += 0.5 * heard[:, : rest.shape[1]]

    line = replace(plain.timeline, sound=(cuts[0], wild), words=())
    case = with_samples(case_of(plain, timeline=line, sources=Strange()), mixed)
    assert sync.sound_is_in_sync(case).findings == ()
