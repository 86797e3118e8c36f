"""The phases that turn a bundle's files into a checked configuration, in the CLI's order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prp_mcp.local.bundle import checks, load, paths, presets, sync
from prp_mcp.local.bundle.api import Api
from prp_mcp.local.bundle.bundle import Bundle, short_name
from prp_mcp.local.bundle.credentials import credentials
from prp_mcp.local.bundle.diagnostics import BundleError
from prp_mcp.local.bundle.git import read_git
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


def initialise(bundle: Bundle, folder: Path, options: Options) -> None:
    """Load, merge, resolve, default and check; `bundle` keeps what was reached. Raises BundleError."""
    given = options.environment
    file = load.find_root(Path(given.get("DATABRICKS_BUNDLE_ROOT") or folder))
    bundle.root = file.parent
    bundle.config, bundle.includes = load.load_files(file, bundle.findings)
    target = options.target or given.get("DATABRICKS_BUNDLE_TARGET", "") or given.get("DATABRICKS_BUNDLE_ENV", "")
    bundle.target = load.choose_target(bundle.config, target)
    bundle.config = load.apply_target(bundle.config, bundle.target)
    load.refuse_unsupported(bundle.config)
    checks.early(bundle)
    load.assign_variables(bundle.config, bundle.root, bundle.target, options.variables, given)
    _connect(bundle, options)
    _git(bundle)
    _workspace_paths(bundle)
    bundle.config = resolve_all(bundle.config, ("bundle", "workspace", "var"))
    _normalise_again(bundle)
    check_values(bundle.config, "@Root", "", bundle.findings)
    presets.apply_mode(bundle)
    presets.capture_schemas(bundle)
    presets.apply_presets(bundle)
    presets.volume_paths(bundle)
    bundle.config = _with_volume_paths(bundle)
    presets.apply_permissions(bundle)
    checks.late(bundle)
    sync.settle(bundle)
    paths.translate(bundle)


def _connect(bundle: Bundle, options: Options) -> None:
    workspace = bundle.config.get("workspace") or Node({})
    profile = options.profile or workspace.text("profile")
    api = Api(credentials(workspace.text("host"), profile, options.environment))
    metadata = api.call("GET", "/.well-known/databricks-config")
    bundle.workspace_id = str(metadata.get("workspace_id", ""))
    bundle.user = api.call("GET", "/api/2.0/preview/scim/v2/Me")
    bundle.connect(api)


def _git(bundle: Bundle) -> None:
    bundle.git = read_git(bundle.root)
    section = bundle.config.value["bundle"]
    known = section.get("git") or Node({})
    git = Node(dict(known.value or {}), known.at)
    if bundle.git.root is not None:
        git.put("bundle_root_path", bundle.root.relative_to(bundle.git.root).as_posix())
        git.put("actual_branch", bundle.git.branch)
        for key, value in (("branch", bundle.git.branch), ("origin_url", bundle.git.origin_url)):
            if value and git.get(key) is None:
                git.put(key, value)
        git.put("commit", bundle.git.commit)
    else:
        git.put("bundle_root_path", ".")
    section.value["git"] = Node({key: value for key, value in git.value.items() if value.value != ""}, git.at)


def _workspace_paths(bundle: Bundle) -> None:
    workspace = bundle.config.get("workspace")
    workspace = Node(dict(workspace.value or {}) if workspace is not None else {})
    bundle.config.value["workspace"] = workspace
    short = short_name(bundle.user_name)
    workspace.put("current_user", {**bundle.user, "short_name": short, "domain_friendly_name": short})
    if not bundle.name:
        raise BundleError("unable to define default workspace root: bundle name not defined")
    root = workspace.text("root_path") or f"~/.bundle/{bundle.name}/{bundle.target}"
    workspace.put("root_path", _expanded(root, bundle))
    for name, folder in PATHS.items():
        given = workspace.text(name)
        workspace.put(name, _expanded(given, bundle) if given else f"{workspace.text('root_path')}/{folder}")


def _expanded(path: str, bundle: Bundle) -> str:
    if path == "~" or path.startswith("~/"):
        path = f"/Workspace/Users/{bundle.user_name}{path[1:]}"
    if path.startswith(("/Users/", "/Shared/")):
        path = "/Workspace" + path
    return path.rstrip("/")


def _normalise_again(bundle: Bundle) -> None:
    """Fit the resolved values to their types: a number in `configuration` becomes text."""
    held = bundle.config.value.get("variables")
    fitting = normalised(bundle.config, "@Root", "", bundle.findings)
    assert fitting is not None
    if held is not None:
        fitting.value["variables"] = held
    bundle.config = fitting


def _with_volume_paths(bundle: Bundle) -> Node:
    """Put volume paths in: the one reference to a resource that needs no deployment."""
    known = {
        f"resources.volumes.{key}.volume_path": volume.get("volume_path")
        for _, key, volume in bundle.resources("volumes")
    }
    return substitute(bundle.config, lambda path: known.get(path))


def shown(bundle: Bundle) -> dict[str, object]:
    """Return the configuration as `-o json` prints it."""
    data = bundle.config.data()
    data.pop("experimental", None) if not data.get("experimental") else None
    data["include"] = bundle.includes
    return {key: value for key, value in data.items() if value not in (None, {}, [])}
