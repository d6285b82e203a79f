"""Publishing: every cutdown that may go out goes out once.

Rows are written first, then sent; what a channel does not take for now is tried again, and what may
have arrived is looked for at the channel before it is sent again. `planning.plan` alone says what
would happen.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from video_assets.delivery.channels import Channel, Post, Refused, Sent, Transient
from video_assets.delivery.outbox import TRANSITIONS, Outbox
from video_assets.delivery.planning import ARRIVED, Candidate, Planned, digest_now, place_of, plan
from video_assets.foundation.errors import ProjectError
from video_assets.foundation.records import Publication

DEAD_AFTER = 86400.0
"""Seconds from the first attempt to giving up."""
ATTEMPTS = 4
SHORTEST = 6
"""Digits of a key that are enough to name it, where they are unique."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds to wait before the second, third, ... attempt: full jitter below a growing limit."""

    base: float = 2.0
    factor: float = 2.0
    cap: float = 300.0
    sleep: Callable[[float], Any] = time.sleep
    chance: Callable[[], float] = random.random
    """0..1."""

    def wait(self, number: int, at_least: float = 0.0) -> None:
        """Waits before attempt `number` + 1 (number from 1), at least as long as asked."""
        limit = min(self.cap, self.base * self.factor ** (number - 1))
        self.sleep(max(at_least, limit * self.chance()))


@dataclass(frozen=True, slots=True)
class Report:
    """What one publishing did."""

    sent: tuple[Publication, ...]
    """Arrived now: accepted, processing or live."""
    already: tuple[Planned, ...]
    """Had arrived before."""
    refused: tuple[Planned, ...]
    failed: tuple[Publication, ...]
    """Still approved or unknown, or rejected or dead, each with its error."""
    counts: dict[str, int]
    """Rows of the outbox by state, all channels and rounds."""

    def records(self) -> list[dict[str, str]]:
        """Rows for a table: cut, aspect, channel, state, post, reason."""
        rows = [
            _record(p.cut_id, p.aspect, p.channel, p.state, p.remote_id, p.error)
            for p in (*self.sent, *self.failed)
        ]
        for state, planned in (("already live", self.already), ("refused", self.refused)):
            for p in planned:
                c = p.candidate
                rows.append(_record(c.cut_id, c.aspect, p.channel.name, state, "", p.reason))
        return rows


def _record(
    cut: str, aspect: str, channel: str, state: str, post: str, reason: str
) -> dict[str, str]:
    return {
        "cut": cut,
        "aspect": aspect,
        "channel": channel,
        "state": state,
        "post": post,
        "reason": reason,
    }


def publish(
    candidates: Iterable[Candidate],
    channels: Iterable[Channel],
    outbox: Outbox,
    *,
    approval_required: bool,
    by: str,
    retry_dead: bool = False,
    attempts: int = ATTEMPTS,
    pause: Backoff = Backoff(),
    today: Callable[[], date] = date.today,
) -> Report:
    """Sends what `plan` would send, each once, and follows up what is open.

    `by`: who starts it, for the rows that nobody approved by name. What a channel fails to take for
    now is tried `attempts` times in all, with pauses between the rounds, and stays `approved` for
    the next publishing; a day after its first attempt it is `dead`. Raises StorageError where
    the outbox cannot be used and LeaseError where the project was taken over; a channel's errors
    are never raised.
    """
    channels = list(channels)
    for row in outbox.abandoned():
        outbox.move(row.key, ("sending",), "unknown", "its process ended while it was sent")
    planned = plan(
        candidates, channels, outbox, approval_required, retry_dead=retry_dead, today=today
    )
    going = [p for p in planned if p.action in ("send", "resend")]
    for one in going:
        _enter(outbox, one, by)
    _set_aside_replaced(outbox, going)
    run = _Run(outbox, {c.name: c for c in channels}, planned, pause)
    for row in outbox.rows():
        run.follow(row)
    due = [row.key for row in outbox.rows() if run.concerns(row)]
    for number in range(1, attempts + 1):
        run.asked_s = 0.0
        due = [key for key in due if run.attempt(key)]
        if not due or number == attempts:
            break
        pause.wait(number, run.asked_s)
    return run.report()


