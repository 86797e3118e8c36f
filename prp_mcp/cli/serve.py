"""`prp-mcp serve`: the MCP server on standard input and output."""

import argparse

from prp_mcp.cli.command import Command, Exit, engine_for, settings_for
from prp_mcp.cli.screen import Screen


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--local", action="store_true", help="work with the local workspace")


def _run(args: argparse.Namespace, _: Screen) -> int:
    engine = engine_for(settings_for(args))
    from prp_mcp.server import serve_stdio  # importing mcp takes half a second that no other command needs

    serve_stdio(engine)
    return Exit.PASSED


COMMAND = Command("serve", "Serve MCP over stdio, for Claude Code and other clients.", _arguments, _run)
