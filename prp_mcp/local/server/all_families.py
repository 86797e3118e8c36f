"""Every API family the workspace serves: this list is the map of the server."""

from types import ModuleType

from prp_mcp.local.server.families import (
    catalog,
    eventlog,
    faultline,
    files,
    grants,
    identity,
    jobs,
    permissions,
    pipelines,
    runs,
    statements,
    tables,
    updates,
    volumes,
)

FAMILIES: tuple[ModuleType, ...] = (
    identity,
    files,
    pipelines,
    updates,
    eventlog,
    catalog,
    tables,
    volumes,
    grants,
    permissions,
    jobs,
    runs,
    statements,
    faultline,
)
