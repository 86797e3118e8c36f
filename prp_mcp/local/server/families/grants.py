"""Grants family: privileges on catalogs, schemas, tables and volumes, direct and effective."""

from typing import Any

from prp_mcp.local.server.body import Body
from prp_mcp.local.server.families.catalog import UNITY
from prp_mcp.local.server.records import CATALOGS, GRANTS, SCHEMAS, TABLES, VOLUMES, Json, Kind
from prp_mcp.local.server.refusal import ApiError, invalid
from prp_mcp.local.server.routing import Call, Route
from prp_mcp.local.server.workspace import Workspace

KINDS: dict[str, Kind[Any]] = {"CATALOG": CATALOGS, "SCHEMA": SCHEMAS, "TABLE": TABLES, "VOLUME": VOLUMES}
PRIVILEGES = frozenset(
    [
        "ALL_PRIVILEGES",
        "APPLY_TAG",
        "BROWSE",
        "CREATE_FUNCTION",
        "CREATE_MATERIALIZED_VIEW",
        "CREATE_MODEL",
        "CREATE_SCHEMA",
        "CREATE_TABLE",
        "CREATE_VIEW",
        "CREATE_VOLUME",
        "EXECUTE",
        "EXTERNAL_USE_SCHEMA",
        "MANAGE",
        "MODIFY",
        "READ_VOLUME",
        "REFRESH",
        "SELECT",
        "USE_CATALOG",
        "USE_SCHEMA",
        "WRITE_VOLUME",
    ]
)
GROUPS = ("account users", "users")
"""Groups that every user is in."""


def get(workspace: Workspace, call: Call) -> Json:
    """Answer the direct grants on a securable, optionally of one principal."""
    kind, full_name = _securable(workspace, call)
    return _assignments(workspace.store.get(GRANTS, f"{kind}/{full_name}") or {}, call.query.get("principal"))


def change(workspace: Workspace, call: Call) -> Json:
    """Add and remove privileges; adding goes last, so a privilege in both is held."""
    given = call.json().bodies("changes")
    with workspace.store.transaction():
        kind, full_name = _securable(workspace, call)
        held = workspace.store.get(GRANTS, f"{kind}/{full_name}") or {}
        for entry in given:
            principal = entry.required("principal")
            kept = set(held.get(principal, ())) - set(_privileges(entry, "remove"))
            held[principal] = sorted(kept | set(_privileges(entry, "add")))
        workspace.store.put(GRANTS, f"{kind}/{full_name}", {name: rights for name, rights in held.items() if rights})
        return _assignments(workspace.store.get(GRANTS, f"{kind}/{full_name}") or {}, None)


def effective(workspace: Workspace, call: Call) -> Json:
    """Answer direct and inherited privileges; those of a user's groups count as his own."""
    kind, full_name = _securable(workspace, call)
    principal = call.query.get("principal")
    rights: dict[str, dict[str, dict[str, str]]] = {}
    for level, name in _line(kind, full_name):
        source = {} if name == full_name else {"inherited_from_type": level, "inherited_from_name": name}
        for holder, privileges in (workspace.store.get(GRANTS, f"{level}/{name}") or {}).items():
            for who in _beneficiaries(holder, principal):
                for privilege in privileges:
                    rights.setdefault(who, {}).setdefault(privilege, {"privilege": privilege, **source})
    assignments = [{"principal": who, "privileges": list(found.values())} for who, found in rights.items()]
    return {"privilege_assignments": assignments}


def _beneficiaries(holder: str, principal: str | None) -> list[str]:
    if principal is None:
        return [holder]
    return [principal] if holder == principal or ("@" in principal and holder in GROUPS) else []


def _line(kind: str, full_name: str) -> list[tuple[str, str]]:
    """Return the securable and what it inherits from, nearest first."""
    parts = full_name.split(".")
    above = [("SCHEMA", ".".join(parts[:2])), ("CATALOG", parts[0])]
    return [(kind, full_name), *(pair for pair in above if pair[1] != full_name)]


def _securable(workspace: Workspace, call: Call) -> tuple[str, str]:
    kind, full_name = call.parameters["kind"].upper(), call.parameters["full_name"]
    if kind not in KINDS:
        raise ApiError(501, "NOT_IMPLEMENTED", f"Grants on {kind} are not served by the local workspace")
    if workspace.store.get(KINDS[kind], full_name) is None:
        raise ApiError(404, f"{kind}_DOES_NOT_EXIST", f"{kind.title()} '{full_name}' does not exist.")
    return kind, full_name


def _privileges(entry: Body, field: str) -> list[str]:
    named = [privilege.upper().replace(" ", "_") for privilege in entry.texts(field)]
    unknown = [privilege for privilege in named if privilege not in PRIVILEGES]
    if unknown:
        raise invalid(f"Privilege {unknown[0]} is not applicable to this entity")
    return named


def _assignments(held: dict[str, list[str]], principal: str | None) -> Json:
    rows = [{"principal": name, "privileges": rights} for name, rights in held.items() if principal in (None, name)]
    return {"privilege_assignments": rows} if rows else {}


ROUTES = (
    Route("GET", UNITY + "/permissions/{kind}/{full_name}", get),
    Route("PATCH", UNITY + "/permissions/{kind}/{full_name}", change),
    Route("GET", UNITY + "/effective-permissions/{kind}/{full_name}", effective),
)
