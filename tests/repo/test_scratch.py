"""A scratch copy is what git would keep, is bound to the tree that was judged, and leaves nothing behind."""

import pytest

from prp_mcp.errors import UsageError
from prp_mcp.repo.git import Repository
from prp_mcp.repo.sandbox import private_folder
from prp_mcp.repo.scratch import scratch_copy
from prp_mcp.repo.tree import read_tree
from tests.project import commit, git, write


@pytest.fixture
def clone(tmp_path):
    folder = tmp_path / "clone"
    folder.mkdir()
    git(folder, "init", "-q")
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
