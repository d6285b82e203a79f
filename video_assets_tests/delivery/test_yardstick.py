"""What cutdowns are worth: the headline's arithmetic and the files it is written to."""

import json
import re
from dataclasses import replace
from fractions import Fraction

import pyarrow.parquet as pq
import pytest

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
    LIMITS,
    CampaignMeasure,
    TruthMeasure,
)
from video_assets.delivery.yardstick.written import write_scores
from video_assets.foundation.errors import FootageError
from video_assets.foundation.records import (
    CaptionWord,
    Finding,
    read_records,
)
from video_assets_tests.delivery.short_cut import BLIND, BOTH, entries, never_holds

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Dagster's own handles


def test_the_headline_counts_files_that_pass_every_gate(short, few):
    cut_off = short.spoiled("short.mp4", "-c:v", "copy", "-c:a", "copy", "-t", "1")
    found = scored(entries(short, file_9x16=cut_off), "ours")
    assert (found.publishable, found.requested, found.headline) == (1, 2, 0.5)
    bad, good = found.cutdowns
    assert (bad.aspect, bad.publishable, bad.held_back) == ("9x16", False, True)
    assert (good.aspect, good.publishable, good.held_back) == ("16x9", True, False)
    assert (found.passes_today, found.but_exports) == (0.5, 0.5)
    assert good.seconds == pytest.approx(2, abs=0.05)


def test_what_was_asked_for_and_not_made_counts_against_it(short, few):
    asked = {"r1-01": "", "r1-02": "it has no timeline", "r1 60 s": "too little footage"}
    found = scored(entries(short), "ours", "", asked, BOTH)
    assert (found.publishable, found.requested) == (2, 6)
    assert found.headline == pytest.approx(1 / 3)
    told = [r for r in found.rows if r.measure == MISSING]
    gone = [r for r in told if not r.passed]
    assert (len(told), len(gone)) == (6, 4)
    assert "too little footage" in gone[-1].findings[0].what
    assert scored([], "nobody").headline == 0.0
    one = scored([Entry("r1-01", "9x16", None, "its file is gone")], "ours")
    assert (one.headline, one.cutdowns[0].why) == (0.0, "its file is gone")


def test_a_film_of_another_length_than_asked_is_not_publishable(short, few):
    asked = [
        Entry("r1-01", a, short.case(a), seconds=s) for a, s in zip(BOTH, (2.0, 6.0), strict=True)
    ]
    found = scored(asked, "ours")
    assert [c.publishable for c in found.cutdowns] == [True, False]
    bad = [r for r in found.rows if r.measure == "lasts_as_asked"][1]
    assert (bad.passed, bad.figures["away_s"]) == (False, pytest.approx(4, abs=0.05))


def test_a_gate_that_is_only_to_come_counts_here(short, few, monkeypatch):
    later = Measure(15, never_holds, until="The edit", blind=True)
    opinion = Measure(10, never_holds, kind="score", blind=True)
    monkeypatch.setattr(scoring, "MEASURES", (*BLIND, opinion))
    assert scored(entries(short), "ours").headline == 1.0
    monkeypatch.setattr(scoring, "MEASURES", (*BLIND, later))
    found = scored(entries(short), "ours")
    assert (found.headline, found.passes_today, found.but_exports) == (0.0, 1.0, 0.0)
    monkeypatch.setattr(scoring, "UNMADE", ("never_holds",))
    found = scored(entries(short), "ours")
    assert (found.headline, found.but_exports) == (0.0, 1.0)
    (one,) = (s for s in summaries(found.rows) if s.measure == "never_holds")
    assert (one.holds, one.measured, one.gate_today, one.limit) == (0, 2, False, "2")
    assert one.figures == {"files": (0.0, 0.0, 0.0)}


def test_truth_and_campaign_are_measured_where_they_are_given(short, few, monkeypatch):
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
    several = [*entries(short), Entry("r1-02", "9x16", short.case("9x16"))]
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


def test_a_campaign_must_say_and_show_what_the_brief_asks(short):
    case = short.case("9x16")
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


