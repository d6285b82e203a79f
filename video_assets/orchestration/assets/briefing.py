"""What the brand wants and how it will be worked: the brief and the processing plan."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from video_assets.foundation.errors import BriefError
from video_assets.foundation.records import FootageRow
from video_assets.foundation.store import Draft, Project, digest_of, write_atomic
from video_assets.orchestration.assets import library
from video_assets.orchestration.steps import Step, files_digest

if TYPE_CHECKING:
    from video_assets.editorial.brief import Brief

BRIEF = "editorial/brief.json"
PLAN = "editorial/plan.json"


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


BRIEF_STEP = Step(
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
)
PLAN_STEP = Step(
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
)
