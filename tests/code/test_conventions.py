import pytest

from prp_mcp.code.conventions import comments, expectations, forms, layer, naming, properties
from prp_mcp.code.sources import read_sources


def facts(*sources: str, folder: str = "src/silver"):
    return read_sources(
        {f"{folder}/t{n}.{'sql' if 'CREATE' in text else 'py'}": text for n, text in enumerate(sources)}
    )


def tables(*names: str):
    return facts("import dlt\n" + "".join(f"@dlt.table\ndef {name}(): ...\n" for name in names))


def test_every_way_to_declare_a_dataset_is_counted_with_its_first_place():
    found = forms(
        facts(
            "import dlt as d\n@d.table\ndef a(): ...\n@d.table(name='x')\ndef b(): ...\n@d.view\ndef c(): ...\n",
            "from pyspark import pipelines as dp\n@dp.materialized_view\ndef e(): ...\ndp.create_streaming_table('f')",
            "CREATE OR REFRESH STREAMING TABLE g AS SELECT 1;\nCREATE LIVE TABLE h AS SELECT 1;",
        )
    )
    assert found == {
        "dlt.table": {"count": 2, "example": "src/silver/t0.py:2"},
        "dlt.view": {"count": 1, "example": "src/silver/t0.py:6"},
        "dp.materialized_view": {"count": 1, "example": "src/silver/t1.py:2"},
        "dp.create_streaming_table": {"count": 1, "example": "src/silver/t1.py:4"},
        "CREATE STREAMING TABLE": {"count": 1, "example": "src/silver/t2.sql:1"},
        "CREATE LIVE TABLE": {"count": 1, "example": "src/silver/t2.sql:2"},
    }


def test_expectations_are_counted_by_style_and_by_published_datasets_that_have_any():
    found = expectations(
        facts(
            "import dlt\n@dlt.table\n@dlt.expect('a', 'b')\ndef a(): ...\n"
            "@dlt.table\n@dlt.expect_all_or_drop({'c': 'd', 'e': 'f'})\ndef b(): ...\n@dlt.view\ndef v(): ...\n"
            "dlt.create_streaming_table('s', expect_all={'g': 'h'})\n",
            "CREATE MATERIALIZED VIEW m (CONSTRAINT k EXPECT (a)) AS SELECT 1;\n"
            "CREATE MATERIALIZED VIEW n AS SELECT 1;",
        )
    )
    assert (found["warn"], found["drop"], found["fail"]) == (3, 2, 0)
    assert found["style"] == {"dictionary": 3, "single": 1, "constraint": 1}
    assert (found["datasets_with"], found["datasets_without"]) == (4, 1)
    assert found["example_without"] == "src/silver/t1.sql:2"


def test_a_code_base_without_expectations_has_no_pattern_of_them():
    assert expectations(tables("a")) == {}


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["silver_a", "silver_b", "silver_c"], {"prefix": "silver_", "case": "snake_case"}),
        (["silver_a", "silver_b", "odd"], {"prefix": "silver_", "case": "snake_case", "exceptions": ["odd"]}),
        (["orders_clean", "items_clean"], {"suffix": "_clean", "case": "snake_case"}),
        (["ordersSilver", "itemsSilver", "b"], {"case": "camelCase", "exceptions": ["b"]}),
        (["silver_a", "gold_b"], {"case": "snake_case"}),
        (["silver_a", "silver_b", "odd", "other", "more"], {"case": "snake_case"}),
        (["silver_a"], {"case": "snake_case"}),
        (["Orders", "Items"], {"case": "PascalCase"}),
        (["a__b", "c__d"], {}),
    ],
)
def test_a_convention_is_what_most_names_of_a_layer_share(names, found):
    (pattern,) = naming(tables(*names)).values()
    assert {key: value for key, value in pattern.items() if key not in ("names", "example")} == found


def test_the_schema_in_a_name_is_no_part_of_the_convention():
    (pattern,) = naming(facts("CREATE VIEW x.fact_a AS SELECT 1;\nCREATE VIEW y.fact_b AS SELECT 1")).values()
    assert (pattern["names"], pattern["prefix"]) == (["x.fact_a", "y.fact_b"], "fact_")


def test_table_properties_are_told_with_their_commonest_value():
    found = properties(
        facts(
            "import dlt\n@dlt.table(table_properties={'quality': 'silver', 'n': 3, key: 'x', 'computed': f()})\n"
            "def a(): ...\ndlt.create_streaming_table('b', table_properties={'quality': 'gold'})\n",
            "CREATE STREAMING TABLE c TBLPROPERTIES ('quality' = 'gold', delta.enable = true, \"x\" = \"a,b\")\n"
            "AS SELECT 1",
        )
    )
    assert found["quality"] == {"count": 3, "value": "gold", "example": "src/silver/t0.py:2"}
    assert {key: each["value"] for key, each in found.items()} == {
        **{"quality": "gold", "n": "3", "computed": "", "delta.enable": "true", "x": "a,b"}
    }


@pytest.mark.parametrize("text", ["CREATE VIEW a TBLPROPERTIES", "CREATE VIEW a TBLPROPERTIES ( AS SELECT 1", "()"])
def test_broken_properties_are_none(text):
    assert properties(facts(f"{text} CREATE")) == {}


def test_described_datasets_are_counted_and_a_silent_one_is_named():
    found = comments(facts("import dlt\n@dlt.table(comment='x')\ndef a(): ...\n@dlt.table\ndef b(): ...\n"))
    assert found == {"with": 1, "without": 1, "example_without": "src/silver/t0.py:4"}
    assert comments(facts("x = 1")) == {}


@pytest.mark.parametrize(
    ("path", "name"),
    [("src/Gold/x/a.py", "gold"), ("a/b/c.py", "b"), ("c.py", "."), ("bronze/silver/a.py", "silver")],
)
def test_the_layer_is_the_nearest_folder_that_names_one(path, name):
    assert layer(path) == name
