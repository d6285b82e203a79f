"""What is seen is what was cited, once, without black, freezes, flashes, lost faces or jumps."""

import random
import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from video_assets.delivery.inspections import (
    beside,
    colour,
    continuity,
    expected,
    framing,
    movement,
    planned,
    repeats,
    sources,
    stillness,
    text,
    tracing,
)
from video_assets.delivery.inspections.case import Case, Tables
from video_assets.delivery.inspections.difference import ciede2000, lab
from video_assets.delivery.inspections.sources import Seen, Sources
from video_assets.delivery.inspections.truth import Subject, TrueClip, TrueWord, Truth
from video_assets.finishing import formats
from video_assets.finishing.reframe import crop_for
from video_assets.foundation.errors import Code, FootageError
from video_assets.foundation.media import ffmpeg_path
from video_assets.foundation.records import Shot, Title
from video_assets.library.probe import probe
from video_assets_tests.delivery.cases import CAPTION, Made, made
from video_assets_tests.finishing import making

BT709 = (
    "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
)  # fmt: skip
QUICK = ("-c:a", "copy", "-c:v", "libx264", "-preset", "ultrafast", *BT709)
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


def clip(folder, name, graph, *more):
    """A silent clip of one lavfi graph, tagged BT.709, and its row."""
    path = folder / "footage" / name
    path.parent.mkdir(exist_ok=True)
    making.ffmpeg(
        "-f", "lavfi", "-i", f"{graph},scale=out_color_matrix=bt709:out_range=tv,format=yuv420p",
        "-c:v", "libx264", "-preset", "ultrafast", *BT709, *more, str(path),
    )  # fmt: skip
    return making.row_of(path, color="bt709/bt709/bt709")


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> Made:
    """Two moving clips, one of them again punched in, a still dark one, a caption, an end card."""
    folder = tmp_path_factory.mktemp("seen")
    a = clip(folder, "a.mp4", "testsrc2=s=480x270:r=25:d=4")
    b = clip(
        folder,
        "b.mp4",
        "mandelbrot=s=480x270:r=25:start_scale=2:end_scale=0.1:end_pts=100,trim=end=4",
    )
    dark = clip(folder, "dark.mp4", "smptebars=s=480x270:r=25:d=2,eq=brightness=-0.4")
    line = making.timeline(
        25,
        [
            making.picture(a, 0, 25, 0),
            making.picture(a, 25, 20, Fraction(8, 5), scale=1.2),
            making.picture(b, 45, 20, Fraction(2, 5)),
            making.picture(dark, 65, 12, Fraction(1, 5)),
            making.picture(b, 77, 20, 2),
        ],
        titles=(Title("end_card", "Come and see", 85, 12),),
    )
    shots = {
        f"{row.clip_id[:12]}-0001": Shot(
            f"{row.clip_id[:12]}-0001", row.clip_id, 1, Fraction(0), row.duration, setup=setup
        )
        for row, setup in ((a, "one"), (b, "two"), (dark, "three"))
    }
    tables = Tables({r.path: r for r in (a, b, dark)}, shots=shots)
    return made(folder, line, [a, b, dark], ("9x16", "16x9"), (CAPTION,), tables=tables)


@pytest.fixture(scope="module")
def odd(tmp_path_factory) -> Made:
    """Footage that is black, flashes, has a cut of its own, stands, ends early, and a copy."""
    folder = tmp_path_factory.mktemp("odd")
    fades = "testsrc2=s=480x270:r=25:d=3,fade=out:12:8"
    a = clip(
        folder,
        "a.mp4",
        "mandelbrot=s=480x270:r=25:start_scale=1:end_scale=0.2:end_pts=60,trim=end=2",
    )
    rows = [
        a,
        clip(folder, "copy.mp4", f"movie={folder / 'footage' / 'a.mp4'}", "-crf", "32"),
        clip(folder, "fades.mp4", fades),
        clip(folder, "strobe.mp4", "color=gray:s=480x270:r=25:d=2,geq=lum='if(lt(mod(N,4),2),40,220)':cb=128:cr=128"),
        clip(folder, "still.mp4", "smptebars=s=480x270:r=25:d=3"),
        clip(folder, "two.mp4", "testsrc2=s=480x270:r=25:d=1[x];mandelbrot=s=480x270:r=25,trim=end=1[y];[x][y]concat"),
    ]  # fmt: skip
    _, copy, fades_row, strobe, still, two = rows
    line = making.timeline(
        25,
        [
            making.picture(a, 0, 15, Fraction(1, 5)),
            making.picture(fades_row, 15, 20, Fraction(2, 5)),
            making.picture(copy, 35, 15, Fraction(1, 5)),
            making.picture(still, 50, 12, 0),
            making.picture(strobe, 62, 25, Fraction(1, 5)),
            making.picture(still, 87, 12, 1),
            making.picture(two, 99, 21, Fraction(5, 25)),
            making.picture(fades_row, 120, 20, Fraction(68, 25)),
        ],
    )
    return made(folder, line, rows, ("16x9",))


