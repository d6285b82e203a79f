"""run and demo: making what differs."""

from typing import Annotated, Any

import typer

from video_assets.cli.common import (
    AsJson,
    Data,
    Slug,
    checked_aspects,
    print_json,
    progress,
    spoken_plainly,
    workspace_in,
)


@spoken_plainly
def run(
    slug: Slug,
    to: Annotated[str | None, typer.Option(help="Stop at this asset, such as timelines.")] = None,
    aspects: Annotated[str, typer.Option(help="Only these, such as 9x16,1x1; else all six.")] = "",
    tier: Annotated[
        str, typer.Option(help="draft or delivery, for this project from now on; else the brief's.")
    ] = "",
    next_round: Annotated[
        bool, typer.Option("--next-round", help="Begin the round after the last frozen one.")
    ] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make what differs, up to the cutdowns. Example: video-assets run spring --aspects 9x16"""
    from video_assets.orchestration.graph import BY_NAME

    wanted = checked_aspects(aspects)
    known = {s.split("/")[0] for s in BY_NAME} | set(BY_NAME)
    if to is not None and to not in known:
        raise typer.BadParameter(f"there is no asset {to!r}; there are {', '.join(sorted(known))}")
    if tier and tier not in ("draft", "delivery"):
        raise typer.BadParameter(f"{tier!r} is no tier; there are draft and delivery")
    workspace = workspace_in(data)
    project = workspace.project(slug)
    if next_round:
        from video_assets.orchestration.rounds import ask_for_next

        ask_for_next(project)
    code = _run(workspace, project, to, wanted, tier, as_json)
    if code:
        raise typer.Exit(code)


def _run(
    workspace: Any, project: Any, to: str | None, aspects: list[str], tier: str, as_json: bool
) -> int:
    from video_assets.orchestration.runs import run_project

    with progress():
        outcome = run_project(workspace, project, to, aspects, tier)
    from video_assets.orchestration.status import cutdowns_of

    cutdowns = cutdowns_of(project)
    if as_json:
        print_json({"made": outcome.made, "failed": outcome.failed, "cutdowns": cutdowns})
    else:
        if outcome.made:
            typer.echo(f"{project.slug}: made {', '.join(outcome.made)}")
        elif not outcome.stopped:
            typer.echo(f"{project.slug}: nothing to do, everything agrees with the disk")
        for where, why in outcome.failed:
            typer.echo(f"video-assets: {where}: {why}", err=True)
        for note in outcome.notes:
            typer.echo(f"note: {note}")
        if to is None or to.startswith("cutdowns"):
            from video_assets.orchestration.shown import show_cutdowns

            show_cutdowns(project, cutdowns)
    nothing_made = (to is None or to.startswith("cutdowns")) and not cutdowns
    return 1 if outcome.stopped or nothing_made else 0


@spoken_plainly
def retry(
    slug: Slug,
    every: Annotated[
        bool,
        typer.Option("--all", help="Also what other tools or a higher limit may have mended."),
    ] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Try once more the files that were set aside. Example: video-assets retry spring"""
    from video_assets.orchestration.retrying import retry_project
    from video_assets.orchestration.shown import show_retried

    workspace = workspace_in(data)
    project = workspace.project(slug)
    with progress():
        found = retry_project(workspace, project, every)
    if as_json:
        print_json(
            {"good": found.good, "left": found.left, "others": found.others,
             "made": found.outcome.made, "failed": found.outcome.failed}
        )  # fmt: skip
    else:
        show_retried(found, project)
    if found.outcome.stopped:
        raise typer.Exit(1)


@spoken_plainly
def demo(
    no_loop: Annotated[
        bool, typer.Option("--no-loop", help="Stop at the cutdowns: publish nothing.")
    ] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """The whole loop on bundled footage: cutdowns, published, measured, round 2 planned.

    Example: video-assets demo
    """
    from video_assets.orchestration.projects import add_demo
    from video_assets.orchestration.tour import is_begun

    workspace = workspace_in(data)
    project = add_demo(workspace)
    # its second round ends at timelines: another demo renders no more than the first one did
    to = "timelines" if is_begun(project) else None
    code = _run(workspace, project, to, [], "", as_json and no_loop)
    if not code and not no_loop:
        code = _loop(workspace, project, as_json)
    if code:
        raise typer.Exit(code)


def _loop(workspace: Any, project: Any, as_json: bool) -> int:
    from video_assets.orchestration.shown import show_loop
    from video_assets.orchestration.status import cutdowns_of
    from video_assets.orchestration.tour import compared, learned_in, take_round

    with progress():
        outcome = take_round(workspace, project)
    for where, why in outcome.failed:
        typer.echo(f"video-assets: {where}: {why}", err=True)
    changes, learnings = compared(project), learned_in(project)
    if as_json:
        told = {"cutdowns": cutdowns_of(project), "learnings": learnings, "round 2": changes}
        print_json({**told, "failed": outcome.failed})
    else:
        show_loop(project, learnings, changes)
    return 1 if outcome.stopped else 0
