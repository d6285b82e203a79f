"""Writing over a picture is there, whole, and nothing else is."""

import pytest

from video_assets.delivery.inspections import (
    expected,
    text,
)
from video_assets.foundation.records import Title
from video_assets_tests.delivery.cases import made
from video_assets_tests.delivery.seeing import as_footage, boxed, clip, painted
from video_assets_tests.finishing import making


@pytest.mark.parametrize(
    ("what", "kind", "first"),
    [("black", "end card", 88), ("red", "end card", 88), ("away", "end card", 93),
     ("away", "caption", 14), ("away", "caption", 22)],
)  # fmt: skip
def test_writing_that_is_gone_in_its_middle_is_found(nine, what, kind, first):
    def spoil(small):
        if what == "away":
            as_footage(nine, first, first + 4)(small)
        else:
            small[first : first + 4] = (0, 0, 0) if what == "black" else (255, 0, 0)

    found = text.text_reads_as_written(painted(nine, spoil)).findings
    assert [f for f in found if kind in f.what and "not in all its pictures" in f.what], found
    assert [f.figure for f in found] in (["4 frames"], ["3 frames"])


def test_a_card_that_fades_over_a_bright_picture_is_no_finding(tmp_path, monkeypatch):
    """Halfway, white letters are darker than the picture before and than themselves afterwards."""
    light = clip(
        tmp_path, "light.mp4", "testsrc2=s=480x270:r=25:d=2,eq=contrast=0.3:brightness=0.3"
    )
    card = Title("end_card", "Come and see", 10, 30)
    line = making.timeline(25, [making.picture(light, 0, 40, 0)], titles=(card,))
    case = made(tmp_path, line, [light], ("1x1",)).case("1x1")
    assert text.text_reads_as_written(case).findings == ()
    monkeypatch.setattr(expected, "AREA", 0.001)  # this card's letters are few
    assert text.text_reads_as_written(case).findings == ()
    monkeypatch.setattr(expected, "FADING", 0)
    written = [look.writing for look in text.looks(case)]
    assert [s.start for s in expected.surprises(case, written)], "nothing that the rule is for"


@pytest.mark.parametrize(
    ("name", "part", "measure"),
    [
        ("wide", (0.3, 0.92, 0.4, 0.06), text.text_is_clear_of_buttons),
        ("nine", (0.9, 0.75, 0.09, 0.11), text.text_is_clear_of_buttons),
        ("nine", (0.3, 0.3, 0.3, 0.08), text.text_reads_as_written),
    ],
)
def test_what_nobody_wrote_is_found(request, name, part, measure):
    case = request.getfixturevalue(name)
    spoilt = painted(case, lambda small: boxed(small, 46, 56, part))
    (found,) = measure(spoilt).findings
    assert "nor anybody wrote" in found.what and found.at == "1.84 s"
    for other in {text.text_is_clear_of_buttons, text.text_reads_as_written} - {measure}:
        assert other(spoilt).findings == ()
    brief = painted(case, lambda small: boxed(small, 46, 48, part))  # a flash frame, if at all
    assert measure(brief).findings == ()
