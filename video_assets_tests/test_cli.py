"""What a person types, from footage to cutdowns."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from video_assets.cli import app

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Dagster's own handles

SIX = ["9x16", "4x5", "3x4", "2x3", "1x1", "16x9"]


@dataclass
class Done:
    """What a command printed, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


def cli(*arguments, data=None, timeout=300, env=None, alone=False):
    """A command; `alone` as a process of its own, else in this one, which begins faster."""
    typed = [*map(str, arguments)]
    if data is not None:
        typed += ["--data", str(data)]
    if alone or env:
        return subprocess.run(
            [sys.executable, "-m", "video_assets.cli", *typed],
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, "COLUMNS": "200", **(env or {})},
        )
    done = CliRunner().invoke(app, typed, env={"COLUMNS": "200"})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    return Done(done.exit_code, done.stdout, done.stderr)


def one_line(done, code):
    """A refusal: this exit code, one line on stderr, no traceback."""
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    if code == 1:
        told = [line for line in done.stderr.splitlines() if line.startswith("video-assets:")]
        assert len(told) == 1, done.stderr
        return told[0]
    return done.stderr


def state(folder: Path) -> dict[str, tuple[str, int]]:
    """Digest and time of every file, but Dagster's own."""
    return {
        p.relative_to(folder).as_posix(): (
            hashlib.sha256(p.read_bytes()).hexdigest(),
            p.stat().st_mtime_ns,
        )
        for p in sorted(folder.rglob("*"))
        if p.is_file() and ".dagster" not in p.parts
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory, small_library):
    """A project that was run to its cutdowns."""
    data = tmp_path_factory.mktemp("data")
    brief = data.parent / "brief.yaml"
    brief.write_text(
        "title: By the lake\nkey_messages: [Blue water at night]\ndurations: [6, 60]\n"
    )
    added = cli(
        "project",
        "add",
        "lake",
        "--footage",
        small_library,
        "--brief",
        brief,
        data=data,
        alone=True,
    )
    assert added.returncode == 0, added.stderr
    done = cli("run", "lake", data=data, alone=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return data, done


def test_six_cutdowns_and_a_page(made):
    data, done = made
    delivery = data / "projects/lake/delivery"
    assert sorted(p.name for p in delivery.rglob("*.mp4")) == sorted(f"{a}.mp4" for a in SIX)
    for aspect in SIX:
        base = delivery / "r1-01" / aspect
        verdict = json.loads(base.with_suffix(".verdict.json").read_text())
        assert verdict["passed"], verdict["gates"]
        assert (
            verdict["sha256"] == hashlib.sha256(base.with_suffix(".mp4").read_bytes()).hexdigest()
        )
        assert verdict["measures"]["frames"] == 150
        for kind in ("srt", "vtt", "otio", "receipt.json", "poster.jpg"):
            assert (delivery / "r1-01" / f"{aspect}.{kind}").is_file(), kind
    page = (delivery / "index.html").read_text()
    assert all(f"r1-01/{a}.mp4" in page for a in SIX)
    assert "http:" not in page and "https:" not in page
    assert "publishable" in done.stdout


def test_a_duration_that_cannot_be_filled_is_refused_with_what_is_missing(made):
    _, done = made
    assert re.search(
        r"60 s cannot be filled: [\d.]+ s are usable, [\d.]+ s are missing", done.stdout
    )


def test_status_shows_every_path(made, small_library):
    data, _ = made
    found = json.loads(cli("status", "lake", "--json", data=data).stdout)[0]
    roles = {row["path"]: row["role"] for row in found["paths"]}
    there = {
        p.relative_to(small_library).as_posix() for p in small_library.rglob("*") if p.is_file()
    }
    assert set(roles) == there
    assert (
        roles["broken.mp4"] == "dead"
        and roles["notes.txt"] == "ignored"
        and roles["red_door.mp4"] == "clip"
    )
    (letter,) = found["dead_letters"]
    assert letter["path"] == "broken.mp4" and letter["code"] // 1000 == 2 and letter["do"]
    assert found["stale"] == [] and len(found["cutdowns"]) == 6


def test_search_finds_by_word_colour_and_picture(made, small_library, film, tmp_path):
    data, _ = made
    by_name = json.loads(cli("search", "lake", "door", "--json", data=data).stdout)
    assert by_name[0]["path"] == "red_door.mp4"
    by_look = json.loads(cli("search", "lake", "red", "--json", data=data).stdout)
    assert by_look[0]["path"] == "red_door.mp4"
    still = film(
        "-ss", "2", "-i", small_library / "forest.mp4", "-frames:v", "1", tmp_path / "still.png"
    )
    by_picture = json.loads(cli("search", "lake", "--image", still, "--json", data=data).stdout)
    assert by_picture[0]["path"] == "forest.mp4"
    sheet = tmp_path / "sheet.jpg"
    assert cli("search", "lake", "water", "--sheet", sheet, data=data).returncode == 0
    assert sheet.read_bytes()[:2] == b"\xff\xd8"


def test_a_second_run_does_nothing(made):
    data, _ = made
    before = state(data)
    done = cli("run", "lake", data=data)
    assert done.returncode == 0 and "nothing to do" in done.stdout
    assert state(data) == before


def test_one_deleted_cutdown_comes_back_alone_byte_for_byte(made):
    data, _ = made
    before = state(data)
    gone = "projects/lake/delivery/r1-01/1x1.mp4"
    (data / gone).unlink()
    done = cli("run", "lake", data=data)
    assert done.returncode == 0, done.stderr
    assert "lake: made cutdowns/1x1\n" in done.stdout
    after = state(data)
    assert after[gone][0] == before[gone][0]
    changed = {name for name in before if after.get(name) != before[name]}
    assert changed == {gone}
    assert set(after) == set(before)


def test_dagster_knows_the_run(made):
    data, _ = made
    from video_assets.foundation.store import Workspace
    from video_assets.orchestration.runs import instance_of, unrecorded_steps, wanted_steps

    project = Workspace(data).project("lake")
    with instance_of(data) as instance:
        assert instance.has_dynamic_partition("project", "lake")
        assert unrecorded_steps(instance, project, wanted_steps(None, [])) == []


@pytest.mark.parametrize("slug", ["..", "a/b", "a|b", "", "a" * 300, "-x", "A"])
def test_hostile_project_names(tmp_path, small_library, slug):
    done = cli("project", "add", "--footage", small_library, "--data", tmp_path / "d", "--", slug)
    one_line(done, 2)
    assert not (tmp_path / "d").exists()


def test_a_nul_in_a_name_is_refused(tmp_path):
    from typer.testing import CliRunner

    from video_assets.cli import app

    done = CliRunner().invoke(app, ["project", "add", "a\0b", "--data", str(tmp_path / "d")])
    assert done.exit_code == 2 and not (tmp_path / "d").exists()


@pytest.mark.parametrize("kind", ["absent", "empty", "file"])
def test_footage_that_is_not_there(tmp_path, kind):
    folder = tmp_path / "footage"
    if kind == "empty":
        folder.mkdir()
    elif kind == "file":
        folder.write_text("x")
    told = one_line(cli("project", "add", "a", "--footage", folder, data=tmp_path / "d"), 1)
    assert str(folder) in told
    assert not (tmp_path / "d/projects/a").exists()


def test_a_brief_with_wrong_types_names_line_and_key(tmp_path, small_library):
    brief = tmp_path / "brief.yaml"
    brief.write_text("title: x\ndurations: [7]\n")
    told = one_line(
        cli(
            "project", "add", "a", "--footage", small_library, "--brief", brief, data=tmp_path / "d"
        ),
        1,
    )
    assert "brief.yaml, line 2: durations" in told and "6, 15, 30, 60 or 120" in told
    assert not (tmp_path / "d/projects/a").exists()


def test_an_unknown_project(tmp_path):
    assert "there is no project 'a'" in one_line(cli("run", "a", data=tmp_path), 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "a", "--aspects", "5x5"],
        ["run", "a", "--tier", "best"],
        ["search", "a"],
        ["nonsense"],
    ],
)
def test_wrong_usage(tmp_path, arguments):
    one_line(cli(*arguments, data=None if arguments == ["nonsense"] else tmp_path), 2)


