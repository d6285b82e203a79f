"""The outbox: legal moves, one winner, a damaged file is never taken for an empty one."""

import contextlib
import dataclasses
import itertools
import sqlite3
import subprocess
import sys

import pytest

from video_assets.delivery.outbox import (
    STALLED,
    TRANSITIONS,
    IllegalMove,
    Outbox,
    key_of,
    published_table,
)
from video_assets.foundation.errors import LeaseError, StorageError
from video_assets.foundation.records import Publication


def publication(number=1, **changes):
    place = ("lake", f"r1-{number:02d}", "9x16", "drop", "wickfield", "")
    sha256 = f"{number:064x}"
    row = Publication(
        key_of(*place, sha256), "lake", "r1", place[1], "9x16", sha256, "drop", "ig_reels", "wickfield",
        traits={"hook": "question"}, takes=("t1", "t2"), idea="Where's the lamp?", by="ann",
    )  # fmt: skip
    return dataclasses.replace(row, **changes)


def path_to(state):
    """Legal states from planned to `state`."""
    ways = {"planned": ["planned"]}
    while state not in ways:
        for known, way in list(ways.items()):
            for following in sorted(TRANSITIONS[known]):
                ways.setdefault(following, [*way, following])
    return ways[state]


def lead(outbox, row, state):
    outbox.add(row)
    way = path_to(state)
    for before, after in itertools.pairwise(way):
        assert outbox.move(row.key, (before,), after)


def test_a_key_names_bytes_at_a_place():
    place = ("p", "r1-01", "9x16", "drop", "a", "", "f" * 64)
    assert len(key_of(*place)) == 64 and key_of(*place) == key_of(*place)
    others = {key_of(*(*place[:n], "x", *place[n + 1 :])) for n in range(7)}
    assert len(others | {key_of(*place)}) == 8
    assert key_of("a", "bc", *place[2:]) != key_of("ab", "c", *place[2:])


def test_a_row_comes_back_as_it_went_in(tmp_path):
    now = iter([100.0, 200.0, 300.0])
    outbox = Outbox(tmp_path / "outbox.db", clock=lambda: next(now))
    row = publication()
    assert outbox.add(row)
    assert outbox.get(row.key) == dataclasses.replace(row, created=100.0, updated=100.0)
    assert not outbox.add(dataclasses.replace(row, state="live", by="bob"))
    assert outbox.move(row.key, ("planned",), "approved", by="bob")
    found = outbox.get(row.key)
    assert (found.state, found.by, found.created, found.updated) == (
        "approved",
        "bob",
        100.0,
        300.0,
    )
    assert [(m.from_state, m.to_state, m.at) for m in outbox.history(row.key)] == [
        ("", "planned", 100.0),
        ("planned", "approved", 300.0),
    ]
    assert outbox.starting(row.key[:9]) == outbox.rows() == [found]
    assert outbox.starting("%") == []


@pytest.mark.parametrize("state", TRANSITIONS)
def test_only_legal_moves_are_made(tmp_path, state):
    for number, to in enumerate(TRANSITIONS):
        outbox = Outbox(tmp_path / f"{to}.db")
        row = publication(number)
        lead(outbox, row, state)
        steps = len(outbox.history(row.key))
        if to in TRANSITIONS[state]:
            assert outbox.move(row.key, (state,), to, "why", remote_id="x")
            found = outbox.get(row.key)
            assert (found.state, found.error, found.remote_id) == (to, "why", "x")
            assert len(outbox.history(row.key)) == steps + 1
        else:
            with pytest.raises(IllegalMove, match=state):
                outbox.move(row.key, (state,), to)
            assert outbox.get(row.key).state == state
            assert len(outbox.history(row.key)) == steps


def test_a_move_from_another_state_does_nothing(tmp_path):
    outbox = Outbox(tmp_path / "outbox.db")
    row = publication()
    assert not outbox.move(row.key, ("planned",), "approved")
    assert not outbox.path.exists()
    outbox.add(row)
    assert not outbox.move(row.key, ("approved",), "sending")
    assert not outbox.move("0" * 64, ("planned",), "approved")
    assert outbox.get(row.key).state == "planned" and outbox.get(row.key).attempts == 0
    with pytest.raises(IllegalMove):
        outbox.move(row.key, ("planned",), "approved", state="live")
    with pytest.raises(IllegalMove):
        outbox.add(publication(2, state="sent"))


