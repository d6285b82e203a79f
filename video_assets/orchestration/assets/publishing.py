"""publications: what was sent to which channel. Started by a person, a schedule or an approval."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from video_assets.delivery.outbox import OUT
from video_assets.foundation.errors import VideoAssetsError
from video_assets.foundation.records import Publication
from video_assets.foundation.store import Draft, Project, digest_of
from video_assets.orchestration.assets.factory import failure, key_of, spec_of
from video_assets.orchestration.publishing import publish_project
from video_assets.orchestration.reports import report
from video_assets.orchestration.resources import Library
from video_assets.orchestration.rounds import outbox_of
from video_assets.orchestration.standing import verdict_of
from video_assets.orchestration.steps import ASPECTS, Step

PUBLICATIONS = "delivery/publications.json"


class Publish(dg.Config):
    """What one publishing is asked for."""

    channel: str = Field(default="", description="Only this channel of project.yaml; else all.")
    retry_dead: bool = Field(default=False, description="Try given-up posts again.")
    by: str = Field(default="dagster", description="Who starts it: stands in the outbox.")


def make_publications(project: Project, draft: Draft) -> None:
    """The outbox, for whoever reads files: every row with its state."""
    rows = outbox_of(project).rows()
    draft.json(PUBLICATIONS, {"rows": rows})
    states = sorted({r.state for r in rows})
    draft.facts.update({s: sum(r.state == s for r in rows) for s in states})


def outbox_digest(project: Project) -> dict[str, str]:
    """What the outbox says."""
    return {"outbox": digest_of(outbox_of(project).rows())}


def describe_publications(project: Project) -> Mapping[str, Any]:
    """What was sent where, and what hinders the rest."""
    rows = outbox_of(project).rows()
    table = [
        {
            "cut": r.cut_id,
            "aspect": r.aspect,
            "channel": r.channel,
            "state": r.state,
            "post": r.remote_id,
            "by": r.by,
            "attempts": r.attempts,
            "error": r.error,
        }
        for r in rows
    ]
    return {"rows": len(rows), "publications": table or "nothing was sent yet"}


def only_passed_cutdowns_are_sent(project: Project) -> list[str]:
    """Only cutdowns whose own stored verdict for this digest passed were sent."""
    problems = []
    for row in outbox_of(project).rows():
        if row.state not in (*OUT, "sending") or row.state == "withdrawn":
            continue
        verdict = verdict_of(project, row.cut_id, row.aspect)
        if not verdict.get("passed") or verdict.get("sha256") != row.sha256:
            problems.append(f"{row.cut_id} {row.aspect}: no passing verdict for its digest")
    return problems


STEP = Step(
    "publications",
    "delivery",
    "What was sent to which channel, with its whole history.",
    (*(f"cutdowns/{a}" for a in ASPECTS), "brief"),
    "2",
    make_publications,
    outbox_digest,
    describe_publications,
    (only_passed_cutdowns_are_sent,),
    ("sqlite", "json"),
    owner="team:marketing",
    narrow=frozenset({*(f"cutdowns/{a}" for a in ASPECTS), "brief"}),
)
STEPS = (STEP,)


def _not_arrived(rows: Sequence[Publication]) -> str:
    one = rows[0]
    more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
    return (
        f"{one.cut_id} {one.aspect}{more} did not arrive at {one.channel} ({one.state}): "
        f"{one.error}; publish again when that is mended"
    )


def publications_asset() -> dg.AssetsDefinition:
    """Sends what may go out; what may not is in the log and the metadata, with the reason."""

    @dg.multi_asset(name="publications", specs=[spec_of(STEP, automated=False)])
    def publications(context: dg.AssetExecutionContext, library: Library, config: Publish):  # type: ignore[no-untyped-def]  # Dagster refuses a generic result type here
        try:
            project = library.project(context.partition_key)
            with project.leased():
                done = publish_project(project, config.channel, config.retry_dead, config.by)
                made = STEP.run(project)
            shown = dict(STEP.describe(project))
        except VideoAssetsError as error:
            raise failure("publications", error) from error
        refused = [
            {"cut": p.candidate.name, "channel": p.channel.name, "why": p.reason}
            for p in done.refused
        ]
        shown |= {"sent": len(done.sent), "refused": refused or "none"}
        context.log.info(f"publications: {len(done.sent)} sent, {len(done.refused)} refused")
        shown["not arrived"] = [
            {"cut": r.cut_id, "channel": r.channel, "state": r.state, "why": r.error}
            for r in done.failed
        ] or "none"
        yield report(key_of("publications"), project, made, shown)
        if done.failed:  # recorded, tried again next time, and somebody hears of it
            raise failure("publications", VideoAssetsError(_not_arrived(done.failed)))

    return publications
