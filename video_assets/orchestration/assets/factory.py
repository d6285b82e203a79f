"""From a step to a Dagster asset."""

import dagster as dg

from video_assets.foundation.errors import VideoAssetsError
from video_assets.orchestration.automation import ROOTS, WHEN_GATES_OPEN
from video_assets.orchestration.gates import held_back
from video_assets.orchestration.partitions import PROJECTS
from video_assets.orchestration.reports import report
from video_assets.orchestration.resources import Library
from video_assets.orchestration.steps import Step


def key_of(name: str) -> dg.AssetKey:
    """`cutdowns/9x16` as an asset key."""
    return dg.AssetKey(name.split("/"))


def spec_of(step: Step, automated: bool = True, skippable: bool = False) -> dg.AssetSpec:
    """What Dagster knows of a step before it ran; a `skippable` one may be left out by its run."""
    return dg.AssetSpec(
        key_of(step.name),
        deps=[key_of(d) for d in step.deps],
        description=step.about,
        group_name=step.group,
        kinds=set(step.kinds),
        owners=[step.owner],
        code_version=step.version,
        partitions_def=PROJECTS,
        skippable=skippable,
        automation_condition=WHEN_GATES_OPEN if automated and step.name not in ROOTS else None,
    )


def failure(step: str, error: VideoAssetsError) -> dg.Failure:
    """What a person can act on, shown as is; the same input would fail again, so no retry."""
    return dg.Failure(description=str(error), metadata={"step": step}, allow_retries=False)


def asset_of(step: Step, automated: bool = True) -> dg.AssetsDefinition:
    """The asset that makes one step."""

    @dg.multi_asset(
        name=step.name.replace("/", "_"), specs=[spec_of(step, automated)], pool=step.pool
    )
    def asset(context: dg.AssetExecutionContext, library: Library):  # type: ignore[no-untyped-def]  # Dagster refuses a generic result type here
        try:
            project = library.project(context.partition_key)
            held_back(project, step)
            made = step.run(project)
            shown = step.describe(project)
        except VideoAssetsError as error:
            raise failure(step.name, error) from error
        context.log.info(f"{step.name}: {'made' if made.fresh else 'unchanged'}")
        return report(key_of(step.name), project, made, shown)

    return asset
