"""Read the sources of a snapshot, and the conventions they follow."""

import glob
from fnmatch import fnmatchcase
from pathlib import Path

from prp_mcp.code.bundle_settings import read_bundle
from prp_mcp.code.sources import patterns, read_sources
from prp_mcp.engine.step import Step
from prp_mcp.repo.bundle_file import ROOT_FILES
from prp_mcp.repo.snapshot import Snapshot

SOURCE_CAP = 1024 * 1024
"""Bytes of a source; a larger one is not read."""


def code_patterns(step: Step) -> dict[str, object]:
    """Return how this code base does things, for whoever is to add to it; see `prp_mcp.code.sources.patterns`."""
    inside = step.present.inside.as_posix()
    folder = "" if inside == "." else inside
    return patterns(read_sources(_code_texts(step.snapshot)), _bundle_settings(step), folder)


def source_texts(snapshot: Snapshot) -> dict[str, str]:
    """Return the Python and SQL files of a snapshot by path, those of at most 1 MiB."""
    found = {}
    for file in snapshot.tree.files:
        path = snapshot.files / file.path
        if file.path.endswith((".py", ".sql")) and file.mode != "120000" and path.stat().st_size <= SOURCE_CAP:
            found[file.path] = path.read_text("utf-8", errors="replace")
    return found


def _code_texts(snapshot: Snapshot) -> dict[str, str]:
    """Return the texts patterns are read from: sources, notebooks, and the files that declare dependencies."""
    found = source_texts(snapshot)
    for file in snapshot.tree.files:
        name = file.path.rsplit("/", 1)[-1]
        is_wanted = name.endswith(".ipynb") or name == "pyproject.toml" or fnmatchcase(name, "*requirements*.txt")
        if is_wanted and file.mode != "120000":
            found[file.path] = _text(snapshot.files / file.path)
    return found


def _bundle_settings(step: Step) -> dict[str, object]:
    """Return the bundle's YAML, root file and includes, as one tree; validate_bundle reports what is wrong with it."""
    root = step.root_in(step.snapshot)
    kept = {step.snapshot.files / file.path for file in step.snapshot.tree.files if file.mode != "120000"}
    first = next((name for name in ROOT_FILES if root / name in kept), None)
    if first is None:
        return {}
    texts = {first: _text(root / first)}
    included = read_bundle(texts).get("include")
    for pattern in included if isinstance(included, list) else []:
        # A pattern that climbs would list folders that are no part of the snapshot.
        if isinstance(pattern, str) and not pattern.startswith("/") and ".." not in pattern.split("/"):
            names = sorted(glob.glob(pattern, root_dir=root, recursive=True))
            texts |= {name: _text(root / name) for name in names if root / name in kept}
    return read_bundle(texts)


def _text(path: Path) -> str:
    return path.read_text("utf-8", errors="replace") if path.stat().st_size <= SOURCE_CAP else ""
