"""Damaged, disguised, bloated and oddly named files: one right row each, and nothing else happens."""

import contextlib
import hashlib
import os
import shutil
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from video_assets.foundation import media
from video_assets.foundation.errors import Code, FootageError, ProjectError, RenderError
from video_assets.foundation.records import DeadLetter, FootageRow, Shot, Soundtrack
from video_assets.foundation.store import Project, Workspace
from video_assets.library.analysing import analyse_clips
from video_assets.library.intake import read_footage
from video_assets.library.probe import probe
from video_assets.orchestration import runs
from video_assets.orchestration.projects import add_project
from video_assets_tests.library import fuzz, hostile

MOST = 512
"""MB that no worker may hold (RELIABILITY S2)."""
LONGEST = 60
"""Seconds that no file may take."""


class Library:
    """A project's footage folder, and what the product says of it."""

    def __init__(self, folder: Path) -> None:
        self.project = Project(Workspace(folder / "data"), "p")
        self.root = self.project.root / "footage"
        self.root.mkdir(parents=True)
        self.rows: dict[str, FootageRow] = {}
        self.letters: dict[str, list[DeadLetter]] = defaultdict(list)
        self.shots: dict[str, list[Shot]] = defaultdict(list)
        self.sounds: dict[str, list[Soundtrack]] = defaultdict(list)

    def read(self, analysed: bool = True) -> None:
        rows, letters = read_footage(self.project, [])
        assert len(rows) == len({row.path for row in rows}) == _paths_below(self.root)
        self.rows = {row.path: row for row in rows}
        if analysed:
            shots, sounds, more = analyse_clips(self.project.workspace, self.root, rows)
            letters = [*letters, *more]
            for shot in shots:
                self.shots[shot.clip_id].append(shot)
            for sound in sounds:
                self.sounds[sound.clip_id].append(sound)
        for letter in letters:
            self.letters[letter.path].append(letter)

    def codes(self, path: str) -> list[int]:
        return [letter.code for letter in self.letters[path]]


def _paths_below(root: Path) -> int:
    walked = os.walk(os.fsencode(root))
    return sum(
        len(files) + sum(os.path.islink(os.path.join(at, name)) for name in folders)
        for at, folders, files in walked
    )


def children(pid: int) -> set[str]:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return {child for thread in threads for child in (thread / "children").read_text().split()}


@contextlib.contextmanager
def peaks() -> Iterator[list[float]]:
    """The most MB that a worker of this process has held, looked at every 20 ms.

    Workers are forked from a server, a child of this process.
    """
    most, over = [0.0], threading.Event()

    def look() -> None:
        while not over.wait(0.02):
            with contextlib.suppress(OSError, IndexError, ValueError):
                for child in (c for server in children(os.getpid()) for c in children(int(server))):
                    if b"forkserver" not in Path(f"/proc/{child}/cmdline").read_bytes():
                        continue
                    status = Path(f"/proc/{child}/status").read_text()
                    peak = status.partition("VmHWM:")[2].split()[0]
                    most[0] = max(most[0], int(peak) / 1024)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join()


