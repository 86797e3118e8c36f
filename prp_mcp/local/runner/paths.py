"""Map the workspace's paths (`/Volumes/...`, `/Workspace/...`) to files of this machine, and back."""

import builtins
import functools
import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prp_mcp.errors import UsageError

ONE_PATH = (
    *("access", "chmod", "listdir", "lstat", "mkdir", "open", "readlink", "remove", "rmdir", "scandir"),
    *("stat", "truncate", "unlink", "utime"),
)
TWO_PATHS = ("link", "rename", "replace", "symlink")
BUNDLE_FILES = re.compile(r"^.*/\.bundle/[^/]+/[^/]+/files/")
SCHEMES = ("dbfs:/Volumes/", "file:/Workspace/", "file:/Volumes/")


class Paths:
    """Know where the workspace's files and volumes are kept."""

    def __init__(self, files_root: Path, volumes_root: Path):
        self._files = files_root
        self._volumes = volumes_root

    def local(self, path: str) -> str:
        """Return the path on this machine of a workspace `path`; any other path comes back as it is."""
        for scheme in SCHEMES:
            if path.startswith(scheme):
                path = path[path.index(":") + 1 :]
        for prefix, root in (("/Volumes", self._volumes), ("/Workspace", self._files / "Workspace")):
            if path == prefix or path.startswith(prefix + "/"):
                inside = os.path.normpath("/" + path[len(prefix) :].lstrip("/"))
                mapped = str(root) + (inside if inside != "/" else "")
                return mapped + ("/" if path.endswith("/") and not mapped.endswith("/") else "")
        return path

    def confined(self, path: str) -> str:
        """Return the path on this machine of a volume or workspace file. Raises UsageError for any other path.

        SQL comes from elsewhere than the files of this machine, and must not read them.
        """
        local = self.local(path)
        roots = (self._volumes, self._files / "Workspace")
        # Spark writes out "{a,../b}" before it looks: then the dots would lead out.
        is_clear = not ("{" in local and ".." in local) and "\0" not in local
        if is_clear and any(_is_below(local, root) for root in roots):
            return local
        raise UsageError(
            f"The path {path!r} is neither in a volume nor among the workspace's files.",
            remedy="Read files below /Volumes/CATALOG/SCHEMA/VOLUME or /Workspace.",
        )

    def shown(self, text: str) -> str:
        """Return `text` with this machine's folders replaced by the workspace's own paths."""
        for prefix in ("file:", ""):
            text = text.replace(f"{prefix}{self._volumes}/", "/Volumes/")
            text = text.replace(f"{prefix}{self._files}/Workspace/", "/Workspace/")
        return text

    def source(self, path: str) -> str | None:
        """Return how a source file is named to its author, or None when `path` is none of the workspace's.

        That is relative to the folder a bundle's files were uploaded to, else the workspace path.
        """
        if not path.startswith(f"{self._files}/"):
            return None
        return BUNDLE_FILES.sub("", path[len(str(self._files)) :])

    def bundle_root(self, path: str) -> str | None:
        """Return the local folder that the bundle of the local file `path` was uploaded to."""
        found = BUNDLE_FILES.match(path)
        return found.group(0).rstrip("/") if found else None

    def install(self) -> None:
        """Make `open`, `os` and `pathlib` of this process understand workspace paths.

        Real pipelines write and list their input as plain files, and `/Volumes` cannot be made on a person's
        machine.
        """
        builtins.open = self._mapping(builtins.open, 1)
        io.open = builtins.open
        for name in ONE_PATH:
            setattr(os, name, self._mapping(getattr(os, name), 1))
        for name in TWO_PATHS:
            setattr(os, name, self._mapping(getattr(os, name), 2))

    def _mapping(self, function: Callable[..., Any], count: int) -> Callable[..., Any]:
        @functools.wraps(function)
        def mapped(*args: Any, **named: Any) -> Any:
            given = [self._one(value) for value in args[:count]]
            return function(*given, *args[count:], **named)

        return mapped

    def _one(self, value: Any) -> Any:
        if isinstance(value, str | os.PathLike):
            text = os.fspath(value)
            if isinstance(text, str) and text.startswith(("/Volumes", "/Workspace", *SCHEMES)):
                return self.local(text)
        return value


def _is_below(path: str, root: Path) -> bool:
    """Return whether `path` is inside `root`, as written and when links are followed."""
    if not os.path.isabs(path):
        return False
    return Path(os.path.normpath(path)).is_relative_to(root) and Path(os.path.realpath(path)).is_relative_to(
        os.path.realpath(root)
    )
