"""Copy the project to a throw-away place where a PRP's validation commands may do what they like."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prp_mcp.errors import UsageError
from prp_mcp.repo.git import Repository, read_entry, write_entry
from prp_mcp.repo.removal import remove
from prp_mcp.repo.sandbox import private_folder
from prp_mcp.repo.tree import Tree


@contextmanager
def scratch_copy(repository: Repository, tree: Tree) -> Iterator[Path]:
    """Yield a private copy of the files of `tree`, far from the state directory; it is gone afterwards.

    Beside it lies `private_folder(copy)`, empty: home, temporary files and reports of what is run in the copy.
    Raises UsageError when a file of `tree`, to which the results are bound, is no longer what it was.
    """
    folder = Path(tempfile.mkdtemp(prefix="prp-mcp-scratch-")).resolve()
    try:
        copy = folder / "project"
        copy.mkdir()
        private_folder(copy).mkdir(mode=0o700)
        _copy(repository.top, tree, copy)
        yield copy
    finally:
        remove(folder)


def _copy(top: Path, tree: Tree, copy: Path) -> None:
    for file in tree.files:
        source = top / file.path
        if not os.path.lexists(source):
            raise UsageError(f"{file.path} vanished while it was copied", remedy="Call run_validation again.")
        mode, data = read_entry(source)
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise UsageError(f"{file.path} changed while it was copied", remedy="Call run_validation again.")
        write_entry(copy / file.path, mode, data)
