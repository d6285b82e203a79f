"""What a media file is, measured on files made here."""

import os
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from video_assets.foundation.errors import Code, FootageError
from video_assets.foundation.media import ffmpeg_path
from video_assets.library.probe import displayed, probe, turn_of

CORPUS = os.environ.get("VIDEO_ASSETS_CORPUS")
needs_corpus = pytest.mark.skipif(not CORPUS, reason="corpus is absent")
PICTURE = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=30000/1001:d=2"]
TONE = ["-f", "lavfi", "-i", "sine=f=440:d=2:r=48000"]


def make(path: Path, *arguments: str) -> Path:
    subprocess.run([ffmpeg_path(), "-v", "error", "-y", *arguments, str(path)], check=True)
    return path


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Path:
    return make(tmp_path_factory.mktemp("probe") / "plain.mp4", *PICTURE, *TONE)


def test_a_plain_clip(plain):
    found = probe(plain)
    assert (found["role"], found["width"], found["height"]) == ("clip", 320, 180)
    assert found["fps"] == Fraction(30000, 1001)
    assert found["duration"] == Fraction(2002, 1000)
    assert found["vfr"] is False and found["rotation"] == 0 and found["note"] == ""
    assert (found["audio_codec"], found["audio_rate"], found["audio_channels"]) == ("aac", 48000, 1)


