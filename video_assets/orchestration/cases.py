"""Cutdowns before their judges: the case that every measure is given, built in one place.

The write path builds it of what was just rendered, `video-assets score` of what lies there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from video_assets.foundation.buckets import Root
from video_assets.foundation.errors import VideoAssetsError
from video_assets.foundation.records import FootageRow, Idea, Line, Shot, Timeline, Word
from video_assets.foundation.store import Manifest, Project
from video_assets.orchestration.assets import library
from video_assets.orchestration.assets.editorial import ideas_of, timelines_of
from video_assets.orchestration.steps import ASPECTS, version_of

if TYPE_CHECKING:
    from video_assets.delivery.inspections.case import Case, Tables, Texts
    from video_assets.delivery.inspections.sources import Sources
    from video_assets.editorial.brief import Brief
    from video_assets.editorial.captions import Chunk
    from video_assets.finishing.brand import BrandKit

Crops = Mapping[int, tuple[float, float, float, float]]
"""What each cut (index in `Timeline.picture`) shows: x, y, width, height as shares of the frame."""


def brand_of(project: Project) -> "BrandKit":
    """The brand's kit; a project that names no brand is called by its brief's title."""
    from video_assets.editorial.brief import load_brief
    from video_assets.finishing.brand import load_brand

    named = project.settings.get("brand") or load_brief(project.path("brief.yaml")).title
    return load_brand(project.path("brand"), str(named))


def downgrades_of(project: Project) -> list[str]:
    """Engines lower than planned, unless the brief allows them."""
    from video_assets.editorial.brief import load_brief

    allowed = load_brief(project.path("brief.yaml")).allow.downgrade
    return [] if allowed else library.downgrades(project)


def idea_of(project: Project, cut_id: str) -> Idea | None:
    """What a cut says; None where no idea of that name is there any more."""
    return next((i for i in ideas_of(project) if i.cut_id == cut_id), None)


def rows_of(project: Project) -> dict[str, FootageRow]:
    """The footage table by path."""
    return {r.path: r for r in project.read(library.FOOTAGE, FootageRow)}


def tables_of(project: Project, rows: Mapping[str, FootageRow]) -> "Tables":
    """What the inspections know of the library."""
    from video_assets.delivery.inspections.case import Tables

    spoken: dict[str, list[Word]] = {}
    for word in project.read(library.WORDS, Word):
        spoken.setdefault(word.clip_id, []).append(word)
    lines = {line.line_id: line for line in project.read(library.LINES, Line)}
    shots = {shot.shot_id: shot for shot in project.read(library.SHOTS, Shot)}
    return Tables(rows, spoken, lines, shots)


def crops_of(timeline: Timeline, rows: Mapping[str, FootageRow], aspect: str) -> Crops:
    """What each cut shows of its picture in this aspect. VideoAssetsError: a clip is not known."""
    from video_assets.finishing.reframe import crop_for

    found = {}
    for number, cut in enumerate(timeline.picture):
        row = rows.get(cut.path)
        if row is None:
            raise VideoAssetsError(
                f"{timeline.cut_id} uses {cut.path}, which is not in the footage"
            )
        crop = crop_for(cut, row, aspect)
        found[number] = (
            crop.x / row.width,
            crop.y / row.height,
            crop.width / row.width,
            crop.height / row.height,
        )
    return found


@dataclass(frozen=True)
class Shared:
    """What all aspects of one cut are judged by."""

    timeline: Timeline
    rows: Mapping[str, FootageRow]
    """By path."""
    root: Root
    """The footage folder."""
    brief: "Brief"
    brand: "BrandKit"
    idea: Idea | None
    tables: "Tables"
    sources: "Sources"
    """Stretches that one aspect looked at are kept for the others."""
    chunks: Sequence["Chunk"]
    """Captions that are burned in where the aspect has them."""
    srt: str
    vtt: str
    music: Path | None
    downgrades: Sequence[str]

    def otio(self, aspect: str, crops: Crops) -> str:
        """The timeline as its .otio file."""
        from video_assets.editorial.timeline import to_otio

        return to_otio(self.timeline, list(self.rows.values()), self.root, aspect, crops)

    def texts(self, aspect: str, otio: str) -> "Texts":
        """What goes out beside the picture."""
        from video_assets.delivery.inspections.case import Texts
        from video_assets.finishing.formats import BURNED

        return Texts(self.srt, self.vtt, otio, self.chunks if aspect in BURNED else ())

    def case(
        self,
        aspect: str,
        file: Path,
        size: tuple[int, int],
        crops: Crops,
        texts: "Texts",
        silent: bool,
        upscale: float,
    ) -> "Case":
        """One aspect of it, as `file` shows it."""
        from video_assets.delivery.inspections.case import Case

        return Case(
            file,
            self.timeline,
            aspect,
            size,
            crops,
            self.tables,
            self.sources,
            self.brief,
            self.brand,
            texts,
            self.idea,
            silent,
            upscale,
            self.music,
            self.downgrades,
        )


def shared(project: Project, timeline: Timeline, rows: Mapping[str, FootageRow]) -> Shared:
    """Everything that the cutdowns of a timeline are judged by, read from the project."""
    from video_assets.delivery.inspections.sources import Sources
    from video_assets.editorial.brief import load_brief
    from video_assets.editorial.captions import sidecar_cues, social_chunks, srt, vtt

    brief = load_brief(project.path("brief.yaml"))
    captioned = bool(timeline.words) and not timeline.captions_note and brief.captions != "off"
    cues = sidecar_cues(timeline) if captioned else []
    return Shared(
        timeline,
        rows,
        project.footage_root,
        brief,
        brand_of(project),
        idea_of(project, timeline.cut_id),
        tables_of(project, rows),
        Sources(project.footage_root, rows),
        tuple(social_chunks(timeline)) if captioned else (),
        srt(cues),
        vtt(cues, timeline.words if captioned else ()),
        project.path(timeline.music.path) if timeline.music else None,
        downgrades_of(project),
    )


def stored_cutdowns(project: Project) -> list[Manifest]:
    """The records of all cutdowns that lie there, by cut, then aspect."""
    found = [m for m in project.manifests("artefacts") if m.facts.get("aspect") in ASPECTS]
    return sorted(found, key=lambda m: (m.facts["cut_id"], ASPECTS.index(m.facts["aspect"])))


def stored_case(
    project: Project, one: Manifest, before: Shared | None = None
) -> tuple[Shared, "Case"]:
    """The case of a cutdown that lies there, and what the other aspects of its cut can share.

    File, texts and timeline are those that were stored. VideoAssetsError: one is gone or damaged.
    """
    from video_assets.delivery.inspections.case import Texts
    from video_assets.editorial.timeline import from_otio
    from video_assets.finishing.formats import BURNED
    from video_assets.finishing.reframe import rendition

    cut, aspect = one.facts["cut_id"], one.facts["aspect"]
    base = f"delivery/{cut}/{aspect}"
    written = {}
    for kind in ("srt", "vtt", "otio"):
        try:
            written[kind] = project.path(f"{base}.{kind}").read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise VideoAssetsError(f"{cut} {aspect}: {base}.{kind} cannot be read") from error
    if not project.path(f"{base}.mp4").is_file():
        raise VideoAssetsError(f"{cut} {aspect}: {base}.mp4 is gone")
    timeline = from_otio(written["otio"])
    rows = rows_of(project) if before is None else before.rows
    own = before if before and before.timeline == timeline else shared(project, timeline, rows)
    crops = crops_of(timeline, rows, aspect)
    width, height, upscale = rendition(timeline, rows, aspect)
    burned = own.chunks if aspect in BURNED else ()
    texts = Texts(written["srt"], written["vtt"], written["otio"], burned)
    silent = bool(one.facts.get("silent"))
    file = project.path(f"{base}.mp4")
    return own, own.case(aspect, file, (width, height), crops, texts, silent, upscale)


def stored_cases(project: Project) -> Iterator[tuple[str, str, "Case | None", str]]:
    """Every cutdown that lies there: cut, aspect, its case, or None and why there is none."""
    before: Shared | None = None
    for one in stored_cutdowns(project):
        cut, aspect = one.facts["cut_id"], one.facts["aspect"]
        try:
            before, case = stored_case(project, one, before)
        except VideoAssetsError as error:
            yield cut, aspect, None, str(error)
            continue
        yield cut, aspect, case, ""


def asked_cuts(project: Project) -> dict[str, str]:
    """The cuts that were asked for, of every round that was begun to be rendered.

    By name: the cut's, or `<round> <seconds> s` for a length that was refused, with the reason. A
    round is begun where a cutdown of it lies there, or was to be made and could not.
    """
    from video_assets.editorial.rounds import ideas_in
    from video_assets.orchestration.rounds import rounds_of

    planned = {t.cut_id for t in timelines_of(project)}
    begun = _begun(project, planned)
    found: dict[str, str] = {}
    for entry in rounds_of(project):
        if entry["round"] not in begun:
            continue
        for idea in ideas_in(entry):
            why = "" if idea.cut_id in planned else "it has no timeline"
            found[idea.cut_id] = why
        for refused in entry["refused"]:
            found[f"{entry['round']} {refused['duration']} s"] = str(refused["why"])
    return found


def _begun(project: Project, planned: Iterable[str]) -> set[str]:
    """Rounds of which cutdowns lie there, or of which today's plans went through the render."""
    from video_assets.editorial.rounds import round_of
    from video_assets.orchestration.rounds import rounds_of

    found = {round_of(m.facts["cut_id"]) for m in stored_cutdowns(project)}
    rendered = [project.manifest(f"cutdowns/{aspect}") for aspect in ASPECTS]
    now = version_of(project, "timelines")
    if any(one is not None and one.inputs.get("timelines") == now for one in rendered):
        found |= {round_of(cut) for cut in planned}
        timelines = project.manifest("timelines")
        # a round without any timeline: its ideas were there when the timelines were made
        if timelines is not None and timelines.inputs.get("ideas") == version_of(project, "ideas"):
            found |= {entry["round"] for entry in rounds_of(project)}
    return found
