"""Everything that is written over the picture, drawn alone, and whether a frame shows it.

The same font machine draws each thing twice, on black and on white. Between the two lies whatever
the picture behind it may do to a pixel, so every pixel of a frame either agrees with what should be
written there or does not, however busy the picture is.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

from video_assets.delivery.inspections.case import Case
from video_assets.delivery.inspections.measures import small_size
from video_assets.finishing import formats
from video_assets.finishing.overlays import Mark, ass_for, marks
from video_assets.finishing.typography import FONTS
from video_assets.foundation import media
from video_assets.foundation.records import Timeline

AT_ONCE = 8
"""Things drawn by one ffmpeg: bounds memory to some 80 MB at 1080 x 1920."""
LIT = 24
"""Steps of luma (of 219) from which a pixel counts as drawn on."""
SOLID = 0.25
"""Share of the picture behind that may shine through where letters are compared."""
VEILED = 0.65
"""The same for what lies around letters, such as a caption's plate."""
OFF = 48
"""Steps of luma beyond what should be written that a pixel may be off: coding at CRF 18 stays
below 40 along letters' edges."""
SPAN = 219.0
"""Steps of luma from black (16) to white (235)."""
PLAIN = 8.0
"""Steps of luma that what should be written must spread (standard deviation) to be compared."""
FEW = 12
"""Pixels of letters below which a window says nothing."""


