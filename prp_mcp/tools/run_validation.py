"""`run_validation`: run the PRP's own validation commands, without a shell, in a copy of the project."""

from typing import TYPE_CHECKING, Any

from pydantic import Field

from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Outcome, Tool
from prp_mcp.errors import UsageError
from prp_mcp.gates.order import Gate
from prp_mcp.journal.notes import CommandRun
from prp_mcp.suite.judgement import OpenRow, judged, open_rows

if TYPE_CHECKING:
    from prp_mcp.plan.model import Command
    from prp_mcp.suite.preparation import Prepared

TAIL = 300
"""Characters of a command's output in the result; the evidence has more."""


class ValidationArguments(Arguments):
    """Choose what to run; everything when nothing is chosen."""

    level: int | None = Field(None, ge=0, le=20, description="Run only this level.")
    command: str | None = Field(None, description="Run only the command with this id, again if it failed before.")


class CommandRow(Fields):
    """How a command stands: `met` is null where a reader must attest it; `without` names what was left out of it."""

    id: str
    gate: str = ""
    exit: int | None = None
    seconds: float = 0.0
    met: bool | None
    why: str
    counts: dict[str, int] = Field(default_factory=dict)
    unchecked: list[str] = Field(default_factory=list)
    without: str = ""
    tail: str = ""


class ValidationFields(Fields):
    """How each command ended and what is still open."""

    commands: list[CommandRow]
    open: list[OpenRow]
    sandbox: str = ""


def run_validation(step: Step, arguments: ValidationArguments) -> Outcome:
    """Run the chosen commands and judge the suite."""
    from prp_mcp.suite.approvals import ask
    from prp_mcp.suite.items import suite_items
    from prp_mcp.suite.preparation import prepare

    chosen = _chosen(step, arguments)
    ask(step, chosen)
    ended = [(each, _ended(step, each, again=arguments.command is not None)) for each in prepare(step, chosen)]
    rows = [_row(each, result) for each, result in ended]
    items = suite_items(step)
    fields = ValidationFields(commands=rows, open=open_rows(items))
    if sandboxes := sorted({result.sandbox for _, result in ended if result and result.sandbox}):
        fields = fields.model_copy(update={"sandbox": "; ".join(sandboxes)})
    return judged(step, items, fields, [row.id for row in rows if row.met is False])


def _chosen(step: Step, arguments: ValidationArguments) -> list["Command"]:
    plan = step.present.plan
    commands = list(plan.commands) if plan else []
    if arguments.command and arguments.command not in [item.id for item in commands]:
        known = ", ".join(item.id for item in commands) or "none"
        raise UsageError(f"there is no command {arguments.command[:80]!r}", remedy=f"The PRP's commands are: {known}.")
    return [item for item in commands if arguments.level in (None, item.level) and arguments.command in (None, item.id)]


def _ended(step: Step, prepared: "Prepared", *, again: bool) -> CommandRun | None:
    """Return the result of a command, running it unless that is known already; None where a gate proves it."""
    from prp_mcp.suite.execution import carry_out
    from prp_mcp.suite.items import command_result

    if prepared.gate:
        return None
    found = command_result(step, prepared)
    if found is None or _may_differ(found, again=again):
        step.caller.progress(f"{prepared.command.id}: {prepared.command.text[:80]}")
        found = carry_out(step, prepared)
        step.note(found)
    return found


def _row(prepared: "Prepared", result: CommandRun | None) -> CommandRow:
    if result is None:
        gate = prepared.gate or ""
        met = True if prepared.holds else None
        return CommandRow(id=prepared.command.id, gate=str(gate), met=met, why=f"proven by the {gate} gate")
    dropped = [program.dropped for program in prepared.programs if program.dropped and prepared.way == "programs"]
    told: dict[str, Any] = {
        "exit": result.exit,
        "seconds": result.seconds,
        "counts": result.counts,
        "unchecked": result.unchecked,
        "without": ", ".join(dropped),
        "tail": result.tail.strip()[-TAIL:],
    }
    kept = {name: value for name, value in told.items() if value or (name == "exit" and value is not None)}
    return CommandRow.model_validate({"id": prepared.command.id, "met": result.met, "why": result.why, **kept})


def _may_differ(found: CommandRun, *, again: bool) -> bool:
    """Return whether a recorded result is to be had anew: the same files pass or fail the same tests.

    What did not run to its end (a limit, a program that is not installed) says nothing of the files.
    """
    return found.met is not True and (again or found.exit is None or bool(found.stopped))


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
)
