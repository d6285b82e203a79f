"""What must hold of ideas, takes and timelines: pure functions that list problems."""

import itertools
from collections.abc import Sequence
from fractions import Fraction

from video_assets.editorial.brief import HOOK_LENGTH, Brief, contains_word
from video_assets.foundation.records import FootageRow, Idea, Shot, Take, Timeline, Word
from video_assets.foundation.timecode import Span, to_frames


def ideas_meet_the_rubric(ideas: Sequence[Idea], brief: Brief) -> list[str]:
    """Every idea has a hook, beats, a length and words that the brief allows."""
    problems = []
    for idea in ideas:
        if not any(b.kind == "hook" for b in idea.beats) and len(idea.beats) > 1:
            problems.append(f"{idea.cut_id} has no hook")
        if not idea.beats or idea.duration <= 0:
            problems.append(f"{idea.cut_id} has no beats or no length")
        if len(idea.hook) > HOOK_LENGTH:
            problems.append(f"{idea.cut_id}: the hook is longer than {HOOK_LENGTH} characters")
        shown = [idea.hook, idea.upload_text, idea.call_to_action]
        shown += [b.text for b in idea.beats if b.line_group]
        problems += [
            f"{idea.cut_id} says {word!r}, which is forbidden"
            for word in brief.forbidden
            if any(contains_word(text, word) for text in shown)
        ]
        groups = [b.line_group for b in idea.beats if b.line_group]
        if len(groups) != len(set(groups)):
            problems.append(f"{idea.cut_id} says one line twice")
    ids = [i.cut_id for i in ideas]
    return problems + [f"{c} stands twice" for c in sorted({i for i in ids if ids.count(i) > 1})]


def takes_are_inside_their_clips(
    takes: Sequence[Take], rows: Sequence[FootageRow], shots: Sequence[Shot]
) -> list[str]:
    """Every take lies inside its clip and its shot, and has a reason."""
    clips = {r.clip_id: r for r in rows if r.role == "clip"}
    by_id = {s.shot_id: s for s in shots}
    problems = []
    for take in takes:
        shot, row = by_id.get(take.shot_id), clips.get(take.clip_id)
        if shot is None or row is None:
            problems.append(f"{take.take_id} is of a shot that is gone")
            continue
        frame = 1 / row.fps if row.fps else Fraction(0)
        if take.end <= take.start:
            problems.append(f"{take.take_id} has no length")
        if take.start < shot.start - frame or take.end > shot.end + frame:
            problems.append(f"{take.take_id} leaves its shot {take.shot_id}")
        if not take.why or not take.terms:
            problems.append(f"{take.take_id} has no reason")
    return problems


def no_footage_twice(timeline: Timeline) -> list[str]:
    """No frame of a clip lies twice on the timeline, hidden or not."""
    problems = []
    spans = [
        (c, Span(c.source_start, c.source_start + c.frames / timeline.fps))
        for c in timeline.picture
    ]
    for number, (one, span) in enumerate(spans):
        for two, other in spans[number + 1 :]:
            if one.clip_id == two.clip_id and span.overlaps(other):
                problems.append(
                    f"{timeline.cut_id}: {one.path} at {float(max(span.start, other.start)):.2f} s "
                    f"is used at frame {one.start} and again at frame {two.start}"
                )
    return problems


def no_word_is_cut(timeline: Timeline, words: Sequence[Word]) -> list[str]:
    """No dialogue or natural sound begins or ends inside a word of its clip."""
    by_clip: dict[str, list[Word]] = {}
    for word in words:
        by_clip.setdefault(word.clip_id, []).append(word)
    problems = []
    for cut in timeline.sound:
        for edge in (cut.source_start, cut.source_start + cut.duration):
            problems += [
                f"{timeline.cut_id}: {cut.path} is cut at {float(edge):.3f} s, inside {w.text!r}"
                for w in by_clip.get(cut.clip_id, ())
                if w.start < edge < w.end
            ]
    return problems


def lasts_as_asked(timeline: Timeline, idea: Idea) -> list[str]:
    """The timeline has exactly the idea's frames, and a picture on every one of them."""
    problems = []
    wanted = to_frames(idea.duration, timeline.fps)
    if timeline.frames != wanted:
        problems.append(f"{idea.cut_id} has {timeline.frames} frames; {wanted} were asked for")
    shown = [False] * timeline.frames
    for cut in timeline.picture:
        if cut.start < 0 or cut.end > timeline.frames or cut.frames < 1:
            problems.append(
                f"{idea.cut_id}: a cut lies outside the timeline ({cut.start}-{cut.end})"
            )
            continue
        shown[cut.start : cut.end] = [True] * cut.frames
    for track in ("V1", "V2"):
        lane = sorted((c for c in timeline.picture if c.track == track), key=lambda c: c.start)
        for one, two in itertools.pairwise(lane):
            if two.start < one.end:
                problems.append(f"{idea.cut_id}: cuts overlap on {track} at frame {two.start}")
    if not all(shown):
        problems.append(f"{idea.cut_id}: nothing is shown at frame {shown.index(False)}")
    return problems
