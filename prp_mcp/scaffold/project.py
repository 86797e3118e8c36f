"""Lay out the sample project: a bundle with a medallion pipeline, its tests and its PRP."""

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from prp_mcp.errors import UsageError

SKIPPED = ("__pycache__", ".pytest_cache", ".databricks")


def write_project(folder: Path) -> list[Path]:
    """Write the sample project below `folder` and return the paths written, sorted.

    Raises UsageError, and writes nothing, when one of its files is there already.
    """
    wanted = {folder.joinpath(*parts): source for parts, source in _sources(files(__package__) / "project")}
    taken = sorted(str(path.relative_to(folder)) for path in wanted if path.exists())
    if taken:
        raise UsageError(
            f"The folder {str(folder)!r} already has {len(taken)} of the sample's files, the first is {taken[0]!r}.",
            remedy="Choose an empty folder, or move those files away; nothing is overwritten.",
        )
    for path, source in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.read_bytes())
    return sorted(wanted)


def _sources(folder: Traversable) -> Iterator[tuple[tuple[str, ...], Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda found: found.name):
        if entry.name in SKIPPED:
            continue
        if entry.is_dir():
            for parts, source in _sources(entry):
                yield (entry.name, *parts), source
        else:
            yield (entry.name,), entry
