"""What works on this machine, and what to install for the rest."""

import os
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from video_assets.foundation.errors import VideoAssetsError
from video_assets.foundation.store import Workspace

STACK = (
    "dagster",
    "dagster-aws",
    "pandas",
    "pyarrow",
    "lancedb",
    "ffmpeg-python",
    "scenedetect",
    "whisperx",
    "open-clip-torch",
)
NEEDED_FREE = 5 * 2**30
"""Bytes: a campaign's segments and cutdowns, with room to spare."""


def examine(workspace: Workspace) -> dict[str, Any]:
    """Checks (name, ok, what, do) and engines; only a check that is not ok stops work."""
    return {
        "checks": [_python(), _ffmpeg(), _faces(), _storage(workspace)],
        "stack": {name: _version(name) for name in STACK},
        "gpu": _gpu(),
        "engines": _engines(),
    }


def _check(name: str, ok: bool, what: str, do: str = "") -> dict[str, Any]:
    return {"name": name, "ok": ok, "what": what, "do": "" if ok else do}


def _python() -> dict[str, Any]:
    found = ".".join(map(str, sys.version_info[:3]))
    return _check("python", sys.version_info >= (3, 11), found, "use Python 3.11 or 3.12")


def _ffmpeg() -> dict[str, Any]:
    from video_assets.foundation.media import ffmpeg_path, ffmpeg_version

    try:
        return _check("ffmpeg", True, f"{ffmpeg_version()} at {ffmpeg_path()}")
    except (VideoAssetsError, OSError) as error:
        return _check("ffmpeg", False, str(error), "set VIDEO_ASSETS_FFMPEG to a working ffmpeg")


def _faces() -> dict[str, Any]:
    import cv2

    ok = hasattr(cv2, "CascadeClassifier")
    return _check(
        "opencv", ok, cv2.__version__, "install one OpenCV below 5 (opencv-python>=4.10,<5)"
    )


def _storage(workspace: Workspace) -> dict[str, Any]:
    place = workspace.root
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if not os.access(place, os.W_OK):
        return _check("storage", False, f"{place} cannot be written", "choose another --data")
    what = f"{free / 2**30:.0f} GB free at {workspace.root}"
    return _check("storage", free > NEEDED_FREE, what, "free some space or choose another --data")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed (make install-all)"


def _gpu() -> str:
    return "NVIDIA driver found" if shutil.which("nvidia-smi") else "none: engines run on the CPU"


def _engines() -> list[dict[str, Any]]:
    from video_assets.foundation.records import to_plain
    from video_assets.models.routes import available

    return [to_plain(engine) for engine in available()]
