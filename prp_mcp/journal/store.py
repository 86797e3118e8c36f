"""An append-only, hash-chained SQLite table: the only place where anything about a run is remembered."""

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from prp_mcp import clock
from prp_mcp.errors import IntegrityError
from prp_mcp.redaction import Redactor

BODY_CAP = 256 * 1024
"""Bytes of one record's body; what is larger is a bug of the caller, who keeps big text in snapshots."""

VERSION = 2
GENESIS = b"\0" * 32


class RecordKind(StrEnum):
    """Name a kind of record."""

    RUN = "run"
    GATE = "gate"
    INTENT = "intent"
    OUTCOME = "outcome"
    NOTE = "note"


_SCHEMA = """
CREATE TABLE IF NOT EXISTS record(
  seq  INTEGER PRIMARY KEY,
  run  TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK(kind IN ('run','gate','intent','outcome','note')),
  ref  INTEGER REFERENCES record(seq),
  at   TEXT NOT NULL,
  key  TEXT NOT NULL,
  folder TEXT NOT NULL,
  body TEXT NOT NULL,
  hash BLOB NOT NULL UNIQUE CHECK(length(hash) = 32)
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS one_outcome ON record(ref) WHERE kind = 'outcome';
CREATE INDEX IF NOT EXISTS by_run ON record(run, seq);
CREATE INDEX IF NOT EXISTS run_ends ON record(run) WHERE kind = 'run' AND name = 'end';
CREATE INDEX IF NOT EXISTS runs_of_folder ON record(folder, seq) WHERE kind = 'run' AND name = 'begin';
CREATE INDEX IF NOT EXISTS runs_of_key ON record(key, seq) WHERE kind = 'run' AND name = 'begin';
CREATE INDEX IF NOT EXISTS intents_of_key ON record(key, seq) WHERE kind = 'intent';
CREATE TRIGGER IF NOT EXISTS never_update BEFORE UPDATE ON record BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER IF NOT EXISTS never_delete BEFORE DELETE ON record BEGIN SELECT RAISE(ABORT, 'append only'); END;
"""


_COLUMNS = "seq, run, name, kind, ref, at, key, folder, body"


@dataclass(frozen=True)
class Record:
    """One line of the journal; an outcome's `ref` is the `seq` of its intent.

    `key` (host, bundle and target, as JSON) and `folder` are what the beginnings of runs and intents are found by.
    """

    seq: int
    run: str
    name: str
    kind: RecordKind
    ref: int | None
    at: str
    key: str
    folder: str
    body: dict[str, Any]
    hash: str


