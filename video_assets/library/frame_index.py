"""Frames as vectors, in one LanceDB table for each embedder, shared by all projects.

One writer at a time and one write a project: a table's files stay few, and no key comes twice.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from video_assets.foundation.errors import Code, FootageError
from video_assets.foundation.progress import track
from video_assets.foundation.records import Shot
from video_assets.foundation.store import Workspace, check_slug, disk_errors
from video_assets.foundation.versions import FORMATS, refuse_newer
from video_assets.models.embedders import Embedder

BATCH = 256
"""Stills that are held in memory at a time (a still of 640x360 takes 0.7 MB)."""
MAX_FRAGMENTS = 50
"""Pieces of a table above which it is put together again: thousands cost memory and disk."""
_KEY = {b"lance-schema:unenforced-primary-key": b"true"}
_VERSION = "video_assets:schema_version"
"""Metadata of the column `project`: LanceDB keeps a table's own as they were when it was made."""
UPGRADES: dict[int, dict[str, str]] = {}
"""Columns that lead from a version of the table to the next, each with what rows get (SQL)."""


def table_name(model: str) -> str:
    """The table of an embedder: vectors of different models never share one."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", model)[:40]
    return f"frames-{plain}-{hashlib.sha256(model.encode()).hexdigest()[:8]}"


def index_frames(
    workspace: Workspace,
    project_slug: str,
    shots: Sequence[Shot],
    embedder: Embedder,
    writing: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> tuple[int, str]:
    """Replaces the project's rows by one for each still; returns how many, and their digest.

    The digest is of ids, times and vectors, not of the table's files: the same stills give the same
    digest. Where the table holds just these rows already, nothing is written. `writing` is entered
    around the write itself: whoever lost the project's lease is refused there. Raises FootageError
    where a still cannot be read.
    """
    ids, columns, vectors = _rows(workspace, check_slug(project_slug), shots, embedder)
    digest = _digest(embedder.name, ids, columns["time_s"], vectors)
    table = _table(workspace, embedder.name, embedder.size if ids else 0, create=bool(ids))
    if table is None:
        return 0, digest
    if _stored_digest(table, project_slug, embedder.name) == digest:
        return len(ids), digest
    mine = f"project = '{project_slug}'"
    with disk_errors(workspace.index), writing():
        upgrade_table(table)
        if not ids:
            table.delete(mine)
            return 0, digest
        merge = table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
        merge.when_not_matched_by_source_delete(mine).execute(_arrow(columns, vectors))
        _add_indices(table)
        if _fragments(table) > MAX_FRAGMENTS:
            table.optimize()
    return len(ids), digest


def similar(
    workspace: Workspace,
    project_slug: str,
    vector: np.ndarray,
    limit: int,
    model: str = "look-1",
) -> list[tuple[str, float]]:
    """The project's shots by their best frame: (shot_id, cosine -1..1), best first, exact.

    `vector`: a query of the same model. Empty where nothing is indexed.
    """
    if limit <= 0:
        return []
    return frame_scores(workspace, project_slug, vector, model)[:limit]


def frame_scores(
    workspace: Workspace, project_slug: str, vector: np.ndarray, model: str = "look-1"
) -> list[tuple[str, float]]:
    """Every shot of the project with the cosine of its best frame, best first."""
    table = _table(workspace, model, 0, create=False)
    count = table.count_rows(f"project = '{check_slug(project_slug)}'") if table is not None else 0
    if table is None or not count:
        return []
    found = (
        table.search(np.asarray(vector, np.float32))
        .distance_type("cosine")
        .where(f"project = '{project_slug}'", prefilter=True)
        .select(["shot_id", "_distance"])
        .limit(count)
        .to_arrow()
    )
    best: dict[str, float] = {}
    for shot_id, distance in zip(
        found["shot_id"].to_pylist(), found["_distance"].to_pylist(), strict=True
    ):
        best[shot_id] = max(best.get(shot_id, -1.0), 1.0 - distance)
    ranked = sorted(best.items(), key=lambda pair: (-round(pair[1], 6), pair[0]))
    return [(shot_id, round(score, 6)) for shot_id, score in ranked]


def forget_project(workspace: Workspace, project_slug: str) -> None:
    """Deletes the project's rows from the tables of all models."""
    mine = f"project = '{check_slug(project_slug)}'"
    with disk_errors(workspace.index):
        tables = tables_of(workspace)
        for name, table in tables.items():
            refuse_newer(workspace.index / name, "frames table", table_version(table), _known())
        for table in tables.values():
            table.delete(mine)


