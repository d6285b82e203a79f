"""A day of real hours: does the library stage carry them to searchable, and what does it take?

`VIDEO_ASSETS_CORPUS=DIR python -m benchmarks.real_hours [--hours 10] [--seed 1]
[--sitting SECONDS] [--folder DIR]` prints one JSON line.

The corpus' recordings are joined in ever other orders (silent ones get recorded speech), brought
to 1080p at 25/s, and cut at other places into files of 20 s to 40 min: no two have the same bytes.
Then `video-assets run --to shot_tags` makes all that a search needs. After `--sitting` seconds it
is killed as by a power cut; the next call with the same folder goes on, and says what all sittings
took together.
"""

import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.cost import commit, machine, measured
from video_assets.foundation.media import ffmpeg_path, open_container

SHORTEST, LONGEST = 20.0, 2400.0
"""Seconds of a file; logarithmically even between."""
SHORTEST_SOURCE = 2.0
"""Seconds; what is shorter is no take."""
QUERIES = ("a face", "bright outdoor", "red", "ask not what your country can do for you")
_SLUG = "day"


def prepared(corpus: Path, folder: Path) -> list[tuple[Path, float]]:
    """The corpus' recordings in one format: (file, seconds). A key frame each second, so that they
    can be joined and cut as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    spoken = sorted(p for p in (corpus / "speech").iterdir() if p.suffix != ".csv")
    talk = folder / "talk.wav"
    if not talk.exists():
        inputs = [part for path in spoken for part in ("-i", path)]
        chains = [f"[{n}:a]aresample=48000,apad=pad_dur=2[a{n}]" for n in range(len(spoken))]
        joined = "".join(f"[a{n}]" for n in range(len(spoken)))
        _ffmpeg(
            *inputs, "-filter_complex",
            ";".join(chains) + f";{joined}concat=n={len(spoken)}:v=0:a=1", "-ac", 2, "-ar", 48000,
            talk,
        )  # fmt: skip
    found, at = [], 0.0
    for path in sorted((corpus / "footage").iterdir()):
        with open_container(path) as container:
            has_sound = bool(container.streams.audio)
            seconds = (container.duration or 0) / 1e6
        if seconds < SHORTEST_SOURCE:
            continue
        done = folder / f"{path.stem}.ts"
        if not done.exists():
            sound = ["-i", path] if has_sound else ["-ss", at % 300, "-i", talk]
            part = done.with_suffix(".part.ts")
            _ffmpeg(
                "-i", path, *sound, "-map", "0:v:0", "-map", "1:a:0", "-t", seconds,
                "-vf", "scale=1920:1080:force_original_aspect_ratio=decrease,"
                "pad=1920:1080:(ow-iw)/2:(oh-ih)/2,setsar=1,fps=25,format=yuv420p",
                "-af", "apad", "-c:v", "libx264", "-preset", "veryfast", "-crf", 28, "-g", 25,
                "-c:a", "aac", "-ar", 48000, "-ac", 2, "-b:a", "96k", part,
            )  # fmt: skip
            part.replace(done)
        at += 0 if has_sound else seconds
        found.append((done, seconds))
    return found


def footage(corpus: Path, folder: Path, hours: float, seed: int) -> list[Path]:
    """Files of so many hours in all."""
    pieces = prepared(corpus, folder / "pieces")
    chance, total = random.Random(seed), 0.0
    made: list[Path] = []
    goal = folder / "footage"
    goal.mkdir(exist_ok=True)
    for number in count():
        if total >= 3600 * hours:
            return made
        length = SHORTEST * math.exp(chance.random() * math.log(LONGEST / SHORTEST))
        length = min(length, max(SHORTEST, 3600 * hours - total))
        name = goal / f"C{number:04d}{chance.choice(('.mp4', '.mov', '.mkv'))}"
        begin, planned, listed = chance.random() * 8, 0.0, []
        while planned < length + begin:
            piece, seconds = chance.choice(pieces)
            listed.append(f"file '{piece}'")  # names of our own making: no quote in them
            planned += seconds
        if not name.exists():
            order = folder / "order.txt"
            order.write_text("\n".join(listed))
            part = name.with_name(f"part{name.suffix}")
            _ffmpeg(
                "-f", "concat", "-safe", 0, "-ss", round(begin, 3), "-i", order,
                "-t", round(length, 3), "-c", "copy", "-avoid_negative_ts", "make_zero", part,
            )  # fmt: skip
            part.replace(name)
        total += length
        made.append(name)
    return made


def _ffmpeg(*arguments: object) -> None:
    subprocess.run(
        [ffmpeg_path(), "-v", "error", "-nostdin", "-y", *map(str, arguments)], check=True
    )


def sittings(folder: Path, seconds: float) -> list[dict[str, Any]]:
    """What the sittings so far took, with one more if the last did not come to its end."""
    noted = folder / "sittings.json"
    past: list[dict[str, Any]] = json.loads(noted.read_text()) if noted.exists() else []
    if past and past[-1]["code"] == 0:
        return past
    cost = measured(
        [*_cli("run"), _SLUG, "--to", "shot_tags", *_data(folder)],
        folder,
        folder / f"sitting{len(past) + 1}.log",
        seconds,
    )
    past.append(
        {"wall_s": cost.wall_s, "cpu_s": cost.cpu_s, "peak_mb": cost.peak_mb, "code": cost.code}
    )
    noted.write_text(json.dumps(past))
    return past


def _cli(command: str) -> list[str]:
    return [sys.executable, "-m", "video_assets.cli", command]


def _data(folder: Path) -> list[str]:
    return ["--data", str(folder / "data")]


def asked(folder: Path) -> list[dict[str, Any]]:
    """What searches answer and how long each command takes."""
    answers = []
    for query in QUERIES:
        began = time.monotonic()
        done = subprocess.run(
            [*_cli("search"), _SLUG, query, *_data(folder), "--json"],
            capture_output=True,
            text=True,
        )
        took = round(time.monotonic() - began, 2)
        answers.append({"query": query, "s": took, "code": done.returncode})
    return answers


def main() -> None:
    """Makes the footage, goes on with it, and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sitting", type=float, default=24 * 3600.0)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    corpus = Path(os.environ["VIDEO_ASSETS_CORPUS"])
    with tempfile.TemporaryDirectory() as scratch:
        folder = (options.folder or Path(scratch)).resolve()
        made = footage(corpus, folder, options.hours, options.seed)
        if not (folder / "data").exists():
            subprocess.run(
                [*_cli("project"), "add", _SLUG, "--footage", folder / "footage", *_data(folder)],
                check=True,
                stdout=subprocess.DEVNULL,
            )
        taken = sittings(folder, options.sitting)
        done = taken[-1]["code"] == 0
        print(
            json.dumps(
                {
                    "benchmark": "real_hours",
                    "hours": options.hours,
                    "files": len(made),
                    "gb": round(sum(p.stat().st_size for p in made) / 1e9, 2),
                    "done": done,
                    "wall_s": round(sum(s["wall_s"] for s in taken), 1),
                    "cpu_s": round(sum(s["cpu_s"] for s in taken), 1),
                    "peak_mb": max(s["peak_mb"] for s in taken),
                    "sittings": taken,
                    "search": asked(folder) if done else [],
                    "commit": commit(Path.cwd()),
                    "machine": machine(),
                }
            )
        )


if __name__ == "__main__":
    main()
