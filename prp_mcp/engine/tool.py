"""What a tool is: a row of the table, with the function that does its step and nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from prp_mcp.gates.order import Gate, Verdict

if TYPE_CHECKING:
    from prp_mcp.engine.step import Step

Kind = Literal["read", "files", "effect"]


class Arguments(BaseModel):
    """The arguments of a tool; unknown ones are refused. `run` is added to every tool by the door."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Fields(BaseModel):
    """The fields of a tool's result that are its own; they describe the output schema."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Finding:
    """One thing found: `at` is `path:line:col` or a dataset, `fix` says what to do."""

    at: str
    text: str
    fix: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a step did: the verdict, one sentence with the numbers that matter, fields to show, evidence to keep.

    `record` False keeps the step out of the run's evidence (a look while something still runs).
    """

    verdict: Verdict
    summary: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    next: str = ""
    record: bool = True


@dataclass(frozen=True)
class Tool:
    """One tool.

    `gate` is the gate its evidence belongs to; `opens_with` the gate that must be open for it to be called (None:
    always). `budget` is in seconds, `cap` in bytes of the result.
    """

    name: str
    title: str
    description: str
    arguments: type[Arguments]
    fields: type[Fields]
    run: Callable[["Step", Any], Outcome]
    kind: Kind
    gate: Gate | None = None
    opens_with: Gate | None = None
    destructive: bool = False
    idempotent: bool = True
    budget: float = 60.0
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
