"""Where a clip is used, and what a cutdown is made of: by tables, timelines and manifests."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from video_assets.foundation.errors import ProjectError, VideoAssetsError
from video_assets.foundation.records import (
    FootageRow,
    Line,
    PictureCut,
    Publication,
    SoundCut,
    Timeline,
)
from video_assets.foundation.store import Manifest, Project, digest_of
from video_assets.orchestration.assets.editorial import timelines_of
from video_assets.orchestration.assets.library import LINES, footage_before
from video_assets.orchestration.publishing import cutdown_manifests
from video_assets.orchestration.rounds import outbox_of
from video_assets.orchestration.standing import State, standing

SHORTEST = 6
"""Digits of a clip's digest that are enough to name it, where they are unique."""


@dataclass(frozen=True, slots=True)
class Use:
    """A stretch of a clip on a timeline. Seconds."""

    cut_id: str
    track: str
    start: Fraction
    """On the timeline."""
    duration: Fraction
    path: str
    clip_id: str
    source_start: Fraction
    """On the clip's clock."""
    take_id: str = ""
    says: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A cutdown that was made."""

    cut_id: str
    aspect: str
    file: str
    sha256: str
    state: State
    why: str
    """What is wrong; empty where it is publishable."""
    posts: tuple[str, ...] = ()
    """Channel, state and the channel's own name of each of its publications."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What was asked for, and everything that it is used in or made of."""

    asked: str
    kind: str
    """clip or cut."""
    paths: tuple[FootageRow, ...]
    """The clip's paths, copies among them; the clips of a cut."""
    uses: tuple[Use, ...]
    cutdowns: tuple[Made, ...]
    more: dict[str, Any] = field(default_factory=dict)
    """Of a cut: title, seconds, fps, music, texts; of a clip: digest, seconds, lines."""


def trace(project: Project, asked: str) -> Trace:
    """Where a clip (its path or the first digits of its digest) is used, or what a cut (`r1-02`, or
    `r1-02 9x16`) is made of.

    Cutdowns that are older than today's timeline of their cut speak for themselves: what their
    stored timeline uses counts too. Reads only what lies in the project: the footage may be
    OFFLINE. Raises ProjectError where nothing has that name, or several clips have.
    """
    timelines = timelines_of(project)
    name, _, aspect = asked.strip().replace(":", "x").replace("/", " ").partition(" ")
    line = next((t for t in timelines if t.cut_id == name), None)
    rows = footage_before(project)
    if line is not None:
        return _of_cut(project, asked, line, aspect.strip(), rows)
    return _of_clip(project, asked.strip(), rows, timelines)


def _of_cut(
    project: Project, asked: str, line: Timeline, aspect: str, rows: Sequence[FootageRow]
) -> Trace:
    made = [m for m in _made(project, (line.cut_id,)) if aspect in ("", m.aspect)]
    if aspect and not made:
        known = ", ".join(m.aspect for m in _made(project, (line.cut_id,))) or "none yet"
        raise ProjectError(f"{line.cut_id} has no cutdown {aspect!r}; there are {known}")
    stored = _stored(project, line.cut_id, {line.cut_id: line})
    line = next((own for one, own in stored if one.facts["aspect"] == aspect), line)
    uses = tuple(_uses(line, _said(project)))
    clips = {use.clip_id for use in uses}
    paths = tuple(r for r in rows if r.clip_id in clips and r.role in ("clip", "sound"))
    more: dict[str, Any] = {"title": line.title, "seconds": line.duration, "fps": line.fps}
    if line.music is not None:
        more["music"] = line.music.path
    more["texts"] = [t.text for t in line.titles]
    return Trace(asked, "cut", paths, uses, tuple(made), more)


def _of_clip(
    project: Project, asked: str, rows: Sequence[FootageRow], timelines: Sequence[Timeline]
) -> Trace:
    clip_id = _clip_id(project, asked, rows)
    said = _said(project)
    today = {t.cut_id: t for t in timelines}
    lines = [*timelines, *(line for _, line in _stored(project, "", today))]
    every = (u for t in lines for u in _uses(t, said) if u.clip_id == clip_id)
    uses = list(dict.fromkeys(every))
    cuts = tuple(dict.fromkeys(u.cut_id for u in uses))
    paths = tuple(r for r in rows if r.clip_id == clip_id)
    spoken = [line for line in said.values() if line.clip_id == clip_id]
    more = {
        "clip_id": clip_id,
        "seconds": next((r.duration for r in paths), Fraction(0)),
        "lines": len(spoken),
    }
    return Trace(asked, "clip", paths, tuple(uses), tuple(_made(project, cuts)), more)


