"""What came back: performance_metrics and learnings. Rows arrive with the metrics sensor."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from video_assets.foundation.errors import StorageError
from video_assets.foundation.store import Draft, Project, digest_of
from video_assets.foundation.versions import NewerFormat
from video_assets.orchestration.steps import Step
from video_assets.performance.learnings import learnings_of as learnings_of  # for ideas

if TYPE_CHECKING:
    import pandas as pd

    from video_assets.performance.published import Post

REPORTED = "performance/reported.parquet"
METRICS = "performance/metrics.parquet"
DEAD_LETTERS = "performance/dead_letters.parquet"
LEARNINGS = "performance/learnings.parquet"

SHOWN = 20
"""Dead letters and unsaid claims shown to people; the rest is counted."""


# performance_metrics


def posts_found(project: Project) -> dict[str, str]:
    """Changes when the outbox knows a post that numbers wait for; else it stays what it was.

    So the step is due once for such a post, and current again when its numbers have joined.
    """
    manifest = project.manifest("performance_metrics")
    before = manifest.inputs.get("posts found", "") if manifest else ""
    if not manifest or not manifest.facts.get("waiting posts"):
        return {"posts found": before}
    from video_assets.performance.published import Posts, publications_of

    try:
        waiting = _waiting(project)
    except StorageError:
        return {"posts found": before}  # its files are damaged, so it is due for that
    found = Posts(publications_of(project)).among(waiting)
    return {"posts found": digest_of([before, sorted(found)]) if found else before}


def _waiting(project: Project) -> "list[Post]":
    from video_assets.performance.metrics import waiting_posts
    from video_assets.performance.tables import DEAD, read_table

    return waiting_posts(read_table(project.path(DEAD_LETTERS), DEAD))


def _ledger(project: Project, draft: Draft) -> "pd.DataFrame":
    """What was reported before; nothing, and a fact, where the ledger was lost or damaged."""
    from video_assets.performance import tables

    manifest = project.manifest("performance_metrics")
    if not manifest or REPORTED not in {o.path for o in manifest.outputs}:
        return tables.empty(tables.REPORTED)
    try:
        return tables.read_table(project.path(REPORTED), tables.REPORTED)
    except NewerFormat:
        raise  # is no damage: what was reported would be lost
    except StorageError as error:
        draft.facts["ledger"] = f"made anew from the inbox: {error}"
        return tables.empty(tables.REPORTED)


def make_metrics(project: Project, draft: Draft) -> None:
    """Adds what the inbox holds to the ledger, and joins the ledger to what was published."""
    from video_assets.performance import tables
    from video_assets.performance.inbox import files_in
    from video_assets.performance.metrics import in_order, join, upsert, waiting_posts
    from video_assets.performance.published import publications_of
    from video_assets.performance.reported import read_reports

    ledger = _ledger(project, draft)
    before = len(ledger)
    files = files_in(project)
    new, dead = read_reports(list(files.values()), list(files))
    ledger = upsert(ledger, new)
    del new
    metrics, waiting = join(ledger, publications_of(project))
    letters = in_order(tables.stacked([dead, waiting], tables.DEAD))
    tables.write_table(ledger, draft.path(REPORTED), tables.REPORTED)
    tables.write_table(metrics, draft.path(METRICS), tables.METRICS)
    tables.write_table(letters, draft.path(DEAD_LETTERS), tables.DEAD)
    draft.facts.update(
        {
            "files": len(files),
            "reported": len(ledger),
            "new": len(ledger) - before,
            "joined": len(ledger) - int(waiting["rows"].sum()),
            "waiting posts": len(waiting_posts(letters)),
            "dead letters": len(letters),
        }
    )


def describe_metrics(project: Project) -> Mapping[str, Any]:
    """Rows, the main metrics by cut and aspect, what was set aside, a plot."""
    from video_assets.performance.metrics import summary
    from video_assets.performance.plots import metrics_plot
    from video_assets.performance.tables import DEAD, read_table
    from video_assets.performance.tables import METRICS as COLUMNS

    metrics = read_table(project.path(METRICS), COLUMNS)
    dead = read_table(project.path(DEAD_LETTERS), DEAD)
    shown: dict[str, Any] = {
        "rows": len(metrics),
        "by cut": summary(metrics) or "nothing was reported yet",
        "dead letters": [_letter(row) for row in dead[:SHOWN].itertuples()] or "none",
        "dead letters in all": len(dead),
    }
    if plot := metrics_plot(metrics):
        shown["plot"] = plot
    return shown


def _letter(row: Any) -> dict[str, Any]:
    """A dead letter as people read it."""
    if row.file:
        where = f"{row.file}, line {row.line}" if row.line else row.file
    else:
        where = f"{row.platform} {row.post_id or f'{row.cut_id} {row.aspect}'}"
    return {"where": where, "rows": row.rows, "code": row.code, "what": row.what, "do": row.do}


def every_row_joins(project: Project) -> list[str]:
    """Every row of performance belongs to a publication, or waits among the dead letters."""
    from video_assets.performance.metrics import problems
    from video_assets.performance.tables import DEAD, count_rows, read_table
    from video_assets.performance.tables import METRICS as COLUMNS

    found = problems(read_table(project.path(METRICS), COLUMNS), project.slug)
    dead = read_table(project.path(DEAD_LETTERS), DEAD)
    waiting = int(dead.loc[dead["file"] == "", "rows"].sum())
    manifest = project.manifest("performance_metrics")
    joined = int(manifest.facts["joined"]) if manifest else 0
    reported = count_rows(project.path(REPORTED))
    if joined + waiting != reported:
        found.append(
            f"{reported} rows were reported: {joined} joined and {waiting} wait, "
            f"so {reported - joined - waiting} are lost; run again with force"
        )
    return found


# learnings


def brand_and_floors(project: Project) -> dict[str, str]:
    """Whose learnings these are, and what a claim must rest on.

    Not what other projects of the brand reported: their news is theirs to react to.
    """
    from video_assets.performance.learnings import floors_of

    return {"brand": project.brand, "floors": digest_of(floors_of(project))}


def make_learnings(project: Project, draft: Draft) -> None:
    """What the metrics of all projects of this brand say now."""
    from video_assets.performance.learnings import floors_of, learnings_from, metrics_of_brand
    from video_assets.performance.tables import LEARNINGS as COLUMNS
    from video_assets.performance.tables import write_table

    metrics, used, skipped = metrics_of_brand(project)
    floors = floors_of(project)
    found, weak = learnings_from(metrics, project.brand, floors)
    write_table(found, draft.path(LEARNINGS), COLUMNS)
    draft.facts.update(
        {
            "projects": used,
            "publications": int(metrics["publication"].nunique()),
            "floor": f"{floors.samples} publications and {floors.cuts} cuts on either side",
            "below the floor": len(weak),
            "not claimed": weak[:SHOWN],
        }
    )
    if skipped:
        draft.facts["left out"] = skipped


def describe_learnings(project: Project) -> Mapping[str, Any]:
    """The claims, and what is not claimed because it rests on too little."""
    from video_assets.performance.tables import LEARNINGS as COLUMNS
    from video_assets.performance.tables import read_table

    found = read_table(project.path(LEARNINGS), COLUMNS)
    manifest = project.manifest("learnings")
    facts = manifest.facts if manifest else {}
    claims = [{str(k): v for k, v in row.items()} for row in found.to_dict("records")]
    return {
        "rows": len(found),
        "claims": claims or "none yet",
        "floor": facts.get("floor", ""),
        "below the floor": facts.get("below the floor", 0),
        "not claimed": facts.get("not claimed", []),
    }


def no_claim_below_the_sample_floor(project: Project) -> list[str]:
    """No claim rests on fewer publications or cuts than the sample floor."""
    from video_assets.performance.learnings import floors_of, problems
    from video_assets.performance.tables import LEARNINGS as COLUMNS
    from video_assets.performance.tables import read_table

    return problems(read_table(project.path(LEARNINGS), COLUMNS), floors_of(project))


STEPS = (
    Step(
        "performance_metrics",
        "performance",
        "Metrics of published cutdowns, joined to cutdown, idea, take and trait.",
        ("published_metrics",),
        "2",
        make_metrics,
        posts_found,
        describe_metrics,
        gates=(every_row_joins,),
        kinds=("pandas", "parquet"),
    ),
    Step(
        "learnings",
        "performance",
        "What all publications of this brand say about one trait, with effect and sample size.",
        ("performance_metrics",),
        "2",
        make_learnings,
        brand_and_floors,
        describe_learnings,
        gates=(no_claim_below_the_sample_floor,),
        kinds=("pandas", "parquet"),
    ),
)
