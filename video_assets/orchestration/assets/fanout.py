"""shot_index and soundtracks in Dagster: plan shards, analyse each, commit what all have found.

The one fan-out of the graph. The same code runs shard after shard in one process, or in as many
processes or machines as the deployment's executor names. What passes between the steps is small
JSON; the clips of a shard lie in a file of the project, results in the store.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

from video_assets.foundation.errors import ProjectError, VideoAssetsError
from video_assets.foundation.lease import TTL, Lease, is_gone, renewed, take
from video_assets.foundation.store import LEASE_WAIT, Project, as_json, write_atomic
from video_assets.library.shards import Shard, shard_of
from video_assets.orchestration.assets.analysis import STEPS, gathering
from video_assets.orchestration.assets.factory import failure, key_of
from video_assets.orchestration.assets.library import footage_offline, footage_rows
from video_assets.orchestration.automation import WHEN_GATES_OPEN
from video_assets.orchestration.executors import driver, workers_of_a_shard
from video_assets.orchestration.gates import held_back
from video_assets.orchestration.partitions import PROJECTS
from video_assets.orchestration.reports import report
from video_assets.orchestration.resources import Library

NAME = "analysis"
"""Of the graph, and of its steps in the event log: `analysis.process_shard[...]`."""
WORK = ".shards"
"""Where a project's shards lie while they are worked on."""
PASSED = "passed"
"""The IO manager of what passes between the steps."""


