import json

import pytest

from prp_mcp.code.sources import read_source


def notebook(*cells: tuple[str, str | list[str]], **options) -> str:
    listed: list[dict] = [{"cell_type": kind, "metadata": {}, "source": source} for kind, source in cells]
    return json.dumps({"cells": listed, "nbformat": 4}, indent=1, **options)


def line_with(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.split("\n"), 1) if part in line)


CELLS = (
    ("markdown", ["# import dlt\n", "not code ("]),
    ("code", ["%pip install gone-away\n", "import dlt\n", "import lost"]),
    ("code", ["@dlt.table\n", "@dlt.expect('a', 'b')\n", "def t():\n", "    return spark.conf.get('k \u00e4')\n"]),
)


@pytest.mark.parametrize("options", [{}, {"ensure_ascii": False}])
def test_facts_are_placed_on_the_lines_of_the_file(options):
    text = notebook(*CELLS, **options)
    found = read_source("a.ipynb", text)
    assert found.api_line == line_with(text, '"import dlt')
    assert [each.line for each in found.datasets] == [line_with(text, '"@dlt.table')]
    assert [each.line for each in found.expectations] == [line_with(text, '"@dlt.expect')]
    assert [each.line for each in found.config_reads] == [line_with(text, "conf.get")]
    assert [each.line for each in found.imports] == [line_with(text, '"import dlt'), line_with(text, '"import lost')]
    assert found.declared == ("gone-away",)


def test_an_error_names_its_cell_and_the_line_in_it():
    text = notebook(*CELLS, ("code", ["x = 1\n", "y = (\n"]))
    (error,) = read_source("a.ipynb", text).errors
    assert error.line == line_with(text, '"y = (')
    assert error.message.startswith("cell 4, line 2: ")


def test_a_cell_that_is_one_string_is_placed_on_its_line():
    text = notebook(("code", "x = 1"), ("code", "a = 1\nb = (\nc"))
    (error,) = read_source("a.ipynb", text).errors
    assert (error.line, error.message.split(":")[0]) == (line_with(text, "b = ("), "cell 2, line 2")


@pytest.mark.parametrize("cells", [(), (("markdown", "x"),), (("code", []),), (("code", ""),)])
def test_a_notebook_without_code_has_no_facts(cells):
    found = read_source("a.ipynb", notebook(*cells))
    assert (found.api, found.datasets, found.errors) == (None, (), ())


def test_cells_that_are_spelled_otherwise_stay_within_the_file():
    text = (
        notebook(("code", ["import dlt\n", "x = (\n"])).replace("import", "\\u0069mport").replace("x = ", "\\u0078 = ")
    )
    (error,) = read_source("a.ipynb", text).errors
    assert 1 <= error.line <= text.count("\n") + 1


def test_magics_and_cells_of_other_languages_are_no_python():
    cells = (("code", "%sql\nSELECT ("), ("code", ["!ls (\n", "%md x\n", "import dlt"]))
    found = read_source("a.ipynb", notebook(*cells))
    assert (found.api, found.errors) == ("dlt", ())


def test_a_notebook_source_keeps_its_own_lines():
    text = "# Databricks notebook source\n# MAGIC %sql\n# MAGIC SELECT (\n\n# COMMAND ----------\n\nimport dlt\nx = (\n"
    (error,) = read_source("a.py", text).errors
    assert error.line == 8
