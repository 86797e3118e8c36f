"""Updates family: start, read, list and stop updates of a pipeline."""

import uuid

from prp_mcp import clock
from prp_mcp.local.server.body import Body
from prp_mcp.local.server.families.pipelines import active, found, updates_of
from prp_mcp.local.server.moments import milliseconds
from prp_mcp.local.server.records import UPDATES, Json, Pipeline, Update
from prp_mcp.local.server.refusal import ApiError, invalid
from prp_mcp.local.server.routing import Call, Route, page
from prp_mcp.local.server.workspace import Workspace

INTERNAL = ("runner", "created")


def start(workspace: Workspace, call: Call) -> Json:
    """Start an update; one that is active refuses a second (409)."""
    return {"update_id": begin(workspace, found(workspace, call), call.json())}


def begin(workspace: Workspace, pipeline: Pipeline, asked: Body) -> str:
    """Store and queue an update of `pipeline`, and return its id. Raises ApiError."""
    selected, selected_full = asked.texts("refresh_selection"), asked.texts("full_refresh_selection")
    if asked.flag("full_refresh") and (selected or selected_full):
        raise invalid("full_refresh cannot be combined with a selection of tables")
    pipeline_id, update_id = pipeline["pipeline_id"], str(uuid.uuid4())
    with workspace.store.transaction():
        for other in active(workspace, pipeline_id):
            message = f"An active update {other['update_id']} already exists for pipeline '{pipeline_id}'."
            raise ApiError(409, "RESOURCE_CONFLICT", message)
        moment = clock.now()
        update = Update(
            pipeline_id=pipeline_id,
            update_id=update_id,
            state="WAITING_FOR_RESOURCES",
            cause=asked.text("cause", "API_CALL"),
            creation_time=milliseconds(moment),
            created=moment,
            config=pipeline["spec"],
            full_refresh=asked.flag("full_refresh"),
            validate_only=asked.flag("validate_only"),
            refresh_selection=selected,
            full_refresh_selection=selected_full,
            parameters={**(pipeline["parameters"] or {}), **asked.mapping("parameters")},
        )
        workspace.store.put(UPDATES, update_id, update)
    workspace.execution.submit(update_id)
    return update_id


def get(workspace: Workspace, call: Call) -> Json:
    """Answer one update of the pipeline."""
    pipeline_id, update_id = found(workspace, call)["pipeline_id"], call.parameters["update_id"]
    update = workspace.store.get(UPDATES, update_id)
    if update is None or update["pipeline_id"] != pipeline_id:
        raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"The specified update {update_id} was not found.")
    return {"update": _shown(update)}


def listing(workspace: Workspace, call: Call) -> Json:
    """List the pipeline's updates, newest first."""
    pipeline_id = found(workspace, call)["pipeline_id"]
    rows = [_shown(update) for update in updates_of(workspace, pipeline_id)]
    until = call.query.get("until_update_id")
    if until:
        ids = [row["update_id"] for row in rows]
        rows = rows[ids.index(until) :] if until in ids else []
    return page(rows, call, "updates", 100)


def stop(workspace: Workspace, call: Call) -> Json:
    """Cancel what is active; nothing active is fine. The answer does not wait for the end."""
    for update in active(workspace, found(workspace, call)["pipeline_id"]):
        workspace.execution.cancel(update["update_id"])
    return {}


def _shown(update: Update) -> Json:
    return {key: value for key, value in update.items() if key not in INTERNAL}


ROUTES = (
    Route("POST", "/api/2.0/pipelines/{pipeline_id}/updates", start),
    Route("GET", "/api/2.0/pipelines/{pipeline_id}/updates", listing),
    Route("GET", "/api/2.0/pipelines/{pipeline_id}/updates/{update_id}", get),
    Route("POST", "/api/2.0/pipelines/{pipeline_id}/stop", stop),
)
