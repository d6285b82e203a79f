"""Dagster's event log on SQLite: kept at hand while a run writes into it."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import dagster as dg
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    INDEX_SHARD_NAME,  # Dagster names its databases nowhere else
    SqliteEventLogStorage,
)


@contextmanager
def at_hand(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Holds one connection to each database that a run writes its events into.

    Dagster opens one for every event. When the last one closes, SQLite writes its log back and
    deletes it: half of the 10 ms that an event takes. Other storages are left alone.
    """
    storage = instance.event_log_storage
    with ExitStack() as held:
        if isinstance(storage, SqliteEventLogStorage):
            with storage.run_connection(run_id):
                pass  # the database is made here
            for shard in (run_id, INDEX_SHARD_NAME):
                connection = sqlite3.connect(storage.path_for_shard(shard))
                held.enter_context(closing(connection))
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # opens it
        yield