def _enter(outbox: Outbox, one: Planned, by: str) -> None:
    """The row of a post that is going to be sent: planned, then approved, with who said so."""
    c, channel = one.candidate, one.channel
    who = c.decided_by if c.decision == "approved" and c.decided_by else by
    outbox.move(one.key, ("dead",), "planned", by=who)  # only with --retry-dead is it among these
    outbox.add(
        Publication(
            key=one.key,
            project=c.project,
            round=c.round,
            cut_id=c.cut_id,
            aspect=c.aspect,
            sha256=str(c.verdict["sha256"]),
            channel=channel.name,
            platform=channel.platform,
            account=channel.account,
            by=who,
            traits={str(k): str(v) for k, v in c.traits.items()},
            takes=tuple(c.takes),
            idea=c.idea,
        )
    )
    outbox.move(one.key, ("planned",), "approved", by=who)


def _set_aside_replaced(outbox: Outbox, going: Sequence[Planned]) -> None:
    """What waited with bytes that are gone: the same cutdown's new bytes go in its place."""
    rows = outbox.rows()
    keys = {p.key for p in going}
    now = {place_of(row): row.key for row in rows if row.key in keys}
    for row in rows:
        if row.state in ("planned", "approved") and now.get(place_of(row), row.key) != row.key:
            outbox.move(row.key, ("planned", "approved"), "dead", "the cutdown was made anew")


