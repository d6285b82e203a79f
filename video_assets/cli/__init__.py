"""What a person types. Exit codes: 0 done, 1 nothing could be made, 2 wrong usage."""

import os
import sys
import warnings

import typer

from video_assets.cli.making import demo, retry, run
from video_assets.cli.migrating import migrate
from video_assets.cli.projects import (
    doctor,
    forget,
    project_add,
    project_archive,
    project_list,
    project_remove,
    project_rename,
    project_restore,
    search,
    status,
    trace,
)
from video_assets.cli.publishing import approve, metrics_import, publish, reject, withdraw
from video_assets.cli.scoring import score

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Footage in, a campaign of social cutdowns out. Start with: video-assets demo",
)
project_app = typer.Typer(no_args_is_help=True, help="Add and list projects.")
metrics_app = typer.Typer(no_args_is_help=True, help="Bring numbers back.")
app.add_typer(project_app, name="project")
app.add_typer(metrics_app, name="metrics")

app.command("demo")(demo)
project_app.command("add")(project_add)
project_app.command("list")(project_list)
project_app.command("archive")(project_archive)
project_app.command("restore")(project_restore)
project_app.command("rename")(project_rename)
project_app.command("remove")(project_remove)
app.command("run")(run)
app.command("retry")(retry)
app.command("status")(status)
app.command("search")(search)
app.command("score")(score)
app.command("approve")(approve)
app.command("reject")(reject)
app.command("publish")(publish)
app.command("withdraw")(withdraw)
metrics_app.command("import")(metrics_import)
app.command("forget")(forget)
app.command("trace")(trace)
app.command("migrate")(migrate)
app.command("doctor")(doctor)


def main() -> None:
    """The console script."""
    # the checks of a pinned Dagster are a preview API; users need not read that on every call
    warnings.filterwarnings("ignore", message="Specifying a partitions_def on an AssetCheckSpec")
    try:
        app()
    except KeyboardInterrupt:
        typer.echo("video-assets: interrupted; what was finished is kept", err=True)
        sys.stderr.flush()
        os._exit(1)
