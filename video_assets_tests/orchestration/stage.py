"""A stage for faults: one process that has imported everything and runs our commands in forks.

A command costs a fraction of a second there, its faults strike at exact places, and it is the very
`video-assets` that people type. `python -m` this module is the stage, `Stage` speaks to it; worker
processes import it too (they are started anew, not forked) and take the fault along.
"""

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FAULT = "VIDEO_ASSETS_TEST_FAULT"


@dataclass(frozen=True)
class Fault:
    """What happens, and where: at an audit event of Python's (`os.rename`) that names a path."""

    do: str
    """kill: the process group ends. torn: it ends within its next write. full: nothing can be
    written from here on. unplug: the folder `away` is there no more. Or nothing: empty."""
    event: str = ""
    path: str = ""
    """What its path, of a rename the new one, must contain."""
    after: bool = False
    """At the event that follows, whichever it is."""
    nth: int = 1
    """Of the events that agree."""
    stored: str = ""
    """In place of an event: before Dagster stores the materialisation of this asset."""
    away: str = ""
    once: str = ""
    """A file that says that it has happened: it does so once, whichever process comes first."""


class Stage:
    """The test's end of a stage."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._count = folder, 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "video_assets_tests.orchestration.stage", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def _ask(self, **what: Any) -> Any:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the stage is gone"
        return json.loads(line)

    def begin(self, *arguments: object, fault: Fault | None = None) -> "Running":
        """Begins a command, in a process group of its own."""
        self._count += 1
        out = self.folder / f"{self._count}.out"
        plain = asdict(fault) if fault else None
        pid = self._ask(begin=[str(a) for a in arguments], out=str(out), fault=plain)
        return Running(self, pid, out)

    def run(self, *arguments: object, fault: Fault | None = None) -> "Running":
        """Runs a command to its end."""
        running = self.begin(*arguments, fault=fault)
        running.wait()
        return running

    def wait(self, pid: int) -> int:
        """How a command ended: its exit code, or less than 0 for the signal."""
        return int(self._ask(wait=pid))

    def close(self) -> None:
        """The end of it."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


class Running:
    """A command on the stage."""

    def __init__(self, stage: Stage, pid: int, out: Path) -> None:
        self._stage, self.pid, self._out = stage, pid, out
        self.code: int | None = None

    def wait(self) -> int:
        """Its exit code; -9 where it was killed."""
        if self.code is None:
            self.code = self._stage.wait(self.pid)
            self.kill()  # whoever it has left behind
        return self.code

    def kill(self) -> None:
        """Ends it and all its processes at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    @property
    def said(self) -> str:
        """What it has told people so far."""
        return self._out.read_text(errors="replace")


# the stage itself


def strike(fault: Fault) -> None:
    """The fault happens in this process, from now on."""
    if fault.once:
        try:
            os.close(os.open(fault.once, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
    if fault.do == "kill":
        os.killpg(0, signal.SIGKILL)
    elif fault.do == "torn":  # the kernel refuses the rest of a write past this and tells us so
        signal.signal(signal.SIGXFSZ, lambda *_: os.killpg(0, signal.SIGKILL))
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, resource.RLIM_INFINITY))
    elif fault.do == "unplug":
        os.rename(fault.away, fault.away + ".unplugged")
        os.mkdir(fault.away)


def arm(fault: Fault) -> None:
    """Waits for the place of a fault."""
    state = {"seen": 0, "due": False, "over": False}

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if state["over"]:
            return
        if state["due"]:
            state["over"] = True
            strike(fault)
        elif event == fault.event:
            paths = [a for a in arguments if isinstance(a, (str, bytes, os.PathLike))] or [""]
            named = paths[0 if event == "open" else -1]
            if fault.path in os.fsdecode(named):
                state["seen"] += 1
                if state["seen"] == fault.nth:
                    state["due"], state["over"] = fault.after, not fault.after
                    if not fault.after:
                        strike(fault)

    if fault.stored:
        _before_it_is_stored(fault)
    else:
        sys.addaudithook(hook)


def _before_it_is_stored(fault: Fault) -> None:
    import dagster as dg

    handle = dg.DagsterInstance.handle_new_event

    def watched(self: Any, entry: Any, **more: Any) -> Any:
        event = entry.dagster_event
        made = event is not None and event.event_type_value == "ASSET_MATERIALIZATION"
        if made and event.asset_key.to_user_string() == fault.stored:
            strike(fault)
        return handle(self, entry, **more)

    dg.DagsterInstance.handle_new_event = watched


def _run(arguments: list[str], out: str, fault: dict[str, Any] | None) -> None:
    os.setsid()
    file = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if fault:
        os.environ[FAULT] = json.dumps(fault)
        arm(Fault(**fault))
    code: Any = 1
    try:
        code = _typed(arguments)
    except BaseException:  # whatever gets here would be a traceback for a person
        import traceback

        traceback.print_exc()
        code = 99
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _typed(arguments: list[str]) -> int:
    from video_assets.cli import app

    try:
        app(args=arguments)
    except SystemExit as error:
        return int(error.code or 0)
    return 0


def _warm(folder: Path) -> None:
    """Imports what a run needs and lets Dagster fill its caches; nothing that begins threads."""
    root = folder / "warm" / "projects" / "a"
    (root / "footage").mkdir(parents=True)
    (root / "project.yaml").write_text("brand: a\n")
    (root / "brief.yaml").write_text("title: a\n")
    _run_quietly(["run", "a", "--to", "brief", "--data", str(folder / "warm")])
    _import(_NEEDED)


_NEEDED = (
    "av", "cv2", "ffmpeg", "opentimelineio", "pandas", "pocketsphinx", "pyarrow.parquet",
    "pyarrow.dataset", "rapidfuzz.fuzz", "scenedetect.detectors", "scipy.ndimage", "scipy.signal",
    "video_assets.orchestration.shown", "video_assets.orchestration.status",
)  # fmt: skip


def _import(names: Iterable[str]) -> None:
    import importlib

    for name in names:
        importlib.import_module(name)


def _run_quietly(arguments: list[str]) -> None:
    said, told = os.dup(1), os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    try:
        code = _typed(arguments)
        sys.stdout.flush()
    finally:
        os.dup2(said, 1)
        os.dup2(told, 2)
        for file in (said, told, null):
            os.close(file)
    assert code == 0, "the stage cannot run a command"


def main() -> None:
    """Begins commands and waits for them, as asked on standard input."""
    _warm(Path(sys.argv[1]))
    for line in sys.stdin:
        what = json.loads(line)
        if "begin" in what:
            pid = os.fork()
            if pid == 0:
                _run(what["begin"], what["out"], what["fault"])
            answer = pid
        else:
            answer = os.waitstatus_to_exitcode(os.waitpid(what["wait"], 0)[1])
        print(answer, flush=True)


if __name__ == "__main__":
    main()
elif FAULT in os.environ:  # a worker process of a command on the stage
    arm(Fault(**json.loads(os.environ[FAULT])))
