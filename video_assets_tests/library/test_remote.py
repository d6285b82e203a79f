"""Footage in a bucket: a real S3 server, and a road to it on which everything goes wrong."""

import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from video_assets.cli import app
from video_assets.delivery.inspections.sources import Sources
from video_assets.finishing import segments, sound
from video_assets.finishing.brand import BrandKit
from video_assets.finishing.render import pieces_of
from video_assets.foundation import cache, download, workers
from video_assets.foundation.buckets import Access, Bucket, Root
from video_assets.foundation.cache import Cache
from video_assets.foundation.errors import Code, FootageError, ProjectError
from video_assets.foundation.records import FootageRow, to_plain
from video_assets.foundation.store import Project, Workspace, sha256_file
from video_assets.library import analysis, remote
from video_assets.library.absence import forget, look_at
from video_assets.library.intake import Found, forget_examined, look, read_footage
from video_assets.library.staging import is_there, on_disk
from video_assets.library.transcripts import transcribe
from video_assets.orchestration.doctor import examine
from video_assets.orchestration.resources import access_of
from video_assets_tests.finishing.making import counted, picture, row_of, spoken, timeline
from video_assets_tests.library.stores import (
    KEY,
    SECRET,
    Road,
    access,
    bucket_at,
    client,
    fill,
    once,
    served,
)

MIB = 2**20
BIG = Random(1).randbytes(3 * MIB + 17)
HOSTILE = {
    "film/../up.mp4": "..",
    "film//twice.mp4": "empty",
    "film/./here.mp4": "..",
    "film/nul\0.mp4": "control",
    "film/bell\x07.mp4": "control",
    "film/end.mp4/": "empty",
    "film//": "empty",
}
"""Keys that are no paths."""
SRT = b"1\n00:00:00,000 --> 00:00:01,000\nHello\n"
LONG = f"{'x' * 300}.mp4"
ODD = ["a.mp4", "A.mp4", "caf\u00e9.mp4", "cafe\u0301.mp4", LONG, "CON.mp4", "-i.mp4"]
ODD += ["%03d.mp4", "\\xE9.mp4", "C:\\a.mp4", "day 1/emoji \U0001f3ac.mp4", "a'b\".mp4"]
"""Names that some disk could not hold, or would take for one another."""


@pytest.fixture(scope="module")
def port():
    with served() as found:
        fill(found, "big", {"film/big.mp4": BIG, "film/empty.mp4": b""})
        yield found


@pytest.fixture(autouse=True)
def in_small_parts(monkeypatch):
    """Parts of 1 MiB, blocks of 64 KiB; a store that was away is asked again at once."""
    monkeypatch.setattr(download, "WHOLE", MIB)
    monkeypatch.setattr(download, "PART", MIB)
    monkeypatch.setattr(download, "BLOCK", 2**16)
    monkeypatch.setattr(remote, "DOWN_S", 0.0)
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def road(port):
    with Road(port).open() as found:
        yield found


@pytest.fixture(autouse=True)
def nothing_happens(road):
    road.fault, road.carried = lambda line: "", 0
    road.lines.clear()
    road.times.clear()


@pytest.fixture(scope="module")
def clip(tmp_path_factory, film) -> bytes:
    """Half a second of moving picture."""
    file = tmp_path_factory.mktemp("clip") / "clip.mp4"
    film("-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=0.5", "-c:v", "libx264", file)
    return file.read_bytes()


def project_on(address: str, data: Path, reached: Access | None) -> Project:
    """A project whose footage is in a bucket."""
    project = Project(Workspace(data, access=reached), "p")
    project.root.mkdir(parents=True, exist_ok=True)
    (project.root / "project.yaml").write_text(f"footage: {address}\n")
    return project


def the(bucket: Bucket, name: str = "big.mp4"):
    return next(one for one in look(bucket) if one.path == name)


def names(folder: Path) -> list[str]:
    return sorted(f.name for f in folder.iterdir() if f.name != ".lock")


def held(folder: Path) -> int:
    """Bytes that the files of a cache claim."""
    return sum(f.stat().st_size for f in folder.iterdir() if f.name != ".lock")


