"""What the command line looks like: tables, bars, sheets."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from video_assets.foundation.errors import RETRIED, VideoAssetsError
from video_assets.foundation.progress import Listener
from video_assets.foundation.store import Project, write_atomic

if TYPE_CHECKING:
    from video_assets.foundation.records import DeadLetter
    from video_assets.orchestration.provenance import Trace
    from video_assets.orchestration.retrying import Retried

PLAIN_EVERY = 15.0
"""Seconds between two plain progress lines of one piece of work."""


class Bars:
    """Progress on a terminal: one bar a piece of work, with the time that is left."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[detail]}", style="dim"),
            console=Console(stderr=True),
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}

    def begin(self, what: str, total: float) -> None:
        """Shows a new bar."""
        if not self._tasks:
            self._progress.start()
        self._tasks[what] = self._progress.add_task(escape(what), total=total or None, detail="")

    def advance(self, what: str, amount: float, detail: str) -> None:
        """Moves a bar."""
        if what in self._tasks:
            self._progress.update(self._tasks[what], advance=amount, detail=escape(detail[-40:]))

    def end(self, what: str) -> None:
        """Takes a bar away."""
        task = self._tasks.pop(what, None)
        if task is not None:
            self._progress.remove_task(task)
        if not self._tasks:
            self._progress.stop()


class Lines:
    """Progress elsewhere: plain lines on stderr, not too many."""

    def __init__(self) -> None:
        self._works: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    def begin(self, what: str, total: float) -> None:
        """Says that a piece of work begins."""
        now = time.monotonic()
        self._works[what] = [total, 0.0, now, now]
        print(f"{what} ...", file=sys.stderr, flush=True)

    def advance(self, what: str, amount: float, detail: str) -> None:
        """Says now and then how far it is and how long it will take."""
        with self._lock:
            work = self._works.get(what)
            if work is None:
                return
            work[1] += amount
            total, done, began, said = work
            now = time.monotonic()
            if now - said < PLAIN_EVERY or not total or not done:
                return
            work[3] = now
            left = (now - began) * (total - done) / done
            print(
                f"{what} {100 * done / total:.0f} %, about {left:.0f} s left",
                file=sys.stderr,
                flush=True,
            )

    def end(self, what: str) -> None:
        """Says nothing: the next piece of work follows."""
        self._works.pop(what, None)


def listener() -> Listener:
    """Bars on a terminal, plain lines elsewhere."""
    return Bars() if sys.stderr.isatty() else Lines()


def _console() -> Console:
    console = Console(highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=140)
    return console


def show_cutdowns(project: Project, cutdowns: Sequence[dict[str, Any]]) -> None:
    """A table of what was made and where."""
    if not cutdowns:
        return
    table = Table(title=f"cutdowns of {project.slug}", title_justify="left")
    for column in ("cut", "aspect", "size", "seconds", "LUFS", "dBTP", "verdict"):
        table.add_column(
            column, justify="right" if column in ("seconds", "LUFS", "dBTP") else "left"
        )
    last = ""
    for one in cutdowns:
        if last and one["cut_id"] != last:
            table.add_section()
        last = one["cut_id"]
        verdict = one["state"]
        if one["outdated"]:
            verdict = "out of date: run again without --aspects"
        if one["passed"] and one.get("findings"):
            verdict += f", {one['findings']} finding(s)"
        sound = (
            ("silent", "") if one["silent"] else (f"{one['loudness']:.1f}", f"{one['peak']:.1f}")
        )
        table.add_row(
            one["cut_id"], one["aspect"], one["size"], f"{one['seconds']:.2f}", *sound, verdict
        )
    console = _console()
    console.print(table)
    told: dict[tuple[str, str], list[str]] = {}
    for one in cutdowns:
        for note in one.get("notes", ()):
            told.setdefault((one["cut_id"], note), []).append(one["aspect"])
    for (cut, note), where in told.items():
        on = "all" if len(where) == len([c for c in cutdowns if c["cut_id"] == cut]) else ""
        console.print(escape(f"{cut} {on or ', '.join(where)}: {note}"), soft_wrap=True)
    console.print(f"files: {project.path('delivery')}", soft_wrap=True)
    console.print(f"watch: {project.path('delivery/index.html')}", soft_wrap=True)


