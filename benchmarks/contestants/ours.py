"""Ours: what `video-assets project add` and `video-assets run` do, on a data folder of its own."""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from video_assets.foundation.store import Project, Workspace

SLUG = "measured"
INDEX = "shot_tags"
"""With this asset the library is indexed."""


def add(library: Path, data: Path) -> Project:
    """The project on a library that `video_assets_tests.truth` made."""
    from video_assets.orchestration.projects import add_project

    workspace = Workspace(data)
    add_project(workspace, SLUG, library / "footage", library / "brief.yaml", "")
    project = workspace.project(SLUG)
    for name in ("brand", "music"):
        if (library / name).is_dir():
            shutil.copytree(library / name, project.path(name), dirs_exist_ok=True)
    return project


def make(library: Path, data: Path, aspects: Sequence[str]) -> dict[str, float]:
    """Runs it to its cutdowns. Wall seconds: to the index, and from there to the cutdowns."""
    from video_assets.orchestration.runs import run_project

    began = time.monotonic()
    project = add(library, data)
    phases = {}
    for name, to in (("index_s", INDEX), ("make_s", None)):
        outcome = run_project(project.workspace, project, to, aspects if to is None else (), "")
        for where, why in outcome.failed:
            print(f"ours: {where}: {why}", file=sys.stderr)
        phases[name] = round(time.monotonic() - began, 2)
        began = time.monotonic()
    return phases


def main() -> None:
    """`python -m benchmarks.contestants.ours LIBRARY DATA [--aspects 9x16,1x1]`."""
    parser = argparse.ArgumentParser(prog="benchmarks.contestants.ours")
    parser.add_argument("library", type=Path, help="a library of video_assets_tests.truth")
    parser.add_argument("data", type=Path, help="the data folder to work in")
    parser.add_argument("--aspects", default="", help="such as 9x16,1x1; else the brief's")
    asked = parser.parse_args()
    phases = make(asked.library, asked.data, [a for a in asked.aspects.split(",") if a])
    (asked.data / "phases.json").write_text(json.dumps(phases), encoding="utf-8")


if __name__ == "__main__":
    main()
