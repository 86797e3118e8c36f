"""`record_check`: attest a checklist item that no gate and no command proves."""

from typing import Any

from pydantic import Field

from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Outcome, Tool
from prp_mcp.errors import UsageError
from prp_mcp.gates.order import TOOL_OF, Gate
from prp_mcp.suite.items import ITEM_STATES, Item, command_result, files_id, subject_of, suite_items
from prp_mcp.suite.preparation import prepare
from prp_mcp.tools.run_validation import judged


class CheckArguments(Arguments):
    """Say which item, and what proves it."""

    item: str = Field(description="Id of the checklist item or command, such as C3 or L2.1.")
    evidence: str = Field(min_length=10, max_length=1000, description="What you did and saw, for the summary.")


class CheckFields(Fields):
    """How many items stand where."""

    checks: dict[str, int]
    commands: list[dict[str, Any]]
    open: list[dict[str, str]]


def record_check(step: Step, arguments: CheckArguments) -> Outcome:
    """Record the agent's attestation; it never turns a failing command into a passing one."""
    items = {item.id: item for item in suite_items(step)}
    found = items.get(arguments.item)
    if found is None:
        raise UsageError(f"there is no item {arguments.item!r}", remedy=f"Items are: {', '.join(items) or 'none'}.")
    if found.state == "failed":
        raise UsageError(
            f"{found.id} was run and failed ({found.proof}); words do not mend it",
            remedy="Mend the code, then call run_validation again.",
        )
    _refuse_shortcut(step, found)
    if found.state != "verified":
        body = {
            "item": found.id,
            "state": "attested",
            "evidence": arguments.evidence,
            "about": subject_of(step, found.id),
            "text": found.text[:300],
            "files": files_id(step),
        }
        step.effects.note(step.run, "check", body)
        step.refresh()
    outcome = judged(step, [])
    states = [item["state"] for item in outcome.evidence["items"]]
    counts = {state: states.count(state) for state in (*ITEM_STATES, "failed")}
    return Outcome(
        outcome.verdict, f"{found.id} is {'verified' if found.state == 'verified' else 'attested'}. {outcome.summary}",
        {"checks": counts, **outcome.fields}, outcome.findings, outcome.evidence, outcome.next, outcome.record,
    )  # fmt: skip


def _refuse_shortcut(step: Step, found: Item) -> None:
    """Refuse to attest what is to be run or passed instead."""
    plan = step.present.plan
    mine = [command for command in plan.commands if command.id == found.id] if plan else []
    for prepared in prepare(step, mine):
        if prepared.gate:
            if not prepared.holds:
                tool = TOOL_OF[prepared.gate]
                raise UsageError(f"{found.id} is proven by the {prepared.gate} gate alone", remedy=f"Call {tool}.")
        elif command_result(step, prepared) is None:
            raise UsageError(f"{found.id} was not run for the present files", remedy="Call run_validation first.")


TOOL = Tool(
    name="record_check",
    title="Attest a checklist item",
    description="Attest a checklist item or a command that could not be run, with your evidence. The summary shows "
    "it as attested, not verified.",
    arguments=CheckArguments,
    fields=CheckFields,
    run=record_check,
    kind="read",
    gate=Gate.SUITE,
    opens_with=Gate.ENVIRONMENT,
    budget=5,
)
