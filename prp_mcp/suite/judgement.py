"""Judge the whole suite as it stands: which items are left, which failed, whether that is evidence already."""

from collections.abc import Sequence

from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Fields, Finding, Outcome
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.journal.evidence import Item, SuiteEvidence


class OpenRow(Fields):
    """An item that keeps the suite from passing."""

    id: str
    state: str
    text: str


def judged(step: Step, items: Sequence[Item], fields: Fields, failed: Sequence[str] = ()) -> Outcome:
    """Judge the suite; it is evidence only when every gate before it holds. `failed` are commands that just failed."""
    from prp_mcp.suite.items import unsettled

    left = unsettled(items)
    record = step.standing.admit(Gate.SUITE) is None
    seen = SuiteEvidence(tuple(items))
    findings = tuple(map(_finding, left))
    if names := [item.id for item in left if item.state == "failed"] or failed:
        summary = f"The validation suite fails at {', '.join(names)}."
        return Outcome(Verdict.FAILED, summary, fields, findings, seen, record=record)
    if left:
        following = "Do them, then call record_check for each with its evidence; a person may waive one."
        summary = f"{len(left)} items are still open."
        return Outcome(Verdict.RUNNING, summary, fields, findings, seen, following, record=False)
    counts = ", ".join(
        f"{sum(item.state == state for item in items)} {state}" for state in ("verified", "attested", "waived")
    )
    verdict = Verdict.PASSED if record else Verdict.RUNNING
    return Outcome(verdict, f"{len(items)} items: {counts}.", fields, evidence=seen, record=record)


def open_rows(items: Sequence[Item]) -> list[OpenRow]:
    """Return the items that keep the suite from passing, as results show them."""
    from prp_mcp.suite.items import unsettled

    return [OpenRow(id=item.id, state=item.state, text=item.text[:120]) for item in unsettled(items)]


def _finding(item: Item) -> Finding:
    fix = "Correct it and run it again." if item.state == "failed" else f"record_check(item={item.id!r}, evidence=...)"
    return Finding(item.id, f"{item.state}: {item.text[:160]} {item.proof[:100]}".strip(), fix)
