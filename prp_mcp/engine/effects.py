"""Change the outside world at most once: lock, durable intent, one attempt, outcome; never a blind repeat."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from prp_mcp import clock, process
from prp_mcp.digest import digest
from prp_mcp.errors import BusyError
from prp_mcp.journal.effect import Effect, EffectName, Ending, Fate, Intent, Request, Result, Settled
from prp_mcp.journal.notes import Note, UnknownFate
from prp_mcp.journal.runs import Run, effect_of
from prp_mcp.journal.store import Journal, RecordKind

if TYPE_CHECKING:
    from filelock import FileLock

RequestT = TypeVar("RequestT", bound=Request)
ResultT = TypeVar("ResultT", bound=Result)


class Effects:
    """Perform effects of runs under `state_dir`, journaled in `journal`."""

    def __init__(self, journal: Journal, state_dir: Path):
        self._journal = journal
        self._locks = state_dir / "locks"
        self._locks.mkdir(exist_ok=True, mode=0o700)

    @contextmanager
    def held(self, run: Run, doing: str) -> Iterator[None]:
        """Hold the lock of the run's host, bundle and target. Raises BusyError that names the holder.

        The operating system frees the lock when its holder dies.
        """
        path = self._locks / digest(list(run.key))[:32]
        lock = _lock(path)
        try:
            lock.acquire(timeout=0)
        except TimeoutError as error:
            raise BusyError(
                f"{run.begun.bundle} on target {run.target} is held by {self._holder(path)}",
                remedy="Wait until it is done, then call the tool again; run_status shows where it stands.",
            ) from error
        try:
            holder = {"pid": os.getpid(), "run": run.id, "doing": doing, "since": clock.now()}
            path.with_suffix(".json").write_text(json.dumps(holder), "utf-8")
            yield
        finally:
            path.with_suffix(".json").unlink(missing_ok=True)
            lock.release()

    def holder(self, run: Run) -> str | None:
        """Return who holds the lock of the run's key, or None."""
        path = self._locks / digest(list(run.key))[:32]
        try:
            with _lock(path).acquire(timeout=0):
                return None
        except TimeoutError:
            return self._holder(path)

    def perform(
        self,
        run: Run,
        name: EffectName,
        request: RequestT,
        attempt: Callable[[str], Ending[ResultT]],
        still_allowed: Callable[[], None],
    ) -> Effect[RequestT, ResultT]:
        """Record the intent, make exactly one attempt with its token, record the outcome; return both.

        Call it while `held`. `still_allowed` raises when a gate closed meanwhile; it runs in the transaction that
        writes the intent. An UNKNOWN fate writes no outcome: the effect stays unsettled until someone has looked.
        """
        with self._journal.transaction():
            still_allowed()
            body = Intent(run.key, request.to_body(), os.getpid()).to_body()
            record = self._journal.append(run.id, name, RecordKind.INTENT, body)
        effect = cast(Effect[RequestT, ResultT], effect_of(record, None))
        try:
            ending = attempt(effect.token)
        except BaseException as error:
            self.note(run, UnknownFate(effect.seq, f"{type(error).__name__} during the attempt"))
            raise
        return self.settle(run, effect, ending)

    def settle(self, run: Run, effect: Effect[RequestT, ResultT], found: Ending[ResultT]) -> Effect[RequestT, ResultT]:
        """Record what became of an unsettled effect, unless that is still unknown."""
        if found.fate is Fate.UNKNOWN:
            self.note(run, UnknownFate(effect.seq, json.dumps(found.result.to_body())[:4000]))
            return effect
        body = Settled(found.fate, found.result.to_body()).to_body()
        record = self._journal.append(run.id, effect.name, RecordKind.OUTCOME, body, effect.seq)
        return replace(effect, fate=found.fate, result=found.result, mark=record.hash)

    def note(self, run: Run, note: Note) -> None:
        """Record something that is no gate's evidence and no effect."""
        self._journal.append(run.id, note.name, RecordKind.NOTE, note.to_body())

    def _holder(self, path: Path) -> str:
        try:
            held = json.loads(path.with_suffix(".json").read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return "another process"
        alive = "" if process.identity(int(held["pid"])) else " (just ended)"
        return f"run {held['run']} (process {held['pid']}{alive}, {held['doing']} since {held['since']})"


def _lock(path: Path) -> "FileLock":
    from filelock import FileLock

    return FileLock(f"{path}.lock", is_singleton=False)
