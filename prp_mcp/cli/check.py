"""`prp-mcp check NAME|FILE...`: what load_prp would say of a PRP, for people and CI; needs no workspace."""

import argparse
from pathlib import Path
from typing import Any

from prp_mcp.cli.command import Command, Exit
from prp_mcp.cli.screen import Screen
from prp_mcp.engine.present import locate, prp_path
from prp_mcp.errors import UsageError
from prp_mcp.plan.model import Plan
from prp_mcp.plan.names import MAX_BYTES
from prp_mcp.plan.reading import read_plan


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("prps", nargs="+", metavar="NAME|FILE", help="PRPs by name (PRPs/NAME.md) or path")
    parser.add_argument("--format", choices=("text", "json"), default="text", dest="form")


def _run(args: argparse.Namespace, screen: Screen) -> int:
    sound = True
    for given in args.prps:
        path = _path(given)
        plan = read_plan(_text(path), path.stem)
        errors = [item for item in plan.findings if item.severity == "error"]
        sound = sound and not errors
        if args.form == "json":
            screen.json(_shown(given, plan, not errors))
            continue
        counts = f"{len(plan.tasks)} tasks, {len(plan.commands)} commands, {len(plan.checklist)} checklist items"
        screen.verdict("failed" if errors else "passed", plan.name, f"{len(errors)} errors; {counts}")
        for item in plan.findings:
            screen.line(f"{path}:{item.line}:{item.column}: {item.severity}: {item.why} [{item.rule}] {item.fix}")
    return Exit.PASSED if sound else Exit.FAILED


def _path(given: str) -> Path:
    path = Path(given)
    if path.suffix == ".md" or "/" in given:
        if not path.is_file():
            raise UsageError(f"there is no file {given!r}", remedy="Give the name of a PRP or the path of a file.")
        return path
    return prp_path(locate(Path.cwd())[1], given)


def _text(path: Path) -> str:
    if path.stat().st_size > MAX_BYTES:
        raise UsageError(f"{path} is larger than {MAX_BYTES // 1024} KiB", remedy="Split the PRP.")
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8", remedy="Save it as UTF-8.") from error


def _shown(given: str, plan: Plan, sound: bool) -> dict[str, Any]:
    return {
        "file": given,
        "verdict": "passed" if sound else "failed",
        "sections": {
            section.role.value: {"heading": section.title, "line": section.line, "match": section.match}
            for section in plan.sections
            if section.role
        },
        "tasks": len(plan.tasks),
        "commands": len(plan.commands),
        "checklist": len(plan.checklist),
        "findings": [
            {key: value for key, value in vars(item).items() if key != "fix"} for item in plan.findings
        ],
        "bindings": sorted({binding.name for binding in plan.bindings}),
    }  # fmt: skip


COMMAND = Command("check", "Check PRPs for completeness; needs no workspace.", _arguments, _run)
