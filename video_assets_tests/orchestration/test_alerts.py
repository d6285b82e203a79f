"""One message per project and cause, to real receivers, however often and whatever is down."""

import base64
import http.server
import json
import re
import socketserver
import threading
from contextlib import contextmanager

import dagster as dg
import pytest

from video_assets.orchestration import alerts as module
from video_assets.orchestration.alerts import AT_ONCE, QUIET, WAITING, State, Trouble, alerts
from video_assets.orchestration.receivers import SMTP, WEBHOOK, Undelivered, Webhook, receivers
from video_assets.orchestration.runs import instance_of

TOKEN = "T0KEN-in-the-path"
PASSWORD = "s3cret/&pass"
PROJECTS = dg.DynamicPartitionsDefinition(name="project")


@dg.asset(partitions_def=PROJECTS)
def footage(context: dg.AssetExecutionContext) -> None:
    """Fails as an asset of ours does: with a text for people."""
    why = context.run.tags.get("why")
    if why:
        raise dg.Failure(why, allow_retries=False)


@dg.asset_check(asset=footage, blocking=True, partitions_def=PROJECTS)
def some_clip_is_usable(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Fails where the run's tag says so."""
    told = context.run.tags.get("gate")
    return dg.AssetCheckResult(
        passed=not told, metadata={"problems": dg.MetadataValue.md(f"- {told}\n- another")}
    )


@dg.asset(partitions_def=PROJECTS, deps=[footage])
def ideas() -> None:
    """Held by the gate."""


DEFS = dg.Definitions(
    assets=[footage, ideas], asset_checks=[some_clip_is_usable], executor=dg.in_process_executor
)


def fail(instance, project, why="", gate=""):
    """A real run that fails; its id."""
    tags = {k: v for k, v in (("why", why), ("gate", gate)) if v}
    done = DEFS.resolve_implicit_global_asset_job_def().execute_in_process(
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        instance=instance,
        partition_key=project,
        raise_on_error=False,
        tags=tags,
    )
    assert not done.success
    return done.run_id


class Hook(http.server.ThreadingHTTPServer):
    """A webhook that keeps what it is sent and answers as it is told."""

    daemon_threads = True

    def __init__(self, port=0):
        self.got, self.status, self.location = [], 200, ""
        super().__init__(("127.0.0.1", port), Answer)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/hooks/{TOKEN}"


class Answer(http.server.BaseHTTPRequestHandler):
    """One request of `Hook`."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.status == 200:  # before the answer: then the test looks
            self.server.got.append((self.path, json.loads(body)))
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        """Says nothing."""


class Post(socketserver.ThreadingTCPServer):
    """A small SMTP server: greets, asks for the password, takes mail."""

    daemon_threads, allow_reuse_address = True, True

    def __init__(self):
        self.mails, self.logins, self.refuses = [], [], False
        super().__init__(("127.0.0.1", 0), Talk)

    @property
    def url(self):
        port = self.server_address[1]
        return f"smtp://bot:s3cret%2F%26pass@127.0.0.1:{port}/?from=va@brand.test&to=ops@brand.test,ed@brand.test"


class Talk(socketserver.StreamRequestHandler):
    """One SMTP session of `Post`."""

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.say("220 here")
        mail = {"to": []}
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper()
            if verb == "EHLO":
                self.say("250-here\r\n250 AUTH PLAIN")
            elif verb == "AUTH":
                self.server.logins.append(base64.b64decode(line.split()[2]).decode().split("\0"))
                self.say(f"535 no, {PASSWORD} is wrong" if self.server.refuses else "235 welcome")
            elif verb == "MAIL":
                mail["from"] = line
                self.say("250 ok")
            elif verb == "RCPT":
                mail["to"].append(re.search("<(.*)>", line)[1])
                self.say("250 ok")
            elif verb == "DATA":
                self.say("354 go on")
                text = []
                while (data := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                    text.append(data)
                self.server.mails.append({**mail, "text": "\n".join(text)})
                self.say("250 kept")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


@contextmanager
def serving(server):
    """A server that answers from a thread of its own."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def hook(monkeypatch):
    with serving(Hook()) as server:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(WEBHOOK, server.url)
        monkeypatch.delenv(SMTP, raising=False)
        yield server


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as found:
        found.add_dynamic_partitions("project", ["spring", "autumn"])
        yield found


class Ticks:
    """The sensor, tick by tick, with its cursor as Dagster keeps it."""

    def __init__(self, instance):
        self.instance, self.cursor, self.texts = instance, None, []

    def __call__(self):
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor)
        told = alerts(context)
        self.cursor = context.cursor
        self.texts.append(told.skip_message or "")
        assert TOKEN not in self.cursor + self.texts[-1] and PASSWORD not in self.cursor
        return self.texts[-1]

    def later(self, seconds):
        """As if the messages so far had been sent so long ago."""
        state = json.loads(self.cursor)
        state["causes"] = {c: [v[0] - seconds, v[1]] for c, v in state["causes"].items()}
        self.cursor = json.dumps(state)


