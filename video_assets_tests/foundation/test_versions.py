"""Older files are read, newer ones refused, and no format changes without its version."""

import ast
import dataclasses
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import video_assets
from video_assets.delivery import outbox
from video_assets.delivery.outbox import Outbox
from video_assets.foundation import lease, records, versions
from video_assets.foundation.errors import ProjectError, StorageError
from video_assets.foundation.records import (
    FootageRow,
    Publication,
    Shot,
    read_records,
    record_versions,
    write_records,
)
from video_assets.foundation.store import Workspace, kept, kept_facts
from video_assets.foundation.versions import FORMAT, FORMATS, STAMP, NewerFormat, format_of, upgrade
from video_assets.library import frame_index
from video_assets_tests.foundation.golden import golden, listing

MADE_UP = {"str": "x", "int": 7, "float": 0.5, "bool": True, "Fraction": "1/3"}
"""A stored value by its type; nested ones are JSON text."""


@pytest.fixture
def project(tmp_path):
    project = Workspace(tmp_path / "data").project
    (tmp_path / "data" / "projects" / "spring").mkdir(parents=True)
    return project("spring")


def test_no_format_changes_without_its_version():
    known = golden()
    gone = known.keys() - listing().keys() - versions.RETIRED.keys()
    assert not gone, f"{gone}: add them to versions.RETIRED, else old projects are called newer"
    for name, (version, fields) in listing().items():
        assert known.get(name, {}).get(str(version)) == fields, (
            f"{name} {version} has other fields than golden_formats.json says: raise its version, "
            "then `python -m video_assets_tests.foundation.golden`"
        )
        assert max(map(int, known[name])) == version, f"{name}: a version went down"


@pytest.mark.parametrize(
    ("name", "version"),
    [(n, v) for n, vs in golden().items() if n in record_versions() for v in vs],
)
def test_every_version_there_ever_was_is_read(tmp_path, name, version):
    """A table of that version, made from its listing as `write_records` made it then."""
    stored, empty = {}, {"tuple": "[]", "dict[": "{}", "recor": "null"}
    for field, kind in golden()[name][version].items():
        fixed = kind.startswith("tuple[") and "..." not in kind
        parts = [0.5] * (kind.count(",") + 1)
        stored[field] = MADE_UP.get(kind, json.dumps(parts) if fixed else empty.get(kind[:5]))
    table = pa.Table.from_pylist([stored])
    meta = {"record": name, "schema_version": version}
    pq.write_table(table.replace_schema_metadata(meta), tmp_path / "x.parquet")
    (row,) = read_records(tmp_path / "x.parquet", getattr(records, name))
    now = {f.name: f for f in dataclasses.fields(row)}
    for field, kind in golden()[name][version].items():
        if field in now and kind in MADE_UP:
            said = Fraction(1, 3) if kind == "Fraction" else MADE_UP[kind]
            assert getattr(row, field) == said
    for field in now.keys() - stored.keys():
        assert getattr(row, field) == now[field].default


@dataclass(frozen=True, slots=True)
class Card:
    """A record in its third version: `length` was `seconds` in the first and text in the second."""

    VERSION: ClassVar[int] = 3

    name: str
    length: Fraction
    note: str = "none"


def test_what_was_renamed_goes_through_its_upgrades(tmp_path, monkeypatch):
    for since in (1, 2):
        monkeypatch.setitem(versions.UPGRADES, ("Card", since), None)  # taken away afterwards
    upgrade("Card", 1)(lambda row: {"name": row["name"], "long": str(row["seconds"])})
    upgrade("Card", 2)(lambda row: {"name": row["name"], "length": row["long"] + "/1"})
    first = pa.table({"name": ["a", "b"], "seconds": [5, 6]})
    for version in (b"1", b"2", b"3"):
        path = tmp_path / "x.parquet"
        if version == b"2":
            first = pa.table({"name": ["a", "b"], "long": ["5", "6"], "gone": [True, False]})
        if version == b"3":
            write_records(path, Card, [Card("a", Fraction(5)), Card("b", Fraction(6))])
        else:
            pq.write_table(first.replace_schema_metadata({b"schema_version": version}), path)
        assert read_records(path, Card) == [Card("a", Fraction(5)), Card("b", Fraction(6))]
        assert read_records(path, Card, ("name", ["b"])) == [Card("b", Fraction(6))]
    pq.write_table(first[:0].replace_schema_metadata({b"schema_version": b"1"}), path)
    assert read_records(path, Card) == []


