"""Is the subject in the crop, in every ratio, and does the crop move calmly."""

import weakref
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from video_assets.delivery.inspections.beside import looked, source_start
from video_assets.delivery.inspections.case import Case, Outcome, Shown
from video_assets.delivery.inspections.sources import Seen, Sources
from video_assets.delivery.inspections.truth import Truth
from video_assets.foundation.records import Finding

Box = tuple[float, float, float, float]
"""x, y, width, height, shares of the displayed frame."""

SUBJECT = 0.95
"""Share of frames with the subject's box in the crop (CRAFT 8 row 11)."""
CENTRE = 0.99
"""Share of frames with the face's centre in the crop (CRAFT 8 row 11)."""
INSIDE = 0.9
"""Of a box's width and height, or of the crop's where that is smaller, that counts as inside."""
JERK = 10.0
"""Widths of the frame a second cubed: how hard the crop may move (CRAFT 8 row 11)."""
EVERY = Fraction(1, 5)
"""Seconds between the pictures that are searched for faces."""
OFTEN = 0.6
"""Share of a stretch's pictures in which an unknown face must be found to be believed."""


def subject_stays_in_frame(case: Case) -> Outcome:
    """The face is in the crop: its centre in 99 % of frames, its box in 95 % (CRAFT 8 row 11).

    Faces are those that the timeline or the library knows, followed through the footage, or such as
    are found in most pictures of a stretch.
    """
    name = "subject_stays_in_frame"
    found: list[Finding] = []
    boxes_in = centres_in = count = 0
    for shown in case.shown:
        seen = looked(case, shown)
        boxes = _faces(case, shown, seen)
        if not boxes:
            continue
        crop = case.crops[shown.number]
        whole, centre = [inside(b, crop) for b in boxes], [centred(b, crop) for b in boxes]
        count += len(boxes)
        boxes_in += sum(whole)
        centres_in += sum(centre)
        found += _findings(name, case, shown, whole, centre, "face")
    return _outcome(name, case, found, (boxes_in, count), (centres_in, count))


def subject_is_in_frame(case: Case, truth: Truth) -> Outcome:
    """The same for where subjects truly are, frame by frame."""
    name = "subject_is_in_frame"
    found: list[Finding] = []
    totals = [[0, 0], [0, 0]]
    for shown in case.shown:
        clip = truth.by_path.get(shown.cut.path)
        if clip is None:
            continue
        crop = case.crops[shown.number]
        whole: list[bool] = []
        centre: list[bool] = []
        for n in range(shown.end - shown.start):
            time = float(source_start(case, shown) + n / case.timeline.fps)
            for subject in clip.subject:
                if subject.start <= time < subject.end:
                    whole.append(inside(subject.box, crop, upright=False))
                    if subject.face[2] > 0:
                        centre.append(centred(subject.face, crop))
        for total, flags in zip(totals, (whole, centre), strict=True):
            total[0] += sum(flags)
            total[1] += len(flags)
        found += _findings(name, case, shown, whole, centre, "subject")
    whole_total, centre_total = ((t[0], t[1]) for t in totals)
    return _outcome(name, case, found, whole_total, centre_total)


def _findings(
    name: str,
    case: Case,
    shown: Shown,
    whole: Sequence[bool],
    centre: Sequence[bool],
    what: str,
) -> list[Finding]:
    found = []
    at = f"{float(shown.start / case.timeline.fps):.2f} s"
    for flags, limit, part in (
        (centre, CENTRE, "the face's centre"),
        (whole, SUBJECT, f"the {what}"),
    ):
        share = sum(flags) / len(flags) if flags else 1.0
        if share < limit:
            found.append(
                Finding(
                    name,
                    f"{part} lies in the {case.aspect} crop in {share:.0%} of the frames of "
                    f"{shown.cut.path}; move its focus",
                    f"{share:.3f}",
                    f">= {limit}",
                    at,
                )
            )
    return found


def _outcome(
    name: str,
    case: Case,
    found: list[Finding],
    whole: tuple[int, int],
    centre: tuple[int, int],
) -> Outcome:
    """With the figures of the crop's path."""
    hardest, still = 0.0, 1.0
    for shown in case.shown:
        # the crop of a cut stands still today: one rectangle from its first to its last frame
        x, _, width, _ = case.crops[shown.number]
        path = [x + width / 2] * (shown.end - shown.start)
        hardest = max(hardest, jerk(path, float(case.timeline.fps)))
        still = min(still, static_share(path))
        if jerk(path, float(case.timeline.fps)) > JERK:
            found.append(
                Finding(
                    name,
                    f"the crop of {shown.cut.path} jerks; move it more slowly",
                    f"{hardest:.1f} widths/s^3",
                    f"<= {JERK}",
                    f"{float(shown.start / case.timeline.fps):.2f} s",
                )
            )
    figures = {
        "subject_in_share": whole[0] / whole[1] if whole[1] else 1.0,
        "face_centre_in_share": centre[0] / centre[1] if centre[1] else 1.0,
        "pictures_with_subject": float(whole[1]),
        "jerk_widths_s3": hardest,
        "static_share": still,
    }
    return Outcome(figures, tuple(found), "" if whole[1] else "no subject is known or seen")


