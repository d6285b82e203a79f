"""Killed again and again, a run ends with the same bytes as one that was left alone."""

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from video_assets_tests.orchestration.trees import cli, kept_files


def killed_and_compared(
    tmp_path: Path, library: Path, kills: int, seed: int, aspects: str = "1x1,9x16"
) -> None:
    chance = random.Random(seed)
    (tmp_path / "b.yaml").write_text("title: Lake\ndurations: [6]\n")
    data = tmp_path / "data"
    add = cli(
        "project", "add", "a", "--footage", library, "--brief", tmp_path / "b.yaml", "--data", data
    )
    run = cli("run", "a", "--aspects", aspects, "--data", data)
    subprocess.run(add, check=True, capture_output=True)
    began = time.monotonic()
    subprocess.run(run, check=True, capture_output=True)
    whole = time.monotonic() - began
    reference = kept_files(data)
    assert sum(name.endswith(".mp4") for name in reference) == aspects.count("x")
    for number in range(kills):
        if number % 5 == 0:
            shutil.rmtree(data)
            subprocess.run(add, check=True, capture_output=True)
        running = subprocess.Popen(
            run, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(chance.uniform(0.05, 0.9) * whole)
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        for name, digest in kept_files(data).items():
            if "/.drafts/" not in f"/{name}" and name in reference:
                assert digest == reference[name], (
                    f"kill {number}: {name} is half-written or different"
                )
        if number % 5 == 4 or number == kills - 1:
            done = subprocess.run(run, capture_output=True, text=True, timeout=600)
            assert done.returncode == 0, done.stdout + done.stderr
            assert kept_files(data) == reference, f"after kill {number}"


@pytest.mark.soak
def test_killed_once(tmp_path, small_library):
    killed_and_compared(tmp_path, small_library, 1, seed=7, aspects="1x1")


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_killed_twenty_times(tmp_path, small_library):
    killed_and_compared(tmp_path, small_library, 20, seed=11)
