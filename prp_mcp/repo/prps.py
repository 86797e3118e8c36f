"""The PRPs of a project: which there are, and which file a name means."""

from collections.abc import Iterator
from pathlib import Path

from prp_mcp.errors import UsageError
from prp_mcp.plan.names import FOLDER, MAX_BYTES, MAX_DEPTH, SUMMARY, PrpName, parse_name

MAX_LISTED = 1_000
"""PRPs of a project that are looked at."""


def prps_of(root: Path) -> list[PrpName]:
    """Return the PRPs below the bundle's folder `root`, sorted; no summaries, no templates, no links."""
    found: list[PrpName] = []
    for path in _files(root / FOLDER, MAX_DEPTH):
        try:
            name = parse_name(path.relative_to(root / FOLDER).as_posix())
        except UsageError:
            continue  # a file that is called like no PRP is none
        if root / name.path == path:  # not where the name is written with other code points than people type
            found.append(name)
        if len(found) == MAX_LISTED:
            break
    return sorted(found)


def find_prp(root: Path, given: str) -> PrpName:
    """Return the PRP that `given` means: that path, else the only one of that name, whatever its folder or case.

    Raises UsageError that names the PRPs there are, or those that fit when there are several.
    """
    if (root / FOLDER).is_symlink():
        raise UsageError(f"{FOLDER}/ is a link", remedy=f"Put the PRPs themselves into {FOLDER}/.")
    wanted, there = parse_name(given, root), prps_of(root)
    if wanted in there:
        return wanted
    folded = wanted.text.casefold()
    fitting = [name for name in there if name.text.casefold() == folded] or [
        name for name in there if name.text.casefold().rpartition("/")[2] == folded
    ]
    if len(fitting) == 1:
        return fitting[0]
    known = ", ".join(str(name) for name in (fitting or there)[:20])
    if fitting:
        raise UsageError(f"several PRPs are called {str(wanted)!r}", remedy=f"Name one of: {known}.")
    raise UsageError(
        f"there is no PRP {str(wanted)!r} in {FOLDER}/",
        remedy=f"Use one of: {known}." if known else "Create PRPs/NAME.md (`prp-mcp init` writes a template).",
    )


def read_prp(root: Path, name: PrpName) -> str | None:
    """Return the text of a PRP, or None when it is no longer there. Raises UsageError when it cannot be read."""
    path = root / name.path
    if not path.is_file() or path.is_symlink():
        return None
    if path.stat().st_size > MAX_BYTES:
        raise UsageError(
            f"{name.path} is larger than {MAX_BYTES // 1024} KiB", remedy="Split the PRP.", location=name.path
        )
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name.path} is not UTF-8", remedy="Save it as UTF-8.") from error


def _files(folder: Path, depth: int) -> Iterator[Path]:
    if depth == 0 or not folder.is_dir() or folder.is_symlink():
        return
    for entry in sorted(folder.iterdir()):
        if entry.is_symlink() or entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from () if entry.name == "templates" else _files(entry, depth - 1)
        elif entry.suffix == ".md" and not entry.stem.endswith(SUMMARY):
            yield entry
