"""Folders, files and notebooks under `/Workspace`."""

import base64

import pytest

FOLDER = "/Workspace/Users/engineer@example.com/f"
API = "/api/2.0/workspace"
IMPORT = "/api/2.0/workspace-files/import-file"


@pytest.fixture
def folder(done):
    done("POST", f"{API}/mkdirs", {"path": FOLDER})
    return FOLDER


def test_a_file_comes_back_as_it_was_sent_and_lies_on_disk(ask, done, folder, workspace):
    done("POST", f"{IMPORT}{folder}/a.bin", b"\x00\xff", overwrite="true")
    assert ask("GET", f"{API}/export", path=f"{folder}/a.bin", direct_download="true").content == b"\x00\xff"
    assert base64.b64decode(done("GET", f"{API}/export", path=f"{folder}/a.bin")["content"]) == b"\x00\xff"
    assert (workspace.files / folder.lstrip("/") / "a.bin").read_bytes() == b"\x00\xff"
    assert done("GET", f"{API}/get-status", path=f"{folder}/a.bin")["object_type"] == "FILE"


def test_a_file_without_its_folder_is_refused_and_one_that_exists_is_a_lock(ask, done, refused):
    assert refused("POST", f"{IMPORT}{FOLDER}/deploy.lock", b"1")[:2] == (404, "RESOURCE_DOES_NOT_EXIST")
    done("POST", f"{API}/mkdirs", {"path": FOLDER})
    codes = [ask("POST", f"{IMPORT}{FOLDER}/deploy.lock", b"1", overwrite="false").status_code for _ in range(2)]
    assert codes == [200, 409]
    assert ask("POST", f"{IMPORT}{FOLDER}/deploy.lock", b"2", overwrite="true").status_code == 200


def test_a_notebook_is_kept_without_its_extension(done, folder):
    done("POST", f"{IMPORT}{folder}/n.py", b"# Databricks notebook source\n1\n")
    done("POST", f"{IMPORT}{folder}/plain.py", b"x = 1\n")
    listed = {row["path"].rpartition("/")[2]: row for row in done("GET", f"{API}/list", path=folder)["objects"]}
    assert (listed["n"]["object_type"], listed["n"]["language"]) == ("NOTEBOOK", "PYTHON")
    assert listed["plain.py"]["object_type"] == "FILE"


def test_an_import_of_source_becomes_a_notebook_of_its_language(ask, done, folder):
    content = base64.b64encode(b"SELECT 1").decode()
    done("POST", f"{API}/import", {"path": f"{folder}/q", "format": "SOURCE", "language": "SQL", "content": content})
    assert done("GET", f"{API}/get-status", path=f"{folder}/q")["language"] == "SQL"
    kept = ask("GET", f"{API}/export", path=f"{folder}/q", direct_download="true").content
    assert kept == b"-- Databricks notebook source\nSELECT 1"


@pytest.mark.parametrize(
    "given",
    [
        {"path": f"{FOLDER}/x", "content": "no base64!"},
        {"path": f"{FOLDER}/x", "format": "SOURCE"},
        {"content": ""},
        {"path": f"{FOLDER}/x", "content": 5},
        {"path": f"{FOLDER}/x", "format": "SOURCE", "language": ["SQL"]},
    ],
)
def test_an_import_that_makes_no_sense_is_refused(refused, folder, given):
    assert refused("POST", f"{API}/import", given)[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_a_folder_that_is_not_empty_goes_only_recursively(done, refused, folder):
    done("POST", f"{IMPORT}{folder}/a.txt", b"1")
    assert refused("POST", f"{API}/delete", {"path": folder})[:2] == (400, "DIRECTORY_NOT_EMPTY")
    done("POST", f"{API}/delete", {"path": folder, "recursive": True})
    assert refused("GET", f"{API}/get-status", path=folder)[:2] == (404, "RESOURCE_DOES_NOT_EXIST")
    assert refused("POST", f"{API}/delete", {"path": folder})[0] == 404


def test_the_root_folder_stays(refused):
    assert refused("POST", f"{API}/delete", {"path": "/Workspace", "recursive": True})[0] == 400


def test_a_folder_is_not_made_where_a_file_is(done, refused, folder):
    done("POST", f"{IMPORT}{folder}/a.txt", b"1")
    assert refused("POST", f"{API}/mkdirs", {"path": f"{folder}/a.txt"})[:2] == (400, "RESOURCE_ALREADY_EXISTS")
    assert refused("POST", f"{IMPORT}{folder}", b"1", overwrite="true")[0] in (404, 409)


@pytest.mark.parametrize("path", ["/Workspace/../../etc/passwd", "/Workspace/a/../../../x", "/Workspace/a\0b"])
def test_a_path_cannot_leave_the_workspace(ask, path):
    assert ask("GET", f"{API}/export", path=path).status_code == 400
    assert ask("POST", f"{API}/mkdirs", {"path": path}).status_code == 400


def test_an_object_keeps_its_number(done, folder):
    numbers = {done("GET", f"{API}/get-status", path=folder)["object_id"] for _ in range(2)}
    assert len(numbers) == 1
