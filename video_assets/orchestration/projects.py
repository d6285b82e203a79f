"""Making projects: from a footage folder, or from the bundled demo."""

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from video_assets.foundation.buckets import is_address
from video_assets.foundation.errors import ProjectError
from video_assets.foundation.records import FootageRow
from video_assets.foundation.store import Project, Workspace, disk_errors, write_atomic
from video_assets.library.intake import look

DEMO = "demo"

PROJECT_TEXT = """\
# Where this project's footage lies. A folder (relative to this file, or absolute) or
# s3://bucket/prefix; it is never written to. This file is yours from now on.
{settings}"""


FEW = """\
# Three cuts are too few to learn from: lower floors than a brand should have (left out: 8
# publications of 2 cuts with a trait, and as many without), so that the demo shows the loop.
learnings: {samples: 6, cuts: 1}
"""


def add_project(
    workspace: Workspace, slug: str, footage: Path | str | None, brief: Path | None, brand: str
) -> dict[str, Any]:
    """Makes a project's folder; without a brief, writes a first one from a probe of the footage.

    `footage`: a folder, or `s3://bucket/prefix`. Raises ProjectError where the slug is taken, the
    footage is absent or empty, or the brief is wrong: then nothing is left behind.
    """
    from video_assets.editorial.brief import load_brief, write_first_brief
    from video_assets.orchestration.graph import BY_NAME

    project = Project(workspace, slug)
    if (project.root / "project.yaml").exists() and (project.root / "brief.yaml").exists():
        raise ProjectError(
            f"project {slug} exists already; change {project.root / 'project.yaml'}, "
            "or choose another name"
        )
    settings: dict[str, Any] = {}
    if brand:
        settings["brand"] = brand
    if footage is not None and is_address(footage):
        bucket = workspace.bucket(str(footage))
        if not look(bucket):
            raise ProjectError(f"there is nothing below {bucket}: put clips into it first")
        settings["footage"] = str(bucket)
    elif footage is not None:
        root = Path(footage).expanduser().absolute()
        if not root.is_dir():
            raise ProjectError(f"the footage folder {root} does not exist or is no folder")
        if not any(root.iterdir()):
            raise ProjectError(f"the footage folder {root} is empty: put clips into it first")
        inside = root.resolve(), workspace.root.resolve()
        if inside[1].is_relative_to(inside[0]) or inside[0].is_relative_to(inside[1]):
            raise ProjectError(
                f"the footage folder {root} and the data folder {workspace.root} must lie apart: "
                "what is made would be taken for footage; choose another --data"
            )
        settings["footage"] = str(root)
    else:
        settings["footage"] = "footage"
    if brief is not None:
        load_brief(brief)
    known = project.root.exists()
    try:
        with disk_errors(project.root):
            for folder in ("brand", "music", "references", "performance/inbox"):
                project.path(folder).mkdir(parents=True, exist_ok=True)
            if footage is None:
                project.path("footage").mkdir(exist_ok=True)
        text = yaml.safe_dump(settings, allow_unicode=True, sort_keys=True)
        write_atomic(project.path("project.yaml"), PROJECT_TEXT.format(settings=text))
        rows: list[FootageRow] = []
        if footage is not None or any(project.path("footage").iterdir()):
            BY_NAME["footage"].run(project)
            rows = project.read("library/footage.parquet", FootageRow)
        written = brief is None and not project.path("brief.yaml").exists()
        if brief is not None:
            write_atomic(project.path("brief.yaml"), brief.read_bytes())
        elif written:
            write_atomic(project.path("brief.yaml"), write_first_brief(rows, None, _title(slug)))
    except BaseException:
        if not known:
            shutil.rmtree(project.root, ignore_errors=True)
        raise
    roles = Counter(r.role for r in rows)
    seconds = sum(float(r.duration) for r in rows if r.role == "clip")
    counted = ", ".join(f"{n} {role}" for role, n in sorted(roles.items())) or "no footage yet"
    return {
        "project": slug,
        "folder": str(project.root),
        "footage": settings["footage"],
        "brief": str(project.path("brief.yaml")),
        "written_brief": written,
        "roles": dict(sorted(roles.items())),
        "seconds": round(seconds, 2),
        "summary": f"{counted}; {seconds / 60:.1f} minutes of picture",
    }


def _title(slug: str) -> str:
    """`spring-launch` as people would write it."""
    return slug.replace("-", " ").replace("_", " ").strip().capitalize() or slug


def add_demo(workspace: Workspace) -> Project:
    """The project `demo` on the bundled footage; made where there is none."""
    import video_assets.demo

    bundled = Path(video_assets.demo.__file__).parent
    project = Project(workspace, DEMO)
    if not (bundled / "footage").is_dir():
        raise ProjectError(f"the bundled footage is not installed at {bundled}")
    if (project.root / "project.yaml").exists():
        return project
    with disk_errors(project.root):
        for name in ("brand", "music"):
            shutil.copytree(bundled / name, project.path(name), dirs_exist_ok=True)
        for name in ("references", "performance/inbox"):
            project.path(name).mkdir(parents=True, exist_ok=True)
        write_atomic(project.path("brief.yaml"), (bundled / "brief.yaml").read_bytes())
    settings = yaml.safe_dump({"brand": "wickfield", "footage": str(bundled / "footage")})
    write_atomic(project.path("project.yaml"), PROJECT_TEXT.format(settings=settings + FEW))
    return project
