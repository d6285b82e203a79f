"""Report files on their way into a project's inbox.

A file is named by its content, so bringing it twice adds nothing.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from video_assets.foundation.errors import LeaseError, StorageError, VideoAssetsError
from video_assets.foundation.store import Project, Workspace, write_atomic
from video_assets.performance.metrics import posts_in
from video_assets.performance.parsing import FILE_LIMIT
from video_assets.performance.published import Post, Posts, publications_of
from video_assets.performance.reported import read_reports

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

INBOX = "performance/inbox"
STEM_LIMIT = 80
"""Characters of a file's own name that are kept."""
NAMED = 10
"""Posts that a message names; the rest is counted."""


class ReportError(VideoAssetsError):
    """A report file holds nothing that can be used."""


@dataclass
class ImportReport:
    """What became of files that were brought."""

    files: dict[str, list[str]] = field(default_factory=dict)
    """Files in each project's inbox, by slug; those that lay there before included."""
    rows: dict[str, int] = field(default_factory=dict)
    """Numbers that each project's publications got, by slug."""
    set_aside: list[str] = field(default_factory=list)
    """What went nowhere, or will be a dead letter, and what to do: a line each."""


def files_in(project: Project) -> dict[str, Path]:
    """The files in a project's inbox by name, sorted; hidden ones are still being written."""
    inbox = project.path(INBOX)
    found = {}
    for path in sorted(inbox.rglob("*")) if inbox.is_dir() else ():
        inside = path.relative_to(inbox)
        if path.is_file() and not any(part.startswith(".") for part in inside.parts):
            found[inside.as_posix()] = path
    return found


def import_files(workspace: Workspace, files: Sequence[Path], project: str | None) -> ImportReport:
    """Brings report files to the projects whose posts they are about, or all to `project`.

    A file about one project goes there as it is, so its bad rows and unknown posts become that
    project's dead letters. Of a file about several projects each gets the rows of its own posts,
    and nobody the rest. Raises ReportError where nothing could be brought anywhere, ProjectError
    where `project` does not exist.
    """
    done = ImportReport()
    if project is not None:
        one = workspace.project(project)
        known = {one.slug: Posts(publications_of(one))}
    else:
        known = _outboxes(workspace, done)
    for file in files:
        try:
            rows, bad = _good_rows(file)
            where = _assign(rows, known)
            for slug, name, data in _parts(file, rows, where, project):
                _put(workspace.project(slug), name, data)
                done.files.setdefault(slug, []).append(name)
        except (ReportError, StorageError, LeaseError) as error:
            done.set_aside.append(str(error))
            continue
        for slug, count in where.counts.items():
            done.rows[slug] = done.rows.get(slug, 0) + count
        done.set_aside += _left(file, bad, where, project)
    if not done.files:
        raise ReportError("\n".join(done.set_aside) or "no file was named")
    return done


# what a file holds


def _good_rows(file: Path) -> "tuple[pd.DataFrame, pd.DataFrame]":
    """The good rows of a file and its dead letters; ReportError where there is no good row."""
    if not file.is_file():
        raise ReportError(f"{file} is no file: name a CSV or JSON file with numbers")
    rows, dead = read_reports([file.resolve()], [file.name])
    if rows.empty:
        why = "it holds no rows; see the README for the columns of a report"
        if len(dead):
            first = dead.iloc[0]
            line = f"line {first.line}: " if first.line else ""
            why = f"{line}{first.what}; {first.do}"
        raise ReportError(f"{file}: {why}")
    return rows, dead


def _bytes(file: Path) -> bytes:
    with open(file, "rb") as opened:
        data = opened.read(FILE_LIMIT + 1)
    if len(data) > FILE_LIMIT:
        raise ReportError(f"{file}: more than {FILE_LIMIT >> 20} MB; split it")
    return data


def _name(stem: str, suffix: str, data: bytes) -> str:
    """The name of some content; the same content gets it again."""
    digest = hashlib.sha256(data).hexdigest()[:12]
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-")[:STEM_LIMIT] or "report"
    plain = plain.removesuffix(f"-{digest}")
    return f"{plain}-{digest}{suffix}"


