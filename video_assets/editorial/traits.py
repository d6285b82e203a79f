"""What can be learned of a cut: its traits, a short word each, the same ones for every brand."""

from collections.abc import Sequence
from fractions import Fraction

from rapidfuzz import fuzz

from video_assets.editorial.hooks import CONTRAST_WORDS, NUMBER_WORDS, YOU_WORDS
from video_assets.foundation.records import PictureCut, Timeline

TRAITS = ("hook", "recipe", "pace", "length", "subject", "aspect")
FAST, SLOW = Fraction(2), Fraction(7, 2)
"""Mean seconds of a look: faster than the first, slower than the second."""
ABOUT = 55
"""token_set_ratio from which words are about a key message."""


def hook_style(text: str) -> str:
    """How a hook pulls: question, you, contrast, number, statement, or none where it is silent."""
    if not text.strip():
        return "none"
    if text.rstrip().endswith("?"):
        return "question"
    if YOU_WORDS.search(text):
        return "you"
    if CONTRAST_WORDS.search(text):
        return "contrast"
    return "number" if NUMBER_WORDS.search(text) else "statement"


def subject_of(text: str, messages: Sequence[str]) -> str:
    """The key message that words are about, in lower case; empty where they are about none."""
    scored = [
        (fuzz.token_set_ratio(text, m, processor=str.lower), -n) for n, m in enumerate(messages)
    ]
    best = max(scored, default=(0.0, 0))
    return messages[-best[1]].strip().lower() if best[0] >= ABOUT else ""


def pace_of(timeline: Timeline) -> str:
    """fast, medium or slow, by the mean length of what is seen without a cut."""
    seen: list[PictureCut] = sorted(timeline.picture, key=lambda c: c.start)
    joints = {c.start for c in seen} | {c.start + c.frames for c in seen}
    looks = max(1, len([j for j in joints if 0 < j < timeline.frames]) + 1)
    return pace_word(timeline.duration / looks)


def pace_word(seconds: Fraction) -> str:
    """The word for a mean length of looks in seconds."""
    if seconds < FAST:
        return "fast"
    return "slow" if seconds > SLOW else "medium"


def length_word(seconds: Fraction) -> str:
    """Whole seconds, as a trait."""
    return str(round(seconds))
