"""`prp-mcp check NAME|FILE|FOLDER...`: what load_prp would say of PRPs, for people and CI; needs no workspace."""

import argparse
import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from prp_mcp.cli.check_formats import Checked, annotations, json_lines, sarif, text_lines
from prp_mcp.cli.command import Command, Exit
from prp_mcp.cli.screen import Screen
from prp_mcp.engine.present import locate
from prp_mcp.errors import UsageError
from prp_mcp.plan.model import PrpFinding
from prp_mcp.plan.names import MAX_BYTES
from prp_mcp.plan.reading import read_plan
from prp_mcp.policy import read_policy
from prp_mcp.repo.git import Repository
from prp_mcp.repo.prps import find_prp

FORMATS = ("text", "json", "github", "sarif")


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "prps",
        nargs="+",
        metavar="NAME|FILE|FOLDER",
        help="PRPs by name (PRPs/NAME.md), by path, by pattern, or all in a folder (without execution summaries)",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="text",
        dest="form",
        help="json: one object per line; github: workflow annotations; sarif: a log for code scanning",
    )
    parser.add_argument("--strict", action="store_true", help="require the exact names of the three sections")


def _run(args: argparse.Namespace, screen: Screen) -> int:
    paths, problems = _paths(args.prps)
    strict = args.strict or _policy_is_strict()
    checked = [check_file(path, strict=strict) for path in paths]
    screen.raw(_shown(checked, args.form, problems))
    for problem in problems:
        screen.error(problem.summary, problem.remedy)
    if problems:
        return Exit.USAGE
    return Exit.PASSED if all(each.sound for each in checked) else Exit.FAILED


def _policy_is_strict() -> bool:
    """Return what the project's policy says; outside a project nothing is said."""
    try:
        root = locate(Path.cwd())[1]
    except UsageError:
        return False
    return read_policy(root).prp.strict


def check_file(path: Path, *, strict: bool = False) -> Checked:
    """Read the PRP at `path`; one that cannot be read has a finding of the rule `unreadable` that says why."""
    try:
        # One byte more than allowed tells a file that is too large, whatever its size claims to be.
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            return _unreadable(path, f"it is larger than {MAX_BYTES // 1024} KiB", "Split the PRP.")
        plan = read_plan(data.decode("utf-8"), path.stem, strict=strict)
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, len(before[before.rfind(b"\n") + 1 :].decode()) + 1
        return _unreadable(path, "it is not UTF-8", "Save it as UTF-8.", line, column)
    except UsageError as error:
        return _unreadable(path, error.summary, error.remedy)
    except OSError as error:
        return _unreadable(path, f"it cannot be read: {error.strerror}", "Check the file's permissions and the disk.")
    return Checked(path, plan, plan.findings)


def _unreadable(path: Path, why: str, fix: str, line: int = 1, column: int = 1) -> Checked:
    return Checked(path, None, (PrpFinding("unreadable", "error", line, column, "", why, fix),))


def _paths(given: Sequence[str]) -> tuple[list[Path], list[UsageError]]:
    """Return the files the arguments name, each once in the order given, and what is wrong with the others."""
    paths: dict[Path, None] = {}
    problems: list[UsageError] = []
    for each in given:
        try:
            paths.update(dict.fromkeys(_named(each)))
        except UsageError as error:
            problems.append(error)
    return list(paths), problems


def _named(given: str) -> list[Path]:
    path = Path(given)
    is_bare = path.suffix != ".md" and "/" not in given
    if path.is_file() and not (is_bare and _is_prp(given)):
        return [path]
    if any(letter in given for letter in "*?["):
        return _some(given, (Path(found) for found in glob.glob(given, recursive=True)))
    if path.is_dir() and not (is_bare and _is_prp(given)):
        return _some(given, path.glob("*.md"))
    if not is_bare:
        raise UsageError(f"there is no file {given!r}", remedy="Give the name of a PRP or the path of a file.")
    root = locate(Path.cwd())[1]
    return [root / find_prp(root, given).path]


def _is_prp(name: str) -> bool:
    """Return whether a bare word is the name of a PRP: it is meant before a file or folder of the same name."""
    try:
        root = locate(Path.cwd())[1]
        return find_prp(root, name).text == name
    except UsageError:
        return False


def _some(given: str, found: Iterator[Path]) -> list[Path]:
    paths = sorted(path for path in found if path.is_file() and not path.name.endswith("_execution_summary.md"))
    if not paths:
        raise UsageError(f"there is no PRP in {given!r}", remedy="Give a folder or pattern that holds PRPs (*.md).")
    return paths


def _shown(checked: Sequence[Checked], form: str, problems: Sequence[UsageError]) -> str:
    match form:
        case "json":
            return json_lines(checked, Path.cwd())
        case "github":
            return annotations(checked, _top())
        case "sarif":
            return sarif(checked, _top(), [problem.summary for problem in problems])
    return text_lines(checked, Path.cwd())


def _top() -> Path:
    """Return the folder a forge's paths are relative to: the top of the work tree, or else the present folder."""
    try:
        return Repository(Path.cwd()).top
    except UsageError:
        return Path.cwd()


COMMAND = Command(_arguments, _run)
