"""Every mistake in a brief is told with file, line, key and what is allowed."""

from pathlib import Path

import pytest

from video_assets.editorial.brief import load_brief, write_first_brief
from video_assets.foundation.errors import BriefError
from video_assets_tests.editorial import made


def refused(tmp_path: Path, text: str) -> str:
    path = tmp_path / "brief.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BriefError) as error:
        load_brief(path)
    return str(error.value)


def loaded(tmp_path: Path, text: str) -> object:
    path = tmp_path / "brief.yaml"
    path.write_text(text, encoding="utf-8")
    return load_brief(path)


def test_one_line_is_enough(tmp_path: Path) -> None:
    brief = loaded(tmp_path, "title: My trip\n")
    assert brief.title == "My trip"  # type: ignore[attr-defined]
    assert brief.durations == ()  # type: ignore[attr-defined]
    assert len(brief.aspects) == 6  # type: ignore[attr-defined]


def test_an_unknown_key_gets_a_hint(tmp_path: Path) -> None:
    told = refused(tmp_path, "title: A\nlanguge: en\n")
    assert "line 2" in told
    assert "languge" in told
    assert "did you mean 'language'" in told
    assert "call_to_action" in told


def test_several_mistakes_are_told_at_once(tmp_path: Path) -> None:
    told = refused(
        tmp_path,
        "title: A\ndurations: [6, 7]\ntier: fast\naspects: [9x16, 7x3]\nhooks: [3]\n"
        "glossary:\n  - word: X\n    insted_of: [Y]\n",
    ).splitlines()
    assert len(told) == 5
    assert all("brief.yaml, line " in line for line in told)
    whole = "\n".join(told)
    assert "line 2: durations.1: 7 is not one of 6, 15, 30, 60 or 120" in whole
    assert "line 3: tier: 'fast' is not one of 'draft' or 'delivery'" in whole
    assert "line 4" in whole and "'9x16'" in whole
    assert "line 8" in whole and "did you mean 'instead_of'" in whole


def test_a_key_may_stand_only_once(tmp_path: Path) -> None:
    told = refused(tmp_path, "title: A\ntier: draft\ntier: delivery\n")
    assert "line 3: tier: stands there twice (also line 2)" in told


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("forbidden: [cheap]\nmust_say: [It is cheap.]", "must_say: 'It is cheap.' contains"),
        ("forbidden: [cheap]\ncall_to_action: Buy cheap", "call_to_action"),
        ("durations: [6, 6]", "durations: 6 is named twice"),
        ("aspects: []", "aspects: at least one"),
    ],
)
def test_contradictions_are_told(tmp_path: Path, text: str, wanted: str) -> None:
    told = refused(tmp_path, f"title: A\n{text}\n")
    assert wanted in told
    assert "brief.yaml, line " in told


@pytest.mark.parametrize(
    "text",
    [
        "title: !!python/object/apply:os.system ['true']\n",
        "title: " + "[" * 20_000,
        "title: A\nscript: '" + "x" * 2_000_000 + "'\n",
        "- a\n- b\n",
        "",
        "title: [unclosed\n",
        "title: 'x\x00y'\n",
        "title: 12:30:\n  - x\n",
        "? [a, b]\n: c\n",
        "a: &a [x]\nb: *c\n",
    ],
    ids=["object", "deep", "large", "list", "empty", "open", "nul", "colon", "key", "alias"],
)
def test_hostile_text_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    told = refused(tmp_path, text)
    assert "brief.yaml" in told
    assert len(told) < 2000


def test_words_and_ratios_mean_what_people_mean(tmp_path: Path) -> None:
    brief = loaded(tmp_path, "title: A\ncaptions: off\naspects: [9:16, 1:1]\n")
    assert brief.captions == "off"  # type: ignore[attr-defined]
    assert brief.aspects == ("9x16", "1x1")  # type: ignore[attr-defined]


def test_an_absent_brief_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(BriefError, match="title: My film"):
        load_brief(tmp_path / "none.yaml")


@pytest.mark.parametrize("title", ["Paris: a # week", "é" * 300, " ", "a\nb", "- x", "yes", "100"])
def test_the_first_brief_loads_as_it_is(tmp_path: Path, title: str) -> None:
    have = made.library("talk")
    brief = loaded(tmp_path, write_first_brief(have.rows, 12.0, title))
    assert brief.title == (" ".join(title.split())[:200] or "Untitled")  # type: ignore[attr-defined]
    assert brief.durations == ()  # type: ignore[attr-defined]


def test_the_first_brief_says_what_was_found() -> None:
    text = write_first_brief(made.library("talk").rows, 12.0, "Trip")
    assert "8 clips" in text
    assert "1920x1080" in text
    assert "12 s of speech" in text
