"""Reading a repository runs nothing from it; a snapshot is what was read; a restore loses nothing."""

import os
from pathlib import Path

import pytest

from prp_mcp.errors import IntegrityError, UsageError
from prp_mcp.repo.bundle_file import read_bundle_file
from prp_mcp.repo.git import GitFacts, Repository
from prp_mcp.repo.snapshot import Snapshots
from prp_mcp.repo.tree import changes, read_tree
from tests.project import commit, git, init, write

EXCLUDE = ("PRPs/**", "*.md")


@pytest.fixture
def clone(tmp_path):
    folder = tmp_path / "clone"
    folder.mkdir()
    init(folder)
    write(folder, {"src/a.py": "a = 1\n", "PRPs/x.md": "x\n", ".gitignore": "*.log\n", "b.sql": "SELECT 1\n"})
    commit(folder)
    return folder


def tree(folder):
    return read_tree(Repository(folder), EXCLUDE)


def test_the_tree_holds_what_git_would_keep_less_what_is_excluded(clone):
    write(clone, {"new.py": "", "noise.log": "", "docs/y.md": ""})
    assert [file.path for file in tree(clone).files] == [".gitignore", "b.sql", "new.py", "src/a.py"]


def test_changes_name_each_file_and_what_became_of_it(clone):
    before = tree(clone)
    write(clone, {"src/a.py": "a = 2\n", "c.py": ""})
    (clone / "b.sql").unlink()
    assert changes(before, tree(clone)) == ["b.sql was removed", "c.py was added", "src/a.py changed"]


@pytest.mark.guarantee("no-code")
def test_no_hook_filter_or_monitor_of_the_repository_runs(clone, tmp_path):
    canary = tmp_path / "canary"
    script = tmp_path / "evil"
    script.write_text(f"#!/bin/sh\ntouch {canary}\ncat\n")
    script.chmod(0o755)
    write(clone, {".gitattributes": "*.py filter=evil diff=evil\n"})
    for key in (
        "core.fsmonitor",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "diff.evil.command",
    ):
        git(clone, "config", key, str(script))
    for hook in ("pre-commit", "post-checkout", "reference-transaction", "post-index-change"):
        path = clone / ".git/hooks" / hook
        path.write_text(script.read_text())
        path.chmod(0o755)
    write(clone, {"src/a.py": "a = 3\n"})
    repository = Repository(clone)
    repository.facts()
    repository.dirty_paths()
    Snapshots(tmp_path / "snapshots").take(repository, tree(clone), repository.facts())
    repository.commit_worktree("kept", "kept\n")
    repository.restore(repository.facts().commit)
    assert not canary.exists()


def test_dirty_paths_are_those_that_differ_from_head(clone):
    assert Repository(clone).dirty_paths() == []
    write(clone, {"src/a.py": "a = 9\n", "n.py": ""})
    os.chmod(clone / "b.sql", 0o755)
    assert Repository(clone).dirty_paths() == ["b.sql", "n.py", "src/a.py"]


def test_line_ends_converted_on_checkout_are_not_dirt(clone):
    (clone / "src/a.py").write_bytes(b"a = 1\r\n")
    assert Repository(clone).dirty_paths() == []


def test_a_snapshot_is_verified_and_an_altered_copy_is_refused(clone, tmp_path):
    snapshots = Snapshots(tmp_path / "snapshots")
    snapshot = snapshots.take(Repository(clone), tree(clone), GitFacts("c" * 40, "main", ""))
    assert (snapshot.files / ".git/HEAD").read_text() == "ref: refs/heads/main\n"
    assert not (snapshot.files / "PRPs").exists()
    (snapshot.files / "src/a.py").write_text("evil\n")
    with pytest.raises(IntegrityError, match=r"src/a\.py was altered"):
        snapshots.open(snapshot.name)


def test_a_file_that_changes_while_it_is_copied_is_refused(clone, tmp_path):
    seen = tree(clone)
    write(clone, {"src/a.py": "a = 7\n"})
    with pytest.raises(UsageError, match="changed while it was read"):
        Snapshots(tmp_path / "snapshots").take(Repository(clone), seen, GitFacts("", "", ""))
    assert [path for path in (tmp_path / "snapshots").iterdir()] == []


