"""What several measures of one case share: looked at once, and the plainest of tools."""

import weakref
from collections.abc import Callable
from functools import wraps
from itertools import groupby
from typing import Any, TypeVar

from video_assets.delivery.inspections.case import Case

T = TypeVar("T")


def once(find: Callable[[Case], T]) -> Callable[[Case], T]:
    """Keeps the answer for the newest case: its measures ask for the same one after another."""
    last: list[tuple[weakref.ref[Case], T]] = []

    @wraps(find)
    def found(case: Case) -> T:
        if last and last[0][0]() is case:
            return last[0][1]
        last.clear()  # the older answer must not lie in memory beside the new one
        answer = find(case)
        last[:] = [(weakref.ref(case), answer)]
        return answer

    return found


def runs(flags: Any) -> list[tuple[int, int]]:
    """Stretches (first, exclusive last) in which flags are true."""
    found, at = [], 0
    for value, group in groupby(bool(f) for f in flags):
        count = len(list(group))
        if value:
            found.append((at, at + count))
        at += count
    return found
