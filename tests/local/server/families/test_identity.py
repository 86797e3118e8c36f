"""Who the caller is, and what kind of host this is."""


def test_a_client_learns_the_workspace_before_it_authenticates(done):
    assert done("GET", "/.well-known/databricks-config") == {"workspace_id": "1"}


def test_the_one_user_is_answered_in_the_shape_of_scim(done):
    me = done("GET", "/api/2.0/preview/scim/v2/Me")
    assert (me["userName"], me["displayName"], me["active"]) == ("engineer@example.com", "Local engineer", True)
    assert [group["display"] for group in me["groups"]] == ["users"]


def test_telemetry_is_taken_and_thrown_away(done):
    assert done("POST", "/telemetry-ext", {"items": ["x"]})["errors"] == []