def tables_of(workspace: Workspace) -> dict[str, Any]:
    """Every table of the index, by name."""
    names = sorted(one.stem for one in workspace.index.glob("*.lance") if _has_begun(one))
    if not names:
        return {}
    import lancedb

    base = lancedb.connect(str(workspace.index))
    return {name: base.open_table(name) for name in names}


def table_version(table: Any) -> int:
    """The version of a table's columns; those that bear none are the first."""
    said = table.schema.field("project").metadata or {}
    return int(said.get(_VERSION.encode(), b"1"))


def upgrade_table(table: Any) -> None:
    """Gives an older table the columns that came since; ends half-way without harm."""
    found = table_version(table)
    for version in range(found, _known()):
        for name, value in UPGRADES.get(version, {}).items():
            if name not in table.schema.names:
                table.add_columns({name: value})
    if found < _known():
        table.update_field_metadata({"path": "project", "metadata": {_VERSION: str(_known())}})


def _known() -> int:
    return FORMATS["frames table"]


def vectors_of(workspace: Workspace, project_slug: str, model: str) -> dict[str, np.ndarray]:
    """For each shot of the project its vectors in time order, float32 (stills, size)."""
    rows = _stored(_table(workspace, model, 0, create=False), project_slug)
    firsts = [i for i, s in enumerate(rows.shot_ids) if i == 0 or s != rows.shot_ids[i - 1]]
    ends = [*firsts[1:], len(rows.ids)] if firsts else []
    return {rows.shot_ids[a]: rows.vectors[a:b] for a, b in zip(firsts, ends, strict=True)}


def every_shot_represented(
    workspace: Workspace, slug: str, shots: Sequence[Shot], model: str
) -> list[str]:
    """Problems: shots without a row, rows of shots that are gone, rows of another model."""
    rows = _stored(_table(workspace, model, 0, create=False), slug)
    there = set(rows.shot_ids)
    known = {s.shot_id for s in shots}
    problems = [
        f"shot {s.shot_id} has no frame in the index" for s in shots if s.shot_id not in there
    ]
    problems += [f"the index holds shot {gone}, which is gone" for gone in sorted(there - known)]
    strange = sorted(set(rows.models) - {model})
    return problems + [f"rows of model {other} lie in the table of {model}" for other in strange]


def normalised(workspace: Workspace, slug: str, model: str) -> list[str]:
    """Problems: vectors whose length is not 1 within a thousandth, or that are no numbers."""
    rows = _stored(_table(workspace, model, 0, create=False), slug)
    lengths = np.linalg.norm(rows.vectors.astype(np.float64), axis=1)
    return [
        f"the vector of {name} has length {length:.4f}, not 1"
        for name, length in zip(rows.ids, lengths, strict=True)
        if not abs(length - 1.0) <= 1e-3
    ]


def _rows(
    workspace: Workspace, slug: str, shots: Sequence[Shot], embedder: Embedder
) -> tuple[list[str], dict[str, list[Any]], np.ndarray]:
    stills = [
        (shot, time, workspace.root / path)
        for shot in sorted(shots, key=lambda s: s.shot_id)
        for time, path in zip(shot.still_times, shot.stills, strict=True)
    ]
    ids = [f"{slug}/{shot.shot_id}/{_exact(time)}" for shot, time, _ in stills]
    parts: list[np.ndarray] = []
    with track("indexing frames", len(stills)) as progress:
        for first in range(0, len(stills), BATCH):
            batch = stills[first : first + BATCH]
            parts.append(embedder.images([read_picture(path) for *_, path in batch]))
            progress.advance(len(batch))
    columns: dict[str, list[Any]] = {
        "id": ids,
        "project": [slug] * len(stills),
        "clip_id": [shot.clip_id for shot, *_ in stills],
        "shot_id": [shot.shot_id for shot, *_ in stills],
        "time_s": [float(time) for _, time, _ in stills],
        "model": [embedder.name] * len(stills),
    }
    vectors = np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)
    return ids, columns, vectors


def _exact(time: Fraction) -> str:
    return f"{time.numerator}_{time.denominator}"


