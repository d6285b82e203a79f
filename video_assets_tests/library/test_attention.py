"""What stands out is found; what is flat is left in the middle."""

import cv2
import numpy as np
import pytest

from video_assets.library.attention import focus_of


@pytest.mark.parametrize("at", [(0.25, 0.5), (0.5, 0.5), (0.7, 0.4)])
@pytest.mark.parametrize(
    "colours",
    [((60, 40, 20), (60, 190, 240)), ((200, 200, 200), (40, 30, 160))],
    ids=["lamp-at-night", "red-on-white"],
)
def test_a_thing_that_stands_out_is_looked_at(at, colours):
    ground, thing = colours
    noise = np.random.default_rng(3).normal(0, 4, (180, 320, 3))
    picture = np.clip(np.full((180, 320, 3), ground) + noise, 0, 255).astype(np.uint8)
    cv2.circle(picture, (int(at[0] * 320), int(at[1] * 180)), 18, thing, -1)
    x, y = focus_of([picture, picture])
    assert abs(x - at[0]) < 0.06 and abs(y - at[1]) < 0.08


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_flat_picture_has_its_focus_in_the_middle(level):
    assert focus_of([np.full((90, 160, 3), level, np.uint8)]) == (0.5, 0.5)


def test_no_picture_at_all():
    assert focus_of([]) == (0.5, 0.5)


@pytest.mark.parametrize("shape", [(1, 1, 3), (16, 2000, 3), (2000, 16, 3)])
def test_odd_shapes(shape):
    x, y = focus_of([np.random.default_rng(1).integers(0, 255, shape, np.uint8)])
    assert 0 <= x <= 1 and 0 <= y <= 1
