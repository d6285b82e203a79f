"""Planted defects: how many are found, and how often a clean cutdown is called bad.

`python -m benchmarks.defects [--bad 200] [--good 200] [--seeds 7,11] [--held-out] [--jobs 2]
[--folder DIR]` prints one JSON line. Every bad cutdown is a clean one with exactly one defect; it
counts as found where a measure that must find it says something that it does not say of the clean
one (`planted/counting.py`). All measures of a single cutdown are asked, also those that need the
truth, through the yardstick's own judge. With `--folder` a run that was stopped goes on.
"""

import argparse
import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.clean_cuts import Laid, Scarce, clean_cut, layout_of
from benchmarks.cost import machine
from benchmarks.planted import cuts, files, pictures, sounds, words
from benchmarks.planted.bench import DEFECTS, Bench
from benchmarks.planted.counting import Entry, Said, counted, found_by, in_turn, missed, where
from benchmarks.planted.ledger import ROOT, Ledger, code_of, digest_of
from benchmarks.planted.materials import Library, read_library, rendered, taken_in
from video_assets.delivery.inspections.case import Case
from video_assets.delivery.inspections.table import MEASURES, UNMADE
from video_assets.delivery.inspections.truth import Truth
from video_assets.delivery.inspections.verdict import VERDICT_VERSION
from video_assets.delivery.yardstick.score import LASTS, Row, scored
from video_assets.delivery.yardstick.score import Entry as Judged
from video_assets.delivery.yardstick.table import TRUTH_MEASURES
from video_assets.finishing import formats

PLANTED = (cuts, words, sounds, pictures, files)
"""Whose defects stand in `DEFECTS`."""
AHEAD = 4
"""Cutdowns that are begun before the first of them is counted: the same for any number of jobs, so
that the same kinds come in the same order."""
OF_TRUTH = frozenset(m.name for m in TRUTH_MEASURES)
"""Measures that the write path does not have."""
BEFORE = "before planting"
"""How the reason begins why a cutdown was not even made."""
ASPECT_NEEDS = frozenset(("burned", "narrow"))
"""Needs of a defect that are the aspect's: drawn captions; a crop that is narrower than the
footage. 16:9 has neither."""


def judged(case: Case, truth: Truth | None, asked: float | None = None) -> list[Row]:
    """What all measures of one cutdown say, by the yardstick's own judge.

    `asked`: seconds that the cutdown should last; its timeline's where nothing else is said.
    """
    seconds = float(case.timeline.duration) if asked is None else asked
    entry = Judged(case.timeline.cut_id, case.aspect, case, seconds=seconds)
    rows = scored([entry], "planted", truth=truth, stills=False).rows
    return [r for r in rows if r.cut and r.measure not in UNMADE and r.kind != "report"]


def said_of(rows: Sequence[Row]) -> list[Said]:
    """Every finding of every measure."""
    return [Said(r.measure, f.what, f.at) for r in rows for f in r.findings]


@dataclass(frozen=True)
class Task:
    """One cutdown that is to be made, judged and spoiled."""

    number: int
    seed: int
    size: str
    folder: Path
    kinds: tuple[str, ...]
    """What is to be planted, the first that is possible; empty: nothing."""
    good: bool
    """Whether its clean form counts."""
    code: str = ""
    """A digest of the sources that make libraries: other sources, another library."""

    @property
    def made(self) -> Path:
        """Its library."""
        return self.folder / f"library-{self._name}"

    @property
    def data(self) -> Path:
        """Where the product has taken it in."""
        return self.folder / f"data-{self._name}"

    @property
    def _name(self) -> str:
        """With and without the corpus's recorded clips a seed makes two libraries."""
        from video_assets_tests.truth.library import name

        return f"{name(self.seed, self.size)}-{self.code}"


def prepared(task: Task) -> float:
    """Makes a task's library and takes it in, where that was not done; returns CPU seconds."""
    from video_assets_tests.truth.library import make

    began = cpu_s()
    done = task.data / "taken-in"
    code = digest_of(ROOT, ("video_assets",))
    if not (task.made / "truth.json").exists():
        make(task.made, task.seed, task.size)
    if not done.exists() or done.read_text() != code:
        taken_in(task.made, task.data)
        done.write_text(code)
    return cpu_s() - began


@lru_cache(maxsize=5)
def library(made: Path, data: Path) -> Library:
    """A library that was taken in; kept, with what it has worked out, for the next cutdown."""
    return read_library(made, data)


