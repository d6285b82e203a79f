"""The yardstick: ours, naive and random valid on libraries with known truth, judged alike.

`python -m benchmarks.yardstick --quick` takes minutes: a tiny library, one seed, two aspects.
Left out, five libraries of size small in both forms take hours. The last line of standard output is
one JSON object: `ours naive random recall false_alarms` (shares, null: not measured) and more.
"""

import argparse
import json
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.checks import (
    Checked,
    one_clip_rebuilds_its_own,
    rerenders_the_same,
    two_runs_agree,
)
from benchmarks.contestants import ours
from benchmarks.cost import Cost, commit, machine, measured
from benchmarks.judging import score_delivered
from benchmarks.report import report
from video_assets.delivery.inspections.truth import Truth, read_truth
from video_assets.delivery.yardstick.score import Score
from video_assets.delivery.yardstick.written import plain, write_scores
from video_assets.finishing.formats import ASPECTS
from video_assets.foundation.errors import VideoAssetsError
from video_assets.foundation.store import Project, Workspace, write_atomic

ROOT = Path(__file__).parents[1]
QUICK_ASPECTS = ("9x16", "1x1")
QUICK_DEFECTS, FULL_DEFECTS = 20, 200
"""Spoiled cutdowns, and as many clean ones."""
LENGTHS = (6, 15, 30)
"""Seconds that naive and random make where the brief names none."""
OTHERS = (
    "auto-editor 29.3.1: its package is a loader; the program itself is fetched from a code host "
    "at the first call, which this machine does not reach. The newest release that is a whole "
    "package, 23.32.1 (withdrawn), begins and then asks for an `ffprobe` program, which the "
    "bundled ffmpeg does not bring. Not scored.",
    "videopython 0.62.2: installs; it also needs `ffprobe`, and its automatic edit asks a local "
    "language model that is not here. What remains is a library to write an editor with, not a "
    "contestant. Not scored.",
)
"""What was tried beside the three, and why it is not in the table (2026-11)."""


@dataclass(frozen=True)
class Asked:
    """What one benchmark is about."""

    seeds: Sequence[int]
    size: str
    forms: Sequence[bool]
    """With sidecar words, without."""
    aspects: Sequence[str]
    full: bool


def main() -> None:
    """The command line; see the module's own words."""
    options = _options().parse_args()
    asked = _asked(options)
    began, here = time.monotonic(), machine()
    work = options.work or Path(tempfile.mkdtemp(prefix="video-assets-yardstick-"))
    try:
        scores, checks = run(asked, work)
    finally:
        if not options.work:
            shutil.rmtree(work, ignore_errors=True)
    many = QUICK_DEFECTS if options.quick else FULL_DEFECTS
    found = detection(many, min(asked.seeds), asked.size) if not options.no_defects else {}
    result = {
        **{who: _mean(scores, who) for who in ("ours", "naive", "random")},
        "recall": found.get("recall"),
        "false_alarms": found.get("false_alarms"),
        "spread": {who: _spread(scores, who) for who in ("ours", "naive", "random")},
        "passes_today": {
            who: round(mean(s.passes_today for s in scores if s.who == who), 4)
            for who in dict.fromkeys(s.who for s in scores)
        },
    }
    facts = {
        "libraries": f"{len(asked.seeds)} of size {asked.size}, seeds "
        f"{', '.join(map(str, asked.seeds))}",
        "forms": " and ".join(_form(words) for words in asked.forms),
        "aspects": ", ".join(asked.aspects),
        "commit": commit(ROOT),
        "command": shlex.join(["python", "-m", "benchmarks.yardstick", *sys.argv[1:]]),
        "machine": ", ".join(f"{k} {v}" for k, v in here.items()),
        "seconds": round(time.monotonic() - began),
    }
    more = {**result, "checks": checks, "others": OTHERS, "detection": found}
    write_scores(scores, options.out, "The yardstick", facts)
    write_atomic(
        options.out / "yardstick.json",
        json.dumps({**more, **plain(scores, facts)}, indent=1, default=str) + "\n",
    )
    text = report(scores, facts, more)
    write_atomic(options.report or options.out / "report.md", text)
    print(text)
    print(json.dumps({**result, **facts}))


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.yardstick", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="tiny, one seed, with words, 2 aspects"
    )
    parser.add_argument("--seeds", type=int, nargs="+", help="of the libraries")
    parser.add_argument("--held-out", action="store_true", help="the five seeds for reporting")
    parser.add_argument("--size", choices=("tiny", "small", "full"))
    parser.add_argument("--forms", choices=("both", "words", "no-words"))
    parser.add_argument("--aspects", help="such as 9x16,1x1; else all six")
    parser.add_argument("--full", action="store_true", help="also rerender and run twice")
    parser.add_argument("--no-defects", action="store_true", help="without the planted defects")
    parser.add_argument("--out", type=Path, default=Path("yardstick"), help="folder for results")
    parser.add_argument("--report", type=Path, help="write the Markdown report here")
    parser.add_argument("--work", type=Path, help="keep libraries and films in this folder")
    return parser


