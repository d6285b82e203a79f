"""Words beside clips and words heard: sidecars, lines, retakes, glossary, what goes wrong."""

import dataclasses
import hashlib
import itertools
import json
import os
import re
import shutil
import wave
from fractions import Fraction as F
from pathlib import Path

import numpy as np
import pytest

from video_assets.foundation.errors import FootageError, ProjectError
from video_assets.foundation.media import run_arguments
from video_assets.foundation.records import FootageRow, Line, Soundtrack, Word
from video_assets.foundation.store import Workspace
from video_assets.foundation.timecode import Span
from video_assets.library.retakes import conflict, grouped, is_flub, same_line
from video_assets.library.sentences import lines_of, mended, tokens
from video_assets.library.sidecars import read_sidecar, spread
from video_assets.library.transcripts import in_order, pieces, transcribe

CORPUS = os.environ.get("VIDEO_ASSETS_CORPUS")
needs_corpus = pytest.mark.skipif(not CORPUS, reason="corpus is absent")
A = "a" * 32
B = "b" * 32


def clip(path="talk.mp4", clip_id=A, duration=F(10), role="clip") -> FootageRow:
    return FootageRow(path, role, 1, 1, clip_id=clip_id, duration=duration, audio_stream=1)


def sidecar(path, of="talk.mp4") -> FootageRow:
    return FootageRow(path, "sidecar", 1, 1, of=of)


def sound(clip_id=A, speech=((F(0), F(10)),), wav="none.wav", duration=F(10)) -> Soundtrack:
    return Soundtrack(clip_id, duration, F(0), wav, -20.0, -3.0, 30.0, speech=speech)


def words(text: str, clip_id=A, gap=F(0), each=F(2, 5), speaker="") -> list[Word]:
    return [
        Word(clip_id, i, t, i * (each + gap), i * (each + gap) + each, speaker, source="sidecar")
        for i, t in enumerate(text.split())
    ]


def told(root: Path, rows, soundtracks=(), glossary=(), engines=("sidecar",), language="en"):
    return transcribe(
        Workspace(root / "data"), root, rows, soundtracks, language, glossary, engines
    )


def test_json_words_come_exactly_as_written(tmp_path):
    said = [
        {"text": "Hello", "start": 0.5, "end": 0.9},
        {"text": "there.", "start": 0.9, "end": 1.25},
        {"text": "Um,", "start": 2, "end": 2.4},
        {"text": "yes.", "start": 2.5, "end": 3.75},
    ]
    (tmp_path / "talk.json").write_text(
        json.dumps({"version": 1, "language": "en", "speaker": "Nora", "words": said})
    )
    found, lines, dead = told(tmp_path, [clip(), sidecar("talk.json")])
    assert dead == []
    assert [(w.text, w.start, w.end) for w in found[:2]] == [
        ("Hello", F(1, 2), F(9, 10)),
        ("there.", F(9, 10), F(5, 4)),
    ]
    assert [w.flags for w in found] == ["", "", "filler", "overlong"]
    assert {(w.speaker, w.source, w.confidence) for w in found} == {("Nora", "sidecar", 1.0)}
    assert [(line.text, line.first_word, line.last_word) for line in lines] == [
        ("Hello there.", 0, 1),
        ("Um, yes.", 2, 3),
    ]
    assert lines[0].line_id == f"{A[:12]}-l0000"


def test_srt_words_are_spread_over_the_speech_of_their_cue(tmp_path):
    (tmp_path / "talk.srt").write_bytes(
        "\ufeff1\r\n00:00:01,000 --> 00:00:03,000\r\n<i>One two</i> three.\r\n\r\n"
        "2\r\n00:00:04,000 --> 00:00:05,000\r\n[music]\r\nNORA: Four!\r\n".encode()
    )
    found, _, dead = told(tmp_path, [clip(), sidecar("talk.srt")], [sound(speech=((F(2), F(6)),))])
    assert dead == []
    assert [w.text for w in found] == ["One", "two", "three.", "Four!"]
    assert found[0].start == 2 and found[2].end == 3
    assert found[3].speaker == "Nora" and (found[3].start, found[3].end) == (4, 5)
    assert all(w.flags == "spread" for w in found)


