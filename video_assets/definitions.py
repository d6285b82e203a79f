"""The only place where everything meets: the Dagster code location."""

import warnings
from typing import Any

import dagster as dg

# Gates must be judged per project; the API is a preview, stable enough at a pinned 1.13.27.
warnings.filterwarnings("ignore", message="Specifying a partitions_def on an AssetCheckSpec")

from video_assets.orchestration.alerts import alerts  # noqa: E402  # after the filter: definitions are made on import
from video_assets.orchestration.assets.analysis import STEPS as ANALYSIS  # noqa: E402
from video_assets.orchestration.assets.delivery import cutdowns_asset  # noqa: E402
from video_assets.orchestration.assets.factory import asset_of, key_of  # noqa: E402
from video_assets.orchestration.assets.fanout import PASSED, analysis_asset, small_json  # noqa: E402
from video_assets.orchestration.assets.publishing import publications_asset  # noqa: E402
from video_assets.orchestration.automation import (  # noqa: E402
    AUTOMATED_APART,
    AUTOMATION,
    OUTSIDE,
    ROOTS,
)
from video_assets.orchestration.executors import executor  # noqa: E402
from video_assets.orchestration.gates import gates_of  # noqa: E402
from video_assets.orchestration.graph import STEPS  # noqa: E402
from video_assets.orchestration.jobs import JOBS  # noqa: E402
from video_assets.orchestration.partitions import PROJECTS  # noqa: E402
from video_assets.orchestration.purge import PURGE  # noqa: E402
from video_assets.orchestration.resources import Library, placed  # noqa: E402
from video_assets.orchestration.schedules import SCHEDULES  # noqa: E402
from video_assets.orchestration.sensors import SENSORS  # noqa: E402

OUTSIDE_ABOUT = {
    "published_metrics": "Numbers that platforms reported, dropped into performance/inbox.",
    "edits": "A person's edits: edits.yaml.",
    "brand_kit": "The brand folder: name, colours, tagline.",
    "music": "The music folder.",
}


def build_defs(library: Library | None = None, s3: Any = None) -> dg.Definitions:
    """Everything Dagster shows and runs; `library` says where the data folder is.

    `s3`: a dagster-aws S3Resource that says how buckets with footage are reached; left out, as the
    environment says.
    """
    placed_library = placed(library or Library(), s3)
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
        asset_of(s, automated=s.name not in ROOTS)
        for s in STEPS
        if not s.name.startswith("cutdowns/")
        and s.name not in AUTOMATED_APART
        and s not in ANALYSIS
    ]
    return dg.Definitions(
        assets=[*outside, *single, analysis_asset(), cutdowns_asset(), publications_asset()],
        asset_checks=[check for step in STEPS for check in gates_of(step)],
        jobs=[*JOBS, PURGE],
        schedules=list(SCHEDULES),
        sensors=[AUTOMATION, *SENSORS, alerts],
        resources={
            "library": placed_library,
            PASSED: small_json,
            **({"s3": s3} if s3 is not None else {}),
        },
        executor=executor(),
    )


__all__ = ["build_defs", "defs", "key_of"]

defs = build_defs()
