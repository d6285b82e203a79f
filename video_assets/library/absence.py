"""Absent is not deleted: what is missing below a footage folder, and what that means.

- A root that is missing or empty though clips were known, or more than a fifth of the known clips
  gone in one look, is OFFLINE: a disk was not mounted. Nothing is dropped, nothing counts as stale.
- A clip that is missing otherwise keeps its row. When it is missing again at a look at least
  `AGAIN_S` later, its root present, it is dropped at the next run; `forget` drops it at once.
- A file that moved, or whose bytes lie there under another name, is not missing at all.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path, PurePosixPath

from video_assets.foundation.buckets import Bucket, Root, shown
from video_assets.foundation.errors import Code, FootageError, ProjectError
from video_assets.foundation.records import FootageRow
from video_assets.foundation.store import Project, as_json, write_atomic
from video_assets.foundation.versions import numbered
from video_assets.library.intake import Found, digest_of_found, look, still
from video_assets.library.staging import bytes_mark

SHARE = Fraction(1, 5)
"""Of the known clips; more than that gone in one look is a disk, not a decision."""
AGAIN_S = 30.0
"""Seconds from the first look that misses a clip to one that may drop it."""
ABSENT = ".manifests/absent.json"
FORGOTTEN = 0.0
"""In place of the time of the first miss: to be dropped at once."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One look at a footage folder, held against what was known of it."""

    root: Root
    found: tuple[Found, ...] = ()
    """Everything that lies there."""
    settled: tuple[Found, ...] = ()
    """Those of `found` that are no longer being copied."""
    kept: tuple[FootageRow, ...] = ()
    """Rows of missing files that stay."""
    gone: tuple[str, ...] = ()
    """Paths that are missing for good: their rows go."""
    misses: dict[str, float] = field(default_factory=dict)
    """When a path was missed first, in seconds since the epoch; `FORGOTTEN` to drop it at once."""
    offline: str = ""
    """Which disk to mount; empty where the footage is there."""

    def listing(self, settled: bool = True) -> str:
        """Digest of what a run would record: what lies there, and what is missing but stays."""
        there = self.settled if settled else self.found
        return digest_of_found([*there, *(_as_found(row) for row in self.kept)])


def _as_found(row: FootageRow) -> Found:
    return Found(row.path, row.size, row.mtime_ns, row.inode)


