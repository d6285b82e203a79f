"""Loudness by ITU-R BS.1770-4 of samples in memory, and of finished files by ffmpeg's own meter."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from video_assets.foundation import media
from video_assets.foundation.errors import RenderError

Samples = NDArray[np.float32]
"""Shape (2, n): left and right at 48 kHz, full scale 1.0."""

SILENCE = -70.0
"""LUFS that stand for silence: BS.1770's absolute gate."""


def integrated(samples: Samples) -> float:
    """Gated loudness in LUFS of 48 kHz stereo; -70.0 where nothing is above the absolute gate.

    Pieces under 0.4 s are measured as one block.
    """
    from scipy.signal import sosfilt

    if samples.shape[1] == 0:
        return SILENCE
    # The K-weighting's two stages at 48 kHz, coefficients as in the recommendation.
    stages = np.array(
        [
            [
                1.53512485958697,
                -2.69169618940638,
                1.19839281085285,
                1,
                -1.69065929318241,
                0.73248077421585,
            ],
            [1.0, -2.0, 1.0, 1, -1.99004745483398, 0.99007225036621],
        ]
    )
    power = (sosfilt(stages, samples.astype(np.float64), axis=1) ** 2).sum(axis=0)
    block, step = min(19_200, power.size), 4_800
    total = np.concatenate([[0.0], np.cumsum(power)])
    starts = np.arange(0, power.size - block + 1, step)
    means = (total[starts + block] - total[starts]) / block
    loud = means[means > 10 ** ((SILENCE + 0.691) / 10)]
    if loud.size == 0:
        return SILENCE
    kept = loud[loud > loud.mean() * 0.1]  # the relative gate, 10 LU below
    return float(-0.691 + 10 * math.log10(kept.mean()))


def gain(decibels: float) -> float:
    """The factor for a gain in dB."""
    return float(10 ** (decibels / 20))


@dataclass(frozen=True, slots=True)
class Level:
    """How loud a file is."""

    loudness: float
    """LUFS, integrated; -70.0 silence."""
    peak: float
    """True peak, dBTP; -99.0 silence."""


def parse_level(messages: str) -> Level:
    """The summary that ffmpeg's `ebur128=peak=true` leaves in its messages."""
    summary = messages.rpartition("Summary:")[2]
    loudness = re.search(r"I:\s+(-?[\d.]+|-inf|nan) LUFS", summary)
    peak = re.search(r"Peak:\s+(-?[\d.]+|-inf|nan) dBFS", summary)
    if not loudness or not peak:
        raise RenderError("the loudness meter gave no summary; check VIDEO_ASSETS_FFMPEG")

    def number(text: str, least: float) -> float:
        value = float(text)
        return value if math.isfinite(value) and value > least else least

    return Level(number(loudness[1], SILENCE), number(peak[1], -99.0))


def measured(file: Path) -> Level:
    """Loudness and true peak of a finished file's decoded sound, by ffmpeg."""
    meter: Any = media.source(file).audio.filter("ebur128", peak="true", framelog="quiet")
    graph = meter.output("-", format="null").global_args("-v", "info", "-nostats")
    _, messages = media.run(graph, file.parent, 600, f"measuring {file.name}")
    return parse_level(messages)
