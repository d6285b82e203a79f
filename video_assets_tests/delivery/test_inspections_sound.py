"""Measures of the sound: each passes a clean cutdown of real speech and fails what is planted.

The speech is the demo's, with its word times; pictures are small and generated.
"""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import correlate, correlation_lags

import video_assets
from video_assets.delivery.inspections import (
    balance,
    clicks,
    gaps,
    hearing,
    levels,
    onsets,
    sounding,
    sync,
)
from video_assets.delivery.inspections.case import Tables, Texts
from video_assets.delivery.inspections.measures import measure
from video_assets.delivery.inspections.sources import RATE
from video_assets.delivery.inspections.truth import TrueClip, Truth
from video_assets.editorial.captions import Chunk, social_chunks, srt
from video_assets.finishing import sound
from video_assets.foundation.media import ffmpeg_path
from video_assets.foundation.records import CaptionWord, MusicCue, Word
from video_assets.foundation.store import Workspace
from video_assets_tests.delivery.cases import Made, made
from video_assets_tests.finishing import making

DEMO = Path(video_assets.__file__).parent / "demo"
LINES = ((0, Fraction(46, 25), Fraction(91, 25)), (Fraction(46, 25), Fraction(85, 25), Fraction(154, 25)))  # fmt: skip
"""Two of the demo's lines in one clip: start on the timeline, length, start in the clip."""
LAST = (Fraction(131, 25), Fraction(68, 25), Fraction(256, 25))
"""A third one in another clip, mono at 44.1 kHz."""
FRAMES = 200


def clip_of(folder, name, *sound):
    """A small clip with the sound of one of the demo's interviews."""
    out = folder / f"{name}.mp4"
    making.ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=160x284:r=25:d=22", "-i",
        str(DEMO / "footage" / "interviews" / f"{name}.mp4"), "-map", "0:v", "-map", "1:a",
        "-c:v", "libx264", "-preset", "ultrafast", "-shortest", *sound, str(out),
    )  # fmt: skip
    plain = json.loads((DEMO / "footage" / "interviews" / f"{name}.json").read_text())["words"]
    row = making.row_of(out)
    words = [
        Word(row.clip_id, n, w["text"], Fraction(str(w["start"])), Fraction(str(w["end"])))
        for n, w in enumerate(plain)
    ]
    return row, words


def speech(folder):
    """A rendered cutdown of three spoken lines over music."""
    (folder / "footage").mkdir(parents=True)
    first, first_words = clip_of(folder / "footage", "presenter_kitchen_a", "-c:a", "copy")
    last, last_words = clip_of(folder / "footage", "presenter_window", "-ac", "1", "-ar", "44100")
    sound = [making.spoken(first, *cut) for cut in LINES] + [making.spoken(last, *LAST)]
    by_clip = {first.clip_id: first_words, last.clip_id: last_words}
    words = []
    for cut in sound:
        for w in by_clip[cut.clip_id]:
            if cut.source_start <= w.start and w.end <= cut.source_start + cut.duration:
                at = w.start - cut.source_start + cut.start
                words.append(CaptionWord(w.text, at, w.end - w.start + at))
    bed = folder / "data" / "projects" / "test" / "music"
    bed.mkdir(parents=True)
    shutil.copy(DEMO / "music" / "wickfield_theme.m4a", bed / "theme.m4a")
    line = making.timeline(
        25,
        [making.picture(last, 0, FRAMES, Fraction(2))],
        sound=tuple(sound),
        words=tuple(words),
        music=MusicCue("music/theme.m4a", "", Fraction(4)),
    )
    rows = {r.path: r for r in (first, last)}
    tables = Tables(rows, by_clip)
    return made(folder, line, [first, last], ("9x16",), tuple(social_chunks(line)), tables=tables)


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> Made:
    """Three lines over music, rendered."""
    return speech(tmp_path_factory.mktemp("speech") / "a")


@pytest.fixture(scope="module")
def plain(clean) -> Made:
    """The same lines without music: mixed, with the pictures of the other."""
    line = replace(clean.timeline, music=None)
    workspace = Workspace(clean.folder / "data")
    mixed = sound.mix(workspace, clean.folder / "footage", line, clean.rows, None)
    return replace(clean, timeline=line, music=None, files={"9x16": mixed.file})


