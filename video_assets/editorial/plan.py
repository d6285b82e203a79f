"""The director's plan: for every capability the engines to try in order, the tier, the limits."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from video_assets.editorial.brief import Brief
from video_assets.foundation.records import FootageRow
from video_assets.models.routes import EngineInfo

PLAN_VERSION = 1
CAPTION_FLOOR = 0.6
"""Mean confidence below which words are not shown (design rule 13)."""
NEEDED = ("transcribe", "embed", "describe", "write", "detect_cuts", "subjects")
"""Capabilities without which there is no cut; the others are extras and say when they are off."""

REMEDIES = {
    "a word is cut": ["neighbouring word boundary", "next take"],
    "footage is shown twice": ["next B-roll"],
    "loudness misses": ["another limiter pass"],
    "text leaves the safe zone": ["smaller type", "shorter title"],
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What was planned. `routes`: capability to engine names, best first."""

    tier: str
    routes: Mapping[str, tuple[str, ...]]
    missing: tuple[str, ...]
    """Needed capabilities without an engine here."""

    def engines(self, capability: str) -> tuple[str, ...]:
        """Engines to try, best first."""
        return tuple(self.routes.get(capability, ()))

    def chosen(self) -> dict[str, str]:
        """The first engine of every capability."""
        return {c: names[0] for c, names in sorted(self.routes.items()) if names}

    def problems(self) -> list[str]:
        """Needed capabilities that nothing here can do."""
        return [f"{c} has no engine here; see `video-assets doctor`" for c in self.missing]


def make_plan(
    brief: Brief, rows: Sequence[FootageRow], engines: Sequence[EngineInfo]
) -> dict[str, Any]:
    """The plan as JSON types.

    An engine with weights to download is planned only where its package is here; the embedded
    default follows it, so that a missing model hands over to what always works.
    """
    capabilities: dict[str, list[EngineInfo]] = {}
    for engine in sorted(engines, key=lambda e: (e.capability, e.rank)):
        capabilities.setdefault(engine.capability, []).append(engine)
    sidecars = sum(r.role == "sidecar" for r in rows)
    return {
        "version": PLAN_VERSION,
        "tier": brief.tier,
        "routes": {
            capability: {
                "engines": [e.name for e in known if e.available],
                "not_here": {e.name: e.why_not for e in known if not e.available},
                "cannot": {e.name: e.cannot for e in known if e.available and e.cannot},
            }
            for capability, known in sorted(capabilities.items())
        },
        "limits": {"caption_floor": CAPTION_FLOOR, "second_passes": 2},
        "sidecars": sidecars,
        "remedies": REMEDIES,
    }


def read_plan(path: Path) -> Plan:
    """The plan that `make_plan` made."""
    found = json.loads(path.read_text(encoding="utf-8"))
    routes = {c: tuple(r["engines"]) for c, r in found["routes"].items()}
    return Plan(found["tier"], routes, tuple(c for c in NEEDED if not routes.get(c)))
