"""Where everything lies, and how it gets there: whole or not at all.

Two kinds of artefact:

- `Project.make`: named files of one project. A manifest (inputs, size and sha256 of each output) is
  written last; readers trust manifests only. What exists and has the same inputs is not made again.
- `kept`: a content-addressed folder shared by all projects (a clip's analysis, a rendered segment).
"""

import contextlib
import difflib
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from video_assets.foundation.buckets import Access, Bucket, Root, bucket_of, is_address
from video_assets.foundation.errors import LeaseError, ProjectError, StorageError
from video_assets.foundation.files import (
    disk_errors,
    fsync,
    is_abandoned,
    maker,
    sha256_file,
    write_atomic,
)
from video_assets.foundation.lease import Lease, held
from video_assets.foundation.records import (
    read_records,
    record_versions,
    to_plain,
    write_records,
)
from video_assets.foundation.versions import (
    FORMATS,
    STAMP,
    check_stamp,
    numbered,
    unnumbered,
    with_number,
    without_number,
)

__all__ = ["disk_errors", "sha256_file", "write_atomic"]

SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10)}
"""Names that Windows cannot make a folder of."""


SETTINGS = (
    "brand",
    "footage",
    "s3",
    "time_zone",
    "approval",
    "channels",
    "learnings",
    "published_as",
)
"""Keys of project.yaml."""
LEASE_WAIT = 3600.0
"""Seconds that a run waits for another one on the same project: renders take long."""


def check_slug(slug: str) -> str:
    """The slug itself, or ProjectError that says what a project may be called."""
    if not SLUG.fullmatch(slug) or slug in _RESERVED:
        shown = slug if len(slug) <= 40 else slug[:40] + "..."
        raise ProjectError(
            f"{shown!r} cannot name a project: use 1 to 63 of a-z, 0-9, '-' and '_', "
            "beginning with a letter or digit"
        )
    return slug


