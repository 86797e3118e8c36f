"""`prp-mcp waive ITEM`: a person takes a checklist item upon himself, with a reason the summary shows."""

import argparse

from prp_mcp.cli.approve import refuse_unattended
from prp_mcp.cli.command import Command, Exit
from prp_mcp.cli.screen import Screen
from prp_mcp.cli.session import engine_for, settings_for
from prp_mcp.engine.door import Engine
from prp_mcp.errors import UsageError
from prp_mcp.journal.notes import Attestation
from prp_mcp.suite.items import subject_of, suite_items, unsettled


def waive_open(engine: Engine, run: str, reason: str, item: str | None = None) -> list[str]:
    """Waive every open item of the run's suite, or the one called `item`; return the ids."""
    refuse_unattended("waive", granted=engine.settings.grants.waive)
    with engine.opened(run) as step:
        left = unsettled(suite_items(step))
        waiting = [each for each in left if each.state == "open" and item in (None, each.id)]
        if item and not waiting:
            known = ", ".join(each.id for each in left) or "none"
            raise UsageError(f"{item} is not open", remedy=f"Open items: {known}. A failing command cannot be waived.")
        for each in waiting:
            step.note(Attestation(each.id, subject_of(step, each), "waived", reason, each.text[:300]))
    return [each.id for each in waiting]


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("item", help="id of the item, such as C3")
    parser.add_argument("--reason", required=True, help="why; it is shown in the summary")
    parser.add_argument("--run", dest="run_id", default="", metavar="RUN", help="run id (default: the open run)")
    parser.add_argument("--local", action="store_true", help="work with the local workspace")


def _run(args: argparse.Namespace, screen: Screen) -> int:
    engine = engine_for(settings_for(args))
    for waived in waive_open(engine, args.run_id, args.reason, args.item):
        screen.line(f"{waived} is waived: {args.reason}")
    return Exit.PASSED


COMMAND = Command(_arguments, _run)
