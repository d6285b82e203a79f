"""Whatever the library, the rate and the length: what every cut must hold."""

import itertools
from fractions import Fraction as F
from functools import cache

import pytest

from video_assets.editorial.assembly import assemble
from video_assets.editorial.gates import lasts_as_asked, no_footage_twice, no_word_is_cut
from video_assets.editorial.ideas import make_ideas
from video_assets.editorial.looks import divided, looks, settled
from video_assets.editorial.recipes import of_length, recipe
from video_assets.editorial.takes import select_takes
from video_assets.editorial.timeline import from_otio, to_otio
from video_assets.foundation.records import Idea, PictureCut, Timeline
from video_assets.foundation.timecode import to_frames
from video_assets_tests.editorial import made

RATES = (F(24000, 1001), F(24), F(25), F(30000, 1001), F(30), F(50), F(60000, 1001))
KINDS = ("talk", "talk_only", "montage", "single", "portrait")
DURATIONS = (6, 15, 30, 60)


@cache
def cuts_of(kind: str, rate: F) -> tuple[made.Library, list[tuple[Idea, Timeline]], list[F]]:
    """Library, (idea, timeline) of every length that it fills, and the refused lengths."""
    have = made.library(kind, rate)
    brief = made.brief(durations=DURATIONS)
    ideas, refused = make_ideas(brief, made.PLAN, *have.ideas_args)
    found = []
    for idea in ideas:
        takes = select_takes(
            idea, brief, have.rows, have.shots, have.words, have.lines, have.sounds, have.tags
        )
        found.append(
            (
                idea,
                assemble(
                    idea, takes, brief, have.rows, have.shots, have.words, have.sounds, made.MUSIC
                ),
            )
        )
    return have, found, [d for d, _ in refused]


def visible(timeline: Timeline) -> list[tuple[PictureCut, int, int]]:
    """(cut, start, end) in order, as a viewer sees them: V2 covers V1."""
    shown: list[PictureCut | None] = [None] * timeline.frames
    for track in ("V1", "V2"):
        for cut in timeline.picture:
            if cut.track == track:
                shown[cut.start : cut.end] = [cut] * cut.frames
    found: list[tuple[PictureCut, int, int]] = []
    for at, cut in enumerate(shown):
        assert cut is not None, f"nothing at frame {at}"
        if found and found[-1][0] is cut:
            found[-1] = (cut, found[-1][1], at + 1)
        else:
            found.append((cut, at, at + 1))
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", RATES, ids=str)
def test_every_cut_keeps_the_rules(kind: str, rate: F) -> None:
    have, found, refused = cuts_of(kind, rate)
    assert len(found) + len(refused) == len(DURATIONS)
    assert found, "nothing could be filled"
    setups = {s.shot_id: s.setup for s in have.shots}
    for idea, timeline in found:
        about = f"{kind} {rate} {idea.duration} s"
        assert timeline.frames == to_frames(idea.duration, timeline.fps), about
        assert lasts_as_asked(timeline, idea) == [], about
        assert no_footage_twice(timeline) == [], about
        assert no_word_is_cut(timeline, have.words) == [], about
        pace = of_length(recipe(idea.recipe).pace, idea.duration)
        seen = visible(timeline)
        for cut, start, end in seen:
            length = F(end - start) / timeline.fps
            assert length >= F(4, 5) - 1 / timeline.fps, f"{about}: {float(length)} s at {start}"
            assert length <= pace * F(13, 10) + 1 / timeline.fps, (
                f"{about}: {float(length)} at {start}"
            )
            assert cut.scale in (1.0, 1.22)
        for (one, _, _), (two, at, _) in itertools.pairwise(seen):
            same = setups[one.shot_id] == setups[two.shot_id]
            assert not (same and one.scale == two.scale), f"{about}: jump cut at frame {at}"


@pytest.mark.parametrize("kind", ["talk", "talk_only", "portrait"])
def test_the_hook_is_heard_at_once_and_the_call_to_action_last(kind: str) -> None:
    _, found, _ = cuts_of(kind, F(25))
    for idea, timeline in found:
        if idea.recipe != "testimonial":
            continue
        spoken = [s for s in timeline.sound if s.track == "A1"]
        assert spoken[0].start == 0
        assert timeline.words[0].start < 1
        assert idea.beats[0].kind == "hook"
        assert idea.beats[-1].kind == "cta"
        assert spoken[-1].line_id.endswith("-l0009")


def test_a_montage_moves_inside_the_first_second() -> None:
    have, found, _ = cuts_of("montage", F(25))
    motion = {s.shot_id: s.motion for s in have.shots}
    for _, timeline in found:
        assert motion[timeline.picture[0].shot_id] > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_input_makes_the_same_bytes(kind: str) -> None:
    have, found, _ = cuts_of(kind, F(30000, 1001))
    first = [to_otio(t, have.rows, made.ROOT) for _, t in found]
    cuts_of.cache_clear()
    have, found, _ = cuts_of(kind, F(30000, 1001))
    assert [to_otio(t, have.rows, made.ROOT) for _, t in found] == first
    assert [from_otio(text) for text in first] == [t for _, t in found]


@pytest.mark.parametrize("kind", ["talk", "portrait"])
def test_the_speaker_of_the_call_to_action_is_seen_before_the_card(kind: str) -> None:
    _, found, _ = cuts_of(kind, F(25))
    for idea, timeline in found:
        last = [c for c in timeline.picture if c.track == "V1"][-1]
        over = [
            c
            for c in timeline.picture
            if c.track == "V2" and c.end > last.start and c.start < last.end
        ]
        assert all(c.start - last.start >= F(4, 5) * timeline.fps for c in over), idea.duration


@pytest.mark.parametrize("kind", ["talk", "portrait"])
def test_pictures_that_fit_the_words_lie_over_the_lines(kind: str) -> None:
    _, found, _ = cuts_of(kind, F(25))
    over = [c for _, t in found for c in t.picture if c.track == "V2"]
    assert any(c.why.startswith("shows ") and "mood" not in c.why for c in over)


def test_covers_grow_until_no_look_is_a_flash() -> None:
    lines = [(0, 60, 0), (60, 70, 1), (70, 150, 2)]
    # a sliver of 5 between covers, a cover of 8, a line of 10 that a cover touches
    covers = settled([(20, 40, 0), (45, 60, 0), (142, 150, 2)], lines, 20, 150)
    assert all(end - start >= 20 for start, end, _ in covers)
    assert all(end - start >= 20 for start, end, _ in looks(covers, lines))
    assert settled(covers, lines, 20, 150) == covers


def test_long_looks_are_parted_evenly() -> None:
    assert divided(60, 60) == [0, 60]
    assert divided(75, 60) == [0, 75]
    assert divided(76, 60) == [0, 38, 76]
