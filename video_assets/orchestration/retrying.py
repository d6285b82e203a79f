"""Trying once more what was set aside: without touching what is good."""

from collections.abc import Sequence
from dataclasses import dataclass

from video_assets.foundation.errors import RETRIED
from video_assets.foundation.records import DeadLetter
from video_assets.foundation.store import Project, Workspace
from video_assets.orchestration.assets.library import dead_letters
from video_assets.orchestration.runs import Outcome, library_run

AT_ONCE = ("TRANSIENT",)
"""Classes in which the same bytes may do without anything else having changed."""


@dataclass(frozen=True, slots=True)
class Retried:
    """What came of another try."""

    asked: tuple[DeadLetter, ...]
    """Set aside before, and tried."""
    left: tuple[DeadLetter, ...]
    """Of these files, what is set aside now."""
    others: tuple[DeadLetter, ...]
    """Set aside, and not tried: another class."""
    outcome: Outcome

    @property
    def good(self) -> tuple[str, ...]:
        """Paths that are no longer set aside."""
        still = {letter.path for letter in self.left}
        return tuple(dict.fromkeys(d.path for d in self.asked if d.path not in still))


def retry_project(workspace: Workspace, project: Project, every: bool = False) -> Retried:
    """Tries again the files that were set aside for something that passes (TRANSIENT).

    `every`: also where another version of the tools or a higher limit may help (`RETRIED`). Nothing
    is made where no file is to be tried.
    """
    families: Sequence[str] = RETRIED if every else AT_ONCE
    before = dead_letters(project)
    asked = tuple(d for d in before if d.family in families)
    others = tuple(d for d in before if d.family not in families)
    if not asked:
        return Retried((), (), others, Outcome((), ()))
    outcome = library_run(workspace, project, families)
    paths = {letter.path for letter in asked}
    left = tuple(d for d in dead_letters(project) if d.path in paths)
    return Retried(asked, left, others, outcome)
