"""What the footage holds: footage, shot_index, soundtracks, transcripts, frame_index, shot_tags."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from video_assets.foundation.errors import ProjectError, VideoAssetsError
from video_assets.foundation.records import (
    DeadLetter,
    FootageRow,
    Line,
    Shot,
    Soundtrack,
    Tag,
    Word,
    to_plain,
)
from video_assets.foundation.store import Draft, Project, digest_of
from video_assets.orchestration.steps import Step

if TYPE_CHECKING:
    from video_assets.library.absence import Sight
    from video_assets.models.embedders import Embedder

FOOTAGE = "library/footage.parquet"
SHOTS = "library/shots.parquet"
SOUNDTRACKS = "library/soundtracks.parquet"
SYNC = "library/sync.parquet"
WORDS = "library/words.parquet"
LINES = "library/lines.parquet"
FRAMES = "library/frames.json"
TAGS = "library/tags.parquet"

LETTERED = ("footage", "shot_index", "soundtracks", "transcripts")
"""Steps that set files aside."""


def dead_letters(project: Project) -> list[DeadLetter]:
    """Everything that was set aside in this project, by path and step."""
    found: list[DeadLetter] = []
    for step in LETTERED:
        path = _letters_path(step)
        if project.path(path).is_file():
            found += project.read(path, DeadLetter)
    return sorted(found, key=lambda d: (d.path, d.step, d.code))


def letters_before(project: Project, step: str) -> list[DeadLetter]:
    """What a step set aside the last time; nothing where that cannot be read."""
    try:
        found: list[DeadLetter] = project.read(_letters_path(step), DeadLetter)
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return found


def is_asked_again(project: Project, step: str) -> bool:
    """Whether a run is asked to try once more what a step has set aside."""
    families = project.options.retry
    return bool(families) and any(d.family in families for d in letters_before(project, step))


def _letters_path(step: str) -> str:
    return f"library/dead_letters/{step}.parquet"


def write_letters(draft: Draft, step: str, letters: list[DeadLetter]) -> None:
    """Writes what a step set aside beside its rows."""
    draft.records(
        _letters_path(step),
        DeadLetter,
        sorted(letters, key=lambda d: (d.path, d.code)),
    )
    draft.facts["dead_letters"] = len(letters)


def footage_rows(project: Project) -> list[FootageRow]:
    """The rows of `footage`."""
    rows: list[FootageRow] = project.read(FOOTAGE, FootageRow)
    return rows


def letters_shown(project: Project, step: str) -> list[dict[str, Any]]:
    """What a step set aside, as a table for the UI."""
    letters = project.read(_letters_path(step), DeadLetter)
    return [
        {"path": d.path, "code": d.code, "class": d.family, "what": d.what, "do": d.do}
        for d in letters
    ]


# footage


_SEEN: "WeakKeyDictionary[Project, Sight]" = WeakKeyDictionary()
"""The last look of each project at hand: what a run lists is what it reads."""


def look_at_footage(project: Project) -> "Sight":
    """What lies below the footage folder now, held against what is known of it."""
    from video_assets.library.absence import look_at

    recorded = project.manifest("footage")
    same = recorded is None or recorded.inputs.get("folder") == str(project.footage_root)
    return look_at(project, footage_before(project), same, project.options.settle_s)


def footage_listing(project: Project) -> dict[str, str]:
    """Names, sizes and times of everything below the footage folder, and what reads it.

    Of a folder that is OFFLINE it is what was recorded: nothing there is stale.
    """
    from video_assets.library.intake import tools

    seen = _SEEN[project] = look_at_footage(project)
    recorded = project.manifest("footage")
    if seen.offline:
        if recorded is None or recorded.inputs.get("folder") != str(seen.root):
            raise ProjectError(seen.offline)  # a folder that was named and is not there
        return recorded.inputs
    return {"folder": str(seen.root), "listing": seen.listing(), "tools": tools()}


def footage_offline(project: Project) -> str:
    """Which disk to mount before footage can be read; empty where it is there."""
    try:
        return look_at_footage(project).offline
    except ProjectError as error:
        return str(error)


def missing_footage(project: Project) -> list[str]:
    """What people should know of footage that is not there: OFFLINE, or clips that are missing."""
    try:
        seen = look_at_footage(project)
    except ProjectError as error:
        return [str(error)]
    if seen.offline:
        return [seen.offline]
    kept = [f"{row.path} is missing and kept for now" for row in seen.kept if row.role == "clip"]
    return kept + [f"{path} is missing and will be dropped" for path in seen.gone]


def note_missing(project: Project) -> None:
    """Remembers which clips are missing, so that a second look may drop them."""
    from video_assets.library.absence import misses_of, note

    try:
        seen = look_at_footage(project)
    except ProjectError:
        return  # whoever needs the folder says so
    if seen.misses != misses_of(project):
        with project.leased():
            note(project, seen)


def footage_before(project: Project) -> list[FootageRow]:
    """What was known of the footage; nothing where the table is absent or damaged."""
    try:
        return footage_rows(project)
    except (OSError, ValueError, KeyError, TypeError):
        return []


def make_footage(project: Project, draft: Draft) -> None:
    """One row a path; of a clip that is missing for the first time, the row it had."""
    from video_assets.library.absence import note
    from video_assets.library.intake import forget_examined, read_footage, tools
    from video_assets.library.letters import counted

    before = footage_before(project)
    seen = _SEEN.pop(project, None) or look_at_footage(project)
    if seen.offline:
        raise ProjectError(seen.offline)
    note(project, seen)
    recorded = project.manifest("footage")
    newer = recorded is not None and recorded.inputs.get("tools") != tools()
    rows, letters = read_footage(project, before, seen.settled, newer)
    letters = counted(letters, letters_before(project, "footage"), project.options, newer)
    present = {row.clip_id for row in rows if row.clip_id}
    stay = [row for row in seen.kept if row.clip_id not in present]
    rows = sorted([*rows, *stay], key=lambda row: row.path)
    draft.records(FOOTAGE, FootageRow, rows)
    forget_examined(project.footage_root, rows)
    write_letters(draft, "footage", letters)
    draft.facts["roles"] = dict(sorted(Counter(r.role for r in rows).items()))


def describe_footage(project: Project) -> Mapping[str, Any]:
    """Roles, hours, and what was set aside."""
    rows = footage_rows(project)
    clips = [r for r in rows if r.role == "clip"]
    table = [
        {
            "path": r.path,
            "role": r.role,
            "seconds": round(float(r.duration), 2),
            "size": f"{r.width}x{r.height}" if r.width else "",
            "fps": round(float(r.fps), 3),
            "timecode": r.timecode,
            "chain": f"{r.chain_number} of {r.chain}" if r.chain else "",
            "note": r.note,
        }
        for r in rows
    ]
    return {
        "rows": len(rows),
        "clips": len(clips),
        "hours": round(sum(float(r.duration) for r in clips) / 3600, 4),
        "roles": dict(Counter(r.role for r in rows)),
        "paths": table,
        "dead letters": letters_shown(project, "footage") or "none",
    }


def every_path_has_one_row(project: Project) -> list[str]:
    """Every path below the footage folder has exactly one row."""
    seen = Counter(r.path for r in footage_rows(project))
    problems = [f"{path} has {n} rows" for path, n in sorted(seen.items()) if n > 1]
    look = look_at_footage(project)
    recorded = project.manifest("footage")
    listing = recorded.inputs.get("listing") if recorded else ""
    # what changed since it was read is the next run's to list
    for found, digest in ((look.found, look.listing(False)), (look.settled, look.listing())):
        if digest == listing:
            there = {f.path for f in found}
            return problems + [f"{path} has no row" for path in sorted(there - set(seen))]
    return problems


def some_clip_is_usable(project: Project) -> list[str]:
    """At least one clip can be used."""
    if any(r.role == "clip" for r in footage_rows(project)):
        return []
    return [f"no usable clip in {project.footage_root}; `video-assets status` says why for each"]


def root_is_online(project: Project) -> list[str]:
    """The footage folder is there, with the clips that were in it."""
    offline = footage_offline(project)
    return [offline] if offline else []


def _downgrade(project: Project, step: str) -> dict[str, str]:
    """A lower engine than the plan chose is a fact that is shown (design rule 8)."""
    manifest = project.manifest(step)
    told = manifest.facts.get("downgrade") if manifest else None
    return {"downgrade": str(told)} if told else {}


def downgrades(project: Project) -> list[str]:
    """Where a lower engine than the plan chose did the work."""
    found = []
    for step in ("transcripts", "frame_index"):
        told = _downgrade(project, step).get("downgrade")
        if told:
            found.append(f"{step}: {told}; say `allow: {{downgrade: true}}` in the brief to accept")
    return found


# transcripts


def make_transcripts(project: Project, draft: Draft) -> None:
    """Words and lines."""
    from video_assets.editorial.brief import load_brief
    from video_assets.editorial.plan import read_plan
    from video_assets.library.transcripts import transcribe

    brief = load_brief(project.path("brief.yaml"))
    plan = read_plan(project.path("editorial/plan.json"))
    words, lines, letters = transcribe(
        project.workspace,
        project.footage_root,
        footage_rows(project),
        project.read(SOUNDTRACKS, Soundtrack),
        brief.language,
        [(g.word, list(g.instead_of)) for g in brief.glossary],
        list(plan.engines("transcribe")),
    )
    draft.records(WORDS, Word, words)
    draft.records(LINES, Line, lines)
    write_letters(draft, "transcripts", letters)
    draft.facts["sources"] = dict(sorted(Counter(w.source for w in words).items()))
    best = next((e for e in plan.engines("transcribe") if e != "sidecar"), "")
    lower = sorted({w.source for w in words} - {"sidecar", best})
    if lower:
        draft.facts["downgrade"] = f"{', '.join(lower)} heard what {best} was planned for"


def describe_transcripts(project: Project) -> Mapping[str, Any]:
    """The lines, with where they come from."""
    lines = project.read(LINES, Line)
    names = {r.clip_id: Path(r.path).name for r in reversed(footage_rows(project)) if r.clip_id}
    return {
        "rows": len(project.read(WORDS, Word)),
        **_downgrade(project, "transcripts"),
        "lines": len(lines),
        "spoken": [
            {
                "clip": names.get(line.clip_id, ""),
                "start": round(float(line.start), 2),
                "text": line.text,
                "source": line.source,
                "confidence": round(line.confidence, 2),
                "take": line.take,
                "complete": line.complete,
            }
            for line in lines
        ]
        or "nobody speaks",
        "dead letters": letters_shown(project, "transcripts") or "none",
    }


def words_are_in_order(project: Project) -> list[str]:
    """Words of a clip follow one another and lie inside it."""
    ends = {r.clip_id: r for r in footage_rows(project) if r.clip_id}
    problems: list[str] = []
    last: Word | None = None
    for word in project.read(WORDS, Word):
        row = ends.get(word.clip_id)
        where = f"{row.path if row else word.clip_id}: {word.text!r} at {float(word.start):.2f} s"
        if word.end <= word.start:
            problems.append(f"{where} has no length")
        if row and word.end > row.duration:
            problems.append(f"{where} ends after the clip")
        if last and last.clip_id == word.clip_id and word.start < last.end:
            problems.append(f"{where} begins before the word before it ends")
        last = word
    return problems


def overlong_words_are_flagged(project: Project) -> list[str]:
    """No word of 1.2 s or more goes unflagged: it may hide a retake."""
    return [
        f"{w.text!r} at {float(w.start):.2f} s lasts {float(w.end - w.start):.2f} s"
        for w in project.read(WORDS, Word)
        if float(w.end - w.start) >= 1.2 and "overlong" not in w.flags
    ]


# frame_index


def _planned_embedder(project: Project, draft: Draft) -> "Embedder":
    """The plan's first engine that loads; a lower one is recorded as a downgrade."""
    from video_assets.editorial.plan import read_plan
    from video_assets.foundation.errors import ModelUnavailable
    from video_assets.models.embedders import embedder

    missing: list[str] = []
    for name in read_plan(project.path("editorial/plan.json")).engines("embed"):
        try:
            found = embedder(name)
            if found.size > 0:  # loads the weights
                if missing:
                    draft.facts["downgrade"] = f"{found.name}: {'; '.join(missing)}"
                return found
        except ModelUnavailable as error:
            missing.append(str(error))
    raise ModelUnavailable(f"no engine can embed pictures: {'; '.join(missing)}")


