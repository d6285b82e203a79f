"""A hand-over folder: one folder a post, whole or not at all, for people or tools that upload.

    <folder>/<project>/<cut>_<aspect>_<key, 12 digits>/
        <cut>_<aspect>.mp4 .srt .vtt   poster.jpg   upload.txt   manifest.json

The name holds the key, so the same post sent again is the post that lies there.
"""

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from video_assets.delivery.channels import ANYWHERE, Ambiguous, Post, Refused, Sent, Transient
from video_assets.foundation.files import fsync, sha256_file
from video_assets.foundation.lease import is_gone, owner
from video_assets.foundation.store import as_json

MANIFEST = "manifest.json"
_BEGINS = ".sending~"
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_KEY = re.compile(r"[0-9a-f]{64}")
_FORGOTTEN = 86400.0
"""Seconds after which another machine's unfinished folder is taken for dead."""
_BLOCK = 1 << 20


class FolderChannel:
    """Posts as folders below `folder`, which may stand for any platform and account.

    What has been picked up (moved away) by people is no longer found.
    """

    lag_s = 0.0

    def __init__(
        self,
        name: str,
        folder: Path,
        platform: str = ANYWHERE,
        account: str = "",
        aspects: tuple[str, ...] = (),
    ) -> None:
        self.name, self.folder = name, Path(folder)
        self.platform, self.account, self.aspects = platform, account, aspects
        self._swept = False

    def send(self, post: Post) -> Sent:
        """Lays the post down. Transient: nothing of it is there. Ambiguous: it may be there."""
        for part in (post.project, post.cut_id, post.aspect):
            if not _SAFE.fullmatch(part):
                raise Refused(f"{part!r} cannot be part of a folder's name")
        if not _KEY.fullmatch(post.key):
            raise Refused(f"{post.key!r} is no key: 64 hex digits are")
        final = self.folder / post.project / f"{post.cut_id}_{post.aspect}_{post.key[:12]}"
        with self._transient():
            self._ready()
            if found := _read(final, post.key):
                return found
            made = not final.parent.is_dir()
            final.parent.mkdir(exist_ok=True)
            if made:
                fsync(self.folder)
            prefix = _BEGINS + owner().replace("/", "~") + "~"
            staging = Path(tempfile.mkdtemp(prefix=prefix, dir=final.parent))
        try:
            with self._transient():
                sent = self._stage(post, staging)
                os.chmod(staging, 0o755)
                fsync(staging)
            self._place(staging, final)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        # another process may have been first: what lies there now is the post
        return _read(final, post.key) or sent

    def find(self, key: str) -> Sent | None:
        """The post that lies there under this key."""
        with self._transient():
            self._ready()
            for final in sorted(self.folder.glob(f"*/*_{key[:12]}")):
                with contextlib.suppress(Refused):  # another post whose key begins alike
                    if found := _read(final, key):
                        return found
        return None

    def _ready(self) -> None:
        """The folder itself is there, and nothing of a killed process is in it."""
        if not self.folder.is_dir():
            if not self.folder.parent.is_dir():
                raise Transient(
                    f"channel {self.name}: there is no folder {self.folder.parent}: "
                    "mount or make it, then publish again"
                )
            self.folder.mkdir(exist_ok=True)
            fsync(self.folder.parent)
        if not self._swept:
            self._swept = True
            for staging in self.folder.glob(f"*/{_BEGINS}*"):
                if _is_orphan(staging):
                    shutil.rmtree(staging, ignore_errors=True)

    def _stage(self, post: Post, staging: Path) -> Sent:
        """Everything of the post in its private folder, each file on the disk and compared."""
        sent = Sent(f"{post.cut_id}-{post.aspect}-{post.key[:12]}")
        base = f"{post.cut_id}_{post.aspect}"
        files = {base + post.file.suffix: _copy(post.file, staging / (base + post.file.suffix))}
        if next(iter(files.values()))["sha256"] != post.sha256:
            raise Transient(f"{post.file} is no longer what was judged: its bytes have changed")
        for captions in post.captions:
            name = base + "".join(captions.suffixes)
            if name in files:
                raise Refused(f"two files of {base} would be called {name}")
            if captions.is_file():
                files[name] = _copy(captions, staging / name)
        if post.poster and post.poster.is_file():
            name = "poster" + post.poster.suffix
            files[name] = _copy(post.poster, staging / name)
        files["upload.txt"] = _write(staging / "upload.txt", post.text.rstrip() + "\n")
        manifest = {
            "key": post.key,
            "project": post.project,
            "round": post.round,
            "cut": post.cut_id,
            "aspect": post.aspect,
            "sha256": post.sha256,
            "channel": self.name,
            "platform": self.platform,
            "account": self.account,
            "remote_id": sent.remote_id,
            "traits": dict(post.traits),
            "files": files,
        }
        _write(staging / MANIFEST, as_json(manifest))
        return sent

    def _place(self, staging: Path, final: Path) -> None:
        """One rename; from here on an error no longer says that nothing is there."""
        try:
            os.rename(staging, final)
            fsync(final.parent)
        except OSError as error:
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY) and final.is_dir():
                return
            raise Ambiguous(f"{final} may be there or not ({error.strerror})") from error

    @contextlib.contextmanager
    def _transient(self) -> Iterator[None]:
        """What the disk says before the post is there, as Transient with what to do."""
        try:
            yield
        except OSError as error:
            what = f"channel {self.name}: {error.filename or self.folder}"
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                text = f"channel {self.name}: the disk with {self.folder} is full: free some space"
            elif error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
                text = f"{what} cannot be used ({error.strerror}): check its rights"
            elif error.errno in (errno.ENOENT, errno.ESTALE, errno.ENOTCONN, errno.EIO):
                text = f"{what} is lost ({error.strerror}): see whether its disk is there"
            else:
                text = f"{what}: {error.strerror or error}"
            raise Transient(f"{text}, then publish again") from error


