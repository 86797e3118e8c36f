"""Watch a program that may try to get away, hold it to its limits, and kill all it started."""

import contextlib
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import psutil

_POLL = 0.05
_PATIENCE = 10.0
_SWEEPS = 2000

Stopped = Literal["", "time", "memory", "processes"]
"""The limit at which a command was killed, or none."""


@dataclass(frozen=True)
class Limits:
    """Bound one command: seconds, bytes of memory (resident, summed), processes at once, bytes of output kept."""

    seconds: float
    memory_bytes: int = 4 * 1024**3
    processes: int = 256
    output_bytes: int = 64 * 1024


@dataclass(frozen=True)
class Watched:
    """What a watched launcher left behind.

    `notes` maps each word the launcher reported (such as `ended`) to its value. `head` and `tail` are the
    ends of the output, `left_out` the bytes between. `stopped` names the limit that was crossed.
    """

    notes: Mapping[str, str]
    seconds: float
    head: bytes
    tail: bytes
    left_out: int
    stopped: Stopped


def watch(launcher: Sequence[str], *, given: bytes, limits: Limits) -> Watched:
    """Run a launcher until it reports that its program ended or a limit is crossed; then kill all it had started.

    The launcher gets `given` on its standard input, no environment, and as its last word the number of a descriptor to
    report on, a line a note: `init PID` (the ancestor of all others, whose death is theirs after `namespace pid`),
    `program PID` (the leader of its group, where there is no namespace), `ended STATUS` as `waitpid` gives it, `failed
    WHY`. What it prints is drained as fast as it comes, so a program that prints without end fills neither disk nor
    memory. Raises FileNotFoundError when there is no such executable.
    """
    began = time.monotonic()
    reading, writing = os.pipe()
    with open(reading, "rb", buffering=0) as reports:
        try:
            child = subprocess.Popen(
                [*launcher, str(writing)],
                cwd="/",
                env={},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(writing,),
            )
        finally:
            os.close(writing)
        family = _Family(child)
        output = _Output(child, limits.output_bytes)
        stopped: Stopped = ""
        try:
            output.begin(given)
            stopped = family.wait(reports.fileno(), limits, began)
        finally:
            family.kill()
            output.finish()
        return Watched(family.notes(), time.monotonic() - began, *output.kept(), stopped)


class _Output:
    """Drain a child's output in a thread; keep its two ends and count the rest."""

    def __init__(self, child: subprocess.Popen[bytes], keep: int):
        assert child.stdin
        assert child.stdout
        self._stdin, self._stdout = child.stdin, child.stdout
        self._half = keep // 2
        self._head, self._tail, self._total = bytearray(), bytearray(), 0
        self._thread = threading.Thread(target=self._drain, name="output of a command", daemon=True)

    def begin(self, given: bytes) -> None:
        self._thread.start()
        # A launcher that died at once says so by reporting nothing.
        with contextlib.suppress(BrokenPipeError), self._stdin:
            self._stdin.write(given)

    def finish(self) -> None:
        # Only a process that got away could still hold the other end; its output is then no longer of interest.
        self._thread.join(2.0)
        if not self._thread.is_alive():
            self._stdout.close()

    def kept(self) -> tuple[bytes, bytes, int]:
        """Return head, tail and the number of bytes between; all is tail when nothing had to go."""
        if len(self._head) + len(self._tail) == self._total and len(self._tail) <= self._half:
            return b"", bytes(self._head + self._tail), 0
        tail = bytes(self._tail[-self._half :])
        return bytes(self._head), tail, self._total - len(self._head) - len(tail)

    def _drain(self) -> None:
        while block := os.read(self._stdout.fileno(), 1 << 18):
            self._total += len(block)
            room = self._half - len(self._head)
            if room > 0:
                self._head += block[:room]
                block = block[room:]
            self._tail += block
            if len(self._tail) > 4 * self._half:
                del self._tail[: -self._half]


class _Family:
    """The processes below a launcher, which we did not all start and which may try to get away."""

    def __init__(self, child: subprocess.Popen[bytes]):
        self._child = child
        self._leader = psutil.Process(child.pid)
        self._init: psutil.Process | None = None
        self._program: psutil.Process | None = None
        self._seen: dict[int, psutil.Process] = {}
        self._reported = b""

    def notes(self) -> dict[str, str]:
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