def make_frame_index(project: Project, draft: Draft) -> None:
    """Rows in the LanceDB table, and their digest here."""
    from video_assets.library.frame_index import index_frames

    embedder = _planned_embedder(project, draft)
    count, digest = index_frames(
        project.workspace, project.slug, project.read(SHOTS, Shot), embedder, project.guarded
    )
    draft.facts["model"] = embedder.name
    draft.json(FRAMES, {"model": embedder.name, "rows": count, "digest": digest})


def describe_frames(project: Project) -> Mapping[str, Any]:
    """Rows and model."""
    found = project.read_json(FRAMES)
    return {**found, **_downgrade(project, "frame_index")}


def table_is_whole(project: Project) -> bool:
    """Whether the table holds this project's rows; it may have been deleted beneath us."""
    if not project.path(FRAMES).is_file() or not project.path(SHOTS).is_file():
        return True
    try:
        return not every_shot_is_represented(project)
    except (VideoAssetsError, OSError, ValueError):
        return False


def every_shot_is_represented(project: Project) -> list[str]:
    """Every shot has frames in the table, from the recorded model."""
    from video_assets.library.frame_index import every_shot_represented

    model = project.read_json(FRAMES)["model"]
    return every_shot_represented(project.workspace, project.slug, project.read(SHOTS, Shot), model)


