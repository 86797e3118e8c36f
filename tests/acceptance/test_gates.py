"""The order of the gates cannot be broken, through MCP and through the command line."""

import json
import os
import signal

import anyio
import psutil
import pytest

from tests.acceptance.conftest import server_process, tool
from tests.project import commit, good_script, mini

ORDER = ("check_environment", "validate_bundle", "compile_check", "deploy", "start_pipeline")


async def until_ended(client):
    while (done := await tool(client, "poll_status", wait_seconds=5)).get("verdict") == "running":
        pass
    return done


@pytest.mark.guarantee("order")
def test_a_gate_is_closed_until_the_gates_before_it_passed(scripted, tmp_path):
    project = mini(tmp_path / "p", "order")

    async def talk(client):
        refused = []
        await tool(client, "load_prp", prp="mini")
        for name in ("deploy", "start_pipeline", "poll_status", "quality_metrics", "check_governance", "write_summary"):
            refused.append((await tool(client, name))["refused"])
        return refused

    for text in scripted.mcp(project, talk):
        assert "is closed: the environment gate has not passed yet" in text
        assert "\nNext: call check_environment.\nclosed · run " in text


@pytest.mark.guarantee("freshness")
def test_deploy_is_refused_after_a_source_changed_and_names_the_file(scripted, tmp_path):
    project = mini(tmp_path / "p", "fresh")

    async def talk(client):
        await tool(client, "load_prp", prp="mini")
        for name in ORDER[:3]:
            done = await tool(client, name)
            assert done["verdict"] == "passed", done
        (project / "src/pipelines/numbers.py").write_text("import dlt\n")
        return await tool(client, "deploy")

    text = scripted.mcp(project, talk)["refused"]
    assert text.startswith("deploy is closed: src/pipelines/numbers.py changed since validate_bundle passed.")
    assert "Next: call validate_bundle." in text


@pytest.mark.guarantee("whole")
def test_a_prp_passes_every_gate_through_mcp_and_its_summary_holds_the_numbers(scripted, tmp_path):
    project = mini(tmp_path / "p", "whole", good_script("whole", failed=3))

    async def talk(client):
        names = [item.name for item in (await client.list_tools()).tools]
        loaded = await tool(client, "load_prp", prp="mini")
        assert loaded["todos"][0]["status"] == "pending"
        for name in ORDER:
            done = await tool(client, name)
            assert done["verdict"] in ("passed", "running"), done
        assert (await until_ended(client))["verdict"] == "passed"
        for name in ("quality_metrics", "check_governance", "run_validation"):
            done = await tool(client, name)
            assert done["verdict"] == "passed", done
            assert len(json.dumps(done)) < 4000
        done = await tool(client, "write_summary")
        return names, done

    names, done = scripted.mcp(project, talk)
    assert names[0] == "load_prp"
    assert done["verdict"] == "passed"
    summary = (project / done["summary_path"]).read_text()
    assert "| numbers.small | warn | 97 | 3 | 97.00% | 95.00% |" in summary
    assert "all gates passed" in summary
    assert (project / done["report_path"]).read_text().startswith("<!doctype html>")


@pytest.mark.guarantee("single-start")
def test_a_killed_server_loses_nothing_and_the_update_is_adopted(scripted, tmp_path):
    project = mini(tmp_path / "p", "killed", good_script("killed", sleep=6))
    before = scripted.starts()

    async def first(client):
        await tool(client, "load_prp", prp="mini")
        for name in ORDER:
            await tool(client, name)
        os.kill(server_process().pid, signal.SIGKILL)

    with _Survives():
        scripted.mcp(project, first)

    async def second(client):
        status = await tool(client, "run_status")
        again = await tool(client, "start_pipeline")
        return status, again, await until_ended(client)

    status, again, ended = scripted.mcp(project, second)
    assert status["updates"][0]["state"] == "running or ended unseen"
    assert "poll_status to go on, or rollback" in status["next"]
    assert again["adopted"] is True
    assert again["update"] == status["updates"][0]["update"]
    assert ended["verdict"] == "passed"
    assert scripted.starts(before) == 1


class _Survives:
    """Ignore how a client learns that its server was killed: by an error or by silence."""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        return kind is not None and issubclass(kind, Exception)


@pytest.mark.guarantee("single-start")
def test_a_lost_reply_to_a_start_is_found_again_and_nothing_is_started_twice(scripted, tmp_path):
    project = mini(tmp_path / "p", "lost")
    before = scripted.starts()
    scripted.call(project, "load_prp", prp="mini")
    for name in ORDER[:4]:
        assert scripted.call(project, name)["verdict"] == "passed"
    match = {"method": "POST", "path": ".*/updates$"}
    scripted.http("POST", "/__faults", json={"match": match, "action": "drop", "when": "after"})
    try:
        done = scripted.call(project, "start_pipeline")
    finally:
        scripted.http("DELETE", "/__faults")
    assert done["verdict"] == "running"
    assert done["adopted"] is True
    assert scripted.starts(before) == 1


