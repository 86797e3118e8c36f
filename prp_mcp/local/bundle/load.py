"""Load a bundle's files: the root, what it includes, the target's overrides, the variables' values."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from prp_mcp.local.bundle.diagnostics import BundleError, Diagnostic, Findings, Location, SeveralError
from prp_mcp.local.bundle.located import Node, plain, read_yaml
from prp_mcp.local.bundle.merge import merge, merge_keyed
from prp_mcp.local.bundle.normalise import normalised
from prp_mcp.local.bundle.shapes import SUPPORTED

ROOT_FILES = ("databricks.yml", "databricks.yaml", "bundle.yml", "bundle.yaml")
MERGED = ("bundle", "workspace", "artifacts", "resources", "sync", "permissions", "presets")
"""Parts of a target that merge into the configuration; the others replace."""


def find_root(folder: Path) -> Path:
    """Return the root file of the bundle around `folder`. Raises BundleError."""
    for place in (folder, *folder.parents):
        for name in ROOT_FILES:
            if (place / name).is_file():
                return place / name
    raise BundleError(
        "Unable to locate the bundle root: databricks.yml not found.",
        detail="Run this command in the folder of a bundle, or in one below it.",
    )


def load_files(file: Path, findings: Findings) -> tuple[Node, list[str]]:
    """Return the merged configuration and the included files, relative to the root."""
    root = file.parent
    config = _load(file, root, findings)
    includes: list[str] = []
    listed = config.get("include")
    for entry in listed.value if listed is not None and isinstance(listed.value, list) else ():
        includes += [name for name in _matching(root, file, entry) if name not in includes]
    for name in includes:
        part = _load(root / name, root, findings)
        nested = part.value.pop("include", None)
        if nested is not None:
            findings.warn(
                "Include section is defined outside root file",
                path="include",
                at=nested.at,
                detail="An include section is defined in a file that is not databricks.yml.\n"
                "Only includes defined in databricks.yml are applied.",
            )
        _check_unique(config, part)
        config = merge(config, part)
    config.value["include"] = plain(includes)
    _check_resources(config)
    return config, includes


def _load(file: Path, root: Path, findings: Findings) -> Node:
    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError) as wrong:
        raise BundleError(f"failed to load {file}: {wrong}") from wrong
    name = file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)
    node = read_yaml(text, name, str(file))
    if node.value is None:
        node = Node({}, node.at)
    fitting = normalised(node, "@Root", "", findings)
    return fitting if fitting is not None else Node({}, node.at)


def _matching(root: Path, file: Path, entry: Node) -> list[str]:
    """Return the files of one include entry, sorted; a glob may match nothing, a name may not."""
    pattern = str(entry.value)
    if PurePosixPath(pattern).is_absolute():
        raise BundleError(f"{pattern}: includes must be relative paths", at=entry.at)
    parts = PurePosixPath(pattern).as_posix()
    globbing = any(sign in parts for sign in "*?[")
    base = root
    while parts.startswith("../"):
        base, parts = base.parent, parts[3:]
    found = sorted(base.glob(parts)) if globbing else [place for place in (base / parts,) if place.exists()]
    if not found and not globbing:
        raise BundleError(f"{pattern} defined in 'include' section does not match any files")
    names = []
    for place in found:
        name = PurePosixPath(*_relative(place, root))
        if place == file:
            continue
        if place.is_dir() or place.suffix not in (".yml", ".yaml", ".json"):
            raise BundleError(
                "Files in the 'include' configuration section must be YAML or JSON files.",
                at=entry.at,
                detail=f"The file {name} in the 'include' configuration section is not a YAML or JSON file, and only "
                "such files are supported. To include files to sync, specify them in the 'sync.include' "
                "configuration section instead.",
            )
        names.append(name.as_posix())
    return names


def _relative(place: Path, root: Path) -> Sequence[str]:
    up = 0
    while not place.is_relative_to(root):
        root, up = root.parent, up + 1
    return ("..",) * up + place.relative_to(root).parts


def _resources(config: Node) -> list[tuple[str, str, Node, Location | None]]:
    section = config.get("resources")
    rows = []
    for kind, group in section.value.items() if section is not None and isinstance(section.value, dict) else ():
        for key, resource in group.value.items() if isinstance(group.value, dict) else ():
            rows.append((kind, key, resource, resource.at))
    return rows


def _check_unique(config: Node, part: Node) -> None:
    """Refuse a key that two resources have, also of different types or in different files."""
    known = {key: (kind, at) for kind, key, _, at in _resources(config)}
    for kind, key, _, at in _resources(part):
        if key in known:
            _refuse_double(key, [known[key], (kind, at)])


def _check_resources(config: Node) -> None:
    known: dict[str, tuple[str, Location | None]] = {}
    for kind, key, resource, at in _resources(config):
        if resource.value is None and kind in SUPPORTED:
            path = f"resources.{kind}.{key}"
            raise BundleError(f"{kind[:-1]} {key} is not defined", paths=(path,), at=at)
        if key in known:
            _refuse_double(key, [known[key], (kind, at)])
        known[key] = (kind, at)


def _refuse_double(key: str, places: list[tuple[str, Location | None]]) -> None:
    paths = tuple(sorted(f"resources.{kind}.{key}" for kind, _ in places))
    locations = tuple(sorted(at for _, at in places if at is not None))
    summary = f"multiple resources or scripts have been defined with the same key: {key}"
    raise SeveralError(Diagnostic("Error", summary, "", paths, locations))


def choose_target(config: Node, name: str) -> str:
    """Return the target: the named one, the only one, or the default one. Raises BundleError."""
    section = config.get("targets") or config.get("environments")
    targets = section.value if section is not None and isinstance(section.value, dict) else {}
    if not targets:
        if name and name != "default":
            raise BundleError(f"{name}: no such target. Available targets: default")
        return "default"
    if name:
        if name not in targets:
            raise BundleError(f"{name}: no such target. Available targets: {', '.join(sorted(targets))}")
        return name
    defaults = [
        key for key, target in targets.items() if (flag := target.get("default")) is not None and flag.value is True
    ]
    if len(defaults) > 1:
        raise BundleError(f"multiple targets are marked as default ({', '.join(defaults)})")
    if not defaults and len(targets) > 1:
        raise BundleError("please specify target")
    return defaults[0] if defaults else str(next(iter(targets)))


def apply_target(config: Node, target: str) -> Node:
    """Return the configuration with the target's overrides, without the targets. Raises BundleError."""
    section = config.get("targets") or config.get("environments")
    given = (section.get(target) if section is not None else None) or Node({})
    given = Node({}, given.at) if given.value is None else given
    made = Node(dict(config.value), config.at, config.keys)
    for key in ("targets", "environments"):
        made.value.pop(key, None)
    for key in MERGED:
        override = given.get(key)
        if override is not None:
            made.value[key] = merge(made.value.get(key, Node()), override, key)
    if given.get("run_as") is not None:
        made.value["run_as"] = given.value["run_as"]
    bundle = merge(made.value.get("bundle", Node({})), Node({}), "bundle")
    bundle = Node(dict(bundle.value or {}), bundle.at, bundle.keys)
    made.value["bundle"] = bundle
    for key in ("mode", "cluster_id", "compute_id"):
        if given.get(key) is not None:
            bundle.value[key] = given.value[key]
    if given.get("git") is not None:
        bundle.value["git"] = merge(bundle.value.get("git", Node()), given.value["git"], "bundle.git")
    bundle.put("target", target)
    bundle.put("environment", target)
    _override_variables(made, given, target)
    for kind, _, resource, _ in _resources(made):
        if kind in SUPPORTED and isinstance(resource.value, dict):
            merge_keyed(resource)
    return made


