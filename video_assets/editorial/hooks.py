"""How strongly a line pulls a viewer in, and the words that stand over the first seconds."""

import re
from collections.abc import Callable, Sequence

from video_assets.editorial.brief import HOOK_LENGTH, Brief

QUESTION = 0.35
NUMBER = 0.10
YOU = 0.20
CONTRAST = 0.10
BREVITY = 0.25

YOU_WORDS = re.compile(r"\b(you|your|yours|you're|you've)\b", re.I)
CONTRAST_WORDS = re.compile(
    r"\b(not|never|no|but|instead|without|only|until|stop|imagine|what if)\b", re.I
)
NUMBER_WORDS = re.compile(
    r"\d|\b(two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|fifty|hundred)\b",
    re.I,
)


def hook_score(text: str, seconds: float) -> float:
    """0..1: a question, the viewer addressed, a contrast, a number, brevity (best up to 2.5 s)."""
    score = QUESTION * text.rstrip().endswith("?")
    score += YOU * bool(YOU_WORDS.search(text))
    score += CONTRAST * bool(CONTRAST_WORDS.search(text))
    score += NUMBER * bool(NUMBER_WORDS.search(text))
    score += BREVITY * min(1.0, max(0.0, (5.0 - seconds) / 2.5))
    return round(score, 4)


def on_screen(
    brief: Brief,
    number: int,
    spoken: str,
    used: Sequence[str],
    worth: Callable[[str], float] = lambda hook: 0.0,
) -> str:
    """The hook title of idea `number` (from 0): the brief's next unused, else the line if it fits.

    `worth`: what is known of a title's style; the better one goes first, else the brief's order
    holds. A title that repeats what captions will show anyway is left out only if the brief gives
    none and the line is too long: then the brief's own title stands there.
    """
    free = [h for h in brief.hooks if h not in used]
    if free:
        return max(free, key=worth)  # the first of equals
    if brief.hooks:
        return brief.hooks[number % len(brief.hooks)]
    if spoken and len(spoken) <= HOOK_LENGTH:
        return spoken
    return brief.title if len(brief.title) <= HOOK_LENGTH else ""
