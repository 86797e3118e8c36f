"""`prp-mcp call TOOL`: exactly what an MCP client calls, for scripts."""

import argparse
import json
import sys
from typing import Any

from prp_mcp.cli.command import Command
from prp_mcp.cli.screen import Screen
from prp_mcp.cli.session import engine_for, exit_for, settings_for
from prp_mcp.engine.tool import Refusal
from prp_mcp.errors import UsageError


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tool", help="name of the tool; `prp-mcp tools` lists them")
    parser.add_argument("--json", default="{}", metavar="ARGUMENTS", help="arguments as a JSON object, - for stdin")
    parser.add_argument("--local", action="store_true", help="work with the local workspace")


def _run(args: argparse.Namespace, screen: Screen) -> int:
    given = _given(sys.stdin.read() if args.json == "-" else args.json)
    done = engine_for(settings_for(args)).execute(args.tool, given)
    screen.json(vars(done) if isinstance(done, Refusal) else done.structured)
    return exit_for(done)


def _given(text: str) -> dict[str, Any]:
    try:
        loaded = json.loads(text)
    except ValueError as error:
        raise UsageError(
            f"--json is not valid JSON: {error}", remedy='Give an object such as \'{"prp": "x"}\'.'
        ) from error
    if not isinstance(loaded, dict):
        raise UsageError("--json must be a JSON object", remedy='Give an object such as \'{"prp": "x"}\'.')
    return loaded


COMMAND = Command(_arguments, _run)
