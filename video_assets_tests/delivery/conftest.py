"""What several test modules judge, rendered once a process."""

import pytest

from video_assets.delivery.inspections.case import Case
from video_assets_tests.delivery.cases import Made
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
