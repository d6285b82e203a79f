"""How the clips of a run are dealt out: into shards of about the same work, at most 200 a run.

A shard is what a worker machine gets at once, and what is tried again when that machine is lost.
A partition, step or run per clip would drown Dagster in events (RELIABILITY.md 5.1).
"""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from video_assets.foundation.records import FootageRow, from_plain, to_plain
from video_assets.foundation.store import digest_of

MOST_CLIPS = 100
LONGEST = Fraction(1800)
"""Seconds of footage in a shard, unless one clip alone is longer."""
MOST_SHARDS = 200
"""Of a run: 200 steps leave 2,640 events (RELIABILITY.md 5.1); what is over waits for the next."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Clips and sounds that are analysed together."""

    rows: tuple[FootageRow, ...]
    again: frozenset[str] = frozenset()
    """Of their clip_ids, those that are tried although something is kept of them."""

    @property
    def key(self) -> str:
        """Letters, digits and underscore, from what is in it."""
        clips = [row.clip_id for row in self.rows]
        return f"shard_{digest_of([clips, sorted(self.again)])[:16]}"

    @property
    def seconds(self) -> Fraction:
        """Of footage."""
        return sum((row.duration for row in self.rows), Fraction(0))

    def plain(self) -> dict[str, Any]:
        """As JSON types; see `shard_of`."""
        return {"rows": [to_plain(row) for row in self.rows], "again": sorted(self.again)}


def shard_of(plain: dict[str, Any]) -> Shard:
    """What `Shard.plain` wrote."""
    rows = tuple(from_plain(FootageRow, row) for row in plain["rows"])
    return Shard(rows, frozenset(plain["again"]))


def dealt(rows: Sequence[FootageRow], again: frozenset[str] = frozenset()) -> list[Shard]:
    """The shards of a run, balanced by duration; the same rows always give the same shards.

    None holds more than `MOST_CLIPS` clips or `LONGEST` seconds, unless it is a single clip. There
    are as few as that allows, so that a shard holds work for minutes, not seconds. Where more than
    `MOST_SHARDS` are needed, the first rows are dealt and the others left out.
    """
    most = len(rows)
    while True:
        shards = _dealt(rows[:most], again)
        if len(shards) <= MOST_SHARDS:
            return shards
        most -= max(1, most * (len(shards) - MOST_SHARDS) // len(shards))


def _dealt(rows: Sequence[FootageRow], again: frozenset[str]) -> list[Shard]:
    alone = [[row] for row in rows if row.duration > LONGEST]
    others = [row for row in rows if row.duration <= LONGEST]
    seconds = sum((row.duration for row in others), Fraction(0))
    count = max(math.ceil(seconds / LONGEST), math.ceil(len(others) / MOST_CLIPS))
    while (piles := _piles(others, count)) is None:
        count += 1  # the pieces do not fit as tightly as their sum
    place = {row.clip_id: at for at, row in enumerate(rows)}
    piles = [sorted(pile, key=lambda row: place[row.clip_id]) for pile in (*alone, *piles)]
    piles.sort(key=lambda pile: place[pile[0].clip_id])
    return [Shard(tuple(pile), frozenset(row.clip_id for row in pile) & again) for pile in piles]


def _piles(rows: Sequence[FootageRow], count: int) -> list[list[FootageRow]] | None:
    """The longest first, each onto the pile with the least so far; None where one overflows."""
    piles: list[list[FootageRow]] = [[] for _ in range(count)]
    open_piles: list[tuple[Fraction, int]] = [(Fraction(0), at) for at in range(count)]
    for row in sorted(rows, key=lambda row: (-row.duration, row.path)):
        if not open_piles:
            return None
        so_far, at = heapq.heappop(open_piles)
        if so_far + row.duration > LONGEST:
            return None
        piles[at].append(row)
        if len(piles[at]) < MOST_CLIPS:
            heapq.heappush(open_piles, (so_far + row.duration, at))
    return piles
