"""Gates whose tables are still empty fail on a planted defect all the same."""

import json

import pandas as pd

from video_assets.orchestration.assets.publishing import only_passed_cutdowns_are_sent
from video_assets.performance import learnings, metrics, tables
from video_assets_tests.performance.made_numbers import project, publication


def test_a_row_that_joins_no_cutdown_is_named():
    assert metrics.problems(tables.empty(tables.METRICS)) == []
    loose = pd.DataFrame([{**dict.fromkeys(tables.METRICS), "platform": "x", "post_id": "7"}])
    assert metrics.problems(loose) == ["x post 7 joins no cutdown"]
    assert metrics.problems(loose.drop(columns="value")) == ["column 'value' is missing"]


def test_a_claim_on_too_few_publications_is_named():
    claim = {"brand": "b", "trait": "recipe", "value": "montage", "metric": "views", "effect": 2.0}
    enough = pd.DataFrame([{**claim, "samples": learnings.SAMPLE_FLOOR, "cuts": 2}])
    assert learnings.problems(enough) == []
    assert len(learnings.problems(enough.assign(samples=learnings.SAMPLE_FLOOR - 1))) == 1
    assert len(learnings.problems(enough.assign(cuts=1))) == 1


def test_only_a_passing_verdict_for_the_very_bytes_may_be_sent(tmp_path):
    sent = project(tmp_path, "a", published=[publication("r1-01", "1x1", sha256="s")])
    verdict = sent.path("delivery/r1-01/1x1.verdict.json")
    verdict.parent.mkdir(parents=True)
    for found, good in [
        (None, False),
        ({"passed": False, "sha256": "s"}, False),
        ({"passed": True, "sha256": "t"}, False),
        ({"passed": True, "sha256": "s"}, True),
    ]:
        if found is not None:
            verdict.write_text(json.dumps(found))
        assert (only_passed_cutdowns_are_sent(sent) == []) is good
