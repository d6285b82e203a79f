"""What is looked at stays in the crop, and the crop moves smoothly."""

import random
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from video_assets.delivery.inspections import (
    framing,
    planned,
)
from video_assets.delivery.inspections.sources import Sources
from video_assets.delivery.inspections.truth import Subject
from video_assets.finishing import formats
from video_assets.finishing.reframe import crop_for
from video_assets_tests.delivery.seeing import (
    cited,
    moved,
    painted,
    true_clip,
    truth,
)
from video_assets_tests.finishing import making

NO_FACE = (0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("aspect", list(formats.RATIOS))
def test_a_crop_about_another_place_is_found(nine, aspect):
    """Every crop of ours is as the timeline asks; one that forgets focus, face or scale is not."""
    rng = random.Random(aspect)
    planted = 0
    for _ in range(150):
        width, height = rng.choice([(1920, 1080), (640, 272), (480, 270), (1080, 1920), (161, 121)])
        row = replace(nine.tables.rows["a.mp4"], width=width, height=height)
        wide, high = rng.uniform(0.05, 0.3), rng.uniform(0.08, 0.5)
        face = (rng.uniform(0, 1 - wide), rng.uniform(0, 1 - high), wide, high)
        cut = replace(
            nine.timeline.picture[0],
            focus=(rng.random(), rng.random()),
            face=face if rng.random() < 0.5 else NO_FACE,
            scale=rng.choice([1, 1.1, 1.25]),
        )

        def said(other, cut=cut, row=row):
            crop = crop_for(other, row, aspect)
            shares = (crop.x / row.width, crop.y / row.height,
                      crop.width / row.width, crop.height / row.height)  # fmt: skip
            return planned.part_off(cut, row, aspect, shares), shares

        fine, shares = said(cut)
        assert fine == ""
        for other in (
            replace(cut, focus=(0.5, 0.5), face=NO_FACE),
            replace(cut, scale=cut.scale * 1.2),
        ):
            wrong, there = said(other)
            off = max(abs(a - b) for a, b in zip(shares, there, strict=True))
            if off > 0.03 and (other.scale != cut.scale or cut.face == NO_FACE):
                planted += 1
                assert wrong, (cut, shares, there)
    assert planted > 150


def test_a_face_outside_the_crop_is_found(nine, wide):
    inside = framing.subject_stays_in_frame(moved(nine, 0, face=(0.45, 0.3, 0.1, 0.2)))
    assert inside.findings == () and inside.figures["face_centre_in_share"] == 1.0
    assert inside.figures["pictures_with_subject"] == 5
    assert inside.figures["face_detected_share"] == 0.0  # nobody is there: the known place counts
    assert "detected in 0%" in inside.note
    outside = framing.subject_stays_in_frame(moved(nine, 0, face=(0.1, 0.3, 0.1, 0.2)))
    assert [f.limit for f in outside.findings] == [">= 0.99", ">= 0.95"]
    assert framing.subject_stays_in_frame(moved(wide, 0, face=(0.1, 0.3, 0.1, 0.2))).findings == ()
    nobody = framing.subject_stays_in_frame(nine)
    assert nobody.findings == () and nobody.note


def test_a_face_that_nobody_told_of_is_seen(nine, corpus):
    """A signer before a wall: she is found in the footage itself."""
    row = making.row_of(corpus / "footage" / "again.mkv")
    line = replace(nine.timeline, picture=(making.picture(row, 0, 50, Fraction(1, 5)),), frames=50)
    sources = Sources(corpus / "footage", {row.path: row})

    def found(left):
        crops = {0: (left, 0.0, 0.42, 1.0)}
        case = cited(nine, timeline=line, sources=sources, crops=crops)
        return framing.subject_stays_in_frame(case)

    shares = {left: found(left).figures["face_centre_in_share"] for left in (0.0, 0.29, 0.58)}
    assert found(0.29).findings == () and found(0.29).figures["pictures_with_subject"] >= 6
    assert found(0.58).findings and min(shares.values()) == 0.0, shares


def test_a_crop_that_moves_against_the_footage_is_found(nine, wide):
    def wobbling(small):
        for n in range(45, 65):  # 1 % of the width, six times a second
            off = 0.01 * small.shape[2] * np.sin(2 * np.pi * 6 * n / 25)
            place = np.array([[1, 0, off], [0, 1, 0]])
            size = small.shape[2], small.shape[1]
            small[n] = cv2.warpAffine(small[n], place, size, borderMode=cv2.BORDER_REPLICATE)

    for case in (nine, wide):
        clean = framing.subject_stays_in_frame(case)
        assert clean.findings == () and clean.figures["jerk_widths_s3"] == 0
        found = framing.subject_stays_in_frame(painted(case, wobbling))
        assert ["jerks" in f.what for f in found.findings] == [True]
        assert found.figures["jerk_widths_s3"] > 100


def test_light_that_changes_is_no_crop_that_moves(nine):
    def lit(small):
        ramp = np.linspace(0, 1, small.shape[2])[None, :, None]
        for n in range(45, 65):
            lamp = 40 * abs(np.sin(n)) * ramp
            small[n] = np.clip(small[n] + lamp, 0, 255).astype(np.uint8)

    assert framing.subject_stays_in_frame(painted(nine, lit)).findings == ()


def test_the_jerk_of_a_path_is_its_third_derivative():
    time = np.arange(50) / 25
    assert framing.jerk(2.0 * time**3, 25) == pytest.approx(12.0)
    assert framing.jerk([0.5] * 50, 25) == 0.0 and framing.static_share([0.5] * 50) == 1.0
    assert framing.static_share([0, 0, 1, 1, 1]) == 0.75


def test_a_true_subject_outside_the_crop_is_found(nine, wide):
    def found(case, *subject):
        return framing.subject_is_in_frame(case, truth(true_clip(subject=subject)))

    centre = Subject(0.0, 4.0, (0.4, 0.1, 0.2, 0.8), (0.46, 0.2, 0.08, 0.15))
    assert found(nine, centre).findings == ()
    assert found(nine, centre).figures["pictures_with_subject"] == 45
    walks_out = Subject(0.5, 4.0, (0.05, 0.1, 0.2, 0.8), (0.1, 0.2, 0.08, 0.15))
    lost = found(nine, replace(centre, end=0.5), walks_out)
    assert {f.at for f in lost.findings} == {"0.00 s", "1.00 s"}
    assert lost.figures["face_centre_in_share"] == pytest.approx(13 / 45)
    # only the punched-in stretch cuts into it
    assert [f.at for f in found(wide, Subject(0.0, 4.0, (0.02, 0.1, 0.2, 0.8))).findings] == [
        "1.00 s"
    ]


# Pairs of the paper's table 1 (Sharma, Wu, Dalal 2005): L a b, L a b, dE00
