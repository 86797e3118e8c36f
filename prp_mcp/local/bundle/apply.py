"""Carry a plan out, resource by resource; what succeeded is kept whatever happens to the rest."""

from dataclasses import dataclass, field

from prp_mcp.local.bundle import state as states
from prp_mcp.local.bundle.api import ApiError
from prp_mcp.local.bundle.bundle import Bundle
from prp_mcp.local.bundle.diagnostics import BundleError, Diagnostic
from prp_mcp.local.bundle.graph import Graph
from prp_mcp.local.bundle.kinds import kind_of
from prp_mcp.local.bundle.plan import Plan, Step, resolved

WORDS = {"create": "Created", "update": "Updated", "recreate": "Recreated", "delete": "Deleted"}
VERBS = {"create": "create", "update": "update", "recreate": "recreate", "delete": "delete"}


@dataclass
class Outcome:
    """What was done, in words, and what failed."""

    done: list[str] = field(default_factory=list)
    failed: list[Diagnostic] = field(default_factory=list)
    changed: bool = False


def carry_out(bundle: Bundle, graph: Graph, plan: Plan) -> Outcome:
    """Do the steps in order; a step whose dependency failed is not tried.

    The state is noted locally after every step, so that a killed deployment can be taken up from here.
    """
    outcome = Outcome()
    broken: set[str] = set()
    for step in plan.steps:
        waits = [other for other, _ in step.wanted.depends_on] if step.wanted is not None else []
        bad = next((other for other in waits if other in broken), None)
        if bad is not None:
            broken.add(step.node)
            summary = f"cannot {VERBS.get(step.action, 'update')} {step.node}: dependency failed: {bad}"
            outcome.failed.append(Diagnostic("Error", summary))
            continue
        if step.action == "skip":
            continue
        try:
            ids = {node: plan.state.id_of(node) for node in plan.state.resources}
            _do(bundle, plan, step, resolved(step.wanted.config, graph, ids) if step.wanted is not None else {})
        except BundleError as wrong:
            broken.add(step.node)
            summary = f"cannot {VERBS[step.action]} {step.node}: {wrong.diagnostic.summary}"
            outcome.failed.append(Diagnostic("Error", summary, wrong.diagnostic.detail))
            continue
        outcome.changed = True
        outcome.done.append(f"{WORDS[step.action]} {step.node.removeprefix('resources.')}")
        states.note(bundle, plan.state)
    return outcome


def _do(bundle: Bundle, plan: Plan, step: Step, config: dict[str, object]) -> None:
    kind, api, known = kind_of(step.node), bundle.api, plan.state.resources
    identity = plan.state.id_of(step.node)
    if step.action == "delete":
        delete(bundle, plan.state, step.node)
        for node in [node for node in known if node == step.node or node.startswith(step.node + ".")]:
            del known[node]
        return
    assert step.wanted is not None
    if step.action == "recreate":
        delete(bundle, plan.state, step.node)
        known.pop(step.node)
    if step.action == "update":
        kind.update(api, identity, config, step.remote or {})
    else:
        identity = kind.create(api, config)
    known[step.node] = {"__id__": identity, "state": config}
    if step.wanted.depends_on:
        known[step.node]["depends_on"] = step.wanted.dependencies()


def delete(bundle: Bundle, state: states.State, node: str) -> None:
    """Delete what a node stands for; one that is gone already, as with its schema, is as good. Raises BundleError."""
    kind, identity = kind_of(node), state.id_of(node)
    try:
        kind.delete(bundle.api, identity, dict(state.resources[node].get("state") or {}))
    except ApiError:
        if kind.read(bundle.api, identity) is not None:
            raise
