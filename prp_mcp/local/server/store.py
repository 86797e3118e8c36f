"""The workspace's state: documents by kind and key, and the event log, in one SQLite file."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from prp_mcp.local.server.records import Json, Kind, Record

SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
    UNIQUE (kind, key));
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, pipeline_id TEXT NOT NULL, update_id TEXT NOT NULL,
    id TEXT NOT NULL, level TEXT NOT NULL, timestamp TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_of ON events (pipeline_id, update_id, number);
"""


class Store:
    """Keep documents and events; every call is safe from any thread.

    One connection behind one lock: the load is a bundle's, and `transaction` then makes check-and-write atomic.
    """

    def __init__(self, path: Path):
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + SCHEMA)

    def close(self) -> None:
        """Close the file; later calls fail."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what happens inside atomic, towards other threads and on disk; may be nested."""
        with self._lock:
            outermost = self._depth == 0
            if outermost:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                if outermost:
                    self._connection.execute("ROLLBACK")
                raise
            else:
                if outermost:
                    self._connection.execute("COMMIT")
            finally:
                self._depth -= 1

    def get(self, kind: Kind[Record], key: str) -> Record | None:
        """Return the document, or None."""
        with self._lock:
            row = self._connection.execute(
                "SELECT body FROM documents WHERE kind = ? AND key = ?", (kind.name, key)
            ).fetchone()
        return cast(Record, json.loads(row[0])) if row else None

    def put(self, kind: Kind[Record], key: str, body: Record) -> None:
        """Create or replace the document; its place in `all` is kept."""
        with self._lock:
            self._connection.execute(
                "INSERT INTO documents (kind, key, body) VALUES (?, ?, ?)"
                " ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
                (kind.name, key, json.dumps(body)),
            )

    def delete(self, kind: Kind[Any], key: str) -> None:
        """Remove the document, if it is there."""
        with self._lock:
            self._connection.execute("DELETE FROM documents WHERE kind = ? AND key = ?", (kind.name, key))

    def all(self, kind: Kind[Record]) -> list[Record]:
        """Return all documents of `kind`, oldest first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT body FROM documents WHERE kind = ? ORDER BY number", (kind.name,)
            ).fetchall()
        return [cast(Record, json.loads(row[0])) for row in rows]

    def count(self, kind: Kind[Any]) -> int:
        """Return how many documents of `kind` were ever made; a source of small unique numbers."""
        with self._lock:
            row = self._connection.execute(
                "SELECT COALESCE(MAX(number), 0) + 1 FROM documents WHERE kind = ?", (kind.name,)
            ).fetchone()
        return int(row[0])

    def add_event(self, pipeline_id: str, update_id: str, event: Json) -> None:
        """Append `event`, giving it its sequence number."""
        with self.transaction():
            cursor = self._connection.execute(
                "INSERT INTO events (pipeline_id, update_id, id, level, timestamp, body) VALUES (?,?,?,?,?,?)",
                (pipeline_id, update_id, event["id"], event["level"], event["timestamp"], "{}"),
            )
            number = cursor.lastrowid
            event["sequence"] = {
                "data_plane_id": {"instance": "execution", "seq_no": number},
                "control_plane_seq_no": number,
            }
            self._connection.execute("UPDATE events SET body = ? WHERE number = ?", (json.dumps(event), number))

    def events(
        self, pipeline_id: str, condition: str, values: list[Any], order: str, window: tuple[int, int]
    ) -> list[Json]:
        """Return events of a pipeline; `condition` and `order` are made by `events.py`, never by a client.

        `window` is (offset, limit).
        """
        query = f"SELECT body FROM events WHERE pipeline_id = ? {condition} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608 - both come from a fixed table in events.py
        with self._lock:
            rows = self._connection.execute(query, [pipeline_id, *values, window[1], window[0]]).fetchall()
        return [json.loads(row[0]) for row in rows]

    def forget_events(self, pipeline_id: str) -> None:
        """Remove the event log of a deleted pipeline."""
        with self._lock:
            self._connection.execute("DELETE FROM events WHERE pipeline_id = ?", (pipeline_id,))
