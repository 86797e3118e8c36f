"""`prp-mcp status`: where the run of this work tree stands."""

import argparse

from prp_mcp.cli.command import Command
from prp_mcp.cli.screen import Screen
from prp_mcp.cli.session import engine_for, exit_for, settings_for, show
from prp_mcp.engine.tool import Refusal
from prp_mcp.tools.run_status import StatusFields


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_id", nargs="?", default="", metavar="RUN", help="run id (default: the open or latest run)")
    parser.add_argument("--local", action="store_true", help="work with the local workspace")


def _run(args: argparse.Namespace, screen: Screen) -> int:
    done = engine_for(settings_for(args)).execute("run_status", {"run": args.run_id})
    show(screen, done, "run_status")
    if isinstance(done, Refusal):
        return exit_for(done)
    for row in done.own(StatusFields).gates:
        screen.verdict(row.status, row.gate, row.why)
    screen.detail(f"Next: {done.next}")
    return exit_for(done)


COMMAND = Command(_arguments, _run)
