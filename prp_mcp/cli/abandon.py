"""`prp-mcp abandon RUN`: a person ends a run that can neither go on nor be rolled back."""

import argparse

from prp_mcp.cli.approve import refuse_unattended
from prp_mcp.cli.command import Command, Exit
from prp_mcp.cli.screen import Screen
from prp_mcp.cli.session import engine_for
from prp_mcp.errors import UsageError
from prp_mcp.journal.notes import RunEnded
from prp_mcp.journal.runs import end_run
from prp_mcp.settings import read_settings


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_id", metavar="RUN", help="run id, in full")
    parser.add_argument("--reason", required=True, help="why; it is shown in the summary")


def _run(args: argparse.Namespace, screen: Screen) -> int:
    settings = read_settings()
    refuse_unattended("abandon", granted=settings.grants.abandon)
    engine = engine_for(settings)
    run = engine.run(args.run_id, reads_ended=False)
    if run.id != args.run_id:
        raise UsageError(f"there is no open run {args.run_id!r}", remedy="See `prp-mcp status`.")
    with engine.journal() as journal:
        end_run(journal, run, RunEnded("abandoned", args.reason))
    screen.line(f"Run {run.id} is abandoned. What it deployed is still there; nothing was undone.")
    return Exit.PASSED


COMMAND = Command(_arguments, _run)
