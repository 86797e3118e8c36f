"""The real SDK finds what it expects, and its own classes in refusals."""

import io

import pytest
from databricks.sdk.errors import BadRequest, InvalidParameterValue, NotFound, NotImplemented, ResourceConflict
from databricks.sdk.service.catalog import PermissionsChange, Privilege, SecurableType, VolumeType
from databricks.sdk.service.workspace import ImportFormat

FOLDER = "/Workspace/Users/engineer@example.com/files_test"
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


def test_a_statement_is_answered_by_the_runner(client):
    done = client.statement_execution.execute_statement("SELECT 1", "local", wait_timeout="30s")
    assert (done.status.state.value, done.result.data_array) == ("SUCCEEDED", [["SELECT 1"]])
    again = client.statement_execution.get_statement(done.statement_id)
    assert again.manifest.schema.columns[0].name == "statement"


def test_another_warehouse_is_refused(client):
    assert [warehouse.id for warehouse in client.warehouses.list()] == ["local"]
    with pytest.raises(InvalidParameterValue, match="'local'"):
        client.statement_execution.execute_statement("SELECT 1", "other")
