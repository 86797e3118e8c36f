"""SQL statements, answered by the runner."""

import pytest

SQL = "/api/2.0/sql"


def asked(statement="SELECT 1", **more):
    return {"statement": statement, "warehouse_id": "local", "wait_timeout": "50s", **more}


def test_there_is_one_warehouse(done, refused):
    assert [row["id"] for row in done("GET", f"{SQL}/warehouses")["warehouses"]] == ["local"]
    assert done("GET", f"{SQL}/warehouses/local")["state"] == "RUNNING"
    assert refused("GET", f"{SQL}/warehouses/other")[0] == 404


def test_a_statement_is_answered_and_can_be_asked_for_again(done, refused):
    first = done("POST", f"{SQL}/statements", asked())
    assert (first["status"], first["result"]["data_array"]) == ({"state": "SUCCEEDED"}, [["SELECT 1"]])
    assert first["manifest"]["schema"]["columns"][0]["name"] == "statement"
    where = f"{SQL}/statements/{first['statement_id']}"
    assert done("GET", where) == first
    assert done("GET", f"{where}/result/chunks/0") == first["result"]
    assert refused("GET", f"{where}/result/chunks/1")[0] == 404


@pytest.mark.parametrize(("statement", "said"), [("fail", "you asked for it"), ("crash", "crashed as asked")])
def test_a_failed_statement_says_why(done, statement, said):
    failed = done("POST", f"{SQL}/statements", asked(statement))
    assert failed["status"]["state"] == "FAILED"
    assert said in failed["status"]["error"]["message"]


def test_a_statement_that_is_not_waited_for_can_be_given_up(done):
    pending = done("POST", f"{SQL}/statements", asked(wait_timeout="0s"))
    where = f"{SQL}/statements/{pending['statement_id']}"
    done("POST", f"{where}/cancel")
    assert done("GET", where)["status"]["state"] in ("CANCELED", "SUCCEEDED")


@pytest.mark.parametrize(
    "change",
    [
        {"statement": ""},
        {"warehouse_id": "other"},
        {"wait_timeout": "soon"},
        {"wait_timeout": 5},
        {"row_limit": "many"},
        {"parameters": "a"},
        {"catalog": 5},
    ],
)
def test_a_request_that_makes_no_sense_is_refused(refused, change):
    assert refused("POST", f"{SQL}/statements", asked(**change))[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_a_statement_that_is_not_there_is_refused(refused):
    assert refused("GET", f"{SQL}/statements/nope")[0] == 404
    assert refused("POST", f"{SQL}/statements/nope/cancel")[0] == 404