def _stored(
    project: Project, cut: str, today: Mapping[str, Timeline]
) -> list[tuple[Manifest, Timeline]]:
    """Cutdowns that were made from another timeline than today's, with the one that lies beside
    them. Of one cut, or of all (empty); what cannot be read is left out."""
    from video_assets.editorial.timeline import from_otio

    digests = {name: digest_of(line) for name, line in today.items()}
    found = []
    for one in cutdown_manifests(project):
        name = one.facts["cut_id"]
        if cut not in ("", name) or one.inputs.get("timeline") == digests.get(name, ""):
            continue
        file = project.path(f"delivery/{name}/{one.facts['aspect']}.otio")
        try:
            found.append((one, from_otio(file.read_text(encoding="utf-8"))))
        except (VideoAssetsError, OSError, ValueError):
            continue
    return found


def _clip_id(project: Project, asked: str, rows: Sequence[FootageRow]) -> str:
    """Of the path, the path's last part where that is unique, or the first digits of the digest."""
    own = [r for r in rows if r.clip_id and r.role in ("clip", "sound", "duplicate", "dead")]
    named = (
        [r for r in own if asked in (r.path, str(project.footage_root / r.path))],
        [r for r in own if repr(r.path)[1:-1] == asked],  # as it is shown
        [r for r in own if len(asked) >= SHORTEST and r.clip_id.startswith(asked)],
        [r for r in own if r.path.rpartition("/")[2] == asked],
    )
    for some in named:
        found = {r.clip_id: r.path for r in some}
        if len(found) > 1:
            raise ProjectError(
                f"{asked!r} is several clips: {', '.join(sorted(found.values()))}; give one of "
                "these paths"
            )
        if found:
            return next(iter(found))
    cuts = ", ".join(t.cut_id for t in timelines_of(project))
    raise ProjectError(
        f"project {project.slug} has neither a clip nor a cut called {asked!r}; the cuts are "
        f"{cuts or 'not made yet'}, `video-assets status {project.slug}` lists the clips, "
        f"of a digest {SHORTEST} digits are needed"
    )


def _said(project: Project) -> dict[str, Line]:
    try:
        lines: list[Line] = project.read(LINES, Line)
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {line.line_id: line for line in lines}


def _uses(line: Timeline, said: dict[str, Line]) -> Iterable[Use]:
    """Every stretch of a timeline, by track and time."""
    every: list[PictureCut | SoundCut] = [*line.picture, *line.sound]
    for cut in sorted(every, key=lambda c: (c.track, c.start)):
        words = said[cut.line_id].text if cut.line_id in said else ""
        if isinstance(cut, PictureCut):
            start, duration = cut.start / line.fps, cut.frames / line.fps
            take, why = cut.take_id, cut.why
        else:
            start, duration, take, why = cut.start, cut.duration, "", ""
        yield Use(
            line.cut_id, cut.track, start, duration, cut.path, cut.clip_id, cut.source_start,
            take, words, why,
        )  # fmt: skip


def _made(project: Project, cuts: Sequence[str]) -> list[Made]:
    posts = outbox_of(project).rows() if cuts else []
    lines = {t.cut_id: t for t in timelines_of(project)} if cuts else {}
    found = [m for m in cutdown_manifests(project) if m.facts["cut_id"] in cuts]
    return [_one_made(project, m, lines.get(m.facts["cut_id"]), posts) for m in found]


def _one_made(
    project: Project, one: Manifest, line: Timeline | None, posts: Sequence[Publication]
) -> Made:
    cut, aspect = one.facts["cut_id"], one.facts["aspect"]
    sent = tuple(
        f"{p.channel} {p.state} {p.remote_id}".strip()
        for p in posts
        if (p.cut_id, p.aspect) == (cut, aspect)
    )
    file = project.path(f"delivery/{cut}/{aspect}.mp4")
    return Made(
        cut, aspect, str(file), str(one.facts["sha256"]), *standing(project, one, line), sent
    )
