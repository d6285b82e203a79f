"""Which cutdowns may go out, and where to: read, never written.

The verdict that counts is the stored one, for the very bytes that lie there now. Nothing else, and
nobody's asset check, opens the way.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from video_assets.delivery.channels import ANYWHERE, Channel
from video_assets.delivery.outbox import Outbox, key_of
from video_assets.delivery.platforms import platforms
from video_assets.foundation.files import sha256_file
from video_assets.foundation.records import Publication

ROW_DAYS = 180
"""Days after which a row of platforms.yaml is too old to publish from."""
ARRIVED = ("accepted", "processing", "live")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One cutdown that might go out, with what is known of it."""

    project: str
    """As its publications know it."""
    round: str
    cut_id: str
    aspect: str
    """Such as `9x16`."""
    file: Path
    verdict: Mapping[str, Any]
    """As stored beside the file; empty where there is none."""
    captions: tuple[Path, ...] = ()
    poster: Path | None = None
    upload_text: str = ""
    hashtags: tuple[str, ...] = ()
    """Added below the upload text where it does not hold them."""
    decision: str = ""
    """approved, rejected or empty: what a person said of these bytes."""
    decided_by: str = ""
    decided_sha256: str = ""
    """The bytes that the person saw; empty where the caller has compared them."""
    traits: Mapping[str, str] = field(default_factory=dict)
    takes: tuple[str, ...] = ()
    idea: str = ""
    obstacles: tuple[str, ...] = ()
    """Further reasons not to send it, such as banned footage, each saying what to do."""
    slug: str = ""
    """What people type; the project's name where it was never renamed."""

    @property
    def name(self) -> str:
        """How people call it."""
        return f"{self.cut_id} {self.aspect}"

    @property
    def text(self) -> str:
        """Upload text with every hashtag once."""
        tags = [t if t.startswith("#") else f"#{t}" for t in self.hashtags]
        more = " ".join(t for t in tags if t not in self.upload_text.split())
        return "\n\n".join(part for part in (self.upload_text.rstrip(), more) if part)


@dataclass(frozen=True, slots=True)
class Planned:
    """What would happen to one cutdown on one channel."""

    candidate: Candidate
    channel: Channel
    key: str
    """Empty where the file cannot be read."""
    action: str
    """send, resend, reconcile, already live or refused."""
    reason: str = ""
    """For people: why not, why again, or what is still open."""
    obstacle: str = ""
    """Why it may not be sent, or not again; empty where it may."""


def plan(
    candidates: Iterable[Candidate],
    channels: Iterable[Channel],
    outbox: Outbox,
    approval_required: bool,
    *,
    retry_dead: bool = False,
    today: Callable[[], date] = date.today,
) -> list[Planned]:
    """What `publish` would do, cutdown by cutdown and channel by channel. Writes nothing.

    A channel that names ratios is not asked about others.
    """
    channels = list(channels)
    rows = {row.key: row for row in outbox.rows()}
    out: dict[tuple[str, ...], list[Publication]] = {}
    for row in rows.values():
        if row.state in (*ARRIVED, "unknown", "sending"):
            out.setdefault(place_of(row), []).append(row)
    planned = []
    for one in candidates:
        sha256, unreadable = digest_now(one)
        reason = unreadable or _unfit(one, sha256, approval_required)
        for channel in channels:
            if channel.aspects and one.aspect not in channel.aspects:
                continue
            place = (one.project, one.cut_id, one.aspect, channel.name, channel.account, "")
            key = key_of(*place, sha256) if sha256 else ""
            other = next((r for r in out.get(place, ()) if r.key != key), None)
            why = reason or _replaces(other) or _unwelcome(one, channel, today())
            planned.append(_planned(one, channel, key, rows.get(key), why, retry_dead))
    return planned


