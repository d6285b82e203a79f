"""Running from the command line: the same assets, the same Dagster instance as the UI."""

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.instance.ref import InstanceRef  # the documented way takes DAGSTER_HOME only

from video_assets.foundation.errors import StorageError, VideoAssetsError
from video_assets.foundation.lease import is_gone, owner
from video_assets.foundation.store import Manifest, Project, Workspace, write_atomic
from video_assets.orchestration.assets.factory import key_of
from video_assets.orchestration.gates import shut_gates
from video_assets.orchestration.graph import BY_NAME, STEPS, upstream_of
from video_assets.orchestration.resources import OWNER
from video_assets.orchestration.steps import ASPECTS

PROJECT = "video_assets/project"
"""Tag of every run that we ask for: the project's slug."""

SETTINGS = """\
# Made by video-assets: the Dagster instance of this data folder. DAGSTER_HOME may point here.
telemetry: {{enabled: false}}
nux: {{enabled: false}}
storage:
  sqlite: {{base_dir: "{home}"}}
local_artifact_storage:
  module: dagster._core.storage.root
  class: LocalArtifactStorage
  config: {{base_dir: "{home}"}}
concurrency:
  runs:
    max_concurrent_runs: 4
    # every run of a project carries its partition: one at a time, the others queue
    tag_concurrency_limits:
      - {{key: dagster/partition, value: {{applyLimitPerUniqueValue: true}}, limit: 1}}
  pools: {{default_limit: 1, granularity: op}}
run_monitoring:
  enabled: true
  start_timeout_seconds: 600
  cancel_timeout_seconds: 180
  max_resume_run_attempts: 0 # a resumed run ignores a cancel; manifests resume instead
  max_runtime_seconds: 86400
  free_slots_after_run_end_seconds: 60
run_retries: {{enabled: true, max_retries: 2, retry_on_asset_or_op_failure: false}}
retention: # of ticks; old runs and their events go with the job purge_events
  schedule: {{purge_after_days: 30}}
  sensor: {{purge_after_days: {{skipped: 3, failure: 30, success: 30}}}}
  auto_materialize: {{purge_after_days: {{skipped: 3, failure: 30, success: 30}}}}
sensors: {{use_threads: true, num_workers: 4}}
schedules: {{use_threads: true, num_workers: 2}}
"""


@contextmanager
def instance_of(data: Path) -> Iterator[dg.DagsterInstance]:
    """The Dagster instance below a data folder, made where there is none."""
    home = data / ".dagster"
    settings = home / "dagster.yaml"
    # a person's own settings (PostgreSQL, say) stay as they are
    if not settings.is_file() or settings.read_text(encoding="utf-8").startswith(SETTINGS[:30]):
        write_atomic(settings, SETTINGS.format(home=str(home).replace('"', '\\"')))
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    reference = InstanceRef.from_dir(
        str(home),
        overrides={
            # step output goes to the person who typed the command, not into a capture file
            "compute_logs": {
                "module": "dagster._core.storage.noop_compute_log_manager",
                "class": "NoOpComputeLogManager",
            }
        },
    )
    with _alone(home / "opening"):  # two that make the same new database break each other
        opened = dg.DagsterInstance.from_ref(reference)
    with opened as instance:
        yield instance


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time; the lock ends with its process, however that ends."""
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def know(instance: dg.DagsterInstance, slug: str) -> None:
    """Adds the project's partition; somebody else, the daemon for one, may do so meanwhile."""
    try:
        instance.add_dynamic_partitions("project", [slug])
    except Exception:
        if not instance.has_dynamic_partition("project", slug):
            raise


