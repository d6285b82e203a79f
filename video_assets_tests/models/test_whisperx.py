"""whisperx for real, on tiny random models: loading, transcribing, aligning, offline."""

from fractions import Fraction

import numpy as np
import pytest

from video_assets.foundation.errors import ModelUnavailable
from video_assets.models.whisperx_engine import WhisperX

pytestmark = [
    pytest.mark.models,
    pytest.mark.timeout(600),
    # pyannote looks for torchcodec's FFmpeg libraries, which we never use: sound comes as arrays.
    pytest.mark.filterwarnings("ignore:\\s*torchcodec is not installed correctly:UserWarning"),
]

SECONDS = 4


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("TRANSFORMERS_OFFLINE", "1")
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        from video_assets_tests.models import tiny

        base = tmp_path_factory.mktemp("models")
        yield WhisperX(
            str(tiny.whisper_folder(base)),
            "en",
            str(tiny.wav2vec2_folder(base)),
            "cpu",
            {"max_new_tokens": 8, "temperatures": [0.0], "beam_size": 1},
        )


@pytest.fixture(scope="module")
def sound():
    """Four seconds of a swelling buzz, float32, 16 kHz."""
    time = np.arange(SECONDS * 16000) / 16000
    buzz = np.sign(np.sin(2 * np.pi * 120 * time)) * (0.5 + 0.5 * np.sin(2 * np.pi * 4 * time))
    return (0.3 * buzz).astype(np.float32)


def test_transcribes_offline_from_local_folders(engine, sound):
    words = engine.words(sound)
    assert isinstance(words, list)
    for word in words:
        assert Fraction(0) <= word.start <= word.end <= SECONDS


def test_aligns_known_text_with_exact_times(engine, sound):
    said = "Dr. Smith turned the dial. The kitchen softens at 7."
    words = engine.aligned([{"text": said, "start": 0.2, "end": 3.8}], sound)
    assert [w.text for w in words] == said.split()
    assert all(isinstance(w.start, Fraction) and isinstance(w.end, Fraction) for w in words)
    assert all(type(w.confidence) is float and 0 <= w.confidence <= 1 for w in words)
    assert all(0 <= w.start <= w.end <= SECONDS for w in words)
    assert [w.start for w in words] == sorted(w.start for w in words)


def test_says_which_weights_are_missing(tmp_path):
    with pytest.raises(ModelUnavailable, match="VIDEO_ASSETS_WHISPERX_MODEL"):
        WhisperX(str(tmp_path / "nothing"), "en", device="cpu").words(np.zeros(16000, np.float32))
