"""The deployment's state, here and in the workspace: which resources exist under which ids.

Files, fields and messages are those that Databricks CLI 1.14 was seen to write.
"""

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from prp_mcp import clock
from prp_mcp.local.bundle import VERSION
from prp_mcp.local.bundle.bundle import Bundle
from prp_mcp.local.bundle.diagnostics import BundleError
from prp_mcp.local.bundle.sync import SyncFile

STATE_VERSION = 2
NEWEST = 3
"""The newest state version the CLI's format note names; anything above is refused."""


@dataclass
class State:
    """What is deployed: `resources` maps a node to `{"__id__", "state", "depends_on"}`."""

    lineage: str = ""
    serial: int = 0
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        """Return whether there has been a deployment."""
        return bool(self.lineage)

    def id_of(self, node: str) -> str:
        """Return the id of a deployed node, empty when it is not deployed."""
        return str(self.resources.get(node, {}).get("__id__", ""))

    def document(self) -> dict[str, Any]:
        """Return it as the state file has it."""
        return {
            "state_version": STATE_VERSION,
            "cli_version": VERSION,
            "lineage": self.lineage,
            "serial": self.serial,
            "state": dict(sorted(self.resources.items())),
        }


def load(bundle: Bundle, *, remote: bool = True) -> State:
    """Return the newer of the local and the workspace's state, a dead deployment's log included.

    Raises BundleError when they belong to different deployments.
    """
    local = _read_local(bundle, "resources.json")
    interrupted = _read_local(bundle, "resources.json.wal")
    if interrupted.exists and (not local.exists or interrupted.serial > local.serial):
        local = interrupted
    if not remote:
        return local
    content = bundle.api.download(f"{bundle.path('state_path')}/resources.json")
    there = _parse(content, "resources.json of the workspace") if content is not None else State()
    if not there.exists or not local.exists:
        return there if there.exists else local
    if there.lineage != local.lineage:
        raise BundleError(
            f"lineage mismatch in state files: {local.lineage} here, {there.lineage} in the workspace",
            detail="Remove .databricks here if the workspace's deployment is the one you mean.",
        )
    return there if there.serial >= local.serial else local


def save(bundle: Bundle, state: State) -> None:
    """Write the state here, then to the workspace: if that fails, the next deploy from here knows."""
    _write(bundle, "resources.json", state.document())
    (bundle.local_state / "resources.json.wal").unlink(missing_ok=True)
    _upload(bundle, "resources.json", state.document())


def note(bundle: Bundle, state: State) -> None:
    """Keep what a deployment has done so far, for the case that it dies before `save`."""
    _write(bundle, "resources.json.wal", {**state.document(), "serial": state.serial + 1})


def begin(state: State) -> None:
    """Give a first deployment its lineage."""
    if not state.lineage:
        state.lineage = str(uuid.uuid4())


def forget(bundle: Bundle) -> None:
    """Remove the local mirror, after everything was destroyed."""
    for name in ("resources.json", "resources.json.wal", "deployment.json"):
        (bundle.local_state / name).unlink(missing_ok=True)


def previous_files(bundle: Bundle) -> dict[str, Any]:
    """Return the workspace's `deployment.json`, empty when there is none."""
    content = bundle.api.download(f"{bundle.path('state_path')}/deployment.json")
    if content is None:
        return {}
    found = _document(content, "deployment.json")
    return found if isinstance(found.get("files"), list) else {}


def save_files(bundle: Bundle, before: dict[str, Any], files: list[SyncFile]) -> None:
    """Write `deployment.json`: which files this deployment has put into the workspace."""
    document = {
        "version": 1,
        "seq": int(before.get("seq", 0)) + 1,
        "cli_version": VERSION,
        "timestamp": clock.now(),
        "files": [{"local_path": file.local, "is_notebook": file.notebook} for file in files],
        "id": before.get("id") or str(uuid.uuid4()),
    }
    _write(bundle, "deployment.json", document)
    _upload(bundle, "deployment.json", document)


def save_metadata(bundle: Bundle, state: State) -> None:
    """Write `metadata.json`, after full success only: it says which commit is deployed."""
    config = bundle.config
    git = config.get("bundle", "git")
    shown = {key: value for key, value in (git.data() if git is not None else {}).items() if key != "actual_branch"}
    resources: dict[str, dict[str, Any]] = {}
    for kind, key, resource in bundle.resources("jobs", "pipelines"):
        identity = state.id_of(f"resources.{kind}.{key}")
        place = resource.at.file if resource.at else "databricks.yml"
        resources.setdefault(kind, {})[key] = {"id": identity, "relative_path": place}
    about = {"name": bundle.name, "target": bundle.target, "mode": bundle.mode, "git": shown}
    document = {
        "version": 1,
        "config": {
            "bundle": {key: value for key, value in about.items() if value},
            "workspace": {"file_path": bundle.path("file_path")},
            "resources": resources,
            "presets": {"source_linked_deployment": False},
        },
        "extra": {},
    }
    _upload(bundle, "metadata.json", document)


def _read_local(bundle: Bundle, name: str) -> State:
    file = bundle.local_state / name
    return _parse(file.read_bytes(), str(file)) if file.is_file() else State()


def _parse(content: bytes, name: str) -> State:
    found = _document(content, name)
    version = int(found.get("state_version", 0))
    if version > NEWEST:
        raise BundleError(f"state version {version} is newer than supported version {NEWEST}; upgrade the CLI")
    return State(str(found.get("lineage", "")), int(found.get("serial", 0)), dict(found.get("state") or {}))


def _document(content: bytes, name: str) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError as wrong:
        raise BundleError(f"failed to parse {name}: {wrong}") from wrong
    if not isinstance(found, dict):
        raise BundleError(f"failed to parse {name}: expected an object")
    return found


def _write(bundle: Bundle, name: str, document: dict[str, Any]) -> None:
    folder = bundle.local_state
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / (name + ".new")
    fresh.write_text(json.dumps(document, indent=1))
    fresh.replace(folder / name)


def _upload(bundle: Bundle, name: str, document: dict[str, Any]) -> None:
    bundle.api.upload(f"{bundle.path('state_path')}/{name}", json.dumps(document, indent=1).encode())
