"""Words to lines: where a sentence ends, what is a filler, what the glossary mends."""

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from video_assets.foundation.records import Line, Word

FILLERS = frozenset(
    {
        "um",
        "umm",
        "uh",
        "uhm",
        "erm",
        "er",
        "err",
        "hmm",
        "mm",
        "mhm",
        "ah",
        "eh",
        "äh",
        "ähm",
        "euh",
    }
)
OVERLONG = Fraction(6, 5)
"""Seconds from which a word is not believed: engines hide a whole retake in one (CRAFT 3.3)."""
PAUSE = Fraction(7, 10)
"""Seconds of silence that end a line where nobody wrote punctuation."""
BROKEN_PAUSE = Fraction(9, 20)
"""Seconds of silence after which somebody who broke off may begin another sentence."""
GERMAN = 0.15
"""Share of the words inside sentences with a capital, from which capitals begin no sentence."""
LONG_PAUSE = Fraction(2)
"""Seconds of silence that end a line in any case."""
LONGEST_LINE = Fraction(15)
"""Seconds; a longer line without punctuation is parted at its longest pause."""

_LEADS_ON = frozenset(
    """a an the this that these those my your his her its our their and or but so because if when
    while as than to of in on at by for from with into over under about is are was were be have has
    had will would can could not very""".split()  # noqa: SIM905 (words read better so)
)
"""Words that no sentence ends with."""
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st no vs etc e.g i.e approx fig jr sr bzw z.b ca u.s".split()  # noqa: SIM905 (words read better so)
)
_TOKEN = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*", re.UNICODE)


def token(text: str) -> str:
    """A word as it is compared: lower case, without the punctuation around it; may be empty."""
    found = _TOKEN.search(text)
    return found[0].lower().replace("’", "'") if found else ""


def tokens(text: str) -> list[str]:
    """All words of a text as they are compared."""
    return [t.lower().replace("’", "'") for t in _TOKEN.findall(text)]


def is_filler(text: str) -> bool:
    """Whether a word is only a sound of thinking."""
    return token(text) in FILLERS


def flagged(word: Word) -> Word:
    """The word with what is to be known about it in `flags`, in a fixed order."""
    flags = [f for f in word.flags.split(",") if f and f not in ("overlong", "filler")]
    if word.end - word.start >= OVERLONG:
        flags.append("overlong")
    if is_filler(word.text):
        flags.append("filler")
    return replace(word, flags=",".join(sorted(flags)))


def mended(words: Sequence[Word], glossary: Sequence[tuple[str, Sequence[str]]]) -> list[Word]:
    """The words of one clip with the glossary's spellings, numbered from 0 again.

    `glossary`: (word, what is heard instead); what is heard may be several words, which then become
    one. Punctuation around it stays; upper and lower case do not count.
    """
    wanted = [
        (heard, right)
        for right, instead in glossary
        for heard in (tuple(tokens(i)) for i in instead)
        if heard
    ]
    wanted.sort(key=lambda pair: (-len(pair[0]), pair))
    out: list[Word] = []
    at = 0
    while at < len(words):
        for heard, right in wanted:
            run = words[at : at + len(heard)]
            if tuple(token(w.text) for w in run) == heard and len({w.speaker for w in run}) == 1:
                out.append(_joined(run, right, len(out)))
                at += len(heard)
                break
        else:
            out.append(replace(words[at], number=len(out)))
            at += 1
    return out


def _joined(run: Sequence[Word], right: str, number: int) -> Word:
    before = re.match(r"^\W*", run[0].text)
    after = re.search(r"\W*$", run[-1].text)
    text = f"{before[0] if before else ''}{right}{after[0] if after else ''}"
    confidence = min(w.confidence for w in run)
    return replace(run[0], text=text, end=run[-1].end, confidence=confidence, number=number)


def ends_sentence(text: str) -> bool:
    """Whether a word closes a sentence: `.`, `?`, `!` or an ellipsis, and no abbreviation."""
    bare = text.rstrip("\"'”’»)]")
    if bare.endswith(("?", "!", "…")):
        return True
    if not bare.endswith("."):
        return False
    stem = bare.rstrip(".").lower()
    return stem not in _ABBREVIATIONS and not (len(stem) == 1 and bare[0].isupper() and stem != "i")


def lines_of(words: Sequence[Word]) -> list[Line]:
    """The lines of one clip's words, which are in order and numbered from 0."""
    runs: list[list[Word]] = []
    punctuated = any(ends_sentence(w.text) for w in words)
    names = _names(words)
    for word in words:
        last = runs[-1][-1] if runs else None
        pause = word.start - last.end if last else Fraction(0)
        if (
            last is None
            or ends_sentence(last.text)
            or word.speaker != last.speaker
            or pause > (LONG_PAUSE if punctuated else PAUSE)
            or (pause >= BROKEN_PAUSE and _begins_anew(last.text, word.text, names))
        ):
            runs.append([])
        runs[-1].append(word)
    parts = [part for run in runs for part in _short(run)]
    return [_line(part, number) for number, part in enumerate(parts)]


def _begins_anew(last: str, word: str, names: frozenset[str] | None) -> bool:
    """Whether somebody broke off, and what comes is another sentence: "slow and, Put the kettle".

    `names`: words with a capital that begin no sentence; None where a capital says nothing.
    """
    bare = last.rstrip("\"'”’»)]")
    broken = bare.endswith((",", "-", "–", "—")) and token(last) in _LEADS_ON
    capital = word.lstrip("\"'“‘«([")[:1].isupper() and not word.startswith(("I ", "I'", "I’"))
    return broken and capital and word != "I" and names is not None and token(word) not in names


def _names(words: Sequence[Word]) -> frozenset[str] | None:
    """Words that have a capital inside sentences, in running speech; None in a language that gives
    one to every noun."""
    inside = [
        word.text
        for last, word in pairwise(words)
        if not ends_sentence(last.text) and word.start - last.end < BROKEN_PAUSE
    ]
    found = [t for t in inside if t[:1].isupper() and token(t) != "i" and not t.startswith("I'")]
    return None if len(found) > GERMAN * len(inside) else frozenset(token(t) for t in found)


def _short(run: list[Word]) -> list[list[Word]]:
    if len(run) < 6 or run[-1].end - run[0].start <= LONGEST_LINE:
        return [run]
    inner = range(3, len(run) - 2)  # nobody wants a line of one or two words
    at = max(inner, key=lambda i: (run[i].start - run[i - 1].end, -abs(i - len(run) / 2)))
    return _short(run[:at]) + _short(run[at:])


def _line(words: list[Word], number: int) -> Line:
    first, last = words[0], words[-1]
    return Line(
        line_id=f"{first.clip_id[:12]}-l{number:04d}",
        clip_id=first.clip_id,
        number=number,
        text=" ".join(w.text for w in words),
        start=first.start,
        end=last.end,
        first_word=first.number,
        last_word=last.number,
        speaker=first.speaker,
        confidence=round(sum(w.confidence for w in words) / len(words), 4),
        source=first.source,
    )
