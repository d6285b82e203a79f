"""What lies in a bucket, listed as a folder's files are: one row an object, whatever its key says.

Keys are no names of files: they may lead upwards, be empty in parts or hold control characters.
Such an object is shown and set aside with the advice to rename it. Nothing of a key but its ending
becomes part of a file's name, so two keys that differ in case or Unicode form only are two clips.
"""

import time

from video_assets.foundation.buckets import UNSAFE, Bucket
from video_assets.foundation.errors import FootageError, ProjectError
from video_assets.foundation.objects import Listed, listed, mark
from video_assets.library.intake import Found

DOWN_S = 10.0
"""Seconds for which a store that did not answer is not asked again: one command looks often, and
four attempts each time would keep it for minutes."""
FRACTION = 1_000_000_000

_DOWN: dict[str, tuple[float, str]] = {}


def look(bucket: Bucket) -> list[Found]:
    """Every object below the prefix, sorted by path; ProjectError where they cannot be listed.

    `mtime_ns` is LastModified, whose fractions of a second come from the ETag: an object that was
    replaced within the same second differs too. `inode` is the `mark` of the ETag.
    """
    until, why = _DOWN.get(str(bucket), (0.0, ""))
    if time.monotonic() < until:
        raise ProjectError(why)
    try:
        found = {one.path: one for one in map(_found, _below(bucket))}
    except FootageError as error:
        text = f"{error.what} [{int(error.code)} {error.code.name}]; {error.do}"
        _DOWN[str(bucket)] = (time.monotonic() + DOWN_S, text)
        raise ProjectError(text) from error
    _DOWN.pop(str(bucket), None)
    return [found[path] for path in sorted(found)]


def _below(bucket: Bucket) -> list[tuple[str, Listed]]:
    out = []
    for one in listed(bucket):
        path = one.key.removeprefix(bucket.prefix)
        if one.size or not (path == "" or path.endswith("/")):  # else it marks a folder
            out.append((path, one))
    return out


def _found(listed: tuple[str, Listed]) -> Found:
    path, one = listed
    version = mark(one.etag)
    changed = int(one.modified.timestamp()) * FRACTION + version % FRACTION
    kind = "file" if is_plain(path) else "unsafe"
    return Found(path_shown(path), one.size, changed, version, kind)


def is_plain(path: str) -> bool:
    """Whether a key, less its prefix, can be used as a path: no part of it is empty, `.` or `..`,
    and it holds no control characters but line breaks and tabs."""
    parts = path.split("/")
    return not any(part in ("", ".", "..") for part in parts) and not (
        UNSAFE.search(path) or path != path_shown(path)
    )


def path_shown(path: str) -> str:
    """A key as a table can hold it."""
    return path.encode("utf-8", "backslashreplace").decode() or "/"
