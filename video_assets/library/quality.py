"""How good a shot is: light, colour, sharpness, motion, shake, faces; no learned model.

Measured on some five pictures a second, 360 lines high, as displayed. Features are CRAFT.md 3.1's.
"""

import math
import statistics
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

SAMPLE_EVERY = Fraction(1, 5)
"""Seconds between two measured pictures."""
FACE_EVERY = Fraction(1, 2)
"""Seconds between two looks for faces."""
LINES = 360
"""Shorter side of a measured picture, pixels."""
STILL_WIDTH = 640
STILL_QUALITY = 85
MOST_STILLS = 48
"""Candidates for stills kept of one shot; every other one goes when there are more."""
PATH_SIZE = (128, 72)
"""Size of the pictures whose shifts make the camera's path, pixels."""
FROZEN = 0.0005
"""Mean luma difference (0..1) below which two samples do not differ."""


@dataclass(slots=True)
class Sample:
    """One measured picture."""

    time: Fraction
    luma: float
    contrast: float
    clipped: float
    colourfulness: float
    sharpness: float
    difference: float
    """Mean absolute luma difference to the sample before, 0..1; NaN for the first of a shot."""
    face: tuple[float, float, float, float] | None
    """Largest face (x, y, width, height as shares); zeros: none found; None: not looked for."""
    still: bytes | None
    """JPEG."""


