"""What all commands share: options, exit codes, errors in one line, progress."""

import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import typer

from video_assets.foundation.errors import VideoAssetsError

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


def workspace_in(data: Path | None) -> Any:
    """The workspace: --data, else VIDEO_ASSETS_DATA, else ./data."""
    import os

    from video_assets.foundation.store import Workspace

    named = data or os.environ.get("VIDEO_ASSETS_DATA") or "data"
    return Workspace(Path(named))


def checked_slug(slug: str) -> str:
    """The slug, or wrong usage that says what a project may be called."""
    from video_assets.foundation.errors import ProjectError
    from video_assets.foundation.store import check_slug

    try:
        return check_slug(slug)
    except ProjectError as error:
        raise typer.BadParameter(str(error)) from error


Slug = Annotated[
    str, typer.Argument(help="The project.", callback=checked_slug, show_default=False)
]


def print_json(value: Any) -> None:
    """A result for machines."""
    from video_assets.foundation.records import to_plain

    typer.echo(json.dumps(to_plain(value), indent=1, ensure_ascii=False))


def progress() -> Any:
    """Shows how far the work is: bars on a terminal, lines elsewhere."""
    from video_assets.foundation.progress import heard_by
    from video_assets.orchestration.shown import listener

    return heard_by(listener())


def checked_aspects(text: str) -> list[str]:
    """`9x16,1:1` as keys; wrong usage where one is no aspect ratio."""
    from video_assets.orchestration.steps import ASPECTS

    wanted = [a.strip().replace(":", "x") for a in text.split(",") if a.strip()]
    unknown = [a for a in wanted if a not in ASPECTS] or [text] * (bool(text) and not wanted)
    if unknown:
        raise typer.BadParameter(
            f"{unknown[0]!r} is no aspect ratio; there are {', '.join(ASPECTS)}"
        )
    return wanted
