"""Catalog family: Unity Catalog's catalogs and schemas, and the one metastore."""

import re
import shutil
from typing import TypeVar

from prp_mcp.local.server.body import Body
from prp_mcp.local.server.moments import milliseconds
from prp_mcp.local.server.records import (
    CATALOGS,
    GRANTS,
    SCHEMAS,
    TABLES,
    VOLUMES,
    Catalog,
    Json,
    Schema,
    Securable,
    Table,
    Volume,
)
from prp_mcp.local.server.refusal import ApiError, invalid
from prp_mcp.local.server.reports import new_schema
from prp_mcp.local.server.routing import Call, Route, page
from prp_mcp.local.server.workspace import USER, WORKSPACE_ID, Workspace, new_catalog

Owned = TypeVar("Owned", bound=Securable)
_NAME = re.compile(r"[^\s./\x00-\x1f\x7f]{1,255}")
UNITY = "/api/2.1/unity-catalog"


def metastore(_workspace: Workspace, _call: Call) -> Json:
    """Answer the metastore the workspace is attached to."""
    return {"metastore_id": "local", "workspace_id": WORKSPACE_ID, "default_catalog_name": "main"}


def catalogs(workspace: Workspace, call: Call) -> Json:
    """List the catalogs."""
    return page(workspace.store.all(CATALOGS), call, "catalogs", 1000)


def get_catalog(workspace: Workspace, call: Call) -> Catalog:
    """Answer one catalog."""
    return catalog_of(workspace, call.parameters["name"])


def create_catalog(workspace: Workspace, call: Call) -> Catalog:
    """Create a catalog, owned by the user."""
    given = call.json()
    name = checked_name(given.required("name"))
    with workspace.store.transaction():
        if workspace.store.get(CATALOGS, name):
            raise ApiError(409, "CATALOG_ALREADY_EXISTS", f"Catalog '{name}' already exists")
        catalog = edited(new_catalog(name), given)
        workspace.store.put(CATALOGS, name, catalog)
        workspace.store.put(GRANTS, f"CATALOG/{name}", {USER: ["ALL_PRIVILEGES"]})
    return catalog


def edit_catalog(workspace: Workspace, call: Call) -> Catalog:
    """Edit a catalog's comment, properties or owner."""
    with workspace.store.transaction():
        catalog = edited(catalog_of(workspace, call.parameters["name"]), call.json())
        workspace.store.put(CATALOGS, catalog["name"], catalog)
    return catalog


def delete_catalog(workspace: Workspace, call: Call) -> Json:
    """Delete a catalog; one that has schemas only with `force=true`."""
    name = catalog_of(workspace, call.parameters["name"])["name"]
    inside = [s for s in workspace.store.all(SCHEMAS) if s["catalog_name"] == name]
    if inside and not forced(call):
        raise ApiError(400, "INVALID_STATE", f"Catalog '{name}' is not empty. The catalog has {len(inside)} schema(s)")
    for schema in inside:
        _remove(workspace, schema["full_name"])
    with workspace.store.transaction():
        workspace.store.delete(CATALOGS, name)
        workspace.store.delete(GRANTS, f"CATALOG/{name}")
    return {}


def schemas(workspace: Workspace, call: Call) -> Json:
    """List the schemas of a catalog."""
    name = catalog_of(workspace, call.asked("catalog_name"))["name"]
    return page([s for s in workspace.store.all(SCHEMAS) if s["catalog_name"] == name], call, "schemas", 1000)


def get_schema(workspace: Workspace, call: Call) -> Schema:
    """Answer one schema."""
    return schema_of(workspace, call.parameters["full_name"])


def create_schema(workspace: Workspace, call: Call) -> Schema:
    """Create a schema in a catalog that exists."""
    given = call.json()
    name = checked_name(given.required("name"))
    with workspace.store.transaction():
        catalog = catalog_of(workspace, given.required("catalog_name"))["name"]
        full_name = f"{catalog}.{name}"
        if workspace.store.get(SCHEMAS, full_name):
            raise ApiError(409, "SCHEMA_ALREADY_EXISTS", f"Schema '{full_name}' already exists")
        schema = edited(new_schema(catalog, name, USER), given)
        workspace.store.put(SCHEMAS, full_name, schema)
    return schema


