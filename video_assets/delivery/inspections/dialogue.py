"""Is every line heard once, and without slips of the tongue."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise

from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.delivery.inspections.cues import Heard, goes_on, heard
from video_assets.delivery.inspections.normal import bare
from video_assets.foundation.records import Finding, SoundCut

SHARED = Fraction(1, 50)
"""Seconds of sound that two stretches may have in common: word times are no finer."""
LEAKS = 0.2
"""Slips a minute that may be left (CRAFT 8 row 3)."""
SAME_TEXT = 90
"""rapidfuzz ratio from which two pieces of dialogue say the same, word for word."""


def _sets(words: Mapping[str, str]) -> dict[str, frozenset[str]]:
    return {language: frozenset(listed.split()) for language, listed in words.items()}


FILLERS = _sets(
    {
        "en": "um umm uh uhh uhm erm er hmm",
        "de": "äh ähm öh öhm ehm hm hmm",
        "es": "em ehm hmm mmm",
        "fr": "euh heu hmm",
        "pt": "hmm ehm uhm ãh",
        "it": "ehm uhm mmh hmm mmm",
    }
)
"""Sounds of thinking by language, whoever flagged them or did not: only what is no word there (pt
`um` and de `um`, `er` are)."""
STUTTERED = _sets(
    {
        "en": "a an the of and we i they my to for with in on it you",
        "de": "ein eine einen und wir ich",
        "es": "el los las un una y de con",
        "fr": "le les un une et de des je",
        "pt": "os as um uma e de",
        "it": "il lo gli un una e di",
    }
)
"""Words by language that nobody says twice in a row on purpose, as fr `nous nous`, de `die die`."""
CLAUSE_ENDS = frozenset(("to", "for", "with", "in", "on", "it", "you"))
"""Of these the ones that may end a clause: a comma between the two is no stutter."""
FLAGGED_LETTERS = 3
"""Letters from which the library's own flag is believed where nobody speaks English: it knows
English sounds, and `er` is a word of German, Danish and Dutch."""


@dataclass(frozen=True, slots=True)
class Said:
    """A stretch of dialogue and what is heard in it; cuts that go on in the source are one."""

    cuts: tuple[SoundCut, ...]
    words: tuple[Heard, ...]

    @property
    def text(self) -> str:
        return " ".join(w.word.text for w in self.words)

    @property
    def tokens(self) -> list[str]:
        """Words as they are compared."""
        return [t for w in self.words if (t := bare(w.word.text))]

    @property
    def at(self) -> str:
        return f"{float(self.cuts[0].start):.2f} s"


def dialogue(case: Case) -> list[Said]:
    """What is said in a cut, stretch by stretch."""
    words: dict[int, list[Heard]] = {}
    for one in heard(case):
        words.setdefault(id(one.cut), []).append(one)
    found: list[Said] = []
    cuts = [c for c in case.timeline.sound if c.track == "A1"]
    for cut in sorted(cuts, key=lambda c: c.start):
        own = tuple(words.get(id(cut), ()))
        last = found[-1].cuts[-1] if found else None
        if last is not None and goes_on(last, cut):
            found[-1] = Said((*found[-1].cuts, cut), (*found[-1].words, *own))
        else:
            found.append(Said((cut,), own))
    return found


def nothing_is_said_twice(case: Case) -> Outcome:
    """No line is heard twice: neither the same sound, nor two takes, nor the same words.

    CRAFT 8 row 3: duplicated lines 0. Two pieces of one take, with a slip cut out between them, are
    one line.
    """
    from rapidfuzz import fuzz

    name = "nothing_is_said_twice"
    said = dialogue(case)
    found = []
    for one, two in combinations(said, 2):
        shared = max(_overlap(a, b) for a in one.cuts for b in two.cuts)
        alike = len(one.tokens) >= 3 and len(two.tokens) >= 3
        ratio = fuzz.ratio(one.tokens, two.tokens) if alike else 0.0
        if shared > SHARED:
            what = f"{float(shared):.2f} s of {one.cuts[0].path} are heard at {one.at} and again"
        elif _two_takes(case, one, two):
            what = f"two takes of one line are heard: {one.text!r} at {one.at} and {two.text!r}"
        elif ratio >= SAME_TEXT:
            what = f"{one.text!r} is heard at {one.at} and again"
        else:
            continue
        found.append(Finding(name, what, "2", "1", two.at))
    note = "" if said else "nobody speaks"
    figures = {"lines_twice": len(found), "lines": len(said)}
    return Outcome(figures, tuple(found), note, bool(said))


def _two_takes(case: Case, one: Said, two: Said) -> bool:
    """Whether two lines of one retake group are heard."""
    taken = [
        {
            (line.group, line.line_id)
            for c in said.cuts
            if (line := case.tables.lines.get(c.line_id)) is not None and line.group
        }
        for said in (one, two)
    ]
    return any(g == h and m != n for g, m in taken[0] for h, n in taken[1])


def _overlap(one: SoundCut, two: SoundCut) -> Fraction:
    """Seconds of one clip's sound that both play."""
    if one.clip_id != two.clip_id:
        return Fraction(0)
    start = max(one.source_start, two.source_start)
    end = min(one.source_start + one.duration, two.source_start + two.duration)
    return max(Fraction(0), end - start)


def no_slip_is_left(case: Case) -> Outcome:
    """Fillers, stutters, false starts and lines that break off are cut out.

    CRAFT 8 row 3: at most 0.2 a minute of them on the library's own words. What is a sound of
    thinking depends on the brief's language; of one without a list only the library's flags tell.
    """
    name = "no_slip_is_left"
    said = dialogue(case)
    slips: list[tuple[str, Fraction]] = []
    for one in said:
        for word in one.words:
            if _is_filler(word, case.brief.language):
                slips.append((f"the filler {word.word.text!r} is left in", word.start))
        for first, second in pairwise(one.words):
            if _stutters(first, second, case.brief.language):
                slips.append((f"{first.word.text!r} is said twice in a row", first.start))
        for cut in one.cuts:
            line = case.tables.lines.get(cut.line_id)
            if line is not None and not line.complete:
                slips.append((f"{line.text!r} breaks off or begins again", cut.start))
    minutes = float(case.timeline.duration / 60)
    rate = len(slips) / minutes if minutes else 0.0
    found = [
        Finding(name, f"{what}: choose another take or cut it out", f"{rate:.2f} a minute",
                f"<= {LEAKS} a minute", f"{float(at):.2f} s")
        for what, at in slips
        if rate > LEAKS
    ]  # fmt: skip
    note = "" if said else "nobody speaks"
    figures = {"slips_a_minute": rate, "slips": len(slips)}
    return Outcome(figures, tuple(found), note, bool(said))


def _is_filler(one: Heard, language: str) -> bool:
    text = bare(one.word.text)
    believed = language == "en" or len(text) >= FLAGGED_LETTERS
    flagged = "filler" in one.word.flags.split(",") and believed
    return flagged or text in FILLERS.get(language, ())


def _stutters(one: Heard, two: Heard, language: str) -> bool:
    text = bare(one.word.text)
    if text != bare(two.word.text) or text not in STUTTERED.get(language, ()):
        return False
    ending = one.word.text.strip().rstrip("\"'”’)")[-1:]
    return not (ending in ".?!…:;" and ending) and not (ending == "," and text in CLAUSE_ENDS)