def test_fifty_failures_of_one_cause_are_one_message(instance, hook, monkeypatch):
    monkeypatch.setenv(module.UI, "http://edit-1:3000/")
    tick = Ticks(instance)
    tick()
    for number in range(50):
        last = fail(
            instance, "spring", f"clip_{number}.mov (digest {number:08x}) is gone; copy it again"
        )
        if number in (9, 30):
            tick()
    assert "nothing" not in tick()
    ((path, message),) = hook.got
    assert path == f"/hooks/{TOKEN}"
    assert message["text"].startswith("project spring: footage failed (10 times)\nclip_9.mov")
    assert "copy it again" in message["text"] and message["times"] == 10
    assert (message["project"], message["asset"], message["gate"]) == ("spring", "footage", "")
    assert message["run_url"] == f"http://edit-1:3000/runs/{message['run']}"
    tick.later(QUIET)
    again = fail(instance, "spring", "clip_7.mov (digest 0000000a) is gone; copy it again")
    tick()
    assert len(hook.got) == 2 and again != last
    assert "and 40 times since it was last told" in hook.got[1][1]["text"]
    assert hook.got[1][1]["times"] == 41 and hook.got[1][1]["run"] == again
    assert tick() == "" and len(hook.got) == 2


def test_projects_and_causes_are_told_apart(instance, hook):
    tick = Ticks(instance)
    tick()
    fail(instance, "spring", "the disk is full")
    fail(instance, "autumn", "the disk is full")
    fail(instance, "spring", "brief.yaml: title is missing")
    fail(instance, "spring", gate="no usable clip in /footage; look at the status")
    tick()
    texts = sorted(m["text"].splitlines()[0] for _, m in hook.got)
    assert texts == [
        "project autumn: footage failed",
        "project spring: footage failed",
        "project spring: footage failed",
        "project spring: gate some_clip_is_usable of footage failed",
    ]  # a failed gate fails its run: one message, not two
    (gate,) = (m for _, m in hook.got if m["gate"])
    assert gate["reason"].startswith("- no usable clip in /footage; look at the status")


def test_a_receiver_that_is_down_loses_nothing(instance, hook, monkeypatch):
    with serving(Post()) as post:
        monkeypatch.setenv(SMTP, post.url)
        tick = Ticks(instance)
        tick()
        hook.status = 503
        fail(instance, "spring", "the disk is full: free some space")
        assert tick() == "webhook: it answered 503; 1 messages wait"
        assert tick() == "webhook: it answered 503; 1 messages wait"
        assert hook.got == [] and len(post.mails) == 1  # the other one was told, once
        fail(instance, "autumn", "the disk is full: free some space")
        tick()
        hook.status = 200
        tick()
        assert [m["project"] for _, m in hook.got] == ["spring", "autumn"]
        assert len(post.mails) == 2
        mail = post.mails[0]
        assert post.logins[0] == ["", "bot", PASSWORD]
        assert mail["to"] == ["ops@brand.test", "ed@brand.test"] and "va@brand.test" in mail["from"]
        assert "Subject: project spring: footage failed" in mail["text"]
        assert "free some space" in mail["text"]


