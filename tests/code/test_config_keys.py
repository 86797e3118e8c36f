import re

import pytest

from prp_mcp.code.bundle_yaml import configuration, pipelines, read_bundle, read_file, requirements
from prp_mcp.code.sources import patterns, read_source, read_sources
from prp_mcp.errors import UsageError


def conflicts(files: dict[str, str], **configured: str) -> dict:
    bundle = {"resources": {"pipelines": {"p": {"configuration": configured}}}}
    return patterns(read_sources(files), bundle).get("config_keys", {})


def test_a_key_without_a_default_that_nothing_sets_comes_first():
    code = "a = spark.conf.get('soft', 'x')\nb = spark.conf.get('hard')\nc = spark.conf.get('here')\n"
    assert conflicts({"a.py": code, "b.sql": "SELECT '${in_sql}'"}, here="1") == {
        "unset": [
            {"key": "hard", "at": "a.py:2"},
            {"key": "in_sql", "at": "b.sql:1"},
            {"key": "soft", "at": "a.py:1", "default": True},
        ]
    }


def test_a_key_that_nothing_reads_is_told_with_its_place_in_the_bundle():
    assert conflicts({"a.py": "spark.conf.get('used')"}, used="1", stale="2") == {
        "unread": [{"key": "stale", "at": "resources.pipelines.p.configuration.stale"}]
    }


@pytest.mark.parametrize(
    "code",
    [
        "setting('stale')",
        "spark.conf.get(f'{layer}.path')",
        "spark.conf.get(key)",
        "spark.conf.getAll()",
        "conf = spark.conf\nconf.get(name)",
    ],
)
def test_no_key_is_called_unread_where_a_helper_or_a_computed_key_may_read_it(code):
    assert conflicts({"a.py": code}, stale="1") == {}


def test_keys_of_spark_and_the_engine_are_left_alone():
    code = "spark.conf.get('spark.sql.shuffle.partitions')\nspark.conf.get('pipelines.id')"
    assert conflicts({"a.py": code}, **{"spark.x": "1", "pipelines.y": "2"}) == {}


@pytest.mark.parametrize(
    ("code", "key", "has_default"),
    [
        ("spark.conf.get('k')", "k", False),
        ("session.conf.get(key='k', default=None)", "k", True),
        ("SparkSession.getActiveSession().conf.get('k', 'x')", "k", True),
        ("c = spark.conf\nc.get('k')", "k", False),
        ("spark.conf.get('a' + b)", None, False),
    ],
)
def test_a_read_is_known_by_every_name_of_the_configuration(code, key, has_default):
    (read,) = read_source("a.py", code).config_reads
    assert (read.key, read.has_default) == (key, has_default)


@pytest.mark.parametrize("code", ["{}.get('k')", "os.environ.get('k')", "conf.get('k')"])
def test_other_mappings_are_no_configuration(code):
    assert read_source("a.py", code).config_reads == ()


def test_a_parameter_of_sql_is_placed_where_it_stands():
    reads = read_source("a.sql", "-- x\nSELECT '${a}'\n, ${b}, '${}'").config_reads
    assert [(read.key, read.line) for read in reads] == [("a", 2), ("b", 3)]


def tree(texts: dict[str, str]):
    return read_bundle({path: read_file(path, text) for path, text in texts.items()}).tree


def test_the_files_of_a_bundle_are_one_tree():
    found = tree(
        {
            "databricks.yml": "bundle: {name: x}\ntargets: {dev: {resources: {pipelines: {p: {schema: s}}}}}\n",
            "resources/p.yml": "x: &x {a: '1'}\nresources:\n  pipelines:\n    p:\n      root_path: ../src\n"
            "      serverless: true\n      configuration: {<<: *x, b: 2}\n",
        }
    )
    assert [place for place, _ in pipelines(found)] == ["resources.pipelines.p", "targets.dev.resources.pipelines.p"]
    settings = dict(pipelines(found))["resources.pipelines.p"]
    assert (settings["root_path"], settings["serverless"]) == ("src", "true")
    assert configuration(found) == {
        "a": ("1", "resources.pipelines.p.configuration.a"),
        "b": ("2", "resources.pipelines.p.configuration.b"),
    }


def test_a_root_that_depends_on_the_workspace_is_kept_as_it_is():
    text = "resources: {pipelines: {p: {root_path: '${workspace.file_path}/src'}, q: {root_path: /Workspace/x}}}"
    assert [settings["root_path"] for _, settings in pipelines(tree({"a/b.yml": text}))] == [
        "${workspace.file_path}/src",
        "/Workspace/x",
    ]


@pytest.mark.parametrize(
    "text",
    ["", "- x", "resources: 3", "resources: {pipelines: [a]}", "targets: x", "? [a]\n: b", "resources:\ntargets: ~\n"],
)
def test_yaml_that_is_no_bundle_is_none(text):
    found = tree({"databricks.yml": text})
    assert (list(pipelines(found)), configuration(found), requirements(found)) == ([], {}, [])


BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 10)}]\n" for i in range(9)
)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: [", "databricks.yml:2:1: not valid YAML"),
        ("{" * 3000, "not valid YAML"),
        ("&a [*a]", "expands to more than"),
        (BOMB, "expands to more than"),
    ],
)
def test_yaml_that_cannot_be_read_is_refused_with_its_place(text, why):
    with pytest.raises(UsageError, match=re.escape(why)):
        tree({"databricks.yml": text})


def test_only_the_first_document_counts_and_merges_never_overwrite():
    found = tree({"databricks.yml": "x: &x {a: 1, b: 2}\ny: {b: 3, <<: *x}\n---\ny: other\n"})
    assert found["y"] == {"a": "1", "b": "3"}
