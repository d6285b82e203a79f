"""Footage in a bucket at full size: a thousand objects, a small cache, a bad road; a whole run."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from video_assets.foundation.records import FootageRow, Line, Shot, Soundtrack, Tag, Word
from video_assets.foundation.store import Workspace, sha256_file
from video_assets_tests.library.stores import KEY, SECRET, Road, fill, served

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]

COUNT, FAULTS, CAP = 1_000, 200, 20_000_000
KINDS = ("slow", "later", "reset", "cut", "short", "nothing", "hold", "flip", "broken", "away")
READS = """
import json, sys, time
from hashlib import sha256
from pathlib import Path
from random import Random
from video_assets.foundation import download
from video_assets.library import staging
from video_assets.library.intake import look
from video_assets_tests.library.stores import bucket_at

download.WHOLE = download.PART = 2**20
port, cache, cap, seed, stop, wanted = json.load(sys.stdin)
bucket = bucket_at(port, "many", Path(cache), cap, timeout_s=5.0)
fetched, fetch = [], download.fetch

def counted(bucket, key, size, *more):
    fetched.append(size)
    fetch(bucket, key, size, *more)

download.fetch = counted
chance = Random(seed)
there = look(bucket)
chance.shuffle(there)
right = 0
for number, one in enumerate(there):
    if number == stop:
        print(sum(fetched), flush=True)  # and is killed
    with staging.on_disk(bucket, one) as file:
        time.sleep(chance.random() / 100)
        right += sha256(file.read_bytes()).hexdigest() == wanted[one.path]
