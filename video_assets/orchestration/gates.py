"""Gates: blocking checks, judged per project, all from one factory."""

import json
from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from video_assets.foundation.errors import VideoAssetsError
from video_assets.foundation.store import Project, as_json, write_atomic
from video_assets.foundation.versions import numbered, unnumbered
from video_assets.orchestration.partitions import PROJECTS
from video_assets.orchestration.resources import Library
from video_assets.orchestration.steps import Inspect, Step

SHOWN = 20
"""Problems listed in the UI; the rest is counted."""


def bullets(problems: Sequence[str]) -> dg.MarkdownMetadataValue:
    """Problems as a list for the UI."""
    lines = [f"- {p}" for p in problems[:SHOWN]]
    if len(problems) > SHOWN:
        lines.append(f"- and {len(problems) - SHOWN} more")
    return dg.MetadataValue.md("\n".join(lines) or "none")


def gate(key: dg.AssetKey, inspect: Inspect) -> dg.AssetChecksDefinition:
    """The check that fails where `inspect` lists a problem, or where it could not run."""

    # partitions_def: an unpartitioned check on a partitioned asset has one verdict for all projects
    @dg.asset_check(
        asset=key,
        name=inspect.__name__,
        description=inspect.__doc__,
        partitions_def=PROJECTS,
        blocking=True,
    )
    def check(context: dg.AssetCheckExecutionContext, library: Library) -> dg.AssetCheckResult:
        project = library.project(context.partition_key)
        problems = judged(project, "/".join(key.path), inspect)
        return dg.AssetCheckResult(
            passed=not problems,
            metadata={"problems": bullets(problems), "count": len(problems)},
        )

    return check


def _remembered_at(project: Project, asset: str, name: str) -> Path:
    return project.path(f".manifests/gates/{asset}/{name}.json")


def remember(
    project: Project, asset: str, name: str, problems: Sequence[str], data_version: str
) -> None:
    """Keeps a gate's answer beside the artefact, with the data version that it is about."""
    answer = {"data_version": data_version, "problems": list(problems)}
    path = _remembered_at(project, asset, name)
    write_atomic(path, as_json(numbered(path.relative_to(project.root).as_posix(), answer)))


def shut_gates(project: Project, step: Step) -> list[str]:
    """What keeps a step's gates shut: their problems, or that nobody asked them yet."""
    manifest = project.manifest(step.name)
    found = []
    for inspect in step.gates:
        version = manifest.data_version if manifest else None
        problems = _answer(project, step.name, inspect.__name__, version)
        problems = ["not judged yet"] if problems is None else problems
        found += [f"{inspect.__name__}: {p}" for p in problems]
    return found


def held_back(project: Project, step: Step) -> None:
    """Raises VideoAssetsError where a gate of what the step is made from is shut.

    Dagster's blocking binds inside one run and in automation only; this holds whoever asks. A gate
    that nobody asked about the present data is asked now.
    """
    from video_assets.orchestration.graph import BY_NAME

    for name in step.deps:
        dep = BY_NAME.get(name)
        if dep is None or name in step.narrow:
            continue
        manifest = project.manifest(name)
        if manifest is None:
            if name == "learnings":  # nobody may have published anything yet
                continue
            raise VideoAssetsError(f"{step.name} waits: {name} was not made yet; make it first")
        for inspect in dep.gates:
            problems = _answer(project, name, inspect.__name__, manifest.data_version)
            if problems is None:
                problems = judged(project, name, inspect)
            if problems:
                more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
                raise VideoAssetsError(
                    f"{step.name} waits: gate {inspect.__name__} of {name} is shut: "
                    f"{problems[0]}{more}"
                )


def judged(project: Project, asset: str, inspect: Inspect) -> list[str]:
    """A gate's answer now, kept beside the artefact with the data that it was asked about."""
    manifest = project.manifest(asset) if isinstance(project, Project) else None
    try:
        problems = inspect(project)
    except (VideoAssetsError, OSError, ValueError, KeyError) as error:
        return [f"could not be judged: {type(error).__name__}: {error}"]  # so it is asked again
    if manifest:
        remember(project, asset, inspect.__name__, problems, manifest.data_version)
    return problems


def _answer(project: Project, asset: str, name: str, data_version: str | None) -> list[str] | None:
    """What a gate said of this data; None where it was not asked."""
    try:
        path = _remembered_at(project, asset, name)
        plain = json.loads(path.read_text(encoding="utf-8"))
        answer = unnumbered(path, path.relative_to(project.root).as_posix(), plain)
        return list(answer["problems"]) if answer["data_version"] == data_version else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def gates_of(step: Step) -> list[dg.AssetChecksDefinition]:
    """All gates of one asset."""
    key = dg.AssetKey(step.name.split("/"))
    return [gate(key, inspect) for inspect in step.gates]
