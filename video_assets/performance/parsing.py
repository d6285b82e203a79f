"""Report files as columns of text, with the line of every row. What cannot be read says why.

CSV is read in blocks, so a large file costs little memory. Nothing is evaluated: a cell that a
spreadsheet would take for a formula is text like any other.
"""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from video_assets.foundation.errors import Code, VideoAssetsError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

FILE_LIMIT = 512 << 20
"""Bytes of one file."""
DOCUMENT_LIMIT = 64 << 20
"""Bytes of a JSON document that has to be read whole; JSON lines have no such limit."""
LINE_LIMIT = 1 << 20
"""Bytes of one line of CSV or JSON lines."""
COLUMN_LIMIT = 200
BLOCK = 8 << 20
LINES = 50_000
"""Rows of JSON that are looked at together."""

CSV_KINDS = (".csv", ".tsv", ".txt")
JSON_KINDS = (".json", ".jsonl", ".ndjson")

EXPORT = "export it again as CSV (UTF-8) or JSON"


class Unreadable(VideoAssetsError):
    """A report file that cannot be used as a whole."""

    def __init__(self, what: str, code: Code = Code.SCHEMA, do: str = EXPORT) -> None:
        super().__init__(what)
        self.what, self.code, self.do = what, code, do


@dataclass
class Block:
    """Some rows of a file."""

    lines: "np.ndarray"
    """int64: number of each row in the file, from 1, the header included; the line, where no cell
    goes over several."""
    columns: "dict[str, pa.Array]"
    """Text of every column by name; empty where nothing is written."""
    broken: list[tuple[int, str]] = field(default_factory=list)
    """Rows that could not be taken apart: number, what is wrong."""


def blocks(path: Path) -> Iterator[Block]:
    """The rows of a CSV or JSON file, in order.

    Raises Unreadable, at the beginning or on the way, where the file as a whole makes no sense.
    """
    kind = path.suffix.lower()
    if path.is_symlink():
        raise Unreadable("it is a link", Code.PATH, "put the file itself here")
    if kind not in CSV_KINDS + JSON_KINDS:
        raise Unreadable(f"{kind or 'a file without ending'} is neither CSV nor JSON")
    size = path.stat().st_size
    if size == 0:
        raise Unreadable("it is empty", Code.ZERO_BYTE)
    if size > FILE_LIMIT:
        raise Unreadable(
            f"{size / 2**20:.0f} MB; at most {FILE_LIMIT >> 20} MB are read",
            Code.MEMORY,
            "split it, by week or by platform",
        )
    with open(path, "rb") as file:
        start = file.read(4)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Unreadable("it is UTF-16")
    if kind in JSON_KINDS:
        yield from _json(path, size)
    else:
        yield from _csv(path)


def _check_lines(path: Path) -> None:
    """Refuses a file with a line that no report has: a bomb, or no text at all."""
    with open(path, "rb") as file:
        while block := file.read(LINE_LIMIT):
            if b"\0" in block:
                raise Unreadable("it is no text (it holds zero bytes)")
            if len(block) == LINE_LIMIT and b"\n" not in block and b"\r" not in block:
                raise Unreadable(
                    f"a line of it is longer than {LINE_LIMIT >> 20} MB",
                    Code.MEMORY,
                    "write one row a line",
                )


# CSV


def column_names(raw: list[str]) -> list[str]:
    """Names as they are looked for: lower case, `_` for spaces. Raises Unreadable."""
    names = [re.sub(r"[\s-]+", "_", name.strip().lower()) for name in raw]
    if len(names) > COLUMN_LIMIT:
        raise Unreadable(
            f"{len(names)} columns; at most {COLUMN_LIMIT} are read",
            Code.MEMORY,
            "leave out the columns that are no metrics",
        )
    twice = sorted({n for n in names if n and names.count(n) > 1})
    if twice:
        raise Unreadable(f"column {twice[0]!r} is there twice", do="name each column once")
    return [name or f"_{number}" for number, name in enumerate(names)]


