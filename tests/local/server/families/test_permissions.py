"""Access control lists of pipelines, jobs and folders."""

import pytest

ME = "engineer@example.com"


def levels(answer):
    return [
        (row["display_name"], row["all_permissions"][0]["permission_level"]) for row in answer["access_control_list"]
    ]


def listed(*entries):
    return {"access_control_list": [{"user_name": name, "permission_level": level} for name, level in entries]}


@pytest.fixture
def where(pipeline):
    return f"/api/2.0/permissions/pipelines/{pipeline()}"


def test_a_new_object_belongs_to_its_maker(done, where):
    assert levels(done("GET", where)) == [(ME, "IS_OWNER")]


def test_the_list_is_replaced_and_an_owner_stays(done, where):
    assert levels(done("PUT", where, listed(("a@example.com", "CAN_RUN")))) == [
        ("a@example.com", "CAN_RUN"),
        (ME, "IS_OWNER"),
    ]
    assert levels(done("PUT", where, listed(("b@example.com", "IS_OWNER")))) == [("b@example.com", "IS_OWNER")]


def test_the_list_is_extended_and_a_new_level_replaces_the_old(done, where):
    done("PATCH", where, listed(("a@example.com", "CAN_RUN")))
    done("PATCH", where, listed(("b@example.com", "CAN_VIEW")))
    assert levels(done("PATCH", where, listed(("a@example.com", "CAN_MANAGE")))) == [
        ("b@example.com", "CAN_VIEW"),
        ("a@example.com", "CAN_MANAGE"),
        (ME, "IS_OWNER"),
    ]


def test_a_folder_has_no_owner_in_its_list(done):
    folder = "/Workspace/Users/engineer@example.com"
    number = done("GET", "/api/2.0/workspace/get-status", path=folder)["object_id"]
    assert done("GET", f"/api/2.0/permissions/directories/{number}")["access_control_list"] == []


@pytest.mark.parametrize(
    "given",
    [
        listed(("a@example.com", "CAN_FLY")),
        {"access_control_list": [{"permission_level": "CAN_RUN"}]},
        {"access_control_list": [{"user_name": "a", "group_name": "b", "permission_level": "CAN_RUN"}]},
        {"access_control_list": "everybody"},
        {"access_control_list": ["everybody"]},
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(refused, where, given):
    assert refused("PUT", where, given)[:2] == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
def test_an_object_that_is_not_there_and_a_kind_that_is_not_served_are_refused(refused, method):
    given = listed(("a@example.com", "CAN_MANAGE")) if method != "GET" else None
    assert refused(method, "/api/2.0/permissions/pipelines/nope", given)[0] == 404
    assert refused(method, "/api/2.0/permissions/clusters/1", given)[:2] == (501, "NOT_IMPLEMENTED")