def work(task: Task) -> Entry:
    """One cutdown: made, judged, spoiled, judged again; its files are deleted."""
    began = cpu_s()
    place = task.folder / "cuts" / f"{task.number:04}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    try:
        entry = _worked(task, place)
    except Exception as error:  # a fault of one cutdown is told, and stops no run
        raised = f"{type(error).__name__}: {error}"[:400]
        kind = task.kinds[0] if task.kinds else ""
        entry = Entry(task.number, task.seed, "", kind=kind, raised=f"{BEFORE}: {raised}")
    finally:
        shutil.rmtree(place, ignore_errors=True)
        library(task.made, task.data).forget()
    return replace(entry, cpu_s=round(cpu_s() - began, 2), notes={"peak_mb": peak_mb()})


def _worked(task: Task, place: Path) -> Entry:
    lib = library(task.made, task.data)
    rng = random.Random(f"{task.seed} {task.number}")
    laid, aspect, could_not = _laid(lib, task, rng)
    line = laid.timeline
    clean = rendered(lib, line, aspect, place / "clean", place / "segments", laid.idea, laid.brief)
    rows = judged(clean.case(), lib.truth)
    entry = Entry(
        task.number, task.seed, aspect, sha256(layout_of(line).encode()).hexdigest()[:12],
        task.good, _alarms(rows) if task.good else (),
        tuple(r.measure for r in rows if r.findings and r.kind != "gate") if task.good else (),
    )  # fmt: skip
    for kind in task.kinds:
        if kind in could_not or (DEFECTS[kind].needs & ASPECT_NEEDS and aspect == "16x9"):
            continue
        spoiled = _spoiled(entry, Bench(lib, laid, clean, place / kind, rng), kind, rows)
        if spoiled is not None:
            return replace(spoiled, could_not=tuple(could_not))
        could_not.append(kind)
    return replace(entry, could_not=tuple(could_not))


def _laid(lib: Library, task: Task, rng: random.Random) -> tuple[Laid, str, list[str]]:
    """A clean cutdown that has what the first kind possible needs, and its aspect."""
    could_not: list[str] = []
    turned = task.number % len(formats.ASPECTS)
    aspects = [*formats.ASPECTS[turned:], *formats.ASPECTS[:turned]]
    for kind in task.kinds:
        needs = DEFECTS[kind].needs
        own = [a for a in aspects if not needs & ASPECT_NEEDS or a != "16x9"]
        try:
            laid = clean_cut(lib, rng, f"c{task.number:04}", needs - ASPECT_NEEDS)
            return laid, own[0], could_not
        except Scarce:
            could_not.append(kind)
    return clean_cut(lib, rng, f"c{task.number:04}", frozenset()), aspects[0], could_not


def _alarms(rows: Sequence[Row]) -> tuple[str, ...]:
    """What gates say of a clean cutdown, whether or not they are gates on the write path today."""
    return tuple(
        f"{r.measure}: {' | '.join(f'{f.what} [{f.at}]' for f in r.findings[:2])}"
        for r in rows
        if r.findings and r.kind == "gate"
    )


def _spoiled(entry: Entry, bench: Bench, kind: str, rows: Sequence[Row]) -> Entry | None:
    """What was said of the cutdown with this defect; None where it cannot have it."""
    defect = DEFECTS[kind]
    bench.folder.mkdir(parents=True, exist_ok=True)
    try:
        case = defect.plant(bench)
        if case is None:
            return None
        with bench.note.under():
            said = said_of(judged(case, bench.library.truth, bench.note.asked))
    except Exception as error:  # told in the ledger and in the result
        raised = f"{type(error).__name__}: {error}"[:400]
        return replace(entry, kind=kind, must=defect.must, raised=raised)
    found, by = found_by(said, said_of(rows), defect.must)
    return replace(
        entry, kind=kind, must=defect.must, size=bench.note.size, times=bench.note.times,
        found=found, by=tuple(by),
    )  # fmt: skip


def cpu_s() -> float:
    """CPU seconds of this process and of everything that it started and waited for."""
    both = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in both)


def peak_mb() -> float:
    """Largest resident memory of this process plus that of the largest it started, MB."""
    both = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(sum(use.ru_maxrss for use in both) / 1024, 1)


# the run


@dataclass(frozen=True)
class Wanted:
    """What a run is asked for."""

    bad: int
    good: int
    seeds: tuple[int, ...]
    size: str
    jobs: int = 1
    again: bool = False
    kinds: tuple[str, ...] = ()
    """Only these; empty: all."""


