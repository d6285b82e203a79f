"""Nobody speaks usably: pictures tell it, message by message."""

from fractions import Fraction
from math import floor

from video_assets.editorial.brief import Brief
from video_assets.editorial.learned import Learned
from video_assets.editorial.material import Material
from video_assets.editorial.recipes import of_length, recipe
from video_assets.editorial.telling import Round, title_of, traits_of, upload_text
from video_assets.editorial.traits import pace_word
from video_assets.foundation.records import Beat, Idea

PACES = ("fast", "medium", "slow")
FASTER, SLOWER = Fraction(4, 5), Fraction(5, 4)
"""Factors on a recipe's pace where another pace did better."""


def montage(
    this: Round,
    number: int,
    duration: Fraction,
    brief: Brief,
    have: Material,
    notes: list[str],
    moved: list[str],
    speech: bool,
) -> Idea:
    if speech:
        notes.append("what is spoken is not sure enough to be used; the pictures tell it")
    notes += [f"nobody says {s!r}, which must be said" for s in brief.must_say]
    topics = _topics(this, brief, moved)
    factor = _pace(this.learned, of_length(recipe("montage").pace, duration), moved)
    pace = of_length(recipe("montage").pace, duration) * factor
    count = max(1, floor(duration / pace) - 2)
    beats = [Beat("hook", topics[0], "", topics[0], pace)]
    beats += [
        Beat("body", topics[n % len(topics)], "", topics[n % len(topics)], pace)
        for n in range(count)
    ]
    beats.append(Beat("cta", brief.call_to_action, "", brief.call_to_action or brief.title))
    title = title_of(this, number, brief, "", moved)
    most = max(have.pictures, key=lambda p: (p.motion, p.shot.shot_id), default=None)
    return Idea(
        this.cut_id(number),
        this.name,
        "montage",
        brief.title,
        title,
        round(min(1.0, 0.3 + (most.motion if most else 0.0)), 4),
        duration,
        tuple(beats),
        brief.call_to_action,
        upload_text(brief, title or brief.title),
        brief.hashtags,
        tuple(f"{b.kind}: {b.text}" for b in beats if b.text),
        tuple(notes),
        traits_of("montage", title, duration, brief) | {"subject": topics[0].strip().lower()},
        tuple(moved),
        factor,
    )


def _topics(this: Round, brief: Brief, moved: list[str]) -> list[str]:
    """What pictures are looked for, the first one for the beginning.

    The brief's order, begun one further in each round; what did better comes first.
    """
    topics = list(brief.key_messages) or [brief.title]
    turn = this.turn % len(topics)
    topics = topics[turn:] + topics[:turn]
    best = sorted(topics, key=lambda t: -this.learned.pull("subject", t.strip().lower()))
    if best[0] != topics[0]:
        why = this.learned.told("subject", best[0].strip().lower(), topics[0].strip().lower())
        moved.append(f"begins with {best[0]!r} instead of {topics[0]!r}: {why}")
    return best


def _pace(learned: Learned, pace: Fraction, moved: list[str]) -> Fraction:
    """The factor on the recipe's pace."""
    plain = pace_word(pace)
    best = max(PACES, key=lambda word: (learned.pull("pace", word), word == plain))
    if best == plain or learned.pull("pace", best) <= 0:
        return Fraction(1)
    factor = FASTER if PACES.index(best) < PACES.index(plain) else SLOWER
    moved.append(f"pace {best} instead of {plain}: {learned.told('pace', best, plain)}")
    return factor
