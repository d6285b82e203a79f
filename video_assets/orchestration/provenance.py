"""Where a clip is used, and what a cutdown is made of: by tables, timelines and manifests.

Reading a timeline takes a hundredth of a second, so only those are read that name what is asked
for; of tables, only the rows.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from video_assets.foundation.buckets import shown
from video_assets.foundation.errors import ProjectError, VideoAssetsError
from video_assets.foundation.records import (
    FootageRow,
    Line,
    PictureCut,
    Publication,
    SoundCut,
    Timeline,
)
from video_assets.foundation.store import Manifest, Project
from video_assets.orchestration.assets.library import FOOTAGE, LINES, footage_before
from video_assets.orchestration.publishing import cutdown_manifests
from video_assets.orchestration.rounds import outbox_of
from video_assets.orchestration.standing import State, standing

_OWN = ("clip", "sound", "duplicate", "dead")
"""Roles whose content may be asked for."""
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
    from video_assets.editorial.timeline import from_otio

    texts = _today(project)
    name, _, aspect = asked.strip().replace(":", "x").replace("/", " ").partition(" ")
    if name in texts:
        return _of_cut(project, asked, from_otio(texts[name]), aspect.strip(), texts)
    return _of_clip(project, asked.strip(), texts)


def _today(project: Project) -> dict[str, str]:
    """The text of today's timelines, by cut."""
    manifest = project.manifest("timelines")
    paths = [project.path(o.path) for o in manifest.outputs] if manifest else []
    return {p.stem: p.read_text(encoding="utf-8") for p in sorted(paths) if p.is_file()}


def _of_cut(
    project: Project, asked: str, line: Timeline, aspect: str, texts: Mapping[str, str]
) -> Trace:
    every = _made(project, {line.cut_id: line})
    made = [m for m in every if aspect in ("", m.aspect)]
    if aspect and not made:
        known = ", ".join(m.aspect for m in every) or "none yet"
        raise ProjectError(f"{line.cut_id} has no cutdown {aspect!r}; there are {known}")
    stored = _stored(project, texts, cut=line.cut_id)
    line = next((own for one, own in stored if one.facts["aspect"] == aspect), line)
    uses = tuple(_uses(line, _said(project, [line])))
    clips = {use.clip_id for use in uses}
    rows = _rows(project, "clip_id", clips)
    paths = tuple(r for r in rows if r.role in ("clip", "sound"))
    more: dict[str, Any] = {"title": line.title, "seconds": line.duration, "fps": line.fps}
    if line.music is not None:
        more["music"] = line.music.path
    more["texts"] = [t.text for t in line.titles]
    return Trace(asked, "cut", paths, uses, tuple(made), more)


def _of_clip(project: Project, asked: str, texts: Mapping[str, str]) -> Trace:
    from video_assets.editorial.timeline import from_otio

    exact = [r.clip_id for r in _rows(project, "path", [asked]) if r.clip_id and r.role in _OWN]
    # any other name than the path takes a look at all rows
    clip_id = exact[0] if exact else _clip_id(project, asked, footage_before(project), texts)
    rows = _rows(project, "clip_id", [clip_id])
    today = {cut: from_otio(text) for cut, text in texts.items() if clip_id in text}
    lines = [*today.values(), *(line for _, line in _stored(project, texts, clip_id=clip_id))]
    said = _said(project, lines)
    every = (u for t in lines for u in _uses(t, said) if u.clip_id == clip_id)
    uses = list(dict.fromkeys(every))
    used = {u.cut_id: None for u in uses}
    for cut in used.keys() - today.keys():
        if cut in texts:
            today[cut] = from_otio(texts[cut])
    made = _made(project, {cut: today.get(cut) for cut in used})
    paths = tuple(r for r in rows if r.clip_id == clip_id)
    more = {
        "clip_id": clip_id,
        "seconds": next((r.duration for r in paths), Fraction(0)),
        "lines": len(_lines(project, "clip_id", [clip_id])),
    }
    return Trace(asked, "clip", paths, tuple(uses), tuple(made), more)


def _stored(
    project: Project, texts: Mapping[str, str], cut: str = "", clip_id: str = ""
) -> list[tuple[Manifest, Timeline]]:
    """Cutdowns beside which another timeline lies than today's, with that one: those of a cut, or
    those that show a clip. What cannot be read is left out."""
    from video_assets.editorial.timeline import from_otio

    found = []
    for one in cutdown_manifests(project):
        name = one.facts["cut_id"]
        if cut not in ("", name):
            continue
        file = project.path(f"delivery/{name}/{one.facts['aspect']}.otio")
        try:
            text = file.read_text(encoding="utf-8")
            if text != texts.get(name) and clip_id in text:
                found.append((one, from_otio(text)))
        except (VideoAssetsError, OSError, ValueError):
            continue
    return found


def _clip_id(project: Project, asked: str, rows: Sequence[FootageRow], cuts: Iterable[str]) -> str:
    """Of the path, the path's last part where that is unique, or the first digits of the digest."""
    own = [r for r in rows if r.clip_id and r.role in _OWN]
    root = project.footage_root
    named = (
        [r for r in own if asked in (r.path, shown(root, r.path))],
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
    raise ProjectError(
        f"project {project.slug} has neither a clip nor a cut called {asked!r}; the cuts are "
        f"{', '.join(sorted(cuts)) or 'not made yet'}, "
        f"`video-assets status {project.slug}` lists the clips, "
        f"of a digest {SHORTEST} digits are needed"
    )


def _said(project: Project, timelines: Iterable[Timeline]) -> dict[str, Line]:
    """The sentences that timelines speak, by line_id."""
    names: set[str] = set()
    for line in timelines:
        names |= {c.line_id for c in line.picture} | {c.line_id for c in line.sound}
    return {line.line_id: line for line in _lines(project, "line_id", names)}


def _lines(project: Project, field: str, wanted: Collection[str]) -> list[Line]:
    try:
        return project.read(LINES, Line, (field, wanted))
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _rows(project: Project, field: str, wanted: Collection[str]) -> list[FootageRow]:
    try:
        return project.read(FOOTAGE, FootageRow, (field, wanted))
    except (OSError, ValueError, KeyError, TypeError):
        return []


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


def _made(project: Project, lines: Mapping[str, Timeline | None]) -> list[Made]:
    """The cutdowns of these cuts, each held against today's timeline."""
    posts = outbox_of(project).rows() if lines else []
    found = [m for m in cutdown_manifests(project) if m.facts["cut_id"] in lines]
    return [_one_made(project, m, lines[m.facts["cut_id"]], posts) for m in found]


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
