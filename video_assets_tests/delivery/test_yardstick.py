"""What cutdowns are worth: the headline's arithmetic, the files it is written to, the command."""

import json
import random
import re
import sys
import time
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from benchmarks import defects, judging, yardstick
from benchmarks.contestants import naive, random_valid
from benchmarks.contestants.delivered import Chunk, Delivered, Drawing, hand_over, taken
from benchmarks.cost import Cost, measured
from benchmarks.kept import keep, kept
from video_assets.cli import app
from video_assets.delivery.inspections.case import Outcome
from video_assets.delivery.inspections.colour import colour_holds_in_true_setups
from video_assets.delivery.inspections.content import (
    content_is_as_asked,
    true_jump_cuts_are_covered,
)
from video_assets.delivery.inspections.continuity import scenes_hold_together
from video_assets.delivery.inspections.story import jump_cuts_are_covered
from video_assets.delivery.inspections.table import MEASURES, Measure
from video_assets.delivery.inspections.truth import TrueClip, TrueShot, Truth
from video_assets.delivery.yardstick import score as scoring
from video_assets.delivery.yardstick.page import campaign_gates
from video_assets.delivery.yardstick.score import MISSING, Entry, Row, relative, scored, summaries
from video_assets.delivery.yardstick.stills import still, when
from video_assets.delivery.yardstick.table import (
    CAMPAIGN_MEASURES,
    CampaignMeasure,
    TruthMeasure,
)
from video_assets.delivery.yardstick.written import write_scores
from video_assets.editorial.timeline import to_otio
from video_assets.foundation.errors import FootageError
from video_assets.foundation.records import (
    CaptionWord,
    Finding,
    FootageRow,
    Idea,
    Line,
    Shot,
    Word,
    read_records,
    to_plain,
    write_records,
)
from video_assets.foundation.store import Project, Workspace
from video_assets.orchestration.cases import asked_cuts, stored_cases
from video_assets.orchestration.scoring import score_project
from video_assets_tests.delivery.cases import Made, made
from video_assets_tests.finishing import making
from video_assets_tests.truth import library as truth_library

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Dagster's own handles

BOTH = ("9x16", "16x9")


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> Made:
    """A clean cutdown of two seconds in two ratios."""
    folder = tmp_path_factory.mktemp("clean")
    (folder / "footage").mkdir()
    clip = folder / "footage" / "a.mp4"
    making.ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=3", "-f", "lavfi", "-i",
        "sine=440:d=3:r=48000,volume=0.2", "-c:v", "libx264", "-preset", "ultrafast",
        "-c:a", "aac", "-shortest", str(clip),
    )  # fmt: skip
    row = making.row_of(clip)
    cuts = [making.picture(row, 0, 30, 0), making.picture(row, 30, 20, Fraction(8, 5))]
    line = making.timeline(25, cuts, sound=(making.spoken(row, 0, 2, Fraction(1, 5), "A3"),))
    return made(folder, line, [row], BOTH)


BLIND = tuple(m for m in MEASURES if m.name in ("has_the_right_length", "plays_cleanly"))


@pytest.fixture
def few(monkeypatch):
    """Two quick measures stand for all of them."""
    monkeypatch.setattr(scoring, "MEASURES", BLIND)
    monkeypatch.setattr(scoring, "TRUTH_MEASURES", ())
    monkeypatch.setattr(scoring, "CAMPAIGN_MEASURES", ())


def entries(clean, **spoiled):
    """Both aspects of the clean cutdown; an aspect's file may be another one."""
    return [
        Entry("r1-01", aspect, clean.case(aspect, spoiled.get(f"file_{aspect}"))) for aspect in BOTH
    ]


def never_holds(case):
    """A gate that is to come."""
    what = "not exported yet"
    return Outcome({"files": 0}, (Finding("never_holds", what, "0", "2", "0.5 s"),))


def test_the_headline_counts_files_that_pass_every_gate(clean, few):
    short = clean.spoiled("short.mp4", "-c:v", "copy", "-c:a", "copy", "-t", "1")
    found = scored(entries(clean, file_9x16=short), "ours")
    assert (found.publishable, found.requested, found.headline) == (1, 2, 0.5)
    bad, good = found.cutdowns
    assert (bad.aspect, bad.publishable, bad.held_back) == ("9x16", False, True)
    assert (good.aspect, good.publishable, good.held_back) == ("16x9", True, False)
    assert (found.passes_today, found.but_exports) == (0.5, 0.5)
    assert good.seconds == pytest.approx(2, abs=0.05)


