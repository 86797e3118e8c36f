"""Workspace files, Unity Catalog, grants, permissions, jobs and SQL, through the real SDK where it reaches."""

import io

import pytest
from databricks.sdk.errors import BadRequest, InvalidParameterValue, NotFound, NotImplemented, ResourceConflict
from databricks.sdk.service.catalog import PermissionsChange, Privilege, SecurableType, VolumeType
from databricks.sdk.service.workspace import ImportFormat

FOLDER = "/Workspace/Users/engineer@example.com/files_test"
IMPORT = "/api/2.0/workspace-files/import-file"
ME = "engineer@example.com"


def test_files_come_back_as_they_were_uploaded(client, home):
    client.workspace.mkdirs(FOLDER)
    client.workspace.upload(f"{FOLDER}/a.bin", io.BytesIO(b"\x00\xff"), format=ImportFormat.AUTO, overwrite=True)
    assert client.workspace.download(f"{FOLDER}/a.bin").read() == b"\x00\xff"
    assert (home / "files" / FOLDER.lstrip("/") / "a.bin").read_bytes() == b"\x00\xff"
    assert [entry.path for entry in client.workspace.list(FOLDER)] == [f"{FOLDER}/a.bin"]
    with pytest.raises(BadRequest, match="not empty"):
        client.workspace.delete(FOLDER)
    client.workspace.delete(FOLDER, recursive=True)
    with pytest.raises(NotFound):
        client.workspace.get_status(FOLDER)


def test_a_file_without_its_folder_is_refused_and_one_that_exists_is_a_lock(http):
    place = f"{IMPORT}/{FOLDER.lstrip('/')}_lock/deploy.lock"
    assert http("POST", place, data=b"1").status_code == 404
    http("POST", "/api/2.0/workspace/mkdirs", json={"path": f"{FOLDER}_lock"})
    codes = [http("POST", place, params={"overwrite": "false"}, data=b"1").status_code for _ in range(2)]
    assert codes == [200, 409]


def test_a_notebook_is_kept_without_its_extension(http, client):
    client.workspace.mkdirs(f"{FOLDER}_nb")
    http("POST", f"{IMPORT}/{FOLDER.lstrip('/')}_nb/n.py", data=b"# Databricks notebook source\n1\n")
    found = client.workspace.get_status(f"{FOLDER}_nb/n")
    assert (found.object_type.value, found.language.value) == ("NOTEBOOK", "PYTHON")


@pytest.mark.parametrize("path", ["/Workspace/../../etc/passwd", "/Workspace/a/../../../x", "/Workspace/a\0b"])
def test_a_path_cannot_leave_the_workspace(http, path):
    assert http("GET", "/api/2.0/workspace/export", params={"path": path}).status_code == 400
    assert http("POST", "/api/2.0/workspace/mkdirs", json={"path": path}).status_code == 400


def test_a_schema_needs_its_catalog_and_a_free_name(client):
    with pytest.raises(NotFound, match="Catalog 'nope' does not exist"):
        client.schemas.create("x", "nope")
    client.schemas.create("twice", "main", comment="c")
    with pytest.raises(ResourceConflict, match="already exists"):
        client.schemas.create("twice", "main")
    assert client.schemas.update("main.twice", comment="d").comment == "d"
    client.schemas.delete("main.twice")


def test_a_schema_with_a_volume_goes_only_by_force_and_takes_the_files(client, home):
    client.schemas.create("full", "main")
    client.volumes.create("main", "full", "raw", VolumeType.MANAGED)
    assert [volume.name for volume in client.volumes.list("main", "full")] == ["raw"]
    client.files.upload("/Volumes/main/full/raw/a/b.txt", io.BytesIO(b"hi"))
    assert (home / "volumes/main/full/raw/a/b.txt").read_bytes() == b"hi"
    assert [entry.name for entry in client.files.list_directory_contents("/Volumes/main/full/raw")] == ["a"]
    with pytest.raises(BadRequest, match="not empty"):
        client.schemas.delete("main.full")
    client.schemas.delete("main.full", force=True)
    assert not (home / "volumes/main/full").exists()


