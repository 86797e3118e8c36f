"""`prp-mcp rollback`: undo the run of this work tree."""

import argparse

from prp_mcp.cli.command import Command, Exit
from prp_mcp.cli.screen import Screen
from prp_mcp.cli.session import engine_for, exit_for, settings_for, show
from prp_mcp.engine.door import Engine
from prp_mcp.engine.step import Caller
from prp_mcp.engine.tool import Refusal
from prp_mcp.tools.rollback import RollbackFields


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_id", nargs="?", default="", metavar="RUN", help="run id (default: the open run)")
    parser.add_argument("--reason", default="requested on the command line", help="why; it is shown in the summary")
    parser.add_argument(
        "--restore-files", action="store_true", help="reset the work tree too; its changes are kept on a branch"
    )
    parser.add_argument(
        "--unless-resumed", type=float, metavar="SECONDS", help="first wait this long for a sign of life"
    )
    parser.add_argument("--local", action="store_true", help="work with the local workspace")


def _resumed(engine: Engine, run_id: str, seconds: float) -> bool:
    """Wait `seconds` and return whether anything was recorded for the run meanwhile, or it has ended."""

    before = engine.run(run_id)
    Caller().pause(seconds)
    after = engine.run(run_id)
    return len(after.records) != len(before.records) or not after.open


def _run(args: argparse.Namespace, screen: Screen) -> int:
    engine = engine_for(settings_for(args))
    if args.unless_resumed is not None and _resumed(engine, args.run_id, args.unless_resumed):
        screen.line("The run was resumed; nothing was rolled back.")
        return Exit.PASSED
    given = {"run": args.run_id, "reason": args.reason, "restore_files": args.restore_files}
    done = engine.execute("rollback", given, Caller(progress=screen.progress))
    show(screen, done, "rollback")
    if not isinstance(done, Refusal):
        for step in done.own(RollbackFields).steps:
            screen.detail(f"{step.state}: {step.what}")
    return exit_for(done)


COMMAND = Command(_arguments, _run)
