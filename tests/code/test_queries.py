"""Which SQL of a PRP may be run as a check."""

import pytest

from prp_mcp.code.queries import why_not_reading

READING = [
    "SELECT COUNT(*) FROM main.silver.orders",
    "with bad as (select * from t where x is null) select count(*) from bad",
    "SHOW TABLES IN main.silver",
    "SHOW CREATE TABLE main.silver.orders",
    "DESCRIBE EXTENDED main.silver.orders",
    "SELECT 'drop table x' AS text FROM t -- delete from t",
    "SELECT t.update, t.`delete` FROM t /* insert */",
    "(SELECT 1) UNION ALL (SELECT 2)",
    "VALUES (1), (2)",
    "EXPLAIN SELECT 1",
    "SELECT secret, read_count, ai_score FROM t",
    "SELECT json.id, a.text.value, `a/b` FROM main.s.t AS json",
    "SELECT t.a FROM main.s.t JOIN main.s.u USING (id) WHERE t.id IN (1) AND (t.b OR (t.c))",
    "SELECT transform(a, x -> x + 1), count(*), event_log('x') FROM t",
    "SELECT 'json.`/x`', 'a.b.f(' FROM main.read_api.ai_table",
    "SELECT current_user() FROM main.`odd-schema`.`t`",
]
WRITING = [
    ("DROP TABLE main.silver.orders", "begins with 'DROP'"),
    ("WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a", "contains INSERT"),
    ("FROM a INSERT OVERWRITE t SELECT *", "contains INSERT"),
    ("SELECT 1; DELETE FROM t", "2 statements"),
    ("", "0 statements"),
    ("-- only a comment", "0 statements"),
    ("SET spark.x = 1", "begins with 'SET'"),
    ("USE CATALOG a", "begins with 'USE'"),
    ("MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE", "begins with 'MERGE'"),
    ("EXPLAIN DELETE FROM t", "contains DELETE"),
    ("SELECT ai_query('model', text) FROM t", "reaches beyond"),
    ("SELECT `http_request`(conn => 'x') FROM t", "reaches beyond"),
    ("SELECT secret('a', 'b')", "reaches beyond"),
    ("SELECT reflect('java.lang.Runtime', 'exec', 'x')", "reaches beyond"),
    ("SELECT 'open", "never closed"),
    ("SELECT AI_gen('x' || ssn) FROM t", "reaches beyond"),
    ("SELECT ai_classify (ssn, array('a')) FROM t", "reaches beyond"),
    ("SELECT * FROM list_secrets()", "reaches beyond"),
    ("SELECT * FROM read_kafka(bootstrapServers => 'x:9092')", "reaches beyond"),
    ("SELECT * FROM `read_pubsub` /* x */ (x => 1)", "reaches beyond"),
    ("SELECT * FROM cloud_files('s3://x','json')", "reaches beyond"),
    ("SELECT * FROM read_statestore('/x')", "reaches beyond"),
    ("SELECT vector_search(index=>'x', query=>'y')", "reaches beyond"),
    ("SELECT * FROM remote_query('c', query => 'x')", "reaches beyond"),
    ("SELECT aws_secret('x')", "reaches beyond"),
    ("SELECT try_secret('x', 'y')", "reaches beyond"),
    ("SELECT main.x.http_request(conn=>'c')", "reaches beyond"),
    ("SELECT java_method('a', 'b')", "reaches beyond"),
    ("SELECT system.ai.python_exec('import os')", "reaches beyond"),
    ("SELECT main.x.my_python_udf(a) FROM t", "user-defined function"),
    ("SELECT x.`f` (a) FROM t", "user-defined function"),
    ("SELECT main . delete ('x')", "user-defined function"),
    ("SELECT * FROM IDENTIFIER('text.`/x`')", "builds a name"),
    ("SELECT TRANSFORM (a) USING 'cat /x' FROM t", "starts a program"),
    ("SELECT * FROM text.`/home/me/.config`", "reads the files"),
    ("SELECT * FROM text . /* x */ `file:///x`", "reads the files"),
    ("SELECT * FROM binaryFile.`/Volumes/x`", "reads the files"),
    ("SELECT * FROM `json`.`s3://x/y`", "reads the files"),
    ("SELECT * FROM odd.`s3://x/y`", "reads the files"),
    ("SELECT * FROM a, parquet.`x`", "reads the files"),
    ("TABLE csv.x", "reads the files"),
    ("DESCRIBE EXTENDED delta.x", "reads the files"),
    ("SELECT * FROM main.s.`../../x`", "reads the files"),
    ("CALL system.remove_orphans()", "begins with 'CALL'"),
]


@pytest.mark.parametrize("statement", READING)
def test_a_statement_that_only_reads_is_run(statement):
    assert why_not_reading(statement) == ""


@pytest.mark.parametrize(("statement", "why"), WRITING)
def test_a_statement_that_does_more_than_reading_is_not_run(statement, why):
    assert why in why_not_reading(statement)
