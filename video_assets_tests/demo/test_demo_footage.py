"""The bundled demo footage is what its README says: sizes, faces, words, motion, damage."""

import itertools
import json
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import yaml

import video_assets.demo
from video_assets.demo.rooms import FACES

DEMO = Path(video_assets.demo.__file__).parent
FOOTAGE = DEMO / "footage"
INTERVIEWS = sorted(FACES)
BROLL = [
    "places/balcony_city.mp4",
    "places/lake_dusk_4k.mp4",
    "places/tent_night.mp4",
    "product/desk_evening.mp4",
    "product/hand_switch.mp4",
    "product/lantern_closeup_4k.mp4",
]
WITH_WORDS = [name for name in INTERVIEWS if "customer" not in name]
FLOOR = 1.0  # mean grey levels that must change in every half second of B-roll


@cache
def probe(name: str) -> tuple[int, int, float, float]:
    """Width, height, frames a second, seconds."""
    with av.open(str(FOOTAGE / name)) as clip:
        stream = clip.streams.video[0]
        assert clip.duration is not None and stream.average_rate is not None
        return stream.width, stream.height, float(stream.average_rate), clip.duration / 1e6


@cache
def sound(name: str) -> np.ndarray:
    """The clip's sound as mono samples at 48 kHz."""
    with av.open(str(FOOTAGE / name)) as clip:
        assert clip.streams.audio[0].rate == 48_000
        parts = [frame.to_ndarray().mean(axis=0) for frame in clip.decode(audio=0)]
    return np.concatenate(parts)


def grey_frames(name: str, height: int, every: int, only_keys: bool = False) -> list[np.ndarray]:
    """Every n-th decoded picture in grey, `height` pixels high."""
    frames = []
    with av.open(str(FOOTAGE / name)) as clip:
        stream = clip.streams.video[0]
        stream.thread_type = "AUTO"
        if only_keys:
            stream.codec_context.skip_frame = "NONKEY"
        wide = round(stream.width / stream.height * height / 2) * 2
        for index, frame in enumerate(clip.decode(stream)):
            if index % every == 0:
                grey = frame.reformat(width=wide, height=height, format="gray")
                frames.append(grey.to_ndarray())
    return frames


