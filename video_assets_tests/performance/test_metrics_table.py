"""The ledger and the joined table: keyed, late rows win, and the order of files says nothing."""

import itertools
import random

import pandas as pd
import pytest

from video_assets.editorial import traits
from video_assets.foundation.errors import StorageError
from video_assets.foundation.records import Learning
from video_assets.foundation.versions import FORMATS, UPGRADES, NewerFormat
from video_assets.performance import metrics, tables
from video_assets.performance.published import Post, Posts
from video_assets.performance.tables import DEAD, LEARNINGS, METRICS, REPORTED
from video_assets_tests.performance.made_numbers import publication, rows

KNOWN = [publication("r1-01"), publication("r1-02", traits={"hook": "question"})]


def joined(*reports):
    ledger = tables.empty(REPORTED)
    for one in reports:
        ledger = metrics.upsert(ledger, one)
    return metrics.join(ledger, KNOWN)


def test_columns_agree_with_the_records_and_the_traits():
    assert list(LEARNINGS)[:6] == list(Learning.__dataclass_fields__)
    assert (*tables.TRAITS, "aspect") == traits.TRAITS


def test_a_replay_adds_nothing():
    one = rows(("r1-01/9x16", "views", 1, 8, 5), ("r1-01/9x16", "views", 2, 8, 7))
    ledger = metrics.upsert(tables.empty(REPORTED), one)
    again = metrics.upsert(ledger, pd.concat([one, one]))
    pd.testing.assert_frame_equal(ledger, again)


def test_the_latest_source_time_wins_whichever_came_first():
    early, late = rows(("r1-01/9x16", "views", 1, 8, 50)), rows(("r1-01/9x16", "views", 1, 9, 40))
    for order in ((early, late), (late, early)):
        table, waiting = joined(*order)
        assert table["value"].tolist() == [40.0]
        assert waiting.empty


def test_of_two_values_with_one_source_time_the_larger_stays():
    small, large = rows(("r1-01/9x16", "views", 1, 8, 40)), rows(("r1-01/9x16", "views", 1, 8, 50))
    for order in ((small, large), (large, small)):
        table, _ = joined(*order)
        assert table["value"].tolist() == [50.0]


def test_a_post_named_by_cut_and_by_id_counts_once():
    by_id = rows(("r1-02/9x16", "views", 1, 8, 5))
    by_cut = rows(("", "views", 1, 9, 6)).assign(cut_id="r1-02", aspect="9x16")
    table, waiting = joined(by_id, by_cut)
    (row,) = table.itertuples()
    assert (row.value, row.post_id, row.hook, row.takes) == (6.0, "r1-02/9x16", "question", "t1,t2")
    assert waiting.empty


def test_two_platforms_of_one_hand_over_are_two_rows():
    by_cut = rows(("", "views", 1, 9, 6)).assign(cut_id="r1-02", aspect="9x16")
    table, _ = joined(by_cut.assign(platform="tiktok"), by_cut.assign(platform="ig_reels"))
    assert table["platform"].tolist() == ["ig_reels", "tiktok"]


def test_unknown_posts_wait_and_join_when_they_are_known():
    report = rows(
        ("r9/1", "views", 1, 8, 5), ("r9/1", "views", 2, 8, 5), ("r1-01/9x16", "views", 1, 8, 1)
    )
    ledger = metrics.upsert(tables.empty(REPORTED), report)
    table, waiting = metrics.join(ledger, KNOWN)
    assert len(table) == 1
    assert metrics.waiting_posts(waiting) == [Post("folder", "r9/1")]
    assert waiting[["rows", "code", "file"]].values.tolist() == [[2, 2007, ""]]
    table, waiting = metrics.join(ledger, [*KNOWN, publication("r9-01", remote_id="r9/1")])
    assert (len(table), len(waiting)) == (3, 0)


def test_the_live_publication_on_the_same_platform_is_meant():
    made = [
        publication(key="1", state="withdrawn", platform="tiktok", remote_id="x1"),
        publication(key="2", platform="ig_reels", remote_id="x2"),
        publication(key="3", platform="tiktok", remote_id="x3", created=2.0),
        publication(key="4", state="unknown", platform="tiktok", remote_id="x4"),
    ]
    for order in itertools.permutations(made):
        posts = Posts(order)
        assert posts.find(Post("tiktok", "", "r1-01", "9x16")).key == "3"
        assert posts.find(Post("youtube", "", "r1-01", "9x16")) is None  # it never went there
        assert posts.find(Post("tiktok", "x4")).key == "4"
        assert posts.find(Post("tiktok", "x2")) is None
    assert Posts(made[3:]).find(Post("tiktok", "", "r1-01", "9x16")) is None
    handed_over = publication(key="5", platform="folder", remote_id="x5")
    posts = Posts([*made, handed_over])  # a person may have brought it anywhere
    assert posts.find(Post("youtube", "yt-1", "r1-01", "9x16")).key == "5"