def measure_detection(
    bad: int, good: int, seed: int, folder: Path | None = None, size: str = "small"
) -> dict[str, Any]:
    """The same on the library of one seed, by one job: see `detection`."""
    return detection(Wanted(bad, good, (seed,), size), folder)


def detection(wanted: Wanted, folder: Path | None = None) -> dict[str, Any]:
    """Recall over cutdowns with one defect each, false alarms over clean ones.

    A false alarm is a clean cutdown that any gate calls bad, whether or not it is a gate on the
    write path today. Scores are reported beside it.
    """
    with tempfile.TemporaryDirectory() as scratch:
        return _measured(wanted, folder or Path(scratch))


def _measured(wanted: Wanted, folder: Path) -> dict[str, Any]:
    began, cpu = time.monotonic(), cpu_s()
    names = sorted(wanted.kinds or DEFECTS)
    head = {
        "benchmark": "defects", **code_of(), "verdict": VERDICT_VERSION,
        "seeds": list(wanted.seeds), "size": wanted.size, "kinds": names,
    }  # fmt: skip
    ledger = Ledger(folder, head, wanted.again)
    if ledger.entries:
        _tell(began, f"goes on after {len(ledger.entries)} cutdowns")
    pool = _pool(wanted.jobs)
    try:
        makes = digest_of(ROOT, ("video_assets_tests/truth",))[:8]
        firsts = [Task(0, seed, wanted.size, folder, (), True, makes) for seed in wanted.seeds]
        prepare = [pool.submit(prepared, task) for task in firsts]
        for task, done in zip(firsts, prepare, strict=True):
            cpu_of = done.result()
            _tell(began, f"the library of seed {task.seed} is taken in ({cpu_of:.0f} CPU s)")
        _run(wanted, firsts, names, ledger, pool, began)
    finally:
        pool.shutdown(cancel_futures=True)
    kinds = {name: DEFECTS[name].must for name in names}
    entries = ledger.entries
    measures = {m.name for m in MEASURES if m.kind != "report"} - set(UNMADE)
    measures |= {m.name for m in TRUTH_MEASURES if m.kind != "report"} | {LASTS}
    planted = {m for must in kinds.values() for m in must}
    return {
        "benchmark": "defects",
        **counted(entries, kinds),
        "measures_without_a_defect": sorted(measures - planted),
        "only_by_truth": [k for k, must in kinds.items() if must and not set(must) - OF_TRUTH],
        "seeds": list(wanted.seeds),
        "size": wanted.size,
        **{k: head[k] for k in ("commit", "code", "verdict")},
        "versions": {n: version(n) for n in ("av", "numpy", "scipy", "opencv-python-headless")},
        "machine": machine(),
        "threads": {"jobs": wanted.jobs, "encoder": formats.ENCODER_THREADS},
        "peak_mb_of_a_job": max([e.notes.get("peak_mb", 0.0) for e in entries], default=0.0),
        "cpu_s": round(sum(e.cpu_s for e in entries), 1),
        "cpu_s_of_this_process": round(cpu_s() - cpu, 1),
        "wall_s": round(time.monotonic() - began, 1),
    }


def _run(
    wanted: Wanted,
    firsts: Sequence[Task],
    names: Sequence[str],
    ledger: Ledger,
    pool: Executor,
    began: float,
) -> None:
    """Cutdown after cutdown, until there are as many bad and good ones as are wanted.

    `firsts`: a task of every library, whose cutdowns take turns.
    """
    turns = Counter(e.kind for e in ledger.entries if e.kind)
    could_not = Counter(kind for e in ledger.entries for kind in e.could_not)
    pending: deque[tuple[Task, Future[Entry]]] = deque()
    number = len(ledger.entries)
    most = 4 * (wanted.bad + wanted.good) + 20
    first = time.monotonic(), number
    while True:
        bad = sum(e.tried for e in ledger.entries)
        good = sum(e.judged_clean for e in ledger.entries)
        while len(pending) < AHEAD and number < most:
            spoils = bad + sum(bool(t.kinds) for t, _ in pending) < wanted.bad
            counts = good + sum(t.good for t, _ in pending) < wanted.good
            if not spoils and not counts:
                break
            ahead = turns + Counter(t.kinds[0] for t, _ in pending if t.kinds)
            kinds = tuple(in_turn(names, ahead, could_not)) if spoils else ()
            first_of = firsts[number % len(firsts)]
            task = replace(first_of, number=number, kinds=kinds, good=counts)
            pending.append((task, pool.submit(work, task)))
            number += 1
        if not pending:
            return
        _, future = pending.popleft()
        entry = future.result()
        ledger.add(entry)
        turns.update([entry.kind] if entry.kind else [])
        could_not.update(entry.could_not)
        _progress(entry, ledger.entries, wanted, began, first)
        if len(ledger.entries) >= 8 and all(BEFORE in e.raised for e in ledger.entries):
            raise ValueError(f"no cutdown could be made: {entry.raised}")


