"""What is said and written: every measure passes a clean cutdown and fails its planted defect."""

import json
import random
from dataclasses import replace
from fractions import Fraction as F
from pathlib import Path

import av
import numpy as np
import pytest

from video_assets.delivery.inspections import (
    brief,
    captions,
    content,
    cues,
    dialogue,
    exchange,
    planted_flaws,
    reading,
    spelling,
    story,
    text,
    vetoes,
)
from video_assets.delivery.inspections.case import Case, Outcome, Tables, Texts
from video_assets.delivery.inspections.measures import pictures_at
from video_assets.delivery.inspections.table import Measure
from video_assets.delivery.inspections.truth import Defect, TrueClip, TrueLine, TrueWord, Truth
from video_assets.delivery.yardstick import score
from video_assets.delivery.yardstick.table import CampaignMeasure
from video_assets.editorial.brief import Brief, Spelling
from video_assets.editorial.captions import Chunk, sidecar_cues, social_chunks, srt, vtt
from video_assets.finishing import overlays
from video_assets.finishing.brand import BrandKit
from video_assets.foundation.media import open_container
from video_assets.foundation.records import (
    Beat,
    CaptionWord,
    Idea,
    Line,
    PictureCut,
    Shot,
    SoundCut,
    Timeline,
    Title,
    Word,
)
from video_assets.library import sentences
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


@pytest.fixture(scope="module")
def talk(tmp_path_factory) -> Made:
    """Two speakers' lines, a picture over the second, a title, an end card, captions burned in."""
    folder = tmp_path_factory.mktemp("talk")
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

MEASURES = (
    text.text_is_clear_of_buttons,
    text.text_reads_as_written,
    text.captions_come_and_go_on_time,
    captions.captions_follow_the_words,
    reading.captions_can_be_read,
    spelling.brand_words_are_spelled_right,
    story.no_word_is_cut,
    story.nothing_is_shown_twice,
    story.jump_cuts_are_covered,
    dialogue.nothing_is_said_twice,
    dialogue.no_slip_is_left,
    vetoes.vetoed_takes_stay_out,
    brief.says_what_the_brief_asks,
    exchange.timeline_survives_otio,
)


@pytest.fixture(scope="module")
def clean(talk) -> Case:
    return talk.case("9x16", idea=IDEA)


@pytest.mark.parametrize("measure", MEASURES, ids=lambda m: m.__name__)
def test_a_clean_cutdown_has_no_finding(clean, measure):
    outcome = measure(clean)
    assert outcome.findings == ()
    assert outcome.figures and all(np.isfinite(float(v)) for v in outcome.figures.values())
    assert clean.timeline.words and clean.texts.burned


@pytest.mark.parametrize("measure", MEASURES, ids=lambda m: m.__name__)
def test_a_cutdown_without_words_is_answered(clean, measure):
    """One cut, no sound, no title, no brief: nothing to say, and no complaint."""
    bare = replace(
        clean.timeline, picture=clean.timeline.picture[:1], frames=40, sound=(), words=(), titles=()
    )
    case = replace(clean, timeline=bare, texts=Texts(), brief=Brief(title="x"), idea=None)
    case.__dict__["film"] = clean.film
    if measure is exchange.timeline_survives_otio:
        return  # without a file to read again that is a finding, see below
    assert written(measure(case)) == []


def written(outcome) -> list:
    """What is found of what should be written. The file keeps its captions, also where a test's
    timeline knows nothing of them."""
    return [f for f in outcome.findings if "nor anybody wrote" not in f.what]


# text in the picture


def with_burned(clean: Case, *burned: Chunk, **changes) -> Case:
    """What should be burned in is this; the file stays."""
    case = replace(clean, texts=replace(clean.texts, burned=burned), **changes)
    case.__dict__["film"] = clean.film
    return case


def test_only_the_wanted_pictures_are_decoded_and_they_are_exact(talk):
    file = talk.files["9x16"]
    with open_container(file) as container:
        every = [f.to_ndarray()[: f.height] for f in container.decode(container.streams.video[0])]
    wanted = [0, 1, 11, 12, 30, 31, 62, 74, 75, 400]
    found = dict(pictures_at(file, wanted))
    assert sorted(found) == [n for n in wanted if n < len(every)]
    assert all((found[n] == every[n]).all() for n in found)
    assert list(pictures_at(file, [])) == []


@pytest.mark.parametrize(
    "other", ["Wakefield is small", "Wickfeild is small", "Wickfield is smell", "Wickfield is"]
)
def test_another_word_than_the_planned_one_is_found(clean, other):
    chunks = list(clean.texts.burned)
    assert chunks[0].text == "Wickfield is small"
    case = with_burned(clean, replace(chunks[0], text=other), *chunks[1:])
    outcome = text.text_reads_as_written(case)
    assert [f.at for f in written(outcome)] == ["0.12 s"]
    assert outcome.figures["agreement_min"] < 0.8
    assert text.text_reads_as_written(clean).figures["agreement_min"] > 0.95


def test_a_caption_and_an_end_card_that_are_not_there_are_found(clean):
    chunks = clean.texts.burned
    gone = Chunk("never burned", F(7, 5), F(8, 5))
    outcome = text.text_reads_as_written(with_burned(clean, *chunks[:1], gone))
    (found,) = written(outcome)
    assert "is not in the picture" in found.what
    assert len(outcome.findings) > 1  # captions that nobody asked for
    card = Title("end_card", "Come and see", 5, 20)
    line = replace(clean.timeline, titles=(card,))
    found = text.text_reads_as_written(with_burned(clean, timeline=line)).findings
    assert [f.what for f in found if "the end card" in f.what]


