"""`video-assets migrate`: what cannot be made again is brought up to date, and nothing else moves."""

import json
import os
import shutil
import signal
import sqlite3
import types
from fractions import Fraction
from pathlib import Path

import pytest
from typer.testing import CliRunner

from video_assets.cli import app
from video_assets.delivery import outbox
from video_assets.delivery.decisions import APPROVED, Decision, decisions_text, read_decisions
from video_assets.foundation.files import sha256_file
from video_assets.foundation.records import FootageRow, Line, Publication
from video_assets.foundation.store import Project, Workspace, as_json, digest_of
from video_assets.foundation.versions import FORMAT, FORMATS, STAMP, UPGRADES, NewerFormat
from video_assets.library.absence import ABSENT, misses_of
from video_assets.orchestration import migrating
from video_assets.orchestration.graph import BY_NAME
from video_assets.orchestration.migrating import migrate, upgrade_project
from video_assets.orchestration.rounds import DECISIONS, NEXT, OUTBOX, asked_after, holds, sealed

POST = Publication(
    "k1", "spring", "r1", "r1-01", "9x16", "0" * 64, "shop", "folder", state="planned"
)
ANSWER = Decision("r1-01", "9x16", "0" * 64, APPROVED, "Ada")
IN_PLACE = ("project.yaml", DECISIONS, "editorial/rounds/r1.json", NEXT, ABSENT, OUTBOX)


def put(workspace: Workspace, slug: str) -> Project:
    """A project with one of everything, as the present code writes it: all of version 1."""
    root = workspace.root / "projects" / slug
    root.mkdir(parents=True)
    (root / "project.yaml").write_text("# where it lies\nfootage: shots # mine\nbrand: wickfield\n")
    project = workspace.project(slug)
    rows, lines = (
        [FootageRow("a.mp4", "clip", 1, 2)],
        [Line("a-l0001", "a", 1, "Hi", Fraction(0), Fraction(1), 0, 0)],
    )

    def write(draft):
        draft.records("library/footage.parquet", FootageRow, rows)
        draft.records("library/lines.parquet", Line, lines)
        draft.json("editorial/ideas.json", {"rounds": []})
        draft.json("delivery/r1-01/9x16.verdict.json", {"sha256": POST.sha256, "passed": True})

    project.make("footage", "1", {}, write)
    seal = {
        "version": 1, "round": "r1", "why": ["published r1-01"], "takes": [], "timelines": {},
        "cutdowns": {"r1-01/9x16": POST.sha256}, "entry": {"round": "r1", "ideas": []},
    }  # fmt: skip
    files = {
        DECISIONS: decisions_text([ANSWER]),
        "editorial/rounds/r1.json": as_json({**seal, "digest": digest_of(seal)}),
        NEXT: as_json({"after": "r1"}),
        ABSENT: as_json({"a.mp4": 5.0}),
    }
    for name, text in files.items():
        project.path(name).parent.mkdir(parents=True, exist_ok=True)
        project.path(name).write_text(text)
    box = outbox.Outbox(project.path(OUTBOX))
    box.add(POST)
    for before, after in (("planned", "approved"), ("approved", "sending"), ("sending", "live")):
        assert box.move("k1", [before], after, remote_id="post-1")
    return project


@pytest.fixture
def project(tmp_path):
    return put(Workspace(tmp_path / "data"), "spring")


def tomorrow(patch: pytest.MonkeyPatch) -> None:
    """The next product: every format that is upgraded in place is of version 2."""
    for name in ("settings", "decisions", "seal", "next round", "absent", "outbox"):
        patch.setitem(FORMATS, name, 2)
    patch.setattr(outbox, "SCHEMA", 2)
    patch.setitem(
        outbox.UPGRADES, 1, ("alter table publications add column place text default ''",)
    )
    patch.setitem(UPGRADES, ("decisions", 1), lambda plain: {**plain, "people": ["Ada"]})
    patch.setitem(UPGRADES, ("seal", 1), lambda plain: {**plain, "sealed": True})
    patch.setitem(UPGRADES, ("next round", 1), lambda plain: {**plain, "by": ""})
    patch.setitem(UPGRADES, ("settings", 1), lambda plain: {**plain, "approval": "required"})


def digests(root: Path) -> dict[str, str]:
    """Every file below a folder with its digest, leases apart."""
    return {
        p.relative_to(root).as_posix(): sha256_file(p)
        for p in sorted(root.rglob("*"))
        if p.is_file() and ".dagster" not in p.parts
    }


