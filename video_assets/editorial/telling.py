"""What all stories share: the round they belong to, titles, traits, the upload text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from rapidfuzz import fuzz

from video_assets.editorial.brief import Brief
from video_assets.editorial.hooks import on_screen
from video_assets.editorial.learned import Learned
from video_assets.editorial.traits import hook_style, length_word, subject_of
from video_assets.foundation.records import Idea

UPLOAD_LENGTH = 220
LEARNED = 0.5
"""Weight of what was learned, against a hook's own score and a line's worth (0..1 each)."""


@dataclass(slots=True)
class Round:
    """What is known when one round of ideas is made."""

    name: str
    learned: Learned
    before: Sequence[Idea]
    """The ideas of earlier rounds."""
    ideas: list[Idea] = field(default_factory=list)
    """This round's, so far."""

    def cut_id(self, number: int) -> str:
        return f"{self.name}-{number + 1:02d}"

    @property
    def turn(self) -> int:
        """How many rounds went before."""
        return int(self.name[1:]) - 1

    def used_titles(self) -> list[str]:
        return [i.hook for i in (*self.before, *self.ideas)]

    def hooks_before(self) -> set[str]:
        return {b.text for i in self.before for b in i.beats if b.kind == "hook"}


def title_of(this: Round, number: int, brief: Brief, spoken: str, moved: list[str]) -> str:
    """The words over the first seconds, and which learning chose them."""
    used = this.used_titles()
    number += this.turn  # titles that were all used come again at another length
    plain = on_screen(brief, number, spoken, used)
    best = on_screen(
        brief, number, spoken, used, lambda hook: this.learned.pull("hook", hook_style(hook))
    )
    if best != plain:
        why = this.learned.told("hook", hook_style(best), hook_style(plain))
        moved.append(f"title {best!r} instead of {plain!r}: {why}")
    return best


def traits_of(kind: str, hook: str, duration: Fraction, brief: Brief) -> dict[str, str]:
    """What later numbers are counted by; pace and aspect come with the cutdown."""
    return {
        "hook": hook_style(hook),
        "recipe": kind,
        "length": length_word(duration),
        "subject": subject_of(hook, brief.key_messages),
    }


def coverage(text: str, messages: Sequence[str]) -> float:
    """How well a line says one of the key messages, 0..1."""
    return (
        max((fuzz.token_set_ratio(text, m, processor=str.lower) for m in messages), default=0) / 100
    )


def upload_text(brief: Brief, first: str) -> str:
    """What goes beside the upload, at most 220 characters with the hashtags."""
    tags = " ".join(t if t.startswith("#") else f"#{t}" for t in brief.hashtags)
    text = first
    for more in (*brief.key_messages, brief.call_to_action):
        longer = f"{text} {more}".strip() if text[-1:] in ".?!" else f"{text}. {more}".strip(". ")
        if more and len(longer) + len(tags) + 1 <= UPLOAD_LENGTH:
            text = longer
    return f"{text} {tags}".strip()[:UPLOAD_LENGTH]
