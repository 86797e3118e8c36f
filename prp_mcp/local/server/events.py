"""The events the workspace itself adds to the event log."""

import uuid

from prp_mcp import clock
from prp_mcp.local.server.records import Json, Pipeline


def make(pipeline: Pipeline, update_id: str, level: str, message: str, *, state: str, error: str | None = None) -> Json:
    """Return an `update_progress` event of the workspace itself; `error` becomes its exception's message."""
    event: Json = {
        "id": str(uuid.uuid4()),
        "origin": {
            "cloud": "LOCAL",
            "pipeline_id": pipeline["pipeline_id"],
            "pipeline_name": pipeline["name"],
            "pipeline_type": "WORKSPACE",
            "update_id": update_id,
        },
        "timestamp": clock.now(),
        "message": message,
        "level": level,
        "maturity_level": "STABLE",
        "event_type": "update_progress",
        "details": {"update_progress": {"state": state}},
    }
    if error is not None:
        exception = {"class_name": "prp_mcp.local.RunnerEnded", "message": error, "stack": []}
        event["error"] = {"fatal": True, "exceptions": [exception]}
    return event
