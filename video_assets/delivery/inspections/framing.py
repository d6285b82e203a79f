"""Is the subject in the crop, in every ratio, and does the crop move calmly."""

import weakref
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from video_assets.delivery.inspections.beside import (
    Beside,
    beside,
    levels,
    looked,
    soft,
    source_start,
)
from video_assets.delivery.inspections.case import Case, Outcome, Shown
from video_assets.delivery.inspections.expected import graded
from video_assets.delivery.inspections.once import runs
from video_assets.delivery.inspections.sources import Seen, Sources
from video_assets.delivery.inspections.tracing import same_rate
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
WOBBLE = 0.001
"""Share of the picture by which (root mean square) it must be off its planned path to have moved:
the method's own noise stays below 0.0003 on real footage."""
EXPLAINED = 0.3
"""Share of the difference between file and footage that the shift must explain, all frames of a
stretch together: a lamp that is switched on reaches 0.1, a crop that wobbles by 1 % 0.8."""
MISPLACED = 60.0
"""Levels up to which a pixel may differ because the picture lies beside its place."""
STRUCTURE = 4.0
"""Levels a pixel, squared, that a picture must change by from place to place to be followed."""
DETECTED = 0.5
"""Share of pictures in which a face must be detected; else the outcome says that it trusts the
place that is known."""
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
    boxes_in = centres_in = count = detected = 0
    for shown in case.shown:
        seen = looked(case, shown)
        boxes = _faces(case, shown, seen)
        if not boxes:
            continue
        crop = case.crops[shown.number]
        whole = [inside(b.box, crop) for b in boxes]
        centre = [centred(b.box, crop) for b in boxes]
        count += len(boxes)
        detected += sum(b.detected for b in boxes)
        boxes_in += sum(whole)
        centres_in += sum(centre)
        found += _findings(name, case, shown, whole, centre, "face")
    outcome = _outcome(name, case, found, (boxes_in, count), (centres_in, count))
    share = detected / count if count else 1.0
    figures = {**outcome.figures, "face_detected_share": share}
    note = f"a face was detected in {share:.0%} of the pictures" if share < DETECTED else ""
    return Outcome(figures, outcome.findings, outcome.note or note, outcome.measured)


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
                    f"{shown.cut.path}; choose another take",
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
    fps = float(case.timeline.fps)
    # the crop of a cut stands still today: what moves against the footage is no crop of it
    for one in beside(case):
        path = crop_path(case, one)
        if not len(path):
            continue
        hard = max(jerk(path[:, axis], fps) for axis in (0, 1))
        hardest, still = max(hardest, hard), min(still, static_share(path[:, 0]))
        if hard > JERK:
            found.append(
                Finding(
                    name,
                    f"the crop of {one.shown.cut.path} jerks; move it more slowly",
                    f"{hard:.1f} widths/s^3",
                    f"<= {JERK}",
                    one.at(0),
                )
            )
    figures = {
        "subject_in_share": whole[0] / whole[1] if whole[1] else 1.0,
        "face_centre_in_share": centre[0] / centre[1] if centre[1] else 1.0,
        "pictures_with_subject": float(whole[1]),
        "jerk_widths_s3": hardest,
        "static_share": still,
    }
    note = "" if whole[1] else "no subject is known or seen"
    return Outcome(figures, tuple(found), note, measured=not note)


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


