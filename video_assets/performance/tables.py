"""The tables of performance: their columns, and how they are written and read.

The same rows give the same bytes. A page that was damaged on the disk is noticed by its checksum.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from video_assets.foundation.errors import StorageError
from video_assets.foundation.records import Learning, schema_version
from video_assets.foundation.versions import FORMATS, UPGRADES, refuse_newer, upgraded

if TYPE_CHECKING:
    import pandas as pd

TIME = "datetime64[us, UTC]"

POST = {"platform": "str", "post_id": "str", "cut_id": "str", "aspect": "str"}
"""How a report names a post: by the platform's id, or, where that is empty, by cut and aspect."""

REPORTED = {
    **POST,
    "metric": "str",
    "window_start": TIME,
    "source_time": TIME,
    "value": "float64",
}
"""The ledger: everything that was ever reported. All columns but the value are the key."""

TRAITS = ("hook", "recipe", "pace", "length", "subject")

METRICS = {
    "platform": "str",
    "post_id": "str",
    "metric": "str",
    "window_start": TIME,
    "source_time": TIME,
    "value": "float64",
    "project": "str",
    "round": "str",
    "cut_id": "str",
    "aspect": "str",
    "channel": "str",
    "publication": "str",
    "idea": "str",
    "takes": "str",
    **dict.fromkeys(TRAITS, "str"),
}
"""The joined table: `publication` is the outbox's key; `takes` is joined with commas; what is not
known is empty."""

DEAD = {
    "file": "str",
    "line": "int64",
    **POST,
    "rows": "int64",
    "code": "int64",
    "family": "str",
    "what": "str",
    "do": "str",
}
"""What was set aside. A row of a file has its file and line; a post that the outbox does not know
has its name, and how many rows wait for it."""

LEARNINGS = {
    "brand": "str",
    "trait": "str",
    "value": "str",
    "metric": "str",
    "effect": "float64",
    "samples": "int64",
    "cuts": "int64",
}
"""The columns of `foundation.records.Learning`, and how many cuts the samples are of."""


def empty(columns: Mapping[str, str]) -> "pd.DataFrame":
    """No rows, the right columns and types."""
    import pandas as pd

    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})


def shaped(rows: Any, columns: Mapping[str, str]) -> "pd.DataFrame":
    """Rows (a table, or a sequence of tuples) with exactly these columns and types."""
    import pandas as pd

    if not isinstance(rows, pd.DataFrame):
        rows = pd.DataFrame(rows, columns=list(columns))
    frame: pd.DataFrame = rows[list(columns)].astype(dict(columns)).reset_index(drop=True)
    return frame


def stacked(frames: "Sequence[pd.DataFrame]", columns: Mapping[str, str]) -> "pd.DataFrame":
    """Tables of the same columns, one below the other."""
    import pandas as pd

    filled = [frame for frame in frames if len(frame)]
    return shaped(pd.concat(filled, ignore_index=True), columns) if filled else empty(columns)


def _format(columns: Mapping[str, str]) -> tuple[str, int]:
    """Name and version of the table that has these columns."""
    if columns == LEARNINGS:  # is read as records, too
        return "Learning", schema_version(Learning)
    known = (("reported", REPORTED), ("metrics", METRICS), ("unjoined", DEAD))
    name = next((name for name, own in known if own == columns), "")
    return name, FORMATS.get(name, 1)


def write_table(frame: "pd.DataFrame", path: Path, columns: Mapping[str, str]) -> None:
    """A Parquet file with these columns, none of them null."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {
        "str": pa.string(),
        "int64": pa.int64(),
        "float64": pa.float64(),
        TIME: pa.timestamp("us", tz="UTC"),
    }
    fields = [pa.field(name, kinds[kind], nullable=False) for name, kind in columns.items()]
    schema = pa.schema(fields, metadata={"schema_version": str(_format(columns)[1])})
    table = pa.Table.from_pandas(frame[list(columns)], schema=schema, preserve_index=False)
    table = table.replace_schema_metadata(schema.metadata)
    pq.write_table(table, path, compression="zstd", write_page_checksum=True)


def read_table(path: Path, columns: Mapping[str, str], only: Sequence[str] = ()) -> "pd.DataFrame":
    """The table of a file that `write_table` made, in this version or an older one; `only`: some of
    its columns. What an older one lacks is empty, 0 or the year 1970.

    Raises StorageError where the file is absent, damaged, or another table, NewerFormat where it is
    of a later product.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = list(only or columns)
    name, known = _format(columns)
    try:
        found = int((pq.read_schema(path).metadata or {}).get(b"schema_version", b"1"))
        refuse_newer(path, name, found, known)
        wanted = names if found == known else None
        table = pq.read_table(path, columns=wanted, page_checksum_verification=True)
        if any((name, version) in UPGRADES for version in range(found, known)):
            rows = [upgraded(path, name, row, found, known) for row in table.to_pylist()]
            table = pa.Table.from_pylist(rows)
        frame = table.to_pandas()
        if found != known:
            blank = {"str": "", TIME: pd.Timestamp(0, tz="UTC")}
            lacking = [n for n in names if n not in frame.columns]
            frame = frame.assign(**{n: blank.get(columns[n], 0) for n in lacking})
        return shaped(frame, {name: columns[name] for name in names})
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise StorageError(
            f"{path} cannot be read ({type(error).__name__}); run again to make it anew"
        ) from error


def count_rows(path: Path) -> int:
    """How many rows a Parquet file holds, without reading them."""
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)
