"""Compose a tool's result: keys in telling order, secrets masked, size bounded."""

import json
from typing import Any

from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Outcome, Tool
from prp_mcp.redaction import Redactor

FINDINGS_SHOWN = 10
TEXT_CAP = 600


def compose(tool: Tool, outcome: Outcome, step: Step, following: str, redactor: Redactor) -> dict[str, Any]:
    """Return the structured result, at most `tool.cap` bytes of JSON.

    Lists that do not fit are shortened and what was left out is counted under `omitted`; the whole is in the
    resource `run://{id}/evidence`.
    """
    findings = [
        {key: value for key, value in vars(finding).items() if value} for finding in outcome.findings[:FINDINGS_SHOWN]
    ]
    result = {
        "verdict": outcome.verdict.value,
        "gate": tool.gate.value if tool.gate else None,
        "summary": outcome.summary,
        **outcome.fields,
        "findings": findings,
        "findings_total": len(outcome.findings),
        "next": following,
        "run": step.run.id,
        "head": step.journal.head()[:12],
    }
    bounded: dict[str, Any] = _clipped(redactor.tree(result), TEXT_CAP)
    return _fitted(bounded, tool.cap)


def size(value: Any) -> int:
    """Return the bytes of `value` as compact JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _fitted(result: dict[str, Any], cap: int) -> dict[str, Any]:
    """Cut the largest list in half, again and again, until the result fits."""
    omitted: dict[str, int] = {}
    while size(result) > cap:
        name = max(
            (key for key, value in result.items() if isinstance(value, list) and value),
            key=lambda key: size(result[key]),
            default=None,
        )
        if name is None:
            clipped: dict[str, Any] = _clipped(result, 200)
            return clipped
        kept = len(result[name]) // 2
        omitted[name] = omitted.get(name, 0) + len(result[name]) - kept
        result = {**result, name: result[name][:kept], "omitted": omitted}
    return result


def _clipped(value: Any, cap: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= cap else f"{value[: cap - 20].rstrip()} ... ({len(value) - cap + 20} more)"
    if isinstance(value, dict):
        return {key: _clipped(item, cap) for key, item in value.items()}
    if isinstance(value, list):
        return [_clipped(item, cap) for item in value]
    return value
