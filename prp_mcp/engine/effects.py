"""Change the outside world at most once: lock, durable intent, one attempt, outcome; never a blind repeat."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, cast

from prp_mcp import process
from prp_mcp.engine.lock import TargetLock
from prp_mcp.journal.effect import Effect, EffectName, Ending, Fate, Intent, Request, Result, Settled
from prp_mcp.journal.notes import ChildStarted, Note, UnknownFate
from prp_mcp.journal.runs import Run, effect_of
from prp_mcp.journal.store import Journal, RecordKind
from prp_mcp.process import Hold

RequestT = TypeVar("RequestT", bound=Request)
ResultT = TypeVar("ResultT", bound=Result)


class Effects:
    """Perform effects of runs under `state_dir`, journaled in `journal`."""

    def __init__(self, journal: Journal, state_dir: Path):
        self._journal = journal
        self._locks = state_dir / "locks"
        self._locks.mkdir(exist_ok=True, mode=0o700)
        self._lock: TargetLock | None = None
        self._attempted: tuple[Run, int] | None = None

    @contextmanager
    def held(self, run: Run, doing: str) -> Iterator[None]:
        """Hold the lock of the run's host, bundle and target. Raises BusyError that names the holder.

        The operating system frees it when its holder dies, and not before a child that inherited it has ended.
        """
        lock = TargetLock(self._locks, run)
        lock.take(doing)
        self._lock = lock
        try:
            yield
        finally:
            self._lock = None
            lock.release()

    def holder(self, run: Run) -> str | None:
        """Return who holds the lock of the run's key, or None."""
        return TargetLock(self._locks, run).holder()

    @property
    def hold(self) -> Hold:
        """Return what a child that makes the attempt is given: the lock, and a name in the journal."""
        assert self._lock is not None, "call it while `held`"
        return Hold(self._lock.descriptor, self._child_started)

    def _child_started(self, pid: int) -> None:
        assert self._lock is not None
        assert self._attempted is not None
        self._lock.hand_to(pid)
        run, intent = self._attempted
        self.note(run, ChildStarted(intent, pid, process.identity(pid) or 0.0))

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
            record = self._journal.append(run.id, name, RecordKind.INTENT, body, key=run.key)
        effect = cast(Effect[RequestT, ResultT], effect_of(record, None))
        self._attempted = (run, effect.seq)
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