def test_origin_is_kept_without_its_credentials(clone):
    git(clone, "remote", "add", "origin", "https://user:secret@example.invalid/x.git")
    assert Repository(clone).facts().origin == "https://example.invalid/x.git"


@pytest.mark.guarantee("nothing-lost")
def test_restoring_keeps_every_change_on_a_branch(clone):
    base = git(clone, "rev-parse", "HEAD")
    write(clone, {"src/a.py": "a = 2\n", "new.py": "n\n", "PRPs/x.md": "y\n"})
    commit(clone, "the agent's commit")
    write(clone, {"src/a.py": "a = 3\n", "untracked.py": "u\n", "build.log": "kept by nobody\n"})
    (clone / "b.sql").unlink()
    repository = Repository(clone)
    repository.commit_worktree("prp/rolled-back/r1", "kept\n")
    repository.restore(base)
    assert git(clone, "status", "--porcelain") == ""
    assert git(clone, "rev-parse", "HEAD") == base
    assert (clone / "src/a.py").read_text() == "a = 1\n"
    assert (clone / "b.sql").exists()
    assert (clone / "build.log").exists()
    kept = {name: git(clone, "show", f"prp/rolled-back/r1:{name}") for name in ("src/a.py", "untracked.py", "new.py")}
    assert kept == {"src/a.py": "a = 3", "untracked.py": "u", "new.py": "n"}
    assert "the agent's commit" in git(clone, "log", "--format=%s", "prp/rolled-back/r1")


def bundle(folder: Path, text: str):
    write(folder, {"databricks.yml": text})
    return read_bundle_file(folder)


def test_a_yaml_bomb_is_refused_before_anything_expands_it(tmp_path):
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 10)}]\n" for i in range(9)
    )
    with pytest.raises(UsageError, match="expands to more than"):
        bundle(tmp_path, bomb)


def test_code_hidden_in_a_bundle_is_found_with_its_file(tmp_path):
    found = bundle(
        tmp_path,
        "bundle: {name: x}\nexperimental: {scripts: {preinit: touch x}}\nartifacts: {w: {type: whl, build: make}}\n"
        "targets: {dev: {mode: development}}\npython: {resources: [x]}\n",
    )
    assert [hook.what for hook in found.hooks] == ["python", "experimental.scripts", "artifacts.w"]


def test_broken_yaml_names_line_and_column(tmp_path):
    with pytest.raises(UsageError, match=r"databricks\.yml:2:\d+: not valid YAML"):
        bundle(tmp_path, "bundle: {name: x}\n  foo: [1\n")


def test_nothing_is_fetched_for_a_partial_clone_and_no_transport_of_its_configuration_runs(clone, tmp_path):
    canary = tmp_path / "canary"
    blob = git(clone, "rev-parse", "HEAD:src/a.py")
    for name, value in {
        "core.repositoryformatversion": "1",
        "extensions.partialClone": "origin",
        "core.sshCommand": f"touch {canary};",
        "remote.origin.url": f"ext::sh -c 'touch {canary}'",
        "remote.origin.promisor": "true",
        "remote.origin.partialclonefilter": "blob:none",
        "remote.origin.uploadpack": f"touch {canary};",
    }.items():
        git(clone, "config", name, value)
    (clone / ".git/objects" / blob[:2] / blob[2:]).unlink()
    repository = Repository(clone)
    assert repository.facts().origin.startswith("ext::")
    assert repository.commit_files("HEAD")["src/a.py"].id == blob
    with pytest.raises(UsageError, match="git cat-file failed"):
        repository.blob(blob)
    assert "src/a.py" not in repository.dirty_paths()
    assert not canary.exists()


def test_a_listing_that_is_cut_off_is_an_error_and_no_smaller_tree(clone, monkeypatch):
    monkeypatch.setattr("prp_mcp.repo.git._OUTPUT_CAP", 20)
    with pytest.raises(UsageError, match="too large"):
        Repository(clone).kept_paths()


def test_a_name_that_is_not_utf_8_is_refused_and_not_left_out(clone):
    Path(os.fsdecode(os.fsencode(clone) + b"/src/\xff.py")).write_text("")
    with pytest.raises(UsageError, match="name is not UTF-8: 'src/"):
        tree(clone)
