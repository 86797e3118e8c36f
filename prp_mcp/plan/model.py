"""The values a PRP is read into; every line and column counts from 1."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from prp_mcp.commands.line import CommandLine

Match = Literal["exact", "alias"]
Severity = Literal["error", "note"]
CommandKind = Literal["shell", "sql"]


class Role(StrEnum):
    """What a section of a PRP is for; each of the three must be there."""

    CONTEXT = "context"
    BLUEPRINT = "blueprint"
    VALIDATION = "validation"


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it, to `end_line` (inclusive), its own subsections with it."""

    title: str
    level: int
    line: int
    end_line: int
    role: Role | None = None
    match: Match | None = None


@dataclass(frozen=True)
class Task:
    """One piece of work; `depends_on` holds ids of tasks that exist."""

    id: str
    title: str
    details: str
    line: int
    depends_on: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Command:
    """A command of the validation section: a shell command, or one SQL statement without its closing `;`.

    `blocked` says why it cannot be run, whatever the values are; `bindings` names the run-time values it needs. `shell`
    is the text of a shell command as it was read, None for a statement.
    """

    id: str
    level: int
    text: str
    line: int
    expected: str | None = None
    gate: str | None = None
    blocked: str | None = None
    kind: CommandKind = "shell"
    bindings: tuple[str, ...] = ()
    shell: CommandLine | None = None


@dataclass(frozen=True)
class Check:
    """A check box; `command` is the only inline command in it, `shell` the same as it was read."""

    id: str
    text: str
    line: int
    ticked: bool
    command: str | None = None
    gate: str | None = None
    mandatory: bool = False
    shell: CommandLine | None = None


@dataclass(frozen=True)
class ContextItem:
    """Something to read before the work; whether it exists is for the caller to find out."""

    kind: Literal["file", "url", "docs"]
    ref: str
    why: str
    line: int


@dataclass(frozen=True)
class Binding:
    """A value such as `<warehouse_id>` that is known only at run time."""

    name: str
    line: int


@dataclass(frozen=True)
class PrpFinding:
    """Something to correct (`error`) or to know (`note`); `text` is what stands there."""

    rule: str
    severity: Severity
    line: int
    column: int
    text: str
    why: str
    fix: str


@dataclass(frozen=True)
class Plan:
    """A PRP as read; `tasks` are in an order that respects their dependencies."""

    name: str
    title: str
    goal: str
    sections: tuple[Section, ...]
    tasks: tuple[Task, ...]
    commands: tuple[Command, ...]
    checklist: tuple[Check, ...]
    context: tuple[ContextItem, ...]
    bindings: tuple[Binding, ...]
    thresholds: Mapping[str, float]
    findings: tuple[PrpFinding, ...]
    digest: str
