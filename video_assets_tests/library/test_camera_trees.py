"""Cards of cameras: one row a path with the right role, takes in several files, and their notes."""

import dataclasses
import os
import unicodedata
from fractions import Fraction
from pathlib import Path

import pytest

from video_assets.editorial.timeline import to_otio
from video_assets.foundation.records import FootageRow, read_records, write_records
from video_assets.foundation.store import Project, Workspace
from video_assets.library import camera_trees
from video_assets.library.intake import read_footage
from video_assets_tests.finishing.making import ffmpeg, picture, timeline

SONY = b"""<?xml version="1.0" encoding="UTF-8"?><NonRealTimeMeta>
<LtcChangeTable tcFps="30" halfStep="false">
<LtcChange frameCount="0" value="%s" status="increment"/></LtcChangeTable>
<Title usAscii="Interview_7" xml:lang="en"/></NonRealTimeMeta>"""
P2 = b"""<P2Main><ClipContent><ClipName>0001AB</ClipName><EssenceVideo>
<StartTimecode>10:20:30:12</StartTimecode><DropFrameFlag>false</DropFrameFlag>
</EssenceVideo></ClipContent></P2Main>"""
FLIGHT = (
    "1\n00:00:00,000 --> 00:00:00,033\n<font size=\"28\">FrameCnt: 1, DiffTime: 33ms\n"
    "2024-01-01 10:00:00.000\n[iso: 100] [shutter: 1/500.0] [fnum: 2.8] [latitude: 50.1] "
    "[longitude: 8.2] </font>\n"
)  # fmt: skip


@pytest.fixture(scope="module")
def bits(tmp_path_factory) -> Path:
    """A clip of each container that cards hold, a fifth of a second each, and a sound."""
    folder = tmp_path_factory.mktemp("bits")
    source = ("-f", "lavfi", "-i", "testsrc2=s=64x36:r=30000/1001:d=0.2")
    for name, options in {
        "a.mp4": ("-c:v", "libx264"),
        "b.mts": ("-c:v", "libx264", "-f", "mpegts"),
        "c.mxf": ("-c:v", "mpeg2video"),
    }.items():
        ffmpeg(*source, *options, str(folder / name))
    ffmpeg("-f", "lavfi", "-i", "sine=d=0.2", str(folder / "d.wav"))
    return folder


@pytest.fixture
def card(tmp_path, bits):
    """Puts files below a footage folder; each has bytes of its own."""
    project = Project(Workspace(tmp_path / "data"), "p")
    root = project.root / "footage"
    root.mkdir(parents=True)
    count = iter(range(1, 1000))

    def put(path: str, data: bytes | str) -> Path:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(data, str) and (bits / data).exists():
            own = b"\0\0\0\x0cfree%04d" % next(count) if data == "a.mp4" else b""
            data = (bits / data).read_bytes() + own
        target.write_bytes(data if isinstance(data, bytes) else data.encode())
        return target

    return project, put


def read(project: Project, before=()) -> dict[str, FootageRow]:
    return {row.path: row for row in read_footage(project, list(before))[0]}


