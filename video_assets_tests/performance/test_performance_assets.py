"""performance_metrics and learnings as steps: files in, tables out, nobody else's touched."""

import random

import pytest

from video_assets.foundation.store import Workspace
from video_assets.foundation.versions import FORMATS, STAMP, NewerFormat
from video_assets.orchestration.assets import performance
from video_assets.orchestration.graph import BY_NAME
from video_assets.performance import learnings, tables
from video_assets.performance.tables import DEAD, METRICS
from video_assets_tests.performance.made_numbers import (
    bytes_of,
    campaign,
    drop,
    project,
    publication,
    publish,
)

STEP, LEARN = BY_NAME["performance_metrics"], BY_NAME["learnings"]
HEAD = "platform,post_id,window_start,source_time,views\n"


def week(*posts, source="2026-11-09", value=5):
    return HEAD + "".join(f"folder,{p},2026-11-02,{source},{value}\n" for p in posts)


def table(made, name, columns):
    return tables.read_table(made.path(f"performance/{name}.parquet"), columns)


def run(made, *steps):
    for step in steps or (STEP, LEARN):
        step.run(made)
        for gate in step.gates:
            assert gate(made) == []


def test_nothing_reported_is_a_table_too(tmp_path):
    made = project(tmp_path, "a")
    run(made)
    assert STEP.is_current(made)
    assert LEARN.is_current(made)
    shown = STEP.describe(made)
    assert shown["rows"] == 0
    assert "plot" not in shown
    assert LEARN.describe(made)["claims"] == "none yet"
    assert performance.learnings_of(made) == []


def test_what_was_reported_is_joined_shown_and_kept(tmp_path):
    made = project(tmp_path, "a", published=[publication()])
    drop(made, "one.csv", week("r1-01/9x16", "nobody") + "folder,r1-01/9x16,2026-11-02,,x\n")
    run(made, STEP)
    shown = STEP.describe(made)
    assert shown["rows"] == 1
    assert shown["by cut"] == [{"cut": "r1-01", "aspect": "9x16", "views": 5.0}]
    assert [d["where"] for d in shown["dead letters"]] == ["folder nobody", "one.csv, line 4"]
    assert shown["plot"].startswith(b"\x89PNG")
    before = bytes_of(made)["reported.parquet"], bytes_of(made)["metrics.parquet"]
    made.path("performance/inbox/one.csv").unlink()
    assert not STEP.is_current(made)
    run(made, STEP)
    assert (bytes_of(made)["reported.parquet"], bytes_of(made)["metrics.parquet"]) == before
    assert len(table(made, "dead_letters", DEAD)) == 1  # the post still waits


def test_files_in_any_order_and_number_of_runs_give_the_same_bytes(tmp_path):
    files = {
        f"{n}.csv": week("r1-01/9x16", "gone", source=f"2026-11-{9 + n:02d}", value=n)
        for n in range(5)
    }
    seen = set()
    dice = random.Random(5)
    for trial in range(4):
        made = project(tmp_path / str(trial), "a", published=[publication()])
        for name in dice.sample(sorted(files), len(files)):
            drop(made, name, files[name])
            drop(made, f"again-{name}", files[name])
            if trial % 2:
                run(made, STEP)
        run(made, STEP)
        seen.add(tuple(bytes_of(made).items()))
    assert len(seen) == 1
    assert table(made, "metrics", METRICS)["value"].tolist() == [4.0]


def test_a_post_published_later_joins_by_itself_and_once(tmp_path):
    made = project(tmp_path, "a", published=[publication()])
    drop(made, "one.csv", week("r1-01/9x16", "late/1", "never/1"))
    run(made, STEP)
    assert STEP.is_current(made)
    publish(made, [publication("r1-05", remote_id="else/1")])  # nobody waits for this one
    assert STEP.is_current(made)
    publish(made, [publication("r1-06", remote_id="late/1")])
    assert not STEP.is_current(made)
    run(made, STEP)
    assert STEP.is_current(made)
    assert sorted(table(made, "metrics", METRICS)["cut_id"]) == ["r1-01", "r1-06"]
    publish(made, [publication("r1-07", remote_id="never/1")])
    assert not STEP.is_current(made)
    run(made, STEP)
    assert STEP.is_current(made)
    assert len(table(made, "dead_letters", DEAD)) == 0


def test_a_damaged_ledger_is_made_anew_from_the_inbox(tmp_path):
    made = project(tmp_path, "a", published=[publication()])
    drop(made, "one.csv", week("r1-01/9x16"))
    run(made, STEP)
    before = bytes_of(made)
    made.path("performance/reported.parquet").write_bytes(b"PAR1 but not quite")
    assert not STEP.is_current(made)
    run(made, STEP)
    assert bytes_of(made) == before
    assert "made anew" in made.manifest("performance_metrics").facts["ledger"]


