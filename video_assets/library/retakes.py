"""Which lines are tries of the same line, and which of them are whole (CRAFT 3.2)."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import PurePosixPath

from video_assets.foundation.records import Line
from video_assets.library.sentences import FILLERS, tokens

TOKEN_SET = 86
PARTIAL = 82
"""rapidfuzz ratios, 0..100, from which two lines say the same; both 95 % on hand-written pairs."""
NEARBY = Fraction(180)
"""Seconds: tries of a line in one clip lie this close."""
COMMON = 50
"""A token in more lines than this finds no candidates: it says too little."""

_NUMBER_WORDS = frozenset(
    """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety
    hundred thousand million billion half double first second third""".split()  # noqa: SIM905 (words read better so)
)
_MARKERS = FILLERS | {"no", "sorry", "wait", "rather", "actually", "oops"}
"""What people say between a slip and its repair."""
_JOINED = frozenset({"and", "or", "but", "then", "so", "because", "when", "if"})
"""Words that lead on to a clause of the same beginning."""
_STUTTERED = frozenset(
    "a an the to of in on and we i it is for with you they he she my our".split()  # noqa: SIM905 (words read better so)
)
_GIVEN_UP = (
    "let me start again",
    "start again",
    "start over",
    "take two",
    "scratch that",
    "one more time",
)


def grouped(lines: Sequence[Line], paths: Mapping[str, str]) -> list[Line]:
    """The same lines in the same order with `group`, `take` and `complete` filled in.

    `paths`: clip_id to the clip's path; clips in one folder may hold tries of one line (a retake is
    often a file of its own). Takes count in the order of path and time.
    """
    order = sorted(
        range(len(lines)),
        key=lambda i: (paths.get(lines[i].clip_id, ""), lines[i].clip_id, lines[i].start),
    )
    rank = {i: place for place, i in enumerate(order)}
    said = [_bare(line.text) for line in lines]
    flubs = [is_flub(line.text) for line in lines]
    parent = list(range(len(lines)))
    members = {i: [i] for i in range(len(lines))}

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    for a, b in _candidates(lines, said, order, paths):
        x, y = root(a), root(b)
        if x == y or not same_line(said[a], said[b]):
            continue
        if any(conflict(lines[i].text, lines[j].text) for i in members[x] for j in members[y]):
            continue
        parent[y] = x
        members[x] += members.pop(y)
    out: list[Line] = list(lines)
    for group in members.values():
        ranked = sorted(group, key=lambda i: rank[i])
        name = f"g-{lines[ranked[0]].line_id}"
        for take, i in enumerate(ranked, 1):
            # a try that begins again and reaches the same end holds more words than the line has
            others = [j for j in group if not (flubs[j] and said[j][-3:] == said[i][-3:])]
            whole = not flubs[i] and not any(is_part(said[i], said[j]) for j in others if j != i)
            out[i] = replace(lines[i], group=name, take=take, complete=whole)
    return out


def _bare(text: str) -> list[str]:
    return [t for t in tokens(text) if t not in FILLERS]


def _candidates(
    lines: Sequence[Line], said: Sequence[list[str]], order: Sequence[int], paths: Mapping[str, str]
) -> Iterator[tuple[int, int]]:
    """Pairs worth comparing: near in one clip, or in one folder with a rare word shared."""
    for at, i in enumerate(order):
        for j in order[at + 1 :]:
            if lines[j].clip_id != lines[i].clip_id or lines[j].start - lines[i].start > NEARBY:
                break
            yield i, j
    frequency = Counter(t for words in said for t in set(words))
    shelf: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i in order:
        folder = str(PurePosixPath(paths.get(lines[i].clip_id, "")).parent)
        rare = sorted(set(said[i]), key=lambda t: (frequency[t], t))[:4]
        seen: set[int] = set()
        for t in rare:
            seen.update(shelf[folder, t])
        yield from ((j, i) for j in sorted(seen) if lines[j].clip_id != lines[i].clip_id)
        for t in set(said[i]):
            if frequency[t] <= COMMON:
                shelf[folder, t].append(i)


def same_line(a: Sequence[str], b: Sequence[str]) -> bool:
    """Whether two token lists are tries of one line, numbers and names aside."""
    from rapidfuzz import fuzz

    if min(len(a), len(b)) < 3:
        return list(a) == list(b)
    one, two = " ".join(a), " ".join(b)
    if fuzz.token_set_ratio(one, two) >= TOKEN_SET or fuzz.partial_ratio(one, two) >= PARTIAL:
        return True
    start = min(len(a), len(b), 4)  # a false start of four words, then something else
    return start >= 4 and list(a[:start]) == list(b[:start])


def conflict(a: str, b: str) -> bool:
    """Whether each text has a number, or each a name, that the other lacks: not the same line."""
    one, two = _numbers(a), _numbers(b)
    if one - two and two - one:
        return True
    one, two = _names(a), _names(b)
    strange = [n for n in one if not any(_cut_off(n, m) for m in two)]
    return bool(strange) and any(not any(_cut_off(n, m) for n in one) for m in two)


def _cut_off(a: str, b: str) -> bool:
    """Whether two names are the same, or one is the other broken off: "Wick, um" for Wickfield."""
    short, long = sorted((a, b), key=len)
    return a == b or (len(short) >= 3 and long.startswith(short))


def _numbers(text: str) -> set[str]:
    return {t for t in tokens(text) if t in _NUMBER_WORDS or any(c.isdigit() for c in t)}


def _names(text: str) -> set[str]:
    """Words written with a capital that do not begin a sentence."""
    words = text.split()
    return {
        t
        for before, word in pairwise(words)
        if word[:1].isupper() and not before.endswith((".", "?", "!", "…"))
        for t in tokens(word)
        if t != "i" and not t.startswith("i'")
    }


def is_part(a: Sequence[str], b: Sequence[str]) -> bool:
    """Whether `a` is the beginning or a stretch of the longer line `b`: not the whole of it."""
    from rapidfuzz import fuzz

    if len(a) >= len(b):
        return False
    if list(b[: len(a)]) == list(a):
        return True
    if len(a) > 0.8 * len(b):
        return False
    return bool(fuzz.partial_ratio(" ".join(a), " ".join(b)) >= 90)


def is_flub(text: str) -> bool:
    """Whether a line breaks off or begins again: an ellipsis or dash at its end, words that are
    repeated at once or after a correction ("of the door, um, of the dial"), an apology."""
    stripped = text.rstrip("\"'”’ ")
    if stripped.endswith(("...", "…", "—", "–", "-", ",")):
        return True
    words = tokens(text)
    if not [w for w in words if w not in _MARKERS]:
        return True
    flat = " ".join(words)
    cut_off = re.search(r"[,.;…—–-]\s*(?:i'm\s+|oh\s+)?sorry\W*$", text, re.IGNORECASE)
    if cut_off or any(flat.endswith(given) for given in _GIVEN_UP):
        return True
    return _restarts(text)


def _restarts(text: str) -> bool:
    pieces = [(t, word) for word in text.split() for t in tokens(word)]
    words = [t for t, _ in pieces]
    begun = words[:3]
    for j in range(3, min(12, len(words) - 3)):
        # "I carve each handle by, I carve each ...": the sentence's beginning comes back; after
        # "and," somebody broke off, after "and" a clause of the same beginning follows
        if len(set(begun)) == 3 and words[j : j + 3] == begun:
            broken = words[j - 1] in _JOINED and pieces[j - 1][1].endswith(",")
            if broken or not _JOINED & set(words[3:j]):
                return True
    for i in range(len(words)):
        if i and words[i] == words[i - 1] and words[i] in _STUTTERED:
            return True
        for size in (4, 3, 2):
            piece = words[i : i + size]
            if len(piece) < size:
                continue
            for j in range(i + size, min(i + size + 4, len(words) - size + 1)):
                if words[j : j + size] != piece:
                    continue
                between = words[i + size : j]
                if not between and "and" not in piece:  # "round and round and round"
                    return True
                if any(w in _MARKERS for w in between):
                    return True
    return False