@pytest.mark.parametrize(
    "turn, clockwise, size", [(-90, 90, (180, 320)), (90, 270, (180, 320)), (180, 180, (320, 180))]
)
def test_rotation_is_what_ffmpeg_shows(plain, tmp_path, turn, clockwise, size):
    path = make(
        tmp_path / "turned.mp4", "-display_rotation", str(turn), "-i", str(plain), "-c", "copy"
    )
    found = probe(path)
    assert found["rotation"] == clockwise
    assert (found["width"], found["height"]) == size
    shown = subprocess.run(
        [ffmpeg_path(), "-v", "error", "-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-"],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    coded = subprocess.run(
        [ffmpeg_path(), "-v", "error", "-noautorotate", "-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-"],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    upright = np.rot90(np.frombuffer(coded, np.uint8).reshape(180, 320), -clockwise // 90)
    assert (upright == np.frombuffer(shown, np.uint8).reshape(size[::-1])).all()


def test_a_mirrored_matrix_turns_first_and_flips_then():
    one = 65536
    assert turn_of([[0, one, 0], [-one, 0, 0]]) == (90, False)
    assert turn_of([[0, one, 0], [one, 0, 0]]) == (90, True)
    assert turn_of([[-one, 0, 0], [0, one, 0]]) == (0, True)
    assert turn_of([[one, one, 0], [-one, one, 0]]) is None
    assert turn_of([[0, 0, 0], [0, 0, 0]]) is None


def test_square_pixels():
    assert displayed(640, 360, Fraction(2), 0) == (1280, 360)
    assert displayed(720, 576, Fraction(16, 15), 90) == (576, 768)
    assert displayed(640, 480, Fraction(1, 2), 0) == (640, 960)


def test_variable_rate_is_seen_in_the_packets(tmp_path):
    vfr = make(tmp_path / "vfr.mp4", "-f", "lavfi", "-i", "testsrc2=s=160x90:r=30:d=3",
               "-vf", "select='lt(n,30)+not(mod(n,3))'", "-fps_mode", "vfr")  # fmt: skip
    assert probe(vfr)["vfr"] is True
    cfr = make(tmp_path / "cfr.mkv", "-f", "lavfi", "-i", "testsrc2=s=160x90:r=60000/1001:d=2")
    found = probe(cfr)
    assert found["vfr"] is False and abs(found["fps"] - Fraction(60000, 1001)) < Fraction(1, 100)


def test_start_times_are_on_one_clock(tmp_path):
    late = make(
        tmp_path / "late.ts", *TONE, "-itsoffset", "0.5", *PICTURE, "-output_ts_offset", "7"
    )
    found = probe(late)
    assert found["start"] > 7 and found["audio_start"] == 0
    assert abs(found["video_start"] - Fraction(1, 2)) < Fraction(1, 20)


def test_cover_art_is_no_clip(tmp_path):
    cover = make(tmp_path / "cover.png", "-f", "lavfi", "-i", "color=red:s=64x64", "-frames:v", "1")
    song = make(
        tmp_path / "song.mp3",
        *TONE,
        "-i",
        str(cover),
        "-map",
        "0",
        "-map",
        "1",
        "-c:v",
        "copy",
        "-disposition:v",
        "attached_pic",
    )
    found = probe(song)
    assert found["role"] == "sound" and "width" not in found


def test_timecode_interlaced_and_shape(tmp_path):
    path = make(tmp_path / "dv.mov", "-f", "lavfi", "-i", "testsrc2=s=720x576:r=25:d=0.4", "-c:v", "mpeg2video", "-flags", "+ildct+ilme",
                "-vf", "setsar=16/15,setfield=tff", "-timecode", "10:00:00:00", "-colorspace", "bt470bg")  # fmt: skip
    found = probe(path)
    assert found["timecode"] == "10:00:00:00" and found["interlaced"] is True
    assert (found["width"], found["height"], found["sar"]) == (768, 576, Fraction(16, 15))
    assert found["color"].endswith("bt470bg")


def test_cut_short_with_its_index_in_front(plain, tmp_path):
    front = make(
        tmp_path / "front.mp4",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=320x180:r=25:d=6",
        "-g",
        "25",
        "-movflags",
        "+faststart",
    )
    whole = front.read_bytes()
    (tmp_path / "short.mp4").write_bytes(whole[: len(whole) * 2 // 3])
    found = probe(tmp_path / "short.mp4")
    assert 1 < found["duration"] < 5 and "[2002]" in found["note"]
    (tmp_path / "stub.mp4").write_bytes(whole[: len(whole) // 10])
    with pytest.raises(FootageError) as refused:
        probe(tmp_path / "stub.mp4")
    assert refused.value.code == Code.TRUNCATED


@pytest.mark.parametrize("data, code", [
    (b"", Code.ZERO_BYTE),
    (b"hello, I am a text\n" * 40, Code.DECODE),
    (b"#EXTM3U\n#EXTINF:1,\nother.ts\n", Code.SECURITY_FORMAT),
    (b"FLV\x01\x05" + bytes(200), Code.CONTAINER),
    (b"\x1aE\xdf\xa3" + bytes(range(256)), Code.DECODE),
])  # fmt: skip
def test_what_is_no_media(tmp_path, data, code):
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    with pytest.raises(FootageError) as refused:
        probe(path)
    assert refused.value.code == code and refused.value.do


@needs_corpus
@pytest.mark.parametrize("name, fields", [
    ("edge/sample_rotate_and_reflect.mp4", {"rotation": 90, "mirrored": True, "width": 720, "height": 1080}),
    ("edge/mv_with_2_top_shots.mp4", {"video_stream": 0, "width": 1080, "height": 1440}),
    ("footage/nasa_13013.mp4", {"video_stream": 3, "width": 480}),
    ("footage/googlework_short.mp4", {"video_start": Fraction(2503, 3000)}),
    ("edge/Sony ILCE-7M3 (A7M3).mts", {"interlaced": True, "fps": Fraction(25)}),
    ("edge/h264-png.mkv", {"video_codec": "h264"}),
    ("edge/sample_audio_only_15s.mp4", {"role": "sound"}),
])  # fmt: skip
def test_real_files(name, fields):
    found = probe(Path(CORPUS, name))
    assert {key: found[key] for key in fields if key != "video_start"} == {
        key: value for key, value in fields.items() if key != "video_start"
    }
    if "video_start" in fields:
        assert abs(found["video_start"] - fields["video_start"]) < Fraction(1, 1000)


@pytest.mark.parametrize("ending", ["mkv", "avi"])
def test_cut_short_against_what_the_container_says(tmp_path, ending):
    path = make(tmp_path / f"whole.{ending}", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=4")
    assert probe(path)["note"] == ""
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    found = probe(path)
    assert 1 < found["duration"] < 4 and "[2002]" in found["note"]
