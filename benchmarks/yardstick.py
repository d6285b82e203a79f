"""The yardstick: ours, naive and random valid on libraries with known truth, judged alike.

`python -m benchmarks.yardstick --quick` takes minutes: a tiny library, one seed, two aspects.
`--held-out` is the five seeds for reporting, in both forms, on tiny libraries and in three aspects:
{cost}.
With `--full` it is small libraries and all six aspects, which takes hours; so does leaving both out
(the seeds for tuning, small, six aspects).

What a library gave is written as soon as it is there; with `--work` a benchmark that was stopped
goes on where commit and options are the same. The last line of standard output is one JSON object:
`ours naive random recall false_alarms` (shares, null: not measured) and more.
"""

import argparse
import json
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from benchmarks.kept import keep, kept
from benchmarks.report import report
from video_assets.delivery.inspections.truth import Truth, read_truth
from video_assets.delivery.yardstick.page import campaign_gates
from video_assets.delivery.yardstick.score import Score, scored
from video_assets.delivery.yardstick.written import plain, write_scores
from video_assets.finishing.formats import ASPECTS
from video_assets.foundation.errors import VideoAssetsError
from video_assets.foundation.store import Workspace, write_atomic

ROOT = Path(__file__).parents[1]
HELD_OUT_COST = (
    "about 30 minutes of CPU on two cores; 1.8 for a library in two aspects were measured,"
    "\nthe third aspect and the defects are estimated"
)
HELD_OUT_ASPECTS = ("9x16", "1x1", "16x9")
"""Tall, square, and wide without burned captions."""
QUICK_ASPECTS = ("9x16", "1x1")
QUICK_DEFECTS, FULL_DEFECTS = 20, 200
"""Spoiled cutdowns, and as many clean ones."""
CONTESTANTS = ("ours", "naive", "random")
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
    defects: int
    """Spoiled cutdowns, and as many clean ones."""


def main() -> None:
    """The command line; see the module's own words."""
    parser = _options()
    options = parser.parse_args()
    if options.quick and options.held_out:
        parser.error("--quick looks at a seed for tuning: it does not go with --held-out")
    asked = _asked(options)
    began, here, measured_commit = time.monotonic(), machine(), commit(ROOT)
    work = (options.work or Path(tempfile.mkdtemp(prefix="video-assets-yardstick-"))).resolve()
    checks: list[dict[str, Any]] = []
    scores: list[Score] = []

    def told(found: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Writes all that is known so far; the report and the last line."""
        facts = {
            "libraries": f"{len(asked.seeds)} of size {asked.size}, seeds "
            f"{', '.join(map(str, asked.seeds))}",
            "recorded clips of the corpus": _recorded(asked.size),
            "forms": " and ".join(_form(words) for words in asked.forms),
            "aspects": ", ".join(asked.aspects),
            "commit": measured_commit,
            "command": shlex.join(["python", "-m", "benchmarks.yardstick", *sys.argv[1:]]),
            "machine": ", ".join(f"{k} {v}" for k, v in here.items()),
            "seconds": round(time.monotonic() - began),
        }
        result = _result(scores, found)
        more = {**result, "checks": checks, "others": OTHERS, "detection": dict(found)}
        write_scores(scores, options.out, "The yardstick", facts)
        write_atomic(
            options.out / "yardstick.json",
            json.dumps({**more, **plain(scores, facts)}, indent=1, default=str) + "\n",
        )
        text = report(scores, facts, more)
        write_atomic(options.report or options.out / "report.md", text)
        return text, {**result, **facts}

    try:
        for some, also in run(asked, work, measured_commit):
            scores += some
            checks += also
            told({})
        found = {} if options.no_defects else detection(asked, work, measured_commit)
        text, last = told(found)
    finally:
        if not options.work:
            shutil.rmtree(work, ignore_errors=True)
    print(text)
    print(json.dumps(last))


def _result(scores: Sequence[Score], found: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of the last line."""
    by_who = {who: [s for s in scores if s.who == who] for who in CONTESTANTS}
    return {
        **{who: _mean([s.headline for s in own]) for who, own in by_who.items()},
        "recall": found.get("recall"),
        "false_alarms": found.get("false_alarms"),
        "all_gates_but_exports": {
            who: _mean([s.but_exports for s in own]) for who, own in by_who.items()
        },
        "campaign_gates": {who: campaign_gates(own) for who, own in by_who.items()},
        "spread": {who: _spread([s.headline for s in own]) for who, own in by_who.items()},
        "passes_today": {who: _mean([s.passes_today for s in own]) for who, own in by_who.items()},
    }


def _recorded(size: str) -> str:
    from video_assets_tests.truth.recorded import recordings

    return f"{len(recordings(size))} in each library"


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benchmarks.yardstick",
        description=(__doc__ or "").format(cost=HELD_OUT_COST),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="tiny, one seed, with words, 2 aspects, 20 defects")
    add("--seeds", type=int, nargs="+", help="of the libraries; else those for tuning")
    add("--held-out", action="store_true", help="the five seeds for reporting, tiny, both forms, "
        "3 aspects, 20 defects: about 30 minutes of CPU")  # fmt: skip
    add("--size", choices=("tiny", "small", "full"), help="of a library; see truth/planning.py")
    add("--forms", choices=("both", "words", "no-words"), help="with sidecar words or without")
    add(
        "--aspects", help="such as 9x16,1x1; else all six (two with --quick, three with --held-out)"
    )
    add("--full", action="store_true", help="also rerender and run twice; --held-out: as large as "
        "the seeds for tuning")  # fmt: skip
    add("--no-defects", action="store_true", help="without the planted defects")
    add("--out", type=Path, default=Path("yardstick"), help="folder for results (yardstick)")
    add("--report", type=Path, help="write the Markdown report here; else report.md in --out")
    add("--work", type=Path, help="keep libraries and films in this folder, and go on from there")
    return parser


