"""`prp-mcp approve`: a person at a terminal allows validation commands that are on no list, word by word."""

import argparse
import sys

from prp_mcp.cli.command import Command, Exit
from prp_mcp.cli.screen import Screen
from prp_mcp.cli.session import engine_for, settings_for
from prp_mcp.engine.step import Question
from prp_mcp.errors import PolicyError
from prp_mcp.suite.approvals import pending, record_answers

PERSON = "the person at the terminal"


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("item", nargs="?", help="id of the command, such as L2.1 (default: all that wait)")
    parser.add_argument("--run", dest="run_id", default="", metavar="RUN", help="run id (default: the open run)")
    parser.add_argument("--local", action="store_true", help="work with the local workspace")


def _run(args: argparse.Namespace, screen: Screen) -> int:
    if not at_terminal():
        raise PolicyError(
            "approve is for a person at a terminal, but standard input is not a terminal",
            remedy="Run it in a terminal; for CI list the command under `commands` in your own grants.toml.",
        )
    with engine_for(settings_for(args)).opened(args.run_id) as step:
        questions = [each for each in pending(step) if args.item in (None, each.item)]
        if not questions:
            screen.line("No command is waiting for approval.")
            return Exit.PASSED
        answers = {question.what: asked(question, screen) for question in questions}
        record_answers(step, answers, by=PERSON)
    screen.line(f"{sum(answers.values())} of {len(answers)} approved for this run. Call run_validation to run them.")
    return Exit.PASSED if all(answers.values()) else Exit.FAILED


def at_terminal() -> bool:
    """Return whether a person can answer on standard input."""
    return sys.stdin.isatty()


def refuse_unattended(doing: str, *, granted: bool) -> None:
    """Raise PolicyError when no person is at a terminal and `doing`, a grant's name, is not granted without one."""
    if not (at_terminal() or granted):
        raise PolicyError(
            f"`{doing}` is for a person at a terminal, but standard input is not a terminal",
            remedy=f"Run it in a terminal; for CI set `{doing} = true` in your own grants.toml, or "
            f"PRP_MCP_ALLOW_{doing.upper()}=1.",
        )


def asked(question: Question, screen: Screen) -> bool:
    """Put a question to the person at the terminal and return whether the answer was yes."""
    screen.line(question.text)
    screen.raw("Type yes to allow it: ")
    return sys.stdin.readline().strip().casefold() == "yes"


COMMAND = Command(_arguments, _run)
