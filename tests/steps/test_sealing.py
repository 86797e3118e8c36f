"""The bundle executable reads the files that were checked, and nothing else."""

import os

import pytest

from prp_mcp.errors import IntegrityError, UsageError
from prp_mcp.repo.bundle_file import find_root, read_bundle_file
from prp_mcp.repo.git import GitFacts, Repository
from prp_mcp.repo.snapshot import Snapshots
from prp_mcp.repo.tree import read_tree
from prp_mcp.steps.sealing import link_findings
from tests.project import commit, init, write


@pytest.fixture
def clone(tmp_path):
    folder = tmp_path / "clone"
    folder.mkdir()
    init(folder)
    write(folder, {"b/databricks.yml": "bundle: {name: b}\n", "b/src/a.py": "a = 1\n", "lib/x.py": ""})
    commit(folder)
    return folder


@pytest.fixture
def taken(clone, tmp_path):
    """Return a function that takes a snapshot of the clone as it is."""

    def take():
        repository = Repository(clone)
        return Snapshots(tmp_path / "snapshots").take(repository, read_tree(repository, ()), GitFacts("c", "main", ""))

    return take


@pytest.mark.parametrize(
    ("link", "target", "leads_out"),
    [
        ("b/link.py", "src/a.py", False),
        ("b/src/up", "../databricks.yml", False),
        ("b/out", "../lib/x.py", True),
        ("b/out", "../../etc", True),
        ("b/out", "/etc/passwd", True),
        ("b/out", "..", True),
        ("b/out", "src/../../b2/x", True),
        ("lib/elsewhere", "/etc/passwd", False),  # not the bundle's
    ],
)
def test_a_link_that_leads_out_of_the_bundle_is_found(clone, taken, link, target, leads_out):
    os.symlink(target, clone / link)
    assert [item.at for item in link_findings(taken(), "b/")] == ([link] if leads_out else [])


@pytest.mark.parametrize("place", ["b/.databricks", "b/.Databricks", ".databricks"])
def test_what_the_executable_remembers_is_no_part_of_a_tree_tracked_or_not(clone, taken, place):
    write(clone, {f"{place}/bundle/dev/variable-overrides.json": "{}"})
    commit(clone)
    assert [file.path for file in taken().tree.files] == ["b/databricks.yml", "b/src/a.py", "lib/x.py"]


def test_a_forged_folder_of_the_executable_is_gone_before_each_command(taken, tmp_path):
    snapshot = taken()
    write(tmp_path, {"prod/state.json": "theirs"})
    os.symlink(tmp_path / "prod", snapshot.files / "b/.databricks")
    write(snapshot.files, {"lib/.databricks/x": ""})
    snapshot.seal()
    assert not os.path.lexists(snapshot.files / "b/.databricks")
    assert not os.path.lexists(snapshot.files / "lib/.databricks")
    assert (tmp_path / "prod/state.json").read_text() == "theirs"


@pytest.mark.parametrize(
    "harm",
    [
        lambda files: (files / "b/src/a.py").write_text("a = 2\n"),
        lambda files: (files / "b/src/a.py").unlink(),
        lambda files: (files / "b/src/a.py").chmod(0o755),
        lambda files: (files / "b/src/new.py").write_text(""),
        lambda files: (files / "b/.h.yml").write_text(""),
        lambda files: os.symlink("/etc", files / "b/etc"),
        lambda files: (files / ".git/config").write_text("[core]\n\tfsmonitor = touch x\n"),
        lambda files: (files / ".git/hooks").write_text(""),
        lambda files: (files / ".gitmodules").write_text(""),
    ],
)
def test_a_snapshot_is_its_manifest_nothing_more_nothing_less_the_same_bytes(taken, harm):
    snapshot = taken()
    snapshot.seal()
    harm(snapshot.files)
    with pytest.raises(IntegrityError):
        snapshot.seal()
    with pytest.raises(IntegrityError):
        taken()


def test_a_manifest_that_was_altered_with_its_files_is_refused(taken):
    snapshot = taken()
    (snapshot.files / "b/src/new.py").write_text("")
    manifest = (snapshot.folder / "manifest.json").read_text()
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    forged = manifest.replace(
        '{"files": [', f'{{"files": [{{"path": "b/src/new.py", "mode": "100644", "sha256": "{empty}"}}, '
    )
    (snapshot.folder / "manifest.json").write_text(forged)
    with pytest.raises(IntegrityError, match="manifest was altered"):
        taken()


def test_a_root_file_that_is_a_link_is_no_root_file(clone, tmp_path):
    (clone / "b/databricks.yml").rename(clone / "b/real.yml")
    os.symlink("real.yml", clone / "b/databricks.yml")
    with pytest.raises(UsageError, match="is a link"):
        read_bundle_file(clone / "b")
    with pytest.raises(UsageError, match="there is no databricks"):
        find_root(clone / "b", clone)
