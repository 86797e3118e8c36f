"""The table of phases tells the truth: what a phase is given is there, and it changes only what it says."""

import inspect
import subprocess
import sys

import pytest

from prp_mcp.local.bundle.diagnostics import Findings
from prp_mcp.local.bundle.initialise import PHASES, Options, initialise
from prp_mcp.local.bundle.located import Node
from tests.local.bundle.conftest import SHOP

HEAVY = ("asyncio", "databricks", "pathspec", "psutil", "pydantic", "requests", "sqlite3", "urllib3", "uuid")
GIVEN = ("folder", "options", "findings")


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.step.__name__)
def test_a_phase_reads_what_its_step_takes(phase):
    assert phase.reads == tuple(inspect.signature(phase.step).parameters)


def test_a_phase_reads_only_what_is_given_or_written_before():
    known = set(GIVEN)
    for phase in PHASES:
        assert set(phase.reads) <= known, phase.step.__name__
        known |= set(phase.writes)


@pytest.mark.parametrize("target", ["dev", "prod"])
def test_a_phase_that_does_not_write_the_configuration_leaves_it_as_it_is(write, environment, tmp_path, target):
    write(SHOP)
    known = {"folder": tmp_path, "options": Options(target=target, environment=environment), "findings": Findings()}
    for phase in PHASES:
        before = known.get("config", Node({})).data()
        made = phase.step(*(known[name] for name in phase.reads))
        if "config" not in phase.writes:
            assert known.get("config", Node({})).data() == before, phase.step.__name__
        known |= zip(phase.writes, made if len(phase.writes) > 1 else (made,), strict=False)


def test_an_error_keeps_what_the_phases_before_it_have_made(write, environment, tmp_path):
    write({"databricks.yml": "bundle:\n  name: t\ntargets:\n  dev:\n    mode: dancing\n"})
    bundle, failure = initialise(tmp_path, Options(environment=environment))
    assert "'dancing'" in str(failure)
    assert (bundle.name, bundle.target, bundle.user.short_name) == ("t", "dev", "engineer")
    assert bundle.path("root_path").endswith("/.bundle/t/dev")


def test_a_validation_starts_without_what_it_does_not_need(write, environment, tmp_path):
    write({"databricks.yml": "bundle:\n  name: t\n"})
    code = (
        "import sys; sys.argv[1:] = ['bundle', 'validate']; from prp_mcp.local.bundle.__main__ import main; main();"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