def test_a_newer_table_is_refused_and_never_called_damaged(tmp_path):
    write_records(tmp_path / "x.parquet", Shot, [])
    table = pq.read_table(tmp_path / "x.parquet")
    meta = {**table.schema.metadata, b"schema_version": b"9"}
    pq.write_table(table.replace_schema_metadata(meta), tmp_path / "x.parquet")
    with pytest.raises(StorageError, match=r"x\.parquet .*\(Shot 9, this one knows 1\).*update"):
        read_records(tmp_path / "x.parquet", Shot)


def test_a_project_says_by_which_formats_it_was_written_before_anything_is(project):
    assert not (project.root / STAMP).exists()
    with project.leased(), project.guarded():
        said = json.loads((project.root / STAMP).read_text())["formats"]
    assert said == {**FORMATS, **record_versions()}
    assert said["FootageRow"] == FootageRow.VERSION and said["outbox"] == FORMATS["outbox"]


@pytest.mark.parametrize("name", sorted({**FORMATS, **record_versions(), "of tomorrow": 0}))
def test_a_project_of_a_later_product_is_refused_at_the_door(project, name):
    """Every format, and ones that nobody knows here: nothing is read, written or made again."""
    made = project.make("ideas", "1", {}, lambda d: d.json("editorial/ideas.json", {"rounds": []}))
    stamp = project.root / STAMP
    said = json.loads(stamp.read_text())
    said["formats"][name] = said["formats"].get(name, 0) + 1
    stamp.write_text(json.dumps(said))
    with pytest.raises(NewerFormat, match=f"{name} {said['formats'][name]} .this one knows"):
        project.workspace.project("spring")
    with pytest.raises(NewerFormat):  # also whoever was inside already
        project.make("ideas", "2", {}, lambda d: d.json("editorial/ideas.json", {}))
    assert json.loads(stamp.read_text()) == said and project.intact(made.manifest)


def test_what_is_written_no_more_is_still_known(project, monkeypatch):
    with project.leased(), project.guarded():
        pass
    said = json.loads((project.root / STAMP).read_text())
    said["formats"]["Reel"] = 3
    (project.root / STAMP).write_text(json.dumps(said))
    monkeypatch.setitem(versions.RETIRED, "Reel", 3)
    assert project.workspace.project("spring").slug == "spring"
    monkeypatch.setitem(versions.RETIRED, "Reel", 2)
    with pytest.raises(NewerFormat, match=r"Reel 3 .this one knows 2"):
        project.workspace.project("spring")


def test_a_stamp_that_cannot_be_read_is_not_taken_for_none(project):
    path = project.root / STAMP
    path.parent.mkdir()
    for text in ("{", "[]", '{"formats": {"ideas": "two"}}', '{"formats": {"ideas": true}}'):
        path.write_text(text)
        with pytest.raises(StorageError, match=r"formats\.json is damaged"):
            project.workspace.project("spring")


@pytest.mark.parametrize("name", ["editorial/ideas.json", "delivery/r1-01/9x16.verdict.json"])
def test_json_files_bear_their_version(project, monkeypatch, name):
    kind = format_of(name)
    project.make("x", "1", {}, lambda d: d.json(name, {"old": 1}))
    first = project.path(name).read_bytes()
    monkeypatch.setitem(FORMATS, kind, 2)
    monkeypatch.setitem(versions.UPGRADES, (kind, 1), lambda plain: {"new": plain["old"]})
    assert project.read_json(name) == {"new": 1}
    assert project.path(name).read_bytes() == first  # digests of it may be written down elsewhere
    project.make("x", "2", {}, lambda d: d.json(name, {"new": 2}))
    assert project.read_json(name) == {"new": 2}
    monkeypatch.setitem(FORMATS, kind, 1)
    with pytest.raises(NewerFormat, match=f"{kind} 2, this one knows 1"):
        project.read_json(name)


