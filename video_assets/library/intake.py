"""What lies below the footage folder: one row a path, read once, in worker processes.

A name that is not UTF-8 cannot be written to Parquet, JSON or a timeline. Such a path is shown with
its odd bytes as `\\xE9` and its own backslashes doubled (reversible: `as_found`), and the file is
set aside with the advice to rename it. All other paths stand exactly as found.
"""

import hashlib
import os
import re
import shutil
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any

from video_assets.foundation.buckets import Bucket, Root
from video_assets.foundation.errors import Code, FootageError, ProjectError, VideoAssetsError
from video_assets.foundation.progress import track
from video_assets.foundation.records import DeadLetter, FootageRow, from_plain, to_plain
from video_assets.foundation.store import Project, digest_of, kept, kept_facts, sweep
from video_assets.foundation.workers import hold_at_most, in_workers
from video_assets.library import camera_trees
from video_assets.library.failures import is_there, went_away
from video_assets.library.letters import is_tried_again, letter_of, warning_of
from video_assets.library.probe import PROBE_VERSION, probe
from video_assets.library.sidecars import MAX_BYTES, is_transcript, too_long
from video_assets.library.staging import (
    bytes_mark,
    first_bytes,
    is_out_of_reach,
    is_present,
    name_of,
    on_disk,
    patience,
    renamed,
)

_VIDEO = (
    "mp4 mov m4v mkv webm avi mts m2ts m2t ts mxf 3gp 3g2 mpg mpeg mpe vob wmv asf flv f4v ogv "
    "dv divx rm rmvb y4m m4s h264 h265 hevc 264 265 insv 360 r3d braw"
)
VIDEO = frozenset(_VIDEO.split())
_SOUND = "wav mp3 flac aac m4a ogg oga opus aif aiff wma ac3 amr caf mka au"
SOUND = frozenset(_SOUND.split())
SIDECARS = {"srt", "vtt", "json", "txt"}
_PICTURES = (
    "jpg jpeg png gif bmp tif tiff webp heic heif psd svg dng cr2 cr3 nef arw raf exr dpx thm"
)
PICTURES = frozenset(_PICTURES.split())
PROXIES = {"lrv", "lrf", "lrm"}
"""Small copies that cameras put beside the clip."""
BYTES_A_SECOND = 20_000_000
"""Slowest disk that is waited for."""
REMOUNTED = 0.9
"""Share of the unchanged files that bear other inodes from which their disk was mounted anew."""
FEWEST_REMOUNTED = 3
"""Files that must bear other inodes for that: fewer are quickly read again."""
NONSENSE_S = 3600.0
"""A change time so many seconds ahead says nothing."""
_MAGIC = (b"\x1aE\xdf\xa3", b"fLaC", b"OggS", b"FLV", b"\x06\x0e\x2b\x34", b"0&\xb2u", b"FORM")


@dataclass(frozen=True, slots=True)
class Found:
    """Something that lies below the footage folder."""

    path: str
    """Relative, forward slashes; see the module for names that are not UTF-8."""
    size: int
    """Bytes."""
    mtime_ns: int
    inode: int
    kind: str = "file"
    """file, link, special (no regular file), closed (it cannot be listed or looked at), unsafe (an
    object whose key is no path) or twice (odd bytes in one name are shown as those of another)."""
    ctime_ns: int = field(default=0, compare=False)
    """When size, times, name or rights changed last; no copy tool can set it back."""


def tools() -> str:
    """What reads the files: where it changes, what it did not know is read again."""
    return f"av {version('av')}, probe {PROBE_VERSION}"


