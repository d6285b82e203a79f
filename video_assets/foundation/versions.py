"""Which version every stored format has, and what becomes of a file of another version.

Older files are read as they are and upgraded in memory: a field that came since has its default,
and what was renamed or means something else goes through a pure function that `upgrade` registers.
Newer ones, of a later product, are refused with NewerFormat: guessing would read them wrongly, and
making them again would destroy them. Files that bear no number are version 1.

A project says in `.manifests/formats.json` by which formats it was last written. It is written
before anything else is, so a product that does not know one of them never gets as far as a file.
"""

import json
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from video_assets.foundation.errors import StorageError

FORMAT = "video_assets:format"
"""Key of the version in JSON files; left out of version 1."""
STAMP = ".manifests/formats.json"
"""By which formats a project was last written, below its folder."""

FORMATS: dict[str, int] = {
    "manifest": 1,
    "kept": 1,
    "gate": 1,
    "absent": 1,
    "settings": 1,
    "brief": 1,
    "plan": 1,
    "ideas": 1,
    "timeline": 1,
    "frames": 1,
    "frames table": 1,
    "receipt": 1,
    "verdict": 1,
    "summary": 1,
    "sent": 1,
    "seal": 1,
    "next round": 1,
    "decisions": 1,
    "outbox": 1,
    "lease": 1,
    "reported": 1,
    "metrics": 1,
    "unjoined": 1,
}
"""Version of every format that is not a table of one record; records carry their own `VERSION`.

`kept` and `manifest` are the wrappers; what a kept folder holds is versioned by its address.
"""

RETIRED: dict[str, int] = {}
"""Formats and records that are written no more, by their last version: what older products wrote
in them is still there, and is not taken for something of a later one."""

_PLACES = (
    ("editorial/brief.json", "brief"),
    ("editorial/plan.json", "plan"),
    ("editorial/ideas.json", "ideas"),
    ("editorial/next_round.json", "next round"),
    ("editorial/rounds/*.json", "seal"),
    ("editorial/timelines/*.otio", "timeline"),
    ("library/frames.json", "frames"),
    ("delivery/decisions.json", "decisions"),
    ("delivery/publications.json", "sent"),
    ("delivery/.assets/*.json", "summary"),
    ("delivery/*.verdict.json", "verdict"),
    ("delivery/*.receipt.json", "receipt"),
    ("performance/reported.parquet", "reported"),
    ("performance/metrics.parquet", "metrics"),
    ("performance/dead_letters.parquet", "unjoined"),
    ("performance/learnings.parquet", "Learning"),
    (".manifests/absent.json", "absent"),
    (".manifests/gates/*.json", "gate"),
    (".manifests/*.json", "manifest"),
)
"""Where the formats lie below a project's folder; the first that fits counts."""

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]

UPGRADES: dict[tuple[str, int], Upgrade] = {}
"""By format and the version they start from: what makes one row, or one file, the next version."""


class NewerFormat(StorageError):
    """A file was written by a later product; nothing is read from it and nothing put over it."""


def upgrade(name: str, since: int) -> Callable[[Upgrade], Upgrade]:
    """Registers what turns version `since` of a format into the next; needed where fields were
    renamed or mean something else, not where they were added or left out.

    Gets a JSON file's content, or a table's row as it is stored: fractions and nested values as
    text. It must be pure: what it makes has a digest.
    """

    def register(function: Upgrade) -> Upgrade:
        UPGRADES[name, since] = function
        return function

    return register


def refuse_newer(where: object, name: str, found: int, known: int) -> None:
    """Raises NewerFormat where a file's version is above the one that is known here."""
    if found > known:
        raise NewerFormat(
            f"{where} was written by a newer video_assets ({name} {found}, this one knows {known}):"
            " update video_assets; nothing was read or changed"
        )


def upgraded(
    where: object, name: str, plain: dict[str, Any], found: int, known: int
) -> dict[str, Any]:
    """What was stored as version `found`, as the version that is known; NewerFormat above it."""
    refuse_newer(where, name, found, known)
    for version in range(found, known):
        step = UPGRADES.get((name, version))
        plain = step(plain) if step else plain
    return plain


def format_of(name: str) -> str:
    """The format of a project's file by its place; empty where that does not tell."""
    return next((found for place, found in _PLACES if fnmatchcase(name, place)), "")


def with_number(kind: str, plain: dict[str, Any]) -> dict[str, Any]:
    """What is to be stored in a format, with its version where that is not 1."""
    return {FORMAT: FORMATS[kind], **plain} if FORMATS[kind] > 1 else plain


def without_number(where: object, kind: str, plain: Any, key: str = FORMAT) -> Any:
    """What was stored in a format, as its present version; NewerFormat above it.

    `key`: which one holds the version. ValueError where that is none.
    """
    if not isinstance(plain, dict):
        return plain  # whoever reads it says what is wrong
    found = number(plain.get(key, 1))
    content = {name: value for name, value in plain.items() if name != key}
    return upgraded(where, kind, content, found, FORMATS[kind])


def numbered(name: str, plain: Any) -> Any:
    """JSON content of a project's file, by its place, with its version where that is not 1."""
    kind = format_of(name)
    return with_number(kind, plain) if kind and isinstance(plain, dict) else plain


def unnumbered(where: object, name: str, plain: Any) -> Any:
    """What a project's JSON file says, as the present version; NewerFormat above it."""
    kind = format_of(name)
    return without_number(where, kind, plain) if kind else plain


def number(value: Any) -> int:
    """A version as a file says it; ValueError where that is none."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{value!r} is no version")
    return value


def stamped(root: Path) -> dict[str, int]:
    """By which formats a project was last written; {} where nobody has said so.

    A stamp that cannot be read raises StorageError: what lies there is not known.
    """
    path = root / STAMP
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): number(version) for name, version in plain["formats"].items()}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError(
            f"{path} is damaged ({error}): remove it where no newer video_assets ever worked on "
            "this project, else put a copy of it back"
        ) from error


def check_stamp(root: Path, known: Mapping[str, int]) -> dict[str, int]:
    """What the project's stamp says; NewerFormat where anything of it is not known here.

    `known`: what is written now, by name; `RETIRED` is known as well.
    """
    found = stamped(root)
    known = {**RETIRED, **known}
    newer = [
        f"{name} {version} (this one knows {known.get(name, 'none')})"
        for name, version in sorted(found.items())
        if version > known.get(name, 0)
    ]
    if newer:
        raise NewerFormat(
            f"{root} was written by a newer video_assets: {', '.join(newer)}; update video_assets; "
            "nothing was read or changed"
        )
    return found
