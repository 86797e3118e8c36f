"""A bundle being worked on: its configuration and what is known around it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prp_mcp.local.bundle.api import Api
from prp_mcp.local.bundle.diagnostics import Findings
from prp_mcp.local.bundle.git import Git
from prp_mcp.local.bundle.located import Node
from prp_mcp.local.bundle.shapes import SUPPORTED


@dataclass
class Bundle:
    """One bundle for one target; it fills as the phases pass, and an error leaves it as far as they got."""

    root: Path = Path()
    config: Node = field(default_factory=lambda: Node({}))
    target: str = ""
    includes: list[str] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    git: Git = field(default_factory=Git)
    user: dict[str, Any] = field(default_factory=dict)
    workspace_id: str = ""
    rooted: bool = False
    _api: Api | None = None

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
        """Return the connection; only after `connect`."""
        assert self._api is not None
        return self._api

    def connect(self, api: Api) -> None:
        """Use this connection from now on."""
        self._api = api

    def path(self, name: str) -> str:
        """Return a workspace path: root_path, file_path, state_path, artifact_path or resource_path."""
        return self.config.text("workspace", name)

    @property
    def user_name(self) -> str:
        """Return the name of who deploys."""
        return str(self.user.get("userName", ""))

    @property
    def short_name(self) -> str:
        """Return the local part of the user's name, with `_` for what is neither letter nor digit."""
        return short_name(self.user_name)

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
        section = self.config.get("resources")
        groups = section.value if section is not None and isinstance(section.value, dict) else {}
        return [
            (kind, key, resource)
            for kind in sorted(kinds or SUPPORTED)
            if kind in groups and isinstance(groups[kind].value, dict)
            for key, resource in sorted(groups[kind].value.items())
            if isinstance(resource.value, dict)
        ]


def short_name(user_name: str) -> str:
    """Return the short form of a user's name that prefixes and tags use."""
    local = user_name.partition("@")[0]
    return "".join(sign if sign.isalnum() else "_" for sign in local)