def _header(path: Path) -> tuple[list[str], str, int]:
    """Column names, what separates them, and the bytes of the first line."""
    with open(path, "rb") as file:
        line = file.readline(LINE_LIMIT)
    try:
        text = line.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise Unreadable("its first line is not UTF-8") from error
    separator = max(",;\t", key=lambda s: (text.count(s), s == ","))
    try:
        (raw,) = csv.reader([text], delimiter=separator)
    except (csv.Error, ValueError) as error:
        raise Unreadable("its first line names no columns") from error
    return column_names(raw), separator, len(line)


def _csv(path: Path) -> Iterator[Block]:
    _check_lines(path)
    names, separator, length = _header(path)
    yield _nothing(names, [])  # the columns are judged even where no row follows
    if length < path.stat().st_size:
        # A quotation mark that is never closed swallows good rows: then quotes are characters.
        quoted = _quotes_match(path, names, separator)
        yield from _csv_blocks(path, names, separator, quoted, [])


def _nothing(names: list[str], broken: list[tuple[int, str]]) -> Block:
    """No rows that could be taken apart."""
    import numpy as np
    import pyarrow as pa

    return Block(np.array([], np.int64), {n: pa.array([], pa.string()) for n in names}, broken)


def _quotes_match(path: Path, names: list[str], separator: str) -> bool:
    """Whether every quotation mark is closed in its own row."""
    with open(path, "rb") as file:
        if not any(b'"' in block for block in iter(lambda: file.read(BLOCK), b"")):
            return True
    torn: list[str] = []
    try:
        for _ in _csv_blocks(path, names, separator, True, torn):
            if torn:
                return False
    except Unreadable:
        return False
    return not torn


def _csv_blocks(
    path: Path, names: list[str], separator: str, quoted: bool, torn: list[str]
) -> Iterator[Block]:
    """`torn` collects rows that cannot be taken apart and go over several lines."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv as pacsv

    bad: list[tuple[int, str]] = []

    def broken(row: Any) -> str:
        if "\n" in row.text:
            torn.append(row.text[:80])
        if row.text.strip():
            what = f"{row.actual_columns} cells, {row.expected_columns} columns are named"
            bad.append((row.number, what))
        else:
            bad.append((row.number, ""))
        return "skip"

    options = {
        # one thread: only then is a broken row's number known
        "read_options": pacsv.ReadOptions(
            use_threads=False, block_size=BLOCK, skip_rows=1, column_names=names
        ),
        "parse_options": pacsv.ParseOptions(
            delimiter=separator,
            quote_char='"' if quoted else False,
            newlines_in_values=quoted,
            ignore_empty_lines=False,
            invalid_row_handler=broken,
        ),
        "convert_options": pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.binary()),
            strings_can_be_null=False,
            check_utf8=False,
        ),
    }
    number, told = 2, 0
    try:
        with pacsv.open_csv(path, **options) as reader:
            for batch in reader:
                later = np.array([n for n, _ in bad if n >= number], np.int64)
                possible = np.arange(number, number + batch.num_rows + len(later))
                lines = np.setdiff1d(possible, later, assume_unique=True)[: batch.num_rows]
                number = int(lines[-1]) + 1 if len(lines) else number
                columns = {
                    name: _text(column, quoted)
                    for name, column in zip(names, batch.columns, strict=True)
                }
                known = [b for b in bad[told:] if b[1]]
                told = len(bad)
                yield _without_empty(Block(lines, columns, known), pc)
    except pa.ArrowInvalid as error:
        raise Unreadable(f"from line {number} on it is no CSV") from error
    if rest := [b for b in bad[told:] if b[1]]:
        yield _nothing(names, rest)


def _text(column: "pa.Array", quoted: bool) -> "pa.Array":
    """Bytes as trimmed text; what is not UTF-8 becomes a replacement character."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        text = pc.cast(column, pa.string())
    except pa.ArrowInvalid:
        text = pa.array([v.decode("utf-8", "replace") for v in column.to_pylist()], pa.string())
    text = pc.utf8_trim_whitespace(text)
    return text if quoted else pc.utf8_trim(text, '"')


