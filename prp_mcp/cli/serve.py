"""`prp-mcp serve`: the MCP server on standard input and output."""

import argparse

from prp_mcp.cli.command import Command, Exit
from prp_mcp.cli.screen import Screen
from prp_mcp.cli.session import engine_for, settings_for
from prp_mcp.server import serve_stdio


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--local", action="store_true", help="work with the local workspace")


def _run(args: argparse.Namespace, _: Screen) -> int:
    serve_stdio(engine_for(settings_for(args)))
    return Exit.PASSED


COMMAND = Command(_arguments, _run)
