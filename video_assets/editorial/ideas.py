"""What each cut says: recipes filled from what the library holds."""

from collections.abc import Sequence
from fractions import Fraction
from math import floor

from video_assets.editorial.brief import Brief
from video_assets.editorial.learned import Learned
from video_assets.editorial.material import Material, material
from video_assets.editorial.montage import montage
from video_assets.editorial.pictures import usable_pictures
from video_assets.editorial.plan import Plan
from video_assets.editorial.recipes import of_length, recipe
from video_assets.editorial.telling import Round
from video_assets.editorial.testimonial import testimonial
from video_assets.editorial.traits import length_word
from video_assets.foundation.records import (
    FootageRow,
    Idea,
    Learning,
    Line,
    Shot,
    Soundtrack,
    Tag,
    Word,
)

FIRST_ROUND = "r1"
DEFAULT_DURATIONS = (30, 15, 6)
LOST = 4
"""Frames of each picture that are not counted on when everything is used: its pieces keep apart."""
SHORTEST = Fraction(1)
"""Seconds; with less picture than this there is nothing to show."""


def make_ideas(
    brief: Brief,
    plan: Plan,
    rows: Sequence[FootageRow],
    shots: Sequence[Shot],
    words: Sequence[Word],
    lines: Sequence[Line],
    tags: Sequence[Tag],
    soundtracks: Sequence[Soundtrack],
    name: str = FIRST_ROUND,
    learnings: Sequence[Learning] = (),
    before: Sequence[Idea] = (),
) -> tuple[list[Idea], list[tuple[Fraction, str]]]:
    """One idea a duration, and the durations that cannot be filled with the reason.

    A brief without durations gets the longest of 30, 15 and 6 s that the library can fill, or the
    one of these that did best; with less than 6 s, one cut as long as what there is. `name`: the
    round. `learnings` of the brand pull at choices, and an idea names those that changed it.
    `before`: the ideas of earlier rounds, whose beginnings are not repeated without need.
    """
    talk = material(brief, rows, shots, words, lines, tags, soundtracks)
    show = Material(
        talk.fps, {}, tuple(usable_pictures(rows, shots, tags, talk.fps, without=set()))
    )
    this = Round(name, Learned(learnings), before)
    refused: list[tuple[Fraction, str]] = []
    asked, told = [Fraction(d) for d in brief.durations], ""
    if not asked:
        asked, told = _duration(this.learned, talk, show)
    for number, duration in enumerate(asked):
        notes: list[str] = []
        moved = [told] * bool(told)
        if duration == 0:
            most = max(talk.seconds, show.seconds)
            lost = LOST * max(len(talk.pictures), len(show.pictures))
            duration = Fraction(max(0, floor(most * talk.fps) - lost)) / talk.fps
            if duration < SHORTEST:
                refused.append((Fraction(6), f"only {float(most):.1f} s of picture can be used"))
                continue
            notes.append(
                f"the library holds {float(duration):.2f} s of usable picture; "
                "the cut is as long as that"
            )
        kind = _recipe(this.learned, duration, talk, show, moved)
        if kind is None:
            have = max(talk.seconds, show.seconds)
            refused.append(
                (
                    duration,
                    f"a cut of {float(duration):g} s cannot be filled: {float(have):.1f} s are "
                    f"usable, {float(duration - have):.1f} s are missing",
                )
            )
            continue
        if kind == "testimonial":
            idea = testimonial(this, number, duration, brief, talk, notes, moved)
        else:
            idea = montage(this, number, duration, brief, show, notes, moved, bool(lines))
        this.ideas.append(idea)
    return this.ideas, refused


def _duration(learned: Learned, talk: Material, show: Material) -> tuple[list[Fraction], str]:
    """The length where the brief names none: the longest that fits, unless another did better."""
    fits = [Fraction(d) for d in DEFAULT_DURATIONS if _fitting(Fraction(d), talk, show)]
    if not fits:
        return [Fraction(0)], ""
    best = max(fits, key=lambda d: learned.pull("length", length_word(d)))
    if best == fits[0]:
        return [best], ""
    why = learned.told("length", length_word(best), length_word(fits[0]))
    return [best], f"{float(best):g} s instead of {float(fits[0]):g} s: {why}"


def _recipe(
    learned: Learned, duration: Fraction, talk: Material, show: Material, moved: list[str]
) -> str | None:
    """The recipe that fits: the first, unless what was learned speaks for another one."""
    fits = _fitting(duration, talk, show)
    if not fits:
        return None
    best = max(fits, key=lambda kind: learned.pull("recipe", kind))
    if best != fits[0]:
        moved.append(f"{best} instead of {fits[0]}: {learned.told('recipe', best, fits[0])}")
    return best


def _fitting(duration: Fraction, talk: Material, show: Material) -> list[str]:
    """Recipes that the library can fill: testimonial where enough is said, then montage."""
    found = []
    needs = recipe("testimonial").needs
    speech = sum((Fraction(s.frames) / talk.fps for s in talk.spoken.values()), Fraction(0))
    room = duration - of_length(recipe("testimonial").tail, duration)
    fits = any(Fraction(s.frames) / talk.fps <= room for s in talk.spoken.values())
    enough = speech >= duration * Fraction(str(needs["speech_share"]))
    if fits and enough and len(talk.spoken) >= needs["lines"] and talk.seconds >= duration:
        found.append("testimonial")
    if show.seconds >= duration and duration > 0:
        found.append("montage")
    return found
