"""`prp-mcp journal`: verify the chain of records, or export them."""

import argparse

from prp_mcp.cli.command import Command, Exit
from prp_mcp.cli.screen import Screen
from prp_mcp.journal.store import Journal, canonical
from prp_mcp.settings import ensure_private, read_settings


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("verify", "export"))
    parser.add_argument("--head", default="", help="a head that a result or report carried must be there (verify)")
    parser.add_argument(
        "--run", dest="run_id", default=None, metavar="RUN", help="only the records of this run (export)"
    )


def _run(args: argparse.Namespace, screen: Screen) -> int:
    journal = Journal(ensure_private(read_settings().state_dir) / "journal.db")
    try:
        if args.action == "verify":
            count = journal.verify(args.head)
            screen.line(f"{count} records are intact and in order; head {journal.head()[:12]}.")
        else:
            screen.raw("".join(canonical(vars(record)) + "\n" for record in journal.records(args.run_id)))
    finally:
        journal.close()
    return Exit.PASSED


COMMAND = Command(_arguments, _run)
