"""What a tool's function is given: the run, what it is bound to, and the ways to act on the world."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from prp_mcp.engine.effects import Effects, RequestT, ResultT
from prp_mcp.engine.present import Present
from prp_mcp.errors import PolicyError
from prp_mcp.gates.judge import Standing, judge
from prp_mcp.gates.order import Gate
from prp_mcp.journal.effect import Effect, EffectName, Ending
from prp_mcp.journal.notes import Note, RunEnded
from prp_mcp.journal.runs import Run, end_run, fold
from prp_mcp.journal.store import Journal
from prp_mcp.remote.bundle import BundleCli
from prp_mcp.remote.workspace import Workspace
from prp_mcp.repo.snapshot import Snapshot, Snapshots
from prp_mcp.repo.tree import changes
from prp_mcp.settings import Settings, ensure_private


class Cancelled(Exception):  # noqa: N818 - not an error: the caller no longer waits
    """Stop waiting because the caller went away; whatever was waited for goes on."""


@dataclass(frozen=True)
class Question:
    """Something only a person may allow.

    `item` is the command it is about, `what` exactly what would be done, `text` how it is put to the person.
    """

    item: str
    what: str
    text: str


class Asking(Exception):  # noqa: N818 - not an error: a person has to answer before the step can go on
    """Stop because a person must be asked; the same call with the answers in its `Caller` goes on."""

    def __init__(self, questions: Sequence[Question]):
        super().__init__(f"{len(questions)} questions")
        self.questions = tuple(questions)


@dataclass
class Caller:
    """Whoever called the tool: is told of progress, may go away, and brings a person's answers along.

    `answers` maps `Question.what` to what the person said; it is None where nobody can be asked. `person` says who
    that is.
    """

    progress: Callable[[str], None] = lambda _: None
    answers: Mapping[str, bool] | None = None
    person: str = "the client's user"
    cancelled: threading.Event = field(default_factory=threading.Event)

    def pause(self, seconds: float) -> None:
        """Wait `seconds`. Raises Cancelled when the caller goes away meanwhile."""
        if self.cancelled.wait(seconds):
            raise Cancelled


@dataclass
class Step:
    """One call of a tool in a run. Everything costly is made when it is first used."""

    settings: Settings
    journal: Journal
    effects: Effects
    present: Present
    run: Run
    caller: Caller

    @property
    def standing(self) -> Standing:
        """Judge the run's gates as they are now."""
        return judge(self.run.judged, self.present.materials(self.run, self.journal))

    def refresh(self) -> Run:
        """Read the run again after something was recorded; return it."""
        self.run = fold(self.journal.records(self.run.id))[0]
        return self.run

    @cached_property
    def private(self) -> Path:
        """Return the run's private folder."""
        return ensure_private(self.settings.state_dir / "runs" / self.run.id)

    @cached_property
    def cli(self) -> BundleCli:
        """Return the bundle executable, ready for the run's workspace."""
        allow = self.settings.grants.bundle_code
        return BundleCli(self.settings, self.present.credentials, self.private, allow_code=allow)

    @cached_property
    def workspace(self) -> Workspace:
        """Return the workspace of the present credentials; the door has checked that it is the run's."""
        return Workspace(self.present.credentials)

    @cached_property
    def snapshots(self) -> Snapshots:
        """Return the store of snapshots."""
        return Snapshots(self.settings.state_dir / "snapshots")

    @cached_property
    def snapshot(self) -> Snapshot:
        """Return the private copy of the present tree."""
        return self.snapshots.take(self.present.repository, self.present.tree, self.present.git)

    def root_in(self, snapshot: Snapshot) -> Path:
        """Return the bundle's folder in a snapshot, sealed: call it right before each command that reads it.

        Raises IntegrityError when anything in it is not what was copied.
        """
        snapshot.seal()
        return snapshot.files / self.present.inside

    def perform(
        self,
        name: EffectName,
        request: RequestT,
        attempt: Callable[[str], Ending[ResultT]],
        gate: Gate | None,
    ) -> Effect[RequestT, ResultT]:
        """Perform an effect once, if `gate` is still open when its intent is written; see `Effects.perform`."""
        effect = self.effects.perform(self.run, name, request, attempt, lambda: self._still_open(gate))
        self.refresh()
        return effect

    def settle(self, effect: Effect[RequestT, ResultT], found: Ending[ResultT]) -> Effect[RequestT, ResultT]:
        """Record what became of an unsettled effect."""
        settled = self.effects.settle(self.run, effect, found)
        self.refresh()
        return settled

    def note(self, note: Note) -> None:
        """Record a note of the run."""
        self.effects.note(self.run, note)
        self.refresh()

    def end(self, ended: RunEnded) -> None:
        """Record that the run has ended."""
        end_run(self.journal, self.run, ended)
        self.refresh()

    def explain(self, name: str) -> list[str]:
        """Return what changed between the tree of the snapshot `name` and the present tree."""
        return changes(self.snapshots.open(name).tree, self.present.tree)

    def _still_open(self, gate: Gate | None) -> None:
        current = fold(self.journal.records(self.run.id))[0]
        if not current.open:
            raise PolicyError(f"the run has ended ({current.outcome})", remedy="Call load_prp to begin a new run.")
        standing = judge(current.judged, self.present.materials(current, self.journal))
        closed = standing.admit(gate) if gate else None
        if closed:
            raise PolicyError(
                f"{gate} was closed meanwhile: {closed.cause.gate} does not hold",
                remedy=f"Call {closed.remedy}.",
            )
