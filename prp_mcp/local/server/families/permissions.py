"""Permissions family: access control lists of pipelines, jobs and folders."""

from collections.abc import Mapping
from typing import Any

from prp_mcp.local.server.records import PERMISSIONS, AccessList, Json
from prp_mcp.local.server.refusal import ApiError, invalid
from prp_mcp.local.server.routing import Call, Route
from prp_mcp.local.server.workspace import USER, Workspace

KINDS = {"pipelines": "pipelines", "jobs": "job", "directories": "directory", "warehouses": "warehouses"}
LEVELS = {
    "pipelines": ("CAN_VIEW", "CAN_RUN", "CAN_MANAGE", "IS_OWNER"),
    "jobs": ("CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE", "IS_OWNER"),
    "directories": ("CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"),
    "warehouses": ("CAN_USE", "CAN_MONITOR", "CAN_MANAGE", "IS_OWNER"),
}
PRINCIPALS = ("user_name", "group_name", "service_principal_name")


def get(workspace: Workspace, call: Call) -> Json:
    """Answer the access control list of an object."""
    return _shown(call, _found(workspace, call))


def replace(workspace: Workspace, call: Call) -> Json:
    """Set the whole list."""
    return _store(workspace, call, [])


def extend(workspace: Workspace, call: Call) -> Json:
    """Add to the list; a principal's new level replaces his old one."""
    return _store(workspace, call, _found(workspace, call)["entries"])


def _store(workspace: Workspace, call: Call, kept: list[dict[str, str]]) -> Json:
    kind = call.parameters["kind"]
    _found(workspace, call)
    given = [dict(entry.given) for entry in call.json().bodies("access_control_list")]
    for entry in given:
        if entry.get("permission_level") not in LEVELS[kind]:
            raise invalid(f"{entry.get('permission_level')!r} is not a permission level of {kind}")
        if sum(name in entry for name in PRINCIPALS) != 1:
            raise invalid("An access control entry names exactly one of " + ", ".join(PRINCIPALS))
    named = {_principal(entry) for entry in given}
    with workspace.store.transaction():
        held = _found(workspace, call)
        owners = [entry for entry in given if entry["permission_level"] == "IS_OWNER"]
        held["owner"] = _principal(owners[0])[1] if owners else held["owner"]
        held["entries"] = [entry for entry in kept if _principal(entry) not in named] + given
        workspace.store.put(PERMISSIONS, _key(call), held)
    return _shown(call, held)


def _found(workspace: Workspace, call: Call) -> AccessList:
    if call.parameters["kind"] not in KINDS:
        kind = call.parameters["kind"]
        raise ApiError(501, "NOT_IMPLEMENTED", f"Permissions of {kind} are not served by the local workspace")
    held = workspace.store.get(PERMISSIONS, _key(call))
    if held is None:
        raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"{_key(call)} does not exist")
    return held


def _shown(call: Call, held: AccessList) -> Json:
    kind = call.parameters["kind"]
    entries = list(held["entries"])
    if kind != "directories" and not any(entry["permission_level"] == "IS_OWNER" for entry in entries):
        entries.append({"user_name": held["owner"] or USER, "permission_level": "IS_OWNER"})
    rows = []
    for entry in entries:
        name, value = _principal(entry)
        level = {"permission_level": entry["permission_level"], "inherited": False}
        rows.append({name: value, "display_name": value, "all_permissions": [level]})
    return {"object_id": f"/{_key(call)}", "object_type": KINDS[kind], "access_control_list": rows}


def _principal(entry: Mapping[str, Any]) -> tuple[str, str]:
    return next((name, str(entry[name])) for name in PRINCIPALS if name in entry)


def _key(call: Call) -> str:
    return f"{call.parameters['kind']}/{call.parameters['id']}"


_PATH = "/api/2.0/permissions/{kind}/{id}"

ROUTES = (
    Route("GET", _PATH, get),
    Route("PUT", _PATH, replace),
    Route("PATCH", _PATH, extend),
)