def look(root: Root) -> list[Found]:
    """Everything below `root`, sorted by path; links are not followed, hidden files are listed.

    Raises ProjectError when the folder is not there, or the bucket cannot be listed.
    """
    if isinstance(root, Bucket):
        from video_assets.library import remote  # nothing of S3 where nobody uses it

        return remote.look(root)
    before = _place_of(root)
    if before is None:
        raise ProjectError(
            f"the footage folder {root} is not there: mount the disk it lies on, "
            "or name the right folder in project.yaml"
        )
    out: list[Found] = []
    folders = [(os.fsencode(root), b"")]
    while folders:
        folder, prefix = folders.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            if not prefix:
                raise ProjectError(f"the footage folder {root} cannot be read: {error}") from error
            if not isinstance(error, FileNotFoundError):  # gone since it was listed
                out.append(Found(_shown(prefix[:-1]), 0, 0, 0, "closed"))
            continue
        for entry in entries:
            name = prefix + entry.name
            try:
                if entry.is_dir(follow_symlinks=False):
                    folders.append((entry.path, name + b"/"))
                    continue
                info = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # gone since it was listed
            except OSError:
                out.append(Found(_shown(name), 0, 0, 0, "closed"))
                continue
            kind = "special"
            if stat.S_ISLNK(info.st_mode):
                kind = "link"
            elif stat.S_ISREG(info.st_mode):
                kind = "file"
            out.append(
                Found(
                    _shown(name),
                    info.st_size,
                    info.st_mtime_ns,
                    info.st_ino,
                    kind,
                    info.st_ctime_ns,
                )
            )
    if _place_of(root) != before:
        raise ProjectError(
            f"the footage folder {root} went away while it was listed: mount the disk again, then "
            "run again"
        )
    many = {path for path, count in Counter(one.path for one in out).items() if count > 1}
    out = [one for one in out if one.path not in many] + [Found(p, 0, 0, 0, "twice") for p in many]
    return sorted(out, key=lambda found: found.path)


def _place_of(folder: Path) -> tuple[int, int] | None:
    """Which folder lies there, as long as the same disk is mounted; None where none does."""
    try:
        info = folder.stat()
    except OSError:  # also of a disk that was pulled and is mounted still
        return None
    return (info.st_dev, info.st_ino) if stat.S_ISDIR(info.st_mode) else None


def listing_digest(root: Root) -> str:
    """A digest of names, sizes and times below `root`: it changes when anything there does."""
    return digest_of_found(look(root))


def digest_of_found(found: Iterable[Found]) -> str:
    """A digest of names, sizes and times, whatever order they come in."""
    kept = ("inode", "kind", "mtime_ns", "path", "size")
    listed = sorted(found, key=lambda one: one.path)
    return digest_of([{name: getattr(one, name) for name in kept} for one in listed])


def still(found: Iterable[Found], settle_s: float, now: float) -> list[Found]:
    """Those that did not change for `settle_s` seconds before `now` (seconds since the epoch).

    A change time ahead of us belongs to a file server whose clock is: it counts as growing. More
    than an hour ahead is no clock but nonsense, and no reason to wait for ever.
    """
    if settle_s <= 0:
        return list(found)
    ages = [(one, now - one.ctime_ns / 1e9) for one in found]
    return [one for one, age in ages if age >= settle_s or age < -NONSENSE_S]


def as_found(path: str) -> bytes:
    """The bytes of a name that is shown with escapes, relative to the footage folder."""
    if not _escaped(path):
        return path.encode()
    plain = re.sub(
        rb"\\(\\|x[0-9A-F]{2})",
        lambda m: b"\\" if m[1] == b"\\" else bytes([int(m[1][1:], 16)]),
        path.encode(),
    )
    return plain


