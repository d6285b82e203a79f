"""What to say, and which pictures say it: from the brief to the timelines."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from video_assets.foundation.errors import BriefError
from video_assets.foundation.records import (
    FootageRow,
    Idea,
    Line,
    MusicCue,
    Shot,
    Soundtrack,
    Tag,
    Take,
    Timeline,
    Word,
    from_plain,
)
from video_assets.foundation.store import Draft, Project, digest_of, sha256_file, write_atomic
from video_assets.orchestration.assets import library
from video_assets.orchestration.steps import Step, files_digest, version_of

if TYPE_CHECKING:
    from video_assets.editorial.brief import Brief

BRIEF = "editorial/brief.json"
PLAN = "editorial/plan.json"
IDEAS = "editorial/ideas.json"
TAKES = "editorial/takes.parquet"
TIMELINES = "editorial/timelines"
MUSIC_KINDS = (".wav", ".mp3", ".m4a", ".flac", ".aac", ".ogg", ".opus")


def brief_of(project: Project) -> "Brief":
    """The validated brief.yaml."""
    from video_assets.editorial.brief import load_brief

    return load_brief(project.path("brief.yaml"))


def brief_in(text: str, path: Path) -> "Brief":
    """The brief in a text that would lie at `path`; BriefError where it does not hold together."""
    from video_assets.editorial.brief import load_brief

    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / path.name
        draft.write_text(text, encoding="utf-8")
        return load_brief(draft)


def set_tier(project: Project, tier: str) -> None:
    """Writes `tier:` into brief.yaml, keeping everything else a person wrote."""
    brief_of(project)
    path = project.path("brief.yaml")
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("tier:")]
    at = next((i for i, line in enumerate(lines) if line.startswith("tier:")), len(kept))
    text = "\n".join([*kept[:at], f"tier: {tier}", *kept[at:]]) + "\n"
    try:
        brief_in(text, path)
    except BriefError as error:
        raise BriefError(f"{path}: write `tier: {tier}` into it yourself: {error}") from error
    write_atomic(path, text)


# brief


def brief_files(project: Project) -> dict[str, str]:
    """The files that people write, and the references."""
    names = ("brief.yaml", "rights.yaml", "people.yaml", "references")
    return {name: files_digest([project.root / name]) for name in names}


def make_brief(project: Project, draft: Draft) -> None:
    """The brief as it was understood."""
    draft.json(BRIEF, brief_of(project).model_dump(mode="json"))


def describe_brief(project: Project) -> Mapping[str, Any]:
    """What it asks for."""
    found = project.read_json(BRIEF)
    return {k: v for k, v in found.items() if v not in (None, "", [], {})}


def brief_holds_together(project: Project) -> list[str]:
    """The brief is valid and does not contradict itself."""
    try:
        brief_of(project)
    except BriefError as error:
        return str(error).splitlines()
    return []


# processing_plan


def engines_here(project: Project) -> dict[str, str]:
    """Which engines this machine has."""
    from video_assets.models.routes import available

    return {"engines": digest_of([[e.capability, e.name, e.available] for e in available()])}


def make_plan_file(project: Project, draft: Draft) -> None:
    """Engines, tier and limits for every capability."""
    from video_assets.editorial.plan import make_plan
    from video_assets.models.routes import available

    rows = project.read(library.FOOTAGE, FootageRow)
    draft.json(PLAN, make_plan(brief_of(project), rows, available()))


def describe_plan(project: Project) -> Mapping[str, Any]:
    """The chosen engine of every capability."""
    from video_assets.editorial.plan import read_plan

    plan = read_plan(project.path(PLAN))
    return {"chosen": dict(plan.chosen()), "tier": plan.tier}


def every_capability_has_an_engine(project: Project) -> list[str]:
    """Every capability has an engine that is available here."""
    from video_assets.editorial.plan import read_plan

    return read_plan(project.path(PLAN)).problems()


# ideas


def make_ideas_file(project: Project, draft: Draft) -> None:
    """One round of ideas, and the durations that were refused."""
    from video_assets.editorial.ideas import make_ideas
    from video_assets.editorial.plan import read_plan

    ideas, refusals = make_ideas(
        brief_of(project),
        read_plan(project.path(PLAN)),
        project.read(library.FOOTAGE, FootageRow),
        project.read(library.SHOTS, Shot),
        project.read(library.WORDS, Word),
        project.read(library.LINES, Line),
        project.read(library.TAGS, Tag),
        project.read(library.SOUNDTRACKS, Soundtrack),
    )
    draft.json(
        IDEAS,
        {"ideas": list(ideas), "refused": [{"duration": d, "why": w} for d, w in refusals]},
    )
    draft.facts.update(ideas=len(ideas), refused=len(refusals))


def ideas_of(project: Project) -> list[Idea]:
    """The ideas of the present round."""
    return [from_plain(Idea, plain) for plain in project.read_json(IDEAS)["ideas"]]


def idea_notes(project: Project) -> tuple[str, ...]:
    """What people should know: refused durations, what was shortened or is missing."""
    if not project.path(IDEAS).is_file():
        return ()
    found = project.read_json(IDEAS)
    refused = [f"{r['why']}" for r in found["refused"]]
    return tuple(refused + [f"{i['cut_id']}: {n}" for i in found["ideas"] for n in i["notes"]])


def describe_ideas(project: Project) -> Mapping[str, Any]:
    """Hooks, beats, refusals."""
    ideas = ideas_of(project)
    table = [
        {
            "cut": i.cut_id,
            "recipe": i.recipe,
            "seconds": float(i.duration),
            "hook": i.hook,
            "hook score": round(i.hook_score, 2),
            "beats": " / ".join(f"{b.kind}: {b.text}" for b in i.beats),
            "call to action": i.call_to_action,
        }
        for i in ideas
    ]
    return {"rows": len(ideas), "ideas": table or "none", "notes": list(idea_notes(project))}


def ideas_meet_the_rubric(project: Project) -> list[str]:
    """Every idea has hook, beats and length; forbidden words are absent; some idea is there."""
    from video_assets.editorial.gates import ideas_meet_the_rubric as inspect

    ideas = ideas_of(project)
    if not ideas:
        return list(idea_notes(project)) or ["the library fills no idea"]
    return inspect(ideas, brief_of(project))


# selected_takes


def make_takes(project: Project, draft: Draft) -> None:
    """Chosen takes with every score term."""
    from video_assets.editorial.takes import select_takes

    read = project.read
    takes: list[Take] = []
    for idea in ideas_of(project):
        takes += select_takes(
            idea,
            brief_of(project),
            read(library.FOOTAGE, FootageRow),
            read(library.SHOTS, Shot),
            read(library.WORDS, Word),
            read(library.LINES, Line),
            read(library.SOUNDTRACKS, Soundtrack),
            read(library.TAGS, Tag),
        )
    draft.records(TAKES, Take, takes)
    draft.facts["takes"] = len(takes)


def brief_as_understood(project: Project) -> dict[str, str]:
    """The brief, which decides which lines may be used."""
    return {"brief": version_of(project, "brief")}


def takes_of(project: Project, cut_id: str) -> list[Take]:
    """The takes of one cut."""
    return [t for t in project.read(TAKES, Take) if t.cut_id == cut_id]


def describe_takes(project: Project) -> Mapping[str, Any]:
    """Why each was chosen, and what they look like."""
    takes = project.read(TAKES, Take)
    shots = {s.shot_id: s for s in project.read(library.SHOTS, Shot)}
    shown = [t for t in takes if shots[t.shot_id].stills][:24]
    from video_assets.library.sheets import contact_sheet

    stills = [
        project.workspace.root / shots[t.shot_id].stills[len(shots[t.shot_id].stills) // 2]
        for t in shown
    ]
    table = [
        {
            "cut": t.cut_id,
            "role": t.role,
            "start": round(float(t.start), 3),
            "end": round(float(t.end), 3),
            "score": round(t.score, 3),
            "why": t.why,
        }
        for t in takes
    ]
    return {
        "rows": len(takes),
        "sheet": contact_sheet(stills, [f"{t.cut_id} {t.role} {t.score:.2f}" for t in shown]),
        "takes": table or "none",
    }


def takes_are_inside_their_clips(project: Project) -> list[str]:
    """Every take lies inside its shot, and none is vetoed."""
    from video_assets.editorial.gates import takes_are_inside_their_clips as inspect

    return inspect(
        project.read(TAKES, Take),
        project.read(library.FOOTAGE, FootageRow),
        project.read(library.SHOTS, Shot),
    )


# timelines


def music_of(project: Project) -> MusicCue | None:
    """The bed: the named file, else the first in music/. BriefError where it is absent."""
    wanted = str(brief_of(project).music)
    folder = project.path("music")
    files = sorted(
        p
        for p in folder.glob("*")
        if p.suffix.lower() in MUSIC_KINDS and p.is_file() and not p.name.startswith(".")
    )
    if wanted == "none":
        return None
    if wanted != "auto":
        files = [p for p in files if p.name == wanted]
        if not files:
            raise BriefError(
                f"{project.path('brief.yaml')}: music: {wanted} is not in {folder}; "
                "put it there, or say auto or none"
            )
    if not files:
        return None
    return MusicCue(f"music/{files[0].name}", sha256_file(files[0]))


def make_timelines(project: Project, draft: Draft) -> None:
    """One OTIO file an idea."""
    from video_assets.editorial.assembly import assemble
    from video_assets.editorial.timeline import to_otio

    rows = project.read(library.FOOTAGE, FootageRow)
    shots = project.read(library.SHOTS, Shot)
    words = project.read(library.WORDS, Word)
    sounds = project.read(library.SOUNDTRACKS, Soundtrack)
    brief, music = brief_of(project), music_of(project)
    for idea in ideas_of(project):
        takes = takes_of(project, idea.cut_id)
        timeline = assemble(idea, takes, brief, rows, shots, words, sounds, music)
        text = to_otio(timeline, rows, project.footage_root)
        draft.text(f"{TIMELINES}/{idea.cut_id}.otio", text)
        draft.facts[idea.cut_id] = f"{timeline.frames} frames"


def timeline_inputs(project: Project) -> dict[str, str]:
    """Where the clips lie, and what their sound and shots are like."""
    others = {name: version_of(project, name) for name in ("shot_index", "soundtracks")}
    root = str(project.footage_root)  # media addresses in a timeline are absolute
    return {**library.clips_as_named(project), **others, "root": root}


def timelines_of(project: Project) -> list[Timeline]:
    """All timelines, by cut id."""
    from video_assets.editorial.timeline import from_otio

    folder = project.path(TIMELINES)
    manifest = project.manifest("timelines")
    names = [o.path for o in manifest.outputs] if manifest else []
    paths = [folder / Path(name).name for name in sorted(names)]
    return [from_otio(p.read_text(encoding="utf-8")) for p in paths if p.is_file()]


def describe_timelines(project: Project) -> Mapping[str, Any]:
    """Cuts by timeline."""
    found = timelines_of(project)
    table = [
        {
            "cut": t.cut_id,
            "track": c.track,
            "frames": f"{c.start}-{c.end}",
            "clip": c.path,
            "from": round(float(c.source_start), 3),
            "why": c.why,
        }
        for t in found
        for c in t.picture
    ]
    return {
        "rows": len(found),
        "cuts": table or "none",
        "notes": [f"{t.cut_id}: {n}" for t in found for n in t.notes],
    }


def timelines_last_as_asked(project: Project) -> list[str]:
    """Every idea has a timeline of exactly its length."""
    from video_assets.editorial.gates import lasts_as_asked

    by_id = {t.cut_id: t for t in timelines_of(project)}
    problems = []
    for idea in ideas_of(project):
        if idea.cut_id not in by_id:
            problems.append(f"{idea.cut_id} has no timeline")
        else:
            problems += lasts_as_asked(by_id[idea.cut_id], idea)
    return problems


def no_word_is_cut(project: Project) -> list[str]:
    """No sound begins or ends inside a spoken word."""
    from video_assets.editorial.gates import no_word_is_cut as inspect

    words = project.read(library.WORDS, Word)
    return [p for t in timelines_of(project) for p in inspect(t, words)]


def no_footage_is_shown_twice(project: Project) -> list[str]:
    """No frame of the footage is shown twice in one cut."""
    from video_assets.editorial.gates import no_footage_twice

    return [p for t in timelines_of(project) for p in no_footage_twice(t)]


def round_trip_is_exact(project: Project) -> list[str]:
    """Every timeline, read and written again, is the same bytes."""
    from video_assets.editorial.timeline import from_otio, to_otio

    rows = project.read(library.FOOTAGE, FootageRow)
    problems = []
    for idea in ideas_of(project):
        path = project.path(f"{TIMELINES}/{idea.cut_id}.otio")
        text = path.read_text(encoding="utf-8")
        if to_otio(from_otio(text), rows, project.footage_root) != text:
            problems.append(f"{idea.cut_id}: {path.name} changes when it is read and written")
    return problems


STEPS = (
    Step(
        "brief",
        "editorial",
        "What the brand wants, validated; its digest is the data version.",
        (),
        "1",
        make_brief,
        brief_files,
        describe_brief,
        (brief_holds_together,),
        ("yaml",),
        owner="team:marketing",
    ),
    Step(
        "processing_plan",
        "editorial",
        "The director's plan: for every capability the engines in order, tier and limits.",
        ("brief", "footage"),
        "1",
        make_plan_file,
        engines_here,
        describe_plan,
        (every_capability_has_an_engine,),
        ("json",),
    ),
    Step(
        "ideas",
        "editorial",
        "Rounds of ideas: hook, beats, shot list, call to action, upload text.",
        (
            "brief",
            "processing_plan",
            "shot_index",
            "transcripts",
            "frame_index",
            "shot_tags",
            "learnings",
        ),
        "1",
        make_ideas_file,
        library.clips_as_named,
        describe_ideas,
        gates=(ideas_meet_the_rubric,),
        kinds=("json",),
        owner="team:marketing",
    ),
    Step(
        "selected_takes",
        "editorial",
        "Chosen takes and B-roll with every score term and alternates.",
        (
            "ideas",
            "processing_plan",
            "footage",
            "shot_index",
            "soundtracks",
            "transcripts",
            "frame_index",
            "shot_tags",
            "edits",
        ),
        "1",
        make_takes,
        brief_as_understood,
        describe_takes,
        gates=(takes_are_inside_their_clips,),
        kinds=("parquet",),
        owner="team:editors",
    ),
    Step(
        "timelines",
        "editorial",
        "One OpenTimelineIO timeline an idea, on exact frames, with captions and sound plan.",
        ("selected_takes", "ideas", "transcripts", "brief", "edits", "music"),
        "1",
        make_timelines,
        timeline_inputs,
        describe_timelines,
        gates=(
            timelines_last_as_asked,
            no_word_is_cut,
            no_footage_is_shown_twice,
            round_trip_is_exact,
        ),
        kinds=("otio",),
        owner="team:editors",
    ),
)
