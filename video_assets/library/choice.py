"""Which clips a run looks at: all, or those that a person named by a pattern."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from video_assets.foundation.errors import ProjectError
from video_assets.foundation.records import FootageRow


def due_rows(rows: Sequence[FootageRow]) -> dict[str, FootageRow]:
    """What an analysis is made of: clips and sounds by clip_id, the first path of each."""
    first = {row.clip_id: row for row in reversed(rows) if row.role in ("clip", "sound")}
    return {row.clip_id: row for row in rows if first.get(row.clip_id) is row}


def chosen(rows: Sequence[FootageRow], pattern: str) -> set[str]:
    """The clip_ids of the rows whose path matches; all where the pattern is empty.

    `pattern` is a shell pattern (`cam_a/*`, `*.mov`) on paths below the footage folder; `*` also
    stands for slashes. Raises ProjectError where it matches none of the rows.
    """
    found = {row.clip_id for row in rows if not pattern or fnmatchcase(row.path, pattern)}
    if rows and not found:
        some = ", ".join(sorted(row.path for row in rows)[:3])
        raise ProjectError(
            f"no clip matches {pattern!r}; paths look like {some}, so write a pattern such as "
            f"{rows[0].path.rpartition('/')[0] + '/*' if '/' in rows[0].path else '*.mp4'!r}"
        )
    return found
