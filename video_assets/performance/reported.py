"""What platforms reported: rows of files, typed and checked. A bad row is a row of its own table.

Long form names a metric in each row; wide form has a column for each:

    platform,post_id,metric,window_start,source_time,value
    ig_reels,1789,views,2026-11-02,2026-11-09T06:00:00Z,412

    platform,cut_id,aspect,window_start,views,likes,watch_rate
    folder,r1-02,9x16,2026-11-02,412,31,0.52

A window's value is what happened within it (a day's views, not all views since the post went out).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from video_assets.foundation.errors import Code
from video_assets.performance.metrics import COUNTS, is_rate
from video_assets.performance.parsing import Block, Unreadable, blocks
from video_assets.performance.tables import DEAD, REPORTED, empty, shaped

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

VALUE_LIMIT = 5_000_000
"""Numbers of one file."""
DEAD_LIMIT = 100_000
"""Rows of one file that are set aside one by one; the rest is counted in one more."""
LARGEST = 1e12
"""Above any count or rate of one post: a spreadsheet's slip, which would drown all others."""
TEXT_LIMIT = 200
"""Characters of a platform, id, cut or metric."""

NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
TIME_OF = re.compile(
    r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?( ?(Z|[+-]\d{2}:?\d{2}))?)?"
)
METRIC = r"^[a-z][a-z0-9_]{0,63}$"
ROUNDED = r"^[0-9][.,][0-9]+[eE]\+[0-9]+$"
"""An id that a spreadsheet took for a number."""

EARLIEST, LATEST = "2000-01-01", "2100-01-01"

KEYS = ("platform", "post_id", "cut_id", "aspect", "window_start", "source_time")
NO_METRICS = re.compile(
    r"id|.*_id|url|link|title|caption|name|date|duration(_s)?|metric|value|_\d+"
)
"""Columns that are never metrics, although some look like numbers."""

_WRITE_NUMBER = "write numbers like 1234.5, without thousands marks, signs of currency or formulas"
_WRITE_TIME = "write times like 2026-11-02 or 2026-11-02T06:00:00Z"
_NAME_POST = "name platform and post_id, or platform, cut_id and aspect"


@dataclass(frozen=True, slots=True)
class _Check:
    """One way in which a row can be wrong."""

    column: str
    wrong: Any
    """bool array, one a row."""
    what: str
    do: str


def read_reports(
    files: Sequence[Path], names: Sequence[str] = ()
) -> "tuple[pd.DataFrame, pd.DataFrame]":
    """Every good row of the files, and what had to be set aside.

    The first table has the columns `tables.REPORTED`, in the order of the files; the second
    `tables.DEAD`. `names`: how dead letters call the files; their own names where not given. A row
    without source_time counts as reported when its window began: no clock and no file time is
    asked, so the same files give the same rows.
    """
    import pandas as pd

    good, dead = [empty(REPORTED)], [empty(DEAD)]
    for path, name in zip(files, names or [f.name for f in files], strict=True):
        rows, bad = _read(path, name)
        good += rows
        dead.append(bad)
    return (
        pd.concat(good, ignore_index=True),
        pd.concat([d for d in dead if len(d)] or dead[:1], ignore_index=True),
    )


def dead_row(
    name: str, line: int, what: str, do: str, code: Code = Code.SCHEMA, rows: int = 1
) -> tuple[Any, ...]:
    """A dead letter about a file or one of its lines, in the order of `tables.DEAD`."""
    return (name, line, "", "", "", "", rows, int(code), code.family, what, do)


def _read(path: Path, name: str) -> "tuple[list[pd.DataFrame], pd.DataFrame]":
    good: list[pd.DataFrame] = []
    dead: list[tuple[Any, ...]] = []
    beyond = values = 0
    form = _Form()
    try:
        for block in blocks(path):
            form.look(block)
            rows, bad = _typed(block, form)
            values += len(rows)
            if values > VALUE_LIMIT:
                raise Unreadable(
                    f"more than {VALUE_LIMIT} numbers", Code.MEMORY, "split it, by week or platform"
                )
            good.append(rows)
            for line, what, do in sorted(bad):
                if len(dead) < DEAD_LIMIT:
                    dead.append(dead_row(name, line, what, do))
                else:
                    beyond += 1
    except Unreadable as error:
        if error.code == Code.MEMORY:
            good = []  # a bomb, not a report: none of it counts
        dead.append(dead_row(name, 0, error.what, error.do, error.code))
    except OSError as error:
        what = f"it cannot be read ({error.strerror})"
        dead.append(dead_row(name, 0, what, "check its rights"))
    if beyond:
        what = f"{beyond} more rows like the {DEAD_LIMIT} above"
        dead.append(dead_row(name, 0, what, "mend the export", rows=beyond))
    return good, shaped(dead, DEAD)


