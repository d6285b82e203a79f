"""One decode a clip: shots, stills and sound in one kept folder."""

import dataclasses
import os
import re
import subprocess
import wave
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import pytest

from video_assets.foundation.errors import Code
from video_assets.foundation.media import ffmpeg_path
from video_assets.foundation.store import Project, Workspace
from video_assets.library import analysing
from video_assets.library.intake import read_footage

CORPUS = os.environ.get("VIDEO_ASSETS_CORPUS")


def ffmpeg(*arguments: object) -> None:
    subprocess.run([ffmpeg_path(), "-v", "error", "-y", *map(str, arguments)], check=True)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Three colourful shots with sound, a rotated clip, a sound, and one that breaks half-way."""
    workspace = Workspace(tmp_path_factory.mktemp("analysis") / "data")
    project = Project(workspace, "p")
    root = project.root / "footage"
    root.mkdir(parents=True)
    parts = [
        f"testsrc2=s=320x180:r=25:d=1,hue=h={h}:s=2[v{n}]" for n, h in enumerate((0, 120, 240))
    ]
    parts[1] = "mandelbrot=s=320x180:r=25,trim=duration=1[v1]"
    graph = ";".join([*parts, "[v0][v1][v2]concat=n=3[v]", "sine=f=440:d=3[a]"])
    ffmpeg("-filter_complex", graph, "-map", "[v]", "-map", "[a]", root / "three.mp4")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=1", root / "flat.mp4")
    ffmpeg("-display_rotation", "-90", "-i", root / "flat.mp4", "-c", "copy", root / "upright.mp4")
    (root / "flat.mp4").unlink()
    ffmpeg("-f", "lavfi", "-i", "sine=f=300:d=1", root / "song.wav")
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=320x180:r=25:d=6",
        "-g",
        "25",
        "-movflags",
        "+faststart",
        root / "short.mp4",
    )
    data = (root / "short.mp4").read_bytes()
    (root / "short.mp4").write_bytes(data[: len(data) * 2 // 3])
    rows, letters = read_footage(project, [])
    return workspace, root, rows, letters, analysing.analyse_clips(workspace, root, rows)


def test_shots_tile_each_clip_on_exact_frames(library):
    _, _, rows, _, (shots, _, letters) = library
    by = {row.path: row for row in rows}
    three = [s for s in shots if s.clip_id == by["three.mp4"].clip_id]
    assert [(s.start, s.end) for s in three] == [(0, 1), (1, 2), (2, 3)]
    assert [s.shot_id[-5:] for s in three] == ["-0000", "-0001", "-0002"]
    assert letters == []  # intake has told of the short one
    for row in rows:
        mine = [s for s in shots if s.clip_id == row.clip_id]
        assert all(a.end == b.start for a, b in pairwise(mine))
        assert (row.role == "clip") == bool(mine)
        assert all(s.end <= row.duration for s in mine)


def test_a_clip_that_breaks_half_way_is_used_up_to_there(library):
    _, _, rows, letters, (shots, _, _) = library
    assert [(d.path, d.code) for d in letters] == [("short.mp4", Code.TRUNCATED)]
    row = next(r for r in rows if r.path == "short.mp4")
    (shot,) = [s for s in shots if s.clip_id == row.clip_id]
    assert row.role == "clip" and 1 < shot.end <= row.duration < 6


ENDINGS = {
    "mp4": (),
    "fragments.mp4": ("-movflags", "frag_keyframe+empty_moov"),
    "mkv": ("-c:a", "aac"),
    "ts": (),
    "m4a": ("-vn",),
    "flac": ("-vn",),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_sound_that_is_damaged_is_told_and_the_pictures_stay(ending, tmp_path, film):
    project = Project(Workspace(tmp_path / "data"), "p")
    root = project.root / "footage"
    root.mkdir(parents=True)
    good = film(
        "-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=6", "-f", "lavfi", "-i",
        "anoisesrc=a=0.3:d=6:r=48000", *ENDINGS[ending], root / f"good.{ending}",
    )  # fmt: skip
    with av.open(str(good)) as container:
        stream = container.streams.audio[0]
        sounds = [
            p
            for p in container.demux(stream)
            if p.pos is not None and p.pts is not None and 4 < p.pts * stream.time_base < 4.5
        ]
        data = bytearray(good.read_bytes())
        for packet in sounds:
            data[packet.pos + 8 : packet.pos + packet.size] = bytes(packet.size - 8)
    (root / f"bad.{ending}").write_bytes(data)
    rows, letters = read_footage(project, [])
    shots, tracks, more = analysing.analyse_clips(project.workspace, root, rows)
    (letter,) = [*letters, *more]
    assert (letter.path, letter.step, letter.code) == (f"bad.{ending}", "soundtracks", Code.DECODE)
    assert 0.3 <= float(re.search(r"([\d.]+) s are missing", letter.what)[1]) <= 0.8
    assert len(tracks) == 2
    assert len(shots) == (0 if ENDINGS[ending][:1] == ("-vn",) else 2)
    assert len({shot.end for shot in shots}) <= 1


def test_stills_are_upright_and_in_time(library):
    workspace, _, rows, _, (shots, _, _) = library
    row = next(r for r in rows if r.path == "upright.mp4")
    (shot,) = [s for s in shots if s.clip_id == row.clip_id]
    assert row.portrait and len(shot.stills) == 3
    for name, time, wish in zip(shot.stills, shot.still_times, (1 / 6, 1 / 2, 5 / 6), strict=True):
        height, width = cv2.imread(str(workspace.root / name)).shape[:2]
        assert height > width and width <= 640
        assert abs(float(time) - wish) <= 0.11


def test_the_sound_is_on_disk(library):
    workspace, _, rows, _, (_, sounds, _) = library
    assert {s.clip_id for s in sounds} == {r.clip_id for r in rows if r.audio_stream >= 0}
    for sound in sounds:
        with wave.open(str(workspace.root / sound.wav)) as file:
            assert abs(Fraction(file.getnframes(), 16000) - sound.duration) < Fraction(1, 20)


def test_what_is_kept_is_not_decoded_again_and_the_same(library, monkeypatch):
    workspace, root, rows, _, first = library
    monkeypatch.setattr(
        analysing,
        "in_workers",
        lambda f, tasks, *others: iter(() if not tasks else pytest.fail("decoded again")),
    )
    assert analysing.analyse_clips(workspace, root, rows) == first
    assert analysing.analyse_clips(
        workspace, root, [dataclasses.replace(r, role="ignored") for r in rows]
    ) == ([], [], [])


def test_a_shot_without_a_still_stops_no_other_clip(library, monkeypatch):
    workspace, root, rows, _, whole = library
    kept = analysing.kept_facts

    def without(folder):
        found = kept(folder)
        return found and ({**found[0], "looks": [[] for _ in found[0]["looks"]]}, *found[1:])

    monkeypatch.setattr(analysing, "kept_facts", without)
    shots, _, _ = analysing.analyse_clips(workspace, root, rows)
    assert [s.shot_id for s in shots] == [s.shot_id for s in whole[0]]
    assert len({s.setup for s in shots}) == len(shots)  # nothing is known of any


def test_two_workspaces_hold_the_same_bytes(library, tmp_path):
    workspace, root, rows, _, first = library
    one = [r for r in rows if r.path == "three.mp4"]
    other = Workspace(tmp_path)
    shots, sounds, _ = analysing.analyse_clips(other, root, one)
    assert sounds == [s for s in first[1] if s.clip_id == one[0].clip_id]
    for shot in shots:
        for name in shot.stills:
            assert (other.root / name).read_bytes() == (workspace.root / name).read_bytes()


@pytest.mark.skipif(not CORPUS, reason="corpus is absent")
def test_faces_and_damage_in_real_files(tmp_path):
    workspace = Workspace(tmp_path)
    project = Project(workspace, "p")
    root = project.root / "footage"
    root.mkdir(parents=True)
    for name in ("footage/please.mkv", "malformed/corrupted.mp4"):
        (root / Path(name).name).write_bytes(Path(CORPUS, name).read_bytes())
    rows, _ = read_footage(project, [])
    shots, _, letters = analysing.analyse_clips(workspace, root, rows)
    ids = {row.clip_id: row.path for row in rows}
    (signer,) = [s for s in shots if ids[s.clip_id] == "please.mkv"]
    assert signer.face_share > 0.8 and abs(signer.focus[0] - 0.49) < 0.05
    assert [(d.path, d.code) for d in letters] == [("corrupted.mp4", Code.DECODE)]
    (good,) = [s for s in shots if ids[s.clip_id] == "corrupted.mp4"]
    assert 1 < good.end < 5
