"""What several rooms' tests need: real media, made here."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from video_assets.foundation.media import ffmpeg_path
from video_assets.foundation.records import FootageRow
from video_assets.foundation.store import Workspace

LONGEST = (
    "test_faults",
    "test_cli",
    "test_rounds",
    "test_daemon",
    "test_soak",
    "test_concurrency",
    "test_jobs",
    "test_truth_library",
    "test_escapes",
    "test_runs",
    "test_publishing",
    "test_graph",
    "test_fanout",
    "test_hostile",
)
"""Files that the workers begin with, by what they take, so that none waits for another at the end:
140 s of CPU to 20 s, two thirds of all. A file of one test takes the next one along with it."""


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
def once(tmp_path_factory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Makes a folder once for all workers of this run; whoever comes later waits, then reads it.

    The folder is shared: tests change copies of it only.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def make(name: str, fill: Callable[[Path], None]) -> Path:
        whole, draft = shared / name, shared / f"{name}.part"
        with open(shared / f"{name}.lock", "w") as lock:  # goes with its process
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not whole.exists():
                shutil.rmtree(draft, ignore_errors=True)  # of a worker that was ended in here
                draft.mkdir()
                fill(draft)
                draft.rename(whole)
        return whole

    return make


@pytest.fixture(scope="session")
def small_library(once, film) -> Path:
    """Four moving pictures with a hum, 640x360, 4 s each, 25 fps; a note; a broken file."""
    return once("small-library", lambda folder: _film_small(folder / "footage", film)) / "footage"


def _film_small(folder: Path, film: Callable[..., Path]) -> None:
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


@pytest.fixture(scope="session")
def small_clips(once, small_library) -> Callable[[Path], None]:
    """Puts into a data folder what the product keeps of the small library's clips, analysed once.

    For tests of what comes behind the analysis: it costs as much as all the rest up to a timeline.
    Its folders are named by what went in, so a run that needs another analysis makes its own.
    """

    def analyse(folder: Path) -> None:
        from video_assets.library.analysing import analyse_clips
        from video_assets.orchestration.projects import add_project

        workspace = Workspace(folder)
        add_project(workspace, "a", small_library, None, "")
        rows = workspace.project("a").read("library/footage.parquet", FootageRow)
        analyse_clips(workspace, small_library, rows)

    def put(data: Path) -> None:
        shutil.copytree(once("small-data", analyse) / "clips", data / "clips")

    return put
