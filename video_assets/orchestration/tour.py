"""The loop on the bundled footage: publish, bring a made-up week of numbers back, plan round 2."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from video_assets.editorial.rounds import ideas_in
from video_assets.foundation.records import Idea, Learning
from video_assets.foundation.store import Project, Workspace
from video_assets.orchestration.rounds import outbox_of, rounds_of, sealed
from video_assets.orchestration.runs import Outcome, publish_in_dagster, run_project

WEEK = "week_one.csv"


def is_begun(project: Project) -> bool:
    """Whether its first round is out already."""
    return bool(sealed(project))


def take_round(workspace: Workspace, project: Project) -> Outcome:
    """Publishes to the folder channel, imports the week, makes the next round up to timelines."""
    import video_assets.demo
    from video_assets.performance.inbox import import_files

    if any(r.state != "live" for r in outbox_of(project).rows()) or not is_begun(project):
        sent = publish_in_dagster(workspace, project, "", False, "demo")
        if sent.stopped:
            return sent
    import_files(workspace, [Path(video_assets.demo.__file__).parent / WEEK], project.slug)
    for last in ("learnings", "timelines"):
        outcome = run_project(workspace, project, last, (), "")
        if outcome.stopped:
            return outcome
    return outcome


def learned_in(project: Project) -> list[Learning]:
    """What the numbers say."""
    from video_assets.performance.learnings import learnings_of

    return learnings_of(project)


def compared(project: Project) -> list[dict[str, Any]]:
    """The newest round's ideas beside those of the round before it, length by length."""
    rounds = rounds_of(project)
    if len(rounds) < 2:
        return []
    before, now = (ideas_in(r) for r in rounds[-2:])
    return [
        {
            "cut": idea.cut_id,
            "before": old.cut_id if old else "",
            "changed": _differences(old, idea) if old else ["new"],
            "because": list(idea.learned),
        }
        for idea in now
        for old in [_same_length(idea, before)]
    ]


def _same_length(idea: Idea, others: Sequence[Idea]) -> Idea | None:
    return next((o for o in others if o.duration == idea.duration), None)


def _differences(old: Idea, new: Idea) -> list[str]:
    """What a person would see: recipe, first words, title, order of what is said, pace."""
    found = []
    if old.recipe != new.recipe:
        found.append(f"{new.recipe} instead of {old.recipe}")
    if old.hook != new.hook:
        found.append(f"title {new.hook!r} instead of {old.hook!r}")
    first = [next((b.text for b in i.beats if b.kind == "hook"), "") for i in (old, new)]
    if first[0] != first[1]:
        found.append(f"begins with {first[1]!r} instead of {first[0]!r}")
    said = [{b.text for b in i.beats if b.line_group} for i in (old, new)]
    found += [f"no longer says {text!r}" for text in sorted(said[0] - said[1] - {first[0]})]
    found += [f"now says {text!r}" for text in sorted(said[1] - said[0] - {first[1]})]
    if old.pace != new.pace:
        found.append("faster" if new.pace < old.pace else "slower")
    return found or ["nothing"]
