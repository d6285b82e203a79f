"""Files written whole or not at all, and what a disk can say to a person."""

import contextlib
import errno
import glob
import hashlib
import os
import re
import socket
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from video_assets.foundation.errors import StorageError

ABANDONED_S = 2 * 86400.0
"""Seconds after which unfinished work of another machine is nobody's: no run lasts longer than a
day."""


def sha256_file(path: Path) -> str:
    """sha256 of a file's bytes, read in blocks."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fsync(path: Path) -> None:
    """Puts a file or folder onto the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def disk_errors(where: Path) -> Iterator[None]:
    """Turns a full or read-only disk into a StorageError that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError(
                f"the disk with {where} is full: free some space, then run again"
            ) from error
        if error.errno in (errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG):
            raise StorageError(f"{where} cannot be used as a folder ({error.strerror})") from error
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise StorageError(
                f"{where} cannot be written ({error.strerror}): check its rights"
            ) from error
        raise


def is_alive(pid: int) -> bool:
    """Whether a process of this machine runs: one that was killed does not, even while nobody has
    asked how it ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        return fields[0] not in ("Z", "X")
    except OSError:
        pass  # there is none, or no /proc
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's process
    return True


def namespace() -> str:
    """Which boot and which namespace process ids belong to; empty where nobody knows."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot[:8]}{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


@cache
def _here() -> str:
    """Eight digits that stand for this machine, boot and namespace."""
    return hashlib.sha256(f"{socket.gethostname()}/{namespace()}".encode()).hexdigest()[:8]


def maker() -> str:
    """How the name of unfinished work begins: the process that makes it, and where that lives."""
    return f"{os.getpid()}-{_here()}"


def is_abandoned(path: Path, made_by: str) -> bool:
    """Whether whoever made this is gone. `made_by`: its name from `maker()` on.

    Of another machine or container nobody can know; what is left of one is old enough some day.
    """
    found = re.match(r"(\d+)-(?:([0-9a-f]{8})-)?", made_by)
    if found is None:
        return False
    if found[2] in (None, _here()):
        return not is_alive(int(found[1]))
    try:
        return time.time() - path.stat().st_mtime > ABANDONED_S
    except OSError:
        return False


def write_atomic(path: Path, data: bytes | str) -> None:
    """Writes a small file whole or not at all; leaves it alone where it already says the same.

    What others left who were killed in here goes.
    """
    if isinstance(data, str):
        data = data.encode()
    with contextlib.suppress(OSError):
        if path.read_bytes() == data:
            return
    with disk_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        prefix = f".{path.name[:40]}."
        for other in path.parent.glob(f"{glob.escape(prefix)}*.part"):
            if is_abandoned(other, other.name.removeprefix(prefix)):
                other.unlink(missing_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f"{prefix}{maker()}-", suffix=".part", dir=path.parent
        )
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
        fsync(path.parent)
