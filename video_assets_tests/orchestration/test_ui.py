"""The live UI in a browser: `dagster dev` as a person starts it. Run by `make test-ui`.

Its daemon and sensors run too, so everything here happens beside them, as it does for people.
"""

import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from itertools import pairwise
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


PLACE = "video_assets.definitions"
BRIEF = "title: By the lake\ndurations: [6]\naspects: [1x1]\n"
ALLOWED = ("SupersessionWarning: Function `dev_command` is superseded",)
"""What `dagster dev` says of itself; nothing else may warn."""


@pytest.fixture(scope="module")
def data(tmp_path_factory, small_library):
    """Two good projects, one with its shot index; one whose footage holds no usable clip."""
    folder = tmp_path_factory.mktemp("ui")
    brief = folder / "brief.yaml"
    brief.write_text(BRIEF)
    poor = folder / "poor"
    poor.mkdir()
    shutil.copy(small_library / "broken.mp4", poor)
    river = folder / "river"
    river.mkdir()
    for name in ("forest.mp4", "red_door.mp4", "night.mp4"):
        shutil.copy(small_library / name, river)
    footage = {"lake": small_library, "river": river, "poor": poor}
    data = folder / "data"
    commands = [
        ["project", "add", slug, "--footage", str(root), "--brief", str(brief)]
        for slug, root in footage.items()
    ]
    for command in (*commands, ["run", "lake", "--to", "shot_index"]):
        subprocess.run(
            [sys.executable, "-m", "video_assets.cli", *command, "--data", str(data)],
            check=True,
            capture_output=True,
        )
    return data


