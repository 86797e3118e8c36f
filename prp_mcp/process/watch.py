"""Watch a program that may try to get away, hold it to its limits, and kill all it started."""

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prp_mcp.process.limits import Limits, Stopped


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
    from prp_mcp.process.family import Family

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
        family = Family(child)
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
