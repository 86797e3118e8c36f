"""`run_validation`: run the PRP's own validation commands, without a shell, in a copy of the project."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Finding, Outcome, Tool
from prp_mcp.errors import UsageError
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.plan.model import Command
from prp_mcp.suite.approvals import ask
from prp_mcp.suite.execution import as_note, carry_out
from prp_mcp.suite.items import Item, command_result, files_id, result_key, suite_items, unsettled
from prp_mcp.suite.preparation import Prepared, prepare

TAIL = 300
"""Characters of a command's output in the result; the evidence has more."""


class ValidationArguments(Arguments):
    """Choose what to run; everything when nothing is chosen."""

    level: int | None = Field(None, ge=0, le=20, description="Run only this level.")
    command: str | None = Field(None, description="Run only the command with this id, again if it failed before.")


class ValidationFields(Fields):
    """How each command ended and what is still open."""

    commands: list[dict[str, Any]]
    open: list[dict[str, str]]
    sandbox: str | None = None


def run_validation(step: Step, arguments: ValidationArguments) -> Outcome:
    """Run the chosen commands and judge the suite."""
    chosen = _chosen(step, arguments)
    ask(step, chosen)
    results = [_shown(step, each, again=arguments.command is not None) for each in prepare(step, chosen)]
    step.refresh()
    return judged(step, results)


def judged(step: Step, results: Sequence[dict[str, Any]]) -> Outcome:
    """Judge the whole suite; it is evidence only when every gate before it holds."""
    items = suite_items(step)
    left = unsettled(items)
    record = step.standing.admit(Gate.SUITE) is None
    fields: dict[str, Any] = {
        "commands": [{key: value for key, value in result.items() if key != "sandbox"} for result in results],
        "open": [{"id": item.id, "state": item.state, "text": item.text[:120]} for item in left],
    }
    if sandboxes := sorted({result["sandbox"] for result in results if result.get("sandbox")}):
        fields["sandbox"] = "; ".join(sandboxes)
    evidence = {"items": [vars(item) for item in items]}
    findings = tuple(map(_finding, left))
    failed = [item for item in left if item.state == "failed"]
    if failed or any(result["met"] is False for result in results):
        return Outcome(Verdict.FAILED, _failed(failed, results), fields, findings, evidence, record=record)
    if left:
        summary = f"{len(left)} items are still open."
        following = "Do them, then call record_check for each with its evidence; a person may waive one."
        return Outcome(Verdict.RUNNING, summary, fields, findings, evidence, following, record=False)
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


def _shown(step: Step, prepared: Prepared, *, again: bool) -> dict[str, Any]:
    command = prepared.command
    if gate := prepared.gate:
        met = True if prepared.holds else None
        return {"id": command.id, "gate": gate.value, "met": met, "why": f"proven by the {gate} gate"}
    found = command_result(step, prepared)
    if found is None or _may_differ(found, again=again):
        step.waiter.progress(f"{command.id}: {command.text[:80]}")
        told = {"command": command.text, "text": prepared.text, "id": command.id, "files": files_id(step)}
        found = {**told, "key": result_key(step, prepared), **as_note(carry_out(step, prepared))}
        step.effects.note(step.run, "command", found)
    kept = ("exit", "seconds", "met", "why", "counts", "unchecked", "sandbox")
    shown = {name: found[name] for name in kept if name == "met" or found.get(name) not in (None, "")}
    dropped = [program.dropped for program in prepared.programs if program.dropped]
    note = {"without": ", ".join(dropped)} if dropped and prepared.way == "programs" else {}
    return {"id": command.id, **shown, **note, "tail": str(found.get("tail", "")).strip()[-TAIL:]}


def _may_differ(found: dict[str, Any], *, again: bool) -> bool:
    """Return whether a recorded result is to be had anew: the same files pass or fail the same tests.

    What did not run to its end (a limit, a program that is not installed) says nothing of the files.
    """
    return found["met"] is not True and (again or found.get("exit") is None or bool(found.get("stopped")))


def _finding(item: Item) -> Finding:
    fix = "Mend it and run it again." if item.state == "failed" else f"record_check(item={item.id!r}, evidence=...)"
    return Finding(item.id, f"{item.state}: {item.text[:160]} {item.proof[:100]}".strip(), fix)


def _failed(failed: Sequence[Item], results: Sequence[dict[str, Any]]) -> str:
    names = ", ".join([item.id for item in failed] or [result["id"] for result in results if result["met"] is False])
    return f"The validation suite fails at {names}."


TOOL = Tool(
    name="run_validation",
    title="Run the PRP's validation suite",
    description="Run the validation commands of the PRP (all, one level, or one id) without a shell, in a sandboxed "
    "copy of the project, and hold each result against its `# Expected:` note; SQL checks run read-only on the "
    "workspace; commands that stand for a gate are proven by it. What cannot be run or decided stays open for "
    "record_check.",
    arguments=ValidationArguments,
    fields=ValidationFields,
    run=run_validation,
    kind="files",
    gate=Gate.SUITE,
    opens_with=Gate.ENVIRONMENT,
    budget=600,
)
