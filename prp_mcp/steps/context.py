"""Resolve what a PRP says must be read before the work: is it there, and who makes it if not?"""

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Fields, counted
from prp_mcp.repo.references import Reference, References

if TYPE_CHECKING:
    from prp_mcp.plan.model import Plan, PrpFinding

_CREATES = re.compile(r"\b(?:create|add|write|implement|generate|build|new)\b", re.IGNORECASE)
_RANGE = re.compile(r"(?:#.*|:L?\d+(?:-L?\d+)?)$")


class ContextRow(Fields):
    """Something to read before the work: where it is, why, and whether it is there; addresses are not looked up."""

    ref: str
    why: str = ""
    exists: bool = False
    lines: str = ""
    files: int = 0
    note: str = ""


def resolved_context(plan: "Plan", step: Step) -> tuple[list[ContextRow], list["PrpFinding"]]:
    """Return the context as an agent needs it, and a note for each file that is missing and made by no task."""
    from prp_mcp.plan.model import PrpFinding

    lookup = References(step.present.root, step.present.repository.top)
    made = _made(plan)
    rows: list[ContextRow] = []
    notes: list[PrpFinding] = []
    for item in plan.context:
        row = _row(ref=item.ref, why=item.why[:100])
        if item.kind != "url":
            found = lookup.resolve(item.ref)
            makers = (task for path, task in made.items() if _is_part(path, item.ref))
            maker = "" if found.exists else next(makers, "")
            row = _resolved(row, found, maker)
            # A pattern without hits may be about files of a volume; what reads like a file of the project is told.
            if row.note and not maker and found.kind != "pattern":
                fix = f"Write {found.near}." if found.near else "Name a path that is there, or drop the line."
                text, why = item.ref[:200], f"the context is not as it says: {row.note}"
                notes.append(PrpFinding("context-missing", "note", item.line, 1, text, why, fix))
        rows.append(row)
    return rows, notes


def _resolved(row: ContextRow, found: Reference, maker: str) -> ContextRow:
    note = ""
    if not found.exists:
        near = f"nothing is there; perhaps {found.near}" if found.near else "nothing is there"
        note = f"{maker} makes it" if maker else near
    elif found.in_range is False:
        note = f"the file has {counted(found.length or 0, 'line')}"
    lines = f"{found.lines[0]}-{found.lines[1]}" if found.lines and found.exists else ""
    files = found.files or 0
    return _row(ref=row.ref, why=row.why, exists=found.exists, lines=lines, files=files, note=note)


def _row(**given: str | int) -> ContextRow:
    """Return a row that says nothing of what is empty; that a file is missing it does say."""
    return ContextRow.model_validate({key: value for key, value in given.items() if value or value is False})


def _made(plan: "Plan") -> dict[str, str]:
    """Return the files that tasks create, each with the task's id."""
    made: dict[str, str] = {}
    for task in plan.tasks:
        lines = [line for line in task.details.split("\n") if _CREATES.search(line)]
        whole = bool(_CREATES.search(task.title))
        for path in task.files:
            if whole or any(path in line for line in lines):
                made.setdefault(path.removeprefix("./"), task.id)
    return made


def _is_part(path: str, ref: str) -> bool:
    """Return whether a reference means `path`, or a folder or pattern it belongs to."""
    wanted = _RANGE.sub("", ref).removeprefix("./")
    return path == wanted or path.startswith(f"{wanted.rstrip('/')}/") or fnmatchcase(path, wanted)
