"""What a start loads: the tools are listed, and the help shown, without the libraries that only a step needs."""

import json
import os
import re
import subprocess
import sys

import pytest

from benchmarks.startup import ASKED
from tests.project import mini

ONLY_FOR_STEPS = {
    *("databricks", "filelock", "git", "jinja2", "markdown_it", "pathspec", "psutil", "requests", "rich", "sqlglot"),
    "yaml",
}


def loaded(folder, *words, asked=()):
    """Run the command line in `folder` until it has answered what it is asked; return the modules it loaded so far."""
    state, told = folder.parent / "state", folder.parent / "imports"
    state.mkdir(mode=0o700)
    env = {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "PRP_MCP_STATE_DIR": str(state)}
    argv = [sys.executable, "-X", "importtime", "-m", "prp_mcp", *words]
    pipe = subprocess.PIPE
    with (
        told.open("w") as file,
        subprocess.Popen(argv, cwd=folder, env=env, stdin=pipe, stdout=pipe, stderr=file, text=True) as process,
    ):
        assert process.stdin
        assert process.stdout
        process.stdin.write("".join(json.dumps(message) + "\n" for message in asked))
        process.stdin.flush()
        for wanted in [message["id"] for message in asked if "id" in message]:
            assert json.loads(process.stdout.readline())["id"] == wanted
        if asked:
            process.kill()  # its end loads more
        process.communicate()
    return set(re.findall(r"^import time:.*\| +(\S+)$", told.read_text(), re.M))


def packages(modules):
    return {name.partition(".")[0] for name in modules}


def test_a_server_lists_its_tools_without_what_only_a_step_needs(tmp_path):
    modules = loaded(mini(tmp_path / "p", "start"), "serve", asked=ASKED)
    assert {"mcp", "prp_mcp"} <= packages(modules)
    assert not packages(modules) & ONLY_FOR_STEPS
    rooms = {name.split(".")[1] for name in modules if name.startswith("prp_mcp.")}
    assert not rooms & {"expected", "local", "report", "sandbox"}
    assert not modules & {"prp_mcp.code.sources", "prp_mcp.plan.reading", "prp_mcp.suite.items"}


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_help_and_version_load_nothing_but_the_table_of_commands(tmp_path, word):
    modules = loaded(mini(tmp_path / "p", "start"), word)
    assert "prp_mcp.cli.main" in modules
    assert not packages(modules) & (ONLY_FOR_STEPS | {"mcp", "mcp_types", "pydantic", "anyio"})


def test_a_command_loads_no_other_commands(tmp_path):
    modules = loaded(mini(tmp_path / "p", "start"), "journal", "verify")
    assert "prp_mcp.journal.store" in modules
    own = {name for name in modules if name.startswith("prp_mcp.cli.")}
    assert own <= {f"prp_mcp.cli.{name}" for name in ("main", "command", "screen", "journal")}
