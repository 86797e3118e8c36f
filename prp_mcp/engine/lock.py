"""The lock on a host, bundle and target: held as long as anybody has its descriptor, a child that inherited it too."""

import fcntl
import json
import os
from pathlib import Path

from prp_mcp import clock, process
from prp_mcp.digest import digest
from prp_mcp.errors import BusyError
from prp_mcp.journal.runs import Run


class TargetLock:
    """The lock of one run's host, bundle and target, among all processes that share the folder of locks."""

    def __init__(self, folder: Path, run: Run):
        self._run = run
        self._path = folder / f"{digest(list(run.key))[:32]}.lock"
        self._named = self._path.with_suffix(".json")
        self._child: tuple[int, float | None] | None = None
        self.descriptor = -1

    def take(self, doing: str) -> None:
        """Take the lock. Raises BusyError that names its holder."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise BusyError(
                f"{self._run.begun.bundle} on target {self._run.target} is held by {self._holder()}",
                remedy="Wait until it is done, then call the tool again; run_status shows where it stands.",
            ) from error
        self.descriptor = descriptor
        self._name(os.getpid(), doing)

    def hand_to(self, child: int) -> None:
        """Say that `child`, which inherited the descriptor, carries on what the lock was taken for."""
        self._child = (child, process.identity(child))
        self._name(child, "the bundle executable at work")

    def release(self) -> None:
        """Give up our part of the lock; a child that is still at work keeps it, and stays named."""
        if self._child is None or process.identity(self._child[0]) != self._child[1]:
            self._named.unlink(missing_ok=True)
        os.close(self.descriptor)

    def holder(self) -> str | None:
        """Return who holds the lock, or None when nobody does."""
        if not self._path.exists():
            return None
        descriptor = os.open(self._path, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return self._holder()
        else:
            return None
        finally:
            os.close(descriptor)

    def _name(self, pid: int, doing: str) -> None:
        held = {"pid": pid, "run": self._run.id, "doing": doing, "since": clock.now()}
        draft = self._named.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(held), "utf-8")
        draft.replace(self._named)

    def _holder(self) -> str:
        try:
            held = json.loads(self._named.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return "another process"
        alive = "" if process.identity(int(held["pid"])) else " (just ended)"
        return f"run {held['run']} (process {held['pid']}{alive}, {held['doing']} since {held['since']})"