def test_a_newer_manifest_is_no_damaged_one(project, monkeypatch):
    made = project.make("x", "1", {}, lambda d: d.text("x.txt", "new"))
    path = project.path(".manifests/x.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), FORMAT: 2, "more": 1}))
    for ask in (
        project.manifest,
        lambda n: project.make(n, "1", {}, lambda d: d.text("x.txt", "")),
    ):
        with pytest.raises(NewerFormat, match=r"x\.json was written by a newer"):
            ask("x")
    assert project.intact(made.manifest)
    monkeypatch.setitem(FORMATS, "manifest", 2)
    monkeypatch.setitem(versions.UPGRADES, ("manifest", 1), lambda plain: {**plain, "version": "7"})
    project.make("y", "1", {}, lambda d: d.text("y.txt", ""))
    assert json.loads(project.path(".manifests/y.json").read_text())[FORMAT] == 2
    assert project.manifest("y").version == "1"
    path.write_text(json.dumps({**json.loads(path.read_text()), FORMAT: 1}))
    path.write_text(
        json.dumps({k: v for k, v in json.loads(path.read_text()).items() if k != "more"})
    )
    assert project.manifest("x").version == "7"


def test_a_newer_kept_folder_is_neither_read_nor_replaced(tmp_path, monkeypatch):
    folder = tmp_path / "clips" / "a"
    kept(folder, lambda draft: (draft / "still.jpg").write_bytes(b"x"))
    said = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**said, FORMAT: 2}))
    for ask in (kept_facts, lambda f: kept(f, lambda draft: None)):
        with pytest.raises(NewerFormat, match="kept 2, this one knows 1"):
            ask(folder)
    assert (folder / "still.jpg").read_bytes() == b"x"
    monkeypatch.setitem(FORMATS, "kept", 2)
    assert kept_facts(folder) == (1,)
    kept(tmp_path / "clips" / "b", lambda draft: 5)
    assert json.loads((tmp_path / "clips" / "b" / "manifest.json").read_text())[FORMAT] == 2


def test_settings_may_say_their_version(project, monkeypatch):
    path = project.root / "project.yaml"
    path.write_text("version: 1\nbrand: wickfield\n")
    assert project.brand == "wickfield" and "version" not in project.settings
    path.write_text("version: 2\nbrand: wickfield\n")
    with pytest.raises(NewerFormat, match=r"project.yaml .*settings 2"):
        _ = project.brand
    path.write_text("version: soon\n")
    with pytest.raises(ProjectError, match="version: 'soon' is no version"):
        _ = project.brand
    monkeypatch.setitem(FORMATS, "settings", 2)
    monkeypatch.setitem(
        versions.UPGRADES, ("settings", 1), lambda plain: {"brand": plain.get("label", "")}
    )
    path.write_text("label: wickfield\n")
    assert project.brand == "wickfield"


def _number_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return database.execute("pragma user_version").fetchone()[0]


def test_the_lease_keeps_its_token_through_versions(tmp_path, monkeypatch):
    path = tmp_path / "spring.sqlite"
    with lease.held(path, 0) as first:
        pass
    with closing(sqlite3.connect(path)) as database:
        database.execute("pragma user_version = 0")  # as the first ones were
    with lease.held(path, 0) as second:
        assert second.token == first.token + 1 and _number_of(path) == 1
    monkeypatch.setitem(FORMATS, "lease", 2)
    monkeypatch.setitem(lease.UPGRADES, 1, ("alter table lease add column why text default ''",))
    with lease.held(path, 0) as third:
        assert third.token == first.token + 2 and _number_of(path) == 2
    monkeypatch.setitem(FORMATS, "lease", 1)
    with pytest.raises(NewerFormat, match="lease 2, this one knows 1"):
        lease.take(path, 0)


def _post(key: str) -> Publication:
    return Publication(key, "spring", "r1", "r1-01", "9x16", "0" * 64, "shop", "folder")


def test_an_older_outbox_asks_to_be_migrated_and_a_newer_one_is_refused(tmp_path, monkeypatch):
    box = Outbox(tmp_path / "outbox.sqlite")
    box.add(_post("a"))
    monkeypatch.setattr(outbox, "SCHEMA", 2)
    monkeypatch.setitem(outbox.UPGRADES, 1, ("alter table history add column by text default ''",))
    for ask in (box.rows, lambda: box.add(_post("b")), lambda: box.move("a", ["planned"], "dead")):
        with pytest.raises(StorageError, match=r"outbox 1, this one knows 2.*video-assets migrate"):
            ask()
    before = box.version()
    box.upgrade()
    assert (before, box.version(), [r.key for r in box.rows()]) == (1, 2, ["a"])
    monkeypatch.setattr(outbox, "SCHEMA", 1)
    with pytest.raises(NewerFormat, match="outbox 2, this one knows 1"):
        box.rows()