def test_attempts_are_counted_from_the_first(tmp_path):
    now = [1000.0]
    outbox = Outbox(tmp_path / "outbox.db", clock=lambda: now[0])
    row = publication()
    lead(outbox, row, "approved")
    assert outbox.first_try(row.key) == 0
    for _ in range(3):
        now[0] += 10
        outbox.move(row.key, ("approved",), "sending")
        outbox.move(row.key, ("sending",), "approved", "full")
    assert outbox.get(row.key).attempts == 3 and outbox.get(row.key).error == "full"
    assert outbox.first_try(row.key) == 1010
    outbox.move(row.key, ("approved",), "dead")
    outbox.move(row.key, ("dead",), "planned")
    assert outbox.first_try(row.key) == 0 and outbox.get(row.key).attempts == 3


def test_reading_makes_no_file(tmp_path):
    outbox = Outbox(tmp_path / "there" / "outbox.db")
    assert outbox.rows() == [] and outbox.get("k") is None and outbox.history("k") == []
    assert outbox.abandoned() == [] and outbox.first_try("k") == 0
    assert published_table([outbox.path]) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", [b"", b"not a database" * 100, None])
def test_a_damaged_file_is_said_and_kept(tmp_path, damage):
    outbox = Outbox(tmp_path / "outbox.db")
    outbox.add(publication())
    if damage is None:  # cut in the middle
        damage = outbox.path.read_bytes()[:6000]
    outbox.path.write_bytes(damage)
    for act in (
        outbox.rows,
        lambda: outbox.add(publication(2)),
        lambda: published_table([outbox.path]),
    ):
        with pytest.raises(StorageError, match="damaged"):
            act()
    assert outbox.path.read_bytes() == damage


def test_a_newer_file_is_left_alone(tmp_path):
    outbox = Outbox(tmp_path / "outbox.db")
    outbox.add(publication())
    with contextlib.closing(sqlite3.connect(outbox.path)) as database:
        database.execute("pragma user_version = 99")
    with pytest.raises(StorageError, match="newer"):
        outbox.rows()


def test_every_write_is_guarded(tmp_path):
    calls, lost = [], False

    @contextlib.contextmanager
    def guarded():
        if lost:
            raise LeaseError("lost")
        calls.append("in")
        yield
        calls.append("out")

    outbox = Outbox(tmp_path / "outbox.db", guarded)
    row = publication()
    outbox.add(row)
    outbox.move(row.key, ("planned",), "approved")
    assert calls == ["in", "out"] * 2
    lost = True
    with pytest.raises(LeaseError):
        outbox.move(row.key, ("approved",), "sending")
    with pytest.raises(LeaseError):
        outbox.add(publication(2))
    assert [r.state for r in outbox.rows()] == ["approved"]


def test_what_a_dead_process_was_sending_is_found(tmp_path):
    outbox = Outbox(tmp_path / "outbox.db")
    ours, theirs = publication(1), publication(2)
    lead(outbox, ours, "sending")
    lead(outbox, theirs, "approved")
    code = (
        "import sys; from pathlib import Path; from video_assets.delivery.outbox import Outbox\n"
        "assert Outbox(Path(sys.argv[1])).move(sys.argv[2], ('approved',), 'sending')"
    )
    subprocess.run([sys.executable, "-c", code, str(outbox.path), theirs.key], check=True)
    assert [r.key for r in outbox.abandoned()] == [theirs.key]
    later = Outbox(outbox.path, clock=lambda: outbox.clock() + STALLED + 1)
    assert {r.key for r in later.abandoned()} == {ours.key, theirs.key}


def test_one_of_many_processes_gets_a_row(tmp_path):
    outbox = Outbox(tmp_path / "outbox.db")
    code = """
import sys
from pathlib import Path
from video_assets.delivery.outbox import Outbox
from video_assets_tests.delivery.test_outbox import publication
outbox = Outbox(Path(sys.argv[1]))
won = 0
for number in range(12):
    row = publication(number)
    outbox.add(row)
    outbox.move(row.key, ("planned",), "approved")
    won += outbox.move(row.key, ("approved",), "sending")
print(won)
"""
    command = [sys.executable, "-c", code, str(outbox.path)]
    racing = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    won = [int(process.communicate(timeout=120)[0]) for process in racing]
    assert sum(won) == 12 and len(outbox.rows()) == 12
    assert all(row.attempts == 1 and row.state == "sending" for row in outbox.rows())
    assert [p.name for p in tmp_path.iterdir()] == ["outbox.db"]


def test_numbers_join_what_people_may_have_seen(tmp_path):
    outbox = Outbox(tmp_path / "a.db")
    for number, state in enumerate(TRANSITIONS):
        lead(outbox, publication(number), state)
    assert sorted(r.state for r in published_table([outbox.path, tmp_path / "none.db"])) == [
        "accepted", "live", "processing", "unknown",
    ]  # fmt: skip
    live = next(r for r in outbox.rows() if r.state == "live")
    outbox.move(live.key, ("live",), "withdrawn", remote_id="p-1")
    assert "p-1" in {r.remote_id for r in published_table([outbox.path])}
