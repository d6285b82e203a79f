"""What is shown is of the time that is cited, and does not come back."""

from fractions import Fraction
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from video_assets.delivery.inspections import (
    movement,
    repeats,
    stillness,
    tracing,
)
from video_assets_tests.delivery.cases import Made, made
from video_assets_tests.delivery.seeing import clip, moved, spoiled
from video_assets_tests.finishing import making


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
