"""What numbers say of traits, and what rests on too little to be said."""

import math

import pandas as pd
import pytest

from video_assets.foundation.errors import ProjectError
from video_assets.performance.learnings import Floors, floors_of, learnings_from, problems
from video_assets.performance.tables import METRICS, TRAITS, shaped
from video_assets_tests.performance.made_numbers import project


def metrics_of(found, metric="views"):
    """(cut, aspect, hook, value) as joined metrics with one window each."""
    day = pd.Timestamp("2026-11-01", tz="UTC")
    made = []
    for number, (cut, aspect, hook, value) in enumerate(found):
        traits = {**dict.fromkeys(TRAITS, ""), "hook": hook}
        made.append(
            ("folder", f"p{number}", metric, day, day, float(value), "a", "r1", cut, aspect, "hand",
             f"k{number}", "idea", "", *traits.values())
        )  # fmt: skip
    return shaped(made, METRICS)


def half_and_half(count=8, good=30.0, plain=10.0, cuts=2):
    return [
        *((f"r1-0{n % cuts}", "1x1", "question", good) for n in range(count)),
        *((f"r1-1{n % cuts}", "1x1", "statement", plain) for n in range(count)),
    ]


def claims(table):
    return {(r.trait, r.value): (r.effect, r.samples, r.cuts) for r in table.itertuples()}


def test_an_effect_compares_with_the_others_not_with_all():
    table, weak = learnings_from(metrics_of(half_and_half()), "wick")
    assert claims(table) == {
        ("hook", "question"): (3.0, 8, 2),
        ("hook", "statement"): (round(1 / 3, 6), 8, 2),
    }
    assert weak == []
    assert set(table["brand"]) == {"wick"}
    assert problems(table) == []


def test_one_publication_less_is_below_the_floor():
    table, weak = learnings_from(metrics_of(half_and_half()[:-1]), "wick")
    assert table.empty
    assert weak == [
        "hook=question on views: 8 publications of 2 cuts against 7 of 2",
        "hook=statement on views: 7 publications of 2 cuts against 8 of 2",
    ]


def test_many_aspects_of_one_cut_are_no_claim():
    one = [("r1-01", a, "question", 30) for a in "abcdefghij"]
    table, weak = learnings_from(metrics_of(one + half_and_half()[8:]), "wick")
    assert table.empty
    assert weak[0] == "hook=question on views: 10 publications of 1 cuts against 8 of 2"


def test_what_is_not_known_is_on_neither_side():
    found = half_and_half() + [("r1-30", "1x1", "", 10_000)] * 9
    table, _ = learnings_from(metrics_of(found), "wick")
    assert claims(table)["hook", "question"][1:] == (8, 2)
    assert claims(table)["hook", "question"][0] == 3.0


def test_one_viral_post_does_not_speak_for_its_traits():
    found = half_and_half(good=10.0)
    found[0] = ("r1-00", "1x1", "question", 1_000_000)
    table, _ = learnings_from(metrics_of(found), "wick")
    assert claims(table)["hook", "question"][0] == (7 * 10 + 50) / 8 / 10  # capped at 5 medians


def test_nothing_to_divide_by_is_no_claim():
    table, _ = learnings_from(metrics_of(half_and_half(plain=0.0)), "wick")
    assert claims(table) == {("hook", "statement"): (0.0, 8, 2)}
    table, _ = learnings_from(metrics_of(half_and_half(good=-1.0, plain=-2.0)), "wick")
    assert table.empty


def test_no_metrics_no_claims():
    table, weak = learnings_from(metrics_of([]), "wick")
    assert (len(table), weak) == (0, [])
    assert all(math.isfinite(e) for e in table["effect"])


def test_the_floor_can_be_lowered_by_name_only(tmp_path):
    assert floors_of(project(tmp_path, "a")) == Floors(8, 2)
    low = project(tmp_path, "b", more="learnings: {samples: 3, cuts: 1}")
    assert floors_of(low) == Floors(3, 1)
    for bad in ("3", "{samples: 0}", "{sample: 3}", "{samples: many}", "{cuts: true}"):
        made = project(tmp_path, "c", more=f"learnings: {bad}")
        with pytest.raises(ProjectError, match="samples and cuts"):
            floors_of(made)
    one = metrics_of([("r1-01", a, "question", 30) for a in "abc"] + half_and_half(3)[3:])
    table, _ = learnings_from(one, "wick", Floors(3, 1))
    assert len(table) == 3
    assert problems(table, Floors(3, 1)) == []
    assert len(problems(table)) == 3
    assert problems(table, Floors(3, 2)) == ["hook question: 1 cuts, 2 are needed"]
