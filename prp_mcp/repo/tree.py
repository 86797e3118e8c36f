"""The source tree: a sorted manifest of the files that decide what is deployed."""

import hashlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from prp_mcp.digest import digest
from prp_mcp.errors import UsageError
from prp_mcp.repo.git import Repository, read_entry, write_entry
from prp_mcp.repo.patterns import matching

FILE_CAP = 64 * 1024 * 1024
COUNT_CAP = 20_000
PRIVATE = ".databricks"


@dataclass(frozen=True, order=True)
class File:
    """One file: path relative to the top, git's mode, SHA-256 (hex) of its content."""

    path: str
    mode: str
    sha256: str


@dataclass(frozen=True)
class Tree:
    """A manifest; equal content gives an equal `id`."""

    files: tuple[File, ...]

    @cached_property
    def id(self) -> str:
        """Return the SHA-256 (hex) over all files."""
        return digest([[file.path, file.mode, file.sha256] for file in self.files])


def read_tree(repository: Repository, exclude: Sequence[str], known: Tree | None = None) -> Tree:
    """Read the tree of the files git would keep, less those that match `exclude` (gitignore patterns).

    What the bundle executable remembers (state, variable overrides, plans) is never part of it, tracked or not.
    What `known`, read a moment ago, has of them is taken over.
    Raises UsageError when a file or their number is beyond what a bundle can hold.
    """
    excluded = matching(exclude)
    paths = [path for path in repository.kept_paths() if not excluded(path) and not is_private(path)]
    if len(paths) > COUNT_CAP:
        raise UsageError(
            f"the work tree holds {len(paths)} files, at most {COUNT_CAP} are supported",
            remedy="Add what is not source code to .gitignore.",
        )
    read = {file.path: file for file in known.files} if known else {}
    found = (read.get(path) or _file(repository.top, path) for path in paths)
    return Tree(tuple(file for file in found if file))


def is_private(path: str) -> bool:
    """Return whether a path lies in the folder where the bundle executable keeps what it remembers, or is that."""
    return PRIVATE in path.casefold().split("/")


def changes(old: Tree, new: Tree) -> list[str]:
    """Return one phrase a difference, such as `src/orders.py changed`, in path order."""
    before = {file.path: file for file in old.files}
    after = {file.path: file for file in new.files}
    found = []
    for path in sorted({*before, *after}):
        if path not in after:
            found.append(f"{path} was removed")
        elif path not in before:
            found.append(f"{path} was added")
        elif before[path] != after[path]:
            found.append(f"{path} changed")
    return found


def copy_tree(repository: Repository, tree: Tree, folder: Path) -> None:
    """Copy the files of `tree` from the work tree into `folder`.

    Raises UsageError when one of them is no longer what it was: whatever is bound to `tree` would be about other files.
    """
    for file in tree.files:
        source = repository.top / file.path
        if not os.path.lexists(source):
            raise UsageError(f"{file.path} vanished while it was copied", remedy="Call run_validation again.")
        mode, data = read_entry(source)
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise UsageError(f"{file.path} changed while it was copied", remedy="Call run_validation again.")
        write_entry(folder / file.path, mode, data)


def _file(top: Path, path: str) -> File | None:
    """Return a file of the work tree; None when it is deleted but still in the index, or a submodule."""
    file = top / path
    try:
        facts = os.lstat(file)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISDIR(facts.st_mode):
        return None
    if not stat.S_ISLNK(facts.st_mode) and (not stat.S_ISREG(facts.st_mode) or facts.st_size > FILE_CAP):
        raise UsageError(
            f"{path} is not a regular file of at most {FILE_CAP // 1024 // 1024} MiB",
            remedy="Remove it or add it to .gitignore.",
            location=path,
        )
    mode, data = read_entry(file)
    return File(path, mode, hashlib.sha256(data).hexdigest())