def test_a_restart_repeats_one_tick_at_most(instance, hook):
    tick = Ticks(instance)
    tick()
    before = tick.cursor
    fail(instance, "spring", "the disk is full")
    tick()
    tick.cursor = before  # killed before Dagster kept the cursor
    tick()
    tick()
    assert len(hook.got) == 2
    assert hook.got[0][1]["run"] == hook.got[1][1]["run"]
    assert hook.got[0][1]["id"] == hook.got[1][1]["id"]


def test_a_repeat_has_its_id_though_more_has_failed_since():
    first, later = (Trouble("spring", "ideas", "", "broken", run) for run in ("r1", "r2"))
    (told,) = module.new_messages(State(0.0), [first], 1e6)
    (again,) = module.new_messages(State(0.0), [first, later], 1e6 + 30)
    (new,) = module.new_messages(State(0.0), [later], 1e6 + QUIET)
    assert told["id"] == again["id"] == f"{first.cause}-r1" != new["id"]
    assert again["run"] == "r2" and again["times"] == 2


class Taker:
    """A receiver whose every answer takes some seconds of a clock; refuses what it is told to."""

    def __init__(self, name, clock, seconds=0.0, refuses=()):
        self.name, self.clock, self.seconds, self.refuses = name, clock, seconds, refuses
        self.got = []

    def send(self, message):
        self.clock[0] += self.seconds
        if message["id"] in self.refuses:
            raise Undelivered("it answered 400", refused=True)
        self.got.append(message["id"])


def letters(count):
    return [{"id": f"m{n}", "text": "x", "times": 1} for n in range(count)]


def test_deliveries_share_a_budget_and_the_rest_comes_with_the_next_tick():
    clock, state = [0.0], State(0.0)
    slow, other = Taker("webhook", clock, 9.0), Taker("mailbox", clock, 1.0)
    sent, problems = module.deliver(state, [slow, other], letters(10), lambda: clock[0])
    assert slow.got == ["m0", "m1"] and len(other.got) == 7 and sent == 9
    assert clock[0] == module.BUDGET_S
    assert problems == [
        "webhook: there was no time for all; 8 messages wait",
        "mailbox: there was no time for all; 3 messages wait",
    ]
    for _ in range(4):
        module.deliver(state, [slow, other], [], lambda: clock[0])
    assert slow.got == [f"m{n}" for n in range(10)] == other.got


def test_what_is_refused_for_ever_blocks_nobody_and_is_dropped(hook):
    clock, state = [0.0], State(0.0)
    taker = Taker("webhook", clock, refuses=("m0", "m2"))
    _, problems = module.deliver(state, [taker], letters(4))
    assert taker.got == ["m1", "m3"]
    assert problems == ["webhook: it answered 400; 2 messages wait"]
    for _ in range(module.REFUSALS - 1):
        state = State.of(json.dumps(module.asdict(state)), 0.0)
        _, problems = module.deliver(state, [taker], [])
    assert problems == [f"webhook: it answered 400 10 times; {m} is dropped" for m in ("m0", "m2")]
    assert state.waiting == {"webhook": []} and state.refused == {"webhook": {}}
    for hook.status, refused in (
        (400, True),
        (404, True),
        (408, False),
        (429, False),
        (503, False),
    ):
        with pytest.raises(Undelivered) as raised:
            Webhook(hook.url).send({"text": "x"})
        assert raised.value.refused == refused


def test_what_is_no_unicode_is_told_all_the_same(instance, hook, monkeypatch):
    with serving(Post()) as post:
        monkeypatch.setenv(SMTP, post.url)
        trouble = Trouble("spring", "footage", "", "clip \udcff.mov is gone", "r1")
        state = State(0.0)
        messages = module.new_messages(state, [trouble], 1e6)
        state = State.of(json.dumps(module.asdict(state)), 0.0)
        assert module.deliver(state, receivers(), messages) == (2, [])
        assert "clip ?.mov is gone" in hook.got[0][1]["text"]
        assert "clip ?.mov is gone" in post.mails[0]["text"]


