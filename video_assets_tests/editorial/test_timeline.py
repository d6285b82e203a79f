"""Canonical OTIO: exact both ways, and an editor's changes are read back."""

from fractions import Fraction as F
from pathlib import Path

import pytest

from video_assets.editorial.timeline import from_otio, to_otio
from video_assets.foundation.errors import VideoAssetsError
from video_assets.foundation.versions import NewerFormat
from video_assets_tests.editorial import made
from video_assets_tests.editorial.test_assembly import RATES, cuts_of


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_there_and_back_is_byte_exact(rate: F) -> None:
    have, found, _ = cuts_of("talk", rate)
    assert found
    for _, timeline in found:
        text = to_otio(timeline, have.rows, made.ROOT)
        assert from_otio(text) == timeline
        assert to_otio(from_otio(text), have.rows, made.ROOT) == text


def test_an_editors_trim_and_move_are_read_back() -> None:
    import opentimelineio as otio

    have, found, _ = cuts_of("talk", F(25))
    timeline = found[1][1]
    edited = otio.adapters.read_from_string(to_otio(timeline, have.rows, made.ROOT), "otio_json")
    lane = next(t for t in edited.tracks if t.name == "V1")
    clip = next(c for c in lane if isinstance(c, otio.schema.Clip))
    before = clip.source_range
    five = otio.opentime.RationalTime(5, before.duration.rate)
    # five frames are taken off the head: the clip starts later in the source, the rest moves up
    clip.source_range = otio.opentime.TimeRange(before.start_time + five, before.duration - five)
    back = from_otio(otio.adapters.write_to_string(edited, "otio_json"))
    was = [c for c in timeline.picture if c.track == "V1"]
    now = [c for c in back.picture if c.track == "V1"]
    assert now[0].frames == was[0].frames - 5
    assert now[0].source_start == was[0].source_start + F(5, 25)
    assert now[1].start == was[1].start - 5
    assert now[1].source_start == was[1].source_start


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"OTIO_SCHEMA": "Timeline.1"}', "no json"])
def test_foreign_text_is_refused(text: str) -> None:
    with pytest.raises(VideoAssetsError, match="no timeline of ours"):
        from_otio(text)


def test_crops_and_aspect_are_written(tmp_path: Path) -> None:
    have, found, _ = cuts_of("talk", F(25))
    text = to_otio(found[0][1], have.rows, tmp_path, "9x16", {0: (0.25, 0, 0.5, 1)})
    assert '"crop"' in text
    assert from_otio(text) == found[0][1]


def test_a_timeline_of_a_later_product_is_refused() -> None:
    have, found, _ = cuts_of("talk", F(25))
    text = to_otio(found[0][1], have.rows, made.ROOT)
    assert text.count('"schema": 1') == 1
    with pytest.raises(NewerFormat, match="timeline 2, this one knows 1"):
        from_otio(text.replace('"schema": 1', '"schema": 2'))
