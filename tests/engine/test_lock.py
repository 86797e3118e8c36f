"""The lock on a target lives as long as the attempt: a child that inherited it keeps it, whatever becomes of us."""

import os
from pathlib import Path

import pytest

from prp_mcp import process
from prp_mcp.engine.lock import TargetLock
from prp_mcp.errors import BusyError
from prp_mcp.journal.notes import RunBegun
from prp_mcp.journal.runs import Run

ENV = {"PATH": os.environ["PATH"]}


def patient(folder):
    """Return a program that works until there is a file `end` in `folder`, and says that it got there."""
    script = folder / "child.sh"
    script.write_text(f'#!/bin/sh\nwhile [ ! -e "{folder}/end" ]; do sleep 0.1; done\ntouch "{folder}/ended"\n')
    script.chmod(0o755)
    return [str(script)]


def reaped(pid):
    """Wait for a child that was left to go on, and let it be forgotten."""
    os.waitpid(pid, 0)
    process.run(["true"], cwd=Path("/"), env=ENV, timeout=10)


@pytest.fixture
def locks(tmp_path):
    def lock(run="r1", target="dev"):
        begun = RunBegun("p", "/w", "/w", target, "http://h", "b", headless=False)
        return TargetLock(tmp_path, Run(run, begun, "now"))

    return lock


def test_one_holds_a_target_and_the_others_are_told_who(locks):
    first, second = locks(), locks("r2")
    first.take("deploy")
    with pytest.raises(BusyError, match=rf"b on target dev is held by run r1 \(process {os.getpid()}, deploy since"):
        second.take("rollback")
    assert "run r1" in (second.holder() or "")
    other = locks("r3", "prod")
    other.take("deploy")
    other.release()
    first.release()
    assert second.holder() is None
    second.take("rollback")
    second.release()


def test_a_child_that_inherited_the_lock_keeps_it_and_is_named_until_it_has_ended(locks, tmp_path):
    lock = locks()
    lock.take("deploy")
    child = None

    def started(pid):
        nonlocal child
        child = pid
        lock.hand_to(pid)

    hold = process.Hold(lock.descriptor, started)
    done = process.run(patient(tmp_path), cwd=tmp_path, env=ENV, timeout=0.5, hold=hold)
    assert done.timed_out
    assert done.exit == process.STILL_RUNNING
    lock.release()
    with pytest.raises(BusyError, match=rf"run r1 \(process {child}, the bundle executable at work since"):
        locks("r2").take("rollback")
    (tmp_path / "end").touch()
    assert child is not None
    reaped(child)
    again = locks("r2")
    again.take("rollback")
    again.release()


def test_a_child_with_a_hold_is_not_ended_when_we_are_interrupted(locks, tmp_path):
    lock = locks()
    lock.take("deploy")
    pids = []

    def started(pid):
        pids.append(pid)
        raise KeyboardInterrupt

    hold = process.Hold(lock.descriptor, started)
    with pytest.raises(KeyboardInterrupt):
        process.run(patient(tmp_path), cwd=tmp_path, env=ENV, timeout=60, hold=hold)
    lock.release()
    assert locks("r2").holder() is not None
    (tmp_path / "end").touch()
    reaped(pids[0])
    assert (tmp_path / "ended").exists()
    assert locks("r2").holder() is None
