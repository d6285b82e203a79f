"""Deleting old runs with their events, so that the event database stops growing.

What Dagster knows of every asset lies in the events of some run, however old: without the latest
materialisation of a partition it would take the asset for missing and make everything again. So a
run that holds the latest materialisation, the latest check evaluation or the latest attempt of any
asset partition is kept, whatever its age.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationPlanned,  # what a run holds of a check has no public name
)
from dagster._core.event_api import PartitionKeyFilter
from dagster._core.storage.asset_check_execution_record import (
    COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES as ANSWERED,
)
from pydantic import Field

FINISHED = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]
PAGE = 500
"""Runs read at a time."""
BACKFILL = "dagster/backfill"
ATTEMPTS = "get_latest_asset_partition_materialization_attempts_without_materializations"
JUDGED = {
    dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
}


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge did."""

    deleted: tuple[str, ...]
    """Run ids; with `dry_run` those that would have been deleted."""
    kept: int
    """Runs old enough that hold what is still the latest of something."""
    before: int
    """Bytes of the run and event database; 0 where it does not lie on this disk."""
    after: int


def purge_runs(
    instance: dg.DagsterInstance, older_than: timedelta, now: datetime, dry_run: bool = False
) -> Purged:
    """Deletes runs that ended more than `older_than` before `now`, with their events.

    Never one that is not finished, that belongs to a backfill that goes on, or that holds the
    latest materialisation, check evaluation or attempt of an asset partition.
    """
    before = database_bytes(instance)
    old = list(_finished(instance, now - older_than))
    needed = _latest_runs(instance, [run_id for run_id, _ in old]) if old else set()
    deleted = []
    for run_id, backfill in old:
        if run_id in needed or _goes_on(instance, backfill):
            continue
        deleted.append(run_id)
        if not dry_run:
            instance.delete_run(run_id)
            _drop_shard(instance, run_id)
    return Purged(tuple(deleted), len(old) - len(deleted), before, database_bytes(instance))


def _finished(instance: dg.DagsterInstance, ended: datetime) -> Iterator[tuple[str, str]]:
    """Runs that ended before a moment, each with the id of its backfill or nothing."""
    cursor = None
    while True:
        records = instance.get_run_records(
            filters=dg.RunsFilter(statuses=FINISHED, created_before=ended),
            limit=PAGE,
            cursor=cursor,
        )
        for record in records:
            at = record.end_time or record.update_timestamp.replace(tzinfo=UTC).timestamp()
            if at < ended.timestamp():
                yield record.dagster_run.run_id, record.dagster_run.tags.get(BACKFILL, "")
        if len(records) < PAGE:
            return
        cursor = records[-1].dagster_run.run_id


def _goes_on(instance: dg.DagsterInstance, backfill: str) -> bool:
    found = instance.get_backfill(backfill) if backfill else None
    return found is not None and found.status.value in ("REQUESTED", "CANCELING", "FAILING")


def _latest_runs(instance: dg.DagsterInstance, old: Sequence[str]) -> set[str]:
    """Runs whose events say how assets and checks stand now; of the `old` ones, all such."""
    storage = instance.event_log_storage
    needed: set[str] = set()
    for key in instance.get_asset_keys():
        for kind, fetch in (
            (dg.DagsterEventType.ASSET_MATERIALIZATION, instance.fetch_materializations),
            (dg.DagsterEventType.ASSET_OBSERVATION, instance.fetch_observations),
        ):
            ids = sorted(storage.get_latest_storage_id_by_partition(key, kind).values())
            for first in range(0, len(ids), PAGE):
                some = dg.AssetRecordsFilter(asset_key=key, storage_ids=ids[first : first + PAGE])
                needed |= {r.run_id for r in fetch(some, limit=PAGE).records}
            # an asset without partitions has no id above
            needed |= {r.run_id for r in fetch(dg.AssetRecordsFilter(asset_key=key), 1).records}
        attempts = getattr(storage, ATTEMPTS)(key)
        needed |= {run_id for run_id, _ in attempts.values()}
    judged: dict[dg.AssetCheckKey, set[str | None]] = {}
    for run_id in old:
        for record in instance.get_records_for_run(run_id, of_type=JUDGED).records:
            event = record.event_log_entry.dagster_event
            data = event.event_specific_data if event else None
            if isinstance(data, AssetCheckEvaluationPlanned):
                judged.setdefault(data.asset_check_key, set())
            elif isinstance(data, dg.AssetCheckEvaluation):
                judged.setdefault(data.asset_check_key, set()).add(data.partition)
    for check, partitions in judged.items():
        # the latest, whether it was answered or only planned, and the latest answer
        needed |= {i.latest_planned_run_id for i in storage.get_asset_check_partition_info([check])}
        for partition in partitions:
            only = PartitionKeyFilter(key=partition)
            found = storage.get_asset_check_execution_history(
                check, 1, status=ANSWERED, partition_filter=only
            )
            needed |= {record.run_id for record in found}
    return needed


def database_bytes(instance: dg.DagsterInstance) -> int:
    """Size of the run and event database where it is made of files here; else 0."""
    folder = _shards(instance)
    if folder is None:
        return 0
    found = 0
    for path in folder.parent.rglob("*.db*"):
        with contextlib.suppress(OSError):
            found += path.stat().st_size
    return found


def _shards(instance: dg.DagsterInstance) -> Path | None:
    """The folder with one event file a run: SQLite only."""
    place = getattr(instance.event_log_storage, "path_for_shard", None)
    return Path(place("x")).parent if place else None


def _drop_shard(instance: dg.DagsterInstance, run_id: str) -> None:
    """Dagster empties a run's event file and leaves it: remove it."""
    folder = _shards(instance)
    if folder is not None:
        for ending in (".db", ".db-wal", ".db-shm", ".db-journal"):
            (folder / f"{run_id}{ending}").unlink(missing_ok=True)


class PurgeSettings(dg.Config):
    """Which runs go."""

    older_than_days: int = Field(
        default=30, description="Delete runs that ended more than so many days ago; at least 1."
    )
    dry_run: bool = Field(default=False, description="Only count what would be deleted.")


@dg.op(name="purge_old_runs")
def purge_old_runs(context: dg.OpExecutionContext, config: PurgeSettings) -> None:
    """Deletes old runs and their events; what says how assets stand now is kept."""
    if config.older_than_days < 1:
        raise dg.Failure(
            f"older_than_days is {config.older_than_days}: give 1 or more", allow_retries=False
        )
    done = purge_runs(
        context.instance, timedelta(days=config.older_than_days), datetime.now(UTC), config.dry_run
    )
    verb = "would be deleted" if config.dry_run else "deleted"
    context.log.info(
        f"{len(done.deleted)} runs {verb}, {done.kept} old ones kept because assets rest on them; "
        f"database {done.before} bytes before, {done.after} after"
    )
    context.add_output_metadata(
        {
            "runs": len(done.deleted),
            "kept": done.kept,
            "bytes before": done.before,
            "bytes after": done.after,
            "dry run": config.dry_run,
        }
    )


@dg.job(
    name="purge_events",
    description="Deletes old runs with their events. Settings: `older_than_days`, `dry_run`.",
)
def PURGE() -> None:
    """One op."""
    purge_old_runs()
