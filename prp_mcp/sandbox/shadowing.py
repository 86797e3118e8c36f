"""Tell which module `python -m` would really run: the checker that is meant, one of the project's own, or none."""

import importlib.machinery
import importlib.util
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from prp_mcp.commands.checkers import CHECKERS, RUN_THE_PROJECT
from prp_mcp.commands.patterns import plain
from prp_mcp.commands.programs import PYTHONS, module_of

_STARTS = ("__init__", "__main__")
_SUFFIXES = tuple(importlib.machinery.all_suffixes())


def shadowed(argv: Sequence[str], environment: Mapping[str, str], folder: Path, top: Path) -> str:
    """Return the checker that a module of the project would be run instead of, or an empty string.

    `folder` is where it runs, `top` the project's root: `python -m` looks where it is started before it looks among
    the installed modules, and PYTHONPATH does the same for a program that is named barely.
    """
    module = _module(argv)
    name = module or argv[0]
    if name not in CHECKERS:
        return ""
    searched = [folder, top] if module else []
    if path := environment.get("PYTHONPATH"):  # an empty part of it is the folder
        searched += [
            place for part in path.split(os.pathsep) if (place := (folder / part).resolve()).is_relative_to(top)
        ]
    # A folder without these is found only when there is nothing else of its name, and then has nothing to start.
    found = any(os.path.lexists(file) for place in searched for file in _files(place, name))
    return name if found else ""


def safely(argv: Sequence[str]) -> list[str]:
    """Return argv so that Python takes nothing from the folder it runs in, where the checker only reads the project.

    Else a `subprocess.py` of the project would be part of the checker.
    """
    module = _module(argv)
    if argv[0] in PYTHONS and module in CHECKERS and module not in RUN_THE_PROJECT:
        return [argv[0], "-P", *argv[1:]]
    return list(argv)


def missing(argv: Sequence[str], exit_code: int, output: str) -> str:
    """Return the checker that this interpreter does not have, when a run came to nothing but that, or nothing.

    What it printed is not enough: the project's own code can print the same, and then has failed.
    """
    module = _module(argv)
    if argv[0] not in PYTHONS or module not in CHECKERS or exit_code != 1:
        return ""
    told = output.strip()
    if "\n" in told or not told.endswith((f": No module named {module}", f": No module named '{module}'")):
        return ""
    return "" if importlib.util.find_spec(module) else module


def _module(argv: Sequence[str]) -> str:
    """Return the top-level name of the module that `python -m` is given, or an empty string."""
    return plain("".join(module_of(argv)[:1])).partition(".")[0]


def _files(folder: Path, name: str) -> Iterator[Path]:
    for suffix in _SUFFIXES:
        yield folder / f"{name}{suffix}"
        yield from (folder / name / f"{start}{suffix}" for start in _STARTS)
