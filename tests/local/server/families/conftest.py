"""A workspace in this very process, its runner scripted: one family is asked over HTTP, nothing is started."""

import json
import uuid

import pytest
from starlette.testclient import TestClient

from prp_mcp.local.server.app import App
from prp_mcp.local.server.workspace import open_workspace
from tests.local.conftest import RUNNER, until

ENDED = ("COMPLETED", "FAILED", "CANCELED")


async def _no_drop(_scope):
    raise AssertionError("no test here asks for a dropped connection")


@pytest.fixture
def workspace(tmp_path):
    return open_workspace(tmp_path, "t", RUNNER)


@pytest.fixture
def ask(workspace):
    """Send a request with the token: `ask(method, path, body, **query)`."""
    headers = {"Authorization": "Bearer t"}
    with TestClient(App(workspace, _no_drop), base_url="http://127.0.0.1", headers=headers) as client:

        def ask(method, path, body=None, /, **query):
            content = {"content": body} if isinstance(body, bytes) else {"json": body} if body is not None else {}
            return client.request(method, path, params=query, **content)

        yield ask


@pytest.fixture
def done(ask):
    """Send a request that is not refused and return the JSON of its answer."""

    def done(*given, **query):
        answer = ask(*given, **query)
        assert answer.is_success, answer.text
        return answer.json()

    return done


@pytest.fixture
def refused(ask):
    """Send a request that is refused in Databricks' shape and return status, code and message."""

    def refused(*given, **query):
        answer = ask(*given, **query)
        told = answer.json()
        assert set(told) == {"error_code", "message"}
        return answer.status_code, told["error_code"], told["message"]

    return refused


@pytest.fixture
def pipeline(done):
    """Create a pipeline whose updates follow a script, and return its id."""

    def pipeline(*steps, **more):
        spec = {"name": f"p-{uuid.uuid4()}", "catalog": "main", "schema": "s", **more}
        return done("POST", "/api/2.0/pipelines", {**spec, "configuration": {"script": json.dumps(steps)}})[
            "pipeline_id"
        ]

    return pipeline


@pytest.fixture
def updated(done):
    """Start an update of a pipeline, wait for its end, and return it."""

    def updated(pipeline_id, **asked):
        where = f"/api/2.0/pipelines/{pipeline_id}/updates"
        update_id = done("POST", where, asked)["update_id"]

        def look():
            update = done("GET", f"{where}/{update_id}")["update"]
            return update if update["state"] in ENDED else None

        return until(look)

    return updated
