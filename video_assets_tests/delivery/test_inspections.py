"""Every gate passes a clean cutdown and fails the defect that is planted for it."""

from dataclasses import replace
from fractions import Fraction

import pytest

from video_assets.delivery.inspections import levels, picture, story, text
from video_assets.delivery.inspections.measures import measure
from video_assets.delivery.inspections.verdict import GATES, inspect
from video_assets.delivery.receipt import receipt
from video_assets.finishing import formats, render
from video_assets.finishing.brand import BrandKit
from video_assets.finishing.overlays import Mark, marks
from video_assets.foundation.records import Title, Word
from video_assets.foundation.store import as_json
from video_assets_tests.finishing import making

BRAND = BrandKit("Test")


class Chunk:
    text, start, end = "so soft", Fraction(2, 5), Fraction(6, 5)


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """A clean cutdown in two ratios: (timeline, rows, rendered, folder)."""
    folder = tmp_path_factory.mktemp("clean")
    footage = folder / "footage"
    footage.mkdir()
    making.ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=640x360:r=25:d=3",
        "-f",
        "lavfi",
        "-i",
        "sine=440:d=3:r=48000,volume=0.2",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-c:a",
        "aac",
        "-shortest",
        str(footage / "a.mp4"),
    )
    row = making.row_of(footage / "a.mp4")
    line = making.timeline(
        25,
        [
            making.picture(row, 0, 30, 0, why="the <best> take", terms={"focus": 0.5}),
            making.picture(row, 30, 20, Fraction(8, 5)),
        ],
        sound=(making.spoken(row, 0, 2, Fraction(1, 5)),),
        titles=(Title("end_card", "Come and see", 35, 15),),
    )
    workspace, project = making.project(folder, footage)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "burned_captions", lambda timeline, brief: [Chunk])
        made = render.render_cutdowns(
            project, workspace, line, [row], ["9x16", "16x9"], BRAND, None, folder / "out"
        )
    return line, [row], made, folder


def word(start, end, rows):
    return Word(rows[0].clip_id, 0, "evening", Fraction(start), Fraction(end))


@pytest.mark.parametrize("aspect", ["9x16", "16x9"])
def test_a_clean_cutdown_passes_every_gate(clean, aspect):
    line, rows, made, _ = clean
    words = [word(Fraction(1, 5), Fraction(1), rows), word(1, Fraction(11, 5), rows)]
    verdict = inspect(made[aspect], line, rows, words, BRAND, [Chunk])
    assert verdict["passed"], verdict["gates"]
    assert tuple(verdict["gates"]) == GATES
    assert verdict["measures"]["frames"] == 50
    assert (verdict["findings"] == []) == (made[aspect].upscale <= 1.9)
    assert as_json(verdict) == as_json(inspect(made[aspect], line, rows, words, BRAND, [Chunk]))


def defect(clean, *arguments, name="bad.mp4"):
    line, _, made, folder = clean
    out = folder / name
    making.ffmpeg("-i", str(made["9x16"].file), *arguments, str(out))
    return line, measure(out)


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
    ],
)
def test_a_wrong_format_is_found(clean, arguments, word):
    line, measures = (
        defect(clean, "-preset", "ultrafast", *arguments)
        if "libx264" in arguments
        else defect(clean, *arguments)
    )
    found = picture.has_the_right_size(measures, line, formats.size("9x16", 540))
    assert any(f.what.startswith(word) for f in found), found


def test_missing_and_shifted_frames_are_found(clean):
    line, measures = defect(
        clean, "-c:v", "libx264", "-preset", "ultrafast", "-frames:v", "49", "-c:a", "copy"
    )
    assert [f.figure for f in picture.has_the_right_length(measures, line)] == ["49"]
    line, measures = defect(
        clean,
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-vf",
        "setpts=PTS+gte(N\\,20)*0.02/TB",
        "-fps_mode",
        "passthrough",
        "-c:a",
        "copy",
    )
    assert any(
        "exact time" in f.what and f.at == "frame 20"
        for f in picture.has_the_right_length(measures, line)
    )
    line, measures = defect(clean, "-c:v", "copy", "-af", "apad=pad_dur=1")
    assert any("lasts" in f.what for f in picture.has_the_right_length(measures, line))


