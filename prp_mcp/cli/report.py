"""`prp-mcp report`: tell a run, finished or not, from its records."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from prp_mcp.cli.command import Command, Exit
from prp_mcp.cli.screen import Screen
from prp_mcp.cli.session import engine_for
from prp_mcp.engine.runs import Runs
from prp_mcp.errors import UsageError
from prp_mcp.report.html import render_html
from prp_mcp.report.markdown import render_markdown
from prp_mcp.report.story import Story, tell
from prp_mcp.settings import read_settings


def render_json(story: Story) -> str:
    """Return the story as one JSON document."""
    return json.dumps(asdict(story), ensure_ascii=False, indent=2) + "\n"


FORMATS = {"md": render_markdown, "html": render_html, "json": render_json}


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run_id", nargs="?", default="", metavar="RUN", help="run id (default: the latest of this tree)"
    )
    parser.add_argument("--format", choices=sorted(FORMATS), default="md")
    parser.add_argument("--output", type=Path, help="write to this file instead of standard output")


def _run(args: argparse.Namespace, screen: Screen) -> int:
    text = FORMATS[args.format](_story(args.run_id))
    if args.output:
        args.output.write_text(text, "utf-8")
        screen.line(f"Report: {args.output}")
    else:
        screen.raw(text)
    return Exit.PASSED


def _story(wanted: str) -> Story:
    engine = engine_for(read_settings())
    with engine.journal() as journal:
        runs = Runs(journal, engine.folder, engine.settings).latest(1, wanted)
        if not runs:
            raise UsageError("there is no such run in this work tree", remedy="See `prp-mcp status`.")
        return tell(runs[0], journal.head()[:12])


COMMAND = Command(_arguments, _run)
