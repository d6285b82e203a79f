"""The only place where everything meets: the Dagster code location."""

import warnings

import dagster as dg

# Gates must be judged per project; the API is a preview, stable enough at a pinned 1.13.27.
warnings.filterwarnings("ignore", message="Specifying a partitions_def on an AssetCheckSpec")

from video_assets.orchestration.assets.delivery import AUTOMATED_APART, cutdowns_asset  # noqa: E402  # after the filter: definitions are made on import
from video_assets.orchestration.assets.factory import asset_of, key_of  # noqa: E402
from video_assets.orchestration.automation import AUTOMATION, OUTSIDE  # noqa: E402
from video_assets.orchestration.gates import gates_of  # noqa: E402
from video_assets.orchestration.graph import STEPS  # noqa: E402
from video_assets.orchestration.partitions import PROJECTS  # noqa: E402
from video_assets.orchestration.resources import Library  # noqa: E402

OUTSIDE_ABOUT = {
    "published_metrics": "Numbers that platforms reported, dropped into performance/inbox.",
    "edits": "A person's edits: edits.yaml.",
    "brand_kit": "The brand folder: name, colours, tagline.",
    "music": "The music folder.",
}


def build_defs(library: Library | None = None) -> dg.Definitions:
    """Everything Dagster shows and runs; `library` says where the data folder is."""
    outside = [
        dg.AssetSpec(
            name,
            description=OUTSIDE_ABOUT[name],
            group_name="outside",
            kinds={"file"},
            owners=["team:brand"],
            partitions_def=PROJECTS,
        )
        for name in OUTSIDE
    ]
    single = [
        asset_of(s, automated=s.name not in AUTOMATED_APART)
        for s in STEPS
        if not s.name.startswith("cutdowns/")
    ]
    return dg.Definitions(
        assets=[*outside, *single, cutdowns_asset()],
        asset_checks=[check for step in STEPS for check in gates_of(step)],
        sensors=[AUTOMATION],
        resources={"library": library or Library()},
        # a run is a process of its own already; a process a step costs 17 s for three steps
        executor=dg.in_process_executor,
    )


__all__ = ["build_defs", "defs", "key_of"]

defs = build_defs()
