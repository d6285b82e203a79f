"""What one project asks for: its footage, its brief, its outside folders, its metrics."""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from video_assets.foundation.errors import LeaseError, ProjectError, VideoAssetsError
from video_assets.foundation.records import FootageRow, read_records
from video_assets.foundation.store import Manifest, Project
from video_assets.library.absence import Sight, misses_of, note
from video_assets.library.absence import look_at as look_at_rows
from video_assets.library.intake import NONSENSE_S, Found, digest_of_found, look, still
from video_assets.orchestration import watch
from video_assets.orchestration.assets.analysis import pending
from video_assets.orchestration.assets.briefing import brief_files, brief_of
from video_assets.orchestration.assets.library import FOOTAGE
from video_assets.orchestration.automation import ROOTS
from video_assets.orchestration.graph import BY_NAME, STEPS
from video_assets.orchestration.runs import wanted_aspects
from video_assets.orchestration.steps import ASPECTS, OUTSIDE_FILES, Step, version_of
from video_assets.orchestration.watch import Ask, Known, Memory, Report, Tick

BRIEF_PATHS = ("brief.yaml", "rights.yaml", "people.yaml", "references")
WAITING = "clips wait:"
REPORTED = ("edits", "brand_kit", "music")
"""External assets that the inputs sensor reports."""


def look_at_inputs(project: Project, known: Known, memory: Memory, now: float) -> Tick:
    """What the footage, the brief and the outside folders of one project ask for."""
    out = Tick()
    slug = project.slug
    if slug in known.busy:
        return out
    event = {root: known.events.get(root, {}).get(slug, 0) for root in ROOTS}
    wanted = {}
    for root, look_at in (("footage", _footage), ("brief", _brief)):
        wanted[root], said = look_at(project, known, memory, now)
        out.said += said
    asked: dict[str, list[Any]] = {}
    first = not any(event.values()) and not memory.asked
    if not first or all(wanted.values()):  # the first run makes both
        for root, digest in wanted.items():
            target = _sha(digest, 0 if digest.startswith(WAITING) else event[root])
            again = memory.asked.get(root, [""])[0] == target
            wrong = _wrong_brief(project) if digest and again and root == "brief" else ""
            if wrong:
                out.said.append(wrong)
            elif digest and (attempt := memory.due(root, target, now)) is not None:
                asked[root] = [target, attempt, now]
        if not any(wanted.values()):
            asked = _lagging_roots(project, known, memory, now)
    if asked:
        memory.asked |= asked
        assets = tuple(root for root in ROOTS if root in asked)
        key = _sha("run", slug, [[root, *asked[root][:2]] for root in assets])
        out.asks.append(Ask(slug, assets, key))
        if slug not in known.projects:
            out.adds.append(slug)
    if slug in known.projects or out.adds:
        out.reports += _reports(project, REPORTED, known, memory, now, bool(out.adds))
    return out


def look_at_metrics(project: Project, known: Known, memory: Memory, now: float) -> Tick:
    """Whether numbers arrived in the inbox of one project."""
    if project.slug in known.busy or project.slug not in known.projects:
        return Tick()
    return Tick(reports=_reports(project, ("published_metrics",), known, memory, now))


