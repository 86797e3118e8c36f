import pytest

from prp_mcp.code.sources import read_source


def facts(text: str):
    return read_source("src/a.sql", text)


@pytest.mark.parametrize(
    ("statement", "name", "kind", "private"),
    [
        ("CREATE OR REFRESH STREAMING TABLE a AS SELECT * FROM STREAM(b)", "a", "streaming table", False),
        ("create streaming table if not exists c.s.a as select * from stream b.c", "c.s.a", "streaming table", False),
        ("CREATE STREAMING TABLE a", "a", "streaming table", False),
        ("CREATE OR REFRESH MATERIALIZED VIEW a CLUSTER BY AUTO AS SELECT 1", "a", "materialized view", False),
        ("CREATE OR REFRESH PRIVATE MATERIALIZED VIEW a AS SELECT 1", "a", "materialized view", True),
        ("CREATE TEMPORARY VIEW `a b` AS SELECT 1", "a b", "view", True),
        ("CREATE VIEW a AS SELECT 1", "a", "view", False),
        ("CREATE LIVE TABLE a AS SELECT * FROM LIVE.b", "a", "materialized view", False),
        ("CREATE OR REFRESH STREAMING LIVE TABLE a AS SELECT * FROM STREAM(LIVE.b)", "a", "streaming table", False),
        (
            "CREATE INCREMENTAL LIVE TABLE a AS SELECT * FROM cloud_files('/x', 'json', map('a', 'b'))",
            "a",
            "streaming table",
            False,
        ),
        ("CREATE TEMPORARY LIVE VIEW a AS SELECT 1", "a", "view", True),
        ("CREATE LIVE VIEW a AS SELECT 1", "a", "view", True),
        ("CREATE STREAMING TABLE ${catalog}.s.a AS SELECT * FROM STREAM(b)", None, "streaming table", False),
        ("CREATE MATERIALIZED VIEW IDENTIFIER(:n || 'x') AS SELECT 1", None, "materialized view", False),
    ],
)
def test_a_dataset_is_read_in_todays_and_in_old_spelling(statement, name, kind, private):
    found = facts(f"-- it's a comment; really\n\n{statement};\n")
    assert found.errors == ()
    assert [(each.name, each.kind, each.is_private, each.line) for each in found.datasets] == [(name, kind, private, 3)]
    assert (found.api, found.api_line) == ("sql", 3)


CONSTRAINED = """CREATE OR REFRESH STREAMING TABLE orders (
  id BIGINT NOT NULL COMMENT 'a key',
  CONSTRAINT valid_id EXPECT (id IS NOT NULL AND note <> ')') ON VIOLATION DROP ROW,
  CONSTRAINT `ok amount` EXPECT (amount > 0),
  CONSTRAINT fresh EXPECT (ts > '2020-01-01') ON VIOLATION FAIL UPDATE,
  CONSTRAINT k PRIMARY KEY (id)
)
COMMENT 'Orders; as they come'
TBLPROPERTIES ('quality' = 'bronze')
AS SELECT * FROM STREAM read_files('${source}/orders', format => 'json');
"""


def test_expectations_comment_and_parameters_are_read():
    found = facts(CONSTRAINED)
    assert [(each.dataset, each.name, each.action, each.condition, each.line) for each in found.expectations] == [
        ("orders", "valid_id", "drop", "id IS NOT NULL AND note <> ')'", 3),
        ("orders", "ok amount", "warn", "amount > 0", 4),
        ("orders", "fresh", "fail", "ts > '2020-01-01'", 5),
    ]
    assert found.datasets[0].has_comment
    assert {read.key for read in found.config_reads} == {"source"}
    assert found.errors == ()


def test_a_comment_on_a_column_does_not_describe_the_table():
    assert not facts("CREATE STREAMING TABLE a (id INT COMMENT 'x') AS SELECT 1").datasets[0].has_comment