FAULTS = ["slow", "later", "reset", "cut", "short", "hold", "flip", "broken", "away"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_on_the_road_costs_what_was_not_read(road, tmp_path, fault):
    bucket = bucket_at(road.port, "big", tmp_path)
    one = the(bucket)
    road.fault, road.carried = once(fault), 0
    with on_disk(bucket, one) as file:
        assert file.read_bytes() == BIG
    again = len(BIG) if fault == "flip" else 0  # only the whole can be verified
    assert len(BIG) <= road.carried <= len(BIG) + 2 * 2**16 + again
    asked = len(road.lines)
    with on_disk(bucket, one) as file:  # it is here by now
        assert file.read_bytes() == BIG
    assert len(road.lines) == asked and names(tmp_path) == [file.name]
    if fault == "later":
        assert road.times[-1] - road.times[0] >= 1  # what the store asked for; parts go on


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("slow", Code.THROTTLED),
        ("broken", Code.STORE_TIMEOUT),
        ("away", Code.STORE_TIMEOUT),
        ("nothing", Code.DOWNLOAD_SHORT),
        ("refused", Code.CREDENTIAL),
        ("flip", Code.CHECKSUM),
    ],
)
def test_what_does_not_pass_is_said_and_leaves_nothing(road, tmp_path, fault, code):
    bucket = bucket_at(road.port, "big", tmp_path)
    one = the(bucket)
    road.fault = lambda line: fault if "GET /big/film/big.mp4" in line else ""
    with pytest.raises(FootageError) as raised, on_disk(bucket, one):
        raise AssertionError("it cannot be had")
    assert raised.value.code is code and SECRET not in str(raised.value)
    assert names(tmp_path) == []
    assert is_there(bucket, one)  # the store itself answers
    gets = [line for line in road.lines if line.startswith("GET") and "list-type" not in line]
    assert len(gets) <= (4 if code is not Code.CHECKSUM else 2) * 4