def _asked(options: argparse.Namespace) -> Asked:
    from video_assets_tests.truth.library import HELD_OUT, TUNING

    seeds = options.seeds or (list(HELD_OUT) if options.held_out else list(TUNING))
    if options.quick:
        seeds = seeds[:1]
    aspects = (
        options.aspects.split(",")
        if options.aspects
        else (QUICK_ASPECTS if options.quick else ASPECTS)
    )
    unknown = [a for a in aspects if a not in ASPECTS]
    if unknown:
        raise SystemExit(f"{unknown[0]!r} is no aspect ratio; there are {', '.join(ASPECTS)}")
    forms = options.forms or ("words" if options.quick else "both")
    return Asked(
        seeds,
        options.size or ("tiny" if options.quick else "small"),
        {"both": (True, False), "words": (True,), "no-words": (False,)}[forms],
        aspects,
        options.full,
    )


def run(asked: Asked, work: Path) -> tuple[list[Score], list[dict[str, Any]]]:
    """All contestants on all libraries, and with `full` the checks of several runs."""
    from video_assets_tests.truth.library import make

    scores: list[Score] = []
    checks: list[dict[str, Any]] = []
    for seed in asked.seeds:
        for words in asked.forms:
            setting = f"seed {seed}, {_form(words)}"
            place = work / f"{seed}-{'words' if words else 'no-words'}"
            _tell(f"{setting}: making the library")
            library = make(place / "library", seed, asked.size, words)
            truth = read_truth(library / "truth.json")
            scores += contest(library, place, truth, setting, seed, asked.aspects)
            if asked.full:
                data = Workspace(place / "ours")
                for one in several_runs(library, data, place / "checks", asked.aspects):
                    checks.append({**asdict(one), "holds": one.holds, "setting": setting})
    return scores, checks


def _form(words: bool) -> str:
    return "with words" if words else "without words"


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def contest(
    library: Path,
    place: Path,
    truth: Truth,
    setting: str,
    seed: int,
    aspects: Sequence[str],
) -> list[Score]:
    """Ours, naive and random valid on one library; every program for itself, one after the other.

    Raises VideoAssetsError where ours did not even index the library: then nobody can be judged.
    """
    from video_assets.orchestration.cases import rows_of
    from video_assets.orchestration.scoring import score_project

    named = ["--aspects", ",".join(aspects)]
    data, hours = place / "ours", _hours(truth)
    _tell(f"{setting}: ours")
    cost = _program("ours", [str(library), str(data), *named], place)
    project = Workspace(data).project(ours.SLUG)
    phases = json.loads((data / "phases.json").read_text()) if not cost.code else {}
    spent = {**_spent(cost), **phases}
    if "index_s" in phases and hours:
        spent["index_share"] = phases["index_s"] / 3600 / hours
    _tell(f"{setting}: judging ours")
    try:
        found = [score_project(project, truth, "ours", setting, spent, aspects)]
    except VideoAssetsError as error:
        raise VideoAssetsError(f"{error}; see {place / 'ours.log'}") from error
    lengths = _lengths(project)
    asked = ["--lengths", ",".join(map(str, lengths)), *named]
    ids = place / "ids.json"
    ids.write_text(json.dumps({p: r.clip_id for p, r in rows_of(project).items() if r.clip_id}))
    programs = {
        "naive": [str(library), str(place / "naive"), *asked, "--ids", str(ids)],
        "random": [str(data), str(place / "random"), *asked, "--seed", str(seed)],
    }
    for who, arguments in programs.items():
        _tell(f"{setting}: {who}")
        cost = _program({"random": "random_valid"}.get(who, who), arguments, place)
        _tell(f"{setting}: judging {who}")
        found.append(
            score_delivered(
                place / who, project, who, setting, lengths, aspects, truth, _spent(cost)
            )
        )
    return [replace(s, cost=_a_minute(s)) for s in found]


