"""What is recorded besides gates and effects: a run's two ends, what people said, how commands and updates ended."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from prp_mcp.journal.evidence import Recorded, UpdateRun


@dataclass(frozen=True)
class RunBegun(Recorded):
    """A run begins: `worktree` is the top of the work tree, `folder` the bundle's in it."""

    prp: str
    worktree: str
    folder: str
    target: str
    host: str
    bundle: str
    headless: bool

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what only one open run may hold: host, bundle, target."""
        return (self.host, self.bundle, self.target)


@dataclass(frozen=True)
class RunEnded(Recorded):
    """A run ends."""

    outcome: Literal["passed", "rolled back", "abandoned"]
    reason: str


@dataclass(frozen=True)
class Note(Recorded):
    """Something that is no gate's evidence and no effect; filed under `name`."""

    name: ClassVar[str]


@dataclass(frozen=True)
class Approval(Note):
    """A person's word for a command; `what` is exactly what would run."""

    name = "approval"
    what: str
    approved: bool
    by: str


@dataclass(frozen=True)
class Attestation(Note):
    """What an agent attested or a person waived; `about` is the item's text and expectation, `files` what was there."""

    name = "check"
    item: str
    about: str
    state: Literal["attested", "waived"]
    evidence: str
    text: str
    files: str = ""


@dataclass(frozen=True)
class CommandRun(Note):
    """How a validation command ended.

    `met` is True or False when that could be decided, None when a reader must attest it. `key` is all the result
    depends on. `exit` is None when it could not be started; `stopped` names the limit that ended it; `unchecked` are
    the expectations nothing could decide; `head` and `tail` are the ends of what it printed; `seconds` it took.
    """

    name = "command"
    item: str
    key: str
    command: str
    met: bool | None
    why: str
    exit: int | None = None
    seconds: float = 0.0
    head: str = ""
    tail: str = ""
    unchecked: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    sandbox: str = ""
    stopped: str = ""


@dataclass(frozen=True)
class UpdateEnded(Note):
    """An update has ended; `at` is when that was first seen, `log` what its event log said once it was whole."""

    name = "update ended"
    update: str
    state: str
    at: str
    log: UpdateRun | None = None


@dataclass(frozen=True)
class RollbackBegun(Note):
    """A rollback began."""

    name = "rollback"
    reason: str


@dataclass(frozen=True)
class RollbackStep(Recorded):
    """One step of a rollback: done, or unverified where it could not be proven."""

    what: str
    state: Literal["done", "unverified"]


@dataclass(frozen=True)
class RolledBack(Note):
    """A rollback ended; `branch` keeps the work tree's changes, `tables` were written and are not undone."""

    name = "rolled back"
    reason: str
    steps: tuple[RollbackStep, ...]
    branch: str | None = None
    tables: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChildStarted(Note):
    """A process makes the attempt that `intent`, by its place, announced; `created` tells it from a later one."""

    name = "child"
    intent: int
    pid: int
    created: float


@dataclass(frozen=True)
class UnknownFate(Note):
    """An attempt's end is not known yet; `intent` is the place of its intent."""

    name = "unknown"
    intent: int
    detail: str
