"""Workspace files family: folders, files and notebooks under `/Workspace`, kept as real files."""

import base64
import binascii
import os
import posixpath
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prp_mcp.local.server.body import Body
from prp_mcp.local.server.moments import milliseconds
from prp_mcp.local.server.records import OBJECTS, PERMISSIONS, AccessList, FileObject, Json
from prp_mcp.local.server.refusal import ApiError, invalid
from prp_mcp.local.server.routing import Answer, Call, Route
from prp_mcp.local.server.workspace import USER, Workspace

NOTEBOOKS = {
    ".py": (b"# Databricks notebook source", "PYTHON"),
    ".sql": (b"-- Databricks notebook source", "SQL"),
    ".scala": (b"// Databricks notebook source", "SCALA"),
    ".r": (b"# Databricks notebook source", "R"),
}
LANGUAGES = {language: suffix for suffix, (_, language) in NOTEBOOKS.items()}


def status(workspace: Workspace, call: Call) -> Json:
    """Answer what is at `path`; 404 when there is nothing."""
    path, place = _place(workspace, call.asked("path"))
    return _object(workspace, path, place)


def listing(workspace: Workspace, call: Call) -> Json:
    """List the objects of a folder."""
    path, place = _place(workspace, call.asked("path"))
    if place.is_file():
        return {"objects": [_object(workspace, path, place)]}
    if not place.is_dir():
        raise _missing(path)
    names = sorted(entry.name for entry in place.iterdir())
    return {"objects": [_object(workspace, posixpath.join(path, name), place / name) for name in names]}


def make_folders(workspace: Workspace, call: Call) -> Json:
    """Create a folder and its parents; one that exists is fine."""
    path, place = _place(workspace, call.json().required("path"))
    with _translated(path):
        try:
            place.mkdir(parents=True, exist_ok=True)
        except FileExistsError as wrong:
            raise ApiError(400, "RESOURCE_ALREADY_EXISTS", f"{path} is a file") from wrong
    return {}


def delete(workspace: Workspace, call: Call) -> Json:
    """Delete a file or a folder; a folder that is not empty only with `recursive`."""
    given = call.json()
    path, place = _place(workspace, given.required("path"))
    if place == workspace.files / "Workspace":
        raise invalid("The root folder cannot be deleted")
    with _translated(path):
        if place.is_dir():
            if any(place.iterdir()) and not given.flag("recursive"):
                raise ApiError(400, "DIRECTORY_NOT_EMPTY", f"Folder ({path}) is not empty")
            shutil.rmtree(place)
        elif place.exists():
            place.unlink()
        else:
            raise _missing(path)
    return {}


def import_file(workspace: Workspace, call: Call) -> Json:
    """Write a file from the raw body; `overwrite=false` makes it a lock that one caller gets."""
    overwrite = call.query.get("overwrite", "false").lower() == "true"
    _write(workspace, call.parameters["path"], call.content, overwrite=overwrite, detect=True)
    return {}


def import_object(workspace: Workspace, call: Call) -> Json:
    """Write a file or a notebook from a form or from JSON with base64 content."""
    given, content = _import(call)
    path = given.required("path")
    if given.text("format", "SOURCE") == "SOURCE":
        suffix = LANGUAGES.get(given.text("language"))
        if suffix is None:
            raise invalid("format SOURCE needs a language: PYTHON, SQL, SCALA or R")
        header = NOTEBOOKS[suffix][0]
        content = content if content.startswith(header) else header + b"\n" + content
    overwrite = str(given.given.get("overwrite", "")).lower() == "true"
    _write(workspace, path, content, overwrite=overwrite, detect=given.text("format", "AUTO") == "AUTO")
    return {}


def _import(call: Call) -> tuple[Body, bytes]:
    """Return what an import says, and its content."""
    if call.form is not None:
        said = {name: part.decode(errors="replace") for name, part in call.form.items() if name != "content"}
        return Body(said), call.form.get("content", b"")
    given = call.json()
    try:
        return given, base64.b64decode(given.text("content"), validate=True)
    except binascii.Error as wrong:
        raise invalid("content is not base64") from wrong


def export(workspace: Workspace, call: Call) -> Any:
    """Answer a file's content: raw with `direct_download`, else base64 in JSON."""
    path, place = _place(workspace, call.asked("path"))
    if not place.is_file():
        raise _missing(path)
    content = place.read_bytes()
    if call.query.get("direct_download", "").lower() == "true":
        return Answer(raw=content)
    return {"content": base64.b64encode(content).decode(), "file_type": place.suffix.lstrip(".")}