def tree(folder: Path, besides: Path) -> dict[str, str]:
    """Digest of every file below `folder` but not below `besides`; `link` or `folder` for others."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_relative_to(besides):
            kind = "link" if path.is_symlink() else "folder"
            plain = path.is_file() and not path.is_symlink()
            found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest() if plain else kind
    return found


def faults_of(library: Library, many: list[fuzz.Mutation], made: list[fuzz.Base], at: Path) -> list:
    """What the product got wrong about mutated files."""
    good = {
        base.name: [picture for _, picture in fuzz.pictures(str(at / base.file))]
        for base in made
        if base.name != "wav"
    }
    faults = []
    for m in many:
        row = library.rows[m.name]
        if row.role == "duplicate":  # of another cut of the same file; that one has the letter
            continue
        shots, sounds = library.shots[row.clip_id], library.sounds[row.clip_id]
        wrong = fuzz.misjudged(m, library.codes(m.name), bool(shots or sounds))
        if not wrong and shots and m.tellable:
            start, end = shots[0].start + row.start, shots[-1].end + row.start
            timed = m.kind != "absurd"  # another rate in the header is believed
            shown = fuzz.pictures(str(library.root / row.path), row.video_stream)
            wrong = fuzz.wrong_pictures(good[m.base.name], shown, start, end, timed)
            if timed and any(s.duration > m.base.seconds + 1 for s in sounds):
                wrong = "sound that is not in it"
        if wrong:
            faults.append(f"{m.name}: {wrong} (role {row.role}, letters {library.codes(m.name)})")
    return faults


def _fuzzed(folder: Path, count: int, size: str, seconds: int, good: int, seed: int = 7) -> float:
    """Mutations among good clips through intake and analysis; returns the peak in MB."""
    (folder / "bases").mkdir()
    made = fuzz.bases(folder / "bases", size, seconds)
    library = Library(folder)
    many = list(fuzz.mutations(made, count, seed))
    for mutation in many:
        (library.root / mutation.name).write_bytes(mutation.data)
    whole = [base for base in made if base.name != "wav"]
    for number in range(good):  # other bytes each, so that none is another's duplicate
        base = whole[number % len(whole)]
        file = library.root / f"good {number:03d}.{base.ending}"
        file.write_bytes(fuzz.good_copy(base, number))
    with peaks() as most:
        library.read()
    for number in range(good):
        path = f"good {number:03d}.{whole[number % len(whole)].ending}"
        row = library.rows[path]
        assert row.role == "clip" and not library.letters[path] and library.shots[row.clip_id], path
    assert faults_of(library, many, made, folder / "bases") == []
    assert 20 < most[0] <= MOST
    return most[0]


def test_damaged_files_have_one_right_row_and_show_nothing_damaged(tmp_path):
    _fuzzed(tmp_path, 60, "96x64", 2, good=4)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [7, 8, 9])
def test_300_damaged_files_among_100_good_ones(tmp_path, seed):
    print(f"peak {_fuzzed(tmp_path, 300, '320x180', 4, good=100, seed=seed):.0f} MB")


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_the_whole_corpus_within_its_limits(tmp_path, corpus):
    library = Library(tmp_path)
    for part in ("malformed", "edge", "footage"):
        shutil.copytree(corpus / part, library.root / part)
    with peaks() as most:
        library.read()
    print(f"peak {most[0]:.0f} MB")
    assert most[0] <= MOST
    for path, row in library.rows.items():
        done = bool(library.shots[row.clip_id] or library.sounds[row.clip_id])
        assert len(library.letters[path]) <= 1
        assert done or library.letters[path] or row.role in ("duplicate", "ignored"), path
        if path.startswith("footage/"):
            assert done and not library.letters[path], path
    assert library.shots[library.rows["edge/8k24fps_300ms.mp4"].clip_id]


@contextlib.contextmanager
def listening() -> Iterator[tuple[int, list[str]]]:
    """A port, and who has called at it."""
    calls: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        over = threading.Event()

        def answer() -> None:
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    caller, address = server.accept()
                    calls.append(str(address))
                    caller.close()

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1], calls
        finally:
            over.set()
            thread.join()


def _one_picture(file: Path) -> Any:
    return media.source(file).output("pipe:", f="rawvideo", vframes=1)


def _untouched(file: Path) -> None:
    """Sets a file's access time so far back that the next reading shows in it."""
    os.utime(file, (1, file.stat().st_mtime))


