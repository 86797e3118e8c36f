"""Derive the field table `fields.json` of the bundle executable from the dataclasses of databricks-sdk.

To write it anew: `python -m tests.local.bundle.field_table`.
"""

import dataclasses
import enum
import json
import typing
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[3] / "prp_mcp" / "local" / "bundle" / "fields.json"

GRANT = {"principal": "string", "privileges": "list:string"}
PERMISSION = {
    "user_name": "string",
    "group_name": "string",
    "service_principal_name": "string",
}
SCHEMA = {
    "name": "string",
    "catalog_name": "string",
    "comment": "string",
    "properties": "map:string",
    "storage_root": "string",
}
VOLUME = {
    "name": "string",
    "catalog_name": "string",
    "schema_name": "string",
    "comment": "string",
    "storage_location": "string",
    "volume_type": "enum:VolumeType",
}
LIFECYCLE = {"prevent_destroy": "bool"}
"""Types that only a bundle has; the rest is the SDK's."""

PIPELINE_LEVELS = ["CAN_MANAGE", "CAN_RUN", "CAN_VIEW", "IS_OWNER"]
JOB_LEVELS = ["CAN_MANAGE", "CAN_MANAGE_RUN", "CAN_VIEW", "IS_OWNER"]


def table() -> dict[str, Any]:
    from databricks.sdk.service import jobs, pipelines

    types: dict[str, Any] = {}
    enums: dict[str, list[str]] = {}
    roots = {
        "Pipeline": pipelines.PipelineSpec,
        "Job": jobs.JobSettings,
    }
    for name, kind in roots.items():
        types[name] = _fields(kind, types, enums)
    types["Schema"], types["Volume"] = dict(SCHEMA), dict(VOLUME)
    enums["VolumeType"] = ["EXTERNAL", "MANAGED"]
    extra = {"lifecycle": "@Lifecycle"}
    for field in ("deployment", "parent_path"):
        types["Pipeline"].pop(field, None)
    types["Pipeline"].update(
        extra,
        allow_duplicate_names="bool",
        cascade_on_destroy="bool",
        parameters="map:string",
        permissions="list:@PipelinePermission",
        run_as="@RunAs",
    )
    types["Job"].update(extra, permissions="list:@JobPermission", run_as="@RunAs")
    for name in ("Schema", "Volume"):
        types[name].update(extra, grants="list:@Grant")
    types["Grant"] = GRANT
    types["Lifecycle"] = LIFECYCLE
    types["PipelinePermission"] = {**PERMISSION, "level": "enum:PipelineLevel"}
    types["JobPermission"] = {**PERMISSION, "level": "enum:JobLevel"}
    types["RunAs"] = {"user_name": "string", "service_principal_name": "string"}
    enums["PipelineLevel"], enums["JobLevel"] = PIPELINE_LEVELS, JOB_LEVELS
    return {"types": types, "enums": enums}


def _fields(kind, types, enums):
    hints = typing.get_type_hints(kind)
    return {field.name: _spell(hints[field.name], types, enums) for field in dataclasses.fields(kind)}


def _spell(hint: Any, types: dict[str, Any], enums: dict[str, list[str]]) -> str:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Union:
        return _spell(next(a for a in arguments if a is not type(None)), types, enums)
    if origin is list:
        return "list:" + _spell(arguments[0], types, enums)
    if origin is dict:
        return "map:" + _spell(arguments[1], types, enums)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        enums[hint.__name__] = sorted(member.value for member in hint)
        return "enum:" + hint.__name__
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        if hint.__name__ not in types:
            types[hint.__name__] = {}
            types[hint.__name__].update(_fields(hint, types, enums))
        return "@" + hint.__name__
    return {str: "string", bool: "bool", int: "int", float: "float"}.get(hint, "any")


if __name__ == "__main__":
    TARGET.write_text(json.dumps(table(), sort_keys=True, separators=(",", ":")) + "\n")
