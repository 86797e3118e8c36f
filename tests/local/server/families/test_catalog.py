"""Unity Catalog's catalogs and schemas."""

import pytest

UNITY = "/api/2.1/unity-catalog"


def test_the_metastore_names_the_default_catalog(done):
    assert done("GET", f"{UNITY}/current-metastore-assignment")["default_catalog_name"] == "main"


def test_a_catalog_is_created_edited_listed_and_deleted(done, refused):
    made = done("POST", f"{UNITY}/catalogs", {"name": "dev", "comment": "c", "properties": {"a": "1"}})
    assert (made["owner"], made["comment"], made["properties"]) == ("engineer@example.com", "c", {"a": "1"})
    assert refused("POST", f"{UNITY}/catalogs", {"name": "dev"})[:2] == (409, "CATALOG_ALREADY_EXISTS")
    done("PATCH", f"{UNITY}/catalogs/dev", {"comment": "d"})
    assert done("GET", f"{UNITY}/catalogs/dev")["comment"] == "d"
    assert [row["name"] for row in done("GET", f"{UNITY}/catalogs")["catalogs"]] == ["main", "dev"]
    done("DELETE", f"{UNITY}/catalogs/dev")
    assert refused("GET", f"{UNITY}/catalogs/dev")[:2] == (404, "CATALOG_DOES_NOT_EXIST")


def test_a_catalog_with_schemas_goes_only_by_force(done, refused):
    done("POST", f"{UNITY}/catalogs", {"name": "dev"})
    done("POST", f"{UNITY}/schemas", {"name": "s", "catalog_name": "dev"})
    status, code, message = refused("DELETE", f"{UNITY}/catalogs/dev")
    assert (status, code) == (400, "INVALID_STATE")
    assert "is not empty" in message
    done("DELETE", f"{UNITY}/catalogs/dev", force="true")
    assert refused("GET", f"{UNITY}/schemas/dev.s")[0] == 404


@pytest.mark.parametrize("name", ["", "a.b", "a b", "a/b", 5, "x" * 256])
def test_a_name_that_is_none_is_refused(refused, name):
    assert refused("POST", f"{UNITY}/catalogs", {"name": name})[:2] == (400, "INVALID_PARAMETER_VALUE")
    given = {"name": name, "catalog_name": "main"}
    assert refused("POST", f"{UNITY}/schemas", given)[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_a_schema_needs_its_catalog_and_a_free_name(done, refused):
    given = {"name": "s", "catalog_name": "nope"}
    assert refused("POST", f"{UNITY}/schemas", given)[1:] == (
        "CATALOG_DOES_NOT_EXIST",
        "Catalog 'nope' does not exist.",
    )
    done("POST", f"{UNITY}/schemas", {"name": "s", "catalog_name": "main"})
    again = refused("POST", f"{UNITY}/schemas", {"name": "s", "catalog_name": "main"})
    assert again[:2] == (409, "SCHEMA_ALREADY_EXISTS")


def test_a_schema_is_edited_but_not_renamed(done, refused):
    done("POST", f"{UNITY}/schemas", {"name": "s", "catalog_name": "main", "comment": "c"})
    assert done("PATCH", f"{UNITY}/schemas/main.s", {"comment": "d"})["comment"] == "d"
    assert refused("PATCH", f"{UNITY}/schemas/main.s", {"new_name": "t"})[:2] == (501, "NOT_IMPLEMENTED")
    assert refused("PATCH", f"{UNITY}/schemas/main.nope", {})[:2] == (404, "SCHEMA_DOES_NOT_EXIST")


def test_a_schema_with_a_volume_goes_only_by_force_and_takes_the_files(ask, done, refused, workspace):
    done("POST", f"{UNITY}/schemas", {"name": "s", "catalog_name": "main"})
    volume = {"name": "raw", "catalog_name": "main", "schema_name": "s", "volume_type": "MANAGED"}
    done("POST", f"{UNITY}/volumes", volume)
    assert ask("PUT", "/api/2.0/fs/files/Volumes/main/s/raw/a.txt", b"hi").status_code == 204
    assert refused("DELETE", f"{UNITY}/schemas/main.s")[:2] == (400, "INVALID_STATE")
    done("DELETE", f"{UNITY}/schemas/main.s", force="true")
    assert not (workspace.volumes / "main" / "s").exists()


def test_lists_come_in_pages(done, refused):
    for name in ("a", "b", "c"):
        done("POST", f"{UNITY}/schemas", {"name": name, "catalog_name": "main"})
    first = done("GET", f"{UNITY}/schemas", catalog_name="main", max_results="2")
    assert [row["name"] for row in first["schemas"]] == ["a", "b"]
    query = {"catalog_name": "main", "max_results": "2", "page_token": first["next_page_token"]}
    second = done("GET", f"{UNITY}/schemas", **query)
    assert [row["name"] for row in second["schemas"]] == ["c"]
    assert "next_page_token" not in second
    assert refused("GET", f"{UNITY}/schemas", catalog_name="main", page_token="x")[0] == 400
    assert refused("GET", f"{UNITY}/schemas")[0] == 400
