"""`${...}` references: find them, and put in what they stand for."""

import functools
import re
from collections.abc import Callable
from typing import Any

from prp_mcp.local.bundle.diagnostics import BundleError
from prp_mcp.local.bundle.located import Node, copied

REFERENCE = re.compile(r"\$\{([^\W\d_](?:[-_]*[^\W_])*(?:\.[^\W\d_](?:[-_]*[^\W_])*(?:\[[0-9]+\])*)*(?:\[[0-9]+\])*)\}")
"""A reference. Linear on every input; the obvious spelling takes 19 s for 26 letters (measured)."""

ROUNDS = 11
"""Rounds until a chain of references is called a cycle, as in CLI 1.14."""

RESOLVED = ("bundle", "workspace", "var")
"""What the references start with that are resolved before anything is deployed."""

EMPTY = ("bundle.git.branch", "bundle.git.commit", "bundle.git.origin_url")
"""What is empty text where git says nothing of it."""

Resolve = Callable[[str], Node | None]


def find(text: str) -> list[str]:
    """Return the paths that a text refers to; `$${x}` is an escape."""
    return [match.group(1) for match in REFERENCE.finditer(text) if not _escaped(match)]


def substitute(node: Node, resolve: Resolve) -> Node:
    """Return the node with its references resolved, once; `resolve` answers None to leave one alone.

    A text that is nothing but a reference takes the value with its type; inside other text it becomes text.
    """
    if isinstance(node.value, dict):
        made = {key: substitute(child, resolve) for key, child in node.value.items()}
        return Node(made, node.at, node.keys)
    if isinstance(node.value, list):
        return Node([substitute(child, resolve) for child in node.value], node.at)
    if not isinstance(node.value, str) or "${" not in node.value:
        return node
    whole = REFERENCE.fullmatch(node.value)
    if whole:
        found = resolve(whole.group(1))
        return Node(copied(found).value, node.at, found.keys) if found is not None else node
    return Node(REFERENCE.sub(lambda match: _text(match, resolve), node.value), node.at)


def _text(match: re.Match[str], resolve: Resolve) -> str:
    if _escaped(match):
        return match.group(0)
    found = resolve(match.group(1))
    if found is None:
        return match.group(0)
    if isinstance(found.value, dict | list):
        summary = f"interpolation in string is only supported for primitive values, got {found.kind}"
        raise BundleError(f"{summary}: {match.group(0)}")
    return spelled(found.value)


def spelled(value: Any) -> str:
    """Return a scalar as text, as it stands inside other text."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _escaped(match: re.Match[str]) -> bool:
    return match.start() > 0 and match.string[match.start() - 1] == "$"


def lookup(root: Node, path: str) -> Node | None:
    """Return the node at a dotted path with indexes, or None."""
    found: Node | None = root
    for step in re.findall(r"[^.\[\]]+", path):
        if found is None:
            return None
        if isinstance(found.value, list):
            found = found.value[int(step)] if step.isdecimal() and int(step) < len(found.value) else None
        else:
            found = found.get(step)
    return found


def missing(root: Node, path: str) -> BundleError:
    """Return the error of a reference to nothing, with what may have been meant."""
    *above, last = path.split(".")
    beside = lookup(root, ".".join(above)) if above else root
    if path.startswith("var."):
        beside = root.get("variables")
    names = list(beside.value) if beside is not None and isinstance(beside.value, dict) else []
    import difflib  # late: only this error needs it

    near = difflib.get_close_matches(last, names, n=3, cutoff=0.5)
    detail = "\n".join(["did you mean one of:", *(f"  ${{{'.'.join([*above, name])}}}" for name in near)])
    return BundleError(f"reference does not exist: ${{{path}}}", detail=detail if near else "")


def resolve_all(config: Node) -> Node:
    """Return the configuration with all references to `bundle`, `workspace` and `var` resolved.

    `var.x` means `variables.x.value`. Raises BundleError for what does not exist and for cycles.
    """

    for _ in range(ROUNDS):
        changed = substitute(config, functools.partial(_value, config))
        if not _left(changed):
            return changed
        config = changed
    cycle = _left(config)[0]
    raise BundleError(f"cycle detected in field resolution: {' -> '.join(cycle)}")


def _value(config: Node, path: str) -> Node | None:
    head, *rest = path.split(".")
    if head.partition("[")[0] not in RESOLVED:
        return None
    full = ".".join(["variables", rest[0], "value", *rest[1:]]) if head == "var" and rest else path
    found = lookup(config, full)
    if found is None:
        if path in EMPTY:
            return Node("")
        raise missing(config, path)
    return found


def _left(node: Node, path: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if isinstance(node.value, str):
        found += [(path, name) for name in find(node.value) if name.split(".")[0] in RESOLVED]
    for suffix, child in node.children():
        found += _left(child, (path + suffix).lstrip("."))
    return found