def test_every_key_has_one_row_and_a_store_that_is_away_changes_nothing(
    road, port, tmp_path, clip, monkeypatch
):
    monkeypatch.setattr(workers, "cores", lambda: 1)  # a worker less to be started
    objects = {f"film/{name}": clip + bytes(8 + n) for n, name in enumerate(ODD)}
    objects |= dict.fromkeys(HOSTILE, clip) | {"film/": b"", "film/empty/": b"", "filmed/x": b"x"}
    objects |= {"film/notes.txt": b"words", "film/a.srt": SRT, "film/odd.bin": b"odd"}
    objects["film/short.mp4"] = clip[:900]
    fill(port, "odd", objects)
    inside = tmp_path / "data"
    project = project_on("s3://odd/film", inside, access(road.port))
    unsafe = {key.removeprefix("film/") for key in HOSTILE}

    # the store goes away: that is no file's fault, and what was read is not fetched again
    # (a worker may be at the next one before it is ended)
    road.fault = lambda line: "away" if "/film/short.mp4" in line or LONG in line else ""
    with pytest.raises(ProjectError, match="could not be fetched any more"):
        read_footage(project, [])
    shutil.rmtree(inside / "cache" / "s3")
    road.lines.clear()
    # one object is refused: it is set aside, and tried again each time
    road.fault = lambda line: "refused" if f"/film/{LONG}" in line else ""
    rows, letters = read_footage(project, [])
    fetched = {line.split("?")[0].split()[1] for line in road.lines if line.startswith("HEAD")}
    assert fetched == {f"/odd/film/{LONG}", "/odd/film/short.mp4", "/odd/film/a.srt"}
    forget_examined(project.footage_root, rows)
    assert not list((inside / "cache" / "s3-examined").iterdir())
    paths = [row.path for row in rows]
    assert len(paths) == len(set(paths)) == len(objects) - 3  # marks of folders, another folder
    role = {row.path: row.role for row in rows}
    wanted = dict.fromkeys(ODD, "clip") | dict.fromkeys([*unsafe, LONG, "short.mp4"], "dead")
    assert role == wanted | {"a.srt": "sidecar", "notes.txt": "ignored", "odd.bin": "ignored"}
    expected = {path: Code.PATH for path in unsafe} | {LONG: Code.CREDENTIAL}
    expected["short.mp4"] = Code.TRUNCATED
    assert {d.path: d.code for d in letters} == expected
    assert not [d for d in letters if str(tmp_path) in d.what + d.stderr_tail]
    road.fault = lambda line: ""
    rows, letters = read_footage(project, rows)
    assert {row.path for row in rows if row.role == "clip"} == set(ODD)
    put = client(port)  # an object is moved by copying it
    put.copy_object(Bucket="odd", Key="film/moved.mp4", CopySource="odd/film/CON.mp4")
    put.delete_object(Bucket="odd", Key="film/CON.mp4")
    seen, asked = look_at(project, rows), len(road.lines)
    assert not seen.misses and "moved.mp4" in {one.path for one in seen.found}
    rows, letters = read_footage(project, rows)
    assert "moved.mp4" in {row.path for row in rows if row.role == "clip"}
    assert len(road.lines) - asked == 2  # the listing, and what odd.bin begins with
    asked = len(road.lines)
    assert read_footage(project, rows) == (rows, letters)
    assert len(road.lines) - asked == 2  # the listing, and what odd.bin begins with

    # nothing of a key is part of a file's name, and nothing lies elsewhere
    assert {f.name for f in tmp_path.iterdir()} == {"data"}
    stored = {f.name.split(".")[0] for f in (inside / "cache" / "s3").iterdir()} - {""}
    assert len(stored) == 3 and all(len(name) == 40 for name in stored)

    seen = look_at(project, rows)
    assert not seen.offline
    for fault, told in (("away", "1001 STORE_TIMEOUT"), ("refused", "6002 CREDENTIAL")):
        road.fault = lambda line, fault=fault: fault
        then = look_at(project, rows)
        assert then.offline.startswith("OFFLINE: s3://odd/film cannot be listed")
        assert told in then.offline and "\n" not in then.offline and SECRET not in then.offline
        assert not then.gone and not then.misses
        with pytest.raises(ProjectError, match="s3://odd/film"):
            look_at(project, [])
        with pytest.raises(ProjectError, match="s3://odd/film"):
            forget(project, rows, ["a.mp4"])  # who can say that it is gone?
        assert is_there(project.footage_root, next(r for r in rows if r.path == LONG))
    # one command looks often: a store that failed just now is not asked each time
    asked = len(road.lines)
    monkeypatch.setattr(remote, "DOWN_S", 1000.0)
    for _ in range(3):
        assert look_at(project, rows).offline == then.offline
    assert len(road.lines) == asked + 1
    monkeypatch.setattr(remote, "_DOWN", {})
    road.fault = lambda line: ""
    assert look_at(project, rows) == seen


