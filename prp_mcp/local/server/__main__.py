"""Run the local workspace: `python -m prp_mcp.local.server --home DIR [--port N]`."""

import argparse
import asyncio
import json
import os
import secrets
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn
from filelock import FileLock, Timeout
from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

from prp_mcp import process
from prp_mcp.local.server.app import App
from prp_mcp.local.server.workspace import open_workspace

RUNNER = (sys.executable, "-m", "prp_mcp.local.runner")
GRACE = 2
"""Seconds that open connections get when the server stops."""


class Protocol(H11Protocol):
    """HTTP whose connections can be found by the client's address, so that a fault can drop one."""

    open_connections: dict[tuple[str, int], asyncio.Transport] = {}  # noqa: RUF012 - one server a process

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Remember the connection."""
        super().connection_made(transport)
        self.open_connections[transport.get_extra_info("peername")[:2]] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self.open_connections.pop(self.transport.get_extra_info("peername")[:2], None)


class Server(uvicorn.Server):
    """A server that announces itself in `server.json` while it listens."""

    def __init__(self, config: uvicorn.Config, home: Path, host: str, token: str):
        super().__init__(config)
        self._note = home / "server.json"
        self._content = {"host": host, "token": token, "pid": os.getpid()}

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self.started:
            note = {**self._content, "created": process.identity(os.getpid())}
            _write_private(self._note, json.dumps(note))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take the announcement back, then stop."""
        self._note.unlink(missing_ok=True)
        await super().shutdown(sockets)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; 1 when another server already serves this home."""
    parser = argparse.ArgumentParser(prog="prp_mcp.local.server", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder of the workspace's state")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--runner", type=json.loads, default=RUNNER, help="JSON list: argv of the runner")
    options = parser.parse_args(argv)
    home: Path = options.home.absolute()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(home / "server.lock")
    try:
        with lock.acquire(timeout=0):
            _serve(home, options.port, options.runner)
    except Timeout:
        sys.stderr.write(f"Another server serves {home}; stop it first.\n")
        return 1
    return 0


def _serve(home: Path, port: int, runner: Sequence[str]) -> None:
    (home / "server.json").unlink(missing_ok=True)
    token = _token(home)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    app = App(open_workspace(home, token, runner), _drop)
    config = uvicorn.Config(
        app,
        http=Protocol,
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    host = f"http://127.0.0.1:{listener.getsockname()[1]}"
    Server(config, home, host, token).run(sockets=[listener])


async def _drop(scope: Scope) -> None:
    transport = Protocol.open_connections.get(tuple(scope["client"]))
    if transport is not None:
        transport.abort()
    # The loss is noticed one turn later; returning before would make uvicorn answer 500.
    await asyncio.sleep(0.05)


def _token(home: Path) -> str:
    kept = home / "token"
    if not kept.exists():
        _write_private(kept, secrets.token_urlsafe(32))
    return kept.read_text().strip()


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    fresh.replace(path)


if __name__ == "__main__":
    sys.exit(main())
