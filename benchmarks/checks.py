"""What only several runs of the product can show: rows 15 (rerender) and 16 of CRAFT.md 8.

Each check renders anew: minutes, with `--full` only.
"""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contestants import ours
from video_assets.foundation import media
from video_assets.foundation.files import sha256_file
from video_assets.foundation.store import Project, Workspace


@dataclass(frozen=True)
class Checked:
    """What one check found."""

    name: str
    row: int
    looked_at: int
    problems: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether there was something to look at, and nothing was wrong with it."""
        return self.looked_at > 0 and not self.problems


def rerenders_the_same(project: Project, scratch: Path) -> Checked:
    """Row 15: the .otio file that went out gives every frame and sample of its film again.

    Rendered into an empty data folder, so that no segment is taken from the first time.
    """
    from video_assets.editorial.timeline import from_otio
    from video_assets.finishing.render import render_cutdowns
    from video_assets.orchestration.cases import rows_of, shared, stored_cutdowns

    rows, problems = rows_of(project), []
    films = stored_cutdowns(project)
    for number, one in enumerate(films):
        cut, aspect = one.facts["cut_id"], one.facts["aspect"]
        base = project.path(f"delivery/{cut}/{aspect}")
        timeline = from_otio(base.with_name(f"{aspect}.otio").read_text(encoding="utf-8"))
        own = shared(project, timeline, rows)
        again = render_cutdowns(
            project,
            Workspace(scratch / "again"),
            timeline,
            rows.values(),
            [aspect],
            own.brand,
            own.brief,
            scratch / f"film-{number}",
        )[aspect].file
        if frames_of(again) != frames_of(base.with_name(f"{aspect}.mp4")):
            problems.append(f"{cut} {aspect}: other frames or samples")
    return Checked("rerenders_the_same", 15, len(films), tuple(problems))


def frames_of(file: Path) -> str:
    """ffmpeg's framemd5 of every decoded frame and sample packet."""
    graph = media.source(file).output("-", format="framemd5").global_args("-v", "error")
    with tempfile.TemporaryDirectory(prefix="video-assets-") as folder:
        out, _ = media.run(graph, Path(folder), 600, f"decoding {file.name}")
    return out.decode()


def two_runs_agree(library: Path, first: Project, scratch: Path, aspects: Sequence[str]) -> Checked:
    """Row 16: a second run on an empty data folder makes the same bytes of mp4, otio and srt."""
    data = scratch / "second"
    ours.make(library, data, aspects)
    before = outputs(first)
    after = outputs(Workspace(data).project(ours.SLUG))
    names = sorted(before.keys() | after.keys())
    problems = [n for n in names if before.get(n) != after.get(n)]
    return Checked("two_runs_agree", 16, len(names), tuple(problems))


def outputs(project: Project) -> dict[str, str]:
    """sha256 of everything that goes out, by name below the project."""
    folder = project.path("delivery")
    kinds = (".mp4", ".otio", ".srt", ".vtt")
    files = sorted(p for p in folder.glob("*/*") if p.suffix in kinds)
    return {p.relative_to(folder).as_posix(): sha256_file(p) for p in files}


def one_clip_rebuilds_its_own(library: Path, scratch: Path, aspects: Sequence[str]) -> Checked:
    """Row 16: other bytes with the same pictures in one clip; only what cites it is made again.

    The clip gets an empty box at its end, so its id changes. One clip is analysed anew, and the
    records of exactly those cutdowns change that used it before or use it afterwards.
    """
    from video_assets.orchestration.runs import run_project

    own = scratch / "library"
    shutil.copytree(library, own)
    data = scratch / "changed"
    ours.make(own, data, aspects)
    project = Workspace(data).project(ours.SLUG)
    before, users, analysed = _records(project), _users(project), _analysed(data)
    cited = sorted({path for used in users.values() for path in used if path.endswith(".mp4")})
    if not before or not cited:
        return Checked("one_clip_rebuilds_its_own", 16, 0, ("no cutdown was made",))
    rarest = min(cited, key=lambda path: (sum(path in paths for paths in users.values()), path))
    _grown(own / "footage" / rarest)
    run_project(project.workspace, project, None, aspects, "")
    after, later = _records(project), _users(project)
    problems = []
    fresh = {clip for clip, _ in _analysed(data) - analysed}
    if len(fresh) != 1:
        problems.append(f"{len(fresh)} clips were analysed anew, expected 1 ({rarest})")
    for cut, aspect in sorted(before.keys() | after.keys()):
        touched = before.get((cut, aspect)) != after.get((cut, aspect))
        due = rarest in users.get(cut, ()) or rarest in later.get(cut, ())
        if touched != due:
            problems.append(f"{cut} {aspect}: {'made again' if touched else 'left as it was'}")
    return Checked("one_clip_rebuilds_its_own", 16, len(before), tuple(problems))


def _records(project: Project) -> dict[tuple[str, str], str]:
    """Of every cutdown the digest of what it was made from and what it consists of."""
    from video_assets.orchestration.cases import stored_cutdowns

    return {
        (m.facts["cut_id"], m.facts["aspect"]): f"{m.input_digest} {m.data_version}"
        for m in stored_cutdowns(project)
    }


def _analysed(data: Path) -> set[tuple[str, str]]:
    """The analyses that lie there: clip and digest of what each was made with."""
    return {(p.parent.name, p.name) for p in (data / "clips").glob("*/[!.]*")}


def _users(project: Project) -> dict[str, set[str]]:
    """The clips that each cut uses."""
    from video_assets.orchestration.assets.editorial import timelines_of

    return {
        t.cut_id: {c.path for c in t.picture} | {s.path for s in t.sound}
        for t in timelines_of(project)
    }


def _grown(clip: Path) -> None:
    """The same clip with an empty box at its end, which players pass over."""
    with open(clip, "ab") as file:
        file.write((16).to_bytes(4, "big") + b"free" + b"changed.")