@pytest.fixture(scope="module")
def nine(clean) -> Case:
    """The clean cutdown in 9:16; its footage is read once for all."""
    return clean.case("9x16")


@pytest.fixture(scope="module")
def wide(clean, nine) -> Case:
    """The clean cutdown in 16:9."""
    return clean.case("16x9", sources=nine.sources)


@pytest.fixture(scope="module")
def oddly(odd) -> Case:
    """The odd cutdown in 16:9."""
    return odd.case("16x9")


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


def spoiled(clean: Made, like: Case, name: str, graph: str, *more: str) -> Case:
    """A case of a cutdown that went through a filter graph."""
    file = clean.spoiled(name, *QUICK, "-vf", graph, *more, aspect=like.aspect)
    return replace(like, file=file)


def cited(case: Case, **changes) -> Case:
    """The same file with other citations."""
    found = replace(case, **changes)
    found.__dict__["film"] = case.film
    return found


def moved(case: Case, number: int, **changes) -> Case:
    """The same file, one cut of its timeline changed."""
    cuts = list(case.timeline.picture)
    cuts[number] = replace(cuts[number], **changes)
    return cited(case, timeline=replace(case.timeline, picture=tuple(cuts)))


def test_a_grade_is_no_other_picture(clean, nine):
    case = spoiled(clean, nine, "graded.mp4", "eq=gamma=1.3:contrast=0.9:saturation=0.7")
    assert [f for gate in GATES for f in gate(case).findings] == []


def painted(case: Case, change) -> Case:
    """The same file, its small pictures changed (in place) by a function."""
    small = case.film.small.copy()
    change(small)
    found = replace(case)
    found.__dict__["film"] = replace(case.film, small=small)
    return found


def as_footage(case: Case, first: int, last: int):
    """Nothing is written over the footage from one frame to before another."""

    def change(small):
        for one in beside.beside(case):
            part = slice(max(0, first - one.shown.start), max(0, last - one.shown.start))
            plain = one.source[one.cited()][part]
            begin = one.shown.start + part.start
            small[begin : begin + len(plain)] = plain

    return change


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


def boxed(small, first, last, part):
    """A white box over a part (left, top, width, height: shares) of some frames."""
    height, width = small.shape[1:3]
    left, top, right, bottom = part[0], part[1], part[0] + part[2], part[1] + part[3]
    rows = slice(round(top * height), round(bottom * height))
    small[first:last, rows, round(left * width) : round(right * width)] = 255


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


@pytest.fixture(scope="module")
def calm(tmp_path_factory) -> Made:
    """A speaker whose head sways slowly and whose mouth moves, another clip, the speaker again."""
    folder = tmp_path_factory.mktemp("calm")
    speaker = (
        "smptebars=s=480x270:r=25:d=6,format=yuv444p[set];color=0x806858:s=60x80:r=25:d=6[head];"
        "color=0x301820:s=28x16:r=25:d=6[mouth];"
        "[set][head]overlay=x='200+4*sin(t*0.7)':y=70:eval=frame[with];"
        "[with][mouth]overlay=x=216:y='120+2*sin(n*0.53)+8*random(1)':eval=frame"
    )
    a = clip(folder, "speaker.mp4", speaker)
    b = clip(
        folder,
        "b.mp4",
        "mandelbrot=s=480x270:r=25:start_scale=2:end_scale=0.1:end_pts=100,trim=end=4",
    )
    line = making.timeline(
        25,
        [
            making.picture(a, 0, 40, 1),
            making.picture(b, 40, 20, Fraction(2, 5)),
            making.picture(a, 60, 30, Fraction(32, 25)),
            making.picture(a, 90, 30, Fraction(16, 5)),
        ],
    )
    return made(folder, line, [a, b], ("9x16", "16x9"))


