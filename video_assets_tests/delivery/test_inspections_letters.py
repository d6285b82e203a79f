"""Writing drawn alone, and how frames are compared with it."""

import numpy as np
import pytest

from video_assets.delivery.inspections import letters
from video_assets.finishing.overlays import marks


@pytest.fixture(scope="module")
def writings(nine):
    """The marks of the clean cutdown's writing at 606 x 1078, and the things they make up."""
    size = (606, 1078)  # no multiple of four: the codec of drawn sheets needs one
    found = marks(nine.timeline, nine.texts.burned, "9x16", size, nine.brand)
    return size, letters.grouped(found, nine.timeline)


def test_things_are_drawn_whole_at_any_width(writings):
    size, wanted = writings
    found = list(letters.drawn(wanted, size, "9x16"))
    assert [one.text for one in found] == [one.text for one in wanted]
    for one in found:
        assert one.letters.any() and one.outside == 0
        assert 0 < one.box.left < one.box.right <= size[0]
        assert one.letters.shape == (one.box.bottom - one.box.top, one.box.right - one.box.left)
        assert int(one.low.min()) >= 16 and int(one.high.max()) <= 235


def test_what_stands_alone_is_drawn_as_among_others(writings):
    size, wanted = writings
    together = list(letters.drawn(wanted, size, "9x16"))
    alone = [next(letters.drawn([one], size, "9x16")) for one in wanted]
    for one, other in zip(together, alone, strict=True):
        assert one.box == other.box
        assert np.array_equal(one.low, other.low) and np.array_equal(one.high, other.high)
    assert list(letters.drawn([], size, "9x16")) == []


@pytest.mark.parametrize("how", ["as planned", "noisy", "half gone", "other"])
def test_windows_agree_as_plain_statistics_say(writings, how):
    """Running sums give what numpy says of every window alone."""
    size, wanted = writings
    rng = np.random.default_rng(7)
    for one in letters.drawn(wanted, size, "9x16"):
        picture = np.full((size[1], size[0]), 90, np.uint8)
        box = (slice(one.box.top, one.box.bottom), slice(one.box.left, one.box.right))
        middle = ((one.low.astype(float) + one.high) / 2).astype(np.uint8)
        if how != "other":
            picture[box] = middle
        if how == "noisy":
            noise = rng.normal(0, 30, middle.shape)
            picture[box] = np.clip(middle + noise, 16, 235).astype(np.uint8)
        if how == "half gone":
            picture[box][:, : middle.shape[1] // 2] = 90
        found = one.agrees(picture)
        assert found.worst == pytest.approx(plainly(one, picture[box]), abs=1e-5)
        assert (found.worst > 0.98) == (how == "as planned")


def plainly(one: letters.Writing, seen: np.ndarray) -> float:
    """The worst window of a writing, each looked at by itself."""
    low, high = one.low.astype(float), one.high.astype(float)
    veil = high - low
    solid = veil <= letters.SOLID * letters.SPAN
    strange = (seen < low - letters.OFF) | (seen > high + letters.OFF)
    wrong = strange & (veil <= letters.VEILED * letters.SPAN)
    worst = 1.0
    held = np.flatnonzero(one.letters.any(axis=1))
    for band in np.split(held, np.flatnonzero(np.diff(held) > 1) + 1):
        wide = max(4, len(band) // 2)
        for left in range(0, seen.shape[1], wide // 2):
            part = (slice(band[0], band[-1] + 1), slice(left, left + wide))
            core = one.letters[part].sum()
            if core < max(letters.FEW, wide * wide // 5):
                continue
            worst = min(worst, 1 - wrong[part].sum() / core)
            known = solid[part]
            own, planned = seen[part][known].astype(float), ((low + high) / 2)[part][known]
            if known.sum() < letters.FEW or planned.std() < letters.PLAIN:
                continue
            worst = min(worst, np.corrcoef(own, planned)[0, 1] if own.std() >= 1 else 0.0)
    return float(worst)
