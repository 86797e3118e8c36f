"""Remove a folder with whatever a command left in it: folders without end, and folders that nobody may read."""

import itertools
import os
import stat
from pathlib import Path

from prp_mcp.errors import UsageError


def remove(folder: Path) -> None:
    """Remove `folder`, which is ours, and all below it; links are not followed.

    Neither the depth nor the length of a path matters: a folder that is found is moved up first, so that only two are
    open at a time. Raises UsageError when something cannot be removed.
    """
    try:
        folder.chmod(stat.S_IRWXU)
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            _empty(top)
        finally:
            os.close(top)
        folder.rmdir()
    except OSError as error:
        raise UsageError(
            f"the throw-away copy {str(folder)!r} could not be removed: {error}",
            remedy="Remove it by hand, then call the tool again.",
        ) from error


def _empty(top: int) -> None:
    numbers = itertools.count()
    waiting = _clear(top, top, numbers)
    while waiting:
        name = waiting.pop()
        current = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
        try:
            waiting += _clear(current, top, numbers)
        finally:
            os.close(current)
        os.rmdir(name, dir_fd=top)


def _clear(folder: int, top: int, numbers: "itertools.count[int]") -> list[str]:
    """Remove the files of `folder` and move its folders up into `top`; return their new names."""
    with os.scandir(folder) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    taken = {name for name, _ in found} if folder == top else set()
    moved = []
    for name, is_folder in found:
        if not is_folder:
            os.unlink(name, dir_fd=folder)
            continue
        # Its owner may not have been allowed to look into it, nor to move it.
        os.chmod(name, stat.S_IRWXU, dir_fd=folder)
        new = next(free for number in numbers if (free := f"{number}") not in taken)
        os.rename(name, new, src_dir_fd=folder, dst_dir_fd=top)
        moved.append(new)
    return moved
