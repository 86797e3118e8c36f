"""The files of a bundle: where its root is, which files it includes, what all of them say."""

import glob
import os
from collections.abc import Iterator
from pathlib import Path

from prp_mcp.code.bundle_yaml import ROOT_FILES, BundleYaml, include_patterns, read_bundle, read_file
from prp_mcp.errors import UsageError

_ENDINGS = (".yml", ".yaml", ".json")


def find_root(folder: Path, top: Path) -> Path:
    """Return the nearest folder from `folder` up to `top` that holds a bundle's root file.

    Raises UsageError when there is none.
    """
    current = folder.resolve()
    while current.is_relative_to(top):
        if any((current / name).is_file() and not (current / name).is_symlink() for name in ROOT_FILES):
            return current
        current = current.parent
    raise UsageError(
        "there is no databricks.yml here or in a folder above",
        remedy="Run it inside the bundle's folder, or create a project with `prp-mcp init`.",
    )


def read_bundle_file(root: Path) -> BundleYaml:
    """Read the bundle at `root`. Raises UsageError with file and line when its YAML is unusable."""
    first = next((name for name in ROOT_FILES if os.path.lexists(root / name)), "")
    if not first or (root / first).is_symlink():
        raise UsageError(
            f"{first} is a link" if first else "the bundle's root file is gone",
            remedy="Put databricks.yml itself into the bundle's folder.",
            location=first or ROOT_FILES[0],
        )
    main = _read(root, first)
    return read_bundle({first: main, **{name: _read(root, name) for name in _included(root, include_patterns(main))}})


def _included(root: Path, patterns: list[str]) -> Iterator[str]:
    for pattern in patterns:
        for name in sorted(glob.glob(pattern, root_dir=root, recursive=True, include_hidden=True)):
            if name.endswith(_ENDINGS) and (root / name).is_file():
                if not (root / name).resolve().is_relative_to(root.resolve()):
                    raise UsageError(
                        f"the bundle includes {name}, which lies outside its folder",
                        remedy="Move the file into the bundle's folder.",
                        location=name,
                    )
                yield name


def _read(root: Path, name: str) -> dict[str, object]:
    return read_file(name, (root / name).read_text("utf-8", errors="replace"))
