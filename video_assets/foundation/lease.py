"""The project lease: one writer a project, and a write of a former one is refused.

A holder gets a fencing token, a number that only grows. It renews its expiry from a thread while it
works. Another takes the lease over when it is given back, when it has expired, or at once when its
process is gone. Whoever lost the lease this way finds out at its next write: `guarded` compares the
token inside a database transaction that also keeps anybody from taking over in the meantime.

One SQLite file a project, because the lock of a stalled writer must stop its own project only.
"""

import contextlib
import os
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from video_assets.foundation.errors import LeaseError, StorageError, VideoAssetsError
from video_assets.foundation.files import disk_errors, namespace
from video_assets.foundation.progress import track
from video_assets.foundation.versions import FORMATS, refuse_newer

TTL = 60.0
"""Seconds after which a lease that nobody renews may be taken over."""
POLL = 0.1
"""Seconds between two looks of somebody who waits."""
BUSY = 30.0
"""Seconds to wait for the database itself."""

_TABLE = """create table if not exists lease (
    one integer primary key check (one = 1),
    token integer not null,
    owner text not null,
    expires real not null
)"""
UPGRADES: dict[int, tuple[str, ...]] = {}
"""Statements that lead from a version of the table to the next."""


def owner(pid: int | None = None) -> str:
    """This process, or another one here: host and process id, when it began, since process ids come
    back, and the process namespace, since containers may share a host's name."""
    pid = os.getpid() if pid is None else pid
    return f"{socket.gethostname()}/{pid}/{_began(pid)}/{namespace()}"


def is_gone(owner: str) -> bool:
    """Whether an owner is certainly no longer alive; another machine's cannot be known."""
    host, _, rest = owner.partition("/")
    pid, began, place = (*rest.split("/", 2), "", "")[:3]
    if host != socket.gethostname() or not pid.isdigit() or place != namespace():
        return False
    return _began(int(pid)) != began


