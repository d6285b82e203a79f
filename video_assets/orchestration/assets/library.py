"""What the footage holds: footage, shot_index, soundtracks, transcripts, frame_index, shot_tags."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import pairwise
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
WORDS = "library/words.parquet"
LINES = "library/lines.parquet"
FRAMES = "library/frames.json"
TAGS = "library/tags.parquet"

LETTERED = ("footage", "shot_index", "soundtracks", "transcripts")
"""Steps that set files aside."""
SLACK = Fraction(1, 2)
"""Seconds that sound may outlast what the container declares."""


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


def _letters(draft: Draft, step: str, letters: list[DeadLetter]) -> None:
    draft.records(
        _letters_path(step),
        DeadLetter,
        sorted(letters, key=lambda d: (d.path, d.code)),
    )
    draft.facts["dead_letters"] = len(letters)


def _rows(project: Project) -> list[FootageRow]:
    rows: list[FootageRow] = project.read(FOOTAGE, FootageRow)
    return rows


def _letters_shown(project: Project, step: str) -> list[dict[str, Any]]:
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
        return _rows(project)
    except (OSError, ValueError, KeyError, TypeError):
        return []


def make_footage(project: Project, draft: Draft) -> None:
    """One row a path; of a clip that is missing for the first time, the row it had."""
    from video_assets.library.absence import note
    from video_assets.library.intake import read_footage, tools
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
    _letters(draft, "footage", letters)
    draft.facts["roles"] = dict(sorted(Counter(r.role for r in rows).items()))


def describe_footage(project: Project) -> Mapping[str, Any]:
    """Roles, hours, and what was set aside."""
    rows = _rows(project)
    clips = [r for r in rows if r.role == "clip"]
    table = [
        {
            "path": r.path,
            "role": r.role,
            "seconds": round(float(r.duration), 2),
            "size": f"{r.width}x{r.height}" if r.width else "",
            "fps": round(float(r.fps), 3),
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
        "dead letters": _letters_shown(project, "footage") or "none",
    }


def every_path_has_one_row(project: Project) -> list[str]:
    """Every path below the footage folder has exactly one row."""
    seen = Counter(r.path for r in _rows(project))
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
    if any(r.role == "clip" for r in _rows(project)):
        return []
    return [f"no usable clip in {project.footage_root}; `video-assets status` says why for each"]


def root_is_online(project: Project) -> list[str]:
    """The footage folder is there, with the clips that were in it."""
    offline = footage_offline(project)
    return [offline] if offline else []


# shot_index and soundtracks: one decode, kept by content; whoever comes second finds it done


def _analysed(project: Project) -> tuple[list[Shot], list[Soundtrack], list[DeadLetter]]:
    from video_assets.library.analysis import analyse_clips

    return analyse_clips(project.workspace, project.footage_root, _rows(project))


def _wait(project: Project, draft: Draft) -> None:
    """Says how many clips this run was told to pass over."""
    from video_assets.library.analysis import waiting

    pending = len(waiting(project.workspace, _rows(project)))
    if pending:
        draft.facts.update(pending=pending, clips=project.options.clips)


def nothing_waits(project: Project, step: str) -> bool:
    """Whether every clip was looked at: what waits is the next run's.

    Raises ProjectError where the run names clips that are not there, even if all is current.
    """
    from video_assets.library.choice import chosen, due_rows

    manifest = project.manifest(step)
    if project.options.clips and manifest is not None:
        chosen(list(due_rows(footage_before(project)).values()), project.options.clips)
    return manifest is None or not manifest.facts.get("pending")


def make_shot_index(project: Project, draft: Draft) -> None:
    """One row a shot."""
    shots, _, letters = _analysed(project)
    _wait(project, draft)
    draft.records(SHOTS, Shot, shots)
    _letters(draft, "shot_index", [d for d in letters if d.step != "soundtracks"])
    draft.facts["shots"] = len(shots)


def _sheet(project: Project, stills: list[str], labels: list[str]) -> bytes:
    from video_assets.library.sheets import contact_sheet

    root = project.workspace.root
    return contact_sheet([root / s for s in stills], labels)


def describe_shots(project: Project) -> Mapping[str, Any]:
    """Counts, a table, a contact sheet."""
    shots = project.read(SHOTS, Shot)
    names = {r.clip_id: Path(r.path).name for r in reversed(_rows(project)) if r.clip_id}
    step = max(1, -(-len(shots) // 24))
    some = [s for s in shots[::step] if s.stills]
    table = [
        {
            "shot": s.shot_id,
            "clip": names.get(s.clip_id, ""),
            "start": round(float(s.start), 3),
            "end": round(float(s.end), 3),
            "faces": round(s.face_share, 2),
            "motion": round(s.motion, 4),
            "sharpness": round(s.sharpness, 2),
        }
        for s in shots
    ]
    return {
        "rows": len(shots),
        "clips": len({s.clip_id for s in shots}),
        "sheet": _sheet(
            project,
            [s.stills[len(s.stills) // 2] for s in some],
            [f"{names.get(s.clip_id, '')} {float(s.start):.1f}s" for s in some],
        ),
        "shots": table or "none",
        "dead letters": _letters_shown(project, "shot_index") or "none",
    }


def shots_tile_their_clips(project: Project) -> list[str]:
    """Every clip that was not set aside is covered by its shots without gap or overlap."""
    dead = {d.path for d in dead_letters(project) if d.step in ("shot_index", "footage")}
    by_clip: dict[str, list[Shot]] = {}
    for shot in project.read(SHOTS, Shot):
        by_clip.setdefault(shot.clip_id, []).append(shot)
    problems = []
    rows = _rows(project)
    manifest = project.manifest("shot_index")
    facts = manifest.facts if manifest else {}
    waits = bool(facts.get("pending"))
    if waits:
        clips = sum(r.role in ("clip", "sound") for r in rows)
        problems.append(
            f"{facts['pending']} of {clips} clips wait for their analysis: the last run was "
            f"limited to {facts['clips']!r}; make shot_index and soundtracks without `clips`"
        )
    for row in rows:
        if row.role != "clip" or row.path in dead:
            continue
        shots = sorted(by_clip.get(row.clip_id, []), key=lambda s: s.start)
        if not shots and not waits:
            problems.append(f"{row.path} has no shot")
        for one, two in pairwise(shots):
            if one.end != two.start:
                problems.append(f"{row.path}: gap or overlap at {float(one.end):.3f} s")
        problems += [f"{row.path}: {s.shot_id} is empty" for s in shots if s.end <= s.start]
    return problems


def make_soundtracks(project: Project, draft: Draft) -> None:
    """One row a clip with sound."""
    _, tracks, letters = _analysed(project)
    _wait(project, draft)
    draft.records(SOUNDTRACKS, Soundtrack, tracks)
    _letters(draft, "soundtracks", [d for d in letters if d.step == "soundtracks"])
    draft.facts["tracks"] = len(tracks)


def describe_soundtracks(project: Project) -> Mapping[str, Any]:
    """Loudness and speech by clip."""
    tracks = project.read(SOUNDTRACKS, Soundtrack)
    names = {r.clip_id: r.path for r in reversed(_rows(project)) if r.clip_id}
    spoken = {t.clip_id: sum(float(b - a) for a, b in t.speech) for t in tracks}
    table = [
        {
            "clip": names.get(t.clip_id, t.clip_id),
            "seconds": round(float(t.duration), 2),
            "LUFS": round(t.loudness, 1),
            "SNR dB": round(t.snr, 1),
            "speech s": round(spoken[t.clip_id], 1),
        }
        for t in tracks
    ]
    return {
        "rows": len(tracks),
        "speech seconds": round(sum(spoken.values()), 1),
        "tracks": table or "none",
        "dead letters": _letters_shown(project, "soundtracks") or "none",
    }


def sound_agrees_with_the_clip(project: Project) -> list[str]:
    """Decoded sound is no longer than its clip, within half a second."""
    lengths = {r.clip_id: r for r in _rows(project) if r.clip_id}
    problems = []
    for track in project.read(SOUNDTRACKS, Soundtrack):
        row = lengths.get(track.clip_id)
        if row and track.duration > row.duration + SLACK:
            problems.append(
                f"{row.path}: {float(track.duration):.2f} s of sound, "
                f"the clip says {float(row.duration):.2f} s"
            )
    return problems


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
        _rows(project),
        project.read(SOUNDTRACKS, Soundtrack),
        brief.language,
        [(g.word, list(g.instead_of)) for g in brief.glossary],
        list(plan.engines("transcribe")),
    )
    draft.records(WORDS, Word, words)
    draft.records(LINES, Line, lines)
    _letters(draft, "transcripts", letters)
    draft.facts["sources"] = dict(sorted(Counter(w.source for w in words).items()))
    best = next((e for e in plan.engines("transcribe") if e != "sidecar"), "")
    lower = sorted({w.source for w in words} - {"sidecar", best})
    if lower:
        draft.facts["downgrade"] = f"{', '.join(lower)} heard what {best} was planned for"


def describe_transcripts(project: Project) -> Mapping[str, Any]:
    """The lines, with where they come from."""
    lines = project.read(LINES, Line)
    names = {r.clip_id: Path(r.path).name for r in reversed(_rows(project)) if r.clip_id}
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
        "dead letters": _letters_shown(project, "transcripts") or "none",
    }


def words_are_in_order(project: Project) -> list[str]:
    """Words of a clip follow one another and lie inside it."""
    ends = {r.clip_id: r for r in _rows(project) if r.clip_id}
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
        _rows(project),
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
    named = [to_plain(replace(r, mtime_ns=0, inode=0)) for r in _rows(project) if r.clip_id]
    return {"clips": digest_of(named)}


def heard_words(project: Project) -> dict[str, str]:
    """What changes the words beside the sound: sidecars, and language and names in the brief."""
    from video_assets.editorial.brief import load_brief

    brief = load_brief(project.path("brief.yaml"))
    spoken = brief.model_dump(mode="json", include={"language", "glossary"})
    return {"brief": digest_of(spoken), **clips_as_named(project)}


def analysis_version(project: Project) -> dict[str, str]:
    """The version of the decode pass: code that does not change it never decodes again."""
    from video_assets.library.analysis import ANALYSIS_VERSION

    return {"analysis": ANALYSIS_VERSION}


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
        "shot_index",
        "library",
        "Every shot: exact span, set-up, stills, coarse quality.",
        ("footage",),
        "1",
        make_shot_index,
        analysis_version,
        describe_shots,
        (shots_tile_their_clips,),
        ("parquet", "opencv"),
        whole=partial(nothing_waits, step="shot_index"),
        needs=footage_offline,
        asked_again=partial(is_asked_again, step="shot_index"),
    ),
    Step(
        "soundtracks",
        "library",
        "Every clip's sound for listening machines: 16 kHz mono, loudness, silences, speech.",
        ("footage",),
        "1",
        make_soundtracks,
        analysis_version,
        describe_soundtracks,
        (sound_agrees_with_the_clip,),
        ("parquet", "wav"),
        whole=partial(nothing_waits, step="soundtracks"),
        needs=footage_offline,
        asked_again=partial(is_asked_again, step="soundtracks"),
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
