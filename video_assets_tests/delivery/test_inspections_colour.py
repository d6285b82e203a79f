"""Colours are those of the footage, and hold across cuts."""

from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from video_assets.delivery.inspections import (
    beside,
    colour,
    continuity,
    tracing,
)
from video_assets.delivery.inspections.case import Case
from video_assets.delivery.inspections.difference import ciede2000, lab
from video_assets.delivery.inspections.truth import TrueWord
from video_assets_tests.delivery.cases import Made
from video_assets_tests.delivery.seeing import cited, painted, spoiled, true_clip, truth
from video_assets_tests.finishing import making


def test_colours_that_are_lost_or_turned_are_found(nine, wide):
    def grey(small):
        small[51:65] = beside.luma(small[51:65])[..., None]

    def turned(small):
        light = beside.luma(small[45:65])
        red = light - (small[45:65, ..., 2] - light)  # the two colour differences swapped
        blue = light + (small[45:65, ..., 0] - light)
        green = (light - 0.2126 * red - 0.0722 * blue) / 0.7152
        small[45:65] = np.clip(np.stack([red, green, blue], axis=3), 0, 255)

    def matched(small):  # two cuts of one set-up, and both wrong alike
        small[:45] = small[:45] // 2 + 20

    for case in (nine, wide):
        (found,) = tracing.shows_what_it_cites(painted(case, grey)).findings
        assert "are lost" in found.what and found.at == "frame 51"
        (found,) = tracing.shows_what_it_cites(painted(case, turned)).findings
        assert "are others" in found.what and found.at == "frame 45"
        found = colour.colour_holds_across_cuts(painted(case, grey)).findings
        assert ["nothing to match" in f.what for f in found] == [True]
    found = colour.colour_holds_across_cuts(painted(wide, matched)).findings
    assert [f.at for f in found if "was matched" in f.what]


PAPER = """
50 2.6772 -79.7751 50 0 -82.7485 2.0425
50 -1.3802 -84.2814 50 0 -82.7485 1.0000
50 0 0 50 -1 2 2.3669
50 2.49 -0.001 50 -2.49 0.0009 7.1792
50 2.49 -0.001 50 -2.49 0.0011 7.2195
50 -0.001 2.49 50 0.0009 -2.49 4.8045
50 2.5 0 50 0 -2.5 4.3065
50 2.5 0 73 25 -18 27.1492
50 2.5 0 61 -5 29 22.8977
50 2.5 0 56 -27 -3 31.9030
50 2.5 0 58 24 15 19.4535
60.2574 -34.0099 36.2677 60.4626 -34.1751 39.4387 1.2644
22.7233 20.0904 -46.6940 23.0331 14.9730 -42.5619 2.0373
90.9257 -0.5406 -0.9208 88.6381 -0.8985 -0.7239 1.5381
2.0776 0.0795 -1.1350 0.9033 -0.0636 -0.5514 0.9082
"""