def rms(samples: np.ndarray) -> float:
    return float(np.sqrt((samples**2).mean() + 1e-12))


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    tall = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(0.0, wide) * max(0.0, tall)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def test_it_fits_in_a_wheel():
    files = [path for path in DEMO.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sum(path.stat().st_size for path in files) <= 14_000_000


def test_clips_and_their_sizes():
    found = sorted(str(path.relative_to(FOOTAGE)) for path in FOOTAGE.rglob("*.mp4"))
    assert found == sorted([*INTERVIEWS, *BROLL, "places/camp_damaged.mp4"])
    sizes = {name: probe(name)[:2] for name in [*INTERVIEWS, *BROLL]}
    assert sorted(name for name, size in sizes.items() if size == (3840, 2160)) == [
        "places/lake_dusk_4k.mp4",
        "product/lantern_closeup_4k.mp4",
    ]
    assert [name for name, (w, h) in sizes.items() if h > w] == ["interviews/customer_balcony.mp4"]
    assert all(probe(name)[2] == 25 for name in sizes)
    assert all(probe(name)[3] >= 5 for name in sizes)


@pytest.mark.parametrize("name", INTERVIEWS)
def test_a_face_is_found_where_it_is(name: str):
    # Key pictures come every two seconds: enough to judge, cheap to decode.
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    scale = probe(name)[1] / 480
    frames = grey_frames(name, 480, 1, only_keys=True)
    assert len(frames) >= 3
    good = 0
    for frame in frames:
        boxes = [
            tuple(float(v) * scale for v in box) for box in cascade.detectMultiScale(frame, 1.1, 5)
        ]
        good += len(boxes) == 1 and overlap(boxes[0], FACES[name]) >= 0.4
    assert good >= 0.9 * len(frames), f"{good} of {len(frames)}"


@pytest.mark.parametrize("name", BROLL)
def test_broll_shows_no_faces(name: str):
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    frames = grey_frames(name, 480, 1, only_keys=True)
    assert sum(len(cascade.detectMultiScale(frame, 1.1, 5)) > 0 for frame in frames) <= 0.4 * len(
        frames
    )


@pytest.mark.parametrize("name", BROLL)
def test_broll_never_stands_still(name: str):
    # Twelve frames at 25 a second: just under half a second.
    frames = [frame.astype(np.float32) for frame in grey_frames(name, 270, 12)]
    steps = [float(np.abs(b - a).mean()) for a, b in itertools.pairwise(frames)]
    assert len(steps) >= 9
    assert min(steps) > FLOOR, [round(step, 2) for step in steps]


@pytest.mark.parametrize("name", WITH_WORDS)
def test_words_lie_on_speech(name: str):
    sidecar = json.loads((FOOTAGE / name).with_suffix(".json").read_text(encoding="utf-8"))
    assert list(sidecar) == ["version", "language", "speaker", "words"]
    assert (sidecar["version"], sidecar["language"], sidecar["speaker"]) == (1, "en", "Nora")
    words = sidecar["words"]
    assert all(list(word) == ["text", "start", "end"] for word in words)
    assert all(word["start"] < word["end"] for word in words)
    assert all(a["end"] <= b["start"] + 0.002 for a, b in itertools.pairwise(words))
    assert words[0]["start"] >= 0 and words[-1]["end"] <= probe(name)[3]
    assert words[-1]["text"][-1] in ".?!"
    samples = sound(name)
    # The quiet before the first word and after the last is the room alone.
    tone = rms(samples[int(0.1 * 48_000) : int((words[0]["start"] - 0.15) * 48_000)])
    assert -75 < 20 * np.log10(tone) < -50
    loud = [rms(samples[int(w["start"] * 48_000) : int(w["end"] * 48_000)]) for w in words]
    assert sum(level > 8 * tone for level in loud) >= 0.97 * len(loud)


@pytest.mark.parametrize("name", INTERVIEWS)
def test_speech_is_at_a_sane_level(name: str):
    samples = sound(name)
    assert np.abs(samples).max() < 10 ** (-3 / 20)
    assert -30 < 20 * np.log10(rms(samples)) < -16


def test_quiet_lies_between_takes():
    words = json.loads((FOOTAGE / WITH_WORDS[0]).with_suffix(".json").read_text(encoding="utf-8"))[
        "words"
    ]
    pauses = [b["start"] - a["end"] for a, b in itertools.pairwise(words) if a["text"][-1] in ".?!"]
    assert len(pauses) == 5
    assert all(0.6 <= pause <= 1.1 for pause in pauses)


def test_the_customer_has_no_sidecar():
    assert not (FOOTAGE / "interviews/customer_balcony.json").exists()
    assert sorted(path.stem for path in FOOTAGE.rglob("*.json")) == sorted(
        Path(n).stem for n in WITH_WORDS
    )


def test_the_damaged_clip_cannot_be_opened():
    damaged = FOOTAGE / "places/camp_damaged.mp4"
    assert 10_000 < damaged.stat().st_size <= 200_000
    with pytest.raises(av.error.FFmpegError):
        av.open(str(damaged))


def test_music_is_whole_and_unclipped():
    with av.open(str(DEMO / "music/wickfield_theme.m4a")) as file:
        assert file.duration is not None and 30 <= file.duration / 1e6 <= 40
        parts = [frame.to_ndarray() for frame in file.decode(audio=0)]
    samples = np.concatenate(parts, axis=1)
    assert np.abs(samples).max() < 0.99
    assert -24 < 20 * np.log10(rms(samples)) < -12
    assert rms(samples[:, -4800:]) < 0.1 * rms(samples), "the ending fades to nothing"


def test_brief_and_brand_have_their_keys():
    brief = yaml.safe_load((DEMO / "brief.yaml").read_text(encoding="utf-8"))
    assert set(brief) == {
        "title", "language", "durations", "tier", "key_messages", "call_to_action", "hooks", "script",
        "glossary", "forbidden", "hashtags", "music",
    }  # fmt: skip
    assert (
        brief["durations"] == [6, 15, 30]
        and brief["tier"] == "delivery"
        and brief["music"] == "auto"
    )
    assert len(brief["hooks"]) == 3 and all(len(hook) <= 32 for hook in brief["hooks"])
    assert 3 <= len(brief["key_messages"]) <= 4
    assert brief["glossary"] == [{"word": "Wickfield", "instead_of": ["Wakefield", "Wick field"]}]
    brand = yaml.safe_load((DEMO / "brand/brand.yaml").read_text(encoding="utf-8"))
    assert brand["name"] == "Wickfield" and brand["tagline"]
    assert brand["colors"] == {"primary": "#E8A33D", "ink": "#14202B", "paper": "#F6EFE3"}


def test_every_line_of_the_script_is_spoken_whole():
    brief = yaml.safe_load((DEMO / "brief.yaml").read_text(encoding="utf-8"))
    spoken = " ".join(
        word["text"]
        for name in WITH_WORDS
        for word in json.loads((FOOTAGE / name).with_suffix(".json").read_text(encoding="utf-8"))[
            "words"
        ]
    )
    lines = brief["script"].strip().splitlines()
    assert len(lines) == 10
    missing = [line for line in lines if line not in spoken]
    assert missing == ["We put it on the balcony, and we stayed out until midnight."]
