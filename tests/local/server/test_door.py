"""Who gets in, and what is answered where nothing is served."""

import json
import stat

import pytest
import requests

from prp_mcp import process
from prp_mcp.local import control
from prp_mcp.local.server.all_families import FAMILIES


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}])
def test_a_caller_without_the_token_is_refused(http, headers):
    answer = http("GET", "/api/2.0/pipelines", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error_code"] == "UNAUTHENTICATED"


def test_host_metadata_needs_no_token(http):
    assert http("GET", "/.well-known/databricks-config", headers={}).json()["workspace_id"]


def test_a_foreign_host_header_is_refused(http, server):
    headers = {"Authorization": f"Bearer {server.token}", "Host": "evil.example.com"}
    assert http("GET", "/api/2.0/preview/scim/v2/Me", headers=headers).status_code == 421


def test_an_unknown_route_is_refused_by_method_and_path(http):
    answer = http("POST", "/api/2.0/clusters/create", json={})
    assert answer.status_code == 501
    assert answer.json() == {
        "error_code": "NOT_IMPLEMENTED",
        "message": "POST /api/2.0/clusters/create is not served by the local workspace",
    }


def test_malformed_json_is_refused_in_databricks_shape(http):
    answer = http("POST", "/api/2.0/pipelines", data="{nope")
    assert (answer.status_code, answer.json()["error_code"]) == (400, "MALFORMED_REQUEST")


def test_every_family_lists_its_routes_once():
    routes = [(route.method, route.template) for family in FAMILIES for route in family.ROUTES]
    assert len(routes) == len(set(routes)) > 60


def test_the_announcement_is_private_and_names_the_process(home, server):
    note = home / "server.json"
    content = json.loads(note.read_text())
    assert stat.S_IMODE(note.stat().st_mode) == stat.S_IMODE((home / "token").stat().st_mode) == 0o600
    assert content["created"] == process.identity(server.pid)
    assert (content["host"], content["token"]) == (server.host, server.token)


def test_starting_twice_finds_the_running_server(home, server):
    assert control.start(home) == server == control.status(home)


def test_a_server_stops_cleanly_and_its_state_survives(tmp_path):
    from tests.local.conftest import RUNNER, Http

    first = control.start(tmp_path, runner=RUNNER)
    assert Http(first)("POST", "/api/2.1/unity-catalog/catalogs", json={"name": "dev"}).status_code == 200
    assert control.stop(tmp_path) is True
    assert control.stop(tmp_path) is False
    assert control.status(tmp_path) is None
    assert not (tmp_path / "server.json").exists()
    with pytest.raises(requests.ConnectionError):
        Http(first)("GET", "/api/2.0/pipelines")
    second = control.start(tmp_path, runner=RUNNER)
    try:
        assert second.token == first.token
        names = [c["name"] for c in Http(second)("GET", "/api/2.1/unity-catalog/catalogs").json()["catalogs"]]
        assert names == ["main", "dev"]
    finally:
        control.stop(tmp_path)


def test_the_user_is_the_local_engineer(client):
    me = client.current_user.me()
    assert (me.user_name, me.display_name) == ("engineer@example.com", "Local engineer")
