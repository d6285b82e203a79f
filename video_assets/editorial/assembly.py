"""From an idea and its takes to a timeline on exact frames.

V1  |  line 1  |      |  line 2          |
V2             | pic  |      | pic |     | pic (end card) |
A1  |  line 1  |      |  line 2          |
A3             | pic's own sound where nobody speaks in it |
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from video_assets.editorial.brief import Brief
from video_assets.editorial.looks import Cover, divided, looks, one_piece, settled, without_jumps
from video_assets.editorial.material import campaign_rate
from video_assets.editorial.pictures import SHORTEST
from video_assets.editorial.plan import CAPTION_FLOOR
from video_assets.editorial.recipes import Recipe, of_length, recipe
from video_assets.editorial.supply import Piece, Supply
from video_assets.foundation.errors import BriefError
from video_assets.foundation.records import (
    CaptionWord,
    FootageRow,
    Idea,
    MusicCue,
    PictureCut,
    Shot,
    SoundCut,
    Soundtrack,
    Take,
    Timeline,
    Title,
    Word,
)
from video_assets.foundation.timecode import Span, to_frames

SPEAKER_FIRST = Fraction(3, 2)
"""Seconds a new speaker is seen before a picture covers the line (CRAFT 3.6)."""
HOOK_TITLE = Fraction(5, 2)
"""Seconds the hook's words stand on screen."""
ROOM_TONE = Fraction(1, 10)
"""Seconds kept clear of speech on both sides where a picture brings its own sound."""
NATURAL = -6.0
"""dB for natural sound under a story."""


@dataclass(frozen=True, slots=True)
class _Placed:
    take: Take
    start: int
    frames: int
    last: bool


def assemble(
    idea: Idea,
    takes: Sequence[Take],
    brief: Brief,
    rows: Sequence[FootageRow],
    shots: Sequence[Shot],
    words: Sequence[Word],
    soundtracks: Sequence[Soundtrack],
    music: MusicCue | None,
) -> Timeline:
    """The timeline of an idea: exactly its duration, a picture on every frame, nothing twice.

    Raises BriefError where the pictures do not suffice.
    """
    fps = campaign_rate(rows)
    total = to_frames(idea.duration, fps)
    way = recipe(idea.recipe)
    by_id = {s.shot_id: s for s in shots}
    clips = {r.clip_id: r for r in reversed(rows) if r.role == "clip"}
    story = [t for t in takes if t.role == "story"]
    pictures = [t for t in takes if t.role != "story"]
    card = max(
        1, total - to_frames(min(of_length(way.end_card, idea.duration), idea.duration / 2), fps)
    )
    pace = of_length(way.pace, idea.duration) * idea.pace
    if story:
        placed, gaps = _laid_out(story, total, way, idea, fps)
        shown = [(t.clip_id, Span(t.start, t.end)) for t in story]

        def told(over: bool) -> list[PictureCut]:
            supply = Supply(pictures, by_id, clips, fps, shown)
            return _story_picture(
                placed, gaps, supply, by_id, clips, way, pace, card, total, fps, over
            )

        over = any(not _anybody_speaks(t, words) for t in pictures)
        try:
            picture = told(over)
        except BriefError:
            if not over:
                raise
            picture = told(False)  # few pictures: gaps need them more than lines do
    else:
        placed = []
        supply = Supply(pictures, by_id, clips, fps, [])
        picture = without_jumps(_over_gap(supply, 0, total, -1, pace, total, fps), by_id)
    sound = [_dialogue(p, clips, fps) for p in placed]
    sound += _natural(picture, clips, words, soundtracks, fps, bool(story))
    spoken, note = _captions(placed, words, fps, brief)
    hook = min(to_frames(HOOK_TITLE, fps), card)
    titles = [Title("hook", idea.hook, 0, hook)] if idea.hook else []
    if idea.call_to_action or not story:
        titles.append(Title("end_card", idea.call_to_action or brief.title, card, total - card))
    return Timeline(
        idea.cut_id,
        idea.title,
        fps,
        total,
        tuple(sorted(picture, key=lambda c: (c.track, c.start))),
        tuple(sorted(sound, key=lambda s: (s.track, s.start))),
        tuple(spoken),
        note,
        tuple(titles),
        music,
        idea.notes,
    )


def _frames(take: Take, fps: Fraction) -> int:
    return to_frames(take.end - take.start, fps)


