"""Words as they are compared, whatever their case, punctuation and kind of apostrophe."""

import re

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def words_of(text: str) -> list[str]:
    """The words of a text, small, without the punctuation around them."""
    return _WORD.findall(text.replace("’", "'").casefold())


def flat(text: str) -> str:
    """A text as its words with one space between them."""
    return " ".join(words_of(text))


def bare(text: str) -> str:
    """A text as the letters and digits of its words, one after the other."""
    return "".join(words_of(text))
