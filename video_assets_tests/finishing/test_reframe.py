"""Crops: one subject, six ratios, sizes that never enlarge too far."""

import random
from fractions import Fraction

import pytest

from video_assets.finishing import formats
from video_assets.finishing.reframe import crop_for, rendition, visible
from video_assets.foundation.records import FootageRow, PictureCut, Timeline


def row(width, height):
    return FootageRow("a.mp4", "clip", 1, 1, clip_id="a" * 32, width=width, height=height)


def cut(track="V1", start=0, frames=10, **more):
    return PictureCut(track, start, frames, "a" * 32, "s", "a.mp4", Fraction(0), **more)


def test_sizes_are_those_of_the_craft_table():
    assert {a: formats.size(a, 1080) for a in formats.ASPECTS} == {
        "9x16": (1080, 1920), "4x5": (1080, 1350), "3x4": (1080, 1440), "2x3": (1080, 1620), "1x1": (1080, 1080), "16x9": (1920, 1080)
    }  # fmt: skip
    assert formats.size("9x16", 720) == (720, 1280)
    assert formats.size("9x16", 540) == (540, 960)
    for class_ in formats.CLASSES:
        for aspect in formats.ASPECTS:
            width, height = formats.size(aspect, class_)
            assert width % 2 == height % 2 == 0
            assert abs(width / height / float(formats.RATIOS[aspect]) - 1) < 0.003


@pytest.mark.parametrize("seed", range(40))
def test_crops_stay_inside_keep_the_face_and_nest(seed):
    dice = random.Random(seed)
    source = row(dice.randrange(160, 4000), dice.randrange(120, 2400))
    face = (0.0, 0.0, 0.0, 0.0)
    if seed % 2:
        width, height = dice.uniform(0.03, 0.12), dice.uniform(0.05, 0.2)
        face = (dice.uniform(0, 1 - width), dice.uniform(0.08, 1 - height), width, height)
    shown = cut(
        scale=dice.choice([1.0, 1.2, 1.25]), focus=(dice.random(), dice.random()), face=face
    )
    crops = {a: crop_for(shown, source, a) for a in formats.ASPECTS}
    for crop in crops.values():
        assert all(v % 2 == 0 for v in (crop.x, crop.y, crop.width, crop.height))
        assert crop.x >= 0 and crop.y >= 0 and crop.width > 0 and crop.height > 0
        assert crop.x + crop.width <= source.width and crop.y + crop.height <= source.height
        if (
            face[2]
            and crop.width >= face[2] * source.width + 4
            and crop.height >= face[3] * source.height + 4
        ):
            assert crop.x - 2 <= face[0] * source.width
            assert crop.x + crop.width + 2 >= (face[0] + face[2]) * source.width
            assert crop.y - 2 <= face[1] * source.height
            assert crop.y + crop.height + 2 >= (face[1] + face[3]) * source.height
    for narrow in crops.values():
        for wide in crops.values():
            if wide.height == narrow.height and wide.width >= narrow.width:
                assert wide.x <= narrow.x and wide.x + wide.width >= narrow.x + narrow.width
                assert wide.y == narrow.y


@pytest.mark.parametrize(
    ("source", "scale", "aspect", "expected"),
    [
        pytest.param((1920, 1080), 1.0, "9x16", (1080, 1920), id="1080p is enough for 9:16"),
        pytest.param((1920, 1080), 1.25, "9x16", (1080, 1920), id="a punch-in does not count"),
        pytest.param((1280, 720), 1.0, "9x16", (720, 1280), id="720p gives the 720-class"),
        pytest.param((1280, 720), 1.0, "4x5", (1080, 1350), id="720p is enough for 4:5"),
        pytest.param((1280, 720), 1.0, "16x9", (1920, 1080), id="720p is enough for 16:9"),
        pytest.param((320, 180), 1.0, "9x16", (540, 960), id="never below the 540-class"),
    ],
)
def test_rendition_is_the_largest_that_stays_sharp(source, scale, aspect, expected):
    line = Timeline("c", "t", Fraction(25), 10, (cut(scale=scale),))
    width, height, upscale = rendition(line, {"a.mp4": row(*source)}, aspect)
    assert (width, height) == expected
    assert (upscale > formats.MAX_UPSCALE) == (source == (320, 180))


def test_only_shown_cuts_decide_the_rendition():
    small = PictureCut("V1", 0, 10, "b" * 32, "s", "b.mp4", Fraction(0))
    line = Timeline("c", "t", Fraction(25), 10, (small, cut("V2")))
    assert rendition(line, {"a.mp4": row(1920, 1080), "b.mp4": row(160, 90)}, "1x1")[0] == 1080


def test_what_is_visible_is_b_roll_over_story():
    line = Timeline(
        "c",
        "t",
        Fraction(25),
        30,
        (cut(start=0, frames=20), cut(start=20, frames=10), cut("V2", 5, 10)),
    )
    assert [(s.start, s.end, s.cut.track) for s in visible(line)] == [
        (0, 5, "V1"),
        (5, 15, "V2"),
        (15, 20, "V1"),
        (20, 30, "V1"),
    ]
