"""The `sql` and `drop` verbs."""

import json
import re

import pytest

from tests.corpora.reading import STATEMENTS
from tests.local.runner.bench import Bench, ended, plan_of, verb

pytestmark = pytest.mark.spark

WRITES = re.compile(r"InsertInto|DeleteFrom|UpdateTable|MergeInto")


@pytest.fixture(scope="module")
def filled(spark_home):
    bench = Bench(spark_home, "statements")
    bench.source("src/a.py", "import dlt\n@dlt.table\ndef t():\n    return spark.range(5)\n")
    assert bench.update().states[-1] == "COMPLETED"
    return bench


def test_a_query_answers_columns_and_text_rows(filled: Bench):
    answer = filled.sql(
        "SELECT id, timestamp '2025-01-02 03:04:05' AS at, array(1) AS a, NULL AS n FROM t WHERE id = :x",
        parameters=[{"name": "x", "value": "3", "type": "BIGINT"}],
    )
    assert answer["columns"][0] == {"name": "id", "type_text": "bigint", "type_name": "LONG", "position": 0}
    assert answer["rows"] == [["3", "2025-01-02T03:04:05.000Z", "[1]", None]]
    assert answer["truncated"] is False


def test_more_rows_than_the_limit_are_told(filled: Bench):
    answer = filled.sql("SELECT id FROM t ORDER BY id", row_limit=2)
    assert answer["rows"] == [["0"], ["1"]]
    assert answer["truncated"] is True


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE t",
        "INSERT INTO t VALUES (9)",
        "WITH x AS (SELECT 1 AS id) INSERT INTO t SELECT * FROM x",
        "SELECT 1; SELECT 2",
        "SELECT reflect('java.lang.System', 'getProperty', 'user.home') FROM t",
        "SELECT `reflect`('java.lang.System', 'getProperty', 'user.home') FROM t",
        "SELECT TRANSFORM (id) USING 'cat /etc/hostname' AS (x) FROM t",
        "WITH x AS (SELECT 1) DELETE FROM t",
        "CREATE TABLE u (a int)",
        "",
    ],
)
def test_anything_but_one_reading_statement_is_refused(filled: Bench, statement: str):
    assert filled.sql(statement)["error"]["error_code"] == "BAD_REQUEST"
    assert filled.rows("SELECT count(*) FROM t") == [["5"]]


def test_an_unknown_table_is_an_error_that_names_it(filled: Bench):
    assert "nowhere" in filled.sql("SELECT * FROM nowhere")["error"]["message"]


def test_drop_deletes_the_data_and_a_later_update_makes_it_anew(filled: Bench):
    child = verb("drop", "--home", str(filled.home))
    request = {"tables": ["main.statements.t", "main.statements.absent"], "warehouse": str(filled.home / "warehouse")}
    _, err = ended(child, json.dumps(request))
    assert child.returncode == 0, err
    assert "error" in filled.sql("SELECT * FROM t")
    assert filled.update().states[-1] == "COMPLETED"
    assert filled.rows("SELECT count(*) FROM t") == [["5"]]


def test_drop_refuses_a_name_that_would_leave_the_warehouse(filled: Bench):
    child = verb("drop", "--home", str(filled.home))
    ended(child, json.dumps({"tables": ["main.`../x`.t"]}))
    assert child.returncode == 2


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT value FROM text.`{file}`",
        "SELECT value FROM text.`file:{file}`",
        "SELECT value FROM TEXT.`file://{file}` AS x",
        "SELECT * FROM csv.`{folder}`",
        "SELECT * FROM json.`{folder}/../{name}/token`",
        "SELECT * FROM binaryFile.`{file}`",
        "SELECT * FROM parquet.`{file}`",
        "SELECT * FROM delta.`{folder}`",
        "SELECT * FROM iceberg.`{folder}`",
        "SELECT * FROM `org.apache.spark.sql.execution.datasources.v2.text.TextDataSourceV2`.`{file}`",
        "SELECT * FROM IDENTIFIER('text.`{file}`')",
        "SELECT * FROM t WHERE EXISTS (SELECT 1 FROM text.`{file}`)",
        "WITH x AS (SELECT * FROM text.`{file}`) SELECT * FROM x",
        "TABLE text.`{file}`",
        "DESCRIBE TABLE csv.`{file}`",
        "DESCRIBE QUERY SELECT * FROM json.`{file}`",
        "EXPLAIN EXTENDED SELECT * FROM json.`{file}`",
        "SHOW COLUMNS IN csv.`{file}`",
        "SELECT * FROM read_files('{file}', format => 'text')",
        "SELECT * FROM read_files('/Volumes/../../..{file}', format => 'text')",
        "SELECT * FROM read_files('/Volumes/main', format => 'text', paths => '[\"{file}\"]')",
        "SELECT * FROM read_files(path => '{file}', format => 'text')",
        "SELECT * FROM cloud_files('file:{file}', 'text')",
        "SELECT * FROM main.statements.`../../../{file}`",
    ],
)
def test_no_statement_reads_a_file_outside_the_workspace(filled: Bench, tmp_path, statement: str):
    planted = tmp_path / "token"
    planted.write_text('{"planted_key": 1}\n')
    answer = filled.sql(statement.format(file=planted, folder=tmp_path, name=tmp_path.name))
    # Spark explains a statement before it looks for what is named.
    assert "error" in answer or statement.startswith("EXPLAIN"), answer
    assert "planted_key" not in str(answer)


def test_files_of_a_volume_are_read_by_their_path(filled: Bench):
    filled.input("more/a.json", {"a": 1}, {"a": 2})
    path = f"/Volumes/main/{filled.schema}/raw/more"
    assert filled.rows(f"SELECT sum(a) FROM json.`{path}`") == [["3"]]
    assert filled.rows(f"SELECT x.a FROM JSON.`dbfs:{path}/a.json` AS x WHERE x.a IN (SELECT 2)") == [["2"]]
    assert filled.rows(f"SELECT count(*) FROM read_files('{path}', format => 'json')") == [["2"]]


@pytest.mark.parametrize("option", ["paths", "Path", "avroSchemaUrl"])
def test_an_option_that_names_a_file_is_refused(filled: Bench, option: str):
    filled.input("named/a.json", {"a": 1})
    where = f"'/Volumes/main/{filled.schema}/raw/named', format => 'json', {option} => '/etc/hostname'"
    assert f"the option {option!r} names" in filled.sql(f"SELECT * FROM read_files({where})")["error"]["message"]


def test_spark_reads_as_a_query_what_is_answered(filled: Bench):
    """Spark's parser is the judge: a statement that passes for reading must not write in its eyes."""
    for statement, verdict in STATEMENTS.items():
        if verdict == "reads":
            assert not WRITES.search(plan_of(filled.home, statement.strip().rstrip(";"))), statement
        if verdict == "writes" and statement.startswith("WITH"):
            assert WRITES.search(plan_of(filled.home, statement)), statement
