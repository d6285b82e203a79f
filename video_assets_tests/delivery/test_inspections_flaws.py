"""What spoils a span of a take is found on the footage itself, and what is meant so is not."""

from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest

from video_assets.delivery.inspections import flaws, vetoes
from video_assets.delivery.inspections.case import Case, Shown, Tables
from video_assets.delivery.inspections.sources import Sources
from video_assets.editorial.brief import Brief
from video_assets.finishing.brand import BrandKit
from video_assets.foundation.media import open_container
from video_assets.foundation.records import FootageRow, Shot
from video_assets.library.analysing import analyse_clips
from video_assets.library.intake import read_footage
from video_assets_tests.finishing import making

RATE = 48_000
SECONDS = 3
JITTER = (
    "crop=448:252:16+12*sin(2.1*n*n):9+7*cos(1.7*n*n),scale=480:270"  # another place each frame
)
NIGHT = "lutyuv=y='val*0.5',drawbox=x=20:y=20:w=96:h=54:c=0x909090:t=fill"  # a lamp: 4 %
SPOILED = {
    "clean": ("", ""),
    "soft": ("gblur=sigma=3.4", ""),
    "half soft": ("gblur=sigma=3.4:enable='gte(t,1.4)'", ""),
    "shaken": (JITTER, ""),
    "panned": ("crop=400:226:40+36*sin(1.3*t):22,scale=480:270", ""),
    "walked": ("crop=400:226:40+18*sin(12.6*t):22+9*cos(12.6*t),scale=480:270", ""),
    "blown": ("lutyuv=y='clip(val*1.9,16,235)':enable='gte(t,1.4)'", ""),
    "lamp blown": (f"{NIGHT},lutyuv=y='clip(val*1.75,16,235)':enable='gte(t,1.4)'", ""),
    "lamp lit": (f"{NIGHT},drawbox=x=20:y=20:w=96:h=54:c=white:t=fill:enable='gte(t,1.4)'", ""),
    "page faded in": ("drawbox=x=20:y=20:w=180:h=100:c=white:t=fill,fade=in:st=0.4:d=1.6", ""),
    "all blown": ("lutyuv=y='clip(val*2.3,16,235)'", ""),
    "flickering": ("hue=b='0.7*sin(2*PI*6*t)'", ""),
    "flashing": ("hue=b='3*between(t,1.4,1.5)'", ""),
    "clipped": ("", "volume=20dB"),
    "clipped and turned down": ("", "volume=20dB,aformat=s16,volume=-9dB"),
}


