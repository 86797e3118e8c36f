"""`prp-mcp waive ITEM`: a person takes a checklist item upon himself, with a reason the summary shows."""

import argparse

from prp_mcp.cli.command import Command, Exit, engine_for, settings_for
from prp_mcp.cli.screen import Screen
from prp_mcp.engine.door import Engine
from prp_mcp.engine.tool import Refusal
from prp_mcp.errors import UsageError
from prp_mcp.journal.store import Kind


def waive_open(engine: Engine, run: str, reason: str, item: str | None = None) -> list[str]:
    """Waive every open item of the run's suite, or the one called `item`; return the ids."""
    done = engine.execute("run_validation", {"run": run, "command": None})
    if isinstance(done, Refusal):
        raise UsageError(done.reason, remedy=done.next)
    waiting = [entry for entry in done["open"] if entry["state"] == "open" and item in (None, entry["id"])]
    if item and not waiting:
        known = ", ".join(entry["id"] for entry in done["open"]) or "none"
        raise UsageError(f"{item} is not open", remedy=f"Open items: {known}. A failing command cannot be waived.")
    journal = engine.open_journal()
    try:
        for entry in waiting:
            body = {"item": entry["id"], "state": "waived", "evidence": reason, "text": entry["text"]}
            journal.append(done["run"], "check", Kind.NOTE, body)
    finally:
        journal.close()
    return [entry["id"] for entry in waiting]


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


COMMAND = Command("waive", "Waive an open checklist item as a person, with a reason.", _arguments, _run)
