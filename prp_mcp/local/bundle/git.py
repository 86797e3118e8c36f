"""What a bundle may ask of git, read from git's own files; git itself is never run.

Running it would let the repository's configuration execute commands (fsmonitor, filters).
"""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

MOST_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Git:
    """The branch, commit and origin, empty where git says nothing; `root` is None outside a work tree."""

    root: Path | None = None
    branch: str = ""
    commit: str = ""
    origin_url: str = ""


def read_git(root: Path) -> Git:
    """Return the git facts of the work tree around `root`, the bundle's folder."""
    tree = next((place for place in (root, *root.parents) if (place / ".git").exists()), None)
    if tree is None:
        return Git()
    directory = _directory(tree / ".git")
    common = _common(directory)
    head = _text(directory / "HEAD").strip()
    if not head.startswith("ref:"):
        return Git(tree, "", head if re.fullmatch(r"[0-9a-f]{40,64}", head) else "", _origin(common))
    reference = head[4:].strip()
    branch = reference.removeprefix("refs/heads/")
    return Git(tree, branch, _commit(directory, common, reference), _origin(common))


def _directory(marker: Path) -> Path:
    """Return the git directory; in a linked work tree `.git` is a file that names it."""
    if marker.is_dir():
        return marker
    named = _text(marker).strip().removeprefix("gitdir:").strip()
    return (marker.parent / named).resolve()


def _common(directory: Path) -> Path:
    named = _text(directory / "commondir").strip()
    return (directory / named).resolve() if named else directory


def _commit(directory: Path, common: Path, reference: str) -> str:
    if ".." in reference or not reference.startswith("refs/"):
        return ""
    for place in (directory, common):
        found = _text(place / reference).strip()
        if found:
            return found
    for line in _text(common / "packed-refs").splitlines():
        commit, _, name = line.partition(" ")
        if name.strip() == reference:
            return commit
    return ""


def _origin(common: Path) -> str:
    section = ""
    for line in _text(common / "config").splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line
        elif section == '[remote "origin"]' and re.match(r"url\s*=", line):
            return _without_credentials(line.partition("=")[2].strip())
    return ""


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    if not parts.scheme or "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _text(path: Path) -> str:
    """Return a small text file, empty when it is not there or not one."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return ""
        return path.read_text(errors="replace")
    except OSError:
        # What is not there is how git says "none".
        return ""