def test_every_path_of_a_camera_s_card_has_its_role(card):
    project, put = card
    roles = {
        "DCIM/100MEDIA/DJI_0001.MP4": ("clip", "a.mp4"),
        "DCIM/100MEDIA/DJI_0001.SRT": ("ignored", FLIGHT),
        "DCIM/100MEDIA/DJI_0001.LRF": ("ignored", "a.mp4"),
        "DCIM/100GOPRO/GX010001.MP4": ("clip", "a.mp4"),
        "DCIM/100GOPRO/GX020001.MP4": ("clip", "a.mp4"),
        "DCIM/100GOPRO/GX010001.THM": ("ignored", b"\xff\xd8\xff"),
        "DCIM/100GOPRO/GL010001.LRV": ("ignored", "a.mp4"),
        "DCIM/100CANON/MVI_0001.MP4": ("clip", "a.mp4"),
        "DCIM/100CANON/._MVI_0001.MP4": ("ignored", b"\0\x05\x16\x07" + bytes(60)),
        "PRIVATE/M4ROOT/CLIP/C0001.MP4": ("clip", "a.mp4"),
        "PRIVATE/M4ROOT/CLIP/C0001M01.XML": ("ignored", SONY % b"67212901"),
        "PRIVATE/M4ROOT/SUB/C0001S03.MP4": ("ignored", "a.mp4"),
        "PRIVATE/M4ROOT/SUB/C0007S03.MP4": ("clip", "a.mp4"),  # all that is left of its clip
        "PRIVATE/M4ROOT/MEDIAPRO.XML": ("ignored", b"<MediaProfile/>"),
        "PRIVATE/AVCHD/BDMV/STREAM/00000.MTS": ("clip", "b.mts"),
        "PRIVATE/AVCHD/BDMV/PLAYLIST/00000.MPL": ("ignored", b"MPLS0100"),
        "PRIVATE/AVCHD/BDMV/CLIPINF/00000.CPI": ("ignored", b"HDMV0100"),
        "CONTENTS/VIDEO/0001AB.MXF": ("clip", "c.mxf"),
        "CONTENTS/CLIP/0001AB.XML": ("ignored", P2),
        "CONTENTS/PROXY/0001AB.MP4": ("ignored", "a.mp4"),
        "XDROOT/Clip/C0001.MP4": ("clip", "a.mp4"),
        "XDROOT/Sub/C0001S01.MP4": ("ignored", "a.mp4"),
        "A001C003_240101_R1AB.mp4": ("clip", "a.mp4"),
        ".Trashes/501/old.mp4": ("ignored", "a.mp4"),
    }
    for path, (_, data) in roles.items():
        put(path, data)
    (project.footage_root / "again").symlink_to(project.footage_root)
    rows = read(project)
    assert {path: row.role for path, row in rows.items()} == {
        **{path: role for path, (role, _) in roles.items()},
        "again": "ignored",
    }
    assert all(row.note for row in rows.values() if row.role == "ignored")
    sony, p2 = rows["PRIVATE/M4ROOT/CLIP/C0001.MP4"], rows["CONTENTS/VIDEO/0001AB.MXF"]
    assert (sony.timecode, sony.original) == ("01:29:21;27", "Interview_7")
    assert p2.original == "0001AB" and p2.timecode == "00:00:00:00"  # what the file itself says
    assert rows["A001C003_240101_R1AB.mp4"].reel == "A001"
    assert "C0001.MP4" in rows["PRIVATE/M4ROOT/SUB/C0001S03.MP4"].note
    assert "flight" in rows["DCIM/100MEDIA/DJI_0001.SRT"].note
    second = rows["DCIM/100GOPRO/GX020001.MP4"]
    assert (second.chain, second.chain_number) == ("DCIM/100GOPRO/GX010001.MP4", 2)
    assert sum(bool(row.chain) for row in rows.values()) == 2
    assert read(project, rows.values()) == rows  # nothing of it is read again, nor forgotten
    told = (project.footage_root / "PRIVATE/M4ROOT/CLIP/C0001.MP4").with_name("C0001M01.XML")
    told.unlink()
    assert read(project, rows.values())[sony.path].timecode == "01:29:21;27"


def test_both_unicode_forms_of_a_name_are_two_paths(card, tmp_path):
    project, put = card
    names = [unicodedata.normalize(form, "Café Zoë.mp4") for form in ("NFC", "NFD")]
    names += ["-v.mp4", 'it\'s "so".mp4', "two\nlines.mp4", "🎬 été.mp4", " lead.mp4", "tail .mp4"]
    for name in names:
        put(name, "a.mp4")
    if len(os.listdir(project.footage_root)) < len(names):
        pytest.skip("this disk takes both forms for one name")
    rows = read(project)
    assert sorted(rows) == sorted(names) and all(row.role == "clip" for row in rows.values())
    assert len({row.clip_id for row in rows.values()}) == len(names)
    write_records(tmp_path / "rows.parquet", FootageRow, rows.values())
    assert read_records(tmp_path / "rows.parquet", FootageRow) == list(rows.values())
    assert read(project, rows.values()) == rows


def test_timecode_reel_and_name_reach_the_exports(card, bits):
    project, _ = card
    path = project.footage_root / "take.mov"
    ffmpeg(
        "-i", str(bits / "a.mp4"), "-c", "copy", "-timecode", "00:59:59;28",
        "-metadata:s:v:0", "reel_name=A042", "-metadata", "creation_time=2026-05-01T10:00:00Z", str(path),
    )  # fmt: skip
    row = read(project)["take.mov"]
    assert (row.timecode, row.reel) == ("00:59:59;28", "A042")
    assert row.recorded.startswith("2026-05-01T10:00:00")
    sound = project.footage_root / "rec.wav"
    ffmpeg(
        "-i",
        str(bits / "d.wav"),
        "-write_bext",
        "1",
        "-metadata",
        "time_reference=1728000000",
        str(sound),
    )
    assert read(project)["rec.wav"].time_reference == 1728000000  # ten hours of 48 kHz
    text = to_otio(timeline(25, [picture(row, 0, 5, 0)]), [row], project.footage_root)
    assert all(f'"{value}"' in text for value in ("00:59:59;28", "A042", "take.mov"))


RATE = Fraction(30000, 1001)


def part(path: str, **more) -> FootageRow:
    facts = {
        "size": 4 * 2**30 - 30_000_000, "mtime_ns": 0, "clip_id": path, "video_stream": 0,
        "fps": RATE, "duration": 1000 / RATE, "video_codec": "h264", "coded_width": 3840,
        "coded_height": 2160, "audio_codec": "aac", "audio_rate": 48000,
    }  # fmt: skip
    return FootageRow(path, "clip", **{**facts, **more})