def read_footage(
    project: Project,
    before: list[FootageRow],
    listed: Iterable[Found] | None = None,
    newer: bool = False,
) -> tuple[list[FootageRow], list[DeadLetter]]:
    """One row a path below the project's footage folder, and a letter for every file set aside.

    `before`: the rows of the last time; a file whose size, time and inode are the same, under its
    own name or another, is not read again, unless it was set aside for something that passes, or
    that the options ask to retry. `listed`: what a look at the folder found, where that was done
    already. `newer`: the tools are others than then, so clips are probed again, without reading
    them whole; those of a bucket would have to be fetched for it and are not. Raises ProjectError
    where files went away while they were read.
    """
    root = project.footage_root
    found_now = look(root) if listed is None else list(listed)
    known = {
        (row.path, row.size, row.mtime_ns, row.inode): _own(row)
        for row in _renumbered(before, found_now)
        if not ((letter := letter_of(row)) and is_tried_again(letter, project.options, newer))
    }
    # the same file under another name: its bytes need not be read to know them
    here = {(one.path, one.size, one.mtime_ns) for one in found_now}
    moved = {
        bytes_mark(root, row): row
        for row in known.values()
        if row.role in ("clip", "sound")
        # inodes may be given anew: what lies where it lay has not moved
        and (isinstance(root, Bucket) or (row.path, row.size, row.mtime_ns) not in here)
    }
    rows: dict[str, FootageRow] = {}
    to_read: list[Found] = []
    digests: dict[str, str] = {}
    sidecars: list[Found] = []
    films = [f.path for f in found_now if _suffix(f.path) in VIDEO and not _ignored(f)]
    copies = {p: f"a small copy of {of}" for p, of in camera_trees.small_copies(films).items()}
    for found in found_now:
        key = (found.path, found.size, found.mtime_ns, found.inode)
        row = FootageRow(found.path, "ignored", found.size, found.mtime_ns, found.inode)
        why = _ignored(found) or copies.get(found.path, "")
        if why:
            rows[found.path] = replace(row, note=why)
        elif found.kind in ("closed", "unsafe", "twice") or _is_escaped_name(root, found):
            rows[found.path] = _dead(row, _unnamed(found))
        elif _suffix(found.path) in SIDECARS:
            sidecars.append(found)
        elif key in known and known[key].role in ("clip", "sound", "dead"):
            rows[found.path] = known[key]
            if newer and known[key].role != "dead" and isinstance(root, Path):
                to_read.append(found)
                digests[found.path] = known[key].clip_id
        elif (mark := bytes_mark(root, found)) in moved and found.inode:
            rows[found.path] = replace(moved[mark], path=found.path, mtime_ns=found.mtime_ns)
        elif _may_be_media(root, found):
            to_read.append(found)
        else:
            what = (
                "a camera's index or notes"
                if _suffix(found.path) in camera_trees.NOTES
                else "no media file"
            )
            rows[found.path] = replace(row, note=f"{what} ({_kind_of(found.path)})")
    fresh = _read(root, to_read, digests)
    if not any(row.clip_id for row in (*rows.values(), *fresh.values())):
        _check_credential(root, fresh.values())
    rows |= fresh
    _mark_duplicates(rows)
    clips = _by_stem(rows.values())
    for found in sidecars:
        rows[found.path] = _sidecar(root, found, clips, known)
    for found in found_now:
        if of := camera_trees.notes_on(found.path, clips):
            rows[found.path] = replace(rows[found.path], note=f"a camera's notes on {of}")
            key = (found.path, found.size, found.mtime_ns, found.inode)
            if of in fresh or key not in known:
                rows[of] = _told(root, rows[of], found)
    rows = camera_trees.chained(rows)
    ordered = [rows[path] for path in sorted(rows)]
    letters = [letter for row in ordered if row.role != "duplicate" and (letter := letter_of(row))]
    return ordered, letters


def _renumbered(before: Sequence[FootageRow], found: Iterable[Found]) -> list[FootageRow]:
    """The rows with the inodes of today, where a disk or share was mounted anew: network shares
    give other numbers each time.

    That is so where most files that have the size and time they had bear another number. Where only
    some do, these were replaced, and are read again.
    """
    now = {(one.path, one.size, one.mtime_ns): one.inode for one in found}
    same = {row.path: now.get((row.path, row.size, row.mtime_ns)) for row in before}
    there = [row for row in before if same[row.path] is not None]
    other = sum(same[row.path] != row.inode for row in there)
    if other < REMOUNTED * len(there) or other < FEWEST_REMOUNTED:
        return list(before)
    return [
        row if (inode := same[row.path]) is None else replace(row, inode=inode) for row in before
    ]


def examine(path: str, digest: str = "") -> tuple[str, dict[str, Any] | None, FootageError | None]:
    """(first 32 digits of the sha256, what the probe found, why not); runs in a worker process.

    `digest`: where it is known already.
    """
    hold_at_most()
    file = Path(path)
    before = file.stat()
    try:
        with open(file, "rb") as data:
            digest = digest or hashlib.file_digest(data, "sha256").hexdigest()[:32]
    except OSError as error:
        return "", None, FootageError(
            f"cannot be read ({error.strerror})",
            Code.STORE_TIMEOUT,
            "check its rights and the disk",
        )  # fmt: skip
    try:
        fields = probe(file)
    except FootageError as error:
        return digest, None, error
    after = file.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        return "", None, FootageError(
            "changed while it was read", Code.TRUNCATED, "run again when it is copied whole"
        )  # fmt: skip
    return digest, to_plain(fields), None


def examine_fetched(
    root: Bucket, found: Found
) -> tuple[str, dict[str, Any] | None, FootageError | None]:
    """`examine` of an object that has to be fetched first; runs in a worker process.

    What was found is kept until `forget_examined`: a run that is interrupted fetches nothing twice.
    """
    place = _examined(root, found)
    before = kept_facts(place)
    if before is not None:
        return before[0][0], before[0][1], None
    with on_disk(root, found) as file:
        digest, fields, error = examine(str(file))
    if error is None:
        kept(place, lambda draft: [digest, fields])
        return digest, fields, None
    return digest, None, renamed(error, file, root.uri(found.path))


