"""What the gates of the write path cost: CPU seconds beside those of the render they judge.

`python -m benchmarks.gates --data DIR --slug SLUG [--cuts 2] [--rounds 3]` renders the cuts of a
project that was made, without its segment cache, and inspects them, in turns; it prints one JSON
line. The ratio is taken inside a round; the goal is a median of at most 0.5.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.cost import commit, machine
from video_assets.delivery.inspections.table import MEASURES, run
from video_assets.finishing.render import render_cutdowns
from video_assets.foundation.errors import VideoAssetsError
from video_assets.foundation.records import to_plain
from video_assets.foundation.store import Workspace, digest_of
from video_assets.orchestration.assets.editorial import timelines_of
from video_assets.orchestration.cases import crops_of, rows_of, shared
from video_assets.orchestration.steps import ASPECTS


def cpu() -> float:
    """CPU seconds so far, of this process and everything it started and waited for."""
    both = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in both)


def peak_mb() -> float:
    """Largest resident memory so far of this process, or of the largest that it waited for, MB."""
    both = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return max(use.ru_maxrss for use in both) / 1024


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, lowest and highest."""
    found = {"median": statistics.median(values), "min": min(values), "max": max(values)}
    return {name: round(value, 3) for name, value in found.items()}


def costs(data: Path, slug: str, cuts: int, rounds: int) -> dict[str, object]:
    """Render and gate CPU of the first `cuts` cuts, all six aspects, `rounds` times."""
    import cv2

    project = Workspace(data).project(slug)
    rows = rows_of(project)
    lines = timelines_of(project)[:cuts]
    ratios, rendering, judging = [], [], []
    frames = 0
    by_measure: dict[str, float] = defaultdict(float)
    for _ in range(rounds):
        drew = judged_s = 0.0
        for timeline in lines:
            with tempfile.TemporaryDirectory() as scratch:
                elsewhere = Workspace(Path(scratch) / "data")
                own = shared(project, timeline, rows)
                began = cpu()
                made = render_cutdowns(
                    project, elsewhere, timeline, rows.values(), ASPECTS, own.brand, own.brief,
                    Path(scratch) / "out",
                )  # fmt: skip
                rendered = cpu() - began
                began = cpu()
                for aspect in ASPECTS:
                    one = made[aspect]
                    crops = crops_of(timeline, rows, aspect)
                    texts = own.texts(aspect, own.otio(aspect, crops))
                    size = (one.width, one.height)
                    case = own.case(aspect, one.file, size, crops, texts, one.silent, one.upscale)
                    before = cpu()
                    assert case.film.frames == timeline.frames
                    frames += case.film.frames
                    by_measure["decoding the file"] += cpu() - before
                    for measure in MEASURES:
                        before = cpu()
                        run(measure, case)
                        by_measure[measure.name] += cpu() - before
                judged = cpu() - began
                shutil.rmtree(elsewhere.root, ignore_errors=True)
            drew, judged_s = drew + rendered, judged_s + judged
        rendering.append(drew)
        judging.append(judged_s)
        ratios.append(judged_s / drew)
    dearest = sorted(by_measure.items(), key=lambda one: -one[1])
    return {
        "benchmark": "gates",
        "ratio": spread(ratios),
        "render_cpu_s": spread(rendering),
        "gates_cpu_s": spread(judging),
        "dearest_cpu_s_a_round": {n: round(s / rounds, 2) for n, s in dearest[:8]},
        "peak_rss_mb": round(peak_mb(), 1),
        "rounds": rounds,
        "cuts": [t.cut_id for t in lines],
        "aspects": list(ASPECTS),
        "frames_judged": frames,
        "timelines_sha256": digest_of([to_plain(t) for t in lines]),
        "threads": {"opencv": cv2.getNumThreads(), "ffmpeg": "auto", "cores": os.cpu_count()},
        "versions": {
            "opencv": cv2.__version__,
            **{n: version(n) for n in ("numpy", "av", "scipy")},
        },
        "measures": len(MEASURES),
        "commit": commit(Path(__file__).parents[1]),
        "machine": machine(),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.gates", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument("--slug", required=True, help="a project in it whose cutdowns were made")
    parser.add_argument("--cuts", type=int, default=2, help="how many of its cuts (2)")
    parser.add_argument("--rounds", type=int, default=3, help="how often, one by one (3)")
    given = parser.parse_args()
    if min(given.cuts, given.rounds) < 1:
        parser.error("there must be a cut and a round at least")
    try:
        found = costs(given.data, given.slug, given.cuts, given.rounds)
    except VideoAssetsError as error:
        parser.error(str(error))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
