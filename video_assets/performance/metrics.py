"""The table of performance: one row a platform, post, metric and window."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "platform": "string",
    "post_id": "string",
    "metric": "string",
    "window_start": "datetime64[us, UTC]",
    "source_time": "datetime64[us, UTC]",
    "value": "float64",
    "cut_id": "string",
    "aspect": "string",
    "recipe": "string",
    "duration_s": "float64",
}
"""Column to pandas type. The first five are the key; the later source time wins."""


def empty_metrics() -> "pd.DataFrame":
    """No rows yet, the right columns and types: nothing has been published."""
    import pandas as pd

    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})


def problems(table: "pd.DataFrame") -> list[str]:
    """What is wrong with a metrics table: missing columns, rows that join to no cutdown."""
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        return [f"column {name!r} is missing" for name in missing]
    loose = table[table["cut_id"].isna()]
    return [f"{row.platform} post {row.post_id} joins no cutdown" for row in loose.itertuples()]
