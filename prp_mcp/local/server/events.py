"""The events the workspace itself adds to the event log."""

import uuid
from typing import Any

from prp_mcp import clock


def make(
    pipeline: dict[str, Any], update_id: str, level: str, message: str, *, state: str, error: str | None = None
) -> dict[str, Any]:
    """Return an `update_progress` event of the workspace itself; `error` becomes its exception's message."""
    event: dict[str, Any] = {
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
