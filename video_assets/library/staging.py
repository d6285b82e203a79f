"""Footage on disk just while it is worked on, wherever it lies.

A folder's file is where it is. An object of a bucket is fetched into the cache, stays there as long
as somebody uses it, and may go when room is needed: the whole footage never has to lie on disk.
"""

import contextlib
import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from video_assets.foundation.buckets import Bucket, Root
from video_assets.foundation.errors import Code, FootageError
from video_assets.foundation.store import known_sha256

SLOWEST = 1_000_000
"""Bytes a second of the slowest network that is waited for."""


class Known(Protocol):
    """What was listed or recorded of a file: a `Found` or a `FootageRow`."""

    @property
    def path(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def mtime_ns(self) -> int: ...
    @property
    def inode(self) -> int: ...


@contextlib.contextmanager
def on_disk(
    root: Root, known: Known, find: Callable[[Path, str], Path] = Path.joinpath
) -> Iterator[Path]:
    """The file, for as long as the caller is inside.

    Of a folder it is what `find` says, left out: not asked whether it is there. When the caller is
    done, it must still be what was listed, else FootageError (PATH), whatever he read: a disk that
    goes away looks like the end of a file. Of a bucket it is what was listed, verified;
    FootageError where that cannot be had: TRANSIENT, CREDENTIAL, TRUNCATED (another object by now),
    CHECKSUM, LIMIT_DISK (larger than the cache).
    """
    if not isinstance(root, Bucket):
        file = find(root, known.path)
        try:
            yield file
        except Exception as error:
            if not _is_unchanged(file, known):
                raise _went_away(file) from error
            raise
        if not _is_unchanged(file, known):
            raise _went_away(file)
        return
    from video_assets.foundation.cache import Cache
    from video_assets.foundation.download import fetch

    bucket, key = root, root.key(known.path)
    clip_id = "" if getattr(known, "role", "") == "dead" else getattr(known, "clip_id", "")

    def fill(handle: int) -> None:
        fetch(bucket, key, known.size, known.inode, handle, clip_id)

    with Cache(bucket.cache, bucket.cap).held(name_of(bucket, known), known.size, fill) as file:
        try:
            yield file
        except FootageError as error:
            raise renamed(error, file, bucket.uri(known.path)) from error


def renamed(error: FootageError, file: Path, address: str) -> FootageError:
    """An error that names an object by its address: where it lay for a while tells nobody."""
    what, tail = (
        text.replace(f"file:{file}", address).replace(str(file), address)
        for text in (error.what, error.stderr_tail)
    )
    return FootageError(what, error.code, error.do, tail)


def name_of(bucket: Bucket, known: Known) -> str:
    """A file's name in the cache: nothing of the key but a plain ending, which decoders look at."""
    about = "\0".join((bucket.access.endpoint_url, bucket.name, bucket.key(known.path)))
    told = f"{about}\0{known.inode}\0{known.size}"
    ending = re.search(r"\.[A-Za-z0-9]{1,8}\Z", known.path)
    digest = hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:40]
    return digest + (ending[0].lower() if ending else "")


def _is_unchanged(file: Path, known: Known) -> bool:
    """Whether a file is what was listed: by size and time, and where that differs, by its bytes."""
    try:
        info = file.stat()
        if (info.st_size, info.st_mtime_ns) == (known.size, known.mtime_ns):
            return True
        clip_id = getattr(known, "clip_id", "")
        return bool(clip_id) and known_sha256(file).startswith(clip_id)
    except OSError:
        return False


def _went_away(file: Path) -> FootageError:
    return FootageError(
        f"{file} went away or changed while it was read: mount or reconnect the disk it lies on",
        Code.PATH,
        "mount the disk, then run again",
    )


def is_there(root: Root, known: Known) -> bool:
    """Whether a file can be had as it was listed; of an object that is in the cache nobody is
    asked."""
    if not isinstance(root, Bucket):
        return _is_unchanged(root / known.path, known)
    return not absence_of(root, known)


def is_present(root: Root, known: Known) -> bool:
    """Whether a file is there at all; of a folder, changed or not."""
    if not isinstance(root, Bucket):
        try:
            return (root / known.path).is_file()
        except OSError:  # of a disk that was pulled and is mounted still
            return False
    return is_there(root, known)


def absence_of(bucket: Bucket, known: Known) -> str:
    """Why an object cannot be had as it was listed; empty where it can."""
    from video_assets.foundation.cache import Cache
    from video_assets.foundation.objects import head, mark

    if Cache(bucket.cache, bucket.cap).has(name_of(bucket, known), known.size):
        return ""
    try:
        about = head(bucket, bucket.key(known.path))
    except FootageError as error:
        return str(error)
    same = about["ContentLength"] == known.size and mark(about.get("ETag", "")) == known.inode
    return "" if same else f"{known.path}: changed since it was listed"


def first_bytes(root: Root, known: Known, count: int) -> bytes:
    """The first bytes of a file; OSError or FootageError where it cannot be read."""
    if isinstance(root, Bucket):
        from video_assets.foundation import objects

        if known.size == 0:
            return b""
        return objects.first_bytes(root, root.key(known.path), count)
    with open(root / known.path, "rb") as file:
        return file.read(count)


def bytes_mark(root: Root, known: Known) -> tuple[int, ...]:
    """What is the same for a file that was moved: of an object its ETag, since moving one is
    copying it, at another time."""
    if isinstance(root, Bucket):
        return known.size, known.inode
    return known.size, known.mtime_ns, known.inode


def is_out_of_reach(root: Root, error: FootageError) -> bool:
    """Whether it is the store that fails, and would fail the next file as well."""
    away = (Code.STORE_TIMEOUT, Code.THROTTLED, Code.DOWNLOAD_SHORT, Code.CREDENTIAL)
    return isinstance(root, Bucket) and error.code in away


def patience(root: Root, size: int) -> float:
    """Seconds more that a worker may take where its file has to be fetched first."""
    return 300 + size / SLOWEST if isinstance(root, Bucket) else 0.0
