"""The demo's made-up week."""

from collections import Counter
from pathlib import Path

import video_assets.demo
from video_assets.demo.make_week import week
from video_assets.performance import metrics, tables
from video_assets.performance.learnings import Floors, learnings_from
from video_assets.performance.reported import read_reports
from video_assets_tests.performance.made_numbers import ASPECTS, publication

WEEK = Path(video_assets.demo.__file__).parent / "week_one.csv"
TRAITS = {
    "r1-01": {"length": "6", "hook": "question"},
    "r1-02": {"length": "15", "hook": "statement"},
    "r1-03": {"length": "30", "hook": "statement"},
}
"""As the demo's first round has them."""


def test_the_file_is_what_its_script_makes():
    assert WEEK.read_text() == week()
    assert WEEK.stat().st_size < 40_000


def test_it_teaches_something_and_has_two_blemishes():
    good, dead = read_reports([WEEK])
    known = [
        publication(cut, a, project="demo", traits=traits)
        for cut, traits in TRAITS.items()
        for a in ASPECTS
    ]
    table, waiting = metrics.join(metrics.upsert(tables.empty(tables.REPORTED), good), known)
    assert Counter(table["metric"]) == dict.fromkeys(
        ("views", "likes", "shares", "watch_rate"), 126
    )
    assert dead["what"].tolist() == ["views is no number: 'n/a'"]
    assert waiting["cut_id"].tolist() == ["r0-09"]
    strict, weak = learnings_from(table, "wickfield")
    assert strict.empty  # three cuts carry no real claim
    assert weak
    found, _ = learnings_from(table, "wickfield", Floors(3, 1))
    effects = {(r.trait, r.value): r.effect for r in found.itertuples() if r.metric == "views"}
    assert effects["hook", "statement"] > 1.5 > 1 > effects["hook", "question"]
    assert effects["length", "15"] > 1.5 > 1 > effects["length", "6"]
    assert effects["aspect", "9x16"] > 1.5 > 0.7 > effects["aspect", "16x9"]