def test_a_clip_that_goes_missing_does_not_stop_the_command_with_a_traceback(made, tmp_path):
    data, _ = made
    settings = data / "projects/lake/project.yaml"
    before = settings.read_text()
    try:
        settings.write_text(f"footage: {tmp_path / 'unplugged'}\n")
        told = one_line(cli("run", "lake", data=data), 1)
        assert "unplugged" in told
        found = json.loads(cli("status", "lake", "--json", data=data).stdout)[0]
        assert "unplugged" in found["next"] and len(found["cutdowns"]) == 6
    finally:
        settings.write_text(before)


def test_ctrl_c_leaves_nothing_half_written_and_the_next_run_goes_on(
    tmp_path, small_library, small_clips
):
    data = tmp_path / "d"
    small_clips(data)  # it is stopped while it renders
    (tmp_path / "b.yaml").write_text("title: x\ndurations: [6]\n")
    assert (
        cli(
            "project",
            "add",
            "a",
            "--footage",
            small_library,
            "--brief",
            tmp_path / "b.yaml",
            data=data,
        ).returncode
        == 0
    )
    command = [
        sys.executable,
        "-m",
        "video_assets.cli",
        "run",
        "a",
        "--aspects",
        "1x1",
        "--data",
        str(data),
    ]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while (
        not list((data / "segments").glob(".*"))
        and time.monotonic() < deadline
        and running.poll() is None
    ):
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 1, out + err
    assert "Traceback" not in err
    assert len([line for line in err.splitlines() if line.startswith("video-assets:")]) == 1, err
    assert not list(data.rglob("*.part")) and not list((data / "projects/a").glob(".drafts/*"))
    assert not list((data / "projects/a").rglob("*.mp4"))
    done = cli("run", "a", "--aspects", "1x1", data=data)
    assert done.returncode == 0, done.stderr
    assert [p.name for p in (data / "projects/a").rglob("*.mp4")] == ["1x1.mp4"]


