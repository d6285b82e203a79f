"""Work on clips in processes of their own: a crash or a hang costs one clip, never the run.

One task at a time in a worker, one decoder thread a worker, as many workers as cores.
"""

import os
import resource
import signal
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from video_assets.foundation.errors import Code, FootageError, VideoAssetsError

MEMORY_LIMIT = 8 * 2**30
"""Bytes of address space a worker may map: several times what an 8K decode needs, and far less
than a decompression bomb asks for."""


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _prepare() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides; it ends us
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def in_workers(
    function: Callable[..., Any],
    tasks: Sequence[tuple[Any, ...]],
    timeouts: Sequence[float],
    workers: int | None = None,
) -> Iterator[tuple[int, Any]]:
    """Yields (task number, result) as tasks finish, in no particular order.

    `function` must be importable; `timeouts` are seconds, one a task. A result is the function's
    return value, or the exception: a FootageError (WORKER_LOST, HANG_TIMEOUT, EXCEPTION) where the
    task crashed, hung or raised something unforeseen. The caller decides what becomes of it.
    """
    if not tasks:
        return
    from concurrent.futures import FIRST_COMPLETED, CancelledError, TimeoutError, wait
    from multiprocessing import get_context

    from pebble import ProcessExpired, ProcessPool

    pool: Any = ProcessPool(
        max_workers=min(workers or cores(), len(tasks)),
        initializer=_prepare,
        context=get_context("spawn"),
    )
    try:
        waiting: dict[Any, int] = {
            pool.schedule(function, args=list(task), timeout=limit): number
            for number, (task, limit) in enumerate(zip(tasks, timeouts, strict=True))
        }
        while waiting:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                number = waiting.pop(future)
                result: Any
                try:
                    result = future.result()
                except TimeoutError:
                    result = FootageError(
                        f"gave no answer within {timeouts[number]:.0f} s",
                        Code.HANG_TIMEOUT,
                        "check the file in a player; re-export it",
                    )
                except (ProcessExpired, CancelledError) as error:
                    result = FootageError(
                        f"the decoder crashed on it (exit {getattr(error, 'exitcode', '?')})",
                        Code.WORKER_LOST,
                        "re-export the file",
                    )
                except MemoryError:
                    result = FootageError(
                        "needs more memory than a worker may use",
                        Code.PIXELS,
                        "re-export it smaller",
                    )
                except VideoAssetsError as error:
                    result = error
                except Exception as error:  # one bad clip never stops the others
                    result = FootageError(
                        f"{type(error).__name__}: {error}",
                        Code.EXCEPTION,
                        "report this with the file; the others go on",
                    )
                yield number, result
        pool.close()
    finally:
        pool.stop()
        pool.join()
