"""Volumes, and the files in them."""

import pytest

UNITY = "/api/2.1/unity-catalog"
FILES = "/api/2.0/fs/files"
FOLDERS = "/api/2.0/fs/directories"
VOLUME = {"name": "raw", "catalog_name": "main", "schema_name": "s", "volume_type": "MANAGED"}


@pytest.fixture
def volume(done):
    done("POST", f"{UNITY}/schemas", {"name": "s", "catalog_name": "main"})
    done("POST", f"{UNITY}/volumes", VOLUME)
    return "Volumes/main/s/raw"


def test_a_volume_is_a_real_folder_until_it_is_deleted(ask, done, refused, volume, workspace):
    assert done("GET", f"{UNITY}/volumes/main.s.raw")["storage_location"] == "local:/Volumes/main/s/raw"
    assert ask("PUT", f"{FILES}/{volume}/a/b.txt", b"hi").status_code == 204
    assert (workspace.volumes / "main/s/raw/a/b.txt").read_bytes() == b"hi"
    assert ask("GET", f"{FILES}/{volume}/a/b.txt").content == b"hi"
    assert [row["name"] for row in done("GET", f"{FOLDERS}/{volume}")["contents"]] == ["a"]
    done("DELETE", f"{UNITY}/volumes/main.s.raw")
    assert not (workspace.volumes / "main/s/raw").exists()
    assert refused("GET", f"{FILES}/{volume}/a/b.txt")[0] == 404


def test_a_file_is_replaced_only_when_asked_and_deleted_once(ask, refused, volume):
    assert ask("PUT", f"{FILES}/{volume}/a", b"1").status_code == 204
    assert refused("PUT", f"{FILES}/{volume}/a", b"2")[:2] == (409, "ALREADY_EXISTS")
    assert ask("PUT", f"{FILES}/{volume}/a", b"2", overwrite="true").status_code == 204
    assert ask("DELETE", f"{FILES}/{volume}/a").status_code == 204
    assert refused("DELETE", f"{FILES}/{volume}/a")[:2] == (404, "NOT_FOUND")


def test_a_volume_is_listed_and_edited(done, volume):
    assert done("PATCH", f"{UNITY}/volumes/main.s.raw", {"comment": "c"})["comment"] == "c"
    listed = done("GET", f"{UNITY}/volumes", catalog_name="main", schema_name="s")["volumes"]
    assert [(row["full_name"], row["comment"]) for row in listed] == [("main.s.raw", "c")]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"volume_type": "EXTERNAL"}, "NOT_IMPLEMENTED"),
        ({"volume_type": "STRANGE"}, "INVALID_PARAMETER_VALUE"),
        ({"name": "a/b"}, "INVALID_PARAMETER_VALUE"),
        ({"schema_name": "nope"}, "SCHEMA_DOES_NOT_EXIST"),
        ({"name": "raw"}, "RESOURCE_ALREADY_EXISTS"),
    ],
)
def test_a_volume_that_cannot_be_is_refused(refused, volume, change, code):
    assert refused("POST", f"{UNITY}/volumes", {**VOLUME, "name": "other", **change})[1] == code


@pytest.mark.parametrize("path", ["Volumes/main/s", "Volumes/main/s/raw/../../../x", "etc/passwd"])
def test_a_path_that_is_in_no_volume_is_refused(workspace, path):
    from prp_mcp.local.server.families.volumes import download
    from prp_mcp.local.server.refusal import ApiError
    from prp_mcp.local.server.routing import Call

    # Below HTTP: a client takes `..` out of a URL before it sends it.
    with pytest.raises(ApiError, match="is not a path in a volume"):
        download(workspace, Call("GET", "", {"path": path}))


def test_a_folder_can_be_made_empty_and_one_that_is_not_there_is_said_so(ask, done, refused, volume):
    assert ask("PUT", f"{FOLDERS}/{volume}/empty").status_code == 204
    assert done("GET", f"{FOLDERS}/{volume}/empty")["contents"] == []
    assert refused("GET", f"{FOLDERS}/{volume}/nope")[0] == 404
