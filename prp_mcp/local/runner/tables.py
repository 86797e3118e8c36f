"""Describe a written table as Unity Catalog does."""

from typing import Any

from prp_mcp.local.runner.planning import Planned

TYPE_NAMES = {
    "tinyint": "BYTE",
    "smallint": "SHORT",
    "bigint": "LONG",
    "timestamp_ntz": "TIMESTAMP_NTZ",
}


def table_record(one: Planned, pipeline_id: str) -> dict[str, Any]:
    """Return the record of a table: names, kind, columns in order, comment, properties."""
    name = one.dataset.name
    record: dict[str, Any] = {
        "catalog_name": name.catalog,
        "schema_name": name.schema,
        "name": name.table,
        "table_type": one.kind.name,
        "columns": columns(one.schema, one.dataset.column_comments),
        "properties": {**one.dataset.properties, "pipelines.pipelineId": pipeline_id},
    }
    if one.dataset.comment is not None:
        record["comment"] = one.dataset.comment
    return record


def columns(schema: Any, comments: dict[str, str]) -> list[dict[str, Any]]:
    """Return the columns of a Spark schema in Unity Catalog's shape."""
    found = []
    for position, field in enumerate(schema.fields):
        text = field.dataType.simpleString()
        column = {
            "name": field.name,
            "type_text": text,
            "type_name": type_name(text),
            "position": position,
            "nullable": bool(field.nullable),
        }
        comment = comments.get(field.name) or (field.metadata or {}).get("comment")
        found.append(column | ({"comment": comment} if comment else {}))
    return found


def type_name(text: str) -> str:
    """Return Unity Catalog's name of a type that Spark writes as `text`: `decimal(10,2)` -> `DECIMAL`."""
    head = text.partition("(")[0].partition("<")[0]
    return TYPE_NAMES.get(head, head.upper())
