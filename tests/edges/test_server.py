"""The MCP edge in memory, in both protocol eras."""

import anyio
import mcp_types as types
import pytest
from mcp import Client

from prp_mcp.engine.door import Engine
from prp_mcp.engine.tool import Arguments, Fields, Outcome, Tool
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.server import INSTRUCTIONS, build_server
from prp_mcp.settings import read_settings
from prp_mcp.tools.all_tools import TOOLS
from tests.project import commit, mini, write

HOST = {"DATABRICKS_HOST": "http://127.0.0.1:9", "DATABRICKS_TOKEN": "dapi" + "e" * 32}


@pytest.fixture
def engine(tmp_path):
    project = mini(tmp_path / "p", "edge")
    settings = read_settings({**HOST, "PRP_MCP_STATE_DIR": str(tmp_path / "state"), "PATH": ""})
    return Engine(TOOLS, settings, project)


def talk(engine, mode, conversation):
    async def session():
        async with Client(build_server(engine), mode=mode) as client:
            return await conversation(client)

    return anyio.run(session)


both_eras = pytest.mark.parametrize("mode", ["auto", "legacy"])


@both_eras
def test_tools_are_listed_in_order_with_strict_arguments_and_true_annotations(engine, mode):
    async def conversation(client):
        return (await client.list_tools()).tools

    tools = talk(engine, mode, conversation)
    assert [item.name for item in tools] == [tool.name for tool in TOOLS]
    assert all(item.input_schema["additionalProperties"] is False for item in tools)
    kinds = {item.name: (item.annotations.read_only_hint, item.annotations.destructive_hint) for item in tools}
    assert kinds["poll_status"] == (True, False)
    assert kinds["deploy"] == (False, True)
    assert all(len(item.name) <= 43 and len(item.description) < 500 for item in tools)


@both_eras
def test_a_result_is_structured_and_a_refusal_is_three_readable_lines(engine, mode):
    async def conversation(client):
        loaded = await client.call_tool("load_prp", {"prp": "mini"})
        refused = await client.call_tool("deploy", {})
        return loaded, refused

    loaded, refused = talk(engine, mode, conversation)
    assert list(loaded.structured_content)[:3] == ["verdict", "gate", "summary"]
    assert loaded.structured_content["verdict"] == "passed"
    assert refused.is_error
    lines = refused.content[0].text.splitlines()
    assert len(lines) == 3
    assert lines[1] == "Next: call check_environment."


@both_eras
def test_prompt_resources_and_completion_know_the_prps_and_the_run(engine, mode):
    async def conversation(client):
        loaded = await client.call_tool("load_prp", {"prp": "mini"})
        listed = [str(item.uri) for item in (await client.list_resources()).resources]
        prompt = await client.get_prompt("execute_prp", {"prp": "mini"})
        text = (await client.read_resource("prp://mini")).contents[0].text
        summary = (await client.read_resource(listed[-1])).contents[0].text
        return loaded.structured_content["run"], listed, prompt.messages[0].content.text, text, summary

    run, listed, prompt, text, summary = talk(engine, mode, conversation)
    assert listed[-1] == f"run://{run}/summary"
    assert 'load_prp(prp="mini")' in prompt
    assert text.startswith("# Mini pipeline")
    assert "not reached" in summary


def test_the_instructions_fit_and_name_every_gate_tool():
    assert len(INSTRUCTIONS) < 2000
    assert all(name in INSTRUCTIONS for name in ("load_prp", "check_environment", "poll_status", "write_summary"))


class Empty(Fields):
    """Nothing."""


def waiting(step, _):
    for number in range(3):
        step.caller.progress(f"looking {number}")
        step.caller.pause(0.4)
    return Outcome(Verdict.PASSED, "done", Empty())


def endless(step, _):
    step.caller.pause(60)
    return Outcome(Verdict.PASSED, "never", Empty())


@both_eras
def test_a_waiting_tool_sends_progress_with_its_latest_line(engine, mode):
    tool = Tool("wait", "", "", Arguments, Empty, waiting, "read")
    engine.tools = {"load_prp": engine.tools["load_prp"], "wait": tool}
    lines = []

    async def hear(progress, total, message):
        lines.append((progress, message))

    async def conversation(client):
        await client.call_tool("load_prp", {"prp": "mini"})
        return await client.call_tool("wait", {}, progress_callback=hear)

    assert talk(engine, mode, conversation).structured_content["verdict"] == "passed"
    assert len(lines) >= 2
    assert [count for count, _ in lines] == sorted({count for count, _ in lines})
    assert lines[-1][1].startswith("looking ")


