"""Projects that are put away, brought back, renamed or removed: whole, or not at all.

What counts is one rename of the project's folder, under its lease and while no run of it is going
on: a kill leaves the project in one place or in the other, and the same command goes on from there.
Footage is never touched. Analyses and rendered segments are shared by all projects and stay.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import yaml

from video_assets.delivery.outbox import Outbox
from video_assets.foundation.errors import LeaseError, ProjectError
from video_assets.foundation.files import disk_errors
from video_assets.foundation.store import Project, Workspace, check_slug, write_atomic
from video_assets.orchestration.rounds import HOLDING, OUTBOX, outbox_of
from video_assets.orchestration.runs import PROJECT, bury_dead, instance_of, know

PATIENCE = 5.0
"""Seconds to wait for somebody who writes into the project just now."""
_GOING = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def archived(workspace: Workspace) -> list[str]:
    """The slugs of the projects that were put away, sorted."""
    shelf = _shelf(workspace)
    if not shelf.is_dir():
        return []
    return sorted(p.name for p in shelf.iterdir() if (p / "project.yaml").is_file())


def archive(workspace: Workspace, slug: str) -> Path:
    """Puts a project away: nothing runs it, lists it or learns from it until `restore`."""
    project = workspace.project(slug)
    target = _shelf(workspace) / slug
    if target.exists():
        raise ProjectError(
            f"there is a project {slug!r} in the archive already ({target}); rename one of them"
        )
    with _still(workspace, project) as instance:
        _unknow(instance, slug)  # killed before the next line, it is found and known again
        _move(project.root, target)
    return target


def restore(workspace: Workspace, slug: str) -> Path:
    """Brings a project back from the archive."""
    source, target = _shelf(workspace) / check_slug(slug), Project(workspace, slug).root
    if not source.is_dir():
        known = ", ".join(archived(workspace)) or "none"
        raise ProjectError(f"there is no project {slug!r} in the archive (there: {known})")
    if target.exists():
        raise ProjectError(f"there is a project {slug!r} already; rename it first")
    with _still(workspace, Project(workspace, slug)) as instance:
        _move(source, target)
        know(instance, slug)
    return target


def root_of(workspace: Workspace, slug: str) -> Path:
    """A project's folder, wherever it is; ProjectError where there is none."""
    put_away = _shelf(workspace) / check_slug(slug)
    here = Project(workspace, slug).root
    return put_away if put_away.is_dir() and not here.is_dir() else workspace.project(slug).root


def remove(workspace: Workspace, slug: str, even_published: bool = False) -> None:
    """Deletes a project, archived or not, and all that was made for it alone.

    ProjectError where it has publications (they could be sent twice) unless `even_published`, or
    where footage lies inside of it.
    """
    root, project = root_of(workspace, slug), Project(workspace, slug)
    with _still(workspace, project) as instance:
        from video_assets.library.frame_index import forget_project

        footage = [f for f in (root / "footage").rglob("*") if f.is_file()]
        if footage:
            raise ProjectError(
                f"{len(footage)} files of footage lie in {root / 'footage'}: move them elsewhere "
                "first"
            )
        if not even_published:
            sent = [row for row in Outbox(root / OUTBOX).rows() if row.state in HOLDING]
            if sent:
                raise ProjectError(
                    f"project {slug} has {len(sent)} publications, and what is known of them would "
                    "be lost: leave it in the archive, or say --even-published"
                )
        # what can be made again goes first: whoever is killed in here removes it once more
        forget_project(workspace, slug)
        _unknow(instance, slug)
        _move(root, _bin(workspace) / f"{slug}-{os.getpid()}")
    _empty(workspace)


def rename(workspace: Workspace, slug: str, to: str) -> Path:
    """Gives a project another slug. Its publications keep the name under which they went out."""
    project, other = workspace.project(slug), Project(workspace, check_slug(to))
    if other.root.exists() or (_shelf(workspace) / to).exists():
        raise ProjectError(f"there is a project {to!r} already, here or in the archive")
    with _still(workspace, project) as instance, other.leased(PATIENCE):
        from video_assets.library.frame_index import forget_project

        _keep_names(project)
        forget_project(workspace, slug)
        _unknow(instance, slug)
        _move(project.root, other.root)
        know(instance, to)
    return other.root


def _keep_names(project: Project) -> None:
    """Writes down under which name a project's posts are known: under another they would go out
    once more."""
    if project.settings.get("published_as") or not outbox_of(project).rows():
        return
    settings = project.root / "project.yaml"
    text = settings.read_text(encoding="utf-8").rstrip()
    line = yaml.safe_dump({"published_as": project.slug})
    write_atomic(
        settings, f"{text}\n# written when it was renamed: its posts bear this name\n{line}"
    )


def _shelf(workspace: Workspace) -> Path:
    return workspace.root / "archive"


def _bin(workspace: Workspace) -> Path:
    return workspace.root / ".removed"


def _empty(workspace: Workspace) -> None:
    """Deletes what was removed, also by a process that was killed before it came to that."""
    shutil.rmtree(_bin(workspace), ignore_errors=True)


@contextlib.contextmanager
def _still(workspace: Workspace, project: Project) -> Iterator[dg.DagsterInstance]:
    """Alone with a project that no run is about. LeaseError where one is."""
    with instance_of(workspace.root) as instance, project.leased(PATIENCE):
        bury_dead(instance)
        tags = {"dagster/partition": project.slug}
        going = instance.get_runs(dg.RunsFilter(statuses=_GOING, tags=tags), limit=1)
        going = going or instance.get_runs(
            dg.RunsFilter(statuses=_GOING, tags={PROJECT: project.slug}), limit=1
        )
        if going:
            raise LeaseError(
                f"a run of project {project.slug} is going on ({going[0].run_id[:8]}): wait until "
                "it is over, or end it"
            )
        yield instance


def _move(source: Path, target: Path) -> None:
    with disk_errors(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        os.rename(source, target)


def _unknow(instance: dg.DagsterInstance, slug: str) -> None:
    if instance.has_dynamic_partition("project", slug):
        instance.delete_dynamic_partition("project", slug)
