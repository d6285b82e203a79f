"""Is every line heard once, and without slips of the tongue."""

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise

from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.delivery.inspections.cues import Heard, heard
from video_assets.foundation.records import Finding, SoundCut

SHARED = Fraction(1, 50)
"""Seconds of sound that two stretches may have in common: word times are no finer."""
LEAKS = 0.2
"""Slips a minute that may be left (CRAFT 8 row 3)."""
SAME_TEXT = 90
"""rapidfuzz ratio from which two pieces of dialogue say the same, word for word."""
FILLERS = frozenset("um umm uh uhm erm er hmm mm ah eh äh ähm euh".split())  # noqa: SIM905 (words read better so)
"""Sounds of thinking, whoever flagged them or did not."""
STUTTERED = frozenset("a an the to of in on and we i it is for with you they".split())  # noqa: SIM905 (words read better so)
"""Words that nobody says twice in a row on purpose."""


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
        return [t for w in self.words if (t := _bare(w.word.text))]

    @property
    def at(self) -> str:
        return f"{float(self.cuts[0].start):.2f} s"


def _bare(text: str) -> str:
    return re.sub(r"[^\w']", "", text.replace("’", "'")).lower()


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
        if (
            last is not None
            and last.clip_id == cut.clip_id
            and last.source_start + last.duration == cut.source_start
        ):
            found[-1] = Said((*found[-1].cuts, cut), (*found[-1].words, *own))
        else:
            found.append(Said((cut,), own))
    return found


def nothing_is_said_twice(case: Case) -> Outcome:
    """No line is heard twice: neither the same sound, nor two takes, nor the same words.

    CRAFT 8 row 3: duplicated lines 0.
    """
    from rapidfuzz import fuzz

    name = "nothing_is_said_twice"
    said = dialogue(case)
    found = []
    for one, two in combinations(said, 2):
        groups = _groups(case, one) & _groups(case, two)
        shared = max(_overlap(a, b) for a in one.cuts for b in two.cuts)
        alike = len(one.tokens) >= 3 and len(two.tokens) >= 3
        ratio = fuzz.ratio(one.tokens, two.tokens) if alike else 0.0
        if shared > SHARED:
            what = f"{float(shared):.2f} s of {one.cuts[0].path} are heard at {one.at} and again"
        elif groups:
            what = f"two takes of one line are heard: {one.text!r} at {one.at} and {two.text!r}"
        elif ratio >= SAME_TEXT:
            what = f"{one.text!r} is heard at {one.at} and again"
        else:
            continue
        found.append(Finding(name, what, "2", "1", two.at))
    note = "" if said else "nobody speaks"
    return Outcome({"lines_twice": len(found), "lines": len(said)}, tuple(found), note)


def _groups(case: Case, said: Said) -> set[str]:
    lines = (case.tables.lines.get(c.line_id) for c in said.cuts)
    return {line.group for line in lines if line is not None and line.group}


def _overlap(one: SoundCut, two: SoundCut) -> Fraction:
    """Seconds of one clip's sound that both play."""
    if one.clip_id != two.clip_id:
        return Fraction(0)
    start = max(one.source_start, two.source_start)
    end = min(one.source_start + one.duration, two.source_start + two.duration)
    return max(Fraction(0), end - start)


def no_slip_is_left(case: Case) -> Outcome:
    """Fillers, stutters, false starts and lines that break off are cut out.

    CRAFT 8 row 3: at most 0.2 a minute of them on the library's own words.
    """
    name = "no_slip_is_left"
    said = dialogue(case)
    slips: list[tuple[str, Fraction]] = []
    for one in said:
        for word in one.words:
            if "filler" in word.word.flags.split(",") or _bare(word.word.text) in FILLERS:
                slips.append((f"the filler {word.word.text!r} is left in", word.start))
        for first, second in pairwise(one.words):
            again = _bare(first.word.text) == _bare(second.word.text)
            if again and _bare(first.word.text) in STUTTERED:
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
    return Outcome({"slips_a_minute": rate, "slips": len(slips)}, tuple(found), note)
