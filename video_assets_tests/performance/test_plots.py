"""The picture of metrics in the UI."""

import io

import pytest
from PIL import Image

from video_assets.orchestration.reports import PICTURE_LIMIT, metadata_value
from video_assets.performance import metrics, tables
from video_assets.performance.plots import metrics_plot
from video_assets.performance.tables import REPORTED
from video_assets_tests.performance.made_numbers import ASPECTS, publication, rows


def table(cuts, days=7, metric="views", value=100.0):
    known = [publication(f"r1-{n:02d}", a) for n in range(cuts) for a in ASPECTS]
    found = [
        (one.remote_id, metric, day, 28, value * (1 + n % 7) / day)
        for n, one in enumerate(known)
        for day in range(1, days + 1)
    ]
    return metrics.join(metrics.upsert(tables.empty(REPORTED), rows(*found)), known)[0]


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param({"cuts": 3}, id="a week"),
        pytest.param({"cuts": 1, "days": 1}, id="one day"),
        pytest.param({"cuts": 15, "days": 28, "value": 3e6}, id="many"),
        pytest.param({"cuts": 2, "metric": "watch_rate", "value": 0.1}, id="a rate"),
        pytest.param({"cuts": 2, "metric": "balance", "value": -5.0}, id="negative"),
        pytest.param({"cuts": 2, "value": 0.0}, id="nothing"),
    ],
)
def test_a_plot_is_a_picture_that_fits_the_event_log(shown):
    made = metrics_plot(table(**shown))
    with Image.open(io.BytesIO(made)) as picture:
        assert (picture.format, picture.size) == ("PNG", (900, 420))
        colours = picture.convert("RGB").getcolors(1 << 20)
    assert len(colours) > 8  # something is drawn
    assert len(made) <= PICTURE_LIMIT
    assert "data:image/png;base64," in metadata_value("plot", made).value


def test_the_same_table_gives_the_same_picture():
    assert metrics_plot(table(2)) == metrics_plot(table(2))


def test_nothing_is_drawn_of_nothing():
    assert metrics_plot(tables.empty(tables.METRICS)) == b""