def _began(pid: int) -> str:
    """When a process began, in the kernel's ticks; empty where there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        if Path("/proc/self").exists():
            return ""
        try:  # no /proc: the process id is all there is
            os.kill(pid, 0)
        except ProcessLookupError:
            return ""
        except OSError:
            pass
        return "alive"
    fields = text.rpartition(")")[2].split()
    return "" if fields[0] in ("Z", "X") else fields[19]


class LeaseBusy(LeaseError):
    """The file of a lease is locked: its holder is writing."""


class Lease:
    """A held lease."""

    def __init__(self, file: Path, token: int, who: str) -> None:
        self.file, self.token, self.owner = file, token, who

    @contextlib.contextmanager
    def guarded(self) -> Iterator[None]:
        """Around the moment of writing: nobody takes the lease over inside.

        Raises LeaseError where somebody already has.
        """
        with _transaction(self.file) as database:
            try:
                row = database.execute("select token, owner from lease").fetchone()
            except sqlite3.Error:  # the file was removed meanwhile
                row = None
            if row is None or (row[0], row[1]) != (self.token, self.owner):
                now = f"{_named(row[1])} has it" if row else "it is gone"
                raise LeaseError(
                    f"project {self.file.stem}: this run lost the project's lease ({now}), so "
                    "nothing was written; run again"
                )
            yield

    def renew(self, ttl: float) -> bool:
        """Puts the expiry off. False where the lease was lost."""
        with _transaction(self.file, write=True) as database:
            done = database.execute(
                "update lease set expires = ? where token = ? and owner = ?",
                (time.time() + ttl, self.token, self.owner),
            )
            return done.rowcount == 1

    def give_back(self) -> None:
        """Lets the next one in at once; the token stays behind, so the next one is larger."""
        with _transaction(self.file, write=True) as database:
            database.execute(
                "update lease set expires = 0, owner = '' where token = ? and owner = ?",
                (self.token, self.owner),
            )


def _named(who: str) -> str:
    host, _, rest = who.partition("/")
    pid = rest.partition("/")[0]
    return f"process {pid} on {host}" if pid else "nobody"


@contextlib.contextmanager
def _transaction(file: Path, write: bool = False) -> Iterator[sqlite3.Connection]:
    """An immediate transaction: it excludes every other one, and costs no disk write by itself."""
    database = sqlite3.connect(file, timeout=BUSY, isolation_level=None)
    try:
        database.execute("pragma synchronous = normal")
        try:
            database.execute("begin immediate")
        except sqlite3.OperationalError as error:
            raise LeaseBusy(
                f"{file}: locked by another process for {BUSY:.0f} s; see what holds it"
            ) from error
        try:
            yield database
        except BaseException:
            database.execute("rollback")
            raise
        database.execute("commit" if write else "rollback")
    finally:
        database.close()


def holder_of(file: Path) -> str:
    """Who holds the lease now, for people: `process 12 on host`; empty where nobody does.

    Only looks; what cannot be read counts as free.
    """
    with contextlib.suppress(sqlite3.Error):  # nobody is waited for, nothing is made
        database = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=1)
        with contextlib.closing(database):
            row = database.execute("select owner, expires from lease").fetchone()
        if row and row[0] and row[1] >= time.time() and not is_gone(row[0]):
            return _named(row[0])
    return ""


def take(file: Path, wait_s: float, ttl: float = TTL, who: str = "") -> Lease:
    """The lease in `file` (named by the project), waiting up to `wait_s` s for another holder.

    `who`: an owner in whose name it is taken, such as the process that drives a run of several
    processes; what that one holds already is taken over. Left out: this process, which waits for
    itself. Raises LeaseError that names the holder when the time is over.
    """
    with disk_errors(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait_s
    with contextlib.ExitStack() as waiting:
        told = False
        while True:
            try:
                lease, holder = _try(file, ttl, who)
            except LeaseBusy:  # somebody writes long, on a slow share
                if time.monotonic() >= deadline:
                    raise
                continue
            if lease is not None:
                return lease
            if time.monotonic() >= deadline:
                raise LeaseError(
                    f"project {file.stem} is being made by {_named(holder)}; "
                    "wait until it is done, or end it"
                )
            if not told:
                told = True
                waiting.enter_context(track(f"waiting for {_named(holder)}", 0))
            time.sleep(POLL)


def _try(file: Path, ttl: float, named: str) -> tuple[Lease | None, str]:
    """The lease where it is free, and who has it where not."""
    who = named or owner()
    try:
        with _transaction(file, write=True) as database:
            database.execute(_TABLE)
            _agree(file, database)
            row = database.execute("select token, owner, expires from lease").fetchone()
            # a new file begins above every token of a former one
            token, holder, expires = row or (time.time_ns(), "", 0.0)
            free = not holder or expires < time.time() or holder == named or is_gone(holder)
            if not free:
                return None, holder
            database.execute(
                "insert or replace into lease (one, token, owner, expires) values (1, ?, ?, ?)",
                (token + 1, who, time.time() + ttl),
            )
            return Lease(file, token + 1, who), ""
    except sqlite3.DatabaseError as error:
        raise _told(file, error) from error


def _agree(file: Path, database: sqlite3.Connection) -> None:
    """Brings an older table to the present version; raises NewerFormat for one of a later product.

    Inside the transaction that takes the lease, so the token survives whatever happens.
    """
    known = FORMATS["lease"]
    found = database.execute("pragma user_version").fetchone()[0]
    refuse_newer(file, "lease", found, known)
    for version in range(found or 1, known):  # the first ones bore no number
        for statement in UPGRADES.get(version, ()):
            database.execute(statement)
    if found != known:
        database.execute(f"pragma user_version = {known}")


def _told(file: Path, error: sqlite3.Error) -> VideoAssetsError:
    """What a person can do about a database that refuses."""
    if "full" in str(error) or "disk I/O" in str(error):
        return StorageError(f"the disk with {file.parent} is full: free some space, then run again")
    if "readonly" in str(error) or "unable to open" in str(error):
        return StorageError(f"{file.parent} cannot be written ({error}): check its rights")
    return LeaseError(f"{file} cannot be used ({error}); remove it and try again")


@contextlib.contextmanager
def held(file: Path, wait_s: float, ttl: float = TTL) -> Iterator[Lease]:
    """Holds the lease, renewing it from a thread, and gives it back."""
    lease = take(file, wait_s, ttl)
    try:
        with renewed(lease, ttl):
            yield lease
    finally:
        with contextlib.suppress(LeaseError, sqlite3.Error, OSError):
            lease.give_back()


@contextlib.contextmanager
def renewed(lease: Lease, ttl: float = TTL) -> Iterator[None]:
    """Keeps a lease from expiring meanwhile, from a thread."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(ttl / 4):
            with contextlib.suppress(LeaseError, sqlite3.Error, OSError):
                if not lease.renew(ttl):
                    return  # lost: the next guarded write says so

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
