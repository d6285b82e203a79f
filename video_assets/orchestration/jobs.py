"""Jobs: what a person, a schedule or a backfill starts as a whole. Settings: see `Library`."""

from typing import Any

import dagster as dg

from video_assets.orchestration.assets.factory import key_of
from video_assets.orchestration.graph import STEPS

REFRESHED = tuple(s.name for s in STEPS if s.name != "publications")
"""Everything from the footage to the cutdowns and what came back; nothing leaves the house."""

_BRIEFED = ("brief", "processing_plan")
_LIBRARY = tuple(s.name for s in STEPS if s.group == "library" or s.name in _BRIEFED)
_DELIVERED = (*_BRIEFED, "ideas", "selected_takes", "timelines")
_DELIVERY = tuple(s.name for s in STEPS if s.name in _DELIVERED or s.name.startswith("cutdowns/"))


def _job(name: str, about: str, names: tuple[str, ...]) -> Any:  # its class is not public
    selection = dg.AssetSelection.assets(*map(key_of, names))
    return dg.define_asset_job(name, selection=selection, description=about)


LIBRARY = _job(
    "library",
    "Looks through a project's footage: shots, sound, words, frames, tags. Settings: `clips`, "
    "`force`, `tier`.",
    _LIBRARY,
)
DELIVERY = _job(
    "delivery",
    "From the brief to the cutdowns of a library that is there. Settings: `tier`, `aspects`, "
    "`force`.",
    _DELIVERY,
)
REFRESH = _job(
    "refresh",
    "Everything of a project from the footage to the cutdowns, and what came back; publishes "
    "nothing.",
    REFRESHED,
)
PUBLISH = _job(
    "publish",
    "Sends the cutdowns whose stored verdicts passed to the project's channels.",
    ("publications",),
)
JOBS = (LIBRARY, DELIVERY, REFRESH, PUBLISH)