def _read(final: Path, key: str) -> Sent | None:
    """The post in a folder; None where there is no such folder."""
    try:
        manifest = json.loads((final / MANIFEST).read_text(encoding="utf-8"))
        found, remote_id = manifest["key"], manifest["remote_id"]
    except (FileNotFoundError, NotADirectoryError):
        if not final.is_dir() or not any(final.iterdir()):
            return None
        raise Transient(f"{final} holds no {MANIFEST}: put it back, or remove the folder") from None
    except (ValueError, KeyError, TypeError) as error:
        raise Transient(f"{final / MANIFEST} is damaged: put it back, or remove {final}") from error
    if found != key:
        raise Refused(f"{final} holds another post ({found})")
    return Sent(str(remote_id))


def _copy(source: Path, target: Path) -> dict[str, Any]:
    """Copies a file to the disk and reads it back; its size and sha256."""
    digest = hashlib.sha256()
    with open(source, "rb") as reading, open(target, "xb") as writing:
        while block := reading.read(_BLOCK):
            digest.update(block)
            writing.write(block)
        writing.flush()
        os.fsync(writing.fileno())
    return _checked(target, digest.hexdigest())


def _write(target: Path, text: str) -> dict[str, Any]:
    data = text.encode("utf-8", "replace")
    with open(target, "xb") as writing:
        writing.write(data)
        writing.flush()
        os.fsync(writing.fileno())
    return _checked(target, hashlib.sha256(data).hexdigest())


def _checked(target: Path, wanted: str) -> dict[str, Any]:
    if sha256_file(target) != wanted:
        raise Transient(f"{target.name} did not arrive as it was written: see to the disk")
    return {"size": target.stat().st_size, "sha256": wanted}


def _is_orphan(staging: Path) -> bool:
    """Whether nobody will finish this folder: its process is gone."""
    whose = staging.name.removeprefix(_BEGINS).rpartition("~")[0].replace("~", "/")
    if is_gone(whose):
        return True
    place = whose.split("/")[:1] + whose.split("/")[3:]
    if place == owner().split("/")[:1] + owner().split("/")[3:]:
        return False
    with contextlib.suppress(OSError):  # another machine's: its age is all there is
        return time.time() - staging.stat().st_mtime > _FORGOTTEN
    return False