def test_vtt_word_times_and_voices(tmp_path):
    (tmp_path / "talk.vtt").write_text(
        "WEBVTT\n\nNOTE nothing\n\nintro\n00:01.000 --> 00:04.000 align:start\n"
        "<v Nora>One <00:02.000><c>two</c> <00:03.000><c>three.</c>\n\n"
        "00:04.000 --> 00:05.000\nOne two three.\n<v Max>Four\n"
    )
    found, lines, _ = told(tmp_path, [clip(), sidecar("talk.vtt")])
    assert [(w.text, w.start, w.end, w.speaker) for w in found] == [
        ("One", 1, 2, "Nora"), ("two", 2, 3, "Nora"), ("three.", 3, 4, "Nora"), ("Four", 4, 5, "Max"),
    ]  # fmt: skip
    assert found[1].flags == ""
    assert [line.speaker for line in lines] == ["Nora", "Max"]


def test_segments_as_whisper_writes_them(tmp_path):
    timed = {
        "start": 0,
        "end": 2,
        "words": [
            {"word": " One", "start": 0.5, "end": 1},
            {"word": " two.", "start": 1, "end": 1.5},
        ],
    }
    (tmp_path / "talk.json").write_text(
        json.dumps({"segments": [timed, {"start": 3, "end": 4, "text": " Three four."}]})
    )
    found, _, dead = told(tmp_path, [clip(), sidecar("talk.json")])
    assert dead == []
    assert [(w.text, w.flags) for w in found] == [
        ("One", ""),
        ("two.", ""),
        ("Three", "spread"),
        ("four.", "spread"),
    ]
    assert found[0].start == F(1, 2) and found[3].end == 4


def test_sidecars_of_names_with_endings_and_languages(tmp_path):
    (tmp_path / "talk.ts.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHello\n")
    (tmp_path / "talk.eng.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHi\n")
    found, _, _ = told(tmp_path, [clip("talk.ts"), sidecar("talk.ts.srt", "talk.ts")])
    assert [w.text for w in found] == ["Hello"]
    assert (
        told(tmp_path, [clip("talk.ts"), sidecar("talk.eng.srt", "talk.ts")], language="de")[0]
        == []
    )
    assert told(tmp_path, [clip("talk.ts"), sidecar("talk.eng.srt", "talk.ts")])[0]


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        pytest.param("talk.json", b"{", "not JSON", id="not-json"),
        pytest.param("talk.json", b"[" * 100000, "not JSON", id="deep-json"),
        pytest.param(
            "talk.json",
            b'{"words": [{"text": "a", "start": 2, "end": 1}]}',
            r"words\[0\] 'a' ends",
            id="backwards",
        ),
        pytest.param(
            "talk.json",
            b'{"words": [{"text": "a", "start": "soon", "end": 1}]}',
            "number of seconds",
            id="no-number",
        ),
        pytest.param(
            "talk.json",
            b'{"words": [{"text": "a", "start": NaN, "end": 1}]}',
            "number of seconds",
            id="nan",
        ),
        pytest.param("talk.json", b'{"version": 2, "words": []}', "version 2", id="version"),
        pytest.param("talk.json", b'{"words": []}', "no words", id="no-words"),
        pytest.param("talk.srt", b"1\n00:00:01 -> 00:00:02\nHi\n", "no words", id="no-arrow"),
        pytest.param(
            "talk.srt", b"1\n00:00:01,0 --> oops\nHi\n", "line 2 is no cue timing", id="bad-timing"
        ),
        pytest.param(
            "talk.srt", b"1\n00:00:03,000 --> 00:00:02,000\nHi\n", "ends before", id="cue-backwards"
        ),
        pytest.param("talk.srt", b"\0\1\2" * 40, "not text", id="binary"),
        pytest.param("talk.vtt", b"00:01.000 --> 00:02.000\nHi\n", "WEBVTT", id="no-webvtt"),
        pytest.param("talk.srt", b"", "no words", id="empty"),
        pytest.param(
            "talk.srt",
            b"1\n00:10:00,000 --> 00:10:02,000\nHi\n",
            "clip ends at",
            id="beyond-the-clip",
        ),
    ],
)
def test_a_bad_sidecar_is_a_dead_letter_that_says_what_to_do(tmp_path, name, content, what):
    (tmp_path / name).write_bytes(content)
    found, lines, dead = told(tmp_path, [clip(), sidecar(name)])
    assert (found, lines) == ([], [])
    (letter,) = dead
    assert (letter.path, letter.code, letter.family, letter.step) == (
        name,
        2007,
        "MALFORMED",
        "transcripts",
    )
    assert letter.do
    assert re.search(what, letter.what)


