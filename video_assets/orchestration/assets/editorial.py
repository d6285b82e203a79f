"""What to say, and which pictures say it: from the brief to the timelines."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from video_assets.editorial.rounds import (
    claims_of,
    entry,
    ideas_in,
    number_of,
    open_round,
    round_of,
)
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
)
from video_assets.foundation.store import Draft, Project, sha256_file
from video_assets.orchestration.assets import library
from video_assets.orchestration.assets.briefing import (
    BRIEF_STEP,
    PLAN,
    PLAN_STEP,
    brief_of,
    set_tier,
)
from video_assets.orchestration.rounds import (
    IDEAS,
    TAKES,
    TIMELINES,
    asked_after,
    edits_of,
    frozen_inputs,
    rounds_of,
    sealed,
    settle,
)
from video_assets.orchestration.steps import Step, version_of

__all__ = ["brief_of", "set_tier"]

MUSIC_KINDS = (".wav", ".mp3", ".m4a", ".flac", ".aac", ".ogg", ".opus")


# ideas


def make_ideas_file(project: Project, draft: Draft) -> None:
    """Frozen rounds as they are, and the open round, with the durations that were refused."""
    from video_assets.editorial.ideas import make_ideas
    from video_assets.editorial.plan import read_plan
    from video_assets.orchestration.assets.performance import learnings_of

    frozen = sealed(project)
    learnings = learnings_of(project)
    claims = claims_of(learnings)
    rounds = [dict(s.entry) for s in frozen]
    newest = max((e["round"] for e in rounds_of(project)), key=number_of, default="")
    name = open_round(frozen, claims, asked_after(project), newest)
    if name:
        ideas, refusals = make_ideas(
            brief_of(project),
            read_plan(project.path(PLAN)),
            project.read(library.FOOTAGE, FootageRow),
            project.read(library.SHOTS, Shot),
            project.read(library.WORDS, Word),
            project.read(library.LINES, Line),
            project.read(library.TAGS, Tag),
            project.read(library.SOUNDTRACKS, Soundtrack),
            name,
            learnings,
            [idea for s in frozen for idea in ideas_in(s.entry)],
        )
        refused = [{"duration": d, "why": w} for d, w in refusals]
        rounds.append(entry(name, ideas, refused, claims))
        draft.facts.update(round=name, ideas=len(ideas), refused=len(refused))
    draft.json(IDEAS, {"rounds": rounds})
    draft.facts.update(rounds=len(rounds), frozen=[s.name for s in frozen])


def ideas_inputs(project: Project) -> dict[str, str]:
    """What decides which rounds there are."""
    asked = {"asked after": asked_after(project)}
    return {**library.clips_as_named(project), **frozen_inputs(project), **asked}


def ideas_of(project: Project) -> list[Idea]:
    """The ideas of all rounds."""
    return [idea for e in rounds_of(project) for idea in ideas_in(e)]


def open_ideas(project: Project) -> list[Idea]:
    """The ideas that may still change: those of no frozen round."""
    frozen = {s.name for s in sealed(project)}
    return [i for i in ideas_of(project) if i.round not in frozen]


def idea_notes(project: Project) -> tuple[str, ...]:
    """What people should know of the newest round: refused, shortened, missing, learned."""
    rounds = rounds_of(project)
    if not rounds:
        return ()
    refused = [f"{r['why']}" for r in rounds[-1]["refused"]]
    ideas = ideas_in(rounds[-1])
    notes = [f"{i.cut_id}: {n}" for i in ideas for n in i.notes]
    notes += [f"{i.cut_id} learned: {n}" for i in ideas for n in i.learned]
    known = {i.cut_id for i in ideas_of(project)}
    try:
        edits = edits_of(project)
    except BriefError:
        return (*refused, *notes)  # its own message says what is wrong
    rows = library.footage_before(project)
    notes += [
        f"edits.yaml locks {k.cut}, which does not exist" for k in edits.lock if k.cut not in known
    ]
    notes += [
        f"edits.yaml bans {ban.clip}, which is no clip of this project"
        for ban in edits.ban
        if not any(ban.names(r.path, r.clip_id) for r in rows)
    ]
    return (*refused, *notes)


def describe_ideas(project: Project) -> Mapping[str, Any]:
    """Hooks, beats, refusals."""
    ideas = ideas_of(project)
    frozen = {s.name: ", ".join(s.why) for s in sealed(project)}
    table = [
        {
            "cut": i.cut_id,
            "frozen": frozen.get(i.round, ""),
            "recipe": i.recipe,
            "seconds": float(i.duration),
            "learned": " / ".join(i.learned),
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

    if not ideas_of(project):
        return list(idea_notes(project)) or ["the library fills no idea"]
    return inspect(open_ideas(project), brief_of(project))


def frozen_rounds_are_unchanged(project: Project) -> list[str]:
    """Every frozen round is what it was when it was published, approved or locked."""
    now = {e["round"]: e for e in rounds_of(project)}
    return [
        f"{s.name} differs from what was frozen ({', '.join(s.why)})"
        for s in sealed(project)
        if now.get(s.name) != s.entry
    ]


# selected_takes


def make_takes(project: Project, draft: Draft) -> None:
    """Frozen takes as they are, and the chosen ones of the open round with every score term."""
    from video_assets.editorial.takes import select_takes

    read = project.read
    frozen = sealed(project)
    bans = edits_of(project).ban
    takes: list[Take] = [t for s in frozen for t in s.takes]
    for idea in open_ideas(project):
        takes += select_takes(
            idea,
            brief_of(project),
            read(library.FOOTAGE, FootageRow),
            read(library.SHOTS, Shot),
            read(library.WORDS, Word),
            read(library.LINES, Line),
            read(library.SOUNDTRACKS, Soundtrack),
            read(library.TAGS, Tag),
            bans,
        )
    draft.records(TAKES, Take, takes)
    draft.facts["takes"] = len(takes)


def brief_as_understood(project: Project) -> dict[str, str]:
    """The brief, which decides which lines may be used."""
    return {"brief": version_of(project, "brief"), **frozen_inputs(project)}


def takes_of(project: Project, cut_id: str) -> list[Take]:
    """The takes of one cut."""
    return [t for t in project.read(TAKES, Take) if t.cut_id == cut_id]


def describe_takes(project: Project) -> Mapping[str, Any]:
    """Why each was chosen, and what they look like."""
    takes = project.read(TAKES, Take)
    shots = {s.shot_id: s for s in project.read(library.SHOTS, Shot)}
    # a frozen round may show shots that the library has lost since
    shown = [t for t in takes if t.shot_id in shots and shots[t.shot_id].stills][:24]
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

    frozen = {s.name for s in sealed(project)}
    return inspect(
        [t for t in project.read(TAKES, Take) if round_of(t.cut_id) not in frozen],
        project.read(library.FOOTAGE, FootageRow),
        project.read(library.SHOTS, Shot),
    )


def frozen_takes_are_unchanged(project: Project) -> list[str]:
    """Every frozen round's takes are what they were when it was frozen."""
    now = project.read(TAKES, Take)
    return [
        f"{s.name}: its takes differ from what was frozen ({', '.join(s.why)})"
        for s in sealed(project)
        if tuple(t for t in now if round_of(t.cut_id) == s.name) != s.takes
    ]


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
    """One OTIO file an idea; those of frozen rounds as they are."""
    from video_assets.editorial.assembly import assemble
    from video_assets.editorial.timeline import to_otio

    rows = project.read(library.FOOTAGE, FootageRow)
    shots = project.read(library.SHOTS, Shot)
    words = project.read(library.WORDS, Word)
    sounds = project.read(library.SOUNDTRACKS, Soundtrack)
    for one in sealed(project):
        for cut, text in one.timelines.items():
            draft.text(f"{TIMELINES}/{cut}.otio", text)
            draft.facts[cut] = f"frozen: {', '.join(one.why)}"
    due = open_ideas(project)
    if not due:
        return
    brief, music = brief_of(project), music_of(project)
    for idea in due:
        takes = takes_of(project, idea.cut_id)
        timeline = assemble(idea, takes, brief, rows, shots, words, sounds, music)
        text = to_otio(timeline, rows, project.footage_root)
        draft.text(f"{TIMELINES}/{idea.cut_id}.otio", text)
        draft.facts[idea.cut_id] = f"{timeline.frames} frames"