def scene(folder):
    """A picture of textured ground with things on it, PNG, and speech-like sound, WAV."""
    import cv2
    from scipy.io import wavfile

    rng = np.random.default_rng(3)
    height, width = 270, 480
    picture = np.full((height, width, 3), 110, np.float32)
    for cell in (60, 20, 7, 2):
        small = rng.normal(0, 1, (height // cell + 2, width // cell + 2, 3)).astype(np.float32)
        wide = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
        picture += 10 * wide
    for _ in range(25):
        x, y = (int(v) for v in (rng.integers(0, width), rng.integers(0, height)))
        colour = tuple(float(v) for v in rng.integers(20, 150, 3))
        cv2.rectangle(picture, (x, y), (x + 30, y + 24), colour, -1)
    cv2.imwrite(str(folder / "scene.png"), np.clip(picture, 0, 255).astype(np.uint8))
    time = np.arange(SECONDS * RATE) / RATE
    pitch = 2 * np.pi * np.cumsum(130 + 25 * np.sin(2.1 * time)) / RATE
    voice = sum(np.sin(n * pitch + n * n) / n for n in range(1, 14))
    voice *= np.clip(np.sin(2 * np.pi * 1.6 * time), 0, 1) * (0.7 + 0.3 * np.sin(31 * time))
    voice = 0.3 * voice / np.abs(voice).max() + rng.normal(0, 0.001, len(time))
    wavfile.write(folder / "voice.wav", RATE, (voice * 32767).astype(np.int16))


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> dict[str, tuple[Sources, FootageRow]]:
    """A clip of each kind, 480x270 at 25 fps, with sound."""
    folder = tmp_path_factory.mktemp("flaws")
    scene(folder)
    found = {}
    for name, (picture, sound) in SPOILED.items():
        path = folder / f"{name.replace(' ', '_')}.mp4"
        look = ",".join(p for p in ("format=yuv420p", picture, "noise=alls=3:allf=t") if p)
        making.ffmpeg(
            "-loop", "1", "-framerate", "25", "-i", str(folder / "scene.png"),
            "-i", str(folder / "voice.wav"), "-t", str(SECONDS), "-vf", look, "-af",
            f"{sound or 'anull'},aformat=s16", "-c:v", "libx264", "-preset", "ultrafast",
            "-crf", "18", "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le", "-f", "mov", str(path),
        )  # fmt: skip
        row = making.row_of(path)
        found[name] = (Sources(folder, {row.path: row}), row)
    return found


def case_of(clip, start=F(1, 5), frames=62, shots=True) -> Case:
    """A cutdown that cites a span of one clip, picture and sound."""
    sources, row = clip
    cut = making.picture(row, 0, frames, start)
    sound = (making.spoken(row, 0, F(frames, 25), start),)
    shot = Shot(cut.shot_id, row.clip_id, 0, F(0), F(SECONDS), luma=0.4, contrast=0.1)
    tables = Tables({row.path: row}, shots={shot.shot_id: shot} if shots else {})
    line = making.timeline(25, [cut], sound=sound)
    nothing = sources.root / "none.mp4"
    return Case(
        nothing, line, "16x9", (480, 270), {}, tables, sources, Brief(title="T"), BrandKit("T")
    )


@pytest.mark.parametrize("name", ["clean", "panned", "walked", "flashing"])
def test_what_is_no_flaw_passes_and_its_figures_are_told(clips, name):
    outcome = vetoes.vetoed_takes_stay_out(case_of(clips[name]))
    assert outcome.findings == ()
    expected = {"focus_log", "shake_of_width", "blown_share", "flicker_share"}
    expected |= {"full_scale_runs", "flat_top_samples", "snr_db", "takes", "vetoed"}
    assert set(outcome.figures) == expected
    assert outcome.figures["focus_log"] > 0
    assert outcome.figures["snr_db"] > 20


@pytest.mark.parametrize(
    ("name", "start", "what"),
    [
        ("soft", F(1, 5), "out of focus"),
        ("half soft", F(1, 5), "out of focus"),
        ("shaken", F(1, 5), "the camera shakes"),
        ("blown", F(3, 2), "blown out"),
        ("lamp blown", F(3, 2), "blown out"),
        ("all blown", F(1, 5), "blown out"),
        ("flickering", F(1, 5), "the light flickers"),
        ("clipped", F(1, 5), "the sound is clipped"),
        ("clipped and turned down", F(1, 5), "the sound is clipped"),
    ],
)
def test_a_spoiled_span_is_found(clips, name, start, what):
    frames = 62 if start < 1 else 32
    (found,) = vetoes.vetoed_takes_stay_out(case_of(clips[name], start, frames)).findings
    assert what in found.what
    assert found.what.startswith(clips[name][1].path)
    assert found.what.endswith("choose another take")
    assert found.figure and found.limit and found.at.endswith(" s")


def test_the_good_half_of_a_spoiled_take_passes(clips):
    for name in ("half soft", "blown", "lamp blown"):
        assert vetoes.vetoed_takes_stay_out(case_of(clips[name], F(0), 32)).findings == ()


def test_a_lamp_that_is_lit_in_a_dark_room_is_no_fault(clips):
    found = vetoes.vetoed_takes_stay_out(case_of(clips["lamp lit"], F(3, 2), 32))
    assert flaws.BLOWN_LIT < found.figures["blown_share"] < flaws.BLOWN
    assert found.findings == ()


def test_a_white_page_that_fades_in_is_no_fault(clips):
    """Just before the span it is dark: what it becomes later is no blown picture beside that."""
    found = vetoes.vetoed_takes_stay_out(case_of(clips["page faded in"], F(1), 45))
    assert found.figures["blown_share"] > flaws.BLOWN
    assert found.findings == ()


def test_a_flaw_is_told_where_it_is(clips):
    (found,) = vetoes.vetoed_takes_stay_out(case_of(clips["half soft"], F(0), 75)).findings
    assert 0.9 <= float(found.at.split()[0]) <= 2.0


def test_other_aspects_measure_nothing_again(clips, monkeypatch):
    case = case_of(clips["clean"])
    first = vetoes.vetoed_takes_stay_out(case)
    monkeypatch.setattr(flaws, "steps", None)
    monkeypatch.setattr(flaws, "listened", None)
    assert vetoes.vetoed_takes_stay_out(case) == first


def test_short_stretches_and_silence_are_answered(clips):
    sources, row = clips["clean"]
    case = case_of((sources, row), frames=5)
    assert flaws.seen_flaws(case, Shown(0, case.timeline.picture[0], 0, 5)).figures == {}
    assert flaws.listened(np.zeros((2, RATE), np.float32)).flaws == ()
    assert flaws.listened(np.zeros((2, 100), np.float32)).flaws == ()
    assert vetoes.vetoed_takes_stay_out(case_of((sources, row), shots=False)).findings == ()


def test_tones_and_noise_are_not_clipped():
    time = np.arange(2 * RATE) / RATE
    rng = np.random.default_rng(1)
    for sound in (
        0.5 * np.sin(2 * np.pi * 440 * time),
        0.9 * np.sin(2 * np.pi * 97 * time),
        rng.normal(0, 0.1, len(time)),
    ):
        both = np.stack([sound, sound]).astype(np.float32)
        assert flaws.listened(both).flaws == ()
        loud = np.clip(both * 6, -1, 1) * np.float32(0.5)
        assert flaws.listened(loud).flaws != ()


def test_foreign_measures_agree(clips):
    """Plain statistics of all pictures, decoded by PyAV at full size, tell the same flaws."""
    from scipy.ndimage import gaussian_laplace

    def pictures(name):
        sources, row = clips[name]
        with open_container(sources.root / row.path) as container:
            return np.stack(
                [f.to_ndarray(format="gray") for f in container.decode(video=0)][5:70]
            ).astype(np.float32)

    sharp = {name: gaussian_laplace(pictures(name)[10], 1.5).var() for name in ("clean", "soft")}
    assert sharp["soft"] < sharp["clean"] / 3
    light = {name: pictures(name).mean(axis=(1, 2)) for name in ("clean", "flickering")}
    assert light["flickering"].std() / light["flickering"].mean() > flaws.FLICKERS
    assert light["clean"].std() / light["clean"].mean() < flaws.FLICKERS / 4
    white = {name: (pictures(name)[-20:] >= 235).mean() for name in ("clean", "blown")}
    assert white["blown"] > flaws.BLOWN > 4 * white["clean"]


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_hardly_a_span_of_real_footage_counts_as_blown_out(corpus, tmp_path):
    """Two seconds every half second, all over the corpus: skies, walls, fades and pans to white."""
    workspace, project = making.project(tmp_path, corpus / "footage")
    rows, _ = read_footage(project, [])
    shots, _, _ = analyse_clips(workspace, corpus / "footage", rows)
    clips = {row.clip_id: row for row in rows if row.role == "clip"}
    tables = Tables({r.path: r for r in rows}, shots={s.shot_id: s for s in shots})
    sources = Sources(corpus / "footage", tables.rows)
    found, spans = [], 0
    for shot in shots:
        for number in range(int((shot.end - shot.start - 2) * 2) + 1):
            cut = making.picture(clips[shot.clip_id], 0, 50, shot.start + F(number, 2))
            cut = replace(cut, shot_id=shot.shot_id)
            line = making.timeline(25, [cut])
            case = replace(case_of((sources, clips[shot.clip_id])), timeline=line, tables=tables)
            looked = flaws.seen_flaws(case, Shown(0, cut, 0, 50))
            found += [(cut.path, float(cut.source_start), f) for f in looked.flaws]
            spans += 1
    assert spans >= 150
    blown = [one for one in found if "blown" in one[2].what]
    assert len(blown) <= spans // 100, blown  # a drawn sky has 8.4 % of white
