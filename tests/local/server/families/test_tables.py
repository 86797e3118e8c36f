"""The tables that updates have published."""

import json

import pytest

UNITY = "/api/2.1/unity-catalog"
COLUMNS = [{"name": "id", "type_text": "bigint", "type_name": "LONG", "position": 0, "nullable": True}]
TABLE = {
    "catalog_name": "main",
    "schema_name": "published",
    "name": "orders",
    "table_type": "STREAMING_TABLE",
    "columns": COLUMNS,
    "comment": "All orders",
    "properties": {"quality": "bronze"},
}


@pytest.fixture
def published(pipeline, updated):
    """A pipeline that has published a table and a view."""
    view = {**TABLE, "name": "daily", "table_type": "MATERIALIZED_VIEW"}
    pipeline_id = pipeline(*({"say": {"kind": "table", "table": table}} for table in (TABLE, view)))
    assert updated(pipeline_id)["state"] == "COMPLETED"
    return pipeline_id


def test_a_published_table_is_described_as_it_was_told(done, published):
    found = done("GET", f"{UNITY}/tables/main.published.orders")
    assert (found["owner"], found["pipeline_id"], found["comment"]) == ("engineer@example.com", published, "All orders")
    assert (found["columns"], found["data_source_format"]) == (COLUMNS, "ICEBERG")
    assert found["properties"] == {"quality": "bronze", "pipelines.pipelineId": published}
    assert done("GET", f"{UNITY}/schemas/main.published")["owner"] == "engineer@example.com"


def test_a_table_that_is_published_again_keeps_its_id(done, published, updated):
    before = done("GET", f"{UNITY}/tables/main.published.orders")
    updated(published)
    after = done("GET", f"{UNITY}/tables/main.published.orders")
    assert [before[key] for key in ("table_id", "created_at")] == [after[key] for key in ("table_id", "created_at")]


def test_tables_are_listed_with_as_much_as_is_asked_for(done, refused, published):
    where = {"catalog_name": "main", "schema_name": "published"}
    listed = done("GET", f"{UNITY}/tables", **where, omit_columns="true")["tables"]
    assert [row["name"] for row in listed] == ["orders", "daily"]
    assert not any("columns" in row for row in listed)
    pattern = {"catalog_name": "main", "schema_name_pattern": "pub%", "table_name_pattern": "ord%"}
    assert done("GET", f"{UNITY}/table-summaries", **pattern)["tables"] == [
        {"full_name": "main.published.orders", "table_type": "STREAMING_TABLE"}
    ]
    assert refused("GET", f"{UNITY}/tables", catalog_name="main", schema_name="nope")[0] == 404


def test_a_table_gets_another_owner_and_nothing_else(done, published):
    done("PATCH", f"{UNITY}/tables/main.published.orders", {"owner": "a@example.com", "comment": "other"})
    found = done("GET", f"{UNITY}/tables/main.published.orders")
    assert (found["owner"], found["comment"]) == ("a@example.com", "All orders")


def test_a_deleted_table_is_gone_with_its_data(done, refused, published, workspace):
    done("DELETE", f"{UNITY}/tables/main.published.orders")
    assert done("GET", f"{UNITY}/tables/main.published.orders/exists") == {"table_exists": False}
    assert refused("GET", f"{UNITY}/tables/main.published.orders")[:2] == (404, "TABLE_DOES_NOT_EXIST")
    assert _dropped(workspace) == [["main.published.orders"]]


def test_tables_go_with_their_pipeline_unless_they_are_to_stay(done, published, workspace):
    done("DELETE", f"/api/2.0/pipelines/{published}", cascade="false")
    assert done("GET", f"{UNITY}/tables/main.published.orders/exists") == {"table_exists": True}
    assert not (workspace.home / "logs" / "verbs.jsonl").exists()


def test_tables_go_with_their_pipeline(done, published, workspace):
    done("DELETE", f"/api/2.0/pipelines/{published}")
    assert done("GET", f"{UNITY}/tables/main.published.orders/exists") == {"table_exists": False}
    assert _dropped(workspace) == [["main.published.orders", "main.published.daily"]]


def test_a_table_of_an_unknown_schema_is_not_asked_for(refused):
    assert refused("GET", f"{UNITY}/tables/main.nope.t/exists")[:2] == (404, "SCHEMA_DOES_NOT_EXIST")


def _dropped(workspace):
    lines = (workspace.home / "logs" / "verbs.jsonl").read_text().splitlines()
    verbs = [json.loads(line) for line in lines]
    assert {one["given"]["warehouse"] for one in verbs} == {str(workspace.home / "warehouse")}
    return [one["given"]["tables"] for one in verbs if one["verb"] == "drop"]
