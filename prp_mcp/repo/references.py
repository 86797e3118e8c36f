"""What a PRP's references (`src/a.py:10-40`, `src/etl/`, `src/**/*.py`) mean in the work tree, never outside it."""

import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Literal

MAX_HITS = 1_000
"""Files that are counted of a folder or pattern; more are as good as that many."""

MAX_VISITED = 20_000
MAX_NEAR = 10
"""Folder entries looked at for one reference, and missing references that are given a nearest path."""

_MAX_LENGTH = 400
_MAX_BYTES = 16 * 1024 * 1024
_CHUNK = 1024 * 1024
_CANDIDATES = 3_000
_SKIPPED = frozenset({".git", ".venv", "venv", "node_modules", "__pycache__", ".databricks", ".mypy_cache"})
_RANGE = re.compile(r"(?P<path>[^#]+?)(?:#L|:L?)(?P<first>\d{1,9})(?:-L?(?P<last>\d{1,9}))?")


@dataclass(frozen=True)
class Reference:
    """What a reference means.

    `lines` is the range it names, `in_range` whether the file has those lines (None: no range, or too large to count),
    `length` the lines of the file then. `files` is the number of files in a folder or of a pattern, at most MAX_HITS.
    `near` is the path that was perhaps meant when there is none.
    """

    exists: bool
    kind: Literal["file", "directory", "pattern", "missing"]
    lines: tuple[int, int] | None = None
    in_range: bool | None = None
    files: int | None = None
    near: str | None = None
    length: int | None = None


def resolve(root: Path, top: Path, ref: str) -> Reference:
    """Look up one reference, first below `root` (the bundle's folder), then below `top` (that of the work tree)."""
    return References(root, top).resolve(ref)


class References:
    """Look up the references of one PRP; the paths that may be near a missing one are listed once."""

    def __init__(self, root: Path, top: Path):
        self._top = top.resolve()
        self._roots = tuple(dict.fromkeys((root.resolve(), self._top)))
        self._near_left = MAX_NEAR

    def resolve(self, ref: str) -> Reference:
        """Look up `ref`. Case counts, and what a link leads to outside the work tree does not exist."""
        path, lines = _split(ref)
        if not path or len(path) > _MAX_LENGTH or "\0" in path or path.startswith(("/", "~")):
            return Reference(False, "missing", lines)
        for root in self._roots:
            found = self._pattern(root, path) if _is_pattern(path) else self._path(root, path, lines)
            if found:
                return found
        kind: Literal["pattern", "missing"] = "pattern" if _is_pattern(path) else "missing"
        return Reference(False, kind, lines, files=0 if kind == "pattern" else None, near=self._near(path))

    def _path(self, root: Path, path: str, lines: tuple[int, int] | None) -> Reference | None:
        place = self._exact(root, path)
        if place is None:
            return None
        if place.is_dir():
            return Reference(True, "directory", files=sum(1 for _ in _files(place)))
        if not place.is_file() or path.endswith("/"):
            return None
        if not lines:
            return Reference(True, "file")
        length = _length(place)
        in_range = None if length is None else 1 <= lines[0] <= lines[1] <= length
        return Reference(True, "file", lines, in_range, length=length)

    def _exact(self, root: Path, path: str) -> Path | None:
        """Return the place of `path`, each part spelled as its folder spells it, when it is inside the work tree."""
        place = root
        for part in posixpath.normpath(path).split("/"):
            # A file system that ignores case would find what another one does not.
            if part != ".." and part != "." and not _has(place, part):
                return None
            place = Path(os.path.realpath(place / part))
            if not place.is_relative_to(self._top):
                return None
        return place

    def _pattern(self, root: Path, pattern: str) -> Reference | None:
        parts = posixpath.normpath(pattern).split("/")
        fixed = next(index for index, part in enumerate(parts) if _is_pattern(part))
        start = self._exact(root, "/".join(parts[:fixed]) or ".")
        hits = sum(1 for _ in _matching(start, parts[fixed:])) if start and start.is_dir() else 0
        return Reference(True, "pattern", files=hits) if hits else None

    def _near(self, path: str) -> str | None:
        name = path.rstrip("/").rsplit("/", 1)[-1]
        if self._near_left <= 0 or not name or _is_pattern(path):
            return None
        self._near_left -= 1
        same = self._by_name.get(name, ())
        close = same or [
            each for found in get_close_matches(name, self._by_name, n=1, cutoff=0.7) for each in self._by_name[found]
        ]
        best = get_close_matches(path, close[:50], n=1, cutoff=0.0)
        return best[0] if best else None

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        """Return the paths of the tree's files and folders by their last part, relative to the first root."""
        found: dict[str, list[str]] = {}
        for place in _walk(self._top):
            shown = os.path.relpath(place, self._roots[0]).replace(os.sep, "/")
            found.setdefault(place.name, []).append(shown)
            if len(found) >= _CANDIDATES:
                break
        return found