def test_colour_differences_are_the_standards():
    pairs = np.array([line.split() for line in PAPER.split("\n") if line], float)
    assert ciede2000(pairs[:, :3], pairs[:, 3:6]) == pytest.approx(pairs[:, 6], abs=1e-4)
    assert ciede2000(pairs[:, 3:6], pairs[:, :3]) == pytest.approx(pairs[:, 6], abs=1e-4)
    colours = np.random.default_rng(1).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    theirs = cv2.cvtColor(colours.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    assert np.abs(lab(colours) - theirs).max() < 0.5  # OpenCV works with rounded tables


def warmer(clean: Made, like: Case, name: str, first: int, last: int) -> Case:
    """The file with a warm grade from one frame to another."""
    graph = f"colorchannelmixer=gg=0.85:bb=0.6:enable='between(n,{first},{last})'"
    return spoiled(clean, like, name, graph)


def test_colours_that_jump_inside_a_setup_are_found(clean, wide):
    plain = colour.colour_holds_across_cuts(wide)
    assert plain.findings == () and plain.figures["joins_in_setups"] == 1
    assert plain.figures["after_max_de00"] == pytest.approx(
        plain.figures["before_max_de00"], abs=0.4
    )
    assert plain.figures["harm_max_de00"] < 0.8
    case = warmer(clean, wide, "warm.mp4", 25, 44)
    found = colour.colour_holds_across_cuts(case)
    assert [f.at for f in found.findings] == ["1.00 s", "1.00 s"]
    assert "colours jump" in found.findings[0].what
    assert "than their footage does" in found.findings[1].what
    assert found.figures["after_max_de00"] > 5 > found.figures["before_max_de00"]


def test_a_camera_that_moves_is_not_compared_place_by_place(wide):
    one, two = beside.beside(wide)[:2]
    rng = np.random.default_rng(7)

    def scene(like, level):
        rough = rng.integers(0, 2, (6, 10)).astype(np.float32)
        size = like.file.shape[2], like.file.shape[1]
        large = cv2.resize(rough, size, interpolation=cv2.INTER_NEAREST)[..., None]
        return (large * level + 30).astype(np.uint8)

    def showing(like, picture, graded):
        file = np.repeat(
            np.clip(picture * graded, 0, 255).astype(np.uint8)[None], len(like.file), 0
        )
        source = np.repeat(picture[None], len(like.source), 0)
        return replace(like, file=file, source=source, clear=np.ones(file.shape[:3], bool))

    level = np.array([200.0, 90.0, 40.0])
    first, other = scene(one, level), scene(one, level)
    crops = {n: (0.0, 0.0, 1.0, 1.0) for n in wide.crops}
    still = replace(wide, crops=crops)
    plain = np.ones(3)
    same = colour.joined(still, showing(one, first, plain), showing(two, first, plain), True)
    assert same.alike and same.after == same.before == 0.0
    moving = colour.joined(still, showing(one, first, plain), showing(two, other, plain), True)
    assert not moving.alike and moving.after < 5.0
    graded = showing(two, first, np.array([1.0, 0.8, 0.6]))
    worse = colour.joined(still, showing(one, first, plain), graded, True)
    assert worse.alike and worse.after > worse.before + colour.WORSE
    rows = {k: replace(r, color="bt2020/smpte2084/bt2020nc") for k, r in wide.tables.rows.items()}
    hdr = replace(still, tables=replace(wide.tables, rows=rows))
    seen = colour.joined(hdr, showing(one, first, plain), graded, True)
    assert (seen.after, seen.before) == (worse.after, worse.before)  # footage is tone-mapped too


def test_colours_that_were_changed_without_need_are_found(clean, wide):
    found = colour.colour_holds_across_cuts(warmer(clean, wide, "harm.mp4", 45, 64))
    assert [f.at for f in found.findings] == ["1.80 s"]
    assert "nothing to match" in found.findings[0].what
    assert found.figures["harm_max_de00"] > 2


def test_cameras_of_one_moment_must_match(wide):
    known = truth(true_clip(moment="m1"), true_clip("b.mp4", camera="B", moment="m1"))
    found = colour.colour_holds_in_true_setups(wide, known)
    assert found.figures["joins_in_setups"] == 2
    assert found.figures["after_max_de00"] == pytest.approx(
        found.figures["before_max_de00"], abs=0.5
    )
    assert any("colours jump" in f.what for f in found.findings)  # two unlike pictures
    apart = truth(true_clip(moment="m1"), true_clip("b.mp4", moment="m2", setup="garden"))
    assert colour.colour_holds_in_true_setups(wide, apart).findings == ()


HOLDS = {"light": "left", "wardrobe": "red", "direction": 1, "people": ("Ada",)}


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("light", "right", "light"),
        ("wardrobe", "blue", "wardrobe"),
        ("direction", -1, "screen direction"),
        ("people", ("Bo",), "is there"),
    ],
)
def test_a_jump_inside_a_scene_is_found(wide, field, value, word):
    holds = truth(true_clip(**HOLDS), true_clip("b.mp4", **HOLDS))
    found = continuity.scenes_hold_together(wide, holds)
    assert found.findings == () and found.figures["joins_in_scenes"] == 2
    jumps = truth(true_clip(**HOLDS), true_clip("b.mp4", **{**HOLDS, field: value}))
    found = continuity.scenes_hold_together(wide, jumps)
    assert len(found.findings) == 1 and all(word in f.what for f in found.findings)
    apart = truth(
        true_clip(**HOLDS), true_clip("b.mp4", **{**HOLDS, field: value, "setup": "other"})
    )
    assert continuity.scenes_hold_together(wide, apart).findings == ()


def test_a_jump_of_the_room_tone_is_found(clean, wide):
    case = wide
    spoken = [TrueWord("hello", 0.2, 0.5, "word", "l1", 1)]
    known = truth(true_clip(words=tuple(spoken)), true_clip("b.mp4"))
    sound = (
        making.spoken(clean.rows["a.mp4"], 0, Fraction(9, 5), 0),
        making.spoken(clean.rows["b.mp4"], Fraction(9, 5), Fraction(4, 5), Fraction(2, 5)),
    )
    noise = np.random.default_rng(2).normal(0, 0.01, (2, 4 * 48_000)).astype(np.float32)
    noise[:, 8_000:25_000] += 0.3  # the word itself does not count

    def found(gain):
        louder = noise.copy()
        louder[:, 86_400:124_800] *= gain
        line = replace(case.timeline, sound=sound)
        heard = cited(case, timeline=line, silent=False)
        heard.__dict__["film"] = replace(case.film, samples=louder)
        return continuity.scenes_hold_together(heard, known)

    assert found(1.3).findings == () and found(1.3).figures["joins_heard"] == 2
    (jump,) = found(4.0).findings
    assert "12 dB louder" in jump.what
