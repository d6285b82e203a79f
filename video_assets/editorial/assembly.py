"""From an idea and its takes to a timeline on exact frames.

V1  |  line 1  |      |  line 2          |
V2             | pic  |      | pic |     | pic (end card) |
A1  |  line 1  |      |  line 2          |
A3             | pic's own sound where nobody speaks in it |
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from video_assets.editorial.brief import Brief
from video_assets.editorial.ideas import campaign_rate
from video_assets.editorial.pictures import SHORTEST
from video_assets.editorial.plan import CAPTION_FLOOR
from video_assets.editorial.recipes import Recipe, of_length, recipe
from video_assets.editorial.supply import Piece, Supply
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

PUNCH_IN = 1.22
"""Scale where one set-up follows itself: 20 to 25 % hides the jump (CRAFT 3.4)."""
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
    supply = Supply(pictures, by_id, clips, fps, [(t.clip_id, Span(t.start, t.end)) for t in story])
    card = max(
        1, total - to_frames(min(of_length(way.end_card, idea.duration), idea.duration / 2), fps)
    )
    pace = of_length(way.pace, idea.duration)
    if story:
        placed, gaps = _laid_out(story, total, way, idea, fps)
        picture = _story_picture(placed, by_id, clips, pace, fps)
        picture += _over_lines(placed, supply, way, pace, card, fps)
        for start, end, beat in gaps:
            picture += _over_gap(supply, start, end, beat, way.broll[1], card, fps)
    else:
        placed = []
        picture = _over_gap(supply, 0, total, -1, pace, total, fps)
        picture = _punched_in(picture, by_id)
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
    shots: dict[str, Shot],
    clips: dict[str, FootageRow],
    pace: Fraction,
    fps: Fraction,
) -> list[PictureCut]:
    """V1: speakers. A long look is split and punched in, as is a set-up that follows itself."""
    cuts = []
    for one in placed:
        shot, row = shots[one.take.shot_id], clips[one.take.clip_id]
        longest = max(1, to_frames(pace, fps))
        covered = not one.last and one.frames >= 2 * to_frames(SPEAKER_FIRST, fps)
        parts = 1 if covered else max(1, ceil(one.frames / (longest * Fraction(5, 4))))
        edges = [one.start + one.frames * n // parts for n in range(parts + 1)]
        for first, last in zip(edges, edges[1:], strict=False):
            source = one.take.start + (first - one.start) / fps
            cuts.append(_cut(one.take, shot, row, "V1", first, last - first, source))
    return _punched_in(cuts, shots)


def _punched_in(cuts: Sequence[PictureCut], shots: dict[str, Shot]) -> list[PictureCut]:
    """Every cut that follows another of its own set-up differs from it in scale."""
    done: list[PictureCut] = []
    for cut in cuts:
        before = done[-1] if done else None
        follows = before is not None and shots[before.shot_id].setup == shots[cut.shot_id].setup
        scale = PUNCH_IN if follows and before is not None and before.scale == 1.0 else 1.0
        done.append(replace(cut, scale=scale))
    return done


def _over_lines(
    placed: Sequence[_Placed],
    supply: Supply,
    way: Recipe,
    pace: Fraction,
    card: int,
    fps: Fraction,
) -> list[PictureCut]:
    """V2 over lines: pictures of what is said, after the speaker was seen; the end card's picture."""
    found = []
    least, most = (max(1, to_frames(s, fps)) for s in way.broll)
    seen = to_frames(SPEAKER_FIRST, fps)
    shortest = ceil(SHORTEST * fps)
    for one in placed:
        end = one.start + one.frames
        if end > card and one.last:
            start = max(card, one.start + shortest)
            if end - start >= 1:
                found += _pieces(supply.fill(end - start, way.broll[1], one.take.beat), start)
            end = start
        room = end - one.start - seen
        if room < least or one.last:
            continue
        frames = min(room, most)
        if 0 < room - frames < shortest:
            frames = room if room <= most + shortest else frames - (shortest - (room - frames))
        start = one.start + seen
        found += _pieces(supply.fill(frames, Fraction(frames) / fps, one.take.beat), start)
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
