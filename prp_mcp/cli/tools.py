"""`prp-mcp tools`: the table of tools."""

import argparse

from prp_mcp.cli.command import Command, Exit
from prp_mcp.cli.screen import Screen
from prp_mcp.engine.schema import input_schema, output_schema
from prp_mcp.engine.tool import Tool
from prp_mcp.tools.all_tools import TOOLS


def table() -> str:
    """Return the tools as a Markdown table, in the order of the gates."""
    rows = ["| tool | gate | arguments | what it does |", "| --- | --- | --- | --- |"]
    rows += [f"| `{tool.name}` | {tool.gate or ''} | {_given(tool)} | {tool.description} |" for tool in TOOLS]
    return "\n".join(rows)


def _given(tool: Tool) -> str:
    schema = input_schema(tool)
    return ", ".join(f"`{name}`" if name in schema["required"] else f"`{name}?`" for name in schema["properties"])


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="with the full schemas")


def _run(args: argparse.Namespace, screen: Screen) -> int:
    if args.json:
        screen.json(
            [
                {
                    "name": tool.name,
                    "description": tool.description,
                    "input": input_schema(tool),
                    "output": output_schema(tool),
                }
                for tool in TOOLS
            ]
        )
    else:
        screen.line(table())
    return Exit.PASSED


COMMAND = Command(_arguments, _run)
