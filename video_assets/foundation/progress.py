"""How far the work is: rooms say it, whoever listens shows it (a bar, plain lines, a log)."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Protocol


class Listener(Protocol):
    """Shows progress."""

    def begin(self, what: str, total: float) -> None:
        """A piece of work of `total` units begins."""

    def advance(self, what: str, amount: float, detail: str) -> None:
        """`amount` more units are done."""

    def end(self, what: str) -> None:
        """The piece of work is over."""


_listener: Listener | None = None
_lock = threading.Lock()


@contextlib.contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Sends all progress of this process to `listener`."""
    global _listener
    before, _listener = _listener, listener
    try:
        yield
    finally:
        _listener = before


class Track:
    """One piece of work in progress; safe to call from several threads."""

    def __init__(self, what: str) -> None:
        self.what = what

    def advance(self, amount: float = 1, detail: str = "") -> None:
        """`amount` more units are done; `detail` names the one at hand."""
        with _lock:
            if _listener:
                _listener.advance(self.what, amount, detail)


@contextlib.contextmanager
def track(what: str, total: float) -> Iterator[Track]:
    """Reports a piece of work of `total` units."""
    if _listener:
        _listener.begin(what, total)
    try:
        yield Track(what)
    finally:
        if _listener:
            _listener.end(what)
