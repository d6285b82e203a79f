"""The embedded default embedder: unit vectors, likeness, visual words."""

import numpy as np
import pytest

from video_assets.foundation.errors import ModelUnavailable
from video_assets.models.embedders import (
    COLOURS,
    default_embedder,
    describe_look,
    embedder,
    fits,
    visual_words,
)

PAINT = {
    "red": (210, 30, 30), "orange": (240, 140, 20), "yellow": (240, 220, 40), "green": (40, 160, 60),
    "cyan": (40, 210, 220), "blue": (30, 60, 200), "purple": (130, 40, 190), "pink": (245, 120, 190),
    "brown": (110, 70, 30), "black": (8, 8, 8), "grey": (128, 128, 128), "white": (245, 245, 245),
}  # fmt: skip


def painted(colour: tuple[int, int, int], seed: int = 0, size=(90, 160)) -> np.ndarray:
    """A lit, slightly noisy wall of one colour."""
    light = np.linspace(0.92, 1.04, size[1])[None, :, None]
    noise = np.random.default_rng(seed).normal(0, 4, (*size, 3))
    return np.clip(np.array(colour) * light + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def walls() -> np.ndarray:
    return default_embedder().images([painted(c) for c in PAINT.values()])


def test_vectors_are_of_length_one_and_repeat(walls):
    look = default_embedder()
    assert (look.name, look.size) == ("look-1", 256)
    assert walls.shape == (12, 256) and walls.dtype == np.float32
    assert np.allclose(np.linalg.norm(walls, axis=1), 1, atol=1e-5)
    assert np.array_equal(walls, look.images([painted(c) for c in PAINT.values()]))
    assert look.images([]).shape == (0, 256)
    flat = look.images([np.zeros((1, 1, 3), np.uint8), np.full((700, 20, 3), 255, np.uint8)])
    assert np.allclose(np.linalg.norm(flat, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("colour", COLOURS)
def test_a_colour_word_finds_its_wall_first(walls, colour):
    query = default_embedder().text(f"something {colour}")
    assert query is not None
    assert list(PAINT)[int(np.argmax(walls @ query))] == colour


@pytest.mark.parametrize(
    ("word", "more", "less"),
    [
        ("dark", "black", "white"), ("night", "brown", "yellow"), ("bright", "white", "blue"),
        ("warm", "orange", "blue"), ("cool", "blue", "red"), ("vivid", "red", "grey"), ("muted", "grey", "green"),
    ],
)  # fmt: skip
def test_words_for_light_order_the_walls(walls, word, more, less):
    names = list(PAINT)
    scores = walls @ default_embedder().text(word)
    assert scores[names.index(more)] > scores[names.index(less)]


def test_busy_and_plain():
    rng = np.random.default_rng(2)
    crowd = np.repeat(np.repeat(rng.integers(0, 255, (30, 40, 3)), 6, 0), 6, 1).astype(np.uint8)
    vectors = default_embedder().images([painted(PAINT["grey"]), crowd])
    plain, busy = (vectors @ default_embedder().text(w) for w in ("plain", "busy"))
    assert plain[0] > plain[1] and busy[1] > busy[0]


def test_the_same_scene_a_little_later_is_nearest():
    """Moved by a few pixels and 8 % darker, it is still nearer than another scene of its colours."""
    rng = np.random.default_rng(3)
    scenes = [np.repeat(np.repeat(rng.integers(0, 255, (6, 8, 3)), 30, 0), 30, 1) for _ in range(6)]
    later = [np.clip(np.roll(s, 4, axis=1) * 0.92, 0, 255).astype(np.uint8) for s in scenes]
    mirrored = scenes[0][:, ::-1].astype(np.uint8)
    base = default_embedder().images([*(s.astype(np.uint8) for s in scenes), mirrored])
    assert [int(i) for i in np.argmax(default_embedder().images(later) @ base.T, axis=1)] == list(
        range(6)
    )


def test_fits_is_all_or_nothing_at_the_ends(walls):
    names = list(PAINT)
    dark = fits(walls, ["dark"])
    assert dark[names.index("black")] > 0.9 and dark[names.index("white")] == 0
    both = fits(walls, ["blue", "cool"])
    assert names[int(np.argmax(both))] == "blue" and both[names.index("red")] == 0
    assert np.array_equal(fits(walls, []), np.ones(12))


def test_words_that_mean_no_look_give_none():
    assert default_embedder().text("a lantern on a table") is None
    assert default_embedder().text("") is None
    assert visual_words("Golden NIGHT, golden glow") == ["orange", "dark"]


def test_says_what_a_picture_looks_like(walls):
    said = describe_look(walls[list(PAINT).index("blue")])
    assert said[0] == "blue" and "cool" in said
    assert describe_look(np.zeros(256, np.float32)) == []


def test_unknown_names_and_wrong_pictures_are_refused():
    with pytest.raises(ModelUnavailable, match="look-1"):
        embedder("clap")
    with pytest.raises(ValueError, match="uint8"):
        default_embedder().images([np.zeros((4, 4), np.uint8)])
