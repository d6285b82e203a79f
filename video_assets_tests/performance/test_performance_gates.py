"""Gates whose tables are still empty fail on a planted defect all the same."""

import json

import pandas as pd

from video_assets.foundation.store import Workspace
from video_assets.orchestration.assets.delivery import OUTBOX, only_passed_cutdowns_are_sent
from video_assets.performance import learnings, metrics


def test_a_row_that_joins_no_cutdown_is_named():
    assert metrics.problems(metrics.empty_metrics()) == []
    loose = pd.DataFrame([{**dict.fromkeys(metrics.COLUMNS), "platform": "x", "post_id": "7"}])
    assert metrics.problems(loose) == ["x post 7 joins no cutdown"]
    assert metrics.problems(loose.drop(columns="value")) == ["column 'value' is missing"]


def test_a_claim_on_too_few_publications_is_named():
    claim = {"brand": "b", "trait": "recipe", "value": "montage", "metric": "views", "effect": 2.0}
    enough = pd.DataFrame([{**claim, "samples": learnings.SAMPLE_FLOOR}])
    assert learnings.problems(enough) == []
    assert len(learnings.problems(enough.assign(samples=learnings.SAMPLE_FLOOR - 1))) == 1


def test_only_a_passing_verdict_for_the_very_bytes_may_be_sent(tmp_path):
    root = tmp_path / "projects/a"
    (root / "delivery/r1-01").mkdir(parents=True)
    project = Workspace(tmp_path).project("a")
    (root / OUTBOX).write_text(
        json.dumps({"rows": [{"cut_id": "r1-01", "aspect": "1x1", "sha256": "s"}]})
    )
    verdict = root / "delivery/r1-01/1x1.verdict.json"
    for found, good in [
        (None, False),
        ({"passed": False, "sha256": "s"}, False),
        ({"passed": True, "sha256": "t"}, False),
        ({"passed": True, "sha256": "s"}, True),
    ]:
        if found is not None:
            verdict.write_text(json.dumps(found))
        assert (only_passed_cutdowns_are_sent(project) == []) is good
