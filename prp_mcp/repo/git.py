"""Ask git for facts with everything switched off that a repository's own configuration could run."""

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from prp_mcp import process
from prp_mcp.errors import UsageError

_TIMEOUT = 60.0
_OUTPUT_CAP = 64 * 1024 * 1024
# A partial clone would fetch what is missing through whatever its configuration names: no protocol is allowed.
_SAFE = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "gc.auto=0", "protocol.allow=never")
_LFS_POINTER = re.compile(rb"\Aversion https://git-lfs\.github\.com/spec/v1\noid sha256:([0-9a-f]{64})\n")


@dataclass(frozen=True)
class GitFacts:
    """What a bundle may ask of git; empty strings where there is no answer. `origin` carries no credentials."""

    commit: str
    branch: str
    origin: str


@dataclass(frozen=True)
class Blob:
    """A file of a commit: its mode as git writes it (`100644`) and the id of its content."""

    mode: str
    id: str


class Repository:
    """A git work tree at `top`. Raises UsageError when `folder` lies in none."""

    def __init__(self, folder: Path):
        from git import InvalidGitRepositoryError, NoSuchPathError, Repo

        try:
            self._repo = Repo(folder, search_parent_directories=True)
        except (InvalidGitRepositoryError, NoSuchPathError) as error:
            raise UsageError(
                f"{str(folder)!r} is not inside a git work tree",
                remedy="Run it inside a clone of the project, or run `git init` and commit the project first.",
            ) from error
        if self._repo.working_tree_dir is None:
            raise UsageError("the repository is bare", remedy="Run it inside a clone with a work tree.")
        self.top = Path(self._repo.working_tree_dir).resolve()

    @property
    def git_folder(self) -> Path:
        """Return git's own folder, which a work tree may share with others."""
        return Path(self._repo.common_dir).resolve()

    def facts(self) -> GitFacts:
        """Return commit, branch and origin, read from the repository's files; nothing is executed."""
        head = self._repo.head
        branch = "" if head.is_detached else self._repo.active_branch.name
        remote = next((remote for remote in self._repo.remotes if remote.name == "origin"), None)
        url = str(remote.config_reader.get("url", fallback="")) if remote else ""  # `remote.urls` would run git
        return GitFacts(self._head_commit(), branch, _without_credentials(url))

    def _head_commit(self) -> str:
        from git import HEAD

        # `head.commit` would look the object up, with a `git cat-file` that is kept running for each repository.
        try:
            return str(HEAD.dereference_recursive(self._repo, "HEAD"))
        except ValueError:  # a branch without a commit
            return ""

    def kept_paths(self) -> list[str]:
        """Return the paths git would keep: tracked or untracked, not ignored; sorted, relative to the top."""
        listed = self._git("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
        return sorted(path for path in listed.split("\0") if path)

    def commit_files(self, commit: str) -> dict[str, Blob]:
        """Return the files of `commit` by path; submodules are left out."""
        found: dict[str, Blob] = {}
        for line in self._git("ls-tree", "-r", "-z", "--full-tree", commit).split("\0"):
            if line:
                meta, path = line.split("\t", 1)
                mode, kind, blob = meta.split(" ")
                if kind == "blob":
                    found[path] = Blob(mode, blob)
        return found

    def blob(self, blob: str) -> bytes:
        """Return the content stored under an object id, unfiltered. Raises UsageError when it is not here."""
        # Not through GitPython: its `git cat-file` would have all of our environment.
        return self._output("cat-file", "blob", blob)

    def dirty_paths(self) -> list[str]:
        """Return the paths whose content, mode or presence differs from HEAD, without running any filter."""
        head = self.commit_files("HEAD") if self._repo.head.is_valid() else {}
        kept = [path for path in self.kept_paths() if os.path.lexists(self.top / path)]
        changed = [path for path in kept if path not in head or self._differs(path, head[path])]
        return sorted({*changed, *(set(head) - set(kept))})

    def commit_worktree(self, branch: str, message: str, also: Iterable[str] = ()) -> str:
        """Keep every file git would keep, and `also` these, as they are now, in a commit on the new `branch`.

        Return the branch's name, numbered when there is one called `branch`. The index and the work tree stay as they
        are; no hook and no filter runs.
        """
        parent = self.facts().commit
        index = Path(self._repo.git_dir) / f"prp-mcp-{os.getpid()}.index"
        scratch = {"GIT_INDEX_FILE": str(index)}
        try:
            for path in sorted({*self.kept_paths(), *also}):
                file = self.top / path
                if os.path.lexists(file) and not (file.is_dir() and not file.is_symlink()):
                    mode, data = read_entry(file)
                    blob = self._git("hash-object", "-w", "--stdin", stdin=data).strip()
                    self._git("update-index", "--add", "--cacheinfo", f"{mode},{blob},{path}", extra=scratch)
            tree = self._git("write-tree", extra=scratch).strip()
        finally:
            index.unlink(missing_ok=True)
        parents = ("-p", parent) if parent else ()
        commit = self._git("commit-tree", tree, *parents, stdin=message.encode(), extra=_AUTHOR).strip()
        taken = {head.name for head in self._repo.heads}
        name = next(name for name in (branch, *(f"{branch}-{n}" for n in range(2, 1000))) if name not in taken)
        self._git("update-ref", f"refs/heads/{name}", commit, "")
        return name

    def restore(self, commit: str) -> None:
        """Set branch, index and files back to `commit`; what git does not keep is left alone.

        Call it only after `commit_worktree` has kept what is there.
        """
        wanted = self.commit_files(commit)
        for path in self.kept_paths():
            file = self.top / path
            if path not in wanted and os.path.lexists(file) and (file.is_symlink() or not file.is_dir()):
                file.unlink()
        for path, blob in wanted.items():
            if (self.top / path).is_dir() and not (self.top / path).is_symlink():
                # Only what git ignores is left in a folder that stands where a file was.
                (self.top / path).rename(self.top / f"{path}.kept-by-prp-mcp")
            write_entry(self.top / path, blob.mode, self.blob(blob.id))
        branch = self.facts().branch
        self._git("update-ref", f"refs/heads/{branch}" if branch else "HEAD", commit)
        self._git("read-tree", commit)

    def _differs(self, path: str, blob: Blob) -> bool:
        file = self.top / path
        if file.is_dir() and not file.is_symlink():
            return False  # a submodule's folder
        mode, data = read_entry(file)
        if mode != blob.mode:
            return True
        if _blob_id(data) == blob.id:
            return False
        # A checkout may differ from its blob through line-end conversion or LFS, which git undoes when it compares.
        return _blob_id(data.replace(b"\r\n", b"\n")) != blob.id and not self._is_lfs(data, blob)

    def _is_lfs(self, data: bytes, blob: Blob) -> bool:
        pointer = _LFS_POINTER.match(self.blob(blob.id)[:200])
        return pointer is not None and hashlib.sha256(data).hexdigest().encode() == pointer[1]

    def _git(self, *args: str, stdin: bytes = b"", extra: Mapping[str, str] | None = None) -> str:
        try:
            return self._output(*args, stdin=stdin, extra=extra).decode()
        except UnicodeDecodeError as error:
            name = error.object[max(0, error.start - 40) : error.end + 40].split(b"\0")[0].decode(errors="replace")
            raise UsageError(f"a file's name is not UTF-8: {name!r}", remedy="Rename it or ignore it.") from error

    def _output(self, *args: str, stdin: bytes = b"", extra: Mapping[str, str] | None = None) -> bytes:
        options = [part for setting in (*_SAFE, f"safe.directory={self.top}") for part in ("-c", setting)]
        env = {**_QUIET, **(extra or {})}
        done = process.run(
            ["git", *options, *args], cwd=self.top, env=env, timeout=_TIMEOUT, stdin=stdin, keep=_OUTPUT_CAP
        )
        if done.cut_off:
            raise UsageError(
                f"git {args[0]} prints more than {_OUTPUT_CAP // 1024 // 1024} MiB: the repository is too large",
                remedy="Ignore what is not source code in .gitignore.",
            )
        if done.exit != 0:
            raise UsageError(
                f"git {args[0]} failed: {done.stderr.strip()[:300]}",
                remedy="Repair the repository (try `git status`), then call the tool again.",
            )
        return done.out


_QUIET = {
    "PATH": os.defpath + ":/usr/local/bin:/opt/homebrew/bin",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "LC_ALL": "C",
}
_AUTHOR = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "prp-mcp"), ("EMAIL", "prp-mcp@localhost"))
}


