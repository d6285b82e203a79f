"""score: what the cutdowns that lie in a project are worth."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from video_assets.cli.common import (
    AsJson,
    Data,
    Slug,
    print_json,
    progress,
    spoken_plainly,
    workspace_in,
)
from video_assets.foundation.errors import VideoAssetsError

if TYPE_CHECKING:
    from video_assets.delivery.yardstick.score import Score


@spoken_plainly
def score(
    slug: Slug,
    truth: Annotated[
        Path | None, typer.Option(help="truth.json of a library made for measuring.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results; else score/ in the project.")
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Judge the cutdowns that lie there by every measure. Example: video-assets score spring"""
    from video_assets.delivery.inspections.truth import read_truth
    from video_assets.delivery.yardstick.written import plain, write_scores
    from video_assets.orchestration.scoring import score_project

    project = workspace_in(data).project(slug)
    place = out or project.path("score")
    try:
        place.mkdir(parents=True, exist_ok=True)  # before the work, not after it
    except OSError as error:
        raise VideoAssetsError(
            f"{place} cannot be used as a folder for the results ({error.strerror}); name another "
            "with --out"
        ) from error
    known = read_truth(truth) if truth is not None else None
    with progress():
        found = score_project(project, known)
    files = write_scores([found], place, f"Score of {slug}")
    if as_json:
        told: dict[str, Any] = plain([found])["scores"][0]
        print_json({**told, "files": [str(f) for f in files]})
        return
    _show(found, slug)
    typer.echo(f"look at it: {files[-1]}")


def _show(found: "Score", slug: str) -> None:
    """A line a measure, then the headline."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from video_assets.delivery.yardstick.page import figure_text
    from video_assets.delivery.yardstick.score import summaries

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=160)
    table = Table(title=f"score of {slug}", title_justify="left", box=None, pad_edge=False)
    for column in ("row", "measure", "counts as", "holds", "figure: median (range)", "asked"):
        table.add_column(column, overflow="fold")
    for one in summaries(found.rows):
        holds = f"{one.holds} of {one.measured}" if one.measured else "nothing to measure"
        figures = ", ".join(f"{k} {figure_text(v)}" for k, v in one.figures.items())
        place = str(one.row or "-")
        kind = one.counts_as
        table.add_row(place, one.measure, kind, holds, escape(figures), escape(one.limit))
    console.print(table)
    if not found.with_truth:
        console.print("against the truth: not measured (--truth FILE)")
    for cutdown in found.cutdowns:
        name = f"{cutdown.cut} {cutdown.aspect}"
        if not cutdown.made:
            told = f"not judged: {name} ({cutdown.why})"
        elif not cutdown.plays:
            told = (
                f"damaged: {name}: delivery/{cutdown.cut}/{cutdown.aspect}.mp4 does not play to "
                f"its end; make it again: video-assets run {slug}"
            )
        elif cutdown.held_back:
            told = f"set aside: {name}: {found.why_set_aside(cutdown)}"
        else:
            continue
        console.print(escape(told), soft_wrap=True)
    today = sum(c.made and not c.held_back for c in found.cutdowns)
    console.print(
        f"can go out today: {today} of {found.requested} requested cutdowns "
        f"({found.passes_today:.0%})",
        soft_wrap=True,
    )
    console.print(
        f"publishable: {found.publishable} of {found.requested} requested cutdowns "
        f"({found.headline:.0%}) by every gate, also those to come; without the exports that are "
        f"not made at all yet {found.but_exports:.0%}",
        soft_wrap=True,
    )
