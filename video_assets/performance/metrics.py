"""The ledger of everything that was reported, and the table that joins it to what was published."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from video_assets.foundation.errors import Code
from video_assets.foundation.records import Publication
from video_assets.performance.published import Post, Posts
from video_assets.performance.tables import DEAD, METRICS, POST, REPORTED, TRAITS, empty, shaped

if TYPE_CHECKING:
    import pandas as pd

KEY = tuple(name for name in REPORTED if name != "value")

MAIN = ("views", "impressions", "reach", "watch_rate", "completion", "likes", "shares", "clicks")
"""Metrics that are shown first, where there are any of them."""

COUNTS = frozenset({"views", "plays", "impressions", "reach", "clicks", "follows"}) | {
    *("likes", "comments", "shares", "saves")
}
"""Counts whose name alone says that they are metrics."""

_MEANS = ("avg", "mean", "ctr", "retention", "completion")


def is_rate(metric: str) -> bool:
    """Whether a metric's windows are averaged (rates, averages); counts are added up."""
    last = metric.rsplit("_", 1)[-1]
    return metric.startswith(("avg_", "mean_")) or last in (*_MEANS, "rate", "pct", "percent")


def upsert(ledger: "pd.DataFrame", new: "pd.DataFrame") -> "pd.DataFrame":
    """The ledger with new rows, sorted by key: what is there already adds nothing.

    Two values under one whole key, source time included: the larger stays, whichever came first.
    """
    import pandas as pd

    both = shaped(pd.concat([ledger, new], ignore_index=True), REPORTED)
    both = both.drop_duplicates()  # replays are most of it, and sorting is what costs
    both = both.sort_values([*KEY, "value"], kind="stable", ignore_index=True)
    return both.drop_duplicates(list(KEY), keep="last", ignore_index=True)


def posts_in(ledger: "pd.DataFrame") -> "tuple[pd.Series[int], list[Post]]":
    """The number of each row's post, and the posts."""
    numbers = ledger.groupby(list(POST), sort=False).ngroup()
    first = ledger.loc[~numbers.duplicated(), list(POST)]
    return numbers, [Post(*row) for row in first.itertuples(index=False, name=None)]


def join(
    ledger: "pd.DataFrame", publications: Sequence[Publication]
) -> "tuple[pd.DataFrame, pd.DataFrame]":
    """The ledger's last word on each publication, and the posts that no publication is known for.

    The first table (`tables.METRICS`) has one row a publication, platform, metric and window: of
    several reports the one with the latest source_time, whichever order they came in; of two with
    the same time the larger value. The second (`tables.DEAD`) has one row a post, with the number
    of the ledger's rows that wait for it: they join when the outbox knows the post.
    """
    numbers, posts = posts_in(ledger)
    known = Posts(publications)
    found = [known.find(post) for post in posts]
    return _joined(ledger, numbers, found), _waiting(numbers, posts, found)


def _joined(
    ledger: "pd.DataFrame", numbers: "pd.Series[int]", found: list[Publication | None]
) -> "pd.DataFrame":
    import numpy as np
    import pandas as pd

    facts = list({one.key: one for one in found if one}.values())
    if not facts:
        return empty(METRICS)
    place = {one.key: number for number, one in enumerate(facts)}
    of_post = np.array([place[one.key] if one else -1 for one in found])
    rows = ledger[["platform", "metric", "window_start", "source_time", "value"]].copy()
    rows["of"] = of_post[numbers.to_numpy()]
    rows = rows[rows["of"] >= 0]
    last = ["of", "platform", "metric", "window_start"]
    rows = rows.sort_values([*last, "source_time", "value"], kind="stable")
    rows = rows.drop_duplicates(last, keep="last", ignore_index=True)
    about = pd.DataFrame([_about(one) for one in facts])
    joined = rows.join(about, on="of")
    joined = shaped(joined, METRICS)
    order = ["platform", "post_id", "metric", "window_start", "publication"]
    return joined.sort_values(order, kind="stable", ignore_index=True)


