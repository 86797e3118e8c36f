"""Find the run a call works in, begin one, end one: at most one is open for a host, bundle and target."""

from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from prp_mcp.engine.present import locate
from prp_mcp.engine.tool import Beginning
from prp_mcp.errors import BusyError, UsageError
from prp_mcp.journal.notes import RunBegun, RunEnded
from prp_mcp.journal.runs import Run, end_run, fold
from prp_mcp.journal.store import Journal, RecordKind
from prp_mcp.plan.names import PrpName
from prp_mcp.policy import read_policy
from prp_mcp.repo.bundle_file import read_bundle_file
from prp_mcp.repo.prps import find_prp
from prp_mcp.settings import Settings


@dataclass(frozen=True)
class Runs:
    """The runs in `journal` that belong to the bundle around `folder`."""

    journal: Journal
    folder: Path
    settings: Settings

    def latest(self, number: int, wanted: str = "") -> list[Run]:
        """Return the latest runs of this bundle's folder (whose id begins with `wanted`), oldest first."""
        found = [name for name in self.journal.runs_of_folder(self._root) if name.startswith(wanted)]
        return [self._read(name) for name in found[-number:]]

    def find(self, wanted: str = "", *, reads_ended: bool = False) -> Run:
        """Return the open run, or the one whose id begins with `wanted`; `reads_ended`: else the latest that ended.

        Raises UsageError when there is none, or several fit.
        """
        candidates = self.latest(2, wanted) if wanted else self.open()
        if not candidates and reads_ended and not wanted:
            candidates = self.latest(1)
        if len(candidates) > 1:
            listed = ", ".join(f"{run.id} ({run.prp} on {run.target})" for run in candidates)
            raise UsageError(f"several runs fit: {listed}", remedy="Name one with the argument `run`.")
        if not candidates:
            raise UsageError(
                f"there is no run {wanted[:80]!r} in this project" if wanted else "no run is open in this project",
                remedy="Call load_prp with the PRP's name to begin one.",
            )
        if not candidates[0].open and not reads_ended:
            raise UsageError(
                f"run {candidates[0].id} has ended: {candidates[0].outcome}", remedy="Call load_prp to begin a new run."
            )
        return candidates[0]

    def begin(self, wanted: Beginning, *, headless: bool) -> Run:
        """Resume the open run of the PRP and target, or begin one, in one transaction.

        Nothing is begun unless the PRP is there. Raises UsageError when it is not, BusyError when another run holds
        the bundle's target.
        """
        repository, root = locate(self.folder)
        prp = find_prp(root, wanted.prp)
        target = wanted.target or read_policy(root).target
        begun = RunBegun(
            prp=prp.text,
            worktree=str(repository.top),
            folder=str(root),
            target=target,
            host=self.settings.credentials().host,
            bundle=read_bundle_file(root).name,
            headless=headless,
        )
        with self.journal.transaction():
            if open_run := self._make_way(begun, prp, restart=wanted.restart):
                return open_run
            run_id = uuid4().hex[:10]
            self.journal.append(run_id, "begin", RecordKind.RUN, begun.to_body(), key=begun.key, folder=begun.folder)
        return self._read(run_id)

    @property
    def _root(self) -> str:
        return str(locate(self.folder)[1])

    def open(self) -> list[Run]:
        """Return the open runs of this bundle's folder, oldest first."""
        return [self._read(name) for name in self.journal.runs_of_folder(self._root, only_open=True)]

    def _read(self, name: str) -> Run:
        return fold(self.journal.records(name))[0]

    def _make_way(self, begun: RunBegun, prp: PrpName, *, restart: bool) -> Run | None:
        """Return the open run to go on with; abandon it where that was asked for."""
        for run in map(self._read, self.journal.open_runs_of(begun.key)):
            here = run.folder == begun.folder
            if here and run.prp == prp.text and not restart:
                return run
            if not here or not restart:
                raise BusyError(
                    f"{begun.bundle} on target {begun.target} is held by run {run.id}: PRP {run.prp!r} in "
                    f"{run.begun.worktree}, since {run.began}",
                    remedy=f"Finish that run there, or roll it back (rollback with run={run.id!r}); in the same "
                    "work tree load_prp with restart=true abandons it.",
                )
            self._abandon(run)
        return None

    def _abandon(self, run: Run) -> None:
        if run.unsettled:
            names = ", ".join(effect.name for effect in run.unsettled)
            raise BusyError(
                f"run {run.id} cannot be abandoned: nobody knows yet how its {names} ended",
                remedy="Call run_status, then rollback or the same tool again to settle it.",
            )
        if run.running:
            raise BusyError(
                f"run {run.id} cannot be abandoned while its update runs",
                remedy="Call poll_status until it has ended, or rollback.",
            )
        end_run(self.journal, run, RunEnded("abandoned", "restarted"))
