"""What the gates of the write path cost: CPU seconds beside those of the render they judge.

`python -m benchmarks.gates --data DIR --slug SLUG [--cuts 2] [--rounds 1]` renders the cuts of a
project that was made, without its segment cache, and inspects them, in turns; it prints one JSON
line. The goal is a ratio of at most 0.5.
"""

import argparse
import json
import resource
import shutil
import statistics
import tempfile
from collections import defaultdict
from pathlib import Path

from video_assets.delivery.inspections.table import MEASURES, run
from video_assets.finishing.render import render_cutdowns
from video_assets.foundation.store import Workspace
from video_assets.orchestration.assets.editorial import timelines_of
from video_assets.orchestration.cases import crops_of, rows_of, shared
from video_assets.orchestration.steps import ASPECTS


def cpu() -> float:
    """CPU seconds so far, of this process and everything it started and waited for."""
    both = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in both)


def costs(data: Path, slug: str, cuts: int, rounds: int) -> dict[str, object]:
    """Render and gate CPU of the first `cuts` cuts, all six aspects, `rounds` times."""
    project = Workspace(data).project(slug)
    rows = rows_of(project)
    ratios, rendering, judging = [], [], []
    by_measure: dict[str, float] = defaultdict(float)
    for _ in range(rounds):
        for timeline in timelines_of(project)[:cuts]:
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
                    by_measure["decoding the file"] += cpu() - before
                    for measure in MEASURES:
                        before = cpu()
                        run(measure, case)
                        by_measure[measure.name] += cpu() - before
                judged = cpu() - began
                shutil.rmtree(elsewhere.root, ignore_errors=True)
            rendering.append(round(rendered, 2))
            judging.append(round(judged, 2))
            ratios.append(judged / rendered)
    dearest = sorted(by_measure.items(), key=lambda one: -one[1])
    return {
        "benchmark": "gates",
        "ratio": round(statistics.median(ratios), 3),
        "ratio_of_all": round(sum(judging) / sum(rendering), 3),
        "render_cpu_s": rendering,
        "gates_cpu_s": judging,
        "dearest": {n: round(s, 2) for n, s in dearest[:8]},
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--slug", required=True)
    parser.add_argument("--cuts", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    print(json.dumps(costs(given.data, given.slug, given.cuts, given.rounds)))


if __name__ == "__main__":
    main()
