"""The outbox: what was sent to which channel, and what became of it.

planned -> approved -> sending -> accepted -> processing -> live

A row is written before anything is sent, and its key is the same for the same bytes on the same
channel: whoever sends looks here first, so a post goes out once. What may have arrived is
`unknown` and is looked for at the channel before it is sent again. One SQLite file a project;
every change is one transaction that names the states it may start from, so of two processes that
want the same row one gets it.
"""

import contextlib
import dataclasses
import json
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from video_assets.foundation.errors import StorageError, VideoAssetsError
from video_assets.foundation.files import disk_errors, fsync, maker
from video_assets.foundation.lease import is_gone, owner
from video_assets.foundation.records import Publication
from video_assets.foundation.store import digest_of, sweep
from video_assets.foundation.versions import FORMATS, refuse_newer

SCHEMA = FORMATS["outbox"]
UPGRADES: dict[int, tuple[str, ...]] = {}
"""Statements that lead from a version of the tables to the next; `video-assets migrate` runs them.
No key and no state may change: what is published stays published."""
BUSY = 30.0
"""Seconds to wait for another process's transaction."""
STALLED = 3600.0
"""Seconds after which a row in `sending` is taken from a process that cannot be asked."""

TRANSITIONS: dict[str, frozenset[str]] = {
    "planned": frozenset({"approved", "rejected", "withdrawn", "dead"}),
    "approved": frozenset({"sending", "rejected", "withdrawn", "dead"}),
    "sending": frozenset(
        {"approved", "accepted", "processing", "live", "rejected", "unknown", "dead"}
    ),
    "accepted": frozenset({"processing", "live", "rejected", "withdrawn"}),
    "processing": frozenset({"live", "rejected", "withdrawn"}),
    "live": frozenset({"withdrawn"}),
    "unknown": frozenset({"sending", "accepted", "processing", "live", "dead"}),
    "dead": frozenset({"planned"}),
    "rejected": frozenset(),
    "withdrawn": frozenset(),
}
"""Every state, and where it may go from there."""

OUT = ("accepted", "processing", "live", "withdrawn", "unknown")
"""States of posts that people may have seen: numbers can come back for them."""

_WHAT_IS_OUT = "select key, state, remote_id, sha256, channel from publications order by rowid"
"""What no upgrade may change: by this everybody knows what was sent."""
_FIELDS = tuple(f.name for f in dataclasses.fields(Publication))
_MUTABLE = frozenset({"remote_id", "by"})
_TABLES = f"""
create table publications (
    key text primary key,
    project text not null,
    round text not null,
    cut_id text not null,
    aspect text not null,
    sha256 text not null,
    channel text not null,
    platform text not null,
    account text not null,
    slot text not null,
    state text not null,
    remote_id text not null,
    attempts integer not null,
    error text not null,
    by text not null,
    traits text not null,
    takes text not null,
    idea text not null,
    created real not null,
    updated real not null,
    sender text not null default '',
    first_try real not null default 0
);
create index of_cut on publications (cut_id, aspect, channel);
create table history (
    number integer primary key,
    key text not null references publications (key),
    at real not null,
    from_state text not null,
    to_state text not null,
    error text not null
);
create index of_key on history (key);
pragma user_version = {SCHEMA};
"""


class IllegalMove(VideoAssetsError):
    """A publication was to go where its state does not lead."""


@dataclass(frozen=True, slots=True)
class Move:
    """One line of a publication's history."""

    key: str
    at: float
    """Seconds since the epoch."""
    from_state: str
    """Empty where the row was made."""
    to_state: str
    error: str


def key_of(
    project: str, cut: str, aspect: str, channel: str, account: str, slot: str, sha256: str
) -> str:
    """The idempotency key (64 hex digits) of these bytes at this place and time."""
    return digest_of([project, cut, aspect, channel, account, slot, sha256])