def test_what_was_asked_for_and_not_made_counts_against_it(clean, few):
    asked = {"r1-01": "", "r1-02": "it has no timeline", "r1 60 s": "too little footage"}
    found = scored(entries(clean), "ours", "", asked, BOTH)
    assert (found.publishable, found.requested) == (2, 6)
    assert found.headline == pytest.approx(1 / 3)
    told = [r for r in found.rows if r.measure == MISSING]
    gone = [r for r in told if not r.passed]
    assert (len(told), len(gone)) == (6, 4)
    assert "too little footage" in gone[-1].findings[0].what
    assert scored([], "nobody").headline == 0.0
    one = scored([Entry("r1-01", "9x16", None, "its file is gone")], "ours")
    assert (one.headline, one.cutdowns[0].why) == (0.0, "its file is gone")


def test_a_film_of_another_length_than_asked_is_not_publishable(clean, few):
    asked = [
        Entry("r1-01", a, clean.case(a), seconds=s) for a, s in zip(BOTH, (2.0, 6.0), strict=True)
    ]
    found = scored(asked, "ours")
    assert [c.publishable for c in found.cutdowns] == [True, False]
    bad = [r for r in found.rows if r.measure == "lasts_as_asked"][1]
    assert (bad.passed, bad.figures["away_s"]) == (False, pytest.approx(4, abs=0.05))


def test_a_gate_that_is_only_to_come_counts_here(clean, few, monkeypatch):
    later = Measure(15, never_holds, until="The edit", blind=True)
    opinion = Measure(10, never_holds, kind="score", blind=True)
    monkeypatch.setattr(scoring, "MEASURES", (*BLIND, opinion))
    assert scored(entries(clean), "ours").headline == 1.0
    monkeypatch.setattr(scoring, "MEASURES", (*BLIND, later))
    found = scored(entries(clean), "ours")
    assert (found.headline, found.passes_today, found.but_exports) == (0.0, 1.0, 0.0)
    monkeypatch.setattr(scoring, "UNMADE", ("never_holds",))
    found = scored(entries(clean), "ours")
    assert (found.headline, found.but_exports) == (0.0, 1.0)
    (one,) = (s for s in summaries(found.rows) if s.measure == "never_holds")
    assert (one.holds, one.measured, one.gate_today, one.limit) == (0, 2, False, "2")
    assert one.figures == {"files": (0.0, 0.0, 0.0)}


def test_truth_and_campaign_are_measured_where_they_are_given(clean, few, monkeypatch):
    def is_true(case, truth):
        return Outcome({"seed": truth.seed}, measured=case.aspect == "9x16")

    def breaks(case, truth):
        raise ValueError("no figure")

    def is_shared(cases, truth):
        return Outcome({"cuts": len(cases)})

    def is_told(cases, truth):
        return Outcome({}, (Finding("is_told", "nobody says it"),))

    against = (TruthMeasure(2, is_true, "score"), TruthMeasure(9, breaks, blind=True))
    monkeypatch.setattr(scoring, "TRUTH_MEASURES", against)
    campaign = (CampaignMeasure(18, is_shared), CampaignMeasure(14, is_told, kind="gate"))
    monkeypatch.setattr(scoring, "CAMPAIGN_MEASURES", campaign)
    several = [*entries(clean), Entry("r1-02", "9x16", clean.case("9x16"))]
    blind = scored(several, "ours")
    assert (blind.headline, blind.campaign) == (1.0, {"is_told": False})  # beside the headline
    assert campaign_gates([blind, blind]) == {"is_told": (0, 2)}
    found = scored(several, "ours", truth=Truth(7, "tiny", [], {}))
    assert found.headline == 0.0  # one that cannot run is never a pass
    by_name = {s.measure: s for s in summaries(found.rows)}
    assert (by_name["is_true"].holds, by_name["is_true"].measured) == (2, 2)
    assert (by_name["is_true"].cutdowns, by_name["breaks"].holds) == (3, 0)
    assert "could not run" in by_name["breaks"].example
    assert by_name["is_shared"].figures == {"cuts": (2.0, 2.0, 2.0)}


