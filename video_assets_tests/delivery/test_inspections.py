"""Every gate passes a clean cutdown and fails the defect that is planted for it."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import av
import cv2
import opentimelineio as otio
import pytest

from video_assets.delivery.inspections import levels, packets, picture, story, table, text
from video_assets.delivery.inspections.case import Tables
from video_assets.delivery.inspections.letters import Writing, writings
from video_assets.delivery.inspections.table import GATES, MEASURES
from video_assets.delivery.inspections.verdict import inspect
from video_assets.delivery.receipt import receipt
from video_assets.finishing.overlays import Mark
from video_assets.finishing.render import Rendered
from video_assets.foundation.media import open_container
from video_assets.foundation.records import CaptionWord, Title, Word
from video_assets.foundation.store import as_json
from video_assets_tests.delivery.cases import CAPTION, Made, made
from video_assets_tests.finishing import making

NOISE = "anoisesrc=d=2:r=48000:a=0.5"


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> Made:
    """A clean cutdown in two ratios."""
    folder = tmp_path_factory.mktemp("clean")
    (folder / "footage").mkdir()
    clip = folder / "footage" / "a.mp4"
    making.ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=3", "-f", "lavfi", "-i",
        "sine=440:d=3:r=48000,volume=0.2", "-c:v", "libx264", "-preset", "ultrafast",
        "-c:a", "aac", "-shortest", str(clip),
    )  # fmt: skip
    row = making.row_of(clip)
    line = making.timeline(
        25,
        [
            making.picture(row, 0, 30, 0, why="the <best> take", terms={"focus": 0.5}),
            making.picture(row, 30, 20, Fraction(8, 5), scale=1.25),
        ],
        sound=(making.spoken(row, 0, 2, Fraction(1, 5)),),
        words=tuple(
            CaptionWord(text, Fraction(start, 10), Fraction(end, 10))
            for text, start, end in (("so", 4, 7), ("soft", 7, 12))
        ),
        titles=(Title("end_card", "Come and see", 35, 15),),
    )
    spoken = [
        Word(row.clip_id, n, w.text, w.start + Fraction(1, 5), w.end + Fraction(1, 5))
        for n, w in enumerate(line.words)
    ]
    tables = Tables({row.path: row}, {row.clip_id: spoken})
    return made(folder, line, [row], ("9x16", "16x9"), (CAPTION,), tables=tables)


def said(clean, *words):
    """The case's tables with these words (start, end) in its one clip."""
    (row,) = clean.rows.values()
    spoken = [Word(row.clip_id, 0, "evening", Fraction(a), Fraction(b)) for a, b in words]
    return Tables(clean.rows, {row.clip_id: spoken})


@pytest.mark.parametrize("aspect", ["9x16", "16x9"])
def test_a_clean_cutdown_passes_every_gate(clean, aspect):
    case = clean.case(aspect)
    verdict = inspect(case)
    assert verdict["passed"], verdict["gates"]
    assert tuple(verdict["gates"]) == GATES
    assert set(verdict["figures"]) == {m.name for m in MEASURES}
    assert verdict["measures"]["frames"] == 50
    enlarged = [f for f in verdict["findings"] if f["measure"] == "is_not_enlarged_too_far"]
    assert (enlarged == []) == (case.upscale <= 1.9)
    assert as_json(verdict) == as_json(inspect(clean.case(aspect)))


