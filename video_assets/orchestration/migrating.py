"""Bringing what is stored to the present formats: `video-assets migrate`.

Derived files are never rewritten: they are read at whatever version they have (see
`foundation.versions`), their digests stay what manifests, verdicts and seals say they are, and what
makes them again is their step's version, as ever. What cannot be made again (answers, the outbox,
frozen rounds, settings) is written down in the present format, one file at a time, under the
project's lease: a copy of the old file first, then the new one in its place, whole or not at all.
The copies go when everything was read back. Whoever is killed in between runs the same again.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from video_assets.editorial.rounds import round_of
from video_assets.foundation.errors import StorageError, VideoAssetsError
from video_assets.foundation.records import record_versions
from video_assets.foundation.store import Project, Workspace
from video_assets.foundation.versions import (
    FORMAT,
    FORMATS,
    STAMP,
    NewerFormat,
    format_of,
    number,
)
from video_assets.orchestration.assets.delivery import RENDER_VERSION
from video_assets.orchestration.graph import STEPS
from video_assets.orchestration.irreplaceable import Place, places, read_back, read_json, tidy
from video_assets.orchestration.rounds import sealed

PATIENCE = 5.0
"""Seconds to wait for somebody who works on a project just now."""

IN_PLACE = "upgraded in place"
AS_IT_IS = "read as it is"
AGAIN = "made again by the next run"
REFUSED = "refused: update video_assets"
DAMAGED = "damaged: left alone"


@dataclass(frozen=True, slots=True)
class Old:
    """Something stored that is not of the present version."""

    project: str
    """Empty for what all projects share."""
    path: str
    """Below the project's folder, or the data folder; an asset's name."""
    format: str
    has: str
    knows: str
    becomes: str
    """What happens to it."""


@dataclass(frozen=True, slots=True)
class Migration:
    """What was old, and what went wrong."""

    old: tuple[Old, ...]
    problems: tuple[str, ...] = ()


def migrate(workspace: Workspace, slugs: Sequence[str], dry_run: bool = False) -> Migration:
    """Upgrades these projects and what they share; `dry_run` only says what would happen.

    A project that cannot be upgraded is a problem of its own and holds up no other.
    """
    old: list[Old] = []
    problems: list[str] = []
    for slug in slugs:
        with _told(problems):
            old += look(workspace, slug)
            if not dry_run:
                upgrade_project(workspace.project(slug))
    with _told(problems):
        old += _shared(workspace, dry_run)
    return Migration(tuple(old), tuple(problems))


@contextlib.contextmanager
def _told(problems: list[str]) -> Iterator[None]:
    try:
        yield
    except VideoAssetsError as error:
        problems.append(str(error))


def look(workspace: Workspace, slug: str) -> list[Old]:
    """What of a project is not of the present version; nothing is changed."""
    try:
        project = workspace.project(slug)
    except NewerFormat:
        return [Old(slug, STAMP, "formats", "newer", "", REFUSED)]
    found = [_old(project, path, one) for one in places() for path in one.files(project)]
    return [row for row in found if row] + _derived(project)


def upgrade_project(project: Project) -> None:
    """Writes what cannot be made again in the present formats. Does nothing where it is.

    LeaseError where somebody works on the project; StorageError where a file is damaged or does not
    read back: the copies of the old files are then still beside them (`NAME.v1`).
    """
    with project.leased(PATIENCE):
        with project.guarded():
            pass  # the stamp comes first: from here on no older product writes
        for one in places():
            for path in one.files(project):
                if one.version(path) < FORMATS[one.format]:
                    one.upgrade(project, path)
        read_back(project)
        with project.guarded():
            tidy(project)


def _old(project: Project, path: Path, one: Place) -> Old | None:
    name, knows = path.relative_to(project.root).as_posix(), FORMATS[one.format]
    try:
        has = one.version(path)
    except NewerFormat:
        return Old(project.slug, name, one.format, "newer", str(knows), REFUSED)
    except (VideoAssetsError, sqlite3.Error):
        return Old(project.slug, name, one.format, "?", str(knows), DAMAGED)
    if has == knows:
        return None
    return Old(project.slug, name, one.format, str(has), str(knows), IN_PLACE)


# what is made from something else


def _derived(project: Project) -> list[Old]:
    """Tables and files of an older format, and assets that a newer step makes again."""
    found: list[Old] = []
    for step in STEPS:
        manifest = project.manifest(step.name)
        if manifest is None:
            continue
        for output in manifest.outputs:
            one = _old_output(project, output.path)
            if one:
                found.append(one)
        if manifest.version != step.version:
            size = f"asset, files: {len(manifest.outputs)}"
            found.append(Old(project.slug, step.name, size, manifest.version, step.version, AGAIN))
    frozen = {one.name for one in sealed(project)}
    due = [
        m
        for m in project.manifests("artefacts")
        if m.version != RENDER_VERSION and round_of(m.facts.get("cut_id", "")) not in frozen
    ]
    if due:
        what = f"cutdowns of open rounds: {len(due)}"
        found.append(Old(project.slug, "artefacts", what, due[0].version, RENDER_VERSION, AGAIN))
    return found


def _old_output(project: Project, name: str) -> Old | None:
    path, kind = project.path(name), format_of(name)
    try:
        if name.endswith(".parquet"):
            record, has = _table(path)
            kind = record or kind
        elif kind and name.endswith(".json"):
            has = number(read_json(path).get(FORMAT, 1))
        else:
            return None
    except (OSError, ValueError, StorageError):
        return None  # absent or damaged: `run` makes it again
    knows = {**FORMATS, **record_versions()}.get(kind, has)
    if has == knows:
        return None
    becomes = AS_IT_IS if has < knows else REFUSED
    return Old(project.slug, name, kind, str(has), str(knows), becomes)


def _table(path: Path) -> tuple[str, int]:
    """A Parquet file's record and version; ValueError where it is none of ours."""
    import pyarrow.parquet as pq

    said = pq.read_schema(path).metadata or {}
    return said.get(b"record", b"").decode(), int(said.get(b"schema_version", b"1"))


# what all projects share


def _shared(workspace: Workspace, dry_run: bool) -> list[Old]:
    """The tables of the frame index; leases are brought up to date by whoever takes them."""
    from video_assets.library.frame_index import table_version, tables_of, upgrade_table

    found = []
    for name, table in tables_of(workspace).items():
        has, knows = table_version(table), FORMATS["frames table"]
        if has < knows:
            found.append(Old("", f"index/{name}", "frames table", str(has), str(knows), IN_PLACE))
            if not dry_run:
                upgrade_table(table)
        elif has > knows:
            found.append(Old("", f"index/{name}", "frames table", str(has), str(knows), REFUSED))
    return found
