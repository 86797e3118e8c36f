"""What a target's mode and presets make of the resources: names, tags, defaults, owners (measured with CLI 1.14)."""

import re

from prp_mcp.local.bundle.bundle import User, entries, resources
from prp_mcp.local.bundle.diagnostics import BundleError
from prp_mcp.local.bundle.located import Node, plain

LEVELS = {
    "pipelines": {"CAN_MANAGE": "CAN_MANAGE", "CAN_VIEW": "CAN_VIEW", "CAN_RUN": "CAN_RUN"},
    "jobs": {"CAN_MANAGE": "CAN_MANAGE", "CAN_VIEW": "CAN_VIEW", "CAN_RUN": "CAN_MANAGE_RUN"},
}
"""A bundle's permission levels, as levels of a resource."""

PRINCIPALS = ("user_name", "group_name", "service_principal_name")


def apply_mode(config: Node, user: User) -> Node:
    """Fill the presets of `mode: development`, and switch its lock off unless it is asked for."""
    mode = config.text("bundle", "mode")
    if mode not in ("", "development", "production"):
        raise BundleError(
            f"unsupported value '{mode}' specified for 'mode': must be either 'development' or 'production'"
        )
    if mode != "development":
        return config
    presets = _section(config, "presets")
    defaults = {
        "jobs_max_concurrent_runs": 4,
        "name_prefix": f"[dev {user.short_name}] ",
        "pipelines_development": True,
        "trigger_pause_status": "PAUSED",
    }
    for key, value in defaults.items():
        if presets.get(key) is None:
            presets.put(key, value)
    tags = _section(presets, "tags")
    if tags.get("dev") is None:
        tags.put("dev", user.short_name)
    deployment = _section(_section(config, "bundle"), "deployment")
    lock = _section(deployment, "lock")
    if lock.get("enabled") is None:
        lock.put("enabled", False)
    return config


def capture_schemas(config: Node) -> Node:
    """Let pipelines and volumes that write to a schema of this bundle refer to it, so that its prefix reaches them."""
    known = {(schema.text("catalog_name"), schema.text("name")): key for _, key, schema in resources(config, "schemas")}
    fields = {"pipelines": ("catalog", ("schema", "target")), "volumes": ("catalog_name", ("schema_name",))}
    for kind, (catalog, names) in fields.items():
        for _, _, resource in resources(config, kind):
            for name in names:
                key = known.get((resource.text(catalog), resource.text(name)))
                if key and resource.text(name):
                    at = resource.value[name].at
                    resource.value[name] = Node(f"${{resources.schemas.{key}.name}}", at)
    return config


def apply_presets(config: Node) -> Node:
    """Apply prefix, tags, pause status and defaults to every resource."""
    presets = config.get("presets") or Node({})
    prefix = presets.text("name_prefix")
    tags = presets.get("tags")
    deployment = {"kind": "BUNDLE", "metadata_file_path": f"{config.text('workspace', 'state_path')}/metadata.json"}
    in_development = config.text("bundle", "mode") == "development"
    development = presets.get("pipelines_development")
    for _, _, pipeline in resources(config, "pipelines"):
        _name(pipeline, prefix)
        _tag(pipeline, tags)
        pipeline.put("deployment", deployment)
        _default(pipeline, {"edition": "ADVANCED", "channel": "CURRENT"})
        if development is not None and development.value is True:
            pipeline.put("development", True)
        if in_development and pipeline.get("continuous") is not None:
            pipeline.put("continuous", False)
        _run_as(pipeline, config)
    for _, _, job in resources(config, "jobs"):
        _name(job, prefix)
        _tag(job, tags)
        job.put("deployment", deployment)
        _job(job, presets, config)
    skip = config.get("experimental", "skip_name_prefix_for_schema")
    for _, _, schema in resources(config, "schemas"):
        if prefix and not (skip is not None and skip.value is True):
            schema.put("name", schema_prefix(prefix) + schema.text("name"))
    for _, _, volume in resources(config, "volumes"):
        _default(volume, {"volume_type": "MANAGED"})
    return config


