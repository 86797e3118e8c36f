"""The phases that turn a bundle's files into a checked configuration, in the CLI's order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from prp_mcp.local.bundle import checks, load, paths, presets, sync
from prp_mcp.local.bundle.api import Api
from prp_mcp.local.bundle.bundle import Bundle, User, resources
from prp_mcp.local.bundle.credentials import credentials
from prp_mcp.local.bundle.diagnostics import BundleError, Findings
from prp_mcp.local.bundle.git import Git, read_git
from prp_mcp.local.bundle.located import Node
from prp_mcp.local.bundle.normalise import check_values, normalised
from prp_mcp.local.bundle.references import resolve_all, substitute

PATHS = {"file_path": "files", "resource_path": "resources", "artifact_path": "artifacts", "state_path": "state"}


@dataclass(frozen=True)
class Options:
    """What the command line and the environment say about which bundle, target and workspace is meant."""

    target: str = ""
    profile: str = ""
    variables: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Phase:
    """One step: the values it is given, by name and in order, and those it answers; it sees and changes no other.

    `findings` takes warnings from whoever is given it. One written name is answered as it is, several as a tuple.
    """

    step: Callable[..., Any]
    reads: tuple[str, ...]
    writes: tuple[str, ...] = ()


def initialise(folder: Path, options: Options) -> tuple[Bundle, BundleError | None]:
    """Load, merge, resolve, default and check; return the bundle, and what stopped it before the last phase."""
    known: dict[str, Any] = {"folder": folder, "options": options, "findings": Findings()}
    failure: BundleError | None = None
    for phase in PHASES:
        try:
            made = phase.step(*(known[name] for name in phase.reads))
        except BundleError as wrong:
            failure = wrong
            break
        known |= zip(phase.writes, made if len(phase.writes) > 1 else (made,), strict=False)
    names = {entry.name for entry in fields(Bundle)}
    return Bundle(**{name: value for name, value in known.items() if name in names}), failure


def shown(bundle: Bundle) -> dict[str, object]:
    """Return the configuration as `-o json` prints it."""
    data = {**bundle.config.data(), "include": bundle.includes}
    return {key: value for key, value in data.items() if value not in (None, {}, [])}


def _find(folder: Path, options: Options) -> tuple[Path, Path]:
    file = load.find_root(Path(options.environment.get("DATABRICKS_BUNDLE_ROOT") or folder))
    return file, file.parent


def _choose_target(config: Node, options: Options) -> str:
    given = options.environment
    return load.choose_target(
        config, options.target or given.get("DATABRICKS_BUNDLE_TARGET", "") or given.get("DATABRICKS_BUNDLE_ENV", "")
    )


def _assign_variables(config: Node, root: Path, target: str, options: Options) -> Node:
    load.assign_variables(config, root, target, options.variables, options.environment)
    return config


def _connect(config: Node, options: Options) -> tuple[Api, str, User]:
    workspace = config.get("workspace") or Node({})
    profile = options.profile or workspace.text("profile")
    api = Api(credentials(workspace.text("host"), profile, options.environment))
    metadata = api.call("GET", "/.well-known/databricks-config")
    return api, str(metadata.get("workspace_id", "")), User(api.call("GET", "/api/2.0/preview/scim/v2/Me"))


def _show_git(config: Node, root: Path, git: Git) -> Node:
    section = config.value["bundle"]
    known = section.get("git") or Node({})
    made = Node(dict(known.value or {}), known.at)
    if git.root is not None:
        made.put("bundle_root_path", root.relative_to(git.root).as_posix())
        made.put("actual_branch", git.branch)
        for key, value in (("branch", git.branch), ("origin_url", git.origin_url)):
            if value and made.get(key) is None:
                made.put(key, value)
        made.put("commit", git.commit)
    else:
        made.put("bundle_root_path", ".")
    section.value["git"] = Node({key: value for key, value in made.value.items() if value.value != ""}, made.at)
    return config


def _workspace_paths(config: Node, target: str, user: User) -> Node:
    given = config.get("workspace")
    workspace = Node(dict(given.value or {}) if given is not None else {})
    config.value["workspace"] = workspace
    short = user.short_name
    workspace.put("current_user", {**user.told, "short_name": short, "domain_friendly_name": short})
    name = config.text("bundle", "name")
    if not name:
        raise BundleError("unable to define default workspace root: bundle name not defined")
    root = _expanded(workspace.text("root_path") or f"~/.bundle/{name}/{target}", user)
    workspace.put("root_path", root)
    for key, folder in PATHS.items():
        path = workspace.text(key)
        workspace.put(key, _expanded(path, user) if path else f"{root}/{folder}")
    return config


def _expanded(path: str, user: User) -> str:
    if path == "~" or path.startswith("~/"):
        path = f"/Workspace/Users/{user.name}{path[1:]}"
    if path.startswith(("/Users/", "/Shared/")):
        path = "/Workspace" + path
    return path.rstrip("/")


def _normalise_again(config: Node, findings: Findings) -> Node:
    """Fit the resolved values to their types: a number in `configuration` becomes text."""
    held = config.value.get("variables")
    fitting = normalised(config, "@Root", "", findings)
    assert fitting is not None
    if held is not None:
        fitting.value["variables"] = held
    return fitting


def _check_values(config: Node, findings: Findings) -> None:
    check_values(config, "@Root", "", findings)


def _put_volume_paths(config: Node) -> Node:
    """Put volume paths in: the one reference to a resource that needs no deployment."""
    known = {
        f"resources.volumes.{key}.volume_path": volume.get("volume_path")
        for _, key, volume in resources(config, "volumes")
    }
    return substitute(config, known.get)


PHASES: tuple[Phase, ...] = (
    Phase(_find, ("folder", "options"), ("file", "root")),
    Phase(load.load_files, ("file", "findings"), ("config", "includes")),
    Phase(_choose_target, ("config", "options"), ("target",)),
    Phase(load.apply_target, ("config", "target"), ("config",)),
    Phase(load.refuse_unsupported, ("config",)),
    Phase(checks.early, ("config", "findings")),
    Phase(checks.is_rooted, ("config",), ("rooted",)),
    Phase(_assign_variables, ("config", "root", "target", "options"), ("config",)),
    Phase(_connect, ("config", "options"), ("connection", "workspace_id", "user")),
    Phase(read_git, ("root",), ("git",)),
    Phase(_show_git, ("config", "root", "git"), ("config",)),
    Phase(_workspace_paths, ("config", "target", "user"), ("config",)),
    Phase(resolve_all, ("config",), ("config",)),
    Phase(_normalise_again, ("config", "findings"), ("config",)),
    Phase(_check_values, ("config", "findings")),
    Phase(presets.apply_mode, ("config", "user"), ("config",)),
    Phase(presets.capture_schemas, ("config",), ("config",)),
    Phase(presets.apply_presets, ("config",), ("config",)),
    Phase(presets.volume_paths, ("config",), ("config",)),
    Phase(_put_volume_paths, ("config",), ("config",)),
    Phase(presets.apply_permissions, ("config", "user"), ("config",)),
    Phase(checks.late, ("config", "user", "rooted", "findings")),
    Phase(sync.settle, ("config",), ("config",)),
    Phase(paths.translate, ("config", "root"), ("config",)),
)
"""The order is the CLI's (measured with 1.14): a phase sees what those above it have written."""
