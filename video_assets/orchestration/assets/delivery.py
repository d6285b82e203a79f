"""What leaves the house: six cutdowns of every timeline, and the review page."""

import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg

from video_assets.delivery.inspections.verdict import VERDICT_VERSION
from video_assets.editorial.rounds import Sealed, round_of
from video_assets.foundation.errors import (
    LeaseError,
    RenderError,
    StorageError,
    VideoAssetsError,
)
from video_assets.foundation.records import FootageRow, Timeline, Word
from video_assets.foundation.store import Draft, Project, digest_of, sha256_file
from video_assets.library.failures import is_away
from video_assets.orchestration.assets import library
from video_assets.orchestration.assets.editorial import timelines_of
from video_assets.orchestration.assets.factory import failure, key_of, spec_of
from video_assets.orchestration.cases import (
    brand_of,
    crops_of,
    downgrades_of,
    idea_of,
    rows_of,
    shared,
    tables_of,
)
from video_assets.orchestration.gates import held_back
from video_assets.orchestration.judging import (
    can_be_judged,
    clips_of,
    is_outdated,
    judge_again,
    news,
    told,
)
from video_assets.orchestration.reports import report
from video_assets.orchestration.resources import Library
from video_assets.orchestration.rounds import sealed, settle
from video_assets.orchestration.steps import ASPECTS, Step, version_of

RENDER_VERSION = "2"
JUDGED = ("verdict", "asked", "words", "lines", "shots", "beyond")
"""Inputs that only measures read: where nothing else is new, the file is judged again, not made."""


# one cutdown: a file, its captions, timeline, poster, receipt, verdict


def artefact(cut_id: str, aspect: str) -> str:
    """The name under which one cutdown is recorded."""
    return f"artefacts/{cut_id}/{aspect}"


def _brief_part(project: Project) -> str:
    """Digest of what delivery itself reads of the brief."""
    from video_assets.editorial.brief import load_brief

    brief = load_brief(project.path("brief.yaml"))
    judged = [brief.glossary, brief.forbidden, brief.must_say]
    return digest_of([brief.captions, brief.allow.upscale, [str(part) for part in judged]])


def _asked_part(project: Project) -> str:
    """Digest of what only measures read of the brief."""
    from video_assets.editorial.brief import load_brief

    brief = load_brief(project.path("brief.yaml"))
    said = [brief.title, brief.language, brief.script, brief.call_to_action]
    return digest_of([*said, brief.hooks, brief.key_messages])


def _inputs(project: Project, timeline: Timeline, rows: Mapping[str, FootageRow]) -> dict[str, str]:
    """Digests of what one cut's cutdowns are made from and judged by: nothing it does not use."""
    from video_assets.delivery.inspections.vetoes import beyond_its_clips
    from video_assets.editorial.captions import CAPTIONS_VERSION
    from video_assets.foundation.media import ffmpeg_version

    used = sorted({c.path for c in timeline.picture} | {s.path for s in timeline.sound})
    clips = clips_of(timeline, rows)
    tables = tables_of(project, rows)
    own = [tables.words[clip] for clip in sorted(clips) if clip in tables.words]
    return {
        "timeline": digest_of(timeline),
        "clips": digest_of([clips, used]),
        "brand": digest_of(brand_of(project)),
        "brief": _brief_part(project),
        "captions": CAPTIONS_VERSION,
        "downgrades": digest_of(downgrades_of(project)),
        "root": str(project.footage_root),
        "asked": _asked_part(project),
        "words": digest_of(own),
        "lines": digest_of([r for r in tables.lines.values() if r.clip_id in clips]),
        "shots": digest_of([r for r in tables.shots.values() if r.clip_id in clips]),
        "beyond": digest_of(beyond_its_clips(timeline, tables)),
        "idea": digest_of(idea_of(project, timeline.cut_id)),
        "ffmpeg": ffmpeg_version(),
        "verdict": str(VERDICT_VERSION),
    }


