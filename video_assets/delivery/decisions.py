"""What people said about cutdowns: approved or rejected, by digest, with name and note."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from video_assets.foundation.errors import StorageError
from video_assets.foundation.records import from_plain
from video_assets.foundation.store import as_json
from video_assets.foundation.versions import FORMATS, without_number

APPROVED, REJECTED = "approved", "rejected"


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer about one cutdown's bytes."""

    cut_id: str
    aspect: str
    sha256: str
    """Of the file that was looked at: another file needs another answer."""
    decision: str
    """approved or rejected."""
    by: str
    note: str = ""
    at: str = ""
    """When, ISO 8601 in UTC."""


def read_decisions(path: Path) -> list[Decision]:
    """All answers, oldest first; none where there is no file."""
    if not path.exists():
        return []
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        found = without_number(path, "decisions", found, "version")
        return [from_plain(Decision, plain) for plain in found["decisions"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StorageError(
            f"{path} is damaged ({error}): what people approved is not known; restore it"
        ) from error


def decisions_text(decisions: Sequence[Decision]) -> str:
    """The file that `read_decisions` reads."""
    return as_json({"version": FORMATS["decisions"], "decisions": list(decisions)})


def latest(decisions: Sequence[Decision]) -> dict[tuple[str, str, str], Decision]:
    """The last answer by (cut, aspect, digest)."""
    return {(d.cut_id, d.aspect, d.sha256): d for d in decisions}