def test_a_measure_that_cannot_run_is_never_a_pass(clean, monkeypatch):
    def fails(case):
        raise ValueError("no figure")

    monkeypatch.setattr(text, "writings", fails)
    verdict = inspect(clean.case("9x16"))
    assert not verdict["passed"]
    assert "could not run" in verdict["gates"]["text_is_clear_of_buttons"][0]["what"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        pytest.param(("-vf", "scale=360:640", "-c:a", "copy"), "picture size", id="size"),
        pytest.param(("-vf", "setsar=4/3", "-c:a", "copy"), "pixel shape", id="sar"),
        pytest.param(("-c:v", "mpeg4", "-c:a", "copy"), "video codec", id="codec"),
        pytest.param(
            ("-c:v", "libx264", "-profile:v", "baseline", "-c:a", "copy"), "profile", id="profile"
        ),
        pytest.param(
            ("-c:v", "libx264", "-pix_fmt", "yuv444p", "-c:a", "copy"), "pixel format", id="pixels"
        ),
        pytest.param(("-r", "30", "-c:a", "copy"), "frame rate", id="rate"),
        pytest.param(
            ("-c:v", "libx264", "-colorspace", "smpte170m", "-c:a", "copy"), "colour", id="colour"
        ),
        pytest.param(("-c", "copy"), "index first", id="index"),
        pytest.param(("-c:v", "copy", "-c:a", "libmp3lame"), "sound codec", id="sound"),
        pytest.param(("-c:v", "copy", "-ar", "44100"), "sound rate", id="sound rate"),
        pytest.param(("-c:v", "copy", "-ac", "1"), "sound channels", id="mono"),
        pytest.param(
            ("-c:v", "libx264", "-g", "250", "-sc_threshold", "0", "-c:a", "copy"),
            "a keyframe comes after 50 frames",
            id="keyframes",
        ),
        pytest.param(
            ("-c:v", "libx264", "-g", "12", "-bf", "2", "-x264-params", "open-gop=1:scenecut=0",
             "-c:a", "copy"),
            "groups of pictures are open",
            id="open groups",
        ),
        pytest.param(
            ("-filter_complex", f"{NOISE}:seed=1[a];{NOISE}:seed=2[b];[a][b]amerge[c]", "-map",
             "0:v", "-map", "[c]", "-c:v", "copy", "-b:a", "512k"),
            "the sound has",
            id="sound bits",
        ),
        pytest.param(
            ("-c", "copy", "-bsf:v", "setts=pts=PTS+2560:dts=DTS+2560"),
            "the edit list of track 1",
            id="edit list",
        ),
        pytest.param(
            ("-c", "copy", "-use_editlist", "0"), "picture or sound begins 80 ms", id="no edit list"
        ),
    ],
)  # fmt: skip
def test_a_wrong_format_is_found(clean, arguments, word):
    quick = ("-preset", "ultrafast") if "libx264" in arguments else ()
    file = clean.spoiled("bad.mp4", *quick, *arguments)
    found = picture.has_the_right_size(clean.case("9x16", file)).findings
    assert any(word in f.what for f in found), found


def test_another_profile_of_the_sound_is_found(clean):
    """The object type of the AAC header says Main (1) where it said LC (2): ISO/IEC 14496-3."""
    good = clean.files["9x16"].read_bytes()
    at = good.index(b"\x11\x90", good.index(b"esds"))
    file = clean.folder / "main.mp4"
    file.write_bytes(good[:at] + b"\x09\x90" + good[at + 2 :])
    found = picture.has_the_right_size(clean.case("9x16", file)).findings
    assert [f.what for f in found] == ["sound profile is Main, expected LC"]


def test_the_limits_of_every_platform_that_takes_a_cutdown_count(clean, monkeypatch):
    case = clean.case("9x16")
    outcome = picture.has_the_right_size(case)
    assert outcome.findings == () and outcome.note == ""
    figures = outcome.figures
    assert figures["size_mb"] == case.file.stat().st_size / 1e6
    assert figures["platforms"] == 3  # tiktok_infeed, youtube_shorts, x: the others want 3 s
    with open_container(case.file) as container:  # ffmpeg's own figures
        stream, sound = container.streams.video[0], container.streams.audio[0]
        assert figures["picture_kbps"] == pytest.approx(stream.bit_rate / 1000, rel=0.01)
        assert figures["sound_kbps"] == pytest.approx(sound.bit_rate / 1000, rel=0.02)
        keys = [n for n, f in enumerate(container.decode(stream)) if f.key_frame]
    assert figures["keyframe_distance_frames"] == max(
        b - a for a, b in pairwise([*keys, case.timeline.frames])
    )
    inside = packets.packed(case.file)

    def told(seconds, fps=25, **changes):
        again = clean.case("9x16")
        film = replace(case.film, seconds=Fraction(seconds))
        film = replace(film, picture=replace(film.picture, fps=Fraction(fps)))
        again.__dict__["film"] = film
        monkeypatch.setattr(picture, "packed", lambda file: replace(inside, **changes))
        outcome = picture.has_the_right_size(again)
        return [f.what for f in outcome.findings if "frame rate" not in f.what], outcome.note

    assert told(2) == ([], "")
    assert told(15) == ([], "tiktok_infeed asks for at least 516 kb/s")  # no fault of the file
    assert told(15, fps=Fraction(24000, 1001))[0] == []
    whats, _ = told(15, fps=15)
    assert {w.split()[0] for w in whats} == {"ig_reels", "facebook_reels"}
    # 600 MB, 53 Mb/s, and a picture of 27 Mb/s
    whats, _ = told(90, size=600_000_000, picture_bytes=300_000_000)
    assert {w.split()[0] for w in whats} == {"tiktok_infeed", "ig_reels", "x", "the"}
    assert any("25000" in w for w in whats) and any("above 12M" in w for w in whats)
    assert [w.split()[0] for w in told(130, size=600_000_000)[0]] == [
        "tiktok_infeed", "ig_reels", "x",
    ]  # fmt: skip


