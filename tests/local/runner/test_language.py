"""The pipeline language: what public pipelines use most, each spelling run on Spark."""

import pytest

from tests.local.runner.bench import Bench

pytestmark = pytest.mark.spark


def _completed(bench: Bench, **update):
    outcome = bench.update(**update)
    assert outcome.states[-1] == "COMPLETED", outcome.errors
    return outcome


def test_the_new_module_name_with_every_kind_of_dataset(bench: Bench):
    bench.source(
        "src/a.py",
        f"""
from pyspark import pipelines as dp

@dp.temporary_view
def base():
    return spark.range(4)

@dp.materialized_view(comment="evens")
def evens():
    return spark.read.table("base").where("id % 2 = 0")

dp.create_streaming_table("all_rows", comment="from two flows", expect_all={{"positive": "id >= 0"}})

@dp.append_flow(target="all_rows")
def first():
    return spark.readStream.table("source_a")

@dp.append_flow(target="all_rows", name="again")
def second():
    return spark.readStream.table("source_a")

@dp.table
def source_a():
    return spark.readStream.format("json").schema("id bigint").load("/Volumes/main/{bench.schema}/raw")
""",
    )
    bench.input("1.json", {"id": 1}, {"id": -1})
    outcome = _completed(bench)
    assert outcome.tables["evens"]["table_type"] == "MATERIALIZED_VIEW"
    assert outcome.tables["all_rows"]["table_type"] == "STREAMING_TABLE"
    assert "base" not in outcome.tables
    assert outcome.counted.expectations["all_rows", "positive"] == (2, 2)
    assert bench.rows("SELECT count(*) FROM all_rows") == [["4"]]
    assert outcome.inputs("evens") == ["base"]


def test_names_of_one_two_and_three_parts_live_and_sql_text_all_find_the_dataset(bench: Bench):
    reads = [
        "spark.table('base')",
        f"spark.read.table('{bench.schema}.base')",
        f"spark.read.table('main.{bench.schema}.base')",
        "dlt.read('base')",
        "spark.read.table('LIVE.base')",
        "spark.sql('SELECT base.id FROM base')",
        "spark.sql('WITH base AS (SELECT id FROM LIVE.base WHERE id > 0) SELECT id FROM base')",
        f"spark.sql('SELECT b.id FROM main.{bench.schema}.base b WHERE b.id IN (SELECT id FROM base)')",
    ]
    text = "import dlt\n@dlt.table\ndef base():\n    return spark.range(3)\n"
    text += "".join(f"@dlt.table\ndef t{number}():\n    return {read}\n" for number, read in enumerate(reads))
    bench.source("src/a.py", text)
    outcome = _completed(bench)
    assert [outcome.inputs(f"t{number}") for number in range(len(reads))] == [["base"]] * len(reads)
    assert [outcome.counted.rows[f"t{number}"] for number in range(len(reads))] == [3, 3, 3, 3, 3, 3, 2, 3]


def test_sibling_modules_configuration_and_plain_files_of_a_volume(bench: Bench):
    bench.settings |= {"configuration": {"my.limit": "2"}, "root_path": f"{bench.root}/lib"}
    bench.settings["libraries"] = [{"file": {"path": f"{bench.root}/src/a.py"}}]
    bench.source("lib/shared/words.py", "def twice(value):\n    return value * 2\n")
    bench.source(
        "src/a.py",
        f"""
import os
from pathlib import Path
import dlt
from pyspark.sql import SparkSession
from pyspark.sql.functions import udf
from shared.words import twice

folder = Path("/Volumes/main/{bench.schema}/raw/made")
folder.mkdir(parents=True, exist_ok=True)
(folder / "x.csv").write_text("name;n\\na;1\\nb;2\\nc;3\\n")
assert os.listdir(folder) == ["x.csv"]
double = udf(twice, "int")

@dlt.table
def t():
    spark = SparkSession.builder.getOrCreate()
    limit = int(spark.conf.get("my.limit"))
    frame = spark.read.options(header=True, sep=";", inferSchema=True).csv("/Volumes/main/{bench.schema}/raw/made")
    return frame.limit(limit).withColumn("d", double("n"))
""",
    )
    _completed(bench)
    assert bench.rows("SELECT name, n, d FROM t ORDER BY name") == [["a", "1", "2"], ["b", "2", "4"]]


