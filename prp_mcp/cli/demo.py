"""`prp-mcp demo`: the sample PRP through every gate on a local workspace of its own, from nothing."""

import argparse
import shutil
from pathlib import Path

from prp_mcp import process
from prp_mcp.cli.command import Command, Exit
from prp_mcp.cli.init import write_agent_files
from prp_mcp.cli.run import drive
from prp_mcp.cli.screen import Screen
from prp_mcp.cli.session import at_local_workspace, local_home
from prp_mcp.errors import UsageError
from prp_mcp.local import control
from prp_mcp.scaffold.generate import write_input
from prp_mcp.scaffold.project import write_project
from prp_mcp.settings import Settings, read_settings

PRP = "orders_medallion"
VOLUME = Path("volumes/main/dev_engineer_orders/raw")
"""Where the volume /Volumes/main/dev_engineer_orders/raw of the sample bundle lies in the local workspace's home."""

_IDENTITY = ("-c", "user.name=demo", "-c", "user.email=demo@localhost")


def prepare(folder: Path, screen: Screen, orders: int) -> tuple[Settings, Path]:
    """Lay out project, input and workspace anew under `folder`; return the settings and the project's folder."""
    settings = read_settings({**read_settings().environment, "PRP_MCP_STATE_DIR": str(folder / "state")})
    if folder.exists():
        control.stop(local_home(settings))
        shutil.rmtree(folder)
    project = folder / "project"
    project.mkdir(parents=True)
    write_project(project)
    write_agent_files(project)
    commit_all(project)
    facts = write_input(local_home(settings) / VOLUME, orders=orders)
    screen.line(f"Project {project}, input: {facts}")
    return settings, project


def commit_all(project: Path) -> None:
    """Make `project` a repository with everything in one commit."""
    env = read_settings().child_environment()
    for words in (
        ("init", "-q", "-b", "main"),
        ("add", "-A"),
        (*_IDENTITY, "commit", "-q", "-m", "The sample project"),
    ):
        done = process.run(["git", *words], cwd=project, env=env, timeout=60)
        if done.exit != 0:
            raise UsageError(
                f"git {words[0]} failed: {done.stderr.strip()[:200]}", remedy="Make sure that git works here."
            )


def _run(args: argparse.Namespace, screen: Screen) -> int:
    folder = args.folder.absolute()
    if folder.exists() and not (folder / "state").is_dir():
        raise UsageError(f"{folder} exists and is not a demo", remedy="Choose another folder.")
    settings, project = prepare(folder, screen, args.orders)
    screen.line("Starting the local workspace; the first start downloads Spark's Iceberg runtime.")
    try:
        code = drive(PRP, None, at_local_workspace(settings), screen, project)
    finally:
        if not args.keep:
            control.stop(local_home(settings))
    if code == Exit.PASSED:
        screen.line(
            f"Everything is in {project}. To look at it, open {project / 'PRPs' / f'{PRP}_execution_report.html'}"
        )
    return code


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path(".demo"), help="folder (default: .demo); it is created anew"
    )
    parser.add_argument("--orders", type=int, default=50_000, help="order records to generate (default: 50,000)")
    parser.add_argument("--keep", action="store_true", help="leave the local workspace running")


COMMAND = Command(_arguments, _run)
