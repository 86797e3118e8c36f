"""The pipeline's configuration: which keys sources read, and how that agrees with what the bundle sets."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from prp_mcp.code.facts import CodeFacts, ConfigRead

ENGINE = ("spark.", "pipelines.", "delta.", "databricks.", "fs.")
"""Beginnings of keys that belong to Spark and the pipeline engine: they have values nobody sets, and readers nobody
writes."""

_KEY = re.compile(r"[A-Za-z_][\w.-]{0,99}")
_STRINGS = 5_000


def config_reads(nodes: Sequence[ast.AST]) -> Iterator[ConfigRead]:
    """Yield each read of `spark.conf`, under whatever name the session or its `conf` go."""
    known = _confs(nodes)
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_conf(node.func.value, known):
            if node.func.attr == "get":
                yield _read(node)
            elif node.func.attr == "getAll":
                yield ConfigRead(None, node.lineno)


def key_strings(nodes: Iterable[ast.AST]) -> frozenset[str]:
    """Return the strings of a module's nodes that have the form of a key."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _KEY.fullmatch(node.value):
            found.add(node.value)
            if len(found) == _STRINGS:
                break
    return frozenset(found)


def config_conflicts(facts: CodeFacts, configured: Mapping[str, str]) -> dict[str, list[dict[str, object]]]:
    """Compare what is read with what is set (`configured`: a key's place in the bundle).

    `unset` are keys that are read and set nowhere, those without a default first: reading one of these fails the
    update. `unread` are keys that are set and read nowhere; none can be told while a source computes what it reads.
    """
    reads = [(source.path, read) for source in facts.sources for read in source.config_reads]
    unset: dict[str, dict[str, object]] = {}
    for path, read in sorted(reads, key=lambda each: each[1].has_default):
        if read.key and read.key not in configured and not read.key.startswith(ENGINE):
            shown: dict[str, object] = {"key": read.key, "at": f"{path}:{read.line}"}
            unset.setdefault(read.key, {**shown, "default": True} if read.has_default else shown)
    unread: list[dict[str, object]] = []
    if facts.sources and all(read.key for _, read in reads):
        used = {read.key for _, read in reads}.union(*(source.strings for source in facts.sources))
        unread = [
            {"key": key, "at": place}
            for key, place in configured.items()
            if key not in used and not key.startswith(ENGINE)
        ]
    return {name: found for name, found in (("unset", list(unset.values())), ("unread", unread)) if found}


def _confs(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names that `x = spark.conf` gives."""
    return {
        target.id
        for node in nodes
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute) and node.value.attr == "conf"
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _is_conf(node: ast.expr, known: set[str]) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == "conf"
    return isinstance(node, ast.Name) and node.id in known


def _read(call: ast.Call) -> ConfigRead:
    given = dict(zip(("key", "default"), call.args, strict=False))
    given.update({keyword.arg: keyword.value for keyword in call.keywords if keyword.arg})
    key = given.get("key")
    text = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else None
    return ConfigRead(text, call.lineno, "default" in given)
