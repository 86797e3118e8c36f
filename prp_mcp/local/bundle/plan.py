"""The plan: what a deployment would do to each resource, and why."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prp_mcp.local.bundle import VERSION
from prp_mcp.local.bundle.bundle import Bundle
from prp_mcp.local.bundle.diagnostics import BundleError
from prp_mcp.local.bundle.graph import Graph, Wanted, references
from prp_mcp.local.bundle.kinds import kind_of
from prp_mcp.local.bundle.located import plain
from prp_mcp.local.bundle.references import substitute
from prp_mcp.local.bundle.state import State

PLAN_VERSION = 2
NEW = ("create", "recreate")


@dataclass
class Step:
    """What happens to one node; `config` may still hold references that only the deployment can resolve."""

    node: str
    action: str
    wanted: Wanted | None = None
    config: dict[str, Any] = field(default_factory=dict)
    remote: dict[str, Any] | None = None
    changes: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return it as `plan -o json` has it."""
        entry: dict[str, Any] = {}
        if self.wanted is not None and self.wanted.depends_on:
            entry["depends_on"] = self.wanted.dependencies()
        entry["action"] = self.action
        if self.action not in ("skip", "delete"):
            unresolved = _unresolved(self.config)
            entry["new_state"] = {"value": self.config, **({"vars": unresolved} if unresolved else {})}
        if self.remote is not None:
            entry["remote_state"] = self.remote
        if self.changes:
            entry["changes"] = self.changes
        return entry


@dataclass
class Plan:
    """The steps in the order of their dependencies, deletions last, and the state they were made against."""

    state: State
    steps: list[Step]

    def document(self) -> dict[str, Any]:
        """Return the plan as `plan -o json` prints it."""
        head: dict[str, Any] = {"plan_version": PLAN_VERSION, "cli_version": VERSION}
        if self.state.exists:
            head |= {"lineage": self.state.lineage, "serial": self.state.serial}
        return {**head, "plan": {step.node: step.document() for step in sorted(self.steps, key=lambda s: s.node)}}

    def count(self, *actions: str) -> int:
        """Return how many steps have one of the actions."""
        return sum(step.action in actions for step in self.steps)

    def destructive(self) -> list[Step]:
        """Return the steps that lose data and so need approval."""
        return [step for step in self.steps if step.action in ("delete", "recreate") and kind_of(step.node).destructive]


def make(bundle: Bundle, graph: Graph, state: State) -> Plan:
    """Compare what is wanted with the state and the workspace. Reads only. Raises BundleError."""
    steps: list[Step] = []
    for entry in graph.nodes.values():
        steps.append(_step(bundle, state, graph, entry, {step.node: step for step in steps}))
    return Plan(state, steps + _deletions(state, graph))


def resolved(config: dict[str, Any], graph: Graph, ids: dict[str, str]) -> dict[str, Any]:
    """Return a configuration with references put in, as far as ids are known."""

    def resolve(path: str) -> Any:
        parts = path.split(".")
        node, rest = ".".join(parts[:3]), parts[3:]
        if node not in graph.nodes:
            return None
        if rest == ["id"]:
            return plain(ids[node]) if node in ids else None
        found: Any = graph.nodes[node].config
        for name in rest:
            found = found.get(name) if isinstance(found, dict) else None
        if found is None:
            raise BundleError(f"cannot resolve ${{{path}}}: {node} has no such field")
        return plain(found)

    node = plain(config)
    for _ in range(len(graph.nodes) + 1):
        changed = substitute(node, resolve)
        if changed.data() == node.data():
            break
        node = changed
    made: dict[str, Any] = node.data()
    return made