class Journal:
    """Append to and read the journal file at `path` (created 0600).

    Every append is one durable transaction (WAL, synchronous=FULL). Raises IntegrityError when the file cannot be
    written or has a version this program does not know.
    """

    def __init__(self, path: Path, redactor: Redactor | None = None):
        self.path = path
        self.redactor = redactor or Redactor()
        fresh = not path.exists()
        if fresh:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        try:
            self._open(path)
        except sqlite3.DatabaseError as error:
            raise self._damaged(str(error)) from error

    def _open(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=15)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF"):
            self._connection.execute(f"PRAGMA {pragma}")
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, VERSION):
            raise IntegrityError(
                f"the journal has version {version}, this program knows {VERSION}",
                remedy="Use the prp-mcp version that wrote it, or move the state directory away.",
                location=str(path),
            )
        if version == 0:
            self._connection.executescript(_SCHEMA)
            self._connection.execute(f"PRAGMA user_version={VERSION}")

    def close(self) -> None:
        """Close the file; the journal cannot be used afterwards."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the write lock: what is read inside is still true when what is appended inside commits."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise self._unwritable(error) from error
        try:
            yield
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._abandon()
            raise self._unwritable(error) from error
        except BaseException:
            self._abandon()
            raise

    def append(
        self,
        run: str,
        name: str,
        kind: RecordKind,
        body: dict[str, Any],
        ref: int | None = None,
        *,
        key: tuple[str, str, str] | None = None,
        folder: str = "",
    ) -> Record:
        """Append one record, redacted, durably; return it with its place and hash."""
        found_by = (canonical(key) if key else "", folder)
        if self._connection.in_transaction:
            return self._append(run, name, kind, body, ref, found_by)
        with self.transaction():
            return self._append(run, name, kind, body, ref, found_by)

    def records(self, run: str | None = None) -> list[Record]:
        """Return the records of `run`, or all of them, oldest first; here as everywhere each is held against its hash.

        Raises IntegrityError when one is altered, or the one before it is missing.
        """
        return self._select("r.run = ?", (run,)) if run else self._select("1", ())

    def effects_on(self, key: tuple[str, str, str]) -> list[Record]:
        """Return the intents of all runs on a host, bundle and target, and their outcomes, oldest first."""
        intents = self._select("r.kind = 'intent' AND r.key = ?", (canonical(key),))
        places = canonical([intent.seq for intent in intents])
        outcomes = self._select("r.kind = 'outcome' AND r.ref IN (SELECT value FROM json_each(?))", (places,))
        return sorted([*intents, *outcomes], key=lambda record: record.seq)

    def runs_of_folder(self, folder: str, *, only_open: bool = False) -> list[str]:
        """Return the ids of the runs of a bundle's folder, oldest first."""
        return self._begun("folder = ?", folder, only_open=only_open)

    def open_runs_of(self, key: tuple[str, str, str]) -> list[str]:
        """Return the ids of the open runs on a host, bundle and target."""
        return self._begun("key = ?", canonical(key), only_open=True)

    def head(self) -> str:
        """Return the hash (hex) of the last record, of all zeros for an empty journal."""
        return self._last()[1].hex()

    def verify(self, head: str = "") -> int:
        """Recompute the chain and return the number of records.

        `head` is (the beginning of) a head that a result, summary or report carried: its record must be there. Raises
        IntegrityError that names the first record which is missing, altered or out of place.
        """
        try:
            trouble = self._connection.execute("PRAGMA integrity_check").fetchone()[0]
            if trouble != "ok":
                raise self._damaged(f"the database is damaged: {trouble}")
            return self._verify_chain(head)
        except (sqlite3.DatabaseError, ValueError, TypeError) as error:
            raise self._damaged(str(error)) from error

    def _verify_chain(self, head: str) -> int:
        previous, count, is_there = GENESIS, 0, not head
        rows = self._connection.execute(f"SELECT {_COLUMNS}, hash FROM record ORDER BY seq")  # noqa: S608 - fixed text
        for *link, stored in rows:
            count += 1
            if link[0] != count:
                raise self._damaged(f"record {count} is missing")
            if _chained(previous, link) != stored:
                raise self._damaged(f"record {count} does not match its hash")
            is_there = is_there or stored.hex().startswith(head.lower())
            previous = stored
        if not is_there:
            raise self._damaged(f"no record has the head {head[:64]}: records were cut off, or all were replaced")
        return count

    def _begun(self, condition: str, value: str, *, only_open: bool) -> list[str]:
        ended = "SELECT 1 FROM record e WHERE e.run = record.run AND e.kind = 'run' AND e.name = 'end'"
        still = f"AND NOT EXISTS ({ended})" if only_open else ""
        rows = self._rows(
            f"SELECT run FROM record WHERE kind = 'run' AND name = 'begin' AND {condition} {still} ORDER BY seq",  # noqa: S608 - fixed texts
            (value,),
        )
        return [row[0] for row in rows]

    def _select(self, condition: str, values: tuple[str, ...]) -> list[Record]:
        columns = ", ".join(f"r.{name}" for name in (*_COLUMNS.split(", "), "hash")) + ", p.hash"
        source = "record r LEFT JOIN record p ON p.seq = r.seq - 1"
        rows = self._rows(f"SELECT {columns} FROM {source} WHERE {condition} ORDER BY r.seq", values)  # noqa: S608 - fixed texts
        return [self._verified(row) for row in rows]

    def _verified(self, row: tuple[Any, ...]) -> Record:
        *link, stored, previous = row
        seq, run, name, kind, ref, at, key, folder, body = link
        if seq > 1 and previous is None:
            raise self._damaged(f"record {seq - 1} is missing")
        if _chained(previous or GENESIS, link) != stored:
            raise self._damaged(f"record {seq} does not match its hash")
        return Record(seq, run, name, RecordKind(kind), ref, at, key, folder, json.loads(body), stored.hex())

    def _rows(self, statement: str, values: tuple[str, ...]) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise self._damaged(str(error)) from error

    def _append(
        self, run: str, name: str, kind: RecordKind, body: dict[str, Any], ref: int | None, found_by: tuple[str, str]
    ) -> Record:
        text = canonical(self.redactor.tree(body))
        if len(text.encode()) > BODY_CAP:
            raise IntegrityError(
                f"a {kind} record of {len(text)} characters is too large for the journal",
                remedy="Report this as a bug, with the name of the tool.",
            )
        seq, previous = self._last()
        link = (seq + 1, run, name, str(kind), ref, clock.now(), *found_by, text)
        stored = _chained(previous, link)
        try:
            self._connection.execute("INSERT INTO record VALUES (?,?,?,?,?,?,?,?,?,?)", (*link, stored))
        except sqlite3.OperationalError as error:
            raise self._unwritable(error) from error
        return self._verified((*link, stored, previous))

    def _last(self) -> tuple[int, bytes]:
        rows = self._rows("SELECT seq, hash FROM record ORDER BY seq DESC LIMIT 1", ())
        return (rows[0][0], rows[0][1]) if rows else (0, GENESIS)

    def _abandon(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _unwritable(self, error: sqlite3.Error) -> IntegrityError:
        return IntegrityError(
            f"the journal cannot be written: {error}",
            remedy="Free disk space or end the process that holds the journal; nothing was done without its record.",
            location=str(self.path),
        )

    def _damaged(self, what: str) -> IntegrityError:
        return IntegrityError(
            f"the journal cannot be trusted: {what}",
            remedy="Move the state directory away and start new runs; keep the damaged file for an inquiry.",
            location=str(self.path),
        )


def canonical(value: Any) -> str:
    """Return JSON with sorted keys and no blanks: equal values, equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _chained(previous: bytes, link: Sequence[Any]) -> bytes:
    return hashlib.sha256(previous + canonical(list(link)).encode()).digest()
