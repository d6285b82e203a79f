"""A small cutdown in which two people speak: what the tests of words and story judge."""

from dataclasses import replace
from fractions import Fraction as F
from pathlib import Path

from video_assets.delivery.inspections.case import Case, Tables, Texts
from video_assets.editorial.brief import Brief, Spelling
from video_assets.editorial.captions import Chunk, sidecar_cues, social_chunks, srt, vtt
from video_assets.finishing.brand import BrandKit
from video_assets.foundation.records import (
    Beat,
    CaptionWord,
    Idea,
    Line,
    Shot,
    Timeline,
    Title,
    Word,
)
from video_assets_tests.delivery.cases import Made, made
from video_assets_tests.finishing import making

BRAND = BrandKit("Wickfield", tagline="A slower light.")
BRIEF = Brief(
    title="Wickfield",
    glossary=(Spelling(word="Wickfield", instead_of=("Wakefield", "Wick field")),),
    call_to_action="Find your light at wickfield.example",
    must_say=("Wickfield is small and warm",),
    forbidden=("cheapest",),
    hooks=("A slower light",),
)
SAID = {"a": "Wickfield is small and warm.", "b": "It glows until morning."}
STARTS = {"a": F(2, 5), "b": F(1, 5)}
"""Where each clip's dialogue begins in its source."""


def spoken_words(clip_id: str, said: str, first: F = F(1, 2)) -> list[Word]:
    found = []
    at = first
    for number, one in enumerate(said.split()):
        found.append(Word(clip_id, number, one, at, at + F(6, 25), "Nora", 1.0, "sidecar"))
        at += F(7, 25)
    return found


def talking(folder: Path) -> Made:
    """Two speakers' lines, a picture over the second, a title, an end card, captions burned in."""
    (folder / "footage").mkdir()
    rows = {}
    for name, look in (("a", "testsrc2"), ("b", "rgbtestsrc"), ("c", "testsrc")):
        making.ffmpeg(
            "-f", "lavfi", "-i", f"{look}=s=640x360:r=25:d=3", "-f", "lavfi", "-i",
            "sine=440:d=3:r=48000,volume=0.2", "-c:v", "libx264", "-preset", "ultrafast",
            "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest",
            str(folder / "footage" / f"{name}.mp4"),
        )  # fmt: skip
        rows[name] = making.row_of(folder / "footage" / f"{name}.mp4")
    words = {rows[n].clip_id: spoken_words(rows[n].clip_id, SAID[n]) for n in "ab"}
    lines = {
        f"l-{n}": Line(
            f"l-{n}",
            rows[n].clip_id,
            0,
            SAID[n],
            F(1, 2),
            F(2),
            0,
            4,
            "Nora",
            1.0,
            "sidecar",
            f"g{n}",
        )
        for n in "ab"
    }
    shots = {
        f"{row.clip_id[:12]}-0001": Shot(
            f"{row.clip_id[:12]}-0001", row.clip_id, 1, F(0), F(3), setup=f"s-{n}", luma=0.4,
            contrast=0.2, sharpness=6.0,
        )
        for n, row in rows.items()
    }  # fmt: skip
    cuts = [
        making.picture(rows["a"], 0, 40, STARTS["a"], line_id="l-a"),
        making.picture(rows["b"], 40, 35, STARTS["b"], line_id="l-b"),
        making.picture(rows["c"], 55, 20, F(1), "V2"),
    ]
    sound = tuple(
        replace(making.spoken(rows[n], start, length, STARTS[n]), line_id=f"l-{n}")
        for n, start, length in (("a", 0, F(8, 5)), ("b", F(8, 5), F(7, 5)))
    )
    spoken = []
    for cut in sound:
        own = words[cut.clip_id]
        spoken += [
            CaptionWord(
                w.text,
                w.start - cut.source_start + cut.start,
                w.end - cut.source_start + cut.start,
                1.0,
                w is own[-1],
            )
            for w in own
            if w.end <= cut.source_start + cut.duration
        ]
    line = making.timeline(
        25,
        cuts,
        sound=sound,
        words=tuple(spoken),
        titles=(
            Title("hook", "A slower light", 0, 25),
            Title("end_card", "Find your light at wickfield.example", 62, 13),
        ),
    )
    tables = Tables({r.path: r for r in rows.values()}, words, lines, shots)
    return made(
        folder,
        line,
        list(rows.values()),
        ("9x16",),
        tuple(social_chunks(line)),
        BRIEF,
        BRAND,
        tables,
    )


IDEA = Idea(
    "r1-01", "r1", "testimonial", "A test", "A slower light", 0.5, F(3),
    (Beat("hook", SAID["a"], "ga"), Beat("cta", SAID["b"], "gb")),
    "Find your light at wickfield.example", "Find your light.",
)  # fmt: skip


def written(outcome) -> list:
    """What is found of what should be written. The file keeps its captions, also where a test's
    timeline knows nothing of them."""
    return [f for f in outcome.findings if "nor anybody wrote" not in f.what]


def with_burned(clean: Case, *burned: Chunk, **changes) -> Case:
    """What should be burned in is this; the file stays."""
    case = replace(clean, texts=replace(clean.texts, burned=burned), **changes)
    case.__dict__["film"] = clean.film
    return case


def captions_of(timeline: Timeline, tables: Tables, clean: Case, **changes) -> Case:
    """The case of a timeline whose captions are made anew."""
    made_cues = sidecar_cues(timeline)
    texts = Texts(
        srt(made_cues), vtt(made_cues, timeline.words), clean.texts.otio, social_chunks(timeline)
    )
    return replace(clean, timeline=timeline, tables=tables, texts=texts, **changes)


def shifted(words, by, start=0):
    return tuple(
        replace(w, start=w.start + by, end=w.end + by) if n >= start else w
        for n, w in enumerate(words)
    )


def cue_file(*blocks: tuple[str, str, str]) -> str:
    return "\n".join(f"{n}\n{a} --> {b}\n{t}\n" for n, (a, b, t) in enumerate(blocks, 1))
