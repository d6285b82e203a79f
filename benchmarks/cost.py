"""What a contestant's program costs: time, processor time, memory; and on which machine."""

import contextlib
import ctypes
import hashlib
import os
import platform
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from video_assets.foundation.media import ffmpeg_version

EVERY = 0.25
"""Seconds between two looks at the memory."""
_SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER of prctl(2)."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one program with everything it started."""

    wall_s: float
    cpu_s: float
    """Itself and its children, user and system."""
    peak_mb: float
    """Largest sum of resident memory of its whole tree, looked at four times a second (shared
    pages count once for each process); the largest single process where /proc is absent."""
    code: int
    """Exit status; -9 where it was ended for its time."""


def measured(command: Sequence[str], cwd: Path, log: Path, timeout: float = 7200) -> Cost:
    """Runs a program to its end; its output goes into `log`.

    It is a session of its own: after `timeout` seconds it is ended with all that it started, and
    nothing else is.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    _adopt_orphans()
    began = time.monotonic()
    with open(log, "wb") as told:
        process = subprocess.Popen(
            list(command),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=told,
            start_new_session=True,
        )
        over = threading.Event()
        peak = [0.0]

        def watch() -> None:
            while not over.wait(EVERY):
                peak[0] = max(peak[0], tree_mb(process.pid))
                if time.monotonic() - began > timeout:
                    _end(process.pid)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            _end(process.pid)
            process.wait()
            raise
        finally:
            over.set()
        process.returncode = os.waitstatus_to_exitcode(status)
        watcher.join()
        cpu = usage.ru_utime + usage.ru_stime + _of_what_it_left(process.pid)
    wall = time.monotonic() - began
    # on Linux a child's maximum begins with its parent's: only where nothing else is known
    largest = peak[0] or usage.ru_maxrss / 1024
    return Cost(round(wall, 2), round(cpu, 2), round(largest, 1), process.returncode)


def _adopt_orphans() -> None:
    """A program's worker server ends after the program: its time is told to whoever adopts it."""
    with contextlib.suppress(OSError, AttributeError):  # Linux only
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def _of_what_it_left(leader: int) -> float:
    """Processor time of the processes that a program left behind, waited for at most 10 s."""
    spent, until = 0.0, time.monotonic() + 10
    while time.monotonic() < until:
        try:
            pid, _, usage = os.wait4(-leader, os.WNOHANG)
        except ChildProcessError:
            break
        if pid:
            spent += usage.ru_utime + usage.ru_stime
        else:
            time.sleep(0.02)
    return spent


def _end(leader: int) -> None:
    """Ends the group of a process that leads one."""
    with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
        os.killpg(leader, signal.SIGKILL)


def tree_mb(root: int) -> float:
    """Resident memory of a process and all its descendants, MB; 0 where /proc is absent."""
    parents: dict[int, int] = {}
    pages: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        parents[int(entry.name)] = int(fields[1])
        pages[int(entry.name)] = int(fields[21])
    own = {root}
    grew = True
    while grew:
        more = {p for p, parent in parents.items() if parent in own} - own
        own |= more
        grew = bool(more)
    return sum(pages.get(p, 0) for p in own) * os.sysconf("SC_PAGE_SIZE") / 2**20


def machine() -> dict[str, str]:
    """Cores, memory, processor, versions, and how busy it is at the moment."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "cores": str(cores),
        "ram": f"{memory / 2**30:.0f} GiB",
        "processor": _processor(),
        "python": platform.python_version(),
        "ffmpeg": ffmpeg_version(),
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.machine()


def commit(folder: Path) -> str:
    """The commit that is measured; empty without git.

    Where the tree differs from it, `+` and a digest of what differs, files outside of git, too.
    """

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=60
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        name = git("rev-parse", "--short=12", "HEAD")
        changed = git("status", "--porcelain", "-uall") if name else ""
        if not changed:
            return name
        digest = hashlib.sha256(changed.encode())
        for line in changed.splitlines():
            file = folder / line.strip().split(maxsplit=1)[-1].rpartition(" -> ")[2].strip('"')
            if file.is_file():
                digest.update(file.read_bytes())
        return f"{name}+{digest.hexdigest()[:8]}"
    except OSError:
        return ""