@pytest.mark.parametrize("aspect", ["9x16", "16x9"])
def test_a_calm_speaker_is_measured_in_time(calm, aspect):
    case = calm.case(aspect)
    clean = tracing.shows_what_it_cites(case)
    assert clean.findings == ()
    assert clean.figures["stretches_moving"] == 4
    assert clean.figures["picture_residual_frames"] < 0.3
    for frames in (2, -2, 3, -3, 4, -4, 6, 8, -8, 12, 25):
        start = case.timeline.picture[2].source_start + Fraction(frames, 25)
        found = tracing.shows_what_it_cites(moved(case, 2, source_start=start))
        assert [f.at for f in found.findings] == ["frame 60"], frames
        if abs(frames) < 6:
            assert found.figures["picture_residual_frames"] == pytest.approx(abs(frames), abs=0.3)


def test_a_flash_frame_says_nothing_of_when_a_calm_speaker_is(calm):
    flash = "drawbox=color=0x8090A0:t=fill:enable='eq(n,20)'"
    case = spoiled(calm, calm.case("9x16"), "flash.mp4", flash)
    assert tracing.shows_what_it_cites(case).findings == ()
    assert [f.at for f in stillness.nothing_flashes(case).findings] == ["frame 20"]


def filmed(rate, many=36):
    """Stands for a stretch of `many` frames at 25 a second, of footage at another rate."""
    time = np.arange(many) / 25

    def cited(shift=0):
        return (((time + shift / 25 + 0.4) * rate) + 1e-6).astype(int)

    return SimpleNamespace(cited=cited, covered=np.zeros(many, bool))


def test_a_picture_earlier_or_later_at_another_rate_is_no_other_time():
    """In a quick dissolve one picture more or less is all that moves."""
    rng = np.random.default_rng(5)
    room, title = rng.uniform(60, 180, (2, 24, 32)).astype(np.float32)
    source = np.stack([room + (title - room) * min(1, max(0, n - 20) / 3) for n in range(60)])
    source += rng.normal(0, 0.2, source.shape).astype(np.float32)
    one, clear = filmed(24), np.ones((36, 24, 32), np.float32)
    jittered = one.cited() + np.where(np.arange(36) % 2, 1, -1)
    alike, shift, _ = movement.moves(one, source[jittered], source, clear)
    assert alike >= movement.ALIKE and abs(shift) < 1
    alike, shift, _ = movement.moves(one, source[one.cited() - 9], source, clear)
    assert alike < movement.ALIKE or abs(shift) > 2


def panned(speed, seed=7):
    """A hundred pictures of a room, 24 x 32, that a camera passes by so many pixels a picture."""
    rng = np.random.default_rng(seed)
    room = cv2.GaussianBlur(rng.uniform(0, 255, (24, 64)).astype(np.float32), (0, 0), 1.5)
    room = 128 + 3 * (room - room.mean())
    places = [np.array([[1, 0, 3 + speed * n], [0, 1, 0]], np.float32) for n in range(100)]
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.stack([cv2.warpAffine(room, place, (32, 24), flags=how) for place in places])


