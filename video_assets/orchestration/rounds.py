"""Freezing rounds: who holds one, and what is kept of it.

A round with a publication, an approval or a lock is sealed: its ideas, takes, timelines and the
digests of its cutdowns go into one file that knows its own digest. From then on the assets carry
it as it is, whatever changes upstream. Sealing happens before anything is made anew, so that what
people saw is what is kept.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from video_assets.delivery.decisions import APPROVED, latest, read_decisions
from video_assets.delivery.outbox import Outbox
from video_assets.editorial.edits import Edits, load_edits
from video_assets.editorial.rounds import Sealed, number_of, round_of
from video_assets.foundation.errors import BriefError, ProjectError, StorageError
from video_assets.foundation.records import Take, from_plain, to_plain
from video_assets.foundation.store import Project, as_json, digest_of, write_atomic
from video_assets.foundation.versions import FORMATS, numbered, without_number

IDEAS = "editorial/ideas.json"
TAKES = "editorial/takes.parquet"
TIMELINES = "editorial/timelines"
OUTBOX = "delivery/outbox.sqlite"
DECISIONS = "delivery/decisions.json"
NEXT = "editorial/next_round.json"
SEALS = "editorial/rounds"
LOCKED = "locked "
HOLDING = ("approved", "sending", "accepted", "processing", "live", "unknown", "withdrawn")
"""States of a publication that freeze its round: it is out, or may be."""


def edits_of(project: Project) -> Edits:
    """The person's edits; none where there is no edits.yaml."""
    return load_edits(project.path("edits.yaml"))


def outbox_of(project: Project) -> Outbox:
    """The project's outbox; reading makes no file."""
    return Outbox(project.path(OUTBOX), project.guarded)


def holds(project: Project) -> dict[str, list[str]]:
    """Why rounds must not change, by round."""
    found: dict[str, list[str]] = {}
    for row in outbox_of(project).rows():
        if row.state in HOLDING:
            found.setdefault(row.round, []).append(f"published {row.cut_id}")
    for one in latest(read_decisions(project.path(DECISIONS))).values():
        if one.decision == APPROVED:
            found.setdefault(round_of(one.cut_id), []).append(f"approved {one.cut_id} {one.aspect}")
    for name, why in _locks(project).items():
        found.setdefault(name, []).extend(why)
    return {name: sorted(set(why)) for name, why in found.items()}


def _locks(project: Project) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for lock in edits_of(project).lock:
        found.setdefault(round_of(lock.cut), []).append(f"{LOCKED}{lock.cut}")
    return found


def sealed(project: Project) -> list[Sealed]:
    """The frozen rounds, oldest first, as they were sealed.

    A seal whose only reason was a lock that is gone counts no more. Raises StorageError where a
    seal is damaged: what is live must not be guessed.
    """
    found = sorted(
        (_read_seal(path) for path in project.path(SEALS).glob("r*.json")),
        key=lambda s: number_of(s.name),
    )
    if found and found[-1].only_locked and not _still_held(project, found[-1].name):
        found.pop()
    return found


