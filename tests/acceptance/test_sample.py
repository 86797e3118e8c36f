"""The demo's path as an MCP client walks it: the sample PRP on 50,000 records, recounted without Spark."""

import json

import pytest

from prp_mcp.cli.demo import PRP, VOLUME, commit_all
from prp_mcp.cli.init import write_agent_files
from prp_mcp.scaffold.generate import write_input
from prp_mcp.scaffold.project import write_project
from tests.acceptance.conftest import tool
from tests.scaffold.recount import recount

pytestmark = pytest.mark.spark


@pytest.mark.guarantee("numbers")
def test_the_numbers_of_the_summary_equal_an_independent_count_over_the_input(sparked, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    write_project(project)
    write_agent_files(project)
    commit_all(project)
    volume = sparked.state / "workspace" / VOLUME
    facts = write_input(volume)
    assert facts.order_lines > 50_000
    results = sparked.mcp(project, walk)
    expected = recount(volume)
    datasets = {item["name"]: item for item in results["quality_metrics"]["datasets"]}
    assert {name: datasets[name]["rows"] for name in expected.rows} == expected.rows
    counted = {
        (name, rule["name"]): (rule["passed"], rule["failed"])
        for name, item in datasets.items()
        for rule in item["expectations"]
    }
    assert counted == expected.expectations
    assert {name: datasets[name]["dropped"] for name in expected.dropped} == expected.dropped
    summary = (project / results["write_summary"]["summary_path"]).read_text()
    for name, rows in expected.rows.items():
        assert f"| {name} | {rows:,} | {expected.dropped.get(name, 0):,} |" in summary
    assert sparked.run(project, "journal", "verify").returncode == 0


async def walk(client):
    results = {"load_prp": await tool(client, "load_prp", prp=PRP)}
    steps = ("check_environment", "validate_bundle", "compile_check", "deploy", "start_pipeline", "poll_status")
    for name in (*steps, "quality_metrics", "check_governance", "run_validation", "write_summary"):
        done = await tool(client, name)
        while name == "poll_status" and done["verdict"] == "running":
            done = await tool(client, name, wait_seconds=20)
        assert done["verdict"] in ("passed", "running"), json.dumps(done)
        results[name] = done
    return results
