"""How a project stands: from its files alone, nothing is made."""

from collections import Counter
from typing import Any

from video_assets.delivery.decisions import read_decisions
from video_assets.foundation.errors import VideoAssetsError
from video_assets.foundation.lease import holder_of
from video_assets.foundation.records import DeadLetter
from video_assets.foundation.store import Project
from video_assets.orchestration.assets.editorial import brief_of, timelines_of
from video_assets.orchestration.assets.library import dead_letters, footage_before, missing_footage
from video_assets.orchestration.gates import shut_gates
from video_assets.orchestration.graph import BY_NAME
from video_assets.orchestration.rounds import DECISIONS, edits_of, holds, rounds_of, sealed
from video_assets.orchestration.runs import stale_steps, wanted_aspects, wanted_steps
from video_assets.orchestration.standing import State, standing
from video_assets.orchestration.steps import ASPECTS


def cutdowns_of(project: Project) -> list[dict[str, Any]]:
    """Every cutdown that was made: file, figures, how it stands and why. By cut, then aspect."""
    found = []
    present = {t.cut_id: t for t in timelines_of(project)}
    for manifest in project.manifests("artefacts"):
        facts = manifest.facts
        if "aspect" not in facts:
            continue
        file = project.path(f"delivery/{facts['cut_id']}/{facts['aspect']}.mp4")
        state, why = standing(project, manifest, present.get(facts["cut_id"]))
        found.append(
            {
                **facts,
                "state": state.value,
                "why": why,
                "passed": state is State.PUBLISHABLE,
                "outdated": state is State.OUTDATED,
                "file": str(file),
                "there": file.is_file(),
            }
        )
    order = {a: i for i, a in enumerate(ASPECTS)}
    return sorted(found, key=lambda c: (c["cut_id"], order.get(c["aspect"], 99)))


def _rounds(project: Project) -> list[dict[str, Any]]:
    """Every round, how many ideas it has, and what froze it or has held it since."""
    try:
        why = holds(project)
    except VideoAssetsError:  # edits.yaml cannot be read: what was sealed still counts
        why = {}
    frozen = {s.name: sorted({*s.why, *why.get(s.name, [])}) for s in sealed(project)}
    return [
        {"round": e["round"], "ideas": len(e["ideas"]), "frozen": frozen.get(e["round"], [])}
        for e in rounds_of(project)
    ]


def _missing(project: Project) -> list[str]:
    """OFFLINE, or the clips that are missing; nothing where project.yaml cannot be read."""
    try:
        return missing_footage(project)
    except (VideoAssetsError, OSError):
        return []


def status_of(project: Project) -> dict[str, Any]:
    """Paths by role, hours, dead letters, stale assets, cutdowns, and what to do next."""
    rows = footage_before(project)
    letters: list[DeadLetter] = []
    problem = ""
    stale: list[str] = []
    shut: list[str] = []
    names = wanted_steps(None, wanted_aspects(project))
    try:
        brief_of(project)
        edits_of(project)
        read_decisions(project.path(DECISIONS))
        letters = dead_letters(project)
        stale = stale_steps(project, names)
        for name in names:
            if name not in stale:
                shut += [f"{name}: {p}" for p in shut_gates(project, BY_NAME[name])]
    except VideoAssetsError as error:
        problem = str(error)
    except (OSError, ValueError, KeyError, TypeError):  # a table of ours is damaged
        stale = names
    cutdowns = cutdowns_of(project)
    aside = [c for c in cutdowns if not c["passed"]]
    missing = _missing(project) if rows else []
    store = project.workspace
    going = holder_of(store.lease_file(project.slug)) or holder_of(
        store.analysis_lease_file(project.slug)
    )
    if going:
        todo = f"wait: {going} works on it; `video-assets status {project.slug}` again later"
    elif problem:
        todo = problem
    elif stale:
        todo = f"video-assets run {project.slug}"
    elif aside:
        todo = f"look at what was set aside: {project.path('delivery/index.html')}"
    else:
        todo = f"watch them: {project.path('delivery/index.html')}"
    return {
        "project": project.slug,
        "brand": project.brand,
        "roles": dict(sorted(Counter(r.role for r in rows).items())),
        "hours": round(sum(float(r.duration) for r in rows if r.role == "clip") / 3600, 3),
        "paths": [
            {"path": r.path, "role": r.role, "note": r.note or (f"as {r.of}" if r.of else "")}
            for r in rows
        ],
        "dead_letters": letters,
        "rounds": _rounds(project),
        "stale": stale,
        "offline": next((text for text in missing if text.startswith("OFFLINE")), ""),
        "missing": missing,
        "shut_gates": shut,
        "known_assets": len(BY_NAME),
        "cutdowns": cutdowns,
        "going_on": going,
        "next": todo,
    }
