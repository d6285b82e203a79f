"""How planted defects are counted, in which order they are tried, and that no gate's code makes
them."""

import ast
import json
from pathlib import Path

import pytest

from benchmarks.planted.bench import DEFECTS
from benchmarks.planted.counting import Entry, Said, band, counted, found_by, in_turn, missed, news
from benchmarks.planted.ledger import NAME, Ledger, Refused
from video_assets.delivery.inspections.table import MEASURES
from video_assets.delivery.yardstick.score import LASTS
from video_assets.delivery.yardstick.table import TRUTH_MEASURES

ROOT = Path(__file__).parents[2]

CLICK = Said("clicks", "a click that no source has there", "2.40 s")
LOUD = Said("is_loud", "loudness is -15.1 LUFS, expected -14.0 ±0.5")


def test_found_is_what_the_clean_cut_lacks():
    assert found_by([CLICK], [], ["clicks"]) == (True, ["clicks"])


def test_another_measures_finding_is_told_and_does_not_count():
    assert found_by([CLICK], [], ["is_loud"]) == (False, ["clicks"])
    assert found_by([], [], ["clicks"]) == (False, [])


def test_a_defect_without_a_measure_is_never_found():
    assert found_by([CLICK], [], []) == (False, ["clicks"])


def test_a_measure_that_could_not_run_has_found_nothing():
    for why in ("could not run: the file does not decode", "could not run: ValueError: 3"):
        assert found_by([Said("clicks", why)], [], ["clicks"]) == (False, [])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (LOUD, Said("is_loud", "loudness is -15.9 LUFS, expected -14.0 ±0.5")),
        (CLICK, Said("clicks", "a click that no source has there", "2.61 s")),
        (Said("a", "1 frame", "frame 30"), Said("a", "2 frame", "frame 40")),
        (Said("a", "wrong", "word 3"), Said("a", "wrong", "word 4")),
    ],
)
def test_an_alarm_whose_figure_or_place_moved_is_no_news(before, after):
    assert news([after], [before]) == []
    assert not found_by([after], [before], [before.measure])[0]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (CLICK, Said("clicks", "a click that no source has there", "4.40 s")),
        (CLICK, Said("clicks", "80 ms of silence where the timeline sounds", "2.40 s")),
        (Said("a", "lake_01.mp4 is dark", "1 s"), Said("a", "lake_02.mp4 is dark", "1 s")),
        (Said("a", "wrong", "frame 30"), Said("a", "wrong", "1.20 s")),
        (Said("a", "wrong", "frame 30"), Said("a", "wrong", "frame 60")),
        (LOUD, Said("hears", LOUD.what)),
    ],
)
def test_another_alarm_of_the_same_measure_is_news(before, after):
    assert news([after], [before]) == [after]


def test_kinds_with_the_fewest_turns_come_first():
    kinds = ["black", "click", "hole"]
    assert in_turn(kinds, {}, {}) == kinds
    assert in_turn(kinds, {"black": 2, "click": 1, "hole": 1}, {}) == ["click", "hole", "black"]


def test_a_kind_that_could_not_be_comes_again_but_not_for_ever():
    kinds, turns = ["black", "click"], {"click": 1}
    assert in_turn(kinds, turns, {"black": 2}) == ["black", "click"]
    assert in_turn(kinds, turns, {"black": 6}) == ["click", "black"]


def test_sizes_fall_into_bands():
    assert [band(t) for t in (None, 1.2, 1.99, 2.0, 4.0)] == ["whole", "near", "near", "far", "far"]


MUST = {"black": ("is_seen",), "click": ("clicks", "hears"), "boom": (), "hole": ("clicks",)}


def entry(number: int, kind: str = "", found: bool = False, **more: object) -> Entry:
    must = tuple(MUST.get(kind, ()))
    return Entry(
        number, 7, "1x1", f"l{number % 3}", True, kind=kind, must=must, found=found, **more
    )  # type: ignore[arg-type]


