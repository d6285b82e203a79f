"""Rounds of ideas: which are frozen, what a frozen one consists of, and when the next is made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from video_assets.foundation.records import Idea, Learning, Take, from_plain
from video_assets.foundation.store import digest_of

FIRST = "r1"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A frozen round, as it was when somebody published, approved or locked a cut of it."""

    name: str
    why: tuple[str, ...]
    """Such as `published r1-01`, `approved r1-02 9x16`, `locked r1-03`."""
    entry: Mapping[str, Any]
    """The round as ideas.json holds it."""
    takes: tuple[Take, ...]
    timelines: Mapping[str, str]
    """OTIO text by cut."""
    cutdowns: Mapping[str, str]
    """sha256 by `<cut>/<aspect>` of what had been rendered by then."""

    @property
    def only_locked(self) -> bool:
        """Whether nothing but a lock holds it: that a person may take away again."""
        return all(w.startswith("locked ") for w in self.why)


def number_of(name: str) -> int:
    """3 of `r3`."""
    return int(name[1:])


def round_of(cut_id: str) -> str:
    """`r1` of `r1-02`."""
    return cut_id.split("-")[0]


def entry(
    name: str, ideas: Sequence[Idea], refused: Sequence[Mapping[str, Any]], claims: str
) -> dict[str, Any]:
    """A round as ideas.json holds it. `claims`: `claims_of` the learnings it was made with."""
    return {"round": name, "claims": claims, "ideas": list(ideas), "refused": list(refused)}


def ideas_in(found: Mapping[str, Any]) -> list[Idea]:
    """The ideas of an entry."""
    return [from_plain(Idea, plain) for plain in found["ideas"]]


def claims_of(learnings: Sequence[Learning]) -> str:
    """A digest of what was learned; empty while nothing was."""
    return digest_of(list(learnings)) if learnings else ""


def open_round(
    sealed: Sequence[Sealed], claims: str, asked_after: str, newest: str = ""
) -> str | None:
    """The round to be made now: None while the last one is frozen and nothing new was learned.

    `asked_after`: the frozen round after which a person asked for the next one. `newest`: the last
    round that was made; once open, a round stays until it is frozen.
    """
    if not sealed:
        return FIRST
    last = max(sealed, key=lambda s: number_of(s.name))
    begun = bool(newest) and number_of(newest) > number_of(last.name)
    if begun or last.entry["claims"] != claims or asked_after == last.name:
        return f"r{number_of(last.name) + 1}"
    return None
