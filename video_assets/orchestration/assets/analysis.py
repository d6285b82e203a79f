"""shot_index and soundtracks: gathered from what the shards analysed, clip by clip."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from video_assets.foundation.records import Shot, Soundtrack, SyncedSound
from video_assets.foundation.store import Draft, Project, digest_of
from video_assets.orchestration.assets.library import (
    SHOTS,
    SOUNDTRACKS,
    SYNC,
    dead_letters,
    footage_before,
    footage_offline,
    footage_rows,
    is_asked_again,
    letters_shown,
    write_letters,
)
from video_assets.orchestration.steps import Step

if TYPE_CHECKING:
    from video_assets.library.analysing import Gathered

SLACK = Fraction(1, 2)
"""Seconds that sound may outlast what the container declares."""
_GATHERED: "WeakKeyDictionary[Project, Gathered]" = WeakKeyDictionary()
"""What a run that commits both assets has gathered for both."""


@contextmanager
def gathering(project: Project) -> Iterator[None]:
    """Gathers the analysis of a project's clips once for both assets that are made inside."""
    _GATHERED[project] = _gather(project)
    try:
        yield
    finally:
        del _GATHERED[project]


def _gather(project: Project) -> "Gathered":
    from video_assets.library.analysing import gathered

    return gathered(project.workspace, footage_rows(project))


def _gathered(project: Project) -> "Gathered":
    return _GATHERED.get(project) or _gather(project)


def _wait(project: Project, draft: Draft, pending: int) -> None:
    """Notes how many clips were not analysed, and which ones the run was told to: the others were
    passed over, or are more than one run takes."""
    if pending:
        draft.facts.update(pending=pending, clips=project.options.clips)


def pending(project: Project, names: Sequence[str] = ("shot_index", "soundtracks")) -> int:
    """How many clips wait for another run, because one run takes no more; those that a person left
    out are not counted. `names`: the assets that are asked about."""
    counts = [0]
    for step in (s for s in STEPS if s.name in names):
        manifest = project.manifest(step.name)
        if manifest is not None and not manifest.facts.get("clips"):
            counts.append(int(manifest.facts.get("pending", 0)))
    return max(counts)


def nothing_waits(project: Project, step: str) -> bool:
    """Whether every clip was looked at: what waits is the next run's.

    Raises ProjectError where the run names clips that are not there, even if all is current.
    """
    from video_assets.library.choice import chosen, due_rows

    manifest = project.manifest(step)
    if project.options.clips and manifest is not None:
        chosen(list(due_rows(footage_before(project)).values()), project.options.clips)
    return manifest is None or not manifest.facts.get("pending")


def heard_as_seen(project: Project) -> bool:
    """Whether shots and sounds were gathered when the same clips were set aside: one that is good
    at a later try has both."""
    seen, heard = project.manifest("shot_index"), project.manifest("soundtracks")
    return not seen or not heard or seen.facts.get("aside") == heard.facts.get("aside")


def _aside(found: "Gathered") -> str:
    return digest_of(sorted((d.clip_id, d.code) for d in found.letters))


def make_shot_index(project: Project, draft: Draft) -> None:
    """One row a shot."""
    found = _gathered(project)
    _wait(project, draft, found.waiting)
    draft.records(SHOTS, Shot, found.shots)
    write_letters(draft, "shot_index", [d for d in found.letters if d.step != "soundtracks"])
    draft.facts.update(shots=len(found.shots), aside=_aside(found))


def _sheet(project: Project, stills: list[str], labels: list[str]) -> bytes:
    from video_assets.library.sheets import contact_sheet

    root = project.workspace.root
    return contact_sheet([root / s for s in stills], labels)


def describe_shots(project: Project) -> Mapping[str, Any]:
    """Counts, a table, a contact sheet."""
    shots = project.read(SHOTS, Shot)
    names = {r.clip_id: Path(r.path).name for r in reversed(footage_rows(project)) if r.clip_id}
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
        "dead letters": letters_shown(project, "shot_index") or "none",
    }