def test_a_lost_row_shuts_the_gate(tmp_path):
    made = project(tmp_path, "a", published=[publication()])
    drop(made, "one.csv", week("r1-01/9x16", "nobody", "nobody2"))
    run(made, STEP)
    path = made.path("performance/dead_letters.parquet")
    dead = tables.read_table(path, DEAD)
    tables.write_table(dead[1:], path, DEAD)
    (problem,) = performance.every_row_joins(made)
    assert problem.startswith("3 rows were reported: 1 joined and 1 wait, so 1 are lost")
    tables.write_table(dead, path, DEAD)
    path = made.path("performance/metrics.parquet")
    tables.write_table(tables.read_table(path, METRICS).assign(project="b"), path, METRICS)
    assert performance.every_row_joins(made) == ["rows of project b are in a's table"]


@pytest.fixture(scope="module")
def brands(tmp_path_factory):
    """Brand wick has projects a1 and a2, brand oak has b; each with a week of numbers."""
    data = tmp_path_factory.mktemp("brands")
    for slug, brand, good in (
        ("a1", "wick", "question"),
        ("a2", "wick", "question"),
        ("b", "oak", "you"),
    ):
        published, text = campaign(slug, seed=len(slug), good=good)
        drop(project(data, slug, brand, published), "week.csv", text)
    return data


def test_learnings_are_of_the_whole_brand_and_move_with_own_news_only(brands):
    one, two = (Workspace(brands).project(slug) for slug in ("a1", "a2"))
    run(one)
    alone = {c.name: c for c in performance.learnings_of(one)}
    best = next(
        c for c in alone.values() if (c.trait, c.value, c.metric) == ("hook", "question", "views")
    )
    assert best.samples == 24
    assert 2.7 < best.effect < 3.3
    assert one.manifest("learnings").facts["projects"] == ["a1"]
    assert LEARN.describe(one)["claims"][0].keys() == tables.LEARNINGS.keys()
    before = bytes_of(one)
    run(two)
    together = performance.learnings_of(two)
    assert two.manifest("learnings").facts["projects"] == ["a1", "a2"]
    assert max(c.samples for c in together) > max(c.samples for c in alone.values())
    assert LEARN.is_current(one)  # the other project's news is not this one's
    assert bytes_of(one) == before


def test_a_brand_never_sees_anothers_rows(brands, tmp_path):
    other = Workspace(brands).project("b")
    for slug in ("a1", "a2"):
        run(Workspace(brands).project(slug), STEP)
    run(other)
    with_them = bytes_of(other)
    assert {c.brand for c in performance.learnings_of(other)} == {"oak"}
    assert {c.value for c in performance.learnings_of(other) if c.trait == "hook"} == {
        "you",
        "statement",
    }
    published, text = campaign("b", seed=1, good="you")
    alone = project(tmp_path, "b", "oak", published)
    drop(alone, "week.csv", text)
    run(alone)
    assert bytes_of(alone) == with_them


def test_another_projects_damage_is_told_and_left_out(tmp_path):
    published, text = campaign("a1")
    made = project(tmp_path, "a1", "wick", published)
    drop(made, "week.csv", text)
    for slug, brand in (("hurt", "wick"), ("odd", "odd")):
        project(tmp_path, slug, brand)
    run(made, STEP)
    made.workspace.project("hurt").path("performance/metrics.parquet").write_bytes(b"PAR1")
    (made.workspace.root / "projects/odd/project.yaml").write_text("brand: [")
    run(made, LEARN)
    facts = made.manifest("learnings").facts
    assert facts["projects"] == ["a1"]
    assert sorted(facts["left out"]) == ["hurt", "odd"]
    assert performance.learnings_of(made)


def test_another_brand_or_floor_is_news(tmp_path):
    published, text = campaign("a1", cuts=2)
    made = project(tmp_path, "a1", "wick", published)
    drop(made, "week.csv", text)
    run(made)
    assert performance.learnings_of(made) == []
    assert made.manifest("learnings").facts["below the floor"] > 0
    project(tmp_path, "a1", "wick", more="learnings: {samples: 6, cuts: 1}")
    assert STEP.is_current(made)
    assert not LEARN.is_current(made)
    run(made, LEARN)
    assert {c.trait for c in performance.learnings_of(made)} == {"hook", "length"}
    project(tmp_path, "a1", "oak", more="learnings: {samples: 6, cuts: 1}")
    assert (
        performance.learnings_of(made) == []
    )  # never another brand's, not even until the next run
    project(tmp_path, "a1", "wick")
    assert performance.no_claim_below_the_sample_floor(made)
    assert learnings.SAMPLE_FLOOR == 8


def test_a_ledger_of_a_later_product_is_not_made_anew(tmp_path, monkeypatch):
    made = project(tmp_path, "a", published=[publication()])
    drop(made, "one.csv", week("r1-01/9x16"))
    with monkeypatch.context() as patch:
        patch.setitem(FORMATS, "reported", 2)
        run(made, STEP)
        before = bytes_of(made)
    made.path(STAMP).unlink()  # even where the project does not say so
    made.path("performance/inbox/one.csv").unlink()
    with pytest.raises(NewerFormat, match="reported 2, this one knows 1"):
        STEP.run(made)
    assert bytes_of(made) == before