def top_around(folder: Path) -> Path | None:
    """Return the top of the work tree around `folder`, told by its `.git` alone, or None."""
    inside = folder.resolve()
    return next((place for place in (inside, *inside.parents) if (place / ".git").exists()), None)


def read_entry(file: Path) -> tuple[str, bytes]:
    """Return git's mode and the content of a regular file, or of a link (its target, never followed)."""
    mode = os.lstat(file).st_mode
    if stat.S_ISLNK(mode):
        return "120000", os.fsencode(os.readlink(file))
    return ("100755" if mode & 0o100 else "100644"), file.read_bytes()


def write_entry(file: Path, mode: str, data: bytes) -> None:
    """Write a regular file or link as git's `mode` says, replacing what is there and making its folders."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(file):
        file.unlink()
    if mode == "120000":
        os.symlink(os.fsdecode(data), file)
        return
    file.write_bytes(data)
    file.chmod(0o755 if mode == "100755" else 0o644)


def lines(paths: Iterable[str], limit: int = 5) -> str:
    """Return `paths` as one readable list, counted when there are more than `limit`."""
    listed = list(paths)
    more = f" and {len(listed) - limit} more" if len(listed) > limit else ""
    return ", ".join(listed[:limit]) + more


def _blob_id(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()  # noqa: S324 - git's own object id


def _without_credentials(url: str) -> str:
    if "://" not in url:
        return url
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=host))
