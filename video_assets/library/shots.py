"""Where each clip cuts: PySceneDetect's adaptive detector, fed with frames we decode ourselves.

Windows by PTS in, shot spans out. Times are exact: a cut lies on the first frame of the new shot.
"""

import hashlib
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from video_assets.foundation.records import Shot
from video_assets.foundation.timecode import Span

if TYPE_CHECKING:
    from scenedetect.common import FrameTimecode

DETECTOR = "scenedetect-adaptive"
DETECT_WIDTH = 256
"""Pixels: the width that PySceneDetect itself reduces to."""
MIN_SHOT = Fraction(3, 10)
"""Seconds; the shortest shot that an eye takes for one, a flash is shorter."""
RATIO, WINDOW, MIN_CHANGE = 3.0, 2, 15.0
"""A cut changes this many times more than the frames around it, and at least this much (of 255)."""
PLACES = (12, 8)
"""Across and down: the places of a picture whose colours tell a set-up from others."""
SAME_SETUP = 5.0
"""Colour difference (CIE 1976, of the median place) below which two shots of one size belong to
one camera set-up. On real footage shots of one camera that stands still reach 4.7, also with other
people before it, and others begin at 11.6; on drawn libraries 4.9, with one pair of others at 3.2
and the next at 5.4."""
BLACK = 4.0
"""Lightness (0..100) of a bar beside a narrower picture: two bars are no common place."""
EVERY, ENOUGH = 7, 4
"""Every seventh place is compared first, and at least four of those 14 must be near: of two
pictures that agree in half of their places, 97 in 100 do so in as many of these."""
MIN_LUMA_CHANGE = 5.0
"""Mean change of grey (of 255) at a cut: hue jumps at random in pictures that are all but black."""


class CutFinder:
    """Finds camera cuts in frames that are shown to it in the order of time.

    Memory does not grow with the length of the clip.
    """

    def __init__(self) -> None:
        from scenedetect.detectors import AdaptiveDetector

        # Lengths are judged here, in time: the detector counts frames, and rates may vary.
        self._detector = AdaptiveDetector(
            adaptive_threshold=RATIO,
            min_scene_len=0,
            window_width=WINDOW,
            min_content_val=MIN_CHANGE,
        )
        self._recent: deque[tuple[int, tuple[Fraction, float]]] = deque(maxlen=4 * WINDOW + 4)
        self._number = 0
        self._grey: np.ndarray | None = None
        self._last: Fraction | None = None

    def show(self, picture: np.ndarray, time: Fraction) -> Fraction | None:
        """The cut that became certain with this frame, if any: it lies a few frames back.

        `picture`: uint8 BGR, (height, width, 3), always of one size. `time`: its PTS, seconds.
        """
        import cv2

        if self._last is None:
            self._last = time
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        change = 0.0 if self._grey is None else float(cv2.absdiff(grey, self._grey).mean())
        self._grey = grey
        self._recent.append((self._number, (time, change)))
        found = self._detector.process_frame(self._frame(self._number), picture)
        self._number += 1
        for timecode in found:
            cut, change = dict(self._recent)[timecode.frame_num]
            if change >= MIN_LUMA_CHANGE and cut - self._last >= MIN_SHOT:
                self._last = cut
                return cut
        return None

    @staticmethod
    def _frame(number: int) -> "FrameTimecode":
        from scenedetect.common import FrameTimecode

        return FrameTimecode(number, fps=Fraction(25))  # frames are only counted


def spans(start: Fraction, cuts: Sequence[Fraction], end: Fraction) -> list[Span]:
    """Shots that tile start..end exactly; a last piece under MIN_SHOT joins the one before."""
    edges = [start, *(cut for cut in cuts if start < cut < end), end]
    if len(edges) > 2 and end - edges[-2] < MIN_SHOT:
        del edges[-2]
    return [Span(a, b) for a, b in pairwise(edges)]


def places(still: np.ndarray) -> np.ndarray:
    """Mean colours of a picture's places, CIE L*a*b* in tenths: int16, shape (96, 3).

    `still`: uint8 BGR.
    """
    import cv2

    lab = cv2.cvtColor(still.astype(np.float32) / 255, cv2.COLOR_BGR2LAB)
    small = cv2.resize(lab, PLACES, interpolation=cv2.INTER_AREA)
    return np.rint(small * 10).astype(np.int16).reshape(-1, 3)


def with_setups(looks: Sequence[tuple[Shot, tuple[int, int], np.ndarray]]) -> list[Shot]:
    """The shots with their set-up: greedy, in order, by picture size and the colours of places.

    `looks`: shot, picture size, and `places` of its stills, shape (stills, 96, 3). Two shots are of
    one set-up where any two of their stills agree in most places: people and things that move take
    up less. A set-up is named by a digest of its first shot's id.
    """
    founders: dict[tuple[int, int], _Founders] = {}
    shots = []
    for shot, size, look in looks:
        known = founders.setdefault(size, _Founders())
        name = known.nearest(look)
        if not name:
            name = f"setup-{hashlib.sha256(shot.shot_id.encode()).hexdigest()[:8]}"
            known.add(name, look)
        shots.append(replace(shot, setup=name))
    return shots


class _Founders:
    """The first shots of all set-ups of one picture size."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._looks: list[np.ndarray] = []
        self._rough = _rough(np.zeros((PLACES[0] * PLACES[1], 3), np.int16))[None].repeat(
            64, axis=0
        )

    def add(self, name: str, look: np.ndarray) -> None:
        for still in look:
            if len(self._looks) == len(self._rough):
                self._rough = np.concatenate([self._rough, np.zeros_like(self._rough)])
            self._rough[len(self._looks)] = _rough(still)
            self._looks.append(still)
            self._names.append(name)

    def nearest(self, look: np.ndarray) -> str:
        """The set-up that a shot belongs to; empty where it is none of these."""
        known = self._rough[: len(self._looks)]
        best = (SAME_SETUP, "")
        for still in look:
            agree = (np.abs(known - _rough(still)) < 10 * SAME_SETUP).all(axis=2)
            for n in np.flatnonzero(agree.sum(axis=1) >= ENOUGH):
                distance = _apart(self._looks[n], still)
                if distance < best[0]:
                    best = (distance, self._names[n])
        return best[1]


def _rough(look: np.ndarray) -> np.ndarray:
    """The colours of every seventh place."""
    return look[::EVERY]


def _apart(one: np.ndarray, two: np.ndarray) -> float:
    """The median place's colour difference; 0.0 where both pictures are black."""
    seen = (one[:, 0] >= 10 * BLACK) | (two[:, 0] >= 10 * BLACK)
    off = (one[seen] - two[seen]).astype(np.float32) / 10
    return float(np.median(np.sqrt((off * off).sum(axis=1)))) if len(off) else 0.0
