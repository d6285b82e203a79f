"""What several rooms' tests need: real media, made here."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from video_assets.foundation.media import ffmpeg_path

LONGEST = ("test_daemon", "test_cli", "test_rounds", "test_soak", "test_graph", "test_jobs")
"""Files that the workers begin with, so that none waits for the other at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, each in its own order."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real media, where the environment names one."""
    named = os.environ.get("VIDEO_ASSETS_CORPUS")
    if not named:
        pytest.skip("corpus is absent")
    return Path(named)


@pytest.fixture(scope="session")
def film() -> Callable[..., Path]:
    """Runs ffmpeg with these arguments; the last is the file that comes out."""

    def make(*arguments: str | Path) -> Path:
        command = [ffmpeg_path(), "-v", "error", "-y", *map(str, arguments)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        return Path(arguments[-1])

    return make


@pytest.fixture(scope="session")
def small_library(tmp_path_factory, film) -> Path:
    """Four moving pictures with a hum, 640x360, 4 s each, 25 fps; a note; a broken file."""
    folder = tmp_path_factory.mktemp("library") / "footage"
    (folder / "lake").mkdir(parents=True)
    looks = {
        "lake/blue_water.mp4": "gradients=s=640x360:r=25:d=4:c0=navy:c1=teal:c2=skyblue:x0=0:y0=0:x1=640:y1=360:nb_colors=3:seed=1:speed=0.08",
        "red_door.mp4": "gradients=s=640x360:r=25:d=4:c0=maroon:c1=red:c2=orange:nb_colors=3:seed=2:speed=0.08",
        "forest.mp4": "mandelbrot=s=640x360:r=25:start_scale=2:end_scale=0.2:end_pts=100,trim=duration=4,hue=h=90",
        "night.mp4": "testsrc2=s=640x360:r=25:d=4,hue=b=-2",
    }
    for number, (name, look) in enumerate(looks.items()):
        film(
            "-f", "lavfi", "-i", look, "-f", "lavfi", "-i", f"sine=f={120 + 40 * number}:d=4:r=48000",
            "-af", "volume=0.2", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
            "-c:a", "aac", "-shortest", folder / name,
        )  # fmt: skip
    (folder / "notes.txt").write_text("not footage")
    (folder / "broken.mp4").write_bytes((folder / "night.mp4").read_bytes()[:3000])
    return folder