def test_a_covered_or_shifted_picture_is_found(talk, clean):
    """Real files: a box over the captions; the same captions five frames (200 ms) late."""
    quick = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "16", "-c:a", "copy")
    (box,) = [m.writing.box for m in text.looks(clean) if m.writing.start == 3 and
              m.writing.kind == "caption"]  # fmt: skip
    area = f"x={box.left}:y={box.top}:w={box.width}:h={box.height}"
    file = talk.spoiled("boxed.mp4", "-vf", f"drawbox={area}:color=gray:t=fill", *quick)
    found = text.text_reads_as_written(talk.case("9x16", file)).findings
    captions_gone = [f for f in found if f.what.startswith("the caption")]
    assert len(captions_gone) == sum(c.start * 25 < 62 for c in clean.texts.burned), [
        f.what for f in found
    ]
    late = "tpad=start=5:start_mode=clone,trim=end_frame=75"
    file = talk.spoiled("late.mp4", "-vf", late, *quick)
    case = talk.case("9x16", file)
    outcome = text.captions_come_and_go_on_time(case)
    assert outcome.findings and outcome.figures["shift_frames"] == 5
    assert any("comes 5 frames late" in f.what for f in outcome.findings)


def test_a_caption_a_frame_early_is_found(clean):
    chunks = [
        replace(c, start=c.start - F(1, 25) if c.start else c.start, end=c.end - F(1, 25))
        for c in clean.texts.burned
    ]
    outcome = text.captions_come_and_go_on_time(with_burned(clean, *chunks))
    assert outcome.findings and outcome.figures["shift_frames"] == 1


@pytest.mark.parametrize("by", [5, -2])
def test_captions_that_are_drawn_late_by_shared_code_are_found(clean, monkeypatch, by):
    """Renderer and gates draw with the same code: a mistake in it is the same on both sides."""
    plain = overlays._caption

    def late(*given):
        marks = plain(*given)
        return [replace(m, start=max(0, m.start + by), end=m.end + by) for m in marks]

    monkeypatch.setattr(overlays, "_caption", late)
    found = text.captions_come_and_go_on_time(with_burned(clean, *clean.texts.burned)).findings
    own = [f for f in found if "it is drawn so" in f.what]
    assert len(own) >= len(clean.texts.burned) - 1
    assert all(abs(int(f.figure) - by) <= 1 for f in own)  # captions begin between frames


@pytest.mark.parametrize("aspect", ["9x16", "1x1", "4x5"])
def test_titles_of_several_lines_are_drawn_in_full(clean, aspect):
    hook = Title("hook", "Who wakes first in the town?", 0, 25)
    line = replace(clean.timeline, titles=(hook, clean.timeline.titles[1]))
    case = with_burned(clean, timeline=line, aspect=aspect)
    found = text.text_reads_as_written(case).findings
    assert not [f.what for f in found if "not drawn" in f.what]


def test_words_that_overlays_leave_out_are_found(clean, monkeypatch):
    marks = [m for one in text.writings(clean) for m in one.marks]
    assert marks
    fewer = [w for w in text.writings(clean) if w.kind != "hook"]
    monkeypatch.setattr(text, "writings", lambda case: fewer)
    case = with_burned(clean, *clean.texts.burned)
    (found,) = written(text.text_reads_as_written(case))
    assert "'A slower light' is to be written" in found.what


# captions and words


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


def test_captions_that_leave_their_words_are_found(clean):
    line = clean.timeline
    follow = captions.captions_follow_the_words
    near = captions_of(replace(line, words=shifted(line.words, F(16, 1000))), clean.tables, clean)
    assert follow(near).findings == ()
    assert follow(near).figures["off_max_ms"] == pytest.approx(16, abs=0.6)
    far = captions_of(replace(line, words=shifted(line.words, F(1, 5))), clean.tables, clean)
    found = follow(far)
    assert found.findings and found.figures["off_max_ms"] == pytest.approx(200, abs=0.6)
    assert "+200 ms" in found.findings[0].what
    # only what is burned in, only the SRT file, only the VTT file
    late = tuple(
        replace(c, start=c.start + F(1, 5), end=c.end + F(1, 5)) for c in clean.texts.burned
    )
    assert follow(replace(clean, texts=replace(clean.texts, burned=late))).findings
    moved = clean.texts.srt.replace("00:00:00,", "00:00:01,")
    assert moved != clean.texts.srt
    assert follow(replace(clean, texts=replace(clean.texts, srt=moved))).findings
    moved = clean.texts.vtt.replace("00:00:02.460", "00:00:02.660")
    assert moved != clean.texts.vtt
    assert follow(replace(clean, texts=replace(clean.texts, vtt=moved))).findings


def test_texts_that_differ_from_the_words_are_found(clean):
    line, follow = clean.timeline, captions.captions_follow_the_words
    swapped = list(line.words)
    swapped[1] = replace(swapped[1], text="was")
    found = follow(captions_of(replace(line, words=tuple(swapped)), clean.tables, clean))
    assert found.figures["text_differences"] == 2
    assert {f.figure for f in found.findings} >= {"was", "is"}
    dropped = captions_of(replace(line, words=line.words[:-1]), clean.tables, clean)
    assert next(f.what for f in follow(dropped).findings).startswith("'morning.' is heard")
    for kind in ("srt", "vtt"):
        other = getattr(clean.texts, kind).replace("small", "smart")
        case = replace(clean, texts=replace(clean.texts, **{kind: other}))
        assert [f.figure for f in follow(case).findings] == ["smart and warm."]
    burned = (replace(clean.texts.burned[0], text="Wakefield is small"), *clean.texts.burned[1:])
    found = follow(replace(clean, texts=replace(clean.texts, burned=burned))).findings
    assert "what is burned in says 'Wakefield is small'" in found[0].what


def test_the_brief_s_own_spelling_is_a_correction_and_no_difference(clean):
    heard_so = {
        clip: [replace(w, text=w.text.replace("Wickfield", "Wakefield")) for w in words]
        for clip, words in clean.tables.words.items()
    }
    tables = replace(clean.tables, words=heard_so)
    outcome = captions.captions_follow_the_words(replace(clean, tables=tables))
    assert outcome.findings == () and outcome.figures["corrected"] == 1


