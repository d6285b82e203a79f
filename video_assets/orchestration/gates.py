"""Gates: blocking checks, judged per project, all from one factory."""

from collections.abc import Sequence

import dagster as dg

from video_assets.foundation.errors import VideoAssetsError
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
        try:
            problems = inspect(library.project(context.partition_key))
        except (VideoAssetsError, OSError, ValueError, KeyError) as error:
            problems = [f"could not be judged: {type(error).__name__}: {error}"]
        return dg.AssetCheckResult(
            passed=not problems,
            metadata={"problems": bullets(problems), "count": len(problems)},
        )

    return check


def gates_of(step: Step) -> list[dg.AssetChecksDefinition]:
    """All gates of one asset."""
    key = dg.AssetKey(step.name.split("/"))
    return [gate(key, inspect) for inspect in step.gates]
