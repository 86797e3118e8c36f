"""Judge the PRP's own validation suite: every command and every mandatory checklist item must be settled."""

from collections.abc import Mapping, Sequence

from prp_mcp.commands.bindings import filled
from prp_mcp.digest import digest
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import counted
from prp_mcp.errors import UsageError
from prp_mcp.expected.judgement import Observed, hold_against
from prp_mcp.gates.judge import Standing
from prp_mcp.gates.order import Gate
from prp_mcp.journal.evidence import Item, ItemState
from prp_mcp.journal.notes import Attestation, CommandRun
from prp_mcp.plan.model import Check, Command
from prp_mcp.suite.known_values import known_values
from prp_mcp.suite.preparation import Prepared, prepare, why_not_by_gate

GATE_SAYS = {
    Gate.BUNDLE: "Validation OK!",
    Gate.DEPLOYMENT: "Deployment complete!",
    Gate.EXECUTION: "COMPLETED",
}
"""What the CLI prints when a command whose work a gate has done ends well."""


def suite_items(step: Step) -> list[Item]:
    """Return every command and checklist item with its present state."""
    plan = step.present.plan
    if plan is None:
        return []
    notes = step.run.notes(Attestation)
    said = {note.about: note for note in notes if note.state == "waived" or note.files == files_id(step)}
    prepared = prepare(step, plan.commands)
    commands = [_command(step, each, said.get(subject(each.command))) for each in prepared]
    proven = {each.command.text: item for each, item in zip(prepared, commands, strict=True)}
    values, standing = known_values(step), step.standing
    demanded = step.present.policy.validation.checklist == "required"
    checks = []
    for check in plan.checklist:
        state, proof = _by_command(step, standing, check, values, proven) or _by_word(said.get(subject(check)))
        checks.append(Item(check.id, check.text, state, proof, check.mandatory and demanded))
    return commands + checks


def item_called(items: Sequence[Item], name: str) -> Item:
    """Return the item whose id is `name`. Raises UsageError when there is none."""
    listed = {item.id: item for item in items}
    if name not in listed:
        raise UsageError(f"there is no item {name[:80]!r}", remedy=f"Items are: {', '.join(listed) or 'none'}.")
    return listed[name]


def subject(item: Command | Check) -> str:
    """Return what is attested or waived: the whole text and expectation, for an id only says where it stands."""
    return digest([item.text, item.expected if isinstance(item, Command) else None])


def subject_of(step: Step, item: Item) -> str:
    """Return the subject of a command or checklist item of the plan."""
    plan = step.present.plan
    everything: tuple[Command | Check, ...] = (*plan.commands, *plan.checklist) if plan else ()
    return next(subject(each) for each in everything if each.id == item.id)


def unsettled(items: Sequence[Item]) -> list[Item]:
    """Return the mandatory items that keep the suite gate closed."""
    return [item for item in items if item.mandatory and item.state in ("open", "failed")]


def command_result(step: Step, prepared: Prepared) -> CommandRun | None:
    """Return the latest result of a command for the present files and workspace, or None."""
    found = command_results(step, prepared)
    return found[-1] if found else None


def command_results(step: Step, prepared: Prepared) -> list[CommandRun]:
    """Return every result of a command for the present files and workspace, oldest first."""
    key = result_key(step, prepared)
    return [note for note in step.run.notes(CommandRun) if note.key == key]


def result_key(step: Step, prepared: Prepared) -> str:
    """Return what a result is filed under: all it depends on, or why there is none."""
    return prepared.key or f"{files_id(step)}: {prepared.text}: {prepared.why}"


def files_id(step: Step) -> str:
    """Return what a command's result is bound to: the tree and the tests beside it."""
    return step.present.tested.id


def _command(step: Step, prepared: Prepared, said: Attestation | None) -> Item:
    command = prepared.command
    if prepared.gate:
        state, proof = _by_gate(prepared.gate, prepared, said)
    else:
        state, proof = _by_result(command_results(step, prepared), said)
    return Item(command.id, prepared.text, state, proof, mandatory=True)


def _by_result(results: Sequence[CommandRun], said: Attestation | None) -> tuple[ItemState, str]:
    if not results:
        return "open", "not run for the present files"
    result = results[-1]
    if result.met is None:
        return _by_word(said) if said else ("open", result.why)
    failed = sum(each.met is False for each in results[:-1])
    more = f"; failed {counted(failed, 'time')} before, with the same files" if failed and result.met else ""
    return "verified" if result.met else "failed", f"{result.why}{more}"


def _by_gate(gate: Gate, prepared: Prepared, said: Attestation | None) -> tuple[ItemState, str]:
    """A gate proves that the command's work was done; what else the PRP expects of its output it does not."""
    if not prepared.holds:
        return "open", f"gate {gate}"
    judgement = hold_against(prepared.command.expected, Observed(0, GATE_SAYS.get(gate, "")))
    if judgement.verdict == "met":
        return "verified", f"gate {gate}"
    if said:
        return said.state, f"gate {gate}; {said.evidence}"
    return "open", f"gate {gate} holds; attest that: {prepared.command.expected}"[:300]


def _by_command(
    step: Step, standing: Standing, check: Check, values: Mapping[str, str], proven: Mapping[str, Item]
) -> tuple[ItemState, str] | None:
    """Return the state of a check box whose own command settles it, or None."""
    if check.gate and check.shell and not why_not_by_gate(step, check.gate, filled(check.shell, values)):
        return ("verified", f"gate {check.gate}") if standing.holds(Gate(check.gate)) else None
    found = proven.get(check.command or "")
    return (found.state, f"{found.id}: {found.proof}") if found and found.state in ("verified", "failed") else None


def _by_word(said: Attestation | None) -> tuple[ItemState, str]:
    return (said.state, said.evidence) if said else ("open", "")