def edit_schema(workspace: Workspace, call: Call) -> Schema:
    """Edit a schema's comment, properties or owner; renaming is not served."""
    given = call.json()
    if given.text("new_name"):
        raise ApiError(501, "NOT_IMPLEMENTED", "Renaming a schema is not served by the local workspace")
    with workspace.store.transaction():
        schema = edited(schema_of(workspace, call.parameters["full_name"]), given)
        workspace.store.put(SCHEMAS, schema["full_name"], schema)
    return schema


def delete_schema(workspace: Workspace, call: Call) -> Json:
    """Delete a schema; one that is not empty only with `force=true`, and then with all data in it."""
    full_name = schema_of(workspace, call.parameters["full_name"])["full_name"]
    tables, volumes = _within(workspace, full_name)
    inside = len(tables) + len(volumes)
    if inside and not forced(call):
        raise ApiError(
            400,
            "INVALID_STATE",
            f"Schema '{full_name}' is not empty. The schema has {inside} table(s) or volume(s)",
        )
    _remove(workspace, full_name)
    return {}


def catalog_of(workspace: Workspace, name: str) -> Catalog:
    """Return the stored catalog. Raises ApiError (404)."""
    catalog = workspace.store.get(CATALOGS, name)
    if catalog is None:
        raise ApiError(404, "CATALOG_DOES_NOT_EXIST", f"Catalog '{name}' does not exist.")
    return catalog


def schema_of(workspace: Workspace, full_name: str) -> Schema:
    """Return the stored schema `CATALOG.SCHEMA`. Raises ApiError (404)."""
    catalog_of(workspace, full_name.split(".")[0])
    schema = workspace.store.get(SCHEMAS, full_name)
    if schema is None:
        raise ApiError(404, "SCHEMA_DOES_NOT_EXIST", f"Schema '{full_name}' does not exist.")
    return schema


def edited(record: Owned, given: Body) -> Owned:
    """Return the record with what `given` says of its editable fields, stamped as updated now."""
    if "comment" in given:
        record["comment"] = given.text("comment")
    if "properties" in given:
        record["properties"] = given.mapping("properties")
    if "owner" in given:
        record["owner"] = given.text("owner")
    if "enable_predictive_optimization" in given:
        record["enable_predictive_optimization"] = given.text("enable_predictive_optimization")
    record["updated_at"], record["updated_by"] = milliseconds(), USER
    return record


def checked_name(name: str) -> str:
    """Return a name that Unity Catalog accepts, in lower case as it keeps it. Raises ApiError."""
    if not _NAME.fullmatch(name):
        raise invalid(f"{name!r} is not a valid name: no spaces, dots, slashes or control characters")
    return name.lower()


def forced(call: Call) -> bool:
    """Return whether the caller asked for `force=true`."""
    return call.query.get("force", "").lower() == "true"


def _within(workspace: Workspace, schema: str) -> tuple[list[Table], list[Volume]]:
    return (
        [row for row in workspace.store.all(TABLES) if f"{row['catalog_name']}.{row['schema_name']}" == schema],
        [row for row in workspace.store.all(VOLUMES) if f"{row['catalog_name']}.{row['schema_name']}" == schema],
    )


def _remove(workspace: Workspace, schema: str) -> None:
    store = workspace.store
    with store.transaction():
        tables, volumes = _within(workspace, schema)
        for table in tables:
            store.delete(TABLES, table["full_name"])
            store.delete(GRANTS, f"TABLE/{table['full_name']}")
        for volume in volumes:
            store.delete(VOLUMES, volume["full_name"])
            store.delete(GRANTS, f"VOLUME/{volume['full_name']}")
        store.delete(SCHEMAS, schema)
        store.delete(GRANTS, f"SCHEMA/{schema}")
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
