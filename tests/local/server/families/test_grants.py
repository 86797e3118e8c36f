"""Privileges on securables, direct and effective."""

import pytest

UNITY = "/api/2.1/unity-catalog"
ME = "engineer@example.com"
WHERE = f"{UNITY}/permissions/schema/main.s"


@pytest.fixture(autouse=True)
def schema(done):
    done("POST", f"{UNITY}/schemas", {"name": "s", "catalog_name": "main"})


def change(principal="analysts", **given):
    return {"changes": [{"principal": principal, **given}]}


def test_privileges_are_granted_and_revoked(done):
    granted = done("PATCH", WHERE, change(add=["SELECT", "use schema"]))
    assert granted == {"privilege_assignments": [{"principal": "analysts", "privileges": ["SELECT", "USE_SCHEMA"]}]}
    assert done("GET", WHERE, principal="others") == {}
    left = done("PATCH", WHERE, change(remove=["SELECT"]))
    assert left["privilege_assignments"][0]["privileges"] == ["USE_SCHEMA"]
    assert done("PATCH", WHERE, change(remove=["USE_SCHEMA"])) == {}


def test_a_privilege_that_is_added_and_removed_is_held(done):
    held = done("PATCH", WHERE, change(add=["SELECT"], remove=["SELECT"]))
    assert held["privilege_assignments"][0]["privileges"] == ["SELECT"]


def test_effective_privileges_are_inherited_from_above_and_from_groups(done):
    mine = done("GET", f"{UNITY}/effective-permissions/schema/main.s", principal=ME)["privilege_assignments"]
    assert [row["principal"] for row in mine] == [ME]
    rights = {right["privilege"]: right["inherited_from_name"] for right in mine[0]["privileges"]}
    assert rights == {"ALL_PRIVILEGES": "main", "USE_CATALOG": "main"}
    everybody = done("GET", f"{UNITY}/effective-permissions/schema/main.s")["privilege_assignments"]
    assert sorted(row["principal"] for row in everybody) == ["account users", ME]


@pytest.mark.parametrize(
    ("where", "given", "status"),
    [
        ("catalog/main", change(add=["FLY"]), 400),
        ("catalog/main", {"changes": [{"add": ["SELECT"]}]}, 400),
        ("catalog/main", {"changes": "all"}, 400),
        ("catalog/main", {"changes": ["all"]}, 400),
        ("catalog/main", change(add="SELECT"), 400),
        ("catalog/nope", change(add=["SELECT"]), 404),
        ("function/main.s.f", change(add=["EXECUTE"]), 501),
    ],
)
def test_what_cannot_be_granted_is_refused(refused, where, given, status):
    assert refused("PATCH", f"{UNITY}/permissions/{where}", given)[0] == status