@pytest.mark.parametrize(
    "text",
    [
        "APPLY CHANGES INTO LIVE.t FROM STREAM(LIVE.s) KEYS (id) APPLY AS DELETE WHEN op = 'D' SEQUENCE BY ts "
        "COLUMNS * EXCEPT (op) STORED AS SCD TYPE 2",
        "CREATE FLOW f AS AUTO CDC INTO t FROM STREAM(s) KEYS (id) SEQUENCE BY ts",
        "CREATE FLOW f AS INSERT INTO ONCE t BY NAME SELECT * FROM STREAM s",
        "CREATE STREAMING TABLE a AS SELECT * FROM STREAM b.c x JOIN STREAM(LIVE.d) y ON x.i = y.i, STREAM `e f`",
        "SET x.y = z; USE CATALOG c; USE SCHEMA s;",
        "CREATE OR REPLACE TEMPORARY FUNCTION f(a INT) RETURNS INT RETURN a + 1",
        "CREATE MATERIALIZED VIEW a AS SELECT window.start, count(*) FROM b GROUP BY window(ts, '1 hour')",
        "CREATE STREAMING TABLE a AS SELECT * FROM STREAM(b) WATERMARK ts DELAY OF INTERVAL 10 MINUTES AS x WHERE y",
        "CREATE MATERIALIZED VIEW a AS SELECT * EXCEPT (b), c:d.e::int, \"s\", r'\\d' FROM json.`/x` "
        "QUALIFY rank() OVER w = 1",
        "CREATE MATERIALIZED VIEW a AS FROM b SELECT transform(xs, x -> x + 1) GROUP BY ALL",
        "CREATE MATERIALIZED VIEW a AS SELECT * FROM b WHERE ${filter} ORDER",
        "CREATE MATERIALIZED VIEW a AS SELECT 'it''s', 'a\\'b', `it's` FROM b /* ' /* nested */ ' */",
        "-- Databricks notebook source\n-- MAGIC %md don't\nSELECT 1\n-- COMMAND ----------\nSELECT 2",
        "CREATE PROCEDURE p() AS BEGIN\nDECLARE x INT;\nSETT y;\nEND;",
        "{{ config(x) }}\nSELCT 1",
        "CREATE MATERIALIZED VIEW a AS SELECT " + "(" * 2000 + "1" + ")" * 2000,
        "",
        ";;; -- nothing",
    ],
)
def test_what_is_right_or_not_sure_is_no_error(text):
    assert facts(text).errors == ()


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("SELECT 1;\nSELCT 2;", 2, 1, "SELCT"),
        ("CREATE OR REFRESH STREAMNG TABLE a AS SELECT 1", 1, 19, "STREAMNG"),
        ("CREATE MATERIALIZED VIEW a AS\nSELECT *\n FORM x y z", 3, 7, "Unexpected"),
        ("CREATE MATERIALIZED VIEW a AS SELECT FROM WHERE", 1, 43, "WHERE"),
        ("CREATE MATERIALIZED VIEW a", 1, 1, "no query"),
        ("CREATE MATERIALIZED VIEW a AS", 1, 28, "query is missing"),
        ("CREATE MATERIALIZED VIEW a AS banana", 1, 31, "does not begin a query"),
        ("CREATE MATERIALIZED VIEW a AS\nSELECT (1", 2, 8, "'(' is never closed"),
        ("CREATE MATERIALIZED VIEW a AS SELECT 1)", 1, 39, "closes nothing"),
        ("SELECT 'abc;\nSELECT 1", 1, 8, "never closed"),
        ("SELECT 1 /* abc", 1, 10, "/*"),
        ("SELECT `a", 1, 8, "name opened"),
        ("CREATE STREAMING TABLE a (CONSTRAINT b EXPECT (c) ON VIOLATION DROP) AS SELECT 1", 1, 51, "DROP ROW"),
        ("CREATE STREAMING TABLE a (CONSTRAINT b EXPECT c > 1)", 1, 40, "brackets"),
        ("APPLY CHANGES INTO a FROM b SEQUENCE BY c", 1, 1, "KEYS"),
        ("CREATE FLOW f AS AUTO CDC INTO a FROM b KEYS (c)", 1, 18, "SEQUENCE BY"),
        ("CREATE FLOW f AS SELECT 1", 1, 18, "INSERT INTO"),
        ("CREATE FLOW f", 1, 8, "AS"),
        ("CREATE STREAMING TABLE AS SELECT 1", 1, 24, "name"),
    ],
)
def test_a_sure_error_is_reported_where_it_is(text, line, column, message):
    found = facts(text).errors
    assert [(each.line, each.column) for each in found] == [(line, column)], found
    assert message in found[0].message


def test_an_error_in_one_statement_leaves_the_others_readable():
    found = facts("CREATE STREAMING TABLE a AS SELECT * FRM;\nCREATE MATERIALIZED VIEW b AS SELECT 1;")
    assert [each.name for each in found.datasets] == ["a", "b"]


def test_plain_sql_is_no_pipeline():
    assert facts("SELECT 1; CREATE TABLE x (a INT);").api is None