def _read_seal(path: Path) -> Sealed:
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        if plain.pop("digest") != digest_of(plain):
            raise ValueError("its digest is another")
        plain = without_number(path, "seal", plain, "version")
        return Sealed(
            plain["round"],
            tuple(plain["why"]),
            plain["entry"],
            tuple(from_plain(Take, t) for t in plain["takes"]),
            plain["timelines"],
            plain["cutdowns"],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError(
            f"{path} is damaged ({error}): it holds the frozen round {path.stem}; "
            "restore it from a backup"
        ) from error


def _still_held(project: Project, name: str) -> bool:
    """Whether anything holds a round; while edits.yaml cannot be read, everything may."""
    try:
        return name in holds(project)
    except BriefError:
        return True


def settle(project: Project) -> list[Sealed]:
    """Seals what is held and not sealed yet, and returns the frozen rounds.

    Before anything of the rounds is made anew, under the project's lease. Raises StorageError where
    a round that people have seen can neither be found sealed nor be sealed.
    """
    why = holds(project)
    frozen = {s.name: s for s in sealed(project)}
    for path in project.path(SEALS).glob("r*.json"):
        if path.stem not in frozen:
            with project.guarded():
                path.unlink()  # its lock was taken away, and nothing else holds it
    for name in sorted(why, key=number_of):
        if name in frozen:
            _more(project, frozen[name], why[name])
        elif agrees(project, name):
            seal(project, name, why[name])
        elif any(not w.startswith(LOCKED) for w in why[name]):
            raise StorageError(
                f"round {name} is frozen ({', '.join(why[name])}), but its record "
                f"{project.path(SEALS) / f'{name}.json'} is gone and what lies there does not hold "
                "together; restore it from a backup"
            )
    return sealed(project)


def _more(project: Project, one: Sealed, why: Sequence[str]) -> None:
    """Notes further reasons, and cutdowns that were made since, in a seal."""
    cutdowns = {**_cutdowns(project, one.timelines), **one.cutdowns}
    reasons = sorted({*one.why, *why})
    if (reasons, cutdowns) != (sorted(one.why), dict(one.cutdowns)):
        _write(project, replace(one, why=tuple(reasons), cutdowns=cutdowns))


def agrees(project: Project, name: str) -> bool:
    """Whether ideas, takes and timelines on disk belong together and hold this round."""
    steps = {n: project.manifest(n) for n in ("ideas", "selected_takes", "timelines")}
    ideas, takes, lines = steps["ideas"], steps["selected_takes"], steps["timelines"]
    if not (ideas and takes and lines) or not all(m and project.intact(m) for m in steps.values()):
        return False
    return (
        takes.inputs.get("ideas") == ideas.data_version
        and lines.inputs.get("ideas") == ideas.data_version
        and lines.inputs.get("selected_takes") == takes.data_version
        and name in {e["round"] for e in rounds_of(project)}
    )


def seal(project: Project, name: str, why: Sequence[str]) -> None:
    """Keeps a round as it lies on disk. Raises ProjectError where that does not hold together."""
    if not agrees(project, name):
        raise ProjectError(
            f"project {project.slug}: round {name} is only half made; "
            f"`video-assets run {project.slug}` first"
        )
    entry = next(e for e in rounds_of(project) if e["round"] == name)
    cuts = sorted(plain["cut_id"] for plain in entry["ideas"])
    takes = tuple(t for t in project.read(TAKES, Take) if t.cut_id in cuts)
    paths = {c: project.path(f"{TIMELINES}/{c}.otio") for c in cuts}
    texts = {c: p.read_text(encoding="utf-8") for c, p in paths.items() if p.is_file()}
    one = Sealed(name, tuple(why), entry, takes, texts, _cutdowns(project, texts))
    _write(project, one)


def _cutdowns(project: Project, timelines: Mapping[str, str]) -> dict[str, str]:
    """sha256 by `<cut>/<aspect>` of what was rendered from these very timelines."""
    from video_assets.editorial.timeline import from_otio

    wanted = {cut: digest_of(from_otio(text)) for cut, text in timelines.items()}
    return {
        f"{m.facts['cut_id']}/{m.facts['aspect']}": m.facts["sha256"]
        for m in project.manifests("artefacts")
        if wanted.get(m.facts.get("cut_id", "")) == m.inputs.get("timeline", "none")
    }


def _write(project: Project, one: Sealed) -> None:
    """The seal's file, whole or not at all; it knows its own digest."""
    content = {
        "version": FORMATS["seal"],
        "round": one.name,
        "why": list(one.why),
        "entry": to_plain(one.entry),
        "takes": [to_plain(t) for t in one.takes],
        "timelines": dict(one.timelines),
        "cutdowns": dict(sorted(one.cutdowns.items())),
    }
    with project.leased(), project.guarded():
        path = project.path(f"{SEALS}/{one.name}.json")
        write_atomic(path, as_json({**content, "digest": digest_of(content)}))


def must_know(project: Project) -> None:
    """Raises StorageError where a frozen round speaks of an outbox or answers that are gone."""
    for start, name in (("published ", OUTBOX), ("approved ", DECISIONS)):
        told = [w for s in sealed(project) for w in s.why if w.startswith(start)]
        if told and not project.path(name).is_file():
            raise StorageError(
                f"{project.path(name)} is gone, though round records say {told[0]!r}; restore it "
                "from a backup: without it things could be sent twice"
            )


def rounds_of(project: Project) -> list[dict[str, Any]]:
    """All rounds as ideas.json holds them; none where it was not made or is of an older kind."""
    try:
        found: list[dict[str, Any]] = project.read_json(IDEAS)["rounds"]
    except (OSError, ValueError, KeyError):
        return []
    return found


def frozen_inputs(project: Project) -> dict[str, str]:
    """What `ideas`, takes and timelines depend on beside the graph: rounds that are frozen."""
    return {"frozen": digest_of([s.name for s in sealed(project)])}


def asked_after(project: Project) -> str:
    """The frozen round after which a person asked for the next; empty where nobody did."""
    try:
        return str(project.read_json(NEXT)["after"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def ask_for_next(project: Project) -> str:
    """Asks for the round after the last frozen one; the next run makes it. Returns its name.

    Raises ProjectError while the present round is not frozen.
    """
    with project.leased():
        frozen = settle(project)
        names = [e["round"] for e in rounds_of(project)]
        if not frozen or (names and names[-1] != frozen[-1].name):
            now = names[-1] if names else "r1"
            raise ProjectError(
                f"round {now} of {project.slug} is still open: running makes it again; approve, "
                "publish or lock a cut of it to freeze it, then ask for the next one"
            )
        with project.guarded():
            write_atomic(project.path(NEXT), as_json(numbered(NEXT, {"after": frozen[-1].name})))
    return f"r{number_of(frozen[-1].name) + 1}"
