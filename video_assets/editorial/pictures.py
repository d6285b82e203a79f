"""Which shots can be shown without their own words, and how well they fit what is said."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import log

from video_assets.editorial.lines import on_source_frame, ramp, sharpness_ranks
from video_assets.foundation.records import FootageRow, Shot, Tag

EDGE = Fraction(1, 5)
"""Seconds left out at both ends of a shot: cameras start and stop there, dissolves linger."""
SHORTEST = Fraction(4, 5)
"""Seconds of the shortest piece (CRAFT 3.4)."""
TINY = 96
"""Pixels of the short side: less is a thumbnail or a test pattern, not footage."""
BLACK = 0.03
PLAIN = 0.03
"""Contrast of a plain colour: a green screen, a title card's ground."""
FROZEN = 0.6

WEIGHTS = {
    "resolution": 0.30,
    "focus": 0.15,
    "stability": 0.15,
    "exposure": 0.10,
    "motion": 0.20,
    "colour": 0.10,
}


@dataclass(frozen=True, slots=True)
class Picture:
    """The usable stretch of a shot."""

    shot: Shot
    row: FootageRow
    start: Fraction
    end: Fraction
    score: float
    terms: dict[str, float]
    words: frozenset[str]
    """Stems of its tags."""

    @property
    def motion(self) -> float:
        """0 still to 1 lively."""
        return self.terms["motion"]


def usable_pictures(
    rows: Sequence[FootageRow],
    shots: Sequence[Shot],
    tags: Iterable[Tag],
    fps: Fraction,
    without: set[str],
) -> list[Picture]:
    """Shots that may be shown, best first; black ones never, frozen and plain ones only if nothing
    else is there. `without`: ids of shots to leave out."""
    clips = {r.clip_id: r for r in reversed(rows) if r.role == "clip"}
    ranks = sharpness_ranks(shots)
    words: dict[str, set[str]] = {}
    for tag in tags:
        if tag.kind != "motion":  # a slow pan is no answer to "slow evenings"
            words.setdefault(tag.shot_id, set()).update(stems(tag.text))
    found: list[Picture] = []
    still: list[Picture] = []
    for shot in shots:
        row = clips.get(shot.clip_id)
        if row is None or shot.shot_id in without or (shot.luma < BLACK and shot.contrast < BLACK):
            continue
        if min(row.width, row.height) < TINY:
            continue
        length = shot.end - shot.start
        edge = EDGE if length > SHORTEST + 2 * EDGE else Fraction(0)
        start = on_source_frame(row, shot.start + edge, up=True)
        end = min(shot.end, row.duration) - edge
        if end - start < min(SHORTEST, length):
            continue
        terms = picture_terms(shot, row, ranks.get(shot.shot_id, 0.5))
        score = round(sum(WEIGHTS[k] * v for k, v in terms.items()), 4)
        own = frozenset(words.get(shot.shot_id, ()))
        picture = Picture(shot, row, start, end, score, terms, own)
        (still if shot.frozen > FROZEN or shot.contrast < PLAIN else found).append(picture)
    return sorted(found or still, key=lambda p: (-p.score, p.row.path, p.shot.number))


def picture_terms(shot: Shot, row: FootageRow, rank: float) -> dict[str, float]:
    """Every term of a picture's score, 0..1."""
    terms = {
        "resolution": ramp(min(row.width, row.height), 240, 1080),
        "focus": 0.4 + 0.6 * rank,
        "stability": 1 - ramp(shot.shake, 0.0015, 0.02),
        "exposure": 1 - ramp(shot.clipped, 0.05, 0.6),
        "motion": ramp(shot.motion, 0.0, 0.02),
        "colour": ramp(shot.colourfulness, 5, 45),
    }
    return {name: round(value, 4) for name, value in terms.items()}


def stems(text: str) -> set[str]:
    """Content words without their endings."""
    from video_assets.library.search import stem
    from video_assets.library.tags import content_words

    return {stem(word) for word in content_words(text)}


class Match:
    """How well pictures answer to words: rare words count more."""

    def __init__(self, pictures: Sequence[Picture]) -> None:
        self._count = max(1, len(pictures))
        self._seen: dict[str, int] = {}
        for picture in pictures:
            for word in picture.words:
                self._seen[word] = self._seen.get(word, 0) + 1

    def __call__(self, picture: Picture, wanted: Iterable[str]) -> tuple[float, tuple[str, ...]]:
        """(0..1, the words that match)."""
        wanted = sorted(set(wanted))
        weights = {w: log(1 + self._count / self._seen[w]) for w in wanted if w in self._seen}
        total = sum(weights.values())
        both = tuple(w for w in weights if w in picture.words)
        return (sum(weights[w] for w in both) / total if total else 0.0), both
