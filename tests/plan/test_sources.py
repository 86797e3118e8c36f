import pytest

from prp_mcp.plan.sources import patterns, read_source, read_sources

FILES = {
    "src/pipelines/silver/orders.sql": "CREATE MATERIALIZED VIEW silver_orders "
    "(CONSTRAINT k EXPECT (a) ON VIOLATION DROP ROW) AS SELECT 1",
    "src/pipelines/bronze/orders.py": "import dlt\n\n@dlt.table\n@dlt.expect('a', 'b')\n"
    "def bronze_orders():\n    return spark.readStream",
    "src/pipelines/bronze/returns.py": "import dlt\n@dlt.table\ndef bronze_returns():\n    return spark.readStream",
    "src/shared/names.py": "X = 1",
    "README.md": "import dlt",
    "src/broken.py": "def",
}


def test_files_are_read_by_their_ending_in_the_order_of_their_paths():
    found = read_sources(FILES)
    assert [source.path for source in found.sources] == sorted(FILES)
    assert [(path, each.name) for path, each in found.datasets()] == [
        ("src/pipelines/bronze/orders.py", "bronze_orders"),
        ("src/pipelines/bronze/returns.py", "bronze_returns"),
        ("src/pipelines/silver/orders.sql", "silver_orders"),
    ]
    assert [path for path, _ in found.errors()] == ["src/broken.py"]
    assert [each.action for _, each in found.expectations()] == ["warn", "drop"]


@pytest.mark.parametrize("text", ["import dlt\r\nx = (\r\n", "\ufeffimport dlt\nx = (\n"])
def test_line_ends_and_a_byte_order_mark_do_not_move_an_error(text):
    assert [(each.line, each.column) for each in read_source("a.py", text).errors] == [(2, 5)]


def test_patterns_show_how_the_code_base_does_things_with_an_example_each():
    bundle = {"resources": {"pipelines": {"orders": {"catalog": "main", "schema": "${var.schema}"}}}}
    assert patterns(read_sources(FILES), bundle) == {
        "api": {"value": "dlt", "files": {"dlt": 2, "sql": 1}, "example": "src/pipelines/bronze/orders.py:1"},
        "expectations": {"warn": 1, "drop": 1, "fail": 0, "example": "src/pipelines/bronze/orders.py:4"},
        "naming": {
            "bronze": {"names": ["bronze_orders", "bronze_returns"], "example": "src/pipelines/bronze/orders.py:3"},
            "silver": {"names": ["silver_orders"], "example": "src/pipelines/silver/orders.sql:1"},
        },
        "layout": {
            "src/pipelines/bronze": {"files": 2, "example": "src/pipelines/bronze/orders.py:1"},
            "src/pipelines/silver": {"files": 1, "example": "src/pipelines/silver/orders.sql:1"},
        },
        "catalog": {"value": "main", "example": "resources.pipelines.orders.catalog"},
        "schema": {"value": "${var.schema}", "example": "resources.pipelines.orders.schema"},
    }


def test_an_old_target_and_one_inside_a_target_are_found():
    bundle = {"targets": {"dev": {"resources": {"pipelines": {"p": {"target": "old"}}}}, "odd": None}}
    assert patterns(read_sources({}), bundle) == {
        "schema": {"value": "old", "example": "targets.dev.resources.pipelines.p.target"}
    }


@pytest.mark.parametrize(
    "bundle", [{}, {"resources": []}, {"resources": {"pipelines": {"a": 1}}}, {"targets": {"a": []}}]
)
def test_a_code_base_without_patterns_has_none(bundle):
    assert patterns(read_sources({}), bundle) == {}
