"""Which part of the picture each aspect ratio shows, and how large it can be rendered."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import floor

from video_assets.finishing import formats
from video_assets.foundation.records import FootageRow, PictureCut, Timeline

HEADROOM = 0.35
"""Room above a face box, as a share of its height: hair and a little air."""
FACE_AT = 0.36
"""Where a face's centre lies in a crop that is shorter than the frame, from its top."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A rectangle of the displayed frame in whole, even pixels."""

    x: int
    y: int
    width: int
    height: int


def crop_for(cut: PictureCut, row: FootageRow, aspect: str) -> Crop:
    """The still crop of a cut: the face and its headroom, else the focus, else the centre.

    All six ratios share one subject, so at equal height a wider crop contains a narrower one.
    """
    width, height = _cropped(cut.scale, row, aspect)
    columns, lines = max(2, _even_down(width + 1)), max(2, _even_down(height + 1))
    columns, lines = (
        min(columns, _even_down(row.width)),
        min(lines, _even_down(row.height)),
    )
    x, y, face_width, face_height = cut.face
    if face_width > 0 and face_height > 0:
        left = (x + face_width / 2) * row.width - columns / 2
        top = (y + face_height / 2) * row.height - lines * FACE_AT
        head, chin = (
            (y - HEADROOM * face_height) * row.height,
            (y + face_height) * row.height,
        )
        top = min(max(top, chin - lines), head) if chin - head <= lines else chin - lines
    else:
        left = cut.focus[0] * row.width - columns / 2
        top = cut.focus[1] * row.height - lines / 2
    return Crop(
        _even_down(min(max(left, 0), row.width - columns)),
        _even_down(min(max(top, 0), row.height - lines)),
        columns,
        lines,
    )


def rendition(
    timeline: Timeline, rows: Mapping[str, FootageRow], aspect: str
) -> tuple[int, int, float]:
    """(width, height, enlargement) of the largest class in which no shown cut is enlarged too far.

    `rows` by path. The enlargement is that of the worst cut, 1.0 where no pixel is invented; above
    1.9 it is a finding (the 540-class is the smallest there is).
    """
    cuts = [s.cut for s in visible(timeline)]
    worst = 1.0
    for class_ in formats.CLASSES:
        width, height = formats.size(aspect, class_)
        worst = 1.0
        for cut in cuts:
            counted = max(1.0, cut.scale / formats.FREE_PUNCH_IN)
            columns, _ = _cropped(counted, rows[cut.path], aspect)
            worst = max(worst, width / columns)
        if worst <= formats.MAX_UPSCALE:
            break
    return width, height, worst


def _cropped(scale: float, row: FootageRow, aspect: str) -> tuple[float, float]:
    """Unrounded size in pixels of the largest crop of this ratio, `scale` times punched in."""
    ratio = float(formats.RATIOS[aspect])
    height = min(row.height, row.width / ratio) / scale
    return height * ratio, height


def _even_down(value: float) -> int:
    return floor(value / 2) * 2


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive frames of a timeline that show one cut. Frames count at the timeline's rate."""

    start: int
    frames: int
    cut: PictureCut

    @property
    def end(self) -> int:
        """Exclusive."""
        return self.start + self.frames


def visible(timeline: Timeline) -> list[Stretch]:
    """What is seen, in order: V2 covers V1. Frames that nothing covers are left out."""
    edges = {0, timeline.frames}
    for cut in timeline.picture:
        edges |= {max(0, cut.start), min(timeline.frames, cut.end)}
    marks = sorted(e for e in edges if 0 <= e <= timeline.frames)
    found: list[Stretch] = []
    for start, end in pairwise(marks):
        over = [c for c in timeline.picture if c.start <= start and c.end >= end]
        if not over:
            continue
        top = max(over, key=lambda c: (c.track, c.start))
        if found and found[-1].cut is top and found[-1].end == start:
            found[-1] = Stretch(found[-1].start, end - found[-1].start, top)
        else:
            found.append(Stretch(start, end - start, top))
    return found
