"""`prp-mcp workspace`: start, find and stop the local workspace."""

import argparse
import shlex

from prp_mcp.cli.command import Command, Exit
from prp_mcp.cli.screen import Screen
from prp_mcp.cli.session import local_home, local_variables
from prp_mcp.local import control
from prp_mcp.settings import read_settings


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("start", "status", "stop", "env"))


def _run(args: argparse.Namespace, screen: Screen) -> int:
    home = local_home(read_settings())
    if args.action == "stop":
        screen.line("The local workspace is stopped." if control.stop(home) else "No local workspace was running.")
        return Exit.PASSED
    server = control.status(home) if args.action == "status" else control.start(home)
    if server is None:
        screen.line("No local workspace is running; start it with `prp-mcp workspace start`.")
        return Exit.FAILED
    if args.action == "env":
        screen.raw("".join(f"export {name}={shlex.quote(value)}\n" for name, value in local_variables(server).items()))
    else:
        screen.line(f"The local workspace is running at {server.host} (process {server.pid}); its files are in {home}.")
    return Exit.PASSED


COMMAND = Command(_arguments, _run)
