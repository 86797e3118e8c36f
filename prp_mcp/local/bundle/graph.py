"""The wanted resources as a graph: what each is to be, and what it waits for."""

from dataclasses import dataclass, field
from typing import Any

from prp_mcp.local.bundle.bundle import Bundle
from prp_mcp.local.bundle.diagnostics import BundleError
from prp_mcp.local.bundle.references import find

BESIDE = frozenset(("permissions", "grants", "lifecycle", "volume_path", "id", "url"))
"""Fields of a resource that are no part of what is sent to create it."""

SECURABLES = {"schemas": "schema", "volumes": "volume"}


@dataclass(frozen=True)
class Wanted:
    """One node: its configuration, references to other resources still in it, and what they refer to."""

    node: str
    config: dict[str, Any]
    depends_on: tuple[tuple[str, str], ...] = ()
    protected: bool = False

    def dependencies(self) -> list[dict[str, str]]:
        """Return what it depends on as plans and states write it."""
        return [{"node": node, "label": label} for node, label in self.depends_on]


@dataclass
class Graph:
    """All wanted nodes, in an order in which each comes after what it depends on."""

    nodes: dict[str, Wanted] = field(default_factory=dict)


def build(bundle: Bundle) -> Graph:
    """Return the graph of a bundle. Raises BundleError for references to nothing and for cycles."""
    wanted: dict[str, Wanted] = {}
    for kind, key, resource in bundle.resources():
        node = f"resources.{kind}.{key}"
        data = {name: value for name, value in resource.data().items() if value is not None}
        protect = (data.get("lifecycle") or {}).get("prevent_destroy") is True
        config = _sorted({name: value for name, value in data.items() if name not in BESIDE})
        wanted[node] = Wanted(node, config, _dependencies(config), protect)
        grants = _grants(kind, node, data.get("grants"))
        permissions = _permissions(kind, node, data.get("permissions"))
        for name, inner in (("grants", grants), ("permissions", permissions)):
            if inner is not None:
                wanted[f"{node}.{name}"] = Wanted(f"{node}.{name}", inner, _dependencies(inner))
    for entry in wanted.values():
        for other, label in entry.depends_on:
            if other not in wanted:
                raise BundleError(f'invalid dependency "{label}", no such node "{other}"')
    return Graph(_ordered(wanted))


def _sorted(value: Any) -> Any:
    """Return data with sorted keys and without nulls, so that equal configurations read equal."""
    if isinstance(value, dict):
        return {key: _sorted(child) for key, child in sorted(value.items()) if child is not None}
    return [_sorted(child) for child in value] if isinstance(value, list) else value


def _grants(kind: str, node: str, given: Any) -> dict[str, Any] | None:
    if kind not in SECURABLES or not given:
        return None
    rows = [{"principal": row.get("principal", ""), "privileges": sorted(row.get("privileges") or [])} for row in given]
    rows.sort(key=lambda row: str(row["principal"]))
    return {"securable_type": SECURABLES[kind], "full_name": f"${{{node}.id}}", "__embed__": rows}


def _permissions(kind: str, node: str, given: Any) -> dict[str, Any] | None:
    if kind not in ("pipelines", "jobs") or not given:
        return None
    rows = [dict(sorted(row.items())) for row in given]
    rows.sort(key=lambda row: str(row.get("user_name") or row.get("group_name") or row.get("service_principal_name")))
    return {"object_id": f"/{kind}/${{{node}.id}}", "__embed__": rows}


def _dependencies(config: Any) -> tuple[tuple[str, str], ...]:
    found = {
        (".".join(path.split(".")[:3]), f"${{{path}}}") for path in references(config) if path.startswith("resources.")
    }
    return tuple(sorted(found))


def references(value: Any) -> list[str]:
    """Return the paths that plain data refers to."""
    if isinstance(value, dict):
        return [path for child in value.values() for path in references(child)]
    if isinstance(value, list):
        return [path for child in value for path in references(child)]
    return find(value) if isinstance(value, str) else []


def _ordered(wanted: dict[str, Wanted]) -> dict[str, Wanted]:
    done: dict[str, Wanted] = {}
    trail: list[tuple[str, str]] = []

    def visit(node: str, label: str) -> None:
        if node in done:
            return
        if any(name == node for name, _ in trail):
            raise _cycle([*trail, (node, label)])
        trail.append((node, label))
        for other, other_label in wanted[node].depends_on:
            visit(other, other_label)
        trail.pop()
        done[node] = wanted[node]

    for name in sorted(wanted):
        visit(name, "")
    return done


def _cycle(trail: list[tuple[str, str]]) -> BundleError:
    start = next(number for number, (node, _) in enumerate(trail) if node == trail[-1][0])
    steps = trail[start:]
    text = steps[0][0]
    for number, (node, label) in enumerate(steps[1:]):
        text += f"{' which' if number else ''} refers to {node} via {label}"
    return BundleError(f"cycle detected: {text}")
