"""Was it made with what the plan chose."""

from video_assets.delivery.inspections.case import Case, Outcome
from video_assets.foundation.records import Finding


def engines_are_as_planned(case: Case) -> Outcome:
    """No lower engine than planned was used, unless the brief allows it."""
    return Outcome(
        {"downgrades": len(case.downgrades)},
        tuple(Finding("engines_are_as_planned", d) for d in case.downgrades),
    )
