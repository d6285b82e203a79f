"""Publishing: nothing unfit goes out, everything fit goes out once, killed or not."""

import contextlib
import dataclasses
import errno
import hashlib
import itertools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from video_assets.delivery.channels import Ambiguous, Refused, Sent, Transient
from video_assets.delivery.channels.folder import FolderChannel
from video_assets.delivery.inspections.verdict import GATES
from video_assets.delivery.outbox import Outbox
from video_assets.delivery.planning import Candidate, plan
from video_assets.delivery.platforms import platforms
from video_assets.delivery.publications import DEAD_AFTER, Backoff, publish, withdraw
from video_assets.foundation.errors import LeaseError, ProjectError
from video_assets.foundation.files import sha256_file
from video_assets.foundation.store import Project, Workspace

AT_ONCE = Backoff(sleep=lambda seconds: None)
CHECKED = platforms()["ig_reels"].checked_on
TODAY = {"today": lambda: CHECKED + timedelta(days=3)}


def cutdown(folder: Path, number: int = 1, aspect: str = "9x16", **changes) -> Candidate:
    """A small file with its captions, and the verdict that lets it pass."""
    cut = folder / f"r1-{number:04d}"
    cut.mkdir(parents=True, exist_ok=True)
    file = cut / f"{aspect}.mp4"
    if not file.exists():
        file.write_bytes(hashlib.sha256(f"{number} {aspect}".encode()).digest() * 100)
        (cut / f"{aspect}.srt").write_text(f"1\n00:00:00,000 --> 00:00:01,000\n{number}\n")
        (cut / f"{aspect}.poster.jpg").write_bytes(b"poster")
    verdict = {
        "version": 1, "aspect": aspect, "passed": True, "sha256": sha256_file(file),
        "gates": {name: [] for name in GATES}, "findings": [], "measures": {"seconds": 14.5},
    }  # fmt: skip
    plain = {
        "project": "lake", "round": "r1", "cut_id": cut.name, "aspect": aspect, "file": file,
        "verdict": verdict, "captions": (cut / f"{aspect}.srt",), "poster": cut / f"{aspect}.poster.jpg",
        "upload_text": "Warm light. #lake", "hashtags": ("lake", "#tent"), "traits": {"aspect": aspect},
        "takes": ("t1",), "idea": "Where's the lamp?",
    }  # fmt: skip
    return Candidate(**{**plain, **changes})


def send(candidates, channels, outbox, **options):
    options = {"approval_required": False, "by": "ann", "pause": AT_ONCE, **TODAY, **options}
    return publish(candidates, channels, outbox, **options)


def manifests(folder: Path) -> list[dict]:
    return [json.loads(p.read_text()) for p in sorted(folder.glob("*/*/manifest.json"))]


@pytest.fixture
def drop(tmp_path) -> FolderChannel:
    return FolderChannel("drop", tmp_path / "drop", "ig_reels", "wickfield")


@pytest.fixture
def outbox(tmp_path) -> Outbox:
    return Outbox(tmp_path / "outbox.db")


# what may go out


def test_a_good_cutdown_goes_out_with_everything(tmp_path, drop, outbox):
    one = cutdown(tmp_path / "made", decision="approved", decided_by="eve")
    report = send([one], [drop], outbox, approval_required=True)
    (row,) = outbox.rows()
    assert (row.state, row.by, row.attempts, row.error) == ("live", "eve", 1, "")
    assert (row.platform, row.account, row.round) == ("ig_reels", "wickfield", "r1")
    assert (row.traits, row.takes, row.idea) == ({"aspect": "9x16"}, ("t1",), "Where's the lamp?")
    assert [m.to_state for m in outbox.history(row.key)] == [
        "planned",
        "approved",
        "sending",
        "live",
    ]
    (found,) = manifests(drop.folder)
    assert (found["key"], found["remote_id"]) == (row.key, row.remote_id)
    text = next(drop.folder.glob("*/*/upload.txt")).read_text()
    assert text == "Warm light. #lake\n\n#tent\n"
    assert report.sent == (row,) and report.counts == {"live": 1}
    assert report.records()[0]["post"] == row.remote_id

    again = send([one], [drop], outbox, approval_required=True)
    assert again.sent == () and [p.action for p in again.already] == ["already live"]
    assert outbox.rows() == [row] and len(manifests(drop.folder)) == 1


