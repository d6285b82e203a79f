"""The bank of spoken lines: sound, words and speech sounds of every variant."""

# numpy expressions are Any to mypy.
# mypy: disable-error-code="no-any-return"

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

BANK = Path(__file__).parent / "bank"
RATE = 16_000
"""Hz of the bank; every time in it is a whole number of samples."""
COMPLETE = ("clean", "again", "filler", "flub")
"""Variants in which the whole line is said; `broken` stops before its end."""


@dataclass(frozen=True, slots=True)
class Said:
    """A word as spoken: seconds from the utterance's start."""

    text: str
    kind: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """One recording of a line in the bank."""

    line: str
    variant: str
    speaker: str
    words: tuple[Said, ...]
    phones: tuple[tuple[str, float, float], ...]
    """(name in the radio phone set, start, end), seconds."""
    samples: np.ndarray
    """float64, mono, 16 kHz, -1..1; starts 3 ms before the first word."""

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / RATE

    @property
    def text(self) -> str:
        """All that is said, flubs included."""
        return " ".join(word.text for word in self.words)


@lru_cache(maxsize=1)
def bank() -> dict[tuple[str, str], Utterance]:
    """(line, variant) to utterance, in the order of the story."""
    import av

    plain = json.loads((BANK / "voices.json").read_text(encoding="utf-8"))
    with av.open(str(BANK / "voices.flac")) as file:
        parts = [frame.to_ndarray().reshape(-1) for frame in file.decode(audio=0)]
    sound = np.concatenate(parts).astype(np.float64) / 32768.0
    found = {}
    for entry in plain["utterances"]:
        words = tuple(Said(t, kind, a / RATE, b / RATE) for t, kind, a, b in entry["words"])
        phones = tuple((name, a / RATE, b / RATE) for name, a, b in entry["phones"])
        samples = sound[entry["at"] : entry["at"] + entry["length"]]
        key = (entry["line"], entry["variant"])
        found[key] = Utterance(*key, entry["speaker"], words, phones, samples)
    return found
