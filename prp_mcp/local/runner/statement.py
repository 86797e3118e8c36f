"""Answer one read-only SQL statement on the workspace's tables, and drop tables' data."""

import os
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from prp_mcp.errors import PrpMcpError, UsageError
from prp_mcp.local.runner import jvm, session, tables
from prp_mcp.local.runner.autoloader import AutoLoader
from prp_mcp.local.runner.fault import describe
from prp_mcp.local.runner.graph import Graph, split_name
from prp_mcp.local.runner.paths import Paths
from prp_mcp.local.runner.reading import Reader
from prp_mcp.local.runner.sqltext import Token, statements, tokens, unquoted

READING = ("SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "VALUES", "FROM", "TABLE", "(")
REFUSED_WORDS = ("INSERT", "DELETE", "UPDATE", "MERGE")
REFUSED_FUNCTIONS = ("REFLECT", "JAVA_METHOD", "TRY_REFLECT")
ROW_LIMIT = 1000
TYPED: Mapping[str, Callable[[str], Any]] = {
    "STRING": str,
    "BOOLEAN": lambda text: text.strip().lower() == "true",
    **dict.fromkeys(("TINYINT", "BYTE", "SMALLINT", "SHORT", "INT", "INTEGER", "BIGINT", "LONG"), int),
    **dict.fromkeys(("FLOAT", "DOUBLE"), float),
    "DECIMAL": Decimal,
    "DATE": date.fromisoformat,
    "TIMESTAMP": datetime.fromisoformat,
}
TIMESTAMP = "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'"


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return columns, rows (text or null) and whether rows were left out; or the error.

    Raises UsageError for a request that lacks something.
    """
    home = Path(request["home"]).resolve()
    paths = Paths(Path(request["files_root"]).resolve(), Path(request["volumes_root"]).resolve())
    try:
        text = reading_only(str(request["statement"]))
        warehouse = Path(request["warehouse"]).resolve()
        spark = session.attached(jvm.started(home), home, warehouse, request["catalogs"])
        frame = _frame(spark, text, request, paths)
        return _result(frame, int(request.get("row_limit") or ROW_LIMIT))
    except PrpMcpError as error:
        return _error("BAD_REQUEST", describe(error, paths).message)
    except Exception as error:  # noqa: BLE001  # whatever Spark says of the statement is its answer
        return _error("BAD_REQUEST", describe(error, paths).message)


def reading_only(text: str) -> str:
    """Return the one statement in `text` when it only reads. Raises UsageError for anything else."""
    found = [statement for _, statement in statements(text)]
    if len(found) != 1:
        raise UsageError(f"Got {len(found)} statements, expected one.", remedy="Send one statement at a time.")
    read = tokens(found[0])
    if read[0].upper not in READING or any(_does_more(read, index) for index in range(len(read))):
        raise UsageError(
            f"The local workspace only answers statements that read; got {read[0].upper!r}.",
            remedy="Use SELECT, WITH, VALUES, SHOW, DESCRIBE or EXPLAIN; pipelines write tables.",
        )
    return found[0]


def _does_more(read: Sequence[Token], index: int) -> bool:
    """Return whether a statement with this token writes, calls Java or starts a program."""
    token = read[index]
    before = read[index - 1].text if index else ""
    behind = read[index + 1] if index + 1 < len(read) else None
    if behind is None:
        return False
    # A column may be called `t.update`, and a function written in quotes.
    if token.upper in REFUSED_WORDS and before != ".":
        return True
    if token.upper == "USING" and behind.kind == "string":
        return True
    return behind.text == "(" and unquoted(token.text).upper() in REFUSED_FUNCTIONS


def drop_tables(home: Path, request: Mapping[str, Any]) -> None:
    """Delete the data of tables, and what streams remember of them; a table that is gone already is no error."""
    warehouse = Path(request.get("warehouse") or home / "warehouse")
    for written in request.get("tables") or []:
        parts = split_name(str(written))
        if len(parts) != 3 or any(part in ("", ".", "..") or "/" in part or "\\" in part for part in parts):
            raise UsageError(f"{written!r} is not the name of a table.", remedy="Give catalog.schema.table.")
        _remove(warehouse.joinpath(*parts))
        for memory in (home / "checkpoints").glob("*"):
            _remove(memory / ".".join(parts))


def _remove(folder: Path) -> None:
    """Delete a folder so that it is gone at once, however long the deletion takes."""
    aside = folder.with_name(f".deleted-{uuid.uuid4().hex}")
    try:
        os.rename(folder, aside)
    except FileNotFoundError:
        return
    shutil.rmtree(aside, ignore_errors=True)


def _frame(spark: Any, text: str, request: Mapping[str, Any], paths: Paths) -> Any:
    catalog = str(request.get("catalog") or next(iter(request["catalogs"])))
    schema = str(request.get("schema") or "default")
    spark.catalog.setCurrentCatalog(catalog)
    if spark.catalog._jcatalog.databaseExists(schema):
        spark.catalog._jcatalog.setCurrentDatabase(schema)
    given = {str(one["name"]): _value(one) for one in request.get("parameters") or []}
    reader = Reader(spark, Graph(catalog, schema), paths, AutoLoader(spark, paths, None))
    return reader.query(text, given or None)


def _value(parameter: Mapping[str, Any]) -> Any:
    """Return the typed value of a statement's parameter. Raises UsageError when the text is none of that type."""
    value, kind = parameter.get("value"), str(parameter.get("type") or "STRING").partition("(")[0].upper()
    if kind not in TYPED:
        raise UsageError(f"Parameters of type {kind!r} are not supported.", remedy=f"Use one of {', '.join(TYPED)}.")
    try:
        return None if value is None else TYPED[kind](str(value))
    except (ValueError, ArithmeticError) as error:
        raise UsageError(f"{value!r} is not a valid {kind}.", remedy="Correct the parameter's value.") from error


def _result(frame: Any, limit: int) -> dict[str, Any]:
    from pyspark.sql import functions as f

    shaped = frame.toDF(*[f"c{position}" for position in range(len(frame.columns))])
    cells = [
        _text(f.col(field.name), field.dataType.simpleString()).alias(field.name) for field in shaped.schema.fields
    ]
    rows: Sequence[Any] = shaped.select(*cells).limit(limit + 1).collect() if cells else []
    described = [{k: v for k, v in one.items() if k != "nullable"} for one in tables.columns(frame.schema, {})]
    return {"columns": described, "rows": [list(row) for row in rows[:limit]], "truncated": len(rows) > limit}


def _text(column: Any, kind: str) -> Any:
    from pyspark.sql import functions as f

    if kind.startswith(("struct", "array", "map", "variant")):
        return f.to_json(column)
    if kind == "timestamp":
        return f.date_format(column, TIMESTAMP)
    if kind == "binary":
        return f.base64(column)
    return column.cast("string")


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"error_code": code, "message": message}}
