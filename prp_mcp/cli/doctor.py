"""`prp-mcp doctor`: what is there, what is missing, how to get it."""

import argparse
import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from prp_mcp.cli.command import Command, Exit
from prp_mcp.cli.screen import Screen
from prp_mcp.cli.session import local_home, settings_for
from prp_mcp.engine.present import locate
from prp_mcp.errors import PrpMcpError
from prp_mcp.local import control
from prp_mcp.remote.bundle import find_executable
from prp_mcp.remote.workspace import Workspace
from prp_mcp.sandbox.command import confinement
from prp_mcp.settings import Settings, ensure_private


def _checks(settings: Settings) -> Iterator[tuple[str, Callable[[], str], bool]]:
    """Yield each check: its name, what finds out (or raises), and whether all work needs it."""
    yield "python", lambda: sys.version.split()[0], True
    yield "git", lambda: shutil.which("git") or _missing("git is not on PATH"), True
    yield "state directory", lambda: str(ensure_private(settings.state_dir)), True
    yield "project", lambda: str(locate(Path.cwd())[1]), False
    yield "credentials", lambda: settings.credentials().host, False
    yield "bundle executable", lambda: find_executable(settings), False
    yield "workspace", lambda: f"reached as {Workspace(settings.credentials()).me()}", False
    yield "sandbox", lambda: confinement().told(network=False), False
    yield "local workspace", lambda: _local(settings), False


def _local(settings: Settings) -> str:
    if importlib.util.find_spec("pyspark") is None:
        return _missing("Spark is not installed: pip install 'prp-mcp[local]'")
    server = control.status(local_home(settings))
    return f"running at {server.host}" if server else "installed, not running"


def _missing(text: str) -> str:
    raise _MissingError(text, remedy=text)


class _MissingError(PrpMcpError):
    """Something this program uses is not there."""


def _run(args: argparse.Namespace, screen: Screen) -> int:
    settings = settings_for(args)
    sound = True
    for name, find, needed in _checks(settings):
        try:
            screen.verdict("passed", name, find())
        except PrpMcpError as error:
            sound = sound and not needed
            screen.verdict("failed" if needed else "inconclusive", name, error.summary)
            screen.detail(error.remedy)
    return Exit.PASSED if sound else Exit.FAILED


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--local", action="store_true", help="check the local workspace")


COMMAND = Command(_arguments, _run)