def vectors_are_normalised(project: Project) -> list[str]:
    """Every vector has length 1."""
    from video_assets.library.frame_index import normalised

    return normalised(project.workspace, project.slug, project.read_json(FRAMES)["model"])


# shot_tags


def make_shot_tags(project: Project, draft: Draft) -> None:
    """Words for what shots show and say."""
    from video_assets.library.tags import find_tags

    tags = find_tags(
        footage_rows(project),
        project.read(SHOTS, Shot),
        project.read(LINES, Line),
        project.read(SOUNDTRACKS, Soundtrack),
        project.workspace.root,
    )
    draft.records(TAGS, Tag, tags)
    draft.facts["tags"] = len(tags)


def describe_tags(project: Project) -> Mapping[str, Any]:
    """The most common tags."""
    tags = project.read(TAGS, Tag)
    common = Counter(t.text for t in tags).most_common(30)
    return {"rows": len(tags), "common": [{"tag": t, "shots": n} for t, n in common] or "none"}


def no_tag_without_source(project: Project) -> list[str]:
    """Every tag says where it comes from."""
    return [f"{t.shot_id}: {t.text!r}" for t in project.read(TAGS, Tag) if not t.source.strip()]


def clips_as_named(project: Project) -> dict[str, str]:
    """Which clip lies where: a renamed file has the same shots, but other tags and paths."""
    if not project.path(FOOTAGE).is_file():
        return {"clips": "absent"}
    named = [to_plain(replace(r, mtime_ns=0, inode=0)) for r in footage_rows(project) if r.clip_id]
    return {"clips": digest_of(named)}