def test_corrections_side_by_side_and_of_a_possessive_are_no_difference(clean):
    words = clean.timeline.words[:3]
    names = (Spelling(word="Wickfield", instead_of=("wick field",)),
             Spelling(word="Kestrel", instead_of=("castrol",)))  # fmt: skip
    case = replace(clean, brief=Brief(title="x", glossary=names))

    def differ(written, said):
        mine = tuple(replace(words[n], text=text) for n, text in enumerate(written.split()))
        clip = next(iter(clean.tables.words))
        cut = clean.timeline.sound[0]
        theirs = [
            cues.Heard(Word(clip, n, text, F(n), F(n + 1)), F(n), F(n + 1), cut)
            for n, text in enumerate(said.split())
        ]
        _, missing, strange, _ = captions._matched(case, mine, theirs)
        return len(missing) + len(strange)

    assert differ("Wickfield Kestrel lamp", "wick field castrol lamp") == 0
    assert differ("the Wickfield's lamp", "the wick field's lamp") == 0
    assert differ("the Wickfield's lamp", "the wick field lamp") > 0
    assert differ("Wickfield Castrol lamp", "wick field lamp") > 0


def test_captions_are_there_or_a_reason_is(clean):
    follow = captions.captions_follow_the_words
    none = replace(clean.timeline, words=())
    silent = replace(clean, timeline=none, texts=Texts(otio=clean.texts.otio))
    assert "no captions and no reason" in follow(silent).findings[0].what
    told = replace(none, captions_note="no captions: not sure enough")
    assert follow(replace(silent, timeline=told)).note == "no captions: not sure enough"
    assert follow(replace(clean, timeline=told)).findings  # and yet there are some
    off = replace(silent, brief=Brief(title="x", captions="off"))
    assert follow(off).findings == ()
    unsure = replace(clean.timeline.words[0], confidence=0.4)
    line = replace(clean.timeline, words=(unsure, *clean.timeline.words[1:]))
    assert "40%" in follow(replace(clean, timeline=line)).findings[0].what


def test_cue_files_are_read_as_players_read_them(clean, tmp_path):
    for kind in ("srt", "vtt"):
        body = getattr(clean.texts, kind)
        own = cues.cues_of(body)
        file = tmp_path / f"a.{kind}"
        file.write_text(body, encoding="utf-8")
        with av.open(str(file)) as container:  # ffmpeg's own readers
            packets = [p for p in container.demux() if p.size]
        base = [p.time_base for p in packets]
        assert [c.start for c in own] == [p.pts * b for p, b in zip(packets, base, strict=True)]
        assert [c.end - c.start for c in own] == [
            p.duration * b for p, b in zip(packets, base, strict=True)
        ]
        assert " ".join(w for c in own for w in c.words) == " ".join(
            w.text for w in clean.timeline.words
        )
    (cue,) = cues.cues_of(
        "\ufeffWEBVTT\n\n01:02.500 --> 1:00:00.000\na &lt;b&gt; <01:03.000>&amp;c"
    )
    assert cue.words == ("a", "<b>", "&c") and cue.start == F(125, 2)
    assert cue.stamps == (F(125, 2), F(125, 2), F(63)) and cue.end == 3600


def cue_file(*blocks: tuple[str, str, str]) -> str:
    return "\n".join(f"{n}\n{a} --> {b}\n{t}\n" for n, (a, b, t) in enumerate(blocks, 1))


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (cue_file(("00:00:00,000", "00:00:00,500", "Too short")), "stays 0.50 s"),
        (cue_file(("00:00:00,000", "00:00:02,000", "x" * 41)), "characters a second"),
        (cue_file(("00:00:00,000", "00:00:02,900", "one two " * 6)), "longer than 42"),
        (cue_file(("00:00:00,000", "00:00:02,900", "a\nb\nc")), "3 lines"),
        (
            cue_file(
                ("00:00:00,000", "00:00:01,000", "One"), ("00:00:01,040", "00:00:02,500", "two")
            ),
            "frames lie behind",
        ),
        (cue_file(("00:00:00,000", "00:00:09,000", "Stays")), "stays 9.00 s"),
        (
            cue_file(
                ("00:00:00,000", "00:00:01,000", "One"), ("00:00:01,400", "00:00:02,500", "two")
            ),
            "neither closed nor a pause",
        ),
        (cue_file(("00:00:00,000", "00:00:01,640", "Past a cut")), "ends 1.0 frames from a cut"),
        (cue_file(("00:00:01,560", "00:00:02,500", "Past a cut")), "begins 1.0 frames from a cut"),
    ],
)
def test_cues_that_nobody_can_read_are_found(clean, body, what):
    case = replace(clean, texts=Texts(srt=body), aspect="16x9")
    found = reading.captions_can_be_read(case).findings
    assert len(found) == 1 and what in found[0].what


@pytest.mark.parametrize(
    ("end", "late", "chunk_late"),
    [("00:00:01,900", 0, 0), ("00:00:01,960", 0, 1), ("00:00:02,020", 1, 1)],
)
def test_a_cue_that_stays_after_its_last_word_is_found(clean, end, late, chunk_late):
    """The last word ends at 1.46 s, a cue of it can be read at 1.5 s: each may stay 12 frames."""
    said = clean.timeline.words[:5]
    line = replace(clean.timeline, words=said)
    assert said[-1].end == F(146, 100)
    text = " ".join(w.text for w in said)
    body = cue_file(("00:00:00,100", end, text))
    case = replace(clean, timeline=line, texts=Texts(srt=body), aspect="16x9")
    found = [f.what for f in reading.captions_can_be_read(case).findings]
    assert len([f for f in found if "after its last word" in f]) == late
    chunks = (Chunk(text, F(1, 10), F(end[-6:].replace(",", "."))),)
    found = reading.captions_can_be_read(with_burned(case, *chunks, aspect="9x16")).findings
    assert any("after its last word" in f.what for f in found) == chunk_late


