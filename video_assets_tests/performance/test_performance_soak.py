"""A million rows: R9 of RELIABILITY.md."""

import json
import random
import subprocess
import sys

import pytest

from video_assets.performance.tables import DEAD, METRICS, count_rows, read_table
from video_assets_tests.performance.made_numbers import project, publication

ROWS = 1_000_000
POSTS = 2_000
HEAD = "platform,post_id,metric,window_start,source_time,value\n"

RUN = """
import json, resource, sys, time
from pathlib import Path
from video_assets.foundation.store import Workspace
from video_assets.orchestration.graph import BY_NAME
made = Workspace(Path(sys.argv[1])).project("a")
began = time.perf_counter()
for name in ("performance_metrics", "learnings"):
    step = BY_NAME[name]
    step.run(made)
    step.describe(made)
    assert [g(made) for g in step.gates] == [[]], name
print(json.dumps({
    "seconds": round(time.perf_counter() - began, 1),
    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    "facts": made.manifest("performance_metrics").facts,
}))
"""


def run(data):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN, str(data)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.soak
def test_a_million_rows_are_exact_and_fit_into_memory(tmp_path, capsys):
    """890,000 rows of their own, 50,000 repeated, 50,000 late, 10,000 malformed, in five files."""
    dice = random.Random(9)
    published = [
        publication(
            f"r1-{n:04d}", "1x1", remote_id=f"p{n}", traits={"hook": ("you", "none")[n % 2]}
        )
        for n in range(POSTS)
    ]
    made = project(tmp_path, "a", published=published)
    own = ROWS * 89 // 100
    names = ("views", "likes", "shares", "saves", "watch_rate")
    last, lines = {}, []
    for number in range(own):
        post, rest = number % POSTS, number // POSTS
        metric, day = names[rest % 5], rest // 5  # 89 days
        window = f"2026-{1 + day // 28:02d}-{1 + day % 28:02d}"
        value = dice.randrange(10_000)
        key = f"folder,p{post},{metric},{window}"
        last[key] = value
        lines.append(f"{key},2026-06-01T00:00:00Z,{value}")
    lines += dice.sample(lines, ROWS // 20)
    for key in dice.sample(sorted(last), ROWS // 20):
        last[key] = dice.randrange(10_000)
        lines.append(f"{key},2026-06-02T00:00:00Z,{last[key]}")
    for number in range(ROWS // 100):
        bad = ("folder,p1,views,2026-01-01,,x", "folder,p1,views,never,,1", "folder,p1,views")
        lines.append(bad[number % 3])
    assert len(lines) == ROWS
    dice.shuffle(lines)
    for number in range(5):
        text = HEAD + "\n".join(lines[number::5]) + "\n"
        made.path(f"performance/inbox/{number}.csv").write_text(text)

    first = run(tmp_path)
    table = read_table(made.path("performance/metrics.parquet"), METRICS)
    assert len(table) == len(last) == own
    assert table["value"].sum() == sum(last.values())
    assert count_rows(made.path("performance/reported.parquet")) == own + ROWS // 20
    dead = read_table(made.path("performance/dead_letters.parquet"), DEAD)
    assert len(dead) == ROWS // 100
    before = made.path("performance/metrics.parquet").read_bytes()

    made.path("performance/inbox/replay.csv").write_text(HEAD + "\n".join(lines[:200_000]) + "\n")
    again = run(tmp_path)
    assert again["facts"]["new"] == 0
    assert made.path("performance/metrics.parquet").read_bytes() == before
    with capsys.disabled():
        for name, took in (("first run", first), ("with a replay", again)):
            print(f"\n{name}: {took['seconds']} s, peak {took['peak_mb']} MB")
    assert first["peak_mb"] < 1500