def _program(name: str, arguments: Sequence[str], place: Path) -> Cost:
    command = [sys.executable, "-m", f"benchmarks.contestants.{name}", *arguments]
    cost = measured(command, ROOT, place / f"{name}.log")
    if cost.code:
        _tell(
            f"{name} ended with exit code {cost.code}: {(place / f'{name}.log').read_text()[-800:]}"
        )
    return cost


def _hours(truth: Truth) -> float:
    return sum(c.duration for c in truth.clips) / 3600


def _lengths(project: Project) -> tuple[int, ...]:
    from video_assets.editorial.brief import load_brief

    return load_brief(project.path("brief.yaml")).durations or LENGTHS


def _spent(cost: Cost) -> dict[str, float]:
    return {"wall_s": cost.wall_s, "cpu_s": cost.cpu_s, "peak_mb": cost.peak_mb, "api_cost": 0.0}


def _a_minute(score: Score) -> dict[str, float]:
    """Costs with those of a finished minute: of timeline, in all aspects, whatever its quality."""
    lengths: dict[str, float] = {}
    for one in score.cutdowns:
        if one.made:
            lengths[one.cut] = one.seconds
    minutes = sum(lengths.values()) / 60
    if not minutes:
        return dict(score.cost)
    each = {f"{k}_a_minute": score.cost[k] / minutes for k in ("wall_s", "cpu_s")}
    return {**score.cost, "finished_minutes": minutes, **each}


def several_runs(
    library: Path, data: Workspace, scratch: Path, aspects: Sequence[str]
) -> list[Checked]:
    """Rows 15 (rerender) and 16 on ours."""
    project = data.project(ours.SLUG)
    found = []
    checks: dict[str, Callable[[Path], Checked]] = {
        "rerender": lambda at: rerenders_the_same(project, at),
        "second run": lambda at: two_runs_agree(library, project, at, aspects),
        "changed clip": lambda at: one_clip_rebuilds_its_own(library, at, aspects),
    }
    for name, check in checks.items():
        with tempfile.TemporaryDirectory(prefix="checks-", dir=_folder(scratch)) as folder:
            try:
                one = check(Path(folder))
            except VideoAssetsError as error:
                one = Checked(name, 0, 0, (f"could not run: {error}",))
        _tell(f"{one.name}: {'holds' if one.holds else '; '.join(one.problems)}")
        found.append(one)
    return found


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def detection(many: int, seed: int, size: str) -> dict[str, Any]:
    """How many of `many` planted defects are found, and how many of as many clean ones too."""
    try:
        from benchmarks.defects import measure_detection
    except ImportError:
        return {}
    _tell(f"{many} planted defects, {many} clean")
    return dict(measure_detection(many, many, seed, size=size))


def _mean(scores: Sequence[Score], who: str) -> float | None:
    own = [s.headline for s in scores if s.who == who]
    return round(mean(own), 4) if own else None


def _spread(scores: Sequence[Score], who: str) -> list[float]:
    """Lowest and highest headline over the libraries."""
    own = [s.headline for s in scores if s.who == who]
    return [round(min(own), 4), round(max(own), 4)] if own else []


if __name__ == "__main__":
    main()