def test_speech_too_quick_for_any_caption_is_told_and_no_fault(clean):
    """One long word in half a second, held as long as there is time."""
    body = cue_file(("00:00:00,000", "00:00:03,000", "x" * 70))
    outcome = reading.captions_can_be_read(replace(clean, texts=Texts(srt=body), aspect="16x9"))
    assert outcome.findings == () and outcome.figures["forced_by_speech"] == 1
    assert "as quick as the speech" in outcome.note


@pytest.mark.parametrize(
    ("burned", "what"),
    [
        ((Chunk("Wickfield is small and warm.", F(0), F(8, 5)),), "too much at once"),
        ((Chunk("Wickfield is small", F(0), F(1, 5)),), "shown for 0.20 s"),
        ((Chunk("Wickfield is small", F(0), F(79, 50)),), "from a cut"),
        (
            (Chunk("Wickfield is small", F(0), F(1)), Chunk("and warm.", F(9, 10), F(8, 5))),
            "overlaps",
        ),
    ],
)
def test_chunks_that_nobody_can_read_are_found(clean, burned, what):
    found = reading.captions_can_be_read(with_burned(clean, *burned)).findings
    assert any(what in f.what for f in found), [f.what for f in found]


def random_speech(seed: int, speed: float) -> Case:
    """Lines of random words, pauses and cuts; `speed`: characters a second, on average."""
    rnd = random.Random(seed)
    fps = rnd.choice([F(24000, 1001), F(25), F(30000, 1001), F(30)])
    words: dict[str, list[Word]] = {}
    told: list[CaptionWord] = []
    sound, picture, start = [], [], 0
    for number in range(rnd.randint(1, 5)):
        clip, at = f"{number:032d}", F(1)
        own: list[Word] = []
        for place in range(count := rnd.randint(1, 14)):
            spelled = "abcdefghijklm"[: rnd.choice([1, 2, 3, 4, 5, 5, 6, 7, 9, 12])]
            length = F(
                max(60, int(1000 * (0.04 + len(spelled) / speed * rnd.uniform(0.6, 1.4)))), 1000
            )
            end = "." if place == count - 1 else "," * (rnd.random() < 0.1)
            own.append(Word(clip, place, spelled + end, at, at + length, "", 1.0, "sidecar"))
            at += length + F(rnd.choice([0, 0, 10, 30, 60, 200, 900]), 1000)
        first = own[0].start - F(2, 25)
        frames = int((own[-1].end + F(4, 25) - first) * fps) + 1
        shift = start / fps - first
        told += [
            CaptionWord(w.text, w.start + shift, w.end + shift, 1.0, w is own[-1]) for w in own
        ]
        words[clip] = own
        picture.append(PictureCut("V1", start, frames, clip, "", f"{number}.mp4", first))
        if frames > 70:
            over = PictureCut(
                "V2", start + rnd.randint(5, 30), 25, "b" * 32, "", "b.mp4", F(number)
            )
            picture.append(over)
        sound.append(SoundCut("A1", start / fps, frames / fps, clip, f"{number}.mp4", first))
        start += frames
    line = Timeline("r1-01", "t", fps, start, tuple(picture), tuple(sound), tuple(told))
    made_cues = sidecar_cues(line)
    texts = Texts(srt(made_cues), vtt(made_cues, line.words), "", social_chunks(line))
    return Case(
        Path("none.mp4"), line, "9x16", (540, 960), {}, Tables({}, words), None,  # type: ignore[arg-type]
        Brief(title="x"), BRAND, texts,
    )  # fmt: skip


@pytest.mark.parametrize("speed", [12, 16, 20])
def test_our_captions_keep_every_rule_however_people_speak(speed):
    forced = 0
    for seed in range(40):
        case = random_speech(seed, speed)
        assert captions.captions_follow_the_words(case).findings == (), seed
        outcome = reading.captions_can_be_read(case)
        assert outcome.findings == (), (seed, [f.what for f in outcome.findings])
        forced += outcome.figures["forced_by_speech"]
    assert forced <= 4


# spelling


def spelled(clean: Case, sentence: str, brand: BrandKit = BRAND, **changes):
    """What is said of a caption, with the glossary of `changes` where it holds one."""
    words = tuple(CaptionWord(w, F(n), F(n + 1)) for n, w in enumerate(sentence.split()))
    line = replace(clean.timeline, words=words, titles=())
    case = replace(clean, timeline=line, texts=Texts(), brand=brand, **changes)
    return spelling.brand_words_are_spelled_right(case)


@pytest.mark.parametrize(
    "sentence",
    [
        "Wakefield is a lantern",
        "The Wick field lantern",
        "Our wickfield is a lantern",
        "Our WickField is a lantern",
        "A Wickfeld for you",
        "This is Wikfield's glow",
        "Find it at wickfeild.example",
        "It glows. Wickfielt is small",
    ],
)
def test_misspelled_names_are_found(clean, sentence):
    outcome = spelled(clean, sentence)
    assert len(outcome.findings) == 1, outcome
    assert "'Wickfield'" in outcome.findings[0].what


@pytest.mark.parametrize(
    "sentence",
    [
        "Wickfield is a lantern",
        "Wickfield's glow, from Wickfield.",
        "Find your light at wickfield.example #wickfield",
        "A wicked field of lanterns. Wicked, and the wicker field",
        "Two Wickfields on the table, and three Wickfields' glow",
        "WICKFIELD GLOWS",
        "Some fields wick the rain away",
    ],
)
def test_right_names_and_ordinary_words_are_none(clean, sentence):
    assert spelled(clean, sentence).findings == ()


@pytest.mark.parametrize(
    ("name", "sentence", "count"),
    [
        ("Wick", "A wicked wick. Wicked and thick, the wicks", 0),
        ("Apple", "an apple a day from Apple", 0),
        ("Nimbus One", "The nimble one is Nimbus One", 0),
        ("Nimbus One", "The Nimbis One is here", 1),
        ("Nimbus One", "NimbusOne is here", 1),
        ("Lanterna", "A lantern by Lanterna", 0),
        ("Kestrel", "The Kestral flies", 1),
        ("Everyday", "I use it every day", 0),
        ("Kestrel", "Both Kestrels are here", 0),
        ("Kestrel", "Both kestrals are here", 1),
        ("Lux", "Two Luxes", 0),
    ],
)
def test_names_that_are_words_themselves(clean, name, sentence, count):
    plain = Brief(title="x")
    outcome = spelled(clean, sentence, BrandKit(name), brief=plain)
    assert len(outcome.findings) == count, outcome


