"""Running from the command line: the same assets, the same Dagster instance as the UI."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import dagster as dg
from dagster._core.instance.ref import InstanceRef  # the documented way takes DAGSTER_HOME only

from video_assets.foundation.errors import ProjectError, StorageError, VideoAssetsError
from video_assets.foundation.store import Project, Workspace, write_atomic
from video_assets.orchestration.assets.factory import key_of
from video_assets.orchestration.gates import shut_gates
from video_assets.orchestration.graph import BY_NAME, STEPS, upstream_of
from video_assets.orchestration.steps import ASPECTS

LEASE = "video_assets/lease"
"""Tag of runs that the command line made: the project whose lease they were made under."""

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
  runs: {{max_concurrent_runs: 4}}
  pools: {{default_limit: 1, granularity: op}}
run_monitoring: {{enabled: true, free_slots_after_run_end_seconds: 60}}
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
    with dg.DagsterInstance.from_ref(reference) as instance:
        yield instance


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Holds a lock that ends with this process, however it ends. False where another has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _lease_file(data: Path, slug: str) -> Path:
    return data / ".dagster" / "leases" / slug


def _bury(instance: dg.DagsterInstance, slug: str) -> None:
    """Closes runs whose command was killed: their pool slots would be held for ever.

    Whoever holds a project's lease is its only command, so its other open runs are dead.
    """
    alive = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING]
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=alive, tags={LEASE: slug})):
        instance.report_run_failed(run, "the command that ran it was killed")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def _bury_all(instance: dg.DagsterInstance, data: Path, ours: str) -> None:
    """Buries the dead runs of our project and of all that nobody holds: pools are shared."""
    _bury(instance, ours)
    for path in sorted((data / ".dagster" / "leases").iterdir()):
        with _locked(path) as free:
            if free:
                _bury(instance, path.name)


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
) -> Outcome:
    """Makes these assets and runs their gates, in this process."""
    instance.add_dynamic_partitions("project", [project.slug])
    before = {n: project.manifest(n) for n in names}
    damaged = {n for n in names if not BY_NAME[n].is_current(project)}
    keys = [key_of(n) for n in names]
    job = definitions.resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        instance=instance,
        partition_key=project.slug,
        raise_on_error=False,
        asset_selection=keys,
        tags={LEASE: project.slug},
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
                failed.append((str(event.step_key), text))
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
        if project.manifest(n) != before[n] or (n in damaged and BY_NAME[n].is_current(project))
    )  # a deleted file that came back has the manifest it had
    return Outcome(changed, tuple(failed), stopped=not result.success)


def run_project(
    workspace: Workspace, project: Project, to: str | None, aspects: Sequence[str], tier: str
) -> Outcome:
    """Makes what differs from the disk, up to `to` or the cutdowns, and nothing else."""
    from video_assets.definitions import build_defs
    from video_assets.orchestration.assets.editorial import idea_notes, set_tier
    from video_assets.orchestration.resources import Library

    if tier:
        set_tier(project, tier)
    names = wanted_steps(to, aspects or wanted_aspects(project))
    with (
        _told(workspace.root),
        _locked(_lease_file(workspace.root, project.slug)) as ours,
        instance_of(workspace.root) as instance,
    ):
        if not ours:
            raise ProjectError(
                f"project {project.slug} is being made by another command; wait until it is done"
            )
        _bury_all(instance, workspace.root, project.slug)
        stale = stale_steps(project, names)
        due = set(stale) | set(unrecorded_steps(instance, project, names))
        due |= {n for n in names if shut_gates(project, BY_NAME[n])}
        outcome = Outcome((), ())
        if due:
            wanted = [n for n in names if n in due]
            definitions = build_defs(Library(data=str(workspace.root)))
            outcome = materialise(instance, project, wanted, definitions)
    return replace(outcome, notes=idea_notes(project))
