"""Captions against their words and against readers: planted defects are found."""

import random
from dataclasses import replace
from fractions import Fraction as F
from pathlib import Path

import av
import pytest

from video_assets.delivery.inspections import (
    captions,
    cues,
    reading,
)
from video_assets.delivery.inspections.case import Case, Tables, Texts
from video_assets.editorial.brief import Brief, Spelling
from video_assets.editorial.captions import Chunk, sidecar_cues, social_chunks, srt, vtt
from video_assets.foundation.records import (
    CaptionWord,
    PictureCut,
    SoundCut,
    Timeline,
    Word,
)
from video_assets_tests.delivery.talking import (
    BRAND,
    captions_of,
    cue_file,
    shifted,
    with_burned,
)


def test_captions_that_leave_their_words_are_found(spoken):
    line = spoken.timeline
    follow = captions.captions_follow_the_words
    near = captions_of(replace(line, words=shifted(line.words, F(16, 1000))), spoken.tables, spoken)
    assert follow(near).findings == ()
    assert follow(near).figures["off_max_ms"] == pytest.approx(16, abs=0.6)
    far = captions_of(replace(line, words=shifted(line.words, F(1, 5))), spoken.tables, spoken)
    found = follow(far)
    assert found.findings and found.figures["off_max_ms"] == pytest.approx(200, abs=0.6)
    assert "+200 ms" in found.findings[0].what
    # only what is burned in, only the SRT file, only the VTT file
    late = tuple(
        replace(c, start=c.start + F(1, 5), end=c.end + F(1, 5)) for c in spoken.texts.burned
    )
    assert follow(replace(spoken, texts=replace(spoken.texts, burned=late))).findings
    moved = spoken.texts.srt.replace("00:00:00,", "00:00:01,")
    assert moved != spoken.texts.srt
    assert follow(replace(spoken, texts=replace(spoken.texts, srt=moved))).findings
    moved = spoken.texts.vtt.replace("00:00:02.460", "00:00:02.660")
    assert moved != spoken.texts.vtt
    assert follow(replace(spoken, texts=replace(spoken.texts, vtt=moved))).findings


def test_texts_that_differ_from_the_words_are_found(spoken):
    line, follow = spoken.timeline, captions.captions_follow_the_words
    swapped = list(line.words)
    swapped[1] = replace(swapped[1], text="was")
    found = follow(captions_of(replace(line, words=tuple(swapped)), spoken.tables, spoken))
    assert found.figures["text_differences"] == 2
    assert {f.figure for f in found.findings} >= {"was", "is"}
    dropped = captions_of(replace(line, words=line.words[:-1]), spoken.tables, spoken)
    assert next(f.what for f in follow(dropped).findings).startswith("'morning.' is heard")
    for kind in ("srt", "vtt"):
        other = getattr(spoken.texts, kind).replace("small", "smart")
        case = replace(spoken, texts=replace(spoken.texts, **{kind: other}))
        assert [f.figure for f in follow(case).findings] == ["smart and warm."]
    burned = (replace(spoken.texts.burned[0], text="Wakefield is small"), *spoken.texts.burned[1:])
    found = follow(replace(spoken, texts=replace(spoken.texts, burned=burned))).findings
    assert "what is burned in says 'Wakefield is small'" in found[0].what


def test_the_brief_s_own_spelling_is_a_correction_and_no_difference(spoken):
    heard_so = {
        clip: [replace(w, text=w.text.replace("Wickfield", "Wakefield")) for w in words]
        for clip, words in spoken.tables.words.items()
    }
    tables = replace(spoken.tables, words=heard_so)
    outcome = captions.captions_follow_the_words(replace(spoken, tables=tables))
    assert outcome.findings == () and outcome.figures["corrected"] == 1


def test_corrections_side_by_side_and_of_a_possessive_are_no_difference(spoken):
    words = spoken.timeline.words[:3]
    names = (Spelling(word="Wickfield", instead_of=("wick field",)),
             Spelling(word="Kestrel", instead_of=("castrol",)))  # fmt: skip
    case = replace(spoken, brief=Brief(title="x", glossary=names))

    def differ(written, said):
        mine = tuple(replace(words[n], text=text) for n, text in enumerate(written.split()))
        clip = next(iter(spoken.tables.words))
        cut = spoken.timeline.sound[0]
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


def test_captions_are_there_or_a_reason_is(spoken):
    follow = captions.captions_follow_the_words
    none = replace(spoken.timeline, words=())
    silent = replace(spoken, timeline=none, texts=Texts(otio=spoken.texts.otio))
    assert "no captions and no reason" in follow(silent).findings[0].what
    told = replace(none, captions_note="no captions: not sure enough")
    assert follow(replace(silent, timeline=told)).note == "no captions: not sure enough"
    assert follow(replace(spoken, timeline=told)).findings  # and yet there are some
    off = replace(silent, brief=Brief(title="x", captions="off"))
    assert follow(off).findings == ()
    unsure = replace(spoken.timeline.words[0], confidence=0.4)
    line = replace(spoken.timeline, words=(unsure, *spoken.timeline.words[1:]))
    assert "40%" in follow(replace(spoken, timeline=line)).findings[0].what


def test_cue_files_are_read_as_players_read_them(spoken, tmp_path):
    for kind in ("srt", "vtt"):
        body = getattr(spoken.texts, kind)
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
            w.text for w in spoken.timeline.words
        )
    (cue,) = cues.cues_of(
        "\ufeffWEBVTT\n\n01:02.500 --> 1:00:00.000\na &lt;b&gt; <01:03.000>&amp;c"
    )
    assert cue.words == ("a", "<b>", "&c") and cue.start == F(125, 2)
    assert cue.stamps == (F(125, 2), F(125, 2), F(63)) and cue.end == 3600


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
def test_cues_that_nobody_can_read_are_found(spoken, body, what):
    case = replace(spoken, texts=Texts(srt=body), aspect="16x9")
    found = reading.captions_can_be_read(case).findings
    assert len(found) == 1 and what in found[0].what


@pytest.mark.parametrize(
    ("end", "late", "chunk_late"),
    [("00:00:01,900", 0, 0), ("00:00:01,960", 0, 1), ("00:00:02,020", 1, 1)],
)
def test_a_cue_that_stays_after_its_last_word_is_found(spoken, end, late, chunk_late):
    """The last word ends at 1.46 s, a cue of it can be read at 1.5 s: each may stay 12 frames."""
    said = spoken.timeline.words[:5]
    line = replace(spoken.timeline, words=said)
    assert said[-1].end == F(146, 100)
    text = " ".join(w.text for w in said)
    body = cue_file(("00:00:00,100", end, text))
    case = replace(spoken, timeline=line, texts=Texts(srt=body), aspect="16x9")
    found = [f.what for f in reading.captions_can_be_read(case).findings]
    assert len([f for f in found if "after its last word" in f]) == late
    chunks = (Chunk(text, F(1, 10), F(end[-6:].replace(",", "."))),)
    found = reading.captions_can_be_read(with_burned(case, *chunks, aspect="9x16")).findings
    assert any("after its last word" in f.what for f in found) == chunk_late


def test_speech_too_quick_for_any_caption_is_told_and_no_fault(spoken):
    """One long word in half a second, held as long as there is time."""
    body = cue_file(("00:00:00,000", "00:00:03,000", "x" * 70))
    outcome = reading.captions_can_be_read(replace(spoken, texts=Texts(srt=body), aspect="16x9"))
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
def test_chunks_that_nobody_can_read_are_found(spoken, burned, what):
    found = reading.captions_can_be_read(with_burned(spoken, *burned)).findings
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
