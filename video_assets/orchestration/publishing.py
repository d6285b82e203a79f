"""What a person does with finished cutdowns: approve or reject them, send them out."""

from datetime import UTC, datetime
from typing import Any

from video_assets.delivery.channels import Channel, channels_of
from video_assets.delivery.decisions import (
    APPROVED,
    Decision,
    decisions_text,
    latest,
    read_decisions,
)
from video_assets.delivery.planning import Candidate, Planned, plan
from video_assets.delivery.publications import Backoff, Report, publish
from video_assets.editorial.edits import banned_in
from video_assets.editorial.rounds import round_of
from video_assets.editorial.traits import pace_of
from video_assets.foundation.errors import ProjectError
from video_assets.foundation.files import sha256_file
from video_assets.foundation.records import Timeline
from video_assets.foundation.store import Manifest, Project, digest_of, write_atomic
from video_assets.orchestration.assets.editorial import ideas_of, timelines_of
from video_assets.orchestration.rounds import (
    DECISIONS,
    agrees,
    edits_of,
    must_know,
    outbox_of,
    seal,
    sealed,
    settle,
)
from video_assets.orchestration.standing import State, shut, standing, verdict_of


def cutdown_manifests(project: Project) -> list[Manifest]:
    """Every cutdown that was made, by cut and aspect."""
    return [m for m in project.manifests("artefacts") if "aspect" in m.facts]


def candidates_of(project: Project) -> list[Candidate]:
    """Every cutdown that lies there, with all that speaks for and against sending it."""
    timelines = {t.cut_id: t for t in timelines_of(project)}
    ideas = {i.cut_id: i for i in ideas_of(project)}
    said = latest(read_decisions(project.path(DECISIONS)))
    bans = edits_of(project).ban
    found = []
    for manifest in cutdown_manifests(project):
        cut, aspect = manifest.facts["cut_id"], manifest.facts["aspect"]
        timeline, idea = timelines.get(cut), ideas.get(cut)
        if timeline is None or idea is None:
            continue
        base = project.path(f"delivery/{cut}/{aspect}")
        captions = [base.with_name(f"{aspect}.{kind}") for kind in ("srt", "vtt")]
        poster = base.with_name(f"{aspect}.poster.jpg")
        one = said.get((cut, aspect, manifest.facts["sha256"]))
        found.append(
            Candidate(
                project.published_as,
                round_of(cut),
                cut,
                aspect,
                base.with_name(f"{aspect}.mp4"),
                verdict_of(project, cut, aspect),
                tuple(c for c in captions if c.is_file() and c.stat().st_size),
                poster if poster.is_file() else None,
                idea.upload_text,
                idea.hashtags,
                one.decision if one else "",
                one.by if one else "",
                one.sha256 if one else "",
                {**idea.traits, "pace": pace_of(timeline), "aspect": aspect},
                _takes(timeline),
                idea.hook or idea.title,
                tuple(_obstacles(project, manifest, timeline)) + tuple(banned_in(bans, timeline)),
                project.slug,
            )
        )
    return found


def _takes(timeline: Timeline) -> tuple[str, ...]:
    """Every take that is seen, once, in the order of the cut."""
    return tuple(dict.fromkeys(c.take_id for c in timeline.picture if c.take_id))


def _obstacles(project: Project, manifest: Manifest, timeline: Timeline) -> list[str]:
    """What speaks against the files themselves; the verdict speaks for itself."""
    state, why = standing(project, manifest, timeline)
    return [why] if state in (State.MISSING, State.DAMAGED, State.OUTDATED) else []


def _channels(project: Project, only: str) -> list[Channel]:
    found = channels_of(project.settings, project.root, project.footage_root)
    chosen = [c for c in found if not only or c.name == only]
    if not chosen:
        raise ProjectError(
            f"project {project.slug} has no channel {only!r}; project.yaml names "
            + ", ".join(c.name for c in found)
        )
    return chosen


