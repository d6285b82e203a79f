"""What cuts say, and which are refused."""

from fractions import Fraction as F

import pytest

from video_assets.editorial.ideas import make_ideas
from video_assets.foundation.records import Idea
from video_assets_tests.editorial import made


def ideas_of(have: made.Library, **keys: object) -> tuple[list[Idea], list[tuple[F, str]]]:
    return make_ideas(made.brief(**keys), made.PLAN, *have.ideas_args)


def test_what_cannot_be_filled_is_refused_and_the_rest_goes_on() -> None:
    have = made.Library()
    have.clip("a.mp4", 20)
    ideas, refused = ideas_of(have, durations=(6, 60, 15))
    assert [i.duration for i in ideas] == [6, 15]
    (duration, why) = refused[0]
    assert duration == 60
    assert "40.4 s are missing" in why


@pytest.mark.parametrize(("seconds", "wanted"), [(40, 30), (20, 15), (8, 6)])
def test_without_durations_the_longest_that_fits(seconds: int, wanted: int) -> None:
    have = made.Library()
    have.clip("a.mp4", seconds)
    ideas, refused = ideas_of(have)
    assert [i.duration for i in ideas] == [wanted]
    assert refused == []


def test_less_than_six_seconds_is_one_cut_as_long_as_that() -> None:
    have = made.Library()
    have.clip("a.mp4", 4)
    ideas, _ = ideas_of(have)
    assert len(ideas) == 1
    assert 3 < ideas[0].duration < 4
    assert "as long as that" in ideas[0].notes[0]


def test_an_empty_library_is_refused() -> None:
    ideas, refused = ideas_of(made.Library())
    assert ideas == []
    assert "only 0.0 s" in refused[0][1]


def test_forbidden_words_are_never_chosen() -> None:
    ideas, _ = ideas_of(made.library("talk"), durations=(6, 15, 30), forbidden=["mended", "dinner"])
    said = " ".join(b.text for i in ideas for b in i.beats)
    assert "softens" in said
    assert "mended" not in said and "dinner" not in said


def test_what_must_be_said_is_said_or_told() -> None:
    ideas, _ = ideas_of(
        made.library("talk"), durations=(15,), must_say=[made.SCRIPT[5], "Nobody says this here."]
    )
    assert made.SCRIPT[5] in [b.text for b in ideas[0].beats]
    assert any("nobody says" in n for n in ideas[0].notes)


def test_hooks_differ_and_answer_to_their_titles() -> None:
    ideas, _ = ideas_of(made.library("talk"), durations=(6, 15, 30))
    lines = [i.beats[0].text for i in ideas]
    assert lines == [made.SCRIPT[0], made.SCRIPT[7], made.SCRIPT[2]]
    assert len({i.hook for i in ideas}) == 3


def test_the_story_keeps_the_order_of_the_script_and_ends_with_the_call() -> None:
    ideas, _ = ideas_of(made.library("talk"), durations=(6, 15, 30))
    for idea in ideas:
        assert idea.beats[0].kind == "hook"
        assert idea.beats[-1].text == made.SCRIPT[8]
        body = [made.SCRIPT.index(b.text) for b in idea.beats if b.kind == "body"]
        assert body == sorted(body)
    assert made.SCRIPT[1] in [b.text for b in ideas[1].beats], "what it is comes before details"


def test_upload_text_is_short_and_keeps_the_hashtags() -> None:
    long = ["x" * 150 + str(n) for n in range(4)]
    ideas, _ = ideas_of(
        made.library("talk"), durations=(6, 15), key_messages=long, hashtags=["#a", "b"]
    )
    for idea in ideas:
        assert 0 < len(idea.upload_text) <= 220
        assert idea.upload_text.endswith("#a #b")


def test_the_same_input_makes_the_same_ideas() -> None:
    assert ideas_of(made.library("talk"), durations=(6, 30)) == ideas_of(
        made.library("talk"), durations=(6, 30)
    )