def test_a_campaign_must_say_and_show_what_the_brief_asks(clean):
    case = clean.case("9x16")
    said = case.brief.model_copy(update={"must_say": ("We sing.", "It hums.")})
    word = CaptionWord("We sing.", Fraction(0), Fraction(1))
    mute = replace(case, brief=said)
    half = replace(mute, timeline=replace(case.timeline, words=(word,)))
    judged = {m.name: m for m in CAMPAIGN_MEASURES}
    says = judged["campaign_says_what_it_must"]
    assert {m.name for m in judged.values() if m.kind == "gate"} == {
        "campaign_says_what_it_must", "campaign_shows_what_it_must",
    }  # fmt: skip
    found = says.run([mute, half], None)
    assert found.figures == {"must_say_share": 0.5, "sentences": 2.0} and found.findings
    both = replace(half, timeline=replace(case.timeline, words=(word, replace(word, text="It hums."))))  # fmt: skip
    assert not says.run([mute, both], None).findings
    assert not says.run([case], None).measured  # nothing is asked for


def test_what_is_seen_follows_the_shots_of_a_clip(clean):
    shots = (TrueShot(0, 1.6, ("lake",)), TrueShot(1.5, 2.0, ("mug",)), TrueShot(2, 3, ("rival",)))
    clip = TrueClip("a.mp4", "broll", "A", "", "", 3.0, shots=shots, tags=("lake", "mug", "rival"))
    assert clip.seen(0, 1) == {"lake": 1}
    assert clip.seen(1.0, 2.5) == pytest.approx({"lake": 0.6, "mug": 0.5, "rival": 0.5})
    case = clean.case("9x16")  # 0.0 to 1.2 s and 1.6 to 2.4 s of the clip
    truth = Truth(7, "tiny", [clip], {"must_show": ["mug"], "must_not": ["rival"]})
    told = content_is_as_asked(case, truth)
    assert [f.what for f in told.findings] == ["a.mp4 shows 'rival', which must not be shown"]
    assert told.figures["must_show_share"] == 0.0  # of a campaign, so no finding of this cut
    first = replace(case.timeline, picture=case.timeline.picture[:1], frames=30)
    truth = replace(truth, brief={"must_show": ["lake"], "must_not": ["rival", "mug"]})
    assert content_is_as_asked(replace(case, timeline=first), truth).findings == ()


def test_a_clip_of_several_shots_is_the_one_that_is_seen(clean):
    """Set-up and direction are those of the shot at the join, not of the clip, which has none."""
    first, second = (
        TrueShot(0, 1.4, ("lake",), "shore", 1), TrueShot(1.2, 3, ("lake",), "shore", -1)
    )  # fmt: skip
    clip = TrueClip("a.mp4", "broll", "A", "", "", 3.0, shots=(first, second))
    assert [clip.at(t).direction for t in (0.0, 1.25, 1.38, 3.0)] == [1, 1, -1, -1]
    assert clip.at(1.0).setup == "shore" and replace(clip, shots=()).at(1.0).setup == ""
    case = clean.case("9x16")  # 0.0 to 1.2 s and 1.6 to 2.4 s of the clip
    truth = Truth(7, "tiny", [clip], {})
    turned = scenes_hold_together(case, truth)
    assert turned.figures["joins_in_scenes"] == 1 and "screen direction" in turned.findings[0].what
    assert colour_holds_in_true_setups(case, truth).figures["joins_in_setups"] == 1
    beside = tuple(replace(c, path="b.mp4", clip_id="b" * 32, shot_id="b") for c in case.timeline.picture[1:2])  # fmt: skip
    jumping = replace(case, timeline=replace(case.timeline, picture=(case.timeline.picture[0], *beside)))  # fmt: skip
    two = replace(truth, clips=[clip, replace(clip, path="b.mp4")])
    assert jump_cuts_are_covered(jumping).findings == ()  # the library's shots know of no set-up
    (jump,) = true_jump_cuts_are_covered(jumping, two).findings
    assert jump.measure == "true_jump_cuts_are_covered" and "jumps to b.mp4" in jump.what
    other_camera = replace(two, clips=[clip, replace(clip, path="b.mp4", camera="B")])
    assert true_jump_cuts_are_covered(jumping, other_camera).findings == ()
    other = replace(clip, shots=(first, replace(second, setup="pier")))
    apart = replace(truth, clips=[other])
    assert not scenes_hold_together(case, apart).measured
    assert not colour_holds_in_true_setups(case, apart).measured
    assert true_jump_cuts_are_covered(case, truth).findings  # 0.4 s of the clip are left out
    assert true_jump_cuts_are_covered(case, apart).findings == ()


