"""An append-only, hash-chained SQLite table: the only place where anything about a run is remembered."""

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
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
  body TEXT NOT NULL,
  hash BLOB NOT NULL UNIQUE CHECK(length(hash) = 32)
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS one_outcome ON record(ref) WHERE kind = 'outcome';
CREATE INDEX IF NOT EXISTS by_run ON record(run, seq);
CREATE TRIGGER IF NOT EXISTS never_update BEFORE UPDATE ON record BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER IF NOT EXISTS never_delete BEFORE DELETE ON record BEGIN SELECT RAISE(ABORT, 'append only'); END;
"""


@dataclass(frozen=True)
class Record:
    """One line of the journal; an outcome's `ref` is the `seq` of its intent."""

    seq: int
    run: str
    name: str
    kind: RecordKind
    ref: int | None
    at: str
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

    def append(self, run: str, name: str, kind: RecordKind, body: dict[str, Any], ref: int | None = None) -> Record:
        """Append one record, redacted, durably; return it with its place and hash."""
        if self._connection.in_transaction:
            return self._append(run, name, kind, body, ref)
        with self.transaction():
            return self._append(run, name, kind, body, ref)

    def records(self, run: str | None = None) -> list[Record]:
        """Return the records of `run`, or all of them, oldest first."""
        where, values = ("WHERE run = ?", (run,)) if run else ("", ())
        rows = self._rows(
            f"SELECT seq, run, name, kind, ref, at, body, hash FROM record {where} ORDER BY seq",  # noqa: S608 - fixed text
            values,
        )
        return [_record(row) for row in rows]

    def of_kind(self, kind: RecordKind) -> list[Record]:
        """Return the records of one kind over all runs, oldest first."""
        rows = self._rows(
            "SELECT seq, run, name, kind, ref, at, body, hash FROM record WHERE kind = ? ORDER BY seq", (kind,)
        )
        return [_record(row) for row in rows]

    def _rows(self, statement: str, values: tuple[str, ...]) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise self._damaged(str(error)) from error

    def head(self) -> str:
        """Return the hash (hex) of the last record, of all zeros for an empty journal."""
        return self._last()[1].hex()

    def verify(self) -> int:
        """Recompute the chain and return the number of records.

        Raises IntegrityError that names the first record which is missing, altered or out of place.
        """
        trouble = self._connection.execute("PRAGMA integrity_check").fetchone()[0]
        if trouble != "ok":
            raise self._damaged(f"the database is damaged: {trouble}")
        previous, count = GENESIS, 0
        rows = self._connection.execute("SELECT seq, run, name, kind, ref, at, body, hash FROM record ORDER BY seq")
        for seq, run, name, kind, ref, at, body, stored in rows:
            count += 1
            if seq != count:
                raise self._damaged(f"record {count} is missing")
            if _chained(previous, seq, run, name, kind, ref, at, body) != stored:
                raise self._damaged(f"record {seq} does not match its hash")
            previous = stored
        return count

    def _append(self, run: str, name: str, kind: RecordKind, body: dict[str, Any], ref: int | None) -> Record:
        text = canonical(self.redactor.tree(body))
        if len(text.encode()) > BODY_CAP:
            raise IntegrityError(
                f"a {kind} record of {len(text)} characters is too large for the journal",
                remedy="Report this as a bug, with the name of the tool.",
            )
        seq, previous = self._last()
        at = clock.now()
        digest = _chained(previous, seq + 1, run, name, kind, ref, at, text)
        try:
            self._connection.execute(
                "INSERT INTO record VALUES (?,?,?,?,?,?,?,?)", (seq + 1, run, name, kind, ref, at, text, digest)
            )
        except sqlite3.OperationalError as error:
            raise self._unwritable(error) from error
        return Record(seq + 1, run, name, kind, ref, at, json.loads(text), digest.hex())

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


def _chained(previous: bytes, seq: int, run: str, name: str, kind: str, ref: int | None, at: str, body: str) -> bytes:
    link = canonical([seq, run, name, str(kind), ref, at, body])
    return hashlib.sha256(previous + link.encode()).digest()


def _record(row: tuple[Any, ...]) -> Record:
    seq, run, name, kind, ref, at, body, digest = row
    return Record(seq, run, name, RecordKind(kind), ref, at, json.loads(body), digest.hex())
