"""How learnings pull at choices, and which of them changed one."""

from collections.abc import Sequence
from math import log

from video_assets.foundation.records import Learning

STRONGEST = log(2.0)
"""A single learning counts as at most twice or half as good."""
WORSE_WHEN_HIGHER = ("skip", "hide", "report", "bounce", "cost", "unfollow", "dislike")
"""Parts of the names of metrics of which less is better."""


class Learned:
    """Learnings of one brand, asked by trait and value."""

    def __init__(self, learnings: Sequence[Learning] = ()) -> None:
        self._by: dict[tuple[str, str], list[Learning]] = {}
        for one in learnings:
            if one.effect > 0:
                self._by.setdefault((one.trait, one.value), []).append(one)

    def __bool__(self) -> bool:
        return bool(self._by)

    def pull(self, trait: str, value: str) -> float:
        """How much better than the others it did, as a natural logarithm; 0 where nobody knows.

        The mean over all metrics, each within `STRONGEST`.
        """
        known = self._by.get((trait, value), [])
        return sum(map(_pull, known)) / len(known) if known else 0.0

    def name(self, trait: str, value: str) -> str:
        """The learning that says most about it, as ideas name it; empty where there is none."""
        known = self._by.get((trait, value), [])
        return max(known, key=lambda one: (abs(_pull(one)), one.metric)).name if known else ""

    def told(self, trait: str, chosen: str, passed: str) -> str:
        """The learnings behind choosing one value over another."""
        names = [n for n in (self.name(trait, chosen), self.name(trait, passed)) if n]
        return "; ".join(names)


def _pull(one: Learning) -> float:
    size = max(-STRONGEST, min(STRONGEST, log(one.effect)))
    return -size if any(w in one.metric for w in WORSE_WHEN_HIGHER) else size
