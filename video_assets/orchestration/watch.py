"""What people put in, held against what the assets recorded: who has to move, and why.

Level-triggered and without a word of Dagster. Every tick compares the disk with the manifests and
with what Dagster was told last; no decision depends on remembering an event, so a restart neither
loses nor repeats anything. The memory between two ticks holds times and attempts only.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from video_assets.foundation.errors import VideoAssetsError
from video_assets.foundation.store import Project, Workspace
from video_assets.library.intake import NONSENSE_S

SETTLE_S = 10.0
"""Seconds without a change after which a file is taken for whole."""
BACK_OFF_S = 60.0
"""Seconds until the same is asked again; doubles every time."""
BACK_OFF_MOST_S = 3600.0
AT_ONCE = 200
"""Requests and events a tick; the rest comes with the next one."""
MOST_EACH = 4
"""Requests and events that one project can give."""
BUDGET_S = 30.0
"""Seconds after which a tick begins no other project: Dagster ends a sensor after 60, and with it
the cursor would be lost and the same projects would be looked at for ever."""


@dataclass(frozen=True, slots=True)
class Known:
    """What Dagster knows, fetched once a tick."""

    projects: frozenset[str] = frozenset()
    """Partitions there are."""
    busy: frozenset[str] = frozenset()
    """Projects with a run that is not over."""
    versions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Asset to project to the data version of its last materialisation."""
    events: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Asset to project to the number of its last materialisation."""
    ended_well: Callable[[str], bool] = lambda slug: True
    """Whether the last run of a project succeeded: what failed waits for a person, not for us."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A run to be requested."""

    project: str
    assets: tuple[str, ...]
    key: str
    """Names this very request: the same key is never run twice."""


@dataclass(frozen=True, slots=True)
class Report:
    """A change outside the graph to be told to Dagster."""

    project: str
    asset: str
    version: str


@dataclass(slots=True)
class Memory:
    """Times and attempts of one project between two ticks."""

    seen: dict[str, list[Any]] = field(default_factory=dict)
    """Asset to (digest of what was still, when it was looked at): it has to be the same later."""
    asked: dict[str, list[Any]] = field(default_factory=dict)
    """Asset to (what was asked for, attempt, when)."""

    def due(self, asset: str, wanted: str, now: float) -> int | None:
        """The number of the attempt to be made now; None while it is too early."""
        before = self.asked.get(asset)
        if before is None or before[0] != wanted:
            return 0
        attempt, when = int(before[1]), float(before[2])
        pause = min(BACK_OFF_S * 2 ** min(attempt, 6), BACK_OFF_MOST_S)  # 2**1024 is no float
        return attempt + 1 if now - when >= pause or now < when - NONSENSE_S else None


@dataclass(slots=True)
class Tick:
    """What one look at all projects asks for."""

    adds: list[str] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """What people should know: OFFLINE, what is waited for, what cannot be read."""
    cursor: str = ""


def read_cursor(text: str | None) -> tuple[str, dict[str, Memory]]:
    """The project to begin with and every project's memory; none of it where it is damaged."""
    try:
        plain = json.loads(text or "{}")
        memories = {
            slug: Memory(dict(m["seen"]), dict(m["asked"])) for slug, m in plain["projects"].items()
        }
        return str(plain["start"]), memories
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", {}


def write_cursor(start: str, memories: Mapping[str, Memory]) -> str:
    """The opposite of `read_cursor`."""
    kept = {slug: asdict(m) for slug, m in sorted(memories.items()) if m.seen or m.asked}
    return json.dumps({"start": start, "projects": kept}, separators=(",", ":"))


Look = Callable[[Project, Known, Memory, float], Tick]
"""What one project needs; changes the memory."""


def told_of(error: Exception) -> str:
    """An error in one line of valid Unicode; one that was not foreseen with its kind."""
    foreseen = isinstance(error, VideoAssetsError | OSError)
    text = str(error) if foreseen else f"{type(error).__name__}: {error}"
    return text.encode("utf-8", "replace").decode()  # a path may hold what is none


def tick(
    workspace: Workspace,
    known: Known,
    cursor: str | None,
    one: Look,
    now: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Tick:
    """Looks at every project, beginning where the last tick had to stop.

    A project that cannot be read is named in what is said and never stops the others; `clock`
    (seconds) ends the tick after `BUDGET_S`, but never before its first project.
    """
    began = clock()
    now = time.time() if now is None else now
    start, memories = read_cursor(cursor)
    slugs = workspace.projects()
    first = next((i for i, slug in enumerate(slugs) if slug >= start), 0) if start else 0
    out, room, after = Tick(), AT_ONCE, ""
    for looked, slug in enumerate(slugs[first:] + slugs[:first]):
        if room < MOST_EACH or (looked and clock() - began >= BUDGET_S):
            after = slug
            break
        memory = memories.setdefault(slug, Memory())
        try:
            found = one(workspace.project(slug), known, memory, now)
        except Exception as error:  # a bug that one project brings to light as well
            found = Tick(said=[f"cannot be read: {told_of(error)}"])
        room -= len(found.asks) + len(found.reports)
        out.adds += found.adds
        out.asks += found.asks
        out.reports += found.reports
        out.said += [f"{slug}: {text}" for text in found.said]
    gone = set(memories) - set(slugs)
    out.cursor = write_cursor(after, {s: m for s, m in memories.items() if s not in gone})
    return out
