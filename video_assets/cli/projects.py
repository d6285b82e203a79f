"""project add, project list, status, search, doctor."""

from pathlib import Path
from typing import Annotated

import typer

from video_assets.cli.common import (
    AsJson,
    Data,
    Slug,
    checked_slug,
    print_json,
    progress,
    spoken_plainly,
    workspace_in,
)
from video_assets.foundation.errors import VideoAssetsError


@spoken_plainly
def project_add(
    slug: Slug,
    footage: Annotated[
        str | None,
        typer.Option(help="Folder or s3://bucket/prefix with the sources; never written to."),
    ] = None,
    brief: Annotated[Path | None, typer.Option(help="A brief.yaml to copy in.")] = None,
    brand: Annotated[str, typer.Option(help="The brand it belongs to; else its own slug.")] = "",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make a project. Example: video-assets project add spring --footage /media/card1"""
    from video_assets.orchestration.projects import add_project

    with progress():
        added = add_project(workspace_in(data), slug, footage, brief, brand)
    if as_json:
        print_json(added)
        return
    typer.echo(f"project {slug}: {added['summary']}")
    if added["written_brief"]:
        typer.echo(f"a first brief was written: {added['brief']} (read it, change it)")
    typer.echo(f"next: video-assets run {slug}")


@spoken_plainly
def project_list(data: Data = None, as_json: AsJson = False) -> None:
    """List the projects. Example: video-assets project list"""
    from video_assets.orchestration.shelving import archived

    workspace = workspace_in(data)
    slugs, put_away = workspace.projects(), archived(workspace)
    if as_json:
        here = [{"project": s, "brand": workspace.project(s).brand} for s in slugs]
        print_json([*here, *({"project": s, "archived": True} for s in put_away)])
        return
    for slug in slugs:
        typer.echo(slug)
    for slug in put_away:
        typer.echo(f"{slug} (archived)")
    if not slugs and not put_away:
        typer.echo("no project yet: video-assets project add SLUG --footage DIR", err=True)


@spoken_plainly
def project_archive(slug: Slug, data: Data = None) -> None:
    """Put a project away, whole. Example: video-assets project archive spring"""
    from video_assets.orchestration.shelving import archive

    place = archive(workspace_in(data), slug)
    typer.echo(f"{slug} lies in {place}; back with: video-assets project restore {slug}")


@spoken_plainly
def project_restore(slug: Slug, data: Data = None) -> None:
    """Bring a project back. Example: video-assets project restore spring"""
    from video_assets.orchestration.shelving import restore

    restore(workspace_in(data), slug)
    typer.echo(f"{slug} is back; next: video-assets status {slug}")


@spoken_plainly
def project_rename(
    slug: Slug,
    to: Annotated[str, typer.Argument(help="Its new slug.", show_default=False)],
    data: Data = None,
) -> None:
    """Give a project another slug. Example: video-assets project rename spring spring-2026"""
    from video_assets.orchestration.shelving import rename

    rename(workspace_in(data), slug, checked_slug(to))
    typer.echo(f"{slug} is {to} now; next: video-assets run {to}")


@spoken_plainly
def project_remove(
    slug: Slug,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; there is no way back.")] = False,
    even_published: Annotated[
        bool, typer.Option("--even-published", help="Also where posts of it are out.")
    ] = False,
    data: Data = None,
) -> None:
    """Delete a project and what was made. Example: video-assets project remove spring --yes"""
    from video_assets.orchestration.shelving import remove, root_of

    workspace = workspace_in(data)
    root = root_of(workspace, slug)
    if not yes:
        files = [f for f in root.rglob("*") if f.is_file()]
        size = sum(f.stat().st_size for f in files) / 1e6
        raise VideoAssetsError(
            f"{root} with {len(files)} files ({size:.0f} MB), the brief and the edits among them, "
            "would be deleted for ever; say --yes, or archive it"
        )
    remove(workspace, slug, even_published)
    typer.echo(f"{slug} is removed; footage and shared analyses are as they were")


@spoken_plainly
def status(
    slug: Annotated[str | None, typer.Argument(help="One project; else all.")] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Say how a project stands and what to do next. Example: video-assets status spring"""
    from video_assets.orchestration.shown import show_status
    from video_assets.orchestration.status import status_of

    workspace = workspace_in(data)
    slugs = [checked_slug(slug)] if slug else workspace.projects()
    found, broken = [], []
    for one_slug in slugs:
        try:
            found.append(status_of(workspace.project(one_slug)))
        except VideoAssetsError as error:  # one project never hides the others
            broken.append(str(error))
    for told in broken:
        typer.echo(f"video-assets: {told}", err=True)
    if as_json:
        print_json(found)
    if broken and not found:
        raise typer.Exit(1)
    if as_json:
        return
    for one in found:
        show_status(one, details=slug is not None)
    if not found:
        typer.echo("no project yet: video-assets project add SLUG --footage DIR", err=True)


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
    project = workspace_in(data).project(slug)
    if not project.manifest("shot_tags"):
        raise VideoAssetsError(f"project {slug} has no index yet: video-assets run {slug}")
    hits = find(project, text, image, limit)
    if sheet is not None:
        write_sheet(project, hits, sheet)
    if as_json:
        print_json(hits)
        return
    show_hits(hits)
    if not hits:
        typer.echo("nothing found; try other words, a colour, or --image FILE", err=True)


@spoken_plainly
def trace(
    slug: Slug,
    what: Annotated[
        str, typer.Argument(help="A clip (path or first digits of its digest), or a cut.")
    ],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Say where a clip is used, or what a cut is made of. Example: video-assets trace spring
    r1-02"""
    from video_assets.orchestration.provenance import trace as find
    from video_assets.orchestration.shown import show_trace

    found = find(workspace_in(data).project(slug), what)
    if as_json:
        print_json(found)
        return
    show_trace(found)


@spoken_plainly
def forget(
    slug: Slug,
    paths: Annotated[
        list[str], typer.Argument(help="Missing clips or folders, as status lists them.")
    ],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Drop footage that is gone for good at the next run. Example: video-assets forget spring
    card2"""
    from video_assets.library.absence import forget as drop
    from video_assets.orchestration.assets.library import footage_before

    project = workspace_in(data).project(slug)
    marked = drop(project, footage_before(project), paths)
    if as_json:
        print_json(marked)
        return
    for path in marked:
        typer.echo(f"{path}: will be dropped")
    typer.echo(f"next: video-assets run {slug}")


@spoken_plainly
def doctor(data: Data = None, as_json: AsJson = False) -> None:
    """Say what works here and what to install. Example: video-assets doctor"""
    from video_assets.orchestration.doctor import examine
    from video_assets.orchestration.shown import show_doctor

    found = examine(workspace_in(data))
    if as_json:
        print_json(found)
    else:
        show_doctor(found)
    if not all(check["ok"] for check in found["checks"]):
        raise typer.Exit(1)
