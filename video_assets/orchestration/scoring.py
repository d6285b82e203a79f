"""A project before the yardstick: what lies there is judged again, with every measure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from video_assets.foundation.errors import ProjectError, VideoAssetsError
from video_assets.foundation.progress import track
from video_assets.foundation.store import Manifest, Project
from video_assets.library.staging import is_present
from video_assets.orchestration.assets.editorial import brief_of, timelines_of
from video_assets.orchestration.assets.library import footage_before, footage_offline
from video_assets.orchestration.cases import asked_cuts, stored_cases, stored_cutdowns
from video_assets.orchestration.runs import wanted_aspects
from video_assets.orchestration.standing import State, standing

if TYPE_CHECKING:
    from video_assets.delivery.inspections.truth import Truth
    from video_assets.delivery.yardstick.score import Score

SAME = 0.2
"""Seconds by which a clip may differ from what a truth says of it."""
NAMED = 3
"""Missing clips that are named."""


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
    VideoAssetsError where no cutdown lies there, where the footage is away or the brief cannot be
    read (what is judged by them would seem bad), or where `truth` is that of another library.
    """
    from video_assets.delivery.yardstick.score import Entry, scored

    there = stored_cutdowns(project)
    if not there:
        raise VideoAssetsError(
            f"project {project.slug} has no cutdown to score yet: video-assets run {project.slug}"
        )
    brief_of(project)
    _must_be_there(project)
    if truth is not None:
        _must_be_of(truth, project)
    stands = _standing(project, there)

    def entries() -> Iterator[Entry]:
        with track(f"{project.slug} measures", len(there)) as progress:
            for cut, aspect, case, why in stored_cases(project):
                idea = case.idea if case else None
                state, reason = stands[cut, aspect]
                told = reason if state in (State.MISSING, State.DAMAGED) else why
                yield Entry(
                    cut, aspect, case, told if case is None else "",
                    float(idea.duration) if idea else 0.0,
                )  # fmt: skip
                progress.advance(detail=f"{cut} {aspect}")

    found = scored(
        entries(),
        who or project.slug,
        setting,
        asked_cuts(project),
        aspects or wanted_aspects(project),
        truth,
        cost,
    )
    cutdowns = [
        replace(one, held_back=True, aside=f"{state}: {why}")
        if one.made and state not in (State.PUBLISHABLE, State.ASIDE)
        else replace(one, held_back=True, aside=why)
        if one.made and state is State.ASIDE and not one.held_back
        else one
        for one in found.cutdowns
        for state, why in [stands.get((one.cut, one.aspect), (State.PUBLISHABLE, ""))]
    ]
    return replace(found, cutdowns=cutdowns)


def _standing(
    project: Project, there: Sequence[Manifest]
) -> dict[tuple[str, str], tuple[State, str]]:
    """How every cutdown stands, by cut and aspect."""
    lines = {t.cut_id: t for t in timelines_of(project)}
    return {
        (one.facts["cut_id"], one.facts["aspect"]): standing(
            project, one, lines.get(one.facts["cut_id"])
        )
        for one in there
    }


def _must_be_there(project: Project) -> None:
    """Measures hold cutdowns against their footage: without it nothing can be said of them."""
    offline = footage_offline(project)
    if offline:
        raise ProjectError(f"cutdowns are judged beside their footage. {offline}")
    used = {c.path for t in timelines_of(project) for c in t.picture}
    used |= {s.path for t in timelines_of(project) for s in t.sound}
    root = project.footage_root
    rows = [row for row in footage_before(project) if row.path in used]
    gone = sorted(row.path for row in rows if not is_present(root, row))
    if gone:
        more = f" and {len(gone) - NAMED} more" if len(gone) > NAMED else ""
        raise ProjectError(
            f"cutdowns are judged beside their footage, and {', '.join(gone[:NAMED])}{more} is not "
            f"in {root}: put it back, or `video-assets run {project.slug}` without it"
        )


def _must_be_of(truth: "Truth", project: Project) -> None:
    """A truth tells of the library that a project was made from, or of nothing in it."""
    rows = [row for row in footage_before(project) if row.role in ("clip", "sound")]
    known = [(row, truth.by_path[row.path]) for row in rows if row.path in truth.by_path]
    wrong = [row.path for row, clip in known if abs(float(row.duration) - clip.duration) > SAME]
    if rows and (wrong or not known):
        what = f"{wrong[0]} has another length in it" if wrong else "it knows none of its clips"
        raise VideoAssetsError(
            f"this truth is of another library than project {project.slug}'s: {what}; name the "
            "truth.json of its own"
        )