def show_published(
    project: Project,
    planned: Sequence[Any],
    rows: Sequence[Any],
    dry_run: bool,
    changed: set[str],
) -> None:
    """What was sent, or would be, and why the rest was not."""
    states = {row.key: row for row in rows}
    table = Table(
        title=f"{'would be sent' if dry_run else 'publications'} of {project.slug}",
        title_justify="left",
    )
    for column in ("cut", "aspect", "channel", "state", "post", "why"):
        table.add_column(column, overflow="fold")
    for one in planned:
        row = states.get(one.key)
        state = one.action if dry_run or row is None else row.state
        if not dry_run and row is not None and row.key not in changed:
            state = f"{row.state} before"
        if one.action == "refused":
            state = "refused"
        post = row.remote_id if row is not None else ""
        why = one.reason or (row.error if row is not None else "")
        c = one.candidate
        table.add_row(c.cut_id, c.aspect, one.channel.name, state, post, escape(why))
    console = _console()
    if planned:
        console.print(table)
    arrived = {r.channel for r in rows if r.state == "live"} if not dry_run else set()
    folders = {str(p.channel.folder) for p in planned if p.channel.name in arrived}
    for folder in sorted(folders):
        console.print(f"handed over in: {folder}", soft_wrap=True)


def show_loop(
    project: Project, learnings: Sequence[Any], changes: Sequence[dict[str, Any]]
) -> None:
    """What was published, what it taught, and what the next round does differently for it."""
    from video_assets.orchestration.rounds import outbox_of

    rows = outbox_of(project).rows()
    console = _console()
    live = sum(row.state == "live" for row in rows)
    folder = project.path("delivery/published")
    console.print(f"\n{live} of {len(rows)} posts are live, in {folder}", soft_wrap=True)
    told = sorted(learnings, key=lambda one: (-abs(one.effect - 1), one.name))
    shown = ", ".join(one.name for one in told[:6])
    console.print(
        f"the numbers of a made-up week say: {escape(shown) or 'nothing'}", soft_wrap=True
    )
    if changes:
        table = Table(title="what the next round does differently", title_justify="left")
        for column in ("cut", "instead of", "what changed", "because"):
            table.add_column(column, overflow="fold")
        for one in changes:
            what = "\n".join(one["changed"])
            why = "\n".join(one["because"]) or "a new round begins otherwise where it can"
            table.add_row(one["cut"], one["before"], escape(what), escape(why))
        console.print(table)
    console.print(
        f"timelines: {project.path('editorial/timelines')}; "
        f"to render them: video-assets run {project.slug}",
        soft_wrap=True,
    )


def show_status(found: dict[str, Any], details: bool) -> None:
    """How a project stands; with `details` every path."""
    console = _console()
    counts = (
        ", ".join(f"{n} {role}" for role, n in found["roles"].items()) or "footage not read yet"
    )
    console.print(f"[bold]{found['project']}[/bold] ({escape(found['brand'])}): {counts}")
    if details and found["paths"]:
        table = Table(box=None, pad_edge=False)
        for column in ("path", "role", "note"):
            table.add_column(column, overflow="fold")
        for row in found["paths"]:
            table.add_row(escape(repr(row["path"])[1:-1]), row["role"], escape(row["note"]))
        console.print(table)
    _show_letters(console, found["dead_letters"], "set aside")
    states = Counter(c["state"] for c in found["cutdowns"])
    told = "".join(f", {n} {state}" for state, n in sorted(states.items()))
    console.print(f"{found['hours']:.2f} h of picture; {len(found['cutdowns'])} cutdowns{told}")
    why: dict[tuple[str, str, str], list[str]] = {}
    for one in found["cutdowns"]:
        if one["why"]:
            why.setdefault((one["cut_id"], one["state"], one["why"]), []).append(one["aspect"])
    for (cut, state, reason), aspects in why.items():
        console.print(escape(f"{cut} {', '.join(aspects)} {state}: {reason}"), soft_wrap=True)
    for one in found["rounds"]:
        state = f"frozen ({', '.join(one['frozen'])})" if one["frozen"] else "open"
        console.print(f"round {one['round']}: {one['ideas']} ideas, {state}", soft_wrap=True)
    for shut in found["shut_gates"]:
        console.print(f"gate shut: {escape(shut)}", soft_wrap=True)
    for text in found["missing"]:
        console.print(escape(text), soft_wrap=True)
    if found["stale"]:
        console.print(f"to be made: {', '.join(found['stale'])}")
    console.print(f"next: {found['next']}", soft_wrap=True)


def _show_letters(console: Console, letters: "Sequence[DeadLetter]", title: str) -> None:
    if not letters:
        return
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in ("path", "step", "code", "tries", "what", "do"):
        table.add_column(column, overflow="fold")
    for letter in letters:
        table.add_row(
            escape(repr(letter.path)[1:-1]),
            letter.step,
            f"{letter.code} {letter.family}",
            str(letter.attempts),
            escape(letter.what),
            escape(letter.do),
        )
    console.print(table)


