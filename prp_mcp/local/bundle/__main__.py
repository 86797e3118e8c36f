"""The bundle executable: `version`, and `bundle validate | plan | deploy | summary | destroy`."""

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from prp_mcp.local import environment
from prp_mcp.local.bundle import VERSION
from prp_mcp.local.bundle.commands import COMMANDS
from prp_mcp.local.bundle.diagnostics import BundleError
from prp_mcp.local.bundle.initialise import Options
from prp_mcp.local.bundle.terminal import say, write


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong and exit with 1, as the CLI does for bad usage."""
        say(f"Error: {message}")
        raise SystemExit(1)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 anything else."""
    given = list(sys.argv[1:] if argv is None else argv)
    if given[:1] in (["version"], ["--version"], ["-v"]):
        write(f"Databricks CLI v{VERSION}\n")
        return 0
    asked = _parser().parse_args(given)
    flags = [part for flag in asked.var or [] for part in _split(flag)]
    options = Options(asked.target or "", asked.profile or "", tuple(flags), environment.variables())
    try:
        return COMMANDS[asked.command](options, asked)
    except BundleError as wrong:
        say(wrong.diagnostic.text().removesuffix("\n"))
        return 1


def _split(flag: str) -> list[str]:
    """Return the assignments of one --var: commas separate them, except within a value that holds `=` later."""
    parts: list[str] = []
    for part in flag.split(","):
        if "=" in part or not parts:
            parts.append(part)
        else:
            parts[-1] += "," + part
    return parts


def _parser() -> argparse.ArgumentParser:
    shared = _Parser(add_help=False)
    shared.add_argument("-t", "--target", default=argparse.SUPPRESS, help="bundle target to use")
    shared.add_argument("-p", "--profile", default=argparse.SUPPRESS, help="profile of DATABRICKS_CONFIG_FILE")
    shared.add_argument("-o", "--output", choices=("text", "json"), default=argparse.SUPPRESS)
    shared.add_argument("--var", action="append", default=argparse.SUPPRESS, help="variable: name=value")
    parser = _Parser(prog="databricks", description=__doc__, parents=[shared])
    groups = parser.add_subparsers(dest="group", required=True, parser_class=_Parser)
    bundle = groups.add_parser("bundle", parents=[shared], help="work with the bundle around this folder")
    commands = bundle.add_subparsers(dest="command", required=True, parser_class=_Parser)
    made = {name: commands.add_parser(name, parents=[shared], help=f"{name} the bundle") for name in COMMANDS}
    made["validate"].add_argument("--strict", action="store_true", help="treat warnings as errors")
    made["summary"].add_argument("--force-pull", action="store_true", help="read the workspace's state")
    made["deploy"].add_argument("--plan", help="deploy this plan, or nothing")
    made["deploy"].add_argument("--force", action="store_true", help="deploy from another git branch")
    made["deploy"].add_argument("--fail-on-active-runs", action="store_true", help="refuse while something runs")
    for name in ("deploy", "destroy"):
        made[name].add_argument("--auto-approve", action="store_true", help="do not ask about data that gets lost")
        made[name].add_argument("--force-lock", action="store_true", help="take over a held lock")
    parser.set_defaults(target=None, profile=None, output="text", var=None)
    return parser


if __name__ == "__main__":
    sys.exit(main())
