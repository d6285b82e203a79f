"""What several test modules judge, rendered once a process."""

import pytest

from video_assets.delivery.inspections.case import Case
from video_assets.delivery.yardstick import score as scoring
from video_assets_tests.delivery.cases import Made
from video_assets_tests.delivery.listening import speech, without_music
from video_assets_tests.delivery.seeing import odd_footage, watched
from video_assets_tests.delivery.short_cut import BLIND, short_cut
from video_assets_tests.delivery.talking import IDEA, talking


@pytest.fixture(scope="session")
def talk(tmp_path_factory) -> Made:
    """Two speakers' lines, a picture over the second, a title, an end card, captions burned in."""
    folder = tmp_path_factory.mktemp("talk")
    return talking(folder)


@pytest.fixture(scope="session")
def spoken(talk) -> Case:
    """The same as it is judged."""
    return talk.case("9x16", idea=IDEA)


@pytest.fixture(scope="session")
def clean(tmp_path_factory) -> Made:
    """A cutdown of moving pictures and a still one; see `watched`."""
    return watched(tmp_path_factory.mktemp("seen"))


@pytest.fixture(scope="session")
def odd(tmp_path_factory) -> Made:
    """A cutdown of footage with oddities of its own; see `odd_footage`."""
    return odd_footage(tmp_path_factory.mktemp("odd"))


@pytest.fixture(scope="session")
def nine(clean) -> Case:
    """The clean cutdown in 9:16; its footage is read once for all."""
    return clean.case("9x16")


@pytest.fixture(scope="session")
def wide(clean, nine) -> Case:
    """The clean cutdown in 16:9."""
    return clean.case("16x9", sources=nine.sources)


@pytest.fixture(scope="session")
def oddly(odd) -> Case:
    """The odd cutdown in 16:9."""
    return odd.case("16x9")


@pytest.fixture(scope="session")
def short(tmp_path_factory) -> Made:
    """A clean cutdown of two seconds in two ratios."""
    return short_cut(tmp_path_factory.mktemp("short"))


@pytest.fixture
def few(monkeypatch):
    """Two quick measures stand for all of them."""
    monkeypatch.setattr(scoring, "MEASURES", BLIND)
    monkeypatch.setattr(scoring, "TRUTH_MEASURES", ())
    monkeypatch.setattr(scoring, "CAMPAIGN_MEASURES", ())


@pytest.fixture(scope="session")
def over_music(tmp_path_factory) -> Made:
    """Three spoken lines over music, rendered."""
    return speech(tmp_path_factory.mktemp("speech") / "a")


@pytest.fixture(scope="session")
def plain(over_music) -> Made:
    """The same lines without music."""
    return without_music(over_music)
