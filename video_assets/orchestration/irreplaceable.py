"""What cannot be made again, and how each is brought to the present format: whole or not at all.

A copy of the old file comes first, then the new one in its place; the outbox is changed in one
transaction. Whoever is killed in between finds either the old file or the new one, and goes on.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from video_assets.delivery.decisions import read_decisions
from video_assets.delivery.outbox import Outbox
from video_assets.foundation.errors import StorageError
from video_assets.foundation.store import Project, as_json, digest_of, write_atomic
from video_assets.foundation.versions import (
    FORMAT,
    FORMATS,
    STAMP,
    format_of,
    number,
    refuse_newer,
    upgraded,
)
from video_assets.orchestration.rounds import DECISIONS, NEXT, OUTBOX, SEALS, outbox_of, sealed

SETTINGS = "project.yaml"
ABSENT = ".manifests/absent.json"


@dataclass(frozen=True, slots=True)
class Place:
    """A format that is upgraded in place, and how."""

    format: str
    pattern: str
    version: Callable[[Path], int]
    """StorageError where the file is damaged, NewerFormat where it is of a later product."""
    upgrade: Callable[[Project, Path], None]
    keeps: bool = False
    """Whether the old file stays: it was written by a person."""

    def files(self, project: Project) -> list[Path]:
        """The files of this format that are there."""
        return sorted(p for p in project.root.glob(self.pattern) if p.is_file())


def places() -> list[Place]:
    """Every format that is upgraded in place."""
    numbered = ((DECISIONS, "version"), (f"{SEALS}/r*.json", "version"), (NEXT, FORMAT))
    files = [_json_place(pattern, key) for pattern, key in (*numbered, (ABSENT, FORMAT))]
    settings = Place("settings", SETTINGS, _settings_version, _upgrade_settings, keeps=True)
    outbox = Place("outbox", OUTBOX, _outbox_version, _upgrade_outbox)
    return [settings, *files, outbox]


def _json_place(pattern: str, key: str) -> Place:
    kind = format_of(pattern)

    def version(path: Path) -> int:
        return _version(path, kind, read_json(path).get(key, 1))

    def upgrade(project: Project, path: Path) -> None:
        plain = read_json(path)
        digest = plain.pop("digest", None) if kind == "seal" else None
        if kind == "seal" and digest != digest_of(plain):
            raise StorageError(f"{path} is damaged (its digest is another): put a copy of it back")
        found = _version(path, kind, plain.pop(key, 1))
        content = {key: FORMATS[kind], **upgraded(path, kind, plain, found, FORMATS[kind])}
        if kind == "seal":
            content["digest"] = digest_of(content)
        _replace(project, path, found, as_json(content))

    return Place(kind, pattern, version, upgrade)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; StorageError where the file holds none."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        return dict(plain)
    except (OSError, ValueError, TypeError) as error:
        raise StorageError(f"{path} is damaged ({error}): put a copy of it back") from error


def _version(path: Path, kind: str, said: Any) -> int:
    try:
        found = number(said)
    except ValueError as error:
        raise StorageError(f"{path} is damaged ({error}): put a copy of it back") from error
    refuse_newer(path, kind, found, FORMATS[kind])
    return found


def _settings_of(path: Path) -> tuple[str, dict[str, Any]]:
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        return text, dict(yaml.safe_load(text) or {})
    except (OSError, ValueError, TypeError, yaml.YAMLError) as error:
        raise StorageError(f"{path} cannot be read: {error}") from error


def _settings_version(path: Path) -> int:
    return _version(path, "settings", _settings_of(path)[1].get("version", 1))


def _upgrade_settings(project: Project, path: Path) -> None:
    """A person's file: comments are kept, above everything else, and so is the old file."""
    import yaml

    text, plain = _settings_of(path)
    found = _version(path, "settings", plain.pop("version", 1))
    known = FORMATS["settings"]
    content = {"version": known, **upgraded(path, "settings", plain, found, known)}
    said = [line for line in text.splitlines() if line.startswith("#")]
    written = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    _replace(project, path, found, "\n".join([*said, written]))


def _outbox_version(path: Path) -> int:
    return Outbox(path).version()


def _upgrade_outbox(project: Project, path: Path) -> None:
    """One transaction; what was published is still published afterwards, or nothing changed."""
    outbox = outbox_of(project)
    copy = _copy_of(path, outbox.version())
    with project.guarded():
        part = copy.with_name(f".{copy.name}.part")
        part.unlink(missing_ok=True)
        outbox.copy_to(part)
        write_atomic(copy, part.read_bytes())
        part.unlink()
    outbox.upgrade()


def _replace(project: Project, path: Path, found: int, text: str) -> None:
    with project.guarded():
        write_atomic(_copy_of(path, found), path.read_bytes())
        write_atomic(path, text)


def _copy_of(path: Path, version: int) -> Path:
    return path.with_name(f"{path.name}.v{version}")


def tidy(project: Project) -> None:
    """Removes the copies of old files, and what a killed migration left half-written."""
    found = [(path, one.keeps) for one in places() for path in one.files(project)]
    for path, keeps in (*found, (project.root / STAMP, True)):
        names = [f".{path.name}.*.part", f".{path.name}.v*"]
        for name in names if keeps else [*names, f"{path.name}.v[0-9]*"]:
            for left in path.parent.glob(name):
                left.unlink(missing_ok=True)


def read_back(project: Project) -> None:
    """Everything that cannot be made again, as whoever needs it reads it."""
    _ = project.settings
    read_decisions(project.path(DECISIONS))
    outbox_of(project).rows()
    sealed(project)