def make_cutdowns(project: Project, aspects: Sequence[str]) -> list[str]:
    """Every cut in these aspects, from one decode; what lies there and is right is left alone.

    A cut that cannot be rendered does not stop the others: why not, is returned.
    """
    whole = project.manifest("timelines")
    if whole is None or not project.intact(whole):
        raise VideoAssetsError("the timelines are not whole; materialise them first")
    seals = {one.name: one for one in settle(project)}
    rows = rows_of(project)
    problems: list[str] = []
    for timeline in timelines_of(project):
        cut = timeline.cut_id
        frozen = seals.get(round_of(cut))
        inputs = _inputs(project, timeline, rows)
        asked = {a: _due(project, timeline, rows, a, inputs, frozen) for a in aspects}
        forced = project.options.force and not frozen
        unmade = [a for a, what in asked.items() if what == "make" or forced]
        unjudged = [a for a, what in asked.items() if what == "judge" and not forced]
        try:
            if unmade:
                _make_cut(project, timeline, rows, unmade, inputs, frozen)
            if unjudged:
                judged = ("verdict",) if frozen else JUDGED
                judge_again(project, cut, unjudged, {key: inputs[key] for key in judged})
        except (LeaseError, StorageError):
            raise  # no cut is to blame, and the next one would fare no better
        except VideoAssetsError as error:
            if is_away(project.footage_root):
                raise
            problems.append(f"{timeline.cut_id}: {error}")
        except OSError as error:
            problems.append(f"{timeline.cut_id}: {error.strerror} ({error.filename})")
    return problems


def _due(
    project: Project,
    timeline: Timeline,
    rows: Mapping[str, FootageRow],
    aspect: str,
    inputs: Mapping[str, str],
    frozen: Sealed | None,
) -> str:
    """What one cutdown needs: `make`, `judge` (only what measures read has changed), or nothing."""
    name = artefact(timeline.cut_id, aspect)
    if frozen:  # never made again, unless a file of it is gone
        if not _stands(project, frozen, timeline, aspect):
            return "make"
        manifest = project.manifest(name)
        return "judge" if manifest and is_outdated(project, timeline, rows, manifest) else ""
    if project.is_current(name, RENDER_VERSION, inputs):
        return ""
    manifest = project.manifest(name)
    if manifest is None or not can_be_judged(project, timeline, rows, manifest):
        return "make"
    before = {key: digest for key, digest in inputs.items() if key not in JUDGED}
    before |= {key: digest for key, digest in manifest.inputs.items() if key in JUDGED}
    return "judge" if project.is_current(name, RENDER_VERSION, before) else "make"


def _lies_there(project: Project, name: str) -> bool:
    """Whether an artefact was made and all its files are whole."""
    manifest = project.manifest(name)
    return manifest is not None and project.intact(manifest)


def _stands(project: Project, frozen: Sealed, timeline: Timeline, aspect: str) -> bool:
    """Whether a frozen cutdown lies there: as it was sealed, or made of the sealed timeline."""
    name = artefact(timeline.cut_id, aspect)
    if not _lies_there(project, name):
        return False
    manifest = project.manifest(name)
    sealed_so = f"{timeline.cut_id}/{aspect}" in frozen.cutdowns
    made_of = manifest.inputs.get("timeline") if manifest else None
    return sealed_so or made_of == digest_of(timeline)


