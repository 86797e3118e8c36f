import json

import pytest

from prp_mcp.code.facts import SourceError
from prp_mcp.code.sources import read_source


def facts(code: str):
    return read_source("src/a.py", code)


def datasets(code: str) -> list[tuple[str | None, str]]:
    return [(each.name, each.kind) for each in facts(code).datasets]


@pytest.mark.parametrize(
    ("imported", "prefix", "api"),
    [
        ("import dlt", "dlt.", "dlt"),
        ("import dlt as d", "d.", "dlt"),
        ("from dlt import table, expect", "", "dlt"),
        ("from dlt import *", "", "dlt"),
        ("from pyspark import pipelines as dp", "dp.", "pyspark.pipelines"),
        ("from pyspark import pipelines", "pipelines.", "pyspark.pipelines"),
        ("import pyspark.pipelines as p", "p.", "pyspark.pipelines"),
        ("import pyspark.pipelines", "pyspark.pipelines.", "pyspark.pipelines"),
        ("from pyspark.pipelines import table, expect", "", "pyspark.pipelines"),
    ],
)
def test_the_api_is_known_by_every_name_it_can_be_imported_under(imported, prefix, api):
    found = facts(
        f"# a comment\n{imported}\n@{prefix}table\n@{prefix}expect('ok', 'a > 1')\n"
        "def orders():\n    return spark.readStream\n"
    )
    assert (found.api, found.api_line) == (api, 2)
    assert [(each.name, each.kind, each.line) for each in found.datasets] == [("orders", "streaming table", 3)]
    assert [(each.dataset, each.name, each.action, each.condition) for each in found.expectations] == [
        ("orders", "ok", "warn", "a > 1")
    ]


def test_functions_of_other_modules_are_no_datasets():
    found = facts("import other\nfrom x import table\n@other.table\ndef a(): ...\n@table\ndef b(): ...\n")
    assert (found.api, found.datasets) == (None, ())


def test_every_kind_of_dataset_is_read():
    code = """
import dlt
from pyspark import pipelines as dp
@dlt.table(name="s")
def a(): return dlt.read_stream("x")
@dlt.table
def b(): return spark.read.table("x")
@dlt.table()
def c(): return helper()
@dlt.create_table(name="cat.sch.d")
def d(): return spark.sql("select 1")
@dlt.view
def e(): ...
@dp.temporary_view(name="f")
def _(): ...
@dp.materialized_view
def g(): ...
dlt.create_streaming_table("h")
dp.create_streaming_table(name="LIVE.i")
dlt.create_target_table(name="j")
dlt.table(name="k")(b)
"""
    assert datasets(code) == [
        ("s", "streaming table"),
        ("b", "materialized view"),
        ("c", "table"),
        ("cat.sch.d", "materialized view"),
        ("e", "view"),
        ("f", "view"),
        ("g", "materialized view"),
        ("h", "streaming table"),
        ("i", "streaming table"),
        ("j", "streaming table"),
        ("k", "table"),
    ]


@pytest.mark.parametrize("name", ["f'{layer}_orders'", "NAME", "'a' + b", "names[0]", "make()"])
def test_a_name_that_is_computed_is_no_name(name):
    assert datasets(f"import dlt\n@dlt.table(name={name})\ndef q(): return spark.read\n") == [
        (None, "materialized view")
    ]
    assert datasets(f"import dlt\ndlt.create_streaming_table({name})\n") == [(None, "streaming table")]


def test_arguments_that_cannot_be_seen_leave_the_name_open():
    assert datasets("import dlt\n@dlt.table(**options)\ndef q(): return spark.read\n") == [(None, "materialized view")]


def test_datasets_of_a_factory_are_found():
    code = (
        "import dlt\ndef make(n):\n    @dlt.table(name=n)\n    def _():\n        return dlt.read(n)\n"
        "for n in 'ab':\n    make(n)\n"
    )
    assert datasets(code) == [(None, "materialized view")]


def test_expectations_are_read_with_their_action_and_condition():
    code = """
import dlt
@dlt.table(comment="described", private=True)
@dlt.expect_or_drop("a", "x > 1")
@dlt.expect_or_fail(name="b", condition=f"{y}")
@dlt.expect_all({"c": "z", **more})
@dlt.expect_all_or_drop(rules)
def t(): return spark.read
dlt.create_streaming_table("u", expect_all_or_fail={"d": "w"}, expect_all=rules)
"""
    found = facts(code)
    assert [(each.dataset, each.name, each.action, each.condition) for each in found.expectations] == [
        ("t", "a", "drop", "x > 1"),
        ("t", "b", "fail", None),
        ("t", "c", "warn", "z"),
        ("t", None, "warn", None),
        ("t", None, "drop", None),
        ("u", "d", "fail", "w"),
        ("u", None, "warn", None),
    ]
    assert [(each.is_private, each.has_comment) for each in found.datasets] == [(True, True), (False, False)]


def test_the_configuration_a_source_reads_is_listed_once():
    code = (
        "a = spark.conf.get('x.y')\nb = spark.conf.get('x.y', 'z')\nc = spark.conf.get(key)\n"
        "d = session.conf.get('w')\n{}.get('v')"
    )
    assert list(dict.fromkeys(read.key for read in facts(code).config_reads if read.key)) == ["x.y", "w"]


@pytest.mark.parametrize(
    ("code", "line", "column"),
    [("x = 1\ndef f(:\n", 2, 7), ("return 1", 1, 1), ("a = '", 1, 5), ("if x:\npass", 2, 1), ("x = 1\n\ty = 2", 2, 1)],
)
def test_a_syntax_error_is_reported_where_it_is(code, line, column):
    found = facts(code)
    assert [(each.line, each.column) for each in found.errors] == [(line, column)]
    assert found.datasets == ()


@pytest.mark.parametrize(
    "code", ["x = 1\0", "(" * 5000, "-" * 200_000 + "1", "x" + ".a" * 100_000, "[" * 150 + "]" * 150]
)
def test_hostile_code_is_an_error_and_no_crash(code):
    assert all(isinstance(each, SourceError) for each in facts(code).errors)


def test_sources_are_never_run(tmp_path):
    witness = tmp_path / "ran"
    found = facts(f"import dlt\nopen({str(witness)!r}, 'w').close()\n@dlt.table\ndef t(): ...\n")
    assert found.errors == ()
    assert not witness.exists()


def test_a_warning_of_the_compiler_is_no_error():
    assert facts("x = '\\d'\ny = 1 is 1\n").errors == ()


def test_a_notebook_is_read_without_its_magics():
    cells = [
        {"cell_type": "markdown", "source": "import nothing("},
        {"cell_type": "code", "source": ["%pip install x\n", "import dlt\n"]},
        {"cell_type": "code", "source": "%sql\nSELECT 1"},
        {"cell_type": "code", "source": "@dlt.table\ndef t():\n    return spark.read"},
    ]
    found = read_source("a.ipynb", json.dumps({"cells": cells}))
    assert [each.name for each in found.datasets] == ["t"]
    assert found.errors == ()
    for broken in ("{", "[]", "{}", "[" * 100_000):
        assert len(read_source("a.ipynb", broken).errors) == 1
