"""What the commands share that work on a run: settings, the engine, and how a result is shown."""

import argparse
import logging
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from prp_mcp.cli.command import REFUSED, Exit
from prp_mcp.cli.screen import Screen
from prp_mcp.engine.door import Engine
from prp_mcp.engine.result import FINDINGS_SHOWN, TEXT_CAP, Result
from prp_mcp.engine.tool import Refusal
from prp_mcp.gates.order import Verdict
from prp_mcp.settings import Settings, ensure_private, read_settings
from prp_mcp.tools.all_tools import TOOLS

if TYPE_CHECKING:
    from prp_mcp.local.control import Server


def settings_for(args: argparse.Namespace) -> Settings:
    """Read the settings; with PRP_MCP_WORKSPACE=local (or --local) start the local workspace and point them at it."""
    settings = read_settings()
    wanted = getattr(args, "local", False) or settings.environment.get("PRP_MCP_WORKSPACE") == "local"
    return at_local_workspace(settings) if wanted else settings


def at_local_workspace(settings: Settings) -> Settings:
    """Return `settings` for the local workspace of their state directory, which is started if need be."""
    from prp_mcp.local import control

    server = control.start(local_home(settings))
    return read_settings({**settings.environment, **local_variables(server)})


def local_home(settings: Settings) -> Path:
    """Return the folder of the local workspace."""
    return ensure_private(settings.state_dir) / "workspace"


def local_variables(server: "Server") -> dict[str, str]:
    """Return the variables that point any Databricks client at the local workspace."""
    return {
        "DATABRICKS_HOST": server.host,
        "DATABRICKS_TOKEN": server.token,
        "DATABRICKS_CONFIG_PROFILE": "",
        "PRP_MCP_BUNDLE_CLI": str(Path(sysconfig.get_path("scripts")) / "prp-mcp-bundle"),
    }


def engine_for(settings: Settings, *, headless: bool = False, folder: Path | None = None) -> Engine:
    """Return the engine for the present folder, logging to the state directory."""
    engine = Engine(TOOLS, settings, folder or Path.cwd(), headless=headless)
    logging.basicConfig(
        filename=settings.state_dir / "prp-mcp.log", level=logging.WARNING, format="%(asctime)s %(name)s %(message)s"
    )
    return engine


def exit_for(done: Result | Refusal) -> int:
    """Return the exit code for a tool's result or refusal."""
    if isinstance(done, Refusal):
        return REFUSED[done.code]
    return Exit.PASSED if done.verdict in (Verdict.PASSED, Verdict.RUNNING) else Exit.FAILED


def show(screen: Screen, done: Result | Refusal, label: str) -> None:
    """Write a tool's result or refusal for a person."""
    if isinstance(done, Refusal):
        screen.verdict("refused", label, done.reason)
        screen.detail(f"Next: {done.next}")
        return
    screen.verdict(done.verdict, label, done.summary)
    findings = done.outcome.findings
    for finding in findings[:FINDINGS_SHOWN]:
        screen.detail(f"{finding.at}: {finding.text[:TEXT_CAP]}")
    if len(findings) > FINDINGS_SHOWN:
        screen.detail(f"... {len(findings) - FINDINGS_SHOWN} more findings")
