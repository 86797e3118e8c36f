"""Faults family, for tests only: make requests go wrong, and read which requests came."""

import re

from prp_mcp.local.server.faults import ACTIONS, Fault
from prp_mcp.local.server.records import Json
from prp_mcp.local.server.refusal import invalid
from prp_mcp.local.server.routing import Call, Route
from prp_mcp.local.server.workspace import Workspace

BODY = {"error_code": "INTERNAL_ERROR", "message": "A fault that a test asked for"}


def add(workspace: Workspace, call: Call) -> Json:
    """Put a fault in force: `{"match": {"method", "path"}, "nth", "times", "action", ...}`.

    `path` is a regular expression, searched. Actions: refuse(status, body), hang(seconds, when),
    error_after(status, body), drop(when), kill(pid, when); `when` is "before" (default) or "after" the effect.
    """
    given = call.json()
    action = given.text("action")
    if action not in ACTIONS:
        raise invalid(f"action {action!r} is not one of {', '.join(ACTIONS)}")
    match = given.body("match")
    try:
        path = re.compile(match.text("path"))
    except re.error as wrong:
        raise invalid(f"match.path is not a regular expression: {wrong}") from wrong
    pid = given.integer("pid", 0)
    if action == "kill" and pid < 2:
        raise invalid("kill needs the pid of a process")
    fault = Fault(
        action,
        match.text("method"),
        path,
        skip=given.integer("nth", 1) - 1,
        times=given.integer("times", 1),
        when=given.text("when", "before"),
        status=given.integer("status", 500),
        body=given.given.get("body", BODY),
        seconds=given.number("seconds", 1.0),
        pid=pid,
    )
    workspace.faults.add(fault)
    return {}


def clear(workspace: Workspace, _call: Call) -> Json:
    """Lift all faults."""
    workspace.faults.clear()
    return {}


def listing(workspace: Workspace, _call: Call) -> Json:
    """List the faults with their counts."""
    return {"faults": workspace.faults.listing()}


def requests(workspace: Workspace, _call: Call) -> Json:
    """List the last requests: method, path, status (null when dropped or not answered yet), oldest first."""
    return {"requests": list(workspace.requests)}


def forget(workspace: Workspace, _call: Call) -> Json:
    """Empty the log of requests."""
    workspace.requests.clear()
    return {}


ROUTES = (
    Route("POST", "/__faults", add),
    Route("GET", "/__faults", listing),
    Route("DELETE", "/__faults", clear),
    Route("GET", "/__requests", requests),
    Route("DELETE", "/__requests", forget),
)
