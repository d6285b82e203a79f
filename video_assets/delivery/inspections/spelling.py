"""Is every name spelled as its brand spells it, wherever it is written.

Three faults: a spelling that the brief forbids; the right letters in the wrong case or parted; a
near miss, which is what a misheard name looks like. Ordinary words that merely resemble a name are
none: see `_ordinary`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.delivery.inspections.cues import cues_of
from video_assets.delivery.inspections.normal import bare
from video_assets.finishing import formats
from video_assets.foundation.records import Finding

NEAR = 80
"""rapidfuzz ratio (0..100) of letters from which a word is a near miss of a name (CRAFT 7)."""
NEAR_NOUN = 90
"""The same for a German word with a capital inside a sentence: all nouns have one, so that one
letter of eight is another noun (Bergwand, Bergland)."""
PLURAL = ("s", "es")
"""What makes several of one name."""
SHORTEST = 4
"""Letters below which a name has no near misses: one letter in three is another word."""
ENDINGS = ("s", "es", "ed", "er", "ers", "ing", "y", "ly", "ness", "less", "ful", "able", "ish")
"""What makes an ordinary word of an ordinary word: wick, wicked, wicker."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_JOINED = re.compile(r"\S*[^\W_]\.[^\W_]\S*|\S*[#@/]\S*")
"""Addresses, domains and hashtags: names are written in small letters there."""


@dataclass(frozen=True)
class Name:
    """A name and the spellings that are forbidden for it."""

    text: str
    instead_of: tuple[str, ...] = ()

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Its words as they are written."""
        return tuple(_WORD.findall(self.text))

    @cached_property
    def letters(self) -> str:
        """Its letters and digits, small, without spaces."""
        return "".join(self.words).casefold()


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text."""

    text: str
    """Without a possessive."""
    begins: bool
    """Whether a sentence begins with it."""


def names_of(case: Case) -> list[Name]:
    """The glossary's names and the brand's own."""
    found = {one.word: Name(one.word, tuple(one.instead_of)) for one in case.brief.glossary}
    if case.brand.name:
        found.setdefault(case.brand.name, Name(case.brand.name))
    return [name for name in found.values() if name.letters]


def written_texts(case: Case) -> list[tuple[str, str]]:
    """(where, text) of everything that people read in a cutdown."""
    texts = [("the captions", " ".join(w.text for w in case.timeline.words))]
    texts += [("the SRT file", " ".join(c.text for c in cues_of(case.texts.srt)))]
    texts += [("the VTT file", " ".join(c.text for c in cues_of(case.texts.vtt)))]
    burned = case.aspect in formats.BURNED
    if burned:
        texts.append(("what is burned in", " ".join(c.text for c in case.texts.burned)))
    for title in case.timeline.titles:
        if title.kind == "end_card":
            texts.append(("the end card", title.text))
            texts.append(("the end card", title.sub or case.brand.tagline))
        elif burned:
            texts.append(("the title", title.text))
    if any(t.kind == "end_card" for t in case.timeline.titles):
        texts.append(("the end card", case.brand.name))
    return [(where, text) for where, text in texts if text.strip()]


def brand_words_are_spelled_right(case: Case) -> Outcome:
    """Names of the brief's glossary and of the brand are written exactly as they are spelled.

    CRAFT 8 row 7: 0 misspellings in captions, titles and cue files; oracle 1 of CRAFT 7: forbidden
    spellings exactly, near misses by rapidfuzz 80 to 99.
    """
    names = names_of(case)
    texts = written_texts(case)
    known = _known(case, names)
    found: dict[tuple[str, str], Finding] = {}
    right = 0
    for where, text in texts:
        for name in names:
            good, wrong = _spelled(text, name, names, known)
            right += good
            for written, how, figure in wrong:
                what = f"{where} write {written!r}, {how} {name.text!r}"
                if where.startswith("the end card") or where in ("the title", "what is burned in"):
                    what = what.replace(" write ", " says ", 1)
                finding = Finding(
                    "brand_words_are_spelled_right", what, figure, "100", _place(case, written)
                )
                found.setdefault((where, written), finding)
    note = "" if names and texts else "no name is known" if not names else "nothing is written"
    figures = {"misspelled": len(found), "spelled_right": right}
    return Outcome(figures, tuple(found.values()), note, measured=not note)


def _place(case: Case, written: str) -> str:
    first = written.split()[0].casefold()
    for word in case.timeline.words:
        if first in word.text.casefold():
            return f"{float(word.start):.2f} s"
    return ""


Wrong = tuple[str, str, str]
"""What is written, what is wrong with it, the ratio of its letters to the name's."""


def _spelled(
    text: str, name: Name, names: Sequence[Name], known: "Known"
) -> tuple[int, list[Wrong]]:
    """How often a name stands in a text as it should, and where it does not."""
    right, wrong = _in_addresses(text, name, known)
    tokens = _tokens(_JOINED.sub(lambda m: " " * len(m[0]), text))
    used: set[int] = set()
    wrong += _forbidden(tokens, name, used)
    count = len(name.words)
    # as many words as the name has, then a name written in two, then two names written as one
    for size in (count, count + 1, count - 1):
        for at in range(len(tokens) - size + 1) if size else ():
            span = set(range(at, at + size))
            if used & span:
                continue
            run = tokens[at : at + size]
            problem = _judged(run, name, names, known, text.isupper())
            if problem is None:
                continue
            used |= span
            if problem[0]:
                wrong.append((_run(tokens, at, size), *problem))
            else:
                right += 1
    return right, wrong


def _judged(
    run: Sequence[Token], name: Name, names: Sequence[Name], known: "Known", loud: bool
) -> tuple[str, str] | None:
    """(what is wrong or "", ratio) of some words; None where they are no name at all."""
    from rapidfuzz import fuzz

    letters = "".join(t.text for t in run).casefold()
    ordinary = all(known.ordinary(t, name) for t in run)
    same_count = len(run) == len(name.words)
    several = next((e for e in PLURAL if letters == name.letters + e), "")
    if several and same_count and not ordinary:
        # several of one name: its case is judged as that of the name
        run = [*run[:-1], Token(run[-1].text[: -len(several)], run[-1].begins)]
        letters = name.letters
    if letters == name.letters:
        spelled = tuple(t.text for t in run)
        opening = (name.words[0][:1].upper() + name.words[0][1:], *name.words[1:])
        if spelled == name.words or (loud and same_count) or (run[0].begins and spelled == opening):
            return "", "100"
        if ordinary:
            return None
        return ("not the case of" if same_count else "parted otherwise than"), "100"
    if not same_count or not _comparable(letters, name):
        return None
    if any(letters == other.letters for other in names):
        return None
    ratio = fuzz.ratio(letters, name.letters)
    own = {w.casefold() for w in name.words}
    noun = known.nouns and all(t.text[:1].isupper() and not t.begins for t in run)
    if ratio < (NEAR_NOUN if noun else NEAR) or all(
        known.ordinary(t, name) or t.text.casefold() in own for t in run
    ):
        return None
    return "a near miss of", f"{ratio:.0f}"


def _comparable(letters: str, name: Name) -> bool:
    """Whether a word is as long as a slip leaves a name: a quarter more or fewer letters."""
    long = len(name.letters)
    return min(len(letters), long) >= SHORTEST and abs(len(letters) - long) <= max(1, long // 4)


def _in_addresses(text: str, name: Name, known: "Known") -> tuple[int, list[Wrong]]:
    from rapidfuzz import fuzz

    right, wrong = 0, []
    for joined in _JOINED.findall(text):
        for part in _WORD.findall(joined):
            ratio = fuzz.ratio(part.casefold(), name.letters)
            right += ratio == 100
            near = NEAR <= ratio < 100 and _comparable(part, name)
            if near and not known.ordinary(Token(part.lower(), False), name):
                wrong.append((joined, "a near miss of", f"{ratio:.0f}"))
    return right, wrong


def _forbidden(tokens: Sequence[Token], name: Name, used: set[int]) -> list[Wrong]:
    """Spellings that the brief forbids; the places of their words are added to `used`."""
    wrong: list[Wrong] = []
    for heard in name.instead_of:
        parts = [p.casefold() for p in _WORD.findall(heard)]
        if "".join(parts) == name.letters and len(parts) == len(name.words):
            continue  # only its case differs: that is judged with the name itself
        for at in range(len(tokens) - len(parts) + 1) if parts else ():
            run = [t.text.casefold() for t in tokens[at : at + len(parts)]]
            span = set(range(at, at + len(parts)))
            if run == parts and not used & span:
                used |= span
                wrong.append((_run(tokens, at, len(parts)), "forbidden for", "0"))
    return wrong


def _run(tokens: Sequence[Token], at: int, size: int) -> str:
    return " ".join(t.text for t in tokens[at : at + size])


def _tokens(text: str) -> list[Token]:
    found = []
    begins = True
    at = 0
    for match in _WORD.finditer(text):
        if re.search(r"[.!?…]", text[at : match.start()]):
            begins = True
        word = re.sub(r"['’]s?$", "", match[0])
        found.append(Token(word, begins))
        begins, at = False, match.end()
    return found


@dataclass(frozen=True)
class Known:
    """What is no misspelling, whatever it resembles."""

    written: frozenset[str]
    """Words that a person wrote in the brief, small."""
    spoken: frozenset[str]
    """Words that the cut's own clips write small inside a sentence somewhere."""
    english: bool
    nouns: bool = False
    """Whether every noun has a capital, so that one inside a sentence makes no name."""

    def ordinary(self, token: Token, name: Name) -> bool:
        """Whether a word is one of the language, so that it stands for itself.

        It is if a person wrote it in the brief. Else a capital inside a sentence makes it a name
        (in German it says nothing: whatever the cut's clips write anywhere is a word).
        Else (small, or first of a sentence) it must be known as a plain word: it is in the
        dictionary of the speech engine and not first, the clips write it small elsewhere, or it is
        an ordinary ending put to a name that is a word itself (wick, wicked).
        """
        small = token.text.casefold()
        if small in self.written:
            return True
        capital = token.text[:1].isupper()
        if capital and not token.begins and not self.nouns:
            return False
        if small in self.spoken:
            return True
        listed = self.english and small in _dictionary()
        if not capital:
            return listed
        if not listed:
            return False
        grown = any(small == name.letters + ending for ending in ENDINGS)
        return grown and name.letters in _dictionary()


def _known(case: Case, names: Iterable[Name]) -> Known:
    brief = case.brief
    texts = (brief.title, *brief.key_messages, *brief.must_say, brief.call_to_action, *brief.hooks)
    texts += (brief.script, case.brand.tagline, *(one.word for one in brief.glossary))
    banned = {bare(word) for one in names for word in one.instead_of}
    written = {bare(t.text) for text in texts for t in _tokens(text)}
    letters = {name.letters for name in names}
    nouns = brief.language == "de"
    line = case.timeline
    clips = {c.clip_id for c in line.picture} | {c.clip_id for c in line.sound}
    spoken = {
        t.text.casefold()
        for clip in clips
        for word in case.tables.words.get(clip, ())
        if word.source == "sidecar"  # machines that hear write everything small
        for t in _tokens(word.text)
        if t.text.islower() or nouns
    }
    return Known(
        frozenset(written - letters - banned),
        frozenset(spoken - letters - banned),
        brief.language == "en",
        nouns,
    )


@cache
def _dictionary() -> frozenset[str]:
    """English words, small: the pronouncing dictionary that comes with the speech engine."""
    from importlib import resources

    try:
        folder = resources.files("pocketsphinx") / "model" / "en-us"
        text = (folder / "cmudict-en-us.dict").read_text(encoding="utf-8")
    except (OSError, ModuleNotFoundError):
        return frozenset()
    return frozenset(line.split(" ", 1)[0].split("(")[0] for line in text.splitlines())
