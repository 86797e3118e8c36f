"""Loading the core of the SDK, each time in a process that has not loaded any of it."""

import subprocess
import sys

LOAD = """
import sys
from prp_mcp.remote import sdk
sdk.load()
from databricks.sdk.core import ApiClient, Config
from databricks.sdk.errors import NotFound
"""


def run(program):
    argv = [sys.executable, "-c", LOAD + program]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()


def test_the_core_is_loaded_without_the_classes_of_every_api():
    loaded = run("print(*(name for name in sys.modules if name.startswith('databricks.sdk.')))")
    assert "databricks.sdk.core" in loaded
    assert not {name for name in loaded if name.startswith("databricks.sdk.service.")} & {
        *("databricks.sdk.service.jobs", "databricks.sdk.service.catalog", "databricks.sdk.service.pipelines"),
    }


def test_the_whole_of_it_can_still_be_loaded_and_is_the_same():
    program = """
from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config as whole
sdk.load()
print(WorkspaceClient.__name__, whole is Config)
"""
    assert run(program) == ["WorkspaceClient", "True"]
