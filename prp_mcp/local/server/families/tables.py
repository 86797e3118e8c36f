"""Tables family: the tables that updates have published to Unity Catalog."""

import fnmatch

from prp_mcp.local.server.body import Body
from prp_mcp.local.server.families.catalog import UNITY, catalog_of, edited, schema_of
from prp_mcp.local.server.records import GRANTS, TABLES, Json, Table
from prp_mcp.local.server.refusal import ApiError
from prp_mcp.local.server.routing import Call, Route, page
from prp_mcp.local.server.workspace import Workspace


def listing(workspace: Workspace, call: Call) -> Json:
    """List the tables of a schema."""
    catalog, schema = (call.asked(key) for key in ("catalog_name", "schema_name"))
    wanted = schema_of(workspace, f"{catalog}.{schema}")["full_name"]
    left_out = [field for field in ("columns", "properties") if call.query.get(f"omit_{field}", "").lower() == "true"]
    rows = [
        {key: value for key, value in table.items() if key not in left_out}
        for table in workspace.store.all(TABLES)
        if f"{table['catalog_name']}.{table['schema_name']}" == wanted
    ]
    return page(rows, call, "tables", 50)


def summaries(workspace: Workspace, call: Call) -> Json:
    """List names and types of the tables of a catalog, by `%` patterns of schema and table name."""
    catalog = catalog_of(workspace, call.asked("catalog_name"))["name"]
    schema, name = (call.query.get(key, "%").replace("%", "*") for key in ("schema_name_pattern", "table_name_pattern"))
    rows = [
        {"full_name": table["full_name"], "table_type": table["table_type"]}
        for table in workspace.store.all(TABLES)
        if table["catalog_name"] == catalog
        and fnmatch.fnmatchcase(table["schema_name"], schema)
        and fnmatch.fnmatchcase(table["name"], name)
    ]
    return page(rows, call, "tables", 1000)


def get(workspace: Workspace, call: Call) -> Table:
    """Answer one table."""
    return _found(workspace, call)


def exists(workspace: Workspace, call: Call) -> Json:
    """Answer whether the table exists; its schema must."""
    full_name = call.parameters["full_name"]
    schema_of(workspace, full_name.rpartition(".")[0])
    return {"table_exists": workspace.store.get(TABLES, full_name) is not None}


def edit(workspace: Workspace, call: Call) -> Json:
    """Edit a table's owner, the only thing this API changes."""
    with workspace.store.transaction():
        owner = {"owner": call.json().text("owner")} if "owner" in call.json() else {}
        table = edited(_found(workspace, call), Body(owner))
        workspace.store.put(TABLES, table["full_name"], table)
    return {}


def delete(workspace: Workspace, call: Call) -> Json:
    """Delete a table and its data."""
    with workspace.store.transaction():
        full_name = _found(workspace, call)["full_name"]
        workspace.store.delete(TABLES, full_name)
        workspace.store.delete(GRANTS, f"TABLE/{full_name}")
    workspace.execution.drop([full_name])
    return {}


def _found(workspace: Workspace, call: Call) -> Table:
    full_name = call.parameters["full_name"]
    table = workspace.store.get(TABLES, full_name)
    if table is None:
        raise ApiError(404, "TABLE_DOES_NOT_EXIST", f"Table '{full_name}' does not exist.")
    return table


ROUTES = (
    Route("GET", f"{UNITY}/tables", listing),
    Route("GET", f"{UNITY}/table-summaries", summaries),
    Route("GET", UNITY + "/tables/{full_name}", get),
    Route("GET", UNITY + "/tables/{full_name}/exists", exists),
    Route("PATCH", UNITY + "/tables/{full_name}", edit),
    Route("DELETE", UNITY + "/tables/{full_name}", delete),
)