class Outbox:
    """The publications of one project in one SQLite file, which the first `add` makes.

    `guarded` is entered around every write: the project's lease, where there is one. A file that
    is not a whole outbox raises StorageError; it is never made anew in its place.
    """

    def __init__(
        self,
        path: Path,
        guarded: Callable[[], AbstractContextManager[Any]] = nullcontext,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path, self.guarded, self.clock = path, guarded, clock

    def rows(self) -> list[Publication]:
        """Every publication, in the order in which they were made. Makes no file."""
        return self._select("1 order by rowid")

    def get(self, key: str) -> Publication | None:
        """The publication with this key."""
        found = self._select("key = ?", key)
        return found[0] if found else None

    def starting(self, beginning: str) -> list[Publication]:
        """The publications whose key, or whose remote id, begins like this or is this."""
        safe = beginning.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return self._select(
            "key like ? escape '\\' or remote_id = ? order by rowid", f"{safe}%", beginning
        )

    def history(self, key: str) -> list[Move]:
        """What happened to a publication, in order."""
        with self._open() as database:
            if database is None:
                return []
            found = database.execute(
                "select key, at, from_state, to_state, error from history where key = ? "
                "order by number",
                (key,),
            )
            return [Move(*row) for row in found]

    def first_try(self, key: str) -> float:
        """When it was first sent since it was planned, seconds since the epoch; 0 for never."""
        with self._open() as database:
            row = (
                database
                and database.execute(
                    "select first_try from publications where key = ?", (key,)
                ).fetchone()
            )
            return float(row[0]) if row else 0.0

    def abandoned(self) -> list[Publication]:
        """What stands in `sending` although its process is gone, or says nothing for an hour."""
        with self._open() as database:
            if database is None:
                return []
            found = database.execute(
                "select key, sender, updated from publications where state = 'sending'"
            ).fetchall()
        late = self.clock() - STALLED
        keys = [key for key, sender, updated in found if is_gone(sender) or updated < late]
        return [row for key in keys if (row := self.get(key))]

    def add(self, publication: Publication) -> bool:
        """Writes a new publication; False where its key is there already."""
        if publication.state not in TRANSITIONS:
            raise IllegalMove(f"{publication.state!r} is no state of a publication")
        now = self.clock()
        row = dataclasses.replace(publication, created=publication.created or now, updated=now)
        marks = ", ".join("?" for _ in _FIELDS)
        with self._writing(create=True) as database:
            done = database.execute(
                f"insert or ignore into publications ({', '.join(_FIELDS)}) values ({marks})",
                _to_row(row),
            )
            if done.rowcount != 1:
                return False
            _note(database, row.key, now, "", row.state, row.error)
        return True

    def move(
        self, key: str, from_states: Iterable[str], to_state: str, error: str = "", **fields: str
    ) -> bool:
        """Moves a publication on, where it stands in one of `from_states`; else False.

        `fields`: remote_id, by. The error is stored with it, and an empty one wipes the last.
        `sending` counts an attempt and remembers this process. Raises IllegalMove where no
        transition leads from one of `from_states` to `to_state`.
        """
        froms = tuple(from_states)
        for state in froms:
            if to_state not in TRANSITIONS.get(state, ()):
                raise IllegalMove(f"no publication goes from {state!r} to {to_state!r}")
        if not froms or not fields.keys() <= _MUTABLE:
            raise IllegalMove(f"a publication cannot be moved with {froms} and {sorted(fields)}")
        if not self.path.exists():
            return False
        now = self.clock()
        changes: dict[str, Any] = {**fields, "state": to_state, "error": error, "updated": now}
        more = ""
        if to_state == "sending":
            changes["sender"] = owner()
            more = ", attempts = attempts + 1, first_try = "
            more += f"case when first_try > 0 then first_try else {now!r} end"
        elif to_state == "planned":
            more = ", first_try = 0"
        with self._writing() as database:
            row = database.execute(
                "select state from publications where key = ?", (key,)
            ).fetchone()
            if row is None or row[0] not in froms:
                return False
            names = ", ".join(f"{name} = ?" for name in changes)
            database.execute(
                f"update publications set {names}{more} where key = ?", (*changes.values(), key)
            )
            _note(database, key, now, row[0], to_state, error)
        return True

    def version(self) -> int:
        """Which version its tables have; the present one where there is no file."""
        with self._open(older=True) as database:
            if database is None:
                return SCHEMA
            return int(database.execute("pragma user_version").fetchone()[0])

    def copy_to(self, path: Path) -> None:
        """A whole copy of the file as it stands, whoever writes meanwhile."""
        with self._open(older=True) as database:
            if database is not None:
                with contextlib.closing(sqlite3.connect(path)) as copy:
                    database.backup(copy)

    def upgrade(self) -> None:
        """Brings the tables up to date, all of them or none, in one transaction.

        Raises StorageError, and nothing is changed, where what is published would differ.
        """
        with self.guarded(), self._open(older=True) as database:
            if database is None:
                return
            database.execute("begin immediate")
            try:
                found = database.execute("pragma user_version").fetchone()[0]
                whole = database.execute("pragma integrity_check").fetchone()[0]
                if whole != "ok":
                    raise sqlite3.DatabaseError(whole)
                before = database.execute(_WHAT_IS_OUT).fetchall()
                for version in range(found, SCHEMA):
                    for statement in UPGRADES.get(version, ()):
                        database.execute(statement)
                if database.execute(_WHAT_IS_OUT).fetchall() != before:
                    raise StorageError(
                        f"{self.path} stays as it is: its upgrade would change what is published"
                    )
                database.execute(f"pragma user_version = {SCHEMA}")
            except BaseException:
                database.execute("rollback")
                raise
            database.execute("commit")

    def _select(self, where: str, *values: str) -> list[Publication]:
        with self._open() as database:
            if database is None:
                return []
            found = database.execute(
                f"select {', '.join(_FIELDS)} from publications where {where}", values
            )
            return [_from_row(row) for row in found]

    @contextlib.contextmanager
    def _open(self, older: bool = False) -> Iterator[sqlite3.Connection | None]:
        """A connection to the file that is there; None where there is none.

        `older`: also where its tables are of an older version.
        """
        with _said(self.path):
            if not self.path.exists():
                yield None
                return
            # rw, not ro: what a killed writer left half-done is rolled back by the next reader
            database = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode=rw",
                uri=True,
                timeout=BUSY,
                isolation_level=None,
            )
            try:
                version = database.execute("pragma user_version").fetchone()[0]
                refuse_newer(self.path, "outbox", version, SCHEMA)
                if not version:
                    raise sqlite3.DatabaseError("its tables are not there")
                if version != SCHEMA and not older:
                    raise StorageError(
                        f"{self.path} was written by an older video_assets (outbox {version}, "
                        f"this one knows {SCHEMA}): `video-assets migrate` brings it up to date"
                    )
                database.execute("pragma synchronous = full")
                yield database
            finally:
                database.close()

    @contextlib.contextmanager
    def _writing(self, create: bool = False) -> Iterator[sqlite3.Connection]:
        """A transaction that excludes every other writer; it is on the disk when this ends."""
        with self.guarded():
            if create and not self.path.exists():
                self._create()
            with self._open() as database:
                if database is None:
                    raise StorageError(f"{self.path} is not there: nothing was ever published")
                database.execute("begin immediate")
                try:
                    yield database
                except BaseException:
                    database.execute("rollback")
                    raise
                database.execute("commit")

    def _create(self) -> None:
        """Makes the file whole or not at all, so that a half-made one is never taken for none."""
        parent = self.path.parent
        with disk_errors(parent):
            parent.mkdir(parents=True, exist_ok=True)
            sweep(parent)
            folder = Path(tempfile.mkdtemp(prefix=f".{maker()}-outbox-", dir=parent))
            try:
                made = folder / self.path.name
                with _said(made), contextlib.closing(sqlite3.connect(made)) as database:
                    database.executescript(_TABLES)
                fsync(made)
                try:
                    os.link(made, self.path)
                except FileExistsError:  # another process was first
                    pass
                except OSError:  # a disk without hard links
                    if not self.path.exists():
                        os.rename(made, self.path)
                fsync(parent)
            finally:
                shutil.rmtree(folder, ignore_errors=True)


