"""A folder of files that can be fetched again: never more bytes than it may hold, least used go.

Several processes share it. A file in use is locked (flock, shared) and stays; one that is being
fetched is locked too (exclusively), under a name that ends in `.part` and with its full size, so
what the files of the folder claim together is what the folder holds, and never more than its cap.
Locks go with their process: what a killed one leaves is swept by the next.
"""

import contextlib
import fcntl
import os
import random
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from video_assets.foundation.errors import Code, FootageError
from video_assets.foundation.files import disk_errors, fsync

LONGEST_WAIT = 240.0
"""Seconds that a file waits for room while others are in use: less than a worker has patience."""
SPARE = 2 * 10**9
"""Bytes of the disk that are left to what is made of the footage."""
_NAME = re.compile(r"[0-9a-f]{40}(\.[a-z0-9]{1,8})?")


@dataclass(frozen=True, slots=True)
class Cache:
    """At most `cap` bytes in `folder`, which has to lie on a local disk."""

    folder: Path
    cap: int

    def has(self, name: str, size: int) -> bool:
        """Whether a file lies here whole."""
        try:
            return (self.folder / name).stat().st_size == size
        except OSError:
            return False

    @contextlib.contextmanager
    def held(
        self, name: str, size: int, fill: Callable[[int], None], wait_s: float = LONGEST_WAIT
    ) -> Iterator[Path]:
        """A file of `size` bytes, fetched by `fill` (an open file) where it is not here.

        It stays while the caller is inside. `name`: 40 hex digits and an ending. Nobody holds one
        file while waiting for another. Raises FootageError: LIMIT_DISK where it is larger than the
        cap, LOCKED where no room was found within `wait_s` seconds; what `fill` raises; and
        StorageError where the disk is full.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} names no file of the cache")
        if size > self.cap:
            raise FootageError(
                f"is larger ({size / 1e9:.2f} GB) than the cache may be ({self.cap / 1e9:.2f} GB)",
                Code.LIMIT_DISK,
                "raise cache_gb (`s3:` in project.yaml, or VIDEO_ASSETS_S3_CACHE_GB), then "
                "`video-assets retry --all`",
            )
        handle = self._taken(name, size, fill, time.monotonic() + wait_s)
        try:
            yield self.folder / name
        finally:
            with contextlib.suppress(OSError):
                os.utime(handle)
            os.close(handle)

    def _taken(self, name: str, size: int, fill: Callable[[int], None], until: float) -> int:
        """An open file with a shared lock on it."""
        nap = 0.02
        while True:
            handle = self._open(name, size)
            if handle is None:
                handle = self._fetched(name, size, fill)
            if handle is not None:
                return handle
            if time.monotonic() > until:
                raise FootageError(
                    "finds no room in the cache: all that lies there is in use",
                    Code.LOCKED,
                    "run again when less is going on, or raise cache_gb",
                )
            time.sleep(random.uniform(nap / 2, nap))
            nap = min(nap * 1.5, 1.0)

    def _open(self, name: str, size: int) -> int | None:
        """A file that is here, locked against eviction; None where it is not."""
        try:
            handle = os.open(self.folder / name, os.O_RDONLY)
        except OSError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_SH)
            found = os.fstat(handle)
            if found.st_nlink and found.st_size == size:
                os.utime(handle)
                kept, handle = handle, -1
                return kept
            if found.st_nlink:  # damaged from outside
                with contextlib.suppress(OSError):
                    os.unlink(self.folder / name)
            return None
        finally:
            if handle >= 0:
                os.close(handle)

    def _fetched(self, name: str, size: int, fill: Callable[[int], None]) -> int | None:
        """Fetches a file; None where another process is about to, or while there is no room."""
        part = self.folder / f".{name}.part"
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._alone():
                if (self.folder / name).exists() or not self._make_room(size):
                    return None
                try:
                    handle = os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644)
                except FileExistsError:
                    return None  # somebody fetches it
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX)
                    _reserve(handle, size)
                except BaseException:
                    os.unlink(part)
                    os.close(handle)
                    raise
            try:
                fill(handle)
                os.fsync(handle)
                with self._alone():  # else a look at the folder may miss it under both names
                    os.replace(part, self.folder / name)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(part)
                os.close(handle)
                raise
            fsync(self.folder)
        os.close(handle)
        return self._open(name, size)  # None where it was evicted in between: once more

    def _make_room(self, size: int) -> bool:
        """Lets the least recently used go until `size` bytes more fit; inside `_alone`.

        The cap must be kept; `SPARE` is, as far as there is something to let go.
        """
        total, free = 0, shutil.disk_usage(self.folder).free
        found: list[tuple[int, int, str]] = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                try:
                    about = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if entry.name.endswith(".part"):
                    if not self._let_go(entry.name):  # its process is gone, or it is in use
                        total += about.st_size
                elif _NAME.fullmatch(entry.name):
                    total += about.st_size
                    found.append((about.st_mtime_ns, about.st_size, entry.name))
        for _, length, name in sorted(found):
            if total + size <= self.cap and size + SPARE <= free:
                break
            if self._let_go(name):
                total, free = total - length, free + length
        return total + size <= self.cap

    def _let_go(self, name: str) -> bool:
        """Removes a file that nobody uses."""
        try:
            handle = os.open(self.folder / name, os.O_RDONLY)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            os.unlink(self.folder / name)
            return True
        finally:
            os.close(handle)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time decides what comes and goes."""
        with open(self.folder / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _reserve(handle: int, size: int) -> None:
    """Gives a file its full size, and its place on the disk where that can be done."""
    if size and hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, size)
    else:
        os.ftruncate(handle, size)
