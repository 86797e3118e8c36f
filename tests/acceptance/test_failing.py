"""What goes wrong on Spark ends in the right verdict with its cause, and the previous deployment is put back."""

import re
from dataclasses import dataclass

import pytest

from tests.acceptance.conftest import tool
from tests.project import SOURCE, commit, mini, write

pytestmark = pytest.mark.spark


@dataclass(frozen=True)
class Case:
    """A change that must fail: where, and what the result must say."""

    name: str
    source: str
    says: str
    policy: str = ""


VIOLATION = SOURCE.replace('@dlt.expect("small", "id < 1000")', '@dlt.expect_or_fail("tiny", "id < 50")')
BROKEN = SOURCE.replace("return spark.range(100)", 'raise ValueError("no numbers today")')
SLOW = SOURCE.replace("import dlt", "import time\n\nimport dlt").replace(
    "    return", "    time.sleep(300)\n    return"
)
POOR = SOURCE.replace("id < 1000", "id < 60")

CASES = [
    Case("violation", VIOLATION, r"execution.*failed.*tiny|tiny"),
    Case("broken", BROKEN, r"ValueError: no numbers today.*src/pipelines/numbers\.py:7"),
    Case("slow", SLOW, r"ran longer than its limit of 8 s", "[limits]\nexecution_seconds = 8\n"),
    Case("poor", POOR, r"below their threshold"),
]


def headless(place, project):
    done = place.run(project, "run", "mini")
    return done.returncode, done.stdout + done.stderr


def through_mcp(place, project):
    with open(project / "prp-mcp.toml", "a") as policy:
        policy.write(
            "attempts = 1\n" if "[limits]" in (project / "prp-mcp.toml").read_text() else "[limits]\nattempts = 1\n"
        )
    commit(project)
    texts = []

    async def talk(client):
        steps = ["check_environment", "validate_bundle", "compile_check", "deploy", "start_pipeline", "poll_status"]
        steps += ["quality_metrics", "check_governance", "run_validation", "write_summary"]
        done = await tool(client, "load_prp", prp="mini")
        for name in steps:
            done = await tool(client, name)
            while name == "poll_status" and done.get("verdict") == "running":
                done = await tool(client, name, wait_seconds=20)
            texts.append(str(done))
            if done.get("verdict") not in ("passed", "running"):
                return 1
        return 0

    return place.mcp(project, talk), "\n".join(texts)


@pytest.mark.guarantee("rollback")
@pytest.mark.parametrize("door", [headless, through_mcp], ids=["headless", "mcp"])
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_failing_change_is_rolled_back_to_the_previous_deployment(sparked, tmp_path, case, door):
    name = f"{case.name}_{door.__name__}"
    project = mini(tmp_path / "p", name)
    code, said = headless(sparked, project)
    assert code == 0, said
    write(project, {"src/pipelines/numbers.py": case.source, "prp-mcp.toml": case.policy})
    commit(project, case.name)
    code, said = door(sparked, project)
    assert code == 1, said
    assert re.search(case.says, said, re.DOTALL), said
    assert "Rolled back: " in said
    assert "deployed again" in said
    assert sparked.deployed(name, "src/pipelines/numbers.py") == SOURCE
    assert "rolled back" in sparked.run(project, "status").stdout
    report = sparked.run(project, "report").stdout
    assert "## Rollback" in report
    assert "previous deployment" in report
