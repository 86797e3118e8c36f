"""`prp-mcp init`: what a project needs to be worked on with prp-mcp, and a sample pipeline if wanted."""

import argparse
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from prp_mcp.cli.command import Command, Exit
from prp_mcp.cli.screen import Screen
from prp_mcp.scaffold.generate import write_input
from prp_mcp.scaffold.project import write_project


def write_agent_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """Write `.mcp.json`, the /execute-prp command, CLAUDE.md and the PRP template; return written and kept files.

    A file that is there already is kept.
    """
    written, kept = [], []
    for name, source in _walk(files("prp_mcp.scaffold") / "agent", Path()):
        path = folder / name
        if path.exists():
            kept.append(path)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.read_bytes())
        written.append(path)
    return written, kept


def _walk(folder: Traversable, at: Path) -> list[tuple[Path, Traversable]]:
    found: list[tuple[Path, Traversable]] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        found += _walk(entry, at / entry.name) if entry.is_dir() else [(at / entry.name, entry)]
    return found


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", type=Path, default=Path(), help="the project's folder (default: this one)")
    parser.add_argument("--sample", action="store_true", help="with the sample bundle, its PRP and generated input/")


def _run(args: argparse.Namespace, screen: Screen) -> int:
    args.folder.mkdir(parents=True, exist_ok=True)
    if args.sample:
        for path in write_project(args.folder):
            screen.line(f"wrote {path}")
        facts = write_input(args.folder / "input")
        screen.line(f"wrote {args.folder / 'input'}: {facts}")
    written, kept = write_agent_files(args.folder)
    for path in written:
        screen.line(f"wrote {path}")
    for path in kept:
        screen.line(f"kept  {path}")
    screen.line("Next: commit, write a PRP from PRPs/templates/databricks_pipeline.md, then /execute-prp NAME.")
    return Exit.PASSED


COMMAND = Command(_arguments, _run)
