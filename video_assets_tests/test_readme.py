"""The README cannot drift from the product."""

import re
from pathlib import Path

from video_assets.cli import app, project_app
from video_assets.orchestration.automation import OUTSIDE
from video_assets.orchestration.graph import STEPS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_names_every_asset_and_gate():
    named = set(re.findall(r"`([\w/]+)`", README))
    assets = {s.name for s in STEPS} | set(OUTSIDE)
    gates = {g.__name__ for s in STEPS for g in s.gates}
    assert not (assets | gates) - named


def test_it_names_every_command():
    commands = {c.callback.__name__ for c in app.registered_commands}
    commands |= {c.callback.__name__.replace("_", " ") for c in project_app.registered_commands}
    assert {"run", "project add", "project archive"} <= commands
    missing = {c for c in commands if f"video-assets {c}" not in README}
    assert not missing


def test_every_make_word_exists():
    words = set(re.findall(r"(?:`|^)make ([a-z-]+)", README, re.M))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert {"demo", "test", "check", "dagster"} <= words
    assert words - targets == set()


def test_every_linked_file_exists():
    for name in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / name).is_file(), name
