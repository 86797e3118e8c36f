import json
from typing import Any

import pytest

from prp_mcp.code.sources import ENTRIES, patterns, read_source, read_sources, shortened

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
        "decorators": {
            "dlt.table": {"count": 2, "example": "src/pipelines/bronze/orders.py:3"},
            "CREATE MATERIALIZED VIEW": {"count": 1, "example": "src/pipelines/silver/orders.sql:1"},
        },
        "expectations": {
            **{"warn": 1, "drop": 1, "fail": 0, "example": "src/pipelines/bronze/orders.py:4"},
            "style": {"single": 1, "constraint": 1},
            **{"datasets_with": 2, "datasets_without": 1, "example_without": "src/pipelines/bronze/returns.py:2"},
        },
        "naming": {
            "bronze": {
                "names": ["bronze_orders", "bronze_returns"],
                "example": "src/pipelines/bronze/orders.py:3",
                **{"prefix": "bronze_", "case": "snake_case"},
            },
            "silver": {
                "names": ["silver_orders"],
                **{"example": "src/pipelines/silver/orders.sql:1", "case": "snake_case"},
            },
        },
        "layout": {
            "src/pipelines/bronze": 2,
            "src/pipelines/silver": 1,
        },
        "comments": {"with": 0, "without": 3, "example_without": "src/pipelines/bronze/orders.py:3"},
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


def size(value) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def large() -> dict[str, Any]:
    files = {
        f"src/team_{n}/{'deep/' * 9}layer{n}/t.py": f"import dlt\nimport gone_{n}\n"
        f"@dlt.table(table_properties={{'key_{n}': '{'v' * 500}'}})\n"
        f"def {'n' * 90}_{n}():\n    return spark.conf.get('conf_{n}')\n"
        for n in range(80)
    }
    bundle = {"resources": {"pipelines": {"p": {"catalog": "main", "configuration": {"stale": "1"}}}}}
    return patterns(read_sources(files), bundle)


@pytest.mark.parametrize("room", [4000, 1500, 600])
def test_shortened_patterns_fit_and_say_what_was_cut(room):
    full = large()
    shown, cut = shortened(full, room)
    assert size(shown) <= room
    assert {key for key in full if shown.get(key) != full[key]} == set(cut)
    assert shown["api"]["value"] == "dlt"
    assert shown["catalog"] == full["catalog"]
    assert room < 1000 or (shown["naming"] and shown["imports"] and shown["config_keys"])


def test_even_whole_patterns_are_bounded():
    full = large()
    assert {key: len(full[key]) for key in ("naming", "layout", "imports", "table_properties")} == dict.fromkeys(
        ("naming", "layout", "imports", "table_properties"), ENTRIES
    )
    assert size(full) < 40_000


def test_small_patterns_are_not_cut():
    full = patterns(read_sources(FILES), {})
    assert shortened(full, 2000) == (full, [])
