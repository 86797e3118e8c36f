"""The field table: which fields each part of a bundle has, and of what type.

Resources come from `fields.json`, derived from databricks-sdk's dataclasses (its licence allows that; that of the
CLI's own schema does not). A type is spelled `string`, `bool`, `int`, `float`, `any`, `enum:NAME`, `@TYPE`,
`list:TYPE` or `map:TYPE`.
"""

import json
from functools import cache
from pathlib import Path

SUPPORTED = {"pipelines": "Pipeline", "jobs": "Job", "schemas": "Schema", "volumes": "Volume"}
UNSUPPORTED = frozenset(
    (
        "alerts",
        "apps",
        "artifacts",
        "catalogs",
        "clusters",
        "dashboards",
        "database_catalogs",
        "database_instances",
        "experiments",
        "external_locations",
        "genie_spaces",
        "model_serving_endpoints",
        "models",
        "postgres_branches",
        "postgres_catalogs",
        "postgres_databases",
        "postgres_endpoints",
        "postgres_projects",
        "postgres_roles",
        "quality_monitors",
        "registered_models",
        "secret_scopes",
        "sql_warehouses",
        "synced_database_tables",
        "vector_search_endpoints",
        "vector_search_indexes",
    )
)
"""Resource types the CLI has and the local workspace does not: refused by name, not called unknown."""

REQUIRED = {
    "Schema": ("catalog_name", "name"),
    "Volume": ("catalog_name", "name", "schema_name"),
    "Task": ("task_key",),
    "Grant": ("principal",),
}

_OWN: dict[str, dict[str, str]] = {
    "Root": {
        "bundle": "@Bundle",
        "include": "list:string",
        "workspace": "@Workspace",
        "artifacts": "map:any",
        "resources": "@Resources",
        "variables": "map:@Variable",
        "targets": "map:@Target",
        "environments": "map:@Target",
        "sync": "@Sync",
        "permissions": "list:@BundlePermission",
        "presets": "@Presets",
        "run_as": "@RunAs",
        "experimental": "@Experimental",
        "python": "any",
        "scripts": "map:any",
    },
    "Bundle": {
        "name": "string",
        "uuid": "string",
        "target": "string",
        "environment": "string",
        "mode": "string",
        "git": "@Git",
        "deployment": "@Deployment",
        "engine": "enum:Engine",
        "databricks_cli_version": "string",
        "cluster_id": "string",
        "compute_id": "string",
    },
    "Git": {
        "branch": "string",
        "origin_url": "string",
        "commit": "string",
        "bundle_root_path": "string",
        "actual_branch": "string",
    },
    "Deployment": {"fail_on_active_runs": "bool", "lock": "@Lock"},
    "Lock": {"enabled": "bool", "force": "bool"},
    "Workspace": {
        **dict.fromkeys(
            ("host", "profile", "auth_type", "root_path", "file_path", "artifact_path", "state_path"), "string"
        ),
        **dict.fromkeys(("resource_path", "client_id", "account_id", "workspace_id"), "string"),
        "current_user": "any",
    },
    "Resources": {name: f"map:@{kind}" for name, kind in SUPPORTED.items()},
    "Variable": {
        "description": "string",
        "default": "any",
        "type": "enum:VariableType",
        "lookup": "any",
        "value": "any",
    },
    "Target": {
        **dict.fromkeys(("default",), "bool"),
        "mode": "string",
        "cluster_id": "string",
        "compute_id": "string",
        "bundle": "@Bundle",
        "workspace": "@Workspace",
        "artifacts": "map:any",
        "resources": "@Resources",
        "variables": "map:any",
        "git": "@Git",
        "sync": "@Sync",
        "permissions": "list:@BundlePermission",
        "presets": "@Presets",
        "run_as": "@RunAs",
    },
    "Sync": dict.fromkeys(("paths", "include", "exclude"), "list:string"),
    "BundlePermission": dict.fromkeys(("level", "user_name", "group_name", "service_principal_name"), "string"),
    "Presets": {
        "name_prefix": "string",
        "pipelines_development": "bool",
        "trigger_pause_status": "enum:PauseStatus",
        "jobs_max_concurrent_runs": "int",
        "tags": "map:string",
        "source_linked_deployment": "bool",
        "artifacts_dynamic_version": "bool",
    },
    "Experimental": {
        "scripts": "map:any",
        "python": "any",
        "pydabs": "any",
        "python_wheel_wrapper": "bool",
        "use_legacy_run_as": "bool",
        "skip_name_prefix_for_schema": "bool",
        "skip_artifact_cleanup": "bool",
        "record_deployment_history": "bool",
    },
}
_OWN_ENUMS = {
    "Engine": ["direct", "terraform"],
    "VariableType": ["complex"],
}


@cache
def _table() -> tuple[dict[str, dict[str, str]], dict[str, list[str]]]:
    derived = json.loads((Path(__file__).parent / "fields.json").read_text())
    return {**derived["types"], **_OWN}, {**derived["enums"], **_OWN_ENUMS}


def fields_of(kind: str) -> dict[str, str]:
    """Return the fields of a type and their types."""
    return _table()[0][kind]


def values_of(name: str) -> list[str]:
    """Return the values of an enum, sorted."""
    return _table()[1][name]
