"""Translate a pipeline's relative paths to workspace paths, checking that what they name is there."""

import posixpath
from dataclasses import dataclass
from pathlib import Path

from prp_mcp.local.bundle.bundle import entries, resources
from prp_mcp.local.bundle.diagnostics import BundleError
from prp_mcp.local.bundle.located import Node

HEADERS = {
    ".py": b"# Databricks notebook source",
    ".sql": b"-- Databricks notebook source",
    ".scala": b"// Databricks notebook source",
    ".r": b"# Databricks notebook source",
}


def is_notebook(file: Path) -> bool:
    """Return whether a local file is a notebook: `.ipynb`, or by its first line."""
    if file.suffix == ".ipynb":
        return True
    header = HEADERS.get(file.suffix.lower())
    if header is None:
        return False
    with file.open("rb") as stream:
        return stream.readline(100).strip() == header


@dataclass(frozen=True)
class Roots:
    """Where the bundle's files are: here, and in the workspace."""

    here: Path
    there: str

    def remote(self, local: str) -> str:
        """Return a path from the bundle's root as one in the workspace."""
        return posixpath.normpath(posixpath.join(self.there, local))


def translate(config: Node, root: Path) -> Node:
    """Translate libraries, root paths and environments of all pipelines, in place. Raises BundleError."""
    roots = Roots(root, config.text("workspace", "file_path"))
    for _, key, pipeline in resources(config, "pipelines"):
        libraries = pipeline.get("libraries")
        if libraries is not None and isinstance(libraries.value, list):
            libraries.value = [
                made
                for number, library in enumerate(libraries.value)
                for made in _library(roots, library, f"resources.pipelines.{key}.libraries[{number}]")
            ]
        folder = pipeline.get("root_path")
        if folder is not None and isinstance(folder.value, str):
            folder.value = _folder(roots, folder)
        for entry in entries(pipeline, "environment", "dependencies"):
            entry.value = _dependency(roots, entry)
    return config


def local_path(root: Path, node: Node) -> str | None:
    """Return a relative path as one from the bundle's root, None when it is no relative path.

    Relative means: to the file in which it is written. Raises BundleError for one that leaves the root.
    """
    text = str(node.value)
    if not text or text.startswith(("/", "${", "~")) or "://" in text:
        return None
    folder = posixpath.dirname(node.at.file) if node.at else ""
    joined = posixpath.normpath(posixpath.join(folder, text))
    if joined == ".." or joined.startswith("../"):
        raise BundleError(f"path {posixpath.normpath(root / joined)} is not contained in sync root path")
    return joined


def _library(roots: Roots, library: Node, path: str) -> list[Node]:
    for kind in ("file", "notebook"):
        inner = library.get(kind, "path")
        local = local_path(roots.here, inner) if inner is not None and isinstance(inner.value, str) else None
        if inner is None or local is None:
            continue
        if any(sign in local for sign in "*?["):
            matches = sorted(roots.here.glob(local))
            names = [place.relative_to(roots.here).as_posix() for place in matches if place.is_file()]
            return [Node({kind: Node({"path": Node(_remote(roots, name, kind), inner.at)})}) for name in names]
        _check_library(roots, local, kind, f"{path}.{kind}.path")
        inner.value = _remote(roots, local, kind)
    include = library.get("glob", "include")
    local = local_path(roots.here, include) if include is not None and isinstance(include.value, str) else None
    if include is not None and local is not None:
        include.value = posixpath.join(roots.there, local)
    return [library]


def _remote(roots: Roots, local: str, kind: str) -> str:
    if kind == "notebook":
        local = local.removesuffix(posixpath.splitext(local)[1])
    return posixpath.join(roots.there, local)


def _check_library(roots: Roots, local: str, kind: str, path: str) -> None:
    place = roots.here / local
    if not place.is_file():
        near = [f"{local}{suffix}" for suffix in (".py", ".sql", ".ipynb") if Path(f"{place}{suffix}").is_file()]
        if kind == "notebook" and near:
            raise BundleError(f'notebook "{local}" not found. Did you mean "{near[0]}"?')
        raise BundleError(f"{kind} {local} not found")
    notebook = is_notebook(place)
    if kind == "file" and notebook:
        raise BundleError(f'expected a file for "{path}" but got a notebook: file at {place} is a notebook')
    if kind == "notebook" and not notebook:
        raise BundleError(f'expected a notebook for "{path}" but got a file: file at {place} is not a notebook')


def _folder(roots: Roots, node: Node) -> str:
    local = local_path(roots.here, node)
    if local is None:
        return str(node.value)
    if not (roots.here / local).is_dir():
        raise BundleError(f"stat {local}: no such file or directory")
    return roots.remote(local)


def _dependency(roots: Roots, node: Node) -> str:
    text = str(node.value)
    for flag in ("-r ", "--requirement ", "-e ", "--editable "):
        if text.startswith(flag):
            local = local_path(roots.here, Node(text[len(flag) :].strip(), node.at))
            if local is None:
                return text
            if flag in ("-r ", "--requirement ") and not (roots.here / local).is_file():
                raise BundleError(f"file {local} not found")
            return flag + roots.remote(local)
    if text.endswith(".whl") and not text.startswith("/"):
        raise BundleError(
            f"wheel {text} is not supported by the local bundle executable",
            at=node.at,
            detail="Publish it, or use files.",
        )
    return text
