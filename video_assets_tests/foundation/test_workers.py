"""A crash or a hang costs one task, never the others."""

import os
import signal
import time

from video_assets.foundation.errors import Code, FootageError
from video_assets.foundation.workers import RESIDENT, hold_at_most, in_workers, resident


def task(kind: str) -> str:
    if kind == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if kind == "hang":
        time.sleep(60)
    if kind == "greedy":
        hold_at_most()
        held = []
        while resident() < 2 * RESIDENT:  # in vain: it is ended before
            held.append(b"x" * 2**24)
    if kind == "large":
        hold_at_most(pixels=8192 * 4320)
        return kind.upper() if len(b"x" * (RESIDENT + 2**20)) else ""
    if kind == "bad":
        raise FootageError("is bad", Code.DECODE, "mend it")
    if kind == "bug":
        raise ZeroDivisionError("oops")
    return kind.upper()


def test_every_task_gets_its_own_answer():
    kinds = ["a", "crash", "bad", "hang", "bug", "greedy", "large", "b"]
    found = dict(
        in_workers(task, [(k,) for k in kinds], [3.0 if k == "hang" else 60.0 for k in kinds])
    )
    assert [found[n] for n in (0, 6, 7)] == ["A", "LARGE", "B"]
    assert {n: found[n].code for n in range(1, 6)} == {
        1: Code.WORKER_LOST,
        2: Code.DECODE,
        3: Code.HANG_TIMEOUT,
        4: Code.EXCEPTION,
        5: Code.MEMORY,
    }
    assert found[2].do == "mend it"


def test_no_task_starts_no_worker():
    assert list(in_workers(task, [], [])) == []


def test_who_dies_at_once_takes_nobody_with_him():
    kinds = ["a", "crash", "b", "crash", "crash", "c"] * 5
    found = dict(in_workers(task, [(k,) for k in kinds], [60.0] * len(kinds), workers=2))
    assert sorted(found) == list(range(len(kinds)))
    for number, kind in enumerate(kinds):
        crashed = isinstance(found[number], FootageError)
        assert crashed == (kind == "crash"), number
        assert found[number].code == Code.WORKER_LOST if crashed else found[number] == kind.upper()


def test_an_answer_that_nobody_took_in_time_is_no_hang():
    """Whoever asked was busy longer than the limit."""
    found = []
    for number, answer in in_workers(task, [("a",), ("b",)], [2.0, 2.0], workers=2):
        found.append((number, answer))
        time.sleep(2.2)
    assert sorted(found) == [(0, "A"), (1, "B")]
