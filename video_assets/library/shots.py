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
SAME_SETUP = 0.30
"""Histogram distance (0..1) below which two shots of one size belong to one camera set-up."""
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


def with_setups(looks: list[tuple[Shot, tuple[int, int], np.ndarray]]) -> list[Shot]:
    """The shots with their set-up: greedy, in order, by picture size and colour histogram.

    A set-up is named by a digest of its first shot's id.
    """
    founders: list[tuple[str, tuple[int, int], np.ndarray]] = []
    shots = []
    for shot, size, look in looks:
        near = [
            (float(np.abs(look - other).sum()) / 2, i)
            for i, (_, of_size, other) in enumerate(founders)
            if of_size == size
        ]
        distance, best = min(near, default=(1.0, -1))
        if best < 0 or distance >= SAME_SETUP:
            best = len(founders)
            name = hashlib.sha256(shot.shot_id.encode()).hexdigest()[:8]
            founders.append((f"setup-{name}", size, look))
        shots.append(replace(shot, setup=founders[best][0]))
    return shots
