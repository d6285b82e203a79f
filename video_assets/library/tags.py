"""What each shot shows and says, in words, each with its source.

Words come from folder and file names, from what is said, and from what was measured: faces, motion,
light and colour. Nothing here looks at meaning in a picture; that is the embedder's part.
"""

import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path, PurePosixPath

from video_assets.foundation.records import FootageRow, Line, Shot, Soundtrack, Tag

FACE_FLOOR = 0.5
"""Share of looks that must show a face for a shot to show a person."""
STILL, SLOW, FAST = 0.004, 0.02, 0.06
"""Motion (mean luma difference, 0..1): below the first still, below the second slow, above fast."""
DARK, BRIGHT = 0.22, 0.68
"""Mean luma, 0..1."""
GREY = 8.0
"""Colourfulness below which a shot has no colour to name."""

_JUNK = re.compile(
    r"^(img|dsc[fn]?|dscn|mvi|mov|vid|pxl|gopr|gh|gx|dji|clip|file|video|movie|footage|media|"
    r"export|final|copy|new|untitled|img_e|rec|cam|camera|dcim|private|avchd|bdmv|stream|"
    r"contents|xdroot|clpr|sample|test|tmp|temp|mp4|hd|uhd|fps|[a-z]|[a-z]?\d+[a-z]?\d*)$"
)
_STOP_WORDS = """
a about above after again all also am an and any are as at be because been before being
below between both but by can cannot come could did do does doing don down during each
even every few for from further get give go going gonna got had has have having he her
here hers herself him himself his how i if in into is it its itself just know let like
ll m make many maybe me more most much must my myself no nor not now of off oh ok okay
on once one only or other our ours out over own put re really right s said same say says
see she should so some still such take t than that the their theirs them then there
these they thing things think this those through to too two uh um under until up us ve
very was way we well were what when where which while who whom why will with would yeah
yes you your yours yourself
"""
_STOP = frozenset(_STOP_WORDS.split())
_NAME_STOP = frozenset(
    ("a", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with")
)
"""Names are short and mean what they say: a `can` is one."""
_HUES = (
    (8, "red"), (22, "orange"), (34, "yellow"), (78, "green"), (98, "cyan"),
    (130, "blue"), (150, "purple"), (170, "pink"), (181, "red"),
)  # fmt: skip
"""Upper edges of OpenCV hues (0..180) and their names."""


def find_tags(
    rows: Sequence[FootageRow],
    shots: Sequence[Shot],
    lines: list[Line],
    soundtracks: Sequence[Soundtrack],
    data: Path | None = None,
) -> list[Tag]:
    """All tags, by shot and then by weight; a word appears once a shot and kind.

    `data`: the data folder, where the shots' stills lie; without it no colour is named.
    """
    by_clip: dict[str, list[FootageRow]] = {}
    for row in rows:
        if row.role in ("clip", "duplicate"):
            by_clip.setdefault(row.clip_id, []).append(row)
    spoken: dict[str, list[Line]] = {}
    for line in lines:
        spoken.setdefault(line.clip_id, []).append(line)
    sounds = {sound.clip_id: sound for sound in soundtracks}
    out: list[Tag] = []
    for shot in shots:
        found: list[Tag] = []
        for row in by_clip.get(shot.clip_id, []):
            found += _names(shot, row)
        found += _speech(shot, spoken.get(shot.clip_id, []), sounds.get(shot.clip_id))
        found += _measures(shot)
        if data is not None:
            found += _colours(shot, data)
        best: dict[tuple[str, str], Tag] = {}
        for tag in found:
            key = (tag.kind, tag.text)
            if key not in best or tag.weight > best[key].weight:
                best[key] = tag
        out += sorted(best.values(), key=lambda t: (-t.weight, t.kind, t.text))
    return out


def words_of(name: str) -> list[str]:
    """The words of a file or folder name: `IMG_1234 redCan-onTable` gives red, can, table."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    spaced = re.sub(r"(?<=[^\W\d_]{3})(?=\d)|(?<=\d)(?=[^\W\d_]{3})", " ", spaced)
    out: list[str] = []
    for word in re.findall(r"[^\W_]+", spaced):
        word = word.lower()
        if len(word) > 1 and not _JUNK.match(word) and word not in {*_NAME_STOP, *out}:
            out.append(word)
    return out


def content_words(text: str) -> list[str]:
    """The words of a sentence that say what it is about, in order, each once."""
    out: list[str] = []
    for word in re.findall(r"[^\W\d_][\w'’-]*", text.lower()):
        word = re.sub(r"['’](s|re|ve|ll|d|m|t)$", "", word).strip("'’-_")
        if len(word) > 2 and word not in _STOP and word not in out:
            out.append(word)
    return out


def _names(shot: Shot, row: FootageRow) -> list[Tag]:
    path = PurePosixPath(row.path)
    found = [_tag(shot, word, "name", row.path, 0.9) for word in words_of(path.stem)]
    for folder in path.parts[:-1]:
        found += [_tag(shot, word, "folder", row.path, 0.8) for word in words_of(folder)]
    return found


def _speech(shot: Shot, lines: list[Line], sound: Soundtrack | None) -> list[Tag]:
    found = []
    for line in lines:
        share = min(shot.end, line.end) - max(shot.start, line.start)
        if share <= 0 or line.end <= line.start:
            continue
        inside = float(share / (line.end - line.start))
        weight = round(min(1.0, max(0.05, line.confidence)) * (0.3 + 0.4 * inside), 4)
        source = f"{line.source or 'speech'}: {line.line_id}"
        found += [_tag(shot, word, "speech", source, weight) for word in content_words(line.text)]
    if sound is not None:
        inner = [min(shot.end, b) - max(shot.start, a) for a, b in sound.speech]
        said = sum((length for length in inner if length > 0), Fraction(0))
        if said > 0 and shot.end > shot.start:
            spoken = float(said / (shot.end - shot.start))
            if spoken > 0.3:
                found.append(_tag(shot, "speaking", "speech", "voice activity", min(1.0, spoken)))
    return found


def _measures(shot: Shot) -> list[Tag]:
    found = []
    if shot.face_share > FACE_FLOOR:
        source = f"frontal face in {shot.face_share:.0%} of the looks"
        found += [
            _tag(shot, word, "people", source, shot.face_share) for word in ("person", "face")
        ]
        if shot.face[3] > 0.35:
            found.append(_tag(shot, "close-up", "people", f"face {shot.face[3]:.0%} high", 0.7))
    source = f"motion {shot.motion:.4f}"
    if shot.motion < STILL:
        found.append(_tag(shot, "still", "motion", source, 0.6))
    elif shot.motion < SLOW:
        found.append(_tag(shot, "slow", "motion", source, 0.5))
    elif shot.motion > FAST:
        found.append(_tag(shot, "fast", "motion", source, 0.6))
    source = f"mean luma {shot.luma:.2f}"
    if shot.luma < DARK:
        found.append(_tag(shot, "dark", "light", source, 0.6))
    elif shot.luma > BRIGHT:
        found.append(_tag(shot, "bright", "light", source, 0.6))
    if shot.colourfulness < GREY:
        source = f"colourfulness {shot.colourfulness:.0f}"
        found.append(_tag(shot, "grey", "colour", source, 0.5))
    return found


def _colours(shot: Shot, data: Path) -> list[Tag]:
    """The one or two hues that cover most of the coloured part of the middle still."""
    import cv2
    import numpy as np

    if not shot.stills or shot.colourfulness < GREY:
        return []
    name = shot.stills[len(shot.stills) // 2]
    picture = cv2.imread(str(data / name), cv2.IMREAD_COLOR)
    if picture is None:
        return []
    hsv = cv2.cvtColor(
        cv2.resize(picture, (64, 64), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2HSV
    )
    hue, saturation, value = (hsv[..., i].reshape(-1) for i in range(3))
    strong = (saturation > 70) & (value > 50)
    if strong.mean() < 0.08:
        return []
    shares: dict[str, float] = {}
    low = 0
    for high, colour in _HUES:
        share = float(np.mean(strong & (hue >= low) & (hue < high)))
        shares[colour] = shares.get(colour, 0.0) + share
        low = high
    best = sorted(shares.items(), key=lambda item: (-item[1], item[0]))[:2]
    return [
        _tag(shot, colour, "colour", f"{share:.0%} of {name}", min(1.0, 0.3 + share))
        for colour, share in best
        if share > 0.08
    ]


def _tag(shot: Shot, text: str, kind: str, source: str, weight: float) -> Tag:
    return Tag(shot.shot_id, shot.clip_id, text, kind, source, round(float(weight), 4))