def test_any_order_and_repetition_gives_the_same_bytes(tmp_path):
    """Seeded: 2,000 rows with late and repeated ones, cut into 6 reports, in 12 orders."""
    dice = random.Random(3)
    found = [
        (f"r1-0{dice.randint(1, 4)}/9x16", dice.choice(["views", "likes"]), dice.randint(1, 7),
         dice.randint(8, 12), dice.randint(0, 40))
        for _ in range(2000)
    ]  # fmt: skip
    whole = rows(*found)
    parts = [whole[n::6] for n in range(6)]
    known = [*KNOWN, publication("r1-03")]  # r1-04 stays unknown
    seen = set()
    for _ in range(12):
        order = parts + dice.choices(parts, k=3)
        dice.shuffle(order)
        ledger = tables.empty(REPORTED)
        for part in order:
            ledger = metrics.upsert(ledger, part.sample(frac=1, random_state=dice.randint(0, 99)))
        table, waiting = metrics.join(ledger, known)
        made = b""
        for frame, columns in ((ledger, REPORTED), (table, METRICS), (waiting, DEAD)):
            tables.write_table(frame, tmp_path / "t.parquet", columns)
            made += (tmp_path / "t.parquet").read_bytes()
        seen.add(made)
    assert len(seen) == 1
    best: dict[tuple, tuple] = {}
    for post, metric, day, source, value in found:
        if "r1-04" not in post:
            best[post, metric, day] = max(best.get((post, metric, day), (0, -1)), (source, value))
    got = {
        (r.post_id, r.metric, r.window_start.day): (r.source_time.day, r.value)
        for r in table.itertuples()
    }
    assert got == best


def test_counts_are_added_up_and_rates_averaged():
    report = rows(
        ("r1-01/9x16", "views", 1, 8, 10), ("r1-01/9x16", "views", 2, 8, 20),
        ("r1-01/9x16", "watch_rate", 1, 8, 0.2), ("r1-01/9x16", "watch_rate", 2, 8, 0.4),
    )  # fmt: skip
    table, _ = joined(report)
    totals = metrics.per_publication(table).set_index("metric")["value"]
    assert totals.to_dict() == {"views": 30.0, "watch_rate": pytest.approx(0.3)}
    shown = metrics.summary(table)
    assert shown == [{"cut": "r1-01", "aspect": "9x16", "views": 30.0, "watch_rate": 0.3}]


@pytest.mark.parametrize(
    ("name", "rate"),
    [("views", False), ("avg_watch_s", True), ("ctr", True), ("click_rate", True), ("watch_pct", True),
     ("retention", True), ("completion", True), ("shares", False), ("watch_time", False)],
)  # fmt: skip
def test_which_metrics_are_averaged(name, rate):
    assert metrics.is_rate(name) is rate


def test_a_damaged_table_says_so(tmp_path):
    path = tmp_path / "metrics.parquet"
    tables.write_table(joined(rows(("r1-01/9x16", "views", 1, 8, 10)))[0], path, METRICS)
    assert len(tables.read_table(path, METRICS)) == 1
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    with pytest.raises(StorageError, match="cannot be read"):
        tables.read_table(path, METRICS)
    path.write_bytes(whole[:40] + bytes([whole[40] ^ 255]) + whole[41:])
    with pytest.raises(StorageError, match="cannot be read"):
        tables.read_table(path, METRICS)
    with pytest.raises(StorageError, match="cannot be read"):
        tables.read_table(tmp_path / "absent.parquet", METRICS)


def test_twenty_thousand_rows_are_nothing_special():
    days = pd.date_range("2026-01-01", periods=100, tz="UTC").astype(tables.TIME)
    frame = pd.DataFrame({"day": range(20_000)})
    report = tables.shaped(
        pd.DataFrame(
            {
                "platform": "folder",
                "post_id": [f"p{n // 100}" for n in frame["day"]],
                "cut_id": "",
                "aspect": "",
                "metric": "views",
                "window_start": [days[n % 100] for n in frame["day"]],
                "source_time": days[99],
                "value": frame["day"].astype(float),
            }
        ),
        REPORTED,
    )
    ledger = metrics.upsert(report, report)
    known = [publication(f"r1-{n}", remote_id=f"p{n}") for n in range(150)]
    table, waiting = metrics.join(ledger, known)
    assert (len(ledger), len(table), len(waiting)) == (20_000, 15_000, 50)
    assert waiting["rows"].sum() == 5_000


def test_an_older_table_is_read_and_a_newer_one_refused(tmp_path, monkeypatch):
    path = tmp_path / "metrics.parquet"
    old = joined(rows(("r1-01/9x16", "views", 1, 8, 10)))[0]
    tables.write_table(old, path, METRICS)
    now = {**METRICS, "language": "str", "seen": "int64", "since": tables.TIME}
    with monkeypatch.context() as patch:
        patch.setattr(tables, "METRICS", now)
        patch.setitem(FORMATS, "metrics", 2)
        table = tables.read_table(path, now)
        assert list(table.columns) == list(now) and table["value"].tolist() == [10.0]
        assert (table["language"][0], table["seen"][0]) == ("", 0) and table["since"][
            0
        ].year == 1970
        patch.setitem(UPGRADES, ("metrics", 1), lambda row: {**row, "language": row["platform"]})
        assert tables.read_table(path, now, ["language"])["language"].tolist() == ["folder"]
        tables.write_table(table, path, now)
    with pytest.raises(NewerFormat, match="metrics 2, this one knows 1"):
        tables.read_table(path, METRICS)
