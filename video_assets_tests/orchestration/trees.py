"""What tests that run whole commands share."""

import contextlib
import hashlib
import sqlite3
import sys
from pathlib import Path
from typing import Any

from video_assets.foundation.lease import holder_of


def cli(*arguments: object) -> list[str]:
    """A command line of ours."""
    return [sys.executable, "-m", "video_assets.cli", *map(str, arguments)]


def kept_files(data: Path) -> dict[str, str]:
    """Digest of every finished file of the project that does not speak of the data folder itself."""
    root = data / "projects" / "a"
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_file() and ".manifests" not in path.parts and path.suffix != ".part":
            found[path.relative_to(root).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def everything(data: Path) -> dict[str, str]:
    """Digest of every file below a data folder, `folder` for folders: what is left over is there.

    Left out: Dagster's own databases with our leases, which hold run ids and times (see `stuck`),
    and the files of the LanceDB tables, whose names are random (see `frames`).
    """
    found = {}
    for path in sorted(data.rglob("*")):
        name = path.relative_to(data)
        if name.parts[0] not in (".dagster", "index"):
            whole = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
            found[name.as_posix()] = whole
    return found


def frames(data: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of every LanceDB table, sorted."""
    import lancedb

    tables = {}
    for folder in sorted((data / "index").glob("*.lance")):
        try:
            table = lancedb.connect(str(data / "index")).open_table(folder.stem)
        except ValueError:  # killed before its first version: no table yet
            continue
        rows = table.to_arrow().to_pylist()
        tables[folder.stem] = sorted(rows, key=lambda row: str(row["id"]))
    return tables


def stuck(data: Path) -> list[str]:
    """What a killed command has left to others: runs that go on, places in pools, leases, and
    pieces of files beside the databases."""
    home = data / ".dagster"
    found = [p.name for p in sorted(home.rglob("*")) if p.name.endswith((".part", "-journal"))]
    ended = "('SUCCESS', 'FAILURE', 'CANCELED')"
    for file, query in (
        ("history/runs.db", f"select run_id, status from runs where status not in {ended}"),
        (
            "history/runs/index.db",
            "select run_id, step_key from concurrency_slots where run_id > ''",
        ),
        ("history/runs/index.db", "select run_id, step_key from pending_steps"),
    ):
        with contextlib.closing(sqlite3.connect(f"file:{home / file}?mode=ro", uri=True)) as base:
            found += [f"{file}: {row}" for row in base.execute(query)]
    for lease in sorted(home.glob("leases/**/*.sqlite")):
        found += [f"{lease.name}: {holder}" for holder in [holder_of(lease)] if holder]
    return found
