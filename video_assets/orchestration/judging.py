"""Judging a finished cutdown again when the measures have changed, without making it again."""

import contextlib
import os
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from video_assets.foundation.records import FootageRow, Timeline, to_plain
from video_assets.foundation.store import Draft, Manifest, Project, digest_of
from video_assets.library.staging import is_present


def news(verdict: Mapping[str, Any]) -> list[dict[str, str]]:
    """The findings that say something of this very cutdown."""
    from video_assets.delivery.inspections.table import UNMADE

    return [f for f in verdict["findings"] if f["measure"] not in UNMADE]


def told(verdict: Mapping[str, Any]) -> list[str]:
    """What people should know of a verdict: its findings, and why a gate is shut."""
    gates = [f["what"] for found in verdict["gates"].values() for f in found]
    return [*(f["what"] for f in news(verdict)), *gates]


def clips_of(timeline: Timeline, rows: Mapping[str, FootageRow]) -> dict[str, dict[str, Any]]:
    """What is known of the clips that a timeline uses, but not where and when they were found."""
    used = {c.path for c in timeline.picture} | {s.path for s in timeline.sound}
    return {
        rows[p].clip_id: {**to_plain(rows[p]), "path": "", "mtime_ns": 0, "inode": 0}
        for p in sorted(used)
        if p in rows
    }


def is_outdated(
    project: Project, timeline: Timeline, rows: Mapping[str, FootageRow], manifest: Manifest
) -> bool:
    """Whether a cutdown was judged by other measures than today's, and can be judged by these."""
    from video_assets.delivery.inspections.verdict import VERDICT_VERSION

    if manifest.inputs.get("verdict") == str(VERDICT_VERSION):
        return False
    return can_be_judged(project, timeline, rows, manifest)


def can_be_judged(
    project: Project, timeline: Timeline, rows: Mapping[str, FootageRow], manifest: Manifest
) -> bool:
    """Whether a cutdown that lies there can be judged without making it.

    It can be where footage and brand are those that it shows: what it says is in its own files.
    """
    from video_assets.orchestration.cases import brand_of

    if manifest.inputs.get("brand") != digest_of(brand_of(project)):
        return False
    cited = {(c.path, c.clip_id) for c in timeline.picture}
    cited |= {(s.path, s.clip_id) for s in timeline.sound}
    root = project.footage_root
    return all(
        path in rows and rows[path].clip_id == clip and is_present(root, rows[path])
        for path, clip in cited
    )


def judge_again(
    project: Project, cut: str, aspects: Sequence[str], judged: Mapping[str, str]
) -> None:
    """Writes today's verdict beside cutdowns that lie there; no other file of them changes.

    `judged`: the digests of what they are judged by now. VideoAssetsError: a file of one is gone or
    damaged.
    """
    from video_assets.delivery.inspections.verdict import inspect
    from video_assets.foundation.progress import track
    from video_assets.orchestration.cases import stored_case

    with track(f"{cut} inspections", len(aspects)) as progress:
        before = None
        for aspect in aspects:
            name = f"artefacts/{cut}/{aspect}"
            manifest = project.manifest(name)
            if manifest is None:
                continue
            before, case = stored_case(project, manifest, before)
            verdict = inspect(case)
            verdict_file = f"delivery/{cut}/{aspect}.verdict.json"
            was = project.read_json(verdict_file)

            def write(
                draft: Draft,
                manifest: Manifest = manifest,
                verdict: Any = verdict,
                was: Any = was,
                verdict_file: str = verdict_file,
            ) -> None:
                for output in manifest.outputs:
                    if output.path != verdict_file:
                        _same(project.path(output.path), draft.path(output.path))
                draft.json(verdict_file, verdict)
                said = set(told(was))
                notes = [note for note in manifest.facts.get("notes", ()) if note not in said]
                draft.facts.update(manifest.facts)
                draft.facts.update(
                    findings=len(news(verdict)),
                    notes=[*notes, *told(verdict)],
                )

            inputs = {**manifest.inputs, **judged}
            project.make(name, manifest.version, inputs, write, again=True)
            progress.advance(detail=aspect)


def _same(source: Any, target: Any) -> None:
    """The same file under another name; a copy where the disk knows no second names."""
    with contextlib.suppress(OSError):
        os.link(source, target)
        return
    shutil.copyfile(source, target)