@pytest.mark.parametrize(("speed", "covered"), [(0.05, False), (0.2, False), (0.2, True)])
def test_what_moves_slowly_tells_its_time_by_where_it_stands(speed, covered):
    """Also below a panel that lets a sixth of it through."""
    rng = np.random.default_rng(3)
    source, one, clear = panned(speed), filmed(25), np.ones((36, 24, 32), np.float32)
    one.covered[:] = covered
    through = 1 / 6 if covered else 1.0

    def told(pictures):
        coded = np.round(pictures * through + rng.normal(0, 0.3, pictures.shape))
        alike, shift, _ = movement.moves(one, coded.astype(np.float32), source, clear)
        return alike is None or alike >= movement.ALIKE, shift or 0

    own = one.cited()
    jittered = own + np.where(np.arange(36) % 2, 1, -1)
    for right in (source[own], source[jittered], 0.7 * source[own] + 20):
        agrees, shift = told(right)
        assert agrees and abs(shift) < 1
    for late in (-10, -5, 4, 9, 20):
        agrees, shift = told(source[own + late])
        far = min(abs(late), movement.REACH) - 1.5
        assert not agrees or (shift * late > 0 and abs(shift) >= far), late


def test_what_stands_still_tells_no_time():
    rng = np.random.default_rng(4)
    still, one, clear = panned(0.0), filmed(25), np.ones((36, 24, 32), np.float32)
    source = still + rng.normal(0, 1.0, still.shape).astype(np.float32)  # grain, lost in coding
    for late in (0, 5, 20):
        coded = still[one.cited() + late] + rng.normal(0, 1.0, (36, 24, 32))
        assert not movement._placed(
            one, ~one.covered, coded.reshape(36, -1).astype(np.float32),
            source.reshape(100, -1), clear.reshape(36, -1),
        )  # fmt: skip


@pytest.mark.parametrize("rate", [25, 30, 50])
@pytest.mark.parametrize("smooth", [1, 3])
def test_another_take_in_the_same_room_is_another_time_at_any_rate(rate, smooth):
    """Only the mouths differ; at 50 in 25 each frame has five pictures of its own beside it."""
    rng = np.random.default_rng(rate + smooth)
    room = rng.uniform(60, 180, (24, 32)).astype(np.float32)
    clear, one = np.ones((36, 24, 32), np.float32), filmed(rate)
    taken = 0
    for _ in range(20):
        takes = np.repeat(room[None], 2 * 130, axis=0).reshape(2, 130, 24, 32)
        said = rng.uniform(-30, 30, (2, 130 + smooth))
        mouth = np.stack([said[:, n : n + 130] for n in range(smooth)]).mean(axis=0)
        takes[:, :, 12:14, 14:18] += mouth[:, :, None, None]
        takes = takes + rng.normal(0, 0.2, takes.shape).astype(np.float32)
        alike, shift, _ = movement.moves(one, takes[0][one.cited()], takes[1], clear)
        taken += alike >= movement.ALIKE and shift is not None and abs(shift) < 2
        alike, _, _ = movement.moves(one, takes[0][one.cited()], takes[0], clear)
        assert alike >= movement.ALIKE
    assert taken == 0


@pytest.mark.parametrize("aspect", ["9x16", "16x9"])
def test_a_calm_speaker_that_comes_back_is_found(calm, aspect):
    case = calm.case(aspect)
    _, other, again, _ = case.timeline.picture
    # who cites the same twice is told by the timeline, and other moments of a clip are no return
    assert repeats.no_picture_comes_back(case).findings == ()
    wrong = {
        "another name": {"path": other.path, "clip_id": other.clip_id},
        "another time": {"source_start": again.source_start + Fraction(3, 2)},
    }
    for change in wrong.values():
        found = repeats.no_picture_comes_back(moved(case, 2, **change)).findings
        assert [f.at for f in found] == ["2.40 s"], change
        assert "seen at 0.28 s" in found[0].what


def mouths(rng, many):
    """Prints of somebody of whom only the mouth moves: float32, shape (many, 312), levels."""
    said = rng.uniform(-30, 30, many + 3)
    moves = np.stack([said[n : n + many] for n in range(3)]).mean(axis=0) * 3**0.5
    prints = np.repeat(np.linspace(60, 180, 312, dtype=np.float32)[None], many, axis=0)
    prints[:, 178:181] += moves[:, None].astype(np.float32)
    return prints + rng.normal(0, 0.3, prints.shape).astype(np.float32)


