"""Chunks and cues: limits, order, and files that players read."""

import itertools
import re
from dataclasses import replace
from fractions import Fraction as F

import pytest

from video_assets.editorial.captions import Chunk, sidecar_cues, social_chunks, srt, vtt
from video_assets.foundation.records import CaptionWord, PictureCut, Timeline
from video_assets_tests.editorial.test_assembly import RATES, cuts_of


def timelines(rate: F) -> list[Timeline]:
    return [t for kind in ("talk", "talk_only") for _, t in cuts_of(kind, rate)[1] if t.words]


def in_order(chunks: list[Chunk], timeline: Timeline) -> None:
    assert chunks
    for one in chunks:
        assert 0 <= one.start < one.end <= timeline.duration
    for one, two in itertools.pairwise(chunks):
        assert one.end <= two.start


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_social_chunks_keep_their_limits(rate: F) -> None:
    for timeline in timelines(rate):
        chunks = social_chunks(timeline)
        in_order(chunks, timeline)
        for chunk in chunks:
            words = chunk.text.split()
            assert len(words) <= 3
            assert len(chunk.text) <= 18 or len(words) == 1
        assert " ".join(c.text for c in chunks) == " ".join(w.text for w in timeline.words)


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_sidecar_cues_keep_their_limits(rate: F) -> None:
    for timeline in timelines(rate):
        cues = sidecar_cues(timeline)
        in_order(cues, timeline)
        for cue in cues:
            assert len(cue.text.splitlines()) <= 2
            assert all(len(line) <= 42 for line in cue.text.splitlines())
            assert cue.end - cue.start <= 7 + F(1, 2)
        told = " ".join(" ".join(c.text.split()) for c in cues)
        assert told == " ".join(w.text for w in timeline.words)


def test_edges_of_cues_beside_a_cut_move_onto_it() -> None:
    """Words that begin a frame after the cut and end a frame before the next (CRAFT 1.6)."""
    cuts = tuple(
        PictureCut("V1", start, 50, f"{start:032d}", "s", "a.mp4", F(0)) for start in (0, 50, 100)
    )
    words = tuple(
        CaptionWord(text, at + F(1, 25), at + F(49, 25), 1.0, True)
        for text, at in (("One.", F(0)), ("Two.", F(2)), ("Three.", F(4)))
    )
    line = Timeline("r1-01", "t", F(25), 150, cuts, words=words)
    one, two, three = sidecar_cues(line)
    assert (one.start, two.start, three.start) == (0, 2, 4)
    assert (one.end, two.end) == (2 - F(2, 25), 4 - F(2, 25))  # two frames before the next one
    assert three.end == 6
    # a word that is moved with its cue has no time of its own in it, the next one has
    pair = replace(line, words=(words[0], replace(words[0], text="One.", start=F(1), end=F(2))))
    (cue,) = sidecar_cues(replace(pair, words=(replace(words[0], ends_line=False), pair.words[1])))
    assert vtt([cue], pair.words).splitlines()[3] == "One. <00:00:01.000>One."


STAMP = r"(\d\d):(\d\d):(\d\d)[,.](\d{3})"


def test_srt_and_vtt_parse() -> None:
    timeline = timelines(F(25))[0]
    cues = sidecar_cues(timeline)
    blocks = srt(cues).strip().split("\n\n")
    assert len(blocks) == len(cues)
    for number, block in enumerate(blocks, 1):
        head, times, *text = block.splitlines()
        assert head == str(number)
        assert re.fullmatch(f"{STAMP} --> {STAMP}", times)
        assert text
    web = vtt(cues, timeline.words)
    assert web.startswith("WEBVTT\n\n")
    assert web.count(" --> ") == len(cues)
    inside = [re.sub(r"<[\d:.]+>", "", line) for line in web.splitlines()]
    assert cues[0].text.splitlines()[0] in inside
    assert re.search(r"<\d\d:\d\d:\d\d\.\d{3}>", web)


def test_text_cannot_break_the_files() -> None:
    cues = [Chunk("a --> b & <i>c</i>\n\nd", F(0), F(1))]
    assert srt(cues) == "1\n00:00:00,000 --> 00:00:01,000\na -> b & <i>c</i>\nd\n"
    body = vtt(cues).split("\n", 3)[3]
    assert "-->" not in body
    assert "&lt;i&gt;" in body and "&amp;" in body
    assert "\n\n" not in body.strip()
