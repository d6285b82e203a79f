"""One writer a project; whoever lost the lease writes nothing."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from video_assets.foundation import lease
from video_assets.foundation.errors import LeaseError
from video_assets.foundation.store import Project, Workspace

HOLD = """
import sys, time
from pathlib import Path
from video_assets.foundation.lease import take
held = take(Path(sys.argv[1]), 0.0, ttl=float(sys.argv[2]))
print(held.token, flush=True)
time.sleep(60)
"""

LATE = """
import os, signal, sys
from pathlib import Path
from video_assets.foundation.errors import LeaseError
from video_assets.foundation.lease import held
from video_assets.foundation.store import Project, Workspace

project = Workspace(Path(sys.argv[1])).project("a")
file = project.workspace.lease_file("a")

def write(draft):
    draft.text("made.txt", "late")
    os.kill(os.getpid(), signal.SIGSTOP)  # longer than the lease lasts

with held(file, 5.0, ttl=0.3) as mine:
    project._lease = mine
    try:
        project.make("thing", "1", {}, write)
    except LeaseError as error:
        print("refused", flush=True)
        sys.exit(0)
print("written", flush=True)
"""

COUNT = """
import sys
from pathlib import Path
from video_assets.foundation.store import Workspace

project = Workspace(Path(sys.argv[1])).project("a")
for _ in range(int(sys.argv[2])):
    with project.leased(), project.guarded():
        file = project.path("count")
        file.write_text(str(int(file.read_text()) + 1))
"""


def child(program: str, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "data" / "projects" / "a"
    root.mkdir(parents=True)
    (root / "project.yaml").write_text("footage: footage\n")
    return Workspace(tmp_path / "data").project("a")


def test_tokens_only_grow(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    tokens = []
    for _ in range(3):
        with lease.held(file, 0.0) as one:
            tokens.append(one.token)
    assert tokens == sorted(set(tokens)) and len(tokens) == 3
    file.unlink()  # as our own message may advise: the next token is larger all the same
    with lease.held(file, 0.0) as one:
        assert one.token > tokens[-1]


def test_the_second_waits_then_says_who_has_it(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    with lease.held(file, 0.0), pytest.raises(LeaseError, match=f"process {os.getpid()}"):
        lease.take(file, 0.2)
    assert lease.take(file, 0.0).token > 0


def test_who_holds_it_is_told_without_waiting(tmp_path: Path) -> None:
    file = tmp_path / "a lease #1.sqlite"
    assert lease.holder_of(file) == "" and not file.exists()
    other = child(HOLD, file, 60)
    assert other.stdout is not None and other.stdout.readline()
    began = time.monotonic()
    with lease._transaction(file, write=True):  # somebody is writing just now
        assert f"process {other.pid} on" in lease.holder_of(file)
    assert time.monotonic() - began < 5
    other.kill()
    other.communicate()
    assert lease.holder_of(file) == ""
    with lease.held(file, 1.0):
        assert f"process {os.getpid()} on" in lease.holder_of(file)
    assert lease.holder_of(file) == ""
    file.write_bytes(b"no database")
    assert lease.holder_of(file) == ""


def test_a_dead_process_holds_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    other = child(HOLD, file, 3600)
    assert other.stdout is not None
    first = int(other.stdout.readline())
    with pytest.raises(LeaseError):
        lease.take(file, 0.0)
    other.kill()
    other.communicate()
    assert lease.take(file, 0.0).token == first + 1  # at once, an hour before it expires


def test_what_nobody_renews_expires(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    first = lease.take(file, 0.0, ttl=0.2)
    second = lease.take(file, 5.0)
    assert second.token == first.token + 1
    assert not first.renew(60.0)
    first.give_back()  # takes nothing away from the second
    with pytest.raises(LeaseError), first.guarded():
        raise AssertionError("written with an old token")
    with second.guarded():
        pass


def test_another_container_of_the_same_name_cannot_be_known() -> None:
    mine = lease.owner()
    assert not lease.is_gone(mine)
    host, pid, began, namespace = mine.split("/", 3)
    assert lease.is_gone(f"{host}/{pid}/{int(began) + 1}/{namespace}")  # the number came back
    assert not lease.is_gone(f"{host}/999999/1/another namespace")
    assert not lease.is_gone(f"another host/999999/1/{namespace}")


def test_work_longer_than_the_lease_is_renewed(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    with lease.held(file, 0.0, ttl=0.4) as mine:
        time.sleep(1.0)
        with pytest.raises(LeaseError):
            lease.take(file, 0.0)
        with mine.guarded():
            pass


def late_writers(project: Project, trials: int) -> int:
    """How often a process that was stopped beyond its lease was refused its write."""
    refused = 0
    for number in range(trials):
        project.forget("thing")
        late = child(LATE, project.workspace.root)
        while True:  # until it has stopped itself in the middle of making
            _, status = os.waitpid(late.pid, os.WUNTRACED)
            if os.WIFSTOPPED(status):
                break
            raise AssertionError(late.communicate())
        project.make("thing", "1", {}, lambda draft: draft.text("made.txt", "in time"))
        os.kill(late.pid, signal.SIGCONT)
        out, err = late.communicate(timeout=60)
        assert out == "refused\n", f"trial {number}: {out}{err}"
        assert project.path("made.txt").read_text() == "in time"
        refused += 1
    return refused


def test_a_late_writer_is_refused(project: Project) -> None:
    assert late_writers(project, 2) == 2


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_fifty_late_writers_are_refused(project: Project) -> None:
    assert late_writers(project, 50) == 50


def test_writers_never_meet(project: Project) -> None:
    project.path("count").write_text("0")
    others = [child(COUNT, project.workspace.root, 15) for _ in range(4)]
    for other in others:
        out, err = other.communicate(timeout=120)
        assert other.returncode == 0, out + err
    assert project.path("count").read_text() == "60"


def test_inside_itself_it_does_nothing_more(project: Project) -> None:
    with project.leased(), project.leased(), project.guarded(), project.guarded():
        pass
    with pytest.raises(LeaseError, match="without its lease"), project.guarded():
        pass


def test_a_removed_or_damaged_lease_writes_nothing(project: Project) -> None:
    file = project.workspace.lease_file("a")
    with project.leased():
        file.unlink()
        with pytest.raises(LeaseError), project.guarded():
            raise AssertionError("written without a lease")
    file.write_bytes(b"no database" * 100)
    with pytest.raises(LeaseError, match="cannot be used"), project.leased():
        pass
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(file).execute("select * from lease")
