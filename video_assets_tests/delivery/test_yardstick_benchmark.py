"""The benchmark keeps what a library gave, refuses nonsense and ends what it started."""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import defects, yardstick
from benchmarks.cost import Cost, measured
from benchmarks.kept import keep, kept
from video_assets.delivery.inspections.truth import Truth
from video_assets.delivery.yardstick.score import scored
from video_assets.foundation.store import Workspace
from video_assets_tests.delivery.short_cut import BOTH, entries
from video_assets_tests.truth import library as truth_library

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Dagster's own handles


def test_what_a_library_gave_is_read_back_for_the_same_key_only(short, few, tmp_path):
    asked = {"r1-01": "", "r1 60 s": "too little"}
    one = scored(entries(short), "ours", "seed 7", asked, BOTH, cost={"wall_s": 1.5})
    keep(tmp_path, {"commit": "a", "aspects": ("9x16",)}, [one], {"checks": [1]})
    found, more = kept(tmp_path, {"commit": "a", "aspects": ["9x16"]})
    assert (found, more) == ([replace(one, cost={"wall_s": 1.5})], {"checks": [1]})
    assert kept(tmp_path, {"commit": "b", "aspects": ["9x16"]}) is None
    assert kept(tmp_path / "nothing", {}) is None
    (tmp_path / "result.json").write_text("{")
    assert kept(tmp_path, {}) is None


def benchmark(monkeypatch, tmp_path, *arguments, **replaced):
    """The yardstick's command line with parts of it replaced; whether it ended well."""
    for name, stand_in in replaced.items():
        monkeypatch.setattr(yardstick, name, stand_in)
    typed = ["yardstick", "--out", str(tmp_path / "out"), "--work", str(tmp_path / "work")]
    monkeypatch.setattr(sys, "argv", [*typed, *arguments])
    yardstick.main()


def test_a_library_is_written_before_the_defects_and_read_back(short, few, tmp_path, monkeypatch, capsys):  # fmt: skip
    made = []

    def contest(library, place, truth, setting, seed, aspects):
        made.append(setting)
        one = scored(entries(short), "", setting, stills=False)
        return [replace(one, who=who) for who in yardstick.CONTESTANTS]

    def stops(asked, work, commit):
        raise RuntimeError("the light went out")

    def make(folder, seed, size, words):
        folder.mkdir(parents=True)
        (folder / "truth.json").write_text(json.dumps({"version": 2, "seed": seed, "size": size, "clips": []}))  # fmt: skip
        return folder

    monkeypatch.setattr(truth_library, "make", make)
    parts = {"contest": contest, "detection": stops, "commit": lambda root: "abc"}
    with pytest.raises(RuntimeError, match="light"):
        benchmark(monkeypatch, tmp_path, "--quick", **parts)
    told = json.loads((tmp_path / "out" / "yardstick.json").read_text())
    assert (told["ours"], told["recall"], told["all_gates_but_exports"]["naive"]) == (
        1.0,
        None,
        1.0,
    )
    parts["detection"] = lambda asked, work, commit: {"recall": 1.0, "false_alarms": 0.0}
    parts["write_scores"] = lambda *given: []
    benchmark(monkeypatch, tmp_path, "--quick", **parts)
    assert made == ["seed 7, with words"]  # the second time it was read back
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["ours"], last["naive"], last["random"], last["recall"]) == (1.0, 1.0, 1.0, 1.0)
    assert "all gates but exports" in (tmp_path / "out" / "report.md").read_text()
    parts["commit"] = lambda root: "def"
    benchmark(monkeypatch, tmp_path, "--quick", **parts)
    assert len(made) == 2


def test_quick_and_held_out_do_not_go_together(tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        benchmark(monkeypatch, tmp_path, "--quick", "--held-out")
    assert "does not go with --held-out" in capsys.readouterr().err
    asked = yardstick._asked(yardstick._options().parse_args(["--held-out"]))
    assert (asked.seeds, asked.size, asked.aspects) == (list(truth_library.HELD_OUT), "tiny", yardstick.HELD_OUT_ASPECTS)  # fmt: skip
    asked = yardstick._asked(yardstick._options().parse_args(["--held-out", "--full"]))
    assert (asked.size, len(asked.aspects), asked.defects) == ("small", 6, 200)


def test_who_makes_nothing_scores_0_of_what_was_asked(tmp_path, monkeypatch):
    library = tmp_path / "library"
    (library / "footage").mkdir(parents=True)
    (library / "brief.yaml").write_text("title: Test\ndurations: [6, 15]\n")
    Workspace(tmp_path / "ours").root.mkdir()

    def fails(name, arguments, place):
        (place / f"{name}.log").write_text("reading\nours: cutdowns: no light\n\n")
        (tmp_path / "ours" / "projects" / "measured").mkdir(parents=True)
        (tmp_path / "ours" / "projects" / "measured" / "project.yaml").write_text(f"footage: {library / 'footage'}\n")  # fmt: skip
        return Cost(2.0, 1.0, 10.0, 1)

    monkeypatch.setattr(yardstick, "_program", fails)
    (found,) = yardstick.contest(library, tmp_path, Truth(7, "tiny", [], {}), "seed 7", 7, BOTH)
    assert (found.who, found.headline, found.requested, found.publishable) == ("ours", 0.0, 4, 0)
    assert {c.why for c in found.cutdowns} == {"ours: cutdowns: no light"}
    assert found.cost["exit_code"] == 1


def test_a_program_over_its_time_is_ended_with_all_that_it_started(tmp_path):
    mark = tmp_path / "child"
    child = f"import os,time; open({str(mark)!r},'w').write(str(os.getpid())); time.sleep(60)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    found = measured([sys.executable, "-c", code], tmp_path, tmp_path / "log", timeout=3)
    assert found.code == -9
    pid = int(mark.read_text())
    for _ in range(100):
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    raise AssertionError("the child goes on")


def test_a_program_is_measured_with_what_it_starts(tmp_path):
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'sum(range(4_000_000))'])"
    found = measured(
        [sys.executable, "-c", code + "; print('done'); sys.exit(3)"], tmp_path, tmp_path / "log"
    )
    assert found.code == 3
    assert (tmp_path / "log").read_text() == "done\n"
    assert found.cpu_s > 0
    assert found.peak_mb > 1


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["--bad", "-1"], "at least one in all"),
        (["--bad", "0", "--good", "0"], "at least one in all"),
        (["--jobs", "0"], "at least 1"),
        (["--seeds", "a,b"], "not 'a,b'"),
    ],
)
def test_defects_refuse_what_makes_no_sense(typed, told, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["defects", *typed])
    with pytest.raises(SystemExit) as ended:
        defects.main()
    assert ended.value.code == 2 and told in capsys.readouterr().err
