"""Pipelines family: create, read, edit, list and delete pipelines."""

import fnmatch
import re
import uuid

from prp_mcp.local.server.body import Body
from prp_mcp.local.server.moments import milliseconds
from prp_mcp.local.server.records import (
    CATALOGS,
    GRANTS,
    PERMISSIONS,
    PIPELINES,
    TABLES,
    UPDATES,
    AccessList,
    Json,
    LatestUpdate,
    Pipeline,
    Update,
)
from prp_mcp.local.server.refusal import ApiError, invalid
from prp_mcp.local.server.reports import TERMINAL
from prp_mcp.local.server.routing import Call, Route, page
from prp_mcp.local.server.workspace import USER, Workspace

SETTINGS = ("allow_duplicate_names", "dry_run", "run_as", "parameters", "expected_last_modified", "cascade")
"""What a create or edit may carry beside the specification."""

LISTED = ("pipeline_id", "name", "creator_user_name", "run_as_user_name")
"""What a list shows of a pipeline."""

STOP_WAIT = 15.0
_FILTER = re.compile(r"name\s+like\s+'([^']*)'|name\s*=\s*'([^']*)'", re.I)


def create(workspace: Workspace, call: Call) -> Json:
    """Create a pipeline; a name that is taken is refused unless `allow_duplicate_names`."""
    given = call.json()
    name = given.required("name")
    pipeline_id = str(uuid.uuid4())
    with workspace.store.transaction():
        _check(workspace, given, name, None)
        pipeline: Pipeline = {
            "pipeline_id": pipeline_id,
            "name": name,
            "spec": _specification(given, pipeline_id),
            "run_as": given.mapping("run_as") or None,
            "parameters": given.mapping("parameters") or None,
            "creator_user_name": USER,
            "run_as_user_name": _run_as(given),
            "last_modified": milliseconds(),
        }
        workspace.store.put(PIPELINES, pipeline_id, pipeline)
        workspace.store.put(PERMISSIONS, f"pipelines/{pipeline_id}", AccessList(owner=USER, entries=[]))
    return {"pipeline_id": pipeline_id}


def get(workspace: Workspace, call: Call) -> Json:
    """Answer one pipeline; `spec` is exactly what was given, or clients see changes that nobody made."""
    pipeline = found(workspace, call)
    answer = {key: value for key, value in pipeline.items() if value is not None}
    latest = _latest(workspace, pipeline["pipeline_id"])
    answer["effective_publishing_mode"] = "DEFAULT_PUBLISHING_MODE"
    return {**answer, "state": _state(latest), "health": _health(latest), "latest_updates": latest}


def edit(workspace: Workspace, call: Call) -> Json:
    """Replace the specification of a pipeline."""
    given = call.json()
    with workspace.store.transaction():
        pipeline = found(workspace, call)
        name = given.text("name") or pipeline["name"]
        _check(workspace, given, name, pipeline["pipeline_id"])
        pipeline["name"] = name
        pipeline["spec"] = {"name": name, **_specification(given, pipeline["pipeline_id"])}
        pipeline["run_as"] = given.mapping("run_as") or None
        pipeline["parameters"] = given.mapping("parameters") or None
        pipeline["run_as_user_name"] = _run_as(given)
        pipeline["last_modified"] = milliseconds()
        workspace.store.put(PIPELINES, pipeline["pipeline_id"], pipeline)
    return {}


def listing(workspace: Workspace, call: Call) -> Json:
    """List pipelines, optionally `name LIKE '%x%'` or `name = 'x'`."""
    rows = []
    wanted = _wanted(call.query.get("filter", ""))
    for pipeline in workspace.store.all(PIPELINES):
        if not fnmatch.fnmatchcase(pipeline["name"], wanted):
            continue
        latest = _latest(workspace, pipeline["pipeline_id"])
        row = {key: value for key, value in pipeline.items() if key in LISTED}
        rows.append({**row, "state": _state(latest), "health": _health(latest), "latest_updates": latest})
    return page(rows, call, "statuses", 100)