FILMS = {}
"""What was decoded once: pictures are those of the clean file in every case."""


def case_of(cutdown, file=None, **changes):
    """A case whose pictures need no second decoding; its sound is the file's."""
    file = file or cutdown.files["9x16"]
    film = FILMS.get(file)
    if film is None:
        pictures = cutdown.folder / "out"
        film = FILMS.get(pictures) or measure(cutdown.folder / "out" / "9x16.mp4")
        FILMS[pictures] = film
        raw = subprocess.run(
            [ffmpeg_path(), "-v", "error", "-i", str(file), "-vn",
             "-af", f"aresample={RATE}:first_pts=0", "-ac", "2", "-f", "f32le", "-"],
            capture_output=True,
            check=True,
        ).stdout  # fmt: skip
        film = replace(film, samples=np.frombuffer(raw, np.float32).reshape(-1, 2).T)
        FILMS[file] = film
    case = cutdown.case("9x16", file, **changes)
    case.__dict__["film"] = film
    return case


MEASURES = (
    sync.sound_is_in_sync,
    hearing.nothing_clicks_or_drops_out,
    balance.speech_stands_over_music,
    onsets.captions_meet_their_words,
    gaps.cuts_lie_in_gaps,
)


@pytest.mark.parametrize("one", MEASURES)
def test_clean_speech_passes(clean, plain, one):
    for cutdown in (clean, plain):
        found = one(case_of(cutdown))
        assert found.findings == (), found
        assert all(np.isfinite(v) for v in found.figures.values())


@dataclass(frozen=True)
class Bad:
    """A spoiled copy, heard once."""

    cutdown: Made
    case: object

    def says(self, one):
        return " / ".join(f.what for f in one(self.case).findings)


def heard_after(cutdown, *arguments):
    """The cutdown's sound after ffmpeg and another AAC encoder's round."""
    file = cutdown.folder / f"bad{len(FILMS)}.m4a"
    making.ffmpeg("-i", str(cutdown.files["9x16"]), *arguments, "-vn", "-b:a", "192k", str(file))
    return case_of(cutdown, file)


def spoiled(cutdown, *filters):
    return Bad(cutdown, heard_after(cutdown, "-af", ",".join(filters)))


@pytest.mark.parametrize("cutdown", ["clean", "plain"])
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


@pytest.mark.parametrize("cutdown", ["clean", "plain"])
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


def test_the_wrong_line_under_a_name_is_found(clean, plain):
    for cutdown in (clean, plain):
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


@pytest.mark.parametrize("cutdown", ["clean", "plain"])
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


@pytest.mark.parametrize("cutdown", ["clean", "plain"])
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


