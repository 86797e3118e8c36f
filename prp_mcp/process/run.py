"""Start and end processes: argv only, no shell, a session of their own."""

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

OUTPUT_CAP = 4 * 1024 * 1024
"""Bytes of each stream that are kept in memory; the head and the tail survive, the middle is dropped."""

STILL_RUNNING = -1000
"""The exit of a child that was left to go on; no signal has that number."""

LAST_SECONDS = 30.0
"""Seconds a killed process gets to go: one with gigabytes to give back takes its time on a busy machine."""


_GOING_ON: list[subprocess.Popen[bytes]] = []
"""Children that were left to go on, kept until they are reaped."""


@dataclass(frozen=True)
class Finished:
    """What a process left behind; `exit` is negative for a signal, as in `subprocess`.

    `cut_off` says that the middle of its standard output is missing: it must not be read as if it were whole.
    """

    argv: tuple[str, ...]
    exit: int
    out: bytes
    err: bytes
    seconds: float
    timed_out: bool
    cut_off: bool = False

    @property
    def stdout(self) -> str:
        """Return its standard output as text."""
        return self.out.decode(errors="replace")

    @property
    def stderr(self) -> str:
        """Return its standard error as text."""
        return self.err.decode(errors="replace")


@dataclass(frozen=True)
class Hold:
    """A descriptor that a child inherits: what it stands for is held until the child itself has ended.

    `started` is told the child's pid. Such a child is never ended by us, whatever happens.
    """

    descriptor: int
    started: Callable[[int], None]


def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout: float | None,
    stdin: bytes = b"",
    keep: int = OUTPUT_CAP,
    hold: Hold | None = None,
) -> Finished:
    """Run `argv` to its end and return what it printed, at most `keep` bytes of each stream.

    Output goes to files, not pipes: a child whose pipe breaks dies half-way (the Databricks CLI leaves its
    lock behind then). The child has its own session, so Ctrl+C reaches us and not it; on `timeout` (seconds)
    its whole process group is ended. One that was given a `hold` goes on instead, and its `exit` is STILL_RUNNING.
    Raises FileNotFoundError when there is no such executable.
    """
    began = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as given:
        given.write(stdin)
        given.seek(0)
        child = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=dict(env),
            stdin=given,
            stdout=out,
            stderr=err,
            start_new_session=True,
            pass_fds=(hold.descriptor,) if hold else (),
        )
        timed_out = False
        try:
            if hold:
                hold.started(child.pid)
            child.wait(timeout)
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            if child.poll() is None and hold is None:
                end_group(child)
            _GOING_ON[:] = [left for left in (*_GOING_ON, child) if left.poll() is None]
        cut_off = out.seek(0, os.SEEK_END) > keep
        shown = (_kept(out, keep), _kept(err, keep))
        status = STILL_RUNNING if child.returncode is None else child.returncode
        return Finished(tuple(argv), status, *shown, time.monotonic() - began, timed_out, cut_off)


def spawn(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdout: int | IO[bytes],
    stderr: int | IO[bytes],
    stdin: int | IO[bytes] = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start a process that outlives this call, in a session of its own."""
    return subprocess.Popen(
        list(argv), cwd=cwd, env=dict(env), stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True
    )


def end_group(child: subprocess.Popen[bytes], grace: float = 3.0) -> None:
    """End the process group of `child`: SIGTERM, then SIGKILL after `grace` seconds; reap it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(grace)
    # The leader may be gone while its children live on in the group.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def identity(pid: int) -> float | None:
    """Return when process `pid` was created (seconds since the epoch), or None when it is not running.

    Kept beside a pid it tells our process from a later one that was given the same number.
    """
    import psutil

    try:
        found = psutil.Process(pid)
        return None if found.status() == psutil.STATUS_ZOMBIE else float(found.create_time())
    except psutil.NoSuchProcess:
        return None


def end(pid: int, created: float, grace: float = 5.0) -> bool:
    """End the process `pid` created at `created`, if it still is that one; return whether it is gone.

    SIGTERM, then SIGKILL after `grace` seconds. A killed process that does not go within `LAST_SECONDS` (it waits for
    the disk, say) is a False, not an exception: nothing more can be done to it.
    """
    from psutil import NoSuchProcess, Process

    for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, LAST_SECONDS)):
        if identity(pid) == created:
            with contextlib.suppress(NoSuchProcess):
                Process(pid).send_signal(number)
        if _gone(pid, created, seconds):
            return True
    return False


def _gone(pid: int, created: float, seconds: float) -> bool:
    """Wait until the process has ended; one that its parent has not reaped yet has."""
    last = time.monotonic() + seconds
    while identity(pid) == created:
        if time.monotonic() > last:
            return False
        time.sleep(0.02)
    return True


def _kept(stream: IO[bytes], keep: int) -> bytes:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if size <= keep:
        return stream.read()
    head = stream.read(keep // 2)
    stream.seek(size - keep // 2)
    return head + f"\n... {size - keep} bytes left out ...\n".encode() + stream.read()
