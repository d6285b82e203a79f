"""Contact sheets stay small and never fail."""

from pathlib import Path

import cv2
import numpy as np

from video_assets.library.sheets import contact_sheet


def decode(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def test_noise_fits_the_limit():
    noise = np.random.default_rng(0).integers(0, 255, (36, 360, 640, 3), np.uint8)
    data = contact_sheet(list(noise), [f"shot {n}" for n in range(36)])
    assert 5_000 < len(data) <= 60_000 and decode(data) is not None


def test_layout_and_colour():
    red = np.zeros((90, 160, 3), np.uint8)
    red[..., 0] = 255
    sheet = decode(contact_sheet([red] * 5, ["é 🎬 label"] * 5, columns=4))
    assert sheet.shape[1] == 4 * 246 + 6 and sheet.shape[0] == 2 * 159 + 6
    blue, green, reddish = sheet[70, 120]
    assert reddish > 200 and blue < 60 and green < 60


def test_empty_and_missing():
    assert decode(contact_sheet([], [])).shape[0] < 100
    data = contact_sheet([Path("/no/such/file.jpg"), np.zeros((0, 0, 3), np.uint8)], ["gone"])
    assert decode(data) is not None
    assert contact_sheet([], []) == contact_sheet([], [])