def with_gate(one: Candidate) -> Candidate:
    gates = {**one.verdict["gates"], "no_word_is_cut": [{"what": "a word is cut"}]}
    return dataclasses.replace(one, verdict={**one.verdict, "gates": gates})


def changed_verdict(**changes):
    return lambda one: dataclasses.replace(one, verdict={**one.verdict, **changes})


def changed(**changes):
    return lambda one: dataclasses.replace(one, **changes)


def rewritten(one: Candidate) -> Candidate:
    one.file.write_bytes(b"other bytes, same name")
    return one


def removed(one: Candidate) -> Candidate:
    one.file.unlink()
    return one


UNFIT = {
    "no verdict": (changed(verdict={}), "has no verdict"),
    "not passed": (changed_verdict(passed=False), "set aside"),
    "passed is not true": (changed_verdict(passed="yes"), "set aside"),
    "a gate found something, whatever passed says": (with_gate, r"set aside \(no_word_is_cut\)"),
    "no gate ran": (changed_verdict(gates={}), "did not run"),
    "verdict of other bytes": (changed_verdict(sha256="0" * 64), "other bytes"),
    "bytes changed after the verdict": (rewritten, "other bytes"),
    "file gone": (removed, "cannot be read"),
    "rejected": (changed(decision="rejected", decided_by="eve"), "rejected by eve"),
    "not approved": (changed(decision=""), "approve lake r1-0001 --aspect 9x16"),
    "approved with other bytes": (changed(decided_sha256="0" * 64), "the approval was for other"),
    "banned": (changed(obstacles=("IMG_1.mp4 is banned: edit the cut",)), "IMG_1.mp4 is banned"),
    "wrong aspect": (changed(aspect="1x1"), "does not take 1x1"),
    "too short": (changed_verdict(measures={"seconds": 2.0}), "3 to 900 s"),
    "no length": (changed_verdict(measures={}), "no length"),
}


@pytest.mark.parametrize("why", UNFIT)
def test_nothing_unfit_is_sent(tmp_path, drop, outbox, why):
    change, said = UNFIT[why]
    one = change(cutdown(tmp_path / "made", decision="approved", decided_by="eve"))
    report = send([one], [drop], outbox, approval_required=True)
    (refused,) = report.refused
    assert refused.action == "refused"
    assert re.search(said, refused.reason), refused.reason
    assert report.sent == report.failed == () and report.counts == {}
    assert not drop.folder.exists() and not outbox.path.exists()


def test_an_old_platform_row_stops_publishing(tmp_path, drop, outbox):
    one = cutdown(tmp_path / "made")
    for days, count in ((181, 0), (180, 1)):
        report = send([one], [drop], outbox, today=lambda d=days: CHECKED + timedelta(days=d))
        assert len(report.sent) == count
        if not count:
            assert "compare it, then change checked_on" in report.refused[0].reason
    anywhere = FolderChannel("any", tmp_path / "any")
    assert send([one], [anywhere], outbox, today=lambda: date(2099, 1, 1)).sent


def test_a_channel_is_asked_about_its_ratios_only(tmp_path, outbox):
    channel = FolderChannel("drop", tmp_path / "drop", aspects=("4x5",))
    both = [cutdown(tmp_path / "made", 1, aspect) for aspect in ("9x16", "4x5")]
    report = send(both, [channel], outbox)
    assert [row.aspect for row in report.sent] == ["4x5"] and report.refused == ()


def test_a_rejection_of_other_bytes_says_nothing_of_these(tmp_path, drop, outbox):
    one = cutdown(tmp_path / "made", decision="rejected", decided_sha256="0" * 64)
    assert len(send([one], [drop], outbox).sent) == 1


