"""What no test may do: sleep, leave this machine, or look into the home of whoever runs the tests."""

import ipaddress
import os
import pwd
import sys
import time
from pathlib import Path
from typing import SupportsIndex

import pytest

REAL_HOME = Path(pwd.getpwuid(os.getuid()).pw_dir)
_LOOKS = {"open", "os.listdir", "os.mkdir", "os.remove", "os.rename", "os.scandir"}
_POLLING = "tests.local."
"""Where tests still poll with a pause."""
_real_sleep = time.sleep


def install(*inside: Path) -> None:
    """Make each of these an error in this process from now on; the folders `inside` may lie in the home.

    An audit hook sees what is really done, however it is written, and cannot be taken out again.
    """
    mine = f"{REAL_HOME}/"
    spared = tuple(f"{folder}/" for folder in inside if folder != REAL_HOME)

    def look(event: str, given: tuple) -> None:
        if event in ("socket.connect", "socket.getaddrinfo"):
            host = given[1][0] if event == "socket.connect" and isinstance(given[1], tuple) else given[0]
            if isinstance(host, str) and not is_loopback(host):
                pytest.fail(f"a test leaves this machine for {host}")
        elif event in _LOOKS and given and mine != "//":
            path = os.fsdecode(given[0]) if isinstance(given[0], (str, bytes, os.PathLike)) else ""
            if path.startswith(mine) and not path.startswith(spared):
                pytest.fail(f"a test looks into the home of who runs it: {path}")

    sys.addaudithook(look)
    time.sleep = _sleep  # which tells the hook nothing before Python 3.13


def _sleep(seconds: SupportsIndex | float) -> None:
    caller = sys._getframe(1).f_globals.get("__name__", "")
    if caller.startswith("tests.") and not caller.startswith(_POLLING):
        pytest.fail("a test sleeps: wait for what is to happen")
    _real_sleep(seconds)


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine and nothing else."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("", "localhost")
