"""A private configuration file with exactly one profile, so that a token can reach no other host.

With bare `DATABRICKS_HOST` and `DATABRICKS_TOKEN` a `workspace.host` in the bundle wins and the CLI sends the
token there; with a profile it refuses (measured).
"""

import os
from pathlib import Path

from prp_mcp.credentials import Credentials

PROFILE = "prp-mcp"


def write_profile(credentials: Credentials, folder: Path) -> Path:
    """Write the file (0600) into `folder` and return its path."""
    path = folder / "databrickscfg"
    draft = folder / f".databrickscfg-{os.getpid()}"
    lines = [f"[{PROFILE}]", *(f"{key} = {value}" for key, value in credentials.fields.items())]
    with open(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    draft.rename(path)
    return path