def approval_required(project: Project) -> bool:
    """Whether only approved cutdowns go out: `approval: required` in project.yaml."""
    named = project.settings.get("approval", "optional")
    if named not in ("required", "optional"):
        raise ProjectError(
            f"{project.root / 'project.yaml'}: approval: {named!r} is not one of required, optional"
        )
    return bool(named == "required")


def plan_project(project: Project, channel: str = "", retry_dead: bool = False) -> list[Planned]:
    """What publishing would do. Writes nothing."""
    must_know(project)
    return plan(
        candidates_of(project),
        _channels(project, channel),
        outbox_of(project),
        approval_required(project),
        retry_dead=retry_dead,
    )


def publish_project(
    project: Project,
    channel: str = "",
    retry_dead: bool = False,
    by: str = "",
    pause: Backoff = Backoff(),
) -> Report:
    """Sends every cutdown that may go out, once; the rounds that it touches are frozen first."""
    with project.leased():
        frozen = {s.name for s in settle(project)}
        going: dict[str, list[str]] = {}
        for one in plan_project(project, channel, retry_dead):
            if one.action in ("send", "resend") and one.candidate.round not in frozen:
                going.setdefault(one.candidate.round, []).append(one.candidate.cut_id)
        for name, cuts in sorted(going.items()):
            seal(project, name, [f"published {cut}" for cut in sorted(set(cuts))])
        return publish(
            candidates_of(project),
            _channels(project, channel),
            outbox_of(project),
            approval_required=approval_required(project),
            by=by,
            retry_dead=retry_dead,
            pause=pause,
        )


def decide(
    project: Project, cut_id: str, aspect: str, decision: str, by: str, note: str = ""
) -> list[Decision]:
    """Records what a person says of a cut's present files; approving freezes the round.

    `aspect`: one, or empty for all that lie there. Raises ProjectError where there is no such file,
    or, approving, where its verdict did not pass for these very bytes or its timeline has changed.
    """
    with project.leased():
        made = [m for m in cutdown_manifests(project) if m.facts["cut_id"] == cut_id]
        made = [m for m in made if not aspect or m.facts["aspect"] == aspect]
        if not made:
            known = sorted({m.facts["cut_id"] for m in cutdown_manifests(project)})
            what = f"{cut_id} {aspect}".strip()
            raise ProjectError(
                f"project {project.slug} has no cutdown {what}; there are "
                f"{', '.join(known) or 'none yet'}"
            )
        found = [_answer(project, m, decision, by, note) for m in made]
        path = project.path(DECISIONS)
        name = round_of(cut_id)
        frozen = {s.name for s in sealed(project)}
        if decision == APPROVED and name not in frozen and not agrees(project, name):
            raise ProjectError(
                f"round {name} is only half made; `video-assets run {project.slug}` first"
            )
        with project.guarded():
            write_atomic(path, decisions_text([*read_decisions(path), *found]))
        settle(project)
    return found


def _answer(project: Project, made: Manifest, decision: str, by: str, note: str) -> Decision:
    cut, aspect = made.facts["cut_id"], made.facts["aspect"]
    file = project.path(f"delivery/{cut}/{aspect}.mp4")
    if not file.is_file():
        raise ProjectError(f"{file} is gone; `video-assets run {project.slug}` makes it again")
    digest = sha256_file(file)
    if decision == APPROVED:
        verdict = verdict_of(project, cut, aspect)
        if verdict.get("sha256") != digest or not verdict.get("passed"):
            why = _why_not(verdict, digest)
            raise ProjectError(f"{cut} {aspect} cannot be approved: {why}")
        timeline = {t.cut_id: t for t in timelines_of(project)}.get(cut)
        if timeline is None or made.inputs.get("timeline") != digest_of(timeline):
            raise ProjectError(
                f"{cut} {aspect} is older than its timeline; `video-assets run {project.slug}` "
                "first, then watch it again"
            )
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return Decision(cut, aspect, digest, decision, by, note, at)


def _why_not(verdict: dict[str, Any], digest: str) -> str:
    if not verdict:
        return "it has no verdict; make it again"
    if verdict.get("sha256") != digest:
        return "its verdict is for other bytes; make it again"
    return "it was set aside: " + "; ".join(shut(verdict))
