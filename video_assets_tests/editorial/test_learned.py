"""What was learned moves the next ideas, and they say so; nothing learned moves nothing."""

from fractions import Fraction as F

import pytest

from video_assets.editorial.ideas import make_ideas
from video_assets.editorial.learned import Learned
from video_assets.editorial.rounds import Sealed, claims_of, entry, open_round
from video_assets.editorial.traits import hook_style, pace_of, pace_word, subject_of
from video_assets.foundation.records import Idea, Learning
from video_assets_tests.editorial import made


def told(trait: str, value: str, effect: float, metric: str = "views") -> Learning:
    return Learning("brand", trait, value, metric, effect, 12)


def ideas_of(have: made.Library, *learnings: Learning, **keys: object) -> list[Idea]:
    return make_ideas(made.brief(**keys), made.PLAN, *have.ideas_args, "r2", learnings)[0]


def test_a_learning_pulls_as_far_as_it_says() -> None:
    learned = Learned([told("hook", "question", 1.5), told("hook", "question", 1.5, "skip_rate")])
    assert learned.pull("hook", "question") == pytest.approx(0.0)  # watched more, skipped more
    assert Learned([told("hook", "you", 9.0)]).pull("hook", "you") == pytest.approx(
        0.6931, abs=1e-4
    )
    assert Learned([told("hook", "you", 0.5)]).pull("hook", "you") < 0
    assert Learned().pull("hook", "you") == 0.0 and not Learned()


def test_the_hook_that_did_better_begins_and_the_idea_says_why() -> None:
    have = made.library("talk")
    plain = ideas_of(have, durations=(15,))[0]
    assert plain.learned == ()
    assert plain.traits["hook"] == "question"
    (idea,) = ideas_of(
        have, told("hook", "question", 0.3), told("hook", "statement", 2.0), durations=(15,)
    )
    assert idea.traits["hook"] != "question"
    assert any("hook=" in why and "begins with" in why for why in idea.learned)
    assert [b.text for b in idea.beats if b.kind == "hook"] != [
        b.text for b in plain.beats if b.kind == "hook"
    ]


def test_recipe_length_pace_and_subject_follow_what_was_learned() -> None:
    talk = made.library("talk")
    (idea,) = ideas_of(talk, told("recipe", "montage", 1.8), durations=(6,))
    assert idea.recipe == "montage" and "recipe=montage" in idea.learned[0]
    have = made.Library()
    for number in range(8):
        have.clip(f"{number}.mp4", 8)
    assert [i.duration for i in ideas_of(have)] == [30]
    (idea,) = ideas_of(have, told("length", "15", 1.7))
    assert idea.duration == 15 and "15 s instead of 30 s" in idea.learned[0]
    (plain,) = ideas_of(have, durations=(30,))
    (fast,) = ideas_of(have, told("pace", "fast", 1.7), durations=(30,))
    assert (plain.pace, fast.pace) == (1, F(4, 5)) and len(fast.beats) > len(plain.beats)
    assert "pace fast instead of medium" in " ".join(fast.learned)
    messages = ["Blue water", "Red door"]
    (red,) = ideas_of(
        have, told("subject", "blue water", 1.9), durations=(15,), key_messages=messages
    )
    assert red.beats[0].text == "Blue water" and "subject=blue water" in red.learned[0]


def test_an_earlier_beginning_is_not_repeated() -> None:
    have = made.library("talk")
    first, _ = make_ideas(made.brief(durations=(15,)), made.PLAN, *have.ideas_args)
    again, _ = make_ideas(made.brief(durations=(15,)), made.PLAN, *have.ideas_args, "r2", (), first)
    hooks = [next(b.text for b in i.beats if b.kind == "hook") for i in (*first, *again)]
    assert hooks[0] != hooks[1]
    assert [i.cut_id for i in (*first, *again)] == ["r1-01", "r2-01"]


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("What if the dark felt like home?", "question"),
        ("You will love this.", "you"),
        ("Never buy another lamp.", "contrast"),
        ("Three ways to cook.", "number"),
        ("A slower light.", "statement"),
        ("  ", "none"),
    ],
)
def test_hook_styles(text: str, style: str) -> None:
    assert hook_style(text) == style


def test_subjects_and_paces() -> None:
    messages = ["It charges over dinner", "Made to be mended"]
    assert subject_of("It charges over dinner and it glows.", messages) == "it charges over dinner"
    assert subject_of("Something else entirely", messages) == ""
    assert [pace_word(F(s)) for s in (1, 2, 3, 4)] == ["fast", "medium", "medium", "slow"]
    assert pace_of(made_timeline()) == "slow"


def made_timeline():  # type: ignore[no-untyped-def]
    from video_assets.editorial.assembly import assemble
    from video_assets.editorial.takes import select_takes

    have = made.Library()
    for number in range(4):
        have.clip(f"{number}.mp4", 30)
    brief = made.brief(durations=(120,))
    rows, shots, words, lines, tags, sounds = have.ideas_args
    idea = make_ideas(made.brief(durations=(60,)), made.PLAN, *have.ideas_args)[0][0]
    takes = select_takes(idea, brief, rows, shots, words, lines, sounds, tags)
    return assemble(idea, takes, brief, rows, shots, words, sounds, None)


def sealed(name: str, claims: str = "") -> Sealed:
    return Sealed(name, ("published",), entry(name, [], [], claims), (), {}, {})


def test_when_the_next_round_opens() -> None:
    assert open_round([], "", "") == "r1"
    assert open_round([], "abc", "") == "r1"
    assert open_round([sealed("r1")], "", "") is None
    assert open_round([sealed("r1")], "abc", "") == "r2"
    assert open_round([sealed("r1", "abc")], "abc", "") is None
    assert open_round([sealed("r1")], "", "r1") == "r2"
    assert open_round([sealed("r1")], "", "", newest="r2") == "r2"  # once open, it stays
    assert open_round([sealed("r1")], "", "", newest="r1") is None
    many = [sealed(f"r{n}") for n in (10, 9, 1)]
    assert open_round(many, "", "r9") is None and open_round(many, "", "r10") == "r11"
    assert claims_of([]) == "" and claims_of([told("hook", "you", 1.2)])
