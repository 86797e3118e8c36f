"""Real processes: the command line, the MCP server over stdio, a workspace with a scripted or the real runner."""

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest
import requests
from mcp import Client, StdioServerParameters

from prp_mcp.local import control

SCRIPTS = Path(sysconfig.get_path("scripts"))
PROGRAM = str(SCRIPTS / "prp-mcp")
RUNNER = [sys.executable, str(Path(__file__).parent.parent / "local" / "scripted_runner.py")]


@dataclass
class Place:
    """A workspace, a state directory, and how to reach both."""

    state: Path
    server: control.Server

    @property
    def env(self) -> dict[str, str]:
        """Return the environment of a process that works here."""
        kept = {name: os.environ[name] for name in ("PATH", "PRP_MCP_CACHE_DIR") if name in os.environ}
        return {
            **kept,
            "HOME": str(self.state),
            "PRP_MCP_STATE_DIR": str(self.state),
            "PRP_MCP_CONFIG_DIR": str(self.state / "config"),
            "DATABRICKS_HOST": self.server.host,
            "DATABRICKS_TOKEN": self.server.token,
            "PRP_MCP_BUNDLE_CLI": str(SCRIPTS / "prp-mcp-bundle"),
        }

    def run(self, project: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run the command line to its end."""
        env = {**self.env, **more}
        return subprocess.run(
            [PROGRAM, *words],
            cwd=project,
            env=env,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def spawn(self, project: Path, *words: str) -> subprocess.Popen[str]:
        """Start the command line; the caller ends it."""
        return subprocess.Popen(
            [PROGRAM, *words], cwd=project, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def call(self, project: Path, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool through the command line."""
        done = self.run(project, "call", tool, "--json", json.dumps(arguments))
        return {**json.loads(done.stdout), "exit": done.returncode}

    def mcp(self, project: Path, talk: Callable[[Any], Any]) -> Any:
        """Start a server over stdio, let `talk` drive a client of it, and return what it returns."""

        async def session() -> Any:
            parameters = StdioServerParameters(command=PROGRAM, args=["serve"], env=self.env, cwd=project)
            async with Client(parameters) as client:
                return await talk(client)

        return anyio.run(session)

    def http(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a plain request to the workspace."""
        headers = {"Authorization": f"Bearer {self.server.token}"}
        return requests.request(method, self.server.host + path, headers=headers, **options)

    def starts(self, since: int = 0) -> int:
        """Return how many requests to start an update the workspace has seen."""
        seen = self.http("GET", "/__requests").json()
        listed = seen["requests"] if isinstance(seen, dict) else seen
        return sum(item["method"] == "POST" and item["path"].endswith("/updates") for item in listed) - since

    def waiting(self, path: str) -> bool:
        """Return whether a request to `path` has not been answered yet."""
        listed = self.http("GET", "/__requests").json()["requests"]
        return any(item["path"] == path and item["status"] is None for item in listed)

    def deployed(self, name: str, path: str) -> str:
        """Return a file as it is deployed for the bundle `name` on dev."""
        root = f"/Workspace/Users/engineer@example.com/.bundle/{name}/dev/files"
        answer = self.http(
            "GET", "/api/2.0/workspace/export", params={"path": f"{root}/{path}", "direct_download": "true"}
        )
        return answer.text if answer.ok else ""


async def tool(client: Any, name: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool through MCP; a refusal comes back as {"refused": text}."""
    done = await client.call_tool(name, arguments)
    if done.is_error:
        return {"refused": done.content[0].text}
    return dict(done.structured_content)


def server_process() -> psutil.Process:
    """Return the `prp-mcp serve` this test process started."""
    return next(child for child in psutil.Process().children(recursive=True) if "serve" in child.cmdline())


def _place(folder: Path, runner: list[str] | None) -> Place:
    state = folder / "state"
    state.mkdir(mode=0o700)
    return Place(state, control.start(state / "workspace", runner=runner))


@pytest.fixture(scope="session")
def scripted(tmp_path_factory):
    """A workspace whose pipelines do what their configuration says."""
    place = _place(tmp_path_factory.mktemp("scripted"), RUNNER)
    yield place
    control.stop(place.state / "workspace")


@pytest.fixture(scope="session")
def sparked(tmp_path_factory):
    """A workspace whose pipelines run on Spark."""
    place = _place(tmp_path_factory.mktemp("sparked"), None)
    yield place
    control.stop(place.state / "workspace")
