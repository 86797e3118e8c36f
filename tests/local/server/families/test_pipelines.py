"""Pipelines: what is kept of them, and what is refused."""

import pytest

PIPELINES = "/api/2.0/pipelines"
SPEC = {"name": "p", "catalog": "main", "schema": "s"}


def test_the_specification_comes_back_exactly_as_given(done, pipeline):
    given = {"tags": {"b": "1", "a": ""}, "libraries": [{"glob": {"include": "/Workspace/x/**"}}], "photon": False}
    pipeline_id = pipeline(**given)
    found = done("GET", f"{PIPELINES}/{pipeline_id}")
    assert {key: found["spec"][key] for key in given} == given
    assert found["spec"]["id"] == pipeline_id
    assert (found["state"], found["health"], found["latest_updates"]) == ("IDLE", "HEALTHY", [])


def test_an_edit_replaces_the_specification_and_keeps_the_id(done, pipeline):
    pipeline_id = pipeline(photon=True)
    done("PUT", f"{PIPELINES}/{pipeline_id}", {**SPEC, "name": "renamed", "run_as": {"user_name": "a@example.com"}})
    found = done("GET", f"{PIPELINES}/{pipeline_id}")
    assert (found["name"], found["pipeline_id"], "photon" in found["spec"]) == ("renamed", pipeline_id, False)
    assert found["run_as_user_name"] == "a@example.com"


def test_names_are_unique_unless_asked_otherwise(done, refused):
    first = done("POST", PIPELINES, SPEC)["pipeline_id"]
    status, code, message = refused("POST", PIPELINES, SPEC)
    assert (status, code) == (409, "RESOURCE_CONFLICT")
    assert "already used" in message
    second = done("POST", PIPELINES, {**SPEC, "allow_duplicate_names": True})["pipeline_id"]
    done("PUT", f"{PIPELINES}/{first}", {**SPEC, "allow_duplicate_names": True})
    assert first != second


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"catalog": "main", "schema": "s"}, 400),
        ({**SPEC, "name": 5}, 400),
        ({**SPEC, "catalog": "nope"}, 404),
        ({**SPEC, "catalog": ["main"]}, 400),
        ({"name": "p", "catalog": "main"}, 400),
        ({**SPEC, "run_as": "me"}, 400),
        ([SPEC], 400),
    ],
)
def test_a_pipeline_that_cannot_be_is_refused(refused, given, status):
    assert refused("POST", PIPELINES, given)[0] == status


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("name LIKE '%ail%'", ["daily"]),
        ("name like 'dail_'", ["daily"]),
        ("name = 'daily'", ["daily"]),
        ("name = 'da%'", []),
        ("", ["daily", "hourly"]),
    ],
)
def test_pipelines_are_found_by_name(done, pipeline, wanted, names):
    for name in ("daily", "hourly"):
        pipeline(name=name)
    found = done("GET", PIPELINES, filter=wanted)["statuses"]
    assert [row["name"] for row in found] == names


def test_a_filter_that_is_not_understood_is_refused(refused):
    assert refused("GET", PIPELINES, filter="creator = 'me'")[0] == 400


def test_a_deleted_pipeline_is_gone_with_its_events(done, refused, pipeline, updated, workspace):
    pipeline_id = pipeline()
    assert updated(pipeline_id)["state"] == "COMPLETED"
    done("DELETE", f"{PIPELINES}/{pipeline_id}")
    for path in (f"{PIPELINES}/{pipeline_id}", f"{PIPELINES}/{pipeline_id}/events"):
        assert refused("GET", path)[:2] == (404, "RESOURCE_DOES_NOT_EXIST")
    assert workspace.store.events(pipeline_id, "", [], "number", (0, 9)) == []
