"""A PRP of each template family goes through every gate, led by an agent over MCP and without one.

`families/` holds the PRPs; `READINGS` says by hand what each comes down to: how many tasks, and which commands and
checklist items something proves. All others have to be attested by the agent, or waived by a person.
"""

import re
from pathlib import Path

import pytest

from tests.acceptance.conftest import tool
from tests.project import FEW_PLUGINS, commit, good_script, mini, write

FAMILIES = Path(__file__).parent / "families"

READINGS = {
    "cookbook": (2, "L1.1 L1.2 L2.1 L3.1 L3.2 L3.3 L4.1 L4.2 L5.1 L6.1 C2 C3", "C1 C4 C5"),
    "agentic_tasks": (2, "L1.2 L2.1 L3.1 L3.2 C2", "L1.1 L3.3 C1"),
    "agentic_plan": (2, "L1.1 L2.1 L3.1 C1", "C2"),
    "intro": (2, "L1.1 L1.2 L2.1 C2 C3", "L3.1 C1 C4"),
    "phases": (2, "L1.1 L2.1 L3.1 C1 C2", ""),
    "uniform": (2, "L1.1 L1.2 L2.1 L3.1 L3.2 L3.3 C3", "C1 C2 C4"),
    "spec_tasks": (4, "L1.1 L1.2 L1.3 C5", "C6"),
    "story": (2, "L1.1 L1.2", ""),
}
"""By family: tasks, what is proven by a gate or a command, what is left to a reader."""

TASK_BOXES = {"spec_tasks": "C1 C2 C3 C4", "story": "C1 C2 C3"}
"""Check boxes of tasks: they are shown, and nothing waits for them."""

TESTS = """\
import pytest


@pytest.mark.parametrize("number", [0, 99, 999])
def test_small(number):
    assert number < 1000
"""
GATES = ("check_environment", "validate_bundle", "compile_check", "deploy", "start_pipeline", "poll_status")


def project(folder: Path, family: str) -> Path:
    """Make a project with a pipeline, tests beside it, and the family's PRP."""
    name = f"family_{family}"
    mini(folder, name, good_script(name))
    prp = (FAMILIES / f"{family}.md").read_text("utf-8")
    ruff = 'builtins = ["spark"]\n'
    beside = {"tests/unit/test_numbers.py": TESTS, "ruff.toml": ruff, "pytest.ini": FEW_PLUGINS}
    write(folder, {f"PRPs/{family}.md": prp, **beside})
    commit(folder)
    return folder


def states(summary: str) -> dict[str, str]:
    """Return the state of each item in a summary's table."""
    return dict(re.findall(r"^\| ([LC][\d.]+) \| (\w+) \|", summary, re.MULTILINE))


def expected(family: str, otherwise: str) -> dict[str, str]:
    """Return the states a family's items should end in; what nothing proves is `otherwise`."""
    _, proven, left = READINGS[family]
    boxes = dict.fromkeys(TASK_BOXES.get(family, "").split(), "open")
    return boxes | dict.fromkeys(proven.split(), "verified") | dict.fromkeys(left.split(), otherwise)


def test_every_family_has_a_reading():
    assert {path.stem for path in FAMILIES.glob("*.md")} == set(READINGS)


@pytest.mark.guarantee("families")
@pytest.mark.parametrize("family", READINGS)
def test_a_prp_of_the_family_passes_every_gate_through_mcp(scripted, tmp_path, family):
    folder = project(tmp_path / "p", family)

    async def talk(client):
        loaded = await tool(client, "load_prp", prp=family)
        assert loaded["verdict"] == "passed", loaded
        for name in GATES:
            done = await tool(client, name)
            while done["verdict"] == "running" and name == "poll_status":
                done = await tool(client, name)
            assert done["verdict"] in ("passed", "running"), done
        for name in ("quality_metrics", "check_governance"):
            assert (await tool(client, name))["verdict"] == "passed"
        suite = await tool(client, "run_validation")
        assert suite["verdict"] in ("passed", "running"), [item for item in suite["commands"] if item["met"] is False]
        for item in READINGS[family][2].split():
            suite = await tool(client, "record_check", item=item, evidence="Looked at it by hand, as it says.")
        assert suite["verdict"] == "passed", suite
        return loaded, await tool(client, "write_summary")

    loaded, done = scripted.mcp(folder, talk)
    assert len(loaded["todos"]) + loaded.get("omitted", {}).get("todos", 0) == READINGS[family][0]
    assert done["verdict"] == "passed", done
    assert states((folder / done["summary_path"]).read_text()) == expected(family, "attested")


@pytest.mark.guarantee("families")
@pytest.mark.parametrize("family", READINGS)
def test_a_prp_of_the_family_passes_every_gate_headless(scripted, tmp_path, family):
    folder = project(tmp_path / "p", family)
    done = scripted.run(folder, "run", family, "--waive-open", "nobody is here to look", PRP_MCP_ALLOW_WAIVE="1")
    assert done.returncode == 0, done.stdout + done.stderr
    summary = (folder / f"PRPs/{family}_execution_summary.md").read_text()
    assert "all gates passed" in summary
    assert states(summary) == expected(family, "waived")
