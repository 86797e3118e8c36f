"""What `prp-mcp check` found, as text for people, JSON lines, GitHub annotations and a SARIF log."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from prp_mcp import __version__
from prp_mcp.engine.tool import counted
from prp_mcp.plan.model import Plan, PrpFinding

SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

RULES = {
    "command-binding": "A command needs a value that is known only at run time",
    "command-blocked": "A validation command cannot be run as it is written",
    "command-cannot-fail": "A validation command succeeds whatever happens",
    "command-excess": "There are more validation commands than can be run",
    "command-none": "A shell block holds no commands",
    "command-outdated": "The current Databricks CLI has no such command",
    "fence-open": "A code block is never closed",
    "placeholder": "A template's placeholder is still to be filled in",
    "section-alias": "A section's name differs from the template's",
    "section-empty": "A section has no content",
    "section-missing": "A section that every PRP needs is missing",
    "section-name": "A heading comes close to the name of a section",
    "task-cycle": "Tasks wait for each other",
    "task-excess": "There are more tasks than can be planned",
    "task-none": "The blueprint has no tasks",
    "task-twice": "Two tasks have the same name",
    "task-unknown-dependency": "A task depends on one that does not exist",
    "threshold-block": "The thresholds cannot be read",
    "threshold-differs": "The PRP states different rates for the same thing",
    "threshold-rate": "A rate is not between 0 and 100 percent",
    "unreadable": "A PRP cannot be read",
    "validation-none": "The PRP has nothing that proves it is done",
}
"""One sentence a rule; a rule that is not here is described by the first finding of it."""


@dataclass(frozen=True)
class Checked:
    """One file; `plan` is None when it cannot be read, and `findings` says why then."""

    path: Path
    plan: Plan | None
    findings: tuple[PrpFinding, ...]

    @property
    def sound(self) -> bool:
        """Return whether nothing in it is an error."""
        return not any(finding.severity == "error" for finding in self.findings)

    @property
    def verdict(self) -> str:
        """Return `passed` or `failed`."""
        return "passed" if self.sound else "failed"


def text_lines(checked: Sequence[Checked], base: Path) -> str:
    """Return a line a finding, `file:line:column: error|note: why [rule] fix`, and a verdict line a file."""
    return "".join(f"{line}\n" for each in checked for line in _text(each, base))


def json_lines(checked: Sequence[Checked], base: Path) -> str:
    """Return one JSON object a file, one a line."""
    return "".join(json.dumps(_object(each, base), ensure_ascii=False) + "\n" for each in checked)


def annotations(checked: Sequence[Checked], base: Path) -> str:
    """Return GitHub workflow commands (docs.github.com, "Workflow commands"), and a plain verdict line a file."""
    return "".join(f"{line}\n" for each in checked for line in _annotated(each, base))


def sarif(checked: Sequence[Checked], base: Path, problems: Sequence[str] = ()) -> str:
    """Return one SARIF 2.1.0 log; `problems` are arguments that named no file, told as notifications of the tool."""
    found = [(each, finding) for each in checked for finding in each.findings]
    first: dict[str, PrpFinding] = {}
    for _, finding in found:
        first.setdefault(finding.rule, finding)
    names = sorted(first)
    run = {
        "tool": {
            "driver": {
                "name": "prp-mcp",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(first[name]) for name in names],
            }
        },
        "invocations": [
            {
                "executionSuccessful": not problems,
                "toolExecutionNotifications": [{"level": "error", "message": {"text": each}} for each in problems],
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, finding, names.index(finding.rule), base) for each, finding in found],
    }
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2) + "\n"


def printable(text: str) -> str:
    """Return `text` on one line, with everything escaped that a terminal would act on or hide."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def _name(path: Path, base: Path) -> str:
    full, top = path.parent.resolve() / path.name, base.resolve()
    shown = full.relative_to(top) if full.is_relative_to(top) else full
    # A name may hold bytes that are no text; they could not be written.
    return os.fsencode(shown.as_posix()).decode("utf-8", "replace")


def _text(each: Checked, base: Path) -> Iterator[str]:
    name = printable(_name(each.path, base))
    for item in each.findings:
        message = printable(f"{item.why} [{item.rule}] {item.fix}".rstrip())
        yield f"{name}:{item.line}:{item.column}: {item.severity}: {message}"
    yield f"{name}: {_verdict(each)}"


def _verdict(each: Checked) -> str:
    errors = sum(finding.severity == "error" for finding in each.findings)
    words = f"{each.verdict}, {counted(errors, 'error')}"
    if each.plan is None:
        return words
    plan = each.plan
    numbers = (
        counted(len(plan.tasks), "task"),
        counted(len(plan.commands), "command"),
        counted(len(plan.checklist), "checklist item"),
    )
    return f"{words}; {', '.join(numbers)}"


def _object(each: Checked, base: Path) -> dict[str, Any]:
    plan = each.plan
    return {
        "file": _name(each.path, base),
        "verdict": each.verdict,
        "sections": _sections(plan) if plan else {},
        "tasks": len(plan.tasks) if plan else 0,
        "commands": len(plan.commands) if plan else 0,
        "checklist": _checklist(plan),
        "findings": [vars(item) for item in each.findings],
        "bindings": sorted({binding.name for binding in plan.bindings}) if plan else [],
    }


def _sections(plan: Plan) -> dict[str, dict[str, Any]]:
    return {
        section.role.value: {"heading": section.title, "line": section.line, "match": section.match}
        for section in plan.sections
        if section.role
    }


def _checklist(plan: Plan | None) -> dict[str, int]:
    checks = plan.checklist if plan else ()
    return {
        "total": len(checks),
        "ticked": sum(check.ticked for check in checks),
        "mandatory": sum(check.mandatory for check in checks),
    }


def _annotated(each: Checked, base: Path) -> Iterator[str]:
    name = _name(each.path, base)
    for item in each.findings:
        kind = "error" if item.severity == "error" else "notice"
        place = f"file={_property(name)},line={item.line},col={item.column},title={_property(item.rule)}"
        yield f"::{kind} {place}::{_data(_message(item))}"
    yield f"{printable(name)}: {_verdict(each)}"


def _message(item: PrpFinding) -> str:
    return f"{item.why.rstrip('.')}. {item.fix}".rstrip()


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _rule(first: PrpFinding) -> dict[str, Any]:
    return {
        "id": first.rule,
        "shortDescription": {"text": f"{RULES.get(first.rule, first.why)}."},
        "help": {"text": first.fix or first.why},
        "defaultConfiguration": {"level": first.severity},
    }


def _result(each: Checked, item: PrpFinding, index: int, base: Path) -> dict[str, Any]:
    name = _name(each.path, base)
    uri = quote(name)
    file = {"uri": f"file://{uri}"} if Path(name).is_absolute() else {"uri": uri, "uriBaseId": "%SRCROOT%"}
    place = {
        "artifactLocation": file,
        "region": {"startLine": item.line, "startColumn": item.column},
    }
    return {
        "ruleId": item.rule,
        "ruleIndex": index,
        "level": item.severity,
        "message": {"text": _message(item)},
        "locations": [{"physicalLocation": place}],
    }