# whose it is


@dataclass
class _Where:
    """Whose the rows of a file are."""

    of_row: "np.ndarray"
    """Index into `slugs`; -1 for nobody's."""
    slugs: list[str]
    counts: dict[str, int]
    """Rows by slug."""
    unknown: list[Post]
    """Posts that no project knows."""
    several: dict[Post, list[str]]
    """Posts that more than one project knows."""


def _assign(rows: "pd.DataFrame", known: Mapping[str, Posts]) -> _Where:
    import numpy as np

    numbers, posts = posts_in(rows)
    slugs = sorted(known)
    of_post, unknown, several = [], [], {}
    for post in posts:
        owners = [slug for slug in slugs if known[slug].find(post)]
        of_post.append(slugs.index(owners[0]) if len(owners) == 1 else -1)
        if not owners:
            unknown.append(post)
        elif len(owners) > 1:
            several[post] = owners
    of_row = np.array(of_post, np.int64)[numbers.to_numpy()]
    counts = np.bincount(of_row[of_row >= 0], minlength=len(slugs))
    by_slug = {slug: int(n) for slug, n in zip(slugs, counts, strict=True) if n}
    return _Where(of_row, slugs, by_slug, sorted(unknown), several)


def _outboxes(workspace: Workspace, done: ImportReport) -> dict[str, Posts]:
    """What every project published; one whose outbox is damaged is left out, and said so."""
    found = {}
    for slug in workspace.projects():
        try:
            found[slug] = Posts(publications_of(Project(workspace, slug)))
        except StorageError as error:
            done.set_aside.append(f"project {slug} was left out: {error}")
    return found


def _parts(
    file: Path, rows: "pd.DataFrame", where: _Where, project: str | None
) -> list[tuple[str, str, bytes]]:
    """(slug, name, content) of every file to write."""
    only = project or (next(iter(where.counts)) if len(where.counts) == 1 else None)
    if only and (project or not where.several):
        data = _bytes(file)
        return [(only, _name(file.stem, file.suffix.lower(), data), data)]
    if not where.counts:
        raise ReportError(f"{file}: {_nobody(where)}")
    parts = []
    for number, slug in enumerate(where.slugs):
        if slug in where.counts:
            data = _as_csv(rows[where.of_row == number])
            parts.append((slug, _name(file.stem, ".csv", data), data))
    return parts


def _as_csv(rows: "pd.DataFrame") -> bytes:
    """Rows in long form, as `read_reports` reads them back."""
    plain = rows.copy()
    for name in ("window_start", "source_time"):
        plain[name] = plain[name].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return plain.to_csv(index=False, lineterminator="\n").encode()


def _put(project: Project, name: str, data: bytes) -> None:
    with project.leased(), project.guarded():
        write_atomic(project.path(f"{INBOX}/{name}"), data)


# what to tell people


def _named(posts: Iterable[Post]) -> str:
    names = [str(post) for post in posts]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _nobody(where: _Where) -> str:
    found = []
    if where.unknown:
        found.append(
            f"no project published {_named(where.unknown)}; publish first, or name the project "
            "with --project"
        )
    if where.several:
        slugs = sorted({slug for owners in where.several.values() for slug in owners})
        found.append(
            f"projects {', '.join(slugs)} all published {_named(where.several)}; name one with "
            "--project"
        )
    return "; ".join(found)


def _left(file: Path, bad: "pd.DataFrame", where: _Where, project: str | None) -> list[str]:
    """A line for each kind of row that joins nothing."""
    found = []
    shown = bad[["line", "what", "do"]].head(NAMED)
    for line, what, do in shown.itertuples(index=False, name=None):
        where_in = f", line {line}" if line else ""
        found.append(f"{file.name}{where_in}: {what}; {do}")
    if len(bad) > NAMED:
        found.append(f"{file.name}: {len(bad) - NAMED} more bad rows")
    if project and where.unknown:
        found.append(
            f"{file.name}: project {project} has not published {_named(where.unknown)}; "
            "these numbers wait until it has"
        )
    elif where.unknown or where.several:
        found.append(f"{file.name}: {_nobody(where)}")
    return found
