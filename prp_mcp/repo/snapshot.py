"""Private copies of trees: what was checked is what is deployed, whatever happens to the work tree meanwhile."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

from prp_mcp.digest import digest
from prp_mcp.errors import IntegrityError, UsageError
from prp_mcp.repo.git import GitFacts, Repository, read_entry, write_entry
from prp_mcp.repo.tree import File, Tree

_MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Snapshot:
    """A private copy under `folder/files`; `name` is the digest of its tree and git facts."""

    name: str
    folder: Path
    tree: Tree

    @property
    def files(self) -> Path:
        """Return the folder that mirrors the top of the work tree."""
        return self.folder / "files"

    def verify(self) -> None:
        """Raise IntegrityError when a file is not what was copied."""
        for file in self.tree.files:
            copy = self.files / file.path
            if not os.path.lexists(copy) or _digest(read_entry(copy)[1]) != file.sha256:
                raise IntegrityError(
                    f"the snapshot's copy of {file.path} was altered",
                    remedy="Call validate_bundle again; find out what writes into the state directory.",
                    location=str(self.folder),
                )


class Snapshots:
    """The snapshots of a state directory, one folder each."""

    def __init__(self, root: Path):
        self._root = root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def take(self, repository: Repository, tree: Tree, git: GitFacts) -> Snapshot:
        """Copy `tree` from the work tree, or return the copy that is there already.

        Raises UsageError when a file changes while it is copied: the caller's tree is then out of date.
        """
        top = repository.top
        name = _name(tree, git)
        if not (self._root / name).exists():
            self._write(name, tree, git, ((file, read_entry(top / file.path)[1]) for file in tree.files))
        return self.open(name)

    def take_commit(self, repository: Repository, commit: str, git: GitFacts, exclude: frozenset[str]) -> Snapshot:
        """Copy the files of `commit`, less the paths in `exclude`."""
        blobs = {path: blob for path, blob in repository.commit_files(commit).items() if path not in exclude}
        content = {path: repository.blob(blob.id) for path, blob in blobs.items()}
        files = tuple(sorted(File(path, blob.mode, _digest(content[path])) for path, blob in blobs.items()))
        name = _name(Tree(files), git)
        if not (self._root / name).exists():
            self._write(name, Tree(files), git, ((file, content[file.path]) for file in files))
        return self.open(name)

    def open(self, name: str) -> Snapshot:
        """Return the snapshot called `name`, verified. Raises IntegrityError when it is gone or altered."""
        folder = self._root / name
        try:
            listed = json.loads((folder / _MANIFEST).read_text("utf-8"))
        except (FileNotFoundError, ValueError) as error:
            raise IntegrityError(
                f"the snapshot {name[:12]} is missing or damaged", remedy="Call validate_bundle again."
            ) from error
        snapshot = Snapshot(name, folder, Tree(tuple(File(**file) for file in listed)))
        snapshot.verify()
        return snapshot

    def _write(self, name: str, tree: Tree, git: GitFacts, content: Iterable[tuple[File, bytes]]) -> None:
        draft = self._root / f".draft-{uuid4().hex}"
        draft.mkdir(mode=0o700)
        try:
            for file, data in content:
                if _digest(data) != file.sha256:
                    raise UsageError(f"{file.path} changed while it was read", remedy="Call the tool again.")
                write_entry(draft / "files" / file.path, file.mode, data)
            (draft / "files").mkdir(exist_ok=True)
            _write_git(draft / "files" / ".git", git)
            (draft / _MANIFEST).write_text(json.dumps([asdict(file) for file in tree.files]), "utf-8")
            draft.rename(self._root / name)
        except FileNotFoundError as error:
            raise UsageError(f"{error.filename} vanished while it was read", remedy="Call the tool again.") from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _write_git(folder: Path, git: GitFacts) -> None:
    # Without a .git the CLI leaves ${bundle.git.*} empty and skips the branch check of a production target
    # without a word. Three plain files are enough for it; there is nothing in them that could run.
    reference = f"refs/heads/{git.branch}"
    head = f"ref: {reference}\n" if git.branch else f"{git.commit}\n"
    contents = {"HEAD": head, "config": "[core]\n\trepositoryformatversion = 0\n"}
    if git.branch and git.commit:
        contents[reference] = f"{git.commit}\n"
    if git.origin:
        quoted = git.origin.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "")
        contents["config"] += f'[remote "origin"]\n\turl = "{quoted}"\n'
    for path, text in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    (folder / "objects").mkdir(exist_ok=True)


def _name(tree: Tree, git: GitFacts) -> str:
    return digest([tree.id, asdict(git)])[:40]


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
