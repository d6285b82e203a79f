"""Captions meet the words that are heard, and cuts lie between them."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from video_assets.delivery.inspections import (
    gaps,
    onsets,
)
from video_assets.delivery.inspections.case import Tables, Texts
from video_assets.delivery.inspections.sources import RATE
from video_assets.editorial.captions import Chunk, srt
from video_assets_tests.delivery.listening import case_of, spoiled


def shifted(words, ms):
    by = Fraction(ms, 1000)
    return tuple(replace(w, start=w.start + by, end=w.end + by) for w in words)


@pytest.mark.parametrize("cutdown", ["over_music", "plain"])
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


def test_a_cue_without_hours_is_read(over_music):
    word = over_music.timeline.words[0]
    start = float(word.start) + 0.2
    cue = f"WEBVTT\n\n00:{start:06.3f} --> 00:{start + 1:06.3f}\n{word.text}\n"
    found = onsets.captions_meet_their_words(case_of(over_music, texts=Texts(vtt=cue)))
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
def test_sound_that_left_its_captions_is_found(over_music, ms):
    """The energy alone tells: no word of the library is looked at."""
    sound = f"adelay={ms}:all=1,atrim=end=8" if ms > 0 else f"atrim=start={-ms / 1000},asetpts=PTS-STARTPTS,apad=pad_dur={-ms / 1000}"  # fmt: skip
    bad = spoiled(over_music, sound)
    case = case_of(over_music, bad.case.file, tables=Tables(over_music.rows))
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