def test_summaries_keep_extremes_and_order():
    def row(measure, value, passed):
        finding = () if passed else (Finding(measure, "bad", limit="9"),)
        return Row("a", "", "c", "9x16", measure, 1, "gate", True, passed, True, {"x": value}, finding)  # fmt: skip

    last, first = MEASURES[-1].name, MEASURES[0].name
    rows = [
        row(last, 3.0, True),
        row(first, 5.0, False),
        row(first, 1.0, True),
        row(first, 2.0, True),
    ]
    found = summaries(rows)
    assert [s.measure for s in found] == [first, last]
    assert found[0].figures == {"x": (1.0, 2.0, 5.0)}
    assert (found[0].share, found[0].limit) == (pytest.approx(2 / 3), "9")


@pytest.mark.parametrize(
    ("ours", "naive", "truth", "score"),
    [(0.9, 0.5, 1.0, 0.8), (0.4, 0.5, 1.0, 0.0), (1.0, 0.5, 0.9, 1.0), (1, 1, 1, None), (20, 80, 0, 0.75)],
)  # fmt: skip
def test_a_score_lies_between_naive_and_truth(ours, naive, truth, score):
    assert relative(ours, naive, truth) == (None if score is None else pytest.approx(score))


def test_a_still_shows_the_named_frame(clean):
    assert when("1.24 s", Fraction(25)) == 1.24
    assert when("frame 30", Fraction(25)) == 1.2
    assert when("cut 3", Fraction(25)) is None
    assert when("", Fraction(25)) is None
    one, other = (still(clean.files["9x16"], at) for at in (0.4, 1.6))
    assert one.jpeg[:2] == b"\xff\xd8"
    assert one.jpeg != other.jpeg
    assert still(clean.files["9x16"], 99.0).jpeg[:2] == b"\xff\xd8"
    (clean.folder / "no.mp4").write_bytes(b"no film")
    with pytest.raises(FootageError):
        still(clean.folder / "no.mp4", 0.0)


def test_it_is_written_three_times_and_asks_nobody(clean, few, tmp_path, monkeypatch):
    later = Measure(15, never_holds, until="The edit", blind=True)
    monkeypatch.setattr(scoring, "MEASURES", (*BLIND, later))
    asked = {"r1-01": "", "r1 60 s": "<b>too little</b>"}
    ours = scored(entries(clean), "ours", "seed 7", asked, BOTH, cost={"wall_s": 12.5})
    naive = replace(scored(entries(clean), "naive", "seed 7"), cost={})
    files = write_scores([ours, naive], tmp_path, "The <yardstick>", {"commit": "abc"})
    assert [f.name for f in files] == ["score.json", "measures.parquet", "index.html"]
    told = json.loads(files[0].read_text())
    first = told["scores"][0]
    assert (first["who"], first["publishable"], first["requested"]) == ("ours", 0, 4)
    assert first["cost"] == {"wall_s": 12.5}
    assert {m["measure"] for m in first["measures"]} == {
        "has_the_right_length", "plays_cleanly", "never_holds", MISSING,
    }  # fmt: skip
    assert told["facts"] == {"commit": "abc"}
    table = pq.read_table(files[1])
    assert table.num_rows == len(ours.rows) + len(naive.rows) == 6 + 4 + 6 + 2
    assert read_records(files[1], Row) == [*ours.rows, *naive.rows]
    text = files[2].read_text()
    assert "The &lt;yardstick&gt;" in text
    assert "<b>too little" not in text
    plain = re.sub(r"base64,[^\"]+", "", text)
    assert not re.search(r"https?:|//[a-z]|<script|@import|url\(", plain, re.I)
    sources = re.findall(r'src="([^"]{0,30})', text)
    assert sources  # two plots, a poster each, a frame at each finding
    assert len(sources) == 2 + 4 + 4
    assert all(s.startswith("data:image/") for s in sources)


def test_no_score_draws_no_plot(tmp_path):
    files = write_scores([scored([], "nobody")], tmp_path, "Nothing")
    assert pq.read_table(files[1]).num_rows == 0
    assert "<img" not in files[2].read_text()


# a project with stored cutdowns