def _planned(
    one: Candidate,
    channel: Channel,
    key: str,
    row: Publication | None,
    why: str,
    retry_dead: bool,
) -> Planned:
    state = row.state if row else ""
    if state in ("unknown", "sending"):
        text = "it may have arrived: looked for at the channel before it is sent again"
        return Planned(one, channel, key, "reconcile", f"{text}; now {why}" if why else text, why)
    if state in ARRIVED:
        text = "" if state == "live" else f"the channel has it ({state})"
        if why:
            text = f"it is out, though now {why}"
        return Planned(one, channel, key, "already live", text, why)
    if state == "withdrawn":
        why = f"withdrawn by {row.by if row else ''}; it does not go out again with these bytes"
    elif state == "rejected":
        why = f"the channel refused it: {row.error if row else ''}"
    elif state == "dead" and not retry_dead:
        why = f"given up ({row.error if row else ''}); publish with --retry-dead to try again"
    if why:
        return Planned(one, channel, key, "refused", why, why)
    if row and row.attempts:
        return Planned(one, channel, key, "resend", row.error)
    return Planned(one, channel, key, "send")


def digest_now(one: Candidate) -> tuple[str, str]:
    """sha256 of the file as it is now, or why it cannot be had."""
    try:
        return sha256_file(one.file), ""
    except OSError as error:
        return "", f"{one.file} cannot be read ({error.strerror}): run the project again"


def _unfit(one: Candidate, sha256: str, approval_required: bool) -> str:
    """Why this cutdown may not go out anywhere; empty where it may."""
    from video_assets.delivery.inspections.verdict import GATES

    verdict = one.verdict
    if not verdict:
        return f"{one.name} has no verdict: run the project again, which inspects it"
    gates = verdict.get("gates")
    gates = gates if isinstance(gates, Mapping) else {}
    shut = [name for name in GATES if gates.get(name)]
    if shut or verdict.get("passed") is not True:
        named = ", ".join(shut) or "not passed"
        return f"{one.name} was set aside ({named}): see the review page, then edit or reject it"
    absent = [name for name in GATES if name not in gates]
    if absent:
        return (
            f"{one.name}: {', '.join(absent)} did not run: run the project again, with the footage "
            "and the brand that it was made of; or reject it and ask for the next round"
        )
    if verdict.get("sha256") != sha256:
        return (
            f"{one.name}: the verdict is for other bytes than those in {one.file}: "
            "run the project again, which inspects it"
        )
    ours = one.decided_sha256 in ("", sha256)
    if ours and one.decision == "rejected":
        return f"{one.name} was rejected by {one.decided_by or 'a person'}"
    if approval_required and not (ours and one.decision == "approved"):
        before = " (the approval was for other bytes)" if one.decision and not ours else ""
        return (
            f"{one.name} waits for approval{before}: "
            f"`video-assets approve {one.slug or one.project} {one.cut_id} "
            f"--aspect {one.aspect} --by NAME`"
        )
    return "; ".join(one.obstacles)


def _replaces(other: Publication | None) -> str:
    """Why bytes may not follow others of the same cutdown on the same channel."""
    if other is None:
        return ""
    if other.state not in ARRIVED:
        return (
            f"{other.cut_id} {other.aspect} may have gone to {other.channel} with other bytes: "
            "publish, which looks for it, then publish again"
        )
    return (
        f"{other.cut_id} {other.aspect} went to {other.channel} with other bytes "
        f"({other.remote_id or other.key[:12]}, {other.state}): withdraw that one first"
    )


def _unwelcome(one: Candidate, channel: Channel, today: date) -> str:
    """Why the channel's platform does not take this cutdown; empty where it does."""
    if channel.platform == ANYWHERE:
        return ""
    row = platforms().get(channel.platform)
    if row is None:
        return f"channel {channel.name}: no row {channel.platform} in platforms.yaml"
    if (today - row.checked_on).days > ROW_DAYS:
        return (
            f"{row.name} in platforms.yaml was last compared with the platform on "
            f"{row.checked_on}, more than {ROW_DAYS} days ago: compare it, then change checked_on"
        )
    measures = one.verdict.get("measures")
    seconds = measures.get("seconds") if isinstance(measures, Mapping) else None
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        return f"{one.name}: its verdict holds no length: run the project again"
    if row.takes(one.aspect, seconds):
        return ""
    if one.aspect not in row.aspects:
        return f"{row.name} does not take {one.aspect} (it takes {', '.join(row.aspects)})"
    return f"{row.name} takes {row.shortest:g} to {row.longest:g} s; {one.name} has {seconds:g} s"


def place_of(row: Publication) -> tuple[str, ...]:
    """What may hold one post at a time: a cutdown on a channel's account at a time."""
    return (row.project, row.cut_id, row.aspect, row.channel, row.account, row.slot)