def upgraded_well(project: Project) -> None:
    """Everything is of version 2, says what it said, and nothing is left beside it."""
    assert "people" in json.loads(project.path(DECISIONS).read_text())
    assert read_decisions(project.path(DECISIONS)) == [ANSWER]
    (seal,) = sealed(project)
    assert seal.cutdowns == {"r1-01/9x16": POST.sha256}
    assert asked_after(project) == "r1" and misses_of(project) == {"a.mp4": 5.0}
    (row,) = outbox.Outbox(project.path(OUTBOX)).rows()
    assert (row.key, row.state, row.remote_id) == ("k1", "live", "post-1")
    assert holds(project) == {"r1": ["approved r1-01 9x16", "published r1-01"]}
    said = project.path("project.yaml").read_text()
    assert said.startswith("# where it lies\nversion: 2\n") and project.brand == "wickfield"
    left = [n for n in digests(project.root) if ".v1" in n or n.endswith(".part")]
    assert left == ["project.yaml.v1"]  # a person wrote it


def test_what_cannot_be_made_again_is_upgraded_and_the_rest_stays_byte_for_byte(
    project, monkeypatch
):
    first = digests(project.root)
    tomorrow(monkeypatch)
    told = migrate(project.workspace, ["spring"], dry_run=True)
    assert {o.path for o in told.old if o.becomes == migrating.IN_PLACE} == set(IN_PLACE)
    assert digests(project.root) == first and not told.problems
    assert migrate(project.workspace, ["spring"]) == told
    upgraded_well(project)
    now = digests(project.root)
    assert {n for n in first if first[n] != now[n]} == {*IN_PLACE, STAMP}
    assert project.intact(project.manifest("footage"))
    again = migrate(project.workspace, ["spring"])
    assert not [o for o in again.old if o.path in IN_PLACE] and not again.problems
    assert digests(project.root) == now


class Dying(sqlite3.Connection):
    """A connection whose changes are counted."""

    count = None

    def execute(self, sql, *values):
        if sql.startswith(("alter", "pragma user_version =", "commit")):
            Dying.count()
        return super().execute(sql, *values)


def die_at(number: int) -> None:
    """From here on, kills this process before its so-manieth change of the disk."""
    left = [number]

    def count(*_):
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    def counted(function):
        return lambda *args, **names: (count(), function(*args, **names))[1]

    os.replace, os.unlink, os.fsync = map(counted, (os.replace, os.unlink, os.fsync))
    Dying.count = count
    connect = sqlite3.connect
    outbox.sqlite3 = types.SimpleNamespace(
        **{**vars(sqlite3), "connect": lambda *a, **n: connect(*a, **n, factory=Dying)}
    )