def _laid_out(
    story: Sequence[Take], total: int, way: Recipe, idea: Idea, fps: Fraction
) -> tuple[list[_Placed], list[tuple[int, int, int]]]:
    """Where every line lies, and the gaps (start, end, beat) that pictures must fill.

    Spare time goes after the last line first, then into breathers of at least `SHORTEST` before
    the later lines; never before the first, so that the hook is heard at once.
    """
    lengths = [_frames(t, fps) for t in story]
    spare = total - sum(lengths)
    tail = min(spare, to_frames(of_length(way.tail, idea.duration), fps))
    rest = spare - tail
    least = ceil(SHORTEST * fps)
    joints = len(story) - 1
    count = min(joints, max(1, rest // max(1, to_frames(way.broll[1], fps)))) if joints else 0
    if rest < least or not count:
        count, tail = 0, tail + rest
    # the breathers lie before the last lines: a hook is followed up at once
    breathers = {joints - n: rest // count for n in range(count)} if count else {}
    if breathers:
        tail += rest - sum(breathers.values())
    if tail and tail < least and breathers:
        first = max(breathers)
        breathers[first] += tail
        tail = 0
    placed, gaps, at = [], [], 0
    for number, (take, frames) in enumerate(zip(story, lengths, strict=True)):
        if number in breathers:
            gaps.append((at, at + breathers[number], take.beat))
            at += breathers[number]
        placed.append(_Placed(take, at, frames, number == len(story) - 1))
        at += frames
    if at < total:
        gaps.append((at, total, story[-1].beat))
    return placed, gaps


def _cut(
    take: Take, shot: Shot, row: FootageRow, track: str, start: int, frames: int, source: Fraction
) -> PictureCut:
    return PictureCut(
        track,
        start,
        frames,
        take.clip_id,
        take.shot_id,
        row.path,
        source,
        1.0,
        shot.focus,
        shot.face if shot.face_share > 0.2 else (0.0, 0.0, 0.0, 0.0),
        take.line_id,
        take.take_id,
        take.why,
        take.score,
        take.terms,
        take.alternates,
    )


def _story_picture(
    placed: Sequence[_Placed],
    gaps: Sequence[Cover],
    supply: Supply,
    shots: dict[str, Shot],
    clips: dict[str, FootageRow],
    way: Recipe,
    pace: Fraction,
    card: int,
    total: int,
    fps: Fraction,
    over: bool,
) -> list[PictureCut]:
    """V1, the speakers, and V2, the pictures over gaps and, with `over`, over lines."""
    least = ceil(SHORTEST * fps)
    lines = [(p.start, p.start + p.frames, p.take.beat) for p in placed]
    wanted = [*gaps, *(_over_lines(placed, way, pace, card, fps) if over else ())]
    covers = settled(wanted, lines, least, total)
    each = min(way.broll[1], pace)
    cuts: list[PictureCut] = []
    for start, end, beat in covers:
        cuts += _over_gap(supply, start, end, beat, each, card, fps)
    longest = max(1, to_frames(pace, fps))
    seen = looks(covers, lines)
    for one in placed:
        shot, row = shots[one.take.shot_id], clips[one.take.clip_id]
        end = one.start + one.frames
        own = [(a, b) for a, b, _ in seen if one.start <= a < end]
        edges = {one.start, end}
        for first, last in own:
            edges |= {first + part for part in divided(last - first, longest)}
        ordered = sorted(edges)
        for first, last in itertools.pairwise(ordered):
            source = one.take.start + (first - one.start) / fps
            cuts.append(_cut(one.take, shot, row, "V1", first, last - first, source))

    def covered(cut: PictureCut) -> bool:
        return cut.track == "V1" and any(a <= cut.start and cut.end <= b for a, b, _ in covers)

    cuts = without_jumps(cuts, shots, covered)
    return one_piece(sorted(cuts, key=lambda c: (c.track, c.start)), fps)


def _over_lines(
    placed: Sequence[_Placed], way: Recipe, pace: Fraction, card: int, fps: Fraction
) -> list[Cover]:
    """Where pictures of what is said lie over lines: after the speaker was seen, never over the
    call to action before the end card, over the hook only where it is long."""
    found = []
    least, most = (max(1, to_frames(s, fps)) for s in way.broll)
    most = min(most, max(least, to_frames(pace, fps)))
    seen = to_frames(SPEAKER_FIRST, fps)
    shortest = ceil(SHORTEST * fps)
    for number, one in enumerate(placed):
        end = one.start + one.frames
        if one.last:
            if end > card:
                found.append((max(card, one.start + shortest), end, one.take.beat))
            continue
        room = end - one.start - seen
        if room < least or (number == 0 and one.frames <= pace * fps):
            continue
        found.append((one.start + seen, one.start + seen + min(room, most), one.take.beat))
    return found


def _pieces(pieces: Sequence[Piece], start: int) -> list[PictureCut]:
    cuts = []
    for piece in pieces:
        cuts.append(
            _cut(piece.take, piece.shot, piece.row, "V2", start, piece.frames, piece.source_start)
        )
        start += piece.frames
    return cuts


def _over_gap(
    supply: Supply, start: int, end: int, beat: int, each: Fraction, card: int, fps: Fraction
) -> list[PictureCut]:
    """Pictures for a stretch without a speaker; a cut lies where the end card begins."""
    least = ceil(SHORTEST * fps)
    if start + least <= card <= end - least:
        return [
            *_pieces(supply.fill(card - start, each, beat), start),
            *_pieces(supply.fill(end - card, each, beat), card),
        ]
    return _pieces(supply.fill(end - start, each, beat), start)


def _anybody_speaks(take: Take, words: Sequence[Word]) -> bool:
    """Whether lips would move in it to words that are not heard."""
    span = Span(take.start, take.end)
    return any(w.clip_id == take.clip_id and span.overlaps(Span(w.start, w.end)) for w in words)


def _dialogue(one: _Placed, clips: dict[str, FootageRow], fps: Fraction) -> SoundCut:
    return SoundCut(
        "A1",
        one.start / fps,
        one.frames / fps,
        one.take.clip_id,
        clips[one.take.clip_id].path,
        one.take.start,
        one.take.line_id,
    )


def _natural(
    picture: Sequence[PictureCut],
    clips: dict[str, FootageRow],
    words: Sequence[Word],
    soundtracks: Sequence[Soundtrack],
    fps: Fraction,
    story: bool,
) -> list[SoundCut]:
    """A3: a picture's own sound, only where nobody speaks in it, so that no word is cut."""
    speech: dict[str, list[Span]] = {}
    for track in soundtracks:
        speech[track.clip_id] = [Span(a - ROOM_TONE, b + ROOM_TONE) for a, b in track.speech]
    for word in words:
        speech.setdefault(word.clip_id, []).append(
            Span(word.start - ROOM_TONE, word.end + ROOM_TONE)
        )
    found = []
    for cut in picture:
        row = clips[cut.clip_id]
        span = Span(cut.source_start, cut.source_start + cut.frames / fps)
        if cut.line_id or row.audio_stream < 0 or cut.clip_id not in speech:
            continue
        if any(span.overlaps(said) for said in speech[cut.clip_id]):
            continue
        found.append(
            SoundCut(
                "A3",
                cut.start / fps,
                span.duration,
                cut.clip_id,
                cut.path,
                cut.source_start,
                "",
                NATURAL if story else 0.0,
            )
        )
    return found


def _captions(
    placed: Sequence[_Placed], words: Sequence[Word], fps: Fraction, brief: Brief
) -> tuple[list[CaptionWord], str]:
    """The words of the lines in timeline time; none where one is not sure enough."""
    spoken: list[CaptionWord] = []
    for one in placed:
        shift = one.start / fps - one.take.start
        end = (one.start + one.frames) / fps
        own = [
            w
            for w in sorted(words, key=lambda w: (w.clip_id, w.number))
            if w.clip_id == one.take.clip_id and one.take.start <= w.start and w.end <= one.take.end
        ]
        for word in own:
            if word.source != "sidecar" and word.confidence < CAPTION_FLOOR:
                return [], (
                    f"no captions: {word.source} is only {word.confidence:.0%} sure of a word; "
                    "a sidecar with the words brings them back"
                )
            spoken.append(
                CaptionWord(
                    word.text,
                    word.start + shift,
                    min(word.end + shift, end),
                    word.confidence,
                    word is own[-1],
                )
            )
    if brief.captions == "off" and spoken:
        return [], "no captions: the brief turned them off"
    return spoken, ""
