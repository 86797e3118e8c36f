"""A bundle being worked on: its configuration and what is known around it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prp_mcp.local.bundle.api import Api
from prp_mcp.local.bundle.diagnostics import Findings
from prp_mcp.local.bundle.git import Git
from prp_mcp.local.bundle.located import Node
from prp_mcp.local.bundle.shapes import SUPPORTED


@dataclass(frozen=True)
class User:
    """Who deploys, as the workspace tells it."""

    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return the user's name, empty while nobody is known."""
        return str(self.told.get("userName", ""))

    @property
    def short_name(self) -> str:
        """Return the local part of the name, with `_` for what is neither letter nor digit."""
        return "".join(sign if sign.isalnum() else "_" for sign in self.name.partition("@")[0])


@dataclass(frozen=True)
class Bundle:
    """One bundle for one target; after an error, as far as its phases got."""

    findings: Findings
    root: Path = Path()
    config: Node = field(default_factory=lambda: Node({}))
    target: str = ""
    includes: list[str] = field(default_factory=list)
    git: Git = field(default_factory=Git)
    user: User = field(default_factory=User)
    workspace_id: str = ""
    connection: Api | None = None

    @property
    def name(self) -> str:
        """Return the bundle's name."""
        return self.config.text("bundle", "name")

    @property
    def mode(self) -> str:
        """Return `development`, `production` or nothing."""
        return self.config.text("bundle", "mode")

    @property
    def api(self) -> Api:
        """Return the connection; only where the phases got that far."""
        assert self.connection is not None
        return self.connection

    def path(self, name: str) -> str:
        """Return a workspace path: root_path, file_path, state_path, artifact_path or resource_path."""
        return self.config.text("workspace", name)

    @property
    def locked(self) -> bool:
        """Return whether deployments of this target take the lock."""
        enabled = self.config.get("bundle", "deployment", "lock", "enabled")
        return enabled is None or enabled.value is not False

    @property
    def local_state(self) -> Path:
        """Return the folder of the local mirror of the state."""
        return self.root / ".databricks" / "bundle" / self.target

    def resources(self, *kinds: str) -> list[tuple[str, str, Node]]:
        """Return (kind, key, resource) of the given kinds, or of all, sorted by kind and key."""
        return resources(self.config, *kinds)

    def permissions(self) -> list[Node]:
        """Return the entries of the bundle's own permissions."""
        return entries(self.config, "permissions")


def resources(config: Node, *kinds: str) -> list[tuple[str, str, Node]]:
    """Return (kind, key, resource) of the given kinds, or of all that are served, sorted by kind and key."""
    section = config.get("resources")
    groups = section.value if section is not None and isinstance(section.value, dict) else {}
    return [
        (kind, key, resource)
        for kind in sorted(kinds or SUPPORTED)
        if kind in groups and isinstance(groups[kind].value, dict)
        for key, resource in sorted(groups[kind].value.items())
        if isinstance(resource.value, dict)
    ]


def entries(node: Node, *path: str) -> list[Node]:
    """Return the entries of the list at a path, none when there is no list."""
    found = node.get(*path)
    return found.value if found is not None and isinstance(found.value, list) else []
