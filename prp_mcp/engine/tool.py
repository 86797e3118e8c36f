"""What a tool is: a row of the table, with the function that does its step and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.journal.evidence import Evidence, Finding
from prp_mcp.journal.notes import RollbackStep

if TYPE_CHECKING:
    from prp_mcp.engine.step import Step

__all__ = ["Arguments", "Beginning", "Fields", "Finding", "Outcome", "Refusal", "Tool", "ToolKind", "counted"]

ToolKind = Literal["read", "files", "effect"]


class Arguments(BaseModel):
    """The arguments of a tool; unknown ones are refused. `run` is added to every tool but the one that begins runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Fields(BaseModel):
    """The fields of a tool's result that are its own; they make the output schema. What is not set is left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Outcome:
    """What a step did: the verdict, one sentence with the numbers that matter, fields to show, evidence to keep.

    `record` False keeps the step out of the run's evidence (a look while something still runs). `left_behind`: it
    failed, and the workspace is no longer what it was. `rolled_back` are the steps of the rollback it led to.
    """

    verdict: Verdict
    summary: str
    fields: Fields
    findings: tuple[Finding, ...] = ()
    evidence: Evidence | None = None
    next: str = ""
    record: bool = True
    left_behind: bool = False
    rolled_back: tuple[RollbackStep, ...] | None = None


@dataclass(frozen=True)
class Beginning:
    """Which run a call begins or resumes: the PRP as it was given, the target, and whether an open run is abandoned."""

    prp: str
    target: str | None = None
    restart: bool = False


@dataclass(frozen=True)
class Tool:
    """One tool.

    `gate` is the gate its evidence belongs to; `opens_with` the gate that must be open for it to be called (None:
    always). `begins` makes of its arguments the run it begins or resumes (None: it works in one that is open).
    `reads_ended`: it tells of ended runs too, and needs no workspace. `undoes`: it is the one that rolls a run back.
    `cap` bounds the result, in bytes.
    """

    name: str
    title: str
    description: str
    arguments: type[Arguments]
    fields: type[Fields]
    run: Callable[["Step", Any], Outcome]
    kind: ToolKind
    gate: Gate | None = None
    opens_with: Gate | None = None
    begins: Callable[[Any], Beginning] | None = None
    reads_ended: bool = False
    undoes: bool = False
    destructive: bool = False
    idempotent: bool = True
    cap: int = 4000


@dataclass(frozen=True)
class Refusal:
    """Say that a call was refused and changed nothing: why, what to do next, and the code of the reason."""

    tool: str
    code: str
    reason: str
    next: str
    run: str = ""
    head: str = ""

    @property
    def text(self) -> str:
        """Return the three lines a client shows."""
        tail = " · ".join(part for part in (self.code, self.run and f"run {self.run}", f"head {self.head}") if part)
        return f"{self.reason}\nNext: {self.next}\n{tail}"


def counted(number: int, noun: str) -> str:
    """Return `1 task`, `2 tasks`: a number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
