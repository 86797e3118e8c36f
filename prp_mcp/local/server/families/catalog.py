"""Catalog family: Unity Catalog's catalogs and schemas, and the one metastore."""

import re
import shutil
from collections.abc import Callable
from typing import Any

from prp_mcp.local.server.body import Body
from prp_mcp.local.server.moments import milliseconds
from prp_mcp.local.server.refusal import ApiError, invalid
from prp_mcp.local.server.reports import new_schema
from prp_mcp.local.server.routing import Call, Route, page
from prp_mcp.local.server.workspace import USER, WORKSPACE_ID, Workspace, new_catalog

EDITABLE: dict[str, Callable[[Body, str], object]] = {
    "comment": Body.text,
    "properties": Body.mapping,
    "owner": Body.text,
    "enable_predictive_optimization": Body.text,
}
_NAME = re.compile(r"[^\s./\x00-\x1f\x7f]{1,255}")
UNITY = "/api/2.1/unity-catalog"


def metastore(_workspace: Workspace, _call: Call) -> dict[str, Any]:
    """Answer the metastore the workspace is attached to."""
    return {"metastore_id": "local", "workspace_id": WORKSPACE_ID, "default_catalog_name": "main"}


def catalogs(workspace: Workspace, call: Call) -> dict[str, Any]:
    """List the catalogs."""
    return page(workspace.store.all("catalogs"), call, "catalogs", 1000)


def get_catalog(workspace: Workspace, call: Call) -> dict[str, Any]:
    """Answer one catalog."""
    return catalog_of(workspace, call.parameters["name"])


def create_catalog(workspace: Workspace, call: Call) -> dict[str, Any]:
    """Create a catalog, owned by the user."""
    given = call.json()
    name = checked_name(given.required("name"))
    with workspace.store.transaction():
        if workspace.store.get("catalogs", name):
            raise ApiError(409, "CATALOG_ALREADY_EXISTS", f"Catalog '{name}' already exists")
        catalog = edited(new_catalog(name), given)
        workspace.store.put("catalogs", name, catalog)
        workspace.store.put("grants", f"CATALOG/{name}", {USER: ["ALL_PRIVILEGES"]})
    return catalog


def edit_catalog(workspace: Workspace, call: Call) -> dict[str, Any]:
    """Edit a catalog's comment, properties or owner."""
    with workspace.store.transaction():
        catalog = edited(catalog_of(workspace, call.parameters["name"]), call.json())
        workspace.store.put("catalogs", catalog["name"], catalog)
    return catalog


def delete_catalog(workspace: Workspace, call: Call) -> dict[str, Any]:
    """Delete a catalog; one that has schemas only with `force=true`."""
    name = catalog_of(workspace, call.parameters["name"])["name"]
    inside = [s for s in workspace.store.all("schemas") if s["catalog_name"] == name]
    if inside and not forced(call):
        raise ApiError(400, "INVALID_STATE", f"Catalog '{name}' is not empty. The catalog has {len(inside)} schema(s)")
    for schema in inside:
        _remove(workspace, schema["full_name"])
    with workspace.store.transaction():
        workspace.store.delete("catalogs", name)
        workspace.store.delete("grants", f"CATALOG/{name}")
    return {}


def schemas(workspace: Workspace, call: Call) -> dict[str, Any]:
    """List the schemas of a catalog."""
    name = catalog_of(workspace, call.asked("catalog_name"))["name"]
    return page([s for s in workspace.store.all("schemas") if s["catalog_name"] == name], call, "schemas", 1000)


def get_schema(workspace: Workspace, call: Call) -> dict[str, Any]:
    """Answer one schema."""
    return schema_of(workspace, call.parameters["full_name"])


def create_schema(workspace: Workspace, call: Call) -> dict[str, Any]:
    """Create a schema in a catalog that exists."""
    given = call.json()
    name = checked_name(given.required("name"))
    with workspace.store.transaction():
        catalog = catalog_of(workspace, given.required("catalog_name"))["name"]
        full_name = f"{catalog}.{name}"
        if workspace.store.get("schemas", full_name):
            raise ApiError(409, "SCHEMA_ALREADY_EXISTS", f"Schema '{full_name}' already exists")
        schema = edited(new_schema(catalog, name, USER), given)
        workspace.store.put("schemas", full_name, schema)
    return schema


