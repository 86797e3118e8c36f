"""Fixtures shared by all tests: no test sees the user's home, credentials or state."""

import os
import sys
from pathlib import Path

import platformdirs
import pytest

from tests import guard


@pytest.fixture(autouse=True, scope="session")
def guarded(tmp_path_factory, pytestconfig):
    """Give all tests a home of their own, and let none of them sleep or leave."""
    cache = os.environ.setdefault("PRP_MCP_CACHE_DIR", platformdirs.user_cache_dir("prp-mcp"))  # Spark's are large
    os.environ["HOME"] = str(tmp_path_factory.mktemp("home"))
    python = (sys.prefix, sys.base_prefix, *filter(None, sys.path))
    guard.install(pytestconfig.rootpath, tmp_path_factory.getbasetemp(), Path(cache), *map(Path, python))


@pytest.fixture(autouse=True)
def no_outside(monkeypatch, tmp_path_factory):
    """Take away everything of the user's that could leak into a test."""
    for name in list(os.environ):
        if name.startswith(("DATABRICKS_", "PRP_MCP_", "BUNDLE_VAR_")) and name != "PRP_MCP_CACHE_DIR":
            monkeypatch.delenv(name)
    monkeypatch.setenv("PRP_MCP_CONFIG_DIR", str(tmp_path_factory.getbasetemp() / "config"))


def pytest_collection_modifyitems(items):
    """Mark the tests that start processes, by where they are, and keep those on Spark in one process."""
    for item in items:
        if item.get_closest_marker("spark"):
            item.add_marker(pytest.mark.xdist_group("spark"))  # two JVMs at once are too much for a small machine
        if {"acceptance", "local"} & set(item.path.relative_to(item.config.rootpath).parts):
            item.add_marker(pytest.mark.process)
