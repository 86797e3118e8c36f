"""What a command of the command line is, and how it ends; a look at the help loads nothing else of prp-mcp."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from prp_mcp.cli.screen import Screen


class Exit(IntEnum):
    """Exit codes of every command."""

    PASSED = 0
    FAILED = 1
    USAGE = 2
    BUG = 3
    CLOSED = 4
    INTERRUPTED = 130


REFUSED = {
    "closed": Exit.CLOSED,
    "policy": Exit.CLOSED,
    "busy": Exit.CLOSED,
    "usage": Exit.USAGE,
    "auth": Exit.USAGE,
    "workspace": Exit.FAILED,
    "internal": Exit.BUG,
}


@dataclass(frozen=True)
class Command:
    """One command: `arguments` adds its options, `run` does it and returns an exit code."""

    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Screen], int]