@pytest.mark.guarantee("one-run")
def test_a_second_run_on_the_same_bundle_and_target_is_refused_with_its_holder(scripted, tmp_path):
    first = mini(tmp_path / "a", "shared")
    second = mini(tmp_path / "b", "shared")
    began = scripted.call(first, "load_prp", prp="mini")
    refused = scripted.call(second, "load_prp", prp="mini")
    assert refused["code"] == "busy"
    assert refused["exit"] == 4
    assert began["run"] in refused["reason"]
    assert str(first) in refused["reason"]


@pytest.mark.guarantee("interrupt")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_headless_run_rolls_back_and_leaves_no_process(scripted, tmp_path, number):
    name = f"stop{number.value}"
    project = mini(tmp_path / "p", name, good_script(name, sleep=60))
    with scripted.spawn(project, "run", "mini") as child:
        while "start_pipeline" not in _said(child):
            pass
        child.send_signal(number)
        rest = child.stdout.read()
        assert child.wait() == 130
    assert f"Interrupted by {number.name}: rolling back" in rest
    assert "Rolled back: update" in rest
    assert scripted.deployed(name, "databricks.yml") == ""
    status = scripted.run(project, "status")
    assert "rolled back" in status.stdout


def _said(child) -> str:
    line = child.stdout.readline()
    assert line, "the run ended before it was interrupted"
    return line


def test_a_server_ends_on_a_signal_before_its_update_does_and_rolls_nothing_back(scripted, tmp_path):
    project = mini(tmp_path / "p", "ends", good_script("ends", sleep=600))

    async def talk(client):
        await tool(client, "load_prp", prp="mini")
        for name in ORDER:
            await tool(client, name)
        process = server_process()
        process.send_signal(signal.SIGINT)
        while process.is_running() and process.status() != "zombie":
            await anyio.sleep(0.05)

    with _Survives():
        scripted.mcp(project, talk)
    status = scripted.call(project, "run_status")
    assert status["state"] == "open"
    assert status["updates"][0]["state"] == "running or ended unseen"
    assert scripted.call(project, "poll_status", wait_seconds=0)["verdict"] == "running"
    assert [gate["status"] for gate in status["gates"]][4] == "passed"
    assert scripted.call(project, "rollback", reason="clean up")["verdict"] == "passed"


@pytest.mark.guarantee("interrupt")
def test_with_the_policy_a_detached_finisher_rolls_back_after_the_server_ended(scripted, tmp_path):
    policy = '[rollback]\nserver_exit = "rollback"\nresume_seconds = 2\n'
    project = mini(tmp_path / "p", "finish", policy=policy)

    async def talk(client):
        loaded = await tool(client, "load_prp", prp="mini")
        for name in ORDER[:4]:
            await tool(client, name)
        return loaded["run"]

    run = scripted.mcp(project, talk)
    assert scripted.deployed("finish", "databricks.yml") != ""
    for finisher in [found for found in psutil.process_iter(["cmdline"]) if run in (found.info["cmdline"] or [])]:
        finisher.wait()
    assert "rolled back" in scripted.run(project, "status").stdout
    assert scripted.deployed("finish", "databricks.yml") == ""


def test_committing_the_agents_work_closes_what_the_commit_could_change(scripted, tmp_path):
    project = mini(tmp_path / "p", "commits")
    scripted.call(project, "load_prp", prp="mini")
    for name in ORDER[:3]:
        scripted.call(project, name)
    commit(project, "an empty commit")
    refused = scripted.call(project, "deploy")
    assert refused["code"] == "closed"
    assert "the commit, the branch or a BUNDLE_VAR_ variable changed" in refused["reason"]


@pytest.mark.guarantee("one-holder")
def test_a_killed_deployment_goes_on_alone_and_what_comes_next_waits_for_it(scripted, tmp_path):
    project = mini(tmp_path / "p", "mid")
    for name in ("load_prp", "check_environment", "validate_bundle", "compile_check"):
        scripted.call(project, name, **({"prp": "mini"} if name == "load_prp" else {}))
    hang = {"match": {"method": "POST", "path": "/api/2.0/pipelines$"}, "action": "hang", "seconds": 8}
    scripted.http("POST", "/__faults", json=hang)
    caller = scripted.spawn(project, "call", "deploy")
    try:
        while not scripted.waiting("/api/2.0/pipelines"):
            assert caller.poll() is None
        caller.kill()
        caller.communicate()
        refused = scripted.call(project, "deploy")
        assert refused["code"] == "busy"
        assert "the bundle executable at work since" in refused["reason"]
    finally:
        scripted.http("DELETE", "/__faults")
    while (done := scripted.call(project, "deploy")).get("code") == "busy":
        pass
    assert done["verdict"] == "passed"
    listed = scripted.http("GET", "/api/2.0/pipelines").json()["statuses"]
    assert sum(item["name"].endswith("mid") for item in listed) == 1
