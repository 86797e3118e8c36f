"""Private copies of trees: what was checked is what is deployed, whatever happens to the work tree meanwhile."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

from prp_mcp.digest import digest
from prp_mcp.errors import IntegrityError, UsageError
from prp_mcp.repo.git import GitFacts, Repository, read_entry, write_entry
from prp_mcp.repo.tree import File, Tree, is_private

_MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Snapshot:
    """A private copy under `folder/files`; `name` is the digest of its tree and git facts."""

    name: str
    folder: Path
    tree: Tree
    git: GitFacts

    @property
    def files(self) -> Path:
        """Return the folder that mirrors the top of the work tree."""
        return self.folder / "files"

    def seal(self) -> None:
        """Take away what the bundle executable remembers, and verify all else: whatever is there is what it reads."""
        for folder, names, _ in os.walk(self.files):
            for name in [name for name in names if is_private(name)]:
                place = Path(folder) / name
                place.unlink() if place.is_symlink() else shutil.rmtree(place)
                names.remove(name)
        self.verify()

    def verify(self) -> None:
        """Raise IntegrityError unless the files are what was copied: nothing more, nothing less, the same bytes."""
        wanted = {file.path: (file.mode, file.sha256) for file in self.tree.files}
        wanted |= {path: ("100644", _digest(data)) for path, data in _git_files(self.git).items()}
        there = {path for path in _paths(self.files) if not is_private(path)}
        for path in sorted({*wanted, *there}):
            if path not in wanted:
                raise self._altered(f"the snapshot has a file that was not copied: {path}")
            if path not in there or _entry(self.files / path) != wanted[path]:
                raise self._altered(f"the snapshot's copy of {path} was altered")
        if _name(self.tree, self.git) != self.name:
            raise self._altered("the snapshot's manifest was altered")

    def _altered(self, what: str) -> IntegrityError:
        return IntegrityError(
            what,
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
        kept = repository.commit_files(commit).items()
        blobs = {path: blob for path, blob in kept if path not in exclude and not is_private(path)}
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
            manifest = json.loads((folder / _MANIFEST).read_text("utf-8"))
            tree = Tree(tuple(File(**file) for file in manifest["files"]))
            snapshot = Snapshot(name, folder, tree, GitFacts(**manifest["git"]))
        except (FileNotFoundError, ValueError, TypeError, KeyError) as error:
            raise IntegrityError(
                f"the snapshot {name[:12]} is missing or damaged", remedy="Call validate_bundle again."
            ) from error
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
            for path, data in _git_files(git).items():
                write_entry(draft / "files" / path, "100644", data)
            (draft / "files/.git/objects").mkdir()
            manifest = {"files": [asdict(file) for file in tree.files], "git": asdict(git)}
            (draft / _MANIFEST).write_text(json.dumps(manifest), "utf-8")
            draft.rename(self._root / name)
        except FileNotFoundError as error:
            raise UsageError(f"{error.filename} vanished while it was read", remedy="Call the tool again.") from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _git_files(git: GitFacts) -> dict[str, bytes]:
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
    return {f".git/{path}": text.encode() for path, text in contents.items()}


def _paths(folder: Path) -> Iterator[str]:
    """Yield the files and links below a folder, relative to it; links are not followed."""
    for current, folders, names in os.walk(folder):
        linked = [name for name in folders if os.path.islink(os.path.join(current, name))]
        for name in (*names, *linked):
            yield os.path.relpath(os.path.join(current, name), folder)


def _entry(path: Path) -> tuple[str, str]:
    mode, data = read_entry(path)
    return mode, _digest(data)


def _name(tree: Tree, git: GitFacts) -> str:
    return digest([tree.id, asdict(git)])[:40]


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
