"""What the library declares of itself is what foreign tools measure on its files."""

import ast
import hashlib
import json
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy import signal

import video_assets
from video_assets.editorial.brief import load_brief
from video_assets.finishing.brand import load_brand
from video_assets.foundation.store import Workspace
from video_assets.library.intake import read_footage
from video_assets.library.sidecars import read_sidecar
from video_assets_tests.truth import library as truth_library
from video_assets_tests.truth.library import HELD_OUT, TUNING, make
from video_assets_tests.truth.lines import FILLERS, LINES, marked, variants
from video_assets_tests.truth.measuring import (
    RATE,
    declared,
    grey,
    level_curve,
    pictures_of,
    sound,
    wrong_cuts,
    wrong_defects,
    wrong_faces,
    wrong_flashes,
    wrong_frames,
    wrong_loudness,
    wrong_offsets,
    wrong_onsets,
)
from video_assets_tests.truth.planning import plan
from video_assets_tests.truth.voices import BANK, bank

SEED = TUNING[0]
HERE = Path(truth_library.__file__).parent


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    return make(tmp_path_factory.mktemp("truth") / "library", SEED)


def everything_holds(folder: Path) -> dict[str, int]:
    """All measurements; how many things were looked at."""
    assert wrong_frames(folder) == []
    cuts, wrong = wrong_cuts(folder)
    assert wrong == []
    onsets, wrong = wrong_onsets(folder)
    assert wrong == []
    offsets, wrong = wrong_offsets(folder)
    assert wrong == []
    assert wrong_loudness(folder) == []
    faces, wrong = wrong_faces(folder)
    assert wrong == []
    kinds, wrong = wrong_defects(folder)
    assert wrong == []
    flashes, wrong = wrong_flashes(folder)
    assert wrong == []
    return {"cuts": cuts, "onsets": onsets, "offsets": offsets, "faces": faces,
            "flashes": flashes} | dict(kinds)  # fmt: skip


# The tests.


def test_frames_sizes_rates_and_timecodes(tiny):
    assert len(declared(tiny)) == 9
    assert wrong_frames(tiny) == []


def test_hard_cuts_lie_where_scenedetect_finds_them(tiny):
    total, wrong = wrong_cuts(tiny)
    assert wrong == []
    assert total >= 1


def test_words_after_a_pause_begin_with_their_sound(tiny):
    total, wrong = wrong_onsets(tiny)
    assert wrong == []
    assert total >= 9


def test_devices_of_a_moment_are_offset_as_declared(tiny):
    total, wrong = wrong_offsets(tiny)
    assert wrong == []
    assert total == 6


def test_loudness_is_what_ffmpeg_measures(tiny):
    assert wrong_loudness(tiny) == []


def test_faces_are_found_where_they_are(tiny):
    total, wrong = wrong_faces(tiny)
    assert wrong == []
    assert total == 3


def test_planted_flaws_can_be_measured(tiny):
    kinds, wrong = wrong_defects(tiny)
    assert wrong == []
    assert set(kinds) >= {"blur", "shake", "clipping", "boom"}


def test_a_flash_and_a_dissolve_lie_where_they_are_declared(tiny):
    total, wrong = wrong_flashes(tiny)
    assert wrong == []
    assert total >= 1
    for clip in pictures_of(tiny):
        for cut in clip["cuts"]:
            if cut["kind"] != "dissolve":
                continue
            frames = grey(tiny / "footage" / clip["path"]).astype(np.float32)
            a = round(cut["at"] * Fraction(clip["fps"]))
            b = a + round(cut["length"] * Fraction(clip["fps"]))
            away = np.abs(frames - frames[a - 1]).mean(axis=(1, 2))
            step = np.diff(away)[a - 1 : b]  # it leaves the old shot in even steps, then is new
            assert (step > 0).all() and step.max() < 3 * np.median(step)
            assert np.abs(np.diff(away)[a - 4 : a - 1]).max() < step.mean() * 2
            return
    raise AssertionError("no dissolve")