def test_a_second_of_a_calm_speaker_inside_two_looks_is_a_return():
    rng = np.random.default_rng(11)

    def comes_back(one, two):
        free = np.ones(one.shape, bool)
        away = repeats._apart(one, free, two, free)
        return repeats._returned(repeats._runs(away, 8, 25), (one, free), (two, free), [])

    for length in (26, 40):
        for _ in range(10):
            one, two = mouths(rng, 60), mouths(rng, 60)
            first, second = (int(n) for n in rng.integers(0, 60 - length, 2))
            two[second : second + length] = one[first : first + length]
            two += rng.normal(0, 0.3, two.shape).astype(np.float32)
            assert comes_back(one, two)
    assert not any(comes_back(mouths(rng, 75), mouths(rng, 75)) for _ in range(60))


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


def test_pictures_that_come_back_are_found(clean, nine):
    again = (
        "split=3[a][b][c];[a]trim=end_frame=47[x];[b]trim=start_frame=7:end_frame=22,"
        "setpts=PTS-STARTPTS[y];[c]trim=start_frame=62,setpts=PTS-STARTPTS[z];[x][y][z]concat=n=3"
    )
    case = spoiled(clean, nine, "again.mp4", again, "-r", "25")
    assert case.film.frames == 97
    found = repeats.no_picture_comes_back(case)
    assert [f.at for f in found.findings] == ["1.88 s"]
    assert found.figures["longest_return_s"] == pytest.approx(0.6, abs=0.05)


def test_a_copy_under_another_name_comes_back_but_what_stands_still_may(oddly):
    found = repeats.no_picture_comes_back(oddly).findings
    assert [f.what.split()[0] for f in found] == ["copy.mp4"]


def seen_by(file, graph, key):
    """Values that an ffmpeg filter says of a file."""
    command = [ffmpeg_path(), "-v", "error", "-i", str(file)]
    command += ["-vf", f"{graph},metadata=print:file=-", "-f", "null", "-"]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(part.split("=")[1]) for part in out.stdout.splitlines() if key in part]


def test_black_and_frozen_pictures_are_found(clean, nine):
    graph = (
        "drawbox=color=black:t=fill:enable='between(n,53,55)',split[a][b];"
        "[a][b]freezeframes=first=3:last=16:replace=3"
    )
    case = spoiled(clean, nine, "stands.mp4", graph)
    found = stillness.nothing_is_black_or_frozen(case)
    black = [(f.at, f.figure) for f in found.findings if "black" in f.what]
    assert black == [("2.12 s", "3 frames")]
    (frozen,) = [f for f in found.findings if "stands still" in f.what]
    assert frozen.at == "0.12 s"
    assert found.figures["longest_freeze_s"] == pytest.approx(0.56, abs=0.09)
    # foreign oracles see the same in the spoiled file, and no black in the clean one
    blackness = "blackdetect=d=0.08:pix_th=0.1"
    assert seen_by(case.file, blackness, "black_start") == [pytest.approx(2.12)]
    assert seen_by(nine.file, blackness, "black_start") == []
    still = seen_by(case.file, "freezedetect=n=-45dB:d=0.4", "freeze_start")
    assert still[0] == pytest.approx(0.12, abs=0.041)


def test_footage_that_is_black_or_still_itself_is_no_fault_but_its_end_is(oddly):
    assert seen_by(oddly.file, "blackdetect=d=0.08:pix_th=0.1", "black_start")  # the fade
    found = stillness.nothing_is_black_or_frozen(oddly).findings
    assert [(f.at, "no more pictures" in f.what) for f in found] == [("5.08 s", True)]


def test_the_end_of_a_clip_whose_rate_varies_is_found(nine):
    rows = {k: replace(row, vfr=True) for k, row in nine.tables.rows.items()}
    past = moved(nine, 4, source_start=nine.tables.rows["b.mp4"].duration - Fraction(1, 10))
    past = cited(past, tables=replace(nine.tables, rows=rows))
    found = stillness.nothing_is_black_or_frozen(past).findings
    assert ["no more pictures" in f.what for f in found] == [True]
    # a picture that stands for seconds inside the clip is its own
    (one,) = [o for o in beside.beside(nine) if o.shown.number == 2]
    stands = replace(one, seen=replace(one.seen, times=(Fraction(0), Fraction(1, 25))))
    assert stillness._without_footage(stands, rows["b.mp4"]) == []
    assert stillness._without_footage(stands, nine.tables.rows["b.mp4"]) != []


