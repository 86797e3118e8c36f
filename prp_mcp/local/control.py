"""Start, find and stop the server of a local workspace, by the folder that is its home."""

import json
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from filelock import FileLock

from prp_mcp import process
from prp_mcp.clock import Deadline
from prp_mcp.errors import WorkspaceError
from prp_mcp.local import environment

_pause = threading.Event()
_started: list[Any] = []
"""The processes this process has started: forgetting one while it runs is a resource warning."""

START_SECONDS = 60.0
STOP_SECONDS = 30.0


@dataclass(frozen=True)
class Server:
    """A running server: where it is, what it lets in, and which process it is."""

    host: str
    token: str
    pid: int


def start(home: Path, *, runner: Sequence[str] | None = None) -> Server:
    """Return the server of `home`, starting it when there is none; it outlives the caller.

    `runner` replaces the argv of the pipeline runner, for a server that this call starts.
    Raises WorkspaceError when it does not come up; its log is `home/server.log`.
    """
    home = home.absolute()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(home / "start.lock"):
        running = status(home)
        if running is not None:
            return running
        argv = [sys.executable, "-m", "prp_mcp.local.server", "--home", str(home)]
        if runner is not None:
            argv += ["--runner", json.dumps(list(runner))]
        log = home / "server.log"
        with log.open("ab") as stream:
            child = process.spawn(argv, cwd=home, env=environment.variables(), stdout=stream, stderr=stream)
        _started.append(child)
        deadline = Deadline(START_SECONDS)
        while not deadline.passed:
            found = status(home)
            if found is not None:
                return found
            if child.poll() is not None:
                break
            _pause.wait(0.05)
        if child.poll() is None:
            process.end_group(child)
    raise WorkspaceError(
        f"The local workspace in {str(home)!r} did not start",
        remedy=f"Read {str(log)!r}, fix what it reports, and start again",
        detail=log.read_text(errors="replace")[-2000:],
    )


def status(home: Path) -> Server | None:
    """Return the server of `home` when it runs and answers, else None."""
    try:
        note = json.loads((home / "server.json").read_text())
        server = Server(str(note["host"]), str(note["token"]), int(note["pid"]))
        if process.identity(server.pid) != note["created"]:
            return None
        answer = requests.get(f"{server.host}/.well-known/databricks-config", timeout=5)
    except (OSError, ValueError, KeyError, TypeError):
        # No note, half a note or no answer: whoever wrote it does not serve.
        return None
    return server if answer.status_code == 200 else None


def stop(home: Path) -> bool:
    """Stop the server of `home` and what it runs; return whether there was one and it is gone."""
    try:
        note = json.loads((home / "server.json").read_text())
        pid, created = int(note["pid"]), float(note["created"])
    except (OSError, ValueError, KeyError, TypeError):
        # No note: nothing runs that this could stop.
        return False
    if process.identity(pid) != created:
        return False
    gone = process.end(pid, created, grace=STOP_SECONDS)
    _started[:] = [child for child in _started if child.poll() is None]
    return gone
