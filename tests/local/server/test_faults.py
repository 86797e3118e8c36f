"""The faults tests can ask for, and the log of requests they count with."""

import signal
import subprocess
import sys

import pytest
import requests

from tests.local.conftest import PATIENCE

ME = "/api/2.0/preview/scim/v2/Me"
SCHEMAS = "/api/2.1/unity-catalog/schemas"


def made(http, name):
    return http("GET", f"{SCHEMAS}/main.{name}").status_code == 200


def create(http, name):
    return http("POST", SCHEMAS, json={"name": name, "catalog_name": "main"})


def test_an_error_after_the_effect_leaves_the_effect(http, faults):
    faults(match={"method": "POST", "path": "schemas"}, action="error_after", status=504)
    assert create(http, "after").status_code == 504
    assert made(http, "after")


@pytest.mark.parametrize(("when", "happened"), [("before", False), ("after", True)])
def test_a_dropped_connection_gives_no_answer(http, faults, when, happened):
    faults(match={"method": "POST", "path": "schemas"}, action="drop", when=when)
    with pytest.raises(requests.ConnectionError):
        create(http, f"dropped_{when}")
    assert made(http, f"dropped_{when}") is happened
    assert http("GET", ME).status_code == 200


def test_a_hanging_call_has_no_answer_and_others_do_not_wait(http, faults):
    faults(match={"path": "scim"}, action="hang", seconds=600)
    with pytest.raises(requests.ReadTimeout):
        http("GET", ME, timeout=(PATIENCE, 0.3))
    assert http("GET", ME).status_code == 200


def test_a_process_is_killed_when_its_call_arrives(http, faults):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    faults(match={"path": "scim"}, action="kill", pid=child.pid)
    assert http("GET", ME).status_code == 200
    assert child.wait(PATIENCE) == -signal.SIGKILL