def _make_cut(
    project: Project,
    timeline: Timeline,
    rows: dict[str, FootageRow],
    aspects: list[str],
    inputs: dict[str, str],
    frozen: Sealed | None,
) -> None:
    from video_assets.delivery.inspections.verdict import inspect
    from video_assets.delivery.receipt import receipt
    from video_assets.finishing.render import render_cutdowns
    from video_assets.foundation.progress import track

    own = shared(project, timeline, rows)

    def render(scratch: Path) -> None:
        rendered = render_cutdowns(
            project,
            project.workspace,
            timeline,
            rows.values(),
            aspects,
            own.brand,
            own.brief,
            scratch,
        )
        with track(f"{timeline.cut_id} inspections", len(aspects)) as progress:
            for aspect in aspects:
                one = rendered[aspect]
                crops = crops_of(timeline, rows, aspect)
                otio = own.otio(aspect, crops)
                size = (one.width, one.height)
                texts = own.texts(aspect, otio)
                verdict = inspect(
                    own.case(aspect, one.file, size, crops, texts, one.silent, one.upscale)
                )
                paper = receipt(timeline, own.idea, rows.values(), {aspect: one}, _engines(project))

                def write(
                    draft: Draft,
                    one: Any = one,
                    verdict: Any = verdict,
                    paper: Any = paper,
                    aspect: str = aspect,
                    otio: str = otio,
                ) -> None:
                    was = frozen.cutdowns.get(f"{timeline.cut_id}/{aspect}") if frozen else None
                    if was and was != verdict["sha256"]:
                        raise RenderError(
                            f"{timeline.cut_id} {aspect} is frozen and its file is damaged or "
                            "gone; what is rendered now differs from it (the brand, the footage or "
                            "a tool changed): restore it from where it was published"
                        )
                    base = f"delivery/{timeline.cut_id}/{aspect}"
                    shutil.move(one.file, draft.path(f"{base}.mp4"))
                    shutil.move(one.poster, draft.path(f"{base}.poster.jpg"))
                    draft.text(f"{base}.srt", own.srt)
                    draft.text(f"{base}.vtt", own.vtt)
                    draft.text(f"{base}.otio", otio)
                    draft.json(f"{base}.receipt.json", paper)
                    draft.json(f"{base}.verdict.json", verdict)
                    draft.facts.update(
                        cut_id=timeline.cut_id,
                        aspect=aspect,
                        size=f"{one.width}x{one.height}",
                        seconds=round(float(timeline.duration), 3),
                        loudness=one.loudness,
                        peak=one.peak,
                        silent=one.silent,
                        upscale=round(one.upscale, 3),
                        findings=len(news(verdict)),
                        notes=[*one.notes, *told(verdict)],
                        sha256=verdict["sha256"],
                    )

                project.make(
                    artefact(timeline.cut_id, aspect), RENDER_VERSION, inputs, write, again=True
                )
                progress.advance(detail=aspect)

    with project.scratch(f"render-{timeline.cut_id}") as folder:
        render(folder)


def _engines(project: Project) -> dict[str, str]:
    """The engine of every capability: what was used where that is known, else what was planned."""
    from video_assets.editorial.plan import read_plan

    used = dict(read_plan(project.path("editorial/plan.json")).chosen())
    used["embed"] = project.read_json(library.FRAMES)["model"]
    sources = sorted({w.source for w in project.read(library.WORDS, Word)})
    used["transcribe"] = ", ".join(sources) or "nothing is spoken"
    return used


# the six assets


def _summary(aspect: str) -> str:
    return f"delivery/.assets/{aspect}.json"


def artefact_versions(project: Project, aspect: str) -> dict[str, str]:
    """What lies there of every cutdown of this aspect."""
    found = [m for m in project.manifests("artefacts") if m.facts.get("aspect") == aspect]
    return {"artefacts": digest_of({m.artifact: m.data_version for m in found})}


def write_summary(project: Project, draft: Draft, aspect: str) -> None:
    """The asset's own file: which cutdowns belong to it, with digest and verdict."""
    found = {}
    wanted = {t.cut_id for t in timelines_of(project)}
    wanted |= {cut for one in sealed(project) for cut in one.timelines}
    for manifest in project.manifests("artefacts"):
        if manifest.facts.get("aspect") != aspect:
            continue
        if manifest.facts["cut_id"] not in wanted:
            project.forget(manifest.artifact)
            continue
        base = f"delivery/{manifest.facts['cut_id']}/{aspect}"
        verdict = project.read_json(f"{base}.verdict.json")
        found[manifest.facts["cut_id"]] = {
            "data_version": manifest.data_version,
            "sha256": manifest.facts["sha256"],
            "state": "publishable" if verdict["passed"] else "set aside",
        }
    draft.json(_summary(aspect), found)
    draft.facts.update(
        cutdowns=len(found), set_aside=sum(f["state"] == "set aside" for f in found.values())
    )