def bury_dead(instance: dg.DagsterInstance) -> None:
    """Closes runs whose process was killed: they would hold pool slots and projects for ever."""
    status = dg.DagsterRunStatus
    going_on = [status.NOT_STARTED, status.STARTING, status.STARTED, status.CANCELING]
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=going_on)):
        parent = instance.get_run_by_id(run.parent_run_id) if run.parent_run_id else None
        inherited = parent is not None and parent.tags.get(OWNER) == run.tags.get(OWNER)
        if OWNER in run.tags and not inherited and is_gone(run.tags[OWNER]):
            instance.report_run_failed(run, "the process that ran it was killed")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def wanted_aspects(project: Project) -> tuple[str, ...]:
    """The aspects that the brief asks for; all six where it cannot be read."""
    from video_assets.editorial.brief import load_brief

    try:
        return load_brief(project.path("brief.yaml")).aspects
    except VideoAssetsError:
        return ASPECTS


@contextmanager
def _told(data: Path) -> Iterator[None]:
    """Dagster's own storage lies on the same disk: when that is full, say so like everybody."""
    try:
        yield
    except Exception as error:
        told = f"{error} {error.__cause__ or ''}".lower()
        if "disk is full" in told or "no space left" in told or "disk i/o error" in told:
            raise StorageError(
                f"the disk with {data} is full: free some space, then run again"
            ) from error
        raise


@dataclass(frozen=True)
class Outcome:
    """What a run did."""

    made: tuple[str, ...]
    """Assets that were made anew."""
    failed: tuple[tuple[str, str], ...]
    """(asset or gate, why)."""
    notes: tuple[str, ...] = ()
    """What people should know: ideas that were refused, what was shortened."""
    stopped: bool = False
    """Whether an asset could not be made or a gate closed before the end."""


def wanted_steps(to: str | None, aspects: Sequence[str]) -> list[str]:
    """The names of the steps that lead to `to` (an asset), or to the cutdowns of `aspects`."""
    if to is not None and to not in BY_NAME and to != "cutdowns":
        raise VideoAssetsError(
            f"there is no asset {to!r}; there are {', '.join(BY_NAME)}, cutdowns"
        )
    if to is None or to == "cutdowns":
        ends = [f"cutdowns/{a}" for a in aspects or ASPECTS]
    else:
        ends = [to]
    wanted = set().union(*(upstream_of(e) for e in ends))
    return [s.name for s in STEPS if s.name in wanted]


def stale_steps(project: Project, names: Sequence[str]) -> list[str]:
    """Of these, what does not agree with the disk, and what is made from such."""
    stale: list[str] = []
    for name in names:
        step = BY_NAME[name]
        if set(step.deps) & set(stale) or not step.is_current(project):
            stale.append(name)
    return stale


def unrecorded_steps(
    instance: dg.DagsterInstance, project: Project, names: Sequence[str]
) -> list[str]:
    """Of these, what Dagster does not know in its present version: made elsewhere, or log lost."""
    found = []
    for name in names:
        events = instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key=key_of(name), asset_partitions=[project.slug]), limit=1
        )
        manifest = project.manifest(name)
        version = None
        if events.records:
            event = events.records[0].asset_materialization
            version = (event.tags or {}).get("dagster/data_version") if event else None
        if manifest is None or version != manifest.data_version:
            found.append(name)
    return found


def materialise(
    instance: dg.DagsterInstance,
    project: Project,
    names: Sequence[str],
    definitions: dg.Definitions,
    settings: Mapping[str, Any] | None = None,
) -> Outcome:
    """Makes these assets and runs their gates, in this process.

    `settings`: Dagster's run config of single assets, by name.
    """
    know(instance, project.slug)
    before = {n: project.manifest(n) for n in names}
    damaged = {n for n, m in before.items() if m and not _is_whole(project, n, m)}
    keys = [key_of(n) for n in names]
    job = definitions.resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(
        run_config={
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            "ops": {name: {"config": dict(own)} for name, own in (settings or {}).items()},
        },
        instance=instance,
        partition_key=project.slug,
        raise_on_error=False,
        asset_selection=keys,
        # a killed command is run again by who typed it: the daemon could not launch it
        tags={OWNER: owner(), PROJECT: project.slug, "dagster/max_retries": "0"},
    )
    failed: list[tuple[str, str]] = []
    for event in result.all_events:
        if event.is_step_failure:
            if "DagsterExecutionInterruptedError" in str(event.step_failure_data.error):
                raise KeyboardInterrupt
            data = event.step_failure_data
            reason = data.user_failure_data
            error = data.error
            text = reason.description if reason and reason.description else ""
            if not text and error:
                inner = error.cause or error
                text = inner.message.strip().splitlines()[0] if inner.message else "failed"
            if "asset_check" not in text and "blocking" not in text.lower():
                told = (str(event.step_key).partition(".")[0], text)
                if told not in failed:  # all shards of an unplugged drive say the same
                    failed.append(told)
    for check in result.get_asset_check_evaluations():
        if not check.passed:
            problems = check.metadata.get("problems")
            failed.append(
                (
                    check.asset_key.to_user_string(),
                    f"{check.check_name}: {problems.value if problems else ''}",
                )
            )
    changed = tuple(
        n
        for n in names
        if (manifest := project.manifest(n))
        and (
            (old := before[n]) is None
            or manifest.data_version != old.data_version
            or (n in damaged and _is_whole(project, n, manifest))
        )
    )  # a deleted file that came back has the data version it had
    return Outcome(changed, tuple(failed), stopped=not result.success)


