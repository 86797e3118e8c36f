"""Workspace paths and the files behind them."""

from pathlib import Path

import pytest

from prp_mcp.local.runner.paths import Paths

PATHS = Paths(Path("/h/files"), Path("/h/volumes"))


@pytest.mark.parametrize(
    ("path", "local"),
    [
        ("/Volumes/main/s/v/f.json", "/h/volumes/main/s/v/f.json"),
        ("dbfs:/Volumes/main/s/v/", "/h/volumes/main/s/v/"),
        ("/Workspace/Users/a", "/h/files/Workspace/Users/a"),
        ("/Volumes/../../etc/passwd", "/h/volumes/etc/passwd"),
        ("/Volumesque", "/Volumesque"),
        ("/elsewhere", "/elsewhere"),
    ],
)
def test_workspace_paths_map_below_their_roots_and_others_stay(path: str, local: str):
    assert PATHS.local(path) == local


def test_a_source_is_named_as_in_its_bundle():
    assert PATHS.source("/h/files/Workspace/Users/a/.bundle/b/dev/files/src/x.py") == "src/x.py"
    assert PATHS.source("/h/files/Workspace/Users/a/x.py") == "/Workspace/Users/a/x.py"
    assert PATHS.source("/usr/lib/x.py") is None