def timeline_inputs(project: Project) -> dict[str, str]:
    """Where the clips lie, and what their sound and shots are like."""
    others = {name: version_of(project, name) for name in ("shot_index", "soundtracks")}
    root = str(project.footage_root)  # media addresses in a timeline are absolute
    return {**library.clips_as_named(project), **others, "root": root, **frozen_inputs(project)}


def timelines_of(project: Project) -> list[Timeline]:
    """All timelines, by cut id."""
    from video_assets.editorial.timeline import from_otio

    folder = project.path(TIMELINES)
    manifest = project.manifest("timelines")
    names = [o.path for o in manifest.outputs] if manifest else []
    paths = [folder / Path(name).name for name in sorted(names)]
    return [from_otio(p.read_text(encoding="utf-8")) for p in paths if p.is_file()]


def open_timelines(project: Project) -> list[Timeline]:
    """The timelines that may still change: those of no frozen round."""
    frozen = {s.name for s in sealed(project)}
    return [t for t in timelines_of(project) if round_of(t.cut_id) not in frozen]


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
    for idea in open_ideas(project):
        if idea.cut_id not in by_id:
            problems.append(f"{idea.cut_id} has no timeline")
        else:
            problems += lasts_as_asked(by_id[idea.cut_id], idea)
    return problems


