"""What is seen is what was cited, once, without black, freezes, flashes, lost faces or jumps."""

import shutil
from dataclasses import replace
from fractions import Fraction

import pytest

from video_assets.delivery.inspections import (
    colour,
    repeats,
    stillness,
    text,
    tracing,
)
from video_assets.delivery.inspections.sources import Sources
from video_assets.foundation.records import Title
from video_assets.library.probe import probe
from video_assets_tests.delivery.cases import CAPTION, made
from video_assets_tests.delivery.seeing import cited, clip, moved, spoiled
from video_assets_tests.finishing import making

GATES = (
    tracing.shows_what_it_cites,
    repeats.no_picture_comes_back,
    stillness.nothing_is_black_or_frozen,
    stillness.nothing_flashes,
)
WRITTEN = (
    text.text_reads_as_written,
    text.captions_come_and_go_on_time,
    text.text_is_clear_of_buttons,
)


@pytest.mark.parametrize("name", ["nine", "wide"])
def test_a_clean_cutdown_shows_what_it_should(name, request):
    case = request.getfixturevalue(name)
    outcomes = {gate.__name__: gate(case) for gate in (*GATES, *WRITTEN)}
    assert [f for o in outcomes.values() for f in o.findings] == []
    figures = outcomes["shows_what_it_cites"].figures
    assert figures["traced_share"] == 1.0
    assert figures["frames_compared"] >= 85
    assert figures["stretches_moving"] >= 3
    assert figures["picture_residual_frames"] < 0.3
    assert colour.colour_holds_across_cuts(case).findings == ()


def test_one_cut_is_judged_as_well(nine):
    first = nine.timeline.picture[0]
    case = cited(nine, timeline=replace(nine.timeline, frames=25, picture=(first,), titles=()))
    assert [f for gate in GATES for f in gate(case).findings] == []
    assert repeats.no_picture_comes_back(case).note == "one stretch only"


REAL = {
    25: ("chaplin.mp4", "bikes.mp4", "car-detection.mp4"),
    30: ("big_buck_bunny_0_30.webm", "small_bunny_1080p_60fps.mp4", "googlework_short.mp4"),
}


@pytest.mark.soak
@pytest.mark.parametrize("rate", REAL)
def test_clean_cutdowns_of_real_footage_pass(rate, corpus, tmp_path):
    (tmp_path / "footage").mkdir()
    rows, cuts = [], []
    for number, name in enumerate(REAL[rate]):
        path = tmp_path / "footage" / name
        shutil.copyfile(corpus / "footage" / name, path)
        fields = {k: v for k, v in probe(path).items() if k != "role"}
        rows.append(replace(making.row_of(path), **fields))
        start = max(rows[-1].video_start, rows[-1].duration / 3)
        cuts.append(making.picture(rows[-1], 40 * number, 40, start, focus=(0.4, 0.5)))
    line = making.timeline(rate, cuts, titles=(Title("end_card", "Come and see", 100, 20),))
    real = made(tmp_path, line, rows, ("9x16", "1x1", "16x9"), (CAPTION,))
    for aspect in real.files:
        case = real.case(aspect)
        assert [f for gate in (*GATES, *WRITTEN) for f in gate(case).findings] == [], aspect
        assert tracing.shows_what_it_cites(case).figures["worst_likeness"] > tracing.LIKE_COVERED
        late = tuple(replace(c, source_start=c.source_start + Fraction(3, rate)) for c in cuts)
        found = tracing.shows_what_it_cites(cited(case, timeline=replace(line, picture=late)))
        assert len(found.findings) >= 2, aspect  # a fixed camera may see nothing move


def test_a_card_that_begins_on_a_shots_last_frame_hides_nothing(tmp_path):
    """Half faded in, the panel leaves less of that one frame than can be told."""
    night = clip(tmp_path, "night.mp4", "testsrc2=s=640x360:r=25:d=2,hue=b=-2")
    door = clip(tmp_path, "door.mp4", "gradients=s=640x360:r=25:d=2:c0=maroon:c1=red:seed=2")
    cuts = [
        making.picture(night, 0, 37, Fraction(1, 5), focus=(0.52, 0.5)),
        making.picture(door, 37, 38, Fraction(1, 5)),
    ]
    line = making.timeline(25, cuts, titles=(Title("end_card", "Come and see", 36, 39),))
    case = made(tmp_path, line, [night, door], ("9x16",)).case("9x16")
    first, _ = tracing.traces(case)
    assert first[0].covered.sum() == 1
    assert tracing.shows_what_it_cites(case).findings == ()


def test_a_grade_is_no_other_picture(clean, nine):
    case = spoiled(clean, nine, "graded.mp4", "eq=gamma=1.3:contrast=0.9:saturation=0.7")
    assert [f for gate in GATES for f in gate(case).findings] == []


def test_a_wrong_clip_under_a_name_is_found(clean, nine):
    class Swapped(Sources):
        def pictures(self, path, start, end):
            return super().pictures("a.mp4" if path == "b.mp4" else path, start, end)

    wrong = cited(nine, sources=Swapped(clean.folder / "footage", clean.rows))
    found = tracing.shows_what_it_cites(wrong)
    assert [f.at for f in found.findings] == ["frame 45", "frame 77"]
    assert found.figures["traced_share"] < 0.8


def test_a_stale_stretch_is_found(nine):
    for number, at in ((0, "frame 0"), (2, "frame 45")):
        start = nine.timeline.picture[number].source_start + 1
        found = tracing.shows_what_it_cites(moved(nine, number, source_start=start)).findings
        assert [f.at for f in found] == [at]
    for number, at in ((0, "frame 0"), (2, "frame 45")):
        x, y, width, height = nine.crops[number]
        crops = {**nine.crops, number: (x + 0.06 * width, y, width, height)}
        found = tracing.shows_what_it_cites(cited(nine, crops=crops)).findings
        assert {f.at for f in found} == {at}
        assert any("is cropped than" in f.what for f in found)  # by the plan
        assert len(found) > 1  # and by the picture itself


def test_a_late_picture_is_found_and_measured(clean, nine):
    late = spoiled(clean, nine, "late.mp4", "tpad=start=3:start_mode=clone", "-frames:v", "97")
    found = tracing.shows_what_it_cites(late)
    assert any("too late" in f.what for f in found.findings)
    assert found.figures["picture_residual_ms"] == pytest.approx(120, abs=10)
    for frames in (1, -1, 2, -2):  # the figure is what was planted
        start = nine.timeline.picture[2].source_start + Fraction(frames, 25)
        wrong = moved(nine, 2, source_start=start)
        found = tracing.shows_what_it_cites(wrong)
        assert found.figures["picture_residual_frames"] == pytest.approx(abs(frames), abs=0.25)
        assert found.findings  # a frame is 40 ms of the picture against the sound
        # where rates differ, a frame more or less may be the nearest one
        rows = {k: replace(row, fps=row.fps * 4 / 5) for k, row in nine.tables.rows.items()}
        found = tracing.shows_what_it_cites(cited(wrong, tables=replace(nine.tables, rows=rows)))
        assert bool(found.findings) == (abs(frames) == 2)
