"""Words for shots, each with its source."""

from fractions import Fraction

import cv2
import numpy as np

from video_assets.foundation.records import FootageRow, Line, Shot, Soundtrack
from video_assets.library.tags import content_words, find_tags, words_of


def test_names_without_camera_junk():
    assert words_of("IMG_1234 redCan-onTable") == ["red", "can", "table"]
    assert words_of("DSC0042") == words_of("A001_C003_0512") == words_of("GOPR1234") == []
    assert words_of("Paris2024_Eiffel Tower v2") == ["paris", "eiffel", "tower"]


def test_speech_keeps_what_it_is_about():
    assert content_words("It's the cold brew that we've steeped, isn't it?") == [
        "cold",
        "brew",
        "steeped",
        "isn",
    ]


def test_tags_with_sources(tmp_path):
    picture = np.full((90, 160, 3), (200, 60, 20), np.uint8)  # BGR: blue
    cv2.imwrite(str(tmp_path / "still.jpg"), picture)
    row = FootageRow("Kitchen/pouring-coffee.mp4", "clip", 1, 1, clip_id="c")
    shot = Shot("c-0000", "c", 0, Fraction(0), Fraction(4), luma=0.1, colourfulness=60.0, motion=0.001,
                face_share=0.8, face=(0.3, 0.2, 0.3, 0.5), stills=("still.jpg",))  # fmt: skip
    dull = Shot("c-0001", "c", 1, Fraction(4), Fraction(8), luma=0.9, motion=0.2)
    line = Line(
        "c-l0000",
        "c",
        0,
        "Fresh beans every morning.",
        Fraction(1),
        Fraction(3),
        0,
        3,
        source="sidecar",
    )
    sound = Soundtrack(
        "c",
        Fraction(8),
        Fraction(0),
        "x.wav",
        -20.0,
        -3.0,
        30.0,
        speech=((Fraction(1), Fraction(3)),),
    )
    tags = find_tags([row], [shot, dull], [line], [sound], tmp_path)
    first = {(t.kind, t.text) for t in tags if t.shot_id == "c-0000"}
    assert {
        ("folder", "kitchen"),
        ("name", "pouring"),
        ("name", "coffee"),
        ("speech", "fresh"),
        ("speech", "beans"),
        ("speech", "morning"),
        ("speech", "speaking"),
        ("people", "person"),
        ("people", "face"),
        ("people", "close-up"),
        ("motion", "still"),
        ("light", "dark"),
        ("colour", "blue"),
    } == first
    second = {(t.kind, t.text) for t in tags if t.shot_id == "c-0001"}
    assert second == {
        ("folder", "kitchen"),
        ("name", "pouring"),
        ("name", "coffee"),
        ("motion", "fast"),
        ("light", "bright"),
        ("colour", "grey"),
    }
    assert all(t.source and 0 < t.weight <= 1 for t in tags)
    assert find_tags([row], [shot, dull], [line], [sound], tmp_path) == tags