def edit_schema(workspace: Workspace, call: Call) -> dict[str, Any]:
    """Edit a schema's comment, properties or owner; renaming is not served."""
    given = call.json()
    if given.text("new_name"):
        raise ApiError(501, "NOT_IMPLEMENTED", "Renaming a schema is not served by the local workspace")
    with workspace.store.transaction():
        schema = edited(schema_of(workspace, call.parameters["full_name"]), given)
        workspace.store.put("schemas", schema["full_name"], schema)
    return schema


def delete_schema(workspace: Workspace, call: Call) -> dict[str, Any]:
    """Delete a schema; one that is not empty only with `force=true`, and then with all data in it."""
    full_name = schema_of(workspace, call.parameters["full_name"])["full_name"]
    inside = [*_within(workspace, "tables", full_name), *_within(workspace, "volumes", full_name)]
    if inside and not forced(call):
        raise ApiError(
            400,
            "INVALID_STATE",
            f"Schema '{full_name}' is not empty. The schema has {len(inside)} table(s) or volume(s)",
        )
    _remove(workspace, full_name)
    return {}


def catalog_of(workspace: Workspace, name: str) -> dict[str, Any]:
    """Return the stored catalog. Raises ApiError (404)."""
    catalog = workspace.store.get("catalogs", name)
    if catalog is None:
        raise ApiError(404, "CATALOG_DOES_NOT_EXIST", f"Catalog '{name}' does not exist.")
    return catalog


def schema_of(workspace: Workspace, full_name: str) -> dict[str, Any]:
    """Return the stored schema `CATALOG.SCHEMA`. Raises ApiError (404)."""
    catalog_of(workspace, full_name.split(".")[0])
    schema = workspace.store.get("schemas", full_name)
    if schema is None:
        raise ApiError(404, "SCHEMA_DOES_NOT_EXIST", f"Schema '{full_name}' does not exist.")
    return schema


def edited(record: dict[str, Any], given: Body) -> dict[str, Any]:
    """Return the record with the editable fields of `given`, stamped as updated now."""
    changes = {name: read(given, name) for name, read in EDITABLE.items() if name in given}
    return {**record, **changes, "updated_at": milliseconds(), "updated_by": USER}


def checked_name(name: str) -> str:
    """Return a name that Unity Catalog accepts, in lower case as it keeps it. Raises ApiError."""
    if not _NAME.fullmatch(name):
        raise invalid(f"{name!r} is not a valid name: no spaces, dots, slashes or control characters")
    return name.lower()


def forced(call: Call) -> bool:
    """Return whether the caller asked for `force=true`."""
    return call.query.get("force", "").lower() == "true"


def _within(workspace: Workspace, kind: str, schema: str) -> list[dict[str, Any]]:
    return [row for row in workspace.store.all(kind) if f"{row['catalog_name']}.{row['schema_name']}" == schema]


def _remove(workspace: Workspace, schema: str) -> None:
    with workspace.store.transaction():
        tables = _within(workspace, "tables", schema)
        for kind, rows in (("tables", tables), ("volumes", _within(workspace, "volumes", schema))):
            for row in rows:
                workspace.store.delete(kind, row["full_name"])
                workspace.store.delete("grants", f"{kind[:-1].upper()}/{row['full_name']}")
        workspace.store.delete("schemas", schema)
        workspace.store.delete("grants", f"SCHEMA/{schema}")
    workspace.execution.drop([table["full_name"] for table in tables])
    folder = workspace.volumes.joinpath(*schema.split("."))
    if folder.is_dir():
        shutil.rmtree(folder)


ROUTES = (
    Route("GET", f"{UNITY}/current-metastore-assignment", metastore),
    Route("GET", f"{UNITY}/catalogs", catalogs),
    Route("POST", f"{UNITY}/catalogs", create_catalog),
    Route("GET", UNITY + "/catalogs/{name}", get_catalog),
    Route("PATCH", UNITY + "/catalogs/{name}", edit_catalog),
    Route("DELETE", UNITY + "/catalogs/{name}", delete_catalog),
    Route("GET", f"{UNITY}/schemas", schemas),
    Route("POST", f"{UNITY}/schemas", create_schema),
    Route("GET", UNITY + "/schemas/{full_name}", get_schema),
    Route("PATCH", UNITY + "/schemas/{full_name}", edit_schema),
    Route("DELETE", UNITY + "/schemas/{full_name}", delete_schema),
)
