"""Fixtures shared by all tests: no test sees the user's home, credentials or state."""

import os

import pytest


@pytest.fixture(autouse=True)
def no_outside(monkeypatch, tmp_path_factory):
    """Take away everything of the user's that could leak into a test."""
    for name in list(os.environ):
        if name.startswith(("DATABRICKS_", "PRP_MCP_", "BUNDLE_VAR_")) and name != "PRP_MCP_CACHE_DIR":
            monkeypatch.delenv(name)
    monkeypatch.setenv("PRP_MCP_CONFIG_DIR", str(tmp_path_factory.getbasetemp() / "config"))


def pytest_collection_modifyitems(items):
    """Mark the tests that start processes, by where they are."""
    for item in items:
        if {"acceptance", "local"} & set(item.path.relative_to(item.config.rootpath).parts):
            item.add_marker(pytest.mark.process)
