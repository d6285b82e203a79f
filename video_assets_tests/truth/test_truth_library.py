"""What the library declares of itself is what foreign tools measure on its files."""

import ast
import csv
import hashlib
import json
from collections import Counter
from dataclasses import replace
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
from video_assets_tests.truth.clips import Made, film_moment
from video_assets_tests.truth.declared import truth
from video_assets_tests.truth.encoding import write_wave
from video_assets_tests.truth.library import HELD_OUT, TUNING, make, name
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
    wrong_drift,
    wrong_faces,
    wrong_flashes,
    wrong_frames,
    wrong_looks,
    wrong_loudness,
    wrong_offsets,
    wrong_onsets,
)
from video_assets_tests.truth.planning import plan
from video_assets_tests.truth.plans import Plan
from video_assets_tests.truth.recorded import CLIPS, recordings
from video_assets_tests.truth.seeds import seed_of
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
    looks, wrong = wrong_looks(folder)
    assert wrong == []
    return {"cuts": cuts, "onsets": onsets, "offsets": offsets, "faces": faces, "looks": looks,
            "flashes": flashes} | dict(kinds)  # fmt: skip


# The tests.


def test_frames_sizes_rates_and_timecodes(tiny):
    assert len(declared(tiny)) == 13
    assert wrong_frames(tiny) == []


def test_hard_cuts_lie_where_scenedetect_finds_them(tiny):
    total, wrong = wrong_cuts(tiny, ["broll"])  # the soak looks at interviews, too
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


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def sidecars(folder: Path) -> set[str]:
    return {
        f"footage/{Path(c['path']).with_suffix('.json')}" for c in declared(folder) if c["words"]
    }


def test_same_seed_gives_the_same_bytes_and_words_are_only_sidecars(tiny, tmp_path, monkeypatch):
    """A camera, the recorder, a flash, cuts and the bed again; the soak makes all of it twice."""

    def some(seed: int, size: str) -> Plan:
        whole = plan(seed, size)
        one = whole.moments[0]
        one.devices = [d for d in one.devices if d.camera != "B"]
        return replace(whole, moments=[one], broll=whole.broll[:2])

    monkeypatch.setattr(truth_library, "plan", some)
    again = make(tmp_path / "elsewhere", SEED, words=False)
    first, second = files(tiny), files(again)
    made = {name for name in second if name.startswith(("footage/", "music/"))}
    assert len(made) == 5
    assert {name: first[name] for name in made} == {name: second[name] for name in made}
    known = {c["path"]: c for c in declared(tiny)}
    assert [known[c["path"]] for c in declared(again)] == declared(again)
    assert sidecars(tiny) <= first.keys() and len(sidecars(tiny)) == 4
    assert not sidecars(again) & second.keys() and len(sidecars(again)) == 2


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
    for seed in TUNING:
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
        clean = [c for c in made.broll if not (c.defects or c.flashes or c.dissolves)]
        tags = [c.parts[0].tag for c in clean if c.frames / c.fps > 2.5]
        assert "kettle" in tags and len([t for t in tags if t != "rival"]) >= 4
        if size == "full":
            long = made.moments[0]
            assert {d.camera for d in long.devices} == {"A", "B", "R"} and long.seconds >= 120
            assert max(abs(d.drift_ppm) for d in long.devices) >= 20
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


def told(seed: int, size: str) -> dict:
    """The truth of a plan whose media is not made."""
    wanted = plan(seed, size)
    made = {d.path: Made(-20.0, ()) for m in wanted.moments for d in m.devices}
    made |= {c.path: Made(-30.0, (), (0,) * len(c.parts)) for c in wanted.broll}
    return truth(wanted, made, [])


def test_a_set_up_is_one_look_and_shots_say_what_is_seen_when():
    for size in ("small", "full"):
        looks: dict[str, set] = {}
        clips = [c for c in told(SEED, size)["clips"] if c["shots"]]
        for clip in clips:
            shots = clip["shots"]
            assert shots[0]["start"] == 0 and shots[-1]["end"] == clip["duration"]
            assert [s["start"] for s in shots[1:]] == [c["at"] for c in clip["cuts"]]
            for shot, after, cut in zip(shots, shots[1:], clip["cuts"], strict=False):
                assert shot["end"] == pytest.approx(after["start"] + cut["length"], abs=2e-5)
                assert set(shot["tags"]) != set(after["tags"])
            assert set(clip["tags"]) == {t for s in shots for t in s["tags"]}
            assert clip["setup"] == (shots[0]["setup"] if len(shots) == 1 else "")
            for shot in shots:
                look = clip["grade"], clip["camera"], clip["light"], clip["wardrobe"]
                looks.setdefault(shot["setup"], set()).add(look)
        assert "" not in looks and all(len(found) == 1 for found in looks.values())
        painted = [s["setup"] for c in clips if c["kind"] == "broll" for s in c["shots"]]
        assert len(set(painted)) == len(painted)  # every painting is another one
        assert any(len(c["shots"]) > 2 for c in clips)
    seen = {t for c in clips if c["kind"] == "interview" for t in c["tags"]}
    assert "kettle" not in seen  # who speaks of it does not show it


