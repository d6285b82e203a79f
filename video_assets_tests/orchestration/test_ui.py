"""The live UI in a browser: `dagster dev` as a person starts it. Run by `make test-ui`."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = [
    pytest.mark.ui,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]  # playwright's own loop


@pytest.fixture(scope="module")
def data(tmp_path_factory, small_library):
    """A project with its shot index, so that there is a sheet to look at."""
    folder = tmp_path_factory.mktemp("ui")
    for command in (
        ["project", "add", "lake", "--footage", str(small_library)],
        ["run", "lake", "--to", "shot_index"],
    ):
        subprocess.run(
            [sys.executable, "-m", "video_assets.cli", *command, "--data", str(folder)],
            check=True,
            capture_output=True,
        )
    return folder


@pytest.fixture(scope="module")
def address(data):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    dagster = Path(sys.executable).parent / "dagster"
    server = subprocess.Popen(
        [str(dagster), "dev", "-h", "127.0.0.1", "-p", str(port)],
        cwd=ROOT,
        env={**os.environ, "VIDEO_ASSETS_DATA": str(data), "DAGSTER_HOME": str(data / ".dagster")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 180
        while True:
            try:
                with urllib.request.urlopen(f"{url}/server_info", timeout=5):
                    break
            except OSError:
                assert server.poll() is None and time.monotonic() < deadline, (
                    "dagster dev did not start"
                )
                time.sleep(1)
        yield url
    finally:
        os.killpg(server.pid, signal.SIGINT)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no browser is installed")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield running
        running.close()


def shot(page, name):
    """A picture for whoever wants to look: kept where VIDEO_ASSETS_SCREENSHOTS says."""
    folder = os.environ.get("VIDEO_ASSETS_SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def test_the_asset_page_shows_the_groups(address, browser):
    page = browser.new_page(viewport={"width": 1800, "height": 1000})
    page.goto(f"{address}/asset-groups")
    for group in ("library", "editorial", "delivery", "performance", "outside"):
        page.get_by_text(group, exact=True).first.wait_for(timeout=60_000)
    page.wait_for_timeout(5_000)  # the graph's layout
    shot(page, "groups")
    assert page.get_by_text("library", exact=True).count() >= 1
    page.close()


def test_the_shot_index_shows_its_sheet(address, browser):
    page = browser.new_page(viewport={"width": 1600, "height": 1400})
    page.goto(f"{address}/assets/shot_index?view=partitions&partition=lake")
    page.get_by_text("lake", exact=True).first.wait_for(timeout=60_000)
    page.wait_for_timeout(4_000)
    shot(page, "shot_index")
    opener = page.get_by_text("Show Markdown").first
    if opener.count():
        opener.click()
        page.wait_for_timeout(2_000)
        shot(page, "sheet")
    assert page.locator("img[src^='data:image/jpeg']").count() >= 1
    page.close()
