"""What memory does the analysis of a long clip take? One JSON line: peak by minutes of 1080p.

    python benchmarks/analysis_memory.py [--minutes 1,5,20,60] [--work DIR]

The clips are drawn (1080p at 25/s, H.264, stereo sound, a camera cut every 4 s) and made long by
repeating them. Each is analysed by a worker process of its own, as the product starts it; `rss_mb`
is that process's peak resident memory (VmHWM) in MiB, `idle_mb` with all imported and nothing read.
"""

import argparse
import json
import resource
import subprocess
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from video_assets.foundation.media import ffmpeg_path
from video_assets.foundation.records import FootageRow, from_plain, to_plain
from video_assets.library.analysis import analyse
from video_assets.library.intake import examine

GOAL = 300
"""MiB a worker, whatever the length."""


def film(folder: Path, minutes: int) -> Path:
    """A clip of so many minutes."""
    whole = folder / f"{minutes}.mp4"
    if whole.exists():
        return whole
    first = folder / "first.mp4"
    if not first.exists():
        _ffmpeg(
            "-f", "lavfi", "-i", "testsrc2=s=1920x1080:r=25:d=4",
            "-f", "lavfi", "-i", "mandelbrot=s=1920x1080:r=25:end_pts=400,trim=duration=4",
            "-f", "lavfi", "-i", "sine=f=300:d=8:r=48000", "-filter_complex",
            "[0:v][1:v]concat=n=2:v=1:a=0,format=yuv420p[v]", "-map", "[v]", "-map", "2:a",
            "-c:v", "libx264", "-preset", "ultrafast", "-b:v", "1500k", "-c:a", "aac", first,
        )  # fmt: skip
    _ffmpeg("-stream_loop", "-1", "-i", first, "-t", str(60 * minutes), "-c", "copy", whole)
    return whole


def _ffmpeg(*arguments: object) -> None:
    subprocess.run([ffmpeg_path(), "-v", "error", "-y", *map(str, arguments)], check=True)


def measured(data: str, root: Path, name: str, answer: Any) -> None:
    """Analyses one clip in this process; answers with what it took."""
    import cv2  # noqa: F401 (all that a worker has imported before it reads anything)
    import scipy.ndimage
    import scipy.signal  # noqa: F401

    clip_id, fields, error = examine(str(root / name))
    if error is not None:
        raise error
    info = (root / name).stat()
    plain = {**to_plain(FootageRow(name, "clip", info.st_size, info.st_mtime_ns, 0, clip_id))}
    plain |= fields or {}
    idle, began, used = _peak(), time.monotonic(), time.process_time()
    found = analyse(data, root, plain)
    answer.send(
        {
            "minutes": round(float(from_plain(FootageRow, plain).duration) / 60, 1),
            "shots": len(found["shots"]),
            "idle_mb": idle,
            "rss_mb": _peak(),
            "cpu_s": round(time.process_time() - used, 1),
            "wall_s": round(time.monotonic() - began, 1),
        }
    )


def _peak() -> float:
    """Peak resident memory of this process so far, MiB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def main() -> None:
    """Measures and prints."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--minutes", default="1,5,20,60")
    asked.add_argument("--work", type=Path)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = options.work or Path(scratch)
        found = []
        for minutes in map(int, options.minutes.split(",")):
            file = film(root, minutes)
            with tempfile.TemporaryDirectory() as data:
                here, there = get_context("spawn").Pipe(False)
                worker = get_context("spawn").Process(
                    target=measured, args=(data, root, file.name, there)
                )
                worker.start()
                there.close()
                found.append(here.recv())
                worker.join()
        peaks = [one["rss_mb"] for one in found]
        print(
            json.dumps(
                {
                    "benchmark": "analysis_memory",
                    "goal_mb": GOAL,
                    "most_mb": max(peaks),
                    "growth_mb": round(peaks[-1] - peaks[0], 1),
                    "clips": found,
                }
            )
        )


if __name__ == "__main__":
    main()
