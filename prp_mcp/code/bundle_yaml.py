"""The bundle's YAML as facts, unresolved: what it is called, its targets, hosts, pipelines, and code it would run.

Every scalar is its text, and nothing is expanded without bound: fifteen lines of aliases can grow to gigabytes.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prp_mcp.errors import UsageError

if TYPE_CHECKING:
    import yaml

ROOT_FILES = ("databricks.yml", "databricks.yaml", "bundle.yml", "bundle.yaml")
MAX_NODES = 100_000
MAX_DEPTH = 60
"""Nodes of one file, aliases expanded, and how deep they may lie."""

_PATHS = ("root_path",)
_MERGE, _NULL, _FLOAT = (f"tag:yaml.org,2002:{name}" for name in ("merge", "null", "float"))
_PLAIN_FLOAT = re.compile(r"[+-]?\d+\.\d*")
_EXPERIMENTAL = ("scripts", "python", "pydabs")


@dataclass(frozen=True)
class Hook:
    """Code the bundle would run outside the workspace: `what` it is, `path` of the file that says so."""

    what: str
    path: str


@dataclass(frozen=True)
class BundleYaml:
    """A bundle's files as one `tree`, later ones over earlier ones.

    `targets` maps each to its mode (or None), `roots` those that state one to their root path.
    """

    tree: Mapping[str, object]
    name: str
    targets: Mapping[str, str | None]
    roots: Mapping[str, str]
    hosts: tuple[str, ...]
    hooks: tuple[Hook, ...]


def read_file(path: str, text: str) -> dict[str, Any]:
    """Return the mapping that the first document of a YAML file is; `path` is relative to the bundle's folder.

    Paths in a pipeline are made relative to the bundle's folder. Raises UsageError with file and line when it is no
    YAML or too large.
    """
    import yaml

    try:
        node = next(iter(yaml.compose_all(text, Loader=yaml.CSafeLoader)), None)
        part = _mapping(_Reader(path).value(node, 0))
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else path
        raise UsageError(f"{where}: not valid YAML", remedy="Correct the file.", location=where) from error
    for _, settings in pipelines(part):
        for key in _PATHS:
            value = settings.get(key)
            if isinstance(value, str) and not value.startswith("/") and "${" not in value:
                settings[key] = posixpath.normpath(posixpath.join(posixpath.dirname(path), value))
    return part


def include_patterns(root: Mapping[str, object]) -> list[str]:
    """Return the patterns of files that the root file includes, relative to the bundle's folder."""
    listed = root.get("include")
    return [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []


def read_bundle(parts: Mapping[str, Mapping[str, Any]]) -> BundleYaml:
    """Return what the files of a bundle (path to what `read_file` gave), the root file first, say together."""
    tree: dict[str, Any] = {}
    for part in parts.values():
        _merge(tree, part)
    targets = {name: _mapping(body) for name, body in _mapping(tree.get("targets")).items()}
    modes = {name: body.get("mode") for name, body in targets.items()}
    roots = {name: _mapping(body.get("workspace")).get("root_path") for name, body in targets.items()}
    hosts = [_mapping(holder.get("workspace")).get("host") for part in parts.values() for holder in _holders(part)]
    return BundleYaml(
        tree=tree,
        name=str(_mapping(tree.get("bundle")).get("name") or ""),
        targets={name: mode if isinstance(mode, str) else None for name, mode in modes.items()},
        roots={name: root for name, root in roots.items() if isinstance(root, str)},
        hosts=tuple(str(host) for host in hosts if host),
        hooks=tuple(hook for path, part in parts.items() for hook in _hooks(part, path)),
    )


def pipelines(bundle: Mapping[str, object]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each pipeline's place (`resources.pipelines.x`) and settings, those of targets behind the common ones."""
    yield from _resources(bundle, "pipelines")


def configuration(bundle: Mapping[str, object]) -> dict[str, tuple[str, str]]:
    """Return the keys the pipelines' configurations set, each with its value and the first place that sets it."""
    found: dict[str, tuple[str, str]] = {}
    for place, settings in pipelines(bundle):
        for key, value in _mapping(settings.get("configuration")).items():
            found.setdefault(str(key), (str(value), f"{place}.configuration.{key}"))
    return found


def requirements(bundle: Mapping[str, object]) -> list[str]:
    """Return what pipelines and jobs ask to be installed: `dependencies` of environments, `libraries`."""
    found: list[str] = []
    for kind in ("pipelines", "jobs"):
        for _, settings in _resources(bundle, kind):
            waiting: list[object] = [settings]
            while waiting:
                found += _asked(waiting.pop(), waiting)
    return list(dict.fromkeys(found))


def _asked(value: object, waiting: list[object]) -> Iterator[str]:
    if isinstance(value, list):
        waiting += value
    elif isinstance(value, Mapping):
        listed = value.get("dependencies")
        yield from (each for each in listed if isinstance(each, str)) if isinstance(listed, list) else ()
        for key, name in (("pypi", "package"), ("whl", None)):
            wanted = _mapping(value.get(key)).get(name) if name else value.get(key)
            if isinstance(wanted, str):
                yield wanted
        waiting += value.values()


def _resources(bundle: Mapping[str, object], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    places: list[tuple[str, object]] = [("", bundle)]
    places += [(f"targets.{name}.", body) for name, body in _mapping(bundle.get("targets")).items()]
    for where, place in places:
        for name, settings in _mapping(_mapping(_mapping(place).get("resources")).get(kind)).items():
            if isinstance(settings, dict):
                yield f"{where}resources.{kind}.{name}", settings


def _hooks(part: Mapping[str, Any], path: str) -> Iterator[Hook]:
    for holder in _holders(part):
        if holder.get("scripts"):
            yield Hook("scripts", path)
        if holder.get("python"):
            yield Hook("python", path)
        for key in _EXPERIMENTAL:
            if _mapping(holder.get("experimental")).get(key):
                yield Hook(f"experimental.{key}", path)
        for name, artifact in _mapping(holder.get("artifacts")).items():
            if _mapping(artifact).get("build") or _mapping(artifact).get("type") == "whl":
                yield Hook(f"artifacts.{name}", path)


def _holders(part: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the places where settings stand: the top, and each target."""
    return [dict(part), *(_mapping(body) for body in _mapping(part.get("targets")).values())]


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


class _Reader:
    """Turn the nodes of one file into values. Raises UsageError beyond the bounds."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._left = MAX_NODES

    def value(self, node: "yaml.Node | None", depth: int) -> object:
        from yaml import MappingNode, SequenceNode

        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            raise UsageError(
                f"{self._path} expands to more than {MAX_NODES} YAML nodes, or is nested more than {MAX_DEPTH} deep",
                remedy="Remove the nested aliases.",
                location=self._path,
            )
        if isinstance(node, SequenceNode):
            return [self.value(each, depth + 1) for each in node.value]
        if isinstance(node, MappingNode):
            return self._mapping(node, depth)
        if node is None or node.tag == _NULL:
            return None
        # A pipeline is given the number, not how it was written: 1.10 is 1.1.
        return f"{float(node.value):.15g}" if node.tag == _FLOAT and _PLAIN_FLOAT.fullmatch(node.value) else node.value

    def _mapping(self, node: "yaml.MappingNode", depth: int) -> dict[str, object]:
        from yaml import ScalarNode

        found: dict[str, object] = {}
        merged: dict[str, object] = {}
        for key, value in node.value:
            read = self.value(value, depth + 1)
            if key.tag == _MERGE:
                for each in read if isinstance(read, list) else [read]:
                    merged = {**_mapping(each), **merged}
            elif isinstance(key, ScalarNode):
                found[str(key.value)] = read
        return {**merged, **found}


def _merge(into: dict[str, Any], part: Mapping[str, Any]) -> None:
    for key, value in part.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value