class _Run:
    """One publishing: what it tries, what came of it."""

    def __init__(
        self,
        outbox: Outbox,
        channels: Mapping[str, Channel],
        planned: Sequence[Planned],
        pause: Backoff,
    ) -> None:
        self.outbox, self.channels, self.pause = outbox, channels, pause
        self.planned = {p.key: p for p in planned if p.key}
        self.already = [p for p in planned if p.action == "already live"]
        self.refused = [p for p in planned if p.action == "refused"]
        self.asked_s = 0.0
        """The longest wait that a channel asked for, seconds."""
        self._touched: dict[str, None] = {}

    def concerns(self, row: Publication) -> bool:
        """Whether this publishing has something to do for a row."""
        if self._channel(row) is None:
            return False
        one = self.planned.get(row.key)
        return row.state == "unknown" or (
            row.state == "approved" and one is not None and one.action != "refused"
        )

    def follow(self, row: Publication) -> None:
        """Asks what became of a post that the channel has; gives up what is a day old."""
        channel = self._channel(row)
        if row.state == "approved" and self._late(row.key):
            self._touched[row.key] = None
            self.outbox.move(row.key, ("approved",), "dead", self._given_up(row.error))
        elif row.state in ("accepted", "processing") and channel is not None:
            try:
                found = channel.find(row.key)
            except Refused as error:
                self._touched[row.key] = None
                self.outbox.move(row.key, (row.state,), "rejected", str(error))
                return
            except Exception:  # it has the post; the next publishing asks again
                return
            if found and found.state in TRANSITIONS[row.state]:
                self._touched[row.key] = None
                self.outbox.move(
                    row.key, (row.state,), found.state, remote_id=found.remote_id or row.remote_id
                )

    def attempt(self, key: str) -> bool:
        """Tries one row once. True where it may be tried again in this publishing."""
        row = self.outbox.get(key)
        channel = self._channel(row) if row else None
        if row is None or channel is None or row.state not in ("approved", "unknown"):
            return False  # another process was quicker, or a person withdrew it
        if row.state == "unknown" and self.outbox.clock() - row.updated < channel.lag_s:
            return self._look(row, channel)
        one, why_not = self._sendable(row)
        if row.state == "approved" and why_not:
            if one:
                refused = Planned(one.candidate, one.channel, key, "refused", why_not, why_not)
                self.refused.append(refused)
            return False
        # the row is ours from here on: whoever else wants it finds it in `sending`
        if not self.outbox.move(key, (row.state,), "sending", row.error):
            return False
        self._touched[key] = None
        try:
            again = self._sent_before(row, channel, why_not)
            if again is None and one:
                again = self._send(row, channel, one.candidate)
            return bool(again)
        except BaseException:
            self.outbox.move(key, ("sending",), "unknown", "interrupted while it was sent")
            raise

    def _look(self, row: Publication, channel: Channel) -> bool:
        """Only looks: that the channel does not list the post says nothing yet."""
        try:
            found = channel.find(row.key)
        except Exception:  # it stays unknown, with what is known of it
            return False
        if found:
            self._touched[row.key] = None
            self._settle(row, found)
        return False

    def _sent_before(self, row: Publication, channel: Channel, why_not: str) -> bool | None:
        """Looks for what was tried before; None where it is to be sent now, else as `attempt`."""
        taken = self.outbox.get(row.key)
        if taken and taken.attempts > 1:
            try:
                found = channel.find(row.key)
            except Refused as error:
                self.outbox.move(row.key, ("sending",), "rejected", str(error))
                return False
            except Exception as error:
                return self._back(row, row.state, f"could not look for it: {error}", error)
            if found:
                return self._settle(row, found)
        if row.state == "unknown" and self._late(row.key):
            why_not = why_not or self._given_up(row.error)
        if not why_not:
            return None
        self.outbox.move(row.key, ("sending",), "dead", f"it did not arrive, and now {why_not}")
        return False

    def _send(self, row: Publication, channel: Channel, c: Candidate) -> bool:
        post = Post(
            key=row.key,
            project=c.project,
            round=c.round,
            cut_id=c.cut_id,
            aspect=c.aspect,
            file=c.file,
            sha256=row.sha256,
            captions=c.captions,
            poster=c.poster,
            text=c.text,
            traits=row.traits,
        )
        try:
            sent = channel.send(post)
        except Refused as error:
            self.outbox.move(row.key, ("sending",), "rejected", str(error))
            return False
        except Transient as error:
            return self._back(row, "approved", str(error), error)
        except Exception as error:  # Ambiguous, or what the channel did not foresee
            return self._back(row, "unknown", f"{error or type(error).__name__}")
        return self._settle(row, sent)

    def _settle(self, row: Publication, sent: Sent) -> bool:
        """The channel has it: its name for the post is stored before anything else happens."""
        if sent.state not in ARRIVED:
            text = f"the channel answered {sent.state!r}, which means nothing here"
            return self._back(row, "unknown", text)
        self.outbox.move(row.key, ("sending", "unknown"), sent.state, remote_id=str(sent.remote_id))
        return False

    def _back(
        self, row: Publication, state: str, text: str, error: Exception | None = None
    ) -> bool:
        """Out of `sending` without a post. True where another attempt may help now."""
        if state == "unknown" and row.state == "unknown" and self._late(row.key):
            state, text = "dead", self._given_up(text)
        self.outbox.move(row.key, ("sending",), state, text)
        if state != "approved" or not isinstance(error, Transient):
            return False
        self.asked_s = max(self.asked_s, error.after_s)
        return error.after_s <= self.pause.cap

    def _sendable(self, row: Publication) -> tuple[Planned | None, str]:
        """What a row would send, and why it may not: the bytes are read again."""
        one = self.planned.get(row.key)
        if one is None:
            return None, "its cutdown is no longer there"
        if one.obstacle:
            return one, one.obstacle
        sha256, unreadable = digest_now(one.candidate)
        if sha256 != row.sha256:
            changed = f"{one.candidate.file} was changed since it was judged: run the project again"
            return one, unreadable or changed
        return one, ""

    def _channel(self, row: Publication) -> Channel | None:
        found = self.channels.get(row.channel)
        return found if found and found.account == row.account else None

    def _late(self, key: str) -> bool:
        first = self.outbox.first_try(key)
        return bool(first) and self.outbox.clock() - first > DEAD_AFTER

    @staticmethod
    def _given_up(error: str) -> str:
        return f"given up a day after the first attempt: {error or 'it did not arrive'}"

    def report(self) -> Report:
        """What this publishing did."""
        rows = self.outbox.rows()
        touched = [row for row in rows if row.key in self._touched]
        refused = {p.key for p in self.refused}
        return Report(
            tuple(r for r in touched if r.state in ARRIVED),
            tuple(p for p in self.already if p.key not in self._touched),
            tuple(self.refused),
            tuple(r for r in touched if r.state not in ARRIVED and r.key not in refused),
            dict(sorted(Counter(row.state for row in rows).items())),
        )


def withdraw(outbox: Outbox, key: str, by: str) -> str:
    """Notes that a post is withdrawn, and says what is left to do at the channel.

    `key`: the key, the first digits of it, or the channel's name of the post. Nothing is removed
    at the channel. Raises ProjectError where no one post is meant, or it cannot be withdrawn.
    """
    found = outbox.starting(key) if len(key) >= SHORTEST else []
    if len(found) != 1:
        many = f"{len(found)} publications are" if found else "no publication is"
        raise ProjectError(f"{many} called {key!r}; give more of the key that the table shows")
    row = found[0]
    name = f"{row.cut_id} {row.aspect} on {row.channel}"
    froms = [state for state, to in TRANSITIONS.items() if "withdrawn" in to]
    if not outbox.move(row.key, froms, "withdrawn", by=by):
        raise ProjectError(f"{name} is {row.state}: only {', '.join(froms)} can be withdrawn")
    if row.state in ARRIVED:
        return f"{name} is withdrawn; {row.remote_id} still lies at the channel: remove it there"
    return f"{name} is withdrawn before it was sent"