def _step(bundle: Bundle, state: State, graph: Graph, entry: Wanted, before: dict[str, Step]) -> Step:
    ids = {
        node: state.id_of(node)
        for node in graph.nodes
        if state.id_of(node) and (node not in before or before[node].action not in NEW)
    }
    config = resolved(entry.config, graph, ids)
    known = state.resources.get(entry.node)
    if known is None:
        return Step(entry.node, "create", entry, config)
    kind = kind_of(entry.node)
    remote = kind.read(bundle.api, str(known["__id__"]))
    if remote is None:
        return Step(entry.node, "create", entry, config)
    changes = _changes(config, dict(known.get("state") or {}), remote, kind.recreated)
    actions = {change["action"] for change in changes.values()}
    action = "recreate" if "recreate" in actions else "update" if actions else "skip"
    return Step(entry.node, action, entry, config, remote, changes)


def _changes(
    wanted: dict[str, Any], state: dict[str, Any], remote: dict[str, Any], recreated: tuple[str, ...]
) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for name in sorted({*wanted, *state}):
        new, old, there = wanted.get(name), state.get(name), remote.get(name)
        local = new != old
        drifted = name in wanted and new != there and name not in ("allow_duplicate_names", "cascade_on_destroy")
        if not local and not drifted:
            continue
        # A name that only differs in case is the same to Unity Catalog, which keeps it in lower case.
        if not local and isinstance(new, str) and isinstance(there, str) and new.lower() == there.lower():
            continue
        values = {"old": old, "new": new, "remote": there}
        shown = {key: value for key, value in values.items() if value is not None}
        changes[name] = {"action": "recreate" if name in recreated else "update", **shown}
    return changes


def _deletions(state: State, graph: Graph) -> list[Step]:
    gone = [node for node in state.resources if node not in graph.nodes]
    # What belongs to a resource goes with it.
    alone = [node for node in gone if ".".join(node.split(".")[:3]) == node or node.rpartition(".")[0] not in gone]
    return [Step(node, "delete") for node in sorted(alone, key=lambda node: deletion_order(node))]


def deletion_order(node: str) -> tuple[int, str]:
    """Return the sort key of deletions: jobs before pipelines before volumes before schemas."""
    order = ("grants", "permissions", "jobs", "pipelines", "volumes", "schemas")
    return order.index(kind_of(node).name), node


def _unresolved(value: Any, path: str = "") -> dict[str, str]:
    if isinstance(value, dict):
        rows = [_unresolved(child, f"{path}.{key}".lstrip(".")) for key, child in value.items()]
    elif isinstance(value, list):
        rows = [_unresolved(child, f"{path}[{number}]") for number, child in enumerate(value)]
    else:
        return {path: value} if references(value) else {}
    return {key: text for row in rows for key, text in row.items()}


def check_file(file: Path, plan: Plan) -> None:
    """Refuse to deploy unless the plan in `file` is the plan of now. Raises BundleError."""
    try:
        given = json.loads(file.read_text())
        version, entries = given["plan_version"], given["plan"]
    except (OSError, ValueError, KeyError, TypeError) as wrong:
        raise BundleError(f"failed to read plan {file}: {wrong}") from wrong
    if version != PLAN_VERSION:
        raise BundleError(f"plan version {version} is not supported, expected {PLAN_VERSION}")
    state = plan.state
    if given.get("lineage", "") != state.lineage:
        raise BundleError(
            f'plan lineage "{given.get("lineage", "")}" does not match state lineage "{state.lineage}"; the state has '
            "been modified since the plan was created. Please run 'bundle plan' again"
        )
    if given.get("serial", 0) != state.serial:
        raise BundleError(
            f"plan serial {given.get('serial', 0)} does not match state serial {state.serial}; the state has been "
            "modified since the plan was created. Please run 'bundle plan' again"
        )
    now = plan.document()["plan"]
    for node in sorted({*entries, *now}):
        then, today = entries.get(node, {}), now.get(node, {})
        if (then.get("action"), then.get("new_state")) != (today.get("action"), today.get("new_state")):
            raise BundleError(
                f"plan says {then.get('action', 'nothing')} for {node}, but now it would be "
                f"{today.get('action', 'nothing')}"
                f"{'' if then.get('action') != today.get('action') else ' with other values'}; the bundle or the "
                "workspace has been modified since the plan was created. Please run 'bundle plan' again"
            )
