"""A pipeline's sources as facts, and the patterns they follow; the one door into this room for code."""

import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from prp_mcp.code import conventions
from prp_mcp.code.bundle_yaml import configuration, pipelines, requirements
from prp_mcp.code.config_keys import config_conflicts
from prp_mcp.code.dependencies import project_dependencies, requirement_lines
from prp_mcp.code.facts import CodeFacts, SourceFacts
from prp_mcp.code.imports import bundle_folder, unresolved_imports
from prp_mcp.code.python_source import read_python
from prp_mcp.code.sql_source import read_sql

ENTRIES = 30
"""Entries of a list of patterns, or of a mapping in one, at most; the report of a run need not hold more."""

_CHARACTERS = 60
_LEAST_FIRST = ("layout", "table_properties", "decorators", "comments", "naming", "imports", "config_keys")
"""What is shortened when patterns are too large for a tool's result, in this order."""


def read_source(path: str, text: str) -> SourceFacts:
    """Return the facts of one file: `.py`, `.ipynb` and `.sql` sources, and what requirements files declare."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    name = PurePosixPath(path)
    match name.suffix.lower():
        case ".py" | ".ipynb":
            return read_python(path, text)
        case ".sql":
            return read_sql(path, text)
    if name.suffix == ".txt" and "requirements" in name.name:
        return SourceFacts(path, declared=requirement_lines(text))
    if name.name == "pyproject.toml":
        return SourceFacts(path, declared=project_dependencies(text))
    return SourceFacts(path)


def read_sources(files: Mapping[str, str]) -> CodeFacts:
    """Return the facts of all files (path to text), sorted by path."""
    return CodeFacts(tuple(read_source(path, files[path]) for path in sorted(files)))


def patterns(facts: CodeFacts, bundle: Mapping[str, object], folder: str = "") -> dict[str, Any]:
    """Return how this code base does things, each with an example, for whoever is to add to it.

    `bundle` is the bundle as parsed from its YAML, `folder` where it is, relative to what the paths of `facts` are
    relative to. Keys: `api`, `decorators`, `expectations` (actions, styles, coverage), `naming` (by layer), `layout`
    (files by folder), `table_properties`, `comments`, `catalog`, `schema`, `config_keys` (read but not set, set but not
    read), `imports` (that nothing provides). What is not there has no key.
    """
    configured = configuration(bundle)
    values = {key: value for key, (value, _) in configured.items()}
    found = {
        "api": conventions.api(facts),
        "decorators": conventions.forms(facts),
        "expectations": conventions.expectations(facts),
        "naming": conventions.naming(facts),
        "layout": conventions.layout(facts),
        "table_properties": conventions.properties(facts),
        "comments": conventions.comments(facts),
        "catalog": _bundle_value(bundle, ("catalog",)),
        "schema": _bundle_value(bundle, ("schema", "target")),
        "config_keys": config_conflicts(facts, {key: place for key, (_, place) in configured.items()}),
        "imports": unresolved_imports(facts, _roots(bundle, folder), values, requirements(bundle), folder),
    }
    return {key: _limited(value, ENTRIES, 120) for key, value in found.items() if value}


def shortened(found: Mapping[str, object], size: int) -> tuple[dict[str, Any], list[str]]:
    """Return patterns that fit into `size` bytes of JSON, at most five entries each, and the keys that were cut."""
    shown = {key: _limited(value, 5, _CHARACTERS) for key, value in found.items()}
    for entries in (3, 2, 1, 0):
        for key in _LEAST_FIRST:
            if _size(shown) <= size:
                break
            if key in shown:
                shown[key] = _limited(shown[key], entries, _CHARACTERS)
    shown = {key: value for key, value in shown.items() if value}
    if _size(shown) > size:  # long paths alone can do that
        shown = {key: value for key, value in shown.items() if key not in _LEAST_FIRST}
    return shown, [key for key, value in found.items() if shown.get(key) != value]


def _limited(value: Any, entries: int, characters: int) -> Any:
    """Return `value` with at most `entries` in each list, tally and mapping of lists or mappings, texts cut."""
    if isinstance(value, str):
        return _cut(value, characters)
    if isinstance(value, list):
        return [_limited(each, entries, characters) for each in value[:entries]]
    if isinstance(value, dict):
        is_collection = all(isinstance(each, (dict, list)) for each in value.values()) or _is_tally(value)
        kept = list(value.items())[: entries if is_collection else None]
        return {_cut(key, characters): _limited(each, entries, characters) for key, each in kept}
    return value


def _is_tally(value: Mapping[str, Any]) -> bool:
    return len(value) > 3 and all(isinstance(each, int) for each in value.values())


def _cut(text: str, characters: int) -> str:
    # In the middle: the end of a place is its file and line.
    half = (characters - 3) // 2
    return text if len(text) <= characters else f"{text[:half]}...{text[-half:]}"


def _size(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))


def _roots(bundle: Mapping[str, object], folder: str) -> list[str]:
    given = [settings.get("root_path") for _, settings in pipelines(bundle)]
    found = [bundle_folder(each, folder) for each in given if isinstance(each, str)]
    return [each for each in found if each is not None]


def _bundle_value(bundle: Mapping[str, object], keys: tuple[str, ...]) -> dict[str, object] | None:
    for where, settings in pipelines(bundle):
        for key in keys:
            value = settings.get(key)
            if isinstance(value, str) and value:
                return {"value": value, "example": f"{where}.{key}"}
    return None
