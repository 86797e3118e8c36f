"""A person approves a command at a terminal; nobody else does."""

import os
import pty
import subprocess

import pytest

from tests.acceptance.conftest import PROGRAM
from tests.project import PRP, commit, mini, write

ASKING = PRP.replace("databricks bundle validate --target dev\n```", "make lint\n```")


@pytest.fixture
def begun(scripted, tmp_path):
    """A project whose run has come far enough for its suite to be run, with a command that is on no list."""
    folder = mini(tmp_path / "p", "approval")
    write(folder, {"PRPs/mini.md": ASKING, "Makefile": "lint:\n\t@echo linted\n"})
    commit(folder)
    scripted.call(folder, "load_prp", prp="mini")
    assert scripted.call(folder, "check_environment")["verdict"] == "passed"
    yield folder
    scripted.run(folder, "rollback", "--reason", "the test is over")


def at_a_terminal(place, folder, said: str, *words: str) -> tuple[str, int]:
    """Run a command on a terminal on which a person types `said` when asked."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [PROGRAM, *words], cwd=folder, env=place.env, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True
    )
    os.close(theirs)
    shown = b""
    while b"Type yes" not in shown and b"No command" not in shown:
        shown += os.read(ours, 4096)
    os.write(ours, said.encode() + b"\n")
    try:
        while True:
            shown += os.read(ours, 4096)
    except OSError:  # the other end is closed: it has ended
        code = child.wait()
    os.close(ours)
    return shown.decode(errors="replace"), code


def lint(place, folder) -> dict:
    """Run the command and return what came of it."""
    return place.call(folder, "run_validation", command="L1.2")["commands"][0]


@pytest.mark.guarantee("approval")
def test_a_command_off_the_list_runs_after_a_person_has_typed_yes_at_a_terminal(scripted, begun):
    assert lint(scripted, begun)["met"] is None
    shown, code = at_a_terminal(scripted, begun, "no", "approve")
    assert "make lint" in shown
    assert (code, lint(scripted, begun)["met"]) == (1, None)
    _, code = at_a_terminal(scripted, begun, "yes", "approve")
    done = lint(scripted, begun)
    assert (code, done["met"], done["tail"]) == (0, True, "linted")


@pytest.mark.guarantee("approval")
def test_approve_is_refused_without_a_terminal(scripted, begun):
    done = scripted.run(begun, "approve")
    assert done.returncode == 4
    assert "for a person at a terminal" in done.stderr
    assert lint(scripted, begun)["met"] is None


@pytest.mark.guarantee("approval")
def test_a_headless_run_asks_the_person_at_its_terminal(scripted, tmp_path):
    folder = mini(tmp_path / "p", "asked")
    write(folder, {"PRPs/mini.md": ASKING, "Makefile": "lint:\n\t@echo linted\n"})
    commit(folder)
    shown, code = at_a_terminal(scripted, folder, "yes", "run", "mini")
    assert code == 0, shown
    summary = (folder / "PRPs/mini_execution_summary.md").read_text()
    assert "| L1.2 | verified | make lint |" in summary
    assert "approved by the person at the terminal: `make lint`" in summary
