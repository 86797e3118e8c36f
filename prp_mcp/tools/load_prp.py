"""`load_prp`: read the PRP, plan from it, begin or resume its run."""

from typing import Any

from pydantic import Field

from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Finding, Outcome, Tool, counted
from prp_mcp.errors import UsageError
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.journal.store import Kind
from prp_mcp.plan.model import Plan
from prp_mcp.plan.names import check_name
from prp_mcp.plan.sources import patterns, read_sources
from prp_mcp.plan.todos import todos
from prp_mcp.repo.snapshot import Snapshot

SOURCE_CAP = 1024 * 1024


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
    findings = tuple(
        Finding(f"PRPs/{plan.name}.md:{item.line}:{item.column}", f"{item.text[:120]} - {item.why}", item.fix)
        for item in sorted(plan.findings, key=lambda item: (item.severity != "error", item.line))
    )
    fields = {
        "resumed": any(record.kind is Kind.GATE for record in step.run.records),
        "title": plan.title,
        "goal": plan.goal,
        "todos": todos(plan),
        "context": _context(plan, step),
        "checks": [
            {"id": check.id, "text": check.text, "proof": _proof(check.gate, check.command)} for check in plan.checklist
        ],
        "validation": [
            {"id": item.id, "level": item.level, "command": item.text, "gate": item.gate} for item in plan.commands
        ],
        "bindings": sorted({binding.name for binding in plan.bindings}),
        "patterns": patterns(read_sources(source_texts(step.snapshot)), _bundle_facts(step)),
    }
    evidence = {"digest": plan.digest, "thresholds": dict(plan.thresholds), "checklist": _checklist(plan)}
    if errors:
        summary = f"PRP {plan.name} is not ready: {counted(len(errors), 'finding')} to mend."
        return Outcome(Verdict.FAILED, summary, fields, findings, evidence, _mend(plan))
    parts = (
        counted(len(plan.tasks), "task"),
        counted(len(plan.commands), "validation command"),
        counted(len(plan.checklist), "checklist item"),
    )
    return Outcome(Verdict.PASSED, f"PRP {plan.name} is complete: {', '.join(parts)}.", fields, findings, evidence)


def source_texts(snapshot: Snapshot) -> dict[str, str]:
    """Return the Python and SQL files of a snapshot by path, those of at most 1 MiB."""
    found = {}
    for file in snapshot.tree.files:
        path = snapshot.files / file.path
        if file.path.endswith((".py", ".sql")) and file.mode != "120000" and path.stat().st_size <= SOURCE_CAP:
            found[file.path] = path.read_text("utf-8", errors="replace")
    return found


def _context(plan: Plan, step: Step) -> list[dict[str, Any]]:
    root, top = step.present.root, step.present.repository.top
    items = []
    for item in plan.context:
        shown: dict[str, Any] = {"ref": item.ref, "why": item.why[:100]}
        if item.kind == "file":
            path = (root / item.ref.split(":")[0]).resolve()
            shown["exists"] = path.is_relative_to(top) and path.exists()
        items.append({key: value for key, value in shown.items() if value != ""})
    return items


def _bundle_facts(step: Step) -> dict[str, object]:
    try:
        bundle = step.present.bundle
    except UsageError:
        return {}  # validate_bundle reports a broken bundle, with the line
    return {"name": bundle.name, "variables": bundle.variables, "resources": bundle.resources}


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
