"""The best take of every line, and pictures that fit."""

from dataclasses import replace
from fractions import Fraction as F

from video_assets.editorial.ideas import make_ideas
from video_assets.editorial.lines import Spoken, best_takes, usable_lines
from video_assets.editorial.pictures import usable_pictures
from video_assets.editorial.takes import select_takes
from video_assets.foundation.records import Take
from video_assets_tests.editorial import made


def takes_of(have: made.Library, seconds: int = 30) -> list[Take]:
    brief = made.brief(durations=(seconds,))
    ideas, _ = make_ideas(brief, made.PLAN, *have.ideas_args)
    return select_takes(
        ideas[0], brief, have.rows, have.shots, have.words, have.lines, have.sounds, have.tags
    )


def test_a_flub_is_never_chosen_and_every_take_has_reasons() -> None:
    have = made.library("talk")
    takes = takes_of(have)
    flubs = {line.line_id for line in have.lines if not line.complete}
    assert flubs
    assert not flubs & {t.line_id for t in takes}
    assert all(t.why and t.terms and 0 <= t.score <= 1 for t in takes)
    assert any("the only complete one" in t.why for t in takes)


def test_the_better_retake_wins_and_the_other_is_an_alternate() -> None:
    have = made.library("talk")
    noisy = have.lines[-1].clip_id
    have.sounds = [replace(s, snr=8.0) if s.clip_id == noisy else s for s in have.sounds]
    # the fifth line was said in both set-ups; the second one's sound is bad
    brief = made.brief(durations=(60,), must_say=[made.SCRIPT[4]])
    ideas, _ = make_ideas(brief, made.PLAN, *have.ideas_args)
    if not ideas:
        brief = made.brief(durations=(30,), must_say=[made.SCRIPT[4]])
        ideas, _ = make_ideas(brief, made.PLAN, *have.ideas_args)
    takes = select_takes(
        ideas[0], brief, have.rows, have.shots, have.words, have.lines, have.sounds, have.tags
    )
    chosen = next(t for t in takes if made.SCRIPT[4] in t.why)
    assert chosen.clip_id != noisy
    assert "best of 2" in chosen.why
    assert chosen.alternates == (f"{noisy[:12]}-l0000",)


def test_a_sentence_that_two_cameras_hold_is_left_once() -> None:
    """Cameras that ran together lie in folders of their own, so their lines are no retakes."""
    have = made.library("talk")

    def best() -> dict[str, Spoken]:
        args = (have.rows, have.shots, have.words, have.lines, have.sounds, F(25))
        return best_takes(usable_lines(made.brief(), *args))

    before = best()
    group, spoken = next(iter(before.items()))
    have.talk("b_cam/other.mp4", [(spoken.line.text, "elsewhere", True, 1)])
    after = best()
    assert len(after) == len(before)
    assert len({group, "elsewhere"} & set(after)) == 1


def test_nobody_else_speaks_in_the_pictures() -> None:
    have = made.library("talk")
    speakers = {w.clip_id for w in have.words}
    pictures = [t for t in takes_of(have) if t.role != "story"]
    assert pictures
    assert not speakers & {t.clip_id for t in pictures}


def test_a_plain_colour_is_shown_only_if_nothing_else_is_there() -> None:
    have = made.library("montage")
    green = have.clip("green.mp4", 10, contrast=0.01, luma=0.5)
    found = usable_pictures(have.rows, have.shots, have.tags, made.F(25), set())
    assert green not in {p.shot.clip_id for p in found}
    only = usable_pictures(have.rows[-1:], have.shots[-1:], [], made.F(25), set())
    assert [p.shot.clip_id for p in only] == [green]


def test_words_spread_over_a_cue_are_trusted_less() -> None:
    have = made.Library()
    said = [(made.SCRIPT[0], "a", True, 1)]
    have.talk("exact.mp4", said)
    have.talk("spread.mp4", said, flags="spread")
    exact, spread = usable_lines(
        made.brief(), have.rows, have.shots, have.words, have.lines, have.sounds, made.F(25)
    )
    assert spread.terms["speech"] < exact.terms["speech"]


def test_a_line_is_not_cut_where_only_guesses_part_it() -> None:
    have = made.Library()
    have.talk("spread.mp4", [(made.SCRIPT[0], "a", True, 1), (made.SCRIPT[1], "b", True, 1)],
              flags="spread")  # fmt: skip
    first = len(made.SCRIPT[0].split())
    shift = have.words[first].start - have.words[first - 1].end
    have.words = [
        replace(w, start=w.start - shift, end=w.end - shift) if w.number >= first else w
        for w in have.words
    ]
    found = usable_lines(
        made.brief(), have.rows, have.shots, have.words, have.lines, have.sounds, made.F(25)
    )
    assert found == []