def test_sql_sources_in_todays_and_in_older_spellings(bench: Bench):
    bench.settings["configuration"] = {"raw": f"/Volumes/main/{bench.schema}/raw"}
    bench.input("orders/1.json", {"id": 1, "amount": 5.5}, {"id": 2, "amount": -1}, {"id": None, "amount": 3})
    bench.source(
        "src/a.sql",
        """
-- a comment; with a semicolon
CREATE OR REFRESH STREAMING TABLE bronze (CONSTRAINT has_id EXPECT (id IS NOT NULL))
COMMENT 'it''s raw' TBLPROPERTIES ('quality' = 'bronze')
AS SELECT * FROM STREAM read_files('${raw}/orders', format => 'json');

CREATE OR REFRESH STREAMING TABLE silver (
  CONSTRAINT has_id EXPECT (id IS NOT NULL) ON VIOLATION DROP ROW,
  CONSTRAINT never EXPECT (amount < 1000) ON VIOLATION FAIL UPDATE
) AS SELECT id, amount FROM STREAM(bronze);

CREATE TEMPORARY VIEW positive AS SELECT * FROM silver WHERE amount > 0;
CREATE OR REFRESH MATERIALIZED VIEW gold AS SELECT count(*) AS n FROM positive;

CREATE OR REFRESH STREAMING LIVE TABLE old_bronze AS
  SELECT id FROM cloud_files('${raw}/orders', 'json', map('cloudFiles.inferColumnTypes', 'true'));
CREATE LIVE TABLE old_gold COMMENT "old" AS SELECT max(id) AS m FROM LIVE.old_bronze
""",
    )
    outcome = _completed(bench)
    assert outcome.tables["bronze"]["comment"] == "it's raw"
    assert outcome.tables["bronze"]["properties"]["quality"] == "bronze"
    assert outcome.counted.expectations == {
        ("bronze", "has_id"): (2, 1),
        ("silver", "has_id"): (2, 1),
        ("silver", "never"): (3, 0),
    }
    assert bench.rows("SELECT n FROM gold") == [["1"]]
    assert bench.rows("SELECT m FROM old_gold") == [["2"]]


def test_a_sql_error_names_the_line_of_its_statement(bench: Bench):
    bench.source("src/a.sql", "CREATE VIEW v AS SELECT 1 AS a;\n\nCREATE MATERIALIZED VIEW m AS\nSELECT b FROM v;\n")
    outcome = bench.update()
    assert "`b`" in outcome.errors[0]
    assert "/src/a.sql:3" in outcome.errors[0].splitlines()[0]


def test_a_sql_parameter_without_value_and_an_unknown_statement_are_refused(bench: Bench):
    bench.source("src/a.sql", "CREATE MATERIALIZED VIEW m AS SELECT '${nowhere}' AS a")
    assert "'nowhere'" in bench.update().errors[0]
    bench.source("src/a.sql", "\nDROP TABLE everything")
    message = bench.update().errors[0]
    assert "DROP TABLE everything" in message
    assert "/src/a.sql:2" in message


def test_auto_loader_infers_hints_rescues_and_adds_columns_in_later_updates(bench: Bench):
    bench.source(
        "src/a.py",
        f"""
import dlt
@dlt.table
def t():
    return (spark.readStream.format("cloudFiles").option("cloudFiles.format", "json")
        .option("cloudFiles.schemaHints", "n int").load("/Volumes/main/{bench.schema}/raw"))
""",
    )
    bench.input("1.json", {"n": 1, "s": {"a": 1}}, {"n": "many", "s": "x"})
    with (bench.volume / "1.json").open("a") as damaged:
        damaged.write('{"n": 3, "s"\n')
    _completed(bench)
    rows = bench.rows("SELECT n, s, get_json_object(_rescued_data, '$.n') FROM t ORDER BY n, s")
    assert rows == [[None, None, None], [None, "x", "many"], ["1", '{"a": 1}', None]]
    assert bench.rows("SELECT count(*) FROM t WHERE _rescued_data LIKE '%_corrupt_record%'") == [["1"]]
    bench.input("2.json", {"n": 4, "s": "y", "later": "z"})
    assert _completed(bench).counted.rows["t"] == 1
    assert bench.rows("SELECT later FROM t WHERE n = 4") == [["z"]]


def test_a_selection_refreshes_only_what_it_names(bench: Bench):
    one = "import dlt\n@dlt.table\ndef one():\n    return spark.range(1)\n"
    bench.source("src/a.py", one + "@dlt.table\ndef two():\n    return spark.range(2)\n")
    assert set(_completed(bench, refresh_selection=["two"]).tables) == {"two"}
    assert "'three'" in bench.update(refresh_selection=["three"]).errors[0]


def test_validate_only_writes_nothing(bench: Bench):
    bench.source("src/a.py", "import dlt\n@dlt.table\ndef one():\n    return spark.range(1)\n")
    outcome = _completed(bench, validate_only=True)
    assert outcome.states == ["INITIALIZING", "COMPLETED"]
    assert outcome.tables == {}
    assert "error" in bench.sql("SELECT * FROM one")


def test_a_column_whose_type_changed_asks_for_a_full_refresh(bench: Bench):
    text = (
        "import dlt\n@dlt.table\ndef t():\n    return spark.readStream.format('json').schema('a int')"
        f".load('/Volumes/main/{bench.schema}/raw').selectExpr('a{{}}')\n"
    )
    bench.input("1.json", {"a": 1})
    bench.source("src/a.py", text.format(""))
    _completed(bench)
    bench.source("src/a.py", text.format(" > 0 AS a"))
    assert "full refresh" in bench.update().errors[0]
    _completed(bench, full_refresh=True)
    assert bench.rows("SELECT a FROM t") == [["true"]]
