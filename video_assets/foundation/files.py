"""Files written whole or not at all, and what a disk can say to a person."""

import contextlib
import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from video_assets.foundation.errors import StorageError


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


def write_atomic(path: Path, data: bytes | str) -> None:
    """Writes a small file whole or not at all; leaves it alone where it already says the same."""
    if isinstance(data, str):
        data = data.encode()
    with contextlib.suppress(OSError):
        if path.read_bytes() == data:
            return
    with disk_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{path.name[:40]}.", suffix=".part", dir=path.parent
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