def told(file, sound):
    """What an ffmpeg filter says of a file's sound."""
    done = subprocess.run(
        [ffmpeg_path(), "-nostats", "-i", str(file), "-vn", "-af", sound, "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr


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


@pytest.mark.parametrize("cutdown", ["clean", "plain"])
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


def test_silence_under_a_timeline_that_sounds_is_found(clean):
    mute = case_of(clean)
    mute.__dict__["film"] = replace(mute.film, samples=None)
    for case in (mute, spoiled(clean, "volume=0").case):
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


def alone(clean, plain, track):
    """A case in which only music (A2), natural sound (A3) or speech (A1) sounds."""
    if track == "A1":
        return case_of(plain)
    if track == "A3":
        cuts = tuple(replace(cut, track="A3") for cut in plain.timeline.sound)
        return case_of(plain, timeline=replace(plain.timeline, sound=cuts, words=()))
    case = case_of(clean, timeline=replace(clean.timeline, sound=(), words=()))
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
def test_a_long_hole_does_not_explain_itself(clean, plain, track, start, end, by):
    case = alone(clean, plain, track)
    assert hearing.nothing_clicks_or_drops_out(case).findings == ()
    found = hearing.nothing_clicks_or_drops_out(with_samples(case, turned_down(start, end, by)))
    assert any("ms of silence" in f.what for f in found.findings)
    # words have pauses: not all of a hole in them is one
    assert found.figures["longest_hole_ms"] > 100


def test_music_may_end_gently(clean, plain):
    case = alone(clean, plain, "A2")

    def faded(samples):
        samples[:, -RATE:] *= np.linspace(1, 0, RATE, dtype=np.float32) ** 2

    assert hearing.nothing_clicks_or_drops_out(with_samples(case, faded)).findings == ()


@pytest.mark.parametrize("track", ["A2", "A3"])
def test_other_music_and_natural_sound_is_found(clean, plain, track):
    case = alone(clean, plain, track)
    assert sync.sound_is_in_sync(case).findings == ()
    half = 4 * RATE

    def backwards(samples):
        samples[:, half:] = samples[:, half:][:, ::-1]

    def noise(samples):
        samples[:] = np.random.default_rng(1).normal(0, 0.05, samples.shape)

    for other in (backwards, noise):
        found = sync.sound_is_in_sync(with_samples(case, other)).findings
        assert any("another sound" in f.what for f in found), other


def test_a_bed_that_is_missing_under_speech_is_found(clean, plain):
    without = case_of(clean)
    assert not any(
        "not heard" in f.what for f in balance.speech_stands_over_music(without).findings
    )
    lost = replace(without)
    lost.__dict__["film"] = case_of(plain).film
    found = balance.speech_stands_over_music(lost)
    assert found.figures["speech_over_music_lu"] > 30
    assert any("is not heard under the lines" in f.what for f in found.findings)


def test_silence_is_planned_by_the_timeline_alone(clean, plain):
    """Whatever the renderer says of it."""

    def muted(case):
        new = replace(case, silent=True)
        nothing = np.zeros_like(case.film.samples)
        new.__dict__["film"] = replace(case.film, samples=nothing, loudness=-70.0, peak=-99.0)
        return new

    for track in ("A1", "A2", "A3"):
        case = muted(alone(clean, plain, track))
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


@pytest.mark.parametrize("cutdown", ["clean", "plain"])
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


def test_music_that_is_too_loud_under_speech_is_found(clean):
    at_rest = balance.speech_stands_over_music(case_of(clean)).figures
    assert 15 <= at_rest["speech_over_music_lu"] < 30
    more = "[1:a]volume=-12dB[m];[0:a][m]amix=inputs=2:normalize=0:duration=first[o]"
    loud = heard_after(
        clean, "-ss", "4", "-i", str(clean.music), "-filter_complex", more, "-map", "[o]"
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


def shifted(words, ms):
    by = Fraction(ms, 1000)
    return tuple(replace(w, start=w.start + by, end=w.end + by) for w in words)


@pytest.mark.parametrize("cutdown", ["clean", "plain"])
@pytest.mark.parametrize("ms", [-200, 200])
def test_captions_that_are_shifted_are_found(cutdown, ms, request):
    cutdown = request.getfixturevalue(cutdown)
    found_by = onsets.captions_meet_their_words
    line = cutdown.timeline
    moved = replace(line, words=shifted(line.words, ms))
    assert found_by(case_of(cutdown, timeline=moved)).findings
    burned = [Chunk(c.text, c.start + Fraction(ms, 1000), c.end) for c in cutdown.burned]
    (found,) = found_by(case_of(cutdown, texts=Texts(burned=burned))).findings
    assert "is shown" in found.what
    cues = srt([Chunk(c.text, max(Fraction(0), b.start), b.end) for c, b in zip(cutdown.burned, burned, strict=True)])  # fmt: skip
    assert found_by(case_of(cutdown, texts=Texts(srt=cues))).findings


def test_a_cue_without_hours_is_read(clean):
    word = clean.timeline.words[0]
    start = float(word.start) + 0.2
    cue = f"WEBVTT\n\n00:{start:06.3f} --> 00:{start + 1:06.3f}\n{word.text}\n"
    found = onsets.captions_meet_their_words(case_of(clean, texts=Texts(vtt=cue)))
    assert found.figures["cue_max_ms"] == pytest.approx(200, abs=1)
    assert any("is shown" in f.what for f in found.findings)


def test_only_words_that_are_cut_are_looked_at(plain, monkeypatch):
    cut = plain.timeline.sound[0]
    words = list(plain.tables.words[cut.clip_id])
    far = [replace(words[0], number=n, start=Fraction(n), end=Fraction(n + 1)) for n in range(30, 9000)]  # fmt: skip
    tables = Tables(plain.rows, {**plain.tables.words, cut.clip_id: words + far})
    asked = []
    bare = onsets._plain
    monkeypatch.setattr(onsets, "_plain", lambda text: asked.append(text) or bare(text))
    many = onsets.captions_meet_their_words(case_of(plain, tables=tables))
    assert len(asked) < 2000
    assert many == onsets.captions_meet_their_words(case_of(plain))


def test_a_note_before_a_soft_word_is_not_its_onset():
    """A step of 10 dB where the word begins, one of 20 dB 140 ms before it."""
    steps = np.zeros(200)
    steps[58:61], steps[86:89] = (15.0, 20.0, 15.0), (8.5, 10.0, 8.5)
    assert onsets._onset(steps, 0.37, 0.4375) == pytest.approx(0.4375, abs=0.006)
    assert onsets._onset(steps, 0.37) == pytest.approx(0.2975, abs=0.006)


@pytest.mark.parametrize("ms", [-200, 200])
def test_sound_that_left_its_captions_is_found(clean, ms):
    """The energy alone tells: no word of the library is looked at."""
    sound = f"adelay={ms}:all=1,atrim=end=8" if ms > 0 else f"atrim=start={-ms / 1000},asetpts=PTS-STARTPTS,apad=pad_dur={-ms / 1000}"  # fmt: skip
    bad = spoiled(clean, sound)
    case = case_of(clean, bad.case.file, tables=Tables(clean.rows))
    found = onsets.captions_meet_their_words(case)
    assert found.findings
    assert found.figures["shift_ms"] == pytest.approx(ms, abs=40)


def test_one_word_that_is_timed_wrongly_is_found(plain):
    line = plain.timeline
    words = list(line.words)
    words[3] = replace(words[3], start=words[3].start - Fraction(3, 20))
    case = case_of(plain, timeline=replace(line, words=tuple(words)))
    (found,) = [f for f in onsets.captions_meet_their_words(case).findings if "is said" in f.what]
    assert found.figure == "-150"


def test_speech_cut_beside_its_pause_is_found(plain):
    first, *others = plain.timeline.sound
    for off in (Fraction(3, 10), Fraction(-19, 20)):  # into "if", into "sorry"
        wrong = replace(first, source_start=first.source_start + off)
        line = replace(plain.timeline, sound=(wrong, *others))
        found = gaps.cuts_lie_in_gaps(case_of(plain, timeline=line))
        assert found.figures["share_in_gaps"] < 0.98
        assert found.figures["farthest_ms"] > 40 and found.findings


def test_the_quietest_point_is_where_numpy_finds_it(plain):
    """A pause with a known quietest point: the louder half of noise counts as off."""
    cut = plain.timeline.sound[0]
    words = plain.tables.words[cut.clip_id]
    gap = next((a.end, b.start) for a, b in pairwise(words) if b.start - a.end > Fraction(1, 2))
    length = gap[1] - gap[0]

    class Half:
        def sound(self, path, start, seconds):
            noise = np.random.default_rng(1).standard_normal((2, round(seconds * RATE)))
            at = np.arange(noise.shape[1]) / RATE + float(start)
            return (noise * np.where(at < float(gap[0] + length / 2), 0.1, 0.01)).astype(np.float32)

    def farthest(edge):
        one = replace(cut, source_start=edge, start=Fraction(0), duration=cut.duration)
        line = replace(plain.timeline, sound=(one,))
        case = case_of(plain, timeline=line, sources=Half())
        return gaps.cuts_lie_in_gaps(case).figures["farthest_ms"]

    quiet = farthest(gap[1] - length / 4)
    assert farthest(gap[0] + length / 4) == pytest.approx(float(length) * 250, abs=15)
    assert quiet <= farthest(gap[0] + length / 4)


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