def test_what_points_elsewhere_is_never_opened(tmp_path, film):
    library = Library(tmp_path)
    picture = ["-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=1"]
    canary = film(*picture, "-c:v", "mpeg2video", tmp_path / "canary.ts")
    shutil.copy(canary, library.root / "good.ts")
    film(*picture, "-c:v", "mjpeg", tmp_path / "own.mov")
    own = (tmp_path / "own.mov").read_bytes()
    notes = tmp_path / "notes.m3u8"
    notes.write_text(f"#EXTM3U\n#EXTINF:1,\n{canary}\n")
    film(*picture, "-attach", notes, "-metadata:s:t", "mimetype=text/plain", library.root / "a.mkv")
    with listening() as (port, calls):
        pointers = hostile.playlists(str(canary), port)
        pointers["alias.mov"] = hostile.referring(own, b"alis", hostile.alias(bytes(canary)))
        pointers["url.mov"] = hostile.referring(own, b"url ", f"file://{canary}\0".encode())
        pointers["web.mov"] = hostile.referring(
            own, b"url ", f"http://127.0.0.1:{port}/\0".encode()
        )
        pointers["urn.mp4"] = hostile.referring(own, b"urn ", f"a\0file://{canary}\0".encode())
        for name, data in pointers.items():
            (library.root / name).write_bytes(data)
        for name in ("concat:canary.ts|good.ts", "subfile,,start,0,end,0,,:good.ts", "data:a.ts"):
            shutil.copy(canary, library.root / name)  # good bytes under a name that is a command
        _untouched(canary)
        library.read(analysed=False)
        assert len(pointers) >= 40
        rows, letters = library.rows, library.letters
        assert {n for n in pointers if [d.family for d in letters[n]] != ["SECURITY"]} == set()
        assert rows["a.mkv"].role == "clip" and rows["concat:canary.ts|good.ts"].role == "clip"
        for name in ("hls 0.mp4", "hls 3.mkv", "concat 1.mp4", "session.mp4"):  # nor by ffmpeg
            with pytest.raises(RenderError):
                media.run(_one_picture(library.root / name), tmp_path, LONGEST, "the pointer")
        for name in ("alias.mov", "url.mov", "web.mov", "urn.mp4"):  # of its own bytes at most
            with contextlib.suppress(RenderError):
                media.run(_one_picture(library.root / name), tmp_path, LONGEST, "the pointer")
        assert calls == [] and canary.stat().st_atime == 1
        written = [p for p in (tmp_path / "data").rglob("*") if p.is_file() and p not in pointers]
        assert not any(p.name.startswith("notes") for p in written)  # nothing attached came out
        canary.read_bytes()
        if canary.stat().st_atime == 1:
            pytest.skip("this disk does not note who reads; the listener was not called")


def _bombs(folder: Path) -> dict[str, bytes]:
    """Small files that want much."""
    tone = hostile.film(
        folder / "t.mov", "-f", "lavfi", "-i", "sine=d=1:r=8000", "-c:a", "pcm_s16le"
    )
    clip = hostile.film(
        folder / "c.mp4", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=2", "-c:v", "mpeg4"
    )
    still = hostile.film(
        folder / "p.mov", "-f", "lavfi", "-i", "color=s=8x8", "-frames:v", "1", "-c:v", "png"
    )
    huge = hostile.png(16000, 16000)
    return {
        "16k.mp4": huge,
        "16k inside.mov": hostile.holding(still, huge),
        "1000 streams.mov": hostile.many_streams(tone, 1000),
        "1200 streams.mov": hostile.many_streams(tone, 1200),
        "20 million samples.mp4": hostile.claiming(clip, 20_000_000),
        "index of 600 MB.mov": hostile.packed_index(600),
    }  # fmt: skip


