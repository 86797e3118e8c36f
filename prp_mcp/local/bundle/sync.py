"""Which files of a bundle are uploaded: all but what git ignores, `.git` and `.databricks` (measured with CLI 1.14)."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

from prp_mcp.local.bundle.bundle import Bundle, entries
from prp_mcp.local.bundle.diagnostics import BundleError
from prp_mcp.local.bundle.located import Node
from prp_mcp.local.bundle.paths import is_notebook

NEVER = (".git", ".databricks")
MOST_FILES = 50_000


@dataclass(frozen=True)
class SyncFile:
    """One file to upload: its path from the bundle's root, and the one in the workspace from its files folder."""

    local: str
    remote: str
    notebook: bool


def settle(config: Node) -> Node:
    """Give `sync.paths` its default, and refuse paths that lead out of the bundle. Raises BundleError."""
    sync = config.get("sync")
    if sync is None or not isinstance(sync.value, dict):
        sync = Node({})
        config.value["sync"] = sync
    if sync.get("paths") is None:
        sync.put("paths", ["."])
    for entry in entries(sync, "paths"):
        if posixpath.normpath(str(entry.value)).startswith(("..", "/")):
            raise BundleError(
                f"sync.paths entry {entry.value} leads out of the bundle, which the local bundle executable does not "
                "support",
                at=entry.at,
            )
    return config


def files(bundle: Bundle) -> list[SyncFile]:
    """Return the files to upload, sorted. Raises BundleError when two would become the same notebook."""
    listed = {name: bundle.root / name for name in _kept(bundle)}
    everything = list(_walk(bundle.root, ".", [])) if _patterns(bundle, "include") else []
    included = _spec(pattern for pattern, _ in _patterns(bundle, "include"))
    excluded = _spec(pattern for pattern, _ in _patterns(bundle, "exclude"))
    listed.update((name, bundle.root / name) for name in everything if included.match_file(name))
    made: dict[str, SyncFile] = {}
    for name in sorted(listed):
        if excluded.match_file(name):
            continue
        notebook = is_notebook(listed[name])
        remote = posixpath.splitext(name)[0] if notebook else name
        if remote in made:
            raise BundleError(
                f"both {made[remote].local} and {name} point to the same remote file location {remote}. Please remove "
                "one of them from your local project"
            )
        made[remote] = SyncFile(name, remote, notebook)
    return list(made.values())


def warn_unmatched(bundle: Bundle) -> None:
    """Warn about `sync` patterns that match no file."""
    if not (_patterns(bundle, "exclude") or _patterns(bundle, "include")):
        return
    everything = list(_walk(bundle.root, ".", []))
    for key in ("exclude", "include"):
        for number, (pattern, node) in enumerate(_patterns(bundle, key)):
            spec = _spec([pattern.removeprefix("!")])
            if not any(spec.match_file(name) for name in everything):
                summary = f"Pattern {pattern} does not match any files"
                bundle.findings.warn(summary, path=f"sync.{key}[{number}]", at=node.at)


def _kept(bundle: Bundle) -> Iterator[str]:
    above = list(_ignored_above(bundle))
    for entry in entries(bundle.config, "sync", "paths"):
        start = posixpath.normpath(str(entry.value))
        if start != "." and not (bundle.root / start).is_dir():
            raise BundleError(f"sync.paths entry {entry.value} is not a folder", at=entry.at)
        between = [Path(), *reversed(Path(start).parents)] if start != "." else []
        specs = above + [spec for place in between[:-1] for spec in _ignore_file(bundle.root, place.as_posix())]
        yield from _walk(bundle.root, start, specs, honour=True)


Spec = tuple[str, "GitIgnoreSpec"]
"""A `.gitignore` and the folder it stands in, from the bundle's root (`..` above it)."""


def _ignored_above(bundle: Bundle) -> Iterator[Spec]:
    """Yield what stands above the bundle inside its git work tree, outermost first."""
    if bundle.git.root is None or bundle.git.root == bundle.root:
        return
    parts = bundle.root.relative_to(bundle.git.root).parts
    for depth in range(len(parts)):
        folder = bundle.git.root.joinpath(*parts[:depth])
        spec = _read_spec(folder / ".gitignore")
        if spec is not None:
            # Paths are matched relative to the file's folder: put back what leads down to the bundle.
            yield "\0" + posixpath.join(*parts[depth:]), spec


def _ignore_file(root: Path, folder: str) -> list[Spec]:
    spec = _read_spec(root / folder / ".gitignore")
    return [] if spec is None else [(folder, spec)]


def _read_spec(file: Path) -> GitIgnoreSpec | None:
    try:
        return _spec(file.read_text(errors="replace").splitlines())
    except (OSError, ValueError):
        # Absent, or no pattern file at all: then it ignores nothing, as for git.
        return None


def _walk(root: Path, folder: str, specs: list[Spec], *, honour: bool = False) -> Iterator[str]:
    """Yield the files below `folder`, links not followed; with `honour`, without those git ignores."""
    stack = [(folder, specs)]
    count = 0
    while stack:
        here, known = stack.pop()
        if honour:
            known = known + _ignore_file(root, here)
        with os.scandir(root / here) as found:
            inside = sorted(found, key=lambda entry: entry.name)
        for entry in inside:
            name = posixpath.normpath(posixpath.join(here, entry.name))
            if entry.name in NEVER or entry.is_symlink():
                continue
            folderly = entry.is_dir()
            if honour and _ignored(name + "/" if folderly else name, known):
                continue
            if folderly:
                stack.append((name, known))
            elif entry.is_file():
                count += 1
                if count > MOST_FILES:
                    raise BundleError(f"more than {MOST_FILES} files to sync; ignore some in .gitignore")
                yield name


def _ignored(name: str, specs: list[Spec]) -> bool:
    """Return whether the innermost `.gitignore` that says anything about `name` ignores it."""
    for folder, spec in reversed(specs):
        relative = f"{folder[1:]}/{name}" if folder.startswith("\0") else name
        if not folder.startswith("\0") and folder != ".":
            relative = name.removeprefix(folder + "/")
        verdict = spec.check_file(relative).include
        if verdict is not None:
            return verdict
    return False


def _patterns(bundle: Bundle, key: str) -> list[tuple[str, Node]]:
    return [(str(node.value), node) for node in entries(bundle.config, "sync", key)]


def _spec(patterns: Iterable[str]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec  # late: a validation without patterns, which most are, does without

    return GitIgnoreSpec.from_lines(patterns)