print(json.dumps([len(there), right, sum(fetched)]), flush=True)
"""


def size_of(folder: Path) -> int:
    total = 0
    for entry in os.scandir(folder):
        try:
            total += entry.stat().st_size if entry.name != ".lock" else 0
        except FileNotFoundError:
            continue
    return total


def test_a_thousand_objects_two_processes_a_small_cache_and_a_bad_road(tmp_path, record_property):
    chance = Random(5)
    sizes = [chance.choice((900, 40_000, 150_000, 400_000)) for _ in range(COUNT - 10)]
    objects = {
        f"{n:04}.mp4": chance.randbytes(s) for n, s in enumerate([*sizes, *[5_000_000] * 10])
    }
    wanted = {name: sha256(data).hexdigest() for name, data in objects.items()}
    cache, most, over = tmp_path / "cache", [0], threading.Event()
    cache.mkdir()
    gets, done = [0], Counter()
    at = {number: chance.choice(KINDS) for number in chance.sample(range(1, COUNT * 2), FAULTS)}

    def fault(line: str) -> str:
        if not line.startswith("GET") or "list-type" in line:
            return ""
        gets[0] += 1
        kind = at.get(gets[0], "")
        done[kind] += 1
        return kind

    def watch() -> None:
        while not over.is_set():
            most[0] = max(most[0], size_of(cache))
            time.sleep(0.002)

    with served() as port, Road(port, fault).open() as road:
        fill(port, "many", {f"film/{name}": data for name, data in objects.items()})
        watcher = threading.Thread(target=watch)
        watcher.start()
        running: list[subprocess.Popen[str]] = []
        try:
            for seed, stop in ((1, -1), (2, -1), (3, 200)):
                process = subprocess.Popen(
                    [sys.executable, "-c", READS],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                )  # fmt: skip
                process.stdin.write(json.dumps([road.port, str(cache), CAP, seed, stop, wanted]))
                process.stdin.close()
                running.append(process)
            needed = int(running[2].stdout.readline())
            running[2].kill()
            ended = [json.loads(process.stdout.read()) for process in running[:2]]
            assert [process.wait() for process in running[:2]] == [0, 0]
            running[2].wait()
        finally:
            over.set()
            watcher.join()
            for process in running:
                process.kill()
                process.wait()
                process.stdout.close()
    needed += sum(fetched for _, _, fetched in ended)
    figures = {
        "objects": COUNT, "bytes": sum(map(len, objects.values())), "cap": CAP,
        "most held": most[0], "faults": dict(done), "carried": road.carried, "needed": needed,
    }  # fmt: skip
    record_property("figures", json.dumps(figures))
    print(figures)
    assert [(n, right) for n, right, _ in ended] == [(COUNT, COUNT)] * 2
    assert sum(done[kind] for kind in KINDS) == FAULTS
    assert 0 < most[0] <= CAP
    left = [f.name for f in cache.iterdir() if f.name.endswith(".part")]
    assert left == []
    assert all(len(f.name) == 44 for f in cache.iterdir() if f.name != ".lock")


TABLES = {
    "footage": FootageRow,
    "shots": Shot,
    "soundtracks": Soundtrack,
    "words": Word,
    "lines": Line,
    "tags": Tag,
}


def test_a_folder_and_a_bucket_give_the_same_cutdowns(tmp_path, small_library):
    files = {
        p.relative_to(small_library).as_posix(): p.read_bytes()
        for p in sorted(small_library.rglob("*"))
        if p.is_file()
    }
    brief = tmp_path / "brief.yaml"
    brief.write_text("title: Lake\ndurations: [6]\n")
    env = {name: of for name, of in os.environ.items() if not name.startswith("AWS_")}
    env |= {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    found = {}
    with served() as port, Road(port).open() as road:
        fill(port, "films", {f"lake 1/{name}": data for name, data in files.items()})
        env["VIDEO_ASSETS_S3_ENDPOINT"] = f"http://127.0.0.1:{road.port}"
        env["VIDEO_ASSETS_S3_CACHE_GB"] = str(max(map(len, files.values())) * 1.5 / 1e9)
        for place in (str(small_library), "s3://films/lake 1"):
            data = tmp_path / f"data-{len(found)}"

            def said(*words: str, data: Path = data, code: int = 0) -> str:
                command = [sys.executable, "-m", "video_assets.cli", *words, "--data", str(data)]
                done = subprocess.run(command, env=env, capture_output=True, text=True)
                assert done.returncode == code, done.stdout + done.stderr
                assert SECRET not in done.stdout + done.stderr
                return done.stdout + done.stderr if code else done.stdout

            said("project", "add", "p", "--footage", place, "--brief", str(brief))
            for requests in (8, 24) if place.startswith("s3") else ():
                road.fault = unplugged_after(requests)
                told = said("run", "p", "--aspects", "9x16", code=1)
                assert "OFFLINE" in told or "could not be fetched" in told or "1001" in told, told
                print("\n".join(told.splitlines()[-3:]))
                aside = json.loads(said("status", "p", "--json"))[0]["dead_letters"]
                assert [one["path"] for one in aside] == ["broken.mp4"]
                road.fault = lambda line: ""
            said("run", "p", "--aspects", "9x16")
            assert "red_door.mp4" in said("status", "p")
            hits = json.loads(said("search", "p", "red door", "--json"))
            again = len(road.lines)
            said("run", "p", "--aspects", "9x16")
            assert not [line for line in road.lines[again:] if "list-type" not in line]
            # nothing that was written says how the store is opened
            for file in data.rglob("*"):
                assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file
            found[place] = made(data), hits
    print(f"{len(road.lines)} requests, {road.carried} bytes for {sum(map(len, files.values()))}")
    (one, hits), (two, same) = found.values()
    differs = [name for name in {*one, *two} if one.get(name) != two.get(name)]
    assert not differs, (differs, [(o[differs[0]]) for o in (one, two)])
    assert hits == same and any(name.endswith(".mp4") for name in one)


def unplugged_after(requests: int) -> Callable[[str], str]:
    """Nothing comes through any more after so many requests."""
    left = [requests]

    def fault(line: str) -> str:
        left[0] -= 1
        return "away" if left[0] < 0 else ""

    return fault


def made(data: Path) -> dict:
    """All tables and cutdowns of the one project, without what only says where its footage lies."""
    project = Workspace(data).project("p")
    out = {name: project.read(f"library/{name}.parquet", kind) for name, kind in TABLES.items()}
    out["footage"] = [
        replace(row, mtime_ns=0, inode=0, note=re.sub(r"'[^']*/", "'", row.note))
        for row in out["footage"]
    ]
    for file in sorted((project.root / "delivery").rglob("*.*")):
        if file.suffix in (".mp4", ".srt", ".vtt", ".jpg"):
            out[file.relative_to(project.root).as_posix()] = sha256_file(file)
    return out
