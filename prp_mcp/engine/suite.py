"""Judge the PRP's own validation suite: every command and every mandatory checklist item must be settled."""

from dataclasses import dataclass, replace

from prp_mcp.engine.step import Step
from prp_mcp.gates.order import Gate
from prp_mcp.plan.commands import stated_target
from prp_mcp.plan.model import Check, Command

ITEM_STATES = ("verified", "attested", "waived", "open")


@dataclass(frozen=True)
class Item:
    """A command or checklist item: `state` is one of ITEM_STATES, or `failed`; `proof` says by what."""

    id: str
    text: str
    state: str
    proof: str
    mandatory: bool


def suite_items(step: Step) -> list[Item]:
    """Return every command and checklist item with its present state."""
    plan = step.present.plan
    if plan is None:
        return []
    notes = [record.body for record in step.run.notes("check")]
    said = {body["item"]: body for body in notes if body["state"] == "waived" or body["files"] == files_id(step)}
    commands = [_command(step, command, said.get(command.id)) for command in plan.commands]
    proven = {item.text: item for item in commands}
    demanded = step.present.policy.validation.checklist == "required"
    checks = [_check(step, check, said.get(check.id), proven) for check in plan.checklist]
    return commands + [replace(item, mandatory=item.mandatory and demanded) for item in checks]


def unsettled(items: list[Item]) -> list[Item]:
    """Return the mandatory items that keep the suite gate closed."""
    return [item for item in items if item.mandatory and item.state in ("open", "failed")]


def command_result(step: Step, command: str) -> dict[str, object] | None:
    """Return the latest result of a command for the present files, or None."""
    found = [
        record.body
        for record in step.run.notes("command")
        if record.body["command"] == command and record.body["files"] == files_id(step)
    ]
    return found[-1] if found else None


def files_id(step: Step) -> str:
    """Return what a command's result is bound to: the tree and the tests beside it."""
    return step.present.tested.id


def proving_gate(step: Step, gate: str | None, command: str | None) -> Gate | None:
    """Return the gate that proves a command, if its target is the run's: a deployment elsewhere proves nothing."""
    target = stated_target(command) if command else None
    return Gate(gate) if gate and target in (None, step.run.target) else None


def _command(step: Step, command: Command, said: dict[str, str] | None) -> Item:
    if gate := proving_gate(step, command.gate, command.text):
        held = step.standing.holds(gate)
        return Item(command.id, command.text, "verified" if held else "open", f"gate {gate}", mandatory=True)
    result = command_result(step, command.text)
    if result and result["met"]:
        return Item(command.id, command.text, "verified", f"exit {result['exit']}", mandatory=True)
    if result and result["exit"] is not None:
        return Item(command.id, command.text, "failed", f"exit {result['exit']}", mandatory=True)
    if said and result:
        return Item(command.id, command.text, said["state"], said["evidence"], mandatory=True)
    why = str(result.get("why", "")) if result else "not run for the present files"
    return Item(command.id, command.text, "open", why, mandatory=True)


def _check(step: Step, check: Check, said: dict[str, str] | None, proven: dict[str, Item]) -> Item:
    if gate := proving_gate(step, check.gate, check.command):
        if step.standing.holds(gate):
            return Item(check.id, check.text, "verified", f"gate {gate}", check.mandatory)
    elif check.command and (found := proven.get(check.command)) and found.state == "verified":
        return Item(check.id, check.text, "verified", found.proof, check.mandatory)
    if said:
        return Item(check.id, check.text, said["state"], said["evidence"], check.mandatory)
    return Item(check.id, check.text, "open", "", check.mandatory)
