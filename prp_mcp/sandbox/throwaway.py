"""A throw-away folder where a PRP's validation commands may do what they like."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prp_mcp.sandbox.command import private_folder
from prp_mcp.sandbox.removal import remove


@contextmanager
def throwaway_folder() -> Iterator[Path]:
    """Yield an empty folder for a copy of the project, far from the state directory; it is gone afterwards.

    Beside it lies `private_folder(copy)`, empty: home, temporary files and reports of what is run in the copy.
    """
    folder = Path(tempfile.mkdtemp(prefix="prp-mcp-scratch-")).resolve()
    try:
        copy = folder / "project"
        copy.mkdir()
        private_folder(copy).mkdir(mode=0o700)
        yield copy
    finally:
        remove(folder)
