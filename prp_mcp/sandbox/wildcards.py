"""Expand a word's `*`, `?`, `[...]` and `**` to files inside a copy, never outside it and never without bound."""

import fnmatch
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from prp_mcp.commands.patterns import is_pattern, plain

MAX_VISITED = 50_000
"""Directory entries that are looked at for all words of one command."""
MAX_FOUND = 4_096
"""Files the words of one command may become."""
_WILD = re.compile(r"[*?\[]")


def expanded(words: Sequence[str], folder: Path, top: Path) -> list[str]:
    """Return `words` with each pattern replaced by the files it matches under `folder`, sorted.

    A word that matches nothing stays, its literal wildcards written plainly. Linked folders are not entered, and what
    lies outside `top` is not matched. A match that begins with a dash or `@` is written `./-...`, so that no file's
    name becomes an option or a list of them. Once a bound is crossed nothing matches: part of what was meant would
    make a check say more than it looked at.
    """
    walk = _Walk(MAX_VISITED, MAX_FOUND)
    return [found for word in words for found in _of_one(word, folder, top, walk)]


def _of_one(word: str, folder: Path, top: Path, walk: "_Walk") -> list[str]:
    if not is_pattern(word) or word.startswith("/"):
        return [plain(word)]
    fixed, parts = _split(word)
    start = folder / fixed
    if not start.resolve().is_relative_to(top.resolve()):
        return [plain(word)]
    found = sorted(set(walk.counted(walk.matching(str(start), fixed, parts))))
    if not found or walk.exhausted:
        return [plain(word)]
    return [f"./{path}" if path.startswith(("-", "@")) else path for path in found]


@dataclass
class _Walk:
    entries_left: int
    found_left: int

    @property
    def exhausted(self) -> bool:
        return self.entries_left < 0 or self.found_left < 0

    def counted(self, found: Iterator[str]) -> Iterator[str]:
        for path in found:
            self.found_left -= 1
            if self.exhausted:
                return
            yield path

    def matching(self, folder: str, shown: str, parts: list[str]) -> Iterator[str]:
        part, rest = parts[0], parts[1:]
        if part == "**":
            yield from self._deep(folder, shown, rest)
            return
        for entry in self._entries(folder):
            is_hidden = entry.name.startswith(".") and not part.startswith(".")
            if is_hidden or not fnmatch.fnmatchcase(entry.name, part):
                continue
            path = f"{shown}{entry.name}"
            if not rest:
                yield path
            elif entry.is_dir(follow_symlinks=False):
                yield from self.matching(entry.path, f"{path}/", rest)

    def _deep(self, folder: str, shown: str, rest: list[str]) -> Iterator[str]:
        waiting = [(folder, shown)]
        while waiting:
            current, name = waiting.pop()
            if rest and rest[0] != "**":
                yield from self.matching(current, name, rest)
            for entry in self._entries(current):
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, f"{name}{entry.name}/"))
                if not rest or rest == ["**"]:
                    yield f"{name}{entry.name}"

    def _entries(self, folder: str) -> Iterator[os.DirEntry[str]]:
        if self.exhausted or not os.path.isdir(folder):
            return
        with os.scandir(folder) as entries:
            for entry in entries:
                self.entries_left -= 1
                if self.exhausted:
                    return
                yield entry


def _split(word: str) -> tuple[str, list[str]]:
    """Return the leading folders without wildcards (with a final slash, or empty) and the remaining parts."""
    parts = word.split("/")
    first = next(index for index, part in enumerate(parts) if _WILD.search(part))
    return "".join(f"{part}/" for part in parts[:first]), [part for part in parts[first:] if part]
