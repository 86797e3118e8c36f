"""Volumes family: Unity Catalog volumes, each a real folder, and the files in them."""

import shutil
import uuid
from pathlib import Path

from prp_mcp.local.server.families.catalog import UNITY, checked_name, edited, schema_of
from prp_mcp.local.server.moments import milliseconds
from prp_mcp.local.server.records import GRANTS, VOLUMES, Json, Volume
from prp_mcp.local.server.refusal import ApiError, invalid
from prp_mcp.local.server.routing import Answer, Call, Route, page
from prp_mcp.local.server.workspace import USER, Workspace


def listing(workspace: Workspace, call: Call) -> Json:
    """List the volumes of a schema."""
    catalog, schema = (call.asked(key) for key in ("catalog_name", "schema_name"))
    schema_of(workspace, f"{catalog}.{schema}")
    rows = [
        volume
        for volume in workspace.store.all(VOLUMES)
        if (volume["catalog_name"], volume["schema_name"]) == (catalog, schema)
    ]
    return page(rows, call, "volumes", 1000)


def create(workspace: Workspace, call: Call) -> Volume:
    """Create a managed volume and its folder; external ones are refused by name."""
    given = call.json()
    name = checked_name(given.required("name"))
    kind = given.required("volume_type")
    if kind == "EXTERNAL":
        raise ApiError(501, "NOT_IMPLEMENTED", "External volumes are not served by the local workspace")
    if kind != "MANAGED":
        raise invalid(f"volume_type {kind!r} is not one of MANAGED, EXTERNAL")
    moment = milliseconds()
    with workspace.store.transaction():
        catalog, schema = (given.required(key) for key in ("catalog_name", "schema_name"))
        schema_of(workspace, f"{catalog}.{schema}")
        full_name = f"{catalog}.{schema}.{name}"
        if workspace.store.get(VOLUMES, full_name):
            raise ApiError(409, "RESOURCE_ALREADY_EXISTS", f"Volume '{full_name}' already exists")
        volume: Volume = {
            "name": name,
            "catalog_name": catalog,
            "schema_name": schema,
            "full_name": full_name,
            "volume_type": kind,
            "volume_id": str(uuid.uuid4()),
            "storage_location": f"local:/Volumes/{catalog}/{schema}/{name}",
            "metastore_id": "local",
            "owner": USER,
            "created_at": moment,
            "created_by": USER,
            "updated_at": moment,
            "updated_by": USER,
        }
        if "comment" in given:
            volume["comment"] = given.text("comment")
        workspace.store.put(VOLUMES, full_name, volume)
    (workspace.volumes / catalog / schema / name).mkdir(parents=True, exist_ok=True)
    return volume


def get(workspace: Workspace, call: Call) -> Volume:
    """Answer one volume."""
    return _found(workspace, call.parameters["full_name"])


def edit(workspace: Workspace, call: Call) -> Volume:
    """Edit a volume's comment or owner."""
    with workspace.store.transaction():
        volume = edited(_found(workspace, call.parameters["full_name"]), call.json())
        workspace.store.put(VOLUMES, volume["full_name"], volume)
    return volume


def delete(workspace: Workspace, call: Call) -> Json:
    """Delete a volume and the files in it."""
    with workspace.store.transaction():
        full_name = _found(workspace, call.parameters["full_name"])["full_name"]
        workspace.store.delete(VOLUMES, full_name)
        workspace.store.delete(GRANTS, f"VOLUME/{full_name}")
    folder = workspace.volumes.joinpath(*full_name.split("."))
    if folder.is_dir():
        shutil.rmtree(folder)
    return {}


def upload(workspace: Workspace, call: Call) -> Answer:
    """Write a file in a volume, with the folders above it."""
    place = _place(workspace, call)
    if place.exists() and call.query.get("overwrite", "").lower() != "true":
        raise ApiError(409, "ALREADY_EXISTS", f"The file {call.parameters['path']} already exists")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(call.content)
    return Answer(204)


def download(workspace: Workspace, call: Call) -> Answer:
    """Answer the content of a file in a volume."""
    place = _place(workspace, call)
    if not place.is_file():
        raise ApiError(404, "NOT_FOUND", f"The file {call.parameters['path']} was not found")
    return Answer(raw=place.read_bytes())


def remove(workspace: Workspace, call: Call) -> Answer:
    """Delete a file in a volume."""
    place = _place(workspace, call)
    if not place.is_file():
        raise ApiError(404, "NOT_FOUND", f"The file {call.parameters['path']} was not found")
    place.unlink()
    return Answer(204)


def make_folder(workspace: Workspace, call: Call) -> Answer:
    """Create a folder in a volume, with those above it."""
    _place(workspace, call).mkdir(parents=True, exist_ok=True)
    return Answer(204)


def contents(workspace: Workspace, call: Call) -> Json:
    """List what is in a folder of a volume."""
    place = _place(workspace, call)
    if not place.is_dir():
        raise ApiError(404, "NOT_FOUND", f"The folder {call.parameters['path']} was not found")
    rows = [
        {
            "path": f"/{call.parameters['path'].strip('/')}/{entry.name}",
            "name": entry.name,
            "is_directory": entry.is_dir(),
            "file_size": entry.stat().st_size,
            "last_modified": int(entry.stat().st_mtime * 1000),
        }
        for entry in sorted(place.iterdir())
    ]
    return page(rows, call, "contents", 1000)


def _found(workspace: Workspace, full_name: str) -> Volume:
    volume = workspace.store.get(VOLUMES, full_name)
    if volume is None:
        raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"Volume '{full_name}' does not exist.")
    return volume


def _place(workspace: Workspace, call: Call) -> Path:
    parts = call.parameters["path"].strip("/").split("/")
    if len(parts) < 4 or parts[0] != "Volumes" or {"..", ".", ""} & set(parts) or "\0" in "".join(parts):
        raise invalid(f"{call.parameters['path']!r} is not a path in a volume: /Volumes/CATALOG/SCHEMA/VOLUME/...")
    _found(workspace, ".".join(parts[1:4]))
    return workspace.volumes.joinpath(*parts[1:])


FILES = "/api/2.0/fs/files/{path:path}"
FOLDERS = "/api/2.0/fs/directories/{path:path}"

ROUTES = (
    Route("GET", f"{UNITY}/volumes", listing),
    Route("POST", f"{UNITY}/volumes", create),
    Route("GET", UNITY + "/volumes/{full_name}", get),
    Route("PATCH", UNITY + "/volumes/{full_name}", edit),
    Route("DELETE", UNITY + "/volumes/{full_name}", delete),
    Route("PUT", FILES, upload),
    Route("GET", FILES, download),
    Route("DELETE", FILES, remove),
    Route("PUT", FOLDERS, make_folder),
    Route("GET", FOLDERS, contents),
)