def digests(folder: Path) -> dict[str, str]:
    return {str(p): sha256_file(p) if p.is_file() else "" for p in folder.rglob("*")}


def test_a_dry_run_writes_nothing(tmp_path, drop, outbox):
    made = [cutdown(tmp_path / "made", n) for n in (1, 2, 3)]
    made[1] = dataclasses.replace(made[1], verdict={})
    before = digests(tmp_path)
    planned = plan(made, [drop], outbox, False, **TODAY)
    assert [p.action for p in planned] == ["send", "refused", "send"]
    assert digests(tmp_path) == before
    send(made[:1], [drop], outbox)
    outbox.add(
        dataclasses.replace(outbox.rows()[0], key=planned[2].key, cut_id="r1-0003", state="unknown")
    )
    before = digests(tmp_path)
    planned = plan(made, [drop], outbox, False, **TODAY)
    assert [p.action for p in planned] == ["already live", "refused", "reconcile"]
    assert digests(tmp_path) == before


def test_new_bytes_do_not_follow_what_is_out(tmp_path, drop, outbox):
    one = cutdown(tmp_path / "made")
    send([one], [drop], outbox)
    one.file.write_bytes(b"a new render")
    new = dataclasses.replace(one, verdict={**one.verdict, "sha256": sha256_file(one.file)})
    report = send([new], [drop], outbox)
    assert "withdraw that one first" in report.refused[0].reason
    row = outbox.rows()[0]
    assert "remove it there" in withdraw(outbox, row.remote_id, "eve")
    assert (outbox.get(row.key).state, outbox.get(row.key).by) == ("withdrawn", "eve")
    assert len(send([new], [drop], outbox).sent) == 1 and len(manifests(drop.folder)) == 2
    shutil.copy(next(drop.folder.glob(f"*/*{row.key[:12]}/*.mp4")), one.file)
    (planned,) = plan([one], [drop], outbox, False, **TODAY)
    assert planned.action == "refused" and "withdrawn by eve" in planned.reason


def test_withdrawing_names_one_post(tmp_path, drop, outbox):
    for name in ("", "r1", "no-such-post"):
        with pytest.raises(ProjectError):
            withdraw(outbox, name, "eve")
    send([cutdown(tmp_path / "made")], [drop], outbox)
    key = outbox.rows()[0].key
    withdraw(outbox, key[:12], "eve")
    with pytest.raises(ProjectError, match="is withdrawn: only"):
        withdraw(outbox, key, "eve")


# how it goes out


class Scripted(FolderChannel):
    """The folder channel, doing before or after each send what the script says."""

    def __init__(self, *args, script=(), **options):
        super().__init__(*args, **options)
        self.script, self.sends, self.finds = list(script), [], []

    def send(self, post):
        self.sends.append(post.cut_id)
        act = self.script.pop(0) if self.script else None
        if isinstance(act, Exception) and not getattr(act, "late", False):
            raise act
        sent = super().send(post)
        if isinstance(act, BaseException):
            raise act
        return act or sent

    def find(self, key):
        self.finds.append(key)
        return super().find(key)


def late(error: BaseException) -> BaseException:
    """Raised after the post has arrived."""
    error.late = True
    return error


@pytest.fixture
def scripted(tmp_path):
    return lambda *script: Scripted("drop", tmp_path / "drop", script=script)


def states(outbox, row):
    return [m.to_state for m in outbox.history(row.key)]


def test_a_passing_fault_is_tried_again_with_pauses(tmp_path, scripted, outbox):
    waits = []
    pause = Backoff(sleep=waits.append, chance=lambda: 1.0)
    channel = scripted(Transient("full"), Transient("full", after_s=77), Transient("full"))
    report = send([cutdown(tmp_path / "made")], [channel], outbox, pause=pause)
    (row,) = report.sent
    assert (row.state, row.attempts, row.error) == ("live", 4, "")
    assert waits == [2.0, 77, 8.0]
    assert states(outbox, row) == ["planned", *["approved", "sending"] * 4, "live"]
    assert [m.error for m in outbox.history(row.key)].count("full") >= 3