def language_of(content: bytes) -> str | None:
    """Return the language of a notebook in source form, None for any other content."""
    first = content[:64].split(b"\n", 1)[0].strip()
    return next((language for header, language in NOTEBOOKS.values() if first == header), None)


def _write(workspace: Workspace, given: str, content: bytes, *, overwrite: bool, detect: bool) -> None:
    path, place = _place(workspace, given)
    kind = NOTEBOOKS.get(place.suffix.lower())
    if detect and kind and content[: len(kind[0]) + 2].split(b"\n", 1)[0].strip() == kind[0]:
        # The workspace keeps a notebook without its extension.
        path, place = path[: -len(place.suffix)], place.with_suffix("")
    if not place.parent.is_dir():
        parent = posixpath.dirname(path)
        raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"The parent folder ({parent}) does not exist.")
    if place.is_dir():
        raise ApiError(409, "RESOURCE_ALREADY_EXISTS", f"Path ({path}) is a folder.")
    fresh = workspace.home / "tmp" / secrets.token_hex(8)
    with _translated(path):
        fresh.write_bytes(content)
        try:
            if overwrite:
                fresh.replace(place)
            else:
                os.link(fresh, place)
        except FileExistsError as taken:
            raise ApiError(409, "RESOURCE_ALREADY_EXISTS", f"Path ({path}) already exists.") from taken
        finally:
            fresh.unlink(missing_ok=True)


def _place(workspace: Workspace, given: str) -> tuple[str, Path]:
    """Return the normal form of a workspace path and where it is kept. Raises ApiError for a bad one."""
    path = "/" + given.lstrip("/")
    parts = path.split("/")
    if ".." in parts or "\0" in path:
        raise invalid(f"Path ({path!r}) must be absolute and must not contain '..'")
    path = posixpath.normpath(path)
    if not path.startswith("/Workspace/") and path != "/Workspace":
        path = "/Workspace" + ("" if path == "/" else path)
    return path, workspace.files / path.lstrip("/")


def _object(workspace: Workspace, path: str, place: Path) -> Json:
    with _translated(path):
        if not place.exists():
            raise _missing(path)
        found = place.stat()
    answer: Json = {
        "path": path,
        "object_id": _number(workspace, path),
        "resource_id": str(_number(workspace, path)),
        "created_at": int(found.st_ctime * 1000),
        "modified_at": int(found.st_mtime * 1000),
    }
    if place.is_dir():
        return {**answer, "object_type": "DIRECTORY"}
    language = None
    if not place.suffix:
        with place.open("rb") as stream:
            language = language_of(stream.read(64))
    if language:
        return {**answer, "object_type": "NOTEBOOK", "language": language}
    return {**answer, "object_type": "FILE", "size": found.st_size}


def _number(workspace: Workspace, path: str) -> int:
    with workspace.store.transaction():
        known = workspace.store.get(OBJECTS, path)
        if known is None:
            number = 1_000_000 + workspace.store.count(OBJECTS)
            known = FileObject(number=number, path=path, owner=USER, at=milliseconds())
            workspace.store.put(OBJECTS, path, known)
            workspace.store.put(PERMISSIONS, f"directories/{known['number']}", AccessList(owner=USER, entries=[]))
    return int(known["number"])


@contextmanager
def _translated(path: str) -> Iterator[None]:
    """Turn what the file system refuses into a refusal of the workspace."""
    try:
        yield
    except (OSError, ValueError) as failed:
        raise invalid(f"Path ({path}) cannot be used: {failed}") from failed


def _missing(path: str) -> ApiError:
    return ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"Path ({path}) doesn't exist.")


ROUTES = (
    Route("GET", "/api/2.0/workspace/get-status", status),
    Route("GET", "/api/2.0/workspace/list", listing),
    Route("POST", "/api/2.0/workspace/mkdirs", make_folders),
    Route("POST", "/api/2.0/workspace/delete", delete),
    Route("POST", "/api/2.0/workspace/import", import_object),
    Route("GET", "/api/2.0/workspace/export", export),
    Route("POST", "/api/2.0/workspace-files/import-file/{path:path}", import_file),
)