def test_an_upgrade_that_would_unpublish_changes_nothing(tmp_path, monkeypatch):
    box = Outbox(tmp_path / "outbox.sqlite")
    box.add(_post("a"))
    monkeypatch.setattr(outbox, "SCHEMA", 2)
    for wrong in ("delete from publications", "update publications set key = 'b'", "nonsense"):
        monkeypatch.setitem(outbox.UPGRADES, 1, ("delete from history", wrong))
        with pytest.raises(StorageError):
            box.upgrade()
        assert box.version() == 1
    monkeypatch.setattr(outbox, "SCHEMA", 1)
    assert [r.key for r in box.rows()] == ["a"] and len(box.history("a")) == 1


def test_the_frame_table_is_upgraded_by_its_writer_and_a_newer_one_refused(tmp_path, monkeypatch):
    import numpy as np

    class Engine:
        name, size = "made-up", 4

        def images(self, pictures):
            return np.tile(np.float32([1, 0, 0, 0]), (len(pictures), 1))

    import cv2

    workspace = Workspace(tmp_path)
    assert cv2.imwrite(str(tmp_path / "a.jpg"), np.zeros((8, 8, 3), np.uint8))
    shot = Shot(
        "c-0001", "c", 1, Fraction(0), Fraction(1), stills=("a.jpg",), still_times=(Fraction(1),)
    )
    old = frame_index._schema(4)
    plain = pa.schema([f if f.name == "id" else f.remove_metadata() for f in old])
    monkeypatch.setattr(frame_index, "_schema", lambda size: plain)  # as the first ones were
    assert frame_index.index_frames(workspace, "spring", [shot], Engine())[0] == 1
    table = frame_index.tables_of(workspace)[frame_index.table_name("made-up")]
    assert frame_index.table_version(table) == 1
    monkeypatch.undo()
    monkeypatch.setitem(FORMATS, "frames table", 2)
    monkeypatch.setitem(frame_index.UPGRADES, 1, {"note": "cast('' as string)"})
    rows = frame_index.vectors_of(workspace, "spring", "made-up")
    assert list(rows) == ["c-0001"]  # reading needs no upgrade
    frame_index.upgrade_table(table)
    frame_index.upgrade_table(table)
    table = frame_index.tables_of(workspace)[frame_index.table_name("made-up")]
    assert frame_index.table_version(table) == 2 and "note" in table.schema.names
    assert list(frame_index.vectors_of(workspace, "spring", "made-up")) == ["c-0001"]
    monkeypatch.setitem(FORMATS, "frames table", 1)
    for ask in (
        lambda: frame_index.vectors_of(workspace, "spring", "made-up"),
        lambda: frame_index.index_frames(workspace, "spring", [], Engine()),
        lambda: frame_index.forget_project(workspace, "spring"),
    ):
        with pytest.raises(NewerFormat, match="frames table 2, this one knows 1"):
            ask()
    assert table.count_rows() == 1


def _text(node: ast.expr | None, trees: list[ast.Module]) -> str:
    """What an expression says, as far as the sources tell; `x` where they do not."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(p, trees) for p in node.values)
    if isinstance(node, ast.FormattedValue):
        return _text(node.value, trees)
    name = ast.unparse(node) if isinstance(node, ast.Name) else ""
    called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    for other in (o for tree in trees for o in ast.walk(tree)):
        if name and isinstance(other, ast.Assign) and ast.unparse(other.targets[0]) == name:
            return _text(other.value, trees)
        if called and isinstance(other, ast.FunctionDef) and other.name == called:
            last = other.body[-1]
            return _text(last.value, trees) if isinstance(last, ast.Return) else "x"
    return "x"


def test_every_json_file_of_an_asset_has_a_format():
    """What is written through `Draft.json`, by the names in the sources."""
    folder = Path(video_assets.__file__).parent / "orchestration"
    trees = [ast.parse(p.read_text(encoding="utf-8")) for p in sorted(folder.rglob("*.py"))]
    names = {
        _text(node.args[0], [tree, *trees])
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "draft.json"
    }
    assert {"editorial/ideas.json", "library/frames.json", "delivery/.assets/x.json"} <= names
    unknown = [name for name in names if not format_of(name)]
    assert not unknown, f"give them a format in foundation/versions.py: {unknown}"
