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
]
WRITING = [
    ("DROP TABLE main.silver.orders", "begins with 'DROP'"),
    ("WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a", "holds INSERT"),
    ("FROM a INSERT OVERWRITE t SELECT *", "holds INSERT"),
    ("SELECT 1; DELETE FROM t", "2 statements"),
    ("", "0 statements"),
    ("-- only a comment", "0 statements"),
    ("SET spark.x = 1", "begins with 'SET'"),
    ("USE CATALOG a", "begins with 'USE'"),
    ("MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE", "begins with 'MERGE'"),
    ("EXPLAIN DELETE FROM t", "holds DELETE"),
    ("SELECT ai_query('model', text) FROM t", "reaches out"),
    ("SELECT `http_request`(conn => 'x') FROM t", "reaches out"),
    ("SELECT secret('a', 'b')", "reaches out"),
    ("SELECT reflect('java.lang.Runtime', 'exec', 'x')", "reaches out"),
    ("SELECT 'open", "never closed"),
    ("CALL system.remove_orphans()", "begins with 'CALL'"),
]


@pytest.mark.parametrize("statement", READING)
def test_a_statement_that_only_reads_is_run(statement):
    assert why_not_reading(statement) == ""


@pytest.mark.parametrize(("statement", "why"), WRITING)
def test_a_statement_that_does_more_than_reading_is_not_run(statement, why):
    assert why in why_not_reading(statement)