@pytest.fixture(scope="module")
def project(clean, tmp_path_factory) -> Project:
    """The clean cutdown as a run would have left it, and an idea that came to nothing."""
    root = tmp_path_factory.mktemp("stored")
    _, found = making.project(root, clean.folder / "footage")
    (found.root / "brief.yaml").write_text(
        "title: Test\ndurations: [6, 15]\naspects: [9x16, 16x9]\nallow: {downgrade: true}\n"
    )
    for name in ("library", "editorial"):
        found.path(name).mkdir()
    rows = list(clean.rows.values())
    for name, kind, own in (
        ("footage", FootageRow, rows), ("words", Word, []), ("lines", Line, []), ("shots", Shot, []),
    ):  # fmt: skip
        write_records(found.path(f"library/{name}.parquet"), kind, own)
    idea = Idea("r1-01", "r1", "montage", "A test", "", 0.0, Fraction(2), (), "", "")
    entry = {"round": "r1", "claims": "", "ideas": [to_plain(idea)]}
    entry["refused"] = [{"duration": 15, "why": "too little footage for 15 s"}]
    unborn = {**entry, "round": "r2", "ideas": [to_plain(replace(idea, cut_id="r2-01"))]}
    found.path("editorial/ideas.json").write_text(json.dumps({"rounds": [entry, unborn]}))
    with found.leased():
        otio = to_otio(clean.timeline, rows, clean.folder / "footage")
        name = "editorial/timelines/r1-01.otio"
        found.make("timelines", "1", {}, lambda draft: draft.text(name, otio))
        for aspect in BOTH:
            store(found, clean.case(aspect))
    return found


def store(project, case):
    """Writes a case's files where a run would."""

    def write(draft):
        base = f"delivery/r1-01/{case.aspect}"
        draft.path(f"{base}.mp4").write_bytes(case.file.read_bytes())
        for kind in ("srt", "vtt", "otio"):
            draft.text(f"{base}.{kind}", getattr(case.texts, kind))
        draft.facts.update(cut_id="r1-01", aspect=case.aspect, silent=case.silent)

    project.make(f"artefacts/r1-01/{case.aspect}", "1", {}, write)


def test_stored_cutdowns_are_the_cases_they_were(clean, project):
    found = list(stored_cases(project))
    assert [(cut, aspect, why) for cut, aspect, _, why in found] == [
        ("r1-01", "9x16", ""), ("r1-01", "16x9", ""),
    ]  # fmt: skip
    for _, aspect, case, _ in found:
        was = clean.case(aspect)
        assert case.timeline == was.timeline
        assert (case.size, case.crops, case.silent) == (was.size, was.crops, was.silent)
        assert case.upscale == pytest.approx(was.upscale)
        assert case.texts == was.texts
        assert case.film.sha256 == was.film.sha256
    assert found[0][2].sources is found[1][2].sources  # six aspects look at a source once
    asked = asked_cuts(project)  # nothing of the second round was rendered: nobody asked for it
    assert asked == {"r1-01": "", "r1 15 s": "too little footage for 15 s"}


def score(project, *arguments):
    """`video-assets score test`."""
    data = project.workspace.root
    typed = ["score", "test", "--data", str(data), *map(str, arguments)]
    return CliRunner().invoke(app, typed, env={"COLUMNS": "200"})


def test_the_command_tells_every_measure_and_the_headline(project, few):
    done = score(project)
    assert done.exit_code == 0, done.output
    for measure in BLIND:
        assert re.search(rf"{measure.name} .* 2 of 2 ", done.stdout)
    assert "not made: r1 15 s 9x16 (too little footage for 15 s)" in done.stdout
    assert "can go out today: 2 of 4 requested cutdowns (50%)" in done.stdout
    assert "publishable: 2 of 4 requested cutdowns (50%)" in done.stdout
    assert "against the truth: not measured" in done.stdout
    assert (project.root / "score" / "index.html").is_file()


def test_the_command_takes_a_truth_and_another_folder(project, few, tmp_path):
    truth = {"version": 2, "seed": 7, "size": "tiny", "clips": []}
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    done = score(project, "--truth", tmp_path / "truth.json", "--out", tmp_path / "out", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["publishable"], told["requested"], told["with_truth"]) == (2, 4, True)
    assert Path(told["files"][2]) == tmp_path / "out" / "index.html"
    (tmp_path / "truth.json").write_text("{}")
    done = score(project, "--truth", tmp_path / "truth.json")
    assert done.exit_code == 1
    assert "is no truth.json of a library" in done.stderr and "it says no version" in done.stderr
    done = score(project, "--truth", tmp_path / "none.json")
    assert done.exit_code == 1 and "is no file" in done.stderr
    (tmp_path / "file").write_text("")
    done = score(project, "--out", tmp_path / "file")
    assert done.exit_code == 1 and "cannot be used as a folder" in done.stderr


