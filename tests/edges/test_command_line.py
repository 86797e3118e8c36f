"""The command line without a workspace: exit codes, check, init, journal, documents."""

import io
import json
import re
import subprocess
import sysconfig
from pathlib import Path

import pytest

from prp_mcp.cli.main import COMMANDS, main
from prp_mcp.cli.tools import table
from tests.project import mini, write

TOP = Path(__file__).parents[2]
PROGRAM = str(Path(sysconfig.get_path("scripts")) / "prp-mcp")


@pytest.fixture
def project(tmp_path, monkeypatch):
    folder = mini(tmp_path / "p", "cli")
    monkeypatch.setenv("PRP_MCP_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("DATABRICKS_HOST", "http://127.0.0.1:9")
    monkeypatch.setenv("DATABRICKS_TOKEN", "dapi" + "d" * 32)
    monkeypatch.chdir(folder)
    return folder


def test_check_passes_a_complete_prp_and_fails_one_with_a_placeholder(project, capsys):
    assert main(["check", "mini"]) == 0
    write(project, {"PRPs/draft.md": (project / "PRPs/mini.md").read_text() + "\n- [replace this text here]\n"})
    assert main(["check", "draft"]) == 1
    assert re.search(r"draft\.md:\d+:\d+: error:", capsys.readouterr().out)


def test_check_prints_json_for_machines(project, capsys):
    main(["check", "mini", "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["tasks"], found["sections"]["context"]["match"]) == ("passed", 1, "exact")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["check", "nope"], 2),
        (["call", "deploy"], 2),
        (["call", "load_prp", "--json", "{"], 2),
        (["call", "load_prp", "--json", '{"prp":"mini"}'], 0),
        (["status"], 2),
        (["report"], 2),
    ],
)
def test_exit_codes_are_as_documented(project, words, code):
    assert main(words) == code


def test_a_closed_gate_is_exit_4(project):
    main(["call", "load_prp", "--json", '{"prp":"mini"}'])
    assert main(["call", "deploy"]) == 4


def test_no_credentials_is_a_usage_error_with_a_remedy(project, monkeypatch, capsys):
    monkeypatch.delenv("DATABRICKS_HOST")
    assert main(["run", "mini"]) == 2
    assert "PRP_MCP_WORKSPACE=local" in capsys.readouterr().out + capsys.readouterr().err


def test_the_journal_verifies_and_exports_canonical_lines(project, capsys):
    main(["call", "load_prp", "--json", '{"prp":"mini"}'])
    capsys.readouterr()
    assert main(["journal", "verify"]) == 0
    assert main(["journal", "export"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [json.loads(line)["seq"] for line in lines] == [1, 2]


def test_init_writes_what_an_agent_needs_and_keeps_what_is_there(tmp_path, capsys):
    write(tmp_path, {"CLAUDE.md": "mine\n"})
    assert main(["init", str(tmp_path)]) == 0
    assert (tmp_path / "CLAUDE.md").read_text() == "mine\n"
    assert json.loads((tmp_path / ".mcp.json").read_text())["mcpServers"]["prp"]["command"] == "prp-mcp"
    assert (tmp_path / ".claude/commands/execute-prp.md").exists()
    assert (tmp_path / "PRPs/templates/databricks_pipeline.md").exists()


def test_the_program_starts_as_a_process():
    done = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("prp-mcp ")


def test_the_packaged_template_and_prp_are_those_of_the_repository():
    packaged = TOP / "prp_mcp/scaffold"
    template = "PRPs/templates/databricks_pipeline.md"
    assert (packaged / "agent" / template).read_bytes() == (TOP / template).read_bytes()
    sample = "PRPs/orders_medallion.md"
    assert (packaged / "project" / sample).read_bytes() == (TOP / sample).read_bytes()


def test_the_readme_holds_the_tool_table_every_command_and_every_exit_code():
    readme = (TOP / "README.md").read_text()
    assert table() in readme
    for name in COMMANDS:
        assert f"`prp-mcp {name}" in readme
    for code in ("0", "1", "2", "3", "4", "130"):
        assert f"| {code} |" in readme


def test_claude_md_is_short_and_names_only_commands_that_exist():
    text = (TOP / "CLAUDE.md").read_text()
    assert len(text.splitlines()) <= 80
    targets = set(re.findall(r"^([a-z]+):", (TOP / "Makefile").read_text(), re.M))
    assert {found for found in re.findall(r"`make ([a-z]+)", text)} <= targets
    assert set(re.findall(r"`prp-mcp ([a-z]+)", text)) <= COMMANDS.keys()
    for path in re.findall(r"`((?:prp_mcp|tests|PRPs)/[\w./]*)`", text):
        assert (TOP / path).exists(), path


def test_a_run_is_abandoned_by_a_person_or_a_grant_alone(project, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(["call", "load_prp", "--json", '{"prp": "mini"}']) == 0
    run = json.loads(capsys.readouterr().out)["run"]
    assert main(["abandon", run, "--reason", "it is in the way"]) == 4
    assert main(["call", "run_status"]) == 0
    monkeypatch.setenv("PRP_MCP_ALLOW_ABANDON", "1")
    assert main(["abandon", run, "--reason", "it is in the way"]) == 0
    assert main(["call", "check_environment"]) == 2
