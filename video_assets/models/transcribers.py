"""The speech engine that needs no download: pocketsphinx with its general English model.

What it cannot do: names, brand words, accents, noise, several people at once, punctuation, any
language but English. On clear read speech one word in ten to one in three is wrong, so its
confidence is held low on purpose (see `surely`).
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

RATE = 16000
"""Hz, of everything that is listened to."""
LONGEST = 30
"""Seconds that are decoded in one piece at most."""

_FRAME = Fraction(1, 100)
_VARIANT = re.compile(r"\(\d+\)$")
_SHORTEST = RATE // 10

LEAST_RIGHT = 0.35
MOST_RIGHT = 0.95
"""Share of words that were right where the decoder's own probability was near 0 and near 1:
measured on 264 words of nine recordings with known text; in between nearly a straight line."""
UNKNOWN_RIGHT = 0.8
"""The same over all words: stands for the neighbour that the first and last words lack."""
NEIGHBOURS = 2


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word that an engine heard."""

    text: str
    """Lower case but for I; no punctuation."""
    start: Fraction
    """Seconds from the first sample."""
    end: Fraction
    confidence: float
    """0..1; what it means is the engine's promise."""


def surely(posteriors: list[float]) -> list[float]:
    """The chance that each word *and the two on either side of it* were heard right, 0..1.

    A caption with one wrong word is a wrong caption, so a word alone says little. `posteriors` are
    the decoder's word probabilities in order. At most 0.77; of the words at 0.6 or above, 24 of 24
    were right in that measurement, of those at 0.4 or above 97 %. Few words reach 0.6: on most
    clips none does, and those clips go out without captions.
    """
    span = MOST_RIGHT - LEAST_RIGHT
    right = [LEAST_RIGHT + span * min(1.0, max(0.0, p)) for p in posteriors]
    padded = [UNKNOWN_RIGHT] * NEIGHBOURS + right + [UNKNOWN_RIGHT] * NEIGHBOURS
    width = 2 * NEIGHBOURS + 1
    return [round(float(np.prod(padded[i : i + width])), 4) for i in range(len(right))]


def voicing(samples: np.ndarray) -> np.ndarray:
    """How periodic each 10 ms frame is at the pitch of a voice (70-400 Hz), about 0..1.

    `samples`: float32 mono, 16 kHz. A vowel gives 0.8 or more, hiss and hum-free rooms 0.4 or less.
    """
    width, hop = 640, 160
    if len(samples) < width:
        return np.zeros(0)
    frames = np.lib.stride_tricks.sliding_window_view(samples, width)[::hop].astype(np.float64)
    frames = frames - frames.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(frames, 2 * width)
    spectrum[:, : int(70 * 2 * width / RATE)] = 0
    spectrum[:, int(1000 * 2 * width / RATE) :] = 0
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[:, :width]
    scaled = correlation / (correlation[:, :1] + 1e-9) * width / (width - np.arange(width))
    return np.asarray(scaled[:, RATE // 400 : 230].max(axis=1))


def _is_spoken(words: list[tuple[str, int, int, float]], samples: np.ndarray) -> bool:
    """Whether at least two thirds of the words hold 50 ms of voiced sound.

    The decoder hears words in plain noise; on the corpus's recording without speech 3 of 8 such
    words sound voiced, in every recording of a voice 3 of 4 or more do.
    """
    level = voicing(samples)
    voiced = 0
    for _, first, last, _ in words:
        best = np.sort(level[first : last + 1])[-5:]
        voiced += len(best) == 5 and float(best[0]) >= 0.5
    return voiced * 3 >= len(words) * 2


class PocketSphinx:
    """Speech to timed words, English. The model loads on the first call (0.3 s), once a process.

    The same samples give the same words: what the decoder learns from one clip (its running mean
    of the sound) is thrown away before the next; without that, repeats differ (measured).
    """

    name = "pocketsphinx"

    def __init__(self) -> None:
        self._decoder: Any = None

    def words(self, samples: np.ndarray) -> list[HeardWord]:
        """`samples`: float32 mono, 16 kHz, -1..1, at most 30 s. No words where nobody speaks."""
        if len(samples) > LONGEST * RATE:
            raise ValueError(
                f"{len(samples) / RATE:.1f} s in one piece; at most {LONGEST} are heard"
            )
        if len(samples) < _SHORTEST:
            return []
        found = self._decoded(samples)
        if not found or not _is_spoken(found, samples):
            return []
        sure = surely([probability for *_, probability in found])
        length = Fraction(len(samples), RATE)
        return [
            HeardWord(_as_read(text), first * _FRAME, min((last + 1) * _FRAME, length), confidence)
            for (text, first, last, _), confidence in zip(found, sure, strict=True)
            if first * _FRAME < length
        ]

    def _decoded(self, samples: np.ndarray) -> list[tuple[str, int, int, float]]:
        """Word, first and last 10 ms frame (inclusive), the decoder's probability."""
        if self._decoder is None:
            from pocketsphinx import Decoder

            self._decoder = Decoder(samprate=RATE, loglevel="FATAL")
        decoder = self._decoder
        decoder.reinit_feat()
        pcm = (np.clip(samples, -1.0, 1.0) * 32767.0).round().astype("<i2")
        decoder.start_utt()
        decoder.process_raw(pcm.tobytes(), full_utt=True)
        decoder.end_utt()
        if decoder.hyp() is None:
            return []  # seg() is None then: nothing was understood at all
        return [
            (_VARIANT.sub("", s.word), s.start_frame, s.end_frame, float(s.prob))
            for s in decoder.seg()
            if not s.word.startswith(("<", "[", "+"))
        ]


def _as_read(text: str) -> str:
    return "I" + text[1:] if text == "i" or text.startswith("i'") else text
