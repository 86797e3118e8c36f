"""Ask test runners and linters for a report a machine can read, and read it as data."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from prp_mcp.commands.programs import checked_by

MAX_REPORT = 8 * 1024 * 1024
"""Bytes of a report that are read; a larger one counts as none."""

_KINDS = {"failures": "failed", "errors": "errors", "skipped": "skipped"}
_RUFF_LIST = re.compile(r"^\[", re.MULTILINE)
_UNITTEST = re.compile(
    r"^Ran (\d{1,9}) tests? in [\d.]{1,20}s\n\n(?:OK|FAILED|NO TESTS RAN)(?: \(([\w ,=]{1,200})\))?[ \t]*$",
    re.MULTILINE,
)
_UNITTEST_KINDS = {
    "failures": "failed", "unexpected successes": "failed", "errors": "errors", "skipped": "skipped",
    "expected failures": "skipped",
}  # fmt: skip
_NOTHING = {
    "ruff": re.compile(r"^warning: No Python files found under the given path", re.MULTILINE),
    "black": re.compile(r"^No Python files are present to be formatted", re.MULTILINE),
}


def instrumented(argv: Sequence[str], report: Path) -> tuple[str, ...]:
    """Return `argv` with what makes pytest write `report` and ruff print JSON, unless told already.

    The report belongs into the copy's private folder (`prp_mcp.sandbox.command.private_folder`): elsewhere a sandboxed
    command cannot write.
    """
    program, rest = _program(argv)
    if program == "pytest" and not _given(rest, "--junitxml", "--junit-xml"):
        return _with(argv, f"--junitxml={report}")
    if program == "ruff" and rest[:1] == ("check",) and not _given(rest, "--output-format"):
        return _with(argv, "--output-format=json")
    return tuple(argv)


def counts(argv: Sequence[str], report: Path, output: str) -> dict[str, int]:
    """Return what a run found: of tests `passed`, `failed`, `errors`, `skipped`; of ruff `violations`; else nothing.

    Of `python -m unittest` it is what its last words say: with Python 3.11 a run of no tests exits with 0.

    `argv` is what was run. Nothing, too, when the report is missing, too large, or not what such a program writes.
    """
    program, rest = _program(argv)
    if program == "pytest":
        return _tests(_asked(rest, report))
    if program == "ruff" and rest[:1] == ("check",):
        return _violations(output)
    return _unittests(output) if program == "unittest" else {}


def nothing_checked(argv: Sequence[str], output: str) -> str:
    """Return why a checker that is content looked at nothing, by its own words, or an empty string."""
    program, _ = _program(argv)
    found = _NOTHING.get(program)
    return f"{program} found no files to check" if found and found.search(output) else ""


def _unittests(output: str) -> dict[str, int]:
    ends = list(_UNITTEST.finditer(output))
    if not ends:
        return {}
    last = ends[-1]  # what the tests print themselves comes before
    found = dict.fromkeys(("passed", "failed", "errors", "skipped"), 0)
    for part in (last[2] or "").split(", "):
        name, _, number = part.partition("=")
        if kind := _UNITTEST_KINDS.get(name):
            found[kind] += _number(number)
    return {**found, "passed": max(0, _number(last[1]) - sum(found.values()))}


def _tests(report: Path) -> dict[str, int]:
    root = _parsed(report)
    if root is None:
        return {}
    found = dict.fromkeys(("passed", "failed", "errors", "skipped"), 0)
    suites = [root] if root.tag == "testsuite" else root.findall("testsuite")
    for suite in suites:
        numbers = {name: _number(suite.get(name)) for name in ("tests", *_KINDS)}
        for name, kind in _KINDS.items():
            found[kind] += numbers[name]
        found["passed"] += max(0, numbers["tests"] - sum(numbers[name] for name in _KINDS))
    return found if suites else {}


def _parsed(report: Path) -> ElementTree.Element | None:
    try:
        if report.is_symlink() or not report.is_file() or report.stat().st_size > MAX_REPORT:
            return None
        text = report.read_bytes()
        # Entities can make a small file huge; no test runner declares any.
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"\0" in text:
            return None
        return ElementTree.fromstring(text)  # noqa: S314 - bounded, no document type
    except (OSError, ElementTree.ParseError, ValueError, LookupError):
        return None


def _violations(output: str) -> dict[str, int]:
    """Read the list from the first line that begins one: warnings may stand before and after it."""
    begin = _RUFF_LIST.search(output)
    if not begin:
        return {}
    try:
        found, _ = json.JSONDecoder().raw_decode(output, begin.start())
    except (ValueError, RecursionError):
        return {}
    return {"violations": len(found)} if all(isinstance(item, dict) for item in found) else {}


def _program(argv: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the program of `argv`, `python -m` taken off, and its words."""
    words = tuple(checked_by(argv))
    return (words[0], words[1:]) if words else ("", ())


def _asked(rest: Sequence[str], report: Path) -> Path:
    """Return the report that was asked for; one the PRP named itself is left alone, and so is read by nobody."""
    return report if f"--junitxml={report}" in rest else Path("/nonexistent")


def _given(rest: Sequence[str], *names: str) -> bool:
    return any(word.partition("=")[0] in names for word in rest)


def _with(argv: Sequence[str], option: str) -> tuple[str, ...]:
    at = list(argv).index("--") if "--" in argv else len(argv)
    return (*argv[:at], option, *argv[at:])


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0
