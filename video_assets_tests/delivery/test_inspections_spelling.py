"""Names as the brand spells them: planted defects are found, ordinary words are not."""

from dataclasses import replace
from fractions import Fraction as F

import pytest

from video_assets.delivery.inspections import (
    spelling,
)
from video_assets.delivery.inspections.case import Case, Texts
from video_assets.editorial.brief import Brief
from video_assets.finishing.brand import BrandKit
from video_assets.foundation.records import (
    CaptionWord,
    Title,
    Word,
)
from video_assets_tests.delivery.talking import (
    BRAND,
)


def spelled(spoken: Case, sentence: str, brand: BrandKit = BRAND, **changes):
    """What is said of a caption, with the glossary of `changes` where it holds one."""
    words = tuple(CaptionWord(w, F(n), F(n + 1)) for n, w in enumerate(sentence.split()))
    line = replace(spoken.timeline, words=words, titles=())
    case = replace(spoken, timeline=line, texts=Texts(), brand=brand, **changes)
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
def test_misspelled_names_are_found(spoken, sentence):
    outcome = spelled(spoken, sentence)
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
def test_right_names_and_ordinary_words_are_none(spoken, sentence):
    assert spelled(spoken, sentence).findings == ()


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
def test_names_that_are_words_themselves(spoken, name, sentence, count):
    plain = Brief(title="x")
    outcome = spelled(spoken, sentence, BrandKit(name), brief=plain)
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
def test_german_nouns_are_no_names(spoken, sentence, language, count):
    asked = Brief(title="x", language=language)
    outcome = spelled(spoken, sentence, BrandKit("Bergland"), brief=asked)
    assert len(outcome.findings) == count, outcome


def test_words_of_the_cut_s_own_clips_are_no_names(spoken):
    """A sentence may begin with whatever the clips write small; other clips say nothing."""
    clip = next(iter(spoken.tables.words))
    words = [Word(clip, 0, "wackfeld", F(0), F(1), "", 1.0, "sidecar")]
    asked = Brief(title="x", language="pt")
    own = replace(spoken.tables, words={clip: words})
    foreign = replace(spoken.tables, words={"f" * 32: words})
    assert spelled(spoken, "Wackfeld e luz", brief=asked, tables=own).findings == ()
    assert spelled(spoken, "Wackfeld e luz", brief=asked, tables=foreign).findings != ()


def test_titles_cards_and_cue_files_are_read_too(spoken):
    line = spoken.timeline
    wrong = replace(line, titles=(Title("end_card", "Find Wakefield now", 62, 13),))
    found = spelling.brand_words_are_spelled_right(replace(spoken, timeline=wrong)).findings
    assert [f.what for f in found] == ["the end card says 'Wakefield', forbidden for 'Wickfield'"]
    for kind in ("srt", "vtt"):
        body = getattr(spoken.texts, kind).replace("Wickfield", "Wakefield")
        case = replace(spoken, texts=replace(spoken.texts, **{kind: body}))
        assert len(spelling.brand_words_are_spelled_right(case).findings) == 1
    kit = BrandKit("Wickfeld")
    assert spelling.brand_words_are_spelled_right(replace(spoken, brand=kit)).findings