def test_external_volumes_are_refused_by_name(client):
    client.schemas.create("ext", "main")
    with pytest.raises(NotImplemented, match="External volumes"):
        client.volumes.create("main", "ext", "raw", VolumeType.EXTERNAL, storage_location="s3://x")


def test_privileges_are_granted_inherited_and_revoked(client):
    client.schemas.create("granted", "main")
    kind, name = SecurableType.SCHEMA.value, "main.granted"
    client.grants.update(kind, name, changes=[PermissionsChange(add=[Privilege.SELECT], principal="analysts")])
    direct = client.grants.get(kind, name).privilege_assignments
    assert [(row.principal, row.privileges) for row in direct] == [("analysts", [Privilege.SELECT])]
    mine = client.grants.get_effective(kind, name, principal=ME).privilege_assignments[0]
    rights = {right.privilege: right.inherited_from_name for right in mine.privileges}
    assert rights == {Privilege.ALL_PRIVILEGES: "main", Privilege.USE_CATALOG: "main"}
    client.grants.update(kind, name, changes=[PermissionsChange(remove=[Privilege.SELECT], principal="analysts")])
    assert not client.grants.get(kind, name).privilege_assignments


def test_an_unknown_privilege_and_an_unknown_securable_are_refused(http):
    where = "/api/2.1/unity-catalog/permissions/catalog"
    change = {"changes": [{"principal": "x", "add": ["FLY"]}]}
    assert http("PATCH", f"{where}/main", json=change).status_code == 400
    assert http("GET", f"{where}/nope").status_code == 404


def test_permissions_replace_and_keep_an_owner(client, http):
    pipeline_id = client.pipelines.create(name="permitted", catalog="main", schema="s").pipeline_id
    where = f"/api/2.0/permissions/pipelines/{pipeline_id}"
    entry = {"user_name": "a@example.com", "permission_level": "CAN_RUN"}
    shown = http("PUT", where, json={"access_control_list": [entry]}).json()["access_control_list"]
    levels = [(row["user_name"], row["all_permissions"][0]["permission_level"]) for row in shown]
    assert levels == [("a@example.com", "CAN_RUN"), (ME, "IS_OWNER")]
    entry["permission_level"] = "CAN_FLY"
    assert http("PUT", where, json={"access_control_list": [entry]}).status_code == 400
    client.pipelines.delete(pipeline_id)


def test_only_pipeline_tasks_are_served(http):
    task = {"task_key": "a", "notebook_task": {"notebook_path": "/x"}}
    answer = http("POST", "/api/2.2/jobs/create", json={"name": "j", "tasks": [task]})
    assert answer.status_code == 501
    assert "notebook_task is not served" in answer.json()["message"]


def test_a_statement_is_answered_by_the_runner(client):
    done = client.statement_execution.execute_statement("SELECT 1", "local", wait_timeout="30s")
    assert (done.status.state.value, done.result.data_array) == ("SUCCEEDED", [["SELECT 1"]])
    again = client.statement_execution.get_statement(done.statement_id)
    assert again.manifest.schema.columns[0].name == "statement"


@pytest.mark.parametrize(("statement", "said"), [("fail", "you asked for it"), ("crash", "crashed as asked")])
def test_a_failed_statement_says_why(client, statement, said):
    failed = client.statement_execution.execute_statement(statement, "local", wait_timeout="30s")
    assert failed.status.state.value == "FAILED"
    assert said in failed.status.error.message


def test_another_warehouse_is_refused(client):
    assert [warehouse.id for warehouse in client.warehouses.list()] == ["local"]
    with pytest.raises(InvalidParameterValue, match="'local'"):
        client.statement_execution.execute_statement("SELECT 1", "other")
