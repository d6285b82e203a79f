"""The sensors that watch what people put in: footage, briefs, edits, brands, music, metrics."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from video_assets.orchestration import changes, watch
from video_assets.orchestration.assets.factory import key_of
from video_assets.orchestration.automation import OUTSIDE, ROOTS
from video_assets.orchestration.partitions import PROJECTS
from video_assets.orchestration.resources import Library
from video_assets.orchestration.runs import PROJECT, bury_dead

VERSION = "dagster/data_version"
PARTITION = "dagster/partition"
EVERY_S = 10
"""Seconds between two looks: a file has to be still as long."""
SHOWN = 2_000
"""Characters of a skip reason."""
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.MANAGED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def what_dagster_knows(instance: dg.DagsterInstance) -> watch.Known:
    """Partitions, runs that are not over, and the last event of every root and outside asset."""
    storage, kind = instance.event_log_storage, dg.DagsterEventType.ASSET_MATERIALIZATION
    bury_dead(instance)  # one that cannot end would be waited for for ever
    projects = frozenset(instance.get_dynamic_partitions(str(PROJECTS.name)))
    runs = instance.get_runs(filters=dg.RunsFilter(statuses=UNFINISHED))
    busy = {run.tags.get(PARTITION) or run.tags.get(PROJECT) for run in runs}
    versions, events = {}, {}
    for name in (*ROOTS, *OUTSIDE):
        tags = storage.get_latest_tags_by_partition(key_of(name), kind, [VERSION])
        versions[name] = {slug: found.get(VERSION, "") for slug, found in tags.items()}
    for name in ROOTS:
        events[name] = dict(
            storage.get_latest_storage_id_by_partition(key_of(name), kind, set(projects))
        )
    return watch.Known(
        projects,
        frozenset(slug for slug in busy if slug),
        versions,
        events,
        lambda slug: _ended_well(instance, slug),
    )


def _ended_well(instance: dg.DagsterInstance, slug: str) -> bool:
    """Whether the last run of a project succeeded, or was killed before any step could fail."""
    last = instance.get_runs(filters=dg.RunsFilter(tags={PARTITION: slug}), limit=1)
    if not last or last[0].status == dg.DagsterRunStatus.SUCCESS:
        return True
    failed = {dg.DagsterEventType.STEP_FAILURE}
    return last[0].status == dg.DagsterRunStatus.FAILURE and not instance.all_logs(
        last[0].run_id, of_type=failed
    )


def request_of(ask: watch.Ask) -> dg.RunRequest:
    """The run that an ask stands for: files that are still being copied are left for the next."""
    return dg.RunRequest(
        run_key=ask.key,
        partition_key=ask.project,
        asset_selection=[key_of(name) for name in ask.assets],
        run_config={"resources": {"library": {"config": {"settle_s": watch.SETTLE_S}}}},
        tags={PROJECT: ask.project},
    )


def event_of(report: watch.Report) -> dg.AssetMaterialization:
    """The event that tells Dagster of a change outside the graph."""
    return dg.AssetMaterialization(
        report.asset, partition=report.project, tags={VERSION: report.version}
    )


def _watched(
    context: dg.SensorEvaluationContext, library: Library, look: watch.Look
) -> dg.SensorResult:
    found = watch.tick(
        library.workspace, what_dagster_knows(context.instance), context.cursor, look
    )
    for text in found.said:
        context.log.info(text)
    quiet = not (found.asks or found.reports)
    said = "; ".join(found.said) or "nothing changed"
    return dg.SensorResult(
        run_requests=[request_of(ask) for ask in found.asks],
        dynamic_partitions_requests=[PROJECTS.build_add_request(found.adds)] if found.adds else [],
        asset_events=[event_of(report) for report in found.reports],
        skip_reason=said[:SHOWN] if quiet else None,
        cursor=found.cursor,
    )


def watching(every_s: int = EVERY_S) -> list[dg.SensorDefinition]:
    """The two sensors, each with a look every so many seconds."""

    def sensor(name: str, look: watch.Look, targets: Sequence[str], about: str) -> Any:
        def watched(context: dg.SensorEvaluationContext, library: Library) -> dg.SensorResult:
            return _watched(context, library, look)

        return dg.sensor(
            name=name,
            description=about,
            target=[key_of(target) for target in targets],
            minimum_interval_seconds=every_s,
            default_status=dg.DefaultSensorStatus.RUNNING,
        )(watched)

    return [
        sensor(
            "inputs",
            changes.look_at_inputs,
            ROOTS,
            "Footage, briefs, edits, brands and music of every project; a new folder is a new one.",
        ),
        sensor(
            "metrics",
            changes.look_at_metrics,
            ("performance_metrics",),
            "Numbers that platforms reported, dropped into the inbox of a project.",
        ),
    ]


SENSORS = watching()
