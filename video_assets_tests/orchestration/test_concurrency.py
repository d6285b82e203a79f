"""Several commands on one project at the same time end with the bytes of one."""

import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from video_assets_tests.orchestration.trees import cli, kept_files


def together(
    tmp_path: Path, library: Path, clips: Callable[[Path], None], crowds: list[int], last: str
) -> None:
    """For each crowd: so many runs, up to the asset `last`, begin at once on a new project.

    The one that they are compared with finds its clips analysed; they analyse them together.
    """
    (tmp_path / "b.yaml").write_text("title: Lake\ndurations: [6]\n")
    data = tmp_path / "data"
    add = cli(
        "project", "add", "a", "--footage", library, "--brief", tmp_path / "b.yaml", "--data", data
    )
    run = cli("run", "a", "--aspects", "1x1", "--to", last, "--data", data)
    reference: dict[str, str] = {}
    for number, crowd in enumerate([1, *crowds]):
        shutil.rmtree(data, ignore_errors=True)
        if number == 0:
            clips(data)
        subprocess.run(add, check=True, capture_output=True)
        running = [
            subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(crowd)
        ]
        for one in running:
            out, err = one.communicate(timeout=900)
            assert one.returncode == 0, f"trial {number}: {out}{err}"
        found = kept_files(data)
        reference = reference or found
        assert found == reference, f"trial {number} with {crowd} runs"
        assert not list(data.rglob(".drafts/*")) and not list(data.rglob("*.part"))
    assert sum(name.endswith(".otio") for name in reference) == 1 + (last == "cutdowns")


@pytest.mark.soak
def test_two_at_once(
    tmp_path: Path, small_library: Path, small_clips: Callable[[Path], None]
) -> None:
    together(tmp_path, small_library, small_clips, [2], "timelines")


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_two_to_eight_at_once_fifty_times(
    tmp_path: Path, small_library: Path, small_clips: Callable[[Path], None]
) -> None:
    chance = random.Random(5)
    together(
        tmp_path, small_library, small_clips, [chance.randint(2, 8) for _ in range(50)], "cutdowns"
    )
