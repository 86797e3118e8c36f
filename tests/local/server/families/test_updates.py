"""Updates: how they start, what of them is shown, what is refused."""

import json

import pytest

from tests.local.conftest import until


@pytest.fixture
def where(pipeline):
    return f"/api/2.0/pipelines/{pipeline({'say': {'kind': 'state', 'state': 'RUNNING'}}, {'sleep': 600})}"


def test_an_update_runs_to_completed_and_says_what_was_asked(done, pipeline, updated, workspace):
    pipeline_id = pipeline()
    update = updated(pipeline_id, parameters={"prp_mcp.intent": "i1"}, full_refresh=True)
    assert (update["state"], update["cause"], update["full_refresh"]) == ("COMPLETED", "API_CALL", True)
    assert update["parameters"] == {"prp_mcp.intent": "i1"}
    assert not {"runner", "created"} & update.keys()
    told = json.loads((workspace.home / "tmp" / "last_spec.json").read_text())
    assert (told["update"]["full_refresh"], told["pipeline"]["pipeline_id"]) == (True, pipeline_id)


def test_parameters_of_an_update_go_before_those_of_its_pipeline(pipeline, updated):
    pipeline_id = pipeline(parameters={"a": "1", "b": "1"})
    assert updated(pipeline_id, parameters={"b": "2"})["parameters"] == {"a": "1", "b": "2"}


def test_an_active_update_refuses_a_second_until_it_is_stopped(done, refused, where):
    update_id = done("POST", f"{where}/updates")["update_id"]
    status, code, message = refused("POST", f"{where}/updates")
    assert (status, code) == (409, "RESOURCE_CONFLICT")
    assert update_id in message
    done("POST", f"{where}/stop")
    until(lambda: done("GET", f"{where}/updates/{update_id}")["update"]["state"] == "CANCELED")
    assert done("POST", f"{where}/stop") == {}


def test_updates_are_listed_newest_first(done, pipeline, updated):
    pipeline_id = pipeline()
    ids = [updated(pipeline_id)["update_id"] for _ in range(3)]
    listed = f"/api/2.0/pipelines/{pipeline_id}/updates"
    assert [row["update_id"] for row in done("GET", listed)["updates"]] == ids[::-1]
    until_second = done("GET", listed, until_update_id=ids[1])["updates"]
    assert [row["update_id"] for row in until_second] == [ids[1], ids[0]]
    assert len(done("GET", listed, max_results="2")["updates"]) == 2


@pytest.mark.parametrize(
    "asked",
    [
        {"refresh_selection": "orders"},
        {"full_refresh_selection": [5]},
        {"parameters": ["a"]},
        {"full_refresh": True, "refresh_selection": ["orders"]},
        {"full_refresh": "yes"},
    ],
)
def test_an_update_that_makes_no_sense_is_refused(done, refused, where, asked):
    assert refused("POST", f"{where}/updates", asked)[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert done("GET", f"{where}/updates")["updates"] == []


def test_an_update_of_another_pipeline_is_not_found(done, refused, pipeline, updated):
    update_id = updated(pipeline())["update_id"]
    assert refused("GET", f"/api/2.0/pipelines/{pipeline()}/updates/{update_id}")[0] == 404
    assert refused("POST", "/api/2.0/pipelines/nope/updates")[0] == 404
