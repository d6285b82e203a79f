"""What tests of faults share: a stage for commands, projects on it, and a disk that can be full."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from video_assets_tests.orchestration.disturbances import Disk
from video_assets_tests.orchestration.stage import Stage
from video_assets_tests.orchestration.trial import Trial


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A process that has imported everything and runs commands in forks of itself."""
    made = Stage(tmp_path_factory.mktemp("stage"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def tiny_library(once, film: Callable[..., Path]) -> Path:
    """Two moving pictures with a hum, 320x180, 4 s each; a note, a broken file."""

    def fill(folder: Path) -> None:
        for number, name in enumerate(("lake.mp4", "red_door.mp4")):
            film(
                "-f", "lavfi", "-i", f"gradients=s=320x180:r=10:d=4:seed={number + 1}:speed=0.08",
                "-f", "lavfi", "-i", f"sine=f={150 + 60 * number}:d=4:r=16000", "-af", "volume=0.2",
                "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac",
                folder / name,
            )  # fmt: skip
        (folder / "notes.txt").write_text("not footage")
        (folder / "broken.mp4").write_bytes((folder / "lake.mp4").read_bytes()[:3000])

    return once("tiny-library", fill)


@pytest.fixture(scope="module")
def trial(stage: Stage, tiny_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """A project of two small clips on a drive, up to their analysis."""
    return _trial(stage, tiny_library, tmp_path_factory.mktemp("trial"), "--to", "shot_index")


@pytest.fixture(scope="module")
def whole_trial(
    stage: Stage, small_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Trial:
    """A project of four clips on a drive, up to its cutdowns in 1:1."""
    return _trial(stage, small_library, tmp_path_factory.mktemp("whole"), "--aspects", "1x1")


def _trial(stage: Stage, library: Path, folder: Path, *arguments: str) -> Trial:
    shutil.copytree(library, folder / "drive")
    return Trial(stage, folder / "data", folder / "drive", arguments)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A disk of 256 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256m", "none", str(folder)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no right to mount a small disk here")
    yield Disk(folder)
    subprocess.run(["umount", "-l", str(folder)], check=True)
