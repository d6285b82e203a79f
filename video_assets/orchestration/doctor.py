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
        "checks": [_python(), _ffmpeg(), _faces(), _storage(workspace), *_buckets(workspace)],
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


def _buckets(workspace: Workspace) -> list[dict[str, Any]]:
    """One check for every bucket that a project's footage lies in; boto3 is not asked before."""
    from video_assets.foundation.buckets import Bucket
    from video_assets.library.intake import look

    roots: dict[str, Bucket] = {}
    for slug in workspace.projects():
        try:
            root = workspace.project(slug).footage_root
        except VideoAssetsError:
            continue  # `status` says what is wrong with it
        if isinstance(root, Bucket):
            roots.setdefault(str(root), root)
    checks = []
    for name, root in sorted(roots.items()):
        what = f"{name} ({root.access.endpoint_url or 'as AWS is configured'})"
        try:
            told = f"{what}: {len(look(root))} objects; cache at most {root.cap / 1e9:g} GB"
            checks.append(_check("s3", True, told))
        except VideoAssetsError as error:
            do = "set network, credential or address right, then `video-assets status`"
            checks.append(_check("s3", False, f"{what}: {error}", do))
    return checks or [_check("s3", True, f"boto3 {_version('boto3')}; no footage lies in a bucket")]


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
