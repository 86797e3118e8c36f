import pytest

from prp_mcp.code.dependencies import modules_of, pip_installs, project_dependencies, requirement_lines
from prp_mcp.code.sources import patterns, read_source, read_sources

PIPELINE = "src/pipelines/orders.py"


def missing(code: str, files: dict[str, str] | None = None, bundle=None, folder: str = "") -> list[str]:
    """Return the modules that a pipeline source of `code` misses."""
    facts = read_sources({PIPELINE: f"import dlt\n{code}\n", **(files or {})})
    return [each["module"] for each in patterns(facts, bundle or {}, folder).get("imports", [])]


def pipeline(**settings) -> dict[str, object]:
    return {"resources": {"pipelines": {"orders": settings}}}


@pytest.mark.parametrize(
    "code",
    [
        *("import os, json.decoder", "from pyspark.sql import functions as F", "import pandas as pd", "import delta"),
        *("from databricks.sdk import WorkspaceClient", "from __future__ import annotations", "import dlt"),
        "try:\n    import gone\nexcept ImportError:\n    gone = None",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import gone",
    ],
)
def test_what_the_runtime_has_or_may_lack_is_not_missing(code):
    assert missing(code) == []


def test_what_nothing_provides_is_missing_with_its_first_place():
    facts = read_sources({PIPELINE: "import dlt\nimport os\nfrom gone.far import x\nimport gone.far\nimport lost\n"})
    assert patterns(facts, {})["imports"] == [
        {"module": "gone.far", "at": f"{PIPELINE}:3"},
        {"module": "lost", "at": f"{PIPELINE}:5"},
    ]


@pytest.mark.parametrize(
    "code",
    ["try:\n    import gone\nexcept ValueError:\n    ...", "try:\n    ...\nexcept ImportError:\n    import gone",
     "def f():\n    import gone"],
)  # fmt: skip
def test_an_import_that_must_succeed_is_found_wherever_it_stands(code):
    assert missing(code) == ["gone"]


@pytest.mark.parametrize(
    ("path", "bundle"),
    [
        ("rules.py", {}),
        ("src/rules.py", {}),
        ("src/rules/__init__.py", {}),
        ("src/rules/checks.py", {}),
        ("src/pipelines/rules.py", {}),
        ("lib/rules.py", pipeline(root_path="lib")),
        ("lib/rules.py", pipeline(root_path="./lib")),
        ("lib/rules.py", pipeline(root_path="${workspace.file_path}/lib")),
    ],
)
def test_a_module_of_its_own_is_found_from_the_folders_on_the_path(path, bundle):
    assert missing("import rules", {path: ""}, bundle) == []


def test_a_module_in_a_folder_that_nothing_puts_on_the_path_is_missing():
    assert missing("import rules", {"lib/rules.py": ""}) == ["rules"]
    assert missing("import rules", {"lib/rules.py": ""}, pipeline(root_path="src")) == ["rules"]


@pytest.mark.parametrize(
    "code",
    [
        "import sys\nsys.path.append('lib')",
        "import sys\nsys.path.insert(0, '../../lib')",
        "import sys\nsys.path.append(spark.conf.get('bundle.libs'))",
        "import sys\nsys.path.append(spark.conf.get('not.set'))",
        "import sys, os\nsys.path.append(os.path.dirname(__file__) + '/lib')",
    ],
)
def test_folders_put_on_the_path_are_recognised(code):
    bundle = pipeline(configuration={"bundle.libs": "${workspace.file_path}/lib"})
    assert missing(f"{code}\nimport rules", {"lib/rules.py": ""}, bundle) == []


def test_a_configured_folder_is_that_folder_and_no_other():
    bundle = pipeline(configuration={"bundle.libs": "${workspace.file_path}/other"})
    code = "import sys\nsys.path.append(spark.conf.get('bundle.libs'))\nimport rules"
    assert missing(code, {"lib/rules.py": ""}, bundle) == ["rules"]