def _without_empty(block: Block, pc: Any) -> Block:
    """Without rows of empty cells only, as spreadsheets leave them at the end."""
    filled = None
    for column in block.columns.values():
        here = pc.not_equal(column, "")
        filled = here if filled is None else pc.or_(filled, here)
    if filled is None or pc.all(filled).as_py() is not False:
        return block
    columns = {name: column.filter(filled) for name, column in block.columns.items()}
    kept = filled.to_numpy(zero_copy_only=False)
    return Block(block.lines[kept], columns, block.broken)


# JSON


def _json(path: Path, size: int) -> Iterator[Block]:
    with open(path, "rb") as file:
        start = file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"[" or (start == b"{" and size <= DOCUMENT_LIMIT):
        if size > DOCUMENT_LIMIT:
            raise Unreadable(
                f"a JSON document of {size / 2**20:.0f} MB; at most {DOCUMENT_LIMIT >> 20} MB",
                Code.MEMORY,
                "write JSON lines (one object a line) or CSV",
            )
        try:
            found = json.loads(path.read_bytes().decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            if start == b"[" or not _first_line_is_object(path):
                raise Unreadable(f"it is not JSON ({_short(error)})") from error
        else:
            rows = found.get("rows", [found]) if isinstance(found, dict) else found
            if not isinstance(rows, list):
                raise Unreadable("`rows` is no list", do="write a list of objects")
            yield from _object_blocks(enumerate(rows, 1))
            return
    if start != b"{":
        raise Unreadable("it is neither a list of objects nor JSON lines")
    _check_lines(path)
    yield from _object_blocks(_json_lines(path))


def _short(error: BaseException) -> str:
    return str(error).splitlines()[0][:80] if str(error) else type(error).__name__


def _first_line_is_object(path: Path) -> bool:
    with open(path, "rb") as file:
        line = file.readline(LINE_LIMIT)
    try:
        return isinstance(json.loads(line.decode("utf-8-sig")), dict)
    except (ValueError, RecursionError):
        return False


def _json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Line number and object; a ValueError in place of what is not JSON."""
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                found = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
            except (ValueError, RecursionError) as error:
                found = ValueError(_short(error))
            yield number, found


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, dict | list):
        return "{...}"  # nested values are no numbers and no names
    return repr(value)


def _object_blocks(numbered: Iterator[tuple[int, Any]]) -> Iterator[Block]:
    import numpy as np
    import pyarrow as pa

    def block() -> Block:
        try:
            arrays = {name: pa.array(cells, pa.string()) for name, cells in columns.items()}
        except UnicodeEncodeError:  # half a surrogate pair
            arrays = {
                name: pa.array([c.encode("utf-8", "replace").decode() for c in cells], pa.string())
                for name, cells in columns.items()
            }
        return Block(np.array(lines, np.int64), arrays, broken)

    lines: list[int] = []
    columns: dict[str, list[str]] = {}
    broken: list[tuple[int, str]] = []
    names: dict[str, str] = {}
    for number, found in numbered:
        if not isinstance(found, dict):
            what = f"not JSON ({found})" if isinstance(found, ValueError) else "not an object"
            broken.append((number, what))
            continue
        if new := [raw for raw in found if raw not in names]:
            raws = [*names, *new]
            names = dict(zip(raws, column_names(raws), strict=True))
        for name in names.values():
            columns.setdefault(name, [""] * len(lines))
        for raw, name in names.items():
            columns[name].append(_cell(found.get(raw)))
        lines.append(number)
        if len(lines) + len(broken) >= LINES:
            yield block()
            lines, columns, broken = [], {}, []
    if lines or broken:
        yield block()
