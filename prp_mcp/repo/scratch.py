"""Run the PRP's own validation commands in a throw-away copy of the project."""

import glob
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prp_mcp import process
from prp_mcp.errors import UsageError
from prp_mcp.repo.git import Repository, read_entry, write_entry
from prp_mcp.repo.tree import Tree

TAIL = 2000


@dataclass(frozen=True)
class CommandResult:
    """How one command ended: exit code (None when it could not be started), seconds, the end of its output."""

    exit: int | None
    seconds: float
    tail: str
    timed_out: bool = False


@contextmanager
def scratch_copy(repository: Repository, tree: Tree) -> Iterator[Path]:
    """Yield a private copy of every file git would keep, far from the state directory; it is gone afterwards.

    Raises UsageError when a file of `tree`, to which the results are bound, is no longer what it was.
    """
    expected = {file.path: file.sha256 for file in tree.files}
    with tempfile.TemporaryDirectory(prefix="prp-mcp-scratch-") as folder:
        copy = Path(folder)
        for path in repository.kept_paths():
            source = repository.top / path
            if os.path.lexists(source) and (source.is_symlink() or source.is_file()):
                mode, data = read_entry(source)
                if expected.pop(path, None) not in (None, hashlib.sha256(data).hexdigest()):
                    raise UsageError(f"{path} changed while it was copied", remedy="Call run_validation again.")
                write_entry(copy / path, mode, data)
        if expected:
            raise UsageError(f"{min(expected)} vanished while it was copied", remedy="Call run_validation again.")
        yield copy


def run_command(argv: Sequence[str], folder: Path, environment: Mapping[str, str], seconds: float) -> CommandResult:
    """Run one program in `folder`: no shell, no credentials, its own process group, a time limit.

    `python` is this interpreter; a word with `*`, `?` or `[` becomes the files it matches, or stays as it is.
    """
    words = [word for given in argv for word in _expanded(given, folder)]
    program = (
        sys.executable if words[0] in ("python", "python3") else shutil.which(words[0], path=environment.get("PATH"))
    )
    if not program:
        return CommandResult(None, 0.0, f"{words[0]} is not installed")
    env = {**environment, "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(folder), "PYTEST_ADDOPTS": "-p no:cacheprovider"}
    done = process.run([program, *words[1:]], cwd=folder, env=env, timeout=seconds)
    output = (done.stdout + ("\n" if done.stdout and done.stderr else "") + done.stderr).strip()
    return CommandResult(done.exit, done.seconds, output[-TAIL:], done.timed_out)


def _expanded(word: str, folder: Path) -> list[str]:
    if not any(letter in word for letter in "*?["):
        return [word]
    return sorted(glob.glob(word, root_dir=folder, recursive=True)) or [word]
