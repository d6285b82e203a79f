"""What every asset is made from and how: one `Step` an asset, without a word of Dagster.

A step is current when its recorded inputs and its files agree with the disk; `run` makes what is
not, Dagster shows the same. The edges are those of the design's asset graph.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from video_assets.foundation.errors import ProjectError
from video_assets.foundation.store import Draft, Made, Project, digest_of, known_sha256

ASPECTS = ("9x16", "4x5", "3x4", "2x3", "1x1", "16x9")

Inspect = Callable[[Project], list[str]]
"""A gate: lists problems of what was made; its docstring is its description."""


def no_inputs(project: Project) -> dict[str, str]:
    """For steps that read nothing but their upstream assets."""
    return {}


def is_whole(project: Project) -> bool:
    """For steps that write nothing but the files of their manifest."""
    return True


def nothing_to_do(project: Project) -> None:
    """For steps that need no preparation."""


def nothing_hinders(project: Project) -> str:
    """For steps that need nothing but what they are made from."""
    return ""


def nobody_asks(project: Project) -> bool:
    """For steps that set nothing aside."""
    return False


def nothing_to_say(project: Project) -> dict[str, Any]:
    """For steps without figures."""
    return {}


@dataclass(frozen=True)
class Step:
    """One asset: its edges, its inputs from outside the graph, how it is made and judged."""

    name: str
    """The asset's key, with slashes."""
    group: str
    """library, editorial, delivery or performance."""
    about: str
    """What it holds, for people."""
    deps: tuple[str, ...]
    version: str
    """Raised whenever the same inputs would give other bytes."""
    make: Callable[[Project, Draft], None]
    inputs: Callable[[Project], Mapping[str, str]] = no_inputs
    """Digests of what is read beside the upstream assets."""
    describe: Callable[[Project], Mapping[str, Any]] = nothing_to_say
    """Figures, tables (lists of dicts) and pictures (JPEG bytes) for the UI."""
    gates: tuple[Inspect, ...] = ()
    kinds: tuple[str, ...] = ()
    owner: str = "team:media-operations"
    pool: str | None = None
    whole: Callable[[Project], bool] = is_whole
    """Whether what it made outside its own manifest (a table, other artefacts) still lies there."""
    prepare: Callable[[Project], object] = nothing_to_do
    """Done under the lease before the inputs are looked at."""
    hindered: Callable[[Project], str] = nothing_hinders
    """What to mount before it can be made, however current it is; empty where nothing hinders."""
    needs: Callable[[Project], str] = nothing_hinders
    """What to mount before it can be made anew; asked only where it is due, so that what is current
    stays so. Else it would read files that are not there as files without words or pictures."""
    asked_again: Callable[[Project], bool] = nobody_asks
    """Whether the run wants what this step has set aside to be tried once more."""
    narrow: frozenset[str] = field(default_factory=frozenset)
    """Deps that count for order only: the step's own `inputs` say which part of them it reads."""

    def all_inputs(self, project: Project) -> dict[str, str]:
        """Digest of every input by name."""
        from_assets = {
            name: version_of(project, name) for name in self.deps if name not in self.narrow
        }
        return {**from_assets, **self.inputs(project)}

    def is_current(self, project: Project) -> bool:
        """Whether making it again would change nothing."""
        return project.is_current(self.name, self.version, self.all_inputs(project)) and self.whole(
            project
        )

    def run(self, project: Project) -> Made:
        """Makes it where it is not current or the run forces it, alone on this project."""
        hindered = self.hindered(project)
        if hindered:
            raise ProjectError(hindered)
        with project.leased():
            self.ready(project)
            return project.make(
                self.name,
                self.version,
                self.all_inputs(project),
                lambda draft: self.make(project, draft),
                again=self._must(project) or not self.whole(project),
            )

    def ready(self, project: Project) -> None:
        """Prepares, under the lease; ProjectError where it is due and says what to mount first."""
        self.prepare(project)
        if self.needs is not nothing_hinders and self.is_due(project):
            needed = self.needs(project)
            if needed:
                raise ProjectError(needed)

    def is_due(self, project: Project) -> bool:
        """Whether a run makes it: it is not current, or the run wants it again."""
        return self._must(project) or not self.is_current(project)

    def _must(self, project: Project) -> bool:
        return project.options.force or self.asked_again(project)


OUTSIDE_FILES: dict[str, tuple[str, ...]] = {
    "edits": ("edits.yaml",),
    "brand_kit": ("brand",),
    "music": ("music",),
    "published_metrics": ("performance/inbox",),
}
"""Where the external assets lie, below the project folder."""


def version_of(project: Project, asset: str) -> str:
    """The data version of an asset: what its manifest says, or the digest of outside files."""
    if asset in OUTSIDE_FILES:
        files = files_digest(project.root / name for name in OUTSIDE_FILES[asset])
        brand = project.settings.get("brand") if asset == "brand_kit" else None
        return digest_of([files, str(brand)]) if brand else files  # who is shown without a kit
    manifest = project.manifest(asset)
    return manifest.data_version if manifest else "absent"


def files_digest(paths: Iterable[Path]) -> str:
    """Digest of the bytes of files and of everything below folders; absent ones count as such."""
    found: list[Any] = []
    for path in paths:
        if path.is_dir():
            for file in sorted(p for p in path.rglob("*") if p.is_file()):
                hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
                if not hidden:
                    found.append([file.relative_to(path).as_posix(), known_sha256(file)])
        else:
            found.append([path.name, known_sha256(path) if path.is_file() else "absent"])
    return digest_of(found)
