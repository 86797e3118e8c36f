"""Merge configurations: maps merge, sequences concatenate, scalars overwrite (measured with Databricks CLI 1.14)."""

from prp_mcp.local.bundle.diagnostics import BundleError
from prp_mcp.local.bundle.located import Node

MERGED_BY = {"tasks": "task_key", "job_clusters": "job_cluster_key", "clusters": "label"}
"""Lists of resources whose entries a target overrides by key; the field that is the key."""


def merge(below: Node, above: Node, path: str = "") -> Node:
    """Return `below` overridden by `above`. Raises BundleError when their kinds differ."""
    if above.value is None:
        return below if below.value is not None else above
    if below.value is None:
        return above
    if isinstance(below.value, dict) and isinstance(above.value, dict):
        made = Node(dict(below.value), below.at, {**below.keys, **above.keys})
        for key, child in above.value.items():
            known = below.value.get(key)
            made.value[key] = child if known is None else merge(known, child, f"{path}.{key}".lstrip("."))
        return made
    if isinstance(below.value, list) and isinstance(above.value, list):
        return Node(below.value + above.value, below.at)
    if isinstance(below.value, dict | list) or isinstance(above.value, dict | list):
        raise BundleError(f"cannot merge {below.kind} with {above.kind}", paths=(path,), at=above.at)
    return above


def merge_keyed(resource: Node) -> None:
    """Merge entries of a resource's lists that have the same key, in place."""
    for name, field in MERGED_BY.items():
        found = resource.get(name)
        if found is None or not isinstance(found.value, list):
            continue
        merged: dict[str, Node] = {}
        rest = []
        for entry in found.value:
            key = entry.text(field)
            if not key:
                rest.append(entry)
            else:
                merged[key] = merge(merged[key], entry) if key in merged else entry
        found.value = [*merged.values(), *rest]
