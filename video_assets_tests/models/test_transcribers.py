"""The embedded speech engine on real speech (the corpus) and on sound without speech."""

import itertools
import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from video_assets.foundation.media import run_arguments
from video_assets.models.transcribers import HeardWord, PocketSphinx, surely, voicing

CORPUS = os.environ.get("VIDEO_ASSETS_CORPUS")
needs_corpus = pytest.mark.skipif(not CORPUS, reason="corpus is absent")
JFK = [
    "and",
    "so",
    "my",
    "fellow",
    "americans",
    "ask",
    "not",
    "what",
    "your",
    "country",
    "can",
    "do",
    "for",
    "you",
    "ask",
    "what",
    "you",
    "can",
    "do",
    "for",
    "your",
    "country",
]


def samples(name: str) -> np.ndarray:
    path = Path(CORPUS or "") / "speech" / name
    out, _ = run_arguments(
        ["-i", f"file:{path}", "-ac", "1", "-ar", "16000", "-f", "s16le", "pipe:1"],
        path.parent,
        60,
        name,
    )
    return np.frombuffer(out, "<i2").astype(np.float32) / 32768


@pytest.fixture(scope="module")
def engine() -> PocketSphinx:
    return PocketSphinx()


@pytest.fixture(scope="module")
def jfk(engine) -> list[HeardWord]:
    return engine.words(samples("jfk.flac"))


@needs_corpus
def test_hears_a_speech_nearly(jfk):
    """Word error rate 0.23, measured; most of a real speech, not all of it."""
    from rapidfuzz.distance import Levenshtein

    assert Levenshtein.distance([w.text.lower() for w in jfk], JFK) / len(JFK) <= 0.25


@needs_corpus
def test_hears_the_same_every_time(engine):
    sound = samples("brooklyn.flac")
    first = engine.words(sound)
    engine.words(samples("new-home-in-the-stars-16k.wav"))
    assert engine.words(sound) == first
    assert PocketSphinx().words(sound) == first


@needs_corpus
def test_words_have_exact_times_in_order_and_no_markers(engine):
    words = engine.words(samples("brooklyn.flac"))
    assert " ".join(w.text for w in words) == "how old is the brooklyn bridge"
    assert all(isinstance(w, HeardWord) and w.start < w.end <= Fraction(19, 10) for w in words)
    assert all(a.end <= b.start for a, b in itertools.pairwise(words))


@needs_corpus
def test_is_not_sure_where_it_is_wrong(jfk):
    """The caption floor is 0.6: nothing of a recording with every fourth word wrong comes above."""
    assert jfk
    assert all(0 <= word.confidence < 0.6 for word in jfk)


@needs_corpus
def test_hears_nothing_where_nobody_speaks(engine):
    assert engine.words(samples("empty.wav")) == []


def test_hears_nothing_in_silence_noise_and_next_to_nothing(engine):
    noise = np.random.default_rng(1).normal(0, 0.05, 48000).astype(np.float32)
    assert engine.words(np.zeros(16000, np.float32)) == []
    assert engine.words(np.zeros(100, np.float32)) == []
    assert engine.words(noise) == []


def test_refuses_more_than_it_can_hear_in_one_piece(engine):
    with pytest.raises(ValueError, match="at most 30"):
        engine.words(np.zeros(31 * 16000, np.float32))


def test_sureness_counts_the_neighbours():
    sure = surely([1.0] * 7)
    assert sure[3] == pytest.approx(0.95**5, abs=1e-3)
    doubtful = surely([1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0])
    assert all(d < 0.3 for d in doubtful[1:6])
    assert surely([]) == []
    assert len(surely([0.5])) == 1


def test_voicing_tells_a_voice_from_noise():
    time = np.arange(16000) / 16000
    buzz = sum(np.sin(2 * np.pi * 130 * k * time) / k for k in range(1, 8)).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 1, 16000).astype(np.float32)
    assert np.median(voicing(buzz)) > 0.8
    assert np.median(voicing(noise)) < 0.4
