"""SQL sources of pipelines that both readers understand; names are what a test is called by."""

SOURCES: dict[str, str] = {
    "today": """
CREATE OR REFRESH STREAMING TABLE bronze (
    CONSTRAINT has_id EXPECT (id IS NOT NULL) ON VIOLATION DROP ROW,
    CONSTRAINT positive EXPECT (amount > 0 AND note <> ';') ON VIOLATION FAIL UPDATE,
    CONSTRAINT named EXPECT (length(name) > 1)
) COMMENT 'Raw; as it came' TBLPROPERTIES ('quality' = 'bronze', "pipelines.reset.allowed" = "false")
AS SELECT * FROM STREAM read_files('/Volumes/main/s/raw', format => 'json');

-- a comment; with a semicolon
CREATE OR REFRESH MATERIALIZED VIEW silver AS SELECT id, 'CREATE LIVE TABLE x' AS text FROM bronze;
CREATE TEMPORARY VIEW recent AS SELECT * FROM silver WHERE id > 5 /* ; /* nested */ */;
""",
    "old": """
CREATE STREAMING LIVE TABLE bronze COMMENT "raw" AS SELECT * FROM cloud_files('/Volumes/main/s/raw', 'json');
CREATE OR REFRESH LIVE TABLE silver (CONSTRAINT a EXPECT (x > 0) ON VIOLATION DROP ROW) AS SELECT * FROM LIVE.bronze;
CREATE LIVE VIEW recent AS SELECT 1;
CREATE TEMPORARY LIVE VIEW newest AS SELECT 1;
CREATE STREAMING LIVE VIEW flowing AS SELECT 1;
CREATE TEMPORARY STREAMING LIVE VIEW flowing_too AS SELECT 1;
CREATE INCREMENTAL LIVE TABLE older AS SELECT 1;
""",
    "temporary tables": """
CREATE OR REFRESH TEMPORARY LIVE TABLE a AS SELECT 1;
CREATE OR REFRESH TEMPORARY STREAMING LIVE TABLE b AS SELECT 1;
CREATE TEMPORARY INCREMENTAL LIVE VIEW c AS SELECT 1;
""",
    "names": """
create or refresh materialized view main.sales.`daily ``totals``` as select 1;
CREATE MATERIALIZED VIEW IF NOT EXISTS sales.weekly AS SELECT 1;
CREATE OR REPLACE MATERIALIZED VIEW monthly AS SELECT 1;
CREATE PRIVATE MATERIALIZED VIEW hidden AS SELECT 1;
CREATE OR REFRESH PRIVATE STREAMING TABLE hidden_too AS SELECT * FROM STREAM(bronze);
""",
    "columns": """
CREATE MATERIALIZED VIEW typed (
    id BIGINT NOT NULL COMMENT 'the id, always',
    parts STRUCT<a: INT, b: MAP<STRING, DECIMAL(10, 2)>>,
    CONSTRAINT pk PRIMARY KEY (id),
    CONSTRAINT `quoted name` EXPECT (parts.a IN (1, 2, 3)) ON VIOLATION FAIL UPDATE
) PARTITIONED BY (id) CLUSTER BY AUTO COMMENT 'typed' AS SELECT 1;
""",
    "flows": """
CREATE OR REFRESH STREAMING TABLE target (CONSTRAINT ok EXPECT (id > 0));
CREATE FLOW first AS INSERT INTO target BY NAME SELECT * FROM STREAM(a);
CREATE FLOW second COMMENT 'twice' AS INSERT INTO ONCE target BY NAME SELECT * FROM b;
""",
    "strings": r"""
CREATE MATERIALIZED VIEW a COMMENT 'it''s \'quoted\'' AS SELECT r'\' AS raw, "x;y" AS y;
CREATE MATERIALIZED VIEW b AS SELECT '--' AS dashes, '/*' AS opened -- 'not a string
;
""",
    "a dot in a name": "CREATE MATERIALIZED VIEW `a.b` AS SELECT 1;",
    "nothing": "-- only a comment\n\n;;",
}
