"""`run_validation`: run the PRP's own validation commands, without a shell, in a copy of the project."""

from typing import Any

from pydantic import Field

from prp_mcp.engine.step import Step
from prp_mcp.engine.suite import Item, command_result, files_id, proving_gate, suite_items, unsettled
from prp_mcp.engine.tool import Arguments, Fields, Finding, Outcome, Tool
from prp_mcp.errors import UsageError
from prp_mcp.gates.commands import Blocked, invocations, why_not_allowed
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.plan.commands import stated_target
from prp_mcp.plan.model import Command
from prp_mcp.repo.scratch import CommandResult, run_command, scratch_copy


class ValidationArguments(Arguments):
    """Choose what to run; everything when nothing is chosen."""

    level: int | None = Field(None, ge=0, le=20, description="Run only this level.")
    command: str | None = Field(None, description="Run only the command with this id.")


class ValidationFields(Fields):
    """How each command ended and what is still open."""

    commands: list[dict[str, Any]]
    open: list[dict[str, str]]


def run_validation(step: Step, arguments: ValidationArguments) -> Outcome:
    """Run the chosen commands and judge the suite."""
    chosen = _chosen(step, arguments)
    results = [_shown(step, command) for command in chosen]
    step.refresh()
    return judged(step, results)


def judged(step: Step, results: list[dict[str, Any]]) -> Outcome:
    """Judge the whole suite; it is evidence only when every gate before it holds."""
    items = suite_items(step)
    left = unsettled(items)
    record = step.standing.admit(Gate.SUITE) is None
    fields = {
        "commands": results,
        "open": [{"id": item.id, "state": item.state, "text": item.text[:120]} for item in left],
    }
    evidence = {"items": [vars(item) for item in items]}
    failed = [item for item in left if item.state == "failed"]
    if failed or any(result["met"] is False for result in results):
        return Outcome(
            Verdict.FAILED, _failed(failed, results), fields, tuple(map(_finding, left)), evidence, record=record
        )
    if left:
        summary = f"{len(left)} items are still open."
        following = "Do them, then call record_check for each with its evidence; a person may waive one."
        return Outcome(Verdict.RUNNING, summary, fields, tuple(map(_finding, left)), evidence, following, record=False)
    counts = ", ".join(
        f"{sum(item.state == state for item in items)} {state}" for state in ("verified", "attested", "waived")
    )
    verdict = Verdict.PASSED if record else Verdict.RUNNING
    return Outcome(verdict, f"{len(items)} items: {counts}.", fields, evidence=evidence, record=record)


def _chosen(step: Step, arguments: ValidationArguments) -> list[Command]:
    plan = step.present.plan
    commands = list(plan.commands) if plan else []
    if arguments.command and arguments.command not in [item.id for item in commands]:
        known = ", ".join(item.id for item in commands) or "none"
        raise UsageError(f"there is no command {arguments.command!r}", remedy=f"The PRP's commands are: {known}.")
    return [item for item in commands if arguments.level in (None, item.level) and arguments.command in (None, item.id)]


def _shown(step: Step, command: Command) -> dict[str, Any]:
    if gate := proving_gate(step, command.gate, command.text):
        met = True if step.standing.holds(gate) else None
        return {"id": command.id, "gate": gate.value, "met": met, "why": f"proven by the {gate} gate"}
    cached = command_result(step, command.text)
    if not cached or not cached["met"]:
        step.waiter.progress(f"{command.id}: {command.text[:80]}")
        body = {"command": command.text, "id": command.id, "files": files_id(step), **_run(step, command)}
        step.effects.note(step.run, "command", body)
        cached = body
    kept = ("id", "exit", "seconds", "met", "why", "tail")
    shown = {name: cached[name] for name in kept if cached.get(name) not in (None, "")}
    return {**shown, "met": cached["met"], "tail": str(cached.get("tail", ""))[-300:]}


def _run(step: Step, command: Command) -> dict[str, Any]:
    elsewhere = f"it is for target {stated_target(command.text)!r}" if command.gate else None
    blocked = command.blocked or elsewhere
    planned = Blocked(blocked) if blocked else invocations(command.text)
    if isinstance(planned, Blocked):
        return {"exit": None, "met": None, "why": f"not run: {planned.why}"}
    extra = step.present.policy.validation.allowed
    if why := next((text for item in planned if (text := why_not_allowed(item, extra))), ""):
        return {"exit": None, "met": None, "why": f"not run: {why}"}
    result = CommandResult(None, 0.0, "")
    seconds = 0.0
    with scratch_copy(step.present.repository, step.present.tested) as copy:
        for item in planned:
            folder = copy / step.present.inside / item.folder
            environment = {**step.settings.child_environment(), **dict(item.environment)}
            result = run_command(item.argv, folder, environment, step.present.policy.limits.command_seconds)
            seconds += result.seconds
            if result.exit != 0:
                break
    why = "ran into its time limit" if result.timed_out else ""
    met = None if result.exit is None else result.exit == 0 and not result.timed_out
    return {"exit": result.exit, "seconds": round(seconds, 1), "met": met, "why": why, "tail": result.tail}


def _finding(item: Item) -> Finding:
    fix = "Mend it and run it again." if item.state == "failed" else f"record_check(item={item.id!r}, evidence=...)"
    return Finding(item.id, f"{item.state}: {item.text[:160]} {item.proof[:100]}".strip(), fix)


def _failed(failed: list[Item], results: list[dict[str, Any]]) -> str:
    names = ", ".join([item.id for item in failed] or [result["id"] for result in results if result["met"] is False])
    return f"The validation suite fails at {names}."


TOOL = Tool(
    name="run_validation",
    title="Run the PRP's validation suite",
    description="Run the validation commands of the PRP (all, one level, or one id) without a shell in a copy of the "
    "project; commands that stand for a gate are proven by it. What cannot be run stays open for record_check.",
    arguments=ValidationArguments,
    fields=ValidationFields,
    run=run_validation,
    kind="files",
    gate=Gate.SUITE,
    opens_with=Gate.ENVIRONMENT,
    budget=600,
)
