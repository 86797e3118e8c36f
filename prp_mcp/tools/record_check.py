"""`record_check`: attest a checklist item that no gate and no command proves."""

from collections import Counter
from dataclasses import replace

from pydantic import Field

from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Outcome, Tool
from prp_mcp.errors import UsageError
from prp_mcp.gates.order import TOOL_OF, Gate
from prp_mcp.journal.evidence import Item
from prp_mcp.journal.notes import Attestation
from prp_mcp.suite.judgement import OpenRow, judged, open_rows


class CheckArguments(Arguments):
    """Say which item, and what proves it."""

    item: str = Field(description="Id of the checklist item or command, such as C3 or L2.1.")
    evidence: str = Field(min_length=10, max_length=1000, description="What you did and saw, for the summary.")


class CheckFields(Fields):
    """How many items stand where, and which are left."""

    checks: dict[str, int]
    open: list[OpenRow]


def record_check(step: Step, arguments: CheckArguments) -> Outcome:
    """Record the agent's attestation; it never turns a failing command into a passing one."""
    from prp_mcp.suite.items import files_id, item_called, subject_of, suite_items

    found = item_called(suite_items(step), arguments.item)
    if found.state == "failed":
        raise UsageError(
            f"{found.id} was run and failed ({found.proof}); an attestation cannot settle that",
            remedy="Correct the code, then call run_validation again.",
        )
    _refuse_shortcut(step, found)
    if found.state != "verified":
        about = subject_of(step, found)
        step.note(Attestation(found.id, about, "attested", arguments.evidence, found.text[:300], files_id(step)))
    items = suite_items(step)
    counts = Counter({"verified": 0, "attested": 0, "waived": 0, "open": 0, "failed": 0})
    counts.update(item.state for item in items)
    outcome = judged(step, items, CheckFields(checks=counts, open=open_rows(items)))
    said = "verified" if found.state == "verified" else "attested"
    return replace(outcome, summary=f"{found.id} is {said}. {outcome.summary}")


def _refuse_shortcut(step: Step, found: Item) -> None:
    """Refuse to attest what is to be run or passed instead."""
    from prp_mcp.suite.items import command_result
    from prp_mcp.suite.preparation import prepare

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
)