def test_damage_in_mid_file_is_found(clean):
    line, _, made, folder = clean
    good = made["9x16"].file.read_bytes()
    middle = good.index(b"mdat") + (len(good) - good.index(b"mdat")) // 2
    (folder / "damaged.mp4").write_bytes(
        good[:middle] + bytes(len(good) // 8) + good[middle + len(good) // 8 :]
    )
    (folder / "cut.mp4").write_bytes(good[: len(good) // 3])
    (folder / "none.mp4").write_bytes(b"")
    for name in ("damaged.mp4", "cut.mp4", "none.mp4"):
        assert picture.plays_cleanly(measure(folder / name), line), name
    assert picture.plays_cleanly(measure(made["9x16"].file), line) == []


def test_wrong_levels_are_found(clean):
    line, measures = defect(clean, "-c:v", "copy", "-af", "volume=-2dB")
    assert [f.limit for f in levels.is_as_loud_as_planned(measures, False)] == ["-14.0 ±0.5"]
    assert levels.is_as_loud_as_planned(replace(measures, loudness=-14.0, peak=-0.9), False)
    assert not levels.is_as_loud_as_planned(replace(measures, loudness=-14.5, peak=-1.0), False)
    assert levels.is_as_loud_as_planned(measures, True)
    assert not levels.is_as_loud_as_planned(replace(measures, loudness=-70.0, peak=-99.0), True)
    assert line.frames == 50


def test_text_outside_the_safe_zone_is_found(clean):
    line, _, made, _ = clean
    measures = measure(made["9x16"].file)
    drawn = marks(line, [Chunk], "9x16", (540, 960), BRAND)
    assert text.text_is_clear_of_buttons(measures, line, "9x16", drawn) == []
    low = Mark("hook", 5, 15, "{\\an5\\pos(270,700)\\fs40}too low")
    found = text.text_is_clear_of_buttons(measures, line, "9x16", [*drawn, low])
    assert len(found) == 1 and "outside the safe zone" in found[0].what


def test_a_caption_that_was_not_burned_is_found(clean):
    line, _, made, _ = clean
    measures = measure(made["16x9"].file)  # clean picture, no captions in it
    drawn = [
        replace(m, kind="caption")
        for m in marks(line, [Chunk], "1x1", (960, 540), BRAND)
        if m.kind == "caption"
    ]
    found = text.text_is_clear_of_buttons(measures, line, "16x9", drawn)
    assert any("not in the picture" in f.what for f in found)


def test_a_cut_inside_a_word_is_found(clean):
    line, rows, _, _ = clean
    assert story.no_word_is_cut(line, [word(Fraction(1, 2), Fraction(3, 2), rows)]) == []
    assert len(story.no_word_is_cut(line, [word(2, Fraction(5, 2), rows)])) == 1
    assert len(story.no_word_is_cut(line, [word(0, Fraction(1, 2), rows)])) == 1
    assert story.no_word_is_cut(line, [replace(word(2, 3, rows), clip_id="b" * 32)]) == []


def test_footage_shown_twice_is_found_but_held_frames_are_none(clean):
    line, rows, _, _ = clean
    first = line.picture[0]
    assert story.nothing_is_shown_twice(line, {r.path: r for r in rows}) == []
    twice = replace(line, picture=(first, replace(line.picture[1], source_start=Fraction(1))))
    assert [f.at for f in story.nothing_is_shown_twice(twice)] == ["frame 30"]
    covered = replace(line.picture[1], track="V2", start=0, frames=30, source_start=Fraction(5))
    assert story.nothing_is_shown_twice(replace(twice, picture=(*twice.picture, covered))) == []
    held = replace(
        line,
        picture=(first, replace(line.picture[1], source_start=Fraction(6, 5) - Fraction(1, 100))),
    )
    assert story.nothing_is_shown_twice(held) == []


def test_enlargement_is_a_finding():
    assert picture.is_not_enlarged_too_far(1.9) == []
    assert picture.is_not_enlarged_too_far(1.91)[0].figure == "1.91"


def test_the_receipt_says_why_and_has_no_date(clean):
    line, rows, made, _ = clean
    found = receipt(line, None, rows, made, {"transcribe": "sidecar"})
    assert found["picture"][0]["why"] == "the <best> take"
    assert found["picture"][0]["source"] == ["0/1", "6/5"]
    assert set(found["files"]) == {"9x16", "16x9"}
    assert found["tools"]["ffmpeg"] and "T" not in found["files"]["9x16"]["sha256"]
    assert as_json(found) == as_json(receipt(line, None, rows, made, {"transcribe": "sidecar"}))