def _is_whole(project: Project, name: str, manifest: Manifest) -> bool:
    """Whether all files of an asset lie there as they were made."""
    return project.intact(manifest) and BY_NAME[name].whole(project)


def publish_in_dagster(
    workspace: Workspace, project: Project, channel: str, retry_dead: bool, by: str
) -> Outcome:
    """Makes `publications`: sends what may go out, with the run and its gates recorded."""
    from video_assets.definitions import build_defs
    from video_assets.orchestration.resources import Library

    settings = {"publications": {"channel": channel, "retry_dead": retry_dead, "by": by}}
    with _told(workspace.root), instance_of(workspace.root) as instance:
        bury_dead(instance)
        definitions = build_defs(Library(data=str(workspace.root)))
        return materialise(instance, project, ["publications"], definitions, settings)


def library_run(workspace: Workspace, project: Project, retry: Sequence[str]) -> Outcome:
    """Makes the library's assets anew where they are stale or have set aside files of these classes
    (`errors.RETRIED`)."""
    from video_assets.definitions import build_defs
    from video_assets.orchestration.resources import Library

    names = wanted_steps("shot_tags", ())
    with _told(workspace.root), instance_of(workspace.root) as instance:
        bury_dead(instance)
        definitions = build_defs(Library(data=str(workspace.root), retry=list(retry)))
        return materialise(instance, project, names, definitions)


def run_project(
    workspace: Workspace, project: Project, to: str | None, aspects: Sequence[str], tier: str
) -> Outcome:
    """Makes what differs from the disk, up to `to` or the cutdowns, and nothing else."""
    from video_assets.definitions import build_defs
    from video_assets.orchestration.assets.analysis import pending
    from video_assets.orchestration.assets.editorial import idea_notes, set_tier
    from video_assets.orchestration.assets.library import missing_footage, note_missing
    from video_assets.orchestration.resources import Library

    if tier:
        with project.leased(), project.guarded():
            set_tier(project, tier)
    names = wanted_steps(to, aspects or wanted_aspects(project))
    with _told(workspace.root), instance_of(workspace.root) as instance:
        bury_dead(instance)
        note_missing(project)
        stale = stale_steps(project, names)
        due = set(stale) | set(unrecorded_steps(instance, project, names))
        due |= {n for n in names if shut_gates(project, BY_NAME[n])}
        due |= {n for n in names if n == to and BY_NAME[n].hindered(project)}  # to be told so
        outcome = Outcome((), ())
        if due:
            wanted = [n for n in names if n in due]
            asked = Library(data=str(workspace.root), aspects=list(aspects))
            definitions = build_defs(asked)
            outcome = materialise(instance, project, wanted, definitions)
            while left := pending(project, wanted):  # more clips than one run takes
                more = materialise(instance, project, wanted, definitions)
                outcome = replace(more, made=tuple(dict.fromkeys((*outcome.made, *more.made))))
                if pending(project, wanted) >= left:
                    break
    return replace(outcome, notes=(*missing_footage(project), *idea_notes(project)))
