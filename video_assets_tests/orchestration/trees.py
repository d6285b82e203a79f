"""What tests that run whole commands share."""

import hashlib
import sys
from pathlib import Path


def cli(*arguments: object) -> list[str]:
    """A command line of ours."""
    return [sys.executable, "-m", "video_assets.cli", *map(str, arguments)]


def kept_files(data: Path) -> dict[str, str]:
    """Digest of every finished file of the project that does not speak of the data folder itself."""
    root = data / "projects" / "a"
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_file() and ".manifests" not in path.parts and path.suffix != ".part":
            found[path.relative_to(root).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found