def test_bombs_are_refused_before_they_go_off(tmp_path):
    (tmp_path / "parts").mkdir()
    library = Library(tmp_path)
    for name, data in _bombs(tmp_path / "parts").items():
        (library.root / name).write_bytes(data)
    good = hostile.film(library.root / "a.mp4", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=1")
    for name, size in (("a.srt", 100 << 20), ("a.json", 1 << 30), ("a.csv", 1 << 30)):
        with open(library.root / name, "wb") as file:
            file.truncate(size)
    with peaks() as most:
        library.read(analysed=False)
    rest = {"a.mp4": [], "a.csv": []}
    assert {name: [d.family for d in library.letters[name]] for name in library.rows} == {
        name: rest.get(name, ["LIMIT"]) for name in library.rows
    }
    assert library.rows["a.mp4"].role == "clip" and good
    assert most[0] <= MOST


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_large_bombs(tmp_path):
    (tmp_path / "parts").mkdir()
    library = Library(tmp_path)
    clip = hostile.film(tmp_path / "parts/c.mkv", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=2")
    plain = hostile.film(
        tmp_path / "parts/c.mp4", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=2", "-c:v", "mpeg4"
    )
    bombs = {
        "1000000 chapters.mkv": hostile.chapters(clip, 1_000_000),
        "index of 4 GB.mov": hostile.packed_index(4000),
        "2000 million samples.mp4": hostile.claiming(plain, 2_000_000_000),
        "150 million samples.mp4": hostile.claiming(plain, 150_000_000),
    }
    for name, data in bombs.items():
        (library.root / name).write_bytes(data)
    began = time.monotonic()
    with peaks() as most:
        library.read()
    print(f"peak {most[0]:.0f} MB, {time.monotonic() - began:.0f} s for {len(bombs)}")
    for name in bombs:
        assert {d.family for d in library.letters[name]} <= {"LIMIT", "MALFORMED"}
        assert len(library.letters[name]) == 1
    assert most[0] <= MOST


def _named(folder: Path, clip: bytes, count: int) -> list[str]:
    """Good clips under hostile names in a folder; the names that the disk takes."""
    taken = []
    for number, name in enumerate(hostile.names(count)):
        with contextlib.suppress(OSError, ValueError):
            (folder / name).write_bytes(clip + bytes(number + 1))
            taken.append(name)
    return taken


def test_names_are_names(tmp_path, film):
    guard = tmp_path / "guard"
    guard.mkdir()
    (guard / "keep").write_bytes(b"mine")
    library = Library(guard)
    picture = ["-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=0.4"]
    clip = film(*picture, tmp_path / "c.mp4").read_bytes()
    taken = _named(library.root, clip, 60)
    (library.root / "out.mp4").symlink_to(guard / "keep")
    (library.root / "up").symlink_to("..")
    (library.root / "round").symlink_to("round")
    before = tree(guard, library.root / "none")
    library.read(analysed=False)
    assert {n: library.letters[n] for n in taken if library.rows[n].role != "clip"} == {}
    assert {library.rows[name].role for name in ("out.mp4", "up", "round")} == {"ignored"}
    for name in taken[:16]:
        out, _ = media.run(_one_picture(library.root / name), guard, LONGEST, "a name")
        assert len(out) == 64 * 64 * 3 // 2
        assert probe(library.root / name)["width"] == 64
    assert tree(guard, library.root / "none") == before


def test_no_name_makes_a_project_elsewhere(tmp_path):
    (tmp_path / "footage").mkdir()
    workspace = Workspace(tmp_path / "deep/data")
    before = tree(tmp_path, tmp_path / "none")
    for slug in hostile.SLUGS:
        with pytest.raises(ProjectError, match="cannot name a project"):
            add_project(workspace, slug, tmp_path / "footage", None, "")
        with pytest.raises(ProjectError):
            workspace.project(slug)
    assert tree(tmp_path, tmp_path / "none") == before


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_hostile_names_to_a_cutdown(tmp_path, small_library, small_clips):
    footage = tmp_path / "footage"
    footage.mkdir()
    for number, name in enumerate(hostile.names(500)):
        source = sorted(small_library.rglob("*.mp4"))[number % 4]
        with contextlib.suppress(OSError, ValueError):
            shutil.copy(source, footage / name)
    (footage / "up").symlink_to("..")
    before = tree(tmp_path, tmp_path / "data")
    workspace = Workspace(tmp_path / "data")
    small_clips(workspace.root)
    add_project(workspace, "a", footage, None, "")
    project = workspace.project("a")
    brief = "title: \"it's: [v];%{pts},textfile=/etc/passwd:\\\\'\"\ndurations: [6]\ntier: draft\n"
    (project.root / "brief.yaml").write_text(brief)
    outcome = runs.run_project(workspace, project, "cutdowns", ["1x1"], "draft")
    assert not outcome.stopped and list((project.root / "delivery").rglob("*.mp4"))
    assert tree(tmp_path, tmp_path / "data") == before


def test_a_text_can_not_keep_the_reader_busy(tmp_path):
    from video_assets.library.sidecars import read_sidecar

    cue = "1\n00:00:00,000 --> 00:00:01,000\n"
    texts = {
        "open tags.srt": cue + "<" * 500_000,
        "open notes.srt": cue + "[(" * 250_000,
        "many words.srt": cue + "a " * 100_000,
        "long hours.srt": f"{'9' * 5000}:00:00,000 --> {'9' * 5001}:00:00,000\na\n",
        "nested.json": "[" * 100_000,
        "many objects.json": '{"words": [' + "{}," * 1_000_001 + "{}]}",
        "far away.json": '{"words": [{"text": "a", "start": 0, "end": "1e99999999"}]}',
        "endless.json": '{"words": [{"text": "a", "start": 0, "end": NaN}]}',
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(FootageError) as refused:
            read_sidecar(tmp_path / name)
        assert refused.value.code == Code.SCHEMA, name
