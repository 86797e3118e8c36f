"""A pipeline's sources as facts, and the patterns they follow; the one door into this room for code."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from prp_mcp.plan.facts import CodeFacts, SourceFacts
from prp_mcp.plan.python_source import read_python
from prp_mcp.plan.sql_source import read_sql

LAYERS = ("bronze", "silver", "gold", "raw", "landing", "staging", "intermediate", "marts")
"""Folder names that tell a layer; elsewhere the folder itself is the layer."""

_EXAMPLES = 3


def read_source(path: str, text: str) -> SourceFacts:
    """Return the facts of one file by its ending (`.py`, `.ipynb`, `.sql`); of any other file there are none."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    match PurePosixPath(path).suffix.lower():
        case ".py" | ".ipynb":
            return read_python(path, text)
        case ".sql":
            return read_sql(path, text)
    return SourceFacts(path)


def read_sources(files: Mapping[str, str]) -> CodeFacts:
    """Return the facts of all files (path to text), sorted by path."""
    return CodeFacts(tuple(read_source(path, files[path]) for path in sorted(files)))


def patterns(facts: CodeFacts, bundle: Mapping[str, object]) -> dict[str, object]:
    """Return how this code base does things, each with one example, for whoever is to add to it.

    Keys: `api`, `expectations` (a count per action), `naming` (names by layer), `layout` (files by folder),
    `catalog` and `schema` (of the bundle, as parsed from its YAML). What is not there has no key.
    """
    found = {
        "api": _api(facts),
        "expectations": _expectations(facts),
        "naming": _naming(facts),
        "layout": _layout(facts),
        "catalog": _bundle_value(bundle, ("catalog",)),
        "schema": _bundle_value(bundle, ("schema", "target")),
    }
    return {key: value for key, value in found.items() if value}


def _api(facts: CodeFacts) -> dict[str, object] | None:
    used = [source for source in facts.sources if source.api]
    if not used:
        return None
    counts = Counter(source.api for source in used)
    value = counts.most_common(1)[0][0]
    first = next(source for source in used if source.api == value)
    others = {str(api): count for api, count in counts.items()}
    return {"value": value, "files": others, "example": f"{first.path}:{first.api_line}"}


def _expectations(facts: CodeFacts) -> dict[str, object] | None:
    rules = list(facts.expectations())
    if not rules:
        return None
    counts = Counter(rule.action for _, rule in rules)
    path, first = rules[0]
    return {**{action: counts[action] for action in ("warn", "drop", "fail")}, "example": f"{path}:{first.line}"}


def _naming(facts: CodeFacts) -> dict[str, object]:
    layers: dict[str, dict[str, object]] = {}
    names: dict[str, list[str]] = {}
    for path, dataset in facts.datasets():
        if dataset.name is None:
            continue
        layer = _layer(path)
        layers.setdefault(layer, {"names": names.setdefault(layer, []), "example": f"{path}:{dataset.line}"})
        if len(names[layer]) < _EXAMPLES and dataset.name not in names[layer]:
            names[layer].append(dataset.name)
    return dict(layers)


def _layer(path: str) -> str:
    folders = [part.lower() for part in PurePosixPath(path).parts[:-1]]
    known = [part for part in reversed(folders) if part in LAYERS]
    return known[0] if known else folders[-1] if folders else "."


def _layout(facts: CodeFacts) -> dict[str, object]:
    folders: dict[str, dict[str, object]] = {}
    counts: Counter[str] = Counter()
    for source in facts.sources:
        if source.api:
            folder = str(PurePosixPath(source.path).parent)
            counts[folder] += 1
            folders.setdefault(folder, {"example": f"{source.path}:{source.api_line}"})["files"] = counts[folder]
    return dict(folders)


def _bundle_value(bundle: Mapping[str, object], keys: tuple[str, ...]) -> dict[str, object] | None:
    for where, settings in _pipelines(bundle):
        for key in keys:
            value = settings.get(key)
            if isinstance(value, str) and value:
                return {"value": value, "example": f"{where}.{key}"}
    return None


def _pipelines(bundle: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    places = [("", bundle)]
    places += [(f"targets.{name}.", each) for name, each in _inside(bundle, "targets")]
    for where, place in places:
        resources = place.get("resources")
        if isinstance(resources, Mapping):
            for name, settings in _inside(resources, "pipelines"):
                yield f"{where}resources.pipelines.{name}", settings


def _inside(tree: Mapping[str, object], key: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    found = tree.get(key)
    if isinstance(found, Mapping):
        for name, each in found.items():
            if isinstance(each, Mapping):
                yield str(name), each
