"""The fields of every stored format, by version: `golden_formats.json` beside this file.

After a change of fields: raise the format's version (`VERSION` of a record, `versions.FORMATS`),
then `python -m video_assets_tests.foundation.golden` adds what is new. Named formats (`... golden
FootageRow`) are listed anew: for versions that nobody has used yet, and for no others.
"""

import contextlib
import dataclasses
import json
import sqlite3
import sys
import tempfile
import typing
from pathlib import Path
from typing import Any

from video_assets.delivery import outbox
from video_assets.delivery.decisions import Decision
from video_assets.foundation import lease, records
from video_assets.foundation.records import record_versions
from video_assets.foundation.store import Manifest
from video_assets.foundation.versions import FORMATS
from video_assets.library import frame_index
from video_assets.performance import tables

FILE = Path(__file__).with_name("golden_formats.json")


def golden() -> dict[str, dict[str, dict[str, str]]]:
    """Fields and types, by format and version, as they are listed."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def listing() -> dict[str, tuple[int, dict[str, str]]]:
    """Version and fields of every format whose fields can be asked, as they are now."""
    known = record_versions()
    found = {name: (known[name], fields_of(getattr(records, name))) for name in known}
    others = {
        "manifest": fields_of(Manifest),
        "decisions": fields_of(Decision),
        "reported": dict(tables.REPORTED),
        "metrics": dict(tables.METRICS),
        "unjoined": dict(tables.DEAD),
        "outbox": columns_of(outbox.Outbox(Path()), "publications", "history"),
        "lease": columns_of(None, "lease"),
        "frames table": {f.name: str(f.type) for f in frame_index._schema(8)},
    }
    found["learnings"] = (known["Learning"], dict(tables.LEARNINGS))
    return found | {name: (FORMATS[name], fields) for name, fields in others.items()}


def fields_of(kind: type) -> dict[str, str]:
    """Names and types of a record."""
    hints = typing.get_type_hints(kind)
    return {f.name: _named(hints[f.name]) for f in dataclasses.fields(kind)}


def _named(hint: Any) -> str:
    if isinstance(hint, type) and not typing.get_args(hint):
        return hint.__name__
    return str(hint).replace("video_assets.foundation.", "").replace("fractions.", "")


def columns_of(kind: outbox.Outbox | None, *names: str) -> dict[str, str]:
    """Names and types of the columns of SQLite tables as they are made now."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.sqlite"
        if kind is None:
            lease.take(path, 0)
        else:
            outbox.Outbox(path)._create()
        with contextlib.closing(sqlite3.connect(path)) as database:
            return {
                f"{name}.{row[1]}": f"{row[2]}{' not null' * row[3]}"
                for name in names
                for row in database.execute(f"pragma table_info({name})")
            }


def main(again: list[str]) -> None:
    """Adds the formats and versions that are not listed; those in `again` anew."""
    known = golden()
    for name, (version, fields) in listing().items():
        if name in again:
            known[name].pop(str(version), None)
        known.setdefault(name, {}).setdefault(str(version), fields)
    FILE.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
