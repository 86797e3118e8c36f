"""The bundle's YAML as one tree of plain values, read for its pipelines: unresolved, bounded, nothing expanded."""

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

MAX_NODES = 50_000
MAX_DEPTH = 40
"""Nodes and depth that are read; what lies beyond is left out (aliases can make gigabytes of a few lines)."""

_PATHS = ("root_path",)


def read_bundle(texts: Mapping[str, str]) -> dict[str, object]:
    """Merge the bundle's files (path to YAML text) into one tree, later files over earlier ones.

    Every scalar is its text. A pipeline's `root_path` is made relative to the bundle's folder. A file that is not
    valid YAML is left out: validating the bundle reports it, with the line.
    """
    merged: dict[str, Any] = {}
    for path, text in texts.items():
        part = _plain(text)
        for _, pipeline in pipelines(part):
            for key in _PATHS:
                if isinstance(pipeline.get(key), str):
                    pipeline[key] = _beside(path, pipeline[key])
        _merge(merged, part)
    return merged


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


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _plain(text: str) -> dict[str, Any]:
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        value = _Reader().value(node, 0)
    except (yaml.YAMLError, RecursionError):
        return {}
    return _mapping(value)


class _Reader:
    """Turn nodes into values, at most MAX_NODES of them."""

    def __init__(self) -> None:
        self._left = MAX_NODES

    def value(self, node: yaml.Node | None, depth: int) -> object:
        self._left -= 1
        if node is None or self._left < 0 or depth > MAX_DEPTH:
            return None
        if isinstance(node, yaml.SequenceNode):
            return [self.value(each, depth + 1) for each in node.value]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth)
        return str(node.value)

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in node.value:
            if self._left < 0:
                break
            read = self.value(value, depth + 1)
            if key.tag == "tag:yaml.org,2002:merge":
                for each in read if isinstance(read, list) else [read]:
                    found = {**_mapping(each), **found}
            elif isinstance(key, yaml.ScalarNode):
                found[str(key.value)] = read
        return found


def _beside(path: str, value: str) -> str:
    if value.startswith("/") or "${" in value:
        return value
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), value))


def _merge(into: dict[str, Any], part: Mapping[str, Any]) -> None:
    for key, value in part.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value
