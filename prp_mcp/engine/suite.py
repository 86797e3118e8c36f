"""Judge the PRP's own validation suite: every command and every mandatory checklist item must be settled."""

from dataclasses import dataclass, replace
from typing import Any

from prp_mcp.engine.preparation import Prepared, prepare, proving_gate
from prp_mcp.engine.step import Step
from prp_mcp.plan.model import Check

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
    prepared = prepare(step, plan.commands)
    commands = [_command(step, each, said.get(each.command.id)) for each in prepared]
    proven = {each.command.text: item for each, item in zip(prepared, commands, strict=True)}
    demanded = step.present.policy.validation.checklist == "required"
    checks = [_check(step, check, said.get(check.id), proven) for check in plan.checklist]
    return commands + [replace(item, mandatory=item.mandatory and demanded) for item in checks]


def unsettled(items: list[Item]) -> list[Item]:
    """Return the mandatory items that keep the suite gate closed."""
    return [item for item in items if item.mandatory and item.state in ("open", "failed")]


def command_result(step: Step, prepared: Prepared) -> dict[str, Any] | None:
    """Return the latest result of a command for the present files and workspace, or None."""
    found = [record.body for record in step.run.notes("command") if record.body["key"] == result_key(step, prepared)]
    return found[-1] if found else None


def result_key(step: Step, prepared: Prepared) -> str:
    """Return what a result is filed under: all it depends on, or why there is none."""
    return prepared.key or f"{files_id(step)}: {prepared.text}: {prepared.why}"


def files_id(step: Step) -> str:
    """Return what a command's result is bound to: the tree and the tests beside it."""
    return step.present.tested.id


def _command(step: Step, prepared: Prepared, said: dict[str, str] | None) -> Item:
    state, proof = _settled(step, prepared, said)
    return Item(prepared.command.id, prepared.text, state, proof, mandatory=True)


def _settled(step: Step, prepared: Prepared, said: dict[str, str] | None) -> tuple[str, str]:
    if prepared.gate:
        return "verified" if step.standing.holds(prepared.gate) else "open", f"gate {prepared.gate}"
    result = command_result(step, prepared)
    if result and result["met"] is not None:
        return "verified" if result["met"] else "failed", result["why"]
    if said and result:
        return said["state"], said["evidence"]
    return "open", str(result["why"]) if result else "not run for the present files"


def _check(step: Step, check: Check, said: dict[str, str] | None, proven: dict[str, Item]) -> Item:
    if gate := proving_gate(step, check.gate, check.command):
        if step.standing.holds(gate):
            return Item(check.id, check.text, "verified", f"gate {gate}", check.mandatory)
    elif check.command and (found := proven.get(check.command)) and found.state in ("verified", "failed"):
        return Item(check.id, check.text, found.state, f"{found.id}: {found.proof}", check.mandatory)
    if said:
        return Item(check.id, check.text, said["state"], said["evidence"], check.mandatory)
    return Item(check.id, check.text, "open", "", check.mandatory)