class SmallJson(dg.IOManager):
    """What passes between the steps of one run: JSON below the project, written whole."""

    def __init__(self, library: Library) -> None:
        self.library = library

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Writes one output."""
        write_atomic(self._path(context, context.step_context.partition_key), as_json(obj))

    def load_input(self, context: dg.InputContext) -> Any:
        """Reads what an earlier step of this run, or of the one it goes on from, has passed."""
        assert context.upstream_output is not None  # every input of these ops is an output
        path = self._path(context.upstream_output, context.step_context.partition_key)
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise _overtaken(path) from None

    def _path(self, output: dg.OutputContext, slug: str) -> Path:
        project = self.library.project(slug)
        name = "-".join(part.replace("/", ".") for part in output.get_identifier()[1:])
        return project.path(f"{WORK}/{output.run_id}/{name}.json")


# a nested resource of the newer kind warns of Dagster's own deprecated calls
@dg.io_manager(required_resource_keys={"library"})
def small_json(context: dg.InitResourceContext) -> SmallJson:
    """The IO manager of the fan-out."""
    return SmallJson(context.resources.library)


def plan_shards(project: Project, run_id: str, who: str) -> tuple[dict[str, Any], list[str]]:
    """(What every step of the run is given, the keys of its shards), under the analysis lease.

    `who`: the process that drives the run. Waits while another run analyses the project.
    """
    from video_assets.library.analysing import planned

    for step in STEPS:
        held_back(project, step)
    file = project.workspace.analysis_lease_file(project.slug)
    lease = take(file, LEASE_WAIT, who=who)
    try:
        with renewed(lease), project.leased():
            for step in STEPS:
                step.ready(project)
            due = any(step.is_due(project) for step in STEPS)
            shards = planned(project.workspace, footage_rows(project)) if due else []
            with project.guarded():
                shutil.rmtree(project.path(WORK), ignore_errors=True)  # of runs that are over
                for shard in shards:
                    write_atomic(_file(project, run_id, shard.key), as_json(shard.plain()))
    except BaseException:
        lease.give_back()
        raise
    passed = {"run": run_id, "token": lease.token, "owner": lease.owner, "shards": len(shards)}
    return passed, [shard.key for shard in shards]


def process_shard(
    project: Project, passed: dict[str, Any], number: int, key: str
) -> dict[str, Any]:
    """Analyses the clips of one shard; says how many there were and how many failed."""
    from video_assets.library.analysing import analyse_shard

    file = _file(project, passed["run"], key)
    shard = _read(file)
    over = file.with_suffix(".done")
    try:
        # forced or retried clips are not done twice where a lost shard begins anew
        done = set(over.read_text(encoding="utf-8").split())
    except OSError:
        done = set()
    shard = Shard(tuple(row for row in shard.rows if row.clip_id not in done), shard.again - done)
    label = "analysing clips"
    if passed["shards"] > 1:
        label += f", part {number} of {passed['shards']}"

    def note(clip_id: str) -> None:
        if clip_id in shard.again:
            with open(over, "a", encoding="utf-8") as written:
                written.write(f"{clip_id}\n")

    try:
        with _renewed(project, passed):
            failed = analyse_shard(
                project.workspace,
                project.footage_root,
                shard,
                passed["run"],
                workers_of_a_shard(),
                label,
                note,
            )
    except ProjectError as error:
        # where all of it went away, every shard says the same
        raise ProjectError(footage_offline(project) or str(error)) from error
    return {"clips": len(shard.rows), "failed": failed, "seconds": round(float(shard.seconds), 1)}


def _file(project: Project, run_id: str, key: str) -> Path:
    return project.path(f"{WORK}/{run_id}/{key}.json")


def _read(file: Path) -> Shard:
    try:
        return shard_of(json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise _overtaken(file) from None


def _overtaken(file: Path) -> ProjectError:
    return ProjectError(
        f"{file.name} is gone: another run of this project has begun since; start a new run"
    )


@contextmanager
def _renewed(project: Project, passed: dict[str, Any]) -> Iterator[Lease]:
    """Keeps the lease that the plan has taken from expiring.

    Where somebody else has taken it meanwhile, the work goes on: its results are named by what went
    in, and both find the same.
    """
    file = project.workspace.analysis_lease_file(project.slug)
    lease = Lease(file, passed["token"], passed["owner"])
    if is_gone(lease.owner):  # a run that goes on from a failed one was passed that one's
        lease = take(file, LEASE_WAIT, who=driver())
    lease.renew(TTL)
    with renewed(lease):
        yield lease


@dg.op(
    ins={"footage": dg.In(dg.Nothing)},
    out={
        "passed": dg.Out(dict, io_manager_key=PASSED),
        "shards": dg.DynamicOut(dict, io_manager_key=PASSED),
    },
    description="Deals the clips that are due into shards of 100 or of 30 minutes.",
)
def plan(context: dg.OpExecutionContext, library: Library):  # type: ignore[no-untyped-def]  # Dagster refuses a generic result type here
    """What is due of a project, in shards."""
    try:
        project = library.project(context.partition_key)
        passed, keys = plan_shards(project, context.run.run_id, driver())
    except VideoAssetsError as error:
        raise failure(NAME, error) from error
    context.log.info(f"{len(keys)} shards")
    yield dg.Output(passed, "passed")
    for number, key in enumerate(keys, 1):
        yield dg.DynamicOutput({**passed, "number": number, "key": key}, key, "shards")


@dg.op(
    out=dg.Out(dict, io_manager_key=PASSED),
    retry_policy=dg.RetryPolicy(max_retries=2),  # a lost process; what a clip does is a row
    description="Analyses the clips of one shard; a bad clip is a row, never an error.",
)
def analyse(
    context: dg.OpExecutionContext, library: Library, shard: dict[str, Any]
) -> dict[str, Any]:
    """One shard."""
    try:
        project = library.project(context.partition_key)
        found = process_shard(project, shard, shard["number"], shard["key"])
    except VideoAssetsError as error:
        raise failure(NAME, error) from error
    context.log.info(f"{found['clips']} clips, {found['failed']} failed")
    return found


@dg.op(
    out={s.name: dg.Out(dg.Nothing, is_required=False) for s in STEPS},
    description="Writes the tables from what all shards have found.",
)
def commit(  # type: ignore[no-untyped-def]  # Dagster refuses a generic result type here
    context: dg.OpExecutionContext,
    library: Library,
    passed: dict[str, Any],
    found: list[dict],  # type: ignore[type-arg]  # nor this one
):
    """The tables of those assets that the run selected."""
    selected = [s for s in STEPS if s.name in context.selected_output_names]
    try:
        project = library.project(context.partition_key)
        with _renewed(project, passed) as lease, project.leased():
            with gathering(project):
                made = [(step, step.run(project)) for step in selected]
            if lease.renew(TTL):  # else they are another run's
                shutil.rmtree(project.path(WORK), ignore_errors=True)
        lease.give_back()
    except VideoAssetsError as error:
        raise failure(NAME, error) from error
    failed = sum(shard["failed"] for shard in found)
    context.log.info(f"{sum(shard['clips'] for shard in found)} clips analysed, {failed} failed")
    for step, one in made:
        shown = {**step.describe(project), "shards": len(found)}
        yield report(key_of(step.name), project, one, shown)


def analysis_asset() -> dg.AssetsDefinition:
    """Both assets of the decode pass, one graph."""

    @dg.graph_multi_asset(
        name=NAME,
        group_name=STEPS[0].group,
        ins={"footage": dg.AssetIn(key_of("footage"), dagster_type=dg.Nothing)},
        outs={
            step.name: dg.AssetOut(
                key=key_of(step.name),
                description=step.about,
                kinds=set(step.kinds),
                owners=[step.owner],
                code_version=step.version,
                is_required=False,
                automation_condition=WHEN_GATES_OPEN,
            )
            for step in STEPS
        },
        partitions_def=PROJECTS,
        can_subset=True,
    )
    def analysis(footage):  # type: ignore[no-untyped-def]  # a graph: Dagster's own placeholders
        passed, shards = plan(footage)
        made = commit(passed, shards.map(analyse).collect())
        return {step.name: getattr(made, step.name) for step in STEPS}

    return analysis