def no_word_is_cut(project: Project) -> list[str]:
    """No sound begins or ends inside a spoken word."""
    from video_assets.editorial.gates import no_word_is_cut as inspect

    words = project.read(library.WORDS, Word)
    return [p for t in open_timelines(project) for p in inspect(t, words)]


def no_footage_is_shown_twice(project: Project) -> list[str]:
    """No frame of the footage is shown twice in one cut."""
    from video_assets.editorial.gates import no_footage_twice

    return [p for t in open_timelines(project) for p in no_footage_twice(t)]


def round_trip_is_exact(project: Project) -> list[str]:
    """Every timeline, read and written again, is the same bytes."""
    from video_assets.editorial.timeline import from_otio, to_otio

    rows = project.read(library.FOOTAGE, FootageRow)
    problems = []
    for idea in open_ideas(project):
        path = project.path(f"{TIMELINES}/{idea.cut_id}.otio")
        text = path.read_text(encoding="utf-8")
        if to_otio(from_otio(text), rows, project.footage_root) != text:
            problems.append(f"{idea.cut_id}: {path.name} changes when it is read and written")
    return problems


def frozen_timelines_are_unchanged(project: Project) -> list[str]:
    """Every frozen round's timelines are, byte for byte, what they were when it was frozen."""
    problems = []
    for one in sealed(project):
        for cut, text in one.timelines.items():
            path = project.path(f"{TIMELINES}/{cut}.otio")
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                problems.append(f"{cut} differs from what was frozen ({', '.join(one.why)})")
    return problems


STEPS = (
    BRIEF_STEP,
    PLAN_STEP,
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
        "3",
        make_ideas_file,
        ideas_inputs,
        describe_ideas,
        gates=(ideas_meet_the_rubric, frozen_rounds_are_unchanged),
        prepare=settle,
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
        "2",
        make_takes,
        brief_as_understood,
        describe_takes,
        gates=(takes_are_inside_their_clips, frozen_takes_are_unchanged),
        prepare=settle,
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
            frozen_timelines_are_unchanged,
        ),
        prepare=settle,
        kinds=("otio",),
        owner="team:editors",
    ),
)
