"""Every gate: one clean pass, one planted defect."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction as F

import pytest

from video_assets.editorial import gates
from video_assets.editorial.takes import select_takes
from video_assets.foundation.records import Idea, Take, Timeline
from video_assets_tests.editorial import made
from video_assets_tests.editorial.test_assembly import cuts_of

BRIEF = made.brief(forbidden=["unbreakable"])


def cut() -> tuple[made.Library, Idea, Timeline]:
    have, found, _ = cuts_of("talk", F(25))
    return have, *found[1]


@pytest.mark.parametrize(
    ("defect", "told"),
    [
        (lambda i: replace(i, beats=i.beats[1:]), "has no hook"),
        (lambda i: replace(i, beats=()), "no beats"),
        (lambda i: replace(i, hook="x" * 43), "longer than 42"),
        (
            lambda i: replace(i, upload_text="It is unbreakable!"),
            "'unbreakable', which is forbidden",
        ),
        (lambda i: replace(i, beats=(*i.beats, i.beats[0])), "one line twice"),
    ],
)
def test_the_rubric(defect: Callable[[Idea], Idea], told: str) -> None:
    _, idea, _ = cut()
    assert gates.ideas_meet_the_rubric([idea], BRIEF) == []
    assert any(told in p for p in gates.ideas_meet_the_rubric([defect(idea)], BRIEF))
    assert any("stands twice" in p for p in gates.ideas_meet_the_rubric([idea, idea], BRIEF))


@pytest.mark.parametrize(
    ("defect", "told"),
    [
        (lambda t: replace(t, shot_id="gone"), "is gone"),
        (lambda t: replace(t, end=t.start), "no length"),
        (lambda t: replace(t, end=F(10_000)), "leaves its shot"),
        (lambda t: replace(t, why=""), "no reason"),
    ],
)
def test_takes_inside_their_clips(defect: Callable[[Take], Take], told: str) -> None:
    have, idea, _ = cut()
    takes = select_takes(
        idea, BRIEF, have.rows, have.shots, have.words, have.lines, have.sounds, have.tags
    )
    assert gates.takes_are_inside_their_clips(takes, have.rows, have.shots) == []
    bad = [defect(takes[0]), *takes[1:]]
    assert any(told in p for p in gates.takes_are_inside_their_clips(bad, have.rows, have.shots))


def test_no_footage_twice() -> None:
    _, _, timeline = cut()
    assert gates.no_footage_twice(timeline) == []
    first = timeline.picture[0]
    bad = replace(timeline, picture=(*timeline.picture, replace(first, track="V2", start=300)))
    assert "used at frame 0" in gates.no_footage_twice(bad)[0]


def test_no_word_is_cut() -> None:
    have, _, timeline = cut()
    assert gates.no_word_is_cut(timeline, have.words) == []
    first = timeline.sound[0]
    late = replace(first, source_start=first.source_start + F(1, 5))
    bad = replace(timeline, sound=(late, *timeline.sound[1:]))
    assert "inside 'Some'" in gates.no_word_is_cut(bad, have.words)[0]


@pytest.mark.parametrize(
    ("defect", "told"),
    [
        (lambda t: replace(t, frames=t.frames - 1), "were asked for"),
        (lambda t: replace(t, picture=t.picture[1:]), "nothing is shown at frame 0"),
        (lambda t: replace(t, picture=(*t.picture, t.picture[0])), "overlap on V1"),
        (
            lambda t: replace(t, picture=(replace(t.picture[0], start=-1), *t.picture[1:])),
            "outside the timeline",
        ),
    ],
)
def test_lasts_as_asked(defect: Callable[[Timeline], Timeline], told: str) -> None:
    _, idea, timeline = cut()
    assert gates.lasts_as_asked(timeline, idea) == []
    assert any(told in p for p in gates.lasts_as_asked(defect(timeline), idea))