def test_modules_a_source_loads_are_judged_too_and_files_of_no_pipeline_are_not():
    files = {"src/rules.py": "import more", "src/more.py": "import gone", "tests/test_a.py": "import pytest_thing"}
    assert missing("import rules", files) == ["gone"]


def test_modules_that_load_each_other_end():
    assert missing("import rules", {"src/rules.py": "import more", "src/more.py": "import rules"}) == []


def test_relative_imports_are_looked_up_beside_the_source():
    files = {"src/pipelines/near.py": "", "src/up.py": ""}
    assert missing("from .near import a\nfrom ..up import b\nfrom . import c\nfrom .far import d", files) == [".far"]


def test_a_bundle_in_a_folder_of_its_own_has_its_own_roots():
    files = {"etl/src/p.py": "import dlt\nimport rules, lib, top", "etl/rules.py": "", "etl/src/lib.py": ""}
    facts = read_sources({**files, "top.py": ""})
    assert [each["module"] for each in patterns(facts, {}, "etl")["imports"]] == ["top"]


@pytest.mark.parametrize(
    ("files", "bundle"),
    [
        ({"requirements.txt": "# all\nGone-Away[x]>=1 ; python_version > '3'\n"}, {}),
        ({"requirements-dev.txt": "gone.away==1\n"}, {}),
        ({"pyproject.toml": "[project]\ndependencies = ['gone_away~=1']\n"}, {}),
        ({"pyproject.toml": "[tool.poetry.dependencies]\ngone-away = '^1'\n"}, {}),
        ({"pyproject.toml": "[project.optional-dependencies]\nx = ['gone-away']\n"}, {}),
        ({"notebook.py": "# Databricks notebook source\n# MAGIC %pip install gone-away==2 other\n"}, {}),
        ({}, pipeline(environment={"dependencies": ["gone-away>=2"]})),
        ({}, pipeline(environment={"dependencies": ["/Volumes/a/b/c/gone_away-1.0-py3-none-any.whl"]})),
        ({}, {"resources": {"jobs": {"j": {"tasks": [{"libraries": [{"pypi": {"package": "gone-away"}}]}]}}}}),
    ],
)
def test_a_declared_dependency_is_there(files, bundle):
    assert missing("import gone_away.x\nimport lost", files, bundle) == ["lost"]


def test_a_wheel_of_the_project_itself_may_bring_any_of_its_modules():
    bundle = pipeline(environment={"dependencies": ["../dist/*.whl"]})
    assert missing("import rules, lost", {"packages/core/rules.py": ""}, bundle) == ["lost"]


@pytest.mark.parametrize(
    ("requirement", "modules"),
    [
        ("PyYAML>=6", ("yaml",)),
        ("scikit-learn", ("sklearn",)),
        ("azure-storage-blob==1", ("azure_storage_blob", "azure")),
        ("name @ git+https://example.com/x.git", ("name",)),
        ("-r other.txt", ()),
        ("--index-url https://example.com", ()),
        ("./dist/*.whl", ()),
        ("dist/gone_away-1-py3-none-any.whl", ("gone_away",)),
        ("${var.x}", ()),
        ("", ()),
        ("# note", ()),
    ],
)
def test_a_requirement_is_the_modules_it_brings(requirement, modules):
    assert modules_of(requirement) == modules


def test_what_cannot_be_read_declares_nothing():
    assert project_dependencies("[project") == ()
    assert project_dependencies("project = 1\ntool = []\n") == ()
    assert requirement_lines("\n # x\n") == ()
    assert pip_installs("pip install x") == ()


def test_an_import_is_placed_where_it_stands():
    facts = read_source("a.py", "x = 1\nfrom ..b import c\nimport d as e\n")
    assert [(each.module, each.line, each.level) for each in facts.imports] == [("b", 2, 2), ("d", 3, 0)]
