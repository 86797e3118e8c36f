"""Identity family: who the caller is, and what kind of host this is."""

from prp_mcp.local.server.records import Json
from prp_mcp.local.server.routing import Call, Route
from prp_mcp.local.server.workspace import USER, WORKSPACE_ID, Workspace


def config(_workspace: Workspace, _call: Call) -> Json:
    """Answer the host metadata a client asks for before it authenticates."""
    return {"workspace_id": str(WORKSPACE_ID)}


def me(_workspace: Workspace, _call: Call) -> Json:
    """Answer the one user of the workspace, in SCIM's shape."""
    return {
        "id": "1000000001",
        "userName": USER,
        "displayName": "Local engineer",
        "active": True,
        "emails": [{"value": USER, "type": "work", "primary": True}],
        "groups": [{"display": "users", "value": "1000000002", "type": "direct"}],
    }


def telemetry(_workspace: Workspace, _call: Call) -> Json:
    """Take the command line's telemetry and keep nothing of it."""
    return {"errors": [], "numProtoSuccess": 1}


ROUTES = (
    Route("GET", "/.well-known/databricks-config", config),
    Route("GET", "/api/2.0/preview/scim/v2/Me", me),
    Route("POST", "/telemetry-ext", telemetry),
)