def _override_variables(config: Node, target: Node, name: str) -> None:
    overrides = target.get("variables")
    if overrides is None or not isinstance(overrides.value, dict):
        return
    declared = config.get("variables") or Node({})
    made = Node({key: Node(dict(node.value or {}), node.at) for key, node in declared.value.items()}, declared.at)
    for key, given in overrides.value.items():
        if key not in made.value:
            raise BundleError(
                f"failed to perform target override for target={name}: variable {key} is not defined but is "
                "assigned a value"
            )
        fields = {"default", "description", "lookup", "type"}
        if isinstance(given.value, dict) and set(given.value) & fields and set(given.value) <= fields:
            made.value[key].value.update(given.value)
        else:
            made.value[key].value["default"] = given
    config.value["variables"] = made


def assign_variables(
    config: Node, root: Path, target: str, flags: Sequence[str], environment: Mapping[str, str]
) -> None:
    """Give every variable its value: flag, then BUNDLE_VAR_name, then the overrides file, then the default."""
    section = config.get("variables") or Node({})
    flagged: dict[str, Node] = {}
    for flag in flags:
        name, sign, value = flag.partition("=")
        if not sign:
            raise BundleError(f"unexpected flag value for variable assignment: {flag}")
        if name not in section.value:
            raise BundleError(f"variable {name} has not been defined")
        flagged[name] = Node(value)
    overrides = _overrides(root, target)
    for name, variable in section.value.items():
        if variable.value is None:
            variable.value = {}
        if variable.get("lookup") is not None:
            _refuse(f"variables.{name}.lookup", variable.value["lookup"].at)
        in_environment = environment.get(f"BUNDLE_VAR_{name}")
        candidates = (
            flagged.get(name),
            Node(in_environment) if in_environment is not None else None,
            overrides.get(name),
            variable.get("default"),
        )
        chosen = next((one for one in candidates if one is not None), None)
        if chosen is None:
            raise BundleError(
                f"no value assigned to required variable {name}. Variables are usually assigned in databricks.yml, "
                f'and they can be overridden using "--var", the BUNDLE_VAR_{name} environment variable, or '
                ".databricks/bundle/<target>/variable-overrides.json"
            )
        variable.value["value"] = chosen


