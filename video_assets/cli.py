"""What a person types. Exit codes: 0 done, 1 nothing could be made, 2 wrong usage."""

import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import typer

from video_assets.foundation.errors import VideoAssetsError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Footage in, a campaign of social cutdowns out. Start with: video-assets demo",
)
project_app = typer.Typer(no_args_is_help=True, help="Add and list projects.")
app.add_typer(project_app, name="project")

P = ParamSpec("P")
R = TypeVar("R")

Data = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Data folder; else VIDEO_ASSETS_DATA, else ./data.", show_default=False
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def spoken_plainly(command: Callable[P, R]) -> Callable[P, R]:
    """Turns what a person can act on into one line on stderr and exit code 1."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except VideoAssetsError as error:
            typer.echo(f"video-assets: {error}", err=True)
            raise typer.Exit(1) from error
        except KeyboardInterrupt as error:
            typer.echo(
                "video-assets: interrupted; what was finished is kept, run again to go on", err=True
            )
            raise typer.Exit(1) from error
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise typer.Exit(1) from error
            where = f" ({error.filename})" if error.filename else ""
            typer.echo(f"video-assets: {error.strerror or error}{where}", err=True)
            raise typer.Exit(1) from error

    return wrapped


def _workspace(data: Path | None) -> Any:
    import os

    from video_assets.foundation.store import Workspace

    named = data or os.environ.get("VIDEO_ASSETS_DATA") or "data"
    return Workspace(Path(named))


def _slug(slug: str) -> str:
    from video_assets.foundation.errors import ProjectError
    from video_assets.foundation.store import check_slug

    try:
        return check_slug(slug)
    except ProjectError as error:
        raise typer.BadParameter(str(error)) from error


Slug = Annotated[str, typer.Argument(help="The project.", callback=_slug, show_default=False)]


def _print(value: Any) -> None:
    from video_assets.foundation.records import to_plain

    typer.echo(json.dumps(to_plain(value), indent=1, ensure_ascii=False))


@project_app.command("add")
@spoken_plainly
def project_add(
    slug: Slug,
    footage: Annotated[
        Path | None, typer.Option(help="Folder with the sources; it is never written to.")
    ] = None,
    brief: Annotated[Path | None, typer.Option(help="A brief.yaml to copy in.")] = None,
    brand: Annotated[str, typer.Option(help="The brand it belongs to; else its own slug.")] = "",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make a project. Example: video-assets project add spring --footage /media/card1"""
    from video_assets.orchestration.projects import add_project

    with _progress():
        added = add_project(_workspace(data), slug, footage, brief, brand)
    if as_json:
        _print(added)
        return
    typer.echo(f"project {slug}: {added['summary']}")
    if added["written_brief"]:
        typer.echo(f"a first brief was written: {added['brief']} (read it, change it)")
    typer.echo(f"next: video-assets run {slug}")


@project_app.command("list")
@spoken_plainly
def project_list(data: Data = None, as_json: AsJson = False) -> None:
    """List the projects. Example: video-assets project list"""
    workspace = _workspace(data)
    slugs = workspace.projects()
    if as_json:
        _print([{"project": s, "brand": workspace.project(s).brand} for s in slugs])
        return
    for slug in slugs:
        typer.echo(slug)
    if not slugs:
        typer.echo("no project yet: video-assets project add SLUG --footage DIR", err=True)