def show_retried(found: "Retried", project: Project) -> None:
    """What came of trying once more."""
    console = _console()
    for path in found.good:
        console.print(escape(f"good now: {repr(path)[1:-1]}"), soft_wrap=True)
    _show_letters(console, found.left, "still set aside")
    _show_letters(console, found.others, "not tried again")
    for where, why in found.outcome.failed:
        console.print(escape(f"{where}: {why}"), soft_wrap=True)
    if not found.asked:
        other = any(d.family in RETRIED for d in found.others)
        more = f"; with --all: video-assets retry {project.slug} --all" if other else ""
        console.print(f"nothing was set aside that another try could mend{more}", soft_wrap=True)
    elif found.good:
        console.print(f"next: video-assets run {project.slug}", soft_wrap=True)


def show_trace(found: "Trace") -> None:
    """Where a clip is used, or what a cut is made of."""
    console = _console()
    told = ", ".join(f"{k} {_told(v)}" for k, v in found.more.items() if v)
    console.print(f"[bold]{escape(found.asked)}[/bold] ({found.kind}): {escape(told)}")
    for row in found.paths if found.kind == "clip" else ():
        note = f": {row.note}" if row.note else ""
        console.print(escape(f"{repr(row.path)[1:-1]} {row.role}{note}"), soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    first = "cut" if found.kind == "clip" else "clip"
    for column in ("track", "from", "to", first, "clip from", "what"):
        table.add_column(column, overflow="fold")
    for use in found.uses:
        table.add_row(
            use.track,
            f"{float(use.start):.2f}",
            f"{float(use.start + use.duration):.2f}",
            escape(use.cut_id if found.kind == "clip" else repr(use.path)[1:-1]),
            f"{float(use.source_start):.2f}",
            escape(f"“{use.says}”" if use.says else use.why),
        )
    if found.uses:
        console.print(table)
    else:
        console.print("no timeline uses it")
    for made in found.cutdowns:
        sent = f"; {'; '.join(made.posts)}" if made.posts else ""
        why = f": {made.why}" if made.why else ""
        told = f"{made.cut_id} {made.aspect} (sha256 {made.sha256[:12]}) is {made.state}{why}{sent}"
        console.print(escape(told), soft_wrap=True)


def _told(value: Any) -> str:
    if isinstance(value, Fraction):
        return f"{float(value):.2f}"
    return " / ".join(map(str, value)) if isinstance(value, list) else str(value)


def show_hits(hits: Sequence[Any]) -> None:
    """What a search found."""
    if not hits:
        return
    table = Table(box=None, pad_edge=False)
    for column in ("score", "clip", "from", "to", "why"):
        table.add_column(column, overflow="fold")
    for hit in hits:
        table.add_row(
            f"{hit.score:.2f}",
            escape(hit.path),
            f"{float(hit.start):.2f}",
            f"{float(hit.end):.2f}",
            escape(hit.why),
        )
    _console().print(table)


def write_sheet(project: Project, hits: Sequence[Any], path: Path) -> None:
    """A contact sheet of what a search found."""
    from video_assets.foundation.records import Shot
    from video_assets.library.sheets import contact_sheet

    if path.suffix.lower() not in (".jpg", ".jpeg"):
        raise VideoAssetsError(f"{path}: a sheet is a JPEG; name it .jpg")
    shots = {s.shot_id: s for s in project.read("library/shots.parquet", Shot)}
    root = project.workspace.root
    stills, labels = [], []
    for hit in hits:
        shot = shots.get(hit.shot_id)
        if shot and shot.stills:
            stills.append(root / shot.stills[len(shot.stills) // 2])
            labels.append(f"{Path(hit.path).name} {float(hit.start):.1f}s")
    write_atomic(path.absolute(), contact_sheet(stills, labels, max_bytes=2_000_000))


def show_doctor(found: dict[str, Any]) -> None:
    """What works here."""
    console = _console()
    for check in found["checks"]:
        mark = "ok     " if check["ok"] else "PROBLEM"
        console.print(f"{mark} {check['name']}: {escape(check['what'])}", soft_wrap=True)
        if check["do"]:
            console.print(f"        {escape(check['do'])}")
    console.print(f"GPU: {found['gpu']}")
    console.print("packages: " + ", ".join(f"{k} {v}" for k, v in found["stack"].items()))
    table = Table(title="engines", title_justify="left", box=None, pad_edge=False)
    for column in ("capability", "engine", "state", "cannot"):
        table.add_column(column, overflow="fold")
    for engine in found["engines"]:
        state = "available" if engine["available"] else escape(engine["why_not"])
        table.add_row(engine["capability"], engine["name"], state, escape(engine["cannot"]))
    console.print(table)