def schema_prefix(prefix: str) -> str:
    """Return a name prefix as it may stand in a schema's name: `[dev ann] ` becomes `dev_ann_`."""
    return re.sub(r"[^A-Za-z0-9]+", "_", prefix).strip("_") + "_"


def volume_paths(config: Node) -> Node:
    """Compute `volume_path` of every volume."""
    schemas = {key: schema for _, key, schema in resources(config, "schemas")}
    for _, _, volume in resources(config, "volumes"):
        schema = volume.text("schema_name")
        found = re.fullmatch(r"\$\{resources\.schemas\.([^.}]+)\.name\}", schema)
        if found and found.group(1) in schemas:
            schema = schemas[found.group(1)].text("name")
        volume.put("volume_path", f"/Volumes/{volume.text('catalog_name')}/{schema}/{volume.text('name')}")
    return config


def apply_permissions(config: Node, user: User) -> Node:
    """Append the bundle's permissions to pipelines and jobs, and make the deployer the owner where there are any."""
    shared = entries(config, "permissions")
    for entry in shared:
        level = entry.text("level")
        if level not in LEVELS["jobs"]:
            raise BundleError(
                f"invalid permission level: {level}, allowed values: [CAN_MANAGE, CAN_VIEW, CAN_RUN]", at=entry.at
            )
    for kind, levels in LEVELS.items():
        for _, _, resource in resources(config, kind):
            listed = [entry.data() for entry in entries(resource, "permissions")]
            for entry in shared:
                listed.append({**entry.data(), "level": levels[entry.text("level")]})
            if listed:
                resource.put("permissions", _with_owner(listed, user.name))
    return config


def _with_owner(listed: list[dict[str, str]], user: str) -> list[dict[str, str]]:
    kept: dict[tuple[str, str], dict[str, str]] = {}
    for entry in listed:
        name = next((field for field in PRINCIPALS if entry.get(field)), "user_name")
        kept.setdefault((name, entry.get(name, "")), entry)
    others = [entry for who, entry in kept.items() if who != ("user_name", user)]
    if any(entry.get("level") == "IS_OWNER" for entry in others):
        return list(kept.values())
    return [*others, {"level": "IS_OWNER", "user_name": user}]


def _job(job: Node, presets: Node, config: Node) -> None:
    most = presets.get("jobs_max_concurrent_runs")
    if job.get("max_concurrent_runs") is None:
        job.put("max_concurrent_runs", most.value if most is not None else 1)
    job.put("edit_mode", "UI_LOCKED")
    job.put("format", "MULTI_TASK")
    _default(job, {"queue": {"enabled": True}})
    pause = presets.text("trigger_pause_status") or (
        "PAUSED" if config.text("bundle", "mode") == "development" else "UNPAUSED"
    )
    for name in ("schedule", "trigger", "continuous"):
        trigger = job.get(name)
        if trigger is not None and isinstance(trigger.value, dict) and trigger.get("pause_status") is None:
            trigger.put("pause_status", pause)
    tasks = job.get("tasks")
    if tasks is not None and isinstance(tasks.value, list):
        tasks.value.sort(key=lambda task: task.text("task_key"))
    _run_as(job, config)


def _run_as(resource: Node, config: Node) -> None:
    given = config.get("run_as")
    if given is not None and resource.get("run_as") is None:
        resource.value["run_as"] = plain(given.data())


def _name(resource: Node, prefix: str) -> None:
    if prefix and resource.text("name"):
        resource.put("name", prefix + resource.text("name"))


def _tag(resource: Node, tags: Node | None) -> None:
    if tags is not None and isinstance(tags.value, dict) and tags.value:
        own = _section(resource, "tags")
        own.value = {**tags.value, **own.value}


def _default(resource: Node, values: dict[str, object]) -> None:
    for key, value in values.items():
        if resource.get(key) is None:
            resource.put(key, value)


def _section(node: Node, key: str) -> Node:
    found = node.get(key)
    if found is None or not isinstance(found.value, dict):
        found = Node({}, node.at)
        node.value[key] = found
    return found