def _examined(root: Bucket, found: Found | FootageRow) -> Path:
    name = digest_of([tools(), name_of(root, found)])
    return _examined_below(root) / name[:40]


def _examined_below(root: Bucket) -> Path:
    return root.cache.with_name(f"{root.cache.name}-examined")


def forget_examined(root: Root, rows: Iterable[FootageRow]) -> None:
    """To be called when the rows are written down."""
    if isinstance(root, Bucket):
        for row in rows:
            if (place := _examined(root, row)).exists():
                shutil.rmtree(place, ignore_errors=True)
        sweep(_examined_below(root))  # of workers that were ended


def _check_credential(root: Root, rows: Iterable[FootageRow]) -> None:
    """Raises ProjectError where a store refuses all that it lists: no file is to blame for that."""
    letters = [letter for row in rows if (letter := letter_of(row))]
    if letters and all(letter.code == Code.CREDENTIAL for letter in letters):
        raise ProjectError(f"{root}: nothing can be read. {letters[0].what}; {letters[0].do}")


def _read(root: Root, files: list[Found], digests: Mapping[str, str]) -> dict[str, FootageRow]:
    """The row of each file; `digests`: of those whose bytes are known, by path."""
    rows = {}
    gone: list[FootageRow] = []
    with track("reading footage", float(sum(f.size for f in files))) as progress:
        work: Callable[..., Any] = examine
        tasks: list[tuple[Any, ...]]
        if isinstance(root, Bucket):
            work, tasks = examine_fetched, [(root, found) for found in files]
        else:
            tasks = [(str(root / found.path), digests.get(found.path, "")) for found in files]
        limits = [
            max(60.0, 30 + found.size / BYTES_A_SECOND) + patience(root, found.size)
            for found in files
        ]
        for number, result in in_workers(work, tasks, limits):
            found = files[number]
            row = FootageRow(found.path, "dead", found.size, found.mtime_ns, found.inode)
            if isinstance(result, FootageError):
                if result.code is not Code.CREDENTIAL and not is_there(root, row):
                    gone.append(row)
                    if is_out_of_reach(root, result):
                        break
                if found.path not in digests or not result.code.retryable:
                    rows[found.path] = _dead(row, result)
            elif isinstance(result, VideoAssetsError):
                raise result
            else:
                digest, fields, error = result
                row = replace(row, clip_id=digest)
                if error is not None and not is_present(root, row):
                    gone.append(row)
                if error is not None:
                    rows[found.path] = _dead(row, error)
                else:
                    row = from_plain(FootageRow, {**to_plain(row), **fields})
                    reel = row.reel or camera_trees.reel_of(row.path)
                    rows[found.path] = replace(row, reel=reel)
            progress.advance(found.size, found.path)
    if gone:
        raise went_away(root, gone)
    return rows


def _dead(row: FootageRow, error: FootageError) -> FootageRow:
    return replace(row, role="dead", note=warning_of(error))


def _own(row: FootageRow) -> FootageRow:
    """What a row says of its own bytes: a duplicate is a clip or sound until compared again."""
    if row.role != "duplicate":
        return row
    return replace(row, role="clip" if row.video_stream >= 0 else "sound", of="")


def _mark_duplicates(rows: dict[str, FootageRow]) -> None:
    first: dict[str, str] = {}
    for path in sorted(rows):
        row = rows[path]
        if row.role not in ("clip", "sound"):
            continue
        original = first.setdefault(row.clip_id, path)
        if original != path:
            rows[path] = replace(row, role="duplicate", of=original)


def _by_stem(rows: Iterable[FootageRow]) -> dict[str, str]:
    """Path of the clip that a sidecar with this path, less its ending, speaks for.

    Clips come before sounds; for a duplicate it is the first file with these bytes.
    """
    out: dict[str, str] = {}
    order = {"clip": 0, "sound": 1, "duplicate": 2}
    media = sorted((r for r in rows if r.role in order), key=lambda r: (order[r.role], r.path))
    for row in media:
        path = PurePosixPath(row.path)
        for stem in (str(path.with_suffix("")), str(path)):
            out.setdefault(stem, row.of or row.path)
    return out