def digest_of(value: Any) -> str:
    """sha256 (64 hex digits) of a value made of JSON types, records and fractions."""
    text = json.dumps(to_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def as_json(value: Any) -> str:
    """Readable JSON with a stable order and a last newline."""
    return json.dumps(to_plain(value), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class Output:
    """One file of an artefact."""

    path: str
    """Relative to the project folder."""
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an artefact was made from and what it consists of."""

    artifact: str
    version: str
    inputs: dict[str, str]
    """Digest of every input by name."""
    input_digest: str
    outputs: tuple[Output, ...]
    data_version: str
    """Digest of what was written: same bytes, same version."""
    facts: dict[str, Any] = field(default_factory=dict)
    """Small figures for people: counts, engines, downgrades."""


@dataclass(frozen=True, slots=True)
class Made:
    """The answer of `Project.make`."""

    manifest: Manifest
    fresh: bool
    """False where nothing had to be done."""


class Draft:
    """A private folder in which an artefact grows before it is published."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.facts: dict[str, Any] = {}

    def path(self, name: str) -> Path:
        """Where to write the output that will be `<project>/name`."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def text(self, name: str, text: str) -> None:
        """Writes a text output."""
        self.path(name).write_text(text, encoding="utf-8")

    def json(self, name: str, value: Any) -> None:
        """Writes a JSON output."""
        self.text(name, as_json(numbered(name, to_plain(value))))

    def records(self, name: str, kind: type, rows: Any) -> None:
        """Writes a Parquet output of records."""
        write_records(self.path(name), kind, rows)

    def scratch(self) -> Path:
        """A folder for intermediate files; nothing in it is published."""
        path = self.folder / ".scratch"
        path.mkdir(exist_ok=True)
        return path


class Project:
    """One project's folder: what people put in, and what was made."""

    def __init__(self, workspace: "Workspace", slug: str) -> None:
        self.workspace = workspace
        self.slug = check_slug(slug)
        self.root = workspace.root / "projects" / slug
        self._lease: Lease | None = None
        self._guarded = False

    @property
    def options(self) -> "Options":
        """What this run was asked for beside the project's own files."""
        return self.workspace.options

    @contextlib.contextmanager
    def leased(self, wait_s: float | None = None) -> Iterator[None]:
        """Holds the project's lease: nobody else changes it. Inside itself it does nothing more.

        Raises LeaseError where another holder is not done within `wait_s` seconds, left out:
        `LEASE_WAIT`.
        """
        if self._lease is not None:
            yield
            return
        wait_s = LEASE_WAIT if wait_s is None else wait_s
        with held(self.workspace.lease_file(self.slug), wait_s) as lease:
            self._lease = lease
            try:
                sweep(self.root / ".drafts")
                yield
            finally:
                self._lease = None

    @contextlib.contextmanager
    def guarded(self) -> Iterator[None]:
        """Around every change of what people and other runs read, inside `leased`.

        Raises LeaseError, before anything is written, where the lease was lost.
        """
        if self._guarded:
            yield
            return
        if self._lease is None:
            raise LeaseError(f"project {self.slug}: nothing is written without its lease")
        with self._lease.guarded():
            if not self.root.is_dir():
                raise ProjectError(
                    f"project {self.slug} was archived, renamed or removed meanwhile; nothing was "
                    "written"
                )
            self._guarded = True
            try:
                self._stamp()
                yield
            finally:
                self._guarded = False

    def check_formats(self) -> None:
        """Raises NewerFormat where a later product has written into this project."""
        check_stamp(self.root, {**FORMATS, **record_versions()})

    def _stamp(self) -> None:
        """Says by which formats is written from here on, before anything is."""
        ours = {**FORMATS, **record_versions()}
        if check_stamp(self.root, ours) != ours:
            write_atomic(self.root / STAMP, as_json({"formats": ours}))

    def path(self, name: str) -> Path:
        """A file of this project; refuses to leave its folder."""
        path = self.root / name
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise ProjectError(f"{name!r} lies outside project {self.slug}")
        return path

    @property
    def settings(self) -> dict[str, Any]:
        """What project.yaml says, by key; ProjectError where it is no YAML or has other keys."""
        import yaml

        path = self.root / "project.yaml"
        try:
            found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except FileNotFoundError:
            found = {}
        except OSError as error:
            raise ProjectError(f"{path} cannot be read: {error.strerror or error}") from error
        except (yaml.YAMLError, ValueError, RecursionError) as error:  # 2026-02-30 is a ValueError
            mark = getattr(error, "problem_mark", None)
            where = f", line {mark.line + 1}" if mark else ""
            what = getattr(error, "problem", None) or str(error)
            raise ProjectError(f"{path}{where}: this is not YAML: {what}") from error
        if not isinstance(found, dict):
            raise ProjectError(f"{path} must hold keys and values, such as `footage: footage`")
        try:
            found = dict(without_number(path, "settings", found, "version"))
        except ValueError as error:
            raise ProjectError(f"{path}: version: {error}; leave it out, or give it 1") from error
        for key in found:
            if key not in SETTINGS:  # a mistyped `approval` must not open the door
                near = difflib.get_close_matches(str(key), SETTINGS, 1)
                hint = f"did you mean {near[0]!r}? " if near else ""
                raise ProjectError(
                    f"{path}: {key}: unknown key; {hint}known keys: {', '.join(SETTINGS)}"
                )
        return found

    @property
    def footage_root(self) -> Root:
        """Where the sources lie: the folder or bucket of project.yaml, else `footage` beside it."""
        settings = self.settings
        named = str(settings.get("footage") or "footage")
        if is_address(named):
            return self.workspace.bucket(named, settings.get("s3"))
        return (self.root / Path(named).expanduser()).absolute()

    @property
    def brand(self) -> str:
        """The brand this project belongs to; its own slug where none is named."""
        return str(self.settings.get("brand") or self.slug)

    @property
    def published_as(self) -> str:
        """The name that its publications bear: its slug, or the one it had before it was renamed.

        Their keys hold it: under another name everything would go out once more.
        """
        return str(self.settings.get("published_as") or self.slug)

    def read(
        self, name: str, kind: type, only: tuple[str, Collection[str]] | None = None
    ) -> list[Any]:
        """The records of a Parquet file of this project; `only` as `read_records` says."""
        return read_records(self.path(name), kind, only)

    def read_json(self, name: str) -> Any:
        """A JSON file of this project."""
        path = self.path(name)
        return unnumbered(path, name, json.loads(path.read_text(encoding="utf-8")))

    def manifest(self, artifact: str) -> Manifest | None:
        """What is recorded of an artefact; None where it was never made or is damaged."""
        name = f".manifests/{artifact}.json"
        path = self.path(name)
        try:
            plain = unnumbered(path, name, json.loads(path.read_text(encoding="utf-8")))
            plain["outputs"] = tuple(Output(**o) for o in plain["outputs"])
            return Manifest(**plain)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def manifests(self, prefix: str) -> list[Manifest]:
        """All recorded artefacts whose names begin with `prefix/`, by name."""
        base = self.root / ".manifests" / prefix
        names = sorted(
            p.relative_to(self.root / ".manifests").with_suffix("").as_posix()
            for p in base.rglob("*.json")
        )
        return [m for m in map(self.manifest, names) if m]

    def intact(self, manifest: Manifest) -> bool:
        """Whether every output lies there with the recorded bytes."""
        for output in manifest.outputs:
            path = self.root / output.path
            try:
                if path.stat().st_size != output.size or known_sha256(path) != output.sha256:
                    return False
            except OSError:
                return False
        return True

    def is_current(self, artifact: str, version: str, inputs: Mapping[str, str]) -> bool:
        """Whether `make` with the same arguments would have nothing to do."""
        old = self.manifest(artifact)
        return (
            old is not None
            and old.input_digest == _input_digest(artifact, version, inputs)
            and self.intact(old)
        )

    def make(
        self,
        artifact: str,
        version: str,
        inputs: Mapping[str, str],
        write: Callable[[Draft], None],
        again: bool = False,
    ) -> Made:
        """The artefact, made only where its inputs or its files differ from what is recorded.

        `write` fills a draft; its files then replace the old ones one by one, files that are no
        longer part of it are removed, and the manifest is written last. A file whose bytes did not
        change is left untouched. `again` makes it even where it is current.
        """
        with self.leased():
            return self._make(artifact, version, inputs, write, again)

    def _make(
        self,
        artifact: str,
        version: str,
        inputs: Mapping[str, str],
        write: Callable[[Draft], None],
        again: bool,
    ) -> Made:
        digest = _input_digest(artifact, version, inputs)
        old = self.manifest(artifact)
        if not again and old and old.input_digest == digest and self.intact(old):
            return Made(old, fresh=False)
        with disk_errors(self.root), self._draft(artifact) as draft:
            write(draft)
            shutil.rmtree(draft.folder / ".scratch", ignore_errors=True)
            files = sorted(p for p in draft.folder.rglob("*") if p.is_file())
            outputs = []
            for file in files:
                fsync(file)
                name = file.relative_to(draft.folder).as_posix()
                outputs.append(Output(name, file.stat().st_size, sha256_file(file)))
            manifest = Manifest(
                artifact,
                version,
                dict(sorted(inputs.items())),
                digest,
                tuple(outputs),
                digest_of([[o.path, o.sha256] for o in outputs]),
                draft.facts,
            )
            with self.guarded():
                for output, file in zip(outputs, files, strict=True):
                    final = self.path(output.path)
                    if final.is_file() and known_sha256(final) == output.sha256:
                        continue
                    final.parent.mkdir(parents=True, exist_ok=True)
                    os.replace(file, final)
                    fsync(final.parent)
                for gone in (
                    {o.path for o in old.outputs} - {o.path for o in outputs} if old else ()
                ):
                    self.path(gone).unlink(missing_ok=True)
                path = self._manifest_path(artifact)
                name = path.relative_to(self.root).as_posix()
                write_atomic(path, as_json(numbered(name, to_plain(manifest))))
        return Made(manifest, fresh=True)

    @contextlib.contextmanager
    def scratch(self, name: str) -> Iterator[Path]:
        """A private folder on the project's own disk, gone afterwards."""
        with disk_errors(self.root), self._draft(name) as draft:
            yield draft.folder

    def forget(self, artifact: str) -> None:
        """Removes an artefact's files and its record."""
        with self.leased(), self.guarded():
            old = self.manifest(artifact)
            for output in old.outputs if old else ():
                self.path(output.path).unlink(missing_ok=True)
            self._manifest_path(artifact).unlink(missing_ok=True)

    def _manifest_path(self, artifact: str) -> Path:
        return self.path(f".manifests/{artifact}.json")

    @contextlib.contextmanager
    def _draft(self, artifact: str) -> Iterator[Draft]:
        drafts = self.root / ".drafts"
        sweep(drafts)
        drafts.mkdir(parents=True, exist_ok=True)
        name = artifact.replace("/", "-")
        folder = Path(tempfile.mkdtemp(prefix=f"{maker()}-{name}-", dir=drafts))
        try:
            yield Draft(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):
                drafts.rmdir()


def sweep(drafts: Path) -> None:
    """Removes drafts whose process is gone: what a killed run left behind."""
    try:
        names = os.listdir(drafts)
    except (FileNotFoundError, NotADirectoryError):
        return
    own = drafts.name == ".drafts"
    for name in names:
        if (own or name.startswith(".")) and is_abandoned(drafts / name, name.lstrip(".")):
            shutil.rmtree(drafts / name, ignore_errors=True)
    if own:
        with contextlib.suppress(OSError):  # somebody is at work in it
            drafts.rmdir()


def _input_digest(artifact: str, version: str, inputs: Mapping[str, str]) -> str:
    return digest_of({"artifact": artifact, "version": version, "inputs": dict(inputs)})


_KNOWN: dict[tuple[str, int, int, int], str] = {}


def known_sha256(path: Path) -> str:
    """sha256 of a file, computed once per process for the same inode, size and time."""
    stat = path.stat()
    key = (str(path), stat.st_ino, stat.st_size, stat.st_mtime_ns)
    if key not in _KNOWN:
        _KNOWN[key] = sha256_file(path)
    return _KNOWN[key]


def kept(folder: Path, write: Callable[[Path], Any]) -> Any:
    """The facts of a content-addressed folder, made by `write` where it does not exist yet.

    `folder` is named by the digest of everything that went in, so what exists is right. `write`
    gets a private folder to fill and returns facts (JSON types); the folder appears whole.
    """
    facts = kept_facts(folder)
    if facts is not None:
        return facts[0]
    with disk_errors(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        sweep(folder.parent)
        draft = Path(tempfile.mkdtemp(prefix=f".{maker()}-", dir=folder.parent))
        try:
            made = to_plain(write(draft))
            sizes = {
                p.relative_to(draft).as_posix(): p.stat().st_size
                for p in sorted(draft.rglob("*"))
                if p.is_file()
            }
            for name in sizes:
                fsync(draft / name)
            said = with_number("kept", {"facts": made, "sizes": sizes})
            (draft / "manifest.json").write_text(as_json(said))
            fsync(draft / "manifest.json")
            os.chmod(draft, 0o755)
            if folder.exists() and kept_facts(folder) is None:
                shutil.rmtree(folder)  # damaged: a file of it was deleted or cut short
            with contextlib.suppress(FileExistsError, OSError):
                os.rename(draft, folder)
            fsync(folder.parent)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    facts = kept_facts(folder)
    if facts is None:
        raise StorageError(f"{folder} could not be written")
    return facts[0]


def kept_facts(folder: Path) -> tuple[Any] | None:
    """The facts of a content-addressed folder in a 1-tuple; None where it is not (wholly) there.

    Raises NewerFormat where a later product has made it.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest = without_number(folder, "kept", manifest)
        for name, size in manifest["sizes"].items():
            if (folder / name).stat().st_size != size:
                return None
        return (manifest["facts"],)
    except (OSError, ValueError, KeyError, TypeError):
        return None


@dataclass(frozen=True, slots=True)
class Options:
    """What a run was asked for beside what the projects' files say."""

    settle_s: float = 0.0
    """Footage that changed within so many seconds is left for the next run."""
    force: bool = False
    """Make again what is current."""
    clips: str = ""
    """Pattern (`cam_a/*`) of the footage paths that a run is about; empty for all."""
    aspects: tuple[str, ...] = ()
    """Aspect ratios that a run is about; empty for what the brief asks for."""
    retry: frozenset[str] = frozenset()
    """Families of errors (TRANSIENT, LIMIT, ...): files set aside for one are tried once more."""


class Workspace:
    """The data folder: projects, clips, segments, index."""

    def __init__(
        self, root: Path, options: Options = Options(), access: Access | None = None
    ) -> None:
        self.root = Path(root).expanduser().absolute()
        self.options = options
        self.access = access
        """How S3 stores are reached; None: as the environment says."""

    def lease_file(self, slug: str) -> Path:
        """Where a project's lease is kept."""
        return self.root / ".dagster" / "leases" / f"{slug}.sqlite"

    def analysis_lease_file(self, slug: str) -> Path:
        """Where the lease of a project's analysis is kept: a run holds it from its first shard to
        its last, in whatever processes these are, so that no other run does the same work."""
        return self.root / ".dagster" / "leases" / "analysis" / f"{slug}.sqlite"

    def project(self, slug: str) -> Project:
        """A project that exists; ProjectError says which ones do.

        Raises NewerFormat where a later product has written into it.
        """
        project = Project(self, slug)
        if not project.root.is_dir():
            known = ", ".join(self.projects()) or "none yet"
            place = f"{self.root}{'' if self.root.is_dir() else ', a folder that is not there'}"
            raise ProjectError(
                f"there is no project {slug!r} in {place} (projects: {known}); "
                f"make it with `video-assets project add {slug} --footage DIR`"
            )
        project.check_formats()
        return project

    def projects(self) -> list[str]:
        """The slugs of all projects, sorted."""
        base = self.root / "projects"
        if not base.is_dir():
            return []
        return sorted(
            p.name
            for p in base.iterdir()
            if p.is_dir() and SLUG.fullmatch(p.name) and (p / "project.yaml").is_file()
        )

    def bucket(self, address: str, settings: Any = None) -> Bucket:
        """The footage at `s3://bucket/prefix`; `settings`: what project.yaml says under `s3`."""
        if settings is not None and not isinstance(settings, dict):
            raise ProjectError("project.yaml: s3: keys and values are expected (endpoint_url: ...)")
        named = os.environ.get("VIDEO_ASSETS_S3_CACHE")
        cache = Path(named).expanduser().absolute() if named else self.root / "cache" / "s3"
        return bucket_of(address, settings or {}, cache, self.access)

    def clip(self, clip_id: str) -> Path:
        """The content-addressed folder of one clip's analysis."""
        return self.root / "clips" / clip_id

    @property
    def segments(self) -> Path:
        """Rendered segments, by digest."""
        return self.root / "segments"

    @property
    def index(self) -> Path:
        """The folder of the LanceDB tables."""
        return self.root / "index"