def cutdowns_are_whole(project: Project, aspect: str) -> bool:
    """Whether every cutdown of this aspect, and the page, lie there with the recorded bytes."""
    if not project.manifest(f"cutdowns/{aspect}"):
        return True
    rows = rows_of(project)
    seals = {one.name: one for one in sealed(project)}
    for timeline in timelines_of(project):
        frozen = seals.get(round_of(timeline.cut_id))
        inputs = _inputs(project, timeline, rows)
        if _due(project, timeline, rows, aspect, inputs, frozen):
            return False
    page = project.manifest("review")
    return page is None or project.intact(page)


def describe_cutdowns(project: Project, aspect: str) -> Mapping[str, Any]:
    """A sheet of the posters, the figures and verdicts."""
    from video_assets.library.sheets import contact_sheet

    found = [m.facts for m in project.manifests("artefacts") if m.facts.get("aspect") == aspect]
    posters = [project.path(f"delivery/{f['cut_id']}/{aspect}.poster.jpg") for f in found]
    table = [
        {k: f[k] for k in ("cut_id", "size", "seconds", "loudness", "peak", "upscale", "findings")}
        for f in found
    ]
    return {
        "rows": len(found),
        "sheet": contact_sheet(posters, [f["cut_id"] for f in found]),
        "cutdowns": table or "none",
        "page": str(project.path("delivery/index.html")),
    }


def every_cutdown_is_judged(project: Project, aspect: str) -> list[str]:
    """Every cutdown has a verdict of every gate for its very bytes; a bad one is set aside."""
    from video_assets.delivery.inspections.verdict import GATES

    summary = project.read_json(_summary(aspect))
    seals = sealed(project)
    rounds = {s.name for s in seals}
    frozen = {name: digest for s in seals for name, digest in s.cutdowns.items()}
    there = {t.cut_id for t in timelines_of(project)}
    problems = [
        f"{name} is frozen, and its timeline is gone"
        for name in frozen
        if name.endswith(f"/{aspect}") and name.split("/")[0] not in there
    ]
    for timeline in timelines_of(project):
        base = f"delivery/{timeline.cut_id}/{aspect}"
        where = f"{timeline.cut_id} {aspect}"
        was = frozen.get(f"{timeline.cut_id}/{aspect}")
        if timeline.cut_id not in summary:
            problems.append(f"{where} was not made")
            continue
        verdict = project.read_json(f"{base}.verdict.json")
        if verdict["sha256"] != sha256_file(project.path(f"{base}.mp4")):
            problems.append(f"{where}: the verdict is for other bytes")
        if was and verdict["sha256"] != was:
            problems.append(f"{where} is frozen and no longer the file that it was")
        if round_of(timeline.cut_id) in rounds:
            continue  # judged when it was made
        problems += [f"{where}: {g} did not run" for g in GATES if g not in verdict["gates"]]
        bad = any(verdict["gates"].values())
        if bad and (verdict["passed"] or summary[timeline.cut_id]["state"] != "set aside"):
            problems.append(f"{where} has problems and was not set aside")
    return problems


def write_review(project: Project) -> None:
    """The page that shows every cutdown there is."""
    from video_assets.delivery.review import Reviewed, page
    from video_assets.orchestration.assets.editorial import idea_notes

    present = {t.cut_id: digest_of(t) for t in timelines_of(project)}
    manifests = [
        m
        for m in project.manifests("artefacts")
        if "aspect" in m.facts and m.inputs.get("timeline") == present.get(m.facts["cut_id"])
    ]  # a cutdown of an earlier timeline is not shown beside the reasons of this one
    inputs = {m.artifact: m.data_version for m in manifests}
    inputs["ideas"] = version_of(project, "ideas")

    def write(draft: Draft) -> None:
        cuts = []
        for timeline in timelines_of(project):
            own = sorted(
                (m.facts["aspect"] for m in manifests if m.facts["cut_id"] == timeline.cut_id),
                key=ASPECTS.index,
            )
            cut = timeline.cut_id
            verdicts = {a: project.read_json(f"delivery/{cut}/{a}.verdict.json") for a in own}
            downloads = [
                (f"{a} {kind}", f"{cut}/{a}.{kind}")
                for a in own
                for kind in ("mp4", "srt", "vtt", "otio", "receipt.json")
            ]
            cuts.append(
                Reviewed(
                    timeline,
                    idea_of(project, cut),
                    {a: f"{cut}/{a}.mp4" for a in own},
                    {a: f"{cut}/{a}.poster.jpg" for a in own},
                    verdicts,
                    downloads,
                    timeline.notes,
                )
            )
        name = brand_of(project).name
        draft.text("delivery/index.html", page(project.slug, name, cuts, idea_notes(project)))

    project.make("review", RENDER_VERSION, inputs, write)