def test_the_best_good_sidecar_wins(tmp_path):
    (tmp_path / "talk.json").write_text("broken")
    (tmp_path / "talk.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHello\n")
    (tmp_path / "talk.fr.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nBonjour\n")
    rows = [clip(), sidecar("talk.json"), sidecar("talk.fr.vtt"), sidecar("talk.srt")]
    found, _, dead = told(tmp_path, rows)
    assert [w.text for w in found] == ["Hello"]
    assert [d.path for d in dead] == ["talk.json"]


def test_a_missing_sidecar_keeps_its_words(tmp_path):
    """Its row stays until a second look; another text under its name is not taken for it."""
    text = "1\n00:00:01,000 --> 00:00:02,000\nAs it was\n"
    (tmp_path / "talk.srt").write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()[:32]
    rows = [clip(), dataclasses.replace(sidecar("talk.srt"), clip_id=digest)]
    first = told(tmp_path, rows)
    assert [w.text for w in first[0]] == ["As", "it", "was"] and first[2] == []
    (tmp_path / "talk.srt").unlink()
    assert told(tmp_path, rows) == first
    (tmp_path / "talk.srt").write_text(text.replace("As", "Not as"))
    assert told(tmp_path, rows)[0][0].text == "Not"
    (tmp_path / "talk.srt").unlink()
    assert told(tmp_path, rows) == first
    shutil.rmtree(tmp_path / "data")
    with pytest.raises(ProjectError, match="went away"):  # nothing is there: its disk is away
        told(tmp_path, rows)
    (tmp_path / "other.mp4").touch()
    (gone,) = told(tmp_path, rows)[2]
    assert "cannot be read" in gone.what


def test_words_never_overlap_nor_leave_the_clip():
    mess = [
        Word(A, 0, "b", F(1), F(3)), Word(A, 1, "a", F(1, 2), F(2)), Word(A, 2, "c", F(1), F(6, 5)),
        Word(A, 3, "d", F(9), F(12)), Word(A, 4, "e", F(11), F(12)), Word(A, 5, "f", F(-1), F(1, 4)),
    ]  # fmt: skip
    tidy = in_order(mess, F(10))
    assert [w.text for w in tidy] == ["f", "a", "c", "b", "d"]
    assert [w.number for w in tidy] == [0, 1, 2, 3, 4]
    assert all(0 <= w.start < w.end <= 10 for w in tidy)
    assert all(a.end <= b.start for a, b in itertools.pairwise(tidy))


def test_spread_keeps_to_the_cue_and_its_order():
    cue = Span(F(1), F(5))
    spans = spread([1, 5, 3], cue, [(F(0), F(2)), (F(4), F(9))])
    assert spans[0].start == 1 and spans[-1].end == 5
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))
    assert spread([2, 2], cue, [(F(1), F(11, 10))]) == [Span(F(1), F(3)), Span(F(3), F(5))]


def test_a_sentence_that_breaks_off_is_no_part_of_the_next():
    """The pause is shorter than one that ends a line; a comma or dash and a capital tell."""

    def said(text, pause=F(7, 10)):
        first, second = text.split(" / ")
        before, after = words(first), words(second)
        shift = before[-1].end + pause
        count = len(before)
        after = [
            dataclasses.replace(
                w, number=w.number + count, start=w.start + shift, end=w.end + shift
            )
            for w in after
        ]
        return [x.text for x in lines_of([*before, *after])]

    broken = "The spout pours slow and, / Put the kettle on, and stay. We put it on."
    assert said(broken)[:2] == ["The spout pours slow and,", "Put the kettle on, and stay."]
    assert len(said(broken, F(1, 5))) == 2  # no pause
    for whole in (
        "I cycled to the, / lake and back. It rained.",  # goes on
        "My friends, / Ada and Bruno came. It rained.",  # a sentence may end so, or a list begin
        "We live in the, / Wickfield part of town. Near Wickfield hill it rains.",  # a name
        "Er mag den, / Berg und das Tal und den See. Und die Stadt mit dem Turm.",  # nouns
    ):
        assert len(said(whole)) == 2, whole


