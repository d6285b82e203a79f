"""What was planted, what was said of it, and the figures that come of it: pure functions.

A defect is found where a measure that must find it says something that it does not say of the clean
cutdown. That a measure could not run is no news, nor is an alarm whose figure or place moved a bit.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

COULD_NOT = "could not run"
"""How a measure's text begins that did not run."""
NEAR = 2.0
"""Times the limit below which a defect counts as near it."""
FEW = 3
"""Turns below which nothing can be said of a kind."""
SAME_SECOND, SAME_FRAMES = 0.5, 12
"""How far an alarm may move and still be the same one."""

_NUMBER = re.compile(r"(?<![\w/.])[-+]?\d+(?:[.,:]\d+)*")
_PLACE = re.compile(r"(?:frame (\d+))|(-?\d+(?:\.\d+)?) s")


@dataclass(frozen=True, slots=True)
class Said:
    """One finding of a measure."""

    measure: str
    what: str
    at: str = ""


def same_alarm(one: Said, other: Said) -> bool:
    """Whether two findings are one alarm: same measure, words and place, whatever the figures."""
    if one.measure != other.measure:
        return False
    return _NUMBER.sub("#", one.what) == _NUMBER.sub("#", other.what) and _near(one.at, other.at)


def _near(one: str, other: str) -> bool:
    a, b = _PLACE.search(one), _PLACE.search(other)
    if a is None or b is None:
        return _NUMBER.sub("#", one) == _NUMBER.sub("#", other)
    if (a[1] is None) != (b[1] is None):
        return False
    if a[1] is not None:
        return abs(int(a[1]) - int(b[1])) <= SAME_FRAMES
    return abs(float(a[2]) - float(b[2])) <= SAME_SECOND


def ran(one: Said) -> bool:
    """Whether a finding is one of a measure that looked."""
    return not one.what.startswith(COULD_NOT)


def news(spoiled: Sequence[Said], clean: Sequence[Said]) -> list[Said]:
    """What is said of a spoiled cutdown and not of the clean one it was made of."""
    return [s for s in spoiled if ran(s) and not any(same_alarm(s, c) for c in clean)]


def found_by(
    spoiled: Sequence[Said], clean: Sequence[Said], must: Collection[str]
) -> tuple[bool, list[str]]:
    """(whether one of the measures in `must` found it, all measures that say something new)."""
    fresh = sorted({s.measure for s in news(spoiled, clean)})
    return any(name in must for name in fresh), fresh


def band(times: float | None) -> str:
    """near or far by how many times the limit a defect is; whole where it has no size."""
    return "whole" if times is None else "near" if times < NEAR else "far"


def in_turn(
    kinds: Sequence[str], turns: Mapping[str, int], could_not: Mapping[str, int]
) -> list[str]:
    """Kinds in the order in which they should be tried: those with the fewest turns first.

    `could_not`: how often a cutdown could not have a kind. Three times make a turn, so that a kind
    that no library allows does not shape all cutdowns.
    """

    def had(kind: str) -> float:
        return turns.get(kind, 0) + could_not.get(kind, 0) // 3

    return sorted(kinds, key=lambda kind: (had(kind), kinds.index(kind)))


@dataclass(frozen=True, slots=True)
class Entry:
    """What came of one cutdown: a line of the ledger."""

    number: int
    seed: int
    aspect: str
    layout: str = ""
    """A short digest: equal ones are the same cutdown."""
    judged_clean: bool = False
    """Whether its clean form counts towards false alarms."""
    alarms: tuple[str, ...] = ()
    """Gates that called the clean cutdown bad, with what they said."""
    scores: tuple[str, ...] = ()
    """Measures that are no gates and said something of the clean cutdown."""
    kind: str = ""
    """What was planted; empty: nothing."""
    must: tuple[str, ...] = ()
    """Measures that must find it; empty: the ruler has none for it."""
    size: str = ""
    """How large it is, for people."""
    times: float | None = None
    """The same in times the limit."""
    found: bool = False
    by: tuple[str, ...] = ()
    """All measures that said something new."""
    raised: str = ""
    """Why nothing came of it: what was planted, with the error."""
    could_not: tuple[str, ...] = ()
    """Kinds that this cutdown should have had and could not have."""
    cpu_s: float = 0.0
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def tried(self) -> bool:
        """Whether a defect was planted and judged."""
        return bool(self.kind) and not self.raised


def counted(entries: Sequence[Entry], kinds: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Recall, false alarms and what they are made of. `kinds`: the measures that must find each."""
    bad = [e for e in entries if e.tried]
    good = [e for e in entries if e.judged_clean]
    raised = [e for e in entries if e.raised]
    turns = Counter(e.kind for e in bad)
    by: dict[str, Counter[str]] = {}
    for entry in bad:
        by.setdefault(entry.kind, Counter()).update(entry.by)
    alarmed = [e for e in good if e.alarms]
    return {
        "recall": _share(sum(e.found for e in bad), len(bad)),
        "false_alarms": round(len(alarmed) / len(good), 4) if good else None,
        "bad": len(bad),
        "good": len(good),
        "kinds": len(turns),
        "missed": [missed(e) for e in bad if not e.found],
        "alarms": [f"{where(e)}: {'; '.join(e.alarms)}" for e in alarmed],
        "raised": [f"{where(e)} {e.kind}: {e.raised}" for e in raised],
        "few": {k: turns[k] for k in kinds if 0 < turns[k] < FEW},
        "untried": [k for k in kinds if not turns[k]],
        "unmeasured": [k for k, must in kinds.items() if not must],
        "recall_by_kind": _of(bad, lambda e: [e.kind]),
        "recall_by_measure": _of(bad, lambda e: e.must or ["no measure"]),
        "recall_by_band": _of(bad, lambda e: [band(e.times)]),
        "recall_by_aspect": _of(bad, lambda e: [e.aspect]),
        "by": {k: dict(c.most_common(6)) for k, c in sorted(by.items())},
        "layouts": len({e.layout for e in good if e.layout}),
        "by_aspect": dict(Counter(e.aspect for e in good)),
        "by_seed": {str(k): n for k, n in sorted(Counter(e.seed for e in good).items())},
        "scores_on_clean": dict(Counter(s for e in good for s in e.scores)),
    }


def where(entry: Entry) -> str:
    """A cutdown for people."""
    return f"c{entry.number:03} seed {entry.seed} {entry.aspect}"


def missed(entry: Entry) -> str:
    """A miss for people: where, what, how large, who should have said so and who did."""
    size = f" ({entry.size})" if entry.size else ""
    must = " or ".join(entry.must) or "no measure"
    said = f"; said: {', '.join(entry.by)}" if entry.by else ""
    return f"{where(entry)} {entry.kind}{size}: {must} did not find it{said}"


def _share(found: int, of: int) -> float | None:
    return round(found / of, 4) if of else None


def _of(entries: Sequence[Entry], keys: Any) -> dict[str, str]:
    """Found of tried, such as `3/4`, by every key that an entry has."""
    tried: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for entry in entries:
        for key in keys(entry):
            tried[key] += 1
            found[key] += entry.found and (key in entry.by or key not in entry.must)
    return {k: f"{found[k]}/{tried[k]}" for k in sorted(tried)}
