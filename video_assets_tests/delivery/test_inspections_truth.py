"""What only the truth can say of words and content, and what the yardstick keeps."""

from dataclasses import replace
from fractions import Fraction as F

import pytest

from video_assets.delivery.inspections import (
    content,
    planted_flaws,
    reading,
)
from video_assets.delivery.inspections.case import Case, Outcome, Texts
from video_assets.delivery.inspections.table import Measure
from video_assets.delivery.inspections.truth import Defect, TrueClip, TrueLine, TrueWord, Truth
from video_assets.delivery.yardstick import score
from video_assets.delivery.yardstick.table import CampaignMeasure
from video_assets_tests.delivery.talking import SAID, cue_file, spoken_words


def truth_of(spoken: Case, **clip) -> Truth:
    facts = {
        "words": tuple(
            TrueWord(w.text, float(w.start), float(w.end), "word", "l1", 1)
            for w in spoken_words("a", SAID["a"])
        ),
        "lines": (
            TrueLine("l1", 1, 0.5, 1.86, SAID["a"], "Nora", True, True),
            TrueLine("l9", 1, 2.2, 2.9, "Not heard", "Nora", True, False),
        ),
        "tags": ("kettle",),
    }
    first = TrueClip("a.mp4", "interview", "A", "s", "m", 3.0, **{**facts, **clip})
    other = TrueClip("b.mp4", "interview", "A", "s", "m", 3.0, tags=("rain",))
    return Truth(1, "tiny", (first, other), {"must_show": ["kettle"], "must_not": ["snow"]})


def test_worse_takes_and_leaks_are_measured_against_the_truth(spoken):
    good = truth_of(spoken)
    outcome = content.takes_are_the_best(spoken, good)
    assert outcome.findings == () and outcome.figures == {
        "best_share": 1.0,
        "lines": 1,
        "flawed_lines": 0,
    }
    assert content.nothing_leaks(spoken, good).findings == ()
    line = good.clips[0].lines[0]
    worse = truth_of(spoken, lines=(replace(line, best=False, take=2, flaws=("noise",)),))
    assert "take 2" in content.takes_are_the_best(spoken, worse).findings[0].what
    flub = truth_of(spoken, lines=(replace(line, complete=False, flaws=("flub",)),))
    assert "flubbed" in content.nothing_leaks(spoken, flub).findings[0].what
    words = list(good.clips[0].words)
    for kind in ("filler", "false_start"):
        spoiled = [*words[:1], replace(words[1], kind=kind), *words[2:]]
        outcome = content.nothing_leaks(spoken, truth_of(spoken, words=tuple(spoiled)))
        assert len(outcome.findings) == 1 and outcome.figures["leaks_a_minute"] == pytest.approx(20)
    unheard = replace(words[0], kind="filler", start=2.3, end=2.5)
    assert content.nothing_leaks(spoken, truth_of(spoken, words=(*words, unheard))).findings == ()
    assert content.takes_are_the_best(spoken, replace(good, clips=())).note


def test_planted_flaws_that_are_used_are_found(spoken):
    judge = planted_flaws.no_flawed_span_is_used
    assert judge(spoken, truth_of(spoken)).findings == ()

    def told(kind, start, end):
        truth = truth_of(spoken, defects=(Defect(kind, start, end),))
        return [f.what for f in judge(spoken, truth).findings]

    # a.mp4 is seen and heard from 0.4 to 2.0 s of it
    for kind in ("blur", "shake", "overexposed", "flicker", "boom", "clipping"):
        (what,) = told(kind, 1.5, 2.5)
        assert what.startswith(f"a.mp4 is used for 0.50 s of its {kind}")
        assert told(kind, 2.0, 3.0) == told(kind, 1.9, 3.0) == []
    covered = replace(spoken.timeline.picture[2], start=0, frames=40)
    line = replace(spoken.timeline, picture=(*spoken.timeline.picture[:2], covered))
    truth = truth_of(spoken, defects=(Defect("blur", 1.5, 2.5), Defect("clipping", 1.5, 2.5)))
    (found,) = judge(replace(spoken, timeline=line), truth).findings  # heard, and not seen
    assert "clipping" in found.what and found.at == "1.10 s"
    assert not judge(spoken, replace(truth, clips=())).measured


def test_content_is_measured_against_the_truth(spoken):
    shows = content.content_is_as_asked
    assert shows(spoken, truth_of(spoken)).findings == ()
    assert shows(spoken, truth_of(spoken)).figures["must_show_share"] == 1
    assert "must not" in shows(spoken, truth_of(spoken, tags=("kettle", "snow"))).findings[0].what
    assert content.must_show_is_shown([spoken], truth_of(spoken)) == 1
    assert content.must_show_is_shown([spoken], truth_of(spoken, tags=())) == 0


def test_what_was_measured_counts_also_with_a_note_and_memory_is_let_go(spoken, monkeypatch):
    """Captions as quick as the speech are judged; a cut's pictures are not kept for the campaign."""
    body = cue_file(("00:00:00,000", "00:00:03,000", "x" * 70))
    quick = replace(spoken, texts=Texts(srt=body), aspect="16x9")
    quick.__dict__["film"] = spoken.film
    quick.sources.sound("a.mp4", F(0), F(1))
    silent = replace(quick, texts=Texts())
    silent.__dict__["film"] = spoken.film
    kept = []

    def keeps(cases, truth):
        kept.extend(cases)
        return Outcome()

    readable = Measure(6, reading.captions_can_be_read, blind=True)
    monkeypatch.setattr(score, "MEASURES", (readable,))
    monkeypatch.setattr(score, "CAMPAIGN_MEASURES", (CampaignMeasure(18, keeps),))
    cuts = [score.Entry("r1-01", "16x9", quick), score.Entry("r1-02", "16x9", silent)]
    found = score.scored(cuts, "ours", stills=False)
    rows = {r.cut: r for r in found.rows if r.measure == "captions_can_be_read"}
    assert rows["r1-01"].measured and rows["r1-01"].passed and rows["r1-01"].note
    assert rows["r1-01"].figures["speed_max_cps"] > 20
    assert not rows["r1-02"].measured and rows["r1-02"].note == "there are no captions"
    assert [c.sources._seen or c.sources._heard for c in kept] == [{}, {}]
    assert quick.sources._heard