def shots_tile_their_clips(project: Project) -> list[str]:
    """Every clip that was not set aside is covered by its shots without gap or overlap."""
    dead = {d.path for d in dead_letters(project) if d.step in ("shot_index", "footage")}
    by_clip: dict[str, list[Shot]] = {}
    for shot in project.read(SHOTS, Shot):
        by_clip.setdefault(shot.clip_id, []).append(shot)
    problems = []
    rows = footage_rows(project)
    manifest = project.manifest("shot_index")
    facts = manifest.facts if manifest else {}
    waits = bool(facts.get("pending"))
    if waits:
        clips = sum(r.role in ("clip", "sound") for r in rows)
        why = "one run takes no more; make shot_index and soundtracks once more"
        if facts["clips"]:
            why = (
                f"the last run was limited to {facts['clips']!r}; make shot_index and soundtracks "
                "without `clips`"
            )
        problems.append(f"{facts['pending']} of {clips} clips wait for their analysis: {why}")
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
    """One row a clip with sound, and which recorder heard which clip."""
    from video_assets.library.sync import synced

    found = _gathered(project)
    _wait(project, draft, found.waiting)
    draft.records(SOUNDTRACKS, Soundtrack, found.tracks)
    write_letters(draft, "soundtracks", [d for d in found.letters if d.step == "soundtracks"])
    draft.facts.update(tracks=len(found.tracks), aside=_aside(found))
    pairs = synced(project.workspace.root, footage_rows(project), found.tracks)
    draft.records(SYNC, SyncedSound, pairs)
    draft.facts["synced"] = len(pairs)


def describe_soundtracks(project: Project) -> Mapping[str, Any]:
    """Loudness and speech by clip, recorders by clip."""
    tracks = project.read(SOUNDTRACKS, Soundtrack)
    names = {r.clip_id: r.path for r in reversed(footage_rows(project)) if r.clip_id}
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
        "recorders": [
            {
                "clip": names.get(s.clip_id, s.clip_id),
                "recorder": names.get(s.recorder_id, s.recorder_id),
                "offset s": round(float(s.offset), 4),
                "drift ppm": round(s.drift, 1),
                "peak z": round(s.z, 1),
                "anchors": s.anchors,
            }
            for s in project.read(SYNC, SyncedSound)
        ]
        or "none heard what a camera heard",
        "dead letters": letters_shown(project, "soundtracks") or "none",
    }


def sound_agrees_with_the_clip(project: Project) -> list[str]:
    """Decoded sound is no longer than its clip, within half a second."""
    lengths = {r.clip_id: r for r in footage_rows(project) if r.clip_id}
    problems = []
    for track in project.read(SOUNDTRACKS, Soundtrack):
        row = lengths.get(track.clip_id)
        if row and track.duration > row.duration + SLACK:
            problems.append(
                f"{row.path}: {float(track.duration):.2f} s of sound, "
                f"the clip says {float(row.duration):.2f} s"
            )
    return problems


def sound_version(project: Project) -> dict[str, str]:
    """The versions of the decode pass and of what matches recorders to cameras."""
    from video_assets.library.sync import SYNC_VERSION

    return {**analysis_version(project), "sync": SYNC_VERSION}


def analysis_version(project: Project) -> dict[str, str]:
    """The version of the decode pass: code that does not change it never decodes again."""
    from video_assets.library.analysis import ANALYSIS_VERSION

    return {"analysis": ANALYSIS_VERSION}


STEPS = (
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
        "Every clip's sound for listening machines: 16 kHz mono, loudness, silences, speech; which "
        "recorder heard which camera, with offset and drift.",
        ("footage",),
        "2",
        make_soundtracks,
        sound_version,
        describe_soundtracks,
        (sound_agrees_with_the_clip,),
        ("parquet", "wav"),
        whole=lambda p: nothing_waits(p, "soundtracks") and heard_as_seen(p),
        needs=footage_offline,
        asked_again=partial(is_asked_again, step="soundtracks"),
    ),
)
