"""migrate."""

from typing import Annotated

import typer

from video_assets.cli.common import (
    AsJson,
    Data,
    checked_slug,
    print_json,
    spoken_plainly,
    workspace_in,
)


@spoken_plainly
def migrate(
    slug: Annotated[str | None, typer.Argument(help="One project; else all.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would happen; change nothing.")
    ] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Bring what an older video-assets stored up to date. Example: video-assets migrate
    --dry-run"""
    from video_assets.orchestration.migrating import migrate as bring

    workspace = workspace_in(data)
    slugs = [checked_slug(slug)] if slug else workspace.projects()
    done = bring(workspace, slugs, dry_run)
    if as_json:
        print_json(done)
    else:
        _show([(o.project, o.path, o.format, o.has, o.knows, o.becomes) for o in done.old])
        if not done.old and not done.problems:
            typer.echo("nothing is of an older version")
        elif dry_run:
            typer.echo("nothing was changed; do it with: video-assets migrate")
    for told in done.problems:
        typer.echo(f"video-assets: {told}", err=True)
    if done.problems and not dry_run:
        raise typer.Exit(1)


def _show(rows: list[tuple[str, ...]]) -> None:
    """A table in plain columns: it may be long, and is piped into a file."""
    if not rows:
        return
    table = [("project", "what", "format", "has", "now", "what happens"), *rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())
