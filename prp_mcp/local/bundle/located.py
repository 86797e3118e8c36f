"""YAML with the place of every value, read from PyYAML's nodes; no tag is ever constructed."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from prp_mcp.local.bundle.diagnostics import BundleError, Location

MOST_NODES = 100_000
"""Values of one file with its aliases expanded; fifteen lines of aliases can ask for billions."""

MOST_BYTES = 4 * 1024 * 1024
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_QUOTED = ("'", '"', "|", ">")
"""Styles that make a scalar text; a plain one has None or, from the C loader, an empty text."""

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*|0x[0-9a-fA-F]+|0o[0-7]+)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|nan)", re.I)
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}


@dataclass
class Node:
    """A value and where it stands; in a map, `keys` says where each key stands.

    `value` is a dict of nodes, a list of nodes, or a scalar.
    """

    value: Any = None
    at: Location | None = None
    keys: dict[str, Location] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Return the kind in the CLI's words: map, sequence, string, bool, int, float or nil."""
        return next(name for kind, name in _KINDS if isinstance(self.value, kind))

    def get(self, *path: str) -> "Node | None":
        """Return the node at a path of map keys, or None when there is none."""
        found: Node | None = self
        for key in path:
            if found is None or not isinstance(found.value, dict):
                return None
            found = found.value.get(key)
        return found

    def text(self, *path: str) -> str:
        """Return the text at a path, empty when there is none."""
        found = self.get(*path)
        return found.value if found is not None and isinstance(found.value, str) else ""

    def put(self, key: str, value: Any) -> None:
        """Set a key of this map to plain data."""
        self.value[key] = plain(value)

    def children(self) -> "Iterator[tuple[str, Node]]":
        """Yield the path suffix and the node of everything directly in this one."""
        if isinstance(self.value, dict):
            yield from ((f".{key}", child) for key, child in self.value.items())
        elif isinstance(self.value, list):
            yield from ((f"[{number}]", child) for number, child in enumerate(self.value))

    def data(self) -> Any:
        """Return plain data: dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: child.data() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.data() for child in self.value]
        return self.value


_KINDS: tuple[tuple[type, str], ...] = (
    (dict, "map"),
    (list, "sequence"),
    (str, "string"),
    (bool, "bool"),
    (int, "int"),
    (float, "float"),
    (type(None), "nil"),
)


def plain(value: Any, at: Location | None = None) -> Node:
    """Return plain data as nodes, all at one place."""
    if isinstance(value, Node):
        return value
    if isinstance(value, dict):
        return Node({key: plain(child, at) for key, child in value.items()}, at)
    if isinstance(value, list):
        return Node([plain(child, at) for child in value], at)
    return Node(value, at)


def copied(node: Node) -> Node:
    """Return a deep copy, so that editing one place does not edit what an alias shares with it."""
    if isinstance(node.value, dict):
        value = {key: copied(child) for key, child in node.value.items()}
        return Node(value, node.at, dict(node.keys))
    if isinstance(node.value, list):
        return Node([copied(child) for child in node.value], node.at)
    return Node(node.value, node.at)


def read_yaml(text: str, file: str, shown: str) -> Node:
    """Return the first document of a YAML or JSON text; an empty one is an empty map.

    `file` is its path in locations, `shown` the one in errors. Raises BundleError.
    """
    if len(text) > MOST_BYTES:
        raise BundleError(f"failed to load {shown}: file is larger than {MOST_BYTES} bytes")
    try:
        root = next(iter(yaml.compose_all(text, Loader=_LOADER)), None)
        return _Reader(file).read(root, ()) if root is not None else Node({}, Location(file, 1, 1))
    except yaml.MarkedYAMLError as wrong:
        raise BundleError(f"failed to load {shown}: yaml: {_spoken(wrong)}") from wrong
    except yaml.YAMLError as wrong:
        raise BundleError(f"failed to load {shown}: yaml: {wrong}") from wrong
    except _TooMuchError as wrong:
        raise BundleError(f"failed to load {shown}: yaml: {wrong}") from wrong
    except RecursionError as wrong:
        raise BundleError(f"failed to load {shown}: yaml: exceeded max depth") from wrong


class _TooMuchError(Exception):
    pass


class _Reader:
    def __init__(self, file: str):
        self._file = file
        self._count = 0

    def read(self, node: yaml.Node, above: tuple[int, ...]) -> Node:
        self._count += 1
        if self._count > MOST_NODES:
            raise _TooMuchError(f"document contains excessive aliasing or more than {MOST_NODES} values")
        if id(node) in above:
            raise _TooMuchError("an anchor contains itself")
        at = self._place(node)
        if isinstance(node, yaml.MappingNode):
            return self._map(node, at, (*above, id(node)))
        if isinstance(node, yaml.SequenceNode):
            return Node([self.read(child, (*above, id(node))) for child in node.value], at)
        assert isinstance(node, yaml.ScalarNode)
        return Node(_scalar(node), at)

    def _map(self, node: yaml.MappingNode, at: Location, above: tuple[int, ...]) -> Node:
        made = Node({}, at)
        merged = Node({}, at)
        for key, child in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
            if name == "<<" and key.style not in _QUOTED:
                sources = child.value if isinstance(child, yaml.SequenceNode) else [child]
                for source in sources:
                    read = self.read(source, above)
                    for inherited, value in read.value.items() if isinstance(read.value, dict) else ():
                        merged.value.setdefault(inherited, value)
                        merged.keys.setdefault(inherited, read.keys.get(inherited, at))
                continue
            made.value[name] = self.read(child, above)
            made.keys[name] = self._place(key)
        made.value = {**merged.value, **made.value}
        made.keys = {**merged.keys, **made.keys}
        return made

    def _place(self, node: yaml.Node) -> Location:
        return Location(self._file, node.start_mark.line + 1, node.start_mark.column + 1)


def _scalar(node: yaml.ScalarNode) -> Any:
    """Return the scalar as YAML 1.2 has it: `yes` and `on` are text."""
    text = str(node.value)
    if node.style in _QUOTED:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text) and len(text) < 100:
        return int(text, 0)
    if _FLOAT.fullmatch(text) and len(text) < 100:
        number = float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        return number if math.isfinite(number) else text
    return text


def _spoken(wrong: yaml.MarkedYAMLError) -> str:
    """Return the error in the words of the CLI's parser, which counts lines of parser errors from 0 (measured)."""
    mark = wrong.context_mark if wrong.context_mark and wrong.context_mark.line else wrong.problem_mark
    line = (mark.line if mark else 0) + isinstance(wrong, yaml.scanner.ScannerError)
    return f"line {line}: {wrong.problem}" if line else str(wrong.problem)