def read_picture(path: Path) -> np.ndarray:
    """uint8 (height, width, 3) RGB of a JPEG or PNG. Raises FootageError where it is none."""
    import cv2

    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise FootageError(
            f"{path.name} cannot be read ({error.strerror})",
            Code.DECODE,
            "name a picture that is there",
        ) from error
    try:
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    except cv2.error as error:  # above its pixel limit
        raise FootageError(f"{path.name} is too large", Code.PIXELS, "make it smaller") from error
    if picture is None:
        raise FootageError(f"{path.name} is no picture", Code.DECODE, "give it as JPEG or PNG")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))


def _digest(model: str, ids: Sequence[str], times: Sequence[float], vectors: np.ndarray) -> str:
    order = sorted(range(len(ids)), key=lambda i: ids[i])
    digest = hashlib.sha256(model.encode())
    for i in order:
        digest.update(f"\n{ids[i]} {times[i]!r} ".encode())
        digest.update(np.ascontiguousarray(vectors[i], "<f4").tobytes())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class _Stored:
    """A project's rows in the order of shot, time and id."""

    ids: list[str]
    shot_ids: list[str]
    times: list[float]
    models: list[str]
    vectors: np.ndarray


def _stored(table: Any, slug: str) -> _Stored:
    check_slug(slug)
    count = table.count_rows(f"project = '{slug}'") if table is not None else 0
    if not count:
        return _Stored([], [], [], [], np.zeros((0, 0), np.float32))
    found = table.search().where(f"project = '{slug}'").limit(count).to_arrow()
    ids, shots, times, models = (
        found[name].to_pylist() for name in ("id", "shot_id", "time_s", "model")
    )
    flat = np.asarray(found["vector"].combine_chunks().flatten(), np.float32)
    order = sorted(range(count), key=lambda i: (shots[i], times[i], ids[i]))
    return _Stored(
        [ids[i] for i in order],
        [shots[i] for i in order],
        [times[i] for i in order],
        [models[i] for i in order],
        flat.reshape(count, -1)[order],
    )


def _stored_digest(table: Any, slug: str, model: str) -> str:
    rows = _stored(table, slug)
    return _digest(model, rows.ids, rows.times, rows.vectors)


def _schema(size: int) -> Any:
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False, metadata=_KEY),
            pa.field("project", pa.string(), metadata={_VERSION: str(_known())}),
            pa.field("clip_id", pa.string()),
            pa.field("shot_id", pa.string()),
            pa.field("time_s", pa.float64()),
            pa.field("model", pa.string()),
            pa.field("vector", pa.list_(pa.float32(), size)),
        ]
    )


def _arrow(columns: dict[str, list[Any]], vectors: np.ndarray) -> Any:
    import pyarrow as pa

    flat = pa.array(np.ascontiguousarray(vectors, np.float32).ravel())
    column = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    return pa.table({**columns, "vector": column}, schema=_schema(vectors.shape[1]))


def _table(workspace: Workspace, model: str, size: int, create: bool) -> Any:
    """The embedder's table; None where there is none and `create` is not asked for."""
    folder = workspace.index / f"{table_name(model)}.lance"
    if not create and not _has_begun(folder):
        return None
    import lancedb

    with disk_errors(workspace.index):
        workspace.index.mkdir(parents=True, exist_ok=True)
        base = lancedb.connect(str(workspace.index))
        if not _has_begun(folder):
            try:
                return base.create_table(table_name(model), schema=_schema(size))
            except (ValueError, OSError, RuntimeError):
                if not _has_begun(folder):  # else another project was faster
                    raise
        table = base.open_table(table_name(model))
        refuse_newer(
            workspace.index / table_name(model), "frames table", table_version(table), _known()
        )
        return table


def _has_begun(folder: Path) -> bool:
    """Whether a table has its first version: who is killed before leaves a folder without one."""
    return any((folder / "_versions").glob("*.manifest"))


def _fragments(table: Any) -> int:
    return int(table.stats()["fragment_stats"]["num_fragments"])


def _add_indices(table: Any) -> None:
    """Once a table: rows by id and by project. Rows added later are found all the same."""
    from lancedb.index import Bitmap, BTree

    there = {tuple(i.columns) for i in table.list_indices()}
    if ("project",) not in there:
        table.create_index("project", config=Bitmap())
    if ("id",) not in there:
        table.create_index("id", config=BTree())
