"""Ten thousand small clips in one project: shard steps, events, the driver's memory, a no-op.

`python -m benchmarks.many_clips [--clips 10000] [--folder DIR]` prints one JSON line. The clips are
1.2 s of 160x90, every other one with sound, drawn from 40 seeds and made distinct by a `free` box.
Intake, analysis and a run that finds nothing to do are commands of their own; then one clip more is
put in, and its run is held against the no-op: what it takes beside that clip are the others' costs.
"""

import argparse
import json
import re
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.cost import commit, machine, measured
from video_assets.foundation.media import ffmpeg_path
from video_assets.orchestration.runs import instance_of

_SLUG = "many"
_SEEDS = 40
_DRIVER = """
import atexit, resource, sys
from video_assets.cli import main
told = lambda: print("driver kB", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
atexit.register(told)
sys.exit(main())
"""
"""The command line, which says at its end how much memory its own process took."""


def footage(folder: Path, clips: int) -> Path:
    """So many distinct clips, 500 a folder."""
    goal = folder / "footage"
    drawn = []
    for seed in range(_SEEDS):
        file = folder / f"{seed}.mp4"
        sound = ("-f", "lavfi", "-i", f"anoisesrc=a=0.1:d=1.2:r=16000:seed={seed}")
        subprocess.run(
            [
                ffmpeg_path(), "-v", "error", "-y", "-f", "lavfi", "-i",
                f"gradients=s=160x90:r=10:d=1.2:seed={seed + 1}", *(sound if seed % 2 else ()),
                "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(file),
            ],
            check=True,
        )  # fmt: skip
        drawn.append(file.read_bytes())
        file.unlink()
    for number in range(clips):
        file = goal / f"card{number // 500:02d}" / f"C{number:05d}.mp4"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(drawn[number % _SEEDS] + struct.pack(">I4sQ", 16, b"free", number))
    return goal


def run(folder: Path, name: str, *words: str) -> dict[str, Any]:
    """One command: seconds, processor seconds, MB of its own process."""
    log = folder / f"{name}.log"
    command = [sys.executable, "-c", _DRIVER, *words, "--data", str(folder / "data")]
    cost = measured(command, folder, log)
    if cost.code:
        raise SystemExit(f"{name} ended with {cost.code}: {log.read_text()[-800:]}")
    driver = int(re.findall(r"driver kB (\d+)", log.read_text())[-1])
    return {"wall_s": cost.wall_s, "cpu_s": cost.cpu_s, "driver_mb": round(driver / 1024)}


def recorded(data: Path) -> dict[str, int]:
    """The most shard steps and the most events that a run has in Dagster's log."""
    steps, events = 0, 0
    with instance_of(data) as instance:
        for one in instance.get_runs():
            logs = instance.all_logs(one.run_id)
            events = max(events, len(logs))
            begun = Counter(
                entry.step_key
                for entry in logs
                if entry.dagster_event and entry.dagster_event.is_step_start
            )
            steps = max(steps, sum("analyse[" in str(step) for step in begun))
    return {"shard_steps": steps, "events": events}


def main() -> None:
    """Makes, runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (options.folder or Path(scratch)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        root = footage(folder, options.clips)
        found = {
            name: run(folder, name, *words)
            for name, words in {
                "added": ("project", "add", _SLUG, "--footage", str(root)),
                "intake": ("run", _SLUG, "--to", "footage"),
                "analysis": ("run", _SLUG, "--to", "shot_index"),
                "nothing": ("run", _SLUG, "--to", "shot_index"),
            }.items()
        }
        first = root / "card00" / "C00000.mp4"
        (root / "one more.mp4").write_bytes(first.read_bytes() + struct.pack(">I4s", 8, b"free"))
        found["one_more"] = run(folder, "one_more", "run", _SLUG, "--to", "shot_index")
        print(
            json.dumps(
                {
                    "benchmark": "many_clips",
                    "clips": options.clips,
                    **recorded(folder / "data"),
                    **found,
                    "commit": commit(Path.cwd()),
                    "machine": machine(),
                }
            )
        )


if __name__ == "__main__":
    main()
