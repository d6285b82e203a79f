"""How a cutdown that was made stands now: by its files and its verdict; nothing is decoded.

`status`, `trace`, `score` and publishing all ask here, so that none says what another denies.
"""

import enum
from collections.abc import Sequence
from typing import Any

from video_assets.foundation.records import Timeline
from video_assets.foundation.store import Manifest, Project, digest_of, known_sha256


class State(enum.StrEnum):
    """What a cutdown is, in the words that people read."""

    PUBLISHABLE = "publishable"
    ASIDE = "set aside"
    OUTDATED = "out of date"
    UNJUDGED = "without verdict"
    DAMAGED = "damaged"
    MISSING = "missing"


def verdict_of(project: Project, cut_id: str, aspect: str) -> dict[str, Any]:
    """The stored verdict; empty where there is none that can be read."""
    try:
        found = project.read_json(f"delivery/{cut_id}/{aspect}.verdict.json")
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def standing(project: Project, made: Manifest, timeline: Timeline | None) -> tuple[State, str]:
    """A cutdown's state and why, for people; no reason where it is publishable.

    `timeline`: today's of this cut; None where there is none any more.
    """
    cut, aspect = made.facts["cut_id"], made.facts["aspect"]
    again = f"`video-assets run {project.slug}` makes it again"
    own = f"delivery/{cut}/{aspect}"
    for output in sorted(made.outputs, key=lambda o: not o.path.endswith(".mp4")):
        if output.path == f"{own}.verdict.json":
            continue
        file = project.path(output.path)
        try:
            same = file.stat().st_size == output.size and known_sha256(file) == output.sha256
        except OSError:
            return State.MISSING, f"{output.path} is not there; {again}"
        if not same:
            return State.DAMAGED, f"{output.path} is not the file that was made; {again}"
    verdict = verdict_of(project, cut, aspect)
    if not verdict:
        return State.UNJUDGED, f"{own}.verdict.json cannot be read; {again}"
    if verdict.get("sha256") != made.facts.get("sha256"):
        return State.UNJUDGED, f"{own}.verdict.json is for other bytes; {again}"
    if timeline is None or made.inputs.get("timeline") != digest_of(timeline):
        return State.OUTDATED, f"its timeline has changed since; {again}"
    if verdict.get("passed") is not True:
        return State.ASIDE, "; ".join(shut(verdict)) or "its verdict says so"
    return State.PUBLISHABLE, ""


def shut(verdict: dict[str, Any]) -> Sequence[str]:
    """What closed the gates of a verdict, for people."""
    gates = verdict.get("gates")
    every = gates.values() if isinstance(gates, dict) else ()
    return [str(f["what"]) for found in every for f in found]
