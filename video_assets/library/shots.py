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
SAME_PLACE = 4.5
"""Difference in each of L*, a* and b* below which a place looks the same. As a colour difference
(CIE 1976) half of the places of shots of one camera that stands still differ by up to 4.7 on real
footage, also with other people before it, of other shots by 11.6 and more; on drawn libraries,
whose places look more alike, the two meet."""
MOST_PLACES = 0.5
"""Share of the places that must look the same: people and things that move take up less."""
BLACK = 4.0
"""Lightness (0..100) of a bar beside a narrower picture: two bars are no common place."""
FEWEST_PLACES = 0.25
"""Share of the places that must be lit in one of two pictures to compare them."""
PLAIN = 2.0
"""Spread (standard deviation of colours) up to which a still is a fade, a flash or a card: it says
nothing of where a camera stood."""
EVERY, ENOUGH = 7, 4
"""Every seventh place is compared first, and four of those 14 (or as large a share of the lit ones)
must look the same: by arithmetic 97 in 100 do of two pictures that agree in half of all."""
REACH = int(10 * SAME_PLACE - 1) >> 2
"""Steps of 0.4 that two colours of the same place may lie apart: 44 tenths are 11 of them."""
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
    one set-up where any two of their stills look the same in most places. A set-up is named by a
    digest of its first shot's id.
    """
    founders: dict[tuple[int, int], _Founders] = {}
    shots = []
    for shot, size, look in looks:
        known = founders.setdefault(size, _Founders())
        plain = look.std(axis=1).max(axis=1, initial=0) <= 10 * PLAIN
        telling = look if plain.all() else look[~plain]
        name = known.nearest(telling)
        if not name:
            name = f"setup-{hashlib.sha256(shot.shot_id.encode()).hexdigest()[:8]}"
            known.add(name, telling)
        shots.append(replace(shot, setup=name))
    return shots


class _Founders:
    """The first shots of all set-ups of one picture size.

    Every still is held against all of theirs, so that costs: most are told apart by bytes.
    """

    def __init__(self) -> None:
        self._names: list[str] = []
        # by channel: sums over a last axis of three cost numpy seven times as much
        self._looks = np.zeros((3, 0, PLACES[0] * PLACES[1]), np.int16)
        few = self._looks[..., ::EVERY].shape[2]
        self._bytes = np.zeros((3, few, 0), np.uint8)
        self._lit = np.zeros((few, 0), np.uint8)

    def add(self, name: str, look: np.ndarray) -> None:
        count, of = len(self._names), len(look)
        if count + of > self._looks.shape[1]:
            more = max(64, count, of)
            self._looks = np.pad(self._looks, ((0, 0), (0, more), (0, 0)))
            self._bytes = np.pad(self._bytes, ((0, 0), (0, 0), (0, more)))
            self._lit = np.pad(self._lit, ((0, 0), (0, more)))
        by_channel = look.transpose(2, 0, 1)
        few = by_channel[..., ::EVERY].transpose(0, 2, 1)
        self._looks[:, count : count + of] = by_channel
        self._bytes[..., count : count + of] = _as_bytes(few)
        self._lit[:, count : count + of] = few[0] >= 10 * BLACK
        self._names += [name] * of

    def nearest(self, look: np.ndarray) -> str:
        """The set-up that a shot belongs to; empty where it is none of these."""
        best, found = MOST_PLACES, ""
        for still in look.transpose(0, 2, 1):
            may = self._perhaps(still[:, ::EVERY])
            rough = _alike(self._looks[:, may, ::EVERY], still[:, ::EVERY], 1)
            near = may[rough * self._lit.shape[0] >= ENOUGH]
            alike = _alike(self._looks[:, near], still, FEWEST_PLACES * still.shape[1])
            if len(near) and alike.max() > best:
                best, found = float(alike.max()), self._names[near[int(alike.argmax())]]
        return found

    def _perhaps(self, still: np.ndarray) -> np.ndarray:
        """Numbers of the looks that may be alike in enough of a few places, in order: all that are,
        and some others. `still`: (3, few)."""
        count = len(self._names)
        low = _as_bytes(still) - np.uint8(REACH)  # bytes wrap around: one difference, not two
        same = np.ones((still.shape[1], count), bool)
        for of_looks, of_still in zip(self._bytes, low, strict=True):
            same &= of_looks[:, :count] - of_still[:, None] <= 2 * REACH
        dark = still[0] < 10 * BLACK
        lit = (~dark).sum() + self._lit[dark, :count].sum(axis=0, dtype=np.int32)
        enough = same.sum(axis=0, dtype=np.uint8) * np.int32(still.shape[1]) >= ENOUGH * lit
        return np.flatnonzero(enough)


def _as_bytes(tenths: np.ndarray) -> np.ndarray:
    """Colours in steps of 0.4, those of a* and b* folded onto 256 of them."""
    return (tenths >> 2).astype(np.uint8)


def _alike(looks: np.ndarray, still: np.ndarray, fewest: float) -> np.ndarray:
    """Share of the places, 0..1, in which each of n looks and a still look the same.

    Only of those that are lit in either; 0.0 where these are fewer than `fewest`. `looks`: (3, n,
    places); `still`: (3, places); tenths of CIE L*a*b*.
    """
    lit = (looks[0] >= 10 * BLACK) | (still[0] >= 10 * BLACK)
    same = lit.copy()
    for of_looks, of_still in zip(looks, still, strict=True):
        same &= np.abs(of_looks - of_still) < 10 * SAME_PLACE
    count = lit.sum(axis=1)
    return np.where(count >= fewest, same.sum(axis=1) / np.maximum(count, 1), 0.0)