def test_jitter_and_cap():
    waits = []
    pause = Backoff(sleep=waits.append, chance=iter([0.5, 0.0, 1.0]).__next__)
    for number in (1, 2, 20):
        pause.wait(number)
    assert waits == [1.0, 0.0, 300.0]


def test_one_that_fails_stops_no_other(tmp_path, scripted, outbox):
    made = [cutdown(tmp_path / "made", n) for n in (1, 2, 3)]
    channel = scripted(*[Transient("full")] * 6)
    report = send(made, [channel], outbox, attempts=2)
    assert [r.state for r in report.failed] == ["approved"] * 3 and report.sent == ()
    assert all(r.error == "full" for r in report.failed)
    channel.script = [Refused("too loud"), RuntimeError("unforeseen")]
    report = send(made, [channel], outbox)
    assert [r.state for r in report.failed] == ["rejected", "unknown"]
    assert [r.state for r in report.sent] == ["live"]
    planned = plan(made, [channel], outbox, False)
    assert [p.action for p in planned] == ["refused", "reconcile", "already live"]
    assert "too loud" in planned[0].reason
    assert len(send(made, [channel], outbox).sent) == 1
    assert outbox.rows()[0].state == "rejected" and len(manifests(channel.folder)) == 2


@pytest.mark.parametrize(
    "error", [Ambiguous("timed out"), OSError(errno.EIO, "gone"), ValueError("x")]
)
def test_what_may_have_arrived_is_looked_for_first(tmp_path, scripted, outbox, error):
    one = cutdown(tmp_path / "made")
    channel = scripted(late(error))
    assert [r.state for r in send([one], [channel], outbox).failed] == ["unknown"]
    assert channel.finds == []
    (row,) = send([one], [channel], outbox).sent
    assert row.state == "live" and row.remote_id and channel.sends == ["r1-0001"]
    assert channel.finds == [row.key]


def test_what_did_not_arrive_is_sent_again(tmp_path, scripted, outbox):
    one = cutdown(tmp_path / "made")
    channel = scripted(Ambiguous("reset before the answer"))
    send([one], [channel], outbox)
    (row,) = send([one], [channel], outbox).sent
    assert channel.sends == ["r1-0001"] * 2 and channel.finds == [row.key]
    assert states(outbox, row)[2:] == ["sending", "unknown", "sending", "live"]
    assert len(manifests(channel.folder)) == 1


def test_a_slow_list_is_given_its_time(tmp_path, scripted, outbox):
    now = [1e6]
    outbox.clock = lambda: now[0]
    one = cutdown(tmp_path / "made")
    channel = scripted(Ambiguous("reset"))
    channel.lag_s = 600
    send([one], [channel], outbox)
    for _ in range(3):
        now[0] += 199
        assert send([one], [channel], outbox).sent == () and len(channel.sends) == 1
    now[0] += 199
    assert len(send([one], [channel], outbox).sent) == 1 and len(channel.sends) == 2


def test_what_may_no_longer_go_out_is_only_looked_for(tmp_path, scripted, outbox):
    arrived, lost = cutdown(tmp_path / "made", 1), cutdown(tmp_path / "made", 2)
    channel = scripted(late(Ambiguous("reset")), Ambiguous("reset"))
    send([arrived, lost], [channel], outbox)
    no = [dataclasses.replace(c, decision="rejected", decided_by="eve") for c in (arrived, lost)]
    report = send(no, [channel], outbox)
    assert [r.state for r in outbox.rows()] == ["live", "dead"] and len(channel.sends) == 2
    assert "rejected by eve" in report.failed[0].error

    channel.script = [Ambiguous("reset")]
    gone = cutdown(tmp_path / "made", 3)
    send([gone], [channel], outbox)
    assert send([], [channel], outbox).failed[0].error == (
        "it did not arrive, and now its cutdown is no longer there"
    )