def test_lines_end_at_sentences_or_at_pauses():
    assert [x.text for x in lines_of(words("Dr. Smith left. Why? At 3.5 he came back"))] == [
        "Dr. Smith left.",
        "Why?",
        "At 3.5 he came back",
    ]
    quiet = words("one two three", gap=F(8, 10))
    assert [x.text for x in lines_of(quiet)] == ["one", "two", "three"]
    assert len(lines_of(words("one two three", gap=F(6, 10)))) == 1
    long = lines_of(words("word " * 60, each=F(1, 2)))
    assert all(x.end - x.start <= 15 for x in long)
    assert [x.last_word + 1 for x in long[:-1]] == [x.first_word for x in long[1:]]


def test_the_glossary_mends_what_was_misheard():
    heard = words("at wick field, or Wickfeld. Wickfields")
    fixed = mended(heard, [("Wickfield", ["wick field", "wickfeld"])])
    assert [w.text for w in fixed] == ["at", "Wickfield,", "or", "Wickfield.", "Wickfields"]
    assert [w.number for w in fixed] == [0, 1, 2, 3, 4]
    assert (fixed[1].start, fixed[1].end) == (heard[1].start, heard[2].end)


def told_lines(*texts: str, clip_id=A, every=F(8)) -> list[Line]:
    return [
        Line(f"{clip_id[:12]}-l{i:04d}", clip_id, i, t, i * every, i * every + 3, 0, 1)
        for i, t in enumerate(texts)
    ]


def test_tries_of_one_line_share_a_group_and_flubs_are_not_complete():
    lines = grouped(
        told_lines(
            "What if the dark felt like a, sorry.",
            "What if the dark felt like home?",
            "Wickfield is a small lantern with a very warm glow.",
            "Wickfield is a small candle, no, a small lantern with a warm glow.",
            "One turn of the door, um, of the dial, and the kitchen softens.",
            "One turn of the dial, and the whole kitchen softens.",
            "Carry it from the lake to the, to the desk.",
            "Carry it from the desk to the lake in one hand.",
            "Carry it from the desk to the lake, in one hand.",
            "Find your light at Wick, um, sorry.",
            "Find your light at Wickfield dot example.",
            "It's made of brass and glass, and it's made to be mended.",
        ),
        {A: "kitchen/a.mp4"},
    )
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.group, []).append(line)
    assert [[x.number for x in g] for g in groups.values()] == [
        [0, 1],
        [2, 3],
        [4, 5],
        [6, 7, 8],
        [9, 10],
        [11],
    ]
    assert [x.number for x in lines if not x.complete] == [0, 3, 4, 6, 9]
    assert [x.take for x in lines] == [1, 2, 1, 2, 1, 2, 1, 2, 3, 1, 2, 1]


def test_numbers_and_names_keep_lines_apart():
    assert conflict("Save twenty percent today", "Save thirty percent today")
    assert conflict("We met Anna in town", "We met Maria in town")
    assert not conflict("Save twenty percent", "Save now, save twenty percent")
    lines = grouped(
        told_lines(
            "You save twenty percent on lamps today.", "You save thirty percent on lamps today."
        ),
        {},
    )
    assert lines[0].group != lines[1].group


def test_the_same_words_elsewhere_are_no_retake():
    far = grouped(
        told_lines(
            "The light stays soft and steady.", "The light stays soft and steady.", every=F(200)
        ),
        {},
    )
    assert far[0].group != far[1].group
    one = told_lines("The light stays soft and steady.")
    two = told_lines("The light stays soft and steady.", clip_id=B)
    same_folder = grouped([*one, *two], {A: "day1/a.mp4", B: "day1/b.mp4"})
    other_folder = grouped([*one, *two], {A: "day1/a.mp4", B: "day2/b.mp4"})
    assert same_folder[0].group == same_folder[1].group and same_folder[1].take == 2
    assert other_folder[0].group != other_folder[1].group


def test_a_try_that_began_again_is_no_measure_of_the_clean_one():
    lines = grouped(
        told_lines(
            "It survived the hills, the, it survived the hills, the rain, and my two children.",
            "It survived the hills, the rain, and my two children.",
            "It survived the hills.",
        ),
        {},
    )
    assert len({x.group for x in lines}) == 1
    assert [x.complete for x in lines] == [False, True, False]


