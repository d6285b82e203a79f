"""A still that stands for a cut: the best frame near its hook."""

from fractions import Fraction
from pathlib import Path
from typing import Any

from video_assets.foundation import media
from video_assets.foundation.errors import RenderError

WIDTH = 720
"""Pixels at most."""


def poster(file: Path, fps: Fraction, frames: int) -> bytes:
    """A JPEG of the sharpest well-lit frame among samples of the first third; never a black one
    where there is another."""
    import cv2
    import numpy as np

    last = max(1, min(frames, round(frames * 0.4), round(4 * fps)))
    wanted = {min(last - 1, round(last * share)) for share in (0.1, 0.25, 0.4, 0.55, 0.7, 0.85)}
    best: tuple[float, int] | None = None
    chosen: Any = None
    with media.open_container(file) as container:
        stream = container.streams.video[0]
        for number, frame in enumerate(container.decode(stream)):
            if number > max(wanted):
                break
            if number not in wanted:
                continue
            picture = frame.to_ndarray(format="bgr24")
            grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
            light, contrast = float(grey.mean()) / 255, float(grey.std()) / 255
            sharp = float(np.log1p(cv2.Laplacian(grey, cv2.CV_64F).var()))
            score = sharp / 10 + min(contrast, 0.25) * 2 - abs(light - 0.45) - 4 * (light < 0.06)
            if best is None or score > best[0] + 1e-9:
                best, chosen = (score, number), picture
    if chosen is None:
        raise RenderError(f"{file.name} has no frame for a poster")
    height, width = chosen.shape[:2]
    if width > WIDTH:
        size = (WIDTH, round(height * WIDTH / width))
        chosen = cv2.resize(chosen, size, interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", chosen, [cv2.IMWRITE_JPEG_QUALITY, 86])
    if not done:
        raise RenderError(f"{file.name}: the poster could not be written as JPEG")
    return bytes(data)
