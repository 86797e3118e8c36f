"""Builds PRPs for tests: a sound one, of which single parts are replaced."""

from prp_mcp.plan.model import Plan, PrpFinding
from prp_mcp.plan.reading import read_plan

CONTEXT = "- `src/pipelines/bronze/orders.py` - the pattern to follow"
BLUEPRINT = "### Task 1: Create the bronze table\n\nCREATE `src/pipelines/bronze/returns.py`"
VALIDATION = "### Level 1\n\n```bash\npytest tests\n```"


def prp(
    *,
    goal: str = "Report returns per day.",
    context: str = CONTEXT,
    blueprint: str = BLUEPRINT,
    validation: str = VALIDATION,
    rest: str = "",
) -> str:
    """Return a PRP with the given bodies."""
    return (
        f"# Returns\n\n## Goal\n\n{goal}\n\n## All Needed Context\n\n{context}\n\n"
        f"## Implementation Blueprint\n\n{blueprint}\n\n## Validation Loop\n\n{validation}\n\n{rest}\n"
    )


def plan(**parts: str) -> Plan:
    """Read a PRP with the given bodies."""
    return read_plan(prp(**parts), "returns")


def errors(found: Plan) -> list[PrpFinding]:
    """Return the findings that make a plan unsound."""
    return [finding for finding in found.findings if finding.severity == "error"]


def rules(found: Plan) -> set[str]:
    """Return the names of the rules that found something."""
    return {finding.rule for finding in found.findings}


def line_of(text: str, part: str) -> int:
    """Return the line on which `part` stands first."""
    return text[: text.index(part)].count("\n") + 1
