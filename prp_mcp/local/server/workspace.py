"""The workspace that all families share: its folders, its state, its user, and what runs in it."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prp_mcp.local.server.execution import Execution
from prp_mcp.local.server.faults import Faults
from prp_mcp.local.server.moments import milliseconds
from prp_mcp.local.server.records import CATALOGS, GRANTS, STARTED, Catalog, Json, Started, Statement
from prp_mcp.local.server.store import Store

USER = "engineer@example.com"
"""The one user of a local workspace; his token is the only one."""

WORKSPACE_ID = 1
LOG_SIZE = 10_000
"""Requests kept for `GET /__requests`."""


@dataclass(frozen=True)
class Workspace:
    """One workspace in one folder."""

    home: Path
    token: str
    store: Store
    execution: Execution
    faults: Faults = field(default_factory=Faults)
    statements: dict[str, Statement] = field(default_factory=dict)
    requests: deque[Json] = field(default_factory=lambda: deque(maxlen=LOG_SIZE))

    @property
    def files(self) -> Path:
        """Return the folder that holds `/Workspace`."""
        return self.home / "files"

    @property
    def volumes(self) -> Path:
        """Return the folder that holds `/Volumes`: CATALOG/SCHEMA/VOLUME."""
        return self.home / "volumes"


def open_workspace(home: Path, token: str, runner: Sequence[str]) -> Workspace:
    """Open the workspace in `home`, creating what is missing; nothing runs yet."""
    for folder in (
        "files/Workspace/Users/" + USER,
        "files/Workspace/Shared",
        "volumes",
        "warehouse",
        "logs",
        "tmp",
    ):
        (home / folder).mkdir(parents=True, exist_ok=True)
    store = Store(home / "workspace.db")
    if not store.get(STARTED, "workspace"):
        with store.transaction():
            store.put(STARTED, "workspace", Started(at=milliseconds()))
            store.put(CATALOGS, "main", new_catalog("main"))
            store.put(GRANTS, "CATALOG/main", {USER: ["ALL_PRIVILEGES"], "account users": ["USE_CATALOG"]})
    return Workspace(home, token, store, Execution(home, store, runner, USER))


def new_catalog(name: str) -> Catalog:
    """Return the record of a new catalog, in the shape of the REST API."""
    moment = milliseconds()
    return {
        "name": name,
        "full_name": name,
        "catalog_type": "MANAGED_CATALOG",
        "metastore_id": "local",
        "isolation_mode": "OPEN",
        "owner": USER,
        "created_at": moment,
        "created_by": USER,
        "updated_at": moment,
        "updated_by": USER,
    }
