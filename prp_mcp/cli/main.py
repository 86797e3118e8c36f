"""Parse the command line, run one command, turn every outcome into a documented exit code."""

import argparse
import logging
import sys
from collections.abc import Sequence

from prp_mcp import __version__
from prp_mcp.cli import (
    abandon,
    approve,
    call,
    check,
    demo,
    doctor,
    init,
    journal,
    report,
    rollback,
    run,
    serve,
    status,
    tools,
    waive,
    workspace,
)
from prp_mcp.cli.command import REFUSED, Command, Exit
from prp_mcp.cli.screen import Screen
from prp_mcp.errors import PrpMcpError

log = logging.getLogger(__name__)

COMMANDS: tuple[Command, ...] = (
    serve.COMMAND,
    run.COMMAND,
    check.COMMAND,
    status.COMMAND,
    report.COMMAND,
    rollback.COMMAND,
    abandon.COMMAND,
    approve.COMMAND,
    waive.COMMAND,
    call.COMMAND,
    tools.COMMAND,
    workspace.COMMAND,
    journal.COMMAND,
    doctor.COMMAND,
    init.COMMAND,
    demo.COMMAND,
)

EPILOG = """exit codes: 0 passed, 1 failed, 2 usage, 3 bug in prp-mcp, 4 gate closed, 130 interrupted"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top = argparse.ArgumentParser(prog="prp-mcp", description="Execute PRPs for Databricks pipelines.", epilog=EPILOG)
    top.add_argument("--version", action="version", version=f"prp-mcp {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        added = commands.add_parser(command.name, help=command.help, description=command.help, epilog=EPILOG)
        command.arguments(added)
        added.set_defaults(run=command.run)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    args = parser().parse_args(argv)
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