def test_cancelling_a_wait_ends_the_wait_and_records_nothing(engine):
    tool = Tool("wait", "", "", Arguments, Empty, endless, "read")
    engine.tools = {"load_prp": engine.tools["load_prp"], "wait": tool}

    async def conversation(client):
        await client.call_tool("load_prp", {"prp": "mini"})
        with anyio.move_on_after(0.5) as scope:
            await client.call_tool("wait", {})
        return scope.cancelled_caught, (await client.call_tool("load_prp", {"prp": "mini"})).structured_content

    cancelled, loaded = talk(engine, "auto", conversation)
    assert cancelled
    assert loaded["resumed"] is True


ASKING = """\
# Asking

## All Needed Context
- `src/pipelines/numbers.py` - the source

## Implementation Blueprint
### Task 1: Create it
MODIFY src/pipelines/numbers.py

## Validation Loop
### Level 1
```bash
make first
make second
```
"""


def passing_environment(step, arguments):
    return Outcome(Verdict.PASSED, "made up", Fields())


@pytest.fixture
def asking(tmp_path):
    """An engine whose PRP has two commands that are on no list."""
    project = mini(tmp_path / "p", "asking")
    write(project, {"PRPs/asking.md": ASKING, "Makefile": "first second:\n\t@echo $@ ran\n"})
    commit(project)
    settings = read_settings({**HOST, "PRP_MCP_STATE_DIR": str(tmp_path / "state"), "PATH": "/usr/bin:/bin"})
    name = "check_environment"
    environment = Tool(
        name, name, name, Arguments, Fields, passing_environment, "read", Gate.ENVIRONMENT, Gate.ENVIRONMENT
    )
    return Engine([environment if tool.name == name else tool for tool in TOOLS], settings, project)


async def validated(client):
    await client.call_tool("load_prp", {"prp": "asking"})
    await client.call_tool("check_environment", {})
    done = await client.call_tool("run_validation", {})
    return {item["id"]: item for item in done.structured_content["commands"]}


@both_eras
def test_the_clients_user_is_asked_for_each_command_and_only_the_allowed_one_runs(asking, mode):
    asked = []

    async def answer(context, params):
        asked.append(params.message)
        allow = "make first" in params.message
        return types.ElicitResult(action="accept" if allow else "decline", content={"allow": True} if allow else None)

    async def session():
        async with Client(build_server(asking), mode=mode, elicitation_callback=answer) as client:
            return await validated(client), await validated(client)

    first, again = anyio.run(session)
    assert (first["L1.1"]["met"], first["L1.1"]["tail"]) == (True, "first ran")
    assert first["L1.2"]["met"] is None
    assert len(asked) == 2
    assert again["L1.2"]["met"] is None


@both_eras
def test_an_answer_without_consent_allows_nothing(asking, mode):
    async def answer(context, params):
        return types.ElicitResult(action="accept", content={"allow": False})

    async def session():
        async with Client(build_server(asking), mode=mode, elicitation_callback=answer) as client:
            return await validated(client)

    assert {item["met"] for item in anyio.run(session).values()} == {None}


@both_eras
def test_a_client_that_cannot_ask_gets_the_reason_instead(asking, mode):
    found = talk(asking, mode, validated)
    assert all("is not among the allowed commands" in item["why"] for item in found.values())


def test_the_server_answers_while_it_reads_the_largest_prp(engine):
    rows = "".join(f"| `a{n}` | [b](c/d{n}.py) | *c* | TODO |\n" for n in range(7_000))
    large = f"# Large\n\n## All Needed Context\n\n| a | b | c | d |\n|---|---|---|---|\n{rows}"
    write(engine.folder, {"PRPs/large.md": large[: 256 * 1024]})
    ended = []

    async def conversation(client):
        async def load():
            await client.call_tool("load_prp", {"prp": "large"})
            ended.append("load")

        async with anyio.create_task_group() as group:
            group.start_soon(load)
            await anyio.sleep(0)
            await client.list_tools()
            ended.append("list")

    talk(engine, "auto", conversation)
    assert ended == ["list", "load"]