def killed_at(project: Project, number: int) -> bool:
    """Upgrades in a child that is killed; False where it came to its end before that."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            die_at(number)
            upgrade_project(project)
            code = 0
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def killed_everywhere(tmp_path: Path, patch: pytest.MonkeyPatch, step: int) -> int:
    """Kills a migration before every so-manieth change, runs it again each time; how many kills."""
    project = put(Workspace(tmp_path / "data"), "spring")
    shutil.copytree(project.root, tmp_path / "first")
    tomorrow(patch)
    kills = 0
    while killed_at(project, kills * step):
        kills += 1
        assert read_decisions(project.path(DECISIONS)) == [ANSWER]  # the old file, or the new one
        assert len(sealed(project)) == 1 and project.brand == "wickfield"
        with sqlite3.connect(project.path(OUTBOX)) as database:
            rows = database.execute("select key, state, remote_id from publications").fetchall()
        assert rows == [("k1", "live", "post-1")]
        upgrade_project(project)
        upgraded_well(project)
        assert project.intact(project.manifest("footage"))
        shutil.rmtree(project.root)
        shutil.copytree(tmp_path / "first", project.root)
    upgraded_well(project)
    return kills


def test_killed_in_between_it_goes_on(tmp_path, monkeypatch):
    assert killed_everywhere(tmp_path, monkeypatch, 7) >= 5


@pytest.mark.soak
def test_killed_before_every_single_change_it_goes_on(tmp_path, monkeypatch):
    assert killed_everywhere(tmp_path, monkeypatch, 1) >= 35


def test_copies_stay_where_a_file_does_not_read_back(project, monkeypatch):
    tomorrow(monkeypatch)
    monkeypatch.setitem(UPGRADES, ("decisions", 1), lambda plain: {"people": []})
    (problem,) = migrate(project.workspace, ["spring"]).problems
    assert "decisions.json is damaged" in problem
    copy = project.path(f"{DECISIONS}.v1").read_text()
    assert copy == decisions_text([ANSWER]).replace(": 2", ": 1")
    assert project.path(f"{OUTBOX}.v1").is_file()


@pytest.mark.parametrize("name", [DECISIONS, "editorial/rounds/r1.json", OUTBOX])
def test_what_is_damaged_is_left_alone_and_holds_up_no_other(project, monkeypatch, name):
    other = put(project.workspace, "autumn")
    first = project.path(name).read_bytes()[:-200]
    project.path(name).write_bytes(first)
    tomorrow(monkeypatch)
    told = migrate(project.workspace, ["spring", "autumn"])
    assert [p for p in told.problems if name in p] and len(told.problems) == 1
    assert project.path(name).read_bytes() == first
    upgraded_well(other)


def test_whoever_works_on_a_project_is_not_disturbed(project, monkeypatch):
    monkeypatch.setattr(migrating, "PATIENCE", 0.0)
    first = digests(project.root)
    tomorrow(monkeypatch)
    with project.leased():
        (problem,) = migrate(project.workspace, ["spring"]).problems
    assert "is being made by" in problem and digests(project.root) == first


def test_a_project_of_a_later_product_is_told_apart_and_left_alone(project, monkeypatch):
    with monkeypatch.context() as patch:
        tomorrow(patch)
        assert not migrate(project.workspace, ["spring"]).problems
        first = digests(project.root)
    (told,) = migrate(project.workspace, ["spring"], dry_run=True).old
    assert told.becomes == migrating.REFUSED
    (problem,) = migrate(project.workspace, ["spring"]).problems
    assert "written by a newer video_assets" in problem and "outbox 2" in problem
    assert digests(project.root) == first


def test_older_tables_are_read_and_older_steps_are_made_again(project, monkeypatch):
    project.make("artefacts/r2-01/9x16", "0", {}, lambda d: d.facts.update(cut_id="r2-01"))
    monkeypatch.setattr(Line, "VERSION", 2, raising=False)
    monkeypatch.setitem(FORMATS, "verdict", 2)
    told = migrate(project.workspace, ["spring"], dry_run=True).old
    found = {(o.path, o.has, o.knows, o.becomes) for o in told}
    assert ("library/lines.parquet", "1", "2", migrating.AS_IT_IS) in found
    assert ("delivery/r1-01/9x16.verdict.json", "1", "2", migrating.AS_IT_IS) in found
    step = BY_NAME["footage"].version
    assert step == "1" or ("footage", "1", step, migrating.AGAIN) in found
    assert [o.format for o in told if o.path == "artefacts"] == ["cutdowns of open rounds: 1"]
    assert len(project.read("library/lines.parquet", Line)) == 1


def test_the_command(project, monkeypatch):
    def run(*words: str):
        return CliRunner().invoke(app, ["migrate", *words, "--data", str(project.workspace.root)])

    first = digests(project.root)
    tomorrow(monkeypatch)
    dry = run("--dry-run")
    assert dry.exit_code == 0 and digests(project.root) == first
    assert "upgraded in place" in dry.output and "nothing was changed" in dry.output
    told = json.loads(run("spring", "--json").output)
    assert {OUTBOX, DECISIONS} <= {o["path"] for o in told["old"]} and not told["problems"]
    upgraded_well(project)
    assert run("autumn").exit_code == 1
    project.path(DECISIONS).write_text("{")
    assert run("spring").exit_code == 1 and "decisions.json is damaged" in run("spring").output


def test_files_of_a_later_product_are_refused_by_whoever_reads_them(project):
    """Also where the project itself does not say so."""
    for name in (DECISIONS, "editorial/rounds/r1.json"):
        plain = json.loads(project.path(name).read_text())
        plain["version"] = 2
        if plain.pop("digest", None):
            plain["digest"] = digest_of(plain)
        project.path(name).write_text(json.dumps(plain))
    project.path(NEXT).write_text(json.dumps({FORMAT: 2, "after": "r1"}))
    project.path(ABSENT).write_text(json.dumps({FORMAT: 2, "a.mp4": 5.0}))
    for ask in (
        lambda: read_decisions(project.path(DECISIONS)),
        lambda: sealed(project),
        lambda: asked_after(project),
        lambda: misses_of(project),
    ):
        with pytest.raises(NewerFormat, match="2, this one knows 1"):
            ask()