@pytest.mark.parametrize(
    ("text", "flub"),
    [
        ("We went to the, the market.", True), ("I, I think so.", True), ("It was a very...", True), ("Um, sorry.", True),
        ("I'm sorry for the wait.", False), ("He said that that was fine.", False), ("Round and round and round it goes.", False),
        ("Day by day it grows, day after day.", False), ("No, it is not.", False),
        ("I carve each handle by, I carve each handle by hand.", True),
        ("It pours slow and, it pours slow and straight into the mug.", True),
        ("It charges over dinner and it charges over night.", False),
    ],
)  # fmt: skip
def test_flubs(text, flub):
    assert is_flub(text) is flub


def test_short_lines_need_the_same_words():
    assert same_line(tokens("Yes."), tokens("yes"))
    assert not same_line(tokens("Yes."), tokens("Yes, we put it on the balcony."))


def test_pieces_are_short_and_cover_the_speech():
    samples = np.random.default_rng(0).normal(0, 0.1, 100 * 16000).astype(np.float32)
    samples[20 * 16000 : 21 * 16000] = 0
    found = pieces(samples, [(F(1), F(2)), (F(22, 10), F(60)), (F(90), F(100))])
    assert all(0 < b - a <= 30 * 16000 for a, b in found)
    assert found[0][0] == int(F(8, 10) * 16000) and found[-1] == (
        int(F(898, 10) * 16000),
        100 * 16000,
    )
    assert 20 * 16000 < found[0][1] < 21 * 16000
    assert found[1][0] == found[0][1]
    assert pieces(samples, []) == []


def as_wav(workspace: Workspace, name: str) -> str:
    """A recording of the corpus as the soundtracks have it."""
    path = Path(CORPUS or "") / "speech" / name
    out, _ = run_arguments(
        ["-i", f"file:{path}", "-ac", "1", "-ar", "16000", "-f", "s16le", "pipe:1"],
        path.parent,
        60,
        name,
    )
    target = workspace.root / f"{path.stem}.wav"
    workspace.root.mkdir(exist_ok=True)
    with wave.open(str(target), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(out)
    return target.name


@needs_corpus
def test_clips_without_sidecar_are_heard_once(tmp_path):
    workspace = Workspace(tmp_path / "data")
    (tmp_path / "broken.json").write_text("{")
    rows = [
        clip("q.wav", A, F(181, 100), "sound"),
        clip("silent.wav", B, F(8), "sound"),
        sidecar("broken.json", "q.wav"),
    ]
    sounds = [
        sound(A, ((F(0), F(9, 5)),), as_wav(workspace, "brooklyn.flac"), F(181, 100)),
        sound(B, ((F(0), F(4)),), as_wav(workspace, "empty.wav"), F(8)),
    ]
    engines = ("sidecar", "pocketsphinx")
    glossary = [("Brooklyn", ["brooklyn"])]
    found, lines, dead = told(tmp_path, rows, sounds, glossary, engines)
    assert [line.text for line in lines] == ["how old is the Brooklyn bridge"]
    assert {w.source for w in found} == {"pocketsphinx"} and all(
        0 < w.confidence < 0.6 for w in found
    )
    assert [(d.path, d.code) for d in dead] == [("broken.json", 2007)]
    (workspace.root / "brooklyn.wav").unlink()  # the second time it is not listened to
    assert told(tmp_path, rows, sounds, glossary, engines) == (found, lines, dead)
    shutil.rmtree(workspace.root)


def test_a_language_nobody_hears_is_said_for_each_clip_that_speaks(tmp_path):
    rows = [clip(), clip("quiet.mp4", B)]
    sounds = [sound(), sound(B, speech=())]
    found, lines, dead = told(
        tmp_path, rows, sounds, engines=("sidecar", "pocketsphinx"), language="de"
    )
    assert (found, lines) == ([], [])
    (letter,) = dead
    assert (letter.path, letter.code) == ("talk.mp4", 3005)
    assert "English only" in letter.what and "sidecar" in letter.do


def test_a_lost_soundtrack_costs_its_clip_only(tmp_path):
    found, _, dead = told(tmp_path, [clip()], [sound(wav="gone.wav")], engines=("pocketsphinx",))
    assert found == []
    (letter,) = dead
    assert letter.path == "talk.mp4" and "gone.wav" in letter.what


def test_no_sidecar_at_all_is_no_error(tmp_path):
    with pytest.raises(FootageError, match="no words"):
        (tmp_path / "x.srt").write_text("")
        read_sidecar(tmp_path / "x.srt")
    assert told(tmp_path, [clip()]) == ([], [], [])