def test_whatever_a_measure_raises_is_a_finding_of_it(clean):
    """Errors of OpenCV, PyAV and OpenTimelineIO are of no class of ours, nor is want of memory."""
    case = clean.case("9x16")
    for error in (
        cv2.error("no picture"),
        MemoryError("too much"),
        av.error.FFmpegError(1, "no packet"),
        otio.exceptions.OTIOError("no timeline"),
        KeyError("x"),
    ):

        def fails(case, error=error):
            raise error

        outcome = table.run(table.Measure(12, fails, blind=True), case)
        (found,) = outcome.findings
        assert found.measure == "fails"
        assert found.what.startswith(f"could not run: {type(error).__name__}: ")


def test_missing_and_shifted_frames_are_found(clean):
    quick = ("-c:v", "libx264", "-preset", "ultrafast")
    file = clean.spoiled("short.mp4", *quick, "-frames:v", "49", "-c:a", "copy")
    found = picture.has_the_right_length(clean.case("9x16", file)).findings
    assert [f.figure for f in found] == ["49"]
    late = "setpts=PTS+gte(N\\,20)*0.02/TB"
    file = clean.spoiled(
        "late.mp4", *quick, "-vf", late, "-fps_mode", "passthrough", "-c:a", "copy"
    )
    found = picture.has_the_right_length(clean.case("9x16", file)).findings
    assert any("exact time" in f.what and f.at == "frame 20" for f in found)
    file = clean.spoiled("long.mp4", "-c:v", "copy", "-af", "apad=pad_dur=1")
    found = picture.has_the_right_length(clean.case("9x16", file)).findings
    assert any("lasts" in f.what for f in found)


