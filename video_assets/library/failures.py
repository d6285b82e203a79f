"""Clips that could not be analysed: a failure is kept beside the results, named by what went in.

So the same bytes are not tried again by every run, a clip that kills its worker cannot do so for
ever, and another version of the tools begins afresh. `retry` asks for another try.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from video_assets.foundation.errors import Code, FootageError, ProjectError
from video_assets.foundation.records import FootageRow
from video_assets.foundation.store import kept, kept_facts

TRIES = 2
"""How often a clip may crash or block its worker before it is set aside (TRANSIENT)."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a clip was set aside, and after how many tries."""

    error: FootageError
    attempts: int


def failure_of(folder: Path) -> Failure | None:
    """What is kept of a clip whose analysis would lie in `folder`; None where nothing is."""
    found = kept_facts(_beside(folder))
    if found is None:
        return None
    one = found[0]
    error = FootageError(one["what"], Code(one["code"]), one["do"], one["stderr_tail"])
    return Failure(error, one["attempts"])


def keep_failure(folder: Path, failure: Failure) -> None:
    """Keeps it in the place of one before."""
    forget_failure(folder)
    error = failure.error
    facts = {
        "what": error.what,
        "code": int(error.code),
        "do": error.do,
        "stderr_tail": error.stderr_tail,
        "attempts": failure.attempts,
    }
    kept(_beside(folder), lambda draft: facts)


def forget_failure(folder: Path) -> None:
    """As if it had never been tried."""
    shutil.rmtree(_beside(folder), ignore_errors=True)


def is_there(root: Path, row: FootageRow) -> bool:
    """Whether a clip lies below the footage folder as it was listed: a file that went away while it
    was read is not to blame."""
    try:
        return (root / row.path).stat().st_size == row.size
    except OSError:
        return False


def went_away(root: Path, rows: Sequence[FootageRow]) -> ProjectError:
    """What to say of files that are no longer there; no file is to blame for it."""
    many = f"{len(rows)} files" if len(rows) > 1 else "a file"
    return ProjectError(
        f"{many} of {root} went away while they were read ({rows[0].path} first): mount the disk "
        "again, then run again; what was finished is kept"
    )


def _beside(folder: Path) -> Path:
    return folder.with_name(f"failed-{folder.name}")