def published_table(paths: Iterable[Path]) -> list[Publication]:
    """What numbers may come back for, of several outboxes: posts that people may have seen.

    An outbox that was never made holds nothing; a damaged one raises StorageError.
    """
    return [
        row
        for path in paths
        for row in Outbox(path).rows()
        if row.state in OUT and (row.remote_id or row.state != "withdrawn")
    ]


def _note(
    database: sqlite3.Connection, key: str, at: float, before: str, after: str, error: str
) -> None:
    database.execute(
        "insert into history (key, at, from_state, to_state, error) values (?, ?, ?, ?, ?)",
        (key, at, before, after, error),
    )


def _to_row(row: Publication) -> list[Any]:
    plain = [getattr(row, name) for name in _FIELDS]
    return [json.dumps(v) if isinstance(v, dict | tuple) else v for v in plain]


def _from_row(row: tuple[Any, ...]) -> Publication:
    plain = dict(zip(_FIELDS, row, strict=True))
    plain["traits"] = json.loads(plain["traits"])
    plain["takes"] = tuple(json.loads(plain["takes"]))
    return Publication(**plain)


@contextlib.contextmanager
def _said(path: Path) -> Iterator[None]:
    """What SQLite meets, in words that say what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        text = str(error)
        if "locked" in text:
            raise StorageError(
                f"{path}: locked by another process for {BUSY:.0f} s; see what holds it"
            ) from error
        if "full" in text:
            raise StorageError(
                f"the disk with {path} is full: free some space, then run again"
            ) from error
        if "no such" not in text:
            raise StorageError(f"{path} cannot be used ({text}): check its rights") from error
        raise _damaged(path, error) from error
    except (sqlite3.DatabaseError, json.JSONDecodeError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> StorageError:
    return StorageError(
        f"{path} is damaged ({error}): put a copy of it back. Do not simply remove it: without it "
        "nobody knows what was published, and everything would be sent again"
    )
