"""Follow the processes below a launcher, wherever they go, hold them to limits, and kill them all."""

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence

import psutil  # noqa: TID253 - `watch` loads this module where it watches

from prp_mcp.process.limits import Limits, Stopped

_POLL = 0.05
_PATIENCE = 10.0
_SWEEPS = 2000


class Family:
    """The processes below a launcher, which we did not all start and which may try to get away."""

    def __init__(self, child: subprocess.Popen[bytes]):
        self._child = child
        self._leader = psutil.Process(child.pid)
        self._init: psutil.Process | None = None
        self._program: psutil.Process | None = None
        self._seen: dict[int, psutil.Process] = {}
        self._reported = b""

    def notes(self) -> dict[str, str]:
        """Return each word that was reported, with its value."""
        lines = (line.partition(" ") for line in self._reported.decode(errors="replace").splitlines())
        return {word: value for word, _, value in lines}

    def wait(self, reports: int, limits: Limits, began: float) -> Stopped:
        """Return "" when the launcher says that the program ended (or says no more), or the limit that was crossed."""
        while not {"ended", "failed"} & self.notes().keys():
            if select.select([reports], [], [], _POLL)[0]:
                block = os.read(reports, 4096)
                if not block:
                    return ""
                self._reported += block
                self._init = self._init or self._told_of("init")
                self._program = self._program or self._told_of("program")
            elif crossed := self._crossed(limits, time.monotonic() - began):
                return crossed
        return ""

    def kill(self) -> None:
        """Kill all: an init takes its whole namespace along; others are stopped, then killed, until none is left."""
        # At once, before any look around: a fork bomb leaves us little time to run in.
        if self._program and _lives(self._program):
            self._signal_groups([self._program], signal.SIGKILL)
        if self._init and self.notes().get("namespace") == "pid":
            _send(self._init, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(_PATIENCE)
        sweeps = 0
        while (members := [found for found in self._members() if _lives(found)]) and sweeps < _SWEEPS:
            sweeps += 1
            for number in (signal.SIGSTOP, signal.SIGKILL):
                self._signal_groups(members, number)
                for member in members:
                    _send(member, number)
        # The two that adopt orphans go last.
        if self._init:
            _send(self._init, signal.SIGKILL)
        self._child.kill()
        self._child.wait()

    def _crossed(self, limits: Limits, seconds: float) -> Stopped:
        members = self._members()
        if seconds > limits.seconds:
            return "time"
        if len(members) > limits.processes:
            return "processes"
        return "memory" if sum(map(_resident, members)) > limits.memory_bytes else ""

    def _members(self) -> list[psutil.Process]:
        """Return what is below the launcher, and what is left of those seen there before; not its init."""
        found = _below(self._leader)
        for strayed in [process for pid, process in self._seen.items() if pid not in found and _lives(process)]:
            found |= {strayed.pid: strayed, **_below(strayed)}
        self._seen = found
        return [process for process in found.values() if process != self._init]

    def _signal_groups(self, members: Sequence[psutil.Process], number: signal.Signals) -> None:
        """Signal whole groups: the kernel does that at once, whereas a fork bomb outruns a walk over its processes."""
        for group in {_group(member.pid) for member in members} - {0, self._child.pid, os.getpgrp()}:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)

    def _told_of(self, word: str) -> psutil.Process | None:
        try:
            return psutil.Process(int(self.notes()[word]))
        except (KeyError, psutil.NoSuchProcess):
            return None


def _below(process: psutil.Process) -> dict[int, psutil.Process]:
    try:
        return {found.pid: found for found in process.children(recursive=True)}
    except psutil.NoSuchProcess:
        return {}


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0


def _send(process: psutil.Process, number: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        process.send_signal(number)