@pytest.mark.parametrize(
    ("sentence", "language", "count"),
    [
        ("Unsere Bergwand ist hoch", "de", 0),
        ("Unsere Bergwand ist hoch", "en", 1),
        ("Das ist Berglant", "en", 1),
        ("Das ist Bergeland", "de", 1),
        ("Das ist bergland", "de", 1),
    ],
)
def test_german_nouns_are_no_names(clean, sentence, language, count):
    asked = Brief(title="x", language=language)
    outcome = spelled(clean, sentence, BrandKit("Bergland"), brief=asked)
    assert len(outcome.findings) == count, outcome


def test_words_of_the_cut_s_own_clips_are_no_names(clean):
    """A sentence may begin with whatever the clips write small; other clips say nothing."""
    clip = next(iter(clean.tables.words))
    words = [Word(clip, 0, "wackfeld", F(0), F(1), "", 1.0, "sidecar")]
    asked = Brief(title="x", language="pt")
    own = replace(clean.tables, words={clip: words})
    foreign = replace(clean.tables, words={"f" * 32: words})
    assert spelled(clean, "Wackfeld e luz", brief=asked, tables=own).findings == ()
    assert spelled(clean, "Wackfeld e luz", brief=asked, tables=foreign).findings != ()


def test_titles_cards_and_cue_files_are_read_too(clean):
    line = clean.timeline
    wrong = replace(line, titles=(Title("end_card", "Find Wakefield now", 62, 13),))
    found = spelling.brand_words_are_spelled_right(replace(clean, timeline=wrong)).findings
    assert [f.what for f in found] == ["the end card says 'Wakefield', forbidden for 'Wickfield'"]
    for kind in ("srt", "vtt"):
        body = getattr(clean.texts, kind).replace("Wickfield", "Wakefield")
        case = replace(clean, texts=replace(clean.texts, **{kind: body}))
        assert len(spelling.brand_words_are_spelled_right(case).findings) == 1
    kit = BrandKit("Wickfeld")
    assert spelling.brand_words_are_spelled_right(replace(clean, brand=kit)).findings


# the story


def with_dialogue(clean: Case, said: str, **line) -> Case:
    """The second clip says something else."""
    tables = clean.tables
    clip = next(c for c in tables.words if tables.words[c][0].text == "It")
    words = {**tables.words, clip: spoken_words(clip, said, F(3, 10))}
    lines = {**tables.lines, "l-b": replace(tables.lines["l-b"], text=said, **line)}
    return replace(clean, tables=replace(tables, words=words, lines=lines))


def test_lines_that_are_heard_twice_are_found(clean):
    twice = dialogue.nothing_is_said_twice
    found = twice(with_dialogue(clean, "It glows until morning.", group="ga")).findings
    assert len(found) == 1 and "two takes of one line" in found[0].what
    found = twice(with_dialogue(clean, "Wickfield is small and warm")).findings
    assert len(found) == 1 and "and again" in found[0].what
    first, second = clean.timeline.sound
    again = replace(first, start=second.start, duration=F(1))
    line = replace(clean.timeline, sound=(first, again))
    found = twice(replace(clean, timeline=line)).findings
    assert len(found) == 1 and found[0].at == "1.60 s"
    # a line that goes on in the source after a cut is one line
    half = (replace(first, duration=F(4, 5)),
            replace(first, start=F(4, 5), duration=F(4, 5), source_start=first.source_start + F(4, 5)))  # fmt: skip
    assert twice(replace(clean, timeline=replace(clean.timeline, sound=half))).findings == ()


def test_a_filler_that_is_cut_out_of_a_line_leaves_one_line(clean):
    """What `no_slip_is_left` tells people to do: two pieces of one take."""
    first, _ = clean.timeline.sound
    piece = replace(first, duration=F(4, 5))
    later = replace(first, start=F(4, 5), duration=F(1, 2), source_start=first.source_start + 1)
    line = replace(clean.timeline, sound=(piece, later))
    assert dialogue.nothing_is_said_twice(replace(clean, timeline=line)).findings == ()
    # the same place of a take twice, or another take, is heard twice
    again = replace(later, source_start=first.source_start + F(1, 2))
    line = replace(clean.timeline, sound=(piece, again))
    assert dialogue.nothing_is_said_twice(replace(clean, timeline=line)).findings
    lines = {**clean.tables.lines, "l-c": replace(clean.tables.lines["l-a"], line_id="l-c")}
    tables = replace(clean.tables, lines=lines)
    line = replace(clean.timeline, sound=(piece, replace(later, line_id="l-c")))
    (found,) = dialogue.nothing_is_said_twice(replace(clean, timeline=line, tables=tables)).findings
    assert "two takes" in found.what


@pytest.mark.parametrize(
    ("language", "said", "slips"),
    [
        ("pt", "um cheiro e um", 0),
        ("de", "er kommt um acht", 0),
        ("da", "det er er her", 0),
        ("fr", "nous nous levons tôt", 0),
        ("de", "die Frau, die die", 0),
        ("en", "what it is is", 0),
        ("en", "you want it, it", 0),
        ("de", "er ähm kommt jetzt", 1),
        ("fr", "il euh vient ici", 1),
        ("es", "el el perro aquí", 1),
        ("en", "the, the lamp glows", 1),
        ("nl", "dat hmm is mooi", 1),
    ],
)
def test_slips_are_those_of_the_language(clean, language, said, slips):
    """Fillers as the library flags them, whose list is English."""
    case = with_dialogue(clean, said)
    words = {clip: [sentences.flagged(w) for w in own] for clip, own in case.tables.words.items()}
    asked = BRIEF.model_copy(update={"language": language})
    case = replace(case, brief=asked, tables=replace(case.tables, words=words))
    assert dialogue.no_slip_is_left(case).figures["slips"] == slips