def test_a_damaged_file_is_named_with_what_to_do(project):
    (file,) = project.root.glob("delivery/*/9x16.mp4")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    try:
        done = score(project)
    finally:
        file.write_bytes(whole)
    assert done.exit_code == 0, done.output
    assert (
        f"delivery/{file.parent.name}/9x16.mp4 does not play to its end; delete it" in done.stdout
    )
    text = (project.root / "score" / "index.html").read_text()
    assert "does not play: delete the file" in text and "could not run: the file" not in text


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


def test_a_stored_cutdown_that_is_damaged_is_not_publishable(project, few):
    text, film = (project.path(f"delivery/r1-01/{n}") for n in ("9x16.otio", "16x9.mp4"))
    before = text.read_text(), film.read_bytes()
    try:
        text.write_text("{}")
        film.unlink()
        found = score_project(project)
        assert (found.publishable, found.requested) == (0, 4)
        assert ["no timeline of ours" in c.why or "is gone" in c.why for c in found.cutdowns] == [
            True, True, False, False,
        ]  # fmt: skip
    finally:
        text.write_text(before[0])
        film.write_bytes(before[1])


def test_a_project_without_cutdowns_says_what_to_do(tmp_path, clean):
    workspace, _ = making.project(tmp_path, clean.folder / "footage")
    done = CliRunner().invoke(app, ["score", "test", "--data", str(workspace.root)])
    assert done.exit_code == 1
    assert done.stderr == (
        "video-assets: project test has no cutdown to score yet: video-assets run test\n"
    )
    done = CliRunner().invoke(app, ["score", "other", "--data", str(Workspace(tmp_path).root)])
    assert done.exit_code == 1
    assert "there is no project 'other'" in done.stderr


# contestants


def a_clip(number, seconds, *words):
    """A clip's row, its shot and its words (text, start, end)."""
    clip_id = f"{number:032d}"
    row = FootageRow(
        f"{number}.mp4", "clip", 1, 0, clip_id=clip_id, duration=Fraction(seconds), video_stream=0,
        width=640, height=360, fps=Fraction(25), audio_stream=1,
    )  # fmt: skip
    shot = Shot(f"{number}-0001", clip_id, 1, Fraction(0), Fraction(seconds))
    said = [
        Word(clip_id, n, text, Fraction(str(a)), Fraction(str(b)))
        for n, (text, a, b) in enumerate(words)
    ]
    return row, shot, said


def a_stock():
    """Two speakers, one of whom says a line twice, and six pictures."""
    spoken = [
        a_clip(
            1,
            9,
            ("One", 0.5, 0.9),
            ("thing.", 1, 1.5),
            ("Two.", 2, 2.6),
            ("Two.", 4.03, 4.7),
            ("um", 6, 6.3),
            ("no.", 6.4, 6.9),
        ),
        a_clip(2, 5, ("Three", 1.1, 1.8), ("words", 1.83, 2.2), ("here.", 2.3, 2.9)),
    ]
    clips = [*spoken, *(a_clip(n, 4) for n in range(3, 9))]

    def line(number, of, first, last, group):
        words = spoken[of][2]
        return Line(
            f"l{number}", words[0].clip_id, number, "", words[first].start, words[last].end,
            first, last, group=group,
        )  # fmt: skip

    lines = (line(0, 0, 0, 1, "a"), line(1, 0, 2, 2, "b"), line(2, 0, 3, 3, "b"), line(3, 1, 0, 2, "c"), line(4, 0, 4, 5, "d"))  # fmt: skip
    shots = [shot for _, shot, _ in clips]
    shots[2:4] = [replace(shots[n], setup="lake") for n in (2, 3)]
    shots[7] = replace(shots[7], shake=0.02)
    return random_valid.Stock(
        Fraction(25),
        {row.clip_id: row for row, _, _ in clips},
        tuple(shots),
        {row.clip_id: words for row, _, words in clips if words},
        lines,
    )


