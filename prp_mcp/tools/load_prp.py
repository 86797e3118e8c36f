"""`load_prp`: read the PRP, plan from it, begin or resume its run."""

from collections.abc import Iterable
from typing import Any

from pydantic import Field

from prp_mcp.code.sources import shortened
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Finding, Outcome, Tool, counted
from prp_mcp.errors import UsageError
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.journal.store import Kind
from prp_mcp.plan.model import Finding as PlanFinding
from prp_mcp.plan.model import Plan
from prp_mcp.plan.names import check_name
from prp_mcp.plan.todos import todos
from prp_mcp.steps.context import resolved_context
from prp_mcp.steps.sources import code_patterns

PATTERNS_CAP = 1500
"""Bytes of the patterns in the result, so that todos and context have room in it."""


class LoadArguments(Arguments):
    """Name the PRP and, if it is not the policy's, the target."""

    prp: str = Field(description="Name of the PRP: PRPs/NAME.md, without folder and ending.")
    target: str | None = Field(None, description="Bundle target; the policy's (dev) when left out.")
    restart: bool = Field(False, description="Abandon the open run of this PRP and begin anew.")


class LoadFields(Fields):
    """The plan as an agent needs it."""

    resumed: bool
    title: str
    goal: str
    todos: list[dict[str, Any]]
    context: list[dict[str, Any]]
    checks: list[dict[str, Any]]
    validation: list[dict[str, Any]]
    bindings: list[str]
    patterns: dict[str, Any]


def load_prp(step: Step, arguments: LoadArguments) -> Outcome:
    """Judge the PRP's completeness and return its plan."""
    plan = step.present.plan
    if plan is None:
        raise UsageError(f"there is no PRP {check_name(arguments.prp)!r} in PRPs/", remedy="Create PRPs/NAME.md.")
    errors = [item for item in plan.findings if item.severity == "error"]
    context, notes = resolved_context(plan, step)
    found = code_patterns(step)
    shown, cut = shortened(found, PATTERNS_CAP)
    findings = _findings(plan, notes)
    fields = {
        "resumed": any(record.kind is Kind.GATE for record in step.run.records),
        "title": plan.title,
        "goal": plan.goal,
        "todos": todos(plan),
        "context": context,
        "checks": [
            {"id": check.id, "text": check.text, "proof": _proof(check.gate, check.command)} for check in plan.checklist
        ],
        "validation": [
            {
                "id": item.id,
                "level": item.level,
                "command": item.text,
                "gate": item.gate,
                **({"blocked": item.blocked} if item.blocked else {}),
            }
            for item in plan.commands
        ],
        "bindings": sorted({binding.name for binding in plan.bindings}),
        "patterns": shown,
    }
    evidence = {
        "digest": plan.digest,
        "thresholds": dict(plan.thresholds),
        "checklist": _checklist(plan),
        "commands": [{"text": item.text[:300], "expected": item.expected} for item in plan.commands],
    }
    evidence |= {"patterns": found} if cut else {}
    if errors:
        summary = f"PRP {plan.name} is not ready: {counted(len(errors), 'finding')} to mend."
        return Outcome(Verdict.FAILED, summary, fields, findings, evidence, _mend(plan))
    parts = (
        counted(len(plan.tasks), "task"),
        counted(len(plan.commands), "validation command"),
        counted(len(plan.checklist), "checklist item"),
    )
    shortened_note = f" Patterns are shortened ({', '.join(cut)}); the evidence has more." if cut else ""
    summary = f"PRP {plan.name} is complete: {', '.join(parts)}.{shortened_note}"
    return Outcome(Verdict.PASSED, summary, fields, findings, evidence)


def _findings(plan: Plan, notes: Iterable[PlanFinding]) -> tuple[Finding, ...]:
    return tuple(
        Finding(f"PRPs/{plan.name}.md:{item.line}:{item.column}", f"{item.text[:120]} - {item.why}", item.fix)
        for item in sorted([*plan.findings, *notes], key=lambda item: (item.severity != "error", item.line))
        if item.rule != "command-binding"  # `bindings` has them
    )


def _checklist(plan: Plan) -> list[dict[str, Any]]:
    return [{"id": check.id, "text": check.text[:300], "mandatory": check.mandatory} for check in plan.checklist]


def _proof(gate: str | None, command: str | None) -> str:
    if gate:
        return f"gate {gate}"
    return f"command {command}" if command else "record_check"


def _mend(plan: Plan) -> str:
    return f"Mend PRPs/{plan.name}.md, then call load_prp again (same run)."


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
    budget=5,
    cap=6000,
)
