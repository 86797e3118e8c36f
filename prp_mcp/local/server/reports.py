"""Turn what a runner reports into the workspace's state: updates, events, Unity Catalog tables."""

import json
import select
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import IO

from prp_mcp import clock
from prp_mcp.local.server import events
from prp_mcp.local.server.moments import milliseconds
from prp_mcp.local.server.records import PIPELINES, SCHEMAS, TABLES, UPDATES, Json, Pipeline, Schema, Table
from prp_mcp.local.server.store import Store

LINE_CAP = 4 * 1024 * 1024
"""Bytes of one line; a longer one is dropped and said so in the event log."""

STATES = (
    "WAITING_FOR_RESOURCES",
    "INITIALIZING",
    "RESETTING",
    "SETTING_UP_TABLES",
    "RUNNING",
    "STOPPING",
    "COMPLETED",
    "FAILED",
    "CANCELED",
)
TERMINAL = ("COMPLETED", "FAILED", "CANCELED")
TAIL = 4_000


def follow(
    store: Store,
    update_id: str,
    pipeline: Pipeline,
    lines: IO[bytes],
    ended: Callable[[], bool],
) -> None:
    """Read JSON lines until the runner closes them, or has ended and nothing more comes.

    A grandchild may hold the pipe open for ever, hence the second condition.
    """
    pending = b""
    while True:
        over = ended()
        ready, _, _ = select.select([lines], [], [], 0.0 if over else 0.2)
        if not ready:
            if over:
                break
            continue
        chunk = lines.read(65_536)
        if not chunk:
            break
        *whole, pending = (pending + chunk).split(b"\n")
        for line in whole:
            _take(store, update_id, pipeline, line)
        if len(pending) > LINE_CAP:
            pending = b""
            _complain(store, update_id, pipeline, f"a line of more than {LINE_CAP} bytes was dropped")
    if pending.strip():
        _take(store, update_id, pipeline, pending)


def end(store: Store, update_id: str, state: str, what: str) -> None:
    """Give an update its terminal state, with an event that says why; nothing when it has one already."""
    with store.transaction():
        update = store.get(UPDATES, update_id)
        if update is None or update["state"] in TERMINAL:
            return
        pipeline = store.get(PIPELINES, update["pipeline_id"])
        update["state"] = state
        store.put(UPDATES, update_id, update)
        if pipeline is None:
            return
        failed = state == "FAILED"
        message = f"Update {update_id[:6]} is {state}: it {what}"
        event = events.make(
            pipeline,
            update_id,
            "ERROR" if failed else "WARN",
            message,
            state=state,
            error=what if failed else None,
        )
        store.add_event(pipeline["pipeline_id"], update_id, event)


def tail(log: Path) -> str:
    """Return the last lines of a runner's log, as a sentence for an event."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - TAIL))
            text = stream.read(TAIL).decode(errors="replace").strip()
    except OSError as missing:
        return f"Its log cannot be read: {missing.strerror}"
    return f"The end of its log: {text}" if text else "Its log is empty"


def _take(store: Store, update_id: str, pipeline: Pipeline, line: bytes) -> None:
    if not line.strip():
        return
    try:
        report = json.loads(line)
        _KINDS[report["kind"]](store, update_id, pipeline, report)
    except (ValueError, KeyError, TypeError, RecursionError) as wrong:
        shown = line[:200].decode(errors="replace")
        _complain(store, update_id, pipeline, f"a line was not understood ({wrong!r}): {shown}")


def _state(store: Store, update_id: str, _pipeline: Pipeline, report: Json) -> None:
    if report["state"] not in STATES:
        raise ValueError(f"unknown state {report['state']!r}")
    with store.transaction():
        update = store.get(UPDATES, update_id)
        if update is None or update["state"] in TERMINAL:
            return
        if update["state"] == "STOPPING" and report["state"] not in TERMINAL:
            return
        update["state"] = report["state"]
        store.put(UPDATES, update_id, update)


def _event(store: Store, update_id: str, pipeline: Pipeline, report: Json) -> None:
    event = {"maturity_level": "STABLE", "level": "INFO", "timestamp": clock.now(), **report["event"]}
    event.setdefault("id", str(uuid.uuid4()))
    origin = {
        "pipeline_id": pipeline["pipeline_id"],
        "pipeline_name": pipeline["name"],
        "update_id": update_id,
    }
    event["origin"] = {**event.get("origin", {}), **origin}
    store.add_event(pipeline["pipeline_id"], update_id, event)


def _table(store: Store, _update_id: str, pipeline: Pipeline, report: Json) -> None:
    given = report["table"]
    catalog, schema, name = given["catalog_name"], given["schema_name"], given["name"]
    full_name = f"{catalog}.{schema}.{name}"
    moment, owner = milliseconds(), pipeline["run_as_user_name"]
    with store.transaction():
        ensure_schema(store, catalog, schema, owner)
        before = store.get(TABLES, full_name)
        table = Table(
            catalog_name=catalog,
            schema_name=schema,
            name=name,
            full_name=full_name,
            table_type=given["table_type"],
            data_source_format="ICEBERG",
            metastore_id="local",
            pipeline_id=pipeline["pipeline_id"],
            columns=given.get("columns", []),
            properties={**given.get("properties", {}), "pipelines.pipelineId": pipeline["pipeline_id"]},
            table_id=before["table_id"] if before else str(uuid.uuid4()),
            owner=before["owner"] if before else owner,
            created_at=before["created_at"] if before else moment,
            created_by=before["created_by"] if before else owner,
            updated_at=moment,
            updated_by=owner,
        )
        if "comment" in given:
            table["comment"] = given["comment"]
        store.put(TABLES, full_name, table)


def ensure_schema(store: Store, catalog: str, schema: str, owner: str) -> None:
    """Create the schema's record unless it is there: an update creates the schema it publishes to."""
    full_name = f"{catalog}.{schema}"
    if store.get(SCHEMAS, full_name) is None:
        store.put(SCHEMAS, full_name, new_schema(catalog, schema, owner))


def new_schema(catalog: str, schema: str, owner: str) -> Schema:
    """Return the record of a new schema, in the shape of the REST API."""
    moment = milliseconds()
    return {
        "name": schema,
        "catalog_name": catalog,
        "catalog_type": "MANAGED_CATALOG",
        "full_name": f"{catalog}.{schema}",
        "browse_only": False,
        "metastore_id": "local",
        "schema_id": str(uuid.uuid4()),
        "owner": owner,
        "created_at": moment,
        "created_by": owner,
        "updated_at": moment,
        "updated_by": owner,
    }


def _complain(store: Store, update_id: str, pipeline: Pipeline, what: str) -> None:
    event = events.make(pipeline, update_id, "WARN", f"Report of the runner: {what}", state="RUNNING")
    store.add_event(pipeline["pipeline_id"], update_id, event)


_KINDS = {"state": _state, "event": _event, "table": _table}
