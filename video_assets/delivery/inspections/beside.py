"""The pictures of a rendered file beside those of the footage that its timeline cites for them.

Measures of what is seen compare the two: what the footage itself does (darkness, stillness,
flashes) is no defect of the cut.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from video_assets.delivery.inspections.case import Case, Shown
from video_assets.delivery.inspections.once import once
from video_assets.delivery.inspections.sources import Seen
from video_assets.finishing.overlays import marks
from video_assets.foundation.errors import FootageError

REACH = 6
"""Timeline frames before and after a stretch at which its footage is looked at as well."""
ENDS = Fraction(1)
"""Seconds before a clip's end in which its last pictures are looked for."""
LATE = Fraction(1, 4)
"""Of a timeline frame: a source picture that is at most this much later than a frame's time is
what the frame shows, so that clocks which jitter by milliseconds change nothing."""
PANEL_SWING = 48
"""Levels (of 255) from its median by which footage can move a pixel through a panel, which lets at
most a sixth of it through; what is further away is writing on the panel."""


@dataclass(frozen=True, slots=True)
class Beside:
    """One visible stretch: n frames of the file, m pictures of the footage, all of one size."""

    shown: Shown
    file: Any
    """uint8 RGB, shape (n, height, width, 3)."""
    source: Any
    """uint8 RGB, shape (m, height, width, 3): cropped as the case says."""
    seen: Seen
    """The same m pictures uncropped, with their times."""
    clear: Any
    """bool, shape (n, height, width): where nothing is drawn over the picture."""
    covered: Any
    """bool, shape (n,): frames below a full-frame panel (end card)."""
    starts: Fraction
    """Clip's clock, seconds: the time of the first frame."""
    fps: Fraction

    def cited(self, shift: int = 0) -> Any:
        """Number in `source` of the picture that is cited for each frame, int, shape (n,).

        With `shift`, that of a time so many timeline frames later.
        """
        import numpy as np

        first = float(self.starts + (shift + LATE) / self.fps)
        wanted = first + np.arange(len(self.file)) / float(self.fps) + 1e-6
        times = np.array([float(t) for t in self.seen.times])
        return np.clip(np.searchsorted(times, wanted, side="right") - 1, 0, len(times) - 1)

    def near(self) -> list[Any]:
        """Numbers as by `cited`: what is cited, then what lies a picture or a frame beside it."""
        import numpy as np

        own, last = self.cited(), len(self.seen.times) - 1
        before, after = np.maximum(own - 1, 0), np.minimum(own + 1, last)
        return [own, before, after, self.cited(-1), self.cited(1)]

    def at(self, frame: int) -> str:
        """Where frame number `frame` of this stretch lies in the file, for people."""
        return f"{float((self.shown.start + frame) / self.fps):.2f} s"


def source_start(case: Case, shown: Shown) -> Fraction:
    """Seconds on the clip's clock of a stretch's first frame."""
    return shown.cut.source_start + Fraction(shown.start - shown.cut.start) / case.timeline.fps


def looked(case: Case, shown: Shown) -> Seen:
    """The footage of a stretch and a little before and after it.

    All measures ask with the same times, so that it is decoded once. Where the clip's pictures end
    before, the last ones are found. Raises FootageError where there are none at all.
    """
    fps, path = case.timeline.fps, shown.cut.path
    start = source_start(case, shown)
    end = start + Fraction(shown.end - shown.start + REACH) / fps
    try:
        return case.sources.pictures(path, max(Fraction(0), start - Fraction(REACH) / fps), end)
    except FootageError:
        # what is cited lies past its last picture: no more than its last second is read
        row = case.sources.rows.get(path)
        last = max(Fraction(0), min(start, row.duration if row else start) - ENDS)
        try:
            return case.sources.pictures(path, last, last + 2 * ENDS)
        except FootageError:  # its pictures end long before its sound does
            return case.sources.pictures(path, Fraction(0), ENDS)


