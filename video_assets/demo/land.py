"""Hills, firs and mist: what the outdoor scenes share."""

# numpy expressions are Any to mypy, and arrays change dtype on purpose between steps.
# mypy: disable-error-code="no-any-return,assignment,arg-type"

import cv2
import numpy as np

from video_assets.demo.drawing import clouds, grid, smooth


def ridge(
    size: tuple[int, int], level: float, rough: float, seed: int, trees: float = 0.0
) -> np.ndarray:
    """Cover of a hill line at `level` (0..1 of the height); `trees`: tallest fir, pixels."""
    width, height = size
    rng = np.random.default_rng(seed)
    line = np.zeros(width)
    for octave in range(6):
        knots = rng.standard_normal(4 * 2**octave + 3)
        at = np.linspace(0, len(knots) - 1, width)
        whole = np.minimum(at.astype(int), len(knots) - 2)
        part = at - whole
        part = part * part * (3 - 2 * part)
        line += (knots[whole] * (1 - part) + knots[whole + 1] * part) * 0.52**octave
    top = height * level - line * rough * height
    if trees:
        x = 0.0
        crown = np.zeros(width)
        while x < width:
            tall = trees * rng.uniform(0.45, 1.0)
            wide = tall * rng.uniform(0.16, 0.24)
            a, b = int(max(0, x - wide)), int(min(width, x + wide))
            far = np.abs(np.arange(a, b) - x) / wide
            steps = 0.12 * np.abs(((far * 7) % 1) - 0.5)
            crown[a:b] = np.maximum(crown[a:b], tall * np.clip(1 - far + steps * (far < 0.9), 0, 1))
            x += wide * rng.uniform(0.5, 1.3)
        top = top - crown
    y = grid(size)[1]
    return smooth(-1.2, 1.2, y - top[None, :].astype(np.float32))


def fog_sheet(size: tuple[int, int], seed: int) -> np.ndarray:
    """A long sheet of mist to slide sideways, 0..1."""
    sheet = clouds((size[0] * 2, size[1]), (size[0] * 0.55, size[1] * 0.4), 5, seed)
    return smooth(0.38, 0.9, sheet)


def slid(sheet: np.ndarray, width: int, offset: float) -> np.ndarray:
    matrix = np.array([[1, 0, -offset], [0, 1, 0]], np.float32)
    return cv2.warpAffine(sheet, matrix, (width, sheet.shape[0]), borderMode=cv2.BORDER_REFLECT)