def test_what_is_seen_follows_the_shots_of_a_clip(short):
    shots = (TrueShot(0, 1.6, ("lake",)), TrueShot(1.5, 2.0, ("mug",)), TrueShot(2, 3, ("rival",)))
    clip = TrueClip("a.mp4", "broll", "A", "", "", 3.0, shots=shots, tags=("lake", "mug", "rival"))
    assert clip.seen(0, 1) == {"lake": 1}
    assert clip.seen(1.0, 2.5) == pytest.approx({"lake": 0.6, "mug": 0.5, "rival": 0.5})
    case = short.case("9x16")  # 0.0 to 1.2 s and 1.6 to 2.4 s of the clip
    truth = Truth(7, "tiny", [clip], {"must_show": ["mug"], "must_not": ["rival"]})
    told = content_is_as_asked(case, truth)
    assert [f.what for f in told.findings] == ["a.mp4 shows 'rival', which must not be shown"]
    assert told.figures["must_show_share"] == 0.0  # of a campaign, so no finding of this cut
    first = replace(case.timeline, picture=case.timeline.picture[:1], frames=30)
    truth = replace(truth, brief={"must_show": ["lake"], "must_not": ["rival", "mug"]})
    assert content_is_as_asked(replace(case, timeline=first), truth).findings == ()


def test_a_clip_of_several_shots_is_the_one_that_is_seen(short):
    """Set-up and direction are those of the shot at the join, not of the clip, which has none."""
    first, second = (
        TrueShot(0, 1.4, ("lake",), "shore", 1), TrueShot(1.2, 3, ("lake",), "shore", -1)
    )  # fmt: skip
    clip = TrueClip("a.mp4", "broll", "A", "", "", 3.0, shots=(first, second))
    assert [clip.at(t).direction for t in (0.0, 1.25, 1.38, 3.0)] == [1, 1, -1, -1]
    assert clip.at(1.0).setup == "shore" and replace(clip, shots=()).at(1.0).setup == ""
    case = short.case("9x16")  # 0.0 to 1.2 s and 1.6 to 2.4 s of the clip
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
    assert (found[0].share, found[0].limit) == (pytest.approx(2 / 3), LIMITS[first])
    (unknown,) = summaries([replace(rows[1], measure="another")])
    assert unknown.limit == "9"


@pytest.mark.parametrize(
    ("ours", "naive", "truth", "score"),
    [(0.9, 0.5, 1.0, 0.8), (0.4, 0.5, 1.0, 0.0), (1.0, 0.5, 0.9, 1.0), (1, 1, 1, None), (20, 80, 0, 0.75)],
)  # fmt: skip
def test_a_score_lies_between_naive_and_truth(ours, naive, truth, score):
    assert relative(ours, naive, truth) == (None if score is None else pytest.approx(score))


def test_a_still_shows_the_named_frame(short):
    assert when("1.24 s", Fraction(25)) == 1.24
    assert when("frame 30", Fraction(25)) == 1.2
    assert when("cut 3", Fraction(25)) is None
    assert when("", Fraction(25)) is None
    one, other = (still(short.files["9x16"], at) for at in (0.4, 1.6))
    assert one.jpeg[:2] == b"\xff\xd8"
    assert one.jpeg != other.jpeg
    assert still(short.files["9x16"], 99.0).jpeg[:2] == b"\xff\xd8"
    (short.folder / "no.mp4").write_bytes(b"no film")
    with pytest.raises(FootageError):
        still(short.folder / "no.mp4", 0.0)


def test_it_is_written_three_times_and_asks_nobody(short, few, tmp_path, monkeypatch):
    later = Measure(15, never_holds, until="The edit", blind=True)
    monkeypatch.setattr(scoring, "MEASURES", (*BLIND, later))
    asked = {"r1-01": "", "r1 60 s": "<b>too little</b>"}
    ours = scored(entries(short), "ours", "seed 7", asked, BOTH, cost={"wall_s": 12.5})
    naive = replace(scored(entries(short), "naive", "seed 7"), cost={})
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