def test_a_day_after_the_first_attempt_it_is_given_up(tmp_path, scripted, outbox):
    now = [1e6]
    outbox.clock = lambda: now[0]
    made = [cutdown(tmp_path / "made", n) for n in (1, 2)]
    channel = scripted(Transient("full"), Ambiguous("reset"))
    send(made, [channel], outbox, attempts=1)
    assert [r.state for r in outbox.rows()] == ["approved", "unknown"]
    now[0] += DEAD_AFTER + 1
    report = send(made, [channel], outbox)
    assert [r.state for r in report.failed] == ["dead", "dead"] and len(channel.sends) == 2
    assert all("given up a day after" in r.error for r in report.failed)
    report = send(made, [channel], outbox)
    assert ["--retry-dead" in p.reason for p in report.refused] == [True, True]
    assert len(send(made, [channel], outbox, retry_dead=True).sent) == 2
    assert [r.state for r in outbox.rows()] == ["live", "live"]
    assert len(channel.finds) == 3, "looked for before they are sent again"


def test_bytes_that_change_before_the_send_stay_here(tmp_path, outbox):
    made = [cutdown(tmp_path / "made", n) for n in (1, 2)]

    class Vandal(FolderChannel):
        def send(self, post):
            made[1].file.write_bytes(b"changed while the first one was sent")
            return super().send(post)

    channel = Vandal("drop", tmp_path / "drop")
    report = send(made, [channel], outbox)
    assert [r.cut_id for r in report.sent] == ["r1-0001"] and report.failed == ()
    assert "was changed since it was judged" in report.refused[0].reason
    assert [r.state for r in outbox.rows()] == ["live", "approved"]
    new = dataclasses.replace(
        made[1], verdict={**made[1].verdict, "sha256": sha256_file(made[1].file)}
    )
    send([made[0], new], [channel], outbox)
    assert [r.state for r in outbox.rows()] == ["live", "dead", "live"]
    assert outbox.rows()[1].error == "the cutdown was made anew"


def test_a_post_that_takes_its_time_is_followed(tmp_path, scripted, outbox):
    one = cutdown(tmp_path / "made")
    channel = scripted(Sent("far-1", "accepted"))
    (row,) = send([one], [channel], outbox).sent
    assert (row.state, row.remote_id) == ("accepted", "far-1")
    (row,) = send([one], [channel], outbox).sent
    assert row.state == "live" and channel.sends == ["r1-0001"]


def test_a_post_that_is_thrown_out_later_is_rejected(tmp_path, scripted, outbox):
    made = [cutdown(tmp_path / "made", n) for n in (1, 2)]
    channel = scripted(Sent("far-1", "processing"), Ambiguous("reset"))
    send(made, [channel], outbox)

    def find(key):
        raise Refused("too loud for us")

    channel.find = find
    report = send(made, [channel], outbox)
    assert [(r.state, r.error) for r in report.failed] == [("rejected", "too loud for us")] * 2


def test_new_bytes_wait_for_what_may_be_out(tmp_path, scripted, outbox):
    one = cutdown(tmp_path / "made")
    channel = scripted(Ambiguous("reset"))
    send([one], [channel], outbox)
    one.file.write_bytes(b"a new render")
    new = dataclasses.replace(one, verdict={**one.verdict, "sha256": sha256_file(one.file)})
    report = send([new], [channel], outbox)
    assert "may have gone to drop" in report.refused[0].reason
    assert [r.state for r in outbox.rows()] == ["dead"]
    assert len(send([new], [channel], outbox).sent) == 1 and len(manifests(channel.folder)) == 1


def test_under_the_lease_of_a_project(tmp_path, drop):
    project = Project(Workspace(tmp_path / "data"), "lake")
    project.root.mkdir(parents=True)
    outbox = Outbox(project.path("delivery/outbox.db"), project.guarded)
    made = [cutdown(tmp_path / "made")]
    with pytest.raises(LeaseError):
        send(made, [drop], outbox)
    assert not outbox.path.exists() and not drop.folder.exists()
    with project.leased():
        assert len(send(made, [drop], outbox).sent) == 1


