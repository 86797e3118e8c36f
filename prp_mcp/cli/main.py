"""Parse the command line, run one command, turn every outcome into a documented exit code."""

import argparse
import gc
import logging
import sys
from collections.abc import Sequence
from importlib import import_module

from prp_mcp import __version__
from prp_mcp.cli.command import REFUSED, Command, Exit
from prp_mcp.cli.screen import Screen
from prp_mcp.errors import PrpMcpError

log = logging.getLogger(__name__)

COMMANDS = {
    "serve": "Serve MCP over stdio, for Claude Code and other clients.",
    "run": "Take a PRP through every gate without an agent.",
    "check": "Check PRPs for completeness; needs no workspace.",
    "status": "Show where the run stands and what is allowed next.",
    "report": "Write the report of a run as Markdown, HTML or JSON.",
    "rollback": "Undo a run: stop its update, put the previous deployment back.",
    "abandon": "End a run on a person's word, undoing nothing.",
    "approve": "Approve, as a person, validation commands that are on no list.",
    "waive": "Waive an open checklist item as a person, with a reason.",
    "call": "Call one tool with JSON arguments; prints its result as JSON.",
    "tools": "List the tools that MCP clients and `call` can use.",
    "workspace": "Start, show or stop the local workspace; `env` prints shell exports.",
    "journal": "Verify the journal's hash chain, or export it as canonical JSON lines.",
    "doctor": "Show what is missing and how to get it.",
    "init": "Set up a project: .mcp.json, /execute-prp, CLAUDE.md, PRP template.",
    "demo": "Run the sample PRP on a local workspace, from nothing.",
}
"""Every command: its name, which is also that of its module in this folder, and what it is for."""

EPILOG = """exit codes: 0 passed, 1 failed, 2 usage, 3 bug in prp-mcp, 4 gate closed, 130 interrupted"""


def parser(chosen: str | None) -> argparse.ArgumentParser:
    """Return the parser of the whole command line; only the `chosen` command is loaded, and takes its arguments."""
    top = argparse.ArgumentParser(prog="prp-mcp", description="Execute PRPs for Databricks pipelines.", epilog=EPILOG)
    top.add_argument("--version", action="version", version=f"prp-mcp {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, use in COMMANDS.items():
        added = commands.add_parser(name, help=use, description=use, epilog=EPILOG)
        if name == chosen:
            command: Command = import_module(f"prp_mcp.cli.{name}").COMMAND
            command.arguments(added)
            added.set_defaults(run=command.run)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    words = sys.argv[1:] if argv is None else argv
    # The options before a command take no values, so the first word that is none is the command.
    args = parser(next((word for word in words if not word.startswith("-")), None)).parse_args(words)
    if not gc.isenabled():
        gc.freeze()  # all that is loaded stays
        gc.enable()
    screen = Screen()
    try:
        return int(args.run(args, screen))
    except PrpMcpError as error:
        screen.error(error.summary, error.remedy)
        return int(REFUSED[error.code])
    except KeyboardInterrupt:
        screen.error("interrupted", "Nothing was rolled back; `prp-mcp status` shows where the run stands.")
        return int(Exit.INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone, and with it whoever could be told
        return int(Exit.FAILED)
    except Exception as error:  # a bug of ours: the trace goes to the log, one line to the user
        log.exception("bug in prp-mcp %s", args.command)
        screen.error(f"bug in prp-mcp: {type(error).__name__}: {error}", "Please report it with prp-mcp.log.")
        return int(Exit.BUG)
