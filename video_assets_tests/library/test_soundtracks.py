"""Sound on the clip's clock, its loudness, and who speaks when."""

import os
import subprocess
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from video_assets.foundation.media import ffmpeg_path
from video_assets.library.soundtracks import Heard, SoundMeter

CORPUS = os.environ.get("VIDEO_ASSETS_CORPUS")
needs_corpus = pytest.mark.skipif(not CORPUS, reason="corpus is absent")


def heard(
    path: Path, wav: Path, shift: Fraction = Fraction(0), skip: tuple[float, float] = (0, 0)
) -> Heard:
    """What the meter says of a file whose sound begins at `shift`, without what lies in `skip`."""
    meter = SoundMeter(wav)
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            time = frame.pts * frame.time_base
            if not skip[0] <= time < skip[1]:
                meter.hear(frame, time + shift)
    return meter.finish()


def made(folder: Path, graph: str, *more: str) -> Path:
    path = folder / "made.wav"
    subprocess.run(
        [ffmpeg_path(), "-v", "error", "-y", "-f", "lavfi", "-i", graph, *more, path], check=True
    )
    return path


def samples(wav: Path) -> np.ndarray:
    with wave.open(str(wav)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16000, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


@pytest.mark.parametrize("graph", [
    pytest.param("sine=f=440:d=6", id="tone"),
    pytest.param("anullsrc=d=6", id="silence"),
    pytest.param("anoisesrc=c=pink:d=6:a=0.3:seed=1", id="noise"),
    pytest.param("aevalsrc=0.4*sin(2*PI*300*t)*gt(mod(t\\,0.25)\\,0.12):d=6", id="beeps"),
    pytest.param("anoisesrc=c=white:d=6:a=0.3:seed=1,tremolo=f=4:d=0.9", id="pulsing-noise"),
])  # fmt: skip
def test_nobody_speaks_in(graph, tmp_path):
    assert heard(made(tmp_path, graph), tmp_path / "o.wav").speech == ()


def test_loudness_and_true_peak(tmp_path):
    found = heard(
        made(tmp_path, "aevalsrc=0.5*sin(2*PI*997*t)|0.5*sin(2*PI*997*t):d=4:s=48000"),
        tmp_path / "o.wav",
    )
    assert found.loudness == pytest.approx(-6.0, abs=0.2) and found.peak == pytest.approx(
        -6.02, abs=0.1
    )
    assert found.duration == 4 and len(samples(tmp_path / "o.wav")) == 64000
    quiet = heard(made(tmp_path, "anullsrc=d=1"), tmp_path / "o.wav")
    assert (quiet.loudness, quiet.peak, quiet.snr) == (-70.0, -99.0, 0.0)
    assert quiet.silences == ((Fraction(0), Fraction(1)),)


def test_late_sound_and_gaps_keep_the_clips_clock(tmp_path):
    tone = made(tmp_path, "sine=f=440:d=3:r=48000")
    found = heard(tone, tmp_path / "o.wav", Fraction(3, 2), (1.0, 2.0))
    sound = np.abs(samples(tmp_path / "o.wav").astype(int))
    assert found.start == Fraction(3, 2)
    assert abs(len(sound) - 4.5 * 16000) < 1600
    loud = np.array(
        [
            sound[int(t * 16000) : int((t + 0.1) * 16000)].max() > 500
            for t in (0.5, 1.3, 1.6, 2.3, 2.7, 3.2, 3.7, 4.3)
        ]
    )
    assert loud.tolist() == [False, False, True, True, False, False, True, True]
    assert len(found.silences) == 2


@needs_corpus
def test_speech_is_found_where_it_is(tmp_path):
    spans = heard(Path(CORPUS, "speech/jfk.flac"), tmp_path / "o.wav").speech
    words = [
        (0.4, 2.1),
        (3.4, 4.3),
        (5.5, 7.6),
        (8.3, 10.4),
    ]  # as heard: "And so ... Americans / ask not / ..."
    assert all(any(a <= start and end <= b for a, b in spans) for start, end in words)
    assert not any(a < 2.7 < b for a, b in spans)


@needs_corpus
def test_no_speech_in_a_recording_without_any(tmp_path):
    assert heard(Path(CORPUS, "speech/empty.wav"), tmp_path / "o.wav").speech == ()
