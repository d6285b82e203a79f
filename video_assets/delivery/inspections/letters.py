"""Everything that is written over the picture, drawn alone, and whether a frame shows it.

The same font machine draws each thing twice, on black and on white. Between the two lies whatever
the picture behind it may do to a pixel, so every pixel of a frame either agrees with what should be
written there or does not, however busy the picture is.
"""

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import Any

from video_assets.delivery.inspections.case import Case
from video_assets.delivery.inspections.measures import first_plane, small_size
from video_assets.finishing import formats
from video_assets.finishing.overlays import Mark, ass_for, marks
from video_assets.finishing.typography import FONTS
from video_assets.foundation import media
from video_assets.foundation.errors import RenderError
from video_assets.foundation.records import Timeline

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

        box, plan = self.box, self._plan
        seen = luma[box.top : box.bottom, box.left : box.right].astype(np.int16)
        if seen.shape != self.letters.shape:
            return Agreement(-1.0, -1.0)
        wrong = plan.veiled & ((seen < plan.lowest) | (seen > plan.highest))
        right = 1 - float(wrong.sum()) / max(1, int(self.letters.sum()))
        whole = min(right, _alike(seen[plan.solid], plan.expected[plan.solid]))
        known = seen.astype(np.float32) * plan.solid
        parts = [np.zeros(0)]
        for band in plan.bands:
            strip = known[band.rows]
            both = (strip, strip * strip, strip * plan.shown[band.rows])
            off, own, square, product = (
                band.over(part.sum(axis=0, dtype=np.float64)) for part in (wrong[band.rows], *both)
            )
            parts.append(np.minimum(1 - off / band.core, band.alike(own, square, product)))
        windows = np.concatenate(parts)
        return Agreement(whole, float(windows.min()) if windows.size else 1.0)

    @cached_property
    def _plan(self) -> "_Plan":
        """What frames are compared with: the same for all of them."""
        import numpy as np

        low, high = self.low.astype(np.int16), self.high.astype(np.int16)
        veil = high - low
        solid = veil <= SOLID * SPAN
        expected = (low + high) / np.float32(2)
        shown = expected * solid
        return _Plan(
            veil <= VEILED * SPAN,
            solid,
            low - OFF,
            high + OFF,
            expected,
            shown,
            [_Band.of(self.letters, solid, shown, rows) for rows in _bands(self.letters)],
        )


@dataclass(frozen=True, slots=True)
class _Plan:
    """A writing as it is compared; arrays of the shape of its box."""

    veiled: Any
    """bool: pixels that the picture behind cannot make anything of."""
    solid: Any
    """bool: pixels that hide the picture."""
    lowest: Any
    """int16: steps of luma that a veiled pixel may have; `highest` as well."""
    highest: Any
    expected: Any
    """float32: the middle of both."""
    shown: Any
    """The same, 0 where the picture shines through."""
    bands: "list[_Band]"


