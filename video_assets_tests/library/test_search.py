"""Search: words over tags, speech and names first, then visual words, then a picture."""

from fractions import Fraction as F

import numpy as np
import pytest

from video_assets.foundation.errors import FootageError
from video_assets.foundation.records import FootageRow, Line, Shot, Tag
from video_assets.foundation.store import Project, Workspace
from video_assets.library.frame_index import index_frames
from video_assets.library.search import search, stem
from video_assets.models.embedders import default_embedder

CLIPS = {
    "places/lake_dusk_4k.mp4": ("a", (30, 40, 120)),
    "products/lantern_table.mp4": ("b", (210, 60, 30)),
    "interviews/nora.mp4": ("c", (180, 180, 175)),
    "places/forest.mp4": ("d", (40, 140, 50)),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    import cv2

    workspace = Workspace(tmp_path_factory.mktemp("search") / "data")
    project = Project(workspace, "spring")
    project.root.mkdir(parents=True)
    (project.root / "project.yaml").write_text("brand: spring\n")
    rows, shots = [], []
    for path, (letter, colour) in CLIPS.items():
        clip_id = letter * 32
        rows.append(FootageRow(path, "clip", 1, 1, clip_id=clip_id, duration=F(10)))
        for n in range(2):
            name = f"clips/{letter}{n}.jpg"
            picture = np.full((36, 64, 3), colour[::-1], np.uint8)
            picture[18:] //= n + 1
            (workspace.root / "clips").mkdir(exist_ok=True)
            assert cv2.imwrite(str(workspace.root / name), picture)
            shots.append(
                Shot(
                    f"{clip_id[:12]}-{n:04d}",
                    clip_id,
                    n,
                    F(5 * n),
                    F(5 * n + 5),
                    stills=(name,),
                    still_times=(F(5 * n + 2),),
                )
            )
    nora = "c" * 32
    lines = [
        Line("c-l0000", nora, 0, "We made the dial from one piece of brass.", F(1), F(3), 0, 8),
        Line("c-l0001", nora, 1, "Nobody carries candles to the desk.", F(13, 2), F(9), 9, 14),
    ]
    tags = [
        Tag("a" * 12 + "-0000", "a" * 32, "lake", "name", "places/lake_dusk_4k.mp4"),
        Tag("b" * 12 + "-0000", "b" * 32, "glowing lamp", "concept", "taught", 0.8),
        Tag("c" * 12 + "-0000", nora, "lake", "speech", "said nowhere"),
    ]

    def write(draft):
        draft.records("library/footage.parquet", FootageRow, rows)
        draft.records("library/shots.parquet", Shot, shots)
        draft.records("library/lines.parquet", Line, lines)
        draft.records("library/tags.parquet", Tag, tags)

    project.make("library", "1", {}, write)
    index_frames(workspace, "spring", shots, default_embedder())
    return project


def found(project: Project, text: str, limit: int = 10):
    return search(project, text, None, limit)


def test_a_spoken_word_gives_the_lines_exact_span(project):
    (hit,) = found(project, "brass")
    assert (hit.path, hit.start, hit.end) == ("interviews/nora.mp4", 1, 3)
    assert hit.why == "says 'We made the dial from one piece of brass.'"


def test_a_tag_comes_with_its_file(project):
    first, *_ = found(project, "lake")
    assert first.shot_id == "a" * 12 + "-0000"
    assert first.why == "tag: lake (places/lake_dusk_4k.mp4)"
    assert (first.start, first.end) == (0, 5)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("lakes", "places/lake_dusk_4k.mp4"), ("candle", "interviews/nora.mp4"), ("lantren", "products/lantern_table.mp4"),
        ("Carrying", "interviews/nora.mp4"), ("a lantern on the table", "products/lantern_table.mp4"), ("glow lamp", "products/lantern_table.mp4"),
        ("forest", "places/forest.mp4"),
    ],
)  # fmt: skip
def test_plurals_endings_typos_and_names(project, text, path):
    assert found(project, text)[0].path == path


def test_visual_words_find_the_look(project):
    first, second, *_ = found(project, "something blue")
    assert {first.path, second.path} == {"places/lake_dusk_4k.mp4"}
    assert first.why == "looks blue"
    assert "looks dark, green" in found(project, "dark green")[0].why


def test_words_come_before_looks(project):
    hits = found(project, "red lake")
    assert hits[0].path == "places/lake_dusk_4k.mp4"
    assert any(h.path == "products/lantern_table.mp4" and h.why == "looks red" for h in hits)
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)


def test_each_shot_once_within_the_limit_and_the_same_every_time(project):
    hits = found(project, "places green lake lantern nora")
    assert len({h.shot_id for h in hits}) == len(hits)
    assert found(project, "places green lake lantern nora") == hits
    assert found(project, "places", 1) == found(project, "places")[:1]
    assert found(project, "places", 0) == []


def test_nothing_answers_to_nothing(project):
    for text in ("", "   ", "the", "zeppelin", "\0", "'; drop --", "🦊", "x" * 5000):
        assert found(project, text) == []


def test_a_model_that_knows_words_is_asked_with_them(project, monkeypatch):
    class Knows:
        name, size = "knows-1", 4

        def images(self, pictures):
            found = np.array(
                [[1 + 3 * (p[..., 1].mean() > 137), 1, 1, 1] for p in pictures], np.float32
            )
            return found / np.linalg.norm(found, axis=1, keepdims=True)

        def text(self, text):
            return np.array([1, 0, 0, 0], np.float32) if "tree" in text else None

    index_frames(project.workspace, "spring", project.read("library/shots.parquet", Shot), Knows())
    monkeypatch.setattr("video_assets.library.search._model", lambda _: "knows-1")
    monkeypatch.setattr("video_assets.library.search.embedder", lambda _: Knows())
    hits = found(project, "an old tree")
    assert hits and all("looks like 'an old tree' to knows-1" in h.why for h in hits)
    assert found(project, "nothing known") == []


def test_a_picture_finds_its_like(project, tmp_path):
    import cv2

    path = tmp_path / "wanted.png"
    picture = np.full((50, 90, 3), (50, 140, 45), np.uint8)
    assert cv2.imwrite(str(path), picture)
    first, *_ = search(project, None, path, 3)
    assert first.path == "places/forest.mp4"
    assert first.why.startswith("looks like wanted.png (green")
    both = search(project, "lake", path, 10)
    assert any("tag: lake" in h.why and "looks like" in h.why for h in both)
    (tmp_path / "broken.jpg").write_text("no picture")
    with pytest.raises(FootageError, match=r"broken\.jpg"):
        search(project, None, tmp_path / "broken.jpg", 3)
    with pytest.raises(FootageError, match=r"gone\.jpg"):
        search(project, None, tmp_path / "gone.jpg", 3)


def test_stems():
    assert (
        stem("lakes") == stem("lake")
        and stem("boxes") == stem("box")
        and stem("cities") == stem("city")
    )
    assert stem("running") == stem("run") and stem("carried") != "" and stem("glass") == "glass"
    assert stem("nora's") == "nora" and stem("bus") == "bus" and stem("sing") == "sing"
