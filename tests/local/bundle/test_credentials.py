"""Which workspace is talked to, and with which token."""

import pytest

from tests.local.bundle.small import ROOT, good


@pytest.mark.parametrize("host", ["https://company.example.com", "http://10.1.2.3:80", "http://127.0.0.1.evil.example"])
def test_only_loopback_is_served(write, run, http, host):
    good(write)
    ran = run("bundle", "deploy", DATABRICKS_HOST=host)
    assert ran.exit == 1
    assert f"{host} is not a loopback address" in ran.err


def test_a_bundle_that_names_another_host_gets_no_request(write, run, http):
    good(write, ROOT + "workspace:\n  host: http://127.0.0.1:1\n")
    http("DELETE", "/__requests")
    ran = run("bundle", "deploy")
    assert ran.exit == 1
    assert "doesn't match the host configured in the bundle (http://127.0.0.1:1)" in ran.err
    assert http("GET", "/__requests").json()["requests"] == []


def test_a_profile_beats_the_environment(write, run, server, tmp_path):
    good(write)
    write({"config": f"[local]\nhost = {server.host}\ntoken = {server.token}\n"})
    asked = {"DATABRICKS_CONFIG_FILE": str(tmp_path / "config"), "DATABRICKS_TOKEN": "wrong"}
    assert run("bundle", "validate", "-p", "local", **asked).exit == 0
    missing = run("bundle", "validate", "-p", "nope", **asked)
    assert "has no nope profile configured" in missing.err


def test_a_wrong_token_is_reported_as_the_cli_does(write, run):
    good(write)
    ran = run("bundle", "validate", DATABRICKS_TOKEN="wrong")
    assert (ran.exit, ran.out) == (1, "Name: t\nTarget: dev\n\nFound 1 error\n")
    assert "(401 UNAUTHENTICATED)\n\nEndpoint: GET http://127.0.0.1" in ran.err
