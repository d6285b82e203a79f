"""What came back: performance_metrics and learnings. Rows arrive with the metrics sensor."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from video_assets.foundation.store import Draft, Project
from video_assets.orchestration.steps import Step

if TYPE_CHECKING:
    import pandas as pd

METRICS = "performance/metrics.parquet"
LEARNINGS = "performance/learnings.parquet"


def _table(project: Project, name: str) -> "pd.DataFrame":
    import pandas as pd

    return pd.read_parquet(project.path(name))


def make_metrics(project: Project, draft: Draft) -> None:
    """The table with its schema; nothing has been published yet."""
    from video_assets.performance.metrics import empty_metrics

    empty_metrics().to_parquet(draft.path(METRICS), index=False)


def describe_metrics(project: Project) -> Mapping[str, Any]:
    """Rows."""
    return {"rows": len(_table(project, METRICS))}


def every_row_joins(project: Project) -> list[str]:
    """Every row of performance belongs to a cutdown."""
    from video_assets.performance.metrics import problems

    return problems(_table(project, METRICS))


def make_learnings(project: Project, draft: Draft) -> None:
    """What the metrics say of this brand."""
    from video_assets.performance.learnings import learnings_from

    found = learnings_from(_table(project, METRICS), project.brand)
    found.to_parquet(draft.path(LEARNINGS), index=False)


def describe_learnings(project: Project) -> Mapping[str, Any]:
    """Rows."""
    return {"rows": len(_table(project, LEARNINGS))}


def no_claim_below_the_sample_floor(project: Project) -> list[str]:
    """No claim rests on fewer publications than the sample floor."""
    from video_assets.performance.learnings import problems

    return problems(_table(project, LEARNINGS))


STEPS = (
    Step(
        "performance_metrics",
        "performance",
        "Metrics of published cutdowns, joined to cutdown, idea, take and trait.",
        ("published_metrics",),
        "1",
        make_metrics,
        describe=describe_metrics,
        gates=(every_row_joins,),
        kinds=("pandas", "parquet"),
    ),
    Step(
        "learnings",
        "performance",
        "What all publications of this brand say about one trait, with effect and sample size.",
        ("performance_metrics",),
        "1",
        make_learnings,
        describe=describe_learnings,
        gates=(no_claim_below_the_sample_floor,),
        kinds=("pandas", "parquet"),
    ),
)
