"""Workspace paths and the files behind them."""

from pathlib import Path

import pytest

from prp_mcp.errors import UsageError
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


@pytest.mark.parametrize(
    ("path", "local"),
    [
        ("/Volumes/main/s/v/*.json", "/h/volumes/main/s/v/*.json"),
        ("dbfs:/Volumes/main/s/v/", "/h/volumes/main/s/v/"),
        ("/Volumes/../../etc/passwd", "/h/volumes/etc/passwd"),
        ("file:/Workspace/Users/a", "/h/files/Workspace/Users/a"),
    ],
)
def test_a_path_of_the_workspace_is_confined_below_its_roots(path: str, local: str):
    assert PATHS.confined(path) == local


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/etc/passwd",
            "file:/etc/passwd",
            "file:///etc/passwd",
            "s3://x/y",
            "dbfs:/x",
            "x",
            "../x",
            "",
            "/h/files/x",
        ),
        *("file:///Volumes/../etc/x", "/h/volumes/../x", "/Volumesque/x", "/Volumes/{../secret,b}", "/Volumes/a\0"),
    ],
)
def test_any_other_path_is_refused(path: str):
    with pytest.raises(UsageError, match="neither in a volume") as refused:
        PATHS.confined(path)
    assert "/Volumes/CATALOG" in refused.value.remedy


def test_a_link_does_not_lead_out_of_a_volume(tmp_path: Path):
    paths = Paths(tmp_path / "files", tmp_path / "volumes")
    (tmp_path / "volumes").mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "volumes" / "v").symlink_to(tmp_path / "secret")
    with pytest.raises(UsageError):
        paths.confined("/Volumes/v/x")