def test_random_choices_are_valid_and_follow_the_seed():
    stock = a_stock()
    assert [n.line_id for n in stock.lines] == ["l0", "l1", "l2", "l3"]  # the last has a filler
    assert len(stock.shots) == 7  # one shakes
    setups = {s.clip_id: s.setup or s.clip_id for s in stock.shots}
    drawn = [random_valid.draw(stock, 12, random.Random(seed)) for seed in range(30)]
    assert all(cut is not None for cut in drawn)
    assert len({str(cut.picture) for cut in drawn}) > 25
    assert str(random_valid.draw(stock, 12, random.Random(3))) == str(drawn[3])
    assert sum(bool(cut.words) for cut in drawn) > 20
    for cut in drawn:
        assert cut.at == 300 == sum(c.frames for c in cut.picture)
        spans = sorted(
            (c.clip_id, c.source_start, c.source_start + c.frames / stock.fps) for c in cut.picture
        )
        for (clip, start, end), (other, after, _) in pairwise([*spans, ("", Fraction(0), 0)]):
            assert other != clip or end <= after
            assert start >= 0 and end <= stock.clips[clip].duration
            assert (start * 25).denominator == 1
        for heard in cut.sound:
            start, end = heard.source_start, heard.source_start + heard.duration
            for word in stock.words.get(heard.clip_id, ()):
                assert not word.start < start < word.end
                assert not word.start < end < word.end
        shown = [setups[c.clip_id] for c in cut.picture]
        assert all(a != b for a, b in pairwise(shown))
        groups = [
            line.group for line in stock.lines for c in cut.picture if c.line_id == line.line_id
        ]
        assert len(groups) == len(set(groups))
    assert random_valid.draw(stock, 120, random.Random(1)) is None  # there is not that much
    alike = tuple(replace(n, group=n.line_id, text="Two!" if n.line_id != "l0" else "One thing") for n in stock.lines)  # fmt: skip
    same = replace(stock, lines=alike)
    for seed in range(20):
        cut = random_valid.draw(same, 12, random.Random(seed))
        assert sum(bool(c.line_id) and c.line_id != "l0" for c in cut.picture) <= 1


def test_names_of_files_and_shots_that_are_forbidden_are_not_drawn():
    assert random_valid._names("broll/rival/rival_01_b.mp4") >= {"rival", "broll"}
    assert random_valid.plain("The “Kettle”, sings!") == "the kettle sings"


def test_naive_takes_first_takes_in_the_order_of_files():
    def clip(name, seconds):
        return naive.Clip(name, Fraction(seconds), Fraction(25), 640, 360, True)

    speaker, other, lake, sea = clip("a.mp4", 9), clip("b.mp4", 9), clip("c.mp4", 2), clip("d.mp4", 60)  # fmt: skip

    def said(of, text, start, end):
        return naive.Said(of, Fraction(start), Fraction(end), ((text, Fraction(start), Fraction(end)),))  # fmt: skip

    lines = [said(speaker, "One.", 0, 1), said(speaker, "one", 2, 3), said(speaker, "Long.", 4, 9), said(other, "Two.", 1, 3)]  # fmt: skip
    pieces = naive.pieces_of([speaker, other, lake, sea], lines, 6, Fraction(25))
    assert [(p.clip.path, float(p.source), p.frames) for p in pieces] == [
        ("a.mp4", 0, 25), ("b.mp4", 1, 50), ("c.mp4", 0, 50), ("d.mp4", 0, 25),
    ]  # fmt: skip
    pieces = naive.pieces_of([speaker, other, lake, sea], lines, 12, Fraction(25))
    assert [p.clip.path for p in pieces] == ["a.mp4", "a.mp4", "b.mp4", "c.mp4", "d.mp4"]
    assert sum(p.frames for p in pieces) == 300
    assert sum(p.frames for p in pieces if p.said) <= 250  # nobody speaks under the card
    timeline = naive.timeline_of("n", pieces, {"a.mp4": "x"}, Fraction(25))
    assert timeline.frames == 300
    assert [s.track for s in timeline.sound] == ["A1", "A1", "A1", "A3", "A3"]
    assert naive.captions(timeline, ",").startswith("1\n00:00:00,000 --> 00:00:00,920\nOne.\n")
    assert naive.centre(lake, (1080, 1920)) == (pytest.approx(0.341797, abs=1e-6), 0, pytest.approx(81 / 256), 1)  # fmt: skip


def test_naive_reads_the_words_beside_the_clips(clean, tmp_path):
    footage = clean.folder / "footage"
    clips = naive.clips_of(footage)
    assert [(c.path, c.seconds, c.fps, c.sound) for c in clips] == [("a.mp4", 3, 25, True)]
    (sounding,) = naive.lines_of(clips, footage)  # a hum, all the time
    assert (float(sounding.start), float(sounding.end)) == pytest.approx((0, 3), abs=0.1)
    for name in ("a", "b"):
        (tmp_path / f"{name}.mp4").symlink_to(footage / "a.mp4")
    said = [("So", 0.1, 0.3), ("soft.", 0.3, 0.8), ("It", 0.9, 1.0), ("glows", 1.9, 2.5)]
    words = [{"text": t, "start": a, "end": b} for t, a, b in said]
    (tmp_path / "b.json").write_text(json.dumps({"version": 1, "words": words}))
    lines = naive.lines_of(naive.clips_of(tmp_path), tmp_path)
    assert [(n.clip.path, float(n.start), float(n.end)) for n in lines] == [
        ("b.mp4", 0.1, 0.8), ("b.mp4", 0.9, 1.0), ("b.mp4", 1.9, 2.5),
    ]  # fmt: skip