@pytest.mark.parametrize("said", ["It um glows until", "It glows in the the", "Uhm, it glows"])
def test_slips_are_found(clean, said):
    outcome = dialogue.no_slip_is_left(with_dialogue(clean, said))
    assert len(outcome.findings) == 1 and outcome.figures["slips_a_minute"] == pytest.approx(20)


def test_lines_that_break_off_are_found_and_repetition_on_purpose_is_not(clean):
    found = dialogue.no_slip_is_left(
        with_dialogue(clean, "It glows until", complete=False)
    ).findings
    assert len(found) == 1 and "breaks off" in found[0].what
    assert dialogue.no_slip_is_left(with_dialogue(clean, "It is very very warm")).findings == ()


def test_jump_cuts_are_found_unless_covered_or_punched_in(clean):
    first, _, picture = clean.timeline.picture
    jump = story.jump_cuts_are_covered

    def told(*cuts, **changes):
        """Findings of these cuts, each of which shows 0.3 of the picture over its scale."""
        crops = {n: (0.0, 0.0, 0.3 / c.scale, 1 / c.scale) for n, c in enumerate(cuts)}
        line = replace(clean.timeline, picture=cuts)
        return jump(replace(clean, timeline=line, **{"crops": crops, **changes})).findings

    later = replace(first, start=40, frames=35, source_start=F(6, 5))
    assert [f.at for f in told(first, replace(later, source_start=F(11, 5)))] == ["frame 40"]
    goes_on = replace(first, start=40, frames=35, source_start=first.source_start + F(8, 5))
    assert told(first, goes_on) == ()
    assert told(first, replace(later, scale=1.22)) == ()
    assert told(first, replace(later, scale=1.1)) != ()
    # what counts is what is shown: a scale that no crop has hides nothing
    whole = dict.fromkeys((0, 1), (0.0, 0.0, 0.3, 1.0))
    assert told(first, replace(later, scale=1.22), crops=whole) != ()
    # 360 lines: 1.2 times is 300 of them, or 302 where a crop is rounded, but not 308
    for lines, count in ((300, 0), (302, 0), (308, 1)):
        crops = {0: (0.0, 0.0, 0.3, 1.0), 1: (0.0, 0.0, 0.3, lines / 360)}
        assert len(told(first, later, crops=crops)) == count, lines
    longer = replace(picture, start=30, frames=20)
    assert told(first, later, longer) == ()
    shorter = replace(picture, start=35, frames=12)
    assert [f.at for f in told(first, later, shorter)] == ["frame 47"]
    # while it is covered, the take may simply run on
    assert told(first, goes_on, shorter) == ()
    # set-ups of other clips count as well
    shots = {k: replace(s, setup="one") for k, s in clean.tables.shots.items()}
    tables = replace(clean.tables, shots=shots)
    assert jump(replace(clean, tables=tables)).findings


def test_vetoed_takes_are_found(clean):
    def told(case):
        return [f.what for f in vetoes.vetoed_takes_stay_out(case).findings]

    def with_shot(name, **facts):
        row = clean.tables.rows[f"{name}.mp4"]
        key = f"{row.clip_id[:12]}-0001"
        shots = {**clean.tables.shots, key: replace(clean.tables.shots[key], **facts)}
        return replace(clean, tables=replace(clean.tables, shots=shots))

    def with_row(name, **facts):
        rows = {
            **clean.tables.rows,
            f"{name}.mp4": replace(clean.tables.rows[f"{name}.mp4"], **facts),
        }
        return replace(clean, tables=replace(clean.tables, rows=rows))

    assert "is black" in told(with_shot("c", luma=0.01, contrast=0.01))[0]
    assert told(with_shot("c", luma=0.01, contrast=0.2)) == []
    frozen = with_shot("c", frozen=0.9)
    assert told(frozen) == []  # the library has nothing else
    rows = {
        **frozen.tables.rows,
        "d.mp4": replace(clean.tables.rows["c.mp4"], path="d.mp4", clip_id="d" * 32),
    }
    shots = {**frozen.tables.shots, "d": Shot("d", "d" * 32, 0, F(0), F(5), luma=0.4, contrast=0.2)}
    richer = replace(frozen, tables=replace(frozen.tables, rows=rows, shots=shots))
    assert "stand still" in told(richer)[0]
    same = {k: replace(s, setup="one", sharpness=6.0) for k, s in clean.tables.shots.items()}
    blurred = {**same, (k := next(iter(same))): replace(same[k], sharpness=3.5)}
    assert "out of focus" in told(replace(clean, tables=replace(clean.tables, shots=blurred)))[0]
    assert told(replace(clean, tables=replace(clean.tables, shots=same))) == []
    assert "not usable footage (dead)" in told(with_row("c", role="dead"))[0]
    assert "another file" in told(with_row("c", clip_id="e" * 32))[0]
    assert any("after its end" in t for t in told(with_row("c", duration=F(1))))
    assert "has no sound" in told(with_row("a", audio_stream=-1))[0]
    slow = {
        clip: [replace(words[0], end=words[0].start + F(13, 10)), *words[1:]]
        for clip, words in clean.tables.words.items()
    }
    found = told(replace(clean, tables=replace(clean.tables, words=slow)))
    assert found and "a retake may hide in it" in found[0]


