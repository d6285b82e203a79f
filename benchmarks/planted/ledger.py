"""What a run has done so far, a line a cutdown, so that a stopped one goes on where it was."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from benchmarks.cost import commit
from benchmarks.planted.counting import Entry

ROOT = Path(__file__).parents[2]
COUNTED = ("video_assets", "benchmarks", "video_assets_tests/truth")
"""Folders whose sources decide what comes out."""
NAME = "ledger.jsonl"


class Refused(ValueError):
    """A ledger that is of another run."""


def code_of(root: Path = ROOT) -> dict[str, str]:
    """The commit, and a digest of the sources as they lie there: both must stay what they are."""
    return {"commit": commit(root).partition("+")[0], "code": digest_of(root, COUNTED)[:12]}


def digest_of(root: Path, folders: Sequence[str]) -> str:
    """Of all Python sources below some folders, with their names."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            digest.update(f"{path.relative_to(root)}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


class Ledger:
    """JSON lines in a folder; the first says what they are of. Every line is on disk when done."""

    def __init__(self, folder: Path, head: Mapping[str, Any], again: bool = False) -> None:
        """Goes on with what lies there. Raises Refused where it is of another run.

        `again`: puts what lies there aside (as ledger-1.jsonl ...) and begins anew.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / NAME
        if again and self.file.exists():
            number = 1 + sum(1 for _ in folder.glob("ledger-*.jsonl"))
            self.file.rename(folder / f"ledger-{number}.jsonl")
        self.entries: list[Entry] = []
        if not self.file.exists():
            self._write(head)
            return
        lines = self.file.read_text(encoding="utf-8").split("\n")
        whole, torn = lines[:-1], lines[-1]
        known = json.loads(whole[0]) if whole else {}
        other = [k for k in head if known.get(k) != head[k]]
        if other:
            told = ", ".join(f"{k} {known.get(k)!r}, now {head[k]!r}" for k in other)
            raise Refused(
                f"{self.file} is of another run ({told}); give another --folder, or --again to "
                "begin anew beside it"
            )
        if torn:  # the run was stopped inside this line
            text = "\n".join(whole) + "\n"
            self.file.write_text(text, encoding="utf-8")
        self.entries = [read(json.loads(line)) for line in whole[1:]]

    def add(self, entry: Entry) -> None:
        """Writes one down."""
        self.entries.append(entry)
        self._write(asdict(entry))

    def _write(self, plain: Mapping[str, Any]) -> None:
        with open(self.file, "a", encoding="utf-8") as out:
            out.write(json.dumps(plain) + "\n")
            out.flush()
            os.fsync(out.fileno())


def read(plain: Mapping[str, Any]) -> Entry:
    """An entry from JSON types."""
    given: dict[str, Any] = {}
    for name in (f.name for f in fields(Entry) if f.name in plain):
        value = plain[name]
        given[name] = tuple(value) if isinstance(value, list) else value
    return Entry(**given)