@dataclass(slots=True)
class ShotMeter:
    """Measures the frames of a clip, shot by shot; it holds the figures of one shot at a time."""

    samples: list[Sample] = field(default_factory=list)
    shifts: list[tuple[Fraction, float, float]] = field(default_factory=list)
    """Time, and the camera's step since the frame before, shares of the picture's width."""
    due: Fraction | None = None
    face_due: Fraction | None = None
    stride: int = 1
    _count: int = 0
    _grey: np.ndarray | None = None
    _path: np.ndarray | None = None
    _faces: Any = None
    _window: np.ndarray | None = None

    def wants(self, time: Fraction) -> bool:
        """Whether the frame at `time` should be measured."""
        return self.due is None or time >= self.due

    def glance(self, picture: np.ndarray, time: Fraction) -> None:
        """Follows the camera. `picture`: uint8 BGR, coded orientation, small; every frame."""
        import cv2

        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        small = cv2.resize(grey, PATH_SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
        if self._window is None:
            self._window = cv2.createHanningWindow(PATH_SIZE, cv2.CV_32F)
        if self._path is not None:
            (dx, dy), response = cv2.phaseCorrelate(self._path, small, self._window)
            far = max(abs(dx), abs(dy)) > PATH_SIZE[1] / 4
            if response < 0.1 or far or not math.isfinite(dx + dy):
                dx = dy = 0.0  # a cut, or nothing to hold on to
            self.shifts.append((time, dx / PATH_SIZE[0], dy / PATH_SIZE[0]))
        self._path = small

    def measure(self, picture: np.ndarray, time: Fraction) -> None:
        """Takes a sample. `picture`: uint8 BGR as displayed, shorter side at most 360."""
        import cv2

        self.due = (time // SAMPLE_EVERY + 1) * SAMPLE_EVERY
        weights = np.array([[0.0722, 0.7152, 0.2126]], np.float32)
        grey = cv2.transform(picture, weights)
        scale = LINES / min(grey.shape[:2])
        if scale > 1:
            grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
        difference = math.nan
        small = cv2.resize(grey, (160, 90), interpolation=cv2.INTER_AREA)
        if self._grey is not None:
            change = cv2.absdiff(small, self._grey)
            difference = float(change.mean()) / 255
        self._grey = small
        face = None
        if self.face_due is None or time >= self.face_due:
            self.face_due = (time // FACE_EVERY + 1) * FACE_EVERY
            face = self._face(grey)
        keep = self._count % self.stride == 0
        self._count += 1
        deviation = cv2.Laplacian(grey, cv2.CV_32F).var()
        self.samples.append(
            Sample(
                time,
                luma=float(grey.mean()) / 255,
                contrast=float(grey.std()) / 255,
                clipped=float(((grey <= 16) | (grey >= 235)).mean()),
                colourfulness=_colourfulness(picture),
                sharpness=math.log(max(float(deviation), 1e-3)),
                difference=difference,
                face=face,
                still=_jpeg(picture) if keep else None,
            )
        )
        self._thin()

    def close(self, end: Fraction | None) -> "ShotFigures":
        """The figures of the shot that ends at `end` (None: with the clip); what is later stays."""
        samples = [s for s in self.samples if end is None or s.time < end]
        shifts = [s for s in self.shifts if end is None or s[0] < end]
        self.samples = self.samples[len(samples) :]
        self.shifts = self.shifts[len(shifts) + 1 :]  # the first step of a shot is the cut itself
        self.stride, self._count = 1, len(self.samples)
        if self.samples:
            first = self.samples[0]
            first.difference = math.nan
        else:
            self._grey = None
        if not any(s.face is not None for s in self.samples):
            self.face_due = None
        return ShotFigures.of(samples, shifts)

    def _thin(self) -> None:
        kept = [s for s in self.samples if s.still is not None]
        if len(kept) > MOST_STILLS:
            for sample in kept[1::2]:
                sample.still = None
            self.stride *= 2

    def _face(self, grey: np.ndarray) -> tuple[float, float, float, float]:
        import cv2

        if self._faces is None:
            folder = Path(str(cv2.__file__)).parent / "data"
            name = folder / "haarcascade_frontalface_default.xml"
            self._faces = cv2.CascadeClassifier(str(name))
        height, width = grey.shape[:2]
        if min(height, width) < 48:
            return (0.0, 0.0, 0.0, 0.0)
        found = self._faces.detectMultiScale(grey, 1.15, 5, minSize=(36, 36))
        if len(found) == 0:
            return (0.0, 0.0, 0.0, 0.0)
        x, y, w, h = max((tuple(map(int, box)) for box in found), key=lambda b: (b[2] * b[3], b))
        return (x / width, y / height, w / width, h / height)


@dataclass(frozen=True, slots=True)
class ShotFigures:
    """What a Shot record says of quality, and its stills. Units: see `records.Shot`."""

    luma: float = 0.0
    contrast: float = 0.0
    clipped: float = 0.0
    colourfulness: float = 0.0
    sharpness: float = 0.0
    motion: float = 0.0
    shake: float = 0.0
    frozen: float = 0.0
    face_share: float = 0.0
    face: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    candidates: tuple[tuple[Fraction, bytes], ...] = ()
    """Time and JPEG, in the order of time."""

    @staticmethod
    def of(samples: list[Sample], shifts: list[tuple[Fraction, float, float]]) -> "ShotFigures":
        """The figures of a shot's samples and camera steps."""
        if not samples:
            return ShotFigures()
        differences = [s.difference for s in samples if not math.isnan(s.difference)]
        looked = [s.face for s in samples if s.face is not None]
        hits = _confirmed(looked)
        face = (0.0, 0.0, 0.0, 0.0)
        if hits:
            x, y, w, h = (round(statistics.median(box[i] for box in hits), 4) for i in range(4))
            face = (x, y, w, h)
        return ShotFigures(
            luma=_mean([s.luma for s in samples]),
            contrast=_mean([s.contrast for s in samples]),
            clipped=_mean([s.clipped for s in samples]),
            colourfulness=_mean([s.colourfulness for s in samples], 3),
            sharpness=_mean([s.sharpness for s in samples]),
            motion=round(statistics.median(differences), 5) if differences else 0.0,
            shake=_shake(shifts),
            frozen=_mean([float(d < FROZEN) for d in differences]),
            face_share=round(len(hits) / len(looked), 4) if looked else 0.0,
            face=face,
            candidates=tuple((s.time, s.still) for s in samples if s.still is not None),
        )


def _mean(values: list[float], digits: int = 5) -> float:
    return round(statistics.fmean(values), digits) if values else 0.0


def _colourfulness(picture: np.ndarray) -> float:
    """Hasler and Suesstrunk's measure on every other pixel of a BGR picture."""
    blue, green, red = (picture[::2, ::2, i].astype(np.float32) for i in range(3))
    rg, yb = red - green, (red + green) / 2 - blue
    return float(
        math.hypot(float(rg.std()), float(yb.std()))
        + 0.3 * math.hypot(float(rg.mean()), float(yb.mean()))
    )


def _jpeg(picture: np.ndarray) -> bytes:
    import cv2

    height, width = picture.shape[:2]
    if width > STILL_WIDTH:
        size = (STILL_WIDTH, max(1, round(height * STILL_WIDTH / width)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, STILL_QUALITY])
    if not done:
        raise ValueError(f"no JPEG could be made of a {width}x{height} picture")
    return bytes(data)


def _confirmed(
    looked: list[tuple[float, float, float, float]],
) -> list[tuple[float, float, float, float]]:
    """Faces that a neighbouring look saw as well; a lone look counts where it is the only one."""
    if len(looked) == 1:
        return [box for box in looked if box[2]]
    return [
        box
        for i, box in enumerate(looked)
        if box[2]
        and any(_overlap(box, b) > 0.3 for b in looked[max(0, i - 1) : i] + looked[i + 1 : i + 2])
    ]


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Intersection over union of two boxes (x, y, width, height)."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (a[2] * a[3] + b[2] * b[3] - width * height)


def _shake(shifts: list[tuple[Fraction, float, float]]) -> float:
    """RMS of the camera's path minus its 1 s trend (Savitzky-Golay), share of the width."""
    if len(shifts) < 5:
        return 0.0
    path = np.cumsum(np.array([s[1:] for s in shifts], np.float64), axis=0)
    seconds = float(shifts[-1][0] - shifts[0][0])
    frames = max(5, round(len(shifts) / seconds)) if seconds > 0 else 5
    window = min(frames | 1, (len(path) - 1) | 1)
    window -= 2 * (window > len(path))
    rest = path - smoothed(path, window)
    return round(float(np.sqrt((rest**2).sum(axis=1).mean())), 6)


def smoothed(path: np.ndarray, window: int) -> np.ndarray:
    """A (n, k) path after Savitzky and Golay: at each place the parabola that fits the `window`
    (odd, at most n) places around it best; at the ends, that of the first and last ones.

    scipy.signal has it, too, but its import is 1.1 s of processor time in every worker.
    """
    half = window // 2
    powers = np.vander(np.arange(-half, half + 1), 3, increasing=True).astype(np.float64)
    fit = np.linalg.pinv(powers)
    smooth = np.empty_like(path)
    smooth[:half] = powers[:half] @ fit @ path[:window]
    for column in range(path.shape[1]):
        middle = np.convolve(path[:, column], fit[0][::-1], "valid")
        smooth[half : len(path) - half, column] = middle
    smooth[len(path) - half :] = powers[half + 1 :] @ fit @ path[-window:]
    return smooth