def test_what_a_verdict_knows_of_foreign_clips_is_little(clean):
    """Foreign clips change it only where the verdict may change."""
    known = vetoes.beyond_its_clips
    first = known(clean.timeline, clean.tables)
    rows = {
        **clean.tables.rows,
        "d.mp4": replace(clean.tables.rows["c.mp4"], path="d.mp4", clip_id="d" * 32),
    }
    still = Shot("d", "d" * 32, 0, F(0), F(5), luma=0.4, contrast=0.2, frozen=0.9)

    def with_shot(shot):
        tables = replace(clean.tables, rows=rows, shots={**clean.tables.shots, "d": shot})
        return known(clean.timeline, tables)

    assert with_shot(still) == first
    assert with_shot(replace(still, frozen=0.0)) != first  # now there is a choice
    setup = clean.tables.shots[clean.timeline.picture[0].shot_id].setup
    assert with_shot(replace(still, setup=setup, clipped=0.5)) != first


def test_footage_that_cuts_share_is_counted(clean):
    line = clean.timeline
    first = line.picture[0]
    assert story.footage_shared([line]) == 0.0
    assert story.footage_shared([line, line]) == 1.0
    half = replace(
        line, frames=40, picture=(replace(first, source_start=first.source_start + F(4, 5)),)
    )
    other = replace(line, picture=tuple(replace(c, clip_id="f" * 32) for c in line.picture))
    assert story.footage_shared([half, replace(line, frames=40, picture=(first,))]) == 0.5
    assert story.footage_shared([line, other]) == 0.0


# brief


def test_what_the_brief_asks_and_forbids_is_found(clean):
    asks = brief.says_what_the_brief_asks
    silent = replace(clean.tables, words={})
    bare = replace(clean.timeline, words=())
    case = replace(clean, tables=silent, timeline=bare, texts=Texts())
    assert any("must be said" in f.what for f in asks(case).findings)
    assert asks(case).figures["must_say_share"] == 0
    # without an idea, a line that is the sentence must be heard in full
    assert any("must be said" in f.what for f in asks(replace(case, idea=None)).findings)
    mute = replace(case, idea=None, timeline=replace(bare, sound=()))
    assert asks(mute).findings == ()  # not this cut's to say: the note tells so
    assert "required sentences this cut should say were not judged" in asks(mute).note
    assert asks(mute).measured and asks(clean).note == ""
    assert brief.must_say_is_heard([case]) == 0 and brief.must_say_is_heard([case, clean]) == 1
    card = replace(clean.timeline, titles=clean.timeline.titles[:1])
    assert "call to action" in asks(replace(clean, timeline=card)).findings[0].what
    said = asks(with_dialogue(clean, "It is the CHEAPEST, light")).findings
    assert [f.figure for f in said] == ["cheapest"] and "the sound" in said[0].what
    title = replace(clean.timeline.titles[0], text="Cheapest light")
    shown = replace(clean.timeline, titles=(title, clean.timeline.titles[1]))
    idea = replace(IDEA, hook="Cheapest light")
    free = replace(clean, timeline=shown, idea=idea, brief=BRIEF.model_copy(update={"hooks": ()}))
    assert [f.figure for f in asks(free).findings] == ["cheapest"]
    told = [f.what for f in asks(replace(free, brief=BRIEF)).findings]
    assert "none of the brief's hooks is a title of the cut" in told
    post = replace(IDEA, upload_text="The cheapest one")
    assert "the post" in asks(replace(clean, idea=post)).findings[0].what


def test_a_wrong_order_is_found(clean):
    asks = brief.says_what_the_brief_asks
    turned = replace(IDEA, beats=tuple(reversed(IDEA.beats)))
    assert any("comes after" in f.what for f in asks(replace(clean, idea=turned)).findings)
    hook, card = clean.timeline.titles
    early = replace(clean.timeline, titles=(hook, replace(card, start=40)))
    assert "the end card goes" in asks(replace(clean, timeline=early)).findings[0].what
    late = replace(clean.timeline, titles=(replace(hook, start=30), card))
    assert "comes at frame 30" in asks(replace(clean, timeline=late)).findings[0].what
    other = replace(IDEA, hook="Something else")
    assert "are no title" in asks(replace(clean, idea=other)).findings[0].what


# exchange


def test_a_timeline_that_editors_would_see_otherwise_is_found(clean):
    survives = exchange.timeline_survives_otio
    first, *rest = clean.timeline.picture
    for changed in (
        replace(first, source_start=first.source_start + F(1, 25)),
        replace(first, frames=39),
        replace(first, path="c.mp4"),
    ):
        line = replace(clean.timeline, picture=(changed, *rest))
        assert survives(replace(clean, timeline=line)).findings, changed
    assert survives(replace(clean, timeline=replace(clean.timeline, picture=tuple(rest)))).findings
    sound = replace(clean.timeline.sound[0], start=F(1, 100))
    line = replace(clean.timeline, sound=(sound, clean.timeline.sound[1]))
    assert survives(replace(clean, timeline=line)).findings
    words = replace(clean.timeline, words=clean.timeline.words[1:])
    assert [f.what[:5] for f in survives(replace(clean, timeline=words)).findings] == ["words"]
    assert survives(replace(clean, texts=Texts(otio="{}"))).findings
    assert survives(replace(clean, texts=Texts())).findings
    short = clean.texts.otio.replace('"value": 75.0', '"value": 20.0')
    assert short != clean.texts.otio
    assert survives(replace(clean, texts=replace(clean.texts, otio=short))).findings


def test_another_file_or_another_part_of_the_picture_is_found(clean):
    survives = exchange.timeline_survives_otio
    good = clean.texts.otio

    def told(otio=good, **changes):
        assert otio != good or changes
        texts = replace(clean.texts, otio=otio)
        return [f.what for f in survives(replace(clean, texts=texts, **changes)).findings]

    assert any("opens" in w for w in told(good.replace("/footage/a.mp4", "/footage/xa.mp4")))
    moved = told(good.replace("/footage/b.mp4", "/elsewhere/b.mp4"))
    assert len(moved) == 2 and all("the others in" in w for w in moved)  # picture and sound
    x, y, width, height = clean.crops[1]
    (only,) = told(crops={**clean.crops, 1: (x + 2e-5, y, width, height)})
    assert only.startswith("V1 b.mp4 shows the part")
    assert told(crops={**clean.crops, 1: (x + 5e-6, y, width, height)}) == []
    gone = json.loads(good)
    cut = gone["tracks"]["children"][0]["children"][1]
    del cut["metadata"]["video_assets"]["crop"]
    (only,) = told(json.dumps(gone))
    assert "shows the part nothing" in only


