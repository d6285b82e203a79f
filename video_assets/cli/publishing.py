"""approve, reject, publish, metrics import: what goes out, and what comes back."""

import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from video_assets.cli.common import (
    AsJson,
    Data,
    Slug,
    checked_aspects,
    checked_slug,
    print_json,
    progress,
    spoken_plainly,
    workspace_in,
)

Cut = Annotated[str, typer.Argument(help="Such as r1-02.", show_default=False)]
Aspect = Annotated[str, typer.Option(help="Only this one, such as 9x16; else all there are.")]
By = Annotated[str, typer.Option(help="Who says so.", show_default=False)]
Note = Annotated[str, typer.Option(help="Why, for whoever reads it later.")]


def _me() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user in this container
        return "unknown"


@spoken_plainly
def approve(
    slug: Slug,
    cut: Cut,
    by: By,
    aspect: Aspect = "",
    note: Note = "",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Say yes to a cut's present files; its round is frozen. Example: video-assets approve spring
    r1-02 --by Ada"""
    _decide("approved", slug, cut, by, aspect, note, data, as_json)


@spoken_plainly
def reject(
    slug: Slug,
    cut: Cut,
    by: By,
    aspect: Aspect = "",
    note: Note = "",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Say no to a cut's present files: they are never sent. Example: video-assets reject spring
    r1-02 --aspect 1x1 --by Ada --note "logo is cropped" """
    _decide("rejected", slug, cut, by, aspect, note, data, as_json)


def _decide(
    decision: str,
    slug: str,
    cut: str,
    by: str,
    aspect: str,
    note: str,
    data: Path | None,
    as_json: bool,
) -> None:
    from video_assets.orchestration.publishing import decide

    if not by.strip():
        raise typer.BadParameter("say who decides: --by NAME")
    one = checked_aspects(aspect)
    if len(one) > 1:
        raise typer.BadParameter("name one aspect, or none for all")
    project = workspace_in(data).project(slug)
    found = decide(project, cut, one[0] if one else "", decision, by.strip(), note)
    if as_json:
        print_json(found)
        return
    for answer in found:
        typer.echo(f"{answer.cut_id} {answer.aspect}: {decision} by {answer.by}")
    from video_assets.orchestration.rounds import outbox_of

    told = {(a.cut_id, a.aspect) for a in found}
    for row in outbox_of(project).rows() if decision == "rejected" else ():
        if row.state == "live" and (row.cut_id, row.aspect) in told:
            typer.echo(
                f"note: {row.cut_id} {row.aspect} is out already; take {row.remote_id} down at "
                f"{row.channel}, then: video-assets withdraw {slug} {row.remote_id} --by {by}"
            )
    if decision == "approved":
        typer.echo(f"round {cut.split('-')[0]} is frozen; next: video-assets publish {slug}")


@spoken_plainly
def publish(
    slug: Slug,
    channel: Annotated[str, typer.Option(help="Only this channel of project.yaml.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be sent.")
    ] = False,
    retry_dead: Annotated[bool, typer.Option(help="Try given-up posts again.")] = False,
    by: Annotated[str, typer.Option(help="Who sends it; else who is logged in.")] = "",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Send what passed to the project's channels, each once. Example: video-assets publish spring
    --dry-run"""
    from video_assets.orchestration.publishing import plan_project
    from video_assets.orchestration.rounds import outbox_of
    from video_assets.orchestration.runs import publish_in_dagster
    from video_assets.orchestration.shown import show_published

    workspace = workspace_in(data)
    project = workspace.project(slug)
    before = {r.key: r.state for r in outbox_of(project).rows()}
    failed: tuple[tuple[str, str], ...] = ()
    if dry_run:
        planned = plan_project(project, channel, retry_dead)
    else:
        plan_project(project, channel, retry_dead)  # a wrong channel is told before anything runs
        with progress():
            outcome = publish_in_dagster(workspace, project, channel, retry_dead, by or _me())
        failed = outcome.failed
        planned = plan_project(project, channel)
    rows = outbox_of(project).rows()
    sent = [r for r in rows if r.state != before.get(r.key)]
    refused = [p for p in planned if p.action == "refused"]
    if as_json:
        print_json({"planned": [_plain(p) for p in planned], "changed": sent, "failed": failed})
    else:
        show_published(project, planned, rows, dry_run, {r.key for r in sent})
        for where, why in failed:
            typer.echo(f"video-assets: {where}: {why}", err=True)
    if failed or (planned and len(refused) == len(planned)) or not planned:
        if not planned:
            typer.echo(f"nothing to publish; next: video-assets run {slug}", err=True)
        raise typer.Exit(1)


@spoken_plainly
def withdraw(
    slug: Slug,
    post: Annotated[str, typer.Argument(help="The post, as publish shows it.", show_default=False)],
    by: By,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Note that a post was taken down; remove it at the channel yourself. Example: video-assets
    withdraw spring r1-02-9x16-0123456789ab --by Ada"""
    from video_assets.delivery.publications import withdraw as note
    from video_assets.orchestration.rounds import outbox_of

    project = workspace_in(data).project(slug)
    with project.leased():
        told = note(outbox_of(project), post, by)
    if as_json:
        print_json({"told": told})
        return
    typer.echo(told)


def _plain(planned: Any) -> dict[str, Any]:
    one = planned.candidate
    return {
        "cut": one.cut_id,
        "aspect": one.aspect,
        "channel": planned.channel.name,
        "action": planned.action,
        "reason": planned.reason,
        "key": planned.key,
    }


@spoken_plainly
def metrics_import(
    files: Annotated[list[Path], typer.Argument(help="CSV or JSON files.", show_default=False)],
    project: Annotated[
        str, typer.Option(help="For this project; else for whoever published the posts.")
    ] = "",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Bring back what platforms reported. Example: video-assets metrics import week.csv"""
    from video_assets.performance.inbox import import_files

    slug = checked_slug(project) if project else None
    done = import_files(workspace_in(data), files, slug)
    if as_json:
        print_json({"files": done.files, "rows": done.rows, "set_aside": done.set_aside})
        return
    for name in sorted(done.files):
        typer.echo(f"{name}: {done.rows.get(name, 0)} numbers of its posts are in the inbox")
    for line in done.set_aside:
        typer.echo(f"note: {line}")
    for name in sorted(done.files):
        typer.echo(f"next: video-assets run {name}")
