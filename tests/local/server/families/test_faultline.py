"""The requests that put faults in force, and the log of requests; what faults do is tested with a real server."""

import pytest


def test_a_fault_is_listed_with_its_counts_until_all_are_lifted(ask, done):
    body = {"error_code": "PERMISSION_DENIED", "message": "no"}
    fault = {
        "match": {"method": "GET", "path": "warehouses"},
        "nth": 2,
        "action": "refuse",
        "status": 403,
        "body": body,
    }
    done("POST", "/__faults", fault)
    assert [ask("GET", "/api/2.0/sql/warehouses").status_code for _ in range(3)] == [200, 403, 200]
    assert [(row["nth"], row["seen"], row["hits"]) for row in done("GET", "/__faults")["faults"]] == [(2, 3, 1)]
    done("DELETE", "/__faults")
    assert done("GET", "/__faults") == {"faults": []}


def test_requests_are_logged_for_counting_until_they_are_forgotten(ask, done):
    ask("GET", "/api/2.0/sql/warehouses")
    ask("GET", "/api/2.0/nope")
    assert done("GET", "/__requests")["requests"] == [
        {"method": "GET", "path": "/api/2.0/sql/warehouses", "status": 200},
        {"method": "GET", "path": "/api/2.0/nope", "status": 501},
    ]
    done("DELETE", "/__requests")
    assert done("GET", "/__requests") == {"requests": []}


@pytest.mark.parametrize(
    "fault",
    [
        {"action": "explode"},
        {"action": "drop", "match": {"path": "("}},
        {"action": "drop", "match": "all"},
        {"action": "kill", "pid": 1},
        {"action": "refuse", "status": "bad"},
        {"action": "hang", "seconds": "long"},
        {"action": "drop", "nth": "first"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(refused, fault):
    assert refused("POST", "/__faults", fault)[:2] == (400, "INVALID_PARAMETER_VALUE")