def test_a_project_of_a_bucket_is_added_or_leaves_nothing(road, port, tmp_path, clip, monkeypatch):
    fill(port, "shut", {"film/a.mp4": clip, "notes/a.txt": b"no media, which is quickly read"})
    monkeypatch.setenv("VIDEO_ASSETS_S3_ENDPOINT", f"http://127.0.0.1:{road.port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)

    def said(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, [*words, "--data", str(tmp_path)], env={"COLUMNS": "200"})
        assert SECRET not in done.output
        return done.exit_code, done.output

    add = ("project", "add", "p", "--footage")
    code, told = said(*add, "s3://shut/none")
    assert code == 1 and "there is nothing below s3://shut/none" in told
    code, told = said(*add, "s3://nowhere/film")
    assert code == 1 and "there is no such bucket" in told
    road.fault = lambda line: "" if "list-type" in line else "refused"
    code, told = said(*add, "s3://shut/film")  # no file is to blame for it
    assert code == 1 and "nothing can be read" in told and "refuses the credential" in told
    assert not (tmp_path / "projects" / "p").exists()
    road.fault = lambda line: ""
    code, told = said(*add, "s3://shut/notes/")
    assert code == 0 and "1 ignored" in told
    checks = {one["name"]: one for one in examine(Workspace(tmp_path))["checks"]}
    assert checks["s3"]["ok"] and "s3://shut/notes" in checks["s3"]["what"]
    road.fault = lambda line: "refused"
    checks = {one["name"]: one for one in examine(Workspace(tmp_path))["checks"]}
    assert not checks["s3"]["ok"] and "6002 CREDENTIAL" in checks["s3"]["what"]


def test_dagsters_resource_says_how_a_store_is_reached(tmp_path, monkeypatch):
    from dagster import EnvVar
    from dagster_aws.s3 import S3Resource

    from video_assets.definitions import build_defs
    from video_assets.orchestration.resources import Library

    monkeypatch.setenv("SECRET_OF_THE_FILMS", SECRET)
    reached = S3Resource(
        endpoint_url="http://films.example", region_name="eu-west-1",
        aws_access_key_id=KEY, aws_secret_access_key=EnvVar("SECRET_OF_THE_FILMS"),
    )  # fmt: skip
    found = build_defs(Library(data=str(tmp_path)), reached).resources
    assert found is not None and found["s3"] is reached
    bucket = found["library"].workspace.bucket("s3://films/spring")
    plain = Access("http://films.example", "eu-west-1", key_id=KEY, secret=SECRET)
    assert bucket.access == plain and SECRET not in repr(found["library"])
    assert Library().workspace.access is None
    with pytest.raises(ProjectError, match="user or password"):
        access_of(S3Resource(endpoint_url=f"http://me:{SECRET}@films.example"))


def test_an_object_that_changed_is_another_one(port, tmp_path):
    fill(port, "moving", {"film/a.mp4": b"one", "film/b.mp4": b"two"})
    bucket = bucket_at(port, "moving", tmp_path)
    before = {one.path: one for one in look(bucket)}
    client(port).put_object(Bucket="moving", Key="film/a.mp4", Body=b"One")  # in the same second
    after = {one.path: one for one in look(bucket)}
    assert after["b.mp4"] == before["b.mp4"]
    assert after["a.mp4"].inode != before["a.mp4"].inode
    assert after["a.mp4"].mtime_ns != before["a.mp4"].mtime_ns
    assert not is_there(bucket, before["a.mp4"]) and is_there(bucket, after["a.mp4"])
    with (
        pytest.raises(FootageError, match="changed since it was listed"),
        on_disk(bucket, before["a.mp4"]),
    ):
        raise AssertionError("that one is gone")
    with on_disk(bucket, after["a.mp4"]) as file:
        assert file.read_bytes() == b"One"


def test_bytes_are_those_that_were_put_there(road, port, tmp_path, monkeypatch):
    put = client(port)
    put.create_bucket(Bucket="parts")
    parts = [BIG[:MIB] * 5, BIG[:MIB] * 6, b"end"]
    begun = put.create_multipart_upload(Bucket="parts", Key="film/uneven.mp4")["UploadId"]
    about = {"Bucket": "parts", "Key": "film/uneven.mp4", "UploadId": begun}
    etags = [put.upload_part(**about, PartNumber=n, Body=b)["ETag"] for n, b in enumerate(parts, 1)]
    done = [{"ETag": etag, "PartNumber": n} for n, etag in enumerate(etags, 1)]
    put.complete_multipart_upload(**about, MultipartUpload={"Parts": done})
    bucket = bucket_at(road.port, "parts", tmp_path)
    one = the(bucket, "uneven.mp4")
    with on_disk(bucket, one) as file:
        assert file.read_bytes() == b"".join(parts)
    file.unlink()
    road.fault = lambda line: "flip" if "bytes=0-" in line or "GET" in line else ""
    with pytest.raises(FootageError, match="ETag differs"), on_disk(bucket, one):
        raise AssertionError("these are other bytes")
    road.fault = lambda line: ""
    row = FootageRow(one.path, "clip", one.size, one.mtime_ns, one.inode, "0" * 32)
    with pytest.raises(FootageError, match="sha256 differs"), on_disk(bucket, row):
        raise AssertionError("these are not the bytes that were read")


def test_the_cache_keeps_its_cap_and_what_is_in_use(tmp_path, monkeypatch):
    store = Cache(tmp_path, 100)
    fetched: list[str] = []

    def get(name: str, size: int = 40, wait_s: float = 0.0):
        def fetch(handle: int) -> None:
            fetched.append(name)
            assert held(tmp_path) <= 100
            os.pwrite(handle, name.encode() * size, 0)
            os.ftruncate(handle, size)

        return store.held(name * 40, size, fetch, wait_s)

    with get("a") as a:
        with get("b") as b:
            assert a.read_bytes() == b"a" * 40 and b.read_bytes() == b"b" * 40
            with pytest.raises(FootageError, match="in use") as raised, get("c"):
                raise AssertionError("there is no room")
            assert raised.value.code is Code.LOCKED and fetched == ["a", "b"]
        with get("c"):  # b goes, though it was used last
            assert names(tmp_path) == ["a" * 40, "c" * 40]
    with get("c"), get("b"):
        assert names(tmp_path) == ["b" * 40, "c" * 40]  # a was not used for longest
    assert fetched == ["a", "b", "c", "b"]
    monkeypatch.setattr(cache, "SPARE", 10**18)  # the disk is nearly full: what can go, goes
    with get("c") as c, get("b", 20):
        assert held(tmp_path) == 60 and c.read_bytes() == b"c" * 40
    with get("d"):
        assert names(tmp_path) == ["d" * 40]
    monkeypatch.undo()
    with pytest.raises(FootageError, match="is larger") as raised, get("d", 101):
        raise AssertionError("it is larger than all")
    assert raised.value.code is Code.LIMIT_DISK and "cache_gb" in raised.value.do
    with pytest.raises(ValueError), store.held("../x", 1, print):
        raise AssertionError("that is outside")
    (tmp_path / ("b" * 40)).write_bytes(b"cut")  # from outside
    with get("b") as b:
        assert b.read_bytes() == b"b" * 40
    with Cache(tmp_path, 50).held("e" * 40, 10, lambda _: None):  # who may have less, makes it less
        assert held(tmp_path) <= 50


def test_who_wants_what_another_fetches_waits_for_it(tmp_path):
    store, fetched, name = Cache(tmp_path, 100), [], "a" * 40
    inside = threading.Barrier(4)

    def fetch(handle: int) -> None:
        fetched.append(handle)
        os.pwrite(handle, b"x" * 90, 0)

    def use(_: int) -> bytes:
        with store.held(name, 90, fetch, 60.0) as file:
            inside.wait(60)  # all four have it at the same time
            return file.read_bytes()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(use, range(4))) == {b"x" * 90}
    assert len(fetched) == 1