def misses_of(project: Project) -> dict[str, float]:
    """When each missing path was missed first."""
    try:
        plain = project.read_json(ABSENT)
        return {str(path): float(when) for path, when in plain.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def look_at(
    project: Project,
    rows: Sequence[FootageRow],
    same_root: bool = True,
    settle_s: float = 0.0,
    now: float | None = None,
) -> Sight:
    """Looks at a project's footage folder; `rows`: what is known of it.

    `same_root`: whether the rows come from this very folder; where project.yaml names another one,
    only that it is there and not empty is asked. Raises ProjectError where the folder is not there
    and nothing is known of it.
    """
    root = project.footage_root
    now = time.time() if now is None else now
    misses = misses_of(project)
    had = _media({row for row in rows if misses.get(row.path) != FORGOTTEN})
    why = ""
    try:
        found = look(root)
    except ProjectError as error:
        if not had:
            raise
        found, why = [], str(error)
    if had and not found:
        state = "is empty"
        if isinstance(root, Bucket):
            state = f"cannot be listed ({why})" if why else state
        elif not root.is_dir():
            state = "is not there"
        return Sight(root, misses=misses, offline=_offline(root, f"{state}, {len(had)} clips were"))
    return sight(root, found, rows if same_root else (), misses, now, settle_s)


def _offline(root: Root, what: str) -> str:
    if isinstance(root, Bucket):
        return (
            f"OFFLINE: {root} {what} there: check the network, the credential and what project.yaml"
            " names; nothing was dropped"
        )
    return (
        f"OFFLINE: {root} {what} there: mount or reconnect the disk it lies on, or name the right "
        "folder in project.yaml; nothing was dropped"
    )


def _media(rows: Iterable[FootageRow]) -> set[str]:
    """clip_id of every clip; of every sound where there is no clip."""
    clips = {row.clip_id for row in rows if row.role == "clip"}
    return clips or {row.clip_id for row in rows if row.role == "sound"}


def sight(
    root: Root,
    found: Sequence[Found],
    rows: Sequence[FootageRow],
    misses: Mapping[str, float],
    now: float,
    settle_s: float = 0.0,
) -> Sight:
    """What a look found, held against the known `rows` and the `misses` so far."""
    own = {row.path for row in rows if row.clip_id}
    shut = tuple(one.path for one in found if one.kind == "closed")
    # a clip that cannot be looked at now is missing, and no other file
    found = [one for one in found if one.kind != "closed" or one.path not in own]
    fresh = set(still(found, settle_s, now))
    marks = {bytes_mark(root, row) for row in rows if row.clip_id}
    # other rights or another name make no clip that is known a growing one
    settled = tuple(one for one in found if one in fresh or bytes_mark(root, one) in marks)
    there = {one.path for one in found}
    lost = [row for row in rows if row.path not in there]
    media = [row for row in lost if row.role in ("clip", "sound", "duplicate")]
    if not media:
        return Sight(root, tuple(found), settled)
    known = {(row.path, row.size, row.mtime_ns): row.clip_id for row in rows if row.clip_id}
    present = {known.get((one.path, one.size, one.mtime_ns), "") for one in found}
    moved = {bytes_mark(root, one) for one in found}
    copied = {(one.size, one.mtime_ns, PurePosixPath(one.path).name) for one in found}
    absent = [
        row
        for row in media
        if row.clip_id not in present
        and bytes_mark(root, row) not in moved
        and (row.size, row.mtime_ns, PurePosixPath(row.path).name) not in copied
    ]
    counted = [row for row in absent if misses.get(row.path) != FORGOTTEN]
    had = _media(row for row in rows if misses.get(row.path) != FORGOTTEN)
    missing = had & {row.clip_id for row in counted}
    if missing and len(missing) > SHARE * len(had):
        text = f"lacks {len(missing)} of {len(had)} clips that were"
        hint = "; to drop clips that you deleted, use `video-assets forget`"
        offline = _offline(root, text) + hint
        return Sight(root, tuple(found), settled, misses=dict(misses), offline=offline)
    after = {row.path: misses.get(row.path, now) for row in absent}
    gone = {
        path
        for path, since in after.items()
        if since == FORGOTTEN or (now - since >= AGAIN_S and not _below(path, shut))
    }
    stay = {row.path for row in absent} - gone
    kept = [row for row in lost if row.path in stay or (row.role == "sidecar" and row.of in stay)]
    return Sight(root, tuple(found), settled, tuple(kept), tuple(sorted(gone)), after)


def _below(path: str, shut: Iterable[str]) -> bool:
    """Whether a path is one of those that cannot be looked at, or lies below one."""
    return any(path == one or path.startswith(f"{one}/") for one in shut)


def note(project: Project, seen: Sight) -> None:
    """Remembers when files were missed first; inside the project's lease."""
    if seen.misses == misses_of(project):
        return
    with project.guarded():
        write_atomic(project.path(ABSENT), as_json(numbered(ABSENT, seen.misses)))


def forget(project: Project, rows: Sequence[FootageRow], paths: Sequence[str]) -> list[str]:
    """Marks missing paths (or whole folders of them) to be dropped at the next run; returns them.

    Raises ProjectError where a path is not known, or still lies there.
    """
    root = project.footage_root
    gone = isinstance(root, Path) and not root.is_dir()
    there = set() if gone else {one.path for one in look(root)}
    marked: list[str] = []
    for name in paths:
        wanted = PurePosixPath(name).as_posix()
        below = [r.path for r in rows if r.path == wanted or r.path.startswith(f"{wanted}/")]
        if not below:
            raise ProjectError(
                f"project {project.slug} knows no footage called {name!r}; "
                "`video-assets status` lists every path"
            )
        missing = [path for path in below if path not in there]
        if not missing:
            raise ProjectError(
                f"{shown(root, wanted)} is still there; move it out of the footage first"
            )
        marked += missing
    with project.leased(), project.guarded():
        misses = {**misses_of(project), **dict.fromkeys(marked, FORGOTTEN)}
        write_atomic(project.path(ABSENT), as_json(numbered(ABSENT, misses)))
    return sorted(set(marked))


def source_of(root: Path, path: str) -> Path:
    """A source file that has to be there; FootageError names the disk to mount."""
    file = root / path
    if not file.exists():
        where = "" if root.is_dir() else f"; {root} is not there at all"
        raise FootageError(
            f"{file} is missing{where}: mount or reconnect the disk it lies on",
            Code.PATH,
            "mount the disk, then run again",
        )
    return file
