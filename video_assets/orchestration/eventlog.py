"""Dagster's event log on SQLite: kept at hand while a run writes into it."""

import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    INDEX_SHARD_NAME,  # Dagster names its databases nowhere else
    SqliteEventLogStorage,
)


def at_hand(instance: dg.DagsterInstance, run_id: str) -> ExitStack:
    """Holds one connection to each database that a run writes its events into, until closed.

    Dagster opens one for every event. When the last one closes, SQLite writes its log back and
    deletes it: half of the 10 ms that an event takes. Other storages are left alone.
    """
    held = ExitStack()
    storage = instance.event_log_storage
    if isinstance(storage, SqliteEventLogStorage):
        for shard in (run_id, INDEX_SHARD_NAME):
            path = Path(storage.path_for_shard(shard))
            if path.is_file():
                # whoever closes it is another thread at times
                connection = sqlite3.connect(path, check_same_thread=False)
                held.enter_context(closing(connection))
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # opens it
    return held