def test_figures_of_a_run():
    entries = [
        entry(1, "black", True, times=1.5, by=("is_seen",)),
        entry(2, "black", False, times=3.0, by=("clicks",), size="4 frames"),
        entry(3, "black", True, times=3.0, by=("is_seen",)),
        entry(4, "click", True, by=("hears",)),
        entry(5, "boom"),
        entry(6, "hole", raised="OSError: no"),
        entry(7, alarms=("clicks: a click",), scores=("is_best",)),
    ]
    found = counted(entries, MUST)
    assert (found["bad"], found["good"], found["recall"]) == (5, 7, 0.6)
    assert found["false_alarms"] == round(1 / 7, 4)
    assert found["few"] == {"click": 1, "boom": 1}
    assert found["untried"] == ["hole"] and found["unmeasured"] == ["boom"]
    assert found["recall_by_kind"] == {"black": "2/3", "boom": "0/1", "click": "1/1"}
    by_measure = {"clicks": "0/1", "hears": "1/1", "is_seen": "2/3", "no measure": "0/1"}
    assert found["recall_by_measure"] == by_measure
    assert found["recall_by_band"] == {"far": "1/2", "near": "1/1", "whole": "1/2"}
    assert found["layouts"] == 3
    assert found["raised"] == ["c006 seed 7 1x1 hole: OSError: no"]
    assert found["missed"] == [missed(entries[1]), missed(entries[4])]
    assert "(4 frames): is_seen did not find it; said: clicks" in missed(entries[1])


def test_a_run_of_nothing_has_no_figures():
    found = counted([], MUST)
    assert found["recall"] is None and found["false_alarms"] is None
    assert found["untried"] == list(MUST)


HEAD = {"commit": "abc", "verdict": 3, "seeds": [7]}


def test_a_stopped_run_goes_on(tmp_path):
    first = Ledger(tmp_path, HEAD)
    for number in range(3):
        first.add(entry(number, "black", True, times=1.5, by=("is_seen",)))
    whole = (tmp_path / NAME).read_text()
    (tmp_path / NAME).write_text(whole + '{"number": 3, "se')  # stopped while writing
    again = Ledger(tmp_path, HEAD)
    assert again.entries == first.entries
    again.add(entry(3))
    assert [e.number for e in Ledger(tmp_path, HEAD).entries] == [0, 1, 2, 3]
    assert all(json.loads(line) for line in (tmp_path / NAME).read_text().splitlines())


def test_another_commits_ledger_is_refused(tmp_path):
    Ledger(tmp_path, HEAD).add(entry(0))
    with pytest.raises(Refused, match="commit 'abc', now 'def'"):
        Ledger(tmp_path, HEAD | {"commit": "def"})
    with pytest.raises(Refused, match="verdict 3, now 4"):
        Ledger(tmp_path, HEAD | {"verdict": 4})
    assert Ledger(tmp_path, HEAD | {"commit": "def"}, again=True).entries == []
    assert (tmp_path / "ledger-1.jsonl").exists()


def test_every_measure_that_must_find_something_exists():
    known = {m.name for m in MEASURES} | {m.name for m in TRUTH_MEASURES} | {LASTS}
    assert {m for d in DEFECTS.values() for m in d.must} <= known


RECORDS = {
    "Case",
    "Tables",
    "Texts",
    "Sources",
    "Defect",
    "Subject",
    "TrueClip",
    "TrueLine",
    "Truth",
}
"""What a case is built of: every gate takes these, none of them measures. `read_truth` reads what
the library's makers wrote."""
PLANTERS = [
    *sorted((ROOT / "benchmarks" / "planted").glob("*.py")),
    ROOT / "benchmarks" / "clean_cuts.py",
    *(
        path
        for path in sorted((ROOT / "video_assets_tests" / "truth").glob("*.py"))
        if not path.name.startswith("test_")  # tests look at both sides
    ),
]
GATES = "video_assets.delivery.inspections"


def taken_from_gates(source: str) -> set[str]:
    """Names that a source imports from the gates' room; whole modules by their path."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(GATES):
            inner = (node.module or "") != GATES
            found |= {a.name if inner else f"{GATES}.{a.name}" for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == GATES.rpartition(".")[0]:
            found |= {f"{node.module}.{a.name}" for a in node.names if a.name == "inspections"}
        elif isinstance(node, ast.Import):
            found |= {a.name for a in node.names if a.name.startswith(GATES)}
    return found


def test_what_is_taken_from_gates_is_seen():
    assert taken_from_gates(f"from {GATES} import sync\nimport {GATES}.text as t") == {
        f"{GATES}.sync",
        f"{GATES}.text",
    }
    assert taken_from_gates(f"from {GATES}.story import source_of") == {"source_of"}
    assert taken_from_gates("from video_assets.delivery import inspections") == {GATES}


@pytest.mark.parametrize("path", PLANTERS, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_generator_and_gates_share_no_code(path):
    taken = taken_from_gates(path.read_text(encoding="utf-8"))
    assert taken <= RECORDS | {"read_truth"}, f"{path.name} takes {sorted(taken)} from the gates"
