"""Which spoken lines can carry a cut, where exactly they are cut, and which take is best."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from video_assets.editorial.brief import Brief, contains_word
from video_assets.editorial.plan import CAPTION_FLOOR
from video_assets.foundation.records import FootageRow, Line, Shot, Soundtrack, Word

LEAD = Fraction(80, 1000)
"""Seconds before the first onset (CRAFT 3.4)."""
TRAIL = Fraction(160, 1000)
"""Seconds after the last word (CRAFT 3.4: 120 to 200 ms)."""
SURE_GAP = Fraction(1, 5)
"""Seconds of silence that show where a cue ends, between words whose times are guesses."""
SMALLEST = 360
"""Short side in pixels below which a speaker's picture is not used: at best 540-class of 2.7x."""

SPREAD = 0.6
"""Trust in words whose times were spread over a cue."""

WEIGHTS = {
    "speech": 0.35,
    "audio": 0.20,
    "focus": 0.15,
    "stability": 0.10,
    "exposure": 0.10,
    "face": 0.10,
}
"""Of a story take (CRAFT 3.1)."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One line as it can be cut."""

    line: Line
    shot: Shot
    start: Fraction
    """On a source frame, between the words before and the first onset; clip's clock."""
    frames: int
    """At the timeline's rate."""
    score: float
    terms: Mapping[str, float]
    words: tuple[Word, ...]

    def end(self, fps: Fraction) -> Fraction:
        """Exclusive, clip's clock."""
        return self.start + self.frames / fps


def is_sure(line: Line) -> bool:
    """Whether the words are known well enough to be chosen by what they say."""
    return line.source == "sidecar" or line.confidence >= CAPTION_FLOOR


def on_source_frame(row: FootageRow, at: Fraction, up: bool) -> Fraction:
    """The source frame at or before `at` (or at or after, with `up`), clip's clock."""
    if row.fps <= 0:
        return at
    number = (at - row.video_start) * row.fps
    return row.video_start + max(0, ceil(number) if up else floor(number)) / row.fps


def trimmed(
    row: FootageRow, words: Sequence[Word], first: int, last: int, fps: Fraction
) -> tuple[Fraction, int] | None:
    """Where a stretch of words is cut: (start on a source frame, length in timeline frames).

    `words` are all words of the clip in order; `first` and `last` positions in it, inclusive. Never
    inside a neighbouring word; None where the gap is shorter than a frame.
    """
    onset, offset = words[first].start, words[last].end
    before = words[first - 1].end if first else Fraction(0)
    after = words[last + 1].start if last + 1 < len(words) else row.duration
    after = min(after, row.duration)
    earliest = max(before, onset - LEAD, (before + onset) / 2 if first else Fraction(0))
    start = on_source_frame(row, earliest, up=True)
    if start > onset:
        start = on_source_frame(row, onset, up=False)
        if start < before:
            return None
    latest = min(offset + TRAIL, (offset + after) / 2 if last + 1 < len(words) else after)
    frames = max(floor((latest - start) * fps), ceil((offset - start) * fps))
    if frames < 1 or start + frames / fps > after:
        return None
    return start, frames