@app.command()
@spoken_plainly
def run(
    slug: Slug,
    to: Annotated[str | None, typer.Option(help="Stop at this asset, such as timelines.")] = None,
    aspects: Annotated[str, typer.Option(help="Only these, such as 9x16,1x1; else all six.")] = "",
    tier: Annotated[
        str, typer.Option(help="draft or delivery, for this project from now on; else the brief's.")
    ] = "",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make what differs, up to the cutdowns. Example: video-assets run spring --aspects 9x16"""
    from video_assets.orchestration.graph import BY_NAME
    from video_assets.orchestration.steps import ASPECTS

    wanted = [a.strip().replace(":", "x") for a in aspects.split(",") if a.strip()]
    unknown = [a for a in wanted if a not in ASPECTS] or [aspects] * (bool(aspects) and not wanted)
    if unknown:
        raise typer.BadParameter(
            f"{unknown[0]!r} is no aspect ratio; there are {', '.join(ASPECTS)}"
        )
    known = {s.split("/")[0] for s in BY_NAME} | set(BY_NAME)
    if to is not None and to not in known:
        raise typer.BadParameter(f"there is no asset {to!r}; there are {', '.join(sorted(known))}")
    if tier and tier not in ("draft", "delivery"):
        raise typer.BadParameter(f"{tier!r} is no tier; there are draft and delivery")
    workspace = _workspace(data)
    code = _run(workspace, workspace.project(slug), to, wanted, tier, as_json)
    if code:
        raise typer.Exit(code)


def _run(
    workspace: Any, project: Any, to: str | None, aspects: list[str], tier: str, as_json: bool
) -> int:
    from video_assets.orchestration.runs import run_project

    with _progress():
        outcome = run_project(workspace, project, to, aspects, tier)
    from video_assets.orchestration.status import cutdowns_of

    cutdowns = cutdowns_of(project)
    if as_json:
        _print({"made": outcome.made, "failed": outcome.failed, "cutdowns": cutdowns})
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


@app.command()
@spoken_plainly
def status(
    slug: Annotated[str | None, typer.Argument(help="One project; else all.")] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Say how a project stands and what to do next. Example: video-assets status spring"""
    from video_assets.orchestration.shown import show_status
    from video_assets.orchestration.status import status_of

    workspace = _workspace(data)
    slugs = [_slug(slug)] if slug else workspace.projects()
    found = [status_of(workspace.project(s)) for s in slugs]
    if as_json:
        _print(found)
        return
    for one in found:
        show_status(one, details=slug is not None)
    if not found:
        typer.echo("no project yet: video-assets project add SLUG --footage DIR", err=True)


@app.command()
@spoken_plainly
def search(
    slug: Slug,
    text: Annotated[str | None, typer.Argument(help="What to look for.")] = None,
    image: Annotated[
        Path | None, typer.Option(help="A picture that shots should look like.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 10,
    sheet: Annotated[Path | None, typer.Option(help="Write a contact sheet (JPEG) here.")] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Find shots by words or by a picture. Example: video-assets search spring "red can" """
    from video_assets.library.search import search as find
    from video_assets.orchestration.shown import show_hits, write_sheet

    if not (text and text.strip()) and image is None:
        raise typer.BadParameter(
            'say what to look for, such as "red can on a table", or --image FILE'
        )
    project = _workspace(data).project(slug)
    if not project.manifest("shot_tags"):
        raise VideoAssetsError(f"project {slug} has no index yet: video-assets run {slug}")
    hits = find(project, text, image, limit)
    if sheet is not None:
        write_sheet(project, hits, sheet)
    if as_json:
        _print(hits)
        return
    show_hits(hits)
    if not hits:
        typer.echo("nothing found; try other words, a colour, or --image FILE", err=True)


@app.command()
@spoken_plainly
def doctor(data: Data = None, as_json: AsJson = False) -> None:
    """Say what works here and what to install. Example: video-assets doctor"""
    from video_assets.orchestration.doctor import examine
    from video_assets.orchestration.shown import show_doctor

    found = examine(_workspace(data))
    if as_json:
        _print(found)
    else:
        show_doctor(found)
    if not all(check["ok"] for check in found["checks"]):
        raise typer.Exit(1)


@app.command()
@spoken_plainly
def demo(data: Data = None, as_json: AsJson = False) -> None:
    """The whole pipeline on bundled footage. Example: video-assets demo"""
    from video_assets.orchestration.projects import add_demo

    workspace = _workspace(data)
    code = _run(workspace, add_demo(workspace), None, [], "", as_json)
    if code:
        raise typer.Exit(code)


def _progress() -> Any:
    from video_assets.foundation.progress import heard_by
    from video_assets.orchestration.shown import listener

    return heard_by(listener())


def main() -> None:
    """The console script."""
    import os
    import warnings

    # the checks of a pinned Dagster are a preview API; users need not read that on every call
    warnings.filterwarnings("ignore", message="Specifying a partitions_def on an AssetCheckSpec")
    try:
        app()
    except KeyboardInterrupt:
        typer.echo("video-assets: interrupted; what was finished is kept", err=True)
        sys.stderr.flush()
        os._exit(1)


if __name__ == "__main__":
    main()