def test_a_run_that_cannot_be_read_is_told_with_the_others(instance, hook, monkeypatch):
    tick = Ticks(instance)
    tick()
    strange = fail(instance, "spring", "the disk is full")
    fail(instance, "autumn", "the disk is full")
    plain = module.troubles_of

    def reads(instance, run):
        if run.run_id == strange:
            raise AttributeError("no such event")
        return plain(instance, run)

    monkeypatch.setattr(module, "troubles_of", reads)
    assert tick() == "2 messages sent"
    assert [m["project"] for _, m in hook.got] == ["spring", "autumn"]
    assert "cannot be read (AttributeError: no such event)" in hook.got[0][1]["reason"]


def test_a_flood_is_summed_up(instance, hook):
    state = State(0.0)
    troubles = [
        Trouble("spring", f"asset_{chr(97 + n // 26)}{chr(97 + n % 26)}", "", "broken", str(n))
        for n in range(300)
    ]
    messages = module.new_messages(state, troubles, 1e6)
    assert len(messages) == AT_ONCE
    assert messages[-1]["causes"] == 300 - (AT_ONCE - 1)
    assert "281 more causes" in messages[-1]["text"] and "and 261 more" in messages[-1]["text"]
    many = [{**messages[0], "id": str(n)} for n in range(WAITING + 50)]
    hook.status = 500
    _, problems = module.deliver(state, receivers(), many)
    assert problems == [f"webhook: it answered 500; {WAITING} messages wait"]
    assert state.waiting["webhook"][-1]["causes"] == 51
    hook.status = 200
    assert module.deliver(state, receivers(), [])[0] == AT_ONCE
    assert len(hook.got) == AT_ONCE and len(state.waiting["webhook"]) == WAITING - AT_ONCE


def test_nobody_to_tell_is_said_once(instance, monkeypatch):
    for name in (WEBHOOK, SMTP):
        monkeypatch.delenv(name, raising=False)
    tick = Ticks(instance)
    fail(instance, "spring", "the disk is full")
    assert WEBHOOK in tick() and SMTP in tick.texts[0]
    assert tick() == ""


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"file:///etc/{TOKEN}", f"{WEBHOOK} is no http or https address"),
        (f"http://127.0.0.1:x{TOKEN}/", f"{WEBHOOK} is no address"),
        (f"http://127.0.0.1:1/{TOKEN}", "Connection refused"),
        (f"http://a b/{TOKEN}", "InvalidURL"),
    ],
)
def test_a_wrong_address_is_named_without_itself(url, why, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Undelivered) as raised:
        Webhook(url).send({"text": "x"})
    assert str(raised.value) == why
    assert TOKEN not in repr(Webhook(url))


def test_no_redirect_is_followed(hook):
    with serving(Hook()) as other:
        hook.status, hook.location = 307, other.url
        with pytest.raises(Undelivered, match=r"307; name the address"):
            Webhook(hook.url).send({"text": "x"})
        assert other.got == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("smtp://", "imap://"), "must read smtp"),
        (("to=ops@brand.test,ed@brand.test", "to="), "must read smtp"),
        (("127.0.0.1:", "127.0.0.1:9"), "is no address|Connection refused"),
    ],
)
def test_a_wrong_mailbox_is_named_without_its_password(change, why):
    with serving(Post()) as post:
        (mailbox,) = receivers({SMTP: post.url.replace(*change)})
        with pytest.raises(Undelivered, match=why) as raised:
            mailbox.send({"text": "x\ny", "id": "1"})
        assert "s3cret" not in str(raised.value)
        post.refuses = True
        (mailbox,) = receivers({SMTP: post.url})
        with pytest.raises(Undelivered) as raised:
            mailbox.send({"text": "x\ny", "id": "1"})
        assert str(raised.value) == "it answered 535"
        assert raised.value.__cause__ is None and raised.value.__suppress_context__


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # Dagster leaves its SQLite handles
def test_runs_of_the_command_line_count(tmp_path, hook):
    with instance_of(tmp_path) as instance:
        instance.add_dynamic_partitions("project", ["spring"])
        tick = Ticks(instance)
        tick()
        run_id = fail(instance, "spring", "the disk is full")
        tick()
        instance.add_run_tags(run_id, {"touched": "later"})
        assert tick() == ""
        assert [m["run"] for _, m in hook.got] == [run_id]
        state = State.of(tick.cursor, 0)
        assert list(state.seen) == [run_id]