@dataclass(frozen=True)
class Writing:
    """One thing that should be drawn: a caption, the hook's title, the end card."""

    kind: str
    """caption, hook or end_card."""
    text: str
    start: int
    """First frame on the timeline."""
    end: int
    """Exclusive."""
    full: tuple[int, int]
    """First and last frame in which it is fully drawn, fades over."""
    marks: tuple[Mark, ...]
    outside: int = 0
    """Pixels drawn outside the safe zone, full-frame panels aside."""
    box: formats.Box = field(default_factory=lambda: formats.Box(0, 0, 0, 0))
    """Where its letters are and what lies around them."""
    low: Any = field(default=None, compare=False, repr=False)
    """Luma in the box over a black picture, uint8; `high` over a white one."""
    high: Any = field(default=None, compare=False, repr=False)
    letters: Any = field(default=None, compare=False, repr=False)
    """Where the box holds letters that hide the picture: bool."""
    small: Any = field(default=None, compare=False, repr=False)
    """All of it in small over black and over white: uint8 luma 0..255, shape (2, height, width) of
    `measures.small_size`."""

    def agrees(self, luma: Any) -> "Agreement":
        """How a frame (luma, TV range, full size) compares with this."""
        import numpy as np

        box = self.box
        seen = luma[box.top : box.bottom, box.left : box.right].astype(np.int16)
        if seen.shape != self.letters.shape:
            return Agreement(-1.0, -1.0)
        low, high = self.low.astype(np.int16), self.high.astype(np.int16)
        veil = high - low
        wrong = (veil <= VEILED * SPAN) & ((seen < low - OFF) | (seen > high + OFF))
        solid = veil <= SOLID * SPAN
        planned = (low + high) / 2

        def score(part: tuple[slice, slice]) -> float:
            core = max(1, int(self.letters[part].sum()))
            right = 1 - float(wrong[part].sum()) / core
            known = solid[part]
            return min(right, _alike(seen[part][known], planned[part][known]))

        everywhere = slice(None), slice(None)
        return Agreement(score(everywhere), min((score(w) for w in self.windows), default=1.0))

    @property
    def windows(self) -> list[tuple[slice, slice]]:
        """Pieces of its lines, about as wide as a letter, half over each other."""
        found = []
        for top, bottom in _bands(self.letters):
            wide = max(4, (bottom - top) // 2)
            for left in range(0, self.letters.shape[1], max(1, wide // 2)):
                window = slice(top, bottom), slice(left, left + wide)
                if int(self.letters[window].sum()) >= max(FEW, wide * wide // 5):
                    found.append(window)
        return found


@dataclass(frozen=True, slots=True)
class Agreement:
    """The less of two figures, both 1.0 where all is as it should be: 1 minus the share of wrong
    pixels (of as many as the letters have), and the correlation of what is seen with what should be
    seen where nothing shines through. The one finds strokes that do not belong there, the other
    letters that are not there before a picture as light as they are."""

    whole: float
    worst: float
    """Of the windows of its lines."""


def writings(case: Case) -> list[Writing]:
    """Everything that should be drawn over a cutdown, by first frame."""
    size = (case.film.picture.width, case.film.picture.height)
    return grouped(
        marks(case.timeline, case.texts.burned, case.aspect, size, case.brand), case.timeline
    )


def grouped(drawn: Sequence[Mark], timeline: Timeline) -> list[Writing]:
    """Marks as the things that people see come and go together."""
    groups: dict[tuple[str, int, int], list[Mark]] = {}
    for mark in drawn:
        kind = "end_card" if mark.kind == "panel" else mark.kind
        groups.setdefault((kind, mark.start, min(mark.end, timeline.frames)), []).append(mark)
    found = []
    for (kind, start, end), own in groups.items():
        texts = dict.fromkeys(m.text for m in own if m.text)
        first = start + _fading(max(m.fade_in for m in own), timeline.fps)
        last = end - 1 - _fading(max(m.fade_out for m in own), timeline.fps)
        middle = (start + end) // 2
        full = (first, last) if first <= last else (middle, middle)
        if start < end:
            found.append(Writing(kind, " ".join(texts), start, end, full, tuple(own)))
    return sorted(found, key=lambda w: (w.start, w.kind))


def _fading(milliseconds: int, fps: Fraction) -> int:
    return ceil(milliseconds * fps / 1000) + 1 if milliseconds else 0


def drawn(wanted: Sequence[Writing], size: tuple[int, int], aspect: str) -> Iterator[Writing]:
    """The same things with their pixels in a picture of `size`, some at a time."""
    safe = formats.safe_zone(aspect, *size)
    for at in range(0, len(wanted), AT_ONCE):
        some = wanted[at : at + AT_ONCE]
        sheets: list[list[Mark]] = []
        for one in some:
            letters = [m for m in one.marks if m.text]
            rest = [m for m in one.marks if not m.text]
            plain = [m for m in one.marks if m.kind != "panel"]
            sheets += [[*rest, *letters], rest, plain]
        black, white = _drawn(sheets, size)
        for n, one in enumerate(some):
            yield _looked_at(one, black[3 * n : 3 * n + 3], white[3 * n : 3 * n + 3], safe)


def _looked_at(one: Writing, black: Any, white: Any, safe: formats.Box) -> Writing:
    import numpy as np

    def drawn_on(sheet: int) -> Any:
        lifted = black[sheet].astype(np.int16) - 16
        return np.maximum(lifted, 235 - white[sheet].astype(np.int16)) > LIT

    one = replace(one, small=_small(black[0], white[0]))
    plain = drawn_on(2)
    inside = int(plain[safe.top : safe.bottom, safe.left : safe.right].sum())
    outside = int(plain.sum()) - inside
    changed = np.maximum(np.abs(_signed(black[0]) - black[1]), np.abs(_signed(white[0]) - white[1]))
    solid = _signed(white[0]) - black[0] <= SOLID * SPAN
    letters = (changed > 2 * LIT) & solid
    rows, columns = np.flatnonzero(letters.any(1)), np.flatnonzero(letters.any(0))
    if not len(rows):
        return replace(one, outside=outside)
    margin = max(4, letters.shape[0] // 100)
    box = formats.Box(
        max(0, int(columns[0]) - margin),
        max(0, int(rows[0]) - margin),
        min(letters.shape[1], int(columns[-1]) + 1 + margin),
        min(letters.shape[0], int(rows[-1]) + 1 + margin),
    )
    cut = slice(box.top, box.bottom), slice(box.left, box.right)
    return replace(
        one,
        outside=outside,
        box=box,
        low=black[0][cut].copy(),
        high=white[0][cut].copy(),
        letters=letters[cut].copy(),
    )


def _small(*sheets: Any) -> Any:
    """Sheets (luma, TV range) in the size of a film's small pictures: uint8, 0..255."""
    import cv2
    import numpy as np

    size = small_size(sheets[0].shape[1], sheets[0].shape[0])
    less = np.stack([cv2.resize(s, size, interpolation=cv2.INTER_AREA) for s in sheets])
    full = (less.astype(np.float32) - 16) * (255 / SPAN)
    return np.clip(np.rint(full), 0, 255).astype(np.uint8)


def _alike(seen: Any, planned: Any) -> float:
    """Pearson's correlation; 1.0 where what is planned is plain."""
    import numpy as np

    if len(planned) < FEW or float(planned.std()) < PLAIN:
        return 1.0
    spread = float(seen.std())
    if spread < 1:
        return 0.0
    both = (seen - seen.mean()) * (planned - planned.mean())
    return float(np.mean(both)) / (spread * float(planned.std()))


def _signed(luma: Any) -> Any:
    import numpy as np

    return luma.astype(np.int16)


def _bands(letters: Any) -> list[tuple[int, int]]:
    """Rows (first, exclusive last) of each line of letters."""
    import numpy as np

    held = np.concatenate(([0], letters.any(1).astype(np.int8), [0]))
    edges = np.flatnonzero(np.diff(held))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _drawn(sheets: Sequence[Sequence[Mark]], size: tuple[int, int]) -> tuple[Any, Any]:
    """Luma (uint8, TV range, shape (sheets, height, width)) of each sheet on black, on white."""
    import ffmpeg
    import numpy as np

    rate = 25
    laid = [
        replace(mark, start=n, end=n + 1, fade_in=0, fade_out=0)
        for n, sheet in enumerate(sheets)
        for mark in sheet
    ]
    scratch = Path(tempfile.mkdtemp(prefix="video-assets-"))
    try:
        os.symlink(FONTS, scratch / "fonts")
        text = ass_for(laid, size, Fraction(rate), 0, len(sheets))
        (scratch / "text.ass").write_text(text, encoding="utf-8")
        outputs = []
        for ground in ("black", "white"):
            plain: Any = ffmpeg.input(f"color={ground}:s={size[0]}x{size[1]}:r={rate}", f="lavfi")
            outputs.append(
                plain.filter("format", "yuv420p")
                .filter("setparams", range="tv", colorspace="bt709")
                .filter("trim", end_frame=len(sheets))
                .filter("ass", "text.ass", fontsdir="fonts")
                .filter("extractplanes", "y")
                .output(ground, f="rawvideo", fps_mode="passthrough")
            )
        graph = ffmpeg.merge_outputs(*outputs).global_args("-v", "error")
        media.run(graph, scratch, 600, "drawing the words alone")
        shape = (len(sheets), size[1], size[0])
        black, white = (
            np.fromfile(scratch / ground, np.uint8).reshape(shape) for ground in ("black", "white")
        )
        return black, white
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