class _Form:
    """How a file is laid out; its first block tells, later ones may only bring new columns."""

    def __init__(self) -> None:
        self.seen = False
        self.long = False
        self._is_metric: dict[str, bool] = {}

    @property
    def metrics(self) -> list[str]:
        """The columns of a wide file that hold numbers."""
        return sorted(name for name, is_metric in self._is_metric.items() if is_metric)

    def look(self, block: Block) -> None:
        """Learns from a block. Raises Unreadable where the columns are not those of a report.

        A name like views or watch_rate is enough for a metric. Another column counts where at least
        half of what is written in it are numbers, in the first block in which anything is.
        """
        if not block.columns:
            return
        if not self.seen:
            self._begin(set(block.columns))
        if self.long:
            return
        import pyarrow.compute as pc

        for name in sorted(set(block.columns) - set(KEYS) - set(self._is_metric)):
            column = block.columns[name]
            if NO_METRICS.fullmatch(name) or not re.fullmatch(METRIC, name):
                self._is_metric[name] = False
            elif name in COUNTS or is_rate(name):
                self._is_metric[name] = True
            elif filled := pc.sum(pc.not_equal(column, "")).as_py():
                numbers = pc.sum(pc.match_substring_regex(column, NUMBER)).as_py()
                self._is_metric[name] = 2 * numbers >= filled
        if not len(block.lines):
            return
        if not self.seen and not self.metrics:
            raise Unreadable(
                "no column holds numbers", do="add metric and value, or a column for each metric"
            )
        self.seen = True

    def _begin(self, names: set[str]) -> None:
        missing = [n for n in ("platform", "window_start") if n not in names]
        if "post_id" not in names and not {"cut_id", "aspect"} <= names:
            missing.append("post_id (or cut_id and aspect)")
        if "metric" in names and "value" not in names:
            missing.append("value")
        if missing:
            raise Unreadable(
                f"no column {', '.join(missing)}", do="see the README for the columns of a report"
            )
        self.long = "metric" in names
        self.seen = self.long


def _typed(block: Block, form: _Form) -> "tuple[pd.DataFrame, list[tuple[int, str, str]]]":
    """The good rows of a block, and (line, what, do) of the others."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    bad = [(line, what, "write one value for each column") for line, what in block.broken]
    size = len(block.lines)
    if not size:
        return empty(REPORTED), bad
    nothing = pa.array([""] * size, pa.string())
    text = {name: block.columns.get(name, nothing) for name in KEYS}
    text["platform"] = pc.utf8_lower(text["platform"])
    text["aspect"] = pc.replace_substring(text["aspect"], ":", "x")
    starts = _times(text["window_start"])
    sources = _times(text["source_time"])
    unsaid = _flags(pc.equal(text["source_time"], ""))
    sources = np.where(unsaid, starts, sources)
    by_id = _flags(pc.not_equal(text["post_id"], ""))
    by_cut = _flags(pc.and_(pc.not_equal(text["cut_id"], ""), pc.not_equal(text["aspect"], "")))
    too_long = np.zeros(size, bool)
    for name in ("platform", "post_id", "cut_id", "aspect"):
        too_long |= _flags(pc.greater(pc.utf8_length(text[name]), TEXT_LIMIT))
    rounded = _flags(pc.match_substring_regex(text["post_id"], ROUNDED))
    checks = [
        _Check("platform", _flags(pc.equal(text["platform"], "")), "no platform", _NAME_POST),
        _Check("post_id", ~(by_id | by_cut), "no post is named", _NAME_POST),
        _Check("post_id", too_long, f"a name over {TEXT_LIMIT} characters", _NAME_POST),
        _Check("post_id", rounded, "a spreadsheet rounded the id", "export ids as text"),
        _Check("window_start", np.isnat(starts), "window_start is no time", _WRITE_TIME),
        _Check("source_time", np.isnat(sources) & ~unsaid, "source_time is no time", _WRITE_TIME),
    ]
    fine = np.ones(size, bool)
    for check in checks:
        bad += _named(block, text[check.column], check, fine)
        fine &= ~check.wrong
    # a post has one name: the platform's id where there is one
    for name in ("cut_id", "aspect"):
        text[name] = pc.if_else(pa.array(by_id & ~by_cut), "", text[name])
    pieces = []
    for metric, values, filled in _values(block, form):
        here = fine.copy()
        if isinstance(metric, str):
            here &= filled
            label = f"{metric} is no number"
        else:
            label = "value is no number"
            odd = ~_flags(pc.match_substring_regex(metric, METRIC))
            check = _Check("metric", odd, "metric is no name", "name it like watch_rate")
            bad += _named(block, metric, check, here)
            here &= ~odd
        number, wrong = _numbers(values)
        bad += _named(block, values, _Check("value", wrong, label, _WRITE_NUMBER), here)
        here &= ~wrong
        huge = np.abs(number) > LARGEST
        label = f"a number over {LARGEST:.0e}"
        bad += _named(block, values, _Check("value", huge, label, _WRITE_NUMBER), here)
        here &= ~huge
        pieces.append(_piece(text, metric, starts, sources, number, here))
    return _stacked(pieces), bad


def _values(block: Block, form: _Form) -> "Iterable[tuple[str | pa.Array, pa.Array, np.ndarray]]":
    """Metric (one name, or one a row), its values as text, and where there are any."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if form.long:
        size = len(block.lines)
        nothing = pa.array([""] * size, pa.string())  # JSON may leave a name out
        names = pc.utf8_lower(block.columns.get("metric", nothing))
        plain = pc.replace_substring_regex(names, r"[\s-]+", "_")
        yield plain, block.columns.get("value", nothing), np.ones(size, bool)
        return
    for name in form.metrics:
        if name in block.columns:
            values = block.columns[name]
            yield name, values, _flags(pc.not_equal(values, ""))


