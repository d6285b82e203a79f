"""Telling people of failed runs and gates: one message per project and cause, never a storm.

The sensor's cursor holds all of its state, so a restart repeats at most what the interrupted tick
had sent (receivers can tell by the message's `id`).
"""

import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from video_assets.orchestration.receivers import SMTP, WEBHOOK, Receiver, Undelivered, receivers

UI = "VIDEO_ASSETS_ALERT_UI"
"""Address of the Dagster UI as people reach it, such as `http://edit-1:3000`: runs are linked."""
QUIET = 3600.0
"""Seconds in which the same cause is only counted."""
OVERLAP = 600.0
"""Seconds that a tick looks back behind the last failure it has seen: clocks differ."""
MEMORY = 86400.0
"""Seconds that a failed run is remembered: Dagster may touch its record again."""
AT_ONCE = 20
"""Messages a tick makes at most, and sends to one receiver at most."""
WAITING = 200
"""Messages that are kept for a receiver that is down; what is more is summed up."""
BUDGET_S = 25.0
"""Seconds that the deliveries of a tick share: Dagster ends a sensor after 60."""
REFUSALS = 10
"""Ticks in which a receiver can refuse one message (HTTP 4xx) until it is dropped: a wrong token
can be put right meanwhile."""
PAGE = 1000
"""Failed runs that are read in one tick."""
REASON = 1500
"""Characters of a reason in a message."""
EVENTS = {
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
    dg.DagsterEventType.RUN_FAILURE,
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that went wrong in one run."""

    project: str
    """Slug; empty where the run was about none."""
    asset: str
    """The asset, step or job."""
    gate: str
    """The gate that failed; empty where the making itself did."""
    reason: str
    """What was found and what to do, as the UI shows it."""
    run_id: str

    @property
    def cause(self) -> str:
        """The same for the same trouble: its figures and digests do not count."""
        first = next((line for line in self.reason.splitlines() if line.strip(" -*")), "")
        plain = re.sub(r"\b[0-9a-f]{8,}\b|\d+([.,]\d+)?", "#", first.strip(" -*").lower())
        named = "\n".join((self.project, self.asset, self.gate, " ".join(plain.split())[:200]))
        return hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()[:16]


@dataclass
class State:
    """What the sensor remembers between two ticks; JSON in its cursor."""

    since: float
    """Seconds since the epoch: when the last failure that was read was recorded."""
    seen: dict[str, float] = field(default_factory=dict)
    """Run id to when it ended."""
    causes: dict[str, list[float]] = field(default_factory=dict)
    """Cause to [when it was last told, how often it was counted since]."""
    waiting: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Receiver to the messages that it has not taken yet."""
    refused: dict[str, dict[str, int]] = field(default_factory=dict)
    """Receiver to the ids of messages that it refused, and how often."""
    unset: bool = False
    """Whether it was said that there is nobody to tell."""

    @classmethod
    def of(cls, cursor: str | None, now: float) -> "State":
        """The state in a cursor; a new one where there is none or it is damaged."""
        try:
            return cls(**json.loads(cursor or ""))
        except (ValueError, TypeError):
            return cls(now)


def troubles_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[Trouble]:
    """Why a run failed. A failed gate fails its run too: that is one trouble, not two."""
    project = str(run.tags.get("dagster/partition", ""))
    found: list[Trouble] = []
    whole = ""
    for record in instance.get_records_for_run(run.run_id, of_type=EVENTS).records:
        event = record.event_log_entry.dagster_event
        if event is None:
            continue
        data = event.event_specific_data
        if isinstance(data, dg.AssetCheckEvaluation):
            if not data.passed and data.severity == dg.AssetCheckSeverity.ERROR:
                shown = data.metadata.get("problems")
                asset = data.asset_key.to_user_string()
                reason = str(shown.value if shown else data.description or "it did not pass")
                found.append(Trouble(project, asset, data.check_name, reason, run.run_id))
        elif event.is_step_failure:
            failed = event.step_failure_data
            error, own = failed.error, failed.user_failure_data
            if error is not None and "AssetCheckFailed" in (error.cls_name or ""):
                continue
            reason = (own.description if own else "") or ""
            if not reason and error is not None:
                reason = (error.cause or error).message
            asset = str(event.step_key)
            found.append(Trouble(project, asset, "", reason.strip() or "it failed", run.run_id))
        else:
            whole = event.message or ""
    if not found:
        found.append(Trouble(project, run.job_name, "", whole or "the run failed", run.run_id))
    return list({(t.cause, t.asset, t.gate): t for t in found}.values())


def new_troubles(instance: dg.DagsterInstance, state: State) -> list[Trouble]:
    """The troubles of failed runs that were not seen yet, in the order of their failing."""
    records = instance.get_run_records(
        filters=dg.RunsFilter(
            statuses=[dg.DagsterRunStatus.FAILURE],
            updated_after=datetime.fromtimestamp(state.since - OVERLAP, UTC),
        ),
        limit=PAGE + len(state.seen),
        order_by="update_timestamp",
        ascending=True,
    )
    found: list[Trouble] = []
    since = state.since
    for record in records:
        run = record.dagster_run
        at = record.update_timestamp.replace(tzinfo=UTC).timestamp()
        since = max(since, at)
        ended = record.end_time or at
        if run.run_id in state.seen or ended < state.since - MEMORY:
            continue
        state.seen[run.run_id] = ended
        try:
            found += troubles_of(instance, run)
        except Exception as error:  # one strange run must not silence the others
            why = f"the run failed, and its events cannot be read ({type(error).__name__}: {error})"
            project = str(run.tags.get("dagster/partition", ""))
            found.append(Trouble(project, run.job_name, "", why, run.run_id))
    state.since = since
    state.seen = {r: ended for r, ended in state.seen.items() if ended >= since - MEMORY}
    return found


def new_messages(state: State, troubles: Sequence[Trouble], now: float) -> list[dict[str, Any]]:
    """One message per project and cause that was not told within the hour; the others count."""
    by_cause: dict[str, list[Trouble]] = {}
    for trouble in troubles:
        by_cause.setdefault(trouble.cause, []).append(trouble)
    messages = []
    for cause, some in by_cause.items():
        last, untold = state.causes.get(cause, (0.0, 0))
        if now - last < QUIET:
            state.causes[cause] = [last, untold + len(some)]
        else:
            messages.append(_message(f"{cause}-{some[0].run_id}", some, int(untold)))
            state.causes[cause] = [now, 0]
    state.causes = {c: v for c, v in state.causes.items() if now - v[0] < 7 * MEMORY}
    if len(messages) > AT_ONCE:
        messages = [*messages[: AT_ONCE - 1], _summed_up(messages[AT_ONCE - 1 :])]
    return messages


def _message(name: str, some: Sequence[Trouble], untold: int) -> dict[str, Any]:
    """`name`: the same if a tick is repeated, and by then more runs have failed."""
    trouble, times = some[-1], len(some)
    where = f"gate {trouble.gate} of {trouble.asset}" if trouble.gate else trouble.asset
    of = f"project {trouble.project}: " if trouble.project else ""
    often = f" ({times} times)" if times > 1 else ""
    more = f" and {untold} times since it was last told" if untold else ""
    reason = trouble.reason[:REASON] + (" ..." if len(trouble.reason) > REASON else "")
    ui = os.environ.get(UI, "").strip().rstrip("/")
    link = f"{ui}/runs/{trouble.run_id}" if ui else ""
    return {
        "text": f"{of}{where} failed{often}{more}\n{reason}\nrun: {link or trouble.run_id}",
        "id": name,
        "project": trouble.project,
        "asset": trouble.asset,
        "gate": trouble.gate,
        "cause": trouble.cause,
        "reason": reason,
        "times": times + untold,
        "run": trouble.run_id,
        "run_url": link,
    }


def _summed_up(messages: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One message for many; it may take in such sums."""
    causes = sum(int(m.get("causes", 1)) for m in messages)
    lines = [line for m in messages for line in m.get("lines", [m["text"].splitlines()[0]])]
    shown = [line[:120] for line in lines[:AT_ONCE]]
    ids = "\n".join(str(m["id"]) for m in messages)
    more = [f"and {causes - len(shown)} more"] if causes > len(shown) else []
    return {
        "text": "\n".join([f"{causes} more causes of failures; see Dagster", *shown, *more]),
        "id": f"sum-{hashlib.sha256(ids.encode()).hexdigest()[:16]}",
        "causes": causes,
        "lines": shown,
        "times": sum(int(m["times"]) for m in messages),
    }


def deliver(
    state: State,
    to: Sequence[Receiver],
    messages: Sequence[dict[str, Any]],
    clock: Callable[[], float] = time.monotonic,
) -> tuple[int, list[str]]:
    """Gives every receiver what waits for it, oldest first; returns how many messages were taken,
    and which receivers did not take theirs and why.

    A receiver that is down is left alone until the next tick; one that refuses a message gets those
    behind it, and the refused one again with the next ticks, `REFUSALS` times in all. The receivers
    share `BUDGET_S` by `clock` (seconds); each is tried at least once.
    """
    sent, problems, began = 0, [], clock()
    state.waiting = {r.name: [*state.waiting.get(r.name, []), *messages] for r in to}
    state.refused = {r.name: state.refused.get(r.name, {}) for r in to}
    for number, receiver in enumerate(to, start=1):
        queue, refused = state.waiting[receiver.name], state.refused[receiver.name]
        at, ends, why = 0, began + BUDGET_S * number / len(to), ""
        for tried in range(min(AT_ONCE, len(queue))):
            if tried and clock() >= ends:
                why = why or "there was no time for all"
                break
            try:
                receiver.send(queue[at])
            except Undelivered as error:
                why = str(error)
                if not error.refused:
                    break
                name = str(queue[at]["id"])
                refused[name] = refused.get(name, 0) + 1
                if refused[name] < REFUSALS:
                    at += 1
                    continue
                problems.append(f"{receiver.name}: {why} {REFUSALS} times; {name} is dropped")
            else:
                sent += 1
            queue.pop(at)
        if len(queue) > WAITING:
            queue[WAITING - 1 :] = [_summed_up(queue[WAITING - 1 :])]
        left = {m["id"] for m in queue}
        state.refused[receiver.name] = {n: often for n, often in refused.items() if n in left}
        if why and queue:
            problems.append(f"{receiver.name}: {why}; {len(queue)} messages wait")
    return sent, problems


@dg.sensor(
    name="alerts",
    description="Tells a webhook and a mailbox of failed runs and gates: one message per project "
    f"and cause, at most one an hour. Set {WEBHOOK} or {SMTP}; {UI} for links.",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """One look at what failed since the last one."""
    now = datetime.now(UTC).timestamp()
    state = State.of(context.cursor, now)
    to = receivers()
    if not to:
        first, state = not state.unset, State(now, unset=True)
        context.update_cursor(json.dumps(asdict(state)))
        nobody = f"nobody is told of failures: set {WEBHOOK} or {SMTP}"
        return dg.SkipReason(nobody if first else None)
    state.unset = False
    messages = new_messages(state, new_troubles(context.instance, state), now)
    sent, problems = deliver(state, to, messages)
    context.update_cursor(json.dumps(asdict(state)))
    for problem in problems:
        context.log.warning(problem)
    return dg.SkipReason("; ".join(problems) or (f"{sent} messages sent" if sent else None))