def test_no_two_clips_share_their_chance():
    wanted = plan(SEED, "full")
    paths = [d.path for m in wanted.moments for d in m.devices] + [c.path for c in wanted.broll]
    assert len({seed_of(SEED, path) for path in paths}) == len(paths) > 60
    assert seed_of("m01") != seed_of("m10") and seed_of("a", "b") != seed_of("ab")


def test_recorded_clips_are_told_apart_and_have_no_word_times(tmp_path, monkeypatch):
    monkeypatch.setenv("VIDEO_ASSETS_CORPUS", str(tmp_path))
    assert recordings("small") == [] and name(7, "small") == "7-small-words"
    (tmp_path / "speech").mkdir()
    rng = np.random.default_rng(1)
    hiss = 0.01 * rng.standard_normal((5 * RATE, 1))
    hiss[RATE : 3 * RATE] *= 20
    write_wave(tmp_path / CLIPS[0][0], hiss)
    assert recordings("tiny") == []
    (one,) = recordings("small")
    assert name(7, "small", words=False) == "7-small-recorded-no-words"
    wanted = replace(plan(SEED, "small"), moments=[], broll=[])
    plain = truth(wanted, {}, [], [one])
    (clip,) = plain["clips"]
    digest = hashlib.sha256(one.source.read_bytes()).hexdigest()
    assert plain["recorded"] == [{"path": clip["path"], "sha256": digest}]
    assert truth(wanted, {}, [])["recorded"] == []
    assert (clip["kind"], clip["words"], clip["lines"]) == ("recorded", [], [])
    assert clip["text"] == CLIPS[0][1] and clip["duration"] == 5
    assert clip["noise"] == pytest.approx(-40, abs=0.5)
    footage = tmp_path / "footage" / clip["path"]
    footage.parent.mkdir(parents=True)
    footage.write_bytes(one.source.read_bytes())
    (tmp_path / "truth.json").write_text(json.dumps(plain), encoding="utf-8")
    assert wrong_frames(tmp_path) == [] and wrong_loudness(tmp_path) == []


def test_the_corpus_has_the_recorded_clips(corpus, tmp_path):
    found = recordings("small")
    assert [c.text for c in found] == [text for _, text in CLIPS]
    with open(corpus / "_truth/transcripts.csv", encoding="utf-8", newline="") as file:
        known = {row["file"]: row["transcript"] for row in csv.DictReader(file)}
    assert [known[file] for file, _ in CLIPS] == [c.text for c in found]
    for one in found:
        (tmp_path / "footage" / one.path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "footage" / one.path).write_bytes(one.source.read_bytes())
    plain = truth(replace(plan(SEED, "small"), moments=[], broll=[]), {}, [], found)
    (tmp_path / "truth.json").write_text(json.dumps(plain), encoding="utf-8")
    assert wrong_frames(tmp_path) == [] and wrong_loudness(tmp_path) == []


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
        for variant, text in variants(line).items():
            spoken = bank()[line.key, variant]
            assert [(w.text, w.kind) for w in spoken.words] == marked(text)
            assert all(w.end > w.start for w in spoken.words)
            assert all(b.start >= a.end - 1e-9 for a, b in pairwise(spoken.words))
            assert spoken.words[-1].end <= spoken.duration
            fillers = [w for w in spoken.words if w.text.strip(",.").lower() in FILLERS]
            assert (variant == "filler") == bool(fillers)


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
    mine = {name for path in HERE.glob("*.py") for name in imports(path)}
    assert len(mine) > 50
    assert not [name for name in mine if name.startswith("video_assets.delivery")]
    product = list(Path(video_assets.__file__).parent.rglob("*.py"))
    assert len(product) > 100
    named = [p for p in product if "video_assets_tests" in p.read_text(encoding="utf-8")]
    theirs = {name for path in named for name in imports(path)}
    assert not [name for name in theirs if name.startswith("video_assets_tests")]


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", TUNING[:2])
def test_a_small_library_measures_as_it_is_declared(seed, tmp_path):
    folder = make(tmp_path / "library", seed, "small")
    assert len(declared(folder)) >= 60
    looked = everything_holds(folder)
    assert looked["cuts"] >= 4 and looked["onsets"] >= 60 and looked["offsets"] >= 40
    assert looked["looks"] >= 4
    again = make(tmp_path / "elsewhere", seed, "small", words=False)
    first, second = files(folder), files(again)
    assert first.keys() - second.keys() == sidecars(folder)
    assert {name: first[name] for name in second} == second


@pytest.mark.soak
@pytest.mark.parametrize("absent", ["", "R"])
def test_devices_drift_as_declared_over_two_minutes(absent, tmp_path):
    """The long clip of a full library; its sound is the same, its picture is smaller."""
    whole = plan(SEED, "full")
    long = whole.moments[0]
    long.devices = [d for d in long.devices if d.camera != "B"]
    one = replace(whole, picture=(160, 90), moments=[long], broll=[])
    told = [replace(d) for d in long.devices]
    for device in long.devices:
        device.drift_ppm *= device.camera != absent  # what the files hold
    made = film_moment(one, long, tmp_path / "footage")
    long.devices = told
    text = json.dumps(truth(one, made, []))
    (tmp_path / "truth.json").write_text(text, encoding="utf-8")
    assert min(c["duration"] for c in declared(tmp_path)) >= 120
    total, wrong = wrong_drift(tmp_path)
    assert total == 1
    assert bool(wrong) == bool(absent)  # and a drift that is not there is missed