def test_exports_that_do_not_exist_are_said(clean):
    assert exchange.xml_exports_agree(clean).findings[0].figure == "0"


# truth


def truth_of(clean: Case, **clip) -> Truth:
    facts = {
        "words": tuple(
            TrueWord(w.text, float(w.start), float(w.end), "word", "l1", 1)
            for w in spoken_words("a", SAID["a"])
        ),
        "lines": (
            TrueLine("l1", 1, 0.5, 1.86, SAID["a"], "Nora", True, True),
            TrueLine("l9", 1, 2.2, 2.9, "Not heard", "Nora", True, False),
        ),
        "tags": ("kettle",),
    }
    first = TrueClip("a.mp4", "interview", "A", "s", "m", 3.0, **{**facts, **clip})
    other = TrueClip("b.mp4", "interview", "A", "s", "m", 3.0, tags=("rain",))
    return Truth(1, "tiny", (first, other), {"must_show": ["kettle"], "must_not": ["snow"]})


def test_worse_takes_and_leaks_are_measured_against_the_truth(clean):
    good = truth_of(clean)
    outcome = content.takes_are_the_best(clean, good)
    assert outcome.findings == () and outcome.figures == {
        "best_share": 1.0,
        "lines": 1,
        "flawed_lines": 0,
    }
    assert content.nothing_leaks(clean, good).findings == ()
    line = good.clips[0].lines[0]
    worse = truth_of(clean, lines=(replace(line, best=False, take=2, flaws=("noise",)),))
    assert "take 2" in content.takes_are_the_best(clean, worse).findings[0].what
    flub = truth_of(clean, lines=(replace(line, complete=False, flaws=("flub",)),))
    assert "flubbed" in content.nothing_leaks(clean, flub).findings[0].what
    words = list(good.clips[0].words)
    for kind in ("filler", "false_start"):
        spoiled = [*words[:1], replace(words[1], kind=kind), *words[2:]]
        outcome = content.nothing_leaks(clean, truth_of(clean, words=tuple(spoiled)))
        assert len(outcome.findings) == 1 and outcome.figures["leaks_a_minute"] == pytest.approx(20)
    unheard = replace(words[0], kind="filler", start=2.3, end=2.5)
    assert content.nothing_leaks(clean, truth_of(clean, words=(*words, unheard))).findings == ()
    assert content.takes_are_the_best(clean, replace(good, clips=())).note


def test_planted_flaws_that_are_used_are_found(clean):
    judge = planted_flaws.no_flawed_span_is_used
    assert judge(clean, truth_of(clean)).findings == ()

    def told(kind, start, end):
        truth = truth_of(clean, defects=(Defect(kind, start, end),))
        return [f.what for f in judge(clean, truth).findings]

    # a.mp4 is seen and heard from 0.4 to 2.0 s of it
    for kind in ("blur", "shake", "overexposed", "flicker", "boom", "clipping"):
        (what,) = told(kind, 1.5, 2.5)
        assert what.startswith(f"a.mp4 is used for 0.50 s of its {kind}")
        assert told(kind, 2.0, 3.0) == told(kind, 1.9, 3.0) == []
    covered = replace(clean.timeline.picture[2], start=0, frames=40)
    line = replace(clean.timeline, picture=(*clean.timeline.picture[:2], covered))
    truth = truth_of(clean, defects=(Defect("blur", 1.5, 2.5), Defect("clipping", 1.5, 2.5)))
    (found,) = judge(replace(clean, timeline=line), truth).findings  # heard, and not seen
    assert "clipping" in found.what and found.at == "1.10 s"
    assert not judge(clean, replace(truth, clips=())).measured


def test_content_is_measured_against_the_truth(clean):
    shows = content.content_is_as_asked
    assert shows(clean, truth_of(clean)).findings == ()
    assert shows(clean, truth_of(clean)).figures["must_show_share"] == 1
    assert "must not" in shows(clean, truth_of(clean, tags=("kettle", "snow"))).findings[0].what
    assert content.must_show_is_shown([clean], truth_of(clean)) == 1
    assert content.must_show_is_shown([clean], truth_of(clean, tags=())) == 0


# what becomes of it in the yardstick


def test_what_was_measured_counts_also_with_a_note_and_memory_is_let_go(clean, monkeypatch):
    """Captions as quick as the speech are judged; a cut's pictures are not kept for the campaign."""
    body = cue_file(("00:00:00,000", "00:00:03,000", "x" * 70))
    quick = replace(clean, texts=Texts(srt=body), aspect="16x9")
    quick.__dict__["film"] = clean.film
    quick.sources.sound("a.mp4", F(0), F(1))
    silent = replace(quick, texts=Texts())
    silent.__dict__["film"] = clean.film
    kept = []

    def keeps(cases, truth):
        kept.extend(cases)
        return Outcome()

    readable = Measure(6, reading.captions_can_be_read, blind=True)
    monkeypatch.setattr(score, "MEASURES", (readable,))
    monkeypatch.setattr(score, "CAMPAIGN_MEASURES", (CampaignMeasure(18, keeps),))
    cuts = [score.Entry("r1-01", "16x9", quick), score.Entry("r1-02", "16x9", silent)]
    found = score.scored(cuts, "ours", stills=False)
    rows = {r.cut: r for r in found.rows if r.measure == "captions_can_be_read"}
    assert rows["r1-01"].measured and rows["r1-01"].passed and rows["r1-01"].note
    assert rows["r1-01"].figures["speed_max_cps"] > 20
    assert not rows["r1-02"].measured and rows["r1-02"].note == "there are no captions"
    assert [c.sources._seen or c.sources._heard for c in kept] == [{}, {}]
    assert quick.sources._heard
