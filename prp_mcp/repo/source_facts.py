"""The facts of a snapshot's sources, kept by the digest of their file: what did not change is not read again."""

import hashlib
import json
import sqlite3
import sys
from collections.abc import Iterable
from contextlib import closing
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from prp_mcp.code.facts import SourceFacts
from prp_mcp.repo.snapshot import Snapshot
from prp_mcp.repo.tree import File

SOURCE_CAP = 1024 * 1024
"""Bytes of a source; a larger one is not read."""

KEPT = 20_000
"""Files whose facts are kept, the latest ones used."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts(key TEXT PRIMARY KEY, used INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS by_use ON facts(used);
"""


class SourceFactsStore:
    """The facts of sources in a file of the state directory, which may be deleted at any time."""

    def __init__(self, path: Path):
        self._path = path

    def read(self, snapshot: Snapshot, wanted: Iterable[File]) -> tuple[dict[str, SourceFacts], int]:
        """Return the facts of files of `snapshot` by path, and how many of them were known already."""
        keys = {_key(file): file for file in wanted if file.mode != "120000"}
        try:
            return self._opened(snapshot, keys)
        except sqlite3.Error as error:  # it only saves time: do without, and begin a new one where it is damaged
            if getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                self._path.unlink(missing_ok=True)
            return {file.path: facts for file in keys.values() if (facts := _fresh(snapshot, file))}, 0

    def _opened(self, snapshot: Snapshot, keys: dict[str, File]) -> tuple[dict[str, SourceFacts], int]:
        with closing(sqlite3.connect(self._path, timeout=15)) as connection:
            connection.executescript(_SCHEMA)
            return _read(connection, snapshot, keys)


def _read(
    connection: sqlite3.Connection, snapshot: Snapshot, keys: dict[str, File]
) -> tuple[dict[str, SourceFacts], int]:
    turn = connection.execute("SELECT coalesce(max(used), 0) + 1 FROM facts").fetchone()[0]
    stored = "SELECT key, body FROM facts WHERE key IN (SELECT value FROM json_each(?))"
    rows = connection.execute(stored, (json.dumps(list(keys)),))
    known = {keys[key].path: facts for key, body in rows if (facts := _loaded(body))}
    fresh = {
        key: facts
        for key, file in keys.items()
        if file.path not in known and (facts := _fresh(snapshot, file)) is not None
    }
    with connection:
        added = [(key, turn, body) for key, facts in fresh.items() if (body := _dumped(facts))]
        connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", added)
        connection.execute(
            "UPDATE facts SET used = ? WHERE key IN (SELECT value FROM json_each(?))", (turn, json.dumps(list(keys)))
        )
        connection.execute(
            "DELETE FROM facts WHERE key NOT IN (SELECT key FROM facts ORDER BY used DESC LIMIT ?)", (KEPT,)
        )
    return {**known, **{facts.path: facts for facts in fresh.values()}}, len(known)


def _fresh(snapshot: Snapshot, file: File) -> SourceFacts | None:
    from prp_mcp.code.sources import read_source

    path = snapshot.files / file.path
    if path.stat().st_size > SOURCE_CAP:
        return None
    return read_source(file.path, path.read_text("utf-8", errors="replace"))


def _dumped(facts: SourceFacts) -> str:
    """Return what is kept, or nothing where that cannot be written: a lone surrogate in a name."""
    try:
        return str(_adapter().dump_json(facts).decode())
    except PydanticSerializationError:
        return ""


def _loaded(body: str) -> SourceFacts | None:
    try:
        facts: SourceFacts = _adapter().validate_json(body)
    except ValidationError:
        return None
    return facts


@cache
def _adapter() -> TypeAdapter[Any]:
    return TypeAdapter(SourceFacts)


def _key(file: File) -> str:
    """Return all that the facts of a file depend on: the reader, the path and the content."""
    return hashlib.sha256(f"{_reader()}\0{file.path}\0{file.sha256}".encode()).hexdigest()


@cache
def _reader() -> str:
    """Return the digest of all that reads sources, Python and sqlglot too: what another one read is not taken over."""
    found = hashlib.sha256(f"{sys.version}\0{version('sqlglot')}".encode())
    for entry in sorted(files("prp_mcp.code").iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".py"):
            found.update(entry.read_bytes())
    return found.hexdigest()
