"""Old events go; what they say of the present stays, or automation would make everything again."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.storage.dagster_run import DagsterRun
from dagster._core.utils import make_new_run_id

from video_assets.orchestration.automation import AC, SHUT
from video_assets.orchestration.partitions import PROJECTS
from video_assets.orchestration.purge import PURGE, database_bytes, purge_runs
from video_assets.orchestration.runs import instance_of
from video_assets_tests.orchestration.ticks import looked

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Dagster's SQLite handles

GATED = AC.eager() & ~AC.any_deps_match(SHUT)
"""WHEN_GATES_OPEN without the names of assets that this graph does not have."""


@dg.asset(partitions_def=PROJECTS, automation_condition=GATED)
def one(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Fails where the run's tag says so."""
    if context.run.tags.get("fails"):
        raise dg.Failure("planted", allow_retries=False)
    return dg.MaterializeResult(data_version=dg.DataVersion("1"), metadata={"much": "x" * 20_000})


@dg.asset_check(asset=one, blocking=True, partitions_def=PROJECTS)
def holds(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Fails where the run's tag says so."""
    return dg.AssetCheckResult(passed=not context.run.tags.get("shut"))


@dg.asset(partitions_def=PROJECTS, automation_condition=GATED, deps=[one])
def two() -> None:
    """Behind the gate."""


DEFS = dg.Definitions(
    assets=[one, two], asset_checks=[holds], executor=dg.in_process_executor, jobs=[PURGE]
)


def run(instance, project, *names, **tags):
    """A real run; its id."""
    done = DEFS.resolve_implicit_global_asset_job_def().execute_in_process(
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        instance=instance,
        partition_key=project,
        raise_on_error=False,
        asset_selection=[dg.AssetKey(n) for n in names or ("one", "two")],
        tags=tags,
    )
    return done.run_id


def wanted(instance, cursor=None):
    """What automation asks for now: (asset, project); and its cursor."""
    result = looked(DEFS, instance, cursor)
    keys = [dg.AssetKey("one"), dg.AssetKey("two")]
    found = {(k.path[0], p) for k in keys for p in result.get_requested_partitions(k)}
    return found, result.cursor


def known(instance):
    """What Dagster says of every partition: its latest materialisation and the gate's answer."""
    storage = instance.event_log_storage
    check = dg.AssetCheckKey(dg.AssetKey("one"), "holds")
    state = {
        (i.partition_key, i.latest_execution_status, i.is_current)
        for i in storage.get_asset_check_partition_info([check])
    }
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION
    return state, {
        name: storage.get_latest_storage_id_by_partition(dg.AssetKey(name), kind)
        for name in ("one", "two")
    }


def test_what_is_current_stays_known(tmp_path):
    with instance_of(tmp_path) as instance:
        _, cursor = wanted(instance)
        instance.add_dynamic_partitions("project", ["a", "b", "c"])
        asked, cursor = wanted(instance, cursor)
        assert asked == {(n, p) for n in ("one", "two") for p in "abc"}
        superseded = [run(instance, p) for p in "abc"]
        failed = run(instance, "a", "one", fails="1")
        kept = [run(instance, "a"), run(instance, "b", "one")]  # b's `two` is of the first run
        kept.append(run(instance, "c", "one", shut="1"))
        kept.append(run(instance, "b", "one", fails="1"))  # how b stands: the last attempt failed
        kept += superseded[1:]  # they hold the latest `two` of b and c
        unfinished = DagsterRun(
            "refresh", run_id=make_new_run_id(), status=dg.DagsterRunStatus.STARTED
        )
        instance.add_run(unfinished)
        asked, cursor = wanted(instance, cursor)
        assert wanted(instance, cursor)[0] == set()
        before, size = known(instance), database_bytes(instance)

        now = datetime.now(UTC) + timedelta(days=31)
        assert purge_runs(instance, timedelta(days=40), now).deleted == ()  # nothing is that old
        dry = purge_runs(instance, timedelta(days=30), now, dry_run=True)
        assert set(dry.deleted) == {superseded[0], failed}
        assert len(instance.get_runs()) == 9 and dry.before == dry.after == size
        done = purge_runs(instance, timedelta(days=30), now)
        assert set(done.deleted) == {superseded[0], failed}
        assert done.kept == 6 and done.after < done.before
        left = {r.run_id for r in instance.get_runs()}
        assert left == {*kept, unfinished.run_id}

        assert known(instance) == before
        assert wanted(instance, cursor)[0] == set()
        assert wanted(instance)[0] == set()  # nor after the automation has lost its cursor
        # the partition would be missing if one of the kept runs went
        instance.delete_run(kept[0])
        assert "a" not in known(instance)[1]["one"]


def test_a_backfill_that_goes_on_keeps_its_runs(tmp_path):
    from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill

    with instance_of(tmp_path) as instance:
        instance.add_dynamic_partitions("project", ["a"])
        first = run(instance, "a", **{"dagster/backfill": "fill"})
        run(instance, "a")
        backfill = PartitionBackfill(
            "fill", BulkActionStatus.REQUESTED, from_failure=False, tags={}, backfill_timestamp=0.0
        )
        instance.add_backfill(backfill)
        now = datetime.now(UTC) + timedelta(days=31)
        assert purge_runs(instance, timedelta(days=30), now).deleted == ()
        instance.update_backfill(backfill.with_status(BulkActionStatus.COMPLETED_SUCCESS))
        assert purge_runs(instance, timedelta(days=30), now).deleted == (first,)


def test_the_job_says_what_it_did(tmp_path):
    with instance_of(tmp_path) as instance:
        instance.add_dynamic_partitions("project", ["a"])
        run(instance, "a")
        job = DEFS.resolve_job_def("purge_events")
        config = {"ops": {"purge_old_runs": {"config": {"older_than_days": 1, "dry_run": True}}}}
        for settings in ({}, config):  # everything has a default
            done = job.execute_in_process(run_config=settings, instance=instance)
            assert done.success
        (event,) = (e for e in done.all_events if e.is_successful_output)
        shown = {k: v.value for k, v in event.step_output_data.metadata.items()}
        assert shown["runs"] == 0 and shown["dry run"] is True
        assert shown["bytes before"] == shown["bytes after"] > 0
        bad = {"ops": {"purge_old_runs": {"config": {"older_than_days": 0}}}}
        assert not job.execute_in_process(
            run_config=bad, instance=instance, raise_on_error=False
        ).success
