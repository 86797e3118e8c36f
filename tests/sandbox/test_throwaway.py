"""A scratch copy is what git would keep, is bound to the tree that was judged, and leaves nothing behind."""

import os
from contextlib import contextmanager

import pytest

from prp_mcp.errors import UsageError
from prp_mcp.repo.git import Repository
from prp_mcp.repo.tree import copy_tree, read_tree
from prp_mcp.sandbox.command import private_folder
from prp_mcp.sandbox.removal import remove
from prp_mcp.sandbox.throwaway import throwaway_folder
from tests.project import commit, init, write


@contextmanager
def scratch_copy(repository, tree):
    with throwaway_folder() as copy:
        copy_tree(repository, tree, copy)
        yield copy


@pytest.fixture
def clone(tmp_path):
    folder = tmp_path / "clone"
    folder.mkdir()
    init(folder)
    write(folder, {"src/a.py": "a = 1\n", ".gitignore": "*.log\n"})
    commit(folder)
    return folder


def test_the_copy_holds_what_git_would_keep_beside_an_empty_private_folder(clone):
    write(clone, {"noise.log": "", "new.py": ""})
    repository = Repository(clone)
    with scratch_copy(repository, read_tree(repository, ())) as copy:
        files = sorted(path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file())
        assert files == [".gitignore", "new.py", "src/a.py"]
        assert list(private_folder(copy).iterdir()) == []
        assert not copy.is_relative_to(clone)
    assert not copy.parent.exists()


@pytest.mark.parametrize(("text", "why"), [("a = 2\n", "changed while"), (None, "vanished while")])
def test_a_file_that_is_no_longer_what_was_judged_is_refused(clone, text, why):
    repository = Repository(clone)
    tree = read_tree(repository, ())
    (clone / "src/a.py").unlink()
    if text:
        write(clone, {"src/a.py": text})
    with pytest.raises(UsageError, match=why), scratch_copy(repository, tree):
        pass


def dig(folder, depth, name="d"):
    """Make folders within folders, deeper than any path may be long."""
    current = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=current)
        below = os.open(name, os.O_RDONLY, dir_fd=current)
        os.close(current)
        current = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=current))
    os.close(current)


def test_a_copy_with_folders_without_end_is_removed(clone):
    repository = Repository(clone)
    with scratch_copy(repository, read_tree(repository, ())) as copy:
        dig(copy, 3000)
        dig(private_folder(copy), 3000, "0")
    assert not copy.parent.exists()


def test_a_copy_with_folders_nobody_may_read_or_write_is_removed(clone):
    repository = Repository(clone)
    with scratch_copy(repository, read_tree(repository, ())) as copy:
        (copy / "a/b/c").mkdir(parents=True)
        (copy / "a/b/c/file").write_text("")
        for folder in ("a/b/c", "a/b", "a", "."):
            (copy / folder).chmod(0)
        copy.parent.chmod(0)
    assert not copy.parent.exists()


def test_a_copy_is_removed_when_what_was_done_in_it_fails(clone):
    repository = Repository(clone)
    with pytest.raises(RuntimeError), scratch_copy(repository, read_tree(repository, ())) as copy:
        raise RuntimeError
    assert not copy.parent.exists()


def test_what_links_of_a_removed_folder_lead_to_stays(tmp_path):
    (tmp_path / "kept/sub").mkdir(parents=True)
    (tmp_path / "kept/file").write_text("whole")
    (tmp_path / "gone/0/1").mkdir(parents=True)
    (tmp_path / "gone/1/0").mkdir(parents=True)
    for place in ("gone/link", "gone/0/link", "gone/1/0/0"):
        (tmp_path / place).symlink_to(tmp_path / "kept")
    os.link(tmp_path / "kept/file", tmp_path / "gone/0/file")
    remove(tmp_path / "gone")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept"]
    assert (tmp_path / "kept/file").read_text() == "whole"
    assert (tmp_path / "kept/sub").is_dir()


def test_folders_named_like_those_that_are_moved_up_are_removed(tmp_path):
    for number in range(10):
        name = str(7 * number % 10)  # in no order in which they could be listed
        (tmp_path / "gone" / name / name).mkdir(parents=True)
        (tmp_path / "gone" / name / "file").write_text("")
    remove(tmp_path / "gone")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_removed_is_told(tmp_path):
    with pytest.raises(UsageError, match="could not be removed"):
        remove(tmp_path / "is-not-there")
