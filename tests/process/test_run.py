"""Processes are ended for good, whatever they do about it."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from prp_mcp import process

pytestmark = pytest.mark.process

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
NEGLIGENT = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {DEAF!r}], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(600)
"""
"""A parent that never looks after its child: once ended it stays a zombie."""


@pytest.fixture
def started() -> Iterator[list["subprocess.Popen[str]"]]:
    """Processes to be ended when the test is done."""
    children: list[subprocess.Popen[str]] = []
    yield children
    for child in children:
        child.kill()
        child.communicate()


def _start(started: list["subprocess.Popen[str]"], code: str) -> tuple["subprocess.Popen[str]", str]:
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    started.append(child)
    assert child.stdout
    return child, child.stdout.readline().strip()


def test_a_process_that_ignores_sigterm_is_killed_and_gone_when_end_returns(started):
    child, _ = _start(started, DEAF)
    created = process.identity(child.pid)
    assert created is not None
    assert process.end(child.pid, created, grace=0.1)
    assert process.identity(child.pid) is None


def test_a_killed_process_that_nobody_reaps_counts_as_gone(started):
    _, told = _start(started, NEGLIGENT)
    pid = int(told)
    created = process.identity(pid)
    assert created is not None
    assert process.end(pid, created, grace=0.1)
    assert process.identity(pid) is None


def test_a_later_process_with_the_same_number_is_left_alone(started):
    child, _ = _start(started, DEAF)
    created = process.identity(child.pid)
    assert created is not None
    assert process.end(child.pid, created - 100.0)
    assert process.identity(child.pid) == created
