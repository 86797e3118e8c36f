"""The kinds of resources: how each is read, created, changed and deleted through the REST API."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from prp_mcp.local.bundle.api import Api

UNITY = "/api/2.1/unity-catalog"
Config = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind; `recreated` are the fields whose change needs a new resource, `destructive` what loses data."""

    name: str
    title: str
    read: Callable[[Api, str], Config | None]
    create: Callable[[Api, Config], str]
    update: Callable[[Api, str, Config, Config], None]
    delete: Callable[[Api, str, Config], None]
    recreated: tuple[str, ...] = ()
    destructive: bool = False


def _read_pipeline(api: Api, identity: str) -> Config | None:
    found = api.found("GET", f"/api/2.0/pipelines/{identity}")
    if found is None:
        return None
    top = {key: value for key, value in found.items() if key not in ("spec", "latest_updates", "health")}
    return {**top, **found.get("spec", {})}


def _create_pipeline(api: Api, config: Config) -> str:
    return str(api.call("POST", "/api/2.0/pipelines", _without(config, "cascade_on_destroy"))["pipeline_id"])


def _update_pipeline(api: Api, identity: str, config: Config, _: Config) -> None:
    api.call("PUT", f"/api/2.0/pipelines/{identity}", _without(config, "cascade_on_destroy"))


def _delete_pipeline(api: Api, identity: str, state: Config) -> None:
    query = {"cascade": "false"} if state.get("cascade_on_destroy") is False else {}
    api.call("DELETE", f"/api/2.0/pipelines/{identity}", None, **query)


def _read_job(api: Api, identity: str) -> Config | None:
    found = api.found("GET", "/api/2.2/jobs/get", job_id=identity)
    if found is None:
        return None
    return {**{key: value for key, value in found.items() if key != "settings"}, **found["settings"]}


def _create_job(api: Api, config: Config) -> str:
    return str(api.call("POST", "/api/2.2/jobs/create", config)["job_id"])


def _update_job(api: Api, identity: str, config: Config, _: Config) -> None:
    api.call("POST", "/api/2.2/jobs/reset", {"job_id": int(identity), "new_settings": config})


def _delete_job(api: Api, identity: str, _: Config) -> None:
    api.call("POST", "/api/2.2/jobs/delete", {"job_id": int(identity)})


def _unity(kind: str, editable: tuple[str, ...], **deletion: str) -> tuple[Any, Any, Any, Any]:
    """Return read, create, update and delete of schemas or volumes, which the API treats alike."""

    def read(api: Api, identity: str) -> Config | None:
        found: Config | None = api.found("GET", f"{UNITY}/{kind}/{identity}")
        return found

    def create(api: Api, config: Config) -> str:
        return str(api.call("POST", f"{UNITY}/{kind}", config)["full_name"])

    def update(api: Api, identity: str, config: Config, _: Config) -> None:
        changes = {field: config.get(field, "") for field in editable if field != "properties" or field in config}
        api.call("PATCH", f"{UNITY}/{kind}/{identity}", changes)

    def delete(api: Api, identity: str, _: Config) -> None:
        api.call("DELETE", f"{UNITY}/{kind}/{identity}", None, **deletion)

    return read, create, update, delete


def _read_grants(api: Api, identity: str) -> Config | None:
    kind, _, full_name = identity.partition("/")
    found = api.found("GET", f"{UNITY}/permissions/{kind}/{full_name}")
    if found is None:
        return None
    rows = [
        {"principal": row["principal"], "privileges": sorted(row["privileges"])}
        for row in found.get("privilege_assignments", [])
    ]
    rows.sort(key=lambda row: str(row["principal"]))
    return {"securable_type": kind, "full_name": full_name, "__embed__": rows}


def _create_grants(api: Api, config: Config) -> str:
    identity = f"{config['securable_type']}/{config['full_name']}"
    _update_grants(api, identity, config, {"__embed__": []})
    return identity


def _update_grants(api: Api, identity: str, config: Config, remote: Config) -> None:
    wanted = {row["principal"]: row["privileges"] for row in config["__embed__"]}
    held = {row["principal"]: row["privileges"] for row in remote.get("__embed__", [])}
    changes = []
    for principal in sorted({*wanted, *held}):
        add = wanted.get(principal, [])
        remove = sorted(set(held.get(principal, ["ALL_PRIVILEGES"])) - set(add))
        changes.append({"principal": principal, "add": add, "remove": remove})
    api.call("PATCH", f"{UNITY}/permissions/{identity}", {"changes": changes})


def _delete_grants(api: Api, identity: str, state: Config) -> None:
    _update_grants(api, identity, {"__embed__": []}, state)


def _read_permissions(api: Api, identity: str) -> Config | None:
    found = api.found("GET", f"/api/2.0/permissions{identity}")
    if found is None:
        return None
    rows = [
        {"level": right["permission_level"], **{name: row[name] for name in _PRINCIPALS if name in row}}
        for row in found.get("access_control_list", [])
        for right in row.get("all_permissions", [])
        if not right.get("inherited")
    ]
    return {"object_id": identity, "__embed__": sorted(rows, key=_principal)}


def _create_permissions(api: Api, config: Config) -> str:
    _update_permissions(api, config["object_id"], config, {})
    return str(config["object_id"])


def _update_permissions(api: Api, identity: str, config: Config, _: Config) -> None:
    entries = [
        {"permission_level": row["level"], **{name: row[name] for name in _PRINCIPALS if name in row}}
        for row in config["__embed__"]
    ]
    api.call("PUT", f"/api/2.0/permissions{identity}", {"access_control_list": entries})


def _delete_permissions(api: Api, identity: str, state: Config) -> None:
    owners = [row for row in state.get("__embed__", []) if row["level"] == "IS_OWNER"]
    _update_permissions(api, identity, {"__embed__": owners}, state)


_PRINCIPALS = ("user_name", "group_name", "service_principal_name")


def _principal(row: Config) -> str:
    return next((str(row[name]) for name in _PRINCIPALS if name in row), "")


def _without(config: Config, *names: str) -> Config:
    return {key: value for key, value in config.items() if key not in names}


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "schemas",
            "UC schemas",
            *_unity("schemas", ("comment", "properties"), force="true"),
            ("catalog_name", "name", "storage_root"),
            destructive=True,
        ),
        Kind(
            "volumes",
            "volumes",
            *_unity("volumes", ("comment",)),
            ("catalog_name", "schema_name", "name", "volume_type", "storage_location"),
            destructive=True,
        ),
        Kind(
            "pipelines",
            "Lakeflow Spark Declarative Pipelines",
            _read_pipeline,
            _create_pipeline,
            _update_pipeline,
            _delete_pipeline,
            ("storage", "ingestion_definition", "gateway_definition"),
            destructive=True,
        ),
        Kind("jobs", "jobs", _read_job, _create_job, _update_job, _delete_job),
        Kind(
            "grants",
            "grants",
            _read_grants,
            _create_grants,
            _update_grants,
            _delete_grants,
            ("securable_type", "full_name"),
        ),
        Kind(
            "permissions",
            "permissions",
            _read_permissions,
            _create_permissions,
            _update_permissions,
            _delete_permissions,
            ("object_id",),
        ),
    )
}


def kind_of(node: str) -> Kind:
    """Return the kind of a node: `resources.KIND.KEY`, or one of its `.grants` or `.permissions`."""
    parts = node.split(".")
    return KINDS[parts[3] if len(parts) > 3 else parts[1]]