def test_no_more_of_a_clip_is_read_than_is_cited(nine, monkeypatch):
    """A stretch cited past the end of an hour asks for its last second."""
    asked = []

    class Long(Sources):
        def _read(self, path, start, end):
            asked.append((start, end))
            if start > 3600:
                raise FootageError("no picture", Code.DECODE, "")
            return Seen((start,), np.zeros((1, 108, 192, 3), np.uint8))

    row = replace(nine.tables.rows["b.mp4"], duration=Fraction(3600))
    case = moved(nine, 4, source_start=Fraction(3700))
    long = Long(nine.sources.root, {"b.mp4": row})
    beside.looked(cited(case, sources=long), case.shown[-1])
    assert [end - start <= 2 for start, end in asked] == [True, True] and asked[1][0] == 3599
    monkeypatch.setattr(sources, "KEEP", 3 * 108 * 192 * 3)
    for n in range(6):
        long.pictures("b.mp4", Fraction(n), Fraction(n + 1))
    assert len(long._seen) == 3


def test_flashes_are_found_and_where_they_come_from(clean, nine, oddly):
    strobe = "drawbox=color=white:t=fill:enable='between(n,0,24)*lt(mod(n,4),2)'"
    case = spoiled(clean, nine, "strobe.mp4", strobe)
    found = stillness.nothing_flashes(case)
    assert "the way it is cut" in found.findings[0].what
    assert found.figures["flashes_in_a_second"] >= 5
    own = [f for f in stillness.nothing_flashes(oddly).findings if "itself" in f.what]
    assert len(own) == 1 and "strobe.mp4" in own[0].what
    # ffmpeg's own filter for photosensitive people agrees
    badness = "photosensitivity=f=25:bypass=1"
    spoilt, plain = (max(seen_by(c.file, badness, "badness")) for c in (case, nine))
    assert spoilt > 2 * plain


@pytest.mark.parametrize(("times", "expected"), [(3, 3.0), (4, 4.0)])
def test_flashes_are_counted_as_pairs_of_changes(times, expected):
    light = np.full((60, 96, 54, 3), 90, np.uint8)
    for n in range(times):
        light[10 + 6 * n : 12 + 6 * n] = 200
    assert stillness.flashes(light, 25)[0] == expected
    light[:, :, 9:] = 90  # a sixth of the picture
    assert stillness.flashes(light, 25)[0] == 0


@pytest.mark.parametrize(
    ("other", "expected"),
    [((127, 127, 127), 7.0), ((255, 0, 0), 0.0), ((250, 20, 20), 0.0)],
)
def test_red_that_flashes_is_found_where_its_brightness_stays(other, expected):
    """(255, 0, 0) and (127, 127, 127) have the same luminance; equal or similar reds do nothing."""
    pictures = np.zeros((30, 32, 32, 3), np.uint8)
    pictures[:] = (255, 0, 0)
    pictures[np.arange(30) // 2 % 2 == 1] = other
    assert stillness.flashes(pictures, 30.0)[0] == pytest.approx(expected)


def test_a_flash_frame_is_found(clean, nine, oddly):
    case = spoiled(clean, nine, "stray.mp4", "drawbox=color=0x8090A0:t=fill:enable='eq(n,45)'")
    found = stillness.nothing_flashes(case)
    assert [f.at for f in found.findings] == ["frame 45"]
    assert found.figures["stray_frames"] == 1
    # a cut inside the footage, one frame before the end of its stretch
    slivers = [f for f in stillness.nothing_flashes(oddly).findings if "another shot" in f.what]
    assert [f.at for f in slivers] == ["frame 119"]


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


def truth(*clips: TrueClip) -> Truth:
    return Truth(1, "tiny", clips, {})


def true_clip(path="a.mp4", **fields) -> TrueClip:
    known = {"kind": "interview", "camera": "A", "setup": "kitchen", "moment": "", "duration": 4.0}
    return TrueClip(**{"path": path, **known, **fields})


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


def test_a_camera_that_moves_and_hdr_are_not_compared_place_by_place(wide):
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
    assert seen.after == seen.before == worse.after


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