def _flags(column: "pa.Array") -> "np.ndarray":
    import numpy as np

    return np.asarray(column.to_numpy(zero_copy_only=False), bool)


def _times(column: "pa.Array") -> "np.ndarray":
    """datetime64[us] in UTC; NaT for what is no time between 2000 and 2100."""
    import numpy as np
    import pandas as pd

    encoded = column.dictionary_encode()  # a file names few different times
    texts = encoded.dictionary.to_pylist()
    known = [t if TIME_OF.fullmatch(t) else None for t in texts]
    parsed = pd.to_datetime(
        pd.Series(known, dtype="object"), format="ISO8601", utc=True, errors="coerce"
    )
    times = parsed.dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    outside = (times < np.datetime64(EARLIEST)) | (times >= np.datetime64(LATEST))
    times[outside] = np.datetime64("NaT")
    return np.asarray(times[encoded.indices.to_numpy(zero_copy_only=False)])


def _numbers(column: "pa.Array") -> "tuple[np.ndarray, np.ndarray]":
    """float64 of every cell, and which cells are no finite number."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    written = pc.match_substring_regex(column, NUMBER)
    number = np.asarray(
        pc.cast(pc.if_else(written, column, "0"), pa.float64()).to_numpy(zero_copy_only=False)
    )
    return number, ~(_flags(written) & np.isfinite(number))


def _named(
    block: Block, column: "pa.Array", check: _Check, among: "np.ndarray"
) -> list[tuple[int, str, str]]:
    """The rows of `among` that fail a check, with a short look at the cell."""
    import numpy as np

    found = []
    for row in np.flatnonzero(check.wrong & among):
        cell = column[int(row)].as_py()
        seen = f": {cell[:40]!r}" if cell else ""
        found.append((int(block.lines[row]), check.what + seen, check.do))
    return found


def _piece(
    text: "dict[str, pa.Array]",
    metric: "str | pa.Array",
    starts: "np.ndarray",
    sources: "np.ndarray",
    number: "np.ndarray",
    here: "np.ndarray",
) -> "pd.DataFrame":
    import pandas as pd
    import pyarrow as pa

    mask = pa.array(here)
    columns: dict[str, Any] = {
        name: text[name].filter(mask).to_pandas()
        for name in ("platform", "post_id", "cut_id", "aspect")
    }
    columns["metric"] = metric if isinstance(metric, str) else metric.filter(mask).to_pandas()
    frame = pd.DataFrame(columns)
    frame["window_start"] = pd.DatetimeIndex(starts[here]).tz_localize("UTC")
    frame["source_time"] = pd.DatetimeIndex(sources[here]).tz_localize("UTC")
    frame["value"] = number[here] + 0.0  # never -0.0
    return shaped(frame, REPORTED)


def _stacked(pieces: "list[pd.DataFrame]") -> "pd.DataFrame":
    import pandas as pd

    return pd.concat(pieces, ignore_index=True) if pieces else empty(REPORTED)