@pytest.mark.soak
def test_a_full_disk_is_one_line(tmp_path, small_library):
    """A file-size limit plays the full disk: the write fails in the middle, as it would there."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(small)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no right to mount a small disk here")
    try:
        cli("project", "add", "a", "--footage", small_library, data=small, alone=True)
        told = one_line(cli("run", "a", data=small, alone=True), 1)
        assert "full" in told
        assert not list(small.rglob("*.mp4"))
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


def test_doctor_says_what_works(tmp_path):
    found = json.loads(cli("doctor", "--json", data=tmp_path).stdout)
    assert {c["name"]: c["ok"] for c in found["checks"]}["ffmpeg"]
    assert {e["capability"] for e in found["engines"]} >= {"transcribe", "embed", "write"}
    broken = cli("doctor", data=tmp_path, env={"VIDEO_ASSETS_FFMPEG": "/nowhere"})
    assert broken.returncode == 1 and "VIDEO_ASSETS_FFMPEG" in broken.stdout


def test_every_command_has_an_example():
    for command in (
        ["run"],
        ["status"],
        ["search"],
        ["doctor"],
        ["demo"],
        ["approve"],
        ["reject"],
        ["publish"],
        ["withdraw"],
        ["forget"],
        ["trace"],
        ["metrics", "import"],
        ["project", "add"],
        ["project", "list"],
    ):
        done = cli(*command, "--help")
        assert done.returncode == 0 and "Example: video-assets" in re.sub(
            r"\s+", " ", done.stdout.replace("│", " ")
        ), command


def test_a_portrait_phone_clip_and_a_one_line_brief(tmp_path, film):
    """HEVC, variable rate, lying on its side: six cutdowns."""
    flat = film(
        "-f", "lavfi", "-i", "testsrc2=s=640x360:r=30:d=11", "-f", "lavfi", "-i", "sine=f=200:d=11:r=48000",
        "-vf", "select='mod(n\\,7)',gradfun", "-fps_mode", "vfr", "-af", "volume=0.1", "-c:v", "libx265", "-preset", "ultrafast",
        "-x265-params", "log-level=none", "-tag:v", "hvc1", "-pix_fmt", "yuv420p", "-c:a", "aac", tmp_path / "flat.mp4",
    )  # fmt: skip
    phone = tmp_path / "phone"
    phone.mkdir()
    film("-display_rotation", "270", "-i", flat, "-c", "copy", phone / "IMG_0001.MOV")
    (tmp_path / "brief.yaml").write_text("title: My day\n")
    data = tmp_path / "d"
    assert (
        cli(
            "project",
            "add",
            "phone",
            "--footage",
            phone,
            "--brief",
            tmp_path / "brief.yaml",
            data=data,
        ).returncode
        == 0
    )
    done = cli("run", "phone", "--json", data=data)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["cutdowns"]
    assert [c["aspect"] for c in found] == SIX and all(c["passed"] for c in found)
    assert {c["seconds"] for c in found} == {6.0}
    assert found[0]["size"] == "540x960"
    row = next(
        r for r in json.loads(cli("status", "phone", "--json", data=data).stdout)[0]["paths"]
    )
    assert row["role"] == "clip"


def test_what_changes_beside_a_clip_is_noticed(tmp_path, small_library, small_clips):
    """A sidecar that comes, changes or goes, and a clip that gets another name."""
    import shutil

    footage = tmp_path / "footage"
    shutil.copytree(small_library, footage)
    data = tmp_path / "d"
    small_clips(data)
    (tmp_path / "b.yaml").write_text("title: x\ndurations: [6]\n")
    assert (
        cli(
            "project", "add", "a", "--footage", footage, "--brief", tmp_path / "b.yaml", data=data
        ).returncode
        == 0
    )

    def lines():
        done = cli("run", "a", "--to", "timelines", data=data)
        assert done.returncode == 0, done.stderr
        return json.loads(cli("search", "a", "harbour", "--json", data=data).stdout)

    assert lines() == []
    sidecar = footage / "red_door.srt"
    sidecar.write_text("1\n00:00:00,500 --> 00:00:02,000\nThe harbour is quiet.\n")
    assert [h["path"] for h in lines()] == ["red_door.mp4"]
    (footage / "red_door.mp4").rename(footage / "green_gate.mp4")
    sidecar.rename(footage / "green_gate.srt")
    assert [h["path"] for h in lines()] == ["green_gate.mp4"]
    timeline = next((data / "projects/a/editorial/timelines").iterdir()).read_text()
    assert "green_gate.mp4" in timeline and "red_door.mp4" not in timeline
    (footage / "green_gate.srt").unlink()
    assert lines() == []


def test_the_brief_decides_which_aspects_and_an_old_cutdown_is_not_called_publishable(
    tmp_path, small_library, small_clips
):
    data = tmp_path / "d"
    small_clips(data)
    brief = tmp_path / "b.yaml"
    brief.write_text("title: City ride\ndurations: [6]\naspects: [9:16, 1x1]\nhooks: [One]\n")
    assert (
        cli(
            "project", "add", "a", "--footage", small_library, "--brief", brief, data=data
        ).returncode
        == 0
    )
    found = json.loads(cli("run", "a", "--json", data=data).stdout)["cutdowns"]
    assert [c["aspect"] for c in found] == ["9x16", "1x1"]
    (data / "projects/a/brief.yaml").write_text(brief.read_text().replace("One", "Two"))
    found = json.loads(cli("run", "a", "--aspects", "1:1", "--json", data=data).stdout)["cutdowns"]
    assert {c["aspect"]: (c["outdated"], c["passed"]) for c in found} == {
        "9x16": (True, False),
        "1x1": (False, True),
    }
    page = (data / "projects/a/delivery/index.html").read_text()
    assert "r1-01/1x1.mp4" in page and "r1-01/9x16.mp4" not in page