def delete(workspace: Workspace, call: Call) -> Json:
    """Delete a pipeline, its event log and, unless `cascade=false`, its tables with their data."""
    pipeline_id = found(workspace, call)["pipeline_id"]
    for update in active(workspace, pipeline_id):
        workspace.execution.cancel(update["update_id"])
        workspace.execution.wait_idle(update["update_id"], STOP_WAIT)
    cascade = call.query.get("cascade", "true").lower() != "false"
    with workspace.store.transaction():
        tables = [t for t in workspace.store.all(TABLES) if t.get("pipeline_id") == pipeline_id]
        for table in tables if cascade else ():
            workspace.store.delete(TABLES, table["full_name"])
            workspace.store.delete(GRANTS, f"TABLE/{table['full_name']}")
        workspace.store.delete(PIPELINES, pipeline_id)
        workspace.store.delete(PERMISSIONS, f"pipelines/{pipeline_id}")
        workspace.store.forget_events(pipeline_id)
    if cascade:
        workspace.execution.drop([table["full_name"] for table in tables])
    return {}


def found(workspace: Workspace, call: Call) -> Pipeline:
    """Return the stored pipeline that the path names. Raises ApiError (404) when there is none."""
    pipeline_id = call.parameters["pipeline_id"]
    pipeline = workspace.store.get(PIPELINES, pipeline_id)
    if pipeline is None:
        raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"The specified pipeline {pipeline_id} was not found.")
    return pipeline


def updates_of(workspace: Workspace, pipeline_id: str) -> list[Update]:
    """Return the pipeline's updates, newest first."""
    updates = workspace.store.all(UPDATES)
    return [update for update in reversed(updates) if update["pipeline_id"] == pipeline_id]


def active(workspace: Workspace, pipeline_id: str) -> list[Update]:
    """Return the pipeline's updates that have not ended."""
    return [u for u in updates_of(workspace, pipeline_id) if u["state"] not in TERMINAL]


def _specification(given: Body, pipeline_id: str) -> Json:
    kept = {key: value for key, value in given.given.items() if key not in SETTINGS and key != "pipeline_id"}
    return {**kept, "id": pipeline_id}


def _run_as(given: Body) -> str:
    run_as = given.body("run_as")
    return run_as.text("user_name") or run_as.text("service_principal_name") or USER


def _check(workspace: Workspace, given: Body, name: str, pipeline_id: str | None) -> None:
    catalog = given.text("catalog")
    if catalog and workspace.store.get(CATALOGS, catalog) is None:
        raise ApiError(404, "CATALOG_DOES_NOT_EXIST", f"Catalog '{catalog}' does not exist.")
    if catalog and not (given.text("schema") or given.text("target")):
        raise invalid("A pipeline with a catalog must set 'schema'.")
    if given.flag("allow_duplicate_names"):
        return
    for other in workspace.store.all(PIPELINES):
        if other["name"] == name and other["pipeline_id"] != pipeline_id:
            raise ApiError(
                409,
                "RESOURCE_CONFLICT",
                f"The pipeline name '{name}' is already used by another pipeline. This check can be "
                "skipped by setting `allow_duplicate_names = true` in the request.",
            )


def _wanted(text: str) -> str:
    if not text.strip():
        return "*"
    matched = _FILTER.fullmatch(text.strip())
    if not matched:
        raise invalid(f"Unsupported filter {text!r}: expected name LIKE '...'")
    like, exact = matched.groups()
    quoted = re.sub(r"([*?\[])", r"[\1]", like if like is not None else exact)
    return quoted.replace("%", "*").replace("_", "?") if like is not None else quoted


def _latest(workspace: Workspace, pipeline_id: str) -> list[LatestUpdate]:
    return [
        {"update_id": update["update_id"], "state": update["state"], "creation_time": update["created"]}
        for update in updates_of(workspace, pipeline_id)[:5]
    ]


def _state(latest: list[LatestUpdate]) -> str:
    states = {update["state"] for update in latest}
    if "STOPPING" in states:
        return "STOPPING"
    return "RUNNING" if states - set(TERMINAL) else "IDLE"


def _health(latest: list[LatestUpdate]) -> str:
    return "UNHEALTHY" if latest and latest[0]["state"] == "FAILED" else "HEALTHY"


ROUTES = (
    Route("POST", "/api/2.0/pipelines", create),
    Route("GET", "/api/2.0/pipelines", listing),
    Route("GET", "/api/2.0/pipelines/{pipeline_id}", get),
    Route("PUT", "/api/2.0/pipelines/{pipeline_id}", edit),
    Route("DELETE", "/api/2.0/pipelines/{pipeline_id}", delete),
)