def test_no_frame_is_there_twice(tiny):
    seen = Counter(
        hashlib.sha256(frame.tobytes()).digest()
        for clip in pictures_of(tiny)
        for frame in grey(tiny / "footage" / clip["path"])
    )
    assert len(seen) == sum(clip["frames"] for clip in pictures_of(tiny))


def test_the_music_has_its_beats(tiny):
    plain = json.loads((tiny / "truth.json").read_text(encoding="utf-8"))["music"]
    samples = sound(tiny / plain["path"])
    high = signal.sosfilt(signal.butter(4, 5000, "high", fs=RATE, output="sos"), samples)
    levels = level_curve(high)
    beats = [round(b * 1000) for b in plain["beats"]]
    assert len(beats) > 20 and beats[0] == 0
    peaks = [b + int(np.argmax(levels[b - 150 : b + 150])) - 150 for b in beats[1:-1]]
    assert max(abs(p - b) for p, b in zip(peaks, beats[1:-1], strict=True)) <= 12


def test_same_seed_gives_the_same_bytes_and_words_are_only_sidecars(tiny, tmp_path):
    again = make(tmp_path / "elsewhere", SEED, words=False)

    def files(folder: Path) -> dict[str, str]:
        return {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    first, second = files(tiny), files(again)
    spoken = {
        f"footage/{Path(c['path']).with_suffix('.json')}" for c in declared(tiny) if c["words"]
    }
    assert first.keys() - second.keys() == spoken and len(spoken) == 4
    assert {name: first[name] for name in second} == second


def test_another_seed_is_another_library():
    def story(seed: int) -> list[object]:
        made = plan(seed, "small")
        return [
            [(t.line, t.variant, t.best) for m in made.moments for t in m.takes],
            [d.offset for m in made.moments for d in m.devices],
            [d.grade for m in made.moments for d in m.devices],
            [b.path for b in made.broll],
        ]

    a, b = story(TUNING[0]), story(TUNING[1])
    assert story(TUNING[0]) == a
    assert all(x != y for x, y in zip(a, b, strict=True))
    assert len(HELD_OUT) == 5 and not {*HELD_OUT} & {*TUNING}


@pytest.mark.parametrize("size", ["tiny", "small", "full"])
def test_every_plan_holds_what_the_ruler_needs(size):
    for seed in (*TUNING, *HELD_OUT):
        made = plan(seed, size)
        takes = [t for m in made.moments for t in m.takes]
        best = Counter(t.line for t in takes if t.best)
        assert set(best.values()) == {1} and set(best) == {t.line for t in takes}
        assert all(t.variant in ("clean", "again") and not t.noisy | t.clipped
                   for t in takes if t.best)  # fmt: skip
        devices = [d for m in made.moments for d in m.devices]
        assert {"A", "B", "R"} <= {d.camera for d in devices}
        assert any({d.camera for d in m.devices} == {"A", "B", "R"} for m in made.moments)
        paths = [d.path for d in devices] + [c.path for c in made.broll]
        assert len({Path(p).stem for p in paths}) == len(paths)
        assert any(t.variant == "filler" for t in takes)
        joins = [j for c in made.broll for j in c.dissolves]
        assert 0 in joins and any(joins)
        assert any(c.flashes for c in made.broll)
        flaws = Counter(f.kind for x in (*devices, *made.broll) for f in x.defects)
        assert {"blur", "shake", "clipping", "boom"} <= set(flaws)
        for moment in made.moments:
            for device in moment.devices:
                for take in moment.takes:
                    told = device.clock(take.start), device.clock(take.end)
                    assert told[0] > 0.4 and told[1] < device.frames / 25
                    if take.best:
                        assert not [
                            d for d in device.defects if d.start < told[1] and d.end > told[0]
                        ]
        if size != "tiny":
            assert len(paths) >= 60
            assert {"flicker", "overexposed"} <= set(flaws)
            assert any(t.noisy for t in takes)


def test_truth_tells_of_words_and_takes(tiny):
    for clip in declared(tiny):
        assert all(0 <= w["start"] < w["end"] <= clip["duration"] for w in clip["words"])
        assert all(a["start"] < b["start"] for a, b in pairwise(clip["words"]))
        for line in clip["lines"]:
            own = [
                w for w in clip["words"] if (w["line"], w["take"]) == (line["line"], line["take"])
            ]
            assert " ".join(w["text"] for w in own) == line["text"]
            assert (own[0]["start"], own[-1]["end"]) == (line["start"], line["end"])
            kinds = {w["kind"] for w in own}
            assert ("filler" in line["flaws"]) == ("filler" in kinds)
            assert ("false_start" in line["flaws"]) == ("false_start" in kinds)
            if line["best"]:
                assert line["complete"] and line["flaws"] == [] and kinds == {"word"}
    by_moment = Counter(c["moment"] for c in declared(tiny))
    assert by_moment["m01"] == 3


def test_the_product_takes_the_library(tiny, tmp_path):
    workspace = Workspace(tmp_path / "data")
    root = workspace.root / "projects" / "kettle"
    root.mkdir(parents=True)
    (root / "project.yaml").write_text(f"footage: {tiny / 'footage'}\n")
    rows, letters = read_footage(workspace.project("kettle"), [])
    assert letters == []
    roles = {row.path: row.role for row in rows}
    for clip in declared(tiny):
        assert roles[clip["path"]] == ("sound" if clip["kind"] == "recorder" else "clip")
        beside = Path(clip["path"]).with_suffix(".json")
        assert (str(beside) in roles) == bool(clip["words"])
        if clip["words"]:
            assert roles[str(beside)] == "sidecar"
            words = read_sidecar(tiny / "footage" / beside)
            assert [w.text for w in words] == [w["text"] for w in clip["words"]]
            assert all(
                abs(float(w.start) - t["start"]) < 1e-3
                for w, t in zip(words, clip["words"], strict=True)
            )
    assert load_brief(tiny / "brief.yaml").must_say
    assert load_brand(tiny / "brand", "x").name == "Wickfield"


def test_the_bank_is_small_and_whole():
    assert sum(path.stat().st_size for path in BANK.iterdir()) <= 5 * 2**20
    for line in LINES:
        for name, text in variants(line).items():
            spoken = bank()[line.key, name]
            assert [(w.text, w.kind) for w in spoken.words] == marked(text)
            assert all(w.end > w.start for w in spoken.words)
            assert all(b.start >= a.end - 1e-9 for a, b in pairwise(spoken.words))
            assert spoken.words[-1].end <= spoken.duration
            fillers = [w for w in spoken.words if w.text.strip(",.").lower() in FILLERS]
            assert (name == "filler") == bool(fillers)


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(FileExistsError):
        make(tmp_path, 1)
    with pytest.raises(ValueError, match="no size"):
        make(tmp_path / "new", 1, "huge")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["letters.txt"]


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_generator_and_inspections_share_no_code():
    product = Path(video_assets.__file__).parent
    mine = {name for path in HERE.glob("*.py") for name in imports(path)}
    assert not [name for name in mine if name.startswith("video_assets.delivery")]
    theirs = {name for path in product.rglob("*.py") for name in imports(path)}
    assert len(theirs) > 100
    assert not [name for name in theirs if name.startswith("video_assets_tests")]


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [SEED, HELD_OUT[0]])
def test_a_small_library_measures_as_it_is_declared(seed, tmp_path):
    folder = make(tmp_path / "library", seed, "small")
    assert len(declared(folder)) >= 60
    looked = everything_holds(folder)
    assert looked["cuts"] >= 4 and looked["onsets"] >= 60 and looked["offsets"] >= 40
