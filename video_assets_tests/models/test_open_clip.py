"""open_clip for real, on a tiny random model: loading, pictures, words, offline."""

import numpy as np
import pytest

from video_assets.foundation.errors import ModelUnavailable
from video_assets.models.open_clip_engine import OpenClip

pytestmark = [
    pytest.mark.models,
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        from video_assets_tests.models import tiny

        model, weights = tiny.clip_weights(tmp_path_factory.mktemp("clip"))
        yield OpenClip(model, str(weights), "cpu")


def test_pictures_become_unit_vectors_and_repeat(engine):
    red = np.full((90, 160, 3), (200, 20, 20), np.uint8)
    noise = np.random.default_rng(0).integers(0, 255, (120, 80, 3)).astype(np.uint8)
    vectors = engine.images([red, noise, red])
    assert vectors.shape == (3, 64) and vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(vectors[0], vectors[2], atol=1e-5)
    assert vectors[0] @ vectors[1] < 0.9999
    assert engine.images([]).shape == (0, 64)


def test_words_lie_in_the_same_space(engine):
    vector = engine.text("a lantern on a table")
    assert vector is not None and vector.shape == (engine.size,) == (64,)
    assert np.isclose(np.linalg.norm(vector), 1, atol=1e-5)
    assert engine.text("  ") is None


def test_its_name_says_model_and_weights(engine):
    assert engine.name == "open_clip:tiny-clip:tiny.pt"


def test_says_which_weights_are_missing(tmp_path):
    with pytest.raises(ModelUnavailable, match="VIDEO_ASSETS_CLIP_WEIGHTS"):
        OpenClip("ViT-B-32", str(tmp_path / "nothing.pt"), "cpu").images(
            [np.zeros((64, 64, 3), np.uint8)]
        )