def _asked(options: argparse.Namespace) -> Asked:
    from video_assets_tests.truth.library import HELD_OUT, TUNING

    seeds = options.seeds or (list(HELD_OUT) if options.held_out else list(TUNING))
    if options.quick:
        seeds = seeds[:1]
    reduced = options.quick or (options.held_out and not options.full)
    usual = ASPECTS if not reduced else QUICK_ASPECTS if options.quick else HELD_OUT_ASPECTS
    aspects = usual if options.aspects is None else options.aspects.split(",")
    unknown = [a for a in aspects if a not in ASPECTS]
    if unknown:
        raise SystemExit(f"{unknown[0]!r} is no aspect ratio; there are {', '.join(ASPECTS)}")
    forms = options.forms or ("words" if options.quick else "both")
    return Asked(
        seeds,
        options.size or ("tiny" if reduced else "small"),
        {"both": (True, False), "words": (True,), "no-words": (False,)}[forms],
        aspects,
        options.full,
        QUICK_DEFECTS if reduced else FULL_DEFECTS,
    )


Given = tuple[list[Score], list[dict[str, Any]]]
"""Scores and checks of one library."""


def run(asked: Asked, work: Path, commit: str) -> Iterator[Given]:
    """All contestants on one library after the other; with `full` the checks of several runs.

    What lies in `work` of the same commit and options is read back.
    """
    from video_assets_tests.truth.library import make, name

    for seed in asked.seeds:
        for words in asked.forms:
            setting = f"seed {seed}, {_form(words)}"
            place = work / name(seed, asked.size, words)
            key = {"commit": commit, "aspects": list(asked.aspects), "full": asked.full}
            known = kept(place, key) if commit else None
            if known is not None:
                _tell(f"{setting}: read back from {place}")
                yield known[0], known[1]["checks"]
                continue
            shutil.rmtree(place, ignore_errors=True)  # a part of it may be another commit's
            _tell(f"{setting}: making the library")
            library = make(place / "library", seed, asked.size, words)
            truth = read_truth(library / "truth.json")
            scores = contest(library, place, truth, setting, seed, asked.aspects)
            checks = []
            if asked.full:
                data = Workspace(place / "ours")
                for one in several_runs(library, data, place / "checks", asked.aspects):
                    checks.append({**asdict(one), "holds": one.holds, "setting": setting})
            keep(place, key, scores, {"checks": checks})
            yield scores, checks


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

    Where ours makes nothing, that is 0 of what was asked, with the reason. Where it does not even
    index the library, nobody else can be judged: then its is the only score.
    """
    from video_assets.editorial.brief import load_brief
    from video_assets.orchestration.assets.library import FOOTAGE
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
    lengths = load_brief(library / "brief.yaml").durations or LENGTHS
    try:
        found = [score_project(project, truth, "ours", setting, spent, aspects)]
    except VideoAssetsError as error:
        why = _last_words(place / "ours.log") or str(error)
        _tell(f"{setting}: ours made nothing: {why}")
        none = {f"ours-{seconds:02d}": why for seconds in lengths}
        found = [scored([], "ours", setting, none, aspects, truth, spent)]
        if not project.path(FOOTAGE).is_file():
            return found
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


def _last_words(log: Path) -> str:
    """The last line that a program wrote."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line), "")[:300]


def _hours(truth: Truth) -> float:
    return sum(c.duration for c in truth.clips) / 3600


def _spent(cost: Cost) -> dict[str, float]:
    return {
        "wall_s": cost.wall_s, "cpu_s": cost.cpu_s, "peak_mb": cost.peak_mb, "api_cost": 0.0,
        "exit_code": float(cost.code),
    }  # fmt: skip


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


def detection(asked: Asked, work: Path, commit: str) -> dict[str, Any]:
    """How many of the planted defects are found, and how many of as many clean ones are, too."""
    from benchmarks.defects import measure_detection
    from video_assets_tests.truth.library import name

    many, seed = asked.defects, min(asked.seeds)
    place = work / "defects"
    key = {"commit": commit, "many": many, "library": name(seed, asked.size)}
    known = kept(place, key) if commit else None
    if known is not None:
        return known[1]
    shutil.rmtree(place, ignore_errors=True)
    _tell(f"{many} planted defects, {many} clean")
    found = dict(measure_detection(many, many, seed, _folder(place), asked.size))
    keep(place, key, more=found)
    return found


def _mean(own: Sequence[float]) -> float | None:
    return round(mean(own), 4) if own else None


def _spread(own: Sequence[float]) -> list[float]:
    """Lowest and highest over the libraries."""
    return [round(min(own), 4), round(max(own), 4)] if own else []


if __name__ == "__main__":
    main()
