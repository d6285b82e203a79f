"""How good a shot is: the figures behind it."""

import numpy as np
import pytest
from scipy.signal import savgol_filter

from video_assets.library.quality import smoothed


@pytest.mark.parametrize(("length", "window"), [(5, 5), (6, 5), (25, 25), (26, 25), (400, 51)])
def test_a_path_is_smoothed_as_savitzky_and_golay_do(length, window):
    path = np.random.default_rng(length).normal(0, 1, (length, 2)).cumsum(axis=0)
    assert smoothed(path, window) == pytest.approx(savgol_filter(path, window, 2, axis=0), abs=1e-9)