def usable_lines(
    brief: Brief,
    rows: Sequence[FootageRow],
    shots: Sequence[Shot],
    words: Sequence[Word],
    lines: Sequence[Line],
    soundtracks: Sequence[Soundtrack],
    fps: Fraction,
) -> list[Spoken]:
    """Complete lines with known words, a large enough picture and no forbidden word, scored."""
    clips = {r.clip_id: r for r in reversed(rows) if r.role == "clip"}
    tracks = {t.clip_id: t for t in soundtracks}
    by_clip: dict[str, list[Word]] = {}
    for word in words:
        by_clip.setdefault(word.clip_id, []).append(word)
    ranks = sharpness_ranks(shots)
    found = []
    for line in lines:
        row = clips.get(line.clip_id)
        if row is None or not line.complete or not is_sure(line):
            continue
        if min(row.width, row.height) < SMALLEST:
            continue
        if any(contains_word(line.text, word) for word in brief.forbidden):
            continue
        own = sorted(by_clip.get(line.clip_id, []), key=lambda w: w.number)
        numbers = [w.number for w in own]
        first, last = bisect_left(numbers, line.first_word), bisect_left(numbers, line.last_word)
        if last >= len(own) or any("overlong" in w.flags for w in own[first : last + 1]):
            continue
        if _guessed_edge(own, first, last):
            continue
        cut = trimmed(row, own, first, last, fps)
        shot = next(
            (s for s in shots if s.clip_id == line.clip_id and s.start <= line.start < s.end), None
        )
        if cut is None or shot is None or cut[0] + cut[1] / fps > shot.end + 1 / fps:
            continue
        spoken = own[first : last + 1]
        terms = story_terms(line, shot, spoken, tracks.get(line.clip_id), ranks)
        score = sum(WEIGHTS[k] * v for k, v in terms.items())
        found.append(Spoken(line, shot, *cut, round(score, 4), terms, tuple(spoken)))
    return found


def _guessed_edge(words: Sequence[Word], first: int, last: int) -> bool:
    """Whether a line begins or ends inside a cue, where only guesses part it from a neighbour."""
    joints = [(first - 1, first), (last, last + 1)]
    return any(
        a >= 0
        and b < len(words)
        and "spread" in words[a].flags
        and "spread" in words[b].flags
        and words[b].start - words[a].end < SURE_GAP
        for a, b in joints
    )


def sharpness_ranks(shots: Sequence[Shot]) -> dict[str, float]:
    """Rank of each shot's sharpness inside its set-up, 0..1; 0.5 where it is alone."""
    groups: dict[str, list[Shot]] = {}
    for shot in shots:
        groups.setdefault(shot.setup, []).append(shot)
    ranks = {}
    for group in groups.values():
        order = sorted(group, key=lambda s: (s.sharpness, s.shot_id))
        for place, shot in enumerate(order):
            ranks[shot.shot_id] = 0.5 if len(order) == 1 else place / (len(order) - 1)
    return ranks


def ramp(value: float, bad: float, good: float) -> float:
    """0 at `bad`, 1 at `good`, straight in between."""
    return min(1.0, max(0.0, (value - bad) / (good - bad)))


def story_terms(
    line: Line,
    shot: Shot,
    words: Sequence[Word],
    track: Soundtrack | None,
    ranks: Mapping[str, float],
) -> dict[str, float]:
    """Every term of a story take's score, 0..1 (limits of CRAFT 3.1)."""
    fillers = sum("filler" in w.flags for w in words)
    # words spread over a cue lie where they lie by guess: a line with real times is safer to cut
    trust = SPREAD if any("spread" in w.flags for w in words) else 1.0
    terms = {
        "speech": trust * max(0.0, line.confidence - 0.2 * fillers)
        + min(0.02 * (line.take - 1), 0.04),
        "audio": ramp(track.snr, 10, 20) if track else 0.0,
        "focus": 0.4 + 0.6 * ranks.get(shot.shot_id, 0.5),
        "stability": 1 - ramp(shot.shake, 0.0015, 0.006),
        "exposure": 1 - ramp(shot.clipped, 0.02, 0.5),
        "face": min(1.0, shot.face_share / 0.8),
    }
    return {name: round(min(1.0, value), 4) for name, value in terms.items()}


def best_takes(lines: Sequence[Spoken]) -> dict[str, Spoken]:
    """The best take of every retake group; ties go to the later one, then by clip and start.

    Of groups with the same words only the best is left: cameras that ran together, in folders of
    their own, hold one sentence twice, and no cut may say it twice.
    """
    best: dict[str, Spoken] = {}
    decided: set[str] = set()
    said: set[str] = set()
    order = sorted(lines, key=lambda s: (-s.score, -s.line.take, s.line.clip_id, s.start))
    for spoken in order:
        group = spoken.line.group or spoken.line.line_id
        words = "".join(c for c in spoken.line.text.casefold() if c.isalnum())
        if group not in decided and words not in said:
            best[group] = spoken
        decided.add(group)
        said.add(words)
    return best
