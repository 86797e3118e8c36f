"""`python -m benchmarks.startup`: what starting costs in CPU seconds and memory, against a bare MCP server.

A server is started, asked for its tools over stdio, and killed at the answer; a command runs to its end. Both are
measured by the kernel (`wait4`), so that a busy machine does not count, in turns, so that a slow moment hits all.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from prp_mcp.cli.session import local_variables
from prp_mcp.local import control
from prp_mcp.scaffold.project import write_project

MOST_TIMES_BARE = 1.15
MOST_MIB_OVER_BARE = 8.0
MOST_COMMAND_SECONDS = 0.5
"""What a start may cost; more fails the benchmark."""

BARE = """
import anyio, mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

async def tools(_, __):
    return types.ListToolsResult(tools=[types.Tool(name="one", input_schema={"type": "object"})])

async def serve():
    server = Server("bare", on_list_tools=tools)
    async with stdio_server() as (reader, writer):
        await server.run(reader, writer, server.create_initialization_options())

anyio.run(serve)
"""

_CLIENT = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "benchmark", "version": "1"}}
ASKED = (
    {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": _CLIENT},
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
)


@dataclass(frozen=True)
class Cost:
    """CPU seconds (user and system) of a process, and the most memory it held in MiB."""

    seconds: float
    mib: float


@dataclass(frozen=True)
class Start:
    """One start: its name, what is run, its exit code, and whether it is a server that is asked for its tools."""

    name: str
    argv: tuple[str, ...]
    exits: int = 0
    is_server: bool = False


def starts() -> tuple[Start, ...]:
    """Return what is measured; the bare server comes first, prp-mcp's second."""
    scripts = Path(sys.executable).parent
    program, bundle = str(scripts / "prp-mcp"), str(scripts / "prp-mcp-bundle")
    return (
        Start("bare server", (sys.executable, "-c", BARE), -signal.SIGKILL, is_server=True),
        Start("prp-mcp serve", (program, "serve"), -signal.SIGKILL, is_server=True),
        Start("prp-mcp --help", (program, "--help")),
        Start("prp-mcp tools", (program, "tools")),
        Start("prp-mcp status", (program, "status"), 2),
        Start("prp-mcp-bundle bundle validate", (bundle, "bundle", "validate", "--target", "dev")),
    )


def cost(start: Start, folder: Path, env: Mapping[str, str]) -> Cost:
    """Start it once in `folder` and return what it cost, up to the list of tools or to its end."""
    pipe = subprocess.PIPE if start.is_server else subprocess.DEVNULL
    started = subprocess.Popen(start.argv, cwd=folder, env=env, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
    if started.stdin and started.stdout:
        with started.stdin, started.stdout:
            started.stdin.write(b"".join(json.dumps(message).encode() + b"\n" for message in ASKED))
            started.stdin.flush()
            answers = [json.loads(started.stdout.readline()) for _ in ("initialize", "tools/list")]
            started.kill()
            if not answers[-1]["result"]["tools"]:
                raise RuntimeError(f"{start.name} listed no tools")
    _, status, used = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)  # it has been waited for
    if started.returncode != start.exits:
        raise RuntimeError(f"{start.name} ended with {started.returncode}, expected {start.exits}")
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def measure(measured: Sequence[Start], times: int) -> dict[str, Cost]:
    """Return the median cost of each start over `times` rounds, in the sample project; a first round warms up."""
    with tempfile.TemporaryDirectory() as scratch:
        project, state = Path(scratch) / "project", Path(scratch) / "state"
        write_project(project)
        subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
        state.mkdir(mode=0o700)
        server = control.start(state / "workspace")
        env = {"PATH": os.environ["PATH"], "HOME": scratch, "PRP_MCP_STATE_DIR": str(state), **local_variables(server)}
        try:
            rounds = [[cost(start, project, env) for start in measured] for _ in range(times + 1)][1:]
        finally:
            control.stop(state / "workspace")
    return {
        start.name: Cost(median(found.seconds for found in costs), median(found.mib for found in costs))
        for start, costs in zip(measured, zip(*rounds, strict=True), strict=True)
    }


def table(costs: Mapping[str, Cost]) -> str:
    """Return the costs as lines, each with its ratio to the first."""
    bare = next(iter(costs.values()))
    lines = [f"{'start':<32} {'CPU s':>6} {'x bare':>7} {'MiB':>6}"]
    for name, each in costs.items():
        # The kernel counts what this process held at the fork: that says nothing of a small one.
        mib = f"{each.mib:6.0f}" if each.mib > 1.2 * _own_mib() else ""
        lines.append(f"{name:<32} {each.seconds:6.2f} {each.seconds / bare.seconds:7.2f} {mib}".rstrip())
    return "\n".join(lines)


def _own_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def trouble(costs: Mapping[str, Cost]) -> list[str]:
    """Return what costs more than it may; the bundle executable is measured and not judged."""
    (_, bare), (name, server), *commands = costs.items()
    found = []
    if server.seconds > MOST_TIMES_BARE * bare.seconds:
        found.append(f"{name} takes more than {MOST_TIMES_BARE:g} times the bare server's CPU seconds")
    if server.mib > bare.mib + MOST_MIB_OVER_BARE:
        found.append(f"{name} holds more than {MOST_MIB_OVER_BARE:g} MiB over the bare server")
    slow = [name for name, each in commands if name.startswith("prp-mcp ") and each.seconds > MOST_COMMAND_SECONDS]
    return found + [f"{name} takes more than {MOST_COMMAND_SECONDS:g} CPU seconds" for name in slow]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and return 1 when a start costs more than it may."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--times", type=int, default=5, help="rounds (default: 5)")
    costs = measure(starts(), parser.parse_args(argv).times)
    print(table(costs))
    found = trouble(costs)
    print("\n".join(found) or "every start is within its bounds")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