def test_what_is_handed_over_comes_back(clean, tmp_path):
    boxes = {"9x16": [(0.1, 0.0, 0.5, 1.0)]}
    one = Delivered(
        clean.timeline, {"9x16": (540, 960)}, boxes, burned=True, upscale={"9x16": 1.5}, srt="1",
        vtt="2", chunks=(Chunk("a", Fraction(1), Fraction(3, 2)),),
        drawn={"9x16": (Drawing("caption", 3, 9, "{\\an5}a", 4, "a"),)},
    )  # fmt: skip
    hand_over(tmp_path / "naive-06", one)
    assert taken(tmp_path) == {tmp_path / "naive-06": one}


def test_naive_draws_its_words_and_its_card_and_is_judged_by_them(clean, tmp_path):
    """A film of its own ffmpeg path passes the measures of writing; one without them does not."""
    footage = clean.folder / "footage"
    (clip,) = naive.clips_of(footage)
    words = (("Soft", Fraction(1, 10), Fraction(4, 10)), ("it's: [new],", Fraction(4, 10), Fraction(8, 10)))  # fmt: skip
    pieces = [naive.Piece(clip, Fraction(0), 25, naive.Said(clip, Fraction(0), Fraction(1), words)),
              naive.Piece(clip, Fraction(1), 50)]  # fmt: skip
    line = naive.timeline_of("naive-03", pieces, {"a.mp4": "x"}, Fraction(25), "Find your kettle at home", "Listen")  # fmt: skip
    hook, card = line.titles
    assert (hook.kind, hook.text, hook.frames) == ("hook", "Listen", 50)
    assert (card.kind, card.start, card.frames) == ("end_card", 50, 25)
    chunks = naive.chunks_of(line)
    assert [(c.text, c.start, c.end) for c in chunks] == [
        ("Soft it's: [new],", Fraction(1, 10), Fraction(8, 10)),
    ]  # fmt: skip
    drawn = naive.drawings(line, chunks, "9x16", (540, 960))
    assert [d.kind for d in drawn] == ["caption", "hook", "panel", "end_card", "end_card"]
    assert "caption" not in {d.kind for d in naive.drawings(line, chunks, "16x9", (960, 540))}
    place = tmp_path / "an odd, [name]'s: place"
    place.mkdir()
    naive.film(pieces, footage, (540, 960), Fraction(25), place / "with.mp4", drawn)
    naive.film(pieces, footage, (540, 960), Fraction(25), place / "without.mp4")
    case = replace(clean.case("9x16"), timeline=line, size=(540, 960))
    found = {
        name: {n: judging.Drawn(drawn).outcome(n, replace(case, file=place / name)) for n in judging.Drawn.NAMES}
        for name in ("with.mp4", "without.mp4")
    }  # fmt: skip
    assert all(o.measured and not o.findings for o in found["with.mp4"].values())
    said = [f.what for f in found["without.mp4"]["text_reads_as_written"].findings]
    assert len(said) == 3 and "does not read" in said[0]
    late = [replace(d, start=d.start + 3) if d.kind == "caption" else d for d in drawn]
    outcome = judging.Drawn(late).outcome("captions_come_and_go_on_time", replace(case, file=place / "with.mp4"))  # fmt: skip
    assert "comes early" in outcome.findings[0].what


def test_what_a_library_gave_is_read_back_for_the_same_key_only(clean, few, tmp_path):
    asked = {"r1-01": "", "r1 60 s": "too little"}
    one = scored(entries(clean), "ours", "seed 7", asked, BOTH, cost={"wall_s": 1.5})
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


def test_a_library_is_written_before_the_defects_and_read_back(clean, few, tmp_path, monkeypatch, capsys):  # fmt: skip
    made = []

    def contest(library, place, truth, setting, seed, aspects):
        made.append(setting)
        one = scored(entries(clean), "", setting, stills=False)
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