def _split(ref: str) -> tuple[str, tuple[int, int] | None]:
    found = _RANGE.fullmatch(ref[: 2 * _MAX_LENGTH])
    if not found:
        return ref.split("#", 1)[0], None
    first = int(found["first"])
    return found["path"], (first, int(found["last"] or first))


def _is_pattern(path: str) -> bool:
    return any(letter in path for letter in "*?[")


def _has(folder: Path, name: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(entry.name == name for entry in entries)
    except OSError:
        return False  # no folder, or one we may not look into: for us there is nothing


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []  # gone meanwhile, or not ours to look into


def _walk(folder: Path) -> Iterator[Path]:
    """Yield files and folders, breadth first, at most MAX_VISITED; no link is followed, no cache entered."""
    waiting, left = [folder], MAX_VISITED
    while waiting:
        for entry in _entries(waiting.pop(0)):
            left -= 1
            if left < 0:
                return
            if entry.is_symlink() or entry.name in _SKIPPED:
                continue
            yield Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                waiting.append(Path(entry.path))


def _files(folder: Path) -> Iterator[Path]:
    hits = 0
    for place in _walk(folder):
        if place.is_file():
            yield place
            hits += 1
            if hits == MAX_HITS:
                return


def _matching(start: Path, parts: Sequence[str]) -> Iterator[Path]:
    """Yield the files that a pattern's parts match below `start`, `**` being any number of folders, at most MAX_HITS.

    Each folder is looked at once for each part, so that many `**` cost no more than one.
    """
    waiting: list[tuple[Path, int]] = [(start, 0)]
    seen = set(waiting)
    hits, left = 0, MAX_VISITED
    while waiting:
        folder, index = waiting.pop(0)
        steps = [(folder, index + 1)] if parts[index] == "**" and index + 1 < len(parts) else []
        for entry in _entries(folder):
            left -= 1
            if left < 0 or hits >= MAX_HITS:
                return
            following = _following(entry, parts, index)
            if following == len(parts):
                hits += 1
                yield Path(entry.path)
            elif following is not None:
                steps.append((Path(entry.path), following))
        waiting += [step for step in steps if step not in seen]
        seen.update(steps)


def _following(entry: os.DirEntry[str], parts: Sequence[str], index: int) -> int | None:
    """Return the part a folder's entries are to match next, `len(parts)` for a file that matches all, None for no."""
    if entry.is_symlink() or entry.name in _SKIPPED:
        return None
    is_last, is_deep = index + 1 == len(parts), parts[index] == "**"
    if not is_deep and not fnmatchcase(entry.name, parts[index]):
        return None
    if entry.is_dir(follow_symlinks=False):
        return index if is_deep else None if is_last else index + 1
    return len(parts) if is_last else None


def _length(file: Path) -> int | None:
    """Return the number of lines of a file; None when it is too large or cannot be read."""
    try:
        if file.stat().st_size > _MAX_BYTES:
            return None
        count, last = 0, b"\n"
        with file.open("rb") as opened:
            while chunk := opened.read(_CHUNK):
                count, last = count + chunk.count(b"\n"), chunk[-1:]
    except OSError:
        return None
    return count + (last != b"\n")