def _progress(
    entry: Entry, entries: Sequence[Entry], wanted: Wanted, began: float, first: tuple[float, int]
) -> None:
    if entry.tried and not entry.found:
        _tell(began, f"missed {missed(entry)}")
    if entry.alarms:
        _tell(began, f"false alarm {where(entry)}: {'; '.join(entry.alarms)}")
    if entry.raised:
        _tell(began, f"raised {where(entry)} {entry.kind}: {entry.raised}")
    bad, good = sum(e.tried for e in entries), sum(e.judged_clean for e in entries)
    each = (time.monotonic() - first[0]) / max(1, len(entries) - first[1])
    left = max(wanted.bad - bad, wanted.good - good, 0) * each / 60
    lost, alarmed = (
        sum(e.tried and not e.found for e in entries),
        sum(bool(e.alarms) for e in entries),
    )
    _tell(
        began,
        f"{good} clean, {alarmed} alarms; {bad} bad, {lost} missed; {entry.kind or 'clean only'} "
        f"{entry.aspect}; about {left:.0f} min left",
    )


class _Here(Executor):
    """One job: everything runs in this process, at once."""

    def submit(self, work_of: Any, /, *given: Any, **named: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(work_of(*given, **named))
        except Exception as error:
            done.set_exception(error)
        return done


def _pool(jobs: int) -> Executor:
    if jobs < 2:
        return _Here()
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # for the processes that begin now
    return ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))


def _tell(began: float, text: str) -> None:
    seconds = int(time.monotonic() - began)
    stamp = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    print(f"{stamp} {text}", file=sys.stderr, flush=True)


def main() -> None:
    """Command line."""
    from video_assets_tests.truth.library import HELD_OUT, TUNING

    tuning = ",".join(map(str, TUNING))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--bad", type=int, default=200, metavar="N", help="cutdowns with a defect (200)"
    )
    parser.add_argument(
        "--good", type=int, default=200, metavar="N", help="clean cutdowns that count (200)"
    )
    parser.add_argument(
        "--seeds", default=tuning, metavar="N,N", help=f"libraries to take in turns ({tuning})"
    )
    parser.add_argument(
        "--held-out", action="store_true", help="the five seeds for reporting only instead"
    )
    parser.add_argument(
        "--size", default="small", choices=("tiny", "small", "full"), help="of the libraries"
    )
    parser.add_argument(
        "--kinds", default="", metavar="NAME,NAME", help="plant only these kinds of defects"
    )
    parser.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="processes that work side by side (1)"
    )
    parser.add_argument(
        "--folder", type=Path, default=None, metavar="DIR",
        help="keeps the libraries and a ledger there: a stopped run goes on",
    )  # fmt: skip
    parser.add_argument(
        "--again", action="store_true", help="begins a new ledger and keeps the libraries"
    )
    given = parser.parse_args()
    if min(given.bad, given.good) < 0 or given.bad + given.good == 0:
        parser.error("--bad and --good say how many cutdowns to judge: at least one in all")
    if given.jobs < 1:
        parser.error("--jobs: at least 1")
    if not all(s.strip().isdigit() for s in given.seeds.split(",")):
        parser.error(f"--seeds takes numbers with commas between, not {given.seeds!r}")
    seeds = HELD_OUT if given.held_out else tuple(int(s) for s in given.seeds.split(","))
    kinds = tuple(k for k in given.kinds.split(",") if k)
    unknown = sorted(set(kinds) - set(DEFECTS))
    if unknown:
        parser.error(f"no such kinds: {', '.join(unknown)}; there are {', '.join(sorted(DEFECTS))}")
    wanted = Wanted(given.bad, given.good, seeds, given.size, given.jobs, given.again, kinds)
    try:
        print(json.dumps(detection(wanted, given.folder)))
    except ValueError as error:
        parser.exit(2, f"{error}\n")
    except KeyboardInterrupt:
        kept = f"go on with --folder {given.folder}" if given.folder else "nothing was kept"
        parser.exit(130, f"stopped; {kept}\n")


if __name__ == "__main__":
    main()