def test_an_interruption_leaves_a_row_that_is_looked_for(tmp_path, scripted, outbox):
    one = cutdown(tmp_path / "made")
    channel = scripted(late(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        send([one], [channel], outbox)
    assert outbox.rows()[0].state == "unknown"
    assert len(send([one], [channel], outbox).sent) == 1 and channel.sends == ["r1-0001"]


def test_a_lost_lease_stops_the_sending(tmp_path, drop, outbox):
    left = itertools.count()

    @contextlib.contextmanager
    def guarded():
        if next(left) >= 7:
            raise LeaseError("somebody else has the project")
        yield

    outbox.guarded = guarded
    made = [cutdown(tmp_path / "made", n) for n in (1, 2)]
    with pytest.raises(LeaseError):
        send(made, [drop], outbox)
    assert len(manifests(drop.folder)) <= 1


# killed, and two at a time


class Unreliable(FolderChannel):
    """Fails at 30 % of its writes: before, in the middle of, or after the rename."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.chance = random.Random(os.getpid())

    def _fails(self) -> bool:
        return self.chance.random() < 0.3

    def _error(self) -> Exception:
        errors = (OSError(errno.EIO, "lost"), Transient("busy"), Ambiguous("timed out"))
        return self.chance.choice(errors)

    def _stage(self, post, staging):
        where = self.chance.choice(("before", "middle", "after")) if self._fails() else ""
        self.after = where == "after"
        if where == "before":
            raise self._error()
        sent = super()._stage(post, staging)
        if where == "middle":
            (staging / "manifest.json").unlink()
            raise self._error()
        return sent

    def _place(self, staging, final):
        super()._place(staging, final)
        if self.after:  # never Transient: that would promise that nothing is there
            raise self.chance.choice((OSError(errno.EIO, "lost"), Ambiguous("timed out")))


class Wall:
    """A channel that keeps every post it gets, the same one twice if it gets it twice."""

    name, platform, account, aspects, lag_s = "wall", "ig_reels", "wickfield", (), 0.0

    def __init__(self, file: Path):
        self.file, self.chance = file, random.Random(os.getpid())

    def send(self, post):
        fails = self.chance.random() < 0.3
        if fails and self.chance.random() < 0.5:
            raise self.chance.choice(
                (Transient("busy"), OSError(errno.EIO, "lost"), Ambiguous("?"))
            )
        time.sleep(0.002)
        with open(self.file, "a") as file:
            file.write(f"{post.key} {post.cut_id}\n")
        time.sleep(0.002)  # killed here, nobody was told that it arrived
        if fails:
            raise self.chance.choice((OSError(errno.EIO, "lost"), Ambiguous("timed out")))
        return Sent(post.key[:12], self.chance.choice(("accepted", "processing", "live")))

    def find(self, key):
        if self.chance.random() < 0.1:
            raise Transient("too many questions")
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return Sent(key[:12]) if any(line.split()[0] == key for line in lines) else None


def publish_all(base: Path, count: int, kind: str) -> bool:
    """What a child process does: True where everything is live."""
    made = [cutdown(base / "made", n) for n in range(count)]
    outbox = Outbox(base / "outbox.db")
    channel = (
        Wall(base / "wall") if kind == "wall" else Unreliable("drop", base / "drop", "ig_reels")
    )
    report = send(made, [channel], outbox)
    return report.counts == {"live": count}


CHILD = """
import sys
from pathlib import Path
from video_assets_tests.delivery.test_publishing import publish_all
sys.exit(0 if publish_all(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]) else 3)
"""


def arrived(base: Path) -> int:
    """How many posts there are by now."""
    wall = base / "wall"
    lines = wall.read_text().count("\n") if wall.exists() else 0
    return lines + len(list(base.glob("drop/lake/r1*")))


def killed_until_done(base: Path, count: int, kills: int, seed: int, kind: str = "") -> dict:
    """Publishes, killing at least `kills` times at random progress, until everything is live."""
    chance = random.Random(seed)
    for number in range(count):
        cutdown(base / "made", number)
    killed = runs = 0
    while True:
        runs += 1
        assert runs < kills + 100, "it does not come to an end"
        command = [sys.executable, "-c", CHILD, str(base), str(count), kind]
        child = subprocess.Popen(command, start_new_session=True)
        try:
            if killed < kills:
                # the next kill falls when a random number of further posts lies there
                due = arrived(base) + chance.randint(0, max(1, count // kills))
                deadline = time.monotonic() + 60
                while child.poll() is None and time.monotonic() < deadline:
                    if arrived(base) >= due:
                        break
                    time.sleep(0.002)
                time.sleep(chance.random() * 0.02)
                if child.poll() is None:
                    os.killpg(child.pid, signal.SIGKILL)
                    killed += 1
                    child.wait()
                    continue
            code = child.wait(timeout=600)
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        if code == 0:
            break
        assert code == 3, "the child failed"
    return {"publications": count, "killed": killed, "runs": runs}


def all_once(base: Path, count: int) -> dict:
    """Everything live, one folder a key, no cutdown twice, nothing half-done left."""
    rows = Outbox(base / "outbox.db").rows()
    posts = manifests(base / "drop")
    assert len(rows) == count and {r.state for r in rows} == {"live"}
    assert sorted(p["key"] for p in posts) == sorted(r.key for r in rows), "lost or twice"
    assert len({(p["cut"], p["aspect"]) for p in posts}) == count
    assert {r.key: r.remote_id for r in rows} == {p["key"]: p["remote_id"] for p in posts}
    for post, folder in zip(posts, sorted((base / "drop" / "lake").iterdir()), strict=True):
        for name, facts in post["files"].items():
            assert sha256_file(folder / name) == facts["sha256"]
    assert [p for p in base.rglob(".*")] == [], "temporaries are left"
    outbox = Outbox(base / "outbox.db")
    passed = [m.to_state for r in rows for m in outbox.history(r.key)]
    return {
        "attempts": sum(r.attempts for r in rows),
        "unknown": passed.count("unknown"),
        "failed sends": passed.count("sending") - count,
    }


def test_killed_publishing_sends_everything_once(tmp_path):
    figures = killed_until_done(tmp_path, 60, 4, seed=5)
    assert figures["killed"] >= 2
    assert all_once(tmp_path, 60)["failed sends"] > 0


def test_nothing_is_said_twice_on_a_wall(tmp_path):
    killed_until_done(tmp_path, 30, 3, seed=23, kind="wall")
    rows = Outbox(tmp_path / "outbox.db").rows()
    lines = (tmp_path / "wall").read_text().splitlines()
    assert sorted(line.split()[0] for line in lines) == sorted(r.key for r in rows)
    assert {r.state for r in rows} == {"live"} and len(lines) == 30


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_thousand_publications_killed_fifty_times(tmp_path):
    figures = killed_until_done(tmp_path, 1000, 60, seed=17)
    assert figures["killed"] >= 50
    print(figures | all_once(tmp_path, 1000) | {"duplicates": 0, "lost": 0})


def test_two_processes_send_each_post_once(tmp_path):
    count = 25
    for number in range(count):
        cutdown(tmp_path / "made", number)
    code = """
import sys
from pathlib import Path
from video_assets.delivery.outbox import Outbox
from video_assets_tests.delivery.test_publishing import Scripted, cutdown, send
base = Path(sys.argv[1])
channel = Scripted("drop", base / "drop")
send([cutdown(base / "made", n) for n in range(25)], [channel], Outbox(base / "outbox.db"))
print(*channel.sends)
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    racing = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    sent = [name for process in racing for name in process.communicate(timeout=120)[0].split()]
    assert [process.returncode for process in racing] == [0, 0]
    assert sorted(sent) == [f"r1-{n:04d}" for n in range(count)]
    assert all_once(tmp_path, count)["failed sends"] == 0