KILLED = """
import os, sys, time
from pathlib import Path
from video_assets.foundation.cache import Cache

def fetch(handle):
    os.pwrite(handle, b"half", 0)
    print("begun", flush=True)
    time.sleep(60)

with Cache(Path(sys.argv[1]), 100).held("a" * 40, 40, fetch):
    pass
"""


def test_what_a_killed_process_leaves_is_swept(tmp_path):
    other = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None and other.stdout.readline() == "begun\n"
    store, part = Cache(tmp_path, 100), "." + "a" * 40 + ".part"
    try:
        assert names(tmp_path) == [part] and held(tmp_path) == 40
        with store.held("b" * 40, 60, lambda _: None):
            assert part in names(tmp_path)  # somebody is at it
        with pytest.raises(FootageError, match="in use"), store.held("c" * 40, 61, print, 0.0):
            raise AssertionError("it takes its room")
    finally:
        other.kill()
        other.communicate()
    with store.held("a" * 40, 40, lambda handle: os.ftruncate(handle, 40)):
        assert part not in names(tmp_path)


def test_what_is_made_of_a_clip_does_not_depend_on_where_it_lies(port, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    file = counted(folder / "a.mp4", "25", 1, *("-f", "lavfi", "-i", "sine=d=1"))
    (folder / "a.srt").write_bytes(SRT)
    fill(port, "same", {f"film/{f.name}": f.read_bytes() for f in folder.iterdir()})
    bucket = bucket_at(port, "same", tmp_path / "cache")
    assert [f.path for f in look(folder)] == [f.path for f in look(bucket)]
    made = [
        made_of(root, row_of(file, inode=the(bucket, "a.mp4").inode), the(bucket, "a.srt"), data)
        for root, data in ((folder, tmp_path / "one"), (bucket, tmp_path / "two"))
    ]
    assert made[0] == made[1] and made[0][1] == [("Hello", 0)]
    gone = replace(row_of(file), path="gone.mp4")
    with pytest.raises(FootageError, match="is missing"), on_disk(bucket, gone):
        raise AssertionError("it is not there")


def made_of(root: Root, row: FootageRow, written: Found, data: Path) -> list:
    """What comes of a clip with sound, and of the words beside it, in every stage that opens them."""
    workspace, rows = Workspace(data), {row.path: row}
    about = {"role": "sidecar", "of": row.path, "clip_id": sha256(SRT).hexdigest()[:32]}
    beside = FootageRow(written.path, size=len(SRT), mtime_ns=0, inode=written.inode, **about)
    words, _, dead = transcribe(workspace, root, [row, beside], [], "en", [], ["sidecar"])
    line = timeline(25, [picture(row, 0, 5, Fraction(1, 5))], sound=(spoken(row, 0, 1, 0),))
    (piece,) = pieces_of(line, rows, ["1x1"], BrandKit("Test"), ())
    segments.make(workspace, root, [piece])
    cited = Sources(root, rows)
    return [
        analysis.analyse(str(data), root, to_plain(row)),
        [(word.text, word.start) for word in words],
        dead,
        sha256_file(segments.folder(workspace, piece) / segments.PICTURE),
        sound.mixed_down(root, line, rows, None)[0].tobytes(),
        cited.pictures(row.path, Fraction(1, 5), Fraction(2, 5)).small.tobytes(),
        cited.sound(row.path, Fraction(0), Fraction(1, 2)).tobytes(),
    ]


@pytest.mark.parametrize(
    ("address", "settings", "told"),
    [
        ("s3://", {}, "no bucket's name"),
        ("s3://a", {}, "no bucket's name"),
        (f"s3://me:{SECRET}@films/x", {}, "more than a bucket's name"),
        ("s3://films/../x", {}, "no '..'"),
        ("s3://films/a//b", {}, "no empty part"),
        ("s3://films/x", {"endpoint": "x"}, "unknown key"),
        ("s3://films/x", {"endpoint_url": "films.example"}, "no address"),
        ("s3://films/x", {"endpoint_url": f"https://me:{SECRET}@s.example"}, "user or password"),
        ("s3://films/x", {"region": 4}, "a text is expected"),
        ("s3://films/x", {"cache_gb": "much"}, "no number"),
        ("s3://films/x", {"cache_gb": -1}, "no number"),
        ("s3://films/x", "x", "keys and values"),
    ],
)
def test_wrong_addresses_and_settings_are_named(tmp_path, address, settings, told):
    with pytest.raises(ProjectError, match=told) as raised:
        Workspace(tmp_path).bucket(address, settings)
    assert SECRET not in str(raised.value)


def test_where_the_store_is_comes_from_project_resource_or_environment(tmp_path, monkeypatch):
    here = Workspace(tmp_path)
    plain = here.bucket("s3://films/spring/")
    assert (str(plain), plain.prefix, plain.cap) == ("s3://films/spring", "spring/", 50 * 10**9)
    assert plain.uri("day 1/a?.mp4") == "s3://films/spring/day%201/a%3F.mp4"
    monkeypatch.setenv("VIDEO_ASSETS_S3_ENDPOINT", "http://env.example")
    monkeypatch.setenv("VIDEO_ASSETS_S3_CACHE_GB", "2")
    monkeypatch.setenv("VIDEO_ASSETS_S3_CACHE", str(tmp_path / "fast"))
    found = here.bucket("s3://films")
    assert (found.access.endpoint_url, found.cap) == ("http://env.example", 2 * 10**9)
    assert (str(found), found.cache) == ("s3://films", tmp_path / "fast")
    there = Workspace(tmp_path, access=access(1))
    assert there.bucket("s3://films").access == access(1)
    said = {"endpoint_url": "https://said.example", "cache_gb": 0.5, "region": "eu-central-1"}
    found = there.bucket("s3://films", said)
    assert (found.access.endpoint_url, found.cap) == ("https://said.example", 5 * 10**8)
    assert found.access.region == "eu-central-1" and found.access.key_id == KEY
    assert SECRET not in repr(found)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    nobody = {"endpoint_url": "http://127.0.0.1:1", "region": "us-east-1"}
    with pytest.raises(ProjectError, match="no credential for it \\[6002"):
        look(here.bucket("s3://films", nobody))
    with pytest.raises(ProjectError, match="profile is not in the AWS configuration \\[6002"):
        look(here.bucket("s3://films", {**nobody, "profile": "nobody"}))