def _sidecar(
    root: Root, found: Found, clips: dict[str, str], known: dict[Any, FootageRow]
) -> FootageRow:
    row = FootageRow(found.path, "ignored", found.size, found.mtime_ns, found.inode)
    stem = str(PurePosixPath(found.path).with_suffix(""))
    language = re.fullmatch(r"(.+)\.[A-Za-z]{2,3}(-[A-Za-z]{2,4})?", stem)
    of = clips.get(stem) or (clips.get(language[1]) if language else None)
    if of is None:
        return replace(row, note="a text file without a usable clip of the same name")
    old = known.get((found.path, found.size, found.mtime_ns, found.inode))
    if old is not None and old.role == "sidecar":
        return replace(old, of=of)
    if found.size > MAX_BYTES:
        return _dead(row, too_long(found.size))
    try:
        data = _bytes_of(root, found)
    except OSError as error:
        return replace(row, note=f"cannot be read ({error.strerror})")
    except FootageError as error:
        return _dead(row, error)
    if _suffix(found.path) == "srt" and camera_trees.is_flight_data(data):
        return replace(row, note="a drone's flight data, not words")
    if not data.strip():
        return replace(row, note="an empty text file")
    if _suffix(found.path) == "json" and not is_transcript(data):
        return replace(row, note="a JSON file that holds no transcript")
    digest = hashlib.sha256(data).hexdigest()[:32]
    return replace(row, role="sidecar", of=of, clip_id=digest)


def _told(root: Root, row: FootageRow, notes: Found) -> FootageRow:
    """The row with what its camera's notes say; they only add, so notes that fail change nothing"""
    if notes.kind != "file" or notes.size > camera_trees.MOST_NOTES:
        return row
    try:
        return camera_trees.told(row, _bytes_of(root, notes))
    except FootageError as error:
        if error.code.retryable:  # nobody would ask for them again
            raise went_away(root, [row]) from error
        return row
    except OSError:
        return row


def _bytes_of(root: Root, found: Found) -> bytes:
    with on_disk(root, found) as file:
        return file.read_bytes()


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix[1:].lower()


def _kind_of(path: str) -> str:
    return f".{_suffix(path)}" if _suffix(path) else "no ending"


def _ignored(found: Found) -> str:
    """Why a path is passed over without a look into it; empty where it is not."""
    parts = found.path.split("/")
    if found.kind == "link":
        return "a link; links are not followed: copy the file itself"
    if found.kind == "special":
        return "no regular file"
    if found.kind == "unsafe":
        return ""
    if any(part.startswith(".") for part in parts):
        return "hidden"
    if parts[-1].lower() in ("thumbs.db", "desktop.ini", "ehthumbs.db"):
        return "made by the operating system"
    if found.kind in ("closed", "twice"):
        return ""
    if _suffix(found.path) in PICTURES:
        return "a picture; clips and sounds are used"
    if _suffix(found.path) in PROXIES:
        return "a camera's small copy of a clip"
    return ""


def _may_be_media(root: Root, found: Found) -> bool:
    """Whether the name or the first bytes are those of video or sound."""
    if _suffix(found.path) in VIDEO | SOUND:
        return True
    try:
        head = first_bytes(root, found, 400)
    except OSError:
        return False
    except FootageError:
        return True  # whoever fetches it says why it cannot be had
    return (
        head.startswith(_MAGIC)
        or head[4:8] in (b"ftyp", b"moov", b"moof", b"styp")
        or (head.startswith(b"RIFF") and head[8:12] in (b"AVI ", b"WAVE"))
        or (len(head) > 376 and head[0] == head[188] == head[376] == 0x47)
    )


def _shown(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        doubled = name.replace(b"\\", b"\\\\")
        return re.sub(
            r"[\udc80-\udcff]",
            lambda m: f"\\x{ord(m[0]) - 0xDC00:02X}",
            doubled.decode(errors="surrogateescape"),
        )


def _escaped(path: str) -> bool:
    return bool(re.search(r"(?<!\\)(\\\\)*\\x[0-9A-F]{2}", path))


def _is_escaped_name(root: Root, found: Found) -> bool:
    """Whether the path as shown differs from the bytes on disk."""
    if isinstance(root, Bucket):
        return False  # keys are UTF-8
    return _escaped(found.path) and not os.path.lexists(root / found.path)


def _unnamed(found: Found) -> FootageError:
    if found.kind == "closed":
        return FootageError(
            "cannot be listed or looked at", Code.PATH, "check its rights and its disk"
        )
    if found.kind == "twice":
        return FootageError(
            "is the name of two files, of which one has odd bytes", Code.PATH, "rename them"
        )
    if found.kind == "unsafe":
        return FootageError(
            "has a key that is no path: parts that are empty, '.' or '..', or control characters",
            Code.PATH,
            "rename it in the bucket",
        )
    return FootageError(
        "has a name that is not UTF-8; odd bytes are shown as \\xNN",
        Code.PATH,
        "rename it",
    )