def test_damage_in_mid_file_is_found(clean):
    good = clean.files["9x16"].read_bytes()
    middle = good.index(b"mdat") + (len(good) - good.index(b"mdat")) // 2
    (clean.folder / "damaged.mp4").write_bytes(
        good[:middle] + bytes(len(good) // 8) + good[middle + len(good) // 8 :]
    )
    (clean.folder / "cut.mp4").write_bytes(good[: len(good) // 3])
    (clean.folder / "none.mp4").write_bytes(b"")
    for name in ("damaged.mp4", "cut.mp4", "none.mp4"):
        case = clean.case("9x16", clean.folder / name)
        assert picture.plays_cleanly(case).findings, name
        verdict = inspect(case)  # whatever looks at pictures says that it could not
        assert "could not run" in verdict["gates"]["is_as_loud_as_planned"][0]["what"]
    assert picture.plays_cleanly(clean.case("9x16")).findings == ()


def test_damage_that_the_decoder_does_not_mind_is_found(clean):
    good = clean.files["9x16"]
    with open_container(good) as container:
        pictures = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    data = good.read_bytes()
    silent = 0
    for number in range(0, len(pictures), 4):
        at, size = pictures[number]
        if size < 400:
            continue
        middle = at + size // 3
        file = clean.folder / "zeros.mp4"
        file.write_bytes(data[:middle] + bytes(60) + data[middle + 60 :])
        case = clean.case("9x16", file)
        found = picture.plays_cleanly(case)
        assert found.findings, number
        silent += not case.film.problem
        assert found.figures["broken_pictures"] == 1
    assert silent >= 3, "these are what a decoder alone does not find"


def with_levels(case, loudness, peak):
    spoiled = replace(case)
    spoiled.__dict__["film"] = replace(case.film, loudness=loudness, peak=peak)
    return levels.is_as_loud_as_planned(spoiled).findings


def test_wrong_levels_are_found(clean):
    file = clean.spoiled("quiet.mp4", "-c:v", "copy", "-af", "volume=-2dB")
    case = clean.case("9x16", file)
    assert [f.limit for f in levels.is_as_loud_as_planned(case).findings] == ["-14.0 ±0.5"]
    assert with_levels(case, -14.0, -0.9)
    assert not with_levels(case, -14.5, -1.0)
    assert with_levels(replace(case, silent=True), -70.0, -99.0)  # the renderer's word is not asked
    silent = replace(case, timeline=replace(case.timeline, sound=(), music=None))
    assert with_levels(silent, -14.0, -2.0)
    assert not with_levels(silent, -70.0, -99.0)


def test_text_outside_the_safe_zone_is_found(clean, monkeypatch):
    assert text.text_is_clear_of_buttons(clean.case("9x16")).findings == ()
    low = Mark("hook", 5, 15, "{\\an5\\pos(270,700)\\fs40}too low", text="too low")
    dark = replace(low, body="{\\an5\\pos(270,700)\\fs40\\1c&H000000&}too low")
    for mark in (low, dark):
        more = Writing("hook", "too low", 5, 15, (5, 14), (mark,))
        monkeypatch.setattr(text, "writings", lambda case, more=more: [*writings(case), more])
        found = text.text_is_clear_of_buttons(clean.case("9x16")).findings
        assert len(found) == 1 and "outside the safe zone" in found[0].what


def words_cut(clean, *words):
    return story.no_word_is_cut(clean.case("9x16", tables=said(clean, *words))).findings


def test_a_cut_inside_a_word_is_found(clean):
    assert words_cut(clean, (Fraction(1, 2), Fraction(3, 2))) == ()
    assert len(words_cut(clean, (2, Fraction(5, 2)))) == 1
    assert len(words_cut(clean, (0, Fraction(1, 2)))) == 1
    (words,) = said(clean, (2, 3)).words.values()
    case = clean.case("9x16", tables=Tables(clean.rows, {"b" * 32: words}))
    assert story.no_word_is_cut(case).findings == ()


def twice(clean, line):
    return story.nothing_is_shown_twice(clean.case("9x16", timeline=line)).findings


def test_footage_shown_twice_is_found_but_held_frames_are_none(clean):
    line = clean.timeline
    first, second = line.picture
    assert twice(clean, line) == ()
    again = replace(line, picture=(first, replace(second, source_start=Fraction(1))))
    assert [f.at for f in twice(clean, again)] == ["frame 30"]
    covered = replace(second, track="V2", start=0, frames=30, source_start=Fraction(5))
    assert twice(clean, replace(again, picture=(*again.picture, covered))) == ()
    slow = replace(second, source_start=Fraction(6, 5) - Fraction(1, 100))
    assert twice(clean, replace(line, picture=(first, slow))) == ()


def test_enlargement_is_a_finding(clean):
    def found(upscale):
        return picture.is_not_enlarged_too_far(clean.case("9x16", upscale=upscale)).findings

    assert found(1.9) == ()
    assert found(1.91)[0].figure == "1.91"


def test_the_receipt_says_why_and_has_no_date(clean):
    made = {
        aspect: Rendered(
            aspect, file, file, 540, 960, 1.0, 50, -14.0, -2.0, False, 0.0, 1, 0, ("d",)
        )
        for aspect, file in clean.files.items()
    }
    rows = list(clean.rows.values())
    found = receipt(clean.timeline, None, rows, made, {"transcribe": "sidecar"})
    assert found["picture"][0]["why"] == "the <best> take"
    assert found["picture"][0]["source"] == ["0/1", "6/5"]
    assert set(found["files"]) == {"9x16", "16x9"}
    assert found["tools"]["ffmpeg"] and "T" not in found["files"]["9x16"]["sha256"]
    again = receipt(clean.timeline, None, rows, made, {"transcribe": "sidecar"})
    assert as_json(found) == as_json(again)
