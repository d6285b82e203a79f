"""A project before the yardstick: what lies there is judged again, with every measure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from video_assets.foundation.errors import VideoAssetsError
from video_assets.foundation.progress import track
from video_assets.foundation.store import Project
from video_assets.orchestration.cases import asked_cuts, stored_cases, stored_cutdowns
from video_assets.orchestration.runs import wanted_aspects

if TYPE_CHECKING:
    from video_assets.delivery.inspections.truth import Truth
    from video_assets.delivery.yardstick.score import Score


def score_project(
    project: Project,
    truth: "Truth | None" = None,
    who: str = "",
    setting: str = "",
    cost: Mapping[str, float] | None = None,
    aspects: Sequence[str] = (),
) -> "Score":
    """Every cutdown that lies in a project by every measure, and what is missing of the brief.

    Asked for are the cuts of every round that has a cutdown, in the brief's aspects where
    `aspects` names none. `who`: the name it bears beside others; the slug where left out.
    VideoAssetsError where no cutdown lies there.
    """
    from video_assets.delivery.yardstick.score import Entry, scored

    there = stored_cutdowns(project)
    if not there:
        raise VideoAssetsError(
            f"project {project.slug} has no cutdown to score yet: video-assets run {project.slug}"
        )

    def entries() -> Iterator[Entry]:
        with track(f"{project.slug} measures", len(there)) as progress:
            for cut, aspect, case, why in stored_cases(project):
                idea = case.idea if case else None
                yield Entry(cut, aspect, case, why, float(idea.duration) if idea else 0.0)
                progress.advance(detail=f"{cut} {aspect}")

    return scored(
        entries(),
        who or project.slug,
        setting,
        asked_cuts(project),
        aspects or wanted_aspects(project),
        truth,
        cost,
    )
