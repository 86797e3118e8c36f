"""The environment of this process, read here and nowhere else in `prp_mcp.local` (the runner has its own)."""

import os
from collections.abc import Mapping


def variables() -> Mapping[str, str]:
    """Return the environment as it is."""
    return dict(os.environ)


def without_credentials() -> dict[str, str]:
    """Return the environment for a child that runs code of a bundle: everything but `DATABRICKS_*`."""
    return {name: value for name, value in os.environ.items() if not name.startswith("DATABRICKS_")}