def cropped(pictures: Any, crop: tuple[float, float, float, float], size: tuple[int, int]) -> Any:
    """Pictures (m, height, width, 3) cropped by shares (x, y, width, height) and scaled to `size`.

    `size` is (width, height) in pixels. Positions are exact to parts of a pixel.
    """
    import cv2
    import numpy as np

    height, width = pictures.shape[1:3]
    across, down = crop[2] * width / size[0], crop[3] * height / size[1]
    # pixel centres lie at halves; source = scale * target + offset
    place = np.array(
        [
            [across, 0, crop[0] * width + across / 2 - 0.5],
            [0, down, crop[1] * height + down / 2 - 0.5],
        ]
    )
    soft = [0.5 * max(0.0, s * s - 1) ** 0.5 for s in (across, down)]
    found = np.empty((len(pictures), size[1], size[0], pictures.shape[3]), np.uint8)
    for n, one in enumerate(pictures):
        if max(soft) > 0.2:
            one = cv2.GaussianBlur(
                one,
                (0, 0),
                max(soft[0], 0.01),
                sigmaY=max(soft[1], 0.01),
                borderType=cv2.BORDER_REPLICATE,
            )
        found[n] = cv2.warpAffine(
            one,
            place,
            size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
    return found


def luma(pictures: Any) -> Any:
    """Rec. 709 luma of uint8 RGB pictures: float32, whole levels 0..255, one dimension less."""
    import numpy as np

    return levels(pictures).astype(np.float32)


def levels(pictures: Any) -> Any:
    """The same as uint8."""
    import cv2
    import numpy as np

    weights = np.array([[0.2126, 0.7152, 0.0722]], np.float32)
    rows = np.ascontiguousarray(pictures).reshape(-1, pictures.shape[-2], 3)
    return cv2.transform(rows, weights).reshape(pictures.shape[:-1])


def soft(pictures: Any) -> Any:
    """The same pictures a little softer: resampling differs most in the finest detail."""
    import cv2
    import numpy as np

    return np.stack([cv2.blur(p, (3, 3), borderType=cv2.BORDER_REPLICATE) for p in pictures])


@once
def beside(case: Case) -> list[Beside]:
    """Every visible stretch of the file beside its footage, in the order of time.

    Made once for the measures of one case. Frames that the file lacks are left out. Raises
    FootageError where a clip cannot be read.
    """
    import numpy as np

    found: list[Beside] = []
    film = case.film.small
    height, width = film.shape[1:3]
    clear, covered = _overlaid(case, len(film), width, height)
    for shown in case.shown:
        start, end = shown.start, min(shown.end, len(film))
        if end <= start:
            continue
        seen = looked(case, shown)
        file = film[start:end]
        source = cropped(seen.small, case.crops[shown.number], (width, height))
        free = clear[start:end].copy()
        for n in np.flatnonzero(covered[start:end]):
            free[n] &= _unwritten(file[n])
        begins = source_start(case, shown)
        under = covered[start:end]
        found.append(Beside(shown, file, source, seen, free, under, begins, case.timeline.fps))
    return found


def _overlaid(case: Case, frames: int, width: int, height: int) -> tuple[Any, Any]:
    """Where nothing is drawn (frames, height, width), and which frames a panel covers (frames)."""
    import numpy as np

    clear = np.ones((frames, height, width), bool)
    covered = np.zeros(frames, bool)
    full = (case.film.picture.width, case.film.picture.height)
    for mark in marks(case.timeline, case.texts.burned, case.aspect, full, case.brand):
        start, end = max(0, mark.start), min(frames, mark.end)
        if mark.kind == "panel":
            covered[start:end] = True
        elif mark.kind != "end_card" and mark.box.width > 0:
            # a pixel more on each side: soft edges, and what scaling spreads
            left = max(0, mark.box.left * width // full[0] - 1)
            right = -(-mark.box.right * width // full[0]) + 1
            top = max(0, mark.box.top * height // full[1] - 1)
            bottom = -(-mark.box.bottom * height // full[1]) + 1
            clear[start:end, top:bottom, left:right] = False
    return clear, covered


def _unwritten(picture: Any) -> Any:
    """Which pixels (bool, height x width) of a picture below a panel carry no writing."""
    import cv2
    import numpy as np

    away = np.abs(picture - np.median(picture, axis=(0, 1))).max(axis=2)
    return cv2.erode((away <= PANEL_SWING).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
