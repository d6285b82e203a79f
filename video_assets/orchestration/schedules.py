"""What happens by the clock: the nightly refresh in every project's own time zone, the purge."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg

from video_assets.foundation.errors import VideoAssetsError
from video_assets.foundation.store import Project, Workspace, write_atomic
from video_assets.orchestration.assets.factory import key_of
from video_assets.orchestration.gates import shut_gates
from video_assets.orchestration.graph import BY_NAME
from video_assets.orchestration.jobs import REFRESH
from video_assets.orchestration.purge import PURGE
from video_assets.orchestration.resources import Library
from video_assets.orchestration.runs import PROJECT, stale_steps, wanted_aspects, wanted_steps
from video_assets.orchestration.watch import told_of

NIGHT = time(4)
"""When a project is refreshed, by its own clock. No zone of the tz database skips or repeats its
04:00 when it changes its clock, so every day has this moment exactly once (a test looks at all)."""
TICK = timedelta(minutes=15)
"""All offsets from UTC are whole quarters of an hour."""
FURTHEST = timedelta(hours=24)
"""How far a tick looks back when Dagster did not run: last night is made up for, once."""


def zone_of(project: Project) -> tuple[tzinfo, str]:
    """The project's time zone, and what is wrong with it: then it is UTC."""
    try:
        named = project.settings.get("time_zone")
    except VideoAssetsError as error:
        return UTC, str(error)
    if named is None:
        return UTC, ""
    try:
        return ZoneInfo(str(named)), ""
    except (KeyError, ValueError, OSError):  # unknown, malformed, or a folder of the database
        return UTC, (
            f"project {project.slug}: time_zone {named!r} is not known, so its nights are those of "
            f"UTC; write a name such as Europe/Berlin into {project.root / 'project.yaml'}"
        )


def due_nights(
    zones: Mapping[str, tzinfo], after: datetime, until: datetime
) -> list[tuple[str, date]]:
    """The projects whose local 04:00 lies in (after, until], with the local date; by slug.

    `zones`: time zone by project. A project is listed once, with its latest such date.
    """
    found = []
    for slug, zone in sorted(zones.items()):
        day = until.astimezone(zone).date()
        for candidate in (day, day - timedelta(days=1)):
            night = datetime.combine(candidate, NIGHT, zone).astimezone(UTC)
            if after < night <= until:
                found.append((slug, candidate))
                break
    return found


def _memory(workspace: Workspace) -> Path:
    return workspace.root / ".dagster" / "nightly.json"


def last_look(workspace: Workspace, tick: datetime) -> datetime:
    """The last tick that came to its end, as `remember_look` left it; at most a day back.

    A tick that is evaluated again (Dagster died after it) gets the same answer again.
    """
    usual, found = tick - TICK, None
    try:
        told = json.loads(_memory(workspace).read_text(encoding="utf-8"))
        seen, before = (datetime.fromisoformat(told[k]) for k in ("tick", "after"))
        found = before if seen == tick else seen
        if found > tick:  # the clock was put back, or an earlier tick is caught up on
            found = None
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return max(found or usual, tick - FURTHEST)


def remember_look(workspace: Workspace, tick: datetime, after: datetime) -> None:
    """Notes that a tick looked back to `after` and its requests are built.

    A tick that dies before had no run requested, and the next one makes up for it.
    """
    memory = {"tick": tick.isoformat(), "after": after.isoformat()}
    write_atomic(_memory(workspace), json.dumps(memory))


def due_steps(project: Project) -> list[str]:
    """What a refresh has to make, in order; everything where a table of ours is damaged.

    With what differs from the disk goes every asset whose gates are shut or were not asked yet: a
    gate holds what comes after it only in a run that asks it.
    """
    names = wanted_steps(None, wanted_aspects(project))
    try:
        stale = stale_steps(project, names)
    except VideoAssetsError:
        raise
    except (OSError, ValueError, KeyError, TypeError):
        return names
    if not stale:
        return []
    return [n for n in names if n in stale or shut_gates(project, BY_NAME[n])]


@dg.schedule(
    name="nightly",
    description="Refreshes every project at 04:00 of its own time zone (`time_zone` in "
    "project.yaml, else UTC) where something differs from the disk; publishes nothing.",
    job=REFRESH,
    cron_schedule="*/15 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def nightly(
    context: dg.ScheduleEvaluationContext, library: Library
) -> dg.SkipReason | list[dg.RunRequest]:
    """One tick: the projects whose night has come since the last one.

    One that cannot be looked at is named in the log and the reason, and stops no other.
    """
    workspace = library.workspace
    tick = context.scheduled_execution_time.astimezone(UTC)
    known = set(context.instance.get_dynamic_partitions("project"))  # else: the inputs sensor's
    zones: dict[str, tzinfo] = {}
    wrong, wanted, notes = {}, [], []
    for slug in workspace.projects():
        if slug not in known:
            continue
        try:
            zones[slug], wrong[slug] = zone_of(workspace.project(slug))
        except Exception as error:
            notes.append(f"{slug}: {told_of(error)}")
            context.log.error(notes[-1])
    after = last_look(workspace, tick)
    for slug, night in due_nights(zones, after, tick):
        if wrong[slug]:
            notes.append(wrong[slug])
            context.log.warning(notes[-1])
        try:
            names = due_steps(workspace.project(slug))
        except Exception as error:
            notes.append(f"{slug}: {told_of(error)}")
            context.log.error(notes[-1])
            continue
        if not names:
            notes.append(f"{slug}: nothing to refresh")
            continue
        wanted.append(
            dg.RunRequest(
                run_key=f"nightly/{slug}/{night.isoformat()}",
                partition_key=slug,
                tags={PROJECT: slug},
                asset_selection=[key_of(name) for name in names],
            )
        )
    remember_look(workspace, tick, after)
    return wanted or dg.SkipReason("; ".join(notes) or "it is 04:00 in no project")


WEEKLY = dg.ScheduleDefinition(
    name="weekly_purge",
    job=PURGE,
    cron_schedule="30 2 * * 0",
    execution_timezone="UTC",
    description="Old runs and their events are deleted once a week; what is current stays known.",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
SCHEDULES = (nightly, WEEKLY)
