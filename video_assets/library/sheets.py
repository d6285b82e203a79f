"""Contact sheets: many pictures as one small JPEG, for the Dagster UI and for people."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

CELL = (240, 135)
"""Width and height of a picture's place, pixels."""
LABEL = 18
"""Height of the line under it, pixels."""
GAP = 6
PAPER, INK = (250, 248, 246), (48, 44, 40)
"""BGR."""
MOST = 48
"""Pictures on one sheet; of more, every n-th is shown."""


def contact_sheet(
    stills: Sequence[Path | np.ndarray],
    labels: Sequence[str],
    max_bytes: int = 60_000,
    columns: int = 4,
) -> bytes:
    """A JPEG of at most `max_bytes` with a label under each picture.

    `stills`: files, or uint8 RGB (height, width, 3). A file that cannot be read leaves its place
    empty. Quality goes down first, then size. An empty list gives a small sheet that says so.
    """
    import cv2

    if not stills:
        return _encode(_say_nothing(), max_bytes)
    every = -(-len(stills) // MOST)
    shown = list(zip(stills, [*labels, *[""] * len(stills)], strict=False))[::every]
    columns = max(1, min(columns, len(shown)))
    rows = -(-len(shown) // columns)
    width = columns * (CELL[0] + GAP) + GAP
    height = rows * (CELL[1] + LABEL + GAP) + GAP
    sheet = np.full((height, width, 3), PAPER, np.uint8)
    for number, (still, label) in enumerate(shown):
        x = GAP + number % columns * (CELL[0] + GAP)
        y = GAP + number // columns * (CELL[1] + LABEL + GAP)
        picture = _read(still)
        if picture is not None:
            scale = min(CELL[0] / picture.shape[1], CELL[1] / picture.shape[0])
            size = (max(1, int(picture.shape[1] * scale)), max(1, int(picture.shape[0] * scale)))
            small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
            left, top = x + (CELL[0] - size[0]) // 2, y + (CELL[1] - size[1]) // 2
            sheet[top : top + size[1], left : left + size[0]] = small
        _write(sheet, _plain(label), x, y + CELL[1] + LABEL - 5)
    return _encode(sheet, max_bytes)


def _read(still: Path | np.ndarray) -> np.ndarray | None:
    """The picture as BGR; None where it cannot be read."""
    import cv2

    if isinstance(still, np.ndarray):
        return np.ascontiguousarray(still[..., ::-1]) if still.size else None
    try:
        data = np.frombuffer(still.read_bytes(), np.uint8)
    except OSError:
        return None
    return cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None


def _plain(label: str) -> str:
    """The label in the letters that OpenCV can draw, cut to what fits."""
    import unicodedata

    text = unicodedata.normalize("NFKD", label)
    text = "".join(c for c in text if not unicodedata.combining(c))
    text = "".join(c if " " <= c <= "~" else "?" for c in text)
    return text if len(text) <= 34 else text[:16] + ".." + text[-16:]


def _write(sheet: np.ndarray, text: str, x: int, y: int) -> None:
    import cv2

    cv2.putText(sheet, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.38, INK, 1, cv2.LINE_AA)


def _say_nothing() -> np.ndarray:
    sheet = np.full((60, 2 * CELL[0], 3), PAPER, np.uint8)
    _write(sheet, "nothing to show", 16, 36)
    return sheet


def _encode(sheet: np.ndarray, max_bytes: int) -> bytes:
    import cv2

    while True:
        for quality in (85, 75, 65, 55, 45, 35):
            done, data = cv2.imencode(
                ".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
            )
            if done and (len(data) <= max_bytes or min(sheet.shape[:2]) <= 16):
                return bytes(data)
        size = (max(8, sheet.shape[1] * 4 // 5), max(8, sheet.shape[0] * 4 // 5))
        sheet = cv2.resize(sheet, size, interpolation=cv2.INTER_AREA)
