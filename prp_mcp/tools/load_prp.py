"""`load_prp`: read the PRP, plan from it, begin or resume its run."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydantic import Field

from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Beginning, Fields, Finding, Outcome, Tool, counted
from prp_mcp.errors import UsageError
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.journal.evidence import PrpEvidence, StatedCheck, StatedCommand
from prp_mcp.steps.context import ContextRow, resolved_context
from prp_mcp.steps.sources import code_patterns

if TYPE_CHECKING:
    from prp_mcp.plan.model import Check, Command, Plan, PrpFinding

PATTERNS_CAP = 1500
"""Bytes of the patterns in the result, so that todos and context have room in it."""


class LoadArguments(Arguments):
    """Name the PRP and, if it is not the policy's, the target."""

    prp: str = Field(description="Name of the PRP: PRPs/NAME.md, with or without folder and ending.")
    target: str | None = Field(None, description="Bundle target; the policy's (dev) when left out.")
    restart: bool = Field(False, description="Abandon the open run of this PRP and begin anew.")


class CheckRow(Fields):
    """A checklist item and how it is proven."""

    id: str
    text: str
    proof: str


class StatedCommandRow(Fields):
    """A validation command, the gate it stands for, and why it cannot be run."""

    id: str
    level: int
    command: str
    gate: str | None
    blocked: str = ""


class LoadFields(Fields):
    """The plan as an agent needs it."""

    resumed: bool
    title: str
    goal: str
    todos: list[dict[str, str]]
    context: list[ContextRow]
    checks: list[CheckRow]
    validation: list[StatedCommandRow]
    bindings: list[str]
    patterns: dict[str, Any]


def load_prp(step: Step, _: LoadArguments) -> Outcome:
    """Judge the PRP's completeness and return its plan."""
    from prp_mcp.code.sources import shortened
    from prp_mcp.plan.todos import todos

    plan = step.present.plan
    if plan is None:
        raise UsageError(f"{step.present.prp.path} is gone", remedy="Create it again, then call load_prp.")
    context, notes = resolved_context(plan, step)
    patterns = code_patterns(step)
    shown, cut = shortened(patterns, PATTERNS_CAP)
    fields = LoadFields(
        resumed=bool(step.run.gates),
        title=plan.title,
        goal=plan.goal,
        todos=todos(plan),
        context=context,
        checks=[CheckRow(id=check.id, text=check.text, proof=_proof(check)) for check in plan.checklist],
        validation=[command_row(item) for item in plan.commands],
        bindings=sorted({binding.name for binding in plan.bindings}),
        patterns=shown,
    )
    seen = PrpEvidence(
        title=plan.title,
        goal=plan.goal,
        digest=plan.digest,
        thresholds=dict(plan.thresholds),
        commands=tuple(StatedCommand(item.text[:300], item.expected) for item in plan.commands),
        checklist=tuple(StatedCheck(check.id, check.text[:300], check.mandatory) for check in plan.checklist),
        patterns=patterns if cut else {},
    )
    findings = _findings(step.present.prp.path, plan, notes)
    if errors := [item for item in plan.findings if item.severity == "error"]:
        summary = f"PRP {plan.name} is not ready: {counted(len(errors), 'finding')} to correct."
        following = f"Correct {step.present.prp.path}, then call load_prp again (same run)."
        return Outcome(Verdict.FAILED, summary, fields, findings, seen, following)
    parts = (
        counted(len(plan.tasks), "task"),
        counted(len(plan.commands), "validation command"),
        counted(len(plan.checklist), "checklist item"),
    )
    shortened_note = f" Patterns are shortened ({', '.join(cut)}); the evidence has more." if cut else ""
    summary = f"PRP {plan.name} is complete: {', '.join(parts)}.{shortened_note}"
    return Outcome(Verdict.PASSED, summary, fields, findings, seen)


def command_row(item: "Command") -> StatedCommandRow:
    """Return a validation command as the result shows it."""
    row = StatedCommandRow(id=item.id, level=item.level, command=item.text, gate=item.gate)
    return row.model_copy(update={"blocked": item.blocked}) if item.blocked else row


def _findings(path: str, plan: "Plan", notes: Iterable["PrpFinding"]) -> tuple[Finding, ...]:
    return tuple(
        Finding(f"{path}:{item.line}:{item.column}", f"{item.text[:120]} - {item.why}", item.fix)
        for item in sorted([*plan.findings, *notes], key=lambda item: (item.severity != "error", item.line))
        if item.rule != "command-binding"  # `bindings` has them
    )


def _proof(check: "Check") -> str:
    if check.gate:
        return f"gate {check.gate}"
    return f"command {check.command}" if check.command else "record_check"


def _begins(arguments: LoadArguments) -> Beginning:
    return Beginning(arguments.prp, arguments.target, arguments.restart)


TOOL = Tool(
    name="load_prp",
    title="Load a PRP",
    description="Begin or resume the run of a PRP: checks that it is complete and returns its todos (TodoWrite form, "
    "in order), context, validation commands, checklist and the patterns of the code base. Call it first.",
    arguments=LoadArguments,
    fields=LoadFields,
    run=load_prp,
    kind="read",
    gate=Gate.PRP,
    begins=_begins,
    cap=6000,
)
