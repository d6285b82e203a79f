"""A crash or a hang costs one task, never the others."""

import os
import signal
import time

from video_assets.foundation.errors import Code, FootageError
from video_assets.foundation.workers import in_workers


def task(kind: str) -> str:
    if kind == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if kind == "hang":
        time.sleep(60)
    if kind == "bad":
        raise FootageError("is bad", Code.DECODE, "mend it")
    if kind == "bug":
        raise ZeroDivisionError("oops")
    return kind.upper()


def test_every_task_gets_its_own_answer():
    kinds = ["a", "crash", "bad", "hang", "bug", "b"]
    found = dict(
        in_workers(task, [(k,) for k in kinds], [3.0 if k == "hang" else 60.0 for k in kinds])
    )
    assert found[0] == "A" and found[5] == "B"
    codes = {n: found[n].code for n in (1, 2, 3, 4)}
    assert codes == {1: Code.WORKER_LOST, 2: Code.DECODE, 3: Code.HANG_TIMEOUT, 4: Code.EXCEPTION}
    assert found[2].do == "mend it"


def test_no_task_starts_no_worker():
    assert list(in_workers(task, [], [])) == []
