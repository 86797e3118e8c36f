"""The JSON schemas of the tools, made from the one table; every edge and document uses these."""

from typing import Any

from prp_mcp.engine.tool import Tool
from prp_mcp.gates.order import Verdict

_RUN = {"type": "string", "description": "Run id or its beginning; the open run of this work tree when left out."}


def input_schema(tool: Tool) -> dict[str, Any]:
    """Return the schema of a tool's arguments; unknown ones are refused, `run` comes last."""
    schema = _untitled(tool.arguments.model_json_schema())
    properties = {**schema.get("properties", {}), **({} if tool.begins else {"run": _RUN})}
    return {
        "type": "object",
        "properties": properties,
        "required": schema.get("required", []),
        "additionalProperties": False,
        **({"$defs": schema["$defs"]} if "$defs" in schema else {}),
    }


def output_schema(tool: Tool) -> dict[str, Any]:
    """Return the schema of a tool's result; a result that ends early may lack the tool's own fields."""
    own = _untitled(tool.fields.model_json_schema(mode="serialization"))
    finding = {"type": "object", "properties": {name: {"type": "string"} for name in ("at", "text", "fix")}}
    step = {"type": "object", "properties": {name: {"type": "string"} for name in ("what", "state")}}
    return {
        "type": "object",
        "properties": {
            "verdict": {"type": "string", "enum": [verdict.value for verdict in Verdict]},
            "gate": {"type": ["string", "null"]},
            "summary": {"type": "string"},
            **own.get("properties", {}),
            "left_behind": {"type": "boolean"},
            "rollback": {"type": "array", "items": step},
            "findings": {"type": "array", "items": finding},
            "findings_total": {"type": "integer"},
            "omitted": {"type": "object", "additionalProperties": {"type": "integer"}},
            "next": {"type": "string"},
            "run": {"type": "string"},
            "head": {"type": "string"},
        },
        "required": ["verdict", "summary", "next", "run", "head"],
        **({"$defs": own["$defs"]} if "$defs" in own else {}),
    }


def _untitled(schema: Any) -> Any:
    """Return a schema without pydantic's titles; a property called `title` stays."""
    if isinstance(schema, list):
        return [_untitled(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {}
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            found[key] = {name: _untitled(item) for name, item in value.items()}
        elif key not in ("title", "description") or (key == "description" and "properties" not in schema):
            found[key] = _untitled(value)
    return found