def _about(one: Publication) -> dict[str, str]:
    """What a publication adds to each of its rows."""
    return {
        "post_id": one.remote_id,
        "project": one.project,
        "round": one.round,
        "cut_id": one.cut_id,
        "aspect": one.aspect,
        "channel": one.channel,
        "publication": one.key,
        "idea": one.idea,
        "takes": ",".join(one.takes),
        **{trait: str(one.traits.get(trait, "")) for trait in TRAITS},
    }


def _waiting(
    numbers: "pd.Series[int]", posts: list[Post], found: list[Publication | None]
) -> "pd.DataFrame":
    import numpy as np

    counts = np.bincount(numbers.to_numpy(), minlength=len(posts))
    rows: list[tuple[Any, ...]] = []
    for post, one, count in zip(posts, found, counts, strict=True):
        if one is None:
            what = "no publication of this project is known by this name"
            do = "publish it, or correct the name; the rows join by themselves then"
            code = Code.SCHEMA
            rows.append(("", 0, *post, int(count), int(code), code.family, what, do))
    return in_order(shaped(rows, DEAD))


def in_order(dead: "pd.DataFrame") -> "pd.DataFrame":
    """Dead letters in an order that says nothing of how they came in."""
    return dead.sort_values(list(DEAD), kind="stable", ignore_index=True)


def waiting_posts(dead: "pd.DataFrame") -> list[Post]:
    """The posts among dead letters that no publication is known for."""
    some = dead.loc[dead["file"] == "", list(POST)]
    return [Post(*row) for row in some.itertuples(index=False, name=None)]


def per_publication(metrics: "pd.DataFrame") -> "pd.DataFrame":
    """One row a publication and metric: counts added up over the windows, rates averaged.

    Columns: publication, project, cut_id, aspect, the traits, metric, value.
    """
    about = ["publication", "project", "cut_id", "aspect", *TRAITS, "metric"]
    grouped = metrics.groupby(about, sort=True)["value"].agg(["sum", "mean"]).reset_index()
    rates = grouped["metric"].map(is_rate).astype(bool)
    grouped["value"] = grouped["sum"].where(~rates, grouped["mean"])
    return grouped[[*about, "value"]]


def main_metrics(names: Iterable[str], limit: int = 4) -> list[str]:
    """The metrics that are shown first: the usual ones, then others by name."""
    present = set(names)
    usual = [name for name in MAIN if name in present]
    return (usual + sorted(present - set(usual)))[:limit]


def summary(metrics: "pd.DataFrame") -> list[dict[str, Any]]:
    """The main metrics by cut and aspect, for people."""
    if metrics.empty:
        return []
    shown = main_metrics(metrics["metric"].unique())
    totals = per_publication(metrics[metrics["metric"].isin(shown)])
    rows = []
    for (cut, aspect), some in totals.groupby(["cut_id", "aspect"], sort=True):
        row: dict[str, Any] = {"cut": cut, "aspect": aspect}
        for name in shown:
            values = some.loc[some["metric"] == name, "value"]
            whole = values.mean() if is_rate(name) else values.sum()
            row[name] = "" if values.empty else round(float(whole), 3)
        rows.append(row)
    return rows


def problems(table: "pd.DataFrame", project: str = "") -> list[str]:
    """What is wrong with a metrics table: missing columns, rows that belong to no publication.

    `project`: the slug that every row must bear, where it is given.
    """
    missing = [name for name in METRICS if name not in table.columns]
    if missing:
        return [f"column {name!r} is missing" for name in missing]
    nameless = table["publication"].isna() | (table["publication"] == "")
    cutless = table["cut_id"].isna() | (table["cut_id"] == "")
    posts = table.loc[nameless | cutless, ["platform", "post_id"]].drop_duplicates()
    found = [f"{row.platform} post {row.post_id} joins no cutdown" for row in posts.itertuples()]
    if project:
        others = table.loc[table["project"] != project, "project"].unique()
        found += [f"rows of project {other} are in {project}'s table" for other in others]
    return found
