"""Decide how a PRP's validation command would be carried out now: by a gate, as SQL, as programs, or not at all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from prp_mcp.code.queries import why_not_reading
from prp_mcp.engine.bindings import known_values
from prp_mcp.engine.present import updates_of
from prp_mcp.engine.step import Step
from prp_mcp.gates.commands import (
    Blocked,
    Invocation,
    approval_of,
    invocations,
    is_databricks,
    why_not_allowed,
)
from prp_mcp.gates.order import Gate
from prp_mcp.plan.bindings import filled
from prp_mcp.plan.commands import stated_target
from prp_mcp.plan.model import Command
from prp_mcp.settings import digest

Way = Literal["gate", "query", "programs", "none"]


@dataclass(frozen=True)
class Prepared:
    """A command with its bindings filled in; `why` says why it is not run (`way` none).

    `approval` is what a person would have to approve for it to be run, and empty where that would not help.
    `key` names everything its result depends on: the text, the files and, where it reads the workspace, what is there.
    """

    command: Command
    way: Way
    text: str
    why: str = ""
    gate: Gate | None = None
    programs: tuple[Invocation, ...] = ()
    approval: str = ""
    key: str = ""
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


def prepare(step: Step, commands: Iterable[Command]) -> list[Prepared]:
    """Return how each of `commands` would be carried out in the present state of the run."""
    values = known_values(step)
    executed = step.standing.holds(Gate.EXECUTION)
    return [replace(_prepared(step, command, values, executed=executed), values=values) for command in commands]


def _prepared(step: Step, command: Command, values: Mapping[str, str], *, executed: bool) -> Prepared:
    if gate := proving_gate(step, command.gate, command.text):
        return Prepared(command, "gate", command.text, gate=gate)
    if command.gate:
        return Prepared(command, "none", command.text, f"it is for target {stated_target(command.text)!r}")
    if command.blocked:
        return Prepared(command, "none", command.text, command.blocked)
    text = filled(command.text, values, kind=command.kind)
    if unknown := [name for name in command.bindings if name not in values]:
        return Prepared(command, "none", text, _unknown(unknown))
    return _query(step, command, text, executed=executed) if command.kind == "sql" else _programs(step, command, text)


def proving_gate(step: Step, gate: str | None, command: str | None) -> Gate | None:
    """Return the gate that proves a command, if its target is the run's: a deployment elsewhere proves nothing."""
    target = stated_target(command) if command else None
    return Gate(gate) if gate and target in (None, step.run.target) else None


def approved(step: Step, approval: str) -> bool:
    """Return whether a person has allowed exactly this: in this run, or for always in the grants."""
    said = [record.body["approved"] for record in step.run.notes("approval") if record.body["what"] == approval]
    return bool(said and said[-1]) or approval in step.settings.grants.commands


def _query(step: Step, command: Command, text: str, *, executed: bool) -> Prepared:
    if why := why_not_reading(text):
        return Prepared(command, "none", text, why)
    if not executed:
        return Prepared(command, "none", text, "it reads what the pipeline writes: run it when execution has passed")
    return Prepared(command, "query", text, key=_key(step, text, reads_workspace=True))


def _programs(step: Step, command: Command, text: str) -> Prepared:
    planned = invocations(text)
    if isinstance(planned, Blocked):
        return Prepared(command, "none", text, planned.why)
    if (target := stated_target(text)) not in (None, step.run.target):
        return Prepared(command, "none", text, f"it is for target {target!r}")
    key = _key(step, text, reads_workspace=any(map(is_databricks, planned)))
    extra = step.present.policy.validation.allowed
    refused = next((why for each in planned if (why := why_not_allowed(each, extra))), "")
    if refused and not approved(step, approval_of(planned)):
        return Prepared(command, "none", text, refused, programs=tuple(planned), approval=approval_of(planned), key=key)
    return Prepared(command, "programs", text, programs=tuple(planned), key=key)


def _key(step: Step, text: str, *, reads_workspace: bool) -> str:
    seen = [sorted(updates_of(step.run).items())] if reads_workspace else []
    return digest([text, step.present.tested.id, seen])


def _unknown(names: list[str]) -> str:
    shown = ", ".join(f"<{name}>" for name in names)
    return f"it needs a value for {shown}: state it under [validation.bindings] in prp-mcp.toml"
