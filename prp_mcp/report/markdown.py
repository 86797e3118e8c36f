"""The execution summary as Markdown: every sentence from a record, none that only says "passed"."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from prp_mcp.report.story import Story

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|])")


PRP_CHANGES = 20
"""Changes of the PRP that are told one by one."""


def render_markdown(story: Story) -> str:
    """Return the execution summary, ready to be committed beside the PRP."""
    parts = [
        f"# Execution summary: {_plain(story.title)}",
        _facts(story),
        "## Gates",
        _gates(story),
        "## Pipeline",
        _updates(story),
        "## Data quality",
        _quality(story),
        "## Governance",
        _governance(story),
        "## Resources",
        _resources(story),
        "## Validation suite and checklist",
        _items(story),
        "## Rollback",
        _rollback(story),
        "## Next steps",
        _next(story),
        "## Pull request",
        f"**{_plain(pr_title(story))}**",
        _pr_body(story),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def pr_title(story: Story) -> str:
    """Return a title for the pull request."""
    return f"{story.title} (PRP {story.prp})"[:120]


def _facts(story: Story) -> str:
    rows = [
        ("PRP", f"`PRPs/{story.prp}.md`"),
        ("Result", "all gates passed" if story.passed else f"not passed ({story.outcome})"),
        ("Execution date", story.began),
        ("Last record", story.ended),
        ("Target", _plain(story.target)),
        ("Workspace", _plain(story.host)),
        ("Identity", _plain(story.identity) or "unknown"),
        ("Base commit", f"`{story.base}`" if story.base else "unknown"),
        ("Bundle executable", _plain(story.bundle_cli) or "unknown"),
        ("Run", f"`{story.run}`, {'headless' if story.headless else 'led by an agent'}"),
        ("Journal head", f"`{story.head}`"),
    ]
    if story.policy_changed:
        rows.append(("Policy", "**changed during the run**"))
    if story.prp_changes:
        shown = "; ".join(_plain(change) for change in story.prp_changes[:PRP_CHANGES])
        left = len(story.prp_changes) - PRP_CHANGES
        rows.append(("PRP", f"**changed during the run**: {shown}" + (f"; {left} more" if left > 0 else "")))
    return _table(("", ""), rows)


def _gates(story: Story) -> str:
    rows = [
        (
            line.gate,
            line.verdict,
            str(line.attempts or ""),
            f"{line.seconds:.1f} s" if line.at else "",
            _plain(line.summary),
            f"#{line.seq}" if line.seq else "",
        )
        for line in story.gates
        if line.gate != "summary"
    ]
    table = _table(("Gate", "Verdict", "Steps", "Time", "Evidence", "Record"), rows)
    found = [
        f"- **{line.gate}**: {_plain(item.at)} {_plain(item.text)}"
        for line in story.gates
        if line.verdict != "passed"
        for item in line.findings[:10]
    ]
    return table + ("\n\n" + "\n".join(found) if found else "")


def _updates(story: Story) -> str:
    if not story.updates:
        return "No update was started."
    rows = [
        (item.pipeline, f"`{item.pipeline_id}`", f"`{item.update}`", item.state, item.started) for item in story.updates
    ]
    return _table(("Pipeline", "Id", "Update", "State", "Started"), rows)


def _quality(story: Story) -> str:
    if not story.datasets:
        return "Nothing was measured."
    rows = [
        (item.run.short, _number(item.run.rows), _number(item.run.dropped), item.run.state)
        for item in story.datasets
        if not item.run.is_view  # it writes nothing
    ]
    tables = [_table(("Dataset", "Rows written", "Records dropped", "State"), rows)]
    checks = [
        (
            f"{item.run.short}.{rule.name}", rule.action, _number(rule.passed), _number(rule.failed),
            _rate(rule.rate), _rate(rule.threshold),
        )
        for item in story.datasets
        for rule in item.expectations
    ]  # fmt: skip
    if checks:
        tables.append(_table(("Expectation", "Action", "Passed", "Failed", "Pass rate", "Demanded"), checks))
    return "\n\n".join(tables)


def _governance(story: Story) -> str:
    if not story.tables:
        return "No table was checked."
    rows = [
        (f"`{item.name}`", _plain(item.owner) or "none", _yes(item.documented), _yes(item.grants_ok))
        for item in story.tables
    ]
    return _table(("Table", "Owner", "Documented", "Grants as demanded"), rows)


def _resources(story: Story) -> str:
    if not story.resources:
        return "Nothing was deployed."
    rows = [(item.type, item.key, _plain(item.name), f"`{item.id}`", item.action) for item in story.resources]
    before = story.previous
    earlier = (
        "Nothing was deployed before." if before.kind == "none" else f"Deployed before: {before.kind} `{before.named}`."
    )
    return _table(("Type", "Key", "Name", "Id", "Action"), rows) + f"\n\n{earlier}"


def _items(story: Story) -> str:
    if not story.items:
        return "Not judged yet, or the PRP has no validation commands and no checklist."
    rows = [(item.id, item.state, _plain(item.text[:160]), _plain(item.proof[:200])) for item in story.items]
    said = [f"- sandbox of the commands: {_plain(told)}" for told in story.sandboxes]
    said += [
        f"- {'approved' if item.approved else 'declined'} by {_plain(item.by)}: `{_code(item.what)}`"
        for item in story.approvals
    ]
    return "\n\n".join(part for part in (_table(("Item", "State", "Text", "Proof"), rows), "\n".join(said)) if part)


def _rollback(story: Story) -> str:
    if story.rollback is None:
        return "Nothing was rolled back."
    lines = [f"Reason: {_plain(story.rollback.reason)}", ""]
    lines += [f"- {item.state}: {_plain(item.what)}" for item in story.rollback.steps]
    if story.rollback.branch:
        lines.append(f"- the changes are kept on branch `{story.rollback.branch}`")
    if tables := story.rollback.tables:
        lines += ["", f"Data written by the pipeline is not undone; tables written: {_plain(', '.join(tables))}."]
    return "\n".join(lines)


def _next(story: Story) -> str:
    if story.passed:
        return "- Review the changes and this summary, then open the pull request.\n- Promote to the next target."
    stuck = next((line for line in story.gates if line.verdict != "passed"), None)
    where = f"- Correct what the {stuck.gate} gate found, then run the PRP again." if stuck else ""
    return where or "- Look at the rollback, then run the PRP again."


def _pr_body(story: Story) -> str:
    passed = sum(line.verdict == "passed" for line in story.gates if line.gate != "summary")
    rows = sum(item.run.rows for item in story.datasets)
    rules = [rule for item in story.datasets for rule in item.expectations]
    lines = [
        _plain(story.goal),
        "",
        f"- {passed} of {len(story.gates) - 1} gates passed on target {_plain(story.target)}",
        f"- {len(story.resources)} resources deployed, {_number(rows)} rows written in {len(story.datasets)} datasets",
        f"- {len(rules)} expectations measured, {_number(sum(rule.failed for rule in rules))} violations",
        f"- evidence: run `{story.run}`, journal head `{story.head}`",
    ]
    return "\n".join(lines).strip()


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    return " ".join(str(value).split()).replace("|", "\\|") if "\\|" not in str(value) else " ".join(str(value).split())


def _plain(text: str) -> str:
    """Return text from outside with its Markdown taken out, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


def _code(text: str) -> str:
    """Return text for a code span, on one line."""
    return " ".join(text.split()).replace("`", "'")[:300]


def _number(value: int) -> str:
    return f"{value:,}"


def _rate(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.2%}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