def heard_words(project: Project) -> dict[str, str]:
    """What changes the words beside the sound: sidecars, and language and names in the brief."""
    from video_assets.editorial.brief import load_brief

    brief = load_brief(project.path("brief.yaml"))
    spoken = brief.model_dump(mode="json", include={"language", "glossary"})
    return {"brief": digest_of(spoken), **clips_as_named(project)}


STEPS = (
    Step(
        "footage",
        "library",
        "Every path of the footage folder: what it is, its digest, its exact rate and times.",
        (),
        "1",
        make_footage,
        footage_listing,
        describe_footage,
        (every_path_has_one_row, some_clip_is_usable, root_is_online),
        ("parquet", "pyav"),
        hindered=footage_offline,
        asked_again=partial(is_asked_again, step="footage"),
    ),
    Step(
        "transcripts",
        "library",
        "Words with times, speaker, confidence and source; lines; retake groups.",
        ("soundtracks", "processing_plan"),
        "3",
        make_transcripts,
        heard_words,
        describe_transcripts,
        (words_are_in_order, overlong_words_are_flagged),
        ("parquet",),
        pool="models",
        needs=footage_offline,
        asked_again=partial(is_asked_again, step="transcripts"),
    ),
    Step(
        "frame_index",
        "library",
        "Rows in the LanceDB table: frame, shot, vector, model.",
        ("shot_index", "processing_plan"),
        "1",
        make_frame_index,
        describe=describe_frames,
        gates=(every_shot_is_represented, vectors_are_normalised),
        kinds=("lancedb",),
        pool="models",
        whole=table_is_whole,
    ),
    Step(
        "shot_tags",
        "library",
        "What a shot shows and says in words, each with its source.",
        ("shot_index", "frame_index", "transcripts"),
        "1",
        make_shot_tags,
        clips_as_named,
        describe_tags,
        gates=(no_tag_without_source,),
        kinds=("parquet",),
    ),
)
