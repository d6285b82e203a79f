"""A tiny library of records, as if footage had been analysed: no media is read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction as F
from pathlib import Path

from video_assets.editorial.brief import Brief
from video_assets.editorial.plan import Plan
from video_assets.foundation.records import (
    FootageRow,
    Line,
    MusicCue,
    Shot,
    Soundtrack,
    Tag,
    Word,
)

PLAN = Plan("draft", {}, ())
MUSIC = MusicCue("music/bed.m4a", "0" * 64)
WORD = F(3, 10)
GAP = F(1, 25)
ROOT = Path("footage")
BETWEEN = F(3, 5)

SCRIPT = (
    "What if the dark felt like home?",
    "Wickfield is a small lantern with a very warm glow.",
    "One turn of the dial and the whole kitchen softens.",
    "It charges over dinner and it glows until morning.",
    "Carry it from the desk to the lake in one hand.",
    "In rain or in fog the light stays soft and steady.",
    "It's made of brass and glass and it's made to be mended.",
    "Some evenings ask for a slower light.",
    "Find your light at Wickfield dot example.",
)


@dataclass
class Library:
    """What the rooms below hand to editorial."""

    rows: list[FootageRow] = field(default_factory=list)
    shots: list[Shot] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)
    sounds: list[Soundtrack] = field(default_factory=list)

    def clip(
        self,
        path: str,
        seconds: F | int,
        rate: F = F(25),
        size: tuple[int, int] = (1920, 1080),
        setup: str = "",
        tags: Sequence[str] = (),
        **shot: object,
    ) -> str:
        """One clip of one shot; its id."""
        number = len(self.rows)
        clip_id = f"{number + 1:032x}"[::-1]
        length = F(round(F(seconds) * rate)) / rate
        self.rows.append(
            FootageRow(
                path,
                "clip",
                1000,
                1,
                clip_id=clip_id,
                container="mp4",
                duration=length,
                video_stream=0,
                video_codec="h264",
                width=size[0],
                height=size[1],
                coded_width=size[0],
                coded_height=size[1],
                fps=rate,
                audio_stream=1,
                audio_codec="aac",
                audio_rate=48000,
                audio_channels=2,
            )
        )
        shot_id = f"{clip_id[:12]}-0000"
        known = {
            "luma": 0.45,
            "contrast": 0.2,
            "clipped": 0.01,
            "colourfulness": 30.0,
            "sharpness": 5.0 + number / 10,
            "motion": 0.012,
            "shake": 0.001,
        }
        self.shots.append(
            Shot(
                shot_id, clip_id, 0, F(0), length, setup=setup or f"s{number}", **{**known, **shot}
            )  # type: ignore[arg-type]
        )
        self.tags += [Tag(shot_id, clip_id, t, "name", path) for t in tags]
        self.sounds.append(Soundtrack(clip_id, length, F(0), f"{clip_id}.wav", -20.0, -3.0, 25.0))
        return clip_id

    def talk(
        self,
        path: str,
        said: Sequence[tuple[str, str, bool, int]],
        rate: F = F(25),
        size: tuple[int, int] = (1920, 1080),
        setup: str = "",
        flags: str = "",
        source: str = "sidecar",
    ) -> str:
        """A presenter's clip. `said`: (sentence, retake group, complete, take)."""
        at = F(1)
        times: list[list[tuple[str, F, F]]] = []
        for text, *_ in said:
            own = []
            for word in text.split():
                own.append((word, at, at + WORD))
                at += WORD + GAP
            times.append(own)
            at += BETWEEN
        clip_id = self.clip(
            path,
            at + 1,
            rate,
            size,
            setup,
            face_share=0.95,
            face=(0.4, 0.2, 0.2, 0.3),
            focus=(0.5, 0.35),
        )
        number = 0
        for place, ((text, group, complete, take), own) in enumerate(zip(said, times, strict=True)):
            first = number
            for word, start, end in own:
                self.words.append(
                    Word(clip_id, number, word, start, end, "Nora", 1.0, source, flags)
                )
                number += 1
            self.lines.append(
                Line(
                    f"{clip_id[:12]}-l{place:04d}",
                    clip_id,
                    place,
                    text,
                    own[0][1],
                    own[-1][2],
                    first,
                    number - 1,
                    "Nora",
                    1.0,
                    source,
                    group,
                    complete,
                    take,
                )
            )
        self.sounds[-1] = Soundtrack(
            clip_id,
            self.rows[-1].duration,
            F(0),
            "x.wav",
            -20.0,
            -3.0,
            25.0,
            tuple((own[0][1], own[-1][2]) for own in times),
        )
        return clip_id

    @property
    def ideas_args(self) -> tuple[object, ...]:
        """Behind brief and plan in make_ideas."""
        return self.rows, self.shots, self.words, self.lines, self.tags, self.sounds


def presenter(library: Library, rate: F = F(25), size: tuple[int, int] = (1920, 1080)) -> None:
    """Two set-ups: every line, the third flubbed once and said again, the fifth in two takes."""
    first = [(text, f"g{n}", True, 1) for n, text in enumerate(SCRIPT)]
    flub = ("One turn of the", "g2", False, 1)
    first[2:3] = [flub, (SCRIPT[2], "g2", True, 2)]
    library.talk("interviews/kitchen_a.mp4", first, rate, size, "kitchen")
    library.talk(
        "interviews/window.mp4",
        [(SCRIPT[4], "g4", True, 2), (SCRIPT[7], "g7", True, 2)],
        rate,
        size,
        "window",
    )


def broll(library: Library, rate: F = F(25), size: tuple[int, int] = (1920, 1080)) -> None:
    """Shots of products and places, some of one set-up."""
    names = (
        ("product/lantern_closeup.mp4", 12, ("lantern", "glow", "closeup"), "close"),
        ("product/hand_dial.mp4", 9, ("hand", "dial", "turn"), "hand"),
        ("product/desk_evening.mp4", 10, ("desk", "evening"), "desk"),
        ("places/lake_dusk.mp4", 14, ("lake", "dusk"), "lake"),
        ("places/lake_dusk_2.mp4", 9, ("lake", "dusk"), "lake"),
        ("places/tent_night.mp4", 11, ("tent", "night"), "tent"),
    )
    for path, seconds, tags, setup in names:
        library.clip(path, seconds, rate, size, setup, tags)


def library(kind: str, rate: F = F(25)) -> Library:
    """talk, talk_only, montage, single or portrait."""
    made = Library()
    size = (1080, 1920) if kind == "portrait" else (1920, 1080)
    if kind in ("talk", "talk_only", "portrait"):
        presenter(made, rate, size)
    if kind in ("talk", "portrait", "montage"):
        broll(made, rate, size)
    if kind == "single":
        made.clip("long.mp4", 90, rate, size, "one")
    return made


def brief(**keys: object) -> Brief:
    """The brief of the made-up lantern."""
    known: dict[str, object] = {
        "title": "Wickfield",
        "key_messages": ["A small lantern with a warm glow", "One turn of the dial"],
        "call_to_action": "Find your light at wickfield.example",
        "hooks": ["What if the dark felt like home?", "A slower light", "One turn"],
        "script": "\n".join(SCRIPT),
        "hashtags": ["#wickfield"],
    }
    return Brief.model_validate({**known, **keys})