def _overrides(root: Path, target: str) -> dict[str, Node]:
    file = root / ".databricks" / "bundle" / target / "variable-overrides.json"
    try:
        given = json.loads(file.read_text()) if file.is_file() else {}
    except (OSError, ValueError) as wrong:
        raise BundleError(f"failed to read variable overrides {file}: {wrong}") from wrong
    if not isinstance(given, dict):
        raise BundleError(f"failed to read variable overrides {file}: expected an object")
    return {str(name): plain(value) for name, value in given.items()}


def refuse_unsupported(config: Node) -> None:
    """Refuse, by name, what the local workspace cannot do or must not run. Raises BundleError."""
    for path in ("python", "scripts", "artifacts", "experimental.scripts", "experimental.python"):
        found = config.get(*path.split("."))
        if found is not None and found.value:
            _refuse(path, found.at)
    for kind, key, resource, _ in _resources(config):
        if kind not in SUPPORTED:
            _refuse(f"resources.{kind}.{key}", resource.at)
    for kind, key, resource, _ in _resources(config):
        tasks = resource.get("tasks") if kind == "jobs" else None
        for number, task in enumerate(tasks.value if tasks is not None and isinstance(tasks.value, list) else ()):
            for field, child in task.value.items() if isinstance(task.value, dict) else ():
                if re.fullmatch(r"\w+_task", field) and field != "pipeline_task":
                    _refuse(f"resources.jobs.{key}.tasks[{number}].{field}", child.at)


def _refuse(path: str, at: Location | None) -> None:
    raise BundleError(
        f"{path} is not supported by the local bundle executable",
        at=at,
        detail="It serves pipelines, schemas, volumes, and jobs of pipeline tasks. Install the Databricks CLI and use "
        "a real workspace for anything else.",
    )