@dataclass(frozen=True, slots=True)
class _Band:
    """A line of letters, cut into n windows about as wide as a letter, half over each other.

    Sums over windows are differences of running sums over columns.
    """

    rows: slice
    starts: Any
    """Columns, int, shape (n,); `ends` exclusive."""
    ends: Any
    core: Any
    """Pixels of letters, shape (n,), as are those below."""
    known: Any
    """Solid pixels, the sum of what they should be, and of its square."""
    planned: Any
    squared: Any

    @classmethod
    def of(cls, letters: Any, solid: Any, shown: Any, rows: tuple[int, int]) -> "_Band":
        """Windows of one line that hold enough of letters to say something."""
        import numpy as np

        top, bottom = rows
        part = slice(top, bottom)
        wide = max(4, (bottom - top) // 2)
        starts = np.arange(0, letters.shape[1], max(1, wide // 2))
        ends = np.minimum(starts + wide, letters.shape[1])
        core = _over(letters[part].sum(axis=0, dtype=np.float64), starts, ends)
        kept = core >= max(FEW, wide * wide // 5)
        starts, ends = starts[kept], ends[kept]
        known, planned, squared = (
            _over(one.sum(axis=0, dtype=np.float64), starts, ends)
            for one in (solid[part], shown[part], shown[part] ** 2)
        )
        return cls(part, starts, ends, core[kept], known, planned, squared)

    def over(self, columns: Any) -> Any:
        """Sums of a figure per column over the windows."""
        return _over(columns, self.starts, self.ends)

    def alike(self, seen: Any, squared: Any, product: Any) -> Any:
        """As `_alike`, of the sums of what is seen, its square, and its product with the plan."""
        import numpy as np

        count = np.maximum(self.known, 1)
        middle, planned = seen / count, self.planned / count
        spread = np.sqrt(np.maximum(squared / count - middle**2, 0))
        wanted = np.sqrt(np.maximum(self.squared / count - planned**2, 0))
        alike = (product / count - middle * planned) / np.maximum(spread * wanted, 1e-9)
        plain = (self.known < FEW) | (wanted < PLAIN)
        return np.where(plain, 1.0, np.where(spread < 1, 0.0, alike))


def _over(columns: Any, starts: Any, ends: Any) -> Any:
    import numpy as np

    running = np.concatenate([[0.0], np.cumsum(columns)])
    return running[ends] - running[starts]


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
    """The same things with their pixels in a picture of `size`, one after another."""
    safe = formats.safe_zone(aspect, *size)
    sheets: dict[tuple[Mark, ...], int] = {}
    asked: list[tuple[int, int, int]] = []
    for one in wanted:
        rest = tuple(m for m in one.marks if not m.text)
        whole = (*rest, *(m for m in one.marks if m.text))
        plain = tuple(m for m in whole if m.kind != "panel")
        # most things have no panel, and titles nothing but letters: each sheet is drawn once
        first, second, third = (sheets.setdefault(s, len(sheets)) for s in (whole, rest, plain))
        asked.append((first, second, third))
    last = {sheet: n for n, own in enumerate(asked) for sheet in own}
    kept: dict[int, tuple[Any, Any]] = {}
    with closing(_drawn(list(sheets), size)) as done:
        for n, (one, own) in enumerate(zip(wanted, asked, strict=True)):
            while any(sheet not in kept for sheet in own):
                pair = next(done, None)
                if pair is None:
                    raise RenderError(f"of {len(sheets)} sheets of writing {len(kept)} were drawn")
                kept[len(kept)] = pair
            black, white = zip(*(kept[sheet] for sheet in own), strict=True)
            yield _looked_at(one, black, white, safe)
            for sheet in own:
                if last[sheet] == n:
                    kept[sheet] = ((), ())  # a long cutdown's would fill the memory


def _looked_at(
    one: Writing, black: Sequence[Any], white: Sequence[Any], safe: formats.Box
) -> Writing:
    import numpy as np

    touched = [(s != g).any(1) for g, all_of in ((16, black), (235, white)) for s in all_of]
    found = np.flatnonzero(np.any(touched, axis=0))
    top, bottom = (int(found[0]), int(found[-1]) + 1) if len(found) else (0, 0)
    one = replace(one, small=_small(black[0], white[0]))
    dark, light = ([_signed(s[top:bottom]) for s in sheets] for sheets in (black, white))
    plain = np.maximum(dark[2] - 16, 235 - light[2]) > LIT
    within = slice(max(0, safe.top - top), max(0, safe.bottom - top))
    inside = int(plain[within, safe.left : safe.right].sum())
    outside = int(plain.sum()) - inside
    changed = np.maximum(np.abs(dark[0] - dark[1]), np.abs(light[0] - light[1]))
    letters = np.zeros(black[0].shape, bool)
    letters[top:bottom] = (changed > 2 * LIT) & (light[0] - dark[0] <= SOLID * SPAN)
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


def _drawn(
    sheets: Sequence[Sequence[Mark]], size: tuple[int, int]
) -> Generator[tuple[Any, Any], None, None]:
    """Luma (uint8, TV range, shape (height, width)) of each sheet on black, and on white."""
    import ffmpeg

    if not sheets:
        return
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
                .filter("pad", "ceil(iw/4)*4")  # the codec's step
                # run lengths: writing and reading raw pictures took longer than drawing them
                .output(f"{ground}.mov", vcodec="qtrle", pix_fmt="gray", fps_mode="passthrough")
            )
        graph = ffmpeg.merge_outputs(*outputs).global_args("-v", "error")
        media.run(graph, scratch, 600, "drawing the words alone")
        black, white = (_sheets(scratch / f"{ground}.mov", size) for ground in ("black", "white"))
        yield from zip(black, white, strict=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _sheets(file: Path, size: tuple[int, int]) -> Iterator[Any]:
    """Pictures that were kept as run lengths: 8 bits, grey, 255 for black as QuickTime has it."""
    with media.open_container(file) as container:
        for frame in container.decode(container.streams.video[0]):
            yield 255 - first_plane(frame)[: size[1], : size[0]]
