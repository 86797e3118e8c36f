"""Check a configuration against the field table: what does not fit becomes a warning and is dropped.

That is the CLI's way (measured with 1.14): wrong types, unknown fields and bad enum values never stop it.
"""

from typing import Any

from prp_mcp.local.bundle.diagnostics import Findings
from prp_mcp.local.bundle.located import Node, copied
from prp_mcp.local.bundle.shapes import REQUIRED, UNSUPPORTED, fields_of, values_of

_TRUE = ("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y")
_FALSE = ("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N")
_SCALARS = ("string", "bool", "int", "float")


def normalised(node: Node, kind: str, path: str, findings: Findings) -> Node | None:
    """Return the part of `node` that fits type `kind`, or None when nothing does.

    References (`${...}`) fit any type until they are resolved.
    """
    if node.value is None or kind == "any":
        return copied(node)
    if isinstance(node.value, str) and "${" in node.value:
        return Node(node.value, node.at)
    if kind.startswith("@"):
        return _struct(node, kind[1:], path, findings)
    if kind.startswith("map:"):
        return _map(node, kind[4:], path, findings)
    if kind.startswith("list:"):
        return _list(node, kind[5:], path, findings)
    if kind.startswith("enum:"):
        return _enum(node, path, findings)
    return _scalar(node, kind, path, findings)


def _struct(node: Node, kind: str, path: str, findings: Findings) -> Node | None:
    if not isinstance(node.value, dict):
        return _expected("map", node, path, findings)
    fields = fields_of(kind)
    made = Node({}, node.at, node.keys)
    for key, child in node.value.items():
        if key in fields:
            fitting = normalised(child, fields[key], f"{path}.{key}".lstrip("."), findings)
            if fitting is not None:
                made.value[key] = fitting
        elif kind == "Resources" and key in UNSUPPORTED:
            made.value[key] = copied(child)  # Known but not served: refused later, by name.
        elif not (kind == "Root" and key.startswith((".", "x-"))):
            findings.warn(f"unknown field: {key}", path=path, at=node.keys.get(key, node.at))
    return made


def _map(node: Node, kind: str, path: str, findings: Findings) -> Node | None:
    if not isinstance(node.value, dict):
        return _expected("map", node, path, findings)
    made = Node({}, node.at, node.keys)
    for key, child in node.value.items():
        fitting = normalised(child, kind, f"{path}.{key}", findings)
        if fitting is not None:
            made.value[key] = fitting
    return made


def _list(node: Node, kind: str, path: str, findings: Findings) -> Node | None:
    if not isinstance(node.value, list):
        return _expected("sequence", node, path, findings)
    fitting = [normalised(child, kind, f"{path}[{number}]", findings) for number, child in enumerate(node.value)]
    return Node([child for child in fitting if child is not None], node.at)


def _enum(node: Node, path: str, findings: Findings) -> Node | None:
    if isinstance(node.value, dict | list):
        return _expected("string", node, path, findings)
    return Node(_spelled(node.value), node.at)


def _scalar(node: Node, kind: str, path: str, findings: Findings) -> Node | None:
    if isinstance(node.value, dict | list):
        return _expected(kind, node, path, findings)
    converted = _CONVERT[kind](node.value)
    if converted is None:
        return _expected(kind, node, path, findings)
    return Node(converted, node.at)


def _boolean(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return True if value in _TRUE else False if value in _FALSE else None


def _integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, int):
        return value
    return int(value) if value.lstrip("+-").isdecimal() and len(value) < 20 else None


def _floating(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_CONVERT: dict[str, Any] = {"string": _spelled, "bool": _boolean, "int": _integer, "float": _floating}


def _expected(kind: str, node: Node, path: str, findings: Findings) -> Node | None:
    findings.warn(f"expected {kind}, found {node.kind}", path=path, at=node.at)
    return None


def check_values(node: Node, kind: str, path: str, findings: Findings) -> None:
    """Warn about required fields that are not set and enum values that do not exist."""
    if kind.startswith("enum:"):
        _check_enum(node, kind[5:], path, findings)
    elif kind.startswith("@") and isinstance(node.value, dict):
        for name in REQUIRED.get(kind[1:], ()):
            if node.get(name) is None:
                findings.warn(f'required field "{name}" is not set', path=path, at=node.at)
        fields = fields_of(kind[1:])
        for key, child in node.value.items():
            check_values(child, fields.get(key, "any"), f"{path}.{key}".lstrip("."), findings)
    elif kind.startswith(("map:", "list:")):
        inner = kind.partition(":")[2]
        for suffix, child in node.children():
            check_values(child, inner, path + suffix, findings)


def _check_enum(node: Node, name: str, path: str, findings: Findings) -> None:
    values = values_of(name)
    if isinstance(node.value, str) and "${" not in node.value and node.value not in values:
        summary = f'invalid value "{node.value}" for enum field. Valid values are [{" ".join(values)}]'
        findings.warn(summary, path=path, at=node.at)
