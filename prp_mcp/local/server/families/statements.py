"""Statements family: SQL on the one warehouse, answered by the runner's `sql` verb."""

import json
import re
import threading
import uuid

from prp_mcp import process
from prp_mcp.local.server.body import Body
from prp_mcp.local.server.records import CATALOGS, Json, Statement
from prp_mcp.local.server.refusal import ApiError, invalid
from prp_mcp.local.server.routing import Call, Route
from prp_mcp.local.server.workspace import Workspace

WAREHOUSE = {
    "id": "local",
    "name": "Local warehouse",
    "state": "RUNNING",
    "warehouse_type": "PRO",
    "enable_serverless_compute": True,
    "cluster_size": "2X-Small",
    "num_clusters": 1,
}
ROWS = 10_000
"""Rows of a result at most; an inline result of the real API is bounded by bytes instead."""

TIMEOUT = 600.0
KEPT = 50
"""Statements whose results are kept, in memory only."""

_WAIT = re.compile(r"(\d+)s")


def warehouses(_workspace: Workspace, _call: Call) -> Json:
    """List the one warehouse."""
    return {"warehouses": [WAREHOUSE]}


def warehouse(_workspace: Workspace, call: Call) -> Json:
    """Answer the one warehouse."""
    if call.parameters["id"] != WAREHOUSE["id"]:
        raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"Warehouse {call.parameters['id']} does not exist.")
    return WAREHOUSE


def execute(workspace: Workspace, call: Call) -> Statement:
    """Run a statement, waiting for it up to `wait_timeout`."""
    given = call.json()
    question = _question(workspace, given)
    if given.required("warehouse_id") != WAREHOUSE["id"]:
        raise invalid(f"Warehouse {given.text('warehouse_id')!r} does not exist; the one here is 'local'")
    wait = _WAIT.fullmatch(given.text("wait_timeout", "10s"))
    if not wait:
        raise invalid(f"wait_timeout {given.text('wait_timeout')!r} is not like '10s'")
    statement_id = str(uuid.uuid4())
    answer: Statement = {"statement_id": statement_id, "status": {"state": "PENDING"}}
    while len(workspace.statements) >= KEPT:
        workspace.statements.pop(next(iter(workspace.statements)))
    workspace.statements[statement_id] = answer
    worker = threading.Thread(target=_run, args=(workspace, question, answer), name="statement", daemon=True)
    worker.start()
    worker.join(min(float(wait.group(1)), 50.0))
    if worker.is_alive() and given.text("on_wait_timeout") == "CANCEL":
        answer["status"] = {"state": "CANCELED"}
    return answer.copy()


def get(workspace: Workspace, call: Call) -> Statement:
    """Answer a statement's state and, once it has one, its result."""
    return _found(workspace, call).copy()


def chunk(workspace: Workspace, call: Call) -> Json:
    """Answer the one chunk of a result."""
    answer = _found(workspace, call)
    if call.parameters["index"] != "0" or "result" not in answer:
        raise ApiError(404, "NOT_FOUND", f"There is no chunk {call.parameters['index']} of this statement")
    return answer["result"]


def cancel(workspace: Workspace, call: Call) -> Json:
    """Give a statement up; its reading process ends by itself."""
    answer = _found(workspace, call)
    if answer["status"]["state"] in ("PENDING", "RUNNING"):
        answer["status"] = {"state": "CANCELED"}
    return {}


def _question(workspace: Workspace, given: Body) -> Json:
    """Return what the runner is asked. Raises ApiError."""
    home = workspace.home
    return {
        "home": str(home),
        "warehouse": str(home / "warehouse"),
        "volumes_root": str(workspace.volumes),
        "files_root": str(workspace.files),
        "catalogs": [catalog["name"] for catalog in workspace.store.all(CATALOGS)],
        "catalog": given.text("catalog") or "main",
        "schema": given.text("schema") or "default",
        "statement": given.required("statement"),
        "row_limit": min(given.integer("row_limit", ROWS) or ROWS, ROWS),
        "parameters": [{"name": one.required("name"), **one.given} for one in given.bodies("parameters")],
    }


def _run(workspace: Workspace, question: Json, answer: Statement) -> None:
    try:
        told = _told(workspace.execution.verb("sql", question, TIMEOUT))
    except OSError as failed:
        told = _error(f"the runner could not be started: {failed}")
    if answer["status"]["state"] == "CANCELED":
        return
    if "error" in told:
        answer["status"] = {"state": "FAILED", "error": told["error"]}
        return
    rows, columns = told["rows"], told["columns"]
    window = {"chunk_index": 0, "row_offset": 0, "row_count": len(rows)}
    answer["manifest"] = {
        "format": "JSON_ARRAY",
        "schema": {"column_count": len(columns), "columns": columns},
        "total_chunk_count": 1,
        "chunks": [window],
        "total_row_count": len(rows),
        "truncated": bool(told.get("truncated")),
    }
    answer["result"] = {**window, "data_array": rows}
    answer["status"] = {"state": "SUCCEEDED"}


def _told(finished: process.Finished) -> Json:
    """Return the runner's one line of JSON, or what went wrong as an error of the same shape."""
    lines = finished.stdout.strip().splitlines()
    try:
        told = json.loads(lines[-1]) if lines else None
    except ValueError:
        told = None
    if isinstance(told, dict) and ("error" in told or {"rows", "columns"} <= told.keys()):
        return told
    ending = "took too long" if finished.timed_out else f"ended with code {finished.exit}"
    return _error(f"the runner {ending}: {finished.stderr.strip()[-1000:]}")


def _error(message: str) -> Json:
    return {"error": {"error_code": "INTERNAL_ERROR", "message": message}}


def _found(workspace: Workspace, call: Call) -> Statement:
    answer = workspace.statements.get(call.parameters["id"])
    if answer is None:
        raise ApiError(404, "NOT_FOUND", f"The statement {call.parameters['id']} was not found.")
    return answer


_SQL = "/api/2.0/sql"

ROUTES = (
    Route("GET", f"{_SQL}/warehouses", warehouses),
    Route("GET", _SQL + "/warehouses/{id}", warehouse),
    Route("POST", f"{_SQL}/statements", execute),
    Route("GET", _SQL + "/statements/{id}", get),
    Route("GET", _SQL + "/statements/{id}/result/chunks/{index}", chunk),
    Route("POST", _SQL + "/statements/{id}/cancel", cancel),
)
