"""Clips that could not be analysed: a failure is kept beside the results, named by what went in.

So the same bytes are not tried again by every run, a clip that kills its worker cannot do so for
ever, and another version of the tools begins afresh. `retry` asks for another try. An attempt is
marked before it begins: a clip that takes down even the process that watches its worker is known.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from video_assets.foundation.buckets import Bucket, Root
from video_assets.foundation.errors import Code, FootageError, ProjectError
from video_assets.foundation.files import disk_errors
from video_assets.foundation.records import FootageRow
from video_assets.foundation.store import as_json, kept, kept_facts
from video_assets.library import staging

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


def is_there(root: Root, row: FootageRow) -> bool:
    """Whether a clip can be had as it was listed: a file that went away while it was read is not to
    blame."""
    return staging.is_there(root, row)


def is_away(root: Root) -> bool:
    """Whether a footage folder is not there, or empty, as where its disk is mounted no more."""
    try:
        return isinstance(root, Path) and next(root.iterdir(), None) is None
    except OSError:
        return True


def went_away(root: Root, rows: Sequence[FootageRow]) -> ProjectError:
    """What to say of files that are no longer there; no file is to blame for it."""
    many = f"{len(rows)} files" if len(rows) > 1 else "a file"
    if isinstance(root, Bucket):
        why = staging.absence_of(root, rows[0]) or "for a while"
        return ProjectError(
            f"{many} of {root} could not be fetched any more ({why}): check the network and the "
            "credential, then run again; what was finished is kept"
        )
    return ProjectError(
        f"{many} of {root} went away while they were read ({rows[0].path} first): mount the disk "
        "again, then run again; what was finished is kept"
    )


def _beside(folder: Path) -> Path:
    return folder.with_name(f"failed-{folder.name}")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A clip's analysis that began; while it goes on, or where whoever made it was killed."""

    owner: str
    """The process that made it; see `foundation.lease.owner`."""
    run: str
    """The run it belonged to; empty where none is known."""
    alone: bool
    """Whether no other clip was analysed beside it: what kills a process then is this clip."""
    tries: int = 1
    """Which try it is."""
    starved: int = -1
    """What `starved` said when it began."""


def attempt_of(folder: Path) -> Attempt | None:
    """The attempt that is marked for a clip whose analysis would lie in `folder`."""
    try:
        plain = json.loads(_marker(folder).read_text(encoding="utf-8"))
        one = Attempt(str(plain["owner"]), str(plain["run"]), bool(plain["alone"]))
        return replace(one, tries=int(plain["tries"]), starved=int(plain["starved"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def starved() -> int:
    """How many processes this machine has ended for want of memory since it was started; -1 where
    it does not say."""
    try:
        text = Path("/proc/vmstat").read_text(encoding="ascii")
        return int(text.partition("\noom_kill ")[2].split()[0])
    except (OSError, ValueError, IndexError):
        return -1


def mark_attempt(folder: Path, attempt: Attempt) -> None:
    """Written before a clip is begun: if it takes its process with it, the next one knows."""
    marker = _marker(folder)
    with disk_errors(marker.parent):
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.write_text(as_json(attempt), encoding="utf-8")  # torn, it counts as none


def unmark(folder: Path) -> None:
    """The attempt is over, however it ended."""
    _marker(folder).unlink(missing_ok=True)


def _marker(folder: Path) -> Path:
    return folder.with_name(f"attempt-{folder.name}.json")