def inside(box: Box, crop: Box, upright: bool = True) -> bool:
    """Whether a box lies in a crop as far as it fits: by width, and with `upright` by height."""
    for axis in (0, 1) if upright else (0,):
        size = box[axis + 2]
        start = max(box[axis], crop[axis])
        end = min(box[axis] + size, crop[axis] + crop[axis + 2])
        if end - start < INSIDE * min(size, crop[axis + 2]) - 1e-9:
            return False
    return True


def centred(box: Box, crop: Box) -> bool:
    """Whether a box's centre lies in a crop."""
    return all(
        crop[axis] <= box[axis] + box[axis + 2] / 2 <= crop[axis] + crop[axis + 2]
        for axis in (0, 1)
    )


def jerk(path: Sequence[float], fps: float) -> float:
    """RMS of the third derivative of positions (shares of the frame's width), widths/s^3."""
    import numpy as np

    if len(path) < 4:
        return 0.0
    return float(np.sqrt(np.mean(np.diff(np.asarray(path, float), 3) ** 2))) * fps**3


def static_share(path: Sequence[float]) -> float:
    """Share of steps in which a position does not change, 0..1."""
    import numpy as np

    return float(np.mean(np.diff(path) == 0)) if len(path) > 1 else 1.0


@cache
def _cascade() -> Any:
    """OpenCV's own frontal face finder."""
    import cv2

    folder = Path(cv2.__file__).parent / "data"
    return cv2.CascadeClassifier(str(folder / "haarcascade_frontalface_default.xml"))


def _detected(picture: Any, height_of_head: float, neighbours: int) -> list[Box]:
    """Faces in a uint8 RGB picture that are at least so high, share of its height."""
    import cv2

    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    # the finder knows faces of 24 pixels and more
    larger = cv2.resize(grey, (width * 2, height * 2), interpolation=cv2.INTER_LINEAR)
    least = max(24, round(height_of_head * height * 2))
    faces = _cascade().detectMultiScale(larger, 1.1, neighbours, minSize=(least, least))
    return [
        (x / (2 * width), y / (2 * height), w / (2 * width), h / (2 * height))
        for x, y, w, h in faces
    ]


_found: "weakref.WeakKeyDictionary[Sources, dict[Any, list[Box]]]" = weakref.WeakKeyDictionary()


def _faces(case: Case, shown: Shown, seen: Seen) -> list[Box]:
    """The subject's face in pictures of a stretch that lie a fifth of a second apart.

    Searched once for all aspects of a cut: they share their sources.
    """
    cut = shown.cut
    kept = _found.setdefault(case.sources, {})
    key = (cut.path, source_start(case, shown), shown.end - shown.start, cut.face, cut.shot_id)
    if key not in kept:
        kept[key] = _search(case, shown, seen)
    return kept[key]


def _search(case: Case, shown: Shown, seen: Seen) -> list[Box]:
    import numpy as np

    shot = case.tables.shots.get(shown.cut.shot_id)
    known = shown.cut.face
    if known[2] <= 0 and shot is not None:
        known = shot.face if shot.face_share >= OFTEN else (0.0, 0.0, 0.0, 0.0)
    start = source_start(case, shown)
    end = start + Fraction(shown.end - shown.start) / case.timeline.fps
    count = max(1, round((end - start) / EVERY))
    numbers = sorted({seen.at(start + (end - start) * n / count) for n in range(count)})
    pictures = [seen.small[n] for n in numbers]
    if known[2] > 0:
        return [_nearest(_detected(p, 0.5 * known[3], 3), known) for p in pictures]
    if shot is not None:
        return []  # the library has looked, in larger pictures
    every = [_detected(p, 0.15, 8) for p in pictures]
    first = max((f for faces in every for f in faces), key=lambda f: f[2], default=None)
    if first is None:
        return []
    own = [[f for f in faces if _near(f, first)] for faces in every]
    if len(pictures) < 3 or float(np.mean([bool(f) for f in own])) < OFTEN:
        return []
    return [max(f, key=lambda b: b[2]) for f in own if f]


def _near(a: Box, b: Box) -> bool:
    """Whether two boxes may be one face."""
    across = abs(a[0] + a[2] / 2 - b[0] - b[2] / 2) / max(a[2], b[2])
    down = abs(a[1] + a[3] / 2 - b[1] - b[3] / 2) / max(a[3], b[3])
    return max(across, down) < 0.75 and 0.5 < a[2] / b[2] < 2


def _nearest(faces: Sequence[Box], known: Box) -> Box:
    """The face that is the known one; the known place itself where none was found."""

    def away(face: Box) -> float:
        across = face[0] + face[2] / 2 - known[0] - known[2] / 2
        down = face[1] + face[3] / 2 - known[1] - known[3] / 2
        return across**2 + down**2

    return min((f for f in faces if 0.5 < f[2] / known[2] < 2), key=away, default=known)