def crop_path(case: Case, one: Beside) -> Any:
    """Where the file's crop of the footage lies in each frame against the planned one, which stands
    still: float, shape (frames, 2), shares of the picture's width and height.

    The longest stretch of frames in which that can be seen, by how the picture changes from place
    to place; zeros where it stays below WOBBLE, empty where too little can be seen. Only where the
    footage has a picture for each frame: elsewhere a moving camera looks like a moving crop.
    """
    import numpy as np

    nothing = np.zeros((0, 2))
    if not same_rate(case, case.tables.rows.get(one.shown.cut.path)):
        return nothing
    file, source = soft(levels(one.file)), soft(levels(one.source))
    source = graded(one, file, source).astype(np.float32)
    height, width = file.shape[1:]
    rare = np.s_[:, 2:-2:2, 2:-2:2]
    cited = one.cited()
    across, down = (np.gradient(source, axis=axis)[rare][cited] for axis in (2, 1))
    off = file[rare] - source[rare][cited]
    # what differs as much as that is no shift
    usable = one.clear[rare] & ~one.covered[:, None, None] & (np.abs(off) < MISPLACED)
    clear = usable.astype(np.float32)
    xx, xy, yy, xo, yo = (
        (a * b * clear).sum(axis=(1, 2))
        for a, b in (
            (across, across), (across, down), (down, down), (across, off), (down, off),
        )
    )  # fmt: skip
    square = xx * yy - xy * xy
    count = np.maximum(clear.sum(axis=(1, 2)), 1)
    seen = (np.minimum(xx, yy) / count > STRUCTURE) & (square > 0.05 * xx * yy)
    start, end = max(runs(seen), key=lambda r: r[1] - r[0], default=(0, 0))
    if end - start < 4:
        return nothing
    part = slice(start, end)
    moved = np.stack(
        [
            (xy * yo - yy * xo)[part] / square[part] / width,
            (xy * xo - xx * yo)[part] / square[part] / height,
        ],
        axis=1,
    )
    spread = np.sqrt(np.mean((moved - moved.mean(axis=0)) ** 2, axis=0)).max()
    # light that changes differs as well, but no shift explains that
    told = (moved[:, 0] * width * xo[part] + moved[:, 1] * height * yo[part]).sum()
    differs = ((off**2) * clear).sum(axis=(1, 2))[part].sum()
    explained = -float(told / differs) if differs > 0 else 0.0
    return moved if spread > WOBBLE and explained > EXPLAINED else np.zeros_like(moved)


def jerk(path: Sequence[float], fps: float) -> float:
    """RMS of the third derivative of positions (shares of the frame's size), widths/s^3."""
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


class Face(NamedTuple):
    """A face in one picture."""

    box: Box
    detected: bool
    """Whether it was found there, else where it is known to be."""


_found: "weakref.WeakKeyDictionary[Sources, dict[Any, list[Face]]]" = weakref.WeakKeyDictionary()


def _faces(case: Case, shown: Shown, seen: Seen) -> list[Face]:
    """The subject's face in pictures of a stretch that lie a fifth of a second apart.

    Searched once for all aspects of a cut: they share their sources.
    """
    cut = shown.cut
    kept = _found.setdefault(case.sources, {})
    key = (cut.path, source_start(case, shown), shown.end - shown.start, cut.face, cut.shot_id)
    if key not in kept:
        kept[key] = _search(case, shown, seen)
    return kept[key]


def _search(case: Case, shown: Shown, seen: Seen) -> list[Face]:
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
    return [Face(max(f, key=lambda b: b[2]), True) for f in own if f]


def _near(a: Box, b: Box) -> bool:
    """Whether two boxes may be one face."""
    across = abs(a[0] + a[2] / 2 - b[0] - b[2] / 2) / max(a[2], b[2])
    down = abs(a[1] + a[3] / 2 - b[1] - b[3] / 2) / max(a[3], b[3])
    return max(across, down) < 0.75 and 0.5 < a[2] / b[2] < 2


def _nearest(faces: Sequence[Box], known: Box) -> Face:
    """The face that is the known one; the known place itself where none was found."""

    def away(face: Box) -> float:
        across = face[0] + face[2] / 2 - known[0] - known[2] / 2
        down = face[1] + face[3] / 2 - known[1] - known[3] / 2
        return across**2 + down**2

    like = [f for f in faces if 0.5 < f[2] / known[2] < 2]
    return Face(min(like, key=away), True) if like else Face(known, False)
