"""One local workspace with a scripted runner, shared by all tests of its server and its bundle executable."""

import sys
import time
from pathlib import Path

import pytest
import requests

from prp_mcp.local import control

PATIENCE = 120.0
"""Seconds after which something counts as hanging; nothing is judged by how much sooner it happens."""

RUNNER = [sys.executable, str(Path(__file__).parent / "scripted_runner.py")]


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    place = tmp_path_factory.mktemp("workspace")
    yield place
    control.stop(place)


@pytest.fixture(scope="session")
def server(home):
    return control.start(home, runner=RUNNER)


@pytest.fixture(scope="session")
def client(server):
    from databricks.sdk import WorkspaceClient

    return WorkspaceClient(host=server.host, token=server.token, auth_type="pat")


class Http:
    """Plain HTTP to the workspace, for what the SDK hides or retries."""

    def __init__(self, server):
        self._host = server.host
        self._headers = {"Authorization": f"Bearer {server.token}"}

    def __call__(self, method, path, **options):
        options = {"headers": self._headers, "timeout": PATIENCE, **options}
        return requests.request(method, self._host + path, **options)


@pytest.fixture(scope="session")
def http(server):
    return Http(server)


@pytest.fixture
def faults(http):
    """Put a fault in force by calling it with the fault's fields; all are lifted afterwards."""

    def add(**fault):
        answer = http("POST", "/__faults", json=fault)
        assert answer.status_code == 200, answer.text

    yield add
    http("DELETE", "/__faults")


def until(condition, seconds=PATIENCE):
    """Return the first true value of `condition()`; fail when there is none in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"did not happen within {seconds} seconds")