def _named(function: Any, aspect: str) -> Any:
    """`function` for one aspect, with the name and text that its gate shows."""
    bound = partial(function, aspect=aspect)
    bound.__name__ = function.__name__  # type: ignore[attr-defined]  # a partial takes attributes
    bound.__doc__ = function.__doc__
    return bound


CUTDOWN_DEPS = ("timelines", "footage", "soundtracks", "brand_kit", "music", "processing_plan")


def _cutdown_step(aspect: str) -> Step:
    return Step(
        f"cutdowns/{aspect}",
        "delivery",
        f"Every timeline rendered in {aspect.replace('x', ':')}: file, captions, timeline, poster, "
        "receipt, verdict.",
        CUTDOWN_DEPS,
        RENDER_VERSION,
        partial(write_summary, aspect=aspect),
        partial(artefact_versions, aspect=aspect),
        describe=partial(describe_cutdowns, aspect=aspect),
        gates=(_named(every_cutdown_is_judged, aspect),),
        kinds=("ffmpeg", "mp4"),
        pool="encode",
        whole=partial(cutdowns_are_whole, aspect=aspect),
    )


AUTOMATED = "dagster/from_automation_condition"
"""Tag of the runs that no person, schedule or sensor of ours asked for."""
CUTDOWN_STEPS = tuple(_cutdown_step(a) for a in ASPECTS)


def due_aspects(project: Project, selected: Sequence[str], asked: bool = True) -> list[str]:
    """Of the selected aspects those that the run's settings name.

    Without settings: a person who selected some of the six wants these. All six, and whatever
    automation selected (`asked` is false: nobody did), stand for what the brief asks for.
    Raises VideoAssetsError where that leaves nothing of what a person selected.
    """
    from video_assets.editorial.brief import load_brief

    wanted: Sequence[str] = project.options.aspects
    if not wanted and not (asked and set(selected) != set(ASPECTS)):
        wanted = load_brief(project.path("brief.yaml")).aspects
    due = [a for a in selected if not wanted or a in wanted]
    if asked and not due:
        raise VideoAssetsError(
            f"nothing to make: the run selected {', '.join(selected)}, its settings ask for "
            f"{', '.join(wanted)}"
        )
    return due


def cutdowns_asset() -> dg.AssetsDefinition:
    """Six aspects, one decode: one multi-asset of which any part can be made alone."""

    @dg.multi_asset(
        name="cutdowns",
        specs=[spec_of(s, skippable=True) for s in CUTDOWN_STEPS],
        can_subset=True,
        pool="encode",
    )
    def cutdowns(context: dg.AssetExecutionContext, library: Library):  # type: ignore[no-untyped-def]  # Dagster refuses a generic result type here
        selected = [a for a in ASPECTS if key_of(f"cutdowns/{a}") in context.selected_asset_keys]
        try:
            project = library.project(context.partition_key)
            by_automation = AUTOMATED in context.run.tags
            aspects = due_aspects(project, selected, asked=not by_automation)
            held_back(project, CUTDOWN_STEPS[0])
            with project.leased():
                problems = make_cutdowns(project, aspects)
                made = [
                    (s, s.run(project)) for s in CUTDOWN_STEPS if s.name.split("/")[1] in aspects
                ]
                write_review(project)
        except VideoAssetsError as error:
            raise failure("cutdowns", error) from error
        for step, one in made:
            yield report(key_of(step.name), project, one, step.describe(project))
        if problems:  # what could be made is made, recorded and on the page
            raise failure("cutdowns", VideoAssetsError("\n".join(problems)))

    return cutdowns
