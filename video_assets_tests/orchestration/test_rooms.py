"""Imports run one way, and only three places know Dagster."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import video_assets

ROOT = Path(video_assets.__file__).parent
ORDER = [
    "foundation",
    "models",
    "library",
    "editorial",
    "finishing",
    "delivery",
    "performance",
    "orchestration",
]
"""From the ground up: a room imports from itself and from what stands before it."""

WALK = """
import importlib, pkgutil, sys
room = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
    importlib.import_module(module.name)
found = sorted(m for m in ("dagster", "torch", "whisperx", "open_clip", "boto3") if m in sys.modules)
print(found)
sys.exit(bool(found))
"""


def imported(path: Path) -> set[str]:
    """The rooms that a module imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""] + [f"{node.module}.{a.name}" for a in node.names]
        elif isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        else:
            assert not (isinstance(node, ast.ImportFrom) and node.level), f"{path}: relative import"
            continue
        found |= {n.split(".")[1] for n in names if n.startswith("video_assets.")}
    return found


def test_every_room_is_known():
    rooms = {p.name for p in ROOT.iterdir() if p.is_dir() and any(p.glob("*.py"))}
    assert rooms == {*ORDER, "demo", "cli"}


@pytest.mark.parametrize("room", ORDER)
def test_no_import_runs_back_up(room):
    allowed = set(ORDER[: ORDER.index(room) + 1]) | (
        {"definitions", "demo"} if room == "orchestration" else set()
    )
    for path in sorted((ROOT / room).rglob("*.py")):
        above = imported(path) - allowed
        assert not above, f"{path.relative_to(ROOT)} imports {sorted(above)}"


@pytest.mark.parametrize("room", ORDER[:-1])
def test_rooms_never_import_dagster_or_models(room):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WALK, f"video_assets.{room}"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_definitions_load_light():
    code = """
import resource, sys
import video_assets.definitions
used = resource.getrusage(resource.RUSAGE_SELF)
heavy = [m for m in ("torch", "whisperx", "open_clip", "cv2", "lancedb", "pandas", "av", "boto3") if m in sys.modules]
print(used.ru_utime + used.ru_stime, heavy)
"""
    # byte code is written once, where the environment forbids it too
    env = {name: of for name, of in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", code]
    subprocess.run(command, check=True, capture_output=True, env=env)
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
    seconds, heavy = done.stdout.split(maxsplit=1)
    assert heavy.strip() == "[]"
    assert float(seconds) < 3.0  # the limit on CPU time, which is not wall time
