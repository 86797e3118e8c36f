"""A tool's result: typed for who works with it here, and as JSON in telling order, masked and bounded, for clients."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

from pydantic import ValidationError

from prp_mcp.engine.tool import Fields, Outcome
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.journal.evidence import Finding
from prp_mcp.redaction import Redactor

FieldsT = TypeVar("FieldsT", bound=Fields)

FINDINGS_SHOWN = 10
TEXT_CAP = 600


@dataclass(frozen=True)
class Result:
    """What a call of a tool led to, without secrets; `cap` bounds its JSON, in bytes."""

    gate: Gate | None
    outcome: Outcome
    next: str
    run: str
    head: str
    cap: int

    @property
    def verdict(self) -> Verdict:
        """Return how the step ended."""
        return self.outcome.verdict

    @property
    def summary(self) -> str:
        """Return the one sentence that tells it."""
        return self.outcome.summary

    @property
    def fields(self) -> Fields:
        """Return the tool's own fields."""
        return self.outcome.fields

    def own(self, kind: type[FieldsT]) -> FieldsT:
        """Return the tool's own fields as what they are declared to be."""
        assert isinstance(self.fields, kind)
        return self.fields

    @property
    def structured(self) -> dict[str, Any]:
        """Return the JSON object clients are given, at most `cap` bytes of it.

        Lists that do not fit are shortened and what was left out is counted under `omitted`; the whole is in the
        resource `run://{id}/evidence`.
        """
        outcome = self.outcome
        findings = [
            {key: value for key, value in asdict(finding).items() if value}
            for finding in outcome.findings[:FINDINGS_SHOWN]
        ]
        result = {
            "verdict": outcome.verdict.value,
            "gate": self.gate.value if self.gate else None,
            "summary": outcome.summary,
            **shown(outcome.fields),
            **({"left_behind": True} if outcome.left_behind else {}),
            **({} if outcome.rolled_back is None else {"rollback": [asdict(step) for step in outcome.rolled_back]}),
            "findings": findings,
            "findings_total": len(outcome.findings),
            "next": self.next,
            "run": self.run,
            "head": self.head,
        }
        return _fitted(_clipped(result, TEXT_CAP), self.cap)


def masked(outcome: Outcome, redactor: Redactor) -> Outcome:
    """Return `outcome` with every text in it that is shown redacted."""
    text = redactor.text
    return replace(
        outcome,
        summary=text(outcome.summary),
        fields=_masked(outcome.fields, redactor),
        findings=tuple(Finding(text(item.at), text(item.text), text(item.fix)) for item in outcome.findings),
        rolled_back=outcome.rolled_back and tuple(replace(step, what=text(step.what)) for step in outcome.rolled_back),
    )


def _masked(fields: Fields, redactor: Redactor) -> Fields:
    kept = redactor.tree(shown(fields))
    try:
        return type(fields).model_validate(kept)
    except ValidationError:  # a secret that is a word of ours ("unverified"): the step is done, and must be told
        return type(fields).model_construct(**kept)


def shown(fields: Fields) -> dict[str, Any]:
    """Return a tool's own fields as JSON-like data; what was not set is left out."""
    return fields.model_dump(mode="json", exclude_unset=True)


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