def _sha(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


# footage


@lru_cache(maxsize=16)
def _rows(path: Path, version: str) -> tuple[FootageRow, ...]:
    """The rows of a table; `version` names its bytes."""
    return tuple(read_records(path, FootageRow))


def _footage(
    project: Project, known: Known, memory: Memory, now: float
) -> tuple[str, tuple[str, ...]]:
    """(Digest of the still footage where it has to be read, what is waited for)."""
    recorded = project.manifest("footage")
    root = project.footage_root
    had = recorded.inputs if recorded else {}
    version = recorded.data_version if recorded else ""
    same = had.get("folder") == str(root)
    try:
        found = look(root)
    except ProjectError:
        found = []  # it is looked at once more below, which says why
    missed = misses_of(project)
    if same and not missed and digest_of_found(found) == had.get("listing"):
        memory.seen.pop("footage", None)
        return _untold(project, "footage", recorded, known), ()
    try:
        rows = _rows(project.path(FOOTAGE), version) if version else ()
    except (OSError, ValueError, KeyError, TypeError):
        rows = ()  # damaged: it is made again
    seen = look_at_rows(project, rows, same or not recorded, watch.SETTLE_S, now)
    if seen.offline:
        return "", (seen.offline,)
    if seen.misses != missed:
        _remember(project, seen)
    if same and had.get("listing") in (seen.listing(), seen.listing(False)):
        memory.seen.pop("footage", None)
        return _untold(project, "footage", recorded, known), _growing(seen)
    if not rows and not any(not one.path.startswith(".") for one in seen.settled):
        return "", _growing(seen) or (f"waits for footage in {root}",)
    if not _confirmed(seen.settled, memory, now):
        return "", _growing(seen)
    return _sha(str(root), seen.listing()), _growing(seen)


def _untold(project: Project, root: str, recorded: Manifest | None, known: Known) -> str:
    """Why a root is made again although its inputs are as recorded; empty where it is not.

    It was made outside Dagster or killed before it could say so, by an older version of the code,
    or its files are gone.
    """
    if recorded is None:
        return "never made"
    if root == "footage" and (left := pending(project)):
        # more than one run takes; the next one is due at once where this one got on
        return f"{WAITING} {left} of {version_of(project, 'shot_index')}"
    if known.versions.get(root, {}).get(project.slug) != recorded.data_version:
        return f"untold {recorded.data_version}"
    if recorded.version != BY_NAME[root].version:
        return f"version {BY_NAME[root].version}"
    for output in recorded.outputs:
        path = project.path(output.path)
        if not path.is_file() or path.stat().st_size != output.size:
            return f"lost {output.path}"
    return ""


def _growing(seen: Sight) -> tuple[str, ...]:
    young = len(seen.found) - len(seen.settled)
    return (f"{young} files are still being copied",) if young else ()


def _confirmed(settled: Sequence[Found], memory: Memory, now: float) -> bool:
    """Whether what was still at an earlier look is the same now, by our own clock.

    Only a file server whose clock is behind ours can fail this: there a growing file looks old.
    """
    before = memory.seen.get("footage")
    if before is not None and 0 <= now - float(before[1]) < watch.SETTLE_S:
        return False
    memory.seen["footage"] = [digest_of_found(settled), now]
    if before is None or now < float(before[1]):
        return False
    return bool(digest_of_found(still(settled, watch.SETTLE_S, float(before[1]))) == before[0])


def _remember(project: Project, seen: Sight) -> None:
    """Notes what is missing; whoever works on the project now lets us do it at the next tick."""
    try:
        with project.leased(0):
            note(project, seen)
    except LeaseError:
        pass


# brief


def _brief(
    project: Project, known: Known, memory: Memory, now: float
) -> tuple[str, tuple[str, ...]]:
    """(Digest of the brief's files where they have to be read, what is waited for)."""
    recorded = project.manifest("brief")
    if recorded is None and not project.path("brief.yaml").is_file():
        return "", (f"waits for {project.path('brief.yaml')}",)
    if _young((project.root / name for name in BRIEF_PATHS), now):
        memory.seen.pop("brief", None)
        return "", ()
    files = brief_files(project)
    if recorded and {name: recorded.inputs.get(name) for name in files} == files:
        memory.seen.pop("brief", None)
        return _untold(project, "brief", recorded, known), ()
    digest = _sha(files)
    return (digest if _unchanged("brief", digest, memory, now) else ""), ()


def _wrong_brief(project: Project) -> str:
    """Why the brief cannot be used: asking again would say the same again."""
    try:
        brief_of(project)
    except VideoAssetsError as error:
        return str(error)
    return ""


def _young(paths: Iterable[Path], now: float) -> bool:
    """Whether a file below these paths changed a moment ago."""
    newest = max((_changed(path) for path in paths), default=0.0)
    return -NONSENSE_S <= now - newest < watch.SETTLE_S


def _changed(path: Path) -> float:
    """When anything at or below a path changed last."""
    newest = 0.0
    try:
        newest = path.stat().st_ctime
        for folder, names, files in os.walk(path):
            for name in (*names, *files):
                newest = max(newest, os.lstat(os.path.join(folder, name)).st_ctime)
    except OSError:
        pass
    return newest


def _unchanged(asset: str, digest: str, memory: Memory, now: float) -> bool:
    """Whether a digest is as it was `watch.SETTLE_S` ago, by our own clock."""
    before = memory.seen.get(asset)
    if before is None or before[0] != digest or now < float(before[1]):
        memory.seen[asset] = [digest, now]
        return False
    return now - float(before[1]) >= watch.SETTLE_S


# what automation missed


def _consumers(project: Project, asset: str) -> list[Step]:
    """The steps that automation makes when an asset has news: no aspect that nobody asks for."""
    apart = {f"cutdowns/{a}" for a in ASPECTS} - {f"cutdowns/{a}" for a in wanted_aspects(project)}
    return [s for s in STEPS if asset in s.deps and asset not in s.narrow and s.name not in apart]


def _lagging_roots(
    project: Project, known: Known, memory: Memory, now: float
) -> dict[str, list[Any]]:
    """Roots whose news did not reach what is made from them.

    News that arrives after a run made the assets below and before the next tick of automation is
    lost to it: the root is made again, which costs nothing, and automation sees it.
    """
    out: dict[str, list[Any]] = {}
    for root in ROOTS:
        version = version_of(project, root)
        behind = [
            s.name
            for s in _consumers(project, root)
            if _behind(project, s.name, root, version, True)
        ]
        mark = f"lag {root}"
        if not behind:
            memory.asked.pop(mark, None)
            continue
        target = _sha(version, behind)
        if memory.asked.get(mark, [""])[0] != target:
            memory.asked[mark] = [target, 0, now]  # automation gets a minute first
            continue
        attempt = memory.due(mark, target, now)
        if attempt is not None and known.ended_well(project.slug):
            memory.asked[mark] = [target, attempt, now]
            event = known.events.get(root, {}).get(project.slug, 0)
            out[root] = [_sha(target, event), attempt, now]
    return out


def _behind(project: Project, name: str, asset: str, version: str, never: bool) -> bool:
    """Whether a step was made from another version; `never`: not made at all counts too."""
    manifest = project.manifest(name)
    return never if manifest is None else manifest.inputs.get(asset) != version


def _reports(
    project: Project,
    assets: Iterable[str],
    known: Known,
    memory: Memory,
    now: float,
    first: bool = False,
) -> list[Report]:
    """External assets that differ from what Dagster was told, or did not reach who reads them.

    `first`: with the first run of a project, so that nothing is made twice.
    """
    out = []
    for asset in assets:
        paths = [project.root / name for name in OUTSIDE_FILES[asset]]
        if _young(paths, now):
            memory.seen.pop(asset, None)
            continue
        version = version_of(project, asset)
        told = known.versions.get(asset, {}).get(project.slug)
        if told is None and _nothing(project, asset, paths):
            continue
        if told != version:
            if first or _unchanged(asset, version, memory, now):
                memory.seen.pop(asset, None)
                memory.asked[asset] = [version, 0, now]
                out.append(Report(project.slug, asset, version))
            continue
        memory.seen.pop(asset, None)
        if not any(
            _out_of_date(project, step, asset, version) for step in _consumers(project, asset)
        ):
            memory.asked.pop(asset, None)
            continue
        if memory.asked.get(asset, [""])[0] != version:
            memory.asked[asset] = [version, 0, now]  # automation gets a minute first
            continue
        attempt = memory.due(asset, version, now)
        if attempt is not None and known.ended_well(project.slug):
            memory.asked[asset] = [version, attempt, now]
            out.append(Report(project.slug, asset, version))
    return out


def _out_of_date(project: Project, step: Step, asset: str, version: str) -> bool:
    """Whether a step that was made once does not know this version of an external asset.

    performance_metrics reads more than its one edge says (the outbox): all its inputs count.
    """
    if asset != "published_metrics":
        return _behind(project, step.name, asset, version, False)
    manifest = project.manifest(step.name)
    return manifest is not None and manifest.inputs != dict(step.all_inputs(project))


def _nothing(project: Project, asset: str, paths: Iterable[Path]) -> bool:
    """Whether an external asset is empty: nobody put anything there yet."""
    if asset == "brand_kit" and project.settings.get("brand"):
        return False
    for path in paths:
        if path.is_file() or (
            path.is_dir()
            and any(
                p.is_file() and not any(n.startswith(".") for n in p.relative_to(path).parts)
                for p in path.rglob("*")
            )
        ):
            return False
    return True
