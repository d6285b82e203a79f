"""Work on clips in processes of their own: a crash or a hang costs one clip, never the run.

One task at a time in a worker, one decoder thread a worker, as many workers as cores.
"""

import contextlib
import ctypes
import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from multiprocessing.connection import wait as ready
from typing import Any

from video_assets.foundation.errors import Code, FootageError, VideoAssetsError

ADDRESSES = 8 * 2**30
"""Bytes of address space a worker may map: a decoder that asks for more in one piece is refused."""
RESIDENT = 448 * 2**20
"""Bytes that a worker may hold in memory for footage up to 4K. What it holds is looked at every
`WATCH_S` seconds, in which it may grow by some tens of MB: 512 MB are never passed."""
WATCH_S = 0.02
PICTURES_HELD = 12
"""Pictures that a decoder of more than 4K may hold: its reference pictures and what is made of the
one that is shown."""
_4K = 4096 * 2304
LAST_WORDS_S = 10.0
"""Seconds that a worker whose pipe has closed has to end by itself."""
_TOO_MUCH = 86
"""Exit code of a worker that held too much."""
_PRELOADED = "video_assets.foundation.preloaded"
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

_allowed = 0
"""Bytes that this worker may hold; 0 for no limit."""
_looking = threading.Lock()


def hold_at_most(pixels: int = 0) -> None:
    """Limits what this worker may hold in memory from here on, for pictures of so many pixels.

    A worker that holds more ends at once, and its task fails with MEMORY. Outside a worker, and
    where the system does not tell how much memory a process holds, nothing happens.
    """
    global _allowed
    with contextlib.suppress(OSError, AttributeError):  # not every C library has it
        ctypes.CDLL(None).malloc_trim(0)  # what an earlier task was given back is no one's now
    # 10 bits in 4:2:0 are 3 bytes a pixel
    _allowed = RESIDENT + (3 * PICTURES_HELD * pixels if pixels > _4K else 0)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _context() -> Any:
    """Where workers come from: a server process of this one's, which has imported what they need.

    It begins without a thread and forks before any work is done, so a worker inherits neither
    locks, nor open files, nor leases; it ends with the process that it belongs to.
    """
    from multiprocessing import get_context
    from multiprocessing.forkserver import ensure_running

    context = get_context("forkserver")
    context.set_forkserver_preload([_PRELOADED])
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(_ONE_THREAD)  # read by libraries as they are imported
    try:
        ensure_running()
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    return context


def _prepare(environment: dict[str, str]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides; it ends us
    os.environ.clear()  # the server's is that of the moment at which it began
    os.environ.update(environment | _ONE_THREAD)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    """Ends this worker when the process that asked for it was killed, since nobody waits for what
    it would find, and when it holds more memory than it may."""
    asked_by = multiprocessing.parent_process()
    assert asked_by is not None
    while not ready([asked_by.sentinel], WATCH_S):
        with _looking:
            if _allowed and resident() > _allowed:
                os._exit(_TOO_MUCH)
    os._exit(1)


def resident() -> int:
    """Bytes that this process holds in memory; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


_NEEDS_MORE = FootageError(
    "needs more memory than a worker may use",
    Code.MEMORY,
    "check what it is; export it again, or smaller",
)


def _lost(code: object) -> FootageError:
    return FootageError(
        f"the decoder crashed on it (exit {code})", Code.WORKER_LOST, "re-export the file"
    )


class _Worker:
    """A process that does one task after another, and the pipe to it.

    Each has its own pipe and nothing is shared: whoever dies, hangs or is ended at any moment costs
    the task in his hands, and everybody knows which that is.
    """

    def __init__(self, context: Any) -> None:
        self.pipe: Any
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, dict(os.environ)), daemon=True)
        self._process.start()
        theirs.close()  # the worker alone has it: its end is the end of the pipe
        self.number, self.limit, self.until = -1, 0.0, 0.0

    def begin(self, number: int, function: Callable[..., Any], task: Any, limit: float) -> bool:
        """Hands a task over; False where the worker is gone."""
        self.number, self.limit, self.until = number, limit, time.monotonic() + limit
        try:
            self.pipe.send((function, task))
        except OSError:
            self.end()
            return False
        return True

    def has_ended(self) -> bool:
        """Whether an answer, or the end of the worker, can be read without waiting."""
        return bool(self.pipe.poll())

    def answer(self) -> tuple[Any, bool]:
        """(What became of the task, whether the worker can have another)."""
        try:
            return self.pipe.recv(), True
        except (EOFError, OSError):
            self._process.join(LAST_WORDS_S)
            code = self._process.exitcode
            self.end()
            return (_NEEDS_MORE if code == _TOO_MUCH else _lost(code)), False

    def end(self) -> None:
        """Ends it at once, whatever it does; who waits for a dead disk ends when that does."""
        self._process.kill()
        self._process.join(LAST_WORDS_S)
        self.pipe.close()


def _serve(pipe: Any, environment: dict[str, str]) -> None:
    """The life of a worker."""
    global _allowed
    _prepare(environment)
    while True:
        try:
            function, task = pipe.recv()
        except EOFError:
            return
        answer: Any
        try:
            answer = function(*task)
        except MemoryError:
            answer = _NEEDS_MORE
        except VideoAssetsError as error:
            answer = error
        except Exception as error:  # one bad clip never stops the others
            answer = FootageError(
                f"{type(error).__name__}: {error}",
                Code.EXCEPTION,
                "report this with the file; the others go on",
            )
        finally:
            with _looking:  # a limit ends with its task: the next one is not ended for it
                _allowed = 0
        pipe.send(answer)


def in_workers(
    function: Callable[..., Any],
    tasks: Sequence[tuple[Any, ...]],
    timeouts: Sequence[float],
    workers: int | None = None,
    begin: Callable[[int], None] | None = None,
) -> Iterator[tuple[int, Any]]:
    """Yields (task number, result) as tasks finish, in no particular order.

    `begin` is told the number of each task just before it starts.

    `function` must be importable; `timeouts` are seconds, one a task. A result is the function's
    return value, or the exception: a FootageError (WORKER_LOST, HANG_TIMEOUT, EXCEPTION) where the
    task crashed, hung or raised something unforeseen. The caller decides what becomes of it.
    """
    if not tasks:
        return
    context, size = _context(), min(workers or cores(), len(tasks))
    due = enumerate(zip(tasks, timeouts, strict=True))
    busy: list[_Worker] = []
    idle: list[_Worker] = []
    try:
        while True:
            # no more at once than there are workers: what is handed out has begun
            for number, (task, limit) in islice(due, size - len(busy)):
                if begin is not None:
                    begin(number)
                worker = idle.pop() if idle else _Worker(context)
                while not worker.begin(number, function, task, limit):
                    worker = _Worker(context)
                busy.append(worker)
            if not busy:
                return
            until = min(worker.until for worker in busy)
            ready([worker.pipe for worker in busy], max(0.0, until - time.monotonic()))
            for worker in [worker for worker in busy if worker.has_ended()]:
                busy.remove(worker)
                answer, lives = worker.answer()
                if lives:
                    idle.append(worker)
                yield worker.number, answer
            now = time.monotonic()
            for worker in [worker for worker in busy if worker.until <= now]:
                if worker.has_ended():
                    continue  # it has answered while nobody listened
                busy.remove(worker)
                worker.end()
                yield (
                    worker.number,
                    FootageError(
                        f"gave no answer within {worker.limit:.0f} s",
                        Code.HANG_TIMEOUT,
                        "check the file in a player; re-export it",
                    ),
                )
    finally:
        for worker in (*busy, *idle):
            worker.end()