@pytest.fixture(scope="module")
def told():
    """A webhook: its address, and the messages it got."""
    messages = []

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args):
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook) as hook:
        thread = threading.Thread(target=hook.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{hook.server_port}/token", messages
        hook.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def server(data, told):
    """`dagster dev`; its address and the file with all it said."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    dagster = Path(sys.executable).parent / "dagster"
    said = data / "said.txt"
    with open(said, "wb") as output:
        running = subprocess.Popen(
            [str(dagster), "dev", "-h", "127.0.0.1", "-p", str(port)],
            cwd=ROOT,
            env={
                **os.environ,
                "VIDEO_ASSETS_DATA": str(data),
                "DAGSTER_HOME": str(data / ".dagster"),
                "VIDEO_ASSETS_ALERT_WEBHOOK": told[0],
                "no_proxy": "127.0.0.1",
            },
            stdout=output,
            stderr=subprocess.STDOUT,
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
                assert running.poll() is None and time.monotonic() < deadline, (
                    f"dagster dev did not start: {said.read_text()[-2000:]}"
                )
                time.sleep(1)
        yield url, said
    finally:
        os.killpg(running.pid, signal.SIGINT)
        try:
            running.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()


@pytest.fixture(scope="module")
def address(server):
    return server[0]


@pytest.fixture(scope="module")
def ask(address):
    """Asks Dagster's GraphQL, as the pages do."""

    def asked(query, **variables):
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"{address}/graphql", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            found = json.load(answer)
        assert "errors" not in found, found
        return found["data"]

    return asked


def until(what, seconds=120):
    """The first true answer of `what`; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(1)
    return found


def runs(ask):
    """All runs, oldest first: id, status, project, job, assets, start, end."""
    query = """{runsOrError {... on Runs {results {
        runId status jobName startTime endTime tags {key value} assetSelection {path}}}}}"""
    found = ask(query)["runsOrError"]["results"]
    for run in found:
        run["tags"] = {t["key"]: t["value"] for t in run["tags"]}
        run["project"] = run["tags"].get("dagster/partition", "")
        run["assets"] = {"/".join(a["path"]) for a in run["assetSelection"] or ()}
    return found[::-1]


def made(ask, asset):
    """The projects for which Dagster knows an asset; one that is just made again counts."""
    query = """query($key: AssetKeyInput!, $all: [String!]) {assetNodeOrError(assetKey: $key) {
        ... on AssetNode {latestMaterializationByPartition(partitions: $all) {partition}}}}"""
    found = ask(query, key={"path": asset.split("/")}, all=["lake", "poor", "river"])
    events = found["assetNodeOrError"]["latestMaterializationByPartition"]
    return {event["partition"] for event in events if event}


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


@pytest.fixture
def page(browser):
    opened = browser.new_page(viewport={"width": 1600, "height": 1100})
    yield opened
    opened.close()


def test_the_asset_page_shows_the_groups(address, page):
    page.goto(f"{address}/asset-groups")
    for group in ("library", "editorial", "delivery", "performance", "outside"):
        page.get_by_text(group, exact=True).first.wait_for(timeout=60_000)
    page.wait_for_timeout(5_000)  # the graph's layout
    shot(page, "groups")
    assert page.get_by_text("library", exact=True).count() >= 1


def test_sensors_and_schedules_are_on(address, page, ask):
    until(lambda: {"lake", "river", "poor"} <= made(ask, "brief"))  # the inputs sensor asked
    page.goto(f"{address}/automation")
    ours = ("alerts", "automation", "inputs", "metrics", "nightly", "weekly_purge")
    for name in ours:
        page.get_by_text(name, exact=True).first.wait_for(timeout=60_000)
    page.wait_for_timeout(2_000)
    shot(page, "automation")
    switches = page.locator("input[type=checkbox][role=switch], [role=switch]")
    query = """query($at: RepositorySelector!) {repositoryOrError(repositorySelector: $at) {
        ... on Repository {schedules {name scheduleState {status}}
        sensors {name sensorState {status}}}}}"""
    at = {"repositoryName": "__repository__", "repositoryLocationName": PLACE}
    found = ask(query, at=at)["repositoryOrError"]
    states = {s["name"]: s["scheduleState"]["status"] for s in found["schedules"]}
    states |= {s["name"]: s["sensorState"]["status"] for s in found["sensors"]}
    assert states == dict.fromkeys(ours, "RUNNING"), switches.count()


def test_one_partition_is_materialised_by_hand(address, page, ask):
    """The button on the asset's page, as a person presses it."""
    page.goto(f"{address}/assets/brief?view=partitions&partition=river")
    before = {r["runId"] for r in runs(ask)}
    page.get_by_role("button", name="Materialize").first.click(timeout=60_000)
    launch = page.get_by_role("button", name=re.compile("Launch 1 run"))
    launch.wait_for(timeout=60_000)
    page.wait_for_timeout(1_000)
    shot(page, "materialise")
    launch.click()

    def by_hand():
        new = [r for r in runs(ask) if r["runId"] not in before]
        return [r for r in new if "dagster/sensor_name" not in r["tags"]]

    (run,) = until(by_hand)
    assert run["project"] == "river" and run["assets"] == {"brief"}
    done = until(lambda: [r for r in runs(ask) if r["runId"] == run["runId"] and r["endTime"]])
    assert done[0]["status"] == "SUCCESS"
    page.goto(f"{address}/runs/{run['runId']}")
    page.get_by_text("Success", exact=True).first.wait_for(timeout=60_000)
    page.wait_for_timeout(2_000)
    shot(page, "run")


def test_the_launchpad_is_filled_in(address, page):
    page.goto(f"{address}/locations/{PLACE}/jobs/library/playground")
    page.get_by_text("settle_s").first.wait_for(timeout=60_000)
    page.get_by_text("No errors").first.wait_for(timeout=60_000)
    page.wait_for_timeout(1_000)
    shot(page, "launchpad")
    for setting in ("aspects", "clips", "force", "tier"):
        assert page.get_by_text(setting).count() >= 1


def test_a_backfill_over_two_projects_completes(address, page, ask):
    launch = """mutation($with: LaunchBackfillParams!) {launchPartitionBackfill(
        backfillParams: $with) {__typename ... on LaunchBackfillSuccess {backfillId}}}"""
    at = {"repositoryName": "__repository__", "repositoryLocationName": PLACE}
    wanted = {
        "selector": {"partitionSetName": "refresh_partition_set", "repositorySelector": at},
        "partitionNames": ["lake", "river"],
    }
    backfill = ask(launch, **{"with": wanted})["launchPartitionBackfill"]["backfillId"]
    query = """query($id: String!) {partitionBackfillOrError(backfillId: $id) {
        ... on PartitionBackfill {status}}}"""
    status = until(
        lambda: (
            (found := ask(query, id=backfill)["partitionBackfillOrError"]["status"]).startswith(
                "COMPLETED"
            )
            and found
        ),
        180,
    )
    assert status == "COMPLETED_SUCCESS"
    assert made(ask, "cutdowns/1x1") == made(ask, "learnings") - {"poor"} == {"lake", "river"}
    assert made(ask, "cutdowns/9x16") == made(ask, "publications") == set()
    page.goto(f"{address}/runs/b/{backfill}")
    page.get_by_text("Succeeded", exact=True).first.wait_for(timeout=60_000)
    page.wait_for_timeout(2_000)
    shot(page, "backfill")
    assert page.get_by_text("100% completed").count() == 1


def test_a_failed_gate_holds_its_own_project_only(address, page, ask):
    assert {"lake", "river"} <= made(ask, "ideas")
    for held in ("shot_index", "processing_plan", "ideas", "cutdowns/1x1"):
        assert "poor" not in made(ask, held), held
    page.goto(f"{address}/assets/footage?view=checks&checkDetail=some_clip_is_usable")
    page.get_by_text("some_clip_is_usable").first.wait_for(timeout=60_000)
    page.get_by_role("tab", name="Partitions").last.click()
    page.get_by_text("poor", exact=True).first.wait_for(timeout=60_000)
    page.wait_for_timeout(2_000)
    shot(page, "gate")
    page.goto(f"{address}/assets/ideas?view=partitions")
    page.get_by_text("poor", exact=True).first.wait_for(timeout=60_000)
    page.wait_for_timeout(2_000)
    shot(page, "held")


def test_the_failed_gate_is_told_once(told, ask, server):
    """By the live alerts sensor, however often the gate has failed meanwhile."""
    until(lambda: told[1])
    failed = [r for r in runs(ask) if r["status"] == "FAILURE"]
    assert failed and {r["project"] for r in failed} == {"poor"}
    (message,) = told[1]
    assert message["project"] == "poor" and message["gate"] == "some_clip_is_usable"
    assert message["run"] in {r["runId"] for r in failed}
    assert "no usable clip" in message["text"]
    assert "/token" not in server[1].read_text(errors="replace")


@pytest.mark.parametrize(
    ("asset", "opened"), [("shot_index", "sheet"), ("cutdowns/1x1", "posters")]
)
def test_a_contact_sheet_is_seen(address, page, asset, opened):
    page.goto(f"{address}/assets/{asset}?view=partitions&partition=lake")
    page.get_by_text("lake", exact=True).first.wait_for(timeout=60_000)
    page.wait_for_timeout(4_000)
    shot(page, asset.replace("/", "_"))
    opener = page.get_by_text("Show Markdown").first
    if opener.count():
        opener.click()
        page.wait_for_timeout(2_000)
        shot(page, opened)
    seen = page.locator("img[src^='data:image/jpeg']")
    assert seen.count() >= 1
    assert seen.first.evaluate("img => img.complete && img.naturalWidth") > 100


def test_a_project_has_one_run_at_a_time(ask):
    """The queue's limit: two runs of a project never overlap."""
    by_project = {}
    for run in runs(ask):
        if run["startTime"] and run["endTime"]:
            by_project.setdefault(run["project"], []).append((run["startTime"], run["endTime"]))
    assert {"lake", "river", "poor"} <= set(by_project)
    for project, spans in by_project.items():
        spans.sort()
        for (_, end), (start, _) in pairwise(spans):
            assert end <= start, project


def test_nothing_warned(server):
    """Nothing deprecated, beta or superseded but what Dagster says of its own command."""
    said = server[1].read_text(errors="replace").splitlines()
    assert any("Serving dagster-webserver" in line for line in said)
    warned = [line for line in said if re.search(r"\b\w*Warning\b", line)]
    assert [w for w in warned if not any(a in w for a in ALLOWED)] == []