def chain(*parts: FootageRow) -> list[int]:
    found = camera_trees.chained({row.path: row for row in parts})
    again = camera_trees.chained(found)
    assert again == found
    heads = {row.chain for row in found.values() if row.chain_number}
    assert all(found[head].chain_number == 1 for head in heads)
    return [row.chain_number for row in found.values()]


def test_a_take_in_several_files_is_a_chain():
    # 1000 frames after 00:59:59;28 are 01:00:33;10 where two numbers are left out
    whole = part("D/MVI_0007.MOV", timecode="00:59:59;28")
    follows = part("D/MVI_0008.MOV", timecode="01:00:33;08")
    assert chain(whole, follows, part("D/MVI_0009.MOV", timecode="02:00:00;00")) == [1, 2, 0]
    assert chain(dataclasses.replace(whole, size=2**30), follows) == [0, 0]  # rec run, two takes
    assert chain(whole, dataclasses.replace(follows, coded_width=1920)) == [0, 0]
    assert chain(whole, dataclasses.replace(follows, path="E/MVI_0008.MOV")) == [0, 0]
    at = "2026-05-01T10:00:00+00:00"
    dji = (
        part("DJI_0001.MP4", recorded=at),
        part("DJI_0002.MP4", recorded=at.replace("00:00+", "00:34+")),
    )
    assert chain(*dji) == [1, 2]
    assert chain(dji[0], dataclasses.replace(dji[1], recorded=at.replace("10:", "11:"))) == [0, 0]
    assert chain(part("DJI_0001.MP4"), part("DJI_0002.MP4")) == [0, 0]  # nothing proves it
    start = Fraction(10)
    avchd = part("S/00000.MTS", size=10**6, start=start)
    assert chain(avchd, part("S/00001.MTS", start=start + avchd.duration)) == [1, 2]
    assert chain(avchd, part("S/00001.MTS", start=start)) == [0, 0]


def test_names_that_count_chapters_are_believed_unless_timecode_disagrees():
    new = [part(f"G/GX{n:02d}0042.MP4", size=10**6) for n in (1, 2, 3, 5)]
    assert chain(*new, part("G/GX010043.MP4")) == [1, 2, 3, 0, 0]
    old = [part(f"G/{name}0042.MP4") for name in ("GOPR", "GP01", "GP02")]
    assert chain(*old) == [1, 2, 3]
    canon = [part(f"CONTENTS/CLIPS001/AA0001/AA0001{n}.MXF") for n in ("01", "02")]
    assert chain(*canon) == [1, 2]
    assert chain(part("X/AA000101.MXF"), part("X/AA000102.MXF")) == [0, 0]
    late = dataclasses.replace(new[1], timecode="05:00:00:00")
    assert chain(dataclasses.replace(new[0], timecode="01:00:00:00"), late) == [0, 0]
    assert chain(*(dataclasses.replace(p, role="duplicate") for p in new)) == [0, 0, 0, 0]


def test_words_that_a_person_wrote_are_no_flight_data():
    assert camera_trees.is_flight_data(FLIGHT.encode())
    old = (
        b"1\n00:00:01,000 --> 00:00:02,000\nHOME(8.2,50.1) 2017.08.05 14:11:51\nGPS(8.2,50.1,16)\n"
    )
    assert camera_trees.is_flight_data(old)
    mini = b"1\n00:00:00,000 --> 00:00:01,000\nF/2.8, SS 206.14, ISO 150, EV 0, GPS (15.02, 37.5)\n"
    assert camera_trees.is_flight_data(mini)
    said = b"1\n00:00:01,000 --> 00:00:02,000\nWe set the ISO to 800 at home (again), [laughs]\n"
    assert not camera_trees.is_flight_data(said)
    assert not camera_trees.is_flight_data(said.replace(b"to 800 at", b"800, shutter and EV"))


def test_notes_of_cameras_only_add_and_nothing_in_them_is_followed():
    row = part("C0001.MP4", timecode="03:00:00:00")
    assert camera_trees.told(row, SONY % b"67212901").timecode == "03:00:00:00"
    plain = part("C0001.MP4")
    for bad in (b"99999999", b"67ff2901", b"", b"67212901" * 9):
        assert camera_trees.told(plain, SONY % bad).timecode == ""
    hostile = b'<!ENTITY x SYSTEM "file:/etc/passwd"><Title usAscii="&x;\x1b[2J"/>'
    assert camera_trees.told(plain, hostile).original == "&x;[2J"
    assert camera_trees.told(plain, P2).timecode == "10:20:30:12"
    assert camera_trees.told(plain, bytes(10**6)) == plain
