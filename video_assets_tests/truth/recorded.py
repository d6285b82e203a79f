"""Recorded clips of the corpus beside the made ones, where the environment names the corpus.

They are there for their text, level and noise; when a word of them is spoken nobody knows.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np

from video_assets_tests.truth import sounds

CORPUS = "VIDEO_ASSETS_CORPUS"
CLIPS = (
    ("speech/jfk.flac", "And so my fellow Americans, ask not what your country can do for you, "
     "ask what you can do for your country."),
    ("speech/sense_and_sensibility_01_austen_64kb-0890.wav", "unless to be rather cold hearted "
     "and rather selfish is to be ill disposed"),
)  # fmt: skip
"""File below the corpus and what is said in it: a hall, and a quiet reader at 16 kHz."""
FOLDER = "recorded"
"""Below `footage/`."""
QUIET = 10
"""Percentile of the levels of 50 ms that counts as the noise."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One clip that somebody recorded."""

    source: Path
    text: str

    @property
    def path(self) -> str:
        """Below the footage folder."""
        return f"{FOLDER}/{self.source.name}"


def recordings(size: str) -> list[Recorded]:
    """At most two; none in a tiny library, and none where the environment names no corpus."""
    named = os.environ.get(CORPUS)
    if not named or size == "tiny":
        return []
    found = [Recorded(Path(named) / name, text) for name, text in CLIPS]
    return [one for one in found if one.source.is_file()]


def names(clips: Sequence[Recorded]) -> list[dict[str, str]]:
    """Of each its path and sha256: they are part of what the library is."""
    return [{"path": c.path, "sha256": sha256(c.source.read_bytes()).hexdigest()} for c in clips]


def declared(clip: Recorded) -> dict[str, Any]:
    """What `truth.json` says of it. `noise` is in dBFS, of the quietest tenth."""
    import av
    from scipy import signal

    with av.open(str(clip.source)) as file:
        rate = file.streams.audio[0].rate
        shift = av.AudioResampler("dblp", file.streams.audio[0].layout.name, rate)
        parts = [
            part.to_ndarray() for frame in file.decode(audio=0) for part in shift.resample(frame)
        ]
    heard = np.concatenate(parts, axis=1).T
    block = rate // 20
    power = (heard[: len(heard) // block * block].reshape(-1, block, heard.shape[1]) ** 2).mean(
        axis=(1, 2)
    )
    common = gcd(sounds.RATE, rate)
    at_48 = signal.resample_poly(heard, sounds.RATE // common, rate // common, axis=0)
    noise = float(np.percentile(10 * np.log10(np.maximum(power, 1e-12)), QUIET))
    return {
        "path": clip.path, "kind": "recorded", "camera": "", "setup": "", "moment": "", "fps": "",
        "frames": 0, "duration": round(len(heard) / rate, 5), "size": [0, 0], "timecode": "",
        "offset": 0.0, "drift_ppm": 0.0, "grade": "neutral", "cuts": [], "shots": [],
        "flashes": [], "words": [], "lines": [], "defects": [], "subject": [], "people": [],
        "tags": [], "text": clip.text, "loudness": round(sounds.loudness(at_48), 2),
        "noise": round(noise, 1), "direction": 0, "light": "none", "wardrobe": "",
    }  # fmt: skip
